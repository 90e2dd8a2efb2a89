import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import type { PathRefusal } from './path-check.ts';
import { emptyExtremes, writeExtremes, writeQuintic } from './quintic.ts';

/** Room that validation leaves for arithmetic, too: quintics along a limit are off their path by far less. */
const TOLERANCE = 5e-5;

/**
 * The first place where a motion passes a position limit between the waypoints, which a curve through samples close to
 * the limit may do; null: nowhere. Knots far enough from the limits for their velocities are passed over quickly.
 */
export function positionBeyond(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
): PathRefusal | null {
  const { timesUs, positions, velocities, accelerations } = trajectory;
  const coefficients = new Float64Array(6);
  const extremes = emptyExtremes();
  for (let k = 0; k + 1 < timesUs.length; k++) {
    const h = (timesUs[k + 1]! - timesUs[k]!) * 1e-6;
    for (let j = 0; j < limits.length; j++) {
      const { lower, upper } = limits[j]!;
      const p0 = positions[k]![j]!;
      const p1 = positions[k + 1]![j]!;
      const v0 = velocities[k]![j]!;
      const v1 = velocities[k + 1]![j]!;
      const a0 = accelerations[k]![j]!;
      const a1 = accelerations[k + 1]![j]!;
      // The control points of the curve: it stays between the lowest and the highest of them.
      const c1 = p0 + (v0 * h) / 5;
      const c2 = p0 + 0.4 * v0 * h + (a0 * h * h) / 20;
      const c3 = p1 - 0.4 * v1 * h + (a1 * h * h) / 20;
      const c4 = p1 - (v1 * h) / 5;
      const low = Math.min(p0, c1, c2, c3, c4, p1);
      const high = Math.max(p0, c1, c2, c3, c4, p1);
      if (low >= lower - TOLERANCE && high <= upper + TOLERANCE) continue;
      writeQuintic(coefficients, p0, v0, a0, p1, v1, a1, h);
      writeExtremes(extremes, coefficients, h);
      const isHigh = extremes.positionHigh > upper + TOLERANCE;
      if (!isHigh && extremes.positionLow >= lower - TOLERANCE) continue;
      return {
        status: 'refused',
        stage: 'position',
        joint: j,
        waypoint: null,
        value: isHigh ? extremes.positionHigh : extremes.positionLow,
        limit: isHigh ? upper : lower,
        detail: `joint ${j}: the motion between waypoints leads beyond the position limit`,
      };
    }
  }
  return null;
}
