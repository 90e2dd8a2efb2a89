import { seededRandom } from '../../arms/geometry/random.ts';
import type { TaskWay } from './motion-library.ts';
import type { Beginning } from './sequence-cost.ts';
import { doneS } from './sequence-cost.ts';
import type { Draft } from './sequence-search.ts';
import { improveSequences, looseCost } from './sequence-search.ts';
import type { SpaceTime } from './space-time.ts';
import type { TaskOptions } from './task-options.ts';

export interface BeamSettings {
  /** Schedules kept at every stage, and how many are made of each. */
  readonly width: number;
  readonly children: number;
  /** Next tasks of an arm among which each step chooses. */
  readonly window: number;
  /** Tasks per arm from one stage to the next. */
  readonly stride: number;
  /** Ruins by which what is left to do is rearranged at each stage. */
  readonly rearrangements: number;
  readonly seed: number;
}

/** A schedule so far, and what is left to do. */
interface Strand {
  readonly space: SpaceTime;
  readonly rest: Draft;
  readonly costS: number;
}

/** A wait that is not worth looking for another task, us. */
const NOTHING_LOST_US = 30_000;

/**
 * Tasks that an arm is given when it is its turn. With one, others are led through where it will stand, since its way
 * to rest is all they know of what it does next, and it has to go to rest indeed.
 */
const TASKS_AT_ONCE = 2;

/** Choices are made with this much chance in them, s: so that strands differ. */
const NOISE_S = 0.1;

/** Temperatures at which what is left is rearranged, s. */
const REARRANGE_S = [0.4, 0.02] as const;

/**
 * Makes a schedule from sequences that are good by themselves, task by task in the order of time, many at once: what
 * a choice now does to everything after it cannot be told, so several are followed for a while and the best go on.
 * What is left to do is rearranged on the way. The score is the schedule itself, as far as it is made, and estimates
 * for the rest.
 *
 * @returns the schedule; null when some motion does not exist
 */
export function beamSchedule(
  options: TaskOptions,
  start: SpaceTime,
  sequences: Draft,
  settings: BeamSettings,
): SpaceTime | null {
  const random = seededRandom(settings.seed);
  let strands: Strand[] = [{ space: start.copy(), rest: sequences, costS: 0 }];
  const steps = Math.max(1, Math.round(settings.stride * sequences.length));
  while (strands.some(({ rest }) => rest.some((sequence) => sequence.length > 0))) {
    const next: Strand[] = [];
    for (const strand of strands) {
      const count = strands.length === 1 ? settings.width * settings.children : settings.children;
      for (let child = 0; child < count; child += 1) {
        // The first child does what seems best; the others try something else.
        const noiseS = child === 0 ? 0 : NOISE_S;
        const made = advanced(options, strand, steps, noiseS, settings, random);
        if (made !== null) next.push(made);
      }
    }
    if (next.length === 0) return null;
    next.sort((a, b) => a.costS - b.costS);
    strands = next.filter((strand, k) => k === 0 || strand.costS > next[k - 1].costS + 1e-9);
    strands = strands.slice(0, settings.width);
  }
  return strands[0].space;
}

function beginningOf(space: SpaceTime): Beginning {
  return {
    spots: space.plans.map((plan) => plan.spot),
    freeS: space.plans.map((plan) => plan.freeUs * 1e-6),
  };
}

function advanced(
  options: TaskOptions,
  strand: Strand,
  steps: number,
  noiseS: number,
  settings: BeamSettings,
  random: () => number,
): Strand | null {
  const space = strand.space.copy();
  let rest = strand.rest.map((sequence) => [...sequence]);
  if (settings.rearrangements > 0 && noiseS > 0) {
    rest = improveSequences(
      options,
      beginningOf(space),
      rest,
      settings.rearrangements,
      REARRANGE_S,
      random,
    ).map((sequence) => [...sequence]);
  }
  for (let n = 0; n < steps;) {
    const arm = nextArm(space, rest);
    if (arm < 0) break;
    for (let task = 0; task < TASKS_AT_ONCE && rest[arm].length > 0; task += 1, n += 1) {
      if (!appendBest(options, space, arm, rest[arm], settings.window, noiseS, random)) return null;
    }
  }
  const beginning = beginningOf(space);
  const loads = rest.map((sequence, arm) => doneS(options.library, beginning, arm, sequence));
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  return { space, rest, costS: 0.5 * looseCost(loads) + mean };
}

/** The arm that is free first of those that have more to do; -1: none has. */
function nextArm({ plans }: SpaceTime, rest: Draft): number {
  let arm = -1;
  rest.forEach((sequence, a) => {
    if (sequence.length > 0 && (arm < 0 || plans[a].freeUs < plans[arm].freeUs)) arm = a;
  });
  return arm;
}

/** Appends the task of the window that loses least, and takes it out of what is left. */
function appendBest(
  options: TaskOptions,
  space: SpaceTime,
  arm: number,
  rest: TaskWay[],
  window: number,
  noiseS: number,
  random: () => number,
): boolean {
  const { library, byTask } = options;
  const { freeUs, spot } = space.plans[arm];
  const most = Math.min(rest.length, window);
  let best: { readonly at: number; readonly way: TaskWay } | null = null;
  let leastUs = Infinity;
  for (let at = 0; at < most; at += 1) {
    const planned = rest[at];
    const ways = byTask[planned.taskIndex].find((option) => option.armIndex === arm)?.ways ?? [planned];
    for (const way of at === 0 ? [planned, ...ways.filter((each) => each !== planned)] : [planned]) {
      const chanceUs = noiseS > 0 ? -Math.log(random() + 1e-12) * noiseS * 1e6 : 0;
      const detourUs = detourS(options, arm, spot, rest, at, way) * 1e6 + chanceUs;
      if (detourUs >= leastUs) continue;
      const appended = space.append(arm, way);
      if (appended === null) continue;
      // Estimated again: the way there is known by now, and an estimate that was too low is not to be fallen for.
      const knownUs = detourS(options, arm, spot, rest, at, way) * 1e6 + chanceUs;
      const lostUs = knownUs + space.plans[arm].freeUs - freeUs - library.stepS(arm, spot, way) * 1e6;
      space.takeBack(appended);
      if (lostUs >= leastUs) continue;
      leastUs = lostUs;
      best = { at, way };
    }
    if (leastUs < NOTHING_LOST_US) break;
  }
  if (best === null) return false;
  rest.splice(best.at, 1);
  return space.append(arm, best.way) !== null;
}

/** What doing task number `at` of what is left at once adds to the arm's work, s. */
function detourS(
  { library }: TaskOptions,
  arm: number,
  spot: TaskWay['place'],
  rest: readonly TaskWay[],
  at: number,
  way: TaskWay,
): number {
  const step = (from: TaskWay['place'], to: TaskWay | undefined): number =>
    to === undefined ? 0 : library.stepS(arm, from, to);
  const planned = rest[at];
  if (at === 0) {
    return step(spot, way) + step(way.place, rest[1]) - step(spot, planned) - step(planned.place, rest[1]);
  }
  const now = step(spot, rest[0]) + step(rest[at - 1].place, planned) + step(planned.place, rest[at + 1]);
  const then = step(spot, way) + step(way.place, rest[0]) + step(rest[at - 1].place, rest[at + 1]);
  return then - now;
}
