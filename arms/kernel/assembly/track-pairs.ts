// Two tracks: at the same time, or every sample of one with every sample of the other.
import {
  C_INVERSE,
  C_LENGTH2,
  C_RADIUS,
  C_SIZE,
  G_CAPSULE_END,
  G_CAPSULE_FIRST,
  G_JOINT,
  G_RADIUS,
  G_SIZE,
  ROUNDING_M,
  S_CAPSULE_COUNT,
  S_CAPSULES,
  S_GROUP_COUNT,
  S_GROUPS,
  T_ENDS,
  T_ITEM,
  T_ITEM_HALF,
  T_PAD,
  T_ROWS,
  T_SAMPLES,
  T_SCENE,
  T_STRIDE,
  T_WHOLE,
  T_WINDOW_COUNT,
  WIDE,
} from './layout';
import { axesSquared, capsuleReaches, capsulesNear, nearer } from './block';
import { splat } from './place';
import { boxBox, segmentBox } from './solids';
import { rowRadius, sphereRow, windowRow } from './track';

const BOX_A = memory.data(64, 16);
const BOX_B = memory.data(64, 16);

/** Are two spheres (x, y, z, radius at the addresses, `step` bytes apart) nearer than `margin`? */
// @ts-ignore: decorator
@inline
function spheresMeet(a: usize, aStep: usize, b: usize, bStep: usize, margin: f32): bool {
  const dx = load<f32>(a) - load<f32>(b);
  const dy = load<f32>(a + aStep) - load<f32>(b + bStep);
  const dz = load<f32>(a + 2 * aStep) - load<f32>(b + 2 * bStep);
  const room = load<f32>(a + 3 * aStep) + load<f32>(b + 3 * bStep) + margin;
  return room > 0 && dx * dx + dy * dy + dz * dz < room * room;
}

/** Can the group `i` of one and `j` of another track meet at all? Bases stand where they stand. */
// @ts-ignore: decorator
@inline
function mayMeet(a: usize, i: i32, b: usize, j: i32, margin: f32): bool {
  if (isFixed(a, i) && isFixed(b, j)) return false;
  return spheresMeet(load<usize>(a, T_WHOLE) + <usize>i * 16, 4, load<usize>(b, T_WHOLE) + <usize>j * 16, 4, margin);
}

function isFixed(track: usize, g: i32): bool {
  const scene = load<usize>(track, T_SCENE);
  if (g >= load<i32>(scene, S_GROUP_COUNT)) return false;
  return load<i32>(load<usize>(scene, S_GROUPS) + <usize>g * G_SIZE, G_JOINT) < 0;
}

/** The first sample in [from, until] of `a` at which it is nearer than `gap` to sample + `shift` of `b`, or -1. */
export function firstConflict(a: usize, b: usize, gap: f32, shift: i32, from: i32, until: i32): i32 {
  const margin = gap + ROUNDING_M;
  let first = until + 1;
  const aRows = load<i32>(a, T_ROWS);
  const bRows = load<i32>(b, T_ROWS);
  const aEnd = load<i32>(a, T_STRIDE) - 8;
  const bEnd = load<i32>(b, T_STRIDE) - 8;
  const aStep = <usize>load<i32>(a, T_WINDOW_COUNT) * 4;
  const bStep = <usize>load<i32>(b, T_WINDOW_COUNT) * 4;
  const wide = f32x4.splat(margin);
  const zero = f32x4.splat(0);
  // What is nearer to the tool meets first.
  for (let i = aRows - 1; i >= 0; i--) {
    for (let j = bRows - 1; j >= 0; j--) {
      if (!mayMeet(a, i, b, j, margin)) continue;
      const aWindow = windowRow(a, i, 0);
      const bWindow = windowRow(b, j, 0);
      for (let sample = from; sample < first; ) {
        const p = clampPlace(sample + T_PAD, aEnd);
        const r = clampPlace(sample + shift + T_PAD, bEnd);
        const wa = aWindow + 4 * <usize>(p >> 3);
        const wb = bWindow + 4 * <usize>(r >> 3);
        let meeting = 1;
        let ahead = 1;
        if (p == sample + T_PAD && r == sample + shift + T_PAD && p + 24 <= aEnd && r + 24 <= bEnd) {
          // Four windows at once while both run on.
          const dx = f32x4.sub(v128.load(wa), v128.load(wb));
          const dy = f32x4.sub(v128.load(wa + aStep), v128.load(wb + bStep));
          const dz = f32x4.sub(v128.load(wa + 2 * aStep), v128.load(wb + 2 * bStep));
          const room = f32x4.pmax(
            f32x4.add(f32x4.add(v128.load(wa + 3 * aStep), v128.load(wb + 3 * bStep)), wide),
            zero,
          );
          meeting = nearer(
            f32x4.add(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), f32x4.mul(dz, dz)),
            room,
          );
          ahead = 4;
        } else if (!spheresMeet(wa, aStep, wb, bStep, margin)) {
          meeting = 0;
        }
        while (meeting != 0) {
          const k = ctz(meeting);
          meeting &= meeting - 1;
          const at = sample + 8 * k;
          if (at >= first) break;
          const lanes = groupsMeet(a, i, clampPlace(at + T_PAD, aEnd), b, j, clampPlace(at + shift + T_PAD, bEnd), margin);
          if (lanes == 0) continue;
          first = min<i32>(first, at + ctz(lanes));
          break;
        }
        sample += 8 * ahead;
      }
      if (first == from) return first;
    }
  }
  return first <= until ? first : -1;
}

