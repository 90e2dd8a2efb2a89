// Tracks: where everything is along a motion, written down once, so that motions are compared without kinematics.
import {
  G_JOINT,
  G_RADIUS,
  G_SIZE,
  S_CAPSULE_COUNT,
  S_CENTRES,
  S_ENDS,
  S_GROUP_COUNT,
  S_GROUPS,
  S_ITEM_CENTRES,
  S_ITEM_LEVERS,
  S_JOINT_COUNT,
  S_LEVERS,
  S_Q,
  T_ENDS,
  T_ITEM,
  T_ITEM_FROM,
  T_ITEM_RADIUS,
  T_ITEM_UNTIL,
  T_PAD,
  T_ROWS,
  T_SAMPLES,
  T_SCENE,
  T_SPHERES,
  T_STRIDE,
  T_WHOLE,
  T_WINDOW_COUNT,
  T_WINDOWS,
  WIDE,
} from './layout';
import { itemBox } from './item';
import { place, placeEnds, splat } from './place';

/** Where an item is that is not carried: its sphere has this radius, and so is near to nothing. */
const NOWHERE_M: f32 = -1e6;

const BOX = memory.data(64, 16);

/** Address of a row's number `x` (0..2), or of its travel (3), of a group. */
// @ts-ignore: decorator
@inline
export function sphereRow(track: usize, g: i32, x: i32): usize {
  return load<usize>(track, T_SPHERES) + <usize>((4 * g + x) * load<i32>(track, T_STRIDE)) * 4;
}

