import type { Pose, Vec3 } from '../../../arms/geometry/pose.ts';
import type { Shape } from '../../../arms/geometry/shape.ts';
import type { JointLimits } from '../../../arms/model/manipulator.ts';
import { parseUrdf } from '../../../arms/model/urdf.ts';
import type { UrdfJoint, UrdfModel } from '../../../arms/model/urdf.ts';
import type { ArmModel } from '../../domain/cell.ts';

/** The text an arm was modelled from, and how its model reads it. */
export interface ArmSource {
  readonly armId: string;
  readonly urdf: string;
  /** The link that stands where the cell puts the arm; null: the description's root. */
  readonly baseLink: string | null;
  /** Joints beside the chain and where they are held, rad or m. */
  readonly heldJoints: Readonly<Record<string, number>>;
}

/** A rounded segment or a solid, in the frame of the link that carries it. */
export interface Solid {
  readonly kind: 'segment' | 'box' | 'cylinder';
  /** Segments: both ends. Others: unused. */
  readonly ends: readonly number[];
  /** Others: 3x4 frame in the link's. */
  readonly T: Float64Array;
  /** Box: half extents. Cylinder: radius, radius, half length. */
  readonly halfM: readonly [number, number, number];
  readonly radiusM: number;
}

/** What moves as one: a link, the tool, or the place of the carried item. */
export interface Part {
  readonly name: string;
  /** Index of the frame it moves with. */
  readonly frame: number;
  readonly solids: readonly Solid[];
  /** A sphere around all of it: centre in its frame, m. */
  readonly centre: Vec3;
  readonly boundM: number;
}

interface Frame {
  readonly parent: number;
  readonly T_PJ: Float64Array;
  readonly axis: Vec3;
  readonly kind: UrdfJoint['kind'];
  /** Index into the joint positions; -1: `held` says where it is. */
  readonly joint: number;
  readonly held: number;
}

/**
 * An arm as the monitor sees it: the tree of its URDF, link by link and shape by shape. The planner's chain, folded
 * joints and capsules have no part in it.
 */
export interface WatchedArm {
  readonly id: string;
  readonly jointCount: number;
  readonly limits: readonly JointLimits[];
  readonly isPrismatic: readonly boolean[];
  readonly frames: readonly Frame[];
  readonly parts: readonly Part[];
  /** Frame of each joint. */
  readonly jointFrames: readonly number[];
  /** Per part the last joint that moves it; -1: none does. */
  readonly movedBy: readonly number[];
  /** Frame of the tool tip, under which an item hangs. */
  readonly tipFrame: number;
  /** Per joint how far any point of arm, tool and item can be from its axis, m; 1 for prismatic joints. */
  readonly leverM: readonly number[];
  /** Where the base stands and how far anything of the arm can be from it, m. */
  readonly baseM: Vec3;
  readonly reachM: number;
  /** Longest time from full speed to rest on a path, us. */
  readonly stopUs: number;
}

/** Half the diagonal of the largest item that is assumed to hang under a tool, m. */
const ITEM_BOUND_M = 0.25;

