import type { SweptPath } from './swept-path.ts';

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
