import type { JointLimits } from '../model/manipulator.ts';
import { leastDurationS, PHASES, writeProfile } from './axis-profile.ts';
import type { AxisEnds } from './axis-profile.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { alignInstants, correctJerks, INSTANTS, phaseTable } from './phase-table.ts';

/** Positions, velocities and accelerations of all joints at one instant: rad (m), per second, per second squared. */
export interface JointState {
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
  readonly accelerations: readonly number[];
}

/** A limit that a motion from one state to another cannot keep, with the numbers. */
export interface StateFault {
  readonly status: 'refused';
  /** `velocity`, `acceleration`: a state is beyond the limit, or about to be; `position`: the way leads beyond it. */
  readonly stage: 'velocity' | 'acceleration' | 'position';
  readonly joint: number;
  readonly value: number;
  readonly limit: number;
  readonly detail: string;
}

/** A motion between states. It is a piece of a trajectory: its ends need not rest. */
export type StateMove = { readonly status: 'timed'; readonly piece: JointTrajectory } | StateFault;

/**
 * Share of the limits that is left for making changes of jerk coincide and fall on whole microseconds. If it is not
 * enough, more is left in the next attempt.
 */
const MARGIN = 5e-4;
const ATTEMPTS = 6;

/** Room above a limit that is taken for rounding. */
const TOLERANCE = 1e-5;

/** Trajectories to be left midway may ripple this far above the jerk limit; what leaves them may need as much. */
const JERK_RIPPLE = 1.08;

/** Jerk where none is limited: acceleration changes from nothing to full within 2 ms. */
const UNLIMITED_JERK_S = 2e-3;

/** Growth of durations tried where the shortest of all joints does not suit one of them. */
const GROWTH = 1.02;
const GROWTH_STEPS = 400;
const SHORTEN_STEPS = 12;

let table = phaseTable(0);

function reserve(count: number): void {
  if (table.joints !== count) table = phaseTable(count);
}

function setEnds(from: JointState, to: JointState): void {
  const { joints, ends } = table;
  for (let j = 0; j < joints; j++) {
    const e = ends[j]!;
    e.distance = to.positions[j]! - from.positions[j]!;
    e.velocity0 = from.velocities[j]!;
    e.velocity1 = to.velocities[j]!;
    e.acceleration0 = from.accelerations[j]!;
    e.acceleration1 = to.accelerations[j]!;
  }
}

function setAxes(limits: readonly JointLimits[], share: number): void {
  const { joints, ends, axes } = table;
  for (let j = 0; j < joints; j++) {
    const { velocityMax, accelerationMax, jerkMax } = limits[j]!;
    const axis = axes[j]!;
    const e = ends[j]!;
    axis.accelerationMax = accelerationMax * share;
    const jerk = Math.min(jerkMax, axis.accelerationMax / UNLIMITED_JERK_S);
    axis.jerkMax = Math.max(jerk * share, leastJerk(e, velocityMax, jerk, share));
    // Bringing an end's acceleration to zero leads to this speed: the limit cannot be below it.
    const fastest = Math.max(
      Math.abs(settled(e.velocity0, e.acceleration0, axis.jerkMax)),
      Math.abs(settled(e.velocity1, -e.acceleration1, axis.jerkMax)),
    );
    axis.velocityMax = Math.max(velocityMax * share, fastest);
  }
}

/** Jerk that the ends need so that their accelerations do not lead beyond the velocity limit; 0 where they do not. */
function leastJerk(e: AxisEnds, velocityMax: number, jerkMax: number, share: number): number {
  const one = jerkNeeded(e.velocity0, e.acceleration0, velocityMax, jerkMax, share);
  return Math.max(one, jerkNeeded(e.velocity1, -e.acceleration1, velocityMax, jerkMax, share));
}

function jerkNeeded(v: number, a: number, velocityMax: number, jerkMax: number, share: number): number {
  if (Math.abs(settled(v, a, jerkMax * share)) <= velocityMax) return 0;
  const needed = (a * a) / (2 * Math.max(velocityMax - Math.abs(v), 1e-12));
  return Math.min(needed, jerkMax * JERK_RIPPLE);
}

function settled(v: number, a: number, jerkMax: number): number {
  return v + (a * Math.abs(a)) / (2 * jerkMax);
}

