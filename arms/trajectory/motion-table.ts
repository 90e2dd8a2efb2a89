import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { writeQuintic } from './quintic.ts';
import { progressAt, rateAt, slopeAt } from './rate-ramp.ts';
import type { RatePiece } from './rate-ramp.ts';

/**
 * A trajectory's velocities, prepared for asking whether a change of rate keeps to the limits. With progress p and
 * rate r: velocity q' r, acceleration q'' r^2 + q' r', jerk q''' r^3 + 3 q'' r r' + q' r''.
 */
export interface MotionTable {
  readonly trajectory: JointTrajectory;
  readonly limits: readonly JointLimits[];
  readonly durationS: number;
  /** Knot instants, s. */
  readonly timesS: Float64Array;
  /** Five coefficients of the velocity per interval and joint, in powers of seconds since the interval's start. */
  readonly velocity: Float64Array;
  /** Longest of the joints' acceleration / jerk limits, s: how long a change of acceleration takes. */
  readonly easeS: number;
}

/** How much of the limits a change of rate may use. */
export interface RateBounds {
  readonly acceleration: number;
  readonly jerk: number;
}

/** Nominal motion ends near its limits, so a change of rate is judged with this little room above them. */
export const ON_PATH: RateBounds = { acceleration: 1.005, jerk: 1.05 };

/** A protective stop uses twice the acceleration and four times the jerk that planned motion is held to. */
export const PROTECTIVE: RateBounds = { acceleration: 2, jerk: 4 };

/** A change of rate is looked at this often. */
const LOOK_S = 0.003;
const BESIDE_KNOT_S = 1e-4;

export function motionTable(trajectory: JointTrajectory, limits: readonly JointLimits[]): MotionTable {
  const joints = limits.length;
  const knots = trajectory.timesUs.length;
  const timesS = Float64Array.from(trajectory.timesUs, (us) => us * 1e-6);
  const velocity = new Float64Array(Math.max(knots - 1, 0) * joints * 5);
  const b = new Float64Array(6);
  for (let k = 0; k + 1 < knots; k++) {
    const h = (timesS[k + 1] as number) - (timesS[k] as number);
    for (let j = 0; j < joints; j++) {
      const at = (rows: readonly (readonly number[])[], knot: number): number =>
        (rows[knot] as readonly number[])[j] as number;
      const { positions, velocities, accelerations } = trajectory;
      writeQuintic(
        b,
        at(positions, k),
        at(velocities, k),
        at(accelerations, k),
        at(positions, k + 1),
        at(velocities, k + 1),
        at(accelerations, k + 1),
        h,
      );
      let scale = 1;
      for (let n = 1; n <= 5; n++) {
        scale /= h;
        velocity[(k * joints + j) * 5 + n - 1] = n * (b[n] as number) * scale;
      }
    }
  }
  let easeS = 0;
  for (const { accelerationMax, jerkMax } of limits) easeS = Math.max(easeS, accelerationMax / jerkMax);
  const durationS = timesS[knots - 1] as number;
  return { trajectory, limits, durationS, timesS, velocity, easeS: Math.max(easeS, 1e-3) };
}

/** Interval that holds nominal instant `p`, searched from `cursor` on. */
function interval(table: MotionTable, cursor: number, p: number): number {
  const last = table.timesS.length - 2;
  let k = cursor;
  while (k < last && (table.timesS[k + 1] as number) <= p) k++;
  while (k > 0 && (table.timesS[k] as number) > p) k--;
  return k;
}

/**
 * Shortest time in which the arm, moving at `rate` at nominal instant `p` (s), could change its speed by
 * `change` as a share of the nominal one, by acceleration limits alone.
 */
export function leastChangeS(table: MotionTable, p: number, change: number, bounds: RateBounds): number {
  const joints = table.limits.length;
  if (table.timesS.length < 2 || p >= table.durationS) return 0;
  const k = interval(table, intervalNear(table, p), p);
  const t = p - (table.timesS[k] as number);
  let least = 0;
  for (let j = 0; j < joints; j++) {
    const c = (k * joints + j) * 5;
    const v = table.velocity;
    const speed =
      (v[c] as number) +
      t *
        ((v[c + 1] as number) +
          t * ((v[c + 2] as number) + t * ((v[c + 3] as number) + t * (v[c + 4] as number))));
    const { accelerationMax } = table.limits[j] as JointLimits;
    least = Math.max(least, (Math.abs(speed) * change) / (accelerationMax * bounds.acceleration));
  }
  return least;
}

function intervalNear(table: MotionTable, p: number): number {
  let low = 0;
  let high = table.timesS.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((table.timesS[middle] as number) <= p) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Whether the change of rate, begun at nominal instant `p` (s), keeps every joint within the bounds throughout. */
export function rampKeepsLimits(
  table: MotionTable,
  p: number,
  pieces: readonly RatePiece[],
  bounds: RateBounds,
): boolean {
  const { limits, timesS, velocity, durationS } = table;
  const joints = limits.length;
  if (timesS.length < 2) return true;
  let cursor = intervalNear(table, Math.min(p, durationS));
  let from = p;
  for (const piece of pieces) {
    let t = 0;
    const look = Math.min(LOOK_S, piece.durationS / 4);
    for (;;) {
      const at = from + progressAt(piece, t);
      // Past its end the trajectory rests.
      if (at >= durationS) break;
      const r = rateAt(piece, t);
      const slope = slopeAt(piece, t);
      const bend = piece.bend + t * piece.twist;
      if (r < -1e-9) return false;
      cursor = interval(table, cursor, at);
      const x = at - (timesS[cursor] as number);
      for (let j = 0; j < joints; j++) {
        const c = (cursor * joints + j) * 5;
        const v1 = velocity[c + 1] as number;
        const v2 = velocity[c + 2] as number;
        const v3 = velocity[c + 3] as number;
        const v4 = velocity[c + 4] as number;
        const d1 = (velocity[c] as number) + x * (v1 + x * (v2 + x * (v3 + x * v4)));
        const d2 = v1 + x * (2 * v2 + x * (3 * v3 + x * 4 * v4));
        const d3 = 2 * v2 + x * (6 * v3 + x * 12 * v4);
        const { accelerationMax, jerkMax } = limits[j] as JointLimits;
        if (Math.abs(d2 * r * r + d1 * slope) > accelerationMax * bounds.acceleration) return false;
        if (Math.abs(d3 * r * r * r + 3 * d2 * r * slope + d1 * bend) > jerkMax * bounds.jerk) return false;
      }
      if (t >= piece.durationS) break;
      // Nominal jerk jumps at the knots: look at it just before each and just after.
      const gap = ((timesS[cursor + 1] as number) - at) / Math.max(r, 0.05);
      const step = gap > 2 * BESIDE_KNOT_S ? gap - BESIDE_KNOT_S : gap + BESIDE_KNOT_S;
      t = Math.min(t + Math.min(step, look), piece.durationS);
    }
    from += progressAt(piece, piece.durationS);
  }
  return true;
}
