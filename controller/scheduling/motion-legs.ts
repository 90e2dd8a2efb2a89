import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import type { JointLimits } from '../../arms/model/manipulator.ts';
import { sampleTrajectoryFrom } from '../../arms/trajectory/sample-trajectory.ts';
import type { CarriedItem } from '../../arms/planning/scene.ts';
import type { SampledLeg } from '../coordination/leg-samples.ts';
import { cellCount, sampleLeg, sampleStand } from '../coordination/leg-samples.ts';
import type { LibraryArm } from './motion-arm.ts';

/**
 * A motion of one arm from rest to rest, timed once and used wherever it fits. A `carry` begins with the grasp and
 * ends with the release, the item in the tool throughout; the others carry nothing.
 */
export interface MotionLeg {
  readonly kind: 'reach' | 'carry' | 'retreat';
  readonly armIndex: number;
  readonly item: CarriedItem | null;
  readonly trajectory: JointTrajectory;
  readonly durationUs: number;
  /** Cells of the motion, and of standing where it begins and where it ends; made when first asked for. */
  samples(): SampledLeg;
  beginning(): SampledLeg;
}

/** Progress between the cells of sampled legs, us. */
export const CELL_US = 20_000;

export function motionLeg(
  arm: LibraryArm,
  kind: MotionLeg['kind'],
  trajectory: JointTrajectory,
  item: CarriedItem | null,
): MotionLeg {
  let samples: SampledLeg | null = null;
  let beginning: SampledLeg | null = null;
  return {
    kind,
    armIndex: arm.index,
    item,
    trajectory,
    durationUs: durationUs(trajectory),
    samples: () =>
      (samples ??= sampleLeg(arm.shapeWith(item), trajectory, CELL_US, stopCells(trajectory, arm.limits))),
    beginning: () => (beginning ??= sampleStand(arm.shapeWith(item), trajectory.positions[0], CELL_US)),
  };
}

/** How much longer than the least by acceleration alone a stop is reckoned to take, and what is added, s. */
const STOP_FACTOR = 1.15;
const STOP_EASE_S = 0.16;

/**
 * Per cell the one in which an arm at its nominal rate rests when it begins to brake there: reckoned from the joints'
 * speeds, a little too far rather than too near.
 */
function stopCells(trajectory: JointTrajectory, limits: readonly JointLimits[]): Int32Array {
  const endUs = durationUs(trajectory);
  const cells = cellCount(endUs, CELL_US);
  const positions = new Float64Array(limits.length);
  const velocities = new Float64Array(limits.length);
  const stops = new Int32Array(cells);
  let cursor = 0;
  for (let cell = 0; cell < cells; cell += 1) {
    cursor = sampleTrajectoryFrom(trajectory, cursor, cell * CELL_US, positions, velocities);
    let least = 0;
    for (let j = 0; j < limits.length; j += 1) {
      least = Math.max(least, Math.abs(velocities[j]) / limits[j].accelerationMax);
    }
    // Halving the rate on the way, the arm makes half the progress.
    const aheadS = least === 0 ? 0 : (STOP_FACTOR * least + STOP_EASE_S) / 2;
    const stop = Math.min(cells - 1, cell + Math.ceil((aheadS * 1e6) / CELL_US));
    stops[cell] = Math.max(stop, cell > 0 ? stops[cell - 1] : 0);
  }
  return stops;
}

/** The same motion with times of rest before and after it, us. */
export function withRests(trajectory: JointTrajectory, beforeUs: number, afterUs: number): JointTrajectory {
  const first = trajectory.positions[0];
  const last = trajectory.positions[trajectory.positions.length - 1];
  const still = first.map(() => 0);
  const times = trajectory.timesUs.map((us) => us + beforeUs);
  const endUs = times[times.length - 1];
  const row = <T>(head: T, middle: readonly T[], tail: T): T[] => [
    ...(beforeUs > 0 ? [head] : []),
    ...middle,
    ...(afterUs > 0 ? [tail] : []),
  ];
  return {
    timesUs: row(0, times, endUs + afterUs),
    positions: row(first, trajectory.positions, last),
    velocities: row(still, trajectory.velocities, still),
    accelerations: row(still, trajectory.accelerations, still),
  };
}
