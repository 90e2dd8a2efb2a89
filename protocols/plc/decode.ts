import type { InputTag, RawForm, TagAddress, TagValue } from '../../controller/domain/plc-map.ts';
import { parseBoundedJson } from '../mqtt/payload.ts';
import type { PayloadLimits } from '../mqtt/payload.ts';

/** What a message says of one tag, or what is wrong with it, in words. */
export type Heard =
  { readonly ok: true; readonly value: TagValue } | { readonly ok: false; readonly fault: string };

/** What came, before it is known what a tag wants of it. */
type Found = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string };

const LIMITS: PayloadLimits = { maxBytes: 65_536, maxDepth: 16, maxValues: 10_000 };
/** Longer texts are no tag values. */
const TEXT_MAX = 128;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

const bad = (fault: string): { readonly ok: false; readonly fault: string } => ({ ok: false, fault });

/** One message, parsed at most once for each form in which its tags want it. */
export class TagMessage {
  readonly #payload: Uint8Array;
  #json: Found | null = null;
  #text: Found | null = null;

  constructor(payload: Uint8Array) {
    this.#payload = payload;
  }

  /** The value of a tag, judged by its type. */
  value(tag: InputTag, address: Extract<TagAddress, { kind: 'mqtt' }>): Heard {
    if (address.quality !== null) {
      const quality = this.at(address.quality.pointer);
      if (!quality.ok) return bad(`its quality is missing (${address.quality.pointer})`);
      if (!address.quality.good.includes(quality.value as TagValue)) {
        return bad(`its PLC says that it is bad: quality ${shown(quality.value)}`);
      }
    }
    const { decode } = address;
    const found =
      decode.form === 'json'
        ? this.at(decode.pointer)
        : decode.form === 'text'
          ? this.#asText()
          : rawValue(this.#payload, decode);
    return found.ok ? typed(tag, found.value, decode.form === 'text' ? 'text' : 'exact') : found;
  }

  /** What stands at a JSON pointer (RFC 6901) of the payload. */
  at(pointer: string): Found {
    if (this.#json === null) {
      const parsed = parseBoundedJson(this.#payload, LIMITS);
      this.#json = parsed.ok ? { ok: true, value: parsed.value } : bad(parsed.fault.message);
    }
    return this.#json.ok ? valueAtPointer(this.#json.value, pointer) : this.#json;
  }

  /** The payload as plain text; undefined where it is none. */
  text(): string | undefined {
    const found = this.#asText();
    return found.ok ? (found.value as string) : undefined;
  }

  #asText(): Found {
    if (this.#text !== null) return this.#text;
    if (this.#payload.length > 4 * TEXT_MAX)
      return (this.#text = bad(`the payload has ${this.#payload.length} bytes`));
    try {
      this.#text = { ok: true, value: UTF8.decode(this.#payload).trim() };
    } catch {
      this.#text = bad('the payload is not UTF-8');
    }
    return this.#text;
  }
}

function valueAtPointer(root: unknown, pointer: string): Found {
  let here = root;
  if (pointer === '') return { ok: true, value: here };
  for (const part of pointer.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const isIndex = Array.isArray(here) && /^(0|[1-9]\d*)$/.test(key);
    if (
      typeof here !== 'object' ||
      here === null ||
      (Array.isArray(here) && !isIndex) ||
      !Object.hasOwn(here, key)
    ) {
      return bad(`the payload has no ${pointer}`);
    }
    here = (here as Record<string, unknown>)[key];
  }
  return { ok: true, value: here };
}

const WIDTH: Readonly<Record<RawForm, number>> = {
  uint8: 1, int8: 1, 'uint16-be': 2, 'uint16-le': 2, 'int16-be': 2, 'int16-le': 2, 'uint32-be': 4, 'uint32-le': 4,
  'int32-be': 4, 'int32-le': 4, 'float32-be': 4, 'float32-le': 4,
}; // prettier-ignore

interface RawPlace {
  readonly as: RawForm;
  readonly byte: number;
  readonly bit: number | null;
}

function rawValue(payload: Uint8Array, { as, byte, bit }: RawPlace): Found {
  const width = WIDTH[as];
  if (payload.length < byte + width) {
    return bad(`the payload has ${payload.length} bytes, ${as} at byte ${byte} needs ${byte + width}`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset + byte, width);
  const isLittle = as.endsWith('-le');
  let value: number;
  switch (as.replace(/-[bl]e$/, '')) {
    case 'uint8':
      value = view.getUint8(0);
      break;
    case 'int8':
      value = view.getInt8(0);
      break;
    case 'uint16':
      value = view.getUint16(0, isLittle);
      break;
    case 'int16':
      value = view.getInt16(0, isLittle);
      break;
    case 'uint32':
      value = view.getUint32(0, isLittle);
      break;
    case 'int32':
      value = view.getInt32(0, isLittle);
      break;
    default:
      value = view.getFloat32(0, isLittle);
  }
  return {
    ok: true,
    value: bit === null ? value : Math.floor((value < 0 ? value + 4_294_967_296 : value) / 2 ** bit) % 2,
  };
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
};

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * A value as the tag's type has it, scaled and within its range. `text`: numbers and booleans are written out;
 * `exact`: a text is never taken for a number.
 */
export function typed(tag: InputTag, found: unknown, form: 'text' | 'exact'): Heard {
  const wrong = (): Heard => bad(`${shown(found)} is no ${tag.type}`);
  switch (tag.type) {
    case 'boolean': {
      const value = booleanOf(tag, found, form);
      return value === null ? wrong() : { ok: true, value: value !== tag.invert };
    }
    case 'integer':
    case 'number': {
      const value = numberOf(found, form);
      if (value === null || (tag.type === 'integer' && !Number.isSafeInteger(value))) return wrong();
      // Adding 0 makes 0 of -0, which JSON could not keep.
      const scaled = value * tag.scale + tag.offset + 0;
      if (!Number.isFinite(scaled)) return wrong();
      const { range } = tag;
      return range !== null && (scaled < range.min || scaled > range.max)
        ? bad(`${scaled} is outside ${range.min} to ${range.max}`)
        : { ok: true, value: scaled };
    }
    case 'text':
      return typeof found === 'string' && found.length <= TEXT_MAX ? { ok: true, value: found } : wrong();
  }
}

function booleanOf(tag: InputTag, found: unknown, form: 'text' | 'exact'): boolean | null {
  if (tag.words !== null) {
    const word = form === 'text' ? found : (found as TagValue);
    const holds = (words: readonly TagValue[]): boolean =>
      words.some((each) => each === word || (form === 'text' && String(each) === word));
    return holds(tag.words.on) ? true : holds(tag.words.off) ? false : null;
  }
  if (typeof found === 'boolean') return found;
  if (found === 1 || found === 0) return found === 1;
  if (form === 'text' && typeof found === 'string') {
    if (/^(true|1)$/i.test(found)) return true;
    if (/^(false|0)$/i.test(found)) return false;
  }
  return null;
}

function numberOf(found: unknown, form: 'text' | 'exact'): number | null {
  if (typeof found === 'number') return Number.isFinite(found) ? found : null;
  if (typeof found === 'bigint') {
    const value = Number(found);
    return Number.isSafeInteger(value) ? value : null;
  }
  if (form !== 'text' || typeof found !== 'string' || !NUMBER.test(found)) return null;
  const value = Number(found);
  return Number.isFinite(value) ? value : null;
}