/** @throws when the description, which the cell's loader has accepted, does not hold the arm's joints. */
export function watchedArm(arm: ArmModel, source: ArmSource): WatchedArm {
  const parsed = parseUrdf(source.urdf);
  if (parsed.status === 'refused') throw new Error(`arm ${arm.id}: its URDF cannot be read`);
  const { model } = parsed;
  const joints = arm.manipulator.joints;
  const indexOf = new Map(joints.map((joint, index) => [joint.name, index]));
  const frames: Frame[] = [baseFrame(arm.X_WB)];
  const parts: Part[] = [];
  const rootLink = source.baseLink ?? model.rootLink;
  let lastFrame = 0;
  const grow = (link: string, frame: number): void => {
    addPart(parts, link, frame, solidsOf(model, link));
    for (const joint of model.joints) {
      if (joint.parent !== link) continue;
      const index = indexOf.get(joint.name) ?? -1;
      frames.push({
        parent: frame,
        T_PJ: transformOf(joint.X_PJ),
        axis: joint.axis,
        kind: joint.kind,
        joint: index,
        held: source.heldJoints[joint.name] ?? 0,
      });
      if (index === joints.length - 1) lastFrame = frames.length - 1;
      grow(joint.child, frames.length - 1);
    }
  };
  grow(rootLink, 0);
  if (lastFrame === 0) throw new Error(`arm ${arm.id}: its URDF has no joint ${joints.at(-1)?.name}`);

  const { tool, X_JF } = arm.manipulator;
  frames.push(fixedFrame(lastFrame, X_JF));
  const flange = frames.length - 1;
  addPart(
    parts,
    tool.name,
    flange,
    tool.capsules.map(({ p, q, radiusM }) => segment(p, q, radiusM)),
  );
  frames.push(fixedFrame(flange, tool.X_FT));
  const chainM = leversOf(frames, parts, joints.length);
  const limits = joints.map((joint) => joint.limits);
  return {
    id: arm.id,
    jointCount: joints.length,
    limits,
    isPrismatic: joints.map((joint) => joint.kind === 'prismatic'),
    frames,
    parts,
    jointFrames: joints.map((_, j) => frames.findIndex((frame) => frame.joint === j)),
    movedBy: parts.map((part) => {
      let frame = part.frame;
      while (frame >= 0 && frames[frame].joint < 0) frame = frames[frame].parent;
      return frame < 0 ? -1 : frames[frame].joint;
    }),
    tipFrame: frames.length - 1,
    leverM: joints.map((joint, j) => (joint.kind === 'prismatic' ? 1 : chainM.beyond[j]!)),
    baseM: arm.X_WB.positionM,
    reachM: chainM.all,
    stopUs: Math.ceil(1e6 * Math.max(...limits.map(stopS))),
  };
}

/** From full speed to rest within acceleration and jerk, s. */
function stopS({ velocityMax, accelerationMax, jerkMax }: JointLimits): number {
  return velocityMax / accelerationMax + accelerationMax / jerkMax;
}

function baseFrame(X_WB: Pose): Frame {
  return { parent: -1, T_PJ: transformOf(X_WB), axis: [0, 0, 1], kind: 'fixed', joint: -1, held: 0 };
}

function fixedFrame(parent: number, X: Pose): Frame {
  return { parent, T_PJ: transformOf(X), axis: [0, 0, 1], kind: 'fixed', joint: -1, held: 0 };
}

function addPart(parts: Part[], name: string, frame: number, solids: readonly Solid[]): void {
  if (solids.length === 0) return;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  const spheres = solids.flatMap(spheresAround);
  for (const [x, y, z, r] of spheres) {
    [x, y, z].forEach((value, k) => {
      low[k] = Math.min(low[k]!, value - r);
      high[k] = Math.max(high[k]!, value + r);
    });
  }
  const centre: Vec3 = [0, 1, 2].map((k) => (low[k]! + high[k]!) / 2) as unknown as Vec3;
  const boundM = Math.max(
    ...spheres.map(([x, y, z, r]) => Math.hypot(x - centre[0], y - centre[1], z - centre[2]) + r),
  );
  parts.push({ name, frame, solids, centre, boundM });
}

function spheresAround(solid: Solid): (readonly [number, number, number, number])[] {
  const { ends, T, halfM, radiusM } = solid;
  if (solid.kind === 'segment') {
    return [
      [ends[0]!, ends[1]!, ends[2]!, radiusM],
      [ends[3]!, ends[4]!, ends[5]!, radiusM],
    ];
  }
  return [[T[3]!, T[7]!, T[11]!, Math.hypot(...halfM)]];
}

