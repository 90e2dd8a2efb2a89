// Forward kinematics of eight configurations, and the points that move with the links.
import {
  C_P,
  C_Q,
  C_SIZE,
  G_CAPSULE_END,
  G_CAPSULE_FIRST,
  G_JOINT,
  G_SIZE,
  J_GROUP_END,
  J_GROUP_FIRST,
  J_KIND,
  J_SIZE,
  J_TURN,
  KIND_TURNS,
  S_CENTRES,
  S_ENDS,
  S_FRAMES,
  S_GROUPS,
  S_CAPSULES,
  S_ITEM,
  S_ITEM_CENTRES,
  S_JOINT_COUNT,
  S_JOINTS,
  S_Q,
  S_STAMPS,
  TURN_ANY,
  TURN_NONE,
  TURN_X_UP,
  WIDE,
} from './layout';

/** Bytes of one frame for all lanes: columns X, Y, Z and position, x y z each. */
export const FRAME: usize = 12 * WIDE;

// pi / 2 in two parts: the first has so few bits that its product with a whole number up to 2^9 is exact.
const HALF_PI_HIGH: f32 = 1.5703125;
const HALF_PI_LOW: f32 = 4.83826794896619e-4;
const TWO_BY_PI: f32 = 0.6366197723675814;

let stamp: i32 = 0;

// @ts-ignore: decorator
@inline
export function splat(at: usize): v128 {
  return v128.load32_splat(at);
}

