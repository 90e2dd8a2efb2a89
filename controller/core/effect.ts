import type { IntakeResult } from '../domain/intake.ts';
import type { ArmCommand, IoRequest, PlcCommand } from '../ports.ts';
import type { Reason } from '../operations/reason.ts';
import type { JobPlanRequest } from '../scheduling/job-plan.ts';

/** Everything the core can do to the world. Carried out after the tick's events are durable; stops go out before. */
export type CoreEffect =
  | { readonly kind: 'arm'; readonly armId: string; readonly command: ArmCommand }
  | { readonly kind: 'io'; readonly request: IoRequest }
  | { readonly kind: 'plc'; readonly command: PlcCommand }
  | { readonly kind: 'plan'; readonly request: JobPlanRequest }
  /** The answer to an intake event. */
  | { readonly kind: 'reply'; readonly requestId: string; readonly result: IntakeResult }
  /** Something a person or a log should know; `taskId` correlates all lines of one task. */
  | {
      readonly kind: 'notice';
      readonly level: 'info' | 'warn' | 'error';
      readonly code: string;
      readonly message: string;
      readonly taskId: string | null;
      readonly armId: string | null;
      readonly orderId: string | null;
    }
  /** Why something was decided; nothing is done about it. */
  | { readonly kind: 'reason'; readonly reason: Reason };
