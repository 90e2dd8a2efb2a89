/**
 * Motion of one joint between two states of motion, in up to seven phases of constant jerk: to a steady velocity,
 * along at it, and from it to the end's velocity and acceleration. Source of the phases: Biagiotti & Melchiorri,
 * Trajectory Planning for Automatic Machines and Robots (2008), section 3.4; what is sought here is the steady
 * velocity, as a root of a function that grows with it.
 */

/** Limits of one joint, per second, per second squared and cubed; all finite. */
export interface AxisLimits {
  readonly velocityMax: number;
  readonly accelerationMax: number;
  readonly jerkMax: number;
}

/** Where a motion begins and ends: velocities and accelerations, and how far it goes. */
export interface AxisEnds {
  readonly distance: number;
  readonly velocity0: number;
  readonly acceleration0: number;
  readonly velocity1: number;
  readonly acceleration1: number;
}

/** Numbers that describe a profile: durations (s) and jerks of the phases. */
export const PHASES = 7;

/** Quickest change of velocity to a steady one: durations of jerk, constant acceleration, jerk back, and the jerk. */
interface Change {
  rise: number;
  hold: number;
  fall: number;
  /** Jerks of the first and the last phase. */
  firstJerk: number;
  lastJerk: number;
  duration: number;
  distance: number;
}

const change0: Change = { rise: 0, hold: 0, fall: 0, firstJerk: 0, lastJerk: 0, duration: 0, distance: 0 };
const change1: Change = { rise: 0, hold: 0, fall: 0, firstJerk: 0, lastJerk: 0, duration: 0, distance: 0 };

/** Root searches end when the distance is met to this, rad or m. */
const DISTANCE_TOLERANCE = 1e-13;
const ROOT_STEPS_MAX = 100;

/** From velocity `v` at acceleration `a` to the steady velocity `w` as quickly as the limits allow. */
function writeChange(out: Change, v: number, a: number, w: number, limits: AxisLimits): void {
  const { accelerationMax, jerkMax } = limits;
  // Velocity that would be reached by bringing the acceleration to zero at once.
  const settled = v + (a * Math.abs(a)) / (2 * jerkMax);
  const sign = w >= settled ? 1 : -1;
  const from = a * sign;
  const dv = (w - v) * sign;
  let peak = Math.sqrt(Math.max(jerkMax * dv + (from * from) / 2, 0));
  let hold = 0;
  let firstJerk = sign * jerkMax;
  if (peak > accelerationMax) {
    peak = accelerationMax;
    if (from > peak) {
      // An end a little beyond the limit is brought back to it first.
      firstJerk = -firstJerk;
      hold = (dv - (from * from) / (2 * jerkMax)) / peak;
    } else hold = (dv - (2 * peak * peak - from * from) / (2 * jerkMax)) / peak;
    if (hold < 0) hold = 0;
  }
  const rise = Math.abs(peak - from) / jerkMax;
  const fall = peak / jerkMax;
  const top = sign * peak;
  // Phase by phase: distance and velocity.
  const d1 = rise * (v + rise * (a / 2 + (rise * firstJerk) / 6));
  const v1 = v + rise * (a + (rise * firstJerk) / 2);
  const d2 = hold * (v1 + (hold * top) / 2);
  const v2 = v1 + hold * top;
  const d3 = fall * (v2 + fall * (top / 2 - (fall * sign * jerkMax) / 6));
  out.rise = rise;
  out.hold = hold;
  out.fall = fall;
  out.firstJerk = firstJerk;
  out.lastJerk = -sign * jerkMax;
  out.duration = rise + hold + fall;
  out.distance = d1 + d2 + d3;
}

/** Writes both changes for steady velocity `w`. The second one runs backwards from the end, mirrored. */
function writeChanges(ends: AxisEnds, w: number, limits: AxisLimits): void {
  writeChange(change0, ends.velocity0, ends.acceleration0, w, limits);
  writeChange(change1, ends.velocity1, -ends.acceleration1, w, limits);
}

/** Distance of the motion with steady velocity `w`, without any time spent at it, less the distance wanted. */
function beyondAtOnce(ends: AxisEnds, w: number, limits: AxisLimits): number {
  writeChanges(ends, w, limits);
  return change0.distance + change1.distance - ends.distance;
}

/** The same when the whole takes `durationS`; grows with `w` wherever the changes fit into the duration. */
function beyondIn(ends: AxisEnds, w: number, limits: AxisLimits, durationS: number): number {
  writeChanges(ends, w, limits);
  const cruise = durationS - change0.duration - change1.duration;
  return change0.distance + change1.distance + w * cruise - ends.distance;
}

/** A zero of a continuous function between `low` (not above zero) and `high` (not below), by the Illinois method. */
function rootBetween(
  low: number,
  high: number,
  atLow: number,
  atHigh: number,
  f: (x: number) => number,
): number {
  let a = low;
  let b = high;
  let fa = atLow;
  let fb = atHigh;
  let side = 0;
  for (let n = 0; n < ROOT_STEPS_MAX; n++) {
    if (fa >= -DISTANCE_TOLERANCE) return a;
    if (fb <= DISTANCE_TOLERANCE) return b;
    let x = n % 8 === 7 ? (a + b) / 2 : (a * fb - b * fa) / (fb - fa);
    if (!(x > a && x < b)) x = (a + b) / 2;
    if (x <= a || x >= b) return x;
    const fx = f(x);
    if (fx > 0) {
      b = x;
      fb = fx;
      if (side === 1) fa /= 2;
      side = 1;
    } else {
      a = x;
      fa = fx;
      if (side === -1) fb /= 2;
      side = -1;
    }
  }
  return (a + b) / 2;
}

