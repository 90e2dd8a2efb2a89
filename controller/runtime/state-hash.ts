import { createHash } from 'node:crypto';

/**
 * The state as text in one form only: JSON with the keys of every object in code-unit order and no spaces. Two
 * states with the same content give the same text, however they were built.
 * @throws for what JSON would silently change or drop (NaN, infinity, undefined in a list, Map, function, ...): such
 * a state would come back from a snapshot as another one. Properties that are undefined count as absent.
 */
export function canonicalJson(value: unknown): string {
  return write(value) ?? refuse(value);
}

/** SHA-256 of the canonical JSON, 64 hexadecimal digits. */
export function stateHash(state: unknown): string {
  return hashText(canonicalJson(state));
}

/** SHA-256 of a text, for who has the canonical JSON at hand already. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Strings without these are their own JSON. Surrogates are left to the library, which escapes lone ones. */
// eslint-disable-next-line no-control-regex -- control characters are what JSON escapes
const ESCAPED = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** @returns null for what cannot be stored; where it is, is found out only then: this runs within a control tick. */
function write(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return Number.isFinite(value) ? `${value}` : null;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeList(value) : writeObject(value as Record<string, unknown>);
    default:
      return null;
  }
}

function quote(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function writeList(list: readonly unknown[]): string | null {
  let text = '[';
  for (let index = 0; index < list.length; index += 1) {
    const entry = write(list[index]);
    if (entry === null) return null;
    text += index === 0 ? entry : `,${entry}`;
  }
  return text + ']';
}

function writeObject(object: Record<string, unknown>): string | null {
  if (!isPlain(object)) return null;
  const keys = Object.keys(object);
  if (!isSorted(keys)) keys.sort();
  let text = '';
  for (const key of keys) {
    const value = object[key];
    if (value === undefined) continue;
    const entry = write(value);
    if (entry === null) return null;
    text += text === '' ? `${quote(key)}:${entry}` : `,${quote(key)}:${entry}`;
  }
  return `{${text}}`;
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function isSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index += 1) if (keys[index - 1]! > keys[index]!) return false;
  return true;
}

/** Says where the value stands that cannot be stored. */
function refuse(value: unknown, path = '$'): never {
  if (typeof value === 'object' && value !== null && (Array.isArray(value) || isPlain(value))) {
    for (const [key, entry] of Object.entries(value)) {
      if (write(entry) !== null || (entry === undefined && !Array.isArray(value))) continue;
      refuse(entry, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
    }
  }
  const what =
    typeof value === 'object' && value !== null
      ? value.constructor.name
      : typeof value === 'number'
        ? `${value}`
        : typeof value;
  throw new Error(`state at ${path}: ${what} cannot be stored, plain data can`);
}
