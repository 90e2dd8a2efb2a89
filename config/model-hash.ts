import { createHash } from 'node:crypto';
import type { CellModel } from '../controller/domain/cell.ts';

/** SHA-256 of everything the core sees of a cell: the same hash means the same cell, whatever the files look like. */
export function modelHash(cell: CellModel): string {
  return createHash('sha256').update(canonical(cell)).digest('hex');
}

/** JSON with keys in order, so that equal data gives equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
