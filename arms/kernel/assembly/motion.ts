// Straight motions in joint space, without a gap: intervals of the motion, each with room for all that can happen in
// it, halved where the room is not enough.
import {
  CONTACT_SHIFT,
  G_JOINT,
  G_SIZE,
  MOTION_RESOLUTION_M,
  PAIR_INNER,
  PAIR_OUTER,
  PAIR_SIZE,
  S_FASTEST,
  S_GROUP_COUNT,
  S_GROUPS,
  S_ITEM,
  S_ITEM_LEVERS,
  S_ITEM_TRAVEL,
  S_JOINT_COUNT,
  S_LEVERS,
  S_PAIR_COUNT,
  S_PAIR_TRAVEL,
  S_PAIRS,
  S_Q,
  S_STILL,
  S_TRAVEL,
  SP_COUNT,
  WIDE,
} from './layout';
import { place, SHARES, splat } from './place';
import { bound, checkArms, checkPairs, offsetAt, placeSpace, sceneAt } from './space';

/** Intervals that wait: middle and half length, as parts of the motion. A ring. */
const WAITING_MAX: i32 = 4096;
const WAITING = memory.data(8 * 4096, 16);
const MIDDLES = memory.data(32, 16);

/** The first intervals may be as long as this travel of the fastest part, m. */
const FIRST_TRAVEL_M: f32 = 0.16;

/** Blocks checked since the module was loaded: what a search costs. */
export let blocksChecked: i32 = 0;

/**
 * Looks along the straight motion between the configurations at `from` and `to`.
 * @returns -1 when it is free, else a part of the motion near which it is not
 */
export function checkLine(space: usize, from: usize, to: usize): f32 {
  return walkLine(space, from, to, setTravels(space, from, to));
}

/**
 * The same from a configuration that is known to be free: arms that do not move are only looked at as what others may
 * meet.
 */
export function checkLineFromFree(space: usize, from: usize, to: usize): f32 {
  const most = setTravels(space, from, to);
  const scenes = load<i32>(space, SP_COUNT);
  for (let k = 0; k < scenes; k++) {
    const scene = sceneAt(space, k);
    if (load<f32>(scene, S_FASTEST) > 0) continue;
    interpolateArm(scene, offsetAt(space, k), from, to);
    place(scene);
    bound(scene);
    store<i32>(scene, 1, S_STILL);
  }
  const found = walkLine(space, from, to, most);
  for (let k = 0; k < scenes; k++) store<i32>(sceneAt(space, k), 0, S_STILL);
  return found;
}

function walkLine(space: usize, from: usize, to: usize, most: f32): f32 {
  const fit = most / FIRST_TRAVEL_M;
  const blocks = min<i32>(32, max<i32>(1, <i32>ceil<f32>(min<f32>(fit, 1000) * 0.125)));
  let count = 8 * blocks;
  let head = 0;
  const half: f32 = 0.5 / <f32>count;
  for (let k = 0; k < count; k++) {
    // Far-apart intervals share a block, so that a contact anywhere is found soon.
    const place = (k & 7) * blocks + (k >> 3);
    store<f32>(WAITING + 8 * <usize>k, (<f32>place + 0.5) / <f32>count);
    store<f32>(WAITING + 8 * <usize>k, half, 4);
  }
  while (count > 0) {
    const size = min<i32>(8, count);
    for (let lane = 0; lane < 8; lane++) {
      const at = WAITING + 8 * <usize>((head + min<i32>(lane, size - 1)) & (WAITING_MAX - 1));
      store<f32>(MIDDLES + 4 * <usize>lane, load<f32>(at));
      // A hair more, for the rounding of the middles.
      store<f32>(SHARES + 4 * <usize>lane, load<f32>(at, 4) + 1e-6);
    }
    head += size;
    count -= size;
    interpolate(space, from, to);
    placeSpace(space);
    blocksChecked++;
    const asked = (1 << size) - 1;
    let bad = checkArms(space, asked);
    if (bad >> CONTACT_SHIFT == 0) bad |= checkPairs(space, asked & ~bad);
    if (bad == 0) continue;
    if (bad >> CONTACT_SHIFT != 0) return load<f32>(MIDDLES + 4 * <usize>ctz(bad >> CONTACT_SHIFT));
    for (let tight = bad; tight != 0; tight &= tight - 1) {
      const lane = <usize>ctz(tight) << 2;
      const middle = load<f32>(MIDDLES + lane);
      const h = load<f32>(SHARES + lane) * 0.5;
      if (h * most < 0.25 * MOTION_RESOLUTION_M || count + 2 > WAITING_MAX) return middle;
      const next = head + count;
      const one = WAITING + 8 * <usize>(next & (WAITING_MAX - 1));
      const two = WAITING + 8 * <usize>((next + 1) & (WAITING_MAX - 1));
      store<f32>(one, middle - h);
      store<f32>(one, h, 4);
      store<f32>(two, middle + h);
      store<f32>(two, h, 4);
      count += 2;
    }
  }
  return -1;
}

