import type { JointLimits } from '../../../arms/model/manipulator.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';

/** Limits of a large six-axis arm, as the benchmark cells state them. */
export const SIX_AXES: readonly JointLimits[] = [2.0944, 2.0944, 3.1416, 3.1416, 3.1416, 3.1416].map(
  (velocityMax, j) => ({
    lower: -6.2832,
    upper: 6.2832,
    velocityMax,
    accelerationMax: [4, 4, 5, 8, 8, 8][j] as number,
    jerkMax: [40, 40, 50, 80, 80, 80][j] as number,
  }),
);

/** Largest shares of the limits seen by differences of positions sampled every `stepUs`, at rest before and after. */
export function differenceRatios(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  stepUs: number,
): { velocity: number; acceleration: number; jerk: number } {
  const end = trajectory.timesUs[trajectory.timesUs.length - 1] as number;
  const rows: number[][] = [];
  for (let k = -4; k * stepUs < end + 4 * stepUs; k++) {
    const row = limits.map(() => 0);
    sampleTrajectory(trajectory, k * stepUs, row);
    rows.push(row);
  }
  return ratiosOf(rows, limits, stepUs);
}

/** The same for rows of executed positions. */
export function ratiosOf(
  rows: readonly (readonly number[])[],
  limits: readonly JointLimits[],
  stepUs: number,
): { velocity: number; acceleration: number; jerk: number } {
  const dt = stepUs * 1e-6;
  const worst = { velocity: 0, acceleration: 0, jerk: 0 };
  for (let j = 0; j < limits.length; j++) {
    const limit = limits[j] as JointLimits;
    for (let k = 3; k < rows.length; k++) {
      const x = (n: number): number => (rows[k - n] as readonly number[])[j] as number;
      worst.velocity = Math.max(worst.velocity, Math.abs(x(0) - x(1)) / dt / limit.velocityMax);
      worst.acceleration = Math.max(
        worst.acceleration,
        Math.abs(x(0) - 2 * x(1) + x(2)) / (dt * dt) / limit.accelerationMax,
      );
      worst.jerk = Math.max(
        worst.jerk,
        Math.abs(x(0) - 3 * x(1) + 3 * x(2) - x(3)) / (dt * dt * dt) / limit.jerkMax,
      );
    }
  }
  return worst;
}
