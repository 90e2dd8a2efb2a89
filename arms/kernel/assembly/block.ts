// One arm at eight configurations: against its surroundings, itself and what it carries.
import {
  C_INVERSE,
  C_LENGTH2,
  C_PIECE_END,
  C_PIECE_FIRST,
  C_RADIUS,
  C_REACH,
  C_SIZE,
  CLEAR,
  CONTACT,
  CONTACT_SHIFT,
  G_CAPSULE_END,
  G_CAPSULE_FIRST,
  G_JOINT,
  G_RADIUS,
  G_SIZE,
  P_AXIS,
  P_RADIUS,
  P_SIZE,
  PAIR_END,
  PAIR_FIRST,
  PAIR_INNER,
  PAIR_OUTER,
  PAIR_SIZE,
  ROUNDING_M,
  S_CAPSULE_PAIRS,
  S_CAPSULES,
  S_CENTRES,
  S_ENDS,
  S_GROUPS,
  S_ITEM,
  S_MOVING_COUNT,
  S_PAIR_COUNT,
  S_PAIR_TRAVEL,
  S_PAIRS,
  S_PIECES,
  S_SELF_MARGIN,
  S_TRAVEL,
  WIDE,
} from './layout';
import { checkItem } from './item';
import { frameAt, moved, placeEnds, SHARES, splat } from './place';
import { gridShowsFree, pieceAnswer } from './grid';


/**
 * Which of the `asked` lanes are in contact or tight, with every part's travel times the lane's share as the room
 * wanted. The frames must be placed. A lane that is found wanting is not looked at again.
 */
export function checkArm(scene: usize, asked: i32): i32 {
  let alive = asked;
  let contact = 0;
  let tight = 0;
  const groups = load<usize>(scene, S_GROUPS);
  const centres = load<usize>(scene, S_CENTRES);
  const travel = load<usize>(scene, S_TRAVEL);
  const share0 = v128.load(SHARES);
  const share1 = v128.load(SHARES, 16);
  for (let g = load<i32>(scene, S_MOVING_COUNT) - 1; g >= 0; g--) {
    const group = groups + <usize>g * G_SIZE;
    const at = centres + <usize>g * (3 * WIDE);
    const w = splat(travel + 4 * <usize>g);
    const radius = splat(group + G_RADIUS);
    const reach0 = f32x4.add(radius, f32x4.mul(w, share0));
    const reach1 = f32x4.add(radius, f32x4.mul(w, share1));
    const free =
      gridShowsFree(scene, v128.load(at), v128.load(at, WIDE), v128.load(at, 2 * WIDE), reach0) |
      (gridShowsFree(scene, v128.load(at, 16), v128.load(at, WIDE + 16), v128.load(at, 2 * WIDE + 16), reach1) << 4);
    const doubt = alive & ~free;
    if (doubt == 0) continue;
    const answer = checkPieces(scene, g, doubt);
    contact |= answer >> CONTACT_SHIFT;
    tight |= answer & 255;
    alive &= ~(contact | tight);
    if (alive == 0) return (contact << CONTACT_SHIFT) | tight;
  }
  const answer = checkSelf(scene, alive);
  contact |= answer >> CONTACT_SHIFT;
  tight |= answer & 255;
  alive &= ~(contact | tight);
  if (alive != 0 && load<i32>(scene, S_ITEM) != 0) {
    const item = checkItem(scene, alive);
    contact |= item >> CONTACT_SHIFT;
    tight |= item & 255;
  }
  return (contact << CONTACT_SHIFT) | tight;
}

