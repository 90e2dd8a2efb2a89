import type { Pose, Vec3 } from '../geometry/pose.ts';
import { invert, multiply, transformOf, transformPoint } from '../geometry/transform.ts';
import { dot, minus, norm, scaled } from '../geometry/vector.ts';
import type { Joint, Manipulator } from '../model/manipulator.ts';
import { pairsThatCanMeet } from '../planning/self-pairs.ts';
import { inLastJoint, leversOf } from './travel-bound.ts';

/** A capsule of an arm in the frame of the joint that moves it, as the kernel has it; -1: fixed, in the world. */
export interface LaidCapsule {
  readonly joint: number;
  readonly p: Vec3;
  readonly q: Vec3;
  readonly radiusM: number;
}

/** Capsules that move as one, with a sphere round all of them. */
export interface LaidGroup {
  readonly joint: number;
  readonly first: number;
  readonly end: number;
  readonly centre: Vec3;
  readonly radiusM: number;
  /** How far a point of the capsules' axes travels per unit of each joint. */
  readonly levers: readonly number[];
}

/** One arm with every joint turning about or sliding along its own z axis, capsules sorted into groups. */
export interface ArmLayout {
  /** Per joint the transform from the joint before (the first: from the world), row-major 3x4, and whether it slides. */
  readonly joints: readonly { readonly T: Float64Array; readonly slides: boolean }[];
  readonly capsules: readonly LaidCapsule[];
  /** Those that move first, by joint; then the one that is fixed to the base, if any. */
  readonly groups: readonly LaidGroup[];
  readonly movingGroups: number;
  /** Pairs of groups with the pairs of capsules in them that can meet. */
  readonly pairs: readonly {
    readonly inner: number;
    readonly outer: number;
    readonly capsules: readonly (readonly [number, number])[];
  }[];
  /** The tool's tip in the last joint's frame, row-major 3x4. */
  readonly tip: Float64Array;
  /** The first joint's origin in the world, and how far any part of the arm can be from it. */
  readonly centre: Vec3;
  readonly reachM: number;
}

/** Spheres and levers of what moves, by manipulator: they do not turn on where the arm stands. */
const moving = new WeakMap<Manipulator, Map<number, Pick<LaidGroup, 'centre' | 'radiusM' | 'levers'>>>();

export function layOutArm(manipulator: Manipulator, X_WB: Pose, selfMarginM: number): ArmLayout {
  const turns = manipulator.joints.map(zToAxis);
  const last = manipulator.joints.length - 1;
  const joints = manipulator.joints.map((joint, j) => {
    const before = j === 0 ? transformOf(X_WB) : inverseOf(turns[j - 1]);
    const T = product(product(before, transformOf(joint.X_PJ)), turns[j]);
    return { T, slides: joint.kind === 'prismatic' };
  });
  const toFrame = (joint: number): Float64Array => (joint < 0 ? transformOf(X_WB) : inverseOf(turns[joint]));
  const parts = [
    ...manipulator.capsules.map((capsule, index) => ({ ...capsule, index, body: capsule.joint })),
    ...manipulator.tool.capsules.map(({ p, q, radiusM }, t) => ({
      p: inLastJoint(manipulator, p),
      q: inLastJoint(manipulator, q),
      radiusM,
      joint: last,
      index: manipulator.capsules.length + t,
      body: last + 1,
    })),
  ];
  // What is fixed comes last.
  const order = (body: number): number => (body < 0 ? Infinity : body);
  const sorted = parts.toSorted((a, b) => order(a.body) - order(b.body) || a.index - b.index);
  const placeOf = new Map(sorted.map((part, place) => [part.index, place]));
  const bodies = [...new Set(sorted.map((part) => part.body))];
  const capsules = sorted.map(({ joint, p, q, radiusM }): LaidCapsule => {
    const T = toFrame(joint);
    return { joint, p: transformPoint(T, 0, p), q: transformPoint(T, 0, q), radiusM };
  });
  const groups = bodies.map((body): LaidGroup => {
    const first = sorted.findIndex((part) => part.body === body);
    const members = sorted.filter((part) => part.body === body);
    const end = first + members.length;
    const { joint } = members[0];
    const known =
      moving.get(manipulator) ?? new Map<number, Pick<LaidGroup, 'centre' | 'radiusM' | 'levers'>>();
    moving.set(manipulator, known);
    const before = body < 0 ? undefined : known.get(body);
    if (before !== undefined) return { joint, first, end, ...before };
    const levers = members
      .flatMap(({ p, q }) => [leversOf(manipulator, joint, p), leversOf(manipulator, joint, q)])
      .reduce((most, each) => most.map((lever, j) => Math.max(lever, each[j])));
    const made = { ...sphereRound(capsules.slice(first, end)), levers };
    if (body >= 0) known.set(body, made);
    return { joint, first, end, ...made };
  });
  const groupOf = (index: number): number => bodies.indexOf(parts[index].body);
  const pairs = new Map<string, { inner: number; outer: number; capsules: [number, number][] }>();
  for (const [i, k] of pairsThatCanMeet(manipulator, selfMarginM)) {
    const [a, b] = parts[i].joint < parts[k].joint ? [i, k] : [k, i];
    const [inner, outer] = [groupOf(a), groupOf(b)];
    const pair = pairs.get(`${inner} ${outer}`) ?? { inner, outer, capsules: [] };
    pair.capsules.push([placeOf.get(a)!, placeOf.get(b)!]);
    pairs.set(`${inner} ${outer}`, pair);
  }
  const tip = product(
    product(inverseOf(turns[last]), transformOf(manipulator.X_JF)),
    transformOf(manipulator.tool.X_FT),
  );
  return {
    joints,
    capsules,
    groups,
    movingGroups: groups.filter((group) => group.joint >= 0).length,
    pairs: [...pairs.values()],
    tip,
    centre: [joints[0].T[3], joints[0].T[7], joints[0].T[11]],
    reachM: reachOf(manipulator, parts),
  };
}