/** Sums of the lengths beyond each joint bound how far anything can be from its axis. */
function leversOf(
  frames: readonly Frame[],
  parts: readonly Part[],
  joints: number,
): { readonly beyond: readonly number[]; readonly all: number } {
  const farM = frames.map(() => 0);
  for (const part of parts) {
    farM[part.frame] = Math.max(farM[part.frame]!, Math.hypot(...part.centre) + part.boundM);
  }
  farM[frames.length - 1] = Math.max(farM[frames.length - 1]!, 2 * ITEM_BOUND_M);
  for (let k = frames.length - 1; k > 0; k -= 1) {
    const { parent, T_PJ, kind } = frames[k]!;
    const stroke = kind === 'prismatic' ? 1 : 0;
    const throughM = farM[k]! + Math.hypot(T_PJ[3]!, T_PJ[7]!, T_PJ[11]!) + stroke;
    farM[parent] = Math.max(farM[parent]!, throughM);
  }
  const beyond = Array.from({ length: joints }, (_, j) => {
    const frame = frames.findIndex((each) => each.joint === j);
    return farM[frame] ?? farM[0]!;
  });
  return { beyond, all: farM[0]! };
}

function solidsOf(model: UrdfModel, link: string): readonly Solid[] {
  const collisions = model.links.find((each) => each.name === link)?.collisions ?? [];
  return withoutCaps(collisions.map(({ shape, X_LS }) => solidOf(shape, transformOf(X_LS))));
}

function solidOf(shape: Shape, T: Float64Array): Solid {
  switch (shape.type) {
    case 'box':
      return {
        kind: 'box',
        ends: [],
        T,
        halfM: shape.sizeM.map((side) => side / 2) as unknown as Vec3,
        radiusM: 0,
      };
    case 'sphere':
      return segment([T[3]!, T[7]!, T[11]!], [T[3]!, T[7]!, T[11]!], shape.radiusM);
    case 'capsule': {
      const [low, high] = axisEnds(T, shape.lengthM / 2);
      return segment(low, high, shape.radiusM);
    }
    case 'cylinder':
      return {
        kind: 'cylinder',
        ends: [],
        T,
        halfM: [shape.radiusM, shape.radiusM, shape.lengthM / 2],
        radiusM: 0,
      };
  }
}

function axisEnds(T: Float64Array, halfM: number): readonly [Vec3, Vec3] {
  const at = (z: number): Vec3 => [T[3]! + z * T[2]!, T[7]! + z * T[6]!, T[11]! + z * T[10]!];
  return [at(-halfM), at(halfM)];
}

function segment(p: Vec3, q: Vec3, radiusM: number): Solid {
  return { kind: 'segment', ends: [...p, ...q], T: NO_FRAME, halfM: [0, 0, 0], radiusM };
}

const NO_FRAME = new Float64Array(12);

/** Descriptions write a rounded tube as a cylinder with a sphere at each end, to this accuracy, m. */
const CAP_TOLERANCE_M = 1e-5;

/** Cylinders whose both ends are capped by spheres of their own radius become one rounded segment. */
function withoutCaps(solids: readonly Solid[]): readonly Solid[] {
  const left = new Set(solids);
  const tubes: Solid[] = [];
  for (const solid of solids) {
    if (solid.kind !== 'cylinder') continue;
    const ends = axisEnds(solid.T, solid.halfM[2]);
    const caps = ends.map((end) =>
      [...left].find(
        (each) =>
          each.kind === 'segment' &&
          Math.abs(each.radiusM - solid.halfM[0]) < CAP_TOLERANCE_M &&
          end.every((value, k) => Math.abs(value - each.ends[k]!) < CAP_TOLERANCE_M) &&
          end.every((value, k) => Math.abs(value - each.ends[3 + k]!) < CAP_TOLERANCE_M),
      ),
    );
    if (caps.some((cap) => cap === undefined)) continue;
    left.delete(solid);
    for (const cap of caps) left.delete(cap!);
    tubes.push(segment(ends[0], ends[1], solid.halfM[0] + CAP_TOLERANCE_M));
  }
  return [...tubes, ...left];
}

/** A pose as a row-major 3x4 transform. */
export function transformOf({ positionM: [px, py, pz], quaternionXyzw: [x, y, z, w] }: Pose): Float64Array {
  return Float64Array.of(
    1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), px,
    2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), py,
    2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), pz,
  ); // prettier-ignore
}