/** Puts the configurations at the middles into the lanes. */
function interpolate(space: usize, from: usize, to: usize): void {
  const scenes = load<i32>(space, SP_COUNT);
  for (let k = 0; k < scenes; k++) {
    const scene = sceneAt(space, k);
    if (load<i32>(scene, S_STILL) == 0) interpolateArm(scene, offsetAt(space, k), from, to);
  }
}

function interpolateArm(scene: usize, offset: usize, from: usize, to: usize): void {
  const t0 = v128.load(MIDDLES);
  const t1 = v128.load(MIDDLES, 16);
  const n = load<i32>(scene, S_JOINT_COUNT);
  let lanes = load<usize>(scene, S_Q);
  for (let j: usize = 0; j < <usize>n; j++) {
    const start = splat(from + offset + 4 * j);
    const way = f32x4.sub(splat(to + offset + 4 * j), start);
    v128.store(lanes, f32x4.add(start, f32x4.mul(way, t0)));
    v128.store(lanes, f32x4.add(start, f32x4.mul(way, t1)), 16);
    lanes += WIDE;
  }
}

/** Writes how far every group, pair and item can travel in the whole motion; returns the most that two can together. */
function setTravels(space: usize, from: usize, to: usize): f32 {
  const scenes = load<i32>(space, SP_COUNT);
  let most: f32 = 0;
  let second: f32 = 0;
  for (let k = 0; k < scenes; k++) {
    const scene = sceneAt(space, k);
    const offset = offsetAt(space, k);
    const n = load<i32>(scene, S_JOINT_COUNT);
    const groups = load<usize>(scene, S_GROUPS);
    const levers = load<usize>(scene, S_LEVERS);
    const travels = load<usize>(scene, S_TRAVEL);
    const count = load<i32>(scene, S_GROUP_COUNT);
    let arm: f32 = 0;
    for (let g = 0; g < count; g++) {
      const joint = load<i32>(groups + <usize>g * G_SIZE, G_JOINT);
      const travel = travelOf(levers + <usize>(g * n) * 4, from + offset, to + offset, 0, joint);
      store<f32>(travels + 4 * <usize>g, travel);
      arm = max<f32>(arm, travel);
    }
    const pairs = load<usize>(scene, S_PAIRS);
    const pairTravels = load<usize>(scene, S_PAIR_TRAVEL);
    const pairCount = load<i32>(scene, S_PAIR_COUNT);
    for (let p = 0; p < pairCount; p++) {
      const inner = load<i32>(pairs + <usize>p * PAIR_SIZE, PAIR_INNER);
      const outer = load<i32>(pairs + <usize>p * PAIR_SIZE, PAIR_OUTER);
      // Joints up to the inner group carry both as one.
      const first = load<i32>(groups + <usize>inner * G_SIZE, G_JOINT) + 1;
      const last = load<i32>(groups + <usize>outer * G_SIZE, G_JOINT);
      store<f32>(
        pairTravels + 4 * <usize>p,
        travelOf(levers + <usize>(outer * n) * 4, from + offset, to + offset, first, last),
      );
    }
    if (load<i32>(scene, S_ITEM) != 0) {
      const travel = travelOf(load<usize>(scene, S_ITEM_LEVERS), from + offset, to + offset, 0, n - 1);
      store<f32>(scene, travel, S_ITEM_TRAVEL);
      arm = max<f32>(arm, travel);
    }
    store<f32>(scene, arm, S_FASTEST);
    if (arm > most) {
      second = most;
      most = arm;
    } else {
      second = max<f32>(second, arm);
    }
  }
  return most + second;
}

function travelOf(levers: usize, from: usize, to: usize, first: i32, last: i32): f32 {
  let sum: f32 = 0;
  for (let j = first; j <= last; j++) {
    const at = <usize>j * 4;
    sum += load<f32>(levers + at) * abs<f32>(load<f32>(to + at) - load<f32>(from + at));
  }
  return sum;
}
