import type { Pose, Quaternion, Vec3 } from './pose.ts';

/**
 * Rigid transforms as 12 numbers, row-major 3x4: `[r00 r01 r02 x, r10 r11 r12 y, r20 r21 r22 z]`. Many of them share
 * one Float64Array; a transform is then named by its array and the index of its first number. Variables are named
 * like poses, `T_AB`: frame B as seen in frame A, so that `T_AC = T_AB * T_BC` can be checked by reading.
 */
export type Transforms = Float64Array;

/** Numbers in one transform. */
export const TRANSFORM_SIZE = 12;

/** Writes the identity. */
export function setIdentity(out: Transforms, at: number): void {
  out.fill(0, at, at + TRANSFORM_SIZE);
  out[at] = 1;
  out[at + 5] = 1;
  out[at + 10] = 1;
}

/** Writes a pose as a transform. The quaternion must have unit length. */
export function setFromPose(X_AB: Pose, out: Transforms, at: number): void {
  const [x, y, z, w] = X_AB.quaternionXyzw;
  const [px, py, pz] = X_AB.positionM;
  out[at] = 1 - 2 * (y * y + z * z);
  out[at + 1] = 2 * (x * y - z * w);
  out[at + 2] = 2 * (x * z + y * w);
  out[at + 3] = px;
  out[at + 4] = 2 * (x * y + z * w);
  out[at + 5] = 1 - 2 * (x * x + z * z);
  out[at + 6] = 2 * (y * z - x * w);
  out[at + 7] = py;
  out[at + 8] = 2 * (x * z - y * w);
  out[at + 9] = 2 * (y * z + x * w);
  out[at + 10] = 1 - 2 * (x * x + y * y);
  out[at + 11] = pz;
}

/** A pose as a transform of its own. */
export function transformOf(X_AB: Pose): Transforms {
  const T_AB = new Float64Array(TRANSFORM_SIZE);
  setFromPose(X_AB, T_AB, 0);
  return T_AB;
}

/** Writes `T_AC = T_AB * T_BC`. `out` must not overlap the inputs. */
export function multiply(
  T_AB: Transforms,
  ab: number,
  T_BC: Transforms,
  bc: number,
  out: Transforms,
  at: number,
): void {
  for (let row = 0; row < 12; row += 4) {
    const r0 = T_AB[ab + row];
    const r1 = T_AB[ab + row + 1];
    const r2 = T_AB[ab + row + 2];
    out[at + row] = r0 * T_BC[bc] + r1 * T_BC[bc + 4] + r2 * T_BC[bc + 8];
    out[at + row + 1] = r0 * T_BC[bc + 1] + r1 * T_BC[bc + 5] + r2 * T_BC[bc + 9];
    out[at + row + 2] = r0 * T_BC[bc + 2] + r1 * T_BC[bc + 6] + r2 * T_BC[bc + 10];
    out[at + row + 3] = r0 * T_BC[bc + 3] + r1 * T_BC[bc + 7] + r2 * T_BC[bc + 11] + T_AB[ab + row + 3];
  }
}

/** Writes `T_BA`, the inverse of `T_AB`. `out` must not overlap the input. */
export function invert(T_AB: Transforms, ab: number, out: Transforms, at: number): void {
  const x = T_AB[ab + 3];
  const y = T_AB[ab + 7];
  const z = T_AB[ab + 11];
  for (let i = 0; i < 3; i++) {
    const r0 = T_AB[ab + i];
    const r1 = T_AB[ab + 4 + i];
    const r2 = T_AB[ab + 8 + i];
    out[at + 4 * i] = r0;
    out[at + 4 * i + 1] = r1;
    out[at + 4 * i + 2] = r2;
    out[at + 4 * i + 3] = -(r0 * x + r1 * y + r2 * z);
  }
}

/** The point `p_B`, given in frame B, as seen in frame A. */
export function transformPoint(T_AB: Transforms, ab: number, p_B: Vec3): Vec3 {
  const [x, y, z] = p_B;
  return [
    T_AB[ab] * x + T_AB[ab + 1] * y + T_AB[ab + 2] * z + T_AB[ab + 3],
    T_AB[ab + 4] * x + T_AB[ab + 5] * y + T_AB[ab + 6] * z + T_AB[ab + 7],
    T_AB[ab + 8] * x + T_AB[ab + 9] * y + T_AB[ab + 10] * z + T_AB[ab + 11],
  ];
}

