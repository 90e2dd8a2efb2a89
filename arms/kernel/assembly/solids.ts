// Distances of single points and boxes from what stands still.
import {
  SOLID_BOX,
  SOLID_CAPSULE,
  SOLID_CYLINDER,
  SOLID_KIND,
  SOLID_MARGIN,
  SOLID_ROUND,
  SOLID_VALUES,
} from './layout';

// @ts-ignore: decorator
@inline
function atLeast0(x: f32): f32 {
  return max<f32>(x, 0);
}

/** Lower bound from the sphere round a solid: distance of the point from it, less the solid's margin. */
// @ts-ignore: decorator
@inline
export function roundDistance(solid: usize, x: f32, y: f32, z: f32): f32 {
  const dx = x - load<f32>(solid, SOLID_ROUND);
  const dy = y - load<f32>(solid, SOLID_ROUND + 4);
  const dz = z - load<f32>(solid, SOLID_ROUND + 8);
  return (
    sqrt<f32>(dx * dx + dy * dy + dz * dz) - load<f32>(solid, SOLID_ROUND + 12) - load<f32>(solid, SOLID_MARGIN)
  );
}

/** Signed distance of a point to a solid, less the solid's margin; inside, minus the depth below the nearest face. */
export function pointSolid(solid: usize, x: f32, y: f32, z: f32): f32 {
  const kind = load<i32>(solid, SOLID_KIND);
  const v = solid + SOLID_VALUES;
  const margin = load<f32>(solid, SOLID_MARGIN);
  if (kind == SOLID_BOX) {
    const dx = x - load<f32>(v, 36);
    const dy = y - load<f32>(v, 40);
    const dz = z - load<f32>(v, 44);
    const ex = abs<f32>(load<f32>(v) * dx + load<f32>(v, 12) * dy + load<f32>(v, 24) * dz) - load<f32>(v, 48);
    const ey = abs<f32>(load<f32>(v, 4) * dx + load<f32>(v, 16) * dy + load<f32>(v, 28) * dz) - load<f32>(v, 52);
    const ez = abs<f32>(load<f32>(v, 8) * dx + load<f32>(v, 20) * dy + load<f32>(v, 32) * dz) - load<f32>(v, 56);
    const inside = max<f32>(ex, max<f32>(ey, ez));
    if (inside <= 0) return inside - margin;
    const ox = atLeast0(ex);
    const oy = atLeast0(ey);
    const oz = atLeast0(ez);
    return sqrt<f32>(ox * ox + oy * oy + oz * oz) - margin;
  }
  if (kind == SOLID_CAPSULE) {
    const px = load<f32>(v);
    const py = load<f32>(v, 4);
    const pz = load<f32>(v, 8);
    const ux = load<f32>(v, 12) - px;
    const uy = load<f32>(v, 16) - py;
    const uz = load<f32>(v, 20) - pz;
    let dx = x - px;
    let dy = y - py;
    let dz = z - pz;
    const length2 = ux * ux + uy * uy + uz * uz;
    const along: f32 = length2 > 0 ? (dx * ux + dy * uy + dz * uz) / length2 : 0;
    const t = min<f32>(1, max<f32>(0, along));
    dx -= t * ux;
    dy -= t * uy;
    dz -= t * uz;
    return sqrt<f32>(dx * dx + dy * dy + dz * dz) - load<f32>(v, 24) - margin;
  }
  if (kind == SOLID_CYLINDER) {
    const nx = load<f32>(v);
    const ny = load<f32>(v, 4);
    const nz = load<f32>(v, 8);
    const dx = x - load<f32>(v, 12);
    const dy = y - load<f32>(v, 16);
    const dz = z - load<f32>(v, 20);
    const axial = dx * nx + dy * ny + dz * nz;
    // The part across the axis, from its own coordinates: the difference of squares would lose digits.
    const cx = dx - axial * nx;
    const cy = dy - axial * ny;
    const cz = dz - axial * nz;
    const er = sqrt<f32>(cx * cx + cy * cy + cz * cz) - load<f32>(v, 24);
    const ea = abs<f32>(axial) - load<f32>(v, 28);
    const inside = max<f32>(er, ea);
    if (inside <= 0) return inside - margin;
    const or = atLeast0(er);
    const oa = atLeast0(ea);
    return sqrt<f32>(or * or + oa * oa) - margin;
  }
  return pointHull(v, x, y, z) - margin;
}

