/**
 * Exact signed distances between the convex shapes of which arms and cells are made, in float64 and without
 * allocating: these functions run millions of times per planned job.
 *
 * Shapes lie in Float64Arrays at an offset, all in one common frame, metres:
 * - capsule: `px py pz qx qy qz r` (7 values), the segment from p to q inflated by r; a sphere has p = q, a point
 *   has r = 0 as well;
 * - box: `r00 r01 r02 r10 .. r22 cx cy cz hx hy hz` (15 values), rotation row by row (box to common frame),
 *   centre, half extents;
 * - cylinder: `ax ay az cx cy cz r h` (8 values), unit axis, centre, radius, half length.
 *
 * A distance is negative inside: minus the depth of the deepest point of the capsule's axis below the other
 * shape's surface (for two capsules: 0 minus both radii where the axes cross), minus the radius. That number has
 * the sign of "is there contact" exactly; as a depth it says how bad the contact is, it is not the least
 * translation that would end it.
 */

export const CAPSULE_STRIDE = 7;
export const BOX_STRIDE = 15;

/** How far below the true value a capsule-cylinder distance can lie per metre of the capsule's axis. */
export const CYLINDER_SLACK_PER_M = 1e-7;

/**
 * Squared distance of the segments p1 + s d1 and p2 + t d2 with s, t in [0, 1], where `r` = p1 - p2.
 * Minimises the convex quadratic exactly: the interior stationary point if it lies in the unit square, else the
 * best of the four edges' minima (method of regions, e.g. Eberly, "Robust computation of distance between line
 * segments"; here by edges, which has no division by a vanishing determinant).
 */
export function segmentsSquared(
  rx: number,
  ry: number,
  rz: number,
  d1x: number,
  d1y: number,
  d1z: number,
  d2x: number,
  d2y: number,
  d2z: number,
): number {
  const a = d1x * d1x + d1y * d1y + d1z * d1z;
  const b = d1x * d2x + d1y * d2y + d1z * d2z;
  const c = d2x * d2x + d2y * d2y + d2z * d2z;
  const d = d1x * rx + d1y * ry + d1z * rz;
  const e = d2x * rx + d2y * ry + d2z * rz;
  const f = rx * rx + ry * ry + rz * rz;
  const det = a * c - b * b;
  if (det > 1e-12 * a * c) {
    const s = (b * e - c * d) / det;
    const t = (a * e - b * d) / det;
    if (s >= 0 && s <= 1 && t >= 0 && t <= 1) {
      const x = rx + s * d1x - t * d2x;
      const y = ry + s * d1y - t * d2y;
      const z = rz + s * d1z - t * d2z;
      return x * x + y * y + z * z;
    }
  }
  // Edges s = 0, s = 1 (best t), t = 0, t = 1 (best s); on each the quadratic in one variable, clamped. The
  // expanded quadratic only chooses the edge: the value is taken from the points, which keeps its digits near 0.
  let v = c > 0 ? e / c : 0;
  v = v < 0 ? 0 : v > 1 ? 1 : v;
  let best = f - 2 * v * e + v * v * c;
  let s = 0;
  let t = v;
  v = c > 0 ? (e + b) / c : 0;
  v = v < 0 ? 0 : v > 1 ? 1 : v;
  let other = f + 2 * d + a - 2 * v * (e + b) + v * v * c;
  if (other < best) {
    best = other;
    s = 1;
    t = v;
  }
  v = a > 0 ? -d / a : 0;
  v = v < 0 ? 0 : v > 1 ? 1 : v;
  other = f + 2 * v * d + v * v * a;
  if (other < best) {
    best = other;
    s = v;
    t = 0;
  }
  v = a > 0 ? (b - d) / a : 0;
  v = v < 0 ? 0 : v > 1 ? 1 : v;
  other = f - 2 * e + c + 2 * v * (d - b) + v * v * a;
  if (other < best) {
    s = v;
    t = 1;
  }
  const x = rx + s * d1x - t * d2x;
  const y = ry + s * d1y - t * d2y;
  const z = rz + s * d1z - t * d2z;
  return x * x + y * y + z * z;
}

/** Signed distance of two capsules; a sphere is a capsule with p = q. */
export function capsuleCapsule(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const px = a[i];
  const py = a[i + 1];
  const pz = a[i + 2];
  const ux = b[j];
  const uy = b[j + 1];
  const uz = b[j + 2];
  const squared = segmentsSquared(
    px - ux,
    py - uy,
    pz - uz,
    a[i + 3] - px,
    a[i + 4] - py,
    a[i + 5] - pz,
    b[j + 3] - ux,
    b[j + 4] - uy,
    b[j + 5] - uz,
  );
  return Math.sqrt(squared) - a[i + 6] - b[j + 6];
}