function endsFault(limits: readonly JointLimits[]): StateFault | null {
  const { joints, ends } = table;
  for (let j = 0; j < joints; j++) {
    const e = ends[j]!;
    const { velocityMax, accelerationMax, jerkMax } = limits[j]!;
    const jerk = Math.min(jerkMax, accelerationMax / UNLIMITED_JERK_S) * JERK_RIPPLE;
    for (const [v, a] of [
      [e.velocity0, e.acceleration0],
      [e.velocity1, -e.acceleration1],
    ] as const) {
      if (!(Math.abs(a) <= accelerationMax * (1 + TOLERANCE))) {
        return fault('acceleration', j, a, accelerationMax, 'acceleration of an end is beyond the limit');
      }
      const reached = Math.max(Math.abs(v), Math.abs(settled(v, a, jerk)));
      if (!(reached <= velocityMax * (1 + TOLERANCE))) {
        return fault('velocity', j, reached, velocityMax, 'an end leads to a velocity beyond the limit');
      }
    }
    if (!Number.isFinite(e.distance)) {
      return fault('position', j, e.distance, NaN, 'positions of the ends must be finite');
    }
  }
  return null;
}

function fault(
  stage: StateFault['stage'],
  joint: number,
  value: number,
  limit: number,
  detail: string,
): StateFault {
  return { status: 'refused', stage, joint, value, limit, detail: `joint ${joint}: ${detail}` };
}

function fits(durationS: number): boolean {
  const { joints, ends, axes, durations, jerks } = table;
  for (let j = 0; j < joints; j++) {
    if (!writeProfile(ends[j]!, axes[j]!, durationS, durations, jerks, j * PHASES)) return false;
  }
  return true;
}

/** A joint that changes its speed only in phases shorter than this does so at less jerk, s. */
const CHANGES_LEAST_S = 4e-3;
const GENTLER = 1 / 8;
const GENTLER_STEPS = 24;

/** Gives joints with very little to do a longer time for it: phases of microseconds could not be aligned. */
function soften(durationS: number): void {
  const { joints, ends, axes, durations, jerks } = table;
  for (let j = 0; j < joints; j++) {
    const axis = axes[j]!;
    const { jerkMax } = axis;
    for (let n = 0; n < GENTLER_STEPS; n++) {
      let changes = 0;
      for (let k = j * PHASES; k < (j + 1) * PHASES; k++) if (jerks[k] !== 0) changes += durations[k]!;
      if (changes === 0 || changes >= Math.min(CHANGES_LEAST_S, durationS / 2)) break;
      axis.jerkMax *= GENTLER;
      if (!writeProfile(ends[j]!, axis, durationS, durations, jerks, j * PHASES)) break;
    }
    axis.jerkMax = jerkMax;
  }
}

/** Shortest duration that suits all joints, whole microseconds in seconds; leaves the phases in the scratch arrays. */
function commonDurationS(): number {
  const { joints, ends, axes } = table;
  let least = 0;
  for (let j = 0; j < joints; j++) least = Math.max(least, leastDurationS(ends[j]!, axes[j]!));
  const whole = (seconds: number): number => Math.ceil(seconds * 1e6) * 1e-6;
  let high = whole(least);
  if (fits(high)) return high;
  // Some joint would have to slow down and speed up again: a longer duration suits it.
  let low = high;
  for (let n = 0; n < GROWTH_STEPS; n++) {
    high = whole(Math.max(high * GROWTH, high + 1e-3));
    if (fits(high)) break;
    low = high;
  }
  for (let n = 0; n < SHORTEN_STEPS; n++) {
    const middle = whole((low + high) / 2);
    if (fits(middle)) high = middle;
    else low = middle;
  }
  fits(high);
  return high;
}

/**
 * The fastest motion of all joints from one state to another, each joint on its own within its limits, all arriving
 * together: for two states at rest as fast as any motion can be. Joints do not keep to a line, so the way has to be
 * checked for collisions. Positions, velocities and accelerations of both ends are met exactly.
 *
 * Refused: a state beyond the limits, or one whose acceleration leads beyond the velocity limit whatever is done; and
 * motions that would pass a position limit on the way.
 */
export function moveBetween(from: JointState, to: JointState, limits: readonly JointLimits[]): StateMove {
  reserve(limits.length);
  setEnds(from, to);
  const wrong = endsFault(limits);
  if (wrong !== null) return wrong;
  let share = 1 - MARGIN;
  for (let attempt = 1; ; attempt++) {
    setAxes(limits, share);
    const durationS = commonDurationS();
    const durationUs = Math.round(durationS * 1e6);
    soften(durationS);
    const knotsUs = alignInstants(table, durationUs);
    const ratio = correctJerks(table, limits, durationUs);
    if (ratio > 1 + TOLERANCE && attempt < ATTEMPTS) {
      share *= Math.min(1 - MARGIN, 1 / ratio);
      continue;
    }
    const beyond = positionFault(from, limits);
    if (beyond !== null) return beyond;
    return { status: 'timed', piece: pieceAt(from, to, knotsUs) };
  }
}

/**
 * The fastest motion along the straight line between two states whose velocities and accelerations point along it:
 * like `moveBetween`, with limits in proportion, so that all joints move in proportion too.
 */
