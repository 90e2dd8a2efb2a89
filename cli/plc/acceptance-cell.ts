import { relative } from 'node:path';
import { faultText } from '../../config/fault.ts';
import type { Fault } from '../../config/fault.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { modelHash } from '../../config/model-hash.ts';
import { loadPlcMap, mapInCellFaults } from '../../config/plc/load-map.ts';
import { shippedPath } from '../../config/shipped.ts';
import { plcModelOf } from '../../controller/domain/permission.ts';
import { allInputs } from '../../controller/domain/plc-map.ts';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import { CommandFailure } from '../failure.ts';
import { loadConfig } from '../load-config.ts';

/** Reads a map, or fails with every fault of it. */
export function loadMap(path: string): ReturnType<typeof loadPlcMap> & { readonly status: 'loaded' } {
  const loaded = loadPlcMap(path);
  if (loaded.status === 'loaded') return loaded;
  throw refused(path, loaded.faults);
}

function refused(path: string, faults: readonly Fault[]): CommandFailure {
  const lines = faults.map(
    (fault) => `  ${faultText({ ...fault, file: relative(process.cwd(), fault.file) })}`,
  );
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  return new CommandFailure(`${path} cannot be used, it has ${count}:\n${lines.join('\n')}`, 2);
}

/** The cell that a map is tried in when none is named. */
const DEFAULT_CELL = shippedPath('cells/small.yaml');

/**
 * A cell for trying a map: the given one with simulated arms, this map alone, a broker and ports of its own, and nothing
 * that goes wrong by itself.
 */
export function acceptanceCell(
  mapPath: string,
  cellPath: string | undefined,
  ports: { readonly broker: number; readonly http: number },
): { readonly map: PlcMap; readonly loaded: LoadedCell } {
  const { map, source } = loadMap(mapPath);
  const metric = allInputs(map).find(({ address }) => address.kind === 'sparkplug');
  if (metric !== undefined) {
    throw new CommandFailure(
      `${mapPath}: ${metric.id} is a Sparkplug metric; the acceptance kit simulates PLCs on plain MQTT topics only`,
      2,
    );
  }
  const base = loadConfig(cellPath ?? DEFAULT_CELL);
  const unknown = mapInCellFaults(source, base.cell);
  if (unknown.length > 0) throw refused(mapPath, unknown);
  const cell = {
    ...base.cell,
    name: 'acceptance',
    plc: plcModelOf([map]),
    logistics: { ...base.cell.logistics, toteExchangeUs: 500_000, shuttleExchangeUs: 500_000 },
  };
  const never = {
    stockShort: 0,
    missingFound: 1,
    graspFailed: 0,
    doublePick: 0,
    dropped: 0,
    placeBlocked: 0,
  };
  const faults = {
    ...base.simulator.world.faults,
    stallPerHour: 0,
    commsLostPerHour: 0,
    gripperLossPerHour: 0,
    protectiveStopPerHour: 0,
    slowPerHour: 0,
  };
  return {
    map,
    loaded: {
      ...base,
      cell,
      start: 'by-command',
      hash: modelHash(cell),
      plc: { maps: [map], sources: [source], stateNumbers: {}, packTags: 'none' },
      connections: {
        arms: 'simulated',
        broker: { kind: 'embedded', host: '127.0.0.1', port: ports.broker, tls: null, users: [] },
        topicRoot: null,
        sparkplug: { edgeNode: null, host: null },
        http: { host: '127.0.0.1', port: ports.http, tokenEnv: null },
      },
      simulator: {
        ...base.simulator,
        world: { ...base.simulator.world, rates: never, faults, operator: null },
        orders: { kind: 'none' },
      },
    },
  };
}
