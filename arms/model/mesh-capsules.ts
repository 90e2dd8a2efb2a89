import type { Vec3 } from '../geometry/pose.ts';
import { along, cross, dot, minus, norm, scaled } from '../geometry/vector.ts';
import type { Capsule } from './capsules.ts';
import type { TriangleMesh } from './mesh.ts';

/** The most capsules for one mesh. */
const SLABS_MAX = 4;
/** One more capsule must make the cover this much smaller, as a share of its volume, to be worth its time. */
const WORTH = 0.12;
const CIRCLE_STEPS = 200;
const POWER_STEPS = 60;
/** Makes up for rounding, m. */
const ROUNDING_M = 1e-9;

/**
 * Capsules that together enclose the solid inside a closed mesh. The mesh is cut into slabs across an axis; the part of
 * the solid in a slab lies in the convex hull of the surface in it, so a capsule round the clipped triangles encloses
 * it. Tried are the coordinate axes and the longest axis of the mesh, and one to four slabs; the least volume counts.
 */
export function capsulesRoundMesh({ triangles }: TriangleMesh): readonly Capsule[] {
  const corners = triangles.flat();
  let best: readonly Capsule[] = [];
  let least = Infinity;
  for (const axis of [longestAxis(corners), [1, 0, 0], [0, 1, 0], [0, 0, 1]] as const) {
    for (let slabs = 1; slabs <= SLABS_MAX; slabs += 1) {
      const capsules = roundSlabs(triangles, axis, slabs);
      const cost = capsules.reduce((sum, capsule) => sum + volumeOf(capsule), 0) * (1 + WORTH * (slabs - 1));
      if (cost >= least) continue;
      least = cost;
      best = capsules;
    }
  }
  return best;
}

function volumeOf({ p, q, radiusM }: Capsule): number {
  return Math.PI * radiusM * radiusM * (norm(minus(q, p)) + (4 / 3) * radiusM);
}

function roundSlabs(triangles: TriangleMesh['triangles'], axis: Vec3, slabs: number): readonly Capsule[] {
  let low = Infinity;
  let high = -Infinity;
  for (const corner of triangles.flat()) {
    low = Math.min(low, dot(corner, axis));
    high = Math.max(high, dot(corner, axis));
  }
  return Array.from({ length: slabs }, (_, k) => {
    const from = low + ((high - low) * k) / slabs;
    const until = low + ((high - low) * (k + 1)) / slabs;
    return triangles.flatMap((triangle) => clipped(clipped(triangle, axis, from, 1), axis, until, -1));
  })
    .filter((points) => points.length > 0)
    .map((points) => {
      const [one, other] = [longestAxis(points), axis].map((direction) => capsuleRound(points, direction));
      return volumeOf(one) < volumeOf(other) ? one : other;
    });
}

/** What of a polygon lies on one side of a plane across `axis` (Sutherland, Hodgman 1974). */
function clipped(polygon: readonly Vec3[], axis: Vec3, at: number, side: 1 | -1): readonly Vec3[] {
  return polygon.flatMap((p, k) => {
    const q = polygon[(k + 1) % polygon.length];
    const [a, b] = [p, q].map((point) => side * (dot(point, axis) - at));
    const kept = a >= 0 ? [p] : [];
    return a >= 0 === b >= 0 ? kept : [...kept, along(p, minus(q, p), a / (a - b))];
  });
}

/** The direction in which points spread most: the first eigenvector of their covariance, by power iteration. */
function longestAxis(points: readonly Vec3[]): Vec3 {
  const mean = scaled(
    points.reduce<Vec3>((sum, p) => along(sum, p, 1), [0, 0, 0]),
    1 / points.length,
  );
  const rows: [number, number, number][] = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]; // prettier-ignore
  for (const p of points) {
    const d = minus(p, mean);
    for (let i = 0; i < 3; i += 1) for (let k = 0; k < 3; k += 1) rows[i][k] += d[i] * d[k];
  }
  let axis: Vec3 = [0.53, 0.62, 0.58];
  for (let step = 0; step < POWER_STEPS; step += 1) {
    const next: Vec3 = [dot(rows[0], axis), dot(rows[1], axis), dot(rows[2], axis)];
    const length = norm(next);
    if (!(length > 0)) return [0, 0, 1];
    axis = scaled(next, 1 / length);
  }
  return axis;
}

/** A capsule along a direction that holds all points: a circle round their shadow, then ends as short as possible. */
function capsuleRound(points: readonly Vec3[], direction: Vec3): Capsule {
  const u = scaled(direction, 1 / norm(direction));
  const side = cross(u, Math.abs(u[0]) < 0.6 ? [1, 0, 0] : [0, 1, 0]);
  const v = scaled(side, 1 / norm(side));
  const w = cross(u, v);
  const flat = points.map((p): readonly [number, number, number] => [dot(p, u), dot(p, v), dot(p, w)]);
  let y = flat[0][1];
  let z = flat[0][2];
  const off = ([, b, c]: readonly [number, number, number]): number =>
    Math.sqrt((b - y) * (b - y) + (c - z) * (c - z));
  for (let step = 1; step <= CIRCLE_STEPS; step += 1) {
    let farthest = flat[0];
    for (const point of flat) if (off(point) > off(farthest)) farthest = point;
    y += (farthest[1] - y) / (step + 1);
    z += (farthest[2] - z) / (step + 1);
  }
  const radius = flat.reduce((most, point) => Math.max(most, off(point)), 0);
  // Every point must lie in the cylinder part or in the ball at the end beyond which it stands.
  let high = -Infinity;
  let low = Infinity;
  for (const point of flat) {
    const ball = Math.sqrt(Math.max(0, radius * radius - off(point) * off(point)));
    high = Math.max(high, point[0] - ball);
    low = Math.min(low, point[0] + ball);
  }
  if (low > high) low = high = (low + high) / 2;
  const place = (a: number): Vec3 => along(along(scaled(u, a), v, y), w, z);
  return { p: place(low), q: place(high), radiusM: radius + ROUNDING_M };
}
