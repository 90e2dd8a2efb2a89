import { seededRandom } from '../../arms/geometry/random.ts';
import type { Sequences } from './decode.ts';
import type { TaskWay } from './motion-library.ts';
import { insertions, loadS, stepS } from './sequence-cost.ts';
import type { TaskOptions } from './task-options.ts';

/** A sequence search in progress: which tasks are given to whom in which order. */
export type Draft = TaskWay[][];

/**
 * Gives tasks to arms by regret insertion: next is always the task that would lose most by not having its best arm.
 * Draft and loads are changed in place.
 */
export function insertAll(
  options: TaskOptions,
  draft: Draft,
  tasks: readonly number[],
  targetS: number,
  random: () => number,
  skip: number,
): void {
  const { library } = options;
  const loads = draft.map((sequence, arm) => loadS(library, arm, sequence));
  const left = new Map(
    tasks.map((task) => [task, insertions(options, draft, loads, targetS, task, random, skip)]),
  );
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
    if (places.length === 0) places = insertions(options, draft, loads, targetS, chosen, random, 0);
    const [{ armIndex, at, way, addedS }] = places;
    draft[armIndex].splice(at, 0, way);
    loads[armIndex] += addedS;
    for (const [task, before] of left) {
      if (before.length > 0 && !before.some((place) => place.armIndex === armIndex)) continue;
      left.set(task, insertions(options, draft, loads, targetS, task, random, skip));
    }
  }
}

/** A task that only one arm can do is given before those that have a choice, s. */
const REGRET_ALONE_S = 100;

/** Length of removed strings at most, and how many tasks one ruin takes about. */
const STRING_MAX = 8;

/**
 * Takes tasks out around one of them: strings of tasks from arms whose work at that time is near it. Returns those
 * taken out.
 */
export function ruin(
  options: TaskOptions,
  draft: Draft,
  about: number,
  seedTask: number,
  random: () => number,
): number[] {
  const { tasks } = options.library;
  const spots: { readonly arm: number; readonly at: number; readonly distance: number }[] = [];
  const seed = tasks[seedTask];
  const seedAt = timeOf(options, draft, seedTask);
  draft.forEach((sequence, arm) => {
    let clock = 0;
    let before: TaskWay | null = null;
    let best = { arm, at: -1, distance: Infinity };
    sequence.forEach((way, at) => {
      clock += stepS(options.library, arm, before, way);
      before = way;
      const task = tasks[way.taskIndex];
      const away =
        Math.min(
          apart(task.pickM, seed.pickM),
          apart(task.placeM, seed.placeM),
          apart(task.pickM, seed.placeM),
        ) +
        Math.abs(clock - seedAt) * SECONDS_TO_M;
      if (away < best.distance) best = { arm, at, distance: away };
    });
    if (best.at >= 0) spots.push(best);
  });
  spots.sort((a, b) => a.distance - b.distance);
  const removed: number[] = [];
  for (const { arm, at } of spots) {
    if (removed.length >= about) break;
    const sequence = draft[arm];
    const length = Math.min(
      sequence.length,
      1 + Math.floor(random() * STRING_MAX),
      about - removed.length + 1,
    );
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

function timeOf(options: TaskOptions, draft: Draft, task: number): number {
  for (let arm = 0; arm < draft.length; arm += 1) {
    let clock = 0;
    let before: TaskWay | null = null;
    for (const way of draft[arm]) {
      clock += stepS(options.library, arm, before, way);
      before = way;
      if (way.taskIndex === task) return clock;
    }
  }
  return 0;
}

/** What a draft is judged by where nobody is in anybody's way, s: the longest load, and a little the others. */
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

/**
 * Sequences that are good while arms do not mind one another: regret insertion, then ruin and recreate with simulated
 * annealing on estimated times. The start for the search that minds them.
 *
 * @param iterations ruins; never a time
 */
export function looseSequences(options: TaskOptions, iterations: number, seed: number): Draft {
  const { library, byTask } = options;
  const random = seededRandom(seed);
  const tasks = byTask.flatMap((arms, task) => (arms.length > 0 ? [task] : []));
  let best: Draft = library.arms.map(() => []);
  if (tasks.length === 0) return best;
  const least = tasks.reduce(
    (sum, task) =>
      sum + Math.min(...byTask[task].flatMap(({ ways }) => ways.map((w) => w.carry.durationUs * 1e-6))),
    0,
  );
  let target = (least / library.arms.length) * 1.5;
  insertAll(options, best, tasks, target, random, 0);
  const loadsOf = (draft: Draft): number[] => draft.map((sequence, arm) => loadS(library, arm, sequence));
  let loads = loadsOf(best);
  let bestCost = looseCost(loads);
  let current = best;
  let currentCost = bestCost;
  for (let n = 0; n < iterations; n += 1) {
    const share = n / iterations;
    const temperature =
      START_TEMPERATURE_S * Math.exp(Math.log(END_TEMPERATURE_S / START_TEMPERATURE_S) * share);
    target = Math.max(...loads) * 0.97;
    const draft = current.map((sequence) => [...sequence]);
    const seedTask = tasks[Math.floor(random() * tasks.length)];
    const removed = ruin(options, draft, 2 + Math.floor(random() * 12), seedTask, random);
    insertAll(options, draft, removed, target, random, BLINK);
    loads = loadsOf(draft);
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

const START_TEMPERATURE_S = 2;
const END_TEMPERATURE_S = 0.05;
/** Chance of passing over a place. */
const BLINK = 0.03;

/** Copies sequences for changing. */
export function draftOf(sequences: Sequences): Draft {
  return sequences.map((sequence) => [...sequence]);
}
