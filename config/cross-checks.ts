import type { Fault, PathKey } from './fault.ts';
import { pathText, valueText } from './fault.ts';
import { valueAt } from './issues.ts';
import { faultAt } from './source.ts';
import type { Source } from './source.ts';

/**
 * What one field of a cell file says about another. Judged on the file as written, so that these faults come
 * together with those of the schema; fields of the wrong type are left to the schema.
 */
export function crossFaults(source: Source): readonly Fault[] {
  const faults: Fault[] = [];
  const check: Check = (path, problem, remedy) => {
    const value = valueText(valueAt(source.value, path), path);
    faults.push(faultAt(source, path, { path: pathText(path), value, problem, remedy }));
  };
  uniqueNames(source, check);
  orderedBounds(source, check);
  distinctPorts(source, check);
  return faults;
}

type Check = (path: readonly PathKey[], problem: string, remedy: string) => void;

function list(source: Source, path: readonly PathKey[]): readonly unknown[] {
  const value = valueAt(source.value, path);
  return Array.isArray(value) ? value : [];
}

/** Arms, places, fixtures and zones are named in messages, topics and addresses: no name stands for two things. */
function uniqueNames(source: Source, check: Check): void {
  const groups: readonly (readonly (readonly PathKey[])[])[] = [
    [['arms'], ['bins'], ['stations'], ['inducts'], ['fixtures']],
    [['zones', 'zones']],
  ];
  for (const group of groups) {
    const seen = new Map<string, string>();
    if (valueAt(source.value, ['table']) !== undefined && group.length > 1) seen.set('table', 'table');
    for (const path of group) {
      list(source, path).forEach((entry, index) => {
        const id = valueAt(entry, ['id']);
        if (typeof id !== 'string') return;
        const first = seen.get(id);
        const here = [...path, index, 'id'];
        if (first === undefined) seen.set(id, pathText(here));
        else check(here, `is the name of ${first} already`, 'give each thing its own name');
      });
    }
  }
}

/** Pairs of fields of which the first may not be above the second. */
const ORDERED: readonly (readonly [path: readonly PathKey[], low: string, high: string])[] = [
  [['simulator', 'operator'], 'answer_after_min_s', 'answer_after_max_s'],
  [['simulator', 'fault_rates'], 'lasting_min_s', 'lasting_max_s'],
];

function orderedBounds(source: Source, check: Check): void {
  for (const [path, low, high] of ORDERED) {
    const [a, b] = [low, high].map((key) => valueAt(source.value, [...path, key]));
    if (typeof a === 'number' && typeof b === 'number' && a > b) {
      check([...path, low], `is above ${high} = ${b}`, `write at most ${high}`);
    }
  }
  const bounds = (path: readonly PathKey[], low: string, high: string): void => {
    const [a, b] = [low, high].map((key) => valueAt(source.value, [...path, key]));
    if (!Array.isArray(a) || !Array.isArray(b)) return;
    a.forEach((value, k) => {
      if (typeof value !== 'number' || typeof b[k] !== 'number' || value < b[k]) return;
      check([...path, low, k], `is not below ${high}[${k}] = ${b[k]}`, `write ${low} below ${high}`);
    });
  };
  list(source, ['zones', 'zones']).forEach((_, index) => bounds(['zones', 'zones', index], 'min_m', 'max_m'));
}

function distinctPorts(source: Source, check: Check): void {
  const broker = valueAt(source.value, ['connections', 'broker']);
  if (valueAt(broker, ['kind']) !== 'embedded') return;
  const mqtt = valueAt(broker, ['port']);
  const http = valueAt(source.value, ['connections', 'http', 'port']);
  if (typeof http !== 'number' || mqtt !== http) return;
  const remedy = 'give the page and the broker different ports';
  check(['connections', 'http', 'port'], 'is the port of the embedded broker too', remedy);
}
