import type { z } from 'zod';
import type { Fault } from './interface/problem.ts';

/** Where in a request a schema was applied. */
export type FaultPlace = Fault['in'];

/** More than this many faults of one request are counted, not listed. */
const FAULTS_MAX = 50;

const VALUE_LENGTH_MAX = 80;

type Issue = z.core.$ZodIssue;

/** A validation failure as fastify carries it to the error handler. */
export class InvalidRequest extends Error {
  readonly faults: readonly Fault[];
  readonly total: number;

  constructor(faults: readonly Fault[]) {
    super('invalid request');
    this.faults = faults.slice(0, FAULTS_MAX);
    this.total = faults.length;
  }
}

/** Every fault that a schema found in `value`, each with field, value and remedy. */
export function faultsOf(error: z.core.$ZodError, value: unknown, place: FaultPlace): Fault[] {
  return error.issues.flatMap((issue) => faultsOfIssue(issue, value, place, []));
}

function faultsOfIssue(
  issue: Issue,
  root: unknown,
  place: FaultPlace,
  prefix: readonly PropertyKey[],
): Fault[] {
  const path = [...prefix, ...issue.path];
  const got = valueAt(root, path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      in: place,
      field: fieldName([...path, key]),
      value: abridged(valueAt(root, [...path, key])),
      detail: 'is not a field of this request',
      remedy: 'remove it, or correct its spelling',
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The branch with the fewest faults is the one that was meant.
    const meant = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
    return meant.flatMap((inner) => faultsOfIssue(inner, root, place, path));
  }
  const [detail, remedy] = inWords(issue, got);
  return [{ in: place, field: fieldName(path), value: abridged(got), detail, remedy }];
}

/** What is wrong and what to do about it. */
function inWords(issue: Issue, got: unknown): readonly [string, string] {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = TYPE_NAMES[issue.expected] ?? issue.expected;
      if (got === undefined) return ['is missing', `add it: ${wanted}`];
      return [`must be ${wanted}, is ${typeName(got)}`, `give ${wanted}`];
    }
    case 'invalid_value': {
      return [
        got === undefined ? 'is missing' : 'is none of the known values',
        `give one of ${listed(issue.values)}`,
      ];
    }
    case 'invalid_union': {
      const { options } = issue as { readonly options?: readonly unknown[] };
      return [
        got === undefined ? 'is missing' : 'is none of the known values',
        options === undefined ? 'give a known one' : `give one of ${listed(options)}`,
      ];
    }
    case 'too_small':
      return [
        `is too ${issue.origin === 'string' ? 'short' : 'small'}`,
        `give ${amount(issue.origin, 'at least', Number(issue.minimum))}`,
      ];
    case 'too_big':
      return [
        `is too ${issue.origin === 'string' ? 'long' : 'large'}`,
        `give ${amount(issue.origin, 'at most', Number(issue.maximum))}`,
      ];
    case 'invalid_format':
      if (issue.format === 'datetime') {
        return ['is not an instant in ISO 8601', 'give date, time and offset, e.g. "2026-03-01T16:30:00Z"'];
      }
      return ['has characters that are not allowed', `use ${issue.message}`];
    default:
      return [issue.message, 'correct it; the OpenAPI document has the exact form'];
  }
}

function listed(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fraction';
  return TYPE_NAMES[typeof value] ?? typeof value;
}

function amount(origin: string, bound: string, limit: number): string {
  if (origin === 'string') return `${bound} ${limit} character${limit === 1 ? '' : 's'}`;
  if (origin === 'array') return `${bound} ${limit} entr${limit === 1 ? 'y' : 'ies'}`;
  return `${bound} ${limit}`;
}

function fieldName(path: readonly PropertyKey[]): string {
  let name = '';
  for (const step of path) {
    if (typeof step === 'number') name += `[${step}]`;
    else name += name === '' ? String(step) : `.${String(step)}`;
  }
  return name.length > 200 ? `${name.slice(0, 199)}…` : name;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** A value as it can be shown: JSON, cut to a length that fits a message. */
function abridged(value: unknown): string | null {
  if (value === undefined) return null;
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : JSON.stringify(value);
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX - 1)}…` : text;
}