/** Velocity at which an axis settles if its acceleration is brought to zero at once. */
function settledVelocity(v: number, a: number, jerkMax: number): number {
  return v + (a * Math.abs(a)) / (2 * jerkMax);
}

/** Shortest duration of the motion, s. */
export function leastDurationS(ends: AxisEnds, limits: AxisLimits): number {
  const top = limits.velocityMax;
  const beyondTop = beyondAtOnce(ends, top, limits);
  if (beyondTop <= 0) return change0.duration + change1.duration - beyondTop / top;
  const upper = Math.min(
    top,
    Math.max(
      settledVelocity(ends.velocity0, ends.acceleration0, limits.jerkMax),
      settledVelocity(ends.velocity1, -ends.acceleration1, limits.jerkMax),
      -top,
    ),
  );
  const f = (w: number): number => beyondAtOnce(ends, w, limits);
  const beyondUpper = f(upper);
  if (beyondUpper <= 0) {
    f(rootBetween(upper, top, beyondUpper, beyondTop, f));
    return change0.duration + change1.duration;
  }
  const beyondBottom = f(-top);
  if (beyondBottom >= 0) return change0.duration + change1.duration + beyondBottom / top;
  f(rootBetween(-top, upper, beyondBottom, beyondUpper, f));
  return change0.duration + change1.duration;
}

/**
 * Writes the motion that takes `durationS`: seven durations and seven jerks at `at`. False when there is none of this
 * shape: for a duration below the shortest, and for some above it of motions that would first have to slow down.
 */
export function writeProfile(
  ends: AxisEnds,
  limits: AxisLimits,
  durationS: number,
  durations: Float64Array,
  jerks: Float64Array,
  at: number,
): boolean {
  if (!findSteady(ends, limits, durationS)) return false;
  const cruise = durationS - change0.duration - change1.duration;
  durations[at] = change0.rise;
  durations[at + 1] = change0.hold;
  durations[at + 2] = change0.fall;
  durations[at + 3] = Math.max(cruise, 0);
  durations[at + 4] = change1.fall;
  durations[at + 5] = change1.hold;
  durations[at + 6] = change1.rise;
  jerks[at] = change0.firstJerk;
  jerks[at + 1] = 0;
  jerks[at + 2] = change0.lastJerk;
  jerks[at + 3] = 0;
  jerks[at + 4] = change1.lastJerk;
  jerks[at + 5] = 0;
  jerks[at + 6] = change1.firstJerk;
  return true;
}

/** How the distance in a given duration grows with the steady velocity; for the changes just written. */
function growth(durationS: number): number {
  return (
    durationS -
    (change0.rise + change0.hold + change0.fall / 2) -
    (change1.rise + change1.hold + change1.fall / 2)
  );
}

/** Finds the steady velocity with which the motion takes `durationS` and leaves its changes written. */
function findSteady(ends: AxisEnds, limits: AxisLimits, durationS: number): boolean {
  const { velocityMax: top, jerkMax } = limits;
  const one = settledVelocity(ends.velocity0, ends.acceleration0, jerkMax);
  const two = settledVelocity(ends.velocity1, -ends.acceleration1, jerkMax);
  let low = Math.min(one, two);
  let high = Math.max(one, two);
  let w = high;
  let miss = beyondIn(ends, w, limits, durationS);
  if (miss <= 0) {
    low = high;
    high = top;
  } else if (low < high) {
    const atHigh = miss;
    w = low;
    miss = beyondIn(ends, w, limits, durationS);
    if (miss > 0) {
      high = low;
      low = -top;
    } else {
      const f = (x: number): number => beyondIn(ends, x, limits, durationS);
      w = rootBetween(low, high, miss, atHigh, f);
      miss = f(w);
      low = w;
      high = w;
    }
  } else {
    low = -top;
  }
  // Above both settled velocities the distance is concave, below both it is convex: Newton's method does not overshoot.
  for (let n = 0; n < ROOT_STEPS_MAX && low < high && Math.abs(miss) > DISTANCE_TOLERANCE; n++) {
    const slope = growth(durationS);
    if (!(slope > 1e-12)) return false;
    let next = w - miss / slope;
    if (next > high) next = high;
    if (next < low) next = low;
    if (next === w) break;
    w = next;
    miss = beyondIn(ends, w, limits, durationS);
  }
  const cruise = durationS - change0.duration - change1.duration;
  return cruise >= -1e-9 && Math.abs(miss) <= 1e-9;
}

/** Highest speed that can be reached within a distance, from a speed of 0 or more and an acceleration. */
export function reachableSpeed(
  speed: number,
  acceleration: number,
  distance: number,
  limits: AxisLimits,
): number {
  let low = Math.max(speed, 0);
  let high = limits.velocityMax;
  for (let n = 0; n < 40 && high - low > 1e-9; n++) {
    const middle = (low + high) / 2;
    writeChange(change0, speed, acceleration, middle, limits);
    if (change0.distance <= distance) low = middle;
    else high = middle;
  }
  return low;
}