export function moveAlongLine(from: JointState, to: JointState, limits: readonly JointLimits[]): StateMove {
  let velocity = Infinity;
  let acceleration = Infinity;
  let jerk = Infinity;
  const line = from.positions.map((p, j) => Math.abs(to.positions[j]! - p));
  for (let j = 0; j < line.length; j++) {
    if (line[j] === 0) continue;
    const limit = limits[j]!;
    velocity = Math.min(velocity, limit.velocityMax / line[j]!);
    acceleration = Math.min(acceleration, limit.accelerationMax / line[j]!);
    jerk = Math.min(jerk, limit.jerkMax / line[j]!);
  }
  const proportional = limits.map((limit, j): JointLimits =>
    line[j] === 0
      ? limit
      : {
          lower: limit.lower,
          upper: limit.upper,
          velocityMax: velocity * line[j]!,
          accelerationMax: acceleration * line[j]!,
          jerkMax: jerk * line[j]!,
        },
  );
  return moveBetween(from, to, proportional);
}

/** Duration of `moveBetween` to within its margins, s; Infinity where it refuses for the states themselves. */
export function moveDurationS(from: JointState, to: JointState, limits: readonly JointLimits[]): number {
  reserve(limits.length);
  setEnds(from, to);
  if (endsFault(limits) !== null) return Infinity;
  setAxes(limits, 1 - MARGIN);
  return commonDurationS();
}

function positionFault(from: JointState, limits: readonly JointLimits[]): StateFault | null {
  const { joints, ends, jerks, instants } = table;
  const stride = INSTANTS;
  for (let j = 0; j < joints; j++) {
    const { lower, upper } = limits[j]!;
    let p = from.positions[j]!;
    let v = ends[j]!.velocity0;
    let a = ends[j]!.acceleration0;
    for (let k = 0; k < PHASES; k++) {
      const h = (instants[j * stride + k + 1]! - instants[j * stride + k]!) * 1e-6;
      if (h <= 0) continue;
      const jerk = jerks[j * PHASES + k]!;
      // Where the velocity vanishes: v + a t + jerk t^2 / 2 = 0.
      const root = a * a - 2 * jerk * v;
      if (root >= 0) {
        const q = -(a + (a < 0 ? -1 : 1) * Math.sqrt(root));
        for (const t of [q / jerk, (2 * v) / q]) {
          if (!(t > 0 && t < h)) continue;
          const there = p + t * (v + t * (a / 2 + (t * jerk) / 6));
          if (there > upper || there < lower) return tooFar(j, there, there > upper ? upper : lower);
        }
      }
      p += h * (v + h * (a / 2 + (h * jerk) / 6));
      v += h * (a + (h * jerk) / 2);
      a += h * jerk;
    }
  }
  return null;
}

function tooFar(joint: number, value: number, limit: number): StateFault {
  return fault('position', joint, value, limit, 'the way between the states leads beyond the position limit');
}

function pieceAt(from: JointState, to: JointState, timesUs: number[]): JointTrajectory {
  const { joints, jerks, instants } = table;
  const stride = INSTANTS;
  const count = timesUs.length;
  const positions = timesUs.map(() => new Array<number>(joints));
  const velocities = timesUs.map(() => new Array<number>(joints));
  const accelerations = timesUs.map(() => new Array<number>(joints));
  for (let j = 0; j < joints; j++) {
    let p = from.positions[j]!;
    let v = from.velocities[j]!;
    let a = from.accelerations[j]!;
    let phase = 0;
    let startUs = 0;
    for (let k = 0; k < count; k++) {
      const us = timesUs[k]!;
      while (phase < PHASES && instants[j * stride + phase + 1]! <= us) {
        const h = (instants[j * stride + phase + 1]! - startUs) * 1e-6;
        const jerk = jerks[j * PHASES + phase]!;
        p += h * (v + h * (a / 2 + (h * jerk) / 6));
        v += h * (a + (h * jerk) / 2);
        a += h * jerk;
        startUs = instants[j * stride + phase + 1]!;
        phase++;
      }
      const h = (us - startUs) * 1e-6;
      const jerk = phase < PHASES ? jerks[j * PHASES + phase]! : 0;
      positions[k]![j] = p + h * (v + h * (a / 2 + (h * jerk) / 6));
      velocities[k]![j] = v + h * (a + (h * jerk) / 2);
      accelerations[k]![j] = a + h * jerk;
    }
  }
  if (count > 1) {
    // The end is met exactly, not to rounding.
    positions[count - 1] = [...to.positions];
    velocities[count - 1] = [...to.velocities];
    accelerations[count - 1] = [...to.accelerations];
  }
  return { timesUs, positions, velocities, accelerations };
}
