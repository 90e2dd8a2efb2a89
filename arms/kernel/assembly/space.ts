// Several arms at eight configurations of all of them: each for itself, and every one against every other.
import {
  C_SIZE,
  CONTACT_SHIFT,
  G_CAPSULE_END,
  G_CAPSULE_FIRST,
  G_JOINT,
  G_RADIUS,
  G_SIZE,
  ROUNDING_M,
  S_BOUNDS,
  S_CAPSULES,
  S_CENTRES,
  S_ENDS,
  S_GROUP_COUNT,
  S_GROUPS,
  S_ITEM,
  S_ITEM_CENTRES,
  S_ITEM_RADIUS,
  S_ITEM_TRAVEL,
  S_STILL,
  S_TRAVEL,
  SP_COUNT,
  SP_MARGIN,
  SP_PAIR_COUNT,
  SP_PAIRS,
  SP_SCENES,
  WIDE,
} from './layout';
import { capsuleReaches, capsulesAnswer, capsulesNear, checkArm, nearer, pointsSquared } from './block';
import { itemBox, itemCapsule } from './item';
import { capsuleDistance, laneSlack } from './slack';
import { loadLanes, place, placeEnds, SHARES, splat } from './place';
import { boxBox } from './solids';

const BOX_A = memory.data(64, 16);
const BOX_B = memory.data(64, 16);

/** The scene at a place of the space. */
// @ts-ignore: decorator
@inline
export function sceneAt(space: usize, k: i32): usize {
  return load<usize>(load<usize>(space, SP_SCENES) + 8 * <usize>k);
}

/** Where the joints of a scene begin in a configuration, bytes. */
// @ts-ignore: decorator
@inline
export function offsetAt(space: usize, k: i32): usize {
  return load<usize>(load<usize>(space, SP_SCENES) + 8 * <usize>k, 4);
}

export function loadSpace(space: usize, q: usize, stride: usize): void {
  const count = load<i32>(space, SP_COUNT);
  for (let k = 0; k < count; k++) loadLanes(sceneAt(space, k), q + offsetAt(space, k), stride);
}

export function placeSpace(space: usize): void {
  const count = load<i32>(space, SP_COUNT);
  for (let k = 0; k < count; k++) {
    const scene = sceneAt(space, k);
    if (load<i32>(scene, S_STILL) == 0) place(scene);
  }
}

/** The lanes in contact (from bit 8 on) and tight of each arm for itself. */
export function checkArms(space: usize, asked: i32): i32 {
  let bad = 0;
  const count = load<i32>(space, SP_COUNT);
  for (let k = 0; k < count; k++) {
    const alive = asked & ~(bad | (bad >> CONTACT_SHIFT));
    if (alive == 0) break;
    const scene = sceneAt(space, k);
    if (load<i32>(scene, S_STILL) == 0) bad |= checkArm(scene, alive);
  }
  return bad;
}

/** The same for the arms against one another. */
export function checkPairs(space: usize, asked: i32): i32 {
  let bad = 0;
  const count = load<i32>(space, SP_COUNT);
  if (count < 2) return 0;
  for (let k = 0; k < count; k++) {
    const scene = sceneAt(space, k);
    if (load<i32>(scene, S_STILL) == 0) bound(scene);
  }
  const margin = load<f32>(space, SP_MARGIN);
  const pairs = load<usize>(space, SP_PAIRS);
  const pairCount = load<i32>(space, SP_PAIR_COUNT);
  for (let p = 0; p < pairCount; p++) {
    const alive = asked & ~(bad | (bad >> CONTACT_SHIFT));
    if (alive == 0) break;
    const a = sceneAt(space, load<i32>(pairs + 8 * <usize>p));
    const b = sceneAt(space, load<i32>(pairs + 8 * <usize>p, 4));
    if ((load<i32>(a, S_STILL) & load<i32>(b, S_STILL)) == 0) bad |= checkPair(a, b, alive, margin);
  }
  return bad;
}

