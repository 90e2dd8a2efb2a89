import { durationUs } from './joint-trajectory.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { sampleTrajectory } from './sample-trajectory.ts';

/**
 * The same motion at `speed` times its speed, 0 < speed <= 1, to the microsecond: accelerations become smaller with
 * its square, jerks with its cube, so that limits that were kept stay kept. (An arm that is under way is slowed down
 * by its follower instead, see `setSpeedFactor`.) Throws a RangeError for any other speed.
 */
export function slowedDown(trajectory: JointTrajectory, speed: number): JointTrajectory {
  if (!(speed > 0 && speed <= 1)) throw new RangeError(`speed must be above 0 and at most 1, not ${speed}`);
  if (speed === 1) return trajectory;
  const endUs = durationUs(trajectory);
  const last = trajectory.timesUs.length - 1;
  const timesUs = trajectory.timesUs.map((us) => Math.round(us / speed));
  // The last microsecond is rounded up; speed is then what fits exactly.
  timesUs[last] = Math.ceil(endUs / speed);
  const rate = endUs === 0 ? 1 : endUs / (timesUs[last] as number);
  const positions: (readonly number[])[] = [];
  const velocities: (readonly number[])[] = [];
  const accelerations: (readonly number[])[] = [];
  for (const [k, us] of timesUs.entries()) {
    if (k === 0 || k === last) {
      positions.push(trajectory.positions[k] as readonly number[]);
      velocities.push((trajectory.velocities[k] as readonly number[]).map((v) => v * rate));
      accelerations.push((trajectory.accelerations[k] as readonly number[]).map((a) => a * rate * rate));
      continue;
    }
    // Knots come to lie at whole microseconds, where the original passes them at a fraction of one.
    const q: number[] = [];
    const v: number[] = [];
    const a: number[] = [];
    sampleTrajectory(trajectory, us * rate, q, v, a);
    positions.push(q);
    velocities.push(v.map((value) => value * rate));
    accelerations.push(a.map((value) => value * rate * rate));
  }
  return { timesUs, positions, velocities, accelerations };
}