// @ts-ignore: decorator
@inline
function fma(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

let sineOut: v128 = f32x4.splat(0);

/**
 * Sine (left in `sineOut`) and cosine. Reduced to [-pi/4, pi/4] in two steps, then the polynomials of the Cephes
 * library (sinf, cosf; S. Moshier): absolute error below 2e-7 for |x| <= 100 rad, found by comparison.
 */
// @ts-ignore: decorator
@inline
function cosineAndSine(x: v128): v128 {
  const k = f32x4.nearest(f32x4.mul(x, f32x4.splat(TWO_BY_PI)));
  const quadrant = i32x4.trunc_sat_f32x4_s(k);
  let r = f32x4.sub(x, f32x4.mul(k, f32x4.splat(HALF_PI_HIGH)));
  r = f32x4.sub(r, f32x4.mul(k, f32x4.splat(HALF_PI_LOW)));
  const z = f32x4.mul(r, r);
  let s = fma(z, f32x4.splat(-1.9515295891e-4), f32x4.splat(8.3321608736e-3));
  s = fma(s, z, f32x4.splat(-1.6666654611e-1));
  s = fma(f32x4.mul(s, z), r, r);
  let c = fma(z, f32x4.splat(2.443315711809948e-5), f32x4.splat(-1.388731625493765e-3));
  c = fma(c, z, f32x4.splat(4.166664568298827e-2));
  c = fma(f32x4.mul(c, z), z, fma(z, f32x4.splat(-0.5), f32x4.splat(1)));
  const odd = i32x4.ne(v128.and(quadrant, i32x4.splat(1)), i32x4.splat(0));
  const sign = v128.and(i32x4.shl(quadrant, 30), i32x4.splat(0x80000000));
  const signCosine = v128.and(i32x4.shl(i32x4.add(quadrant, i32x4.splat(1)), 30), i32x4.splat(0x80000000));
  sineOut = v128.xor(v128.bitselect(c, s, odd), sign);
  return v128.xor(v128.bitselect(s, c, odd), signCosine);
}

/** Takes eight configurations, one after the other from `q` on, into the scene's lanes; `stride` bytes apart. */
export function loadLanes(scene: usize, q: usize, stride: usize): void {
  const n = load<i32>(scene + S_JOINT_COUNT);
  const lanes = load<usize>(scene + S_Q);
  for (let lane: usize = 0; lane < 8; lane++) {
    for (let j: i32 = 0; j < n; j++) {
      store<f32>(lanes + <usize>j * WIDE + 4 * lane, load<f32>(q + lane * stride + 4 * <usize>j));
    }
  }
}

/** Places all frames and the spheres round the groups for the configurations in the scene's lanes. */
export function place(scene: usize): void {
  stamp++;
  placeHalf(scene, 0);
  placeHalf(scene, 16);
  if (load<i32>(scene, S_ITEM) == 0) return;
  const centre = load<usize>(scene, S_ITEM_CENTRES);
  const local = centre + 3 * WIDE;
  for (let half: usize = 0; half < WIDE; half += 16) {
    const frame = frameAt(scene, load<i32>(scene, S_JOINT_COUNT) - 1, half);
    v128.store(centre + half, moved(frame, local));
    v128.store(centre + half, moved(frame + WIDE, local), WIDE);
    v128.store(centre + half, moved(frame + 2 * WIDE, local), 2 * WIDE);
  }
}

function placeHalf(scene: usize, half: usize): void {
  const n = load<i32>(scene + S_JOINT_COUNT);
  const groups = load<usize>(scene + S_GROUPS);
  const centres = load<usize>(scene + S_CENTRES) + half;
  let joint = load<usize>(scene + S_JOINTS);
  let q = load<usize>(scene + S_Q) + half;
  let frame = load<usize>(scene + S_FRAMES) + half;
  let xx = splat(joint);
  let xy = splat(joint + 4);
  let xz = splat(joint + 8);
  let yx = splat(joint + 12);
  let yy = splat(joint + 16);
  let yz = splat(joint + 20);
  let zx = splat(joint + 24);
  let zy = splat(joint + 28);
  let zz = splat(joint + 32);
  let px = splat(joint + 36);
  let py = splat(joint + 40);
  let pz = splat(joint + 44);
  for (let j: i32 = 0; j < n; j++) {
    if (j > 0) {
      if (load<f32>(joint + 36) != 0) {
        const t = splat(joint + 36);
        px = fma(xx, t, px);
        py = fma(xy, t, py);
        pz = fma(xz, t, pz);
      }
      if (load<f32>(joint + 40) != 0) {
        const t = splat(joint + 40);
        px = fma(yx, t, px);
        py = fma(yy, t, py);
        pz = fma(yz, t, pz);
      }
      if (load<f32>(joint + 44) != 0) {
        const t = splat(joint + 44);
        px = fma(zx, t, px);
        py = fma(zy, t, py);
        pz = fma(zz, t, pz);
      }
      const turn = load<i32>(joint + J_TURN);
      if (turn == TURN_ANY) {
        const ax = fma(xx, splat(joint), fma(yx, splat(joint + 4), f32x4.mul(zx, splat(joint + 8))));
        const ay = fma(xy, splat(joint), fma(yy, splat(joint + 4), f32x4.mul(zy, splat(joint + 8))));
        const az = fma(xz, splat(joint), fma(yz, splat(joint + 4), f32x4.mul(zz, splat(joint + 8))));
        const bx = fma(xx, splat(joint + 12), fma(yx, splat(joint + 16), f32x4.mul(zx, splat(joint + 20))));
        const by = fma(xy, splat(joint + 12), fma(yy, splat(joint + 16), f32x4.mul(zy, splat(joint + 20))));
        const bz = fma(xz, splat(joint + 12), fma(yz, splat(joint + 16), f32x4.mul(zz, splat(joint + 20))));
        const cx = fma(xx, splat(joint + 24), fma(yx, splat(joint + 28), f32x4.mul(zx, splat(joint + 32))));
        const cy = fma(xy, splat(joint + 24), fma(yy, splat(joint + 28), f32x4.mul(zy, splat(joint + 32))));
        const cz = fma(xz, splat(joint + 24), fma(yz, splat(joint + 28), f32x4.mul(zz, splat(joint + 32))));
        xx = ax;
        xy = ay;
        xz = az;
        yx = bx;
        yy = by;
        yz = bz;
        zx = cx;
        zy = cy;
        zz = cz;
      } else if (turn != TURN_NONE) {
        const ax = yx;
        const ay = yy;
        const az = yz;
        if (turn == TURN_X_UP) {
          yx = zx;
          yy = zy;
          yz = zz;
          zx = f32x4.neg(ax);
          zy = f32x4.neg(ay);
          zz = f32x4.neg(az);
        } else {
          yx = f32x4.neg(zx);
          yy = f32x4.neg(zy);
          yz = f32x4.neg(zz);
          zx = ax;
          zy = ay;
          zz = az;
        }
      }
    }
    if (load<i32>(joint + J_KIND) == KIND_TURNS) {
      const c = cosineAndSine(v128.load(q));
      const s = sineOut;
      const ax = xx;
      const ay = xy;
      const az = xz;
      xx = fma(ax, c, f32x4.mul(yx, s));
      xy = fma(ay, c, f32x4.mul(yy, s));
      xz = fma(az, c, f32x4.mul(yz, s));
      yx = f32x4.sub(f32x4.mul(yx, c), f32x4.mul(ax, s));
      yy = f32x4.sub(f32x4.mul(yy, c), f32x4.mul(ay, s));
      yz = f32x4.sub(f32x4.mul(yz, c), f32x4.mul(az, s));
    } else {
      const t = v128.load(q);
      px = fma(zx, t, px);
      py = fma(zy, t, py);
      pz = fma(zz, t, pz);
    }
    v128.store(frame, xx);
    v128.store(frame, xy, 1 * WIDE);
    v128.store(frame, xz, 2 * WIDE);
    v128.store(frame, yx, 3 * WIDE);
    v128.store(frame, yy, 4 * WIDE);
    v128.store(frame, yz, 5 * WIDE);
    v128.store(frame, zx, 6 * WIDE);
    v128.store(frame, zy, 7 * WIDE);
    v128.store(frame, zz, 8 * WIDE);
    v128.store(frame, px, 9 * WIDE);
    v128.store(frame, py, 10 * WIDE);
    v128.store(frame, pz, 11 * WIDE);
    const end = load<i32>(joint + J_GROUP_END);
    for (let g = load<i32>(joint + J_GROUP_FIRST); g < end; g++) {
      const group = groups + <usize>g * G_SIZE;
      const to = centres + <usize>g * (3 * WIDE);
      const x = splat(group);
      const y = splat(group + 4);
      const z = splat(group + 8);
      v128.store(to, fma(xx, x, fma(yx, y, fma(zx, z, px))));
      v128.store(to, fma(xy, x, fma(yy, y, fma(zy, z, py))), WIDE);
      v128.store(to, fma(xz, x, fma(yz, y, fma(zz, z, pz))), 2 * WIDE);
    }
    joint += J_SIZE;
    q += WIDE;
    frame += FRAME;
  }
}

/**
 * One coordinate of the point that lies at `local` in a frame, for four lanes: x if `frame` is the frame's address, y
 * or z if it is `WIDE` or twice that more.
 */
// @ts-ignore: decorator
@inline
export function moved(frame: usize, local: usize): v128 {
  return fma(
    v128.load(frame),
    splat(local),
    fma(
      v128.load(frame, 3 * WIDE),
      splat(local + 4),
      fma(v128.load(frame, 6 * WIDE), splat(local + 8), v128.load(frame, 9 * WIDE)),
    ),
  );
}

/** A scene's frame of a joint, for one half of the lanes (0 or 16). */
// @ts-ignore: decorator
@inline
export function frameAt(scene: usize, joint: i32, half: usize): usize {
  return load<usize>(scene + S_FRAMES) + <usize>joint * FRAME + half;
}

/** Makes sure that the ends of a group's capsules are placed: `p q` per capsule, x y z each, all lanes. */
export function placeEnds(scene: usize, g: i32): void {
  const group = load<usize>(scene + S_GROUPS) + <usize>g * G_SIZE;
  const joint = load<i32>(group + G_JOINT);
  // What is fixed to the base was placed when the scene was made.
  if (joint < 0) return;
  const stamps = load<usize>(scene + S_STAMPS);
  if (load<i32>(stamps + 4 * <usize>g) == stamp) return;
  store<i32>(stamps + 4 * <usize>g, stamp);
  const end = load<i32>(group + G_CAPSULE_END);
  for (let c = load<i32>(group + G_CAPSULE_FIRST); c < end; c++) {
    const capsule = load<usize>(scene + S_CAPSULES) + <usize>c * C_SIZE;
    const to = load<usize>(scene + S_ENDS) + <usize>c * (6 * WIDE);
    for (let half: usize = 0; half < WIDE; half += 16) {
      const frame = frameAt(scene, joint, half);
      v128.store(to + half, moved(frame, capsule + C_P));
      v128.store(to + half, moved(frame + WIDE, capsule + C_P), WIDE);
      v128.store(to + half, moved(frame + 2 * WIDE, capsule + C_P), 2 * WIDE);
      v128.store(to + half, moved(frame, capsule + C_Q), 3 * WIDE);
      v128.store(to + half, moved(frame + WIDE, capsule + C_Q), 4 * WIDE);
      v128.store(to + half, moved(frame + 2 * WIDE, capsule + C_Q), 5 * WIDE);
    }
  }
}