/** The bounds of all of an arm in each lane, grown by what its parts travel. */
export function bound(scene: usize): void {
  const bounds = load<usize>(scene, S_BOUNDS);
  for (let half: usize = 0; half < WIDE; half += 16) {
    const share = v128.load(SHARES + half);
    let x0 = f32x4.splat(Infinity);
    let y0 = x0;
    let z0 = x0;
    let x1 = f32x4.splat(-Infinity);
    let y1 = x1;
    let z1 = x1;
    const count = load<i32>(scene, S_GROUP_COUNT) + load<i32>(scene, S_ITEM);
    for (let g = 0; g < count; g++) {
      const at = sphereCentre(scene, g) + half;
      const r = sphereReach(scene, g, share);
      const x = v128.load(at);
      const y = v128.load(at, WIDE);
      const z = v128.load(at, 2 * WIDE);
      x0 = f32x4.pmin(x0, f32x4.sub(x, r));
      y0 = f32x4.pmin(y0, f32x4.sub(y, r));
      z0 = f32x4.pmin(z0, f32x4.sub(z, r));
      x1 = f32x4.pmax(x1, f32x4.add(x, r));
      y1 = f32x4.pmax(y1, f32x4.add(y, r));
      z1 = f32x4.pmax(z1, f32x4.add(z, r));
    }
    const to = bounds + half;
    v128.store(to, x0);
    v128.store(to, y0, WIDE);
    v128.store(to, z0, 2 * WIDE);
    v128.store(to, x1, 3 * WIDE);
    v128.store(to, y1, 4 * WIDE);
    v128.store(to, z1, 5 * WIDE);
  }
}

/** Centre of the sphere round a group; round the item for the number after the last group. */
// @ts-ignore: decorator
@inline
function sphereCentre(scene: usize, g: i32): usize {
  return g < load<i32>(scene, S_GROUP_COUNT)
    ? load<usize>(scene, S_CENTRES) + <usize>g * (3 * WIDE)
    : load<usize>(scene, S_ITEM_CENTRES);
}

/** Its radius and what it travels. */
// @ts-ignore: decorator
@inline
function sphereReach(scene: usize, g: i32, share: v128): v128 {
  if (g < load<i32>(scene, S_GROUP_COUNT)) {
    const w = splat(load<usize>(scene, S_TRAVEL) + 4 * <usize>g);
    return f32x4.add(splat(load<usize>(scene, S_GROUPS) + <usize>g * G_SIZE + G_RADIUS), f32x4.mul(w, share));
  }
  return f32x4.add(splat(scene + S_ITEM_RADIUS), f32x4.mul(splat(scene + S_ITEM_TRAVEL), share));
}

/** Bits of the lanes in which a group's sphere, grown by `margin`, reaches into the bounds of another arm. */
// @ts-ignore: decorator
@inline
function reaches(scene: usize, g: i32, bounds: usize, half: usize, margin: v128): i32 {
  const at = sphereCentre(scene, g) + half;
  const r = f32x4.add(sphereReach(scene, g, v128.load(SHARES + half)), margin);
  const box = bounds + half;
  const x = v128.load(at);
  const y = v128.load(at, WIDE);
  const z = v128.load(at, 2 * WIDE);
  const outside = v128.or(
    v128.or(
      v128.or(f32x4.lt(f32x4.add(x, r), v128.load(box)), f32x4.lt(f32x4.add(y, r), v128.load(box, WIDE))),
      v128.or(f32x4.lt(f32x4.add(z, r), v128.load(box, 2 * WIDE)), f32x4.gt(f32x4.sub(x, r), v128.load(box, 3 * WIDE))),
    ),
    v128.or(
      f32x4.gt(f32x4.sub(y, r), v128.load(box, 4 * WIDE)),
      f32x4.gt(f32x4.sub(z, r), v128.load(box, 5 * WIDE)),
    ),
  );
  return 15 ^ i32x4.bitmask(outside);
}

/** Lanes in which each group of B reaches into A's bounds; one number per group. */
const REACHING = memory.data(64 * 4, 16);

