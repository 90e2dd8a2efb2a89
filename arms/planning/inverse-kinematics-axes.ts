import type { Vec3 } from '../geometry/pose.ts';
import { TRANSFORM_SIZE, setIdentity } from '../geometry/transform.ts';
import { along, cross, dot, minus } from '../geometry/vector.ts';
import { allocateFrames, forwardKinematics, frameOfJoint, tipFrame } from '../model/kinematics.ts';
import type { KinematicChain } from '../model/kinematics.ts';

/** The joints of an arm as lines in its base frame, all joints at zero: what closed forms are recognised by. */
export interface ArmAxes {
  readonly points: readonly Vec3[];
  readonly directions: readonly Vec3[];
  readonly T_BT: Float64Array;
}

/** How far axes may miss crossing (m) or being parallel or perpendicular (cosine) and still count as such. */
export const AXES_TOLERANCE = 1e-6;

/** Lines of the joint axes and the pose of the tool tip, all joints at zero, in the base frame. */
export function axesAtZero(chain: KinematicChain): ArmAxes {
  const T_BB = new Float64Array(TRANSFORM_SIZE);
  setIdentity(T_BB, 0);
  const frames = allocateFrames(chain);
  forwardKinematics(chain, T_BB, 0, new Float64Array(chain.jointCount), 0, frames, 0);
  const points: Vec3[] = [];
  const directions: Vec3[] = [];
  for (let j = 0; j < chain.jointCount; j++) {
    const T = frameOfJoint(j) * TRANSFORM_SIZE;
    points.push([frames[T + 3], frames[T + 7], frames[T + 11]]);
    const local = chain.axes.subarray(3 * j, 3 * j + 3);
    const row = (r: number): number =>
      frames[T + r] * local[0] + frames[T + r + 1] * local[1] + frames[T + r + 2] * local[2];
    directions.push([row(0), row(4), row(8)]);
  }
  const tip = tipFrame(chain) * TRANSFORM_SIZE;
  return { points, directions, T_BT: frames.slice(tip, tip + TRANSFORM_SIZE) };
}

/** Where the axes of two joints cross at a right angle; null when they do not. */
export function rightCrossing(axes: ArmAxes, first: number, second: number): Vec3 | null {
  const u = axes.directions[first];
  const v = axes.directions[second];
  if (Math.abs(dot(u, v)) > AXES_TOLERANCE) return null;
  const between = minus(axes.points[second], axes.points[first]);
  if (Math.abs(dot(between, cross(u, v))) > AXES_TOLERANCE) return null;
  return along(axes.points[first], u, dot(between, u));
}