/** Copies one quantity of all lanes. */
// @ts-ignore: decorator
@inline
function copyWide(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

/**
 * Fills a track. `q` addresses the samples; the scene carries the item, if the track has one. Every group also gets
 * half of the way that it can go between a sample and its neighbours, if each joint goes there without turning back.
 * `steps` has room for one row more than the track's stride for every joint.
 */
export function fillTrack(track: usize, q: usize, steps: usize): void {
  const scene = load<usize>(track, T_SCENE);
  const stride = load<i32>(track, T_STRIDE);
  const samples = load<i32>(track, T_SAMPLES);
  const n = load<i32>(scene, S_JOINT_COUNT);
  const groups = load<usize>(scene, S_GROUPS);
  const groupCount = load<i32>(scene, S_GROUP_COUNT);
  const capsuleCount = load<i32>(scene, S_CAPSULE_COUNT);
  const hasItem = load<usize>(track, T_ITEM) != 0;
  const lanes = load<usize>(scene, S_Q);
  writeSteps(q, n, samples, stride, steps);
  for (let first = 0; first < stride; first += 8) {
    for (let lane = 0; lane < 8; lane++) {
      const sample = q + <usize>(clampSample(first + lane - T_PAD, samples) * n) * 4;
      for (let j = 0; j < n; j++) {
        store<f32>(lanes + <usize>j * WIDE + 4 * <usize>lane, load<f32>(sample + 4 * <usize>j));
      }
    }
    place(scene);
    const column = <usize>first * 4;
    for (let g = 0; g < groupCount; g++) {
      placeEnds(scene, g);
      const from = load<usize>(scene, S_CENTRES) + <usize>g * (3 * WIDE);
      for (let x = 0; x < 3; x++) copyWide(sphereRow(track, g, x) + column, from + <usize>x * WIDE);
      const joint = load<i32>(groups + <usize>g * G_SIZE, G_JOINT);
      const levers = load<usize>(scene, S_LEVERS) + <usize>(g * n) * 4;
      const travel = sphereRow(track, g, 3) + column;
      v128.store(travel, halfTravel(steps, stride, first, levers, joint));
      v128.store(travel, halfTravel(steps, stride, first + 4, levers, joint), 16);
    }
    const step = <usize>stride * 4;
    let from = load<usize>(scene, S_ENDS);
    let to = load<usize>(track, T_ENDS) + column;
    for (let k = 6 * capsuleCount; k > 0; k--) {
      copyWide(to, from);
      from += WIDE;
      to += step;
    }
    if (hasItem) fillItem(track, scene, first, steps, n);
  }
  fillWindows(track);
}

/** Per joint a row of what it goes from the sample before each place to the one there, and after the last place. */
function writeSteps(q: usize, n: i32, samples: i32, stride: i32, steps: usize): void {
  for (let j = 0; j < n; j++) {
    const row = steps + <usize>(j * (stride + 8)) * 4;
    const joint = q + 4 * <usize>j;
    for (let i = 0; i < stride + 8; i++) {
      const before = clampSample(i - 1 - T_PAD, samples);
      const here = clampSample(i - T_PAD, samples);
      const way = load<f32>(joint + <usize>(here * n) * 4) - load<f32>(joint + <usize>(before * n) * 4);
      store<f32>(row + <usize>i * 4, abs<f32>(way));
    }
  }
}

/** Half of the greater way to a neighbour, for four places from `at` on. */
function halfTravel(steps: usize, stride: i32, at: i32, levers: usize, joint: i32): v128 {
  let before = f32x4.splat(0);
  let after = before;
  for (let j = 0; j <= joint; j++) {
    const row = steps + <usize>(j * (stride + 8) + at) * 4;
    const lever = splat(levers + 4 * <usize>j);
    before = f32x4.add(before, f32x4.mul(lever, v128.load(row)));
    after = f32x4.add(after, f32x4.mul(lever, v128.load(row, 4)));
  }
  return f32x4.mul(f32x4.pmax(before, after), f32x4.splat(0.5));
}

function fillItem(track: usize, scene: usize, first: i32, steps: usize, n: i32): void {
  const stride = load<i32>(track, T_STRIDE);
  const samples = load<i32>(track, T_SAMPLES);
  const g = load<i32>(scene, S_GROUP_COUNT);
  const column = <usize>first * 4;
  for (let x = 0; x < 3; x++) {
    copyWide(sphereRow(track, g, x) + column, load<usize>(scene, S_ITEM_CENTRES) + <usize>x * WIDE);
  }
  const travel = sphereRow(track, g, 3) + column;
  const levers = load<usize>(scene, S_ITEM_LEVERS);
  v128.store(travel, halfTravel(steps, stride, first, levers, n - 1));
  v128.store(travel, halfTravel(steps, stride, first + 4, levers, n - 1), 16);
  for (let lane = 0; lane < 8; lane++) {
    const sample = clampSample(first + lane - T_PAD, samples);
    const carries = sample >= load<i32>(track, T_ITEM_FROM) && sample <= load<i32>(track, T_ITEM_UNTIL);
    if (!carries) store<f32>(travel + 4 * <usize>lane, NOWHERE_M);
    itemBox(scene, <usize>lane, BOX);
    for (let x: usize = 0; x < 12; x++) {
      const row = load<usize>(track, T_ITEM) + (x * <usize>stride) * 4;
      store<f32>(row + column + 4 * <usize>lane, load<f32>(BOX + 4 * x));
    }
  }
}

// @ts-ignore: decorator
@inline
function clampSample(sample: i32, samples: i32): i32 {
  return min<i32>(samples - 1, max<i32>(0, sample));
}

/** The radius of the sphere round a group or, for the number after the last, round the item. */
export function rowRadius(track: usize, g: i32): f32 {
  const scene = load<usize>(track, T_SCENE);
  if (g < load<i32>(scene, S_GROUP_COUNT)) {
    return load<f32>(load<usize>(scene, S_GROUPS) + <usize>g * G_SIZE, G_RADIUS);
  }
  return load<f32>(track, T_ITEM_RADIUS);
}

export function windowRow(track: usize, g: i32, x: i32): usize {
  return load<usize>(track, T_WINDOWS) + <usize>((4 * g + x) * load<i32>(track, T_WINDOW_COUNT)) * 4;
}

/** Spheres round windows of sixteen samples, and round the whole motion; radii with what may be travelled. */
function fillWindows(track: usize): void {
  const rows = load<i32>(track, T_ROWS);
  const stride = load<i32>(track, T_STRIDE);
  const count = load<i32>(track, T_WINDOW_COUNT);
  for (let g = 0; g < rows; g++) {
    for (let w = 0; w < count; w++) {
      sphereOver(track, g, 8 * w, min<i32>(8 * w + 16, stride));
      for (let x = 0; x < 4; x++) store<f32>(windowRow(track, g, x) + 4 * <usize>w, load<f32>(OVER + 4 * <usize>x));
    }
    sphereOver(track, g, 0, stride);
    memory.copy(load<usize>(track, T_WHOLE) + <usize>g * 16, OVER, 16);
  }
}

const OVER = memory.data(16, 16);
const LANE_VALUES = memory.data(16, 16);

function least4(v: v128): f32 {
  v128.store(LANE_VALUES, v);
  return min<f32>(
    min<f32>(load<f32>(LANE_VALUES), load<f32>(LANE_VALUES, 4)),
    min<f32>(load<f32>(LANE_VALUES, 8), load<f32>(LANE_VALUES, 12)),
  );
}

/** Leaves in `OVER` a sphere round the spheres of a group at the places [from, until), a multiple of four of them. */
function sphereOver(track: usize, g: i32, from: i32, until: i32): void {
  const first = <usize>from * 4;
  const end = <usize>until * 4;
  for (let x = 0; x < 3; x++) {
    let low = f32x4.splat(Infinity);
    let high = f32x4.splat(-Infinity);
    const row = sphereRow(track, g, x);
    for (let i = first; i < end; i += 16) {
      low = f32x4.pmin(low, v128.load(row + i));
      high = f32x4.pmax(high, v128.load(row + i));
    }
    store<f32>(OVER + 4 * <usize>x, (least4(low) - least4(f32x4.neg(high))) * 0.5);
  }
  const xs = sphereRow(track, g, 0);
  const ys = sphereRow(track, g, 1);
  const zs = sphereRow(track, g, 2);
  const travels = sphereRow(track, g, 3);
  let around = f32x4.splat(NOWHERE_M);
  for (let i = first; i < end; i += 16) {
    const dx = f32x4.sub(v128.load(xs + i), splat(OVER));
    const dy = f32x4.sub(v128.load(ys + i), splat(OVER + 4));
    const dz = f32x4.sub(v128.load(zs + i), splat(OVER + 8));
    const d = f32x4.sqrt(f32x4.add(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), f32x4.mul(dz, dz)));
    around = f32x4.pmax(around, f32x4.add(d, v128.load(travels + i)));
  }
  store<f32>(OVER, -least4(f32x4.neg(around)) + rowRadius(track, g), 12);
}
