import { cellsMeet, visitConflicts } from './leg-conflicts.ts';
import type { SampledLeg } from './leg-samples.ts';

/**
 * What two legs have to do with one another, found once and kept. The legs given in must be kept by the caller: they
 * are known by identity.
 */
export interface ConflictTable {
  /**
   * Differences `start of b - start of a`, us, at which the two legs, both driven at their nominal rate, would
   * somewhere be closer than the margin: open intervals, flat, ascending and disjoint.
   */
  offsets(a: SampledLeg, b: SampledLeg): readonly number[];
  /** Progress of `leg`, us, during which it is too close to an arm standing as in `stand`: likewise. */
  spans(stand: SampledLeg, leg: SampledLeg): readonly number[];
  /** Whether two arms that stand are too close. */
  meets(a: SampledLeg, b: SampledLeg): boolean;
  /** Pairs looked at so far. */
  readonly pairs: number;
}

const NOTHING: readonly number[] = [];

/** @param marginM distance to be kept: the cell's clearance and what execution may deviate from the plan */
export function createConflictTable(marginM: number): ConflictTable {
  const known = new WeakMap<SampledLeg, WeakMap<SampledLeg, readonly number[]>>();
  let pairs = 0;
  const remembered = (
    a: SampledLeg,
    b: SampledLeg,
    find: (a: SampledLeg, b: SampledLeg, marginM: number) => readonly number[],
  ): readonly number[] => {
    let row = known.get(a);
    if (row === undefined) {
      row = new WeakMap();
      known.set(a, row);
    }
    let found = row.get(b);
    if (found === undefined) {
      pairs += 1;
      found = find(a, b, marginM);
      row.set(b, found);
    }
    return found;
  };
  return {
    offsets: (a, b) => remembered(a, b, findOffsets),
    spans: (stand, leg) => remembered(stand, leg, findSpans),
    meets: (a, b) => remembered(a, b, findSpans).length > 0,
    get pairs() {
      return pairs;
    },
  };
}

/** Difference of progress `i - j` of two cells that meet, counted from 0; one flag per diagonal of the diagram. */
function findOffsets(a: SampledLeg, b: SampledLeg, marginM: number): readonly number[] {
  if (a.stepUs !== b.stepUs) throw new Error('legs that are compared must be sampled alike');
  const shift = b.cells - 1;
  const diagonals = new Uint8Array(a.cells + shift);
  let any = false;
  visitConflicts(
    a,
    b,
    marginM,
    (i0, i1, j0, j1) => {
      // A diagonal that is known to be bad teaches nothing more.
      const last = i1 - 1 - j0 + shift;
      for (let d = i0 - (j1 - 1) + shift; d <= last; d += 1) if (diagonals[d] === 0) return true;
      return false;
    },
    (i, j) => {
      diagonals[i - j + shift] = 1;
      any = true;
    },
  );
  if (!any) return NOTHING;
  const bands: number[] = [];
  for (let d = 0; d < diagonals.length; d += 1) {
    if (diagonals[d] === 0) continue;
    // Cells reach half a step to either side of their instants.
    const low = (d - shift - 1) * a.stepUs;
    const high = (d - shift + 1) * a.stepUs;
    if (bands.length > 0 && low < bands[bands.length - 1]) bands[bands.length - 1] = high;
    else bands.push(low, high);
  }
  return bands;
}

function findSpans(stand: SampledLeg, leg: SampledLeg, marginM: number): readonly number[] {
  const hits: number[] = [];
  visitConflicts(
    stand,
    leg,
    marginM,
    () => true,
    (_, j) => hits.push(j),
  );
  if (hits.length === 0) return NOTHING;
  hits.sort((a, b) => a - b);
  const spans: number[] = [];
  let before = -2;
  for (const j of hits) {
    const until = Math.min(leg.durationUs, (j + 0.5) * leg.stepUs);
    if (j === before + 1) spans[spans.length - 1] = until;
    else spans.push(Math.max(0, (j - 0.5) * leg.stepUs), until);
    before = j;
  }
  return spans;
}

/** The pairs of cells of two legs that may be closer than the margin, as one flag per pair, row by row of `a`. */
export function conflictCells(a: SampledLeg, b: SampledLeg, marginM: number): Uint8Array {
  const cells = new Uint8Array(a.cells * b.cells);
  visitConflicts(a, b, marginM, () => true, (i, j) => (cells[i * b.cells + j] = 1)); // prettier-ignore
  return cells;
}

/** The same for two cells alone. */
export function isConflict(a: SampledLeg, i: number, b: SampledLeg, j: number, marginM: number): boolean {
  return cellsMeet(a, i, b, j, marginM);
}
