import { stateNumber } from '../../controller/domain/packml-numbers.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';
import { isActing } from '../../controller/machines/cell.ts';
import type { CellView } from '../../controller/operations/view.ts';

/** The parts of a view that PackTags are made of. */
export type TaggedView = Pick<
  CellView,
  'state' | 'because' | 'alarms' | 'units' | 'tasks' | 'lines' | 'orders' | 'nowS' | 'permissions'
>;

/** Modes of the standard; the cell knows production and no other. */
export const PRODUCTION = { number: 1, name: 'Production' } as const;

const ALARMS_MAX = 50;

/** `Status/*`: what the unit is doing. The name stands beside the number, because lines number differently. */
export function statusTags(view: TaggedView, numbers: StateNumbers): Readonly<Record<string, unknown>> {
  return {
    UnitModeCurrent: PRODUCTION.number,
    UnitModeCurrentStr: PRODUCTION.name,
    StateCurrent: stateNumber(view.state, numbers),
    StateCurrentStr: titled(view.state),
    StateChangeInProcess: isActing(view.state) && view.state !== 'execute',
    /** Units an hour, over the last ten minutes. */
    CurMachSpeed: Math.round(view.units.perHour),
  };
}

/** `Admin/*`: counts, alarms and why it stands. */
export function adminTags(view: TaggedView): Readonly<Record<string, unknown>> {
  return {
    ProdProcessedCount: view.units.done,
    ProdDefectiveCount: view.tasks.excepted,
    AlarmExtent: view.alarms.length,
    Alarm: view.alarms.slice(0, ALARMS_MAX).map(({ code, message, sinceS }) => ({
      Trigger: true,
      ID: reasonNumber(code),
      Code: code,
      Message: message,
      SinceS: sinceS,
    })),
    StopReason: stopReason(view),
  };
}

/** Why the unit does not produce; ID 0 while it does. */
function stopReason(view: TaggedView): Readonly<Record<string, unknown>> {
  if (view.state === 'execute') return { ID: 0, Code: '', Message: '' };
  const missing = view.permissions.find(({ granted }) => !granted);
  const code = missing !== undefined ? 'permission-lost' : (view.alarms[0]?.code ?? `cell-${view.state}`);
  return { ID: reasonNumber(code), Code: code, Message: view.because };
}

/** A number for a code, the same in every run: the 16 lower bits of its FNV-1a hash, never 0. */
export function reasonNumber(code: string): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < code.length; k += 1) {
    hash = Math.imul(hash ^ code.charCodeAt(k), 0x01000193) >>> 0;
  }
  return hash % 65_536 === 0 ? 1 : hash % 65_536;
}

function titled(name: string): string {
  return name[0]!.toUpperCase() + name.slice(1);
}
