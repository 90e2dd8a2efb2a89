import { cellsMeet, meetOnDiagonal, visitConflicts } from './leg-conflicts.ts';
import type { SampledLeg } from './leg-samples.ts';

/**
 * What two legs have to do with one another, found once and kept. The legs given in must be kept by the caller: they
 * are known by identity.
 */
export interface ConflictTable {
  /**
   * The least difference `start of b - start of a`, us, from `offsetUs` on at which the two legs, both driven at their
   * nominal rate, always keep the margin, and would if either of them stopped on its path.
   */
  nextOffset(a: SampledLeg, b: SampledLeg, offsetUs: number): number;
  /** Progress of `leg`, us, during which it is too close to an arm standing as in `stand`: pairs, flat, ascending. */
  spans(stand: SampledLeg, leg: SampledLeg): readonly number[];
  /** Whether two arms that stand are too close. */
  meets(a: SampledLeg, b: SampledLeg): boolean;
  /** Whether the two could meet at all, by their bounds: quicker than asking. */
  mayMeet(a: SampledLeg, b: SampledLeg): boolean;
  /** Pairs looked at so far. */
  readonly pairs: number;
}

/** What is known of two legs that move: per diagonal of their diagram whether they meet on it. */
interface Diagonals {
  /** Diagonal `i - j` is number `i - j + shift`. */
  readonly shift: number;
  readonly known: Uint8Array;
  /** Cell of `a` in which they met last: where the next diagonal is looked at first. */
  hit: number;
}

/** Diagonals beyond the legs' own that matter: an arm that is not there yet may be on its way. Cells. */
const REACH = 60;

const FREE = 1;
const MEETS = 2;

const NOTHING: readonly number[] = [];

/** @param marginM distance to be kept: the cell's clearance and what execution may deviate from the plan */
export function createConflictTable(marginM: number): ConflictTable {
  const moving = new WeakMap<SampledLeg, Map<SampledLeg, Diagonals>>();
  const standing = new WeakMap<SampledLeg, Map<SampledLeg, readonly number[]>>();
  let pairs = 0;
  const diagonals = (a: SampledLeg, b: SampledLeg): Diagonals => {
    if (a.stepUs !== b.stepUs) throw new Error('legs that are compared must be sampled alike');
    return { shift: b.cells - 1 + REACH, known: new Uint8Array(a.cells + b.cells - 1 + 2 * REACH), hit: -1 };
  };
  const remembered = <T>(
    memory: WeakMap<SampledLeg, Map<SampledLeg, T>>,
    a: SampledLeg,
    b: SampledLeg,
    make: (a: SampledLeg, b: SampledLeg, marginM: number) => T,
  ): T => {
    let row = memory.get(a);
    if (row === undefined) {
      row = new Map();
      memory.set(a, row);
    }
    let found = row.get(b);
    if (found === undefined) {
      pairs += 1;
      found = make(a, b, marginM);
      row.set(b, found);
    }
    return found;
  };
  const spans = (stand: SampledLeg, leg: SampledLeg): readonly number[] =>
    remembered(standing, stand, leg, findSpans);
  return {
    nextOffset: (a, b, offsetUs) => nextFree(a, b, remembered(moving, a, b, diagonals), offsetUs, marginM),
    spans,
    mayMeet: ({ bounds: p }, { bounds: q }) =>
      p[0] < q[3] + marginM &&
      p[1] < q[4] + marginM &&
      p[2] < q[5] + marginM &&
      q[0] < p[3] + marginM &&
      q[1] < p[4] + marginM &&
      q[2] < p[5] + marginM,
    meets: (a, b) => spans(a, b).length > 0,
    get pairs() {
      return pairs;
    },
  };
}

/** Cells by which a start is put off while the legs meet: fewer are more exact and slower. */
const SWEEP_CELLS = 3;

/** Cells reach half a step to either side of their instants: an offset lies on the diagonals around it. */
function nextFree(
  a: SampledLeg,
  b: SampledLeg,
  diagonals: Diagonals,
  offsetUs: number,
  marginM: number,
): number {
  let offset = offsetUs;
  for (;;) {
    const at = offset / a.stepUs;
    const high = Math.ceil(at);
    if (meets(a, b, diagonals, high, marginM)) offset = (high + SWEEP_CELLS) * a.stepUs;
    else if (high !== at && meets(a, b, diagonals, high - 1, marginM))
      offset = (high - 1 + SWEEP_CELLS) * a.stepUs;
    else return offset;
  }
}

function meets(a: SampledLeg, b: SampledLeg, diagonals: Diagonals, d: number, marginM: number): boolean {
  const { shift, known, hit } = diagonals;
  const at = d + shift;
  if (at < 0 || at >= known.length) return false;
  if (known[at] !== 0) return known[at] === MEETS;
  const j = hit - d;
  const again = hit >= 0 && hit < a.cells && j >= 0 && j < b.cells && cellsMeet(a, hit, b, j, marginM);
  const cell = again ? hit : meetOnDiagonal(a, b, d, marginM);
  known[at] = cell >= 0 ? MEETS : FREE;
  if (cell >= 0) diagonals.hit = cell;
  return cell >= 0;
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

/**
 * The pairs of cells of two legs that may be closer than the margin, as one flag per pair, row by row of `a`; null
 * when there are none.
 */
export function conflictCells(a: SampledLeg, b: SampledLeg, marginM: number): Uint8Array | null {
  let cells: Uint8Array | null = null;
  visitConflicts(
    a,
    b,
    marginM,
    () => true,
    (i, j) => {
      cells ??= new Uint8Array(a.cells * b.cells);
      cells[i * b.cells + j] = 1;
    },
  );
  return cells;
}

/** The same for two cells alone. */
export function isConflict(a: SampledLeg, i: number, b: SampledLeg, j: number, marginM: number): boolean {
  return cellsMeet(a, i, b, j, marginM);
}
