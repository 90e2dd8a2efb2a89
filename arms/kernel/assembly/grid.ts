// The distance grid over what stands still, filled where it is asked, and the exact answer where it cannot tell.
import {
  CLEAR,
  CONTACT,
  GRID_CAP,
  GRID_UNIT_M,
  LIST_ALL,
  LIST_RANGE_M,
  P_CAPS,
  P_HALF,
  P_RADIUS,
  P_SHIFT,
  ROUNDING_M,
  S_ALL_LIST,
  S_BRICKS,
  S_GRID_CELLS,
  S_GRID_INVERSE,
  S_GRID_NX,
  S_GRID_NY,
  S_GRID_NZ,
  S_GRID_SIZE,
  S_GRID_X,
  S_GRID_Y,
  S_GRID_Z,
  S_LISTS,
  S_LISTS_END,
  S_SCRATCH,
  S_SOLID_COUNT,
  S_SOLIDS,
  SOLID_SIZE,
  TIGHT,
} from './layout';
import { splat } from './place';
import { pointSolid, roundDistance } from './solids';

/** Cells along a brick's side. */
const BRICK: i32 = 4;
/** Half the diagonal of a brick and of a cell, in sides of a cell. */
const BRICK_HALF: f32 = 3.4642;
/** Number of the grid's values, as lengths: one unit is kept for "not known yet". */
const CAP_M: f32 = 0.506;

/**
 * For four points, the lanes (as bits) at which the grid shows that nothing stands nearer than `reach`. Cells hold a
 * lower bound of the distance at their middle, 1 + its number of units; 0: not known yet.
 */
// @ts-ignore: decorator
@inline
export function gridShowsFree(scene: usize, x: v128, y: v128, z: v128, reach: v128): i32 {
  const inverse = splat(scene + S_GRID_INVERSE);
  const size = splat(scene + S_GRID_SIZE);
  const x0 = splat(scene + S_GRID_X);
  const y0 = splat(scene + S_GRID_Y);
  const z0 = splat(scene + S_GRID_Z);
  const half = f32x4.splat(0.5);
  const zero = f32x4.splat(0);
  const nx = splat(scene + S_GRID_NX);
  const ny = splat(scene + S_GRID_NY);
  // The last cells along each axis, as floats, stand behind the numbers of cells.
  const i = f32x4.pmax(
    f32x4.pmin(f32x4.floor(f32x4.mul(f32x4.sub(x, x0), inverse)), f32x4.sub(nx, f32x4.splat(1))),
    zero,
  );
  const j = f32x4.pmax(
    f32x4.pmin(f32x4.floor(f32x4.mul(f32x4.sub(y, y0), inverse)), f32x4.sub(ny, f32x4.splat(1))),
    zero,
  );
  const k = f32x4.pmax(
    f32x4.pmin(
      f32x4.floor(f32x4.mul(f32x4.sub(z, z0), inverse)),
      f32x4.sub(splat(scene + S_GRID_NZ), f32x4.splat(1)),
    ),
    zero,
  );
  const dx = f32x4.sub(f32x4.sub(x, x0), f32x4.mul(f32x4.add(i, half), size));
  const dy = f32x4.sub(f32x4.sub(y, y0), f32x4.mul(f32x4.add(j, half), size));
  const dz = f32x4.sub(f32x4.sub(z, z0), f32x4.mul(f32x4.add(k, half), size));
  const d2 = f32x4.add(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), f32x4.mul(dz, dz));
  const cell = i32x4.trunc_sat_f32x4_s(f32x4.add(i, f32x4.mul(nx, f32x4.add(j, f32x4.mul(ny, k)))));
  const cells = load<usize>(scene, S_GRID_CELLS);
  let value = i32x4.splat(0);
  value = v128.load_lane<u8>(cells + <usize>i32x4.extract_lane(cell, 0), value, 0);
  value = v128.load_lane<u8>(cells + <usize>i32x4.extract_lane(cell, 1), value, 4);
  value = v128.load_lane<u8>(cells + <usize>i32x4.extract_lane(cell, 2), value, 8);
  value = v128.load_lane<u8>(cells + <usize>i32x4.extract_lane(cell, 3), value, 12);
  const room = f32x4.sub(
    f32x4.mul(f32x4.convert_i32x4_s(value), f32x4.splat(GRID_UNIT_M)),
    f32x4.add(reach, f32x4.splat(GRID_UNIT_M + ROUNDING_M)),
  );
  return i32x4.bitmask(v128.and(f32x4.ge(room, zero), f32x4.ge(f32x4.mul(room, room), d2)));
}

