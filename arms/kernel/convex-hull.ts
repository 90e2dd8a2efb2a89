import type { Vec3 } from '../geometry/pose.ts';
import { cross, dot, minus, norm, scaled } from '../geometry/vector.ts';

/** A convex polyhedron as triangles, corners counter-clockwise seen from outside. */
export interface HullMesh {
  readonly triangles: readonly (readonly [Vec3, Vec3, Vec3])[];
  /** Per triangle its outward unit normal. */
  readonly normals: readonly Vec3[];
}

/** Points nearer to a face's plane than this share of the hull's size count as in it. */
const FLAT_SHARE = 1e-9;

/**
 * The convex hull of a set of points, by adding one point after the other and replacing the faces it sees (the
 * incremental algorithm; de Berg et al., "Computational Geometry", chapter 11). Null when all points lie in a plane.
 */
export function convexHull(points: readonly Vec3[]): HullMesh | null {
  const size = Math.max(0, ...points.map((p) => norm(minus(p, points[0]))));
  const flat = size * FLAT_SHARE;
  const first = startingSimplex(points, flat);
  if (first === null) return null;
  let faces = first;
  points.forEach((p, index) => {
    const seen = faces.filter((f) => dot(f.normal, minus(p, points[f.corners[0]])) > flat);
    if (seen.length === 0) return;
    // The horizon: edges of seen faces whose other side is not seen.
    const edges = new Map<string, readonly [number, number]>();
    for (const { corners } of seen) {
      for (let k = 0; k < 3; k += 1) {
        const [a, b] = [corners[k], corners[(k + 1) % 3]];
        if (!edges.delete(`${b} ${a}`)) edges.set(`${a} ${b}`, [a, b]);
      }
    }
    faces = faces.filter((f) => !seen.includes(f));
    for (const [a, b] of edges.values()) faces.push(faceOf(points, [a, b, index]));
  });
  return {
    triangles: faces.map(({ corners }) => [points[corners[0]], points[corners[1]], points[corners[2]]]),
    normals: faces.map((f) => f.normal),
  };
}

interface Face {
  readonly corners: readonly [number, number, number];
  readonly normal: Vec3;
}

function faceOf(points: readonly Vec3[], corners: readonly [number, number, number]): Face {
  const [a, b, c] = corners.map((k) => points[k]);
  const n = cross(minus(b, a), minus(c, a));
  const length = norm(n);
  // A sliver has no direction of its own; its neighbours bound the hull there.
  return { corners, normal: length > 0 ? scaled(n, 1 / length) : [0, 0, 0] };
}

function startingSimplex(points: readonly Vec3[], flat: number): Face[] | null {
  const a = 0;
  const farthest = (measure: (p: Vec3) => number): number => {
    let best = -1;
    let most = flat;
    points.forEach((p, k) => {
      if (measure(p) > most) {
        most = measure(p);
        best = k;
      }
    });
    return best;
  };
  const b = farthest((p) => norm(minus(p, points[a])));
  if (b < 0) return null;
  const edge = scaled(minus(points[b], points[a]), 1 / norm(minus(points[b], points[a])));
  const c = farthest((p) => norm(cross(minus(p, points[a]), edge)));
  if (c < 0) return null;
  const base = faceOf(points, [a, b, c]);
  const d = farthest((p) => Math.abs(dot(base.normal, minus(p, points[a]))));
  if (d < 0) return null;
  const isAbove = dot(base.normal, minus(points[d], points[a])) > 0;
  const [p, q, r] = isAbove ? [a, c, b] : [a, b, c];
  return [
    faceOf(points, [p, q, r]),
    faceOf(points, [p, d, q]),
    faceOf(points, [q, d, r]),
    faceOf(points, [r, d, p]),
  ];
}
