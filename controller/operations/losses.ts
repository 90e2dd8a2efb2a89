import { permissionOf } from '../core/cell-mode.ts';
import type { ArmState, CoreState, LossCause } from '../core/state.ts';

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

/** What each arm does from now on, by the books. */
export function noteCauses(state: CoreState): void {
  for (const arm of Object.values(state.arms)) {
    const { cause, waitsFor } = causeOf(state, arm);
    arm.loss.cause = cause;
    arm.loss.waitsFor = waitsFor;
  }
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