/** Address of the list of solids near a point, built if need be: a count, then their addresses. */
function listAt(scene: usize, x: f32, y: f32, z: f32): usize {
  const inverse = load<f32>(scene, S_GRID_INVERSE);
  const fx = (x - load<f32>(scene, S_GRID_X)) * inverse;
  const fy = (y - load<f32>(scene, S_GRID_Y)) * inverse;
  const fz = (z - load<f32>(scene, S_GRID_Z)) * inverse;
  const nx = load<f32>(scene, S_GRID_NX);
  const ny = load<f32>(scene, S_GRID_NY);
  const nz = load<f32>(scene, S_GRID_NZ);
  // Not a number is nowhere either.
  if (!(fx >= 0 && fy >= 0 && fz >= 0 && fx < nx && fy < ny && fz < nz)) return load<usize>(scene, S_ALL_LIST);
  const bx = <i32>fx >> 2;
  const by = <i32>fy >> 2;
  const bz = <i32>fz >> 2;
  const brick =
    load<usize>(scene, S_BRICKS) + 4 * <usize>(bx + (<i32>nx >> 2) * (by + (<i32>ny >> 2) * bz));
  if (load<i32>(brick) == 0) buildBrick(scene, brick, bx, by, bz);
  const list = load<usize>(brick);
  return list == LIST_ALL ? load<usize>(scene, S_ALL_LIST) : list;
}

/** Fills the cells of one brick, and its list. */
function buildBrick(scene: usize, brick: usize, bx: i32, by: i32, bz: i32): void {
  const size = load<f32>(scene, S_GRID_SIZE);
  const x0 = load<f32>(scene, S_GRID_X) + <f32>(bx * BRICK) * size;
  const y0 = load<f32>(scene, S_GRID_Y) + <f32>(by * BRICK) * size;
  const z0 = load<f32>(scene, S_GRID_Z) + <f32>(bz * BRICK) * size;
  const middle: f32 = 2 * size;
  const radius = BRICK_HALF * size;
  const count = load<i32>(scene, S_SOLID_COUNT);
  // Scratch: distance and address of every solid that is not out of sight.
  const scratch = load<usize>(scene, S_SCRATCH);
  let near: usize = scratch;
  let least: f32 = CAP_M + radius;
  let solid = load<usize>(scene, S_SOLIDS);
  for (let s = 0; s < count; s++) {
    if (roundDistance(solid, x0 + middle, y0 + middle, z0 + middle) < CAP_M + radius) {
      const d = pointSolid(solid, x0 + middle, y0 + middle, z0 + middle);
      store<f32>(near, d);
      store<usize>(near, solid, 4);
      near += 8;
      least = min<f32>(least, d);
    }
    solid += SOLID_SIZE;
  }
  let list = load<usize>(scene, S_LISTS);
  if (list + <usize>(near - scratch) + 4 <= load<usize>(scene, S_LISTS_END)) {
    let to = list + 4;
    for (let at = scratch; at < near; at += 8) {
      if (load<f32>(at) > radius + LIST_RANGE_M) continue;
      store<usize>(to, load<usize>(at, 4));
      to += 4;
    }
    store<i32>(list, <i32>((to - list - 4) >> 2));
    store<usize>(brick, list);
    store<usize>(scene, to, S_LISTS);
  } else {
    store<i32>(brick, LIST_ALL);
  }
  // Only these can be nearest anywhere in the brick.
  let last = scratch;
  for (let at = scratch; at < near; at += 8) {
    if (load<f32>(at) > least + 2 * radius) continue;
    store<usize>(last, load<usize>(at, 4), 4);
    last += 8;
  }
  const nx = <i32>load<f32>(scene, S_GRID_NX);
  const ny = <i32>load<f32>(scene, S_GRID_NY);
  const cells = load<usize>(scene, S_GRID_CELLS);
  for (let k = 0; k < BRICK; k++) {
    for (let j = 0; j < BRICK; j++) {
      const row = cells + <usize>(bx * BRICK + nx * (by * BRICK + j + ny * (bz * BRICK + k)));
      for (let i = 0; i < BRICK; i++) {
        const x = x0 + (<f32>i + 0.5) * size;
        const y = y0 + (<f32>j + 0.5) * size;
        const z = z0 + (<f32>k + 0.5) * size;
        let d: f32 = CAP_M;
        for (let at = scratch; at < last; at += 8) d = min<f32>(d, pointSolid(load<usize>(at, 4), x, y, z));
        const units = <i32>((d - ROUNDING_M) / GRID_UNIT_M);
        store<u8>(row + <usize>i, <u8>min<i32>(GRID_CAP, 1 + max<i32>(0, units)));
      }
    }
  }
}

