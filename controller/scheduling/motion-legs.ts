import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import type { CarriedItem } from '../../arms/planning/scene.ts';
import type { SampledLeg } from '../coordination/leg-samples.ts';
import { sampleLeg, sampleStand } from '../coordination/leg-samples.ts';
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
    samples: () => (samples ??= sampleLeg(arm.shapeWith(item), trajectory, CELL_US)),
    beginning: () => (beginning ??= sampleStand(arm.shapeWith(item), trajectory.positions[0], CELL_US)),
  };
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
