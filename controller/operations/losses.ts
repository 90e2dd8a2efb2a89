import { permissionOf } from '../core/cell-mode.ts';
import type { ArmState, CoreState, LossCause } from '../core/state.ts';

/** Adds the time since the last step to what each arm was doing during it. */
export function accountTime(state: CoreState, nowUs: number): void {
  const passedUs = nowUs - state.nowUs;
  if (passedUs <= 0) return;
  for (const arm of Object.values(state.arms)) arm.loss.totalsUs[arm.loss.cause] += passedUs;
}

/** What each arm does from now on, by the books. */
export function noteCauses(state: CoreState): void {
  for (const arm of Object.values(state.arms)) arm.loss.cause = causeOf(state, arm);
}

function causeOf(state: CoreState, arm: ArmState): LossCause {
  if (['offline', 'claiming', 'faulted'].includes(arm.machine.value)) return 'faulted';
  if (['moving', 'gripping'].includes(arm.machine.value)) return 'busy';
  if (permissionOf(state) === 'none') return 'held';
  if (arm.job !== null) return arm.job.stage === 'inspect' ? 'busy' : 'blocked';
  if (arm.next !== null) return arm.next.result === null ? 'busy' : 'blocked';
  if (arm.holding.vacuum === 'on') return 'blocked';
  return 'starved';
}