/** Signed distance of the point (x, y, z), given in the box's frame, to a box of half extents h. */
export function pointBox(x: number, y: number, z: number, hx: number, hy: number, hz: number): number {
  const ex = Math.abs(x) - hx;
  const ey = Math.abs(y) - hy;
  const ez = Math.abs(z) - hz;
  if (ex <= 0 && ey <= 0 && ez <= 0) return Math.max(ex, ey, ez);
  const ox = ex > 0 ? ex : 0;
  const oy = ey > 0 ? ey : 0;
  const oz = ez > 0 ? ez : 0;
  return Math.sqrt(ox * ox + oy * oy + oz * oz);
}

/** Half the derivative, at t, of the squared distance from p + t d to the box around the origin. */
function slope(
  t: number,
  px: number,
  py: number,
  pz: number,
  dx: number,
  dy: number,
  dz: number,
  hx: number,
  hy: number,
  hz: number,
): number {
  const x = px + t * dx;
  const y = py + t * dy;
  const z = pz + t * dz;
  let sum = 0;
  if (x > hx) sum += (x - hx) * dx;
  else if (x < -hx) sum += (x + hx) * dx;
  if (y > hy) sum += (y - hy) * dy;
  else if (y < -hy) sum += (y + hy) * dy;
  if (z > hz) sum += (z - hz) * dz;
  else if (z < -hz) sum += (z + hz) * dz;
  return sum;
}

/**
 * Signed distance of the segment p + t d, t in [0, 1], to the box around the origin with half extents h.
 * The signed distance to a convex set is convex along the segment. Outside, its square is piecewise quadratic with
 * breaks where a coordinate passes a face; the derivative is monotone and linear between breaks, so bracketing by
 * the breaks and one secant step is exact.
 */
export function segmentBox(
  px: number,
  py: number,
  pz: number,
  dx: number,
  dy: number,
  dz: number,
  hx: number,
  hy: number,
  hz: number,
): number {
  let lo = 0;
  let slopeLo = slope(0, px, py, pz, dx, dy, dz, hx, hy, hz);
  if (slopeLo > 0) return pointBox(px, py, pz, hx, hy, hz);
  let hi = 1;
  let slopeHi = slope(1, px, py, pz, dx, dy, dz, hx, hy, hz);
  if (slopeHi < 0) return pointBox(px + dx, py + dy, pz + dz, hx, hy, hz);
  for (let axis = 0; axis < 3; axis += 1) {
    const p = axis === 0 ? px : axis === 1 ? py : pz;
    const d = axis === 0 ? dx : axis === 1 ? dy : dz;
    const h = axis === 0 ? hx : axis === 1 ? hy : hz;
    if (d === 0) continue;
    const inverse = 1 / d;
    for (let side = -1; side <= 1; side += 2) {
      const t = (side * h - p) * inverse;
      if (t <= lo || t >= hi) continue;
      const g = slope(t, px, py, pz, dx, dy, dz, hx, hy, hz);
      if (g < 0) {
        lo = t;
        slopeLo = g;
      } else {
        hi = t;
        slopeHi = g;
      }
    }
  }
  const t = slopeHi > slopeLo ? lo - (slopeLo * (hi - lo)) / (slopeHi - slopeLo) : lo;
  const distance = pointBox(px + t * dx, py + t * dy, pz + t * dz, hx, hy, hz);
  // Rounding can leave the entry point a hair outside; the depth function agrees with the distance there.
  return distance > 1e-9 ? distance : segmentInsideBox(px, py, pz, dx, dy, dz, hx, hy, hz);
}

/**
 * Least value of max over the six faces of (signed distance to the face's plane) along a segment that enters the
 * box: the minimum of a convex, piecewise linear function, found by intersecting the lines active at the two ends
 * of a shrinking bracket. Each round takes one face out of the game, so six rounds settle it.
 */
