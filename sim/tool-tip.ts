import type { Pose, Vec3 } from '../arms/geometry/pose.ts';
import type { ArmModel } from '../controller/domain/cell.ts';

/**
 * Where an arm's tool tip physically is. Deliberately computed by the simulator itself and not by the code with
 * which the controller plans: an error in that code then shows up as a missed item.
 */

/** Row-major 3x4 transform. */
type Transform = readonly number[];

function fromPose({ positionM: [px, py, pz], quaternionXyzw: [x, y, z, w] }: Pose): Transform {
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), px,
    2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), py,
    2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), pz,
  ]; // prettier-ignore
}

function times(a: Transform, b: Transform): Transform {
  const out: number[] = [];
  for (let row = 0; row < 3; row += 1) {
    const [p, q, r, t] = a.slice(4 * row, 4 * row + 4) as [number, number, number, number];
    for (let column = 0; column < 4; column += 1) {
      const along = p * (b[column] as number) + q * (b[4 + column] as number) + r * (b[8 + column] as number);
      out.push(column === 3 ? along + t : along);
    }
  }
  return out;
}

function turned(axis: Vec3, angleRad: number): Transform {
  const half = angleRad / 2;
  const s = Math.sin(half);
  return fromPose({
    positionM: [0, 0, 0],
    quaternionXyzw: [axis[0] * s, axis[1] * s, axis[2] * s, Math.cos(half)],
  });
}

function moved(axis: Vec3, byM: number): Transform {
  return [1, 0, 0, axis[0] * byM, 0, 1, 0, axis[1] * byM, 0, 0, 1, axis[2] * byM];
}

export interface ToolTip {
  /** World frame, m. */
  readonly positionM: Vec3;
  /** Unit vector out of the tool, towards what it grasps; world frame. */
  readonly direction: Vec3;
}

/** Tip of an arm's tool at joint positions (rad; m for prismatic joints). */
export function toolTip(arm: ArmModel, positions: ArrayLike<number>): ToolTip {
  let frame = fromPose(arm.X_WB);
  arm.manipulator.joints.forEach((joint, j) => {
    const value = positions[j] as number;
    const motion = joint.kind === 'prismatic' ? moved(joint.axis, value) : turned(joint.axis, value);
    frame = times(times(frame, fromPose(joint.X_PJ)), motion);
  });
  frame = times(times(frame, fromPose(arm.manipulator.X_JF)), fromPose(arm.manipulator.tool.X_FT));
  const at = (k: number): number => frame[k] as number;
  return { positionM: [at(3), at(7), at(11)], direction: [at(2), at(6), at(10)] };
}
