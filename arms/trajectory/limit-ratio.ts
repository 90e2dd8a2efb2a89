import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { writeQuintic } from './quintic.ts';

/** Parts of an interval in which a velocity peak is sought. */
const SAMPLES = 4;

/** Jerk may ripple this far above its limit between knots. */
const JERK_RIPPLE = 1.002;

/**
 * By how much a trajectory would have to be slowed down as a whole to keep to the velocity, acceleration and (with a
 * ripple) jerk limits: 1 or less when it does. Looks between the knots, not only at them. Writes the same for each
 * interval between knots to `ofIntervals`.
 */
export function worstRatio(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  ofIntervals: Float64Array,
): number {
  const { timesUs, positions, velocities, accelerations } = trajectory;
  const b = new Float64Array(6);
  let worst = 0;
  for (let k = 0; k + 1 < timesUs.length; k++) {
    let velocity = 0;
    let acceleration = 0;
    let jerk = 0;
    const h = ((timesUs[k + 1] as number) - (timesUs[k] as number)) * 1e-6;
    const p0 = positions[k] as readonly number[];
    const v0 = velocities[k] as readonly number[];
    const a0 = accelerations[k] as readonly number[];
    const p1 = positions[k + 1] as readonly number[];
    const v1 = velocities[k + 1] as readonly number[];
    const a1 = accelerations[k + 1] as readonly number[];
    for (let j = 0; j < p0.length; j++) {
      const limit = limits[j] as JointLimits;
      writeQuintic(
        b,
        p0[j] as number,
        v0[j] as number,
        a0[j] as number,
        p1[j] as number,
        v1[j] as number,
        a1[j] as number,
        h,
      );
      const b1 = b[1] as number;
      const b2 = b[2] as number;
      const b3 = b[3] as number;
      const b4 = b[4] as number;
      const b5 = b[5] as number;
      // Jerk is a parabola in u, so its extremes and those of the acceleration are found exactly.
      const turn = b5 === 0 ? -1 : -b4 / (5 * b5);
      let g = Math.max(Math.abs(6 * b3), Math.abs(6 * b3 + 24 * b4 + 60 * b5));
      if (turn > 0 && turn < 1) g = Math.max(g, Math.abs(6 * b3 + turn * (24 * b4 + turn * 60 * b5)));
      const aEnd = 2 * b2 + 6 * b3 + 12 * b4 + 20 * b5;
      let a = Math.max(Math.abs(2 * b2), Math.abs(aEnd));
      // Roots of 6 b3 + 24 b4 u + 60 b5 u^2, in the form that does not cancel.
      const discriminant = 144 * b4 * b4 - 360 * b3 * b5;
      if (discriminant >= 0) {
        const q = -(12 * b4 + (b4 < 0 ? -1 : 1) * Math.sqrt(discriminant));
        const one = q / (60 * b5);
        const two = (6 * b3) / q;
        if (one > 0 && one < 1) {
          a = Math.max(a, Math.abs(2 * b2 + one * (6 * b3 + one * (12 * b4 + one * 20 * b5))));
        }
        if (two > 0 && two < 1) {
          a = Math.max(a, Math.abs(2 * b2 + two * (6 * b3 + two * (12 * b4 + two * 20 * b5))));
        }
      }
      let v = Math.max(Math.abs(b1), Math.abs(b1 + 2 * b2 + 3 * b3 + 4 * b4 + 5 * b5));
      // Where the ends are so far below the limit that no acceleration in between could reach it, it is not sought.
      if (v + a / 2 > h * limit.velocityMax) {
        // Velocity peaks where the acceleration changes sign: found between samples by interpolation.
        let before = 2 * b2;
        for (let n = 1; n <= SAMPLES; n++) {
          const x = n / SAMPLES;
          const after = 2 * b2 + x * (6 * b3 + x * (12 * b4 + x * 20 * b5));
          if (before * after < 0) {
            const u = (n - 1 + before / (before - after)) / SAMPLES;
            v = Math.max(v, Math.abs(b1 + u * (2 * b2 + u * (3 * b3 + u * (4 * b4 + u * 5 * b5)))));
          }
          before = after;
        }
      }
      velocity = Math.max(velocity, v / (h * limit.velocityMax));
      acceleration = Math.max(acceleration, a / (h * h * limit.accelerationMax));
      jerk = Math.max(jerk, g / (h * h * h * limit.jerkMax * JERK_RIPPLE));
    }
    const ratio = Math.max(velocity, Math.sqrt(acceleration), Math.cbrt(jerk));
    ofIntervals[k] = ratio;
    if (ratio > worst) worst = ratio;
  }
  return worst;
}
