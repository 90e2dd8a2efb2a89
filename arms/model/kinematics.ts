import type { Pose, Vec3 } from '../geometry/pose.ts';
import { TRANSFORM_SIZE, multiply, setFromPose } from '../geometry/transform.ts';
import type { Joint, Manipulator } from './manipulator.ts';

/** A manipulator's kinematics laid out for speed. Compile once, use from one thread at a time. */
export interface KinematicChain {
  readonly jointCount: number;
  /**
   * Transforms that `forwardKinematics` writes: the base, one per joint, the flange, the tool tip. A `LinkCapsule`
   * of joint j lies in frame `frameOfJoint(j)`, also for -1, the base.
   */
  readonly frameCount: number;
  /** Per joint the transform from the frame before it, at position 0. */
  readonly T_PJ: Float64Array;
  /** Per joint its unit axis. */
  readonly axes: Float64Array;
  /** Per joint: 0 turns about z, 1 turns about another axis, 2 slides. */
  readonly kinds: Uint8Array;
  readonly T_JF: Float64Array;
  readonly T_FT: Float64Array;
  /** Room for one transform between two steps. */
  readonly scratch: Float64Array;
}

const TURNS_ABOUT_Z = 0;
const TURNS = 1;
const SLIDES = 2;

/** Index of the frame that moves with joint `joint`; -1: the base. */
export function frameOfJoint(joint: number): number {
  return joint + 1;
}

/** Index of the flange's frame. */
export function flangeFrame(chain: KinematicChain): number {
  return chain.jointCount + 1;
}

/** Index of the tool tip's frame. */
export function tipFrame(chain: KinematicChain): number {
  return chain.jointCount + 2;
}

/** The part of a manipulator that kinematics need. */
export type KinematicDescription = Pick<Manipulator, 'joints' | 'X_JF'> & {
  readonly tool: Pick<Manipulator['tool'], 'X_FT'>;
};

/** Lays a manipulator out for `forwardKinematics`. */
export function compileChain(manipulator: KinematicDescription): KinematicChain {
  const count = manipulator.joints.length;
  const chain: KinematicChain = {
    jointCount: count,
    frameCount: count + 3,
    T_PJ: new Float64Array(count * TRANSFORM_SIZE),
    axes: new Float64Array(count * 3),
    kinds: new Uint8Array(count),
    T_JF: new Float64Array(TRANSFORM_SIZE),
    T_FT: new Float64Array(TRANSFORM_SIZE),
    scratch: new Float64Array(TRANSFORM_SIZE),
  };
  manipulator.joints.forEach((joint, i) => {
    setFromPose(joint.X_PJ, chain.T_PJ, i * TRANSFORM_SIZE);
    chain.axes.set(joint.axis, 3 * i);
    chain.kinds[i] = kindOf(joint);
  });
  setFromPose(manipulator.X_JF, chain.T_JF, 0);
  setFromPose(manipulator.tool.X_FT, chain.T_FT, 0);
  return chain;
}

function kindOf(joint: Joint): number {
  if (joint.kind === 'prismatic') return SLIDES;
  const [x, y, z] = joint.axis;
  return x === 0 && y === 0 && z === 1 ? TURNS_ABOUT_Z : TURNS;
}

/** Room for the frames of one arm. */
export function allocateFrames(chain: KinematicChain): Float64Array {
  return new Float64Array(chain.frameCount * TRANSFORM_SIZE);
}

/**
 * Writes all frames of the arm as transforms: base, joints, flange, tool tip, each seen in the frame in which
 * `T_WB` gives the base (the world, wherever and however the arm is mounted). Allocates nothing.
 *
 * @param T_WB transform whose first number is at `base`
 * @param q joint positions, rad or m, the first at `at`
 * @param frames room for `chain.frameCount` transforms from `framesAt` on
 */
export function forwardKinematics(
  chain: KinematicChain,
  T_WB: Float64Array,
  base: number,
  q: ArrayLike<number>,
  at: number,
  frames: Float64Array,
  framesAt: number,
): void {
  const { T_PJ, axes, kinds, scratch } = chain;
  for (let i = 0; i < TRANSFORM_SIZE; i++) frames[framesAt + i] = T_WB[base + i];
  let before = framesAt;
  for (let j = 0; j < chain.jointCount; j++) {
    const here = before + TRANSFORM_SIZE;
    const value = q[at + j];
    if (kinds[j] === TURNS_ABOUT_Z) {
      multiply(frames, before, T_PJ, j * TRANSFORM_SIZE, frames, here);
      turnAboutZ(frames, here, value);
    } else {
      multiply(frames, before, T_PJ, j * TRANSFORM_SIZE, scratch, 0);
      const x = axes[3 * j];
      const y = axes[3 * j + 1];
      const z = axes[3 * j + 2];
      if (kinds[j] === SLIDES) slide(scratch, x * value, y * value, z * value, frames, here);
      else turn(scratch, x, y, z, value, frames, here);
    }
    before = here;
  }
  multiply(frames, before, chain.T_JF, 0, frames, before + TRANSFORM_SIZE);
  multiply(frames, before + TRANSFORM_SIZE, chain.T_FT, 0, frames, before + 2 * TRANSFORM_SIZE);
}

