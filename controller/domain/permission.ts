import type { PlcMap, LossResponse } from './plc-map.ts';

/** A condition outside the controller without which no arm may move. */
export interface PermissionModel {
  /** `{map}.{input}`. */
  readonly id: string;
  readonly onLoss: LossResponse;
}

/** A zone that arms share with a PLC's machine or a person. */
export interface SharedZoneModel {
  /** `{map}.{zone}`. */
  readonly id: string;
  readonly claimant: 'plc' | 'person';
  readonly arms: readonly string[];
}

/** What the core knows of the PLCs around a cell. */
export interface PlcModel {
  readonly permissions: readonly PermissionModel[];
  readonly zones: readonly SharedZoneModel[];
}

export const HEARTBEAT = 'heartbeat';
export const SEPARATION = 'separation';

/** The name of a thing of a map in the cell. */
export function plcId(map: PlcMap, id: string): string {
  return `${map.name}.${id}`;
}

/** What the core has to know of these maps. */
export function plcModelOf(maps: readonly PlcMap[]): PlcModel {
  return {
    permissions: maps.flatMap((map) => [
      ...map.inputs.flatMap(({ id, onLoss }) => (onLoss === null ? [] : [{ id: plcId(map, id), onLoss }])),
      ...(map.heartbeat === null ? [] : [{ id: plcId(map, HEARTBEAT), onLoss: map.heartbeat.onLoss }]),
      ...(map.separation === null ? [] : [{ id: plcId(map, SEPARATION), onLoss: map.separation.onLoss }]),
    ]),
    zones: maps.flatMap((map) =>
      map.zones.map(({ id, claimant, arms }) => ({ id: plcId(map, id), claimant, arms })),
    ),
  };
}
