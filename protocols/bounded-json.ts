/** What JSON may cost before anything of it is believed. */
export interface ShapeLimits {
  /** Objects and arrays within one another. */
  readonly maxDepth: number;
  /** Fields of all objects together, and elements of all arrays. */
  readonly maxValues: number;
}

/** What a request may have, over whichever way it comes: an order of 2,000 lines has 8,000 values. */
export const REQUEST_SHAPE: ShapeLimits = { maxDepth: 8, maxValues: 20_000 };

/** What is wrong with the form of a text that is to be JSON. */
export interface ShapeFault {
  readonly reason: 'too-deep' | 'too-many-values' | 'duplicate-field' | 'not-finite';
  /** The field it concerns; empty: the whole. */
  readonly field: string;
  readonly message: string;
}

/** Only a number written like this can become Infinity, which JSON does not have and no field means. */
const HUGE_EXPONENT = /\d[eE]\+?\d{3}/;

/** A number that no reader can hold, in a text that is JSON. */
export function infiniteFault(text: string): ShapeFault | null {
  if (!HUGE_EXPONENT.test(text)) return null;
  let field: string | null = null;
  JSON.parse(text, (key, value: unknown) => {
    if (value === Infinity || value === -Infinity) field = key;
    return value;
  });
  if (field === null) return null;
  return { reason: 'not-finite', field, message: 'is larger than any number can be; give a finite number' };
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
export function shapeFault(text: string, limits: ShapeLimits, whole: string): ShapeFault | null {
  const levels: Level[] = [];
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    const level = levels[levels.length - 1];
    if (char === '{' || char === '[') {
      levels.push({ keys: char === '{' ? new Set() : null, expectKey: char === '{' });
      if (levels.length > limits.maxDepth) {
        return {
          reason: 'too-deep',
          field: '',
          message: `${whole} nests deeper than ${limits.maxDepth} levels; send it flatter`,
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
            reason: 'duplicate-field',
            field: key,
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
        reason: 'too-many-values',
        field: '',
        message: `${whole} has more than ${limits.maxValues} values; split it`,
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