/** What the grid says at one point: a lower bound of the distance. */
function gridDistance(scene: usize, x: f32, y: f32, z: f32): f32 {
  const inverse = load<f32>(scene, S_GRID_INVERSE);
  const size = load<f32>(scene, S_GRID_SIZE);
  const x0 = load<f32>(scene, S_GRID_X);
  const y0 = load<f32>(scene, S_GRID_Y);
  const z0 = load<f32>(scene, S_GRID_Z);
  const fx = floor<f32>((x - x0) * inverse);
  const fy = floor<f32>((y - y0) * inverse);
  const fz = floor<f32>((z - z0) * inverse);
  const nx = load<f32>(scene, S_GRID_NX);
  const ny = load<f32>(scene, S_GRID_NY);
  if (!(fx >= 0 && fy >= 0 && fz >= 0 && fx < nx && fy < ny && fz < load<f32>(scene, S_GRID_NZ))) return -1;
  const cell = <i32>fx + <i32>nx * (<i32>fy + <i32>ny * <i32>fz);
  const value = load<u8>(load<usize>(scene, S_GRID_CELLS) + <usize>cell);
  if (value == 0) return -1;
  const dx = x - x0 - (fx + 0.5) * size;
  const dy = y - y0 - (fy + 0.5) * size;
  const dz = z - z0 - (fz + 0.5) * size;
  return <f32>(value - 1) * GRID_UNIT_M - sqrt<f32>(dx * dx + dy * dy + dz * dz);
}

/** Pieces are halved until their sphere stands out of the capsule by no more than this, m. */
const EXCESS_M: f32 = 0.0005;

/**
 * The exact answer for a piece of a capsule in one lane: is everything that stands still farther from it than the
 * capsule's radius, or even than that and `travel`? (x, y, z) is the middle of the sphere round the piece, u the
 * axis.
 */
export function pieceAnswer(
  scene: usize,
  piece: usize,
  radius: f32,
  x: f32,
  y: f32,
  z: f32,
  ux: f32,
  uy: f32,
  uz: f32,
  travel: f32,
): i32 {
  const around = load<f32>(piece, P_RADIUS) + ROUNDING_M;
  const list = around + travel < LIST_RANGE_M ? listAt(scene, x, y, z) : load<usize>(scene, S_ALL_LIST);
  if (gridDistance(scene, x, y, z) >= around + travel) return CLEAR;
  const half = load<f32>(piece, P_HALF);
  const caps = load<i32>(piece, P_CAPS);
  const shift = load<f32>(piece, P_SHIFT);
  const mx = x + shift * ux;
  const my = y + shift * uy;
  const mz = z + shift * uz;
  const thick = radius + ROUNDING_M;
  let worst = CLEAR;
  const end = list + 4 + 4 * <usize>load<i32>(list);
  for (let at = list + 4; at < end; at += 4) {
    const solid = load<usize>(at);
    if (roundDistance(solid, x, y, z) >= around + travel) continue;
    if (pointSolid(solid, x, y, z) >= around + travel) continue;
    for (let cap = 1; cap < 3; cap++) {
      if ((caps & cap) == 0) continue;
      const way: f32 = cap == 1 ? -half : half;
      const d = pointSolid(solid, mx + way * ux, my + way * uy, mz + way * uz);
      if (!(d >= thick)) return CONTACT;
      if (d < thick + travel) worst = TIGHT;
    }
    const answer = pieceSolid(solid, mx, my, mz, ux, uy, uz, half, thick, travel);
    if (answer == CONTACT) return CONTACT;
    worst = max<i32>(worst, answer);
  }
  return worst;
}

