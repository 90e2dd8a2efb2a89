import type { PlcModel } from '../domain/permission.ts';
import { sharedZoneStepper } from '../machines/shared-zone.ts';
import type { SharedZoneMachineState } from '../machines/shared-zone.ts';

/** What is known of one permission. */
export interface PermissionState {
  granted: boolean;
  /** It was lost while the cell could have moved: a person has to reset it before arms may move again. */
  needsReset: boolean;
  /** Why it is withheld, or was when it was lost, in words. */
  because: string;
}

/** What is known of one shared zone. */
export interface SharedZoneState {
  machine: SharedZoneMachineState;
  /** As the PLC last said. */
  requested: boolean;
  acknowledged: boolean;
  /** It came back from a person: nobody moves into it before a reset. */
  needsReset: boolean;
}

/** What is known of the PLCs around the cell; empty in a cell without any. */
export interface PlcState {
  readonly permissions: Record<string, PermissionState>;
  readonly zones: Record<string, SharedZoneState>;
}

export const NOT_HEARD = 'not heard from its PLC yet';

/** Nothing is permitted before it was heard, and every zone is the cell's. */
export function unheardPlcs(model: PlcModel | undefined): PlcState {
  return {
    permissions: Object.fromEntries(
      (model?.permissions ?? []).map(({ id }) => [
        id,
        { granted: false, needsReset: false, because: NOT_HEARD },
      ]),
    ),
    zones: Object.fromEntries(
      (model?.zones ?? []).map(({ id }) => [
        id,
        {
          machine: sharedZoneStepper.start().state,
          requested: false,
          acknowledged: false,
          needsReset: false,
        },
      ]),
    ),
  };
}