// @ts-ignore: decorator
@inline
function clampPlace(at: i32, end: i32): i32 {
  return min<i32>(end, max<i32>(0, at));
}

/** Lanes in which two groups, or items, are nearer than `margin`: eight samples of each from places `p` and `r` on. */
function groupsMeet(a: usize, i: i32, p: i32, b: usize, j: i32, r: i32, margin: f32): i32 {
  const pa = <usize>p * 4;
  const pb = <usize>r * 4;
  const aStep = <usize>load<i32>(a, T_STRIDE) * 4;
  const bStep = <usize>load<i32>(b, T_STRIDE) * 4;
  const as = sphereRow(a, i, 0) + pa;
  const bs = sphereRow(b, j, 0) + pb;
  const reach = f32x4.splat(rowRadius(a, i) + rowRadius(b, j) + margin);
  let near = spheresNear(as, aStep, bs, bStep, reach);
  near |= spheresNear(as + 16, aStep, bs + 16, bStep, reach) << 4;
  if (near == 0) return 0;
  const sceneA = load<usize>(a, T_SCENE);
  const sceneB = load<usize>(b, T_SCENE);
  if (i >= load<i32>(sceneA, S_GROUP_COUNT) || j >= load<i32>(sceneB, S_GROUP_COUNT)) {
    return itemsMeet(a, i, p, b, j, r, margin, near);
  }
  const groupA = load<usize>(sceneA, S_GROUPS) + <usize>i * G_SIZE;
  const groupB = load<usize>(sceneB, S_GROUPS) + <usize>j * G_SIZE;
  const lastA = load<i32>(groupA, G_CAPSULE_END);
  const lastB = load<i32>(groupB, G_CAPSULE_END);
  const travel0 = f32x4.add(v128.load(as + 3 * aStep), v128.load(bs + 3 * bStep));
  const travel1 = f32x4.add(v128.load(as + 3 * aStep, 16), v128.load(bs + 3 * bStep, 16));
  const firstB = load<i32>(groupB, G_CAPSULE_FIRST);
  const wide = f32x4.splat(margin + ROUNDING_M);
  const reachA0 = f32x4.add(f32x4.add(splat(groupA + G_RADIUS), wide), travel0);
  const reachA1 = f32x4.add(f32x4.add(splat(groupA + G_RADIUS), wide), travel1);
  const reachB0 = f32x4.add(f32x4.add(splat(groupB + G_RADIUS), wide), travel0);
  const reachB1 = f32x4.add(f32x4.add(splat(groupB + G_RADIUS), wide), travel1);
  // Which capsules of B reach into the sphere round A's, and in which lanes.
  for (let d = firstB; d < lastB; d++) {
    const capsule = load<usize>(sceneB, S_CAPSULES) + <usize>d * C_SIZE;
    const ends = load<usize>(b, T_ENDS) + <usize>(6 * d) * bStep + pb;
    const lanes = capsuleReaches(capsule, ends, bStep, as, aStep, reachA0, reachA1);
    store<u8>(IN_REACH + <usize>((d - firstB) & 255), <u8>(lanes & near));
  }
  let meet = 0;
  for (let c = load<i32>(groupA, G_CAPSULE_FIRST); c < lastA; c++) {
    const capsuleA = load<usize>(sceneA, S_CAPSULES) + <usize>c * C_SIZE;
    const endsA = load<usize>(a, T_ENDS) + <usize>(6 * c) * aStep + pa;
    const row = near & ~meet & capsuleReaches(capsuleA, endsA, aStep, bs, bStep, reachB0, reachB1);
    if (row == 0) continue;
    for (let d = firstB; d < lastB; d++) {
      const lanes = row & ~meet & <i32>load<u8>(IN_REACH + <usize>((d - firstB) & 255));
      if (lanes == 0) continue;
      const capsuleB = load<usize>(sceneB, S_CAPSULES) + <usize>d * C_SIZE;
      const endsB = load<usize>(b, T_ENDS) + <usize>(6 * d) * bStep + pb;
      if ((lanes & capsulesNear(capsuleA, endsA, aStep, capsuleB, endsB, bStep, margin, travel0, travel1)) == 0) {
        continue;
      }
      const room = f32x4.splat(load<f32>(capsuleA, C_RADIUS) + load<f32>(capsuleB, C_RADIUS) + margin);
      const aLength2 = splat(capsuleA + C_LENGTH2);
      const aInverse = splat(capsuleA + C_INVERSE);
      const bLength2 = splat(capsuleB + C_LENGTH2);
      const bInverse = splat(capsuleB + C_INVERSE);
      const d0 = axesSquared(endsA, aStep, aLength2, aInverse, endsB, bStep, bLength2, bInverse);
      const d1 = axesSquared(endsA + 16, aStep, aLength2, aInverse, endsB + 16, bStep, bLength2, bInverse);
      meet |= lanes & (nearer(d0, f32x4.add(room, travel0)) | (nearer(d1, f32x4.add(room, travel1)) << 4));
    }
    if ((near & ~meet) == 0) break;
  }
  return meet;
}

