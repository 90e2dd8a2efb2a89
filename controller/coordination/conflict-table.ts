import { cellsMeet, visitConflicts } from './leg-conflicts.ts';
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

const NOTHING: readonly number[] = [];

/** @param marginM distance to be kept: the cell's clearance and what execution may deviate from the plan */
export function createConflictTable(marginM: number): ConflictTable {
  const moving = new WeakMap<SampledLeg, Map<SampledLeg, Offsets>>();
  const standing = new WeakMap<SampledLeg, Map<SampledLeg, readonly number[]>>();
  let pairs = 0;
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
    nextOffset: (a, b, offsetUs) => nextFree(a, b, remembered(moving, a, b, undecided), offsetUs, marginM),
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

/** Differences of two legs' starts, as far as they were asked for. */
interface Offsets {
  /** Number of the difference of no cells. */
  readonly zero: number;
  /** Differences in whole cells that are not known to be impossible. */
  readonly left: RunningOut;
  /** Per piece of `PIECE` differences whether all in it are decided. */
  readonly decided: Uint8Array;
}

/** Differences that are decided at once. */
const PIECE = 24;

function undecided(a: SampledLeg, b: SampledLeg): Offsets {
  if (a.stepUs !== b.stepUs) throw new Error('legs that are compared must be sampled alike');
  const size = a.cells + b.cells - 1;
  return {
    zero: b.cells - 1,
    left: new RunningOut(size),
    decided: new Uint8Array(Math.ceil(size / PIECE)),
  };
}

/** The first offset from one on at which legs do not meet. Offsets lie on the diagonals of cells around them, us. */
function nextFree(a: SampledLeg, b: SampledLeg, offsets: Offsets, offsetUs: number, marginM: number): number {
  const at = offsetUs / a.stepUs + offsets.zero;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  const fromLow = nextLeft(a, b, offsets, low, marginM);
  if (fromLow === low && (high === low || nextLeft(a, b, offsets, high, marginM) === high)) return offsetUs;
  let next = nextLeft(a, b, offsets, high, marginM);
  // Between two diagonals both have to be free; on one it alone.
  if (next < at) next = high;
  return (next - offsets.zero) * a.stepUs;
}

/** The first difference from one on at which legs do not meet. */
function nextLeft(a: SampledLeg, b: SampledLeg, offsets: Offsets, from: number, marginM: number): number {
  const { left, decided } = offsets;
  let at = from;
  while (at >= 0 && at < left.size) {
    const piece = Math.floor(at / PIECE);
    if (decided[piece] === 0) decide(a, b, offsets, piece, marginM);
    const next = left.next(at);
    if (next < (piece + 1) * PIECE) return next;
    at = (piece + 1) * PIECE;
  }
  return at;
}

/**
 * Decides a piece. When cells i and j of the legs meet, a difference of d cells is not possible for which b would be
 * where it meets a after a can no longer rest before, or the other way round. What is known already to be impossible
 * is not looked at closer.
 */
function decide(
  a: SampledLeg,
  b: SampledLeg,
  { zero, left, decided }: Offsets,
  piece: number,
  marginM: number,
): void {
  const least = piece * PIECE;
  const most = least + PIECE - 1;
  visitConflicts(
    a,
    b,
    marginM,
    1,
    (i0, i1, j0, j1) => {
      const from = Math.max(least, a.brakeCells[i0] - (j1 - 1) + zero);
      const last = Math.min(most, i1 - 1 - b.brakeCells[j0] + zero);
      return from <= last && left.next(from) <= last;
    },
    (i0, _, j0) => left.remove(a.brakeCells[i0] - j0 + zero, i0 - b.brakeCells[j0] + zero),
  );
  decided[piece] = 1;
}

/** Whole numbers from 0 on of which ever fewer are left, with the next one left found fast. */
class RunningOut {
  readonly size: number;
  readonly #next: Int32Array;

  constructor(size: number) {
    this.size = size;
    this.#next = Int32Array.from({ length: size + 1 }, (_, k) => k);
  }

  /** The first number left from `from` on; `size` when there is none. */
  next(from: number): number {
    const next = this.#next;
    let at = from;
    while (next[at] !== at) {
      next[at] = next[next[at]];
      at = next[at];
    }
    return at;
  }

  /** Takes out all from `from` to `last`, both included. */
  remove(from: number, last: number): void {
    for (let at = this.next(from); at <= last; at = this.next(at)) this.#next[at] = at + 1;
  }
}

function findSpans(stand: SampledLeg, leg: SampledLeg, marginM: number): readonly number[] {
  const hits: number[] = [];
  visitConflicts(
    stand,
    leg,
    marginM,
    1,
    () => true,
    (_, __, j) => hits.push(j),
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
    1,
    () => true,
    (i, _, j) => {
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
