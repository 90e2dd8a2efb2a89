import type { z } from 'zod';
import { faultsOf } from '../http/faults.ts';

/** What a payload may cost before anything of it is believed. */
export interface PayloadLimits {
  readonly maxBytes: number;
  /** Objects and arrays within one another. */
  readonly maxDepth: number;
  /** Fields of all objects together, and elements of all arrays. */
  readonly maxValues: number;
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
  | { readonly ok: false; readonly faults: readonly PayloadFault[]; readonly raw: unknown };

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
  if (!parsed.ok) return { ok: false, faults: [parsed.fault], raw: undefined };
  const result = schema.safeParse(parsed.value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, faults: explainIssues(result.error, parsed.value), raw: parsed.value };
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
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: PayloadFault };

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** JSON with its size, depth, number of values and keys checked before `JSON.parse` builds anything of it. */
export function parseBoundedJson(payload: Uint8Array, limits: PayloadLimits): Parsed {
  if (payload.length === 0) return refuse('the payload is empty; send a JSON object');
  if (payload.length > limits.maxBytes) {
    return refuse(`the payload has ${payload.length} bytes; at most ${limits.maxBytes} are taken`);
  }
  let text: string;
  try {
    text = UTF8.decode(payload);
  } catch {
    return refuse('the payload is not UTF-8; send JSON encoded as UTF-8');
  }
  const shape = checkShape(text, limits);
  if (shape !== null) return { ok: false, fault: shape };
  try {
    const value: unknown = JSON.parse(text);
    const infinite = HUGE_EXPONENT.test(text) ? infiniteField(text) : null;
    return infinite === null ? { ok: true, value } : { ok: false, fault: infinite };
  } catch (error) {
    return refuse(`the payload is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refuse(message: string): Parsed {
  return { ok: false, fault: { field: '', value: null, message } };
}

/** Only a number written like this can become Infinity, which JSON does not have and no field means. */
const HUGE_EXPONENT = /\d[eE]\+?\d{3}/;

function infiniteField(text: string): PayloadFault | null {
  let field: string | null = null;
  JSON.parse(text, (key, value: unknown) => {
    if (value === Infinity || value === -Infinity) field = key;
    return value;
  });
  return field === null
    ? null
    : { field, value: null, message: 'is larger than any number can be; give a finite number' };
}

/** One open object or array while scanning. */
interface Level {
  readonly keys: Set<string> | null;
  /** The next string is a key. */
  expectKey: boolean;
}

/**
 * Walks the text once, reading only what shape needs: brackets, commas and keys. Whether the text is JSON at
 * all is left to `JSON.parse`, which loses duplicate keys silently and has no bounds; hence this.
 */
function checkShape(text: string, limits: PayloadLimits): PayloadFault | null {
  const levels: Level[] = [];
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    const level = levels[levels.length - 1];
    if (char === '{' || char === '[') {
      levels.push({ keys: char === '{' ? new Set() : null, expectKey: char === '{' });
      if (levels.length > limits.maxDepth) {
        return {
          field: '',
          value: null,
          message: `the payload nests deeper than ${limits.maxDepth} levels; send it flatter`,
        };
      }
      values += 1;
    } else if (char === '}' || char === ']') {
      levels.pop();
    } else if (char === ',') {
      values += 1;
      if (level?.keys) level.expectKey = true;
    } else if (char === '"') {
      const end = endOfString(text, at);
      if (level?.keys && level.expectKey) {
        const key = keyOf(text.slice(at, end + 1));
        if (level.keys.has(key)) {
          return {
            field: key,
            value: null,
            message: 'the field stands twice in the same object; send it once',
          };
        }
        level.keys.add(key);
        level.expectKey = false;
      }
      at = end;
    }
    if (values > limits.maxValues) {
      return {
        field: '',
        value: null,
        message: `the payload has more than ${limits.maxValues} values; split it`,
      };
    }
  }
  return null;
}

/** The key that a quoted text means: an escape may spell the same key differently. */
function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted; // no JSON, as JSON.parse will say of the whole
  }
}

/** Index of the quote that closes the string which opens at `start`; the text's end if none does. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
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
