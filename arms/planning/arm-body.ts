import { CAPSULE_STRIDE } from '../geometry/distance.ts';
import type { Pose } from '../geometry/pose.ts';
import { TRANSFORM_SIZE, transformOf } from '../geometry/transform.ts';
import type { KinematicChain } from '../model/kinematics.ts';
import {
  allocateFrames,
  compileChain,
  flangeFrame,
  forwardKinematics,
  frameOfJoint,
  tipFrame,
} from '../model/kinematics.ts';
import type { Manipulator } from '../model/manipulator.ts';

/**
 * An arm's collision geometry laid out for speed: the capsules of its links, then those of its tool, moved to where
 * joint positions put them. One body serves one thread; `placeBody` overwrites what the last call left.
 */
export interface ArmBody {
  readonly manipulator: Manipulator;
  readonly chain: KinematicChain;
  readonly T_WB: Float64Array;
  /** Frames of the last placed configuration, as `forwardKinematics` writes them, in the world. */
  readonly frames: Float64Array;
  readonly capsuleCount: number;
  /** Names for messages: URDF link, or the tool's name. */
  readonly names: readonly string[];
  /** Per capsule the joint that moves it; -1: it never moves. Tool capsules move with the last joint. */
  readonly joints: Int32Array;
  /** Index of the first capsule that moves; those before are fixed to the base only if all of them come first. */
  readonly frameOf: Int32Array;
  /** Capsules in their own frames, `CAPSULE_STRIDE` values each. */
  readonly local: Float64Array;
  /** The same in the world, for the last placed configuration. */
  readonly world: Float64Array;
  /** Capsules that move as one: those of one link, and the tool's. Capsules of the base are in no group, -1. */
  readonly groupOf: Int32Array;
  readonly groupCount: number;
  readonly groupJoint: Int32Array;
  readonly groupFrame: Int32Array;
  /** Per group a sphere around the axes of its capsules: centre in the group's frame and in the world, radius. */
  readonly groupLocal: Float64Array;
  readonly groupWorld: Float64Array;
  readonly groupRadius: Float64Array;
}

/** Lays out an arm that stands at `X_WB`. */
export function compileBody(manipulator: Manipulator, X_WB: Pose): ArmBody {
  const chain = compileChain(manipulator);
  const links = manipulator.capsules;
  const tools = manipulator.tool.capsules;
  const count = links.length + tools.length;
  const local = new Float64Array(count * CAPSULE_STRIDE);
  const joints = new Int32Array(count);
  const frameOf = new Int32Array(count);
  const names: string[] = [];
  links.forEach((capsule, k) => {
    local.set([...capsule.p, ...capsule.q, capsule.radiusM], k * CAPSULE_STRIDE);
    joints[k] = capsule.joint;
    frameOf[k] = frameOfJoint(capsule.joint);
    names.push(capsule.link);
  });
  tools.forEach((capsule, t) => {
    const k = links.length + t;
    local.set([...capsule.p, ...capsule.q, capsule.radiusM], k * CAPSULE_STRIDE);
    joints[k] = chain.jointCount - 1;
    frameOf[k] = flangeFrame(chain);
    names.push(manipulator.tool.name);
  });
  const groups = groupCapsules(frameOf, joints, local);
  return {
    manipulator,
    chain,
    T_WB: transformOf(X_WB),
    frames: allocateFrames(chain),
    capsuleCount: count,
    names,
    joints,
    frameOf,
    local,
    world: new Float64Array(count * CAPSULE_STRIDE),
    ...groups,
  };
}

type Groups = Pick<
  ArmBody,
  'groupOf' | 'groupCount' | 'groupJoint' | 'groupFrame' | 'groupLocal' | 'groupWorld' | 'groupRadius'
>;

function groupCapsules(frameOf: Int32Array, joints: Int32Array, local: Float64Array): Groups {
  const frames: number[] = [];
  const groupOf = frameOf.map((frame, k) => {
    if (joints[k] < 0) return -1;
    const known = frames.indexOf(frame);
    return known >= 0 ? known : frames.push(frame) - 1;
  });
  const groupLocal = new Float64Array(frames.length * 3);
  const groupRadius = new Float64Array(frames.length);
  const groupJoint = new Int32Array(frames.length);
  frames.forEach((_, g) => {
    const ends: number[] = [];
    groupOf.forEach((group, k) => {
      if (group !== g) return;
      groupJoint[g] = joints[k];
      ends.push(k * CAPSULE_STRIDE, k * CAPSULE_STRIDE + 3);
    });
    // The middle of the bounds: not the smallest sphere, but close to it for links, which are long.
    for (let axis = 0; axis < 3; axis += 1) {
      const values = ends.map((at) => local[at + axis]);
      groupLocal[3 * g + axis] = (Math.min(...values) + Math.max(...values)) / 2;
    }
    for (const at of ends) {
      const x = local[at] - groupLocal[3 * g];
      const y = local[at + 1] - groupLocal[3 * g + 1];
      const z = local[at + 2] - groupLocal[3 * g + 2];
      groupRadius[g] = Math.max(groupRadius[g], Math.sqrt(x * x + y * y + z * z));
    }
  });
  return {
    groupOf,
    groupCount: frames.length,
    groupJoint,
    groupFrame: Int32Array.from(frames),
    groupLocal,
    groupWorld: new Float64Array(frames.length * 3),
    groupRadius,
  };
}