function segmentInsideBox(
  px: number,
  py: number,
  pz: number,
  dx: number,
  dy: number,
  dz: number,
  hx: number,
  hy: number,
  hz: number,
): number {
  // The active face at t has value `f` and slope `g`; among equal values the one that bounds the bracket counts.
  let f0 = -Infinity;
  let g0 = 0;
  let f1 = -Infinity;
  let g1 = 0;
  for (let face = 0; face < 6; face += 1) {
    const sign = face < 3 ? 1 : -1;
    const k = face % 3;
    const d = sign * (k === 0 ? dx : k === 1 ? dy : dz);
    const v = sign * (k === 0 ? px : k === 1 ? py : pz) - (k === 0 ? hx : k === 1 ? hy : hz);
    if (v > f0 || (v === f0 && d > g0)) {
      f0 = v;
      g0 = d;
    }
    if (v + d > f1 || (v + d === f1 && d < g1)) {
      f1 = v + d;
      g1 = d;
    }
  }
  if (g0 >= 0) return f0;
  if (g1 <= 0) return f1;
  // Lines: at the left f0 + g0 t (falling), at the right f1 + g1 (t - 1) (rising).
  for (let round = 0; round < 6; round += 1) {
    const t = (f1 - g1 - f0) / (g0 - g1);
    const bound = f0 + g0 * t;
    let best = -Infinity;
    let slopeAt = 0;
    for (let face = 0; face < 6; face += 1) {
      const sign = face < 3 ? 1 : -1;
      const k = face % 3;
      const d = sign * (k === 0 ? dx : k === 1 ? dy : dz);
      const v = sign * (k === 0 ? px : k === 1 ? py : pz) - (k === 0 ? hx : k === 1 ? hy : hz) + d * t;
      if (v > best) {
        best = v;
        slopeAt = d;
      }
    }
    if (best <= bound + 1e-15 || slopeAt === 0) return best;
    if (slopeAt < 0) {
      f0 = best - slopeAt * t;
      g0 = slopeAt;
    } else {
      f1 = best + slopeAt * (1 - t);
      g1 = slopeAt;
    }
  }
  return f0 + (g0 * (f1 - g1 - f0)) / (g0 - g1);
}

/** Signed distance of a capsule to an oriented box. */
export function capsuleBox(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const x = a[i] - b[j + 9];
  const y = a[i + 1] - b[j + 10];
  const z = a[i + 2] - b[j + 11];
  const u = a[i + 3] - a[i];
  const v = a[i + 4] - a[i + 1];
  const w = a[i + 5] - a[i + 2];
  const r00 = b[j];
  const r01 = b[j + 1];
  const r02 = b[j + 2];
  const r10 = b[j + 3];
  const r11 = b[j + 4];
  const r12 = b[j + 5];
  const r20 = b[j + 6];
  const r21 = b[j + 7];
  const r22 = b[j + 8];
  return (
    segmentBox(
      r00 * x + r10 * y + r20 * z,
      r01 * x + r11 * y + r21 * z,
      r02 * x + r12 * y + r22 * z,
      r00 * u + r10 * v + r20 * w,
      r01 * u + r11 * v + r21 * w,
      r02 * u + r12 * v + r22 * w,
      b[j + 12],
      b[j + 13],
      b[j + 14],
    ) - a[i + 6]
  );
}

/** Signed distance of a point at (axial, radial) coordinates to a cylinder of radius r and half length h. */
function pointCylinder(axial: number, radial: number, r: number, h: number): number {
  const ez = Math.abs(axial) - h;
  const er = radial - r;
  if (ez <= 0 && er <= 0) return Math.max(ez, er);
  const oz = ez > 0 ? ez : 0;
  const or = er > 0 ? er : 0;
  return Math.sqrt(oz * oz + or * or);
}

/**
 * Signed distance of a capsule to a cylinder, conservative: never above the true value and at most
 * `CYLINDER_SLACK_PER_M` times the length of the capsule's axis below it. The signed distance is convex along the
 * axis; its minimum is bracketed by golden sections.
 */
export function capsuleCylinder(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const nx = b[j];
  const ny = b[j + 1];
  const nz = b[j + 2];
  const px = a[i] - b[j + 3];
  const py = a[i + 1] - b[j + 4];
  const pz = a[i + 2] - b[j + 5];
  const dx = a[i + 3] - a[i];
  const dy = a[i + 4] - a[i + 1];
  const dz = a[i + 5] - a[i + 2];
  const radius = b[j + 6];
  const half = b[j + 7];
  const at = (t: number): number => {
    const x = px + t * dx;
    const y = py + t * dy;
    const z = pz + t * dz;
    const axial = x * nx + y * ny + z * nz;
    const squared = x * x + y * y + z * z - axial * axial;
    return pointCylinder(axial, squared > 0 ? Math.sqrt(squared) : 0, radius, half);
  };
  const length = Math.sqrt(dx * dx + dy * dy + dz * dz);
  if (length === 0) return at(0) - a[i + 6];
  let lo = 0;
  let hi = 1;
  let t1 = 1 - GOLDEN;
  let t2 = GOLDEN;
  let f1 = at(t1);
  let f2 = at(t2);
  let best = Math.min(at(0), at(1), f1, f2);
  while (hi - lo > CYLINDER_SLACK_PER_M) {
    if (f1 <= f2) {
      hi = t2;
      t2 = t1;
      f2 = f1;
      t1 = hi - GOLDEN * (hi - lo);
      f1 = at(t1);
      if (f1 < best) best = f1;
    } else {
      lo = t1;
      t1 = t2;
      f1 = f2;
      t2 = lo + GOLDEN * (hi - lo);
      f2 = at(t2);
      if (f2 < best) best = f2;
    }
  }
  // The minimum lies in [lo, hi], and the distance changes by at most `length` per unit of t.
  return best - length * (hi - lo) - a[i + 6];
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;