/** The spheres of a group's capsules against the surroundings, for the lanes in doubt. */
function checkPieces(scene: usize, g: i32, doubtful: i32): i32 {
  let doubt = doubtful;
  let contact = 0;
  let tight = 0;
  const group = load<usize>(scene, S_GROUPS) + <usize>g * G_SIZE;
  const w = splat(load<usize>(scene, S_TRAVEL) + 4 * <usize>g);
  const travel0 = f32x4.mul(w, v128.load(SHARES));
  const travel1 = f32x4.mul(w, v128.load(SHARES, 16));
  const joint = load<i32>(group, G_JOINT);
  const frame0 = frameAt(scene, joint, 0);
  const frame1 = frameAt(scene, joint, 16);
  const pieces = load<usize>(scene, S_PIECES);
  const capsules = load<usize>(scene, S_CAPSULES);
  const last = load<i32>(group, G_CAPSULE_END);
  for (let c = load<i32>(group, G_CAPSULE_FIRST); c < last; c++) {
    const capsule = capsules + <usize>c * C_SIZE;
    const end = load<i32>(capsule, C_PIECE_END);
    for (let p = load<i32>(capsule, C_PIECE_FIRST); p < end; p++) {
      const piece = pieces + <usize>p * P_SIZE;
      const radius = splat(piece + P_RADIUS);
      let free = 0;
      let x0 = radius;
      let y0 = radius;
      let z0 = radius;
      let x1 = radius;
      let y1 = radius;
      let z1 = radius;
      if ((doubt & 15) != 0) {
        x0 = moved(frame0, piece);
        y0 = moved(frame0 + WIDE, piece);
        z0 = moved(frame0 + 2 * WIDE, piece);
        free = gridShowsFree(scene, x0, y0, z0, f32x4.add(radius, travel0));
      }
      if ((doubt & 240) != 0) {
        x1 = moved(frame1, piece);
        y1 = moved(frame1 + WIDE, piece);
        z1 = moved(frame1 + 2 * WIDE, piece);
        free |= gridShowsFree(scene, x1, y1, z1, f32x4.add(radius, travel1)) << 4;
      }
      let open = doubt & ~free;
      if (open == 0) continue;
      v128.store(POINTS, x0);
      v128.store(POINTS, x1, 16);
      v128.store(POINTS, y0, 32);
      v128.store(POINTS, y1, 48);
      v128.store(POINTS, z0, 64);
      v128.store(POINTS, z1, 80);
      v128.store(POINTS, travel0, 96);
      v128.store(POINTS, travel1, 112);
      while (open != 0) {
        const lane = <usize>ctz(open) << 2;
        open &= open - 1;
        const answer = lanePiece(scene, frame0 + lane, piece, load<f32>(capsule, C_RADIUS), POINTS + lane);
        if (answer == CLEAR) continue;
        const bit = 1 << <i32>(lane >> 2);
        if (answer == CONTACT) contact |= bit;
        else tight |= bit;
        doubt &= ~bit;
      }
      if (doubt == 0) return (contact << CONTACT_SHIFT) | tight;
    }
  }
  return (contact << CONTACT_SHIFT) | tight;
}

const POINTS = memory.data(128, 16);

/** The exact answer for one piece in one lane. */
function lanePiece(scene: usize, frame: usize, piece: usize, radius: f32, point: usize): i32 {
  const ax = load<f32>(piece, P_AXIS);
  const ay = load<f32>(piece, P_AXIS + 4);
  const az = load<f32>(piece, P_AXIS + 8);
  return pieceAnswer(
    scene,
    piece,
    radius,
    load<f32>(point),
    load<f32>(point, 32),
    load<f32>(point, 64),
    laneCoordinate(frame, ax, ay, az),
    laneCoordinate(frame + WIDE, ax, ay, az),
    laneCoordinate(frame + 2 * WIDE, ax, ay, az),
    load<f32>(point, 96),
  );
}

/**
 * Squared distance of the axes of two capsules in four lanes: the closest points of two segments (Ericson,
 * "Real-Time Collision Detection", 5.1.9) without branches. `a` and `b` address the ends, x y z each, whose
 * coordinates lie `aStep` and `bStep` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function axesSquared(
  a: usize,
  aStep: usize,
  aLength2: v128,
  aInverse: v128,
  b: usize,
  bStep: usize,
  bLength2: v128,
  bInverse: v128,
): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const ax = v128.load(a);
  const ay = v128.load(a + aStep);
  const az = v128.load(a + 2 * aStep);
  const bx = v128.load(b);
  const by = v128.load(b + bStep);
  const bz = v128.load(b + 2 * bStep);
  const ux = f32x4.sub(v128.load(a + 3 * aStep), ax);
  const uy = f32x4.sub(v128.load(a + 4 * aStep), ay);
  const uz = f32x4.sub(v128.load(a + 5 * aStep), az);
  const vx = f32x4.sub(v128.load(b + 3 * bStep), bx);
  const vy = f32x4.sub(v128.load(b + 4 * bStep), by);
  const vz = f32x4.sub(v128.load(b + 5 * bStep), bz);
  const rx = f32x4.sub(ax, bx);
  const ry = f32x4.sub(ay, by);
  const rz = f32x4.sub(az, bz);
  const uv = dot(ux, uy, uz, vx, vy, vz);
  const ur = dot(ux, uy, uz, rx, ry, rz);
  const vr = dot(vx, vy, vz, rx, ry, rz);
  const square = f32x4.mul(aLength2, bLength2);
  // Nearly parallel axes: any point of the first will do to start with.
  const denominator = f32x4.pmax(f32x4.sub(square, f32x4.mul(uv, uv)), f32x4.add(f32x4.mul(square, f32x4.splat(1e-6)), f32x4.splat(1e-12)));
  let s = f32x4.div(f32x4.sub(f32x4.mul(uv, vr), f32x4.mul(ur, bLength2)), denominator);
  s = f32x4.pmax(zero, f32x4.pmin(one, s));
  let t = f32x4.mul(f32x4.add(f32x4.mul(uv, s), vr), bInverse);
  t = f32x4.pmax(zero, f32x4.pmin(one, t));
  s = f32x4.mul(f32x4.sub(f32x4.mul(uv, t), ur), aInverse);
  s = f32x4.pmax(zero, f32x4.pmin(one, s));
  const x = f32x4.sub(f32x4.add(rx, f32x4.mul(ux, s)), f32x4.mul(vx, t));
  const y = f32x4.sub(f32x4.add(ry, f32x4.mul(uy, s)), f32x4.mul(vy, t));
  const z = f32x4.sub(f32x4.add(rz, f32x4.mul(uz, s)), f32x4.mul(vz, t));
  return dot(x, y, z, x, y, z);
}

// @ts-ignore: decorator
@inline
function dot(ax: v128, ay: v128, az: v128, bx: v128, by: v128, bz: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.mul(ax, bx), f32x4.mul(ay, by)), f32x4.mul(az, bz));
}

/** Bits of the lanes whose squared distance is below the square of `room`. */
// @ts-ignore: decorator
@inline
export function nearer(distance2: v128, room: v128): i32 {
  // Written so that what is not a number counts as near.
  return i32x4.bitmask(v128.not(f32x4.ge(distance2, f32x4.mul(room, room))));
}