/** Per capsule of a group the lanes in which it reaches into the other group's sphere; an arm has at most 256. */
const IN_REACH = memory.data(256, 16);

// @ts-ignore: decorator
@inline
function spheresNear(a: usize, aStep: usize, b: usize, bStep: usize, reach: v128): i32 {
  const dx = f32x4.sub(v128.load(a), v128.load(b));
  const dy = f32x4.sub(v128.load(a + aStep), v128.load(b + bStep));
  const dz = f32x4.sub(v128.load(a + 2 * aStep), v128.load(b + 2 * bStep));
  const travel = f32x4.add(v128.load(a + 3 * aStep), v128.load(b + 3 * bStep));
  // An item that is not carried has a negative reach.
  const room = f32x4.pmax(f32x4.add(reach, travel), f32x4.splat(0));
  return nearer(f32x4.add(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), f32x4.mul(dz, dz)), room);
}

function loadItem(track: usize, at: usize, box: usize): void {
  const step = <usize>load<i32>(track, T_STRIDE) * 4;
  for (let x: usize = 0; x < 12; x++) store<f32>(box + 4 * x, load<f32>(load<usize>(track, T_ITEM) + x * step + at));
  for (let x: usize = 0; x < 3; x++) store<f32>(box + 48 + 4 * x, load<f32>(track + 4 * x, T_ITEM_HALF));
}

/** One of the two is an item, or both. */
function itemsMeet(a: usize, i: i32, p: i32, b: usize, j: i32, r: i32, margin: f32, near: i32): i32 {
  const isItemA = i >= load<i32>(load<usize>(a, T_SCENE), S_GROUP_COUNT);
  const isItemB = j >= load<i32>(load<usize>(b, T_SCENE), S_GROUP_COUNT);
  let meet = 0;
  for (let lanes = near; lanes != 0; lanes &= lanes - 1) {
    const lane = ctz(lanes);
    const pa = <usize>(p + lane) * 4;
    const pb = <usize>(r + lane) * 4;
    const travel = load<f32>(sphereRow(a, i, 3) + pa) + load<f32>(sphereRow(b, j, 3) + pb);
    if (isItemA) loadItem(a, pa, BOX_A);
    if (isItemB) loadItem(b, pb, BOX_B);
    let distance: f32 = 0;
    if (isItemA && isItemB) distance = boxBox(BOX_A, BOX_B);
    else if (isItemA) distance = groupBox(b, j, pb, BOX_A);
    else distance = groupBox(a, i, pa, BOX_B);
    if (!(distance >= margin + travel)) meet |= 1 << lane;
  }
  return meet;
}

/** Distance between a box and a group's capsules at one place of a track (`at` in bytes). */
function groupBox(track: usize, g: i32, at: usize, box: usize): f32 {
  const scene = load<usize>(track, T_SCENE);
  const step = <usize>load<i32>(track, T_STRIDE) * 4;
  const group = load<usize>(scene, S_GROUPS) + <usize>g * G_SIZE;
  let least: f32 = Infinity;
  const last = load<i32>(group, G_CAPSULE_END);
  for (let c = load<i32>(group, G_CAPSULE_FIRST); c < last; c++) {
    const e = load<usize>(track, T_ENDS) + <usize>(6 * c) * step + at;
    const radius = load<f32>(load<usize>(scene, S_CAPSULES) + <usize>c * C_SIZE, C_RADIUS);
    const distance = segmentBox(
      box,
      load<f32>(e),
      load<f32>(e + step),
      load<f32>(e + 2 * step),
      load<f32>(e + 3 * step),
      load<f32>(e + 4 * step),
      load<f32>(e + 5 * step),
    );
    least = min<f32>(least, distance - radius);
  }
  return least;
}