function checkPair(a: usize, b: usize, asked: i32, margin: f32): i32 {
  let contact = 0;
  let tight = 0;
  const wide = f32x4.splat(margin + ROUNDING_M);
  const aBounds = load<usize>(a, S_BOUNDS);
  const bBounds = load<usize>(b, S_BOUNDS);
  const bCount = load<i32>(b, S_GROUP_COUNT);
  const aCount = load<i32>(a, S_GROUP_COUNT);
  const bItem = bCount + load<i32>(b, S_ITEM);
  const aItem = aCount + load<i32>(a, S_ITEM);
  let any = 0;
  for (let j = 0; j < bItem; j++) {
    const lanes = asked & (reaches(b, j, aBounds, 0, wide) | (reaches(b, j, aBounds, 16, wide) << 4));
    store<i32>(REACHING + 4 * <usize>j, lanes);
    any |= lanes;
  }
  if (any == 0) return 0;
  const share0 = v128.load(SHARES);
  const share1 = v128.load(SHARES, 16);
  const aGroups = load<usize>(a, S_GROUPS);
  const bGroups = load<usize>(b, S_GROUPS);
  let alive = any;
  for (let i = aItem - 1; i >= 0; i--) {
    const row = alive & (reaches(a, i, bBounds, 0, wide) | (reaches(a, i, bBounds, 16, wide) << 4));
    if (row == 0) continue;
    const aAt = sphereCentre(a, i);
    const reachA0 = f32x4.add(sphereReach(a, i, share0), wide);
    const reachA1 = f32x4.add(sphereReach(a, i, share1), wide);
    for (let j = bItem - 1; j >= 0; j--) {
      const lanes = row & alive & load<i32>(REACHING + 4 * <usize>j);
      if (lanes == 0) continue;
      const bAt = sphereCentre(b, j);
      const near =
        lanes &
        (nearer(pointsSquared(aAt, bAt), f32x4.add(reachA0, sphereReach(b, j, share0))) |
          (nearer(pointsSquared(aAt + 16, bAt + 16), f32x4.add(reachA1, sphereReach(b, j, share1))) << 4));
      if (near == 0) continue;
      let answer = 0;
      if (i < aCount && j < bCount) {
        // Bases stand where they stand.
        if (load<i32>(aGroups + <usize>i * G_SIZE, G_JOINT) < 0 && load<i32>(bGroups + <usize>j * G_SIZE, G_JOINT) < 0) {
          continue;
        }
        answer = groupsAnswer(a, i, b, j, margin, near);
      } else if (i < aCount) {
        answer = itemAnswer(b, a, i, margin, near);
      } else if (j < bCount) {
        answer = itemAnswer(a, b, j, margin, near);
      } else {
        answer = itemsAnswer(a, b, margin, near);
      }
      contact |= answer >> CONTACT_SHIFT;
      tight |= answer & 255;
      alive &= ~(contact | tight);
    }
    if (alive == 0) break;
  }
  return (contact << CONTACT_SHIFT) | (tight & ~contact);
}