/** Squared distance of two points in four lanes. */
// @ts-ignore: decorator
@inline
export function pointsSquared(a: usize, b: usize): v128 {
  const x = f32x4.sub(v128.load(a), v128.load(b));
  const y = f32x4.sub(v128.load(a, WIDE), v128.load(b, WIDE));
  const z = f32x4.sub(v128.load(a, 2 * WIDE), v128.load(b, 2 * WIDE));
  return dot(x, y, z, x, y, z);
}

/**
 * Squared distance of the middles of two capsules in four lanes, times four: what tells most pairs apart, at a third of
 * the cost of their axes.
 */
// @ts-ignore: decorator
@inline
function middlesSquared(a: usize, aStep: usize, b: usize, bStep: usize): v128 {
  const x = f32x4.sub(middle(a, aStep), middle(b, bStep));
  const y = f32x4.sub(middle(a + aStep, aStep), middle(b + bStep, bStep));
  const z = f32x4.sub(middle(a + 2 * aStep, aStep), middle(b + 2 * bStep, bStep));
  return dot(x, y, z, x, y, z);
}

/** Twice the middle of a capsule's ends, one coordinate. */
// @ts-ignore: decorator
@inline
function middle(end: usize, step: usize): v128 {
  return f32x4.add(v128.load(end), v128.load(end + 3 * step));
}

/** Lanes in which the spheres round two capsules are nearer than `margin` and what they may travel. */
// @ts-ignore: decorator
@inline
export function capsulesNear(
  a: usize,
  aEnds: usize,
  aStep: usize,
  b: usize,
  bEnds: usize,
  bStep: usize,
  margin: f32,
  travel0: v128,
  travel1: v128,
): i32 {
  const reach = f32x4.splat(load<f32>(a, C_REACH) + load<f32>(b, C_REACH) + margin + 2 * ROUNDING_M);
  const room0 = f32x4.add(reach, travel0);
  const room1 = f32x4.add(reach, travel1);
  return (
    nearer(middlesSquared(aEnds, aStep, bEnds, bStep), f32x4.add(room0, room0)) |
    (nearer(middlesSquared(aEnds + 16, aStep, bEnds + 16, bStep), f32x4.add(room1, room1)) << 4)
  );
}

/**
 * Lanes in which the sphere round a capsule is nearer to a point than `reach`, what it may travel included; `point`
 * addresses x, and y and z lie `pointStep` bytes further.
 */
// @ts-ignore: decorator
@inline
export function capsuleReaches(
  a: usize,
  ends: usize,
  step: usize,
  point: usize,
  pointStep: usize,
  reach0: v128,
  reach1: v128,
): i32 {
  const own = splat(a + C_REACH);
  return (
    nearer(toMiddleSquared(ends, step, point, pointStep), f32x4.add(own, reach0)) |
    (nearer(toMiddleSquared(ends + 16, step, point + 16, pointStep), f32x4.add(own, reach1)) << 4)
  );
}

// @ts-ignore: decorator
@inline
function toMiddleSquared(ends: usize, step: usize, point: usize, pointStep: usize): v128 {
  const half = f32x4.splat(0.5);
  const x = f32x4.sub(f32x4.mul(middle(ends, step), half), v128.load(point));
  const y = f32x4.sub(f32x4.mul(middle(ends + step, step), half), v128.load(point + pointStep));
  const z = f32x4.sub(f32x4.mul(middle(ends + 2 * step, step), half), v128.load(point + 2 * pointStep));
  return dot(x, y, z, x, y, z);
}

