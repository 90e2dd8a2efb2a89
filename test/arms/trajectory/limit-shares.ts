import type { JointLimits } from '../../../arms/model/manipulator.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';

/** Instants looked at between two knots. */
const LOOKS = 12;

/** Largest shares of the limits used anywhere, and how far beyond the position limits any joint gets, rad (m). */
export interface LimitShares {
  velocity: number;
  acceleration: number;
  jerk: number;
  beyond: number;
}

/**
 * Looks at a trajectory as whoever executes it would: by sampling it, between the knots too. Jerk is the difference
 * of accelerations over a twelfth of the way from knot to knot.
 */
export function limitShares(trajectory: JointTrajectory, limits: readonly JointLimits[]): LimitShares {
  const shares: LimitShares = { velocity: 0, acceleration: 0, jerk: 0, beyond: 0 };
  const joints = limits.length;
  const q = new Float64Array(joints);
  const v = new Float64Array(joints);
  const a = new Float64Array(joints);
  const before = new Float64Array(joints);
  for (let k = 0; k + 1 < trajectory.timesUs.length; k++) {
    const startUs = trajectory.timesUs[k]!;
    const stepUs = (trajectory.timesUs[k + 1]! - startUs) / LOOKS;
    for (let n = 0; n <= LOOKS; n++) {
      const atKnot = n === 0 ? k : n === LOOKS ? k + 1 : -1;
      if (atKnot < 0) sampleTrajectory(trajectory, startUs + n * stepUs, q, v, a);
      else {
        q.set(trajectory.positions[atKnot]!);
        v.set(trajectory.velocities[atKnot]!);
        a.set(trajectory.accelerations[atKnot]!);
      }
      for (let j = 0; j < joints; j++) {
        const { lower, upper, velocityMax, accelerationMax, jerkMax } = limits[j]!;
        shares.velocity = Math.max(shares.velocity, Math.abs(v[j]!) / velocityMax);
        shares.acceleration = Math.max(shares.acceleration, Math.abs(a[j]!) / accelerationMax);
        if (n > 0) {
          const jerk = Math.abs(a[j]! - before[j]!) / (stepUs * 1e-6);
          shares.jerk = Math.max(shares.jerk, jerk / jerkMax);
        }
        shares.beyond = Math.max(shares.beyond, q[j]! - upper, lower - q[j]!);
        before[j] = a[j]!;
      }
    }
  }
  return shares;
}