function reachOf(
  manipulator: Manipulator,
  parts: readonly { readonly joint: number; readonly p: Vec3; readonly q: Vec3; readonly radiusM: number }[],
): number {
  const offsets = manipulator.joints.map((joint, j) => {
    const slide =
      joint.kind === 'prismatic' ? Math.max(Math.abs(joint.limits.lower), Math.abs(joint.limits.upper)) : 0;
    return slide + (j === 0 ? 0 : norm(joint.X_PJ.positionM));
  });
  return Math.max(
    ...parts.map(({ joint, p, q, radiusM }) => {
      const along = offsets.slice(0, joint + 1).reduce((sum, offset) => sum + offset, 0);
      return joint < 0 ? 0 : along + Math.max(norm(p), norm(q)) + radiusM;
    }),
  );
}

/** The rotation that takes z to a joint's axis. */
function zToAxis({ axis }: Joint): Float64Array {
  const [x, y, z] = axis;
  if (x === 0 && y === 0 && z === 1) return transformOf(NOWHERE);
  // Half way between the two lies the axis of a half turn; for the opposite direction any axis across does.
  const half: Vec3 = [x, y, z + 1];
  const length = norm(half);
  const [u, v, w]: Vec3 = length > 1e-9 ? scaled(half, 1 / length) : [1, 0, 0];
  return transformOf({ positionM: [0, 0, 0], quaternionXyzw: [u, v, w, 0] });
}

const NOWHERE: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };

function product(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(12);
  multiply(a, 0, b, 0, out, 0);
  return out;
}

function inverseOf(T: Float64Array): Float64Array {
  const out = new Float64Array(12);
  invert(T, 0, out, 0);
  return out;
}

const SPHERE_STEPS = 400;

/**
 * A sphere round capsules, near the smallest: the centre goes towards the farthest end by ever smaller steps (Badoiu,
 * Clarkson 2003, "Smaller core-sets for balls"), then the radius takes in all of them.
 */
export function sphereRound(capsules: readonly Pick<LaidCapsule, 'p' | 'q' | 'radiusM'>[]): {
  readonly centre: Vec3;
  readonly radiusM: number;
} {
  const ends = capsules.flatMap(({ p, q, radiusM }) => [
    { point: p, radiusM },
    { point: q, radiusM },
  ]);
  const far = (c: Vec3, end: (typeof ends)[number]): number => norm(minus(end.point, c)) + end.radiusM;
  let centre = ends[0].point;
  for (let step = 1; step <= SPHERE_STEPS; step += 1) {
    const farthest = ends.reduce((most, end) => (far(centre, end) > far(centre, most) ? end : most));
    const way = minus(farthest.point, centre);
    centre = [0, 1, 2].map((k) => centre[k] + way[k] / (step + 1)) as unknown as Vec3;
  }
  return { centre, radiusM: Math.max(...ends.map((end) => far(centre, end))) };
}

/** How a fixed rotation can be applied: see `TURN_...` in `assembly/layout.ts`. */
export function turnKind(T: Float64Array): 'none' | 'x-up' | 'x-down' | 'any' {
  const is = (columns: readonly [Vec3, Vec3, Vec3]): boolean =>
    columns.every((column, k) =>
      [0, 1, 2].every((row) => Math.abs(T[4 * row + k] - column[row]) < TURN_TOLERANCE),
    );
  if (is([[1, 0, 0], [0, 1, 0], [0, 0, 1]])) return 'none'; // prettier-ignore
  if (is([[1, 0, 0], [0, 0, 1], [0, -1, 0]])) return 'x-up'; // prettier-ignore
  if (is([[1, 0, 0], [0, 0, -1], [0, 1, 0]])) return 'x-down'; // prettier-ignore
  return 'any';
}

/** Angles in descriptions are rounded decimals of pi / 2; this is far below what float32 can tell. */
const TURN_TOLERANCE = 1e-8;

/** Squared length of a segment. */
export function length2Of(p: Vec3, q: Vec3): number {
  return dot(minus(q, p), minus(q, p));
}
