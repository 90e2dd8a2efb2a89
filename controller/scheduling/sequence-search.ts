import { seededRandom } from '../../arms/geometry/random.ts';
import type { TaskWay } from './motion-library.ts';
import type { Beginning } from './sequence-cost.ts';
import { doneS, insertions } from './sequence-cost.ts';
import type { TaskOptions } from './task-options.ts';

/** Sequences that are being worked on. */
export type Draft = TaskWay[][];

/**
 * Gives tasks to arms by regret insertion: next is always the task that would lose most by not having its best arm.
 * The draft is changed in place.
 */
function insertAll(
  options: TaskOptions,
  beginning: Beginning,
  draft: Draft,
  tasks: readonly number[],
  targetS: number,
  random: () => number,
  skip: number,
): void {
  const loads = loadsOf(options, beginning, draft);
  const placesOf = (task: number, chance: number): ReturnType<typeof insertions> =>
    insertions(options, beginning, draft, loads, targetS, task, random, chance);
  const left = new Map(tasks.map((task) => [task, placesOf(task, skip)]));
  while (left.size > 0) {
    let chosen = -1;
    let most = -Infinity;
    for (const [task, places] of left) {
      const first = places[0]?.cost ?? 0;
      const regret = places.length > 1 ? places[1].cost - first : REGRET_ALONE_S + first;
      if (regret > most) {
        most = regret;
        chosen = task;
      }
    }
    let places = left.get(chosen)!;
    left.delete(chosen);
    if (places.length === 0) places = placesOf(chosen, 0);
    const [{ armIndex, at, way, addedS }] = places;
    draft[armIndex].splice(at, 0, way);
    loads[armIndex] += addedS;
    for (const [task, before] of left) {
      if (before.length > 0 && !before.some((place) => place.armIndex === armIndex)) continue;
      left.set(task, placesOf(task, skip));
    }
  }
}

/** A task that only one arm can do is given before those that have a choice, s. */
const REGRET_ALONE_S = 100;

function loadsOf({ library }: TaskOptions, beginning: Beginning, draft: Draft): number[] {
  return draft.map((sequence, arm) => doneS(library, beginning, arm, sequence));
}

/** Length of removed strings at most. */
const STRING_MAX = 8;

/**
 * Takes about so many tasks out around one of them: strings of tasks from arms that work near it at about that time.
 * Returns those taken out.
 */
function ruin(
  options: TaskOptions,
  beginning: Beginning,
  draft: Draft,
  about: number,
  seedTask: number,
  random: () => number,
): number[] {
  const { library } = options;
  const { tasks } = library;
  const seed = tasks[seedTask];
  let seedAt = 0;
  const clocks = draft.map((sequence, arm) => {
    let clock = beginning.freeS[arm];
    let spot = beginning.spots[arm];
    return sequence.map((way) => {
      clock += library.stepS(arm, spot, way);
      spot = way.place;
      if (way.taskIndex === seedTask) seedAt = clock;
      return clock;
    });
  });
  const spots = draft.flatMap((sequence, arm) => {
    let best = { arm, at: -1, distance: Infinity };
    sequence.forEach((way, at) => {
      const task = tasks[way.taskIndex];
      const away =
        Math.min(
          apart(task.pickM, seed.pickM),
          apart(task.placeM, seed.placeM),
          apart(task.pickM, seed.placeM),
        ) +
        Math.abs(clocks[arm][at] - seedAt) * SECONDS_TO_M;
      if (away < best.distance) best = { arm, at, distance: away };
    });
    return best.at >= 0 ? [best] : [];
  });
  spots.sort((a, b) => a.distance - b.distance);
  const removed: number[] = [];
  for (const { arm, at } of spots) {
    if (removed.length >= about) break;
    const sequence = draft[arm];
    const most = Math.min(sequence.length, 1 + Math.floor(random() * STRING_MAX));
    const length = Math.min(most, about - removed.length + 1);
    const from = Math.max(0, Math.min(sequence.length - length, at - Math.floor(random() * length)));
    for (const way of sequence.splice(from, length)) removed.push(way.taskIndex);
  }
  return removed;
}

/** How much a second apart in time counts as being apart in space, m. */
const SECONDS_TO_M = 0.02;

function apart(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** What sequences are judged by, s: when the last is done, and a little when the others are. */
export function looseCost(loads: readonly number[]): number {
  let most = 0;
  let sum = 0;
  let squares = 0;
  for (const load of loads) {
    most = Math.max(most, load);
    sum += load;
    squares += load * load;
  }
  return most + 0.1 * (sum / loads.length) + 0.1 * Math.sqrt(squares / loads.length);
}

/** Regret insertion of all tasks into empty sequences. */
export function firstSequences(options: TaskOptions, beginning: Beginning): Draft {
  const { library, byTask } = options;
  const draft: Draft = library.arms.map(() => []);
  const tasks = byTask.flatMap((arms, task) => (arms.length > 0 ? [task] : []));
  let least = 0;
  for (const task of tasks) {
    least += Math.min(...byTask[task].flatMap(({ ways }) => ways.map((way) => way.carry.durationUs * 1e-6)));
  }
  const target = (least / library.arms.length) * EMPTY_MOVES;
  insertAll(options, beginning, draft, tasks, target, seededRandom(1), 0);
  return draft;
}

/** Work with its empty moves, as a multiple of the carries alone. */
const EMPTY_MOVES = 1.5;

/**
 * Makes sequences better while arms do not mind one another: ruin and recreate with simulated annealing on known and
 * estimated times (Schrimpf et al., J. Comp. Physics 2000; Christiaens and Vanden Berghe 2020).
 *
 * @param iterations ruins; never a time
 */
export function improveSequences(
  options: TaskOptions,
  beginning: Beginning,
  start: Draft,
  iterations: number,
  temperaturesS: readonly [number, number],
  random: () => number,
): Draft {
  let best = start;
  const tasks = start.flat().map((way) => way.taskIndex);
  if (tasks.length < 2) return best;
  let loads = loadsOf(options, beginning, best);
  let bestCost = looseCost(loads);
  let current = best;
  let currentCost = bestCost;
  const cooling = Math.log(temperaturesS[1] / temperaturesS[0]);
  for (let n = 0; n < iterations; n += 1) {
    const temperature = temperaturesS[0] * Math.exp((cooling * n) / iterations);
    const target = Math.max(...loads) * 0.97;
    const draft = current.map((sequence) => [...sequence]);
    const seedTask = tasks[Math.floor(random() * tasks.length)];
    const removed = ruin(options, beginning, draft, 2 + Math.floor(random() * 12), seedTask, random);
    insertAll(options, beginning, draft, removed, target, random, BLINK);
    loads = loadsOf(options, beginning, draft);
    const cost = looseCost(loads);
    if (cost < currentCost - temperature * Math.log(random() + 1e-12)) {
      current = draft;
      currentCost = cost;
    }
    if (cost < bestCost) {
      best = draft;
      bestCost = cost;
    }
  }
  return best;
}

/** Chance of passing over a place. */
const BLINK = 0.03;
