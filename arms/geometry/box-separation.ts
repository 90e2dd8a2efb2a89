import { BOX_STRIDE } from './distance.ts';

/**
 * A lower bound of the distance of two oriented boxes (layout as in `distance.ts`): the widest gap between their
 * projections on any of the 15 separating axes (Gottschalk, Lin, Manocha 1996, "OBBTree", section 5). Exact where a
 * face looks at a face; never above the true distance, so it may be used wherever a distance is. Negative exactly
 * when the boxes overlap; then it is minus the least translation that would part them.
 */
export function boxBoxSeparation(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const tx = b[j + 9] - a[i + 9];
  const ty = b[j + 10] - a[i + 10];
  const tz = b[j + 11] - a[i + 11];
  let best = -Infinity;
  // Face normals of a, then of b; columns of the rotations.
  for (let side = 0; side < 2; side += 1) {
    const m = side === 0 ? a : b;
    const at = side === 0 ? i : j;
    for (let k = 0; k < 3; k += 1) {
      const gap = gapAlong(a, i, b, j, m[at + k], m[at + 3 + k], m[at + 6 + k], tx, ty, tz);
      if (gap > best) best = gap;
    }
  }
  for (let k = 0; k < 3; k += 1) {
    const ax = a[i + k];
    const ay = a[i + 3 + k];
    const az = a[i + 6 + k];
    for (let l = 0; l < 3; l += 1) {
      const bx = b[j + l];
      const by = b[j + 3 + l];
      const bz = b[j + 6 + l];
      let x = ay * bz - az * by;
      let y = az * bx - ax * bz;
      let z = ax * by - ay * bx;
      const length = Math.sqrt(x * x + y * y + z * z);
      // Parallel edges: the face normals already say all there is.
      if (length < 1e-6) continue;
      x /= length;
      y /= length;
      z /= length;
      const gap = gapAlong(a, i, b, j, x, y, z, tx, ty, tz);
      if (gap > best) best = gap;
    }
  }
  return best;
}

function gapAlong(
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  x: number,
  y: number,
  z: number,
  tx: number,
  ty: number,
  tz: number,
): number {
  return Math.abs(tx * x + ty * y + tz * z) - extentAlong(a, i, x, y, z) - extentAlong(b, j, x, y, z);
}

function extentAlong(m: Float64Array, at: number, x: number, y: number, z: number): number {
  return (
    m[at + 12] * Math.abs(m[at] * x + m[at + 3] * y + m[at + 6] * z) +
    m[at + 13] * Math.abs(m[at + 1] * x + m[at + 4] * y + m[at + 7] * z) +
    m[at + 14] * Math.abs(m[at + 2] * x + m[at + 5] * y + m[at + 8] * z)
  );
}

/** Writes the box of half extents `h` whose frame is the transform `T` (12 numbers, row-major 3x4). */
export function setBox(
  T: Float64Array,
  at: number,
  hx: number,
  hy: number,
  hz: number,
  out: Float64Array,
  to: number,
): void {
  for (let row = 0; row < 3; row += 1) {
    out[to + 3 * row] = T[at + 4 * row];
    out[to + 3 * row + 1] = T[at + 4 * row + 1];
    out[to + 3 * row + 2] = T[at + 4 * row + 2];
    out[to + 9 + row] = T[at + 4 * row + 3];
  }
  out[to + 12] = hx;
  out[to + 13] = hy;
  out[to + 14] = hz;
}

/** A box of its own, from a transform and half extents. */
export function boxOf(T: Float64Array, hx: number, hy: number, hz: number): Float64Array {
  const box = new Float64Array(BOX_STRIDE);
  setBox(T, 0, hx, hy, hz, box, 0);
  return box;
}