/** Index of the first number of the tool tip's transform in `body.frames`. */
export function tipAt(body: ArmBody): number {
  return tipFrame(body.chain) * TRANSFORM_SIZE;
}

/** Moves the body to the joint positions `q[at..]`: writes `frames` and `world`. */
export function placeBody(body: ArmBody, q: ArrayLike<number>, at: number): void {
  const { frames, local, world, frameOf, capsuleCount } = body;
  forwardKinematics(body.chain, body.T_WB, 0, q, at, frames, 0);
  for (let k = 0; k < capsuleCount; k += 1) {
    const T = frameOf[k] * TRANSFORM_SIZE;
    const c = k * CAPSULE_STRIDE;
    const r00 = frames[T];
    const r01 = frames[T + 1];
    const r02 = frames[T + 2];
    const x = frames[T + 3];
    const r10 = frames[T + 4];
    const r11 = frames[T + 5];
    const r12 = frames[T + 6];
    const y = frames[T + 7];
    const r20 = frames[T + 8];
    const r21 = frames[T + 9];
    const r22 = frames[T + 10];
    const z = frames[T + 11];
    for (let e = 0; e < 6; e += 3) {
      const px = local[c + e];
      const py = local[c + e + 1];
      const pz = local[c + e + 2];
      world[c + e] = r00 * px + r01 * py + r02 * pz + x;
      world[c + e + 1] = r10 * px + r11 * py + r12 * pz + y;
      world[c + e + 2] = r20 * px + r21 * py + r22 * pz + z;
    }
    world[c + 6] = local[c + 6];
  }
  const { groupCount, groupFrame, groupLocal, groupWorld } = body;
  for (let g = 0; g < groupCount; g += 1) {
    const T = groupFrame[g] * TRANSFORM_SIZE;
    const px = groupLocal[3 * g];
    const py = groupLocal[3 * g + 1];
    const pz = groupLocal[3 * g + 2];
    groupWorld[3 * g] = frames[T] * px + frames[T + 1] * py + frames[T + 2] * pz + frames[T + 3];
    groupWorld[3 * g + 1] = frames[T + 4] * px + frames[T + 5] * py + frames[T + 6] * pz + frames[T + 7];
    groupWorld[3 * g + 2] = frames[T + 8] * px + frames[T + 9] * py + frames[T + 10] * pz + frames[T + 11];
  }
}

/**
 * How far points travel per unit of each joint, at the placed configuration. For a point moved by joints 0..m,
 * turning the joints one after the other from the base outwards shows that going from q to q' moves it by at most
 * the sum over j of |q'_j - q_j| times its distance from axis j *at q*: what lies outward of j has not moved
 * relative to j yet. The bound therefore holds for any path from q along which joint j never leaves
 * [q_j - |dq_j|, q_j + |dq_j|], not only for small steps. For a prismatic joint the factor is 1.
 *
 * Writes `jointCount` factors for every point within `radiusM` of the point (x, y, z) of the world that moves with
 * joint `joint`.
 */
export function travelFactors(
  body: ArmBody,
  joint: number,
  x: number,
  y: number,
  z: number,
  radiusM: number,
  out: Float64Array,
  to: number,
): void {
  const { chain, frames } = body;
  const { kinds, axes, jointCount } = chain;
  for (let j = 0; j < jointCount; j += 1) {
    if (j > joint) {
      out[to + j] = 0;
      continue;
    }
    if (kinds[j] === SLIDES) {
      out[to + j] = 1;
      continue;
    }
    const T = frameOfJoint(j) * TRANSFORM_SIZE;
    let ax = frames[T + 2];
    let ay = frames[T + 6];
    let az = frames[T + 10];
    if (kinds[j] !== TURNS_ABOUT_Z) {
      const u = axes[3 * j];
      const v = axes[3 * j + 1];
      const w = axes[3 * j + 2];
      ax = frames[T] * u + frames[T + 1] * v + frames[T + 2] * w;
      ay = frames[T + 4] * u + frames[T + 5] * v + frames[T + 6] * w;
      az = frames[T + 8] * u + frames[T + 9] * v + frames[T + 10] * w;
    }
    const dx = x - frames[T + 3];
    const dy = y - frames[T + 7];
    const dz = z - frames[T + 11];
    const along = dx * ax + dy * ay + dz * az;
    const squared = dx * dx + dy * dy + dz * dz - along * along;
    out[to + j] = radiusM + (squared > 0 ? Math.sqrt(squared) : 0);
  }
}

/** The same for all axes of the capsules of a group. */
export function groupFactors(body: ArmBody, group: number, out: Float64Array, to: number): void {
  const c = 3 * group;
  const { groupWorld } = body;
  travelFactors(
    body,
    body.groupJoint[group],
    groupWorld[c],
    groupWorld[c + 1],
    groupWorld[c + 2],
    body.groupRadius[group],
    out,
    to,
  );
}

const TURNS_ABOUT_Z = 0;
const SLIDES = 2;
