import type { Finding, PathKey } from './fault.ts';
import { pathText, valueText } from './fault.ts';
import { valueAt } from './issues.ts';
import type { LoadedCell } from './loaded-cell.ts';
import { faultAt } from './source.ts';

/** Collects findings and knows where in the cell file things stand. */
export class Findings {
  readonly list: Finding[] = [];
  readonly loaded: LoadedCell;

  constructor(loaded: LoadedCell) {
    this.loaded = loaded;
  }

  error(path: readonly PathKey[], problem: string, remedy: string): void {
    this.#add('error', path, problem, remedy);
  }

  warning(path: readonly PathKey[], problem: string, remedy: string): void {
    this.#add('warning', path, problem, remedy);
  }

  #add(severity: Finding['severity'], path: readonly PathKey[], problem: string, remedy: string): void {
    const { source } = this.loaded;
    const value = valueText(valueAt(source.value, path), path);
    this.list.push({ ...faultAt(source, path, { path: pathText(path), value, problem, remedy }), severity });
  }

  /** Where an arm stands in the file, and there a field of it if it has one. */
  arm(id: string, ...fields: readonly string[]): readonly PathKey[] {
    return this.#entry(['arms'], id, fields);
  }

  /** Where a place stands in the file. */
  place(id: string, ...fields: readonly string[]): readonly PathKey[] {
    return this.#entry(['bins', 'stations', 'inducts', 'totes'], id, fields);
  }

  #entry(groups: readonly string[], id: string, fields: readonly string[]): readonly PathKey[] {
    for (const group of groups) {
      const entries = valueAt(this.loaded.source.value, [group]);
      if (!Array.isArray(entries)) continue;
      const index = entries.findIndex((entry: unknown) => valueAt(entry, ['id']) === id);
      if (index < 0) continue;
      const field = fields.find((name) => valueAt(entries[index], [name]) !== undefined);
      return field === undefined ? [group, index] : [group, index, field];
    }
    return [];
  }
}

/** A length for people, in millimetres. */
export function millimetres(lengthM: number): string {
  return `${(lengthM * 1000).toFixed(0)} mm`;
}
