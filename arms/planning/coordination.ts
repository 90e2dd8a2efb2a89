import type { SweptPath } from './swept-path.ts';
import { placementAt, travelBetween } from './swept-path.ts';
import { armDistanceBound, placeTeamBody } from './team-body.ts';

/** Halvings of a step in search of a contact between its ends, before the step is given up as blocked. */
const HALVINGS_MAX = 2;

/** Which steps two arms may take at once along their paths: what scheduling asks. */
export interface PairTable {
  /**
   * Whether the first arm may go from sample i to i2 and the second from j to j2 at once, each a neighbour of the other
   * or the same, and keep the distance all the while.
   */
  readonly mayStep: (i: number, i2: number, j: number, j2: number) => boolean;
}

/** A table from the kernel's conflict matrix: a bit for each pair of samples that may come too near. */
export function bitTable(bits: Uint8Array, rowBytes: number): PairTable {
  const isClear = (i: number, j: number): boolean => ((bits[i * rowBytes + (j >> 3)] >> (j & 7)) & 1) === 0;
  return {
    mayStep: (i, i2, j, j2) =>
      isClear(i, j) && isClear(i2, j2) && (i === i2 || j === j2 || (isClear(i, j2) && isClear(i2, j))),
  };
}

/**
 * A table that measures where it is asked: slower, but exact down to the last millimetre, for arms that start or end
 * close to one another. What is far apart is told for some steps around at once.
 */
interface MeasuredPair {
  readonly first: SweptPath;
  readonly second: SweptPath;
  /** Longest step of either, and the distance to be kept, m. */
  readonly stepM: number;
  readonly needM: number;
  /** Distance at (sample of first, sample of second), m; NaN: not known yet. Lower bounds where inferred. */
  readonly distances: Float32Array;
  /** Scratch for configurations between samples. */
  readonly q: Float64Array;
  readonly placeA: Float64Array;
  readonly placeB: Float64Array;
}

export function measuredTable(first: SweptPath, second: SweptPath, stepM: number, needM: number): PairTable {
  const pair: MeasuredPair = {
    first,
    second,
    stepM,
    needM,
    distances: new Float32Array(first.count * second.count).fill(NaN),
    q: new Float64Array(8),
    placeA: new Float64Array(first.team.placementSize),
    placeB: new Float64Array(second.team.placementSize),
  };
  return { mayStep: (i, i2, j, j2) => isStepFree(pair, i, i2, j, j2) };
}

/** A lower bound of the distance at samples (i, j), exact where it matters. */
function distanceAt(table: MeasuredPair, i: number, j: number): number {
  const { first, second, distances, stepM, needM } = table;
  const width = second.count;
  const known = distances[i * width + j];
  if (known === known) return known;
  const a = placementAt(first, i);
  const b = placementAt(second, j);
  const distance = armDistanceBound(
    first.team,
    first.placements,
    a,
    second.team,
    second.placements,
    b,
    needM,
  );
  distances[i * width + j] = distance;
  // Each step of either arm takes at most stepM off.
  const reach = Math.floor((distance - needM) / stepM) - 1;
  for (let di = -reach; di <= reach; di += 1) {
    const row = i + di;
    if (row < 0 || row >= first.count) continue;
    const rest = reach - Math.abs(di);
    const from = Math.max(0, j - rest);
    const until = Math.min(width - 1, j + rest);
    for (let col = from; col <= until; col += 1) {
      const at = row * width + col;
      if (distances[at] === distances[at]) continue;
      distances[at] = distance - stepM * (Math.abs(di) + Math.abs(col - j));
    }
  }
  return distance;
}

export function isStepFree(table: MeasuredPair, i: number, i2: number, j: number, j2: number): boolean {
  const { needM } = table;
  const d0 = distanceAt(table, i, j);
  if (d0 < needM) return false;
  const d1 = i === i2 && j === j2 ? d0 : distanceAt(table, i2, j2);
  if (d1 < needM) return false;
  const travel = travelBetween(table.first, i, i2) + travelBetween(table.second, j, j2);
  // Somewhere in between the distance is at least (d0 + d1 - travel) / 2.
  if (d0 + d1 - travel >= 2 * needM) return true;
  return isBetweenFree(table, i, i2, j, j2, 0, 1, d0, d1, travel, needM, HALVINGS_MAX);
}

function isBetweenFree(
  table: MeasuredPair,
  i: number,
  i2: number,
  j: number,
  j2: number,
  from: number,
  until: number,
  d0: number,
  d1: number,
  travel: number,
  needM: number,
  halvings: number,
): boolean {
  if (d0 + d1 - travel >= 2 * needM) return true;
  if (halvings === 0) return false;
  const middle = (from + until) / 2;
  const { first, second, q, placeA, placeB } = table;
  for (const [path, out, k, k2] of [
    [first, placeA, i, i2],
    [second, placeB, j, j2],
  ] as const) {
    const n = path.jointCount;
    for (let l = 0; l < n; l += 1) {
      const start = path.positions[k * n + l];
      q[l] = start + (path.positions[k2 * n + l] - start) * middle;
    }
    placeTeamBody(path.team, q, 0, out, 0);
  }
  const d = armDistanceBound(first.team, placeA, 0, second.team, placeB, 0, needM);
  if (d < needM) return false;
  return (
    isBetweenFree(table, i, i2, j, j2, from, middle, d0, d, travel / 2, needM, halvings - 1) &&
    isBetweenFree(table, i, i2, j, j2, middle, until, d, d1, travel / 2, needM, halvings - 1)
  );
}

