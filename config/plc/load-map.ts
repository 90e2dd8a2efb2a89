import { resolve as resolvePath } from 'node:path';
import type { CellModel } from '../../controller/domain/cell.ts';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import type { Fault, PathKey } from '../fault.ts';
import { pathText, valueText } from '../fault.ts';
import { faultsOfIssues, valueAt } from '../issues.ts';
import { faultAt, readSource } from '../source.ts';
import type { Source } from '../source.ts';
import { nearestName } from '../suggest.ts';
import { mapFaults } from './check-map.ts';
import { plcMapOf } from './map-model.ts';
import { PlcMapFile } from './schema-map.ts';

export type LoadMapResult =
  | { readonly status: 'loaded'; readonly map: PlcMap; readonly source: Source }
  | { readonly status: 'refused'; readonly faults: readonly Fault[] };

/** Reads a map file. Never throws; all its faults come together. */
export function loadPlcMap(path: string): LoadMapResult {
  const read = readSource(resolvePath(path));
  if (read.status === 'refused') return read;
  const { source } = read;
  const parsed = PlcMapFile.safeParse(source.value);
  const faults = [
    ...(parsed.success ? [] : faultsOfIssues(source, PlcMapFile, parsed.error.issues)),
    ...mapFaults(source),
  ];
  if (!parsed.success || faults.length > 0) return { status: 'refused', faults };
  return { status: 'loaded', map: plcMapOf(parsed.data), source };
}

type Names = Pick<CellModel, 'places' | 'arms'>;

/** What a map names that the cell does not have. */
export function mapInCellFaults(source: Source, cell: Names): readonly Fault[] {
  const faults: Fault[] = [];
  const places = cell.places.map(({ id }) => id);
  const arms = cell.arms.map(({ id }) => id);
  const need = (path: readonly PathKey[], name: unknown, known: readonly string[], what: string): void => {
    if (typeof name !== 'string' || known.includes(name)) return;
    const near = nearestName(name, known);
    faults.push(
      faultAt(source, path, {
        path: pathText(path),
        value: valueText(valueAt(source.value, path), path),
        problem: `is no ${what} of this cell`,
        remedy: near === null ? `the cell has ${known.join(', ')}` : `did you mean ${near}?`,
      }),
    );
  };
  entries(source, 'inputs').forEach((input, k) =>
    need(['inputs', k, 'place'], valueAt(input, ['place']), places, 'place'),
  );
  entries(source, 'handshakes').forEach((handshake, k) => {
    const served = valueAt(handshake, ['places']);
    for (const place of Object.keys(served as object)) {
      need(['handshakes', k, 'places', place], place, places, 'place');
      const kind = cell.places.find(({ id }) => id === place)?.kind;
      if (kind === undefined || kind === 'station') continue;
      const path = ['handshakes', k, 'places', place];
      faults.push(
        faultAt(source, path, {
          path: pathText(path),
          value: valueText(valueAt(source.value, path), path),
          problem: `is a ${kind}; a handshake brings empty order totes to stations`,
          remedy: 'name stations; what a storage tote holds is known to the storage system alone',
        }),
      );
    }
  });
  entries(source, 'zones').forEach((zone, k) => {
    const named = valueAt(zone, ['arms']);
    if (Array.isArray(named)) {
      named.forEach((arm: unknown, n) => need(['zones', k, 'arms', n], arm, arms, 'arm'));
    }
  });
  return faults;
}

function entries(source: Source, key: string): readonly unknown[] {
  const value = valueAt(source.value, [key]);
  return Array.isArray(value) ? value : [];
}