// A hull: address and number of its triangles, each normal (3), plane offset (1), corners (9), 52 bytes.
const TRIANGLE: usize = 52;

function planes(v: usize, x: f32, y: f32, z: f32): f32 {
  let t = load<usize>(v);
  let most: f32 = -Infinity;
  for (let k = load<i32>(v, 4); k > 0; k--) {
    const d = load<f32>(t) * x + load<f32>(t, 4) * y + load<f32>(t, 8) * z - load<f32>(t, 12);
    if (d > most) most = d;
    t += TRIANGLE;
  }
  return most;
}

function pointHull(v: usize, x: f32, y: f32, z: f32): f32 {
  const inside = planes(v, x, y, z);
  if (inside <= 0) return inside;
  let t = load<usize>(v);
  let least: f32 = Infinity;
  for (let k = load<i32>(v, 4); k > 0; k--) {
    // Only faces turned towards the point can be nearest.
    const d = load<f32>(t) * x + load<f32>(t, 4) * y + load<f32>(t, 8) * z - load<f32>(t, 12);
    if (d >= 0) least = min<f32>(least, pointTriangle2(t + 16, x, y, z));
    t += TRIANGLE;
  }
  return max<f32>(inside, sqrt<f32>(least));
}

/** Squared distance of a point to a triangle by regions (Ericson, "Real-Time Collision Detection", 5.1.5). */
function pointTriangle2(t: usize, x: f32, y: f32, z: f32): f32 {
  const ax = load<f32>(t);
  const ay = load<f32>(t, 4);
  const az = load<f32>(t, 8);
  const abx = load<f32>(t, 12) - ax;
  const aby = load<f32>(t, 16) - ay;
  const abz = load<f32>(t, 20) - az;
  const acx = load<f32>(t, 24) - ax;
  const acy = load<f32>(t, 28) - ay;
  const acz = load<f32>(t, 32) - az;
  const apx = x - ax;
  const apy = y - ay;
  const apz = z - az;
  const d1 = abx * apx + aby * apy + abz * apz;
  const d2 = acx * apx + acy * apy + acz * apz;
  if (d1 <= 0 && d2 <= 0) return squared(apx, apy, apz);
  const bpx = apx - abx;
  const bpy = apy - aby;
  const bpz = apz - abz;
  const d3 = abx * bpx + aby * bpy + abz * bpz;
  const d4 = acx * bpx + acy * bpy + acz * bpz;
  if (d3 >= 0 && d4 <= d3) return squared(bpx, bpy, bpz);
  const vc = d1 * d4 - d3 * d2;
  if (vc <= 0 && d1 >= 0 && d3 <= 0) {
    const s = d1 / (d1 - d3);
    return squared(apx - s * abx, apy - s * aby, apz - s * abz);
  }
  const cpx = apx - acx;
  const cpy = apy - acy;
  const cpz = apz - acz;
  const d5 = abx * cpx + aby * cpy + abz * cpz;
  const d6 = acx * cpx + acy * cpy + acz * cpz;
  if (d6 >= 0 && d5 <= d6) return squared(cpx, cpy, cpz);
  const vb = d5 * d2 - d1 * d6;
  if (vb <= 0 && d2 >= 0 && d6 <= 0) {
    const s = d2 / (d2 - d6);
    return squared(apx - s * acx, apy - s * acy, apz - s * acz);
  }
  const va = d3 * d6 - d5 * d4;
  if (va <= 0 && d4 - d3 >= 0 && d5 - d6 >= 0) {
    const s = (d4 - d3) / (d4 - d3 + (d5 - d6));
    return squared(bpx - s * (acx - abx), bpy - s * (acy - aby), bpz - s * (acz - abz));
  }
  const scale: f32 = 1 / (va + vb + vc);
  const s = vb * scale;
  const r = vc * scale;
  return squared(apx - s * abx - r * acx, apy - s * aby - r * acy, apz - s * abz - r * acz);
}

// @ts-ignore: decorator
@inline
function squared(x: f32, y: f32, z: f32): f32 {
  return x * x + y * y + z * z;
}

