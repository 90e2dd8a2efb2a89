import { seededRandom } from '../../../arms/geometry/random.ts';
import { quaternionFromRpy } from '../../../arms/geometry/transform.ts';
import type { Pose } from '../../../arms/geometry/pose.ts';
import type { KernelObstacle, KernelSceneDescription } from '../../../arms/kernel/index.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';

export const ORIGIN: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };

export function poseAt(
  x: number,
  y: number,
  z: number,
  rpy: readonly [number, number, number] = [0, 0, 0],
): Pose {
  return { positionM: [x, y, z], quaternionXyzw: quaternionFromRpy(...rpy) };
}

export function sceneOf(
  manipulator: Manipulator,
  obstacles: readonly KernelObstacle[],
  more: Partial<KernelSceneDescription> = {},
): KernelSceneDescription {
  return {
    manipulator,
    X_WB: ORIGIN,
    obstacles,
    standingArms: [],
    keepOut: [],
    obstacleMarginM: 0,
    selfMarginM: 0,
    armMarginM: 0,
    keepOutMarginM: 0,
    ...more,
  };
}

/** Uniform numbers from a seed. */
export function uniform(seed: number): (from: number, to: number) => number {
  const random = seededRandom(seed);
  return (from, to) => from + random() * (to - from);
}

/** Uniform configurations, one after the other. */
export function configurations(manipulator: Manipulator, count: number, seed: number): Float64Array {
  const u = uniform(seed);
  const n = manipulator.joints.length;
  return Float64Array.from({ length: count * n }, (_, i) => {
    const { lower, upper } = manipulator.joints[i % n].limits;
    return u(lower, upper);
  });
}

/** Obstacles of every kind around an arm, turned anyhow. */
export function clutter(seed: number, count: number): KernelObstacle[] {
  const u = uniform(seed);
  return Array.from({ length: count }, (_, i): KernelObstacle => {
    const angle = u(-Math.PI, Math.PI);
    const r = u(0.45, 1.2);
    const X_WO = poseAt(r * Math.cos(angle), r * Math.sin(angle), u(-0.3, 1.2), [
      u(-2, 2),
      u(-2, 2),
      u(-2, 2),
    ]);
    const shapes: KernelObstacle['shape'][] = [
      { type: 'box', sizeM: [u(0.05, 0.4), u(0.05, 0.4), u(0.02, 0.3)] },
      { type: 'sphere', radiusM: u(0.03, 0.15) },
      { type: 'cylinder', radiusM: u(0.03, 0.1), lengthM: u(0.1, 0.5) },
      { type: 'capsule', radiusM: u(0.03, 0.1), lengthM: u(0.1, 0.5) },
      {
        type: 'convex-hull',
        pointsM: Array.from({ length: 8 }, () => [u(-0.15, 0.15), u(-0.15, 0.15), u(-0.15, 0.15)] as const),
      },
      { type: 'container', sizeM: [u(0.3, 0.5), u(0.3, 0.5), u(0.1, 0.3)], wallM: 0.02, floorM: 0.02 },
    ];
    return { id: `thing-${i}`, shape: shapes[i % shapes.length], X_WO };
  });
}
