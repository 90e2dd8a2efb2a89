import { nearest, partName } from './placement.ts';
import { placeAt } from './reach.ts';
import type { Reach } from './reach.ts';

/** How near two arms come to one another, whatever each of them does within its reach. */
export interface Separation {
  /** `near`: nearer than the limit. `undecided`: nothing nearer was found within the effort allowed. */
  readonly status: 'clear' | 'near' | 'undecided';
  /** Least distance found, m; from `watchedM` on it is not told apart. */
  readonly leastM: number;
  /** They are at least this far apart throughout, m: how far they may move before it has to be looked at again. */
  readonly boundM: number;
  /** The links that come nearest; null: none comes within what is watched. */
  readonly links: readonly [string, string] | null;
  /** Cells of the product of both reaches that were looked at. */
  readonly looks: number;
}

/** Distances above the limit by more than this are not measured, m. */
const WATCHED_BEYOND_M = 0.1;
/** Bounds beyond this are of no more use, m. */
const BOUND_BEYOND_M = 0.4;
/** Stretches of both reaches in which nothing moves further than this are not divided, m. */
const LEAF_M = 0.001;
const LOOKS_MAX = 20_000;

/**
 * Searches the product of two reaches for a place where the arms are nearer than `limitM`: looks at the middle of a
 * cell, and divides it unless the distance there is more than can be used up within the cell.
 */
export function separation(a: Reach, b: Reach, limitM: number): Separation {
  const beside = a.besideM + b.besideM;
  let leastM = limitM + WATCHED_BEYOND_M;
  let boundM = Infinity;
  let links: readonly [string, string] | null = null;
  let looks = 0;
  const cells: (readonly [number, number, number, number])[] = [[a.from, a.until, b.from, b.until]];
  while (cells.length > 0) {
    const [a0, a1, b0, b1] = cells.pop()!;
    if (looks >= LOOKS_MAX) return { status: 'undecided', leastM, boundM: -Infinity, links, looks };
    looks += 1;
    const am = Math.floor((a0 + a1) / 2);
    const bm = Math.floor((b0 + b1) / 2);
    const spreadA = a0 === a1 ? 0 : Math.max(a.travelM(a0, am), a.travelM(am, a1));
    const spreadB = b0 === b1 ? 0 : Math.max(b.travelM(b0, bm), b.travelM(bm, b1));
    const spreadM = spreadA + spreadB;
    const capM = limitM + beside + spreadM + BOUND_BEYOND_M;
    const one = placeAt(a, am);
    const other = placeAt(b, bm);
    const found = nearest(one, other, capM);
    const distanceM = found.distanceM - beside;
    if (distanceM < leastM) {
      leastM = distanceM;
      links = [partName(one, found.partA), partName(other, found.partB)];
      if (distanceM < limitM) return { status: 'near', leastM, boundM: -Infinity, links, looks };
    }
    const lowestM = distanceM - spreadM;
    if (lowestM >= limitM || spreadM <= LEAF_M || (a1 - a0 <= 1 && b1 - b0 <= 1)) {
      boundM = Math.min(boundM, lowestM);
      continue;
    }
    if (spreadA >= spreadB && a1 - a0 > 1) cells.push([am, a1, b0, b1], [a0, am, b0, b1]);
    else if (b1 - b0 > 1) cells.push([a0, a1, bm, b1], [a0, a1, b0, bm]);
    else cells.push([am, a1, b0, b1], [a0, am, b0, b1]);
  }
  return { status: 'clear', leastM, boundM, links, looks };
}