/** The direction `v_B`, given in frame B, as seen in frame A. */
export function rotateVector(T_AB: Transforms, ab: number, v_B: Vec3): Vec3 {
  const [x, y, z] = v_B;
  return [
    T_AB[ab] * x + T_AB[ab + 1] * y + T_AB[ab + 2] * z,
    T_AB[ab + 4] * x + T_AB[ab + 5] * y + T_AB[ab + 6] * z,
    T_AB[ab + 8] * x + T_AB[ab + 9] * y + T_AB[ab + 10] * z,
  ];
}

/**
 * A transform read back as a pose, quaternion of unit length with w >= 0. Shepperd's method: the largest of the four
 * is taken from the diagonal, so that no small number is divided by.
 */
export function poseOf(T_AB: Transforms, ab: number): Pose {
  const m00 = T_AB[ab];
  const m11 = T_AB[ab + 5];
  const m22 = T_AB[ab + 10];
  const trace = m00 + m11 + m22;
  let x: number;
  let y: number;
  let z: number;
  let w: number;
  if (trace >= m00 && trace >= m11 && trace >= m22) {
    w = 1 + trace;
    x = T_AB[ab + 9] - T_AB[ab + 6];
    y = T_AB[ab + 2] - T_AB[ab + 8];
    z = T_AB[ab + 4] - T_AB[ab + 1];
  } else if (m00 >= m11 && m00 >= m22) {
    w = T_AB[ab + 9] - T_AB[ab + 6];
    x = 1 + m00 - m11 - m22;
    y = T_AB[ab + 4] + T_AB[ab + 1];
    z = T_AB[ab + 2] + T_AB[ab + 8];
  } else if (m11 >= m22) {
    w = T_AB[ab + 2] - T_AB[ab + 8];
    x = T_AB[ab + 4] + T_AB[ab + 1];
    y = 1 + m11 - m00 - m22;
    z = T_AB[ab + 9] + T_AB[ab + 6];
  } else {
    w = T_AB[ab + 4] - T_AB[ab + 1];
    x = T_AB[ab + 2] + T_AB[ab + 8];
    y = T_AB[ab + 9] + T_AB[ab + 6];
    z = 1 + m22 - m00 - m11;
  }
  const scale = (w < 0 ? -1 : 1) / Math.sqrt(x * x + y * y + z * z + w * w);
  return {
    positionM: [T_AB[ab + 3], T_AB[ab + 7], T_AB[ab + 11]],
    quaternionXyzw: [x * scale, y * scale, z * scale, w * scale],
  };
}

/** The pose in which A and B coincide. */
export const IDENTITY_POSE: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };

/** `X_AC` from `X_AB` and `X_BC`; the quaternion is normalised again. */
export function composePoses(X_AB: Pose, X_BC: Pose): Pose {
  const [ax, ay, az, aw] = X_AB.quaternionXyzw;
  const [bx, by, bz, bw] = X_BC.quaternionXyzw;
  const quaternionXyzw = unitQuaternion([
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ]);
  return { positionM: pointInPose(X_AB, X_BC.positionM), quaternionXyzw };
}

/** The point `p_B`, given in frame B, as seen in frame A. */
export function pointInPose(X_AB: Pose, p_B: Vec3): Vec3 {
  return transformPoint(transformOf(X_AB), 0, p_B);
}

/**
 * Rotation by roll, pitch, yaw about the fixed axes x, y, z in this order, as URDF writes it
 * (`R = Rz(yaw) Ry(pitch) Rx(roll)`); radians.
 */
export function quaternionFromRpy(rollRad: number, pitchRad: number, yawRad: number): Quaternion {
  const cr = Math.cos(rollRad / 2);
  const sr = Math.sin(rollRad / 2);
  const cp = Math.cos(pitchRad / 2);
  const sp = Math.sin(pitchRad / 2);
  const cy = Math.cos(yawRad / 2);
  const sy = Math.sin(yawRad / 2);
  return unitQuaternion([
    sr * cp * cy - cr * sp * sy,
    cr * sp * cy + sr * cp * sy,
    cr * cp * sy - sr * sp * cy,
    cr * cp * cy + sr * sp * sy,
  ]);
}

/** The same rotation with length 1. A zero quaternion has no direction: the caller must refuse it before. */
export function unitQuaternion([x, y, z, w]: Quaternion): Quaternion {
  const length = Math.sqrt(x * x + y * y + z * z + w * w);
  return [x / length, y / length, z / length, w / length];
}
