import type { MonitorVerdict } from '../coordination/monitor.ts';
import type { IntakeRequest } from '../domain/intake.ts';
import type { ArmEvent, IoEvent, PlcEvent } from '../ports.ts';
import type { JobPlanResult } from '../scheduling/job-plan.ts';

/** Who asked. Travels with the request into the journal. */
export type IntakeSource = 'http' | 'mqtt' | 'csv' | 'cli' | 'operator' | 'plc';

/** Everything that can happen to the core. Plain data: the journal holds these and nothing else. */
export type CoreEvent =
  /** A controller took over the journal. `wallMs` anchors the core's clock to the calendar, for ship-by times. */
  | { readonly kind: 'started'; readonly epoch: number; readonly wallMs: number }
  | {
      readonly kind: 'intake';
      readonly requestId: string;
      readonly source: IntakeSource;
      readonly request: IntakeRequest;
    }
  | { readonly kind: 'arm'; readonly armId: string; readonly event: Exclude<ArmEvent, { kind: 'state' }> }
  | { readonly kind: 'io'; readonly event: IoEvent }
  | { readonly kind: 'plc'; readonly event: PlcEvent }
  | { readonly kind: 'planned'; readonly result: JobPlanResult }
  /** The monitor found a reason to stop arms; its stops went out before this was taken in. */
  | { readonly kind: 'monitor'; readonly verdict: MonitorVerdict }
  /** The process was asked to end: stop on the paths, hold, release. */
  | { readonly kind: 'shutdown' };
