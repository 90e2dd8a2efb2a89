import { z } from 'zod';
import type { Fault, PathKey } from './fault.ts';
import { pathText, valueText } from './fault.ts';
import { faultAt } from './source.ts';
import type { Source } from './source.ts';
import { nearestName } from './suggest.ts';

/** The parts of a JSON schema that explain a field to a person. */
interface Explained {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Explained>>;
  readonly items?: Explained | false;
  readonly prefixItems?: readonly Explained[];
  readonly additionalProperties?: Explained | boolean;
  readonly propertyNames?: { readonly enum?: readonly string[] };
  readonly oneOf?: readonly Explained[];
  readonly anyOf?: readonly Explained[];
  readonly const?: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Explained>>;
}

const FAULTS_MAX = 200;

/**
 * What a schema says against a file, in words: every issue with its path, the value that stands there, and what to do.
 */
export function faultsOfIssues(
  source: Source,
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
): readonly Fault[] {
  const root = explainedOf(schema);
  const faults: Fault[] = [];
  for (const issue of issues) {
    const path = issue.path as PathKey[];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) faults.push(unknownKey(source, root, [...path, key]));
      continue;
    }
    const value = valueAt(source.value, path);
    const { problem, remedy } = explain(issue, value, explainedAt(root, source.value, path), path);
    faults.push(
      faultAt(source, path, { path: pathText(path), value: valueText(value, path), problem, remedy }),
    );
  }
  return faults.slice(0, FAULTS_MAX);
}

const explained = new WeakMap<z.ZodType, Explained>();

function explainedOf(schema: z.ZodType): Explained {
  const known = explained.get(schema);
  if (known !== undefined) return known;
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Explained;
  explained.set(schema, made);
  return made;
}

function unknownKey(source: Source, root: Explained, path: readonly PathKey[]): Fault {
  const parent = path.slice(0, -1);
  const known = keysAt(root, source.value, parent);
  const near = nearestName(String(path[path.length - 1]), known);
  return faultAt(source, path, {
    path: pathText(path),
    value: valueText(valueAt(source.value, path), path),
    problem: 'is not a known field',
    remedy: near === null ? `known here: ${known.join(', ')}` : `did you mean ${near}?`,
  });
}

function explain(
  issue: z.core.$ZodIssue,
  value: unknown,
  described: Explained | null,
  path: readonly PathKey[],
): { problem: string; remedy: string } {
  const meaning = described?.description === undefined ? '' : ` (${described.description})`;
  const custom = issue.code === 'custom' ? issue.params : undefined;
  if (custom !== undefined) return { problem: issue.message, remedy: String(custom['remedy']) };
  if (value === undefined)
    return { problem: 'is missing', remedy: `add it: ${expectation(issue)}${meaning}` };
  switch (issue.code) {
    case 'invalid_type':
      return { problem: `is ${typeText(value)}`, remedy: `write ${expectation(issue)}${meaning}` };
    case 'invalid_value':
    case 'invalid_union':
      return { problem: 'is not one of the known values', remedy: choice(issue, value) };
    case 'too_small':
    case 'too_big':
      return { problem: excess(issue, value), remedy: bound(issue, path) };
    default:
      return { problem: 'is not allowed here', remedy: `write ${issue.message}` };
  }
}

function typeText(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return 'true or false';
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'not a finite number';
    return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
  }
  return 'a map';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number, without unit or quotes',
  int: 'a whole number',
  array: 'a list',
  tuple: 'a list of numbers, like [x, y, z]',
  object: 'a map of fields',
  record: 'a map of fields',
  boolean: 'true or false',
};

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return TYPE_NAMES[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return issue.values.map((value) => String(value)).join(' or ');
  if (issue.code === 'invalid_union') return unionOptions(issue).join(' or ') || 'see docs/configuration.md';
  return issue.message;
}

function unionOptions(issue: z.core.$ZodIssue): readonly string[] {
  const options = (issue as { options?: readonly unknown[] }).options;
  return options === undefined ? [] : options.map((option) => String(option));
}

