import type { JointTrajectory } from '../trajectory/joint-trajectory.ts';
import { durationUs } from '../trajectory/joint-trajectory.ts';
import { sampleTrajectoryFrom } from '../trajectory/sample-trajectory.ts';

/**
 * A trajectory together with a bound on how far each joint travels within any span of it. Each quintic piece is
 * written in Bernstein form: the curve's length is at most the length of the control polygon, and its speed at most
 * five times the longest leg of the polygon per piece. Both bounds hold between samples, whatever the curve does.
 */
export interface MotionBounds {
  readonly trajectory: JointTrajectory;
  readonly jointCount: number;
  readonly durationUs: number;
  /** Per piece and joint: bound of the speed, rad (or m) per us. */
  readonly speeds: Float64Array;
  /** Per piece and joint: bound of the travel over the whole piece, rad (or m). */
  readonly travels: Float64Array;
}

/** Measures a trajectory once; later questions cost a few comparisons. */
export function boundMotion(trajectory: JointTrajectory): MotionBounds {
  const { timesUs, positions, velocities, accelerations } = trajectory;
  const n = positions[0]?.length ?? 0;
  const pieces = Math.max(0, timesUs.length - 1);
  const speeds = new Float64Array(pieces * n);
  const travels = new Float64Array(pieces * n);
  for (let i = 0; i < pieces; i += 1) {
    const h = (timesUs[i + 1] - timesUs[i]) * 1e-6;
    for (let j = 0; j < n; j += 1) {
      const p0 = positions[i][j];
      const p5 = positions[i + 1][j];
      const d0 = (velocities[i][j] * h) / 5;
      const d4 = (velocities[i + 1][j] * h) / 5;
      const p1 = p0 + d0;
      const p2 = p0 + 2 * d0 + (accelerations[i][j] * h * h) / 20;
      const p4 = p5 - d4;
      const p3 = p5 - 2 * d4 + (accelerations[i + 1][j] * h * h) / 20;
      const l0 = Math.abs(p1 - p0);
      const l1 = Math.abs(p2 - p1);
      const l2 = Math.abs(p3 - p2);
      const l3 = Math.abs(p4 - p3);
      const l4 = Math.abs(p5 - p4);
      travels[i * n + j] = l0 + l1 + l2 + l3 + l4;
      speeds[i * n + j] = (5 * Math.max(l0, l1, l2, l3, l4)) / (timesUs[i + 1] - timesUs[i]);
    }
  }
  return { trajectory, jointCount: n, durationUs: durationUs(trajectory), speeds, travels };
}

/** Adds to `out` a bound of each joint's travel between two instants of the motion, us. */
export function addTravel(
  bounds: MotionBounds,
  fromUs: number,
  untilUs: number,
  piece: number,
  out: Float64Array,
): void {
  const { trajectory, jointCount: n, speeds, travels } = bounds;
  const times = trajectory.timesUs;
  let i = pieceAt(times, fromUs, piece);
  for (; i < times.length - 1 && times[i] < untilUs; i += 1) {
    const from = times[i] > fromUs ? times[i] : fromUs;
    const until = times[i + 1] < untilUs ? times[i + 1] : untilUs;
    const span = until - from;
    for (let j = 0; j < n; j += 1) {
      const bySpeed = speeds[i * n + j] * span;
      const whole = travels[i * n + j];
      out[j] += bySpeed < whole ? bySpeed : whole;
    }
  }
}

/** Index of the piece that holds `timeUs`, looked for from `hint` on in either direction. */
export function pieceAt(timesUs: readonly number[], timeUs: number, hint: number): number {
  let i = hint;
  while (i > 0 && timesUs[i] > timeUs) i -= 1;
  while (i < timesUs.length - 2 && timesUs[i + 1] <= timeUs) i += 1;
  return i;
}

/** Positions at an instant; returns the piece, as the next call's hint. */
export function positionsAt(bounds: MotionBounds, timeUs: number, hint: number, out: Float64Array): number {
  return sampleTrajectoryFrom(bounds.trajectory, hint, timeUs, out);
}