/** A track that holds one sample of another eight times: its own spheres and ends rows. */
function splatSample(from: usize, sample: i32, to: usize): void {
  const rows = load<i32>(from, T_ROWS);
  const at = <usize>(sample + T_PAD) * 4;
  const scene = load<usize>(from, T_SCENE);
  for (let g = 0; g < rows; g++) {
    for (let x = 0; x < 4; x++) {
      const value = splat(sphereRow(from, g, x) + at);
      v128.store(sphereRow(to, g, x), value);
      v128.store(sphereRow(to, g, x), value, 16);
    }
  }
  const step = <usize>load<i32>(from, T_STRIDE) * 4;
  const capsules = load<i32>(scene, S_CAPSULE_COUNT);
  for (let k: usize = 0; k < <usize>(6 * capsules); k++) {
    const value = splat(load<usize>(from, T_ENDS) + k * step + at);
    v128.store(load<usize>(to, T_ENDS) + k * WIDE, value);
    v128.store(load<usize>(to, T_ENDS) + k * WIDE, value, 16);
  }
  if (load<usize>(from, T_ITEM) == 0) return;
  for (let k: usize = 0; k < 12; k++) {
    const value = splat(load<usize>(from, T_ITEM) + k * step + at);
    v128.store(load<usize>(to, T_ITEM) + k * WIDE, value);
    v128.store(load<usize>(to, T_ITEM) + k * WIDE, value, 16);
  }
}

/**
 * Sets bit j of row i of `out` (rows of `rowBytes`, cleared before) where sample i of `a` and j of `b` are nearer than
 * `gap`. `one` is a track of eight places for `a`'s arm. Returns the number of bits set.
 */
export function conflictMatrix(a: usize, b: usize, gap: f32, one: usize, out: usize, rowBytes: i32): i32 {
  const margin = gap + ROUNDING_M;
  const aRows = load<i32>(a, T_ROWS);
  const bRows = load<i32>(b, T_ROWS);
  const aSamples = load<i32>(a, T_SAMPLES);
  const bSamples = load<i32>(b, T_SAMPLES);
  const aStep = <usize>load<i32>(a, T_WINDOW_COUNT) * 4;
  const bStep = <usize>load<i32>(b, T_WINDOW_COUNT) * 4;
  let set = 0;
  for (let block = 0; block < aSamples; block += 8) {
    const aWindow = <usize>((block + T_PAD) >> 3) * 4;
    const end = min<i32>(aSamples, block + 8);
    // Which groups may meet in which windows of the other is settled once for eight rows, as far as the list reaches.
    let row = aRows - 1;
    let other = bRows - 1;
    while (row >= 0) {
      let count = 0;
      while (row >= 0 && count + (bSamples >> 3) + 1 <= MEETINGS_MAX) {
        if (mayMeet(a, row, b, other, margin)) {
          const wa = windowRow(a, row, 0) + aWindow;
          const wb = windowRow(b, other, 0);
          for (let first = 0; first < bSamples; first += 8) {
            const window = wb + 4 * <usize>((first + T_PAD) >> 3);
            if (!spheresMeet(wa, aStep, window, bStep, margin)) continue;
            store<i32>(MEETINGS + 8 * <usize>count, (row << 8) | other);
            store<i32>(MEETINGS + 8 * <usize>count, first, 4);
            count++;
          }
        }
        other--;
        if (other < 0) {
          other = bRows - 1;
          row--;
        }
      }
      if (count == 0) continue;
      for (let sample = block; sample < end; sample++) {
        splatSample(a, sample, one);
        const bits = out + <usize>(sample * rowBytes);
        for (let k = 0; k < count; k++) {
          const groups = load<i32>(MEETINGS + 8 * <usize>k);
          const first = load<i32>(MEETINGS + 8 * <usize>k, 4);
          const byte = bits + <usize>(first >> 3);
          const known = load<u8>(byte);
          if (known == 255) continue;
          store<u8>(byte, known | <u8>groupsMeet(one, groups >> 8, 0, b, groups & 255, first + T_PAD, margin));
        }
      }
    }
    for (let sample = block; sample < end; sample++) {
      const bits = out + <usize>(sample * rowBytes);
      // Places after the last sample repeat it.
      const over = bSamples & 7;
      if (over != 0) {
        const last = bits + <usize>((bSamples - 1) >> 3);
        store<u8>(last, load<u8>(last) & ((<u8>1 << <u8>over) - 1));
      }
      for (let k = 0; k < rowBytes; k++) set += popcnt<i32>(load<u8>(bits + <usize>k));
    }
  }
  return set;
}

/** Pairs of groups (eight bits each) and the first sample of a window in which they may meet. */
const MEETINGS_MAX: i32 = 8192;
const MEETINGS = memory.data(8 * 8192, 16);
