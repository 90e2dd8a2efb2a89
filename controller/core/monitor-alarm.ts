import type { MonitorVerdict } from '../coordination/monitor.ts';
import { clearAlarm } from './context.ts';
import type { StepContext } from './context.ts';

const PREFIX = 'monitor:';

/** Under which an alarm of the monitor stands. */
export function monitorAlarm({ kind, armIds }: MonitorVerdict): string {
  return `${PREFIX}${kind}:${armIds.join('+')}`;
}

/** A person has seen to what the monitor found, and lets the cell go on. */
export function clearMonitorAlarms(context: StepContext): void {
  for (const key of Object.keys(context.state.alarms)) {
    if (key.startsWith(PREFIX)) clearAlarm(context, key);
  }
}