function turnAboutZ(T: Float64Array, at: number, angle: number): void {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  for (let row = at; row < at + TRANSFORM_SIZE; row += 4) {
    const x = T[row];
    const y = T[row + 1];
    T[row] = x * c + y * s;
    T[row + 1] = y * c - x * s;
  }
}

/** Rodrigues' formula applied from the right. */
function turn(
  T: Float64Array,
  x: number,
  y: number,
  z: number,
  angle: number,
  out: Float64Array,
  at: number,
): void {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  const v = 1 - c;
  for (let row = 0; row < TRANSFORM_SIZE; row += 4) {
    const a = T[row];
    const b = T[row + 1];
    const d = T[row + 2];
    out[at + row] = a * (x * x * v + c) + b * (x * y * v + z * s) + d * (x * z * v - y * s);
    out[at + row + 1] = a * (x * y * v - z * s) + b * (y * y * v + c) + d * (y * z * v + x * s);
    out[at + row + 2] = a * (x * z * v + y * s) + b * (y * z * v - x * s) + d * (z * z * v + c);
    out[at + row + 3] = T[row + 3];
  }
}

function slide(T: Float64Array, x: number, y: number, z: number, out: Float64Array, at: number): void {
  for (let row = 0; row < TRANSFORM_SIZE; row += 4) {
    out[at + row] = T[row];
    out[at + row + 1] = T[row + 1];
    out[at + row + 2] = T[row + 2];
    out[at + row + 3] = T[row] * x + T[row + 1] * y + T[row + 2] * z + T[row + 3];
  }
}

/**
 * Writes the geometric Jacobian of the tool tip, 6 rows by `jointCount` columns, row-major: three rows of linear
 * velocity (m per rad or per m), three of angular velocity, in the frame the arm's frames are given in.
 */
export function tipJacobian(
  chain: KinematicChain,
  frames: Float64Array,
  framesAt: number,
  jacobian: Float64Array,
): void {
  const n = chain.jointCount;
  const tip = framesAt + tipFrame(chain) * TRANSFORM_SIZE;
  for (let j = 0; j < n; j++) {
    const T = framesAt + frameOfJoint(j) * TRANSFORM_SIZE;
    const x = chain.axes[3 * j];
    const y = chain.axes[3 * j + 1];
    const z = chain.axes[3 * j + 2];
    const wx = frames[T] * x + frames[T + 1] * y + frames[T + 2] * z;
    const wy = frames[T + 4] * x + frames[T + 5] * y + frames[T + 6] * z;
    const wz = frames[T + 8] * x + frames[T + 9] * y + frames[T + 10] * z;
    if (chain.kinds[j] === SLIDES) {
      setColumn(jacobian, n, j, wx, wy, wz, 0, 0, 0);
      continue;
    }
    const px = frames[tip + 3] - frames[T + 3];
    const py = frames[tip + 7] - frames[T + 7];
    const pz = frames[tip + 11] - frames[T + 11];
    setColumn(jacobian, n, j, wy * pz - wz * py, wz * px - wx * pz, wx * py - wy * px, wx, wy, wz);
  }
}

function setColumn(
  jacobian: Float64Array,
  n: number,
  j: number,
  vx: number,
  vy: number,
  vz: number,
  wx: number,
  wy: number,
  wz: number,
): void {
  jacobian[j] = vx;
  jacobian[n + j] = vy;
  jacobian[2 * n + j] = vz;
  jacobian[3 * n + j] = wx;
  jacobian[4 * n + j] = wy;
  jacobian[5 * n + j] = wz;
}

/** Where the tool tip is and which way the tool points: for checks and displays, not for inner loops. */
export function tipOf(
  manipulator: KinematicDescription,
  X_WB: Pose,
  q: readonly number[],
): { readonly positionM: Vec3; readonly axis: Vec3 } {
  const chain = compileChain(manipulator);
  const T_WB = new Float64Array(TRANSFORM_SIZE);
  setFromPose(X_WB, T_WB, 0);
  const frames = allocateFrames(chain);
  forwardKinematics(chain, T_WB, 0, q, 0, frames, 0);
  const tip = tipFrame(chain) * TRANSFORM_SIZE;
  return {
    positionM: [frames[tip + 3], frames[tip + 7], frames[tip + 11]],
    axis: [frames[tip + 2], frames[tip + 6], frames[tip + 10]],
  };
}
