import { cellState, permissionOf } from '../core/cell-mode.ts';
import { explain } from '../core/context.ts';
import type { StepContext } from '../core/context.ts';
import { placeOfEnd } from '../core/tasks.ts';
import type { ArmState, CoreState } from '../core/state.ts';
import type { LossCause } from '../domain/loss-cause.ts';

/** What an arm does from now on, and for whom it waits where it waits. */
type Cause =
  | { readonly cause: Exclude<LossCause, 'waiting'>; readonly waitsFor: null }
  | { readonly cause: 'waiting'; readonly waitsFor: string };

/**
 * Adds the time since the last step to what each arm was doing during it. Whole microseconds: the causes of an arm
 * sum to the time that passed, and what it waited for others to its waiting, exactly.
 */
export function accountTime(state: CoreState, nowUs: number): void {
  const passedUs = nowUs - state.nowUs;
  if (passedUs <= 0) return;
  for (const { loss } of Object.values(state.arms)) {
    loss.totalsUs[loss.cause] += passedUs;
    if (loss.waitsFor !== null)
      loss.waitingUs[loss.waitsFor] = (loss.waitingUs[loss.waitsFor] ?? 0) + passedUs;
  }
}

/** What each arm does from now on, by the books; a change is explained. */
export function noteCauses(context: StepContext): void {
  const { state } = context;
  for (const arm of Object.values(state.arms)) {
    const { cause, waitsFor } = causeOf(state, arm);
    if (cause === arm.loss.cause && waitsFor === arm.loss.waitsFor) continue;
    arm.loss.cause = cause;
    arm.loss.waitsFor = waitsFor;
    explain(context, { kind: 'cause', armId: arm.id, cause, waitsFor, why: whyOf(context, arm, cause) });
  }
}

function whyOf(context: StepContext, arm: ArmState, cause: LossCause): string {
  const { state } = context;
  switch (cause) {
    case 'working':
      return arm.job === null
        ? 'its next job is being planned'
        : `${arm.job.stage}${arm.job.taskId === null ? '' : ` of ${arm.job.taskId}`}`;
    case 'waiting':
      return `it waits for space that ${arm.loss.waitsFor ?? 'another arm'} has first`;
    case 'starved':
      return whyStarved(context, arm);
    case 'excepted':
      return 'what it holds, or could not grasp, is to be settled first';
    case 'faulted':
      return arm.fault?.detail ?? `it is ${arm.machine.value}`;
    case 'held':
      return `the cell does not run: it is ${cellState(state)}`;
  }
}

/** Why none of the open tasks is for this arm now. */
function whyStarved({ state, derived }: StepContext, arm: ArmState): string {
  const counts = {
    'under way': 0,
    'not in the cell yet': 0,
    'being exchanged': 0,
    'out of its reach': 0,
    other: 0,
  };
  for (const task of Object.values(state.tasks)) {
    if (task.machine.value !== 'waiting') {
      counts['under way'] += 1;
      continue;
    }
    const from = placeOfEnd(state, task.source);
    const to = placeOfEnd(state, task.destination);
    if (from === null || to === null) counts['not in the cell yet'] += 1;
    else if (state.places[from]?.exchange != null || state.places[to]?.exchange != null)
      counts['being exchanged'] += 1;
    else if (task.kind !== 'fixed' && !derived.reach.armsFor(from, to).includes(arm.id))
      counts['out of its reach'] += 1;
    else counts.other += 1;
  }
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  if (parts.length === 0) return 'no task is open';
  return `no open task is for it: ${parts.map(([what, count]) => `${count} ${what}`).join(', ')}`;
}

const because = (cause: Exclude<LossCause, 'waiting'>): Cause => ({ cause, waitsFor: null });

function causeOf(state: CoreState, arm: ArmState): Cause {
  if (['offline', 'claiming', 'faulted'].includes(arm.machine.value)) return because('faulted');
  const permission = permissionOf(state);
  if (arm.job !== null && arm.waitsFor !== null && permission !== 'none') {
    return { cause: 'waiting', waitsFor: arm.waitsFor };
  }
  if (['moving', 'gripping'].includes(arm.machine.value)) return because('working');
  if (permission === 'none') return because('held');
  if (arm.job !== null) return because(arm.job.stage === 'inspect' ? 'excepted' : 'working');
  if (arm.next !== null) {
    if (arm.next.result === null) return because('working');
    // Jobs under way are brought to an end, none begins.
    if (permission === 'finish') return because('held');
    return arm.waitsFor === null ? because('working') : { cause: 'waiting', waitsFor: arm.waitsFor };
  }
  // What it holds is for a person to decide on.
  if (arm.holding.vacuum === 'on') return because('excepted');
  return because('starved');
}
