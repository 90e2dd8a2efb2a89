import { boxBoxSeparation, boxOf } from '../geometry/box-separation.ts';
import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule, capsuleCylinder } from '../geometry/distance.ts';
import type { Pose, Vec3 } from '../geometry/pose.ts';
import { pointInPose, rotateVector, transformOf, transformPoint } from '../geometry/transform.ts';
import { cross, dot, minus, norm, scaled } from '../geometry/vector.ts';
import { compileBody, placeBody } from '../planning/arm-body.ts';
import type { Container, KernelObstacle, KernelSceneDescription } from './collision-kernel.ts';
import type { HullMesh } from './convex-hull.ts';
import { convexHull } from './convex-hull.ts';

/** What a solid is: a carried item may touch obstacles where that is allowed, the rest never. */
export type SolidGroup = 'obstacle' | 'arm' | 'keep-out';

/** One convex solid of the world that stands still; layouts as in `geometry/distance.ts`, world coordinates. */
export type Solid = {
  readonly name: string;
  readonly group: SolidGroup;
  /** Distance to be kept, m. */
  readonly marginM: number;
} & (
  | { readonly kind: 'box' | 'capsule' | 'cylinder'; readonly values: Float64Array }
  | { readonly kind: 'hull'; readonly mesh: HullMesh }
);

/** Half the height of prisms that stand for "at any height", m: more than any arm reaches. */
const PRISM_HALF_M = 50;

/** Everything that stands still in a scene, as convex solids. */
export function solidsOf(description: KernelSceneDescription): readonly Solid[] {
  const { obstacleMarginM, armMarginM, keepOutMarginM } = description;
  return [
    ...description.obstacles.flatMap((obstacle) => obstacleSolids(obstacle, obstacleMarginM)),
    ...description.standingArms.flatMap((arm) => {
      const body = compileBody(arm.manipulator, arm.X_WB);
      placeBody(body, arm.positions, 0);
      return body.names.map((link, k): Solid => {
        const values = body.world.slice(k * CAPSULE_STRIDE, (k + 1) * CAPSULE_STRIDE);
        return { name: `${arm.id} ${link}`, group: 'arm', marginM: armMarginM, kind: 'capsule', values };
      });
    }),
    ...description.keepOut.map(({ id, minM, maxM }): Solid => {
      const T = transformOf({
        positionM: [(minM[0] + maxM[0]) / 2, (minM[1] + maxM[1]) / 2, 0],
        quaternionXyzw: [0, 0, 0, 1],
      });
      const values = boxOf(T, (maxM[0] - minM[0]) / 2, (maxM[1] - minM[1]) / 2, PRISM_HALF_M);
      return { name: id, group: 'keep-out', marginM: keepOutMarginM, kind: 'box', values };
    }),
  ];
}

function obstacleSolids(obstacle: KernelObstacle, marginM: number): readonly Solid[] {
  const { shape, X_WO, id } = obstacle;
  const common = { name: id, group: 'obstacle', marginM } as const;
  const T = transformOf(X_WO);
  switch (shape.type) {
    case 'box': {
      const [x, y, z] = shape.sizeM;
      return [{ ...common, kind: 'box', values: boxOf(T, x / 2, y / 2, z / 2) }];
    }
    case 'sphere':
    case 'capsule': {
      const half = shape.type === 'sphere' ? 0 : shape.lengthM / 2;
      const p = transformPoint(T, 0, [0, 0, -half]);
      const q = transformPoint(T, 0, [0, 0, half]);
      return [{ ...common, kind: 'capsule', values: Float64Array.of(...p, ...q, shape.radiusM) }];
    }
    case 'cylinder': {
      const values = Float64Array.of(T[2], T[6], T[10], T[3], T[7], T[11], shape.radiusM, shape.lengthM / 2);
      return [{ ...common, kind: 'cylinder', values }];
    }
    case 'container':
      return containerBoxes(shape).map(({ centreM, sizeM }): Solid => {
        const part = transformOf({
          positionM: pointInPose(X_WO, centreM),
          quaternionXyzw: X_WO.quaternionXyzw,
        });
        return {
          ...common,
          kind: 'box',
          values: boxOf(part, sizeM[0] / 2, sizeM[1] / 2, sizeM[2] / 2),
        };
      });
    case 'convex-hull': {
      const mesh = convexHull(shape.pointsM.map((p) => transformPoint(T, 0, p)));
      if (mesh === null) throw new RangeError(`obstacle ${id}: the points of a convex hull lie in one plane`);
      return [{ ...common, kind: 'hull', mesh }];
    }
  }
}

/** The floor and the four walls of a container, in its frame. */
function containerBoxes({ sizeM, wallM, floorM }: Container): readonly { centreM: Vec3; sizeM: Vec3 }[] {
  const [x, y, z] = sizeM;
  return [
    { centreM: [0, 0, (floorM - z) / 2], sizeM: [x, y, floorM] },
    { centreM: [(x - wallM) / 2, 0, 0], sizeM: [wallM, y, z] },
    { centreM: [(wallM - x) / 2, 0, 0], sizeM: [wallM, y, z] },
    { centreM: [0, (y - wallM) / 2, 0], sizeM: [x, wallM, z] },
    { centreM: [0, (wallM - y) / 2, 0], sizeM: [x, wallM, z] },
  ];
}

