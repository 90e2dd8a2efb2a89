import { nearest, partName } from './placement.ts';
import type { Nearest } from './placement.ts';
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

/** Distances above the limit by more than this are not measured, and bounds not told apart, m. */
const WATCHED_BEYOND_M = 0.1;
/** Where nothing nearer is found, and nothing can be by more than this, a cell is not divided, m. */
const LEAF_M = 0.001;
const LOOKS_MAX = 20_000;

/** A part of the product of two reaches, looked at in its middle. */
interface Cell {
  readonly a: readonly [number, number, number];
  readonly b: readonly [number, number, number];
  readonly found: Nearest;
}

const turnsA = new Float64Array(16);
const turnsB = new Float64Array(16);

/**
 * Searches the product of two reaches for a place where the arms are nearer than `limitM`: looks at the middle of a
 * cell, and divides it unless the distance there is more than can be used up within the cell. Nearer halves first.
 */
export function separation(a: Reach, b: Reach, limitM: number): Separation {
  const beside = a.besideM + b.besideM;
  let leastM = limitM + WATCHED_BEYOND_M;
  let boundM = Infinity;
  let links: readonly [string, string] | null = null;
  let looks = 0;
  const look = (a0: number, a1: number, b0: number, b1: number): Cell => {
    looks += 1;
    const am = Math.floor((a0 + a1) / 2);
    const bm = Math.floor((b0 + b1) / 2);
    a.turns(a0, am, a1, turnsA);
    b.turns(b0, bm, b1, turnsB);
    const one = placeAt(a, am);
    const other = placeAt(b, bm);
    const capM = limitM + beside + WATCHED_BEYOND_M;
    const found = nearest(one, other, turnsA, turnsB, capM, capM);
    if (found.partA >= 0 && found.distanceM - beside < leastM) {
      leastM = found.distanceM - beside;
      links = [partName(one, found.partA), partName(other, found.partB)];
    }
    return { a: [a0, am, a1], b: [b0, bm, b1], found };
  };
  const cells = [look(a.from, a.until, b.from, b.until)];
  for (let cell = cells.pop(); cell !== undefined && leastM >= limitM; cell = cells.pop()) {
    if (looks >= LOOKS_MAX) return { status: 'undecided', leastM, boundM: -Infinity, links, looks };
    const [a0, am, a1] = cell.a;
    const [b0, bm, b1] = cell.b;
    const { lowestM, swingAM, swingBM } = cell.found;
    if (lowestM - beside >= limitM - LEAF_M || (a1 - a0 <= 1 && b1 - b0 <= 1)) {
      boundM = Math.min(boundM, lowestM - beside);
      continue;
    }
    const dividesA = a1 - a0 > 1 && (swingAM >= swingBM || b1 - b0 <= 1);
    const one = dividesA ? look(a0, am, b0, b1) : look(a0, a1, b0, bm);
    const other = dividesA ? look(am, a1, b0, b1) : look(a0, a1, bm, b1);
    if (one.found.distanceM < other.found.distanceM) cells.push(other, one);
    else cells.push(one, other);
  }
  const status = leastM < limitM ? 'near' : 'clear';
  return { status, leastM, boundM: status === 'near' ? -Infinity : boundM, links, looks };
}