/** Where an arm is on its path at each tick; past the last entry it rests at that sample. */
export type Schedule = readonly number[];

export function sampleAtTick(schedule: Schedule, tick: number): number {
  return schedule[tick < schedule.length ? tick : schedule.length - 1];
}

/** An arm that already has its schedule, as seen by the one that is being scheduled. */
export interface Scheduled {
  readonly schedule: Schedule;
  readonly table: PairTable;
  /** Which of the table's two paths is that of the arm being scheduled. */
  readonly own: 'first' | 'second';
  /** From this tick on the other arm does not count: it will have moved by then, nobody knows where to yet. */
  readonly untilTick: number;
}

/** How an arm that goes one step back is priced, in ticks: waiting in place is better. */
const BACK_COST = 6;

export interface ScheduleSearch {
  readonly path: SweptPath;
  readonly others: readonly Scheduled[];
  /** States looked at before giving up. */
  readonly statesMax: number;
}

export type ScheduleOutcome =
  | { readonly status: 'scheduled'; readonly schedule: Schedule; readonly states: number }
  /** `blockers` counts, per other arm, the steps it forbade. */
  | { readonly status: 'blocked'; readonly blockers: readonly number[]; readonly states: number };

/**
 * When to go along a path of its own so that an arm meets none of those already scheduled: a search over (tick, sample)
 * whose steps are one sample on, none, or one back; earliest arrival first.
 */
export function searchSchedule(search: ScheduleSearch): ScheduleOutcome {
  const { path, others, statesMax } = search;
  const goal = path.count - 1;
  let horizon = 1;
  for (const { schedule, untilTick } of others) {
    horizon = Math.max(horizon, schedule.length, untilTick === Infinity ? 0 : untilTick);
  }
  // When all others rest, time no longer matters: ticks past the horizon are one layer each way along the path.
  const layers = horizon + path.count + 1;
  const width = path.count;
  const parents = new Int8Array(layers * width).fill(2);
  const buckets: number[][] = [[0]];
  parents[0] = 0;
  const blockers = others.map(() => 0);
  let states = 0;
  const tryStep = (tick: number, s: number, s2: number): boolean => {
    for (let o = 0; o < others.length; o += 1) {
      const { schedule, table, own, untilTick } = others[o];
      if (tick >= untilTick) continue;
      const j = sampleAtTick(schedule, tick);
      const j2 = sampleAtTick(schedule, tick + 1);
      const free = own === 'first' ? table.mayStep(s, s2, j, j2) : table.mayStep(j, j2, s, s2);
      if (!free) {
        blockers[o] += 1;
        return false;
      }
    }
    return true;
  };
  /** From here on everybody else stands still or goes on: resting at the goal must be free to the end. */
  const mayRest = (tick: number): boolean => {
    for (let t = tick; t < horizon; t += 1) if (!tryStep(t, goal, goal)) return false;
    return true;
  };
  for (let cost = 0; cost < buckets.length; cost += 1) {
    const bucket = buckets[cost];
    while (bucket !== undefined && bucket.length > 0) {
      const state = bucket.pop()!;
      const tick = Math.floor(state / width);
      const s = state - tick * width;
      states += 1;
      if (states > statesMax) return { status: 'blocked', blockers, states };
      if (s === goal && mayRest(tick))
        return { status: 'scheduled', schedule: trace(parents, width, tick), states };
      if (tick + 1 >= layers) continue;
      for (let move = 1; move >= -1; move -= 1) {
        const s2 = s + move;
        if (s2 < 0 || s2 > goal) continue;
        // With all others at rest, only going on makes sense.
        if (tick >= horizon && move !== 1) continue;
        const next = (tick + 1) * width + s2;
        if (parents[next] !== 2) continue;
        if (!tryStep(tick, s, s2)) continue;
        parents[next] = move;
        const price = cost + (move === 1 ? 0 : move === 0 ? 1 : BACK_COST);
        (buckets[price] ??= []).push(next);
      }
    }
  }
  return { status: 'blocked', blockers, states };
}

function trace(parents: Int8Array, width: number, tick: number): Schedule {
  const schedule = new Array<number>(tick + 1);
  let s = width - 1;
  for (let t = tick; t >= 0; t -= 1) {
    schedule[t] = s;
    if (t > 0) s -= parents[t * width + s];
  }
  return schedule;
}
