import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { leastChangeS, motionTable, ON_PATH, rampKeepsLimits } from './motion-table.ts';
import type { MotionTable, RateBounds } from './motion-table.ts';
import { changingRamp, rampProgressS, runsBackwards, steadyRamp } from './rate-ramp.ts';
import type { RatePiece } from './rate-ramp.ts';

/** A way to come to rest on the path: hold the rate until `startS`, then follow the pieces, resting at `restS`. */
export interface Brake {
  /** Nominal trajectory time, s. */
  readonly startS: number;
  readonly restS: number;
  readonly pieces: readonly RatePiece[];
}

/** Brakes begin at multiples of this nominal time. */
const START_STEP_S = 0.01;
/** Durations tried for a change of rate grow by this factor, from a bound below which none can do. */
const DURATION_GROWTH = 1.07;
const DURATION_LEAST_S = 0.02;
const DURATION_MOST_S = 3;

/**
 * What braking along one trajectory takes, worked out where it is asked for and kept: a cache of pure results that
 * never enters a snapshot.
 */
export interface BrakingTable {
  readonly motion: MotionTable;
  /** By rate: shortest duration of a stop begun at each start; 0: not yet looked for; Infinity: none. */
  readonly durations: Map<number, Float64Array>;
}

const tables = new WeakMap<JointTrajectory, BrakingTable>();

/** The braking table of a trajectory; the same object gives the same table. */
export function brakingTable(trajectory: JointTrajectory, limits: readonly JointLimits[]): BrakingTable {
  const known = tables.get(trajectory);
  if (known !== undefined && known.motion.limits === limits) return known;
  const table: BrakingTable = { motion: motionTable(trajectory, limits), durations: new Map() };
  tables.set(trajectory, table);
  return table;
}

/** The quickest change between steady rates from nominal instant `p` (s) on; null when none keeps the limits. */
export function quickestSteady(
  motion: MotionTable,
  p: number,
  from: number,
  to: number,
  bounds: RateBounds,
): readonly RatePiece[] | null {
  const least = leastChangeS(motion, p, Math.abs(to - from), bounds);
  const ease = (motion.easeS * bounds.acceleration) / bounds.jerk;
  for (
    let duration = Math.max(DURATION_LEAST_S, from > to ? least : 0);
    duration < DURATION_MOST_S;
    duration *= DURATION_GROWTH
  ) {
    // The trajectory's own end comes sooner.
    if (from > to && p + ((from + to) / 2) * duration >= motion.durationS) return null;
    const pieces = steadyRamp(from, to, duration, ease);
    if (rampKeepsLimits(motion, p, pieces, bounds)) return pieces;
  }
  return null;
}

/** The quickest change from a changing rate to a steady one; null when none keeps the limits. */
export function quickestChanging(
  motion: MotionTable,
  p: number,
  from: number,
  slope: number,
  to: number,
  bounds: RateBounds,
): readonly RatePiece[] | null {
  for (let duration = DURATION_LEAST_S; duration < DURATION_MOST_S; duration *= DURATION_GROWTH) {
    const pieces = changingRamp(from, slope, to, duration);
    if (pieces.some(runsBackwards)) continue;
    if (rampKeepsLimits(motion, p, pieces, bounds)) return pieces;
  }
  return null;
}

function easeOf(table: BrakingTable): number {
  return (table.motion.easeS * ON_PATH.acceleration) / ON_PATH.jerk;
}

/** Shortest duration of a stop from steady `rate` begun at start number `index`; Infinity when there is none. */
function stopDuration(table: BrakingTable, rate: number, index: number): number {
  let durations = table.durations.get(rate);
  if (durations === undefined) {
    durations = new Float64Array(Math.ceil(table.motion.durationS / START_STEP_S) + 1);
    // Rates other than the usual one come and go.
    if (table.durations.size >= 8) table.durations.clear();
    table.durations.set(rate, durations);
  }
  const known = durations[index] as number;
  if (known !== 0) return known;
  const { motion } = table;
  const p = index * START_STEP_S;
  const ease = easeOf(table);
  let found = Infinity;
  for (
    let duration = Math.max(DURATION_LEAST_S, leastChangeS(motion, p, rate, ON_PATH));
    duration < DURATION_MOST_S && p + (rate * duration) / 2 < motion.durationS;
    duration *= DURATION_GROWTH
  ) {
    if (rampKeepsLimits(motion, p, steadyRamp(rate, 0, duration, ease), ON_PATH)) {
      found = duration;
      break;
    }
  }
  durations[index] = found;
  return found;
}

function brakeAt(table: BrakingTable, rate: number, index: number, duration: number): Brake {
  const startS = index * START_STEP_S;
  return {
    startS,
    restS: startS + (rate * duration) / 2,
    pieces: steadyRamp(rate, 0, duration, easeOf(table)),
  };
}

/**
 * The latest brake from steady `rate` that starts at or after `fromS` and rests at or before `untilS`; null when
 * there is none. Past the trajectory's end no brake is needed: do not ask.
 */
export function latestBrake(table: BrakingTable, rate: number, fromS: number, untilS: number): Brake | null {
  const first = Math.max(1, Math.ceil(fromS / START_STEP_S - 1e-9));
  const last = Math.floor(Math.min(untilS, table.motion.durationS) / START_STEP_S);
  for (let index = last; index >= first; index--) {
    const start = index * START_STEP_S;
    const least = Math.max(DURATION_LEAST_S, leastChangeS(table.motion, start, rate, ON_PATH));
    if (start + (rate * least) / 2 > untilS) continue;
    const duration = stopDuration(table, rate, index);
    if (start + (rate * duration) / 2 <= untilS) return brakeAt(table, rate, index, duration);
  }
  return null;
}

/** The brake from steady `rate` at or after `fromS` that rests soonest; null: the trajectory's own end is sooner. */
export function soonestBrake(table: BrakingTable, rate: number, fromS: number): Brake | null {
  const { motion } = table;
  let best: Brake | null = null;
  const now = quickestSteady(motion, fromS, rate, 0, ON_PATH);
  if (now !== null) best = { startS: fromS, restS: fromS + rampProgressS(now), pieces: now };
  const last = Math.floor(motion.durationS / START_STEP_S);
  for (let index = Math.max(1, Math.ceil(fromS / START_STEP_S)); index <= last; index++) {
    const start = index * START_STEP_S;
    const rests = best?.restS ?? motion.durationS;
    if (start + (rate * DURATION_LEAST_S) / 2 >= rests) break;
    if (start + (rate * leastChangeS(motion, start, rate, ON_PATH)) / 2 >= rests) continue;
    const duration = stopDuration(table, rate, index);
    if (start + (rate * duration) / 2 < rests) best = brakeAt(table, rate, index, duration);
  }
  if (best !== null && best.restS >= motion.durationS) return null;
  return best;
}

/**
 * Progress (us, rounded up) at which an arm would rest if it began to brake on its path now, at progress
 * `progressUs` and steady `rate`, within the limits. Never beyond the trajectory's end, where it rests anyway.
 */
export function brakingProgressUs(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  progressUs: number,
  rate: number,
): number {
  const table = brakingTable(trajectory, limits);
  const end = trajectory.timesUs[trajectory.timesUs.length - 1] as number;
  if (rate <= 0 || progressUs >= end) return Math.min(progressUs, end);
  if (progressUs <= 0) return 0;
  const brake = soonestBrake(table, rate, progressUs * 1e-6);
  return brake === null ? end : Math.min(end, Math.ceil(brake.restS * 1e6));
}