// A box is 15 floats: rotation row by row, centre, half sides.

/** Signed distance of a segment to a box; see `arms/geometry/distance.ts`, of which this is the float32 form. */
export function segmentBox(
  box: usize,
  ax: f32,
  ay: f32,
  az: f32,
  bx: f32,
  by: f32,
  bz: f32,
): f32 {
  const x = ax - load<f32>(box, 36);
  const y = ay - load<f32>(box, 40);
  const z = az - load<f32>(box, 44);
  const u = bx - ax;
  const v = by - ay;
  const w = bz - az;
  const px = load<f32>(box) * x + load<f32>(box, 12) * y + load<f32>(box, 24) * z;
  const py = load<f32>(box, 4) * x + load<f32>(box, 16) * y + load<f32>(box, 28) * z;
  const pz = load<f32>(box, 8) * x + load<f32>(box, 20) * y + load<f32>(box, 32) * z;
  const dx = load<f32>(box) * u + load<f32>(box, 12) * v + load<f32>(box, 24) * w;
  const dy = load<f32>(box, 4) * u + load<f32>(box, 16) * v + load<f32>(box, 28) * w;
  const dz = load<f32>(box, 8) * u + load<f32>(box, 20) * v + load<f32>(box, 32) * w;
  const hx = load<f32>(box, 48);
  const hy = load<f32>(box, 52);
  const hz = load<f32>(box, 56);
  // The distance is convex along the segment: golden sections, less what the last bracket can hide.
  const length = sqrt<f32>(dx * dx + dy * dy + dz * dz);
  let lo: f32 = 0;
  let hi: f32 = 1;
  let t1: f32 = 1 - GOLDEN;
  let t2: f32 = GOLDEN;
  let f1 = pointBox(px + t1 * dx, py + t1 * dy, pz + t1 * dz, hx, hy, hz);
  let f2 = pointBox(px + t2 * dx, py + t2 * dy, pz + t2 * dz, hx, hy, hz);
  let best = min<f32>(
    min<f32>(f1, f2),
    min<f32>(pointBox(px, py, pz, hx, hy, hz), pointBox(px + dx, py + dy, pz + dz, hx, hy, hz)),
  );
  while ((hi - lo) * length > SECTION_M) {
    if (f1 <= f2) {
      hi = t2;
      t2 = t1;
      f2 = f1;
      t1 = hi - GOLDEN * (hi - lo);
      f1 = pointBox(px + t1 * dx, py + t1 * dy, pz + t1 * dz, hx, hy, hz);
      best = min<f32>(best, f1);
    } else {
      lo = t1;
      t1 = t2;
      f1 = f2;
      t2 = lo + GOLDEN * (hi - lo);
      f2 = pointBox(px + t2 * dx, py + t2 * dy, pz + t2 * dz, hx, hy, hz);
      best = min<f32>(best, f2);
    }
  }
  return best - SECTION_M;
}

const GOLDEN: f32 = 0.6180339887;
const SECTION_M: f32 = 0.0002;

function pointBox(x: f32, y: f32, z: f32, hx: f32, hy: f32, hz: f32): f32 {
  const ex = abs<f32>(x) - hx;
  const ey = abs<f32>(y) - hy;
  const ez = abs<f32>(z) - hz;
  const inside = max<f32>(ex, max<f32>(ey, ez));
  if (inside <= 0) return inside;
  return sqrt<f32>(squared(atLeast0(ex), atLeast0(ey), atLeast0(ez)));
}

