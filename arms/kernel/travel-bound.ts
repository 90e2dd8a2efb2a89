import type { Vec3 } from '../geometry/pose.ts';
import { pointInPose } from '../geometry/transform.ts';
import { cross, norm } from '../geometry/vector.ts';
import type { Manipulator } from '../model/manipulator.ts';

/**
 * How far a point of an arm can travel per unit of each joint, whatever the configuration: for a turning joint the
 * greatest distance that the point can have from its axis, by adding up the offsets of the joints after it; 1 for a
 * sliding one. `frameJoint` is the joint that moves the point, `offsetM` the point in that joint's frame.
 */
export function leversOf(manipulator: Manipulator, frameJoint: number, offsetM: Vec3): readonly number[] {
  const { joints } = manipulator;
  return joints.map((joint, j) => {
    if (j > frameJoint) return 0;
    if (joint.kind === 'prismatic') return 1;
    // The first offset turns rigidly with joint j: only its part across the axis counts.
    if (j === frameJoint) return norm(cross(joint.axis, offsetM));
    let reach = norm(cross(joint.axis, joints[j + 1].X_PJ.positionM));
    for (let k = j + 1; k <= frameJoint; k += 1) {
      reach += slideOf(joints[k]);
      reach += k < frameJoint ? norm(joints[k + 1].X_PJ.positionM) : norm(offsetM);
    }
    return reach;
  });
}

/** The farthest that a sliding joint pushes out what it carries. */
function slideOf(joint: Manipulator['joints'][number]): number {
  if (joint.kind !== 'prismatic') return 0;
  return Math.max(Math.abs(joint.limits.lower), Math.abs(joint.limits.upper));
}

/** A point of the flange's frame in that of the last joint. */
export function inLastJoint(manipulator: Manipulator, point: Vec3): Vec3 {
  return pointInPose(manipulator.X_JF, point);
}