/** The part of a capsule straight across half a length either side of (x, y, z), without round ends. */
function pieceSolid(
  solid: usize,
  x: f32,
  y: f32,
  z: f32,
  ux: f32,
  uy: f32,
  uz: f32,
  half: f32,
  radius: f32,
  travel: f32,
): i32 {
  const around = sqrt<f32>(radius * radius + half * half);
  const d = pointSolid(solid, x, y, z);
  if (d >= around + travel) return CLEAR;
  // The middle itself is in contact, or nothing is gained by looking closer. (Not a number ends here.)
  if (!(d >= radius)) return CONTACT;
  if (around - radius <= EXCESS_M) return d < around ? CONTACT : TIGHT;
  const h = half * 0.5;
  const one = pieceSolid(solid, x - h * ux, y - h * uy, z - h * uz, ux, uy, uz, h, radius, travel);
  if (one == CONTACT) return CONTACT;
  return max<i32>(one, pieceSolid(solid, x + h * ux, y + h * uy, z + h * uz, ux, uy, uz, h, radius, travel));
}

/** Least distance, less margins, of a piece to all that stands still, at most `cap`; low by at most `EXCESS_M`. */
export function pieceSlack(
  scene: usize,
  piece: usize,
  radius: f32,
  x: f32,
  y: f32,
  z: f32,
  ux: f32,
  uy: f32,
  uz: f32,
  cap: f32,
): f32 {
  const around = load<f32>(piece, P_RADIUS) + ROUNDING_M;
  const half = load<f32>(piece, P_HALF);
  const caps = load<i32>(piece, P_CAPS);
  const shift = load<f32>(piece, P_SHIFT);
  const mx = x + shift * ux;
  const my = y + shift * uy;
  const mz = z + shift * uz;
  const thick = radius + ROUNDING_M;
  let least = cap;
  const list = load<usize>(scene, S_ALL_LIST);
  const end = list + 4 + 4 * <usize>load<i32>(list);
  for (let at = list + 4; at < end; at += 4) {
    const solid = load<usize>(at);
    if (roundDistance(solid, x, y, z) - around >= least) continue;
    if (pointSolid(solid, x, y, z) - around >= least) continue;
    for (let side = 1; side < 3; side++) {
      if ((caps & side) == 0) continue;
      const way: f32 = side == 1 ? -half : half;
      least = min<f32>(least, pointSolid(solid, mx + way * ux, my + way * uy, mz + way * uz) - thick);
    }
    least = pieceSolidSlack(solid, mx, my, mz, ux, uy, uz, half, thick, least);
  }
  return least;
}

function pieceSolidSlack(
  solid: usize,
  x: f32,
  y: f32,
  z: f32,
  ux: f32,
  uy: f32,
  uz: f32,
  half: f32,
  radius: f32,
  cap: f32,
): f32 {
  const around = sqrt<f32>(radius * radius + half * half);
  const d = pointSolid(solid, x, y, z) - around;
  if (d >= cap) return cap;
  if (around - radius <= EXCESS_M) return d;
  const h = half * 0.5;
  const one = pieceSolidSlack(solid, x - h * ux, y - h * uy, z - h * uz, ux, uy, uz, h, radius, cap);
  return pieceSolidSlack(solid, x + h * ux, y + h * uy, z + h * uz, ux, uy, uz, h, radius, min<f32>(cap, one));
}
