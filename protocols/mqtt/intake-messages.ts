import { REQUEST_SHAPE } from '../bounded-json.ts';
import { z } from 'zod';
import {
  CancelRequest,
  CellCommandRequest,
  ConsolidateRequest,
  IntakeResult,
  OrderRequest,
  ReturnRequest,
  StowRequest,
  TaskCommandRequest,
} from '../../controller/domain/intake.ts';
import type { IntakeRequest } from '../../controller/domain/intake.ts';
import { CellView } from '../../controller/operations/view.ts';
import { explainIssues, parseBoundedJson, reasonOf } from './payload.ts';
import type { PayloadFault, PayloadLimits } from './payload.ts';
import { REFUSAL_REASONS } from './refused-messages.ts';
import type { RefusalReason } from './refused-messages.ts';
import { REQUEST_FRAME_FIELDS, RequestFrame, RequestId } from './request-frame.ts';

/** Messages for people and systems: requests, their results, errors, and what the cell publishes of itself. */

/** A request's kind by the last level of its topic. */
export const INTAKE_TOPICS = {
  orders: { kind: 'order', body: OrderRequest, what: 'An order to be picked' },
  cancel: { kind: 'cancel', body: CancelRequest, what: 'Cancel an order, a line, or units of a line' },
  returns: {
    kind: 'return',
    body: ReturnRequest,
    what: 'A return: cancels the newest unfulfilled units of a SKU',
  },
  stow: { kind: 'stow', body: StowRequest, what: 'Goods in an induct tote to be stowed into storage' },
  consolidate: {
    kind: 'consolidate',
    body: ConsolidateRequest,
    what: 'Units to be moved from one tote to another',
  },
  task: { kind: 'task', body: TaskCommandRequest, what: 'Cancel, retry or resolve a task' },
  cell: { kind: 'cell', body: CellCommandRequest, what: 'A PackML command to the cell' },
} as const satisfies Record<string, { kind: IntakeRequest['kind']; body: z.ZodType; what: string }>;
export type IntakeTopic = keyof typeof INTAKE_TOPICS;

/** An order with 2,000 lines has some 6,000 values and, with long ids, 300 kB. */
const INTAKE_LIMITS: PayloadLimits = { maxBytes: 1_048_576, ...REQUEST_SHAPE };

export const IntakeResultMessage = z
  .object({ requestId: RequestId, result: IntakeResult })
  .meta({ id: 'IntakeResultMessage', description: 'Published once the request is durable; not retained' });
export type IntakeResultMessage = z.infer<typeof IntakeResultMessage>;

const INTAKE_ERROR_CODES = [
  'malformed', 'retained', 'unknown-topic', 'not-taken', 'wrong-qos', 'wrong-response-topic',
  'expired', 'stale-epoch', 'future-epoch',
] as const; // prettier-ignore

export const IntakeErrorMessage = z
  .object({
    topic: z.string().describe('Where the message was published'),
    requestId: z.string().nullable().describe('As far as it could be read'),
    code: z.enum(INTAKE_ERROR_CODES),
    reason: z.enum(REFUSAL_REASONS).describe('The same, or what is malformed about it, as it is counted'),
    faults: z
      .array(
        z.object({
          field: z.string().describe('e.g. lines[0].quantity; empty for the whole payload'),
          value: z.string().nullable().describe('What stood there, abridged; null: nothing'),
          message: z.string().describe('What is wrong, and what to send instead'),
        }),
      )
      .describe('All faults at once, at most 20'),
  })
  .meta({ id: 'IntakeErrorMessage' });
export type IntakeErrorMessage = z.infer<typeof IntakeErrorMessage>;

/** What the cell says of itself once a second and on every change of state: the view without its long lists. */
export const StatusMessage = CellView.omit({ places: true })
  .extend({
    publishedAt: z.iso.datetime().describe('Wall clock of the controller; for people, not for control'),
  })
  .meta({ id: 'CellStatus', description: 'Retained' });

export const CellPresenceMessage = z
  .object({ status: z.enum(['online', 'offline']) })
  .meta({ id: 'CellPresence', description: 'Retained; the last will says offline' });

export const NoticeMessage = z
  .object({
    noticeId: z.string().describe('The same in every repeat of this message'),
    level: z.enum(['info', 'warn', 'error']),
    code: z.string().describe('e.g. task-done; see docs/error-codes.md'),
    message: z.string(),
    orderId: z.string().nullable(),
    taskId: z.string().nullable(),
    armId: z.string().nullable(),
  })
  .meta({ id: 'Notice', description: 'Something that happened to an order or a task' });

export type DecodedIntake =
  | { readonly ok: true; readonly frame: RequestFrame; readonly request: IntakeRequest }
  | {
      readonly ok: false;
      readonly requestId: string | null;
      readonly reason: RefusalReason;
      readonly faults: readonly PayloadFault[];
    };

/** Decodes a payload of one intake topic: the frame's fields beside those of the request itself. */
export function decodeIntake(topic: IntakeTopic, payload: Uint8Array): DecodedIntake {
  const parsed = parseBoundedJson(payload, INTAKE_LIMITS);
  if (!parsed.ok) return { ok: false, requestId: null, reason: parsed.reason, faults: [parsed.fault] };
  const raw = parsed.value;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const kind = raw === null ? 'null' : Array.isArray(raw) ? 'a list' : `a ${typeof raw}`;
    const message = `the payload is ${kind}; send a JSON object`;
    const faults = [{ field: '', value: null, message }];
    return { ok: false, requestId: null, reason: 'wrong-type', faults };
  }
  const fields = Object.entries(raw);
  const head = Object.fromEntries(fields.filter(([name]) => REQUEST_FRAME_FIELDS.includes(name)));
  const body = Object.fromEntries(fields.filter(([name]) => !REQUEST_FRAME_FIELDS.includes(name)));
  const frame = RequestFrame.safeParse(head);
  const { kind, body: schema } = INTAKE_TOPICS[topic];
  const request = schema.safeParse(body);
  if (frame.success && request.success) {
    return { ok: true, frame: frame.data, request: { kind, body: request.data } as IntakeRequest };
  }
  const wrong = [
    ...(frame.success ? [] : [{ error: frame.error, input: head }]),
    ...(request.success ? [] : [{ error: request.error, input: body }]),
  ];
  const [first] = wrong;
  const requestId = RequestId.safeParse(head['requestId']);
  return {
    ok: false,
    requestId: requestId.success ? requestId.data : null,
    reason: first === undefined ? 'invalid-value' : reasonOf(first.error, first.input),
    faults: wrong.flatMap(({ error, input }) => explainIssues(error, input)),
  };
}