/**
 * Two capsules, their ends already placed, in all lanes: bits of the lanes in contact from bit 8 on, below them those
 * which are nearer than `margin` and what they may travel.
 */
// @ts-ignore: decorator
@inline
export function capsulesAnswer(
  a: usize,
  aEnds: usize,
  b: usize,
  bEnds: usize,
  margin: f32,
  travel0: v128,
  travel1: v128,
): i32 {
  const aLength2 = splat(a + C_LENGTH2);
  const aInverse = splat(a + C_INVERSE);
  const bLength2 = splat(b + C_LENGTH2);
  const bInverse = splat(b + C_INVERSE);
  const d0 = axesSquared(aEnds, WIDE, aLength2, aInverse, bEnds, WIDE, bLength2, bInverse);
  const d1 = axesSquared(aEnds + 16, WIDE, aLength2, aInverse, bEnds + 16, WIDE, bLength2, bInverse);
  const room = f32x4.splat(load<f32>(a, C_RADIUS) + load<f32>(b, C_RADIUS) + margin + ROUNDING_M);
  const tight = nearer(d0, f32x4.add(room, travel0)) | (nearer(d1, f32x4.add(room, travel1)) << 4);
  if (tight == 0) return 0;
  const contact = nearer(d0, room) | (nearer(d1, room) << 4);
  return (contact << CONTACT_SHIFT) | (tight & ~contact);
}

function checkSelf(scene: usize, asked: i32): i32 {
  let alive = asked;
  let contact = 0;
  let tight = 0;
  const groups = load<usize>(scene, S_GROUPS);
  const centres = load<usize>(scene, S_CENTRES);
  const margin = load<f32>(scene, S_SELF_MARGIN);
  const travels = load<usize>(scene, S_PAIR_TRAVEL);
  const share0 = v128.load(SHARES);
  const share1 = v128.load(SHARES, 16);
  const capsules = load<usize>(scene, S_CAPSULES);
  const ends = load<usize>(scene, S_ENDS);
  const count = load<i32>(scene, S_PAIR_COUNT);
  let pair = load<usize>(scene, S_PAIRS);
  for (let p = 0; p < count; p++, pair += PAIR_SIZE) {
    const inner = load<i32>(pair, PAIR_INNER);
    const outer = load<i32>(pair, PAIR_OUTER);
    const a = centres + <usize>inner * (3 * WIDE);
    const b = centres + <usize>outer * (3 * WIDE);
    const w = splat(travels + 4 * <usize>p);
    const travel0 = f32x4.mul(w, share0);
    const travel1 = f32x4.mul(w, share1);
    const room = f32x4.splat(
      load<f32>(groups + <usize>inner * G_SIZE, G_RADIUS) +
        load<f32>(groups + <usize>outer * G_SIZE, G_RADIUS) +
        margin +
        ROUNDING_M,
    );
    const near =
      alive &
      (nearer(pointsSquared(a, b), f32x4.add(room, travel0)) |
        (nearer(pointsSquared(a + 16, b + 16), f32x4.add(room, travel1)) << 4));
    if (near == 0) continue;
    placeEnds(scene, inner);
    placeEnds(scene, outer);
    const list = load<usize>(scene, S_CAPSULE_PAIRS);
    const last = load<i32>(pair, PAIR_END);
    for (let k = load<i32>(pair, PAIR_FIRST); k < last; k++) {
      const i = load<i32>(list + 8 * <usize>k);
      const j = load<i32>(list + 8 * <usize>k, 4);
      const a = capsules + <usize>i * C_SIZE;
      const b = capsules + <usize>j * C_SIZE;
      const aEnds = ends + <usize>i * (6 * WIDE);
      const bEnds = ends + <usize>j * (6 * WIDE);
      if ((near & capsulesNear(a, aEnds, WIDE, b, bEnds, WIDE, margin, travel0, travel1)) == 0) continue;
      const answer =
        capsulesAnswer(a, aEnds, b, bEnds, margin, travel0, travel1) & (near | (near << CONTACT_SHIFT));
      if (answer == 0) continue;
      contact |= answer >> CONTACT_SHIFT;
      tight |= answer & 255;
    }
    alive &= ~(contact | tight);
    if (alive == 0) break;
  }
  // A lane tight in one pair may be in contact in another.
  return (contact << CONTACT_SHIFT) | (tight & ~contact);
}

// @ts-ignore: decorator
@inline
export function laneCoordinate(row: usize, x: f32, y: f32, z: f32): f32 {
  return load<f32>(row) * x + load<f32>(row, 3 * WIDE) * y + load<f32>(row, 6 * WIDE) * z;
}
