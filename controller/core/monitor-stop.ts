import type { MonitorVerdict } from '../coordination/monitor.ts';
import { isUsable, noteStopping, reclaimArm } from './arm-control.ts';
import { putInDoubt } from './arms.ts';
import { holdBecause } from './cell-mode.ts';
import { raiseAlarm } from './context.ts';
import type { StepContext } from './context.ts';
import { monitorAlarm } from './monitor-alarm.ts';

/**
 * The monitor has stopped arms: its commands are out already. The cell is held, which brings the others to rest on
 * their paths, and stays so until a person resumes it.
 */
export function obeyMonitor(context: StepContext, verdict: MonitorVerdict): void {
  const { state } = context;
  for (const { armId } of verdict.stops) {
    const arm = state.arms[armId];
    if (arm !== undefined) noteStopping(context, arm);
  }
  const subject = { armId: verdict.armIds.length === 1 ? verdict.armIds[0] : null };
  raiseAlarm(context, monitorAlarm(verdict), verdict.kind, verdict.detail, subject);
  holdBecause(context, `stopped by the monitor: ${verdict.detail}`);
  if (verdict.kind !== 'arm-off-claim') return;
  for (const armId of verdict.armIds) {
    const arm = state.arms[armId];
    // One that moves is asked when it has come to rest.
    if (arm === undefined || !isUsable(arm) || !['resting', 'paused'].includes(arm.machine.value)) continue;
    putInDoubt(context, arm, `${armId} does not stand where it came to rest`);
    reclaimArm(context, arm, verdict.detail);
  }
}