function groupsAnswer(a: usize, i: i32, b: usize, j: i32, margin: f32, near: i32): i32 {
  const groupA = load<usize>(a, S_GROUPS) + <usize>i * G_SIZE;
  const groupB = load<usize>(b, S_GROUPS) + <usize>j * G_SIZE;
  placeEnds(a, i);
  placeEnds(b, j);
  const w = f32x4.add(
    splat(load<usize>(a, S_TRAVEL) + 4 * <usize>i),
    splat(load<usize>(b, S_TRAVEL) + 4 * <usize>j),
  );
  const travel0 = f32x4.mul(w, v128.load(SHARES));
  const travel1 = f32x4.mul(w, v128.load(SHARES, 16));
  const capsulesA = load<usize>(a, S_CAPSULES);
  const capsulesB = load<usize>(b, S_CAPSULES);
  const endsA = load<usize>(a, S_ENDS);
  const endsB = load<usize>(b, S_ENDS);
  const firstB = load<i32>(groupB, G_CAPSULE_FIRST);
  const lastA = load<i32>(groupA, G_CAPSULE_END);
  const lastB = load<i32>(groupB, G_CAPSULE_END);
  const wide = f32x4.splat(margin + 2 * ROUNDING_M);
  const centreA = sphereCentre(a, i);
  const centreB = sphereCentre(b, j);
  const reachA0 = f32x4.add(f32x4.add(splat(groupA + G_RADIUS), wide), travel0);
  const reachA1 = f32x4.add(f32x4.add(splat(groupA + G_RADIUS), wide), travel1);
  const reachB0 = f32x4.add(f32x4.add(splat(groupB + G_RADIUS), wide), travel0);
  const reachB1 = f32x4.add(f32x4.add(splat(groupB + G_RADIUS), wide), travel1);
  // Which capsules of B reach into the sphere round A's, and in which lanes.
  for (let d = firstB; d < lastB; d++) {
    const capsule = capsulesB + <usize>d * C_SIZE;
    const lanes = capsuleReaches(capsule, endsB + <usize>d * (6 * WIDE), WIDE, centreA, WIDE, reachA0, reachA1);
    store<u8>(IN_REACH + <usize>((d - firstB) & 255), <u8>(lanes & near));
  }
  let contact = 0;
  let tight = 0;
  for (let c = load<i32>(groupA, G_CAPSULE_FIRST); c < lastA; c++) {
    const capsuleA = capsulesA + <usize>c * C_SIZE;
    const aEnds = endsA + <usize>c * (6 * WIDE);
    // A lane in contact need not be looked at again.
    const row =
      near & ~contact & capsuleReaches(capsuleA, aEnds, WIDE, centreB, WIDE, reachB0, reachB1);
    if (row == 0) continue;
    for (let d = firstB; d < lastB; d++) {
      const lanes = row & <i32>load<u8>(IN_REACH + <usize>((d - firstB) & 255));
      if (lanes == 0) continue;
      const capsuleB = capsulesB + <usize>d * C_SIZE;
      const bEnds = endsB + <usize>d * (6 * WIDE);
      if ((lanes & capsulesNear(capsuleA, aEnds, WIDE, capsuleB, bEnds, WIDE, margin, travel0, travel1)) == 0) {
        continue;
      }
      const answer = capsulesAnswer(capsuleA, aEnds, capsuleB, bEnds, margin, travel0, travel1);
      contact |= lanes & (answer >> CONTACT_SHIFT);
      tight |= lanes & answer & 255;
    }
    if ((near & ~contact) == 0) break;
  }
  return (contact << CONTACT_SHIFT) | (tight & ~contact);
}

/** Per capsule of a group the lanes in which it reaches into the other group's sphere; an arm has at most 256. */
const IN_REACH = memory.data(256, 16);

/** The item of one arm against a group of another. */
function itemAnswer(carrier: usize, other: usize, g: i32, margin: f32, near: i32): i32 {
  let answer = 0;
  placeEnds(other, g);
  const group = load<usize>(other, S_GROUPS) + <usize>g * G_SIZE;
  const w = load<f32>(carrier, S_ITEM_TRAVEL) + load<f32>(load<usize>(other, S_TRAVEL) + 4 * <usize>g);
  for (let lanes = near; lanes != 0; lanes &= lanes - 1) {
    const lane = ctz(lanes);
    itemBox(carrier, <usize>lane, BOX_A);
    let least: f32 = Infinity;
    const end = load<i32>(group, G_CAPSULE_END);
    for (let c = load<i32>(group, G_CAPSULE_FIRST); c < end; c++) {
      least = min<f32>(least, itemCapsule(other, c, <usize>lane << 2, BOX_A));
    }
    answer |= laneAnswer(lane, least - margin, w);
  }
  return answer;
}