/** Signed distance between a capsule and a solid, m, without its margin. */
export function capsuleSolid(capsules: Float64Array, at: number, solid: Solid): number {
  switch (solid.kind) {
    case 'box':
      return capsuleBox(capsules, at, solid.values, 0);
    case 'capsule':
      return capsuleCapsule(capsules, at, solid.values, 0);
    case 'cylinder':
      return capsuleCylinder(capsules, at, solid.values, 0);
    case 'hull':
      return segmentHull(capsules, at, solid.mesh) - capsules[at + 6];
  }
}

/** A lower bound, with the right sign, of the distance between an oriented box and a solid, m, without its margin. */
export function boxSolid(box: Float64Array, solid: Solid): number {
  switch (solid.kind) {
    case 'box':
      return boxBoxSeparation(box, 0, solid.values, 0);
    case 'capsule':
      return capsuleBox(solid.values, 0, box, 0);
    case 'cylinder':
      return boxBoxSeparation(box, 0, boxAroundCylinder(solid.values), 0);
    case 'hull':
      return boxHullSeparation(box, solid.mesh);
  }
}

/** The box of square section that a cylinder (layout of `geometry/distance.ts`) touches from inside. */
export function boxAroundCylinder(v: Float64Array): Float64Array {
  const n: Vec3 = [v[0], v[1], v[2]];
  // Any axis that is not parallel to the cylinder's.
  const side = cross(n, Math.abs(n[0]) < 0.6 ? [1, 0, 0] : [0, 1, 0]);
  const u = scaled(side, 1 / norm(side));
  const w = cross(n, u);
  return Float64Array.of(
    u[0], w[0], n[0], u[1], w[1], n[1], u[2], w[2], n[2], v[3], v[4], v[5], v[6], v[6], v[7],
  ); // prettier-ignore
}

const SEARCH_STEPS = 45;

/** Signed distance of a segment (the first six numbers of a capsule) to a hull; inside, the depth of its deepest point. */
function segmentHull(capsules: Float64Array, at: number, mesh: HullMesh): number {
  const p: Vec3 = [capsules[at], capsules[at + 1], capsules[at + 2]];
  const q: Vec3 = [capsules[at + 3], capsules[at + 4], capsules[at + 5]];
  const d = minus(q, p);
  const planes = (t: number): number => {
    const x: Vec3 = [p[0] + t * d[0], p[1] + t * d[1], p[2] + t * d[2]];
    return Math.max(...mesh.normals.map((n, k) => dot(n, minus(x, mesh.triangles[k][0]))));
  };
  // The greatest of the planes' distances is convex along the segment: halve the interval by thirds.
  let lo = 0;
  let hi = 1;
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const a = lo + (hi - lo) / 3;
    const b = hi - (hi - lo) / 3;
    if (planes(a) < planes(b)) hi = b;
    else lo = a;
  }
  const deepest = planes((lo + hi) / 2);
  if (deepest <= 0) return deepest;
  let least = Infinity;
  const segment = Float64Array.of(...p, ...q, 0);
  mesh.triangles.forEach((corners, k) => {
    for (let c = 0; c < 3; c += 1) {
      const edge = Float64Array.of(...corners[c], ...corners[(c + 1) % 3], 0);
      least = Math.min(least, capsuleCapsule(segment, 0, edge, 0));
    }
    for (const end of [p, q]) {
      const n = mesh.normals[k];
      const isOver = [0, 1, 2].every(
        (c) => dot(cross(minus(corners[(c + 1) % 3], corners[c]), minus(end, corners[c])), n) >= 0,
      );
      if (isOver) least = Math.min(least, Math.abs(dot(n, minus(end, corners[0]))));
    }
  });
  return least;
}

/** The widest gap along the faces' normals of both and the cross products of their edges (separating axes). */
function boxHullSeparation(box: Float64Array, mesh: HullMesh): number {
  const sides = [0, 1, 2].map((k): Vec3 => [box[k], box[3 + k], box[6 + k]]);
  const centre: Vec3 = [box[9], box[10], box[11]];
  const edges = mesh.triangles.flatMap((c) => [minus(c[1], c[0]), minus(c[2], c[1]), minus(c[0], c[2])]);
  const axes = [...mesh.normals, ...sides];
  for (const edge of edges) {
    for (const side of sides) {
      const axis = cross(edge, side);
      if (norm(axis) > 1e-6 * norm(edge)) axes.push(scaled(axis, 1 / norm(axis)));
    }
  }
  const corners = mesh.triangles.flat();
  let widest = -Infinity;
  for (const axis of axes) {
    const middle = dot(axis, centre);
    const half = sides.reduce((sum, side, k) => sum + Math.abs(dot(axis, side)) * box[12 + k], 0);
    const along = corners.map((c) => dot(axis, c));
    widest = Math.max(widest, Math.min(...along) - middle - half, middle - half - Math.max(...along));
  }
  return widest;
}

/** The pose's rotation and position as a box centred `centreM` in its frame. */
export function boxInPose(T: Float64Array, at: number, centreM: Vec3, sizeM: Vec3): Float64Array {
  const box = boxOf(T.slice(at, at + 12), sizeM[0] / 2, sizeM[1] / 2, sizeM[2] / 2);
  const offset = rotateVector(T, at, centreM);
  for (let k = 0; k < 3; k += 1) box[9 + k] += offset[k];
  return box;
}

/** A pose in which nothing is moved. */
export const WORLD_POSE: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };
