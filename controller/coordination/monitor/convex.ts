/**
 * Distances between the convex shapes of which the monitor builds arms. On purpose none of it is shared with the
 * planner: what both got wrong in the same way, nobody would notice. Metres; everything in one common frame.
 */

/** The part of a shape without its rounding; a shape is all within `radiusM` of its core. */
export type Core =
  /** The segment from p to q; a point has p = q. */
  | { readonly kind: 'segment'; readonly points: Float64Array }
  /** `T`: 3x4 row-major, the solid's frame; `halfM`: half extents along its axes. */
  | { readonly kind: 'box'; readonly T: Float64Array; readonly halfM: readonly [number, number, number] }
  /** Round about the z axis of its frame. */
  | { readonly kind: 'cylinder'; readonly T: Float64Array; readonly discM: number; readonly halfM: number };

/** Distance of two segments, each `p q` from the given index on (Ericson, Real-Time Collision Detection, 5.1.9). */
export function segmentDistance(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const ax = a[i + 3]! - a[i]!;
  const ay = a[i + 4]! - a[i + 1]!;
  const az = a[i + 5]! - a[i + 2]!;
  const bx = b[j + 3]! - b[j]!;
  const by = b[j + 4]! - b[j + 1]!;
  const bz = b[j + 5]! - b[j + 2]!;
  const rx = a[i]! - b[j]!;
  const ry = a[i + 1]! - b[j + 1]!;
  const rz = a[i + 2]! - b[j + 2]!;
  const aa = ax * ax + ay * ay + az * az;
  const bb = bx * bx + by * by + bz * bz;
  const ab = ax * bx + ay * by + az * bz;
  const ar = ax * rx + ay * ry + az * rz;
  const br = bx * rx + by * ry + bz * rz;
  const det = aa * bb - ab * ab;
  // Nearly parallel segments: any s serves to begin with, the clamps below find an end.
  let s = det > 1e-12 * aa * bb ? clamp01((ab * br - bb * ar) / det) : 0;
  let t = bb > 0 ? clamp01((ab * s + br) / bb) : 0;
  s = aa > 0 ? clamp01((ab * t - ar) / aa) : 0;
  t = bb > 0 ? clamp01((ab * s + br) / bb) : 0;
  const x = rx + s * ax - t * bx;
  const y = ry + s * ay - t * by;
  const z = rz + s * az - t * bz;
  return Math.sqrt(x * x + y * y + z * z);
}

function clamp01(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

const ROUNDS_MAX = 64;
/** Relative gap between the bounds on the distance at which the search ends. */
const GAP = 1e-7;
/** Cores nearer than this touch, m. */
const TOUCH_M = 1e-9;

const corners = new Float64Array(12);
const search = new Float64Array(3);
const supportA = new Float64Array(3);
const supportB = new Float64Array(3);

/**
 * Distance of two cores, 0 when they touch or overlap; an upper bound that is closer than a ten-millionth to the true
 * value. Gilbert, Johnson, Keerthi (1988), with the point of the simplex nearest to the origin found by trying all
 * its faces.
 */
export function coreDistance(a: Core, b: Core): number {
  farthest(a, 1, 0, 0, supportA);
  farthest(b, -1, 0, 0, supportB);
  for (let k = 0; k < 3; k += 1) search[k] = supportA[k]! - supportB[k]!;
  corners.set(search);
  let count = 1;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const vx = search[0]!;
    const vy = search[1]!;
    const vz = search[2]!;
    const squared = vx * vx + vy * vy + vz * vz;
    if (squared < TOUCH_M * TOUCH_M) return 0;
    farthest(a, -vx, -vy, -vz, supportA);
    farthest(b, vx, vy, vz, supportB);
    const wx = supportA[0]! - supportB[0]!;
    const wy = supportA[1]! - supportB[1]!;
    const wz = supportA[2]! - supportB[2]!;
    if (squared - (vx * wx + vy * wy + vz * wz) <= GAP * squared) return Math.sqrt(squared);
    corners[3 * count] = wx;
    corners[3 * count + 1] = wy;
    corners[3 * count + 2] = wz;
    count = nearestOfSimplex(count + 1);
    if (count === 0) return 0;
    const nearer = search[0]! * search[0]! + search[1]! * search[1]! + search[2]! * search[2]!;
    // Rounding keeps it from coming nearer: this is as exact as it gets.
    if (nearer >= squared) return Math.sqrt(squared);
  }
  return Math.sqrt(search[0]! * search[0]! + search[1]! * search[1]! + search[2]! * search[2]!);
}

/** The core's farthest point in a direction. */
function farthest(core: Core, dx: number, dy: number, dz: number, out: Float64Array): void {
  if (core.kind === 'segment') {
    const { points } = core;
    const along =
      dx * (points[3]! - points[0]!) + dy * (points[4]! - points[1]!) + dz * (points[5]! - points[2]!);
    const from = along > 0 ? 3 : 0;
    for (let k = 0; k < 3; k += 1) out[k] = points[from + k]!;
    return;
  }
  const { T } = core;
  const lx = T[0]! * dx + T[4]! * dy + T[8]! * dz;
  const ly = T[1]! * dx + T[5]! * dy + T[9]! * dz;
  const lz = T[2]! * dx + T[6]! * dy + T[10]! * dz;
  let x: number;
  let y: number;
  let z: number;
  if (core.kind === 'box') {
    x = lx > 0 ? core.halfM[0] : -core.halfM[0];
    y = ly > 0 ? core.halfM[1] : -core.halfM[1];
    z = lz > 0 ? core.halfM[2] : -core.halfM[2];
  } else {
    const across = Math.sqrt(lx * lx + ly * ly);
    x = across > 0 ? (core.discM * lx) / across : 0;
    y = across > 0 ? (core.discM * ly) / across : 0;
    z = lz > 0 ? core.halfM : -core.halfM;
  }
  out[0] = T[0]! * x + T[1]! * y + T[2]! * z + T[3]!;
  out[1] = T[4]! * x + T[5]! * y + T[6]! * z + T[7]!;
  out[2] = T[8]! * x + T[9]! * y + T[10]! * z + T[11]!;
}

/** Faces of a simplex by its number of corners: vertices, edges, triangles. */
const FACES: readonly (readonly (readonly number[])[])[] = [
  [],
  [[0]],
  [[0], [1], [0, 1]],
  [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]],
  [[0], [1], [2], [3], [0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3],
    [0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]],
]; // prettier-ignore

const candidate = new Float64Array(3);
const keptCorners = new Float64Array(12);

/**
 * Writes the simplex's point nearest to the origin to `search` and keeps only the corners of the face it lies on.
 * Returns how many those are; 0: the origin is inside.
 */
function nearestOfSimplex(count: number): number {
  if (count === 4 && holdsOrigin()) return 0;
  let best = Infinity;
  let face: readonly number[] = [];
  for (const each of FACES[count]!) {
    if (!projectOrigin(each)) continue;
    const squared =
      candidate[0]! * candidate[0]! + candidate[1]! * candidate[1]! + candidate[2]! * candidate[2]!;
    if (squared >= best) continue;
    best = squared;
    face = each;
    search.set(candidate);
  }
  face.forEach((corner, k) => keptCorners.set(corners.subarray(3 * corner, 3 * corner + 3), 3 * k));
  corners.set(keptCorners);
  return face.length;
}

/** Writes the origin's projection onto a face to `candidate`; false: it falls outside the face. */
function projectOrigin(face: readonly number[]): boolean {
  const a = 3 * face[0]!;
  const [ax, ay, az] = [corners[a]!, corners[a + 1]!, corners[a + 2]!];
  if (face.length === 1) {
    candidate[0] = ax;
    candidate[1] = ay;
    candidate[2] = az;
    return true;
  }
  const b = 3 * face[1]!;
  const [ux, uy, uz] = [corners[b]! - ax, corners[b + 1]! - ay, corners[b + 2]! - az];
  const uu = ux * ux + uy * uy + uz * uz;
  const ua = -(ux * ax + uy * ay + uz * az);
  if (face.length === 2) {
    const t = uu > 0 ? ua / uu : -1;
    if (t <= 0 || t >= 1) return false;
    candidate[0] = ax + t * ux;
    candidate[1] = ay + t * uy;
    candidate[2] = az + t * uz;
    return true;
  }
  const c = 3 * face[2]!;
  const [wx, wy, wz] = [corners[c]! - ax, corners[c + 1]! - ay, corners[c + 2]! - az];
  const ww = wx * wx + wy * wy + wz * wz;
  const uw = ux * wx + uy * wy + uz * wz;
  const wa = -(wx * ax + wy * ay + wz * az);
  const det = uu * ww - uw * uw;
  if (det <= 1e-14 * uu * ww) return false;
  const s = (ua * ww - wa * uw) / det;
  const t = (wa * uu - ua * uw) / det;
  if (s <= 0 || t <= 0 || s + t >= 1) return false;
  candidate[0] = ax + s * ux + t * wx;
  candidate[1] = ay + s * uy + t * wy;
  candidate[2] = az + s * uz + t * wz;
  return true;
}

/** Whether the origin is inside the tetrahedron: on the same side of each face as the corner across. */
function holdsOrigin(): boolean {
  for (let apex = 0; apex < 4; apex += 1) {
    const [a, b, c] = [0, 1, 2, 3].filter((corner) => corner !== apex).map((corner) => 3 * corner) as [
      number,
      number,
      number,
    ];
    const ux = corners[b]! - corners[a]!;
    const uy = corners[b + 1]! - corners[a + 1]!;
    const uz = corners[b + 2]! - corners[a + 2]!;
    const vx = corners[c]! - corners[a]!;
    const vy = corners[c + 1]! - corners[a + 1]!;
    const vz = corners[c + 2]! - corners[a + 2]!;
    const nx = uy * vz - uz * vy;
    const ny = uz * vx - ux * vz;
    const nz = ux * vy - uy * vx;
    const d = 3 * apex;
    const inner =
      nx * (corners[d]! - corners[a]!) +
      ny * (corners[d + 1]! - corners[a + 1]!) +
      nz * (corners[d + 2]! - corners[a + 2]!);
    const origin = -(nx * corners[a]! + ny * corners[a + 1]! + nz * corners[a + 2]!);
    if (inner === 0 || inner * origin < 0) return false;
  }
  return true;
}