function itemsAnswer(a: usize, b: usize, margin: f32, near: i32): i32 {
  let answer = 0;
  const w = load<f32>(a, S_ITEM_TRAVEL) + load<f32>(b, S_ITEM_TRAVEL);
  for (let lanes = near; lanes != 0; lanes &= lanes - 1) {
    const lane = ctz(lanes);
    itemBox(a, <usize>lane, BOX_A);
    itemBox(b, <usize>lane, BOX_B);
    answer |= laneAnswer(lane, boxBox(BOX_A, BOX_B) - margin, w);
  }
  return answer;
}

function laneAnswer(lane: i32, slack: f32, w: f32): i32 {
  if (slack >= w * load<f32>(SHARES + 4 * <usize>lane) + ROUNDING_M) return 0;
  return slack >= ROUNDING_M ? 1 << lane : 1 << (lane + CONTACT_SHIFT);
}

/** Lower bound of the least slack in one lane, at most `cap`: of every arm for itself and of all pairs. */
export function spaceSlack(space: usize, lane: i32, cap: f32): f32 {
  let least = cap;
  const count = load<i32>(space, SP_COUNT);
  for (let k = 0; k < count; k++) least = laneSlack(sceneAt(space, k), lane, least);
  const margin = load<f32>(space, SP_MARGIN);
  const pairs = load<usize>(space, SP_PAIRS);
  const pairCount = load<i32>(space, SP_PAIR_COUNT);
  for (let p = 0; p < pairCount; p++) {
    const a = sceneAt(space, load<i32>(pairs + 8 * <usize>p));
    const b = sceneAt(space, load<i32>(pairs + 8 * <usize>p, 4));
    least = min<f32>(least, pairDistance(a, b, lane, least + margin + ROUNDING_M) - margin - ROUNDING_M);
  }
  return least;
}

function pairDistance(a: usize, b: usize, lane: i32, cap: f32): f32 {
  let least = cap;
  const at = <usize>lane << 2;
  const aCount = load<i32>(a, S_GROUP_COUNT);
  const bCount = load<i32>(b, S_GROUP_COUNT);
  const hasItemA = load<i32>(a, S_ITEM) != 0;
  const hasItemB = load<i32>(b, S_ITEM) != 0;
  if (hasItemA) itemBox(a, <usize>lane, BOX_A);
  if (hasItemB) itemBox(b, <usize>lane, BOX_B);
  for (let i = 0; i < aCount; i++) placeEnds(a, i);
  for (let j = 0; j < bCount; j++) placeEnds(b, j);
  for (let i = 0; i < aCount; i++) {
    const groupA = load<usize>(a, S_GROUPS) + <usize>i * G_SIZE;
    for (let c = load<i32>(groupA, G_CAPSULE_FIRST); c < load<i32>(groupA, G_CAPSULE_END); c++) {
      if (hasItemB) least = min<f32>(least, itemCapsule(a, c, at, BOX_B));
      for (let j = 0; j < bCount; j++) {
        const groupB = load<usize>(b, S_GROUPS) + <usize>j * G_SIZE;
        if (load<i32>(groupA, G_JOINT) < 0 && load<i32>(groupB, G_JOINT) < 0) continue;
        for (let d = load<i32>(groupB, G_CAPSULE_FIRST); d < load<i32>(groupB, G_CAPSULE_END); d++) {
          const distance = capsuleDistance(
            load<usize>(a, S_CAPSULES),
            load<usize>(a, S_ENDS),
            c,
            load<usize>(b, S_CAPSULES),
            load<usize>(b, S_ENDS),
            d,
            at,
          );
          least = min<f32>(least, distance);
        }
      }
    }
  }
  if (hasItemA) {
    for (let j = 0; j < bCount; j++) {
      const groupB = load<usize>(b, S_GROUPS) + <usize>j * G_SIZE;
      for (let d = load<i32>(groupB, G_CAPSULE_FIRST); d < load<i32>(groupB, G_CAPSULE_END); d++) {
        least = min<f32>(least, itemCapsule(b, d, at, BOX_A));
      }
    }
    if (hasItemB) least = min<f32>(least, boxBox(BOX_A, BOX_B));
  }
  return least;
}
