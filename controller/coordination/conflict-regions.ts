import { conflictCells } from './conflict-table.ts';
import type { SampledLeg } from './leg-samples.ts';

/**
 * "Who goes first has passed `firstUs` before the other passes `thenUs`", both progress of their legs, us. At
 * `thenUs` itself the other may wait.
 */
export interface Passing {
  readonly firstUs: number;
  readonly thenUs: number;
}

/**
 * A connected part of the coordination diagram of two legs a and b (progress x progress; O'Donnell and Lozano-Perez,
 * ICRA 1989) in which they would be too close. Any execution passes it on one side: all of it with a first, or all of
 * it with b first, and `aFirst` or `bFirst` says what that demands: a staircase around the region.
 */
export interface ConflictRegion {
  /** Bounds of the region, us of progress. */
  readonly aFromUs: number;
  readonly aUntilUs: number;
  readonly bFromUs: number;
  readonly bUntilUs: number;
  readonly aFirst: readonly Passing[];
  readonly bFirst: readonly Passing[];
  /** Whether it holds the place where a, or b, ends: who is first there must be on its next leg. */
  readonly aEnds: boolean;
  readonly bEnds: boolean;
}

/** The regions in which two legs are closer than the margin. */
export function conflictRegions(a: SampledLeg, b: SampledLeg, marginM: number): ConflictRegion[] {
  const cells = conflictCells(a, b, marginM);
  if (cells === null) return [];
  const width = b.cells;
  const regions: ConflictRegion[] = [];
  for (let start = 0; start < cells.length; start += 1) {
    if (cells[start] !== 1) continue;
    const members = flood(cells, a.cells, width, start);
    regions.push(regionOf(a, b, members, width));
  }
  return regions;
}

/**
 * Takes all cells connected with `start` out of the diagram. Corners count, but for those between which both arms go
 * on at once: an execution may pass there.
 */
function flood(cells: Uint8Array, height: number, width: number, start: number): number[] {
  const members = [start];
  cells[start] = 0;
  for (const at of members) {
    const i = Math.floor(at / width);
    const j = at - i * width;
    for (let di = -1; di <= 1; di += 1) {
      for (let dj = -1; dj <= 1; dj += 1) {
        const [ni, nj] = [i + di, j + dj];
        if (di * dj < 0 || ni < 0 || nj < 0 || ni >= height || nj >= width) continue;
        const next = ni * width + nj;
        if (cells[next] !== 1) continue;
        cells[next] = 0;
        members.push(next);
      }
    }
  }
  return members;
}

function regionOf(a: SampledLeg, b: SampledLeg, members: readonly number[], width: number): ConflictRegion {
  const lastA = new Map<number, number>();
  const lastB = new Map<number, number>();
  let [i0, i1, j0, j1] = [Infinity, -1, Infinity, -1];
  for (const at of members) {
    const i = Math.floor(at / width);
    const j = at - i * width;
    lastA.set(j, Math.max(lastA.get(j) ?? -1, i));
    lastB.set(i, Math.max(lastB.get(i) ?? -1, j));
    i0 = Math.min(i0, i);
    i1 = Math.max(i1, i);
    j0 = Math.min(j0, j);
    j1 = Math.max(j1, j);
  }
  return {
    aFromUs: entryUs(a, i0),
    aUntilUs: exitUs(a, i1),
    bFromUs: entryUs(b, j0),
    bUntilUs: exitUs(b, j1),
    aFirst: staircase(a, b, lastA, j0, j1),
    bFirst: staircase(b, a, lastB, i0, i1),
    aEnds: i1 === a.cells - 1,
    bEnds: j1 === b.cells - 1,
  };
}

/** Progress before a cell: there the arm may still wait. */
function entryUs(leg: SampledLeg, cell: number): number {
  return Math.max(0, Math.floor((cell - 0.5) * leg.stepUs));
}

/** Progress before the last cell of a leg, us: the last place where the arm does not yet stand at its end. */
export function lastEntryUs(leg: SampledLeg): number {
  return entryUs(leg, leg.cells - 1);
}

/** Progress after a cell; of the last one the end of the leg, after which the next leg's own conflicts count. */
function exitUs(leg: SampledLeg, cell: number): number {
  return Math.min(leg.durationUs, Math.ceil((cell + 0.5) * leg.stepUs));
}

function staircase(
  first: SampledLeg,
  then: SampledLeg,
  last: ReadonlyMap<number, number>,
  from: number,
  until: number,
): Passing[] {
  const steps: Passing[] = [];
  let highest = -1;
  for (let cell = from; cell <= until; cell += 1) {
    const reached = last.get(cell);
    if (reached === undefined || reached <= highest) continue;
    highest = reached;
    steps.push({ firstUs: exitUs(first, reached), thenUs: entryUs(then, cell) });
  }
  return steps;
}