function choice(issue: z.core.$ZodIssue, value: unknown): string {
  const options =
    issue.code === 'invalid_value' ? issue.values.map((option) => String(option)) : unionOptions(issue);
  const near = typeof value === 'string' ? nearestName(value, options) : null;
  const all = options.length === 1 ? `write ${options[0]}` : `write one of ${options.join(', ')}`;
  return near === null || options.length === 1 ? all : `did you mean ${near}? ${all}`;
}

const UNIT_NAMES: readonly (readonly [RegExp, string])[] = [
  [/_m$/, '. Lengths are metres: 20 mm is 0.02'],
  [/_s$/, '. Durations are seconds: 250 ms is 0.25'],
  [/_kg$/, '. Masses are kilograms: 300 g is 0.3'],
];

function excess(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  const isLess = issue.code === 'too_small';
  if (issue.origin === 'array') return isLess ? 'has too few entries' : 'has too many entries';
  if (issue.origin === 'string')
    return isLess && value === '' ? 'is empty' : isLess ? 'is too short' : 'is too long';
  return isLess ? 'is too small' : 'is too large';
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, path: readonly PathKey[]): string {
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const least = issue.code === 'too_small';
  if (issue.origin === 'array' || issue.origin === 'string') {
    const [one, more] = issue.origin === 'array' ? ['entry', 'entries'] : ['character', 'characters'];
    return `${least ? 'it needs at least' : 'it may have at most'} ${limit} ${limit === 1 ? one : more}`;
  }
  const strict = issue.inclusive === false;
  const relation = least ? (strict ? 'more than' : 'at least') : strict ? 'less than' : 'at most';
  const field = [...path].reverse().find((key) => typeof key === 'string') ?? '';
  const unit = UNIT_NAMES.find(([pattern]) => pattern.test(String(field)))?.[1] ?? '';
  return `it has to be ${relation} ${limit}${unit}`;
}

export function valueAt(value: unknown, path: readonly PathKey[]): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = Object.hasOwn(here, key) ? (here as Record<PathKey, unknown>)[key] : undefined;
  }
  return here;
}

/** The schema's words on a path; where kinds are told apart by a field, those of the kind that is given. */
function explainedAt(root: Explained, value: unknown, path: readonly PathKey[]): Explained | null {
  let here: Explained | null = resolve(root, root);
  let given: unknown = value;
  for (const key of path) {
    if (here === null) return null;
    here = branchOf(root, here, given);
    given = valueAt(given, [key]);
    if (typeof key === 'number') here = here.prefixItems?.[key] ?? (here.items || null);
    else {
      const rest: Explained | boolean | undefined = here.additionalProperties;
      here = here.properties?.[key] ?? (typeof rest === 'object' ? rest : null);
    }
    if (here !== null && here !== undefined) here = resolve(root, here);
    else return null;
  }
  return here;
}

function keysAt(root: Explained, value: unknown, path: readonly PathKey[]): readonly string[] {
  const found = explainedAt(root, value, path);
  if (found === null) return [];
  const branch = branchOf(root, found, valueAt(value, path));
  return [...Object.keys(branch.properties ?? {}), ...(branch.propertyNames?.enum ?? [])];
}

function branchOf(root: Explained, explained: Explained, given: unknown): Explained {
  const branches = explained.oneOf ?? explained.anyOf;
  if (branches === undefined) return explained;
  const resolved = branches.map((branch) => resolve(root, branch));
  const fits = (branch: Explained): boolean =>
    Object.entries(branch.properties ?? {}).some(
      ([key, field]) => field.const !== undefined && valueAt(given, [key]) === field.const,
    );
  return resolved.find(fits) ?? explained;
}

function resolve(root: Explained, explained: Explained): Explained {
  if (explained.$ref === undefined) return explained;
  const name = explained.$ref.replace('#/$defs/', '');
  return root.$defs?.[name] ?? explained;
}
