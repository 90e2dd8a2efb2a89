import type { z } from 'zod';
import { infiniteFault, shapeFault } from '../bounded-json.ts';
import type { ShapeFault, ShapeLimits } from '../bounded-json.ts';
import { faultsOf } from '../http/faults.ts';
import type { RefusalReason } from './refused-messages.ts';

/** What a payload may cost before anything of it is believed. */
export interface PayloadLimits extends ShapeLimits {
  readonly maxBytes: number;
}

/** One thing wrong with a payload, in words for the person who sent it. */
export interface PayloadFault {
  /** Where: `lines[0].quantity`; empty for the payload as a whole. */
  readonly field: string;
  /** What stood there, shortened; null where nothing did. */
  readonly value: string | null;
  /** What is wrong and what to send instead. */
  readonly message: string;
}

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  /** `raw` is what JSON made of it, if it came that far: for the sender's own ids in the answer. */
  | {
      readonly ok: false;
      /** Of the first fault. */
      readonly reason: RefusalReason;
      readonly faults: readonly PayloadFault[];
      readonly raw: unknown;
    };

const MAX_FAULTS = 20;

/**
 * Decodes a payload: UTF-8, JSON within the limits and without duplicate keys, then the schema. All faults of
 * the last stage that was reached are returned together.
 */
export function decodePayload<S extends z.ZodType>(
  schema: S,
  payload: Uint8Array,
  limits: PayloadLimits,
): Decoded<z.output<S>> {
  const parsed = parseBoundedJson(payload, limits);
  if (!parsed.ok) return { ok: false, reason: parsed.reason, faults: [parsed.fault], raw: undefined };
  const result = schema.safeParse(parsed.value);
  if (result.success) return { ok: true, value: result.data };
  const { error } = result;
  const faults = explainIssues(error, parsed.value);
  return { ok: false, reason: reasonOf(error, parsed.value), faults, raw: parsed.value };
}

/** `field message (got value)`, joined: one line for logs and for the `detail` of a refusal. */
export function faultsAsText(faults: readonly PayloadFault[]): string {
  return faults
    .map((fault) => {
      const where = fault.field === '' ? '' : `${fault.field} `;
      return `${where}${fault.message}${fault.value === null ? '' : ` (got ${fault.value})`}`;
    })
    .join('; ');
}

type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: RefusalReason; readonly fault: PayloadFault };

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** JSON with its size, depth, number of values and keys checked before `JSON.parse` builds anything of it. */
export function parseBoundedJson(payload: Uint8Array, limits: PayloadLimits): Parsed {
  if (payload.length === 0) return refuse('empty', 'the payload is empty; send a JSON object');
  if (payload.length > limits.maxBytes) {
    const { length } = payload;
    return refuse('too-large', `the payload has ${length} bytes; at most ${limits.maxBytes} are taken`);
  }
  let text: string;
  try {
    text = UTF8.decode(payload);
  } catch {
    return refuse('not-utf8', 'the payload is not UTF-8; send JSON encoded as UTF-8');
  }
  const shape = shapeFault(text, limits, 'the payload');
  if (shape !== null) return malformed(shape);
  try {
    const value: unknown = JSON.parse(text);
    const infinite = infiniteFault(text);
    return infinite === null ? { ok: true, value } : malformed(infinite);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse('not-json', `the payload is not JSON: ${why}`);
  }
}

function refuse(reason: RefusalReason, message: string): Parsed {
  return { ok: false, reason, fault: { field: '', value: null, message } };
}

function malformed({ reason, field, message }: ShapeFault): Parsed {
  return { ok: false, reason, fault: { field, value: null, message } };
}

/** The first of zod's issues as one word, for counting. */
export function reasonOf(error: z.ZodError, input: unknown): RefusalReason {
  const issue = innermost(error.issues[0]);
  const field = issue?.path.at(-1);
  if (field === 'version') return 'unknown-version';
  switch (issue?.code) {
    case 'unrecognized_keys':
      return 'unknown-field';
    case 'invalid_type':
      return isMissing(issue.path, input) ? 'missing-field' : 'wrong-type';
    case 'too_small':
    case 'too_big':
      return 'out-of-range';
    default:
      return 'invalid-value';
  }
}

/** Of a union that nothing fits, the branch that came closest. */
function innermost(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const meant = [...issue.errors].sort((a, b) => a.length - b.length)[0]?.[0];
  return meant === undefined ? issue : innermost(meant);
}

function isMissing(path: readonly PropertyKey[], input: unknown): boolean {
  let value = input;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return true;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value === undefined;
}

/** zod's issues as faults, in the words that the HTTP interface has for the same schemas. */
export function explainIssues(error: z.ZodError, input: unknown): readonly PayloadFault[] {
  return faultsOf(error, input, 'body')
    .slice(0, MAX_FAULTS)
    .map(({ field, value, detail, remedy }) => {
      const where = remedy.replace('the OpenAPI document', 'docs/asyncapi.json');
      return { field, value, message: `${detail}; ${where}` };
    });
}