/** Lower bound, with the right sign, of the distance between two boxes (separating axes, as `boxBoxSeparation`). */
export function boxBox(a: usize, b: usize): f32 {
  const tx = load<f32>(b, 36) - load<f32>(a, 36);
  const ty = load<f32>(b, 40) - load<f32>(a, 40);
  const tz = load<f32>(b, 44) - load<f32>(a, 44);
  let best: f32 = -Infinity;
  for (let k: usize = 0; k < 12; k += 4) {
    best = max<f32>(best, gap(a, b, load<f32>(a + k), load<f32>(a + k, 12), load<f32>(a + k, 24), tx, ty, tz));
    best = max<f32>(best, gap(a, b, load<f32>(b + k), load<f32>(b + k, 12), load<f32>(b + k, 24), tx, ty, tz));
  }
  for (let k: usize = 0; k < 12; k += 4) {
    const ax = load<f32>(a + k);
    const ay = load<f32>(a + k, 12);
    const az = load<f32>(a + k, 24);
    for (let l: usize = 0; l < 12; l += 4) {
      const bx = load<f32>(b + l);
      const by = load<f32>(b + l, 12);
      const bz = load<f32>(b + l, 24);
      const x = ay * bz - az * by;
      const y = az * bx - ax * bz;
      const z = ax * by - ay * bx;
      const length = sqrt<f32>(squared(x, y, z));
      // Nearly parallel edges: the faces' normals already say what there is.
      if (length < 1e-3) continue;
      best = max<f32>(best, gap(a, b, x / length, y / length, z / length, tx, ty, tz));
    }
  }
  return best;
}

function gap(a: usize, b: usize, x: f32, y: f32, z: f32, tx: f32, ty: f32, tz: f32): f32 {
  return abs<f32>(tx * x + ty * y + tz * z) - extent(a, x, y, z) - extent(b, x, y, z);
}

function extent(m: usize, x: f32, y: f32, z: f32): f32 {
  return (
    load<f32>(m, 48) * abs<f32>(load<f32>(m) * x + load<f32>(m, 12) * y + load<f32>(m, 24) * z) +
    load<f32>(m, 52) * abs<f32>(load<f32>(m, 4) * x + load<f32>(m, 16) * y + load<f32>(m, 28) * z) +
    load<f32>(m, 56) * abs<f32>(load<f32>(m, 8) * x + load<f32>(m, 20) * y + load<f32>(m, 32) * z)
  );
}

/** Lower bound, with the right sign, of the distance between a box and a solid, less the solid's margin. */
export function boxSolid(solid: usize, box: usize): f32 {
  const kind = load<i32>(solid, SOLID_KIND);
  const v = solid + SOLID_VALUES;
  const margin = load<f32>(solid, SOLID_MARGIN);
  if (kind == SOLID_BOX) return boxBox(v, box) - margin;
  if (kind == SOLID_CAPSULE) {
    return (
      segmentBox(
        box,
        load<f32>(v),
        load<f32>(v, 4),
        load<f32>(v, 8),
        load<f32>(v, 12),
        load<f32>(v, 16),
        load<f32>(v, 20),
      ) -
      load<f32>(v, 24) -
      margin
    );
  }
  // A cylinder's box stands behind its own eight values.
  if (kind == SOLID_CYLINDER) return boxBox(load<usize>(v, 32), box) - margin;
  return hullBox(v, box) - margin;
}

/** Separation along the hull's faces and the box's own axes: less than the distance where edges are nearest. */
function hullBox(v: usize, box: usize): f32 {
  const cx = load<f32>(box, 36);
  const cy = load<f32>(box, 40);
  const cz = load<f32>(box, 44);
  let best: f32 = -Infinity;
  let t = load<usize>(v);
  const count = load<i32>(v, 4);
  for (let k = 0; k < count; k++) {
    const nx = load<f32>(t);
    const ny = load<f32>(t, 4);
    const nz = load<f32>(t, 8);
    best = max<f32>(best, nx * cx + ny * cy + nz * cz - load<f32>(t, 12) - extent(box, nx, ny, nz));
    t += TRIANGLE;
  }
  for (let k: usize = 0; k < 12; k += 4) {
    const x = load<f32>(box + k);
    const y = load<f32>(box + k, 12);
    const z = load<f32>(box + k, 24);
    const middle = x * cx + y * cy + z * cz;
    const half = load<f32>(box + k, 48);
    let low: f32 = Infinity;
    let high: f32 = -Infinity;
    t = load<usize>(v);
    for (let c = 0; c < count; c++) {
      for (let e: usize = 16; e < TRIANGLE; e += 12) {
        const along = x * load<f32>(t + e) + y * load<f32>(t + e, 4) + z * load<f32>(t + e, 8);
        low = min<f32>(low, along);
        high = max<f32>(high, along);
      }
      t += TRIANGLE;
    }
    best = max<f32>(best, max<f32>(low - middle - half, middle - half - high));
  }
  return best;
}

