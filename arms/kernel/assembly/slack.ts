// How much room one configuration has: not fast, for comparing and ranking.
import {
  C_JOINT,
  C_INVERSE,
  C_LENGTH2,
  C_PIECE_END,
  C_PIECE_FIRST,
  C_RADIUS,
  C_SIZE,
  G_CAPSULE_END,
  G_CAPSULE_FIRST,
  G_JOINT,
  G_SIZE,
  GROUP_OBSTACLE,
  P_AXIS,
  P_SIZE,
  PAIR_END,
  PAIR_FIRST,
  PAIR_INNER,
  PAIR_OUTER,
  PAIR_SIZE,
  ROUNDING_M,
  S_ALL_LIST,
  S_CAPSULE_COUNT,
  S_CAPSULE_PAIRS,
  S_CAPSULES,
  S_ENDS,
  S_GROUP_COUNT,
  S_GROUPS,
  S_ITEM,
  S_ITEM_LAST_JOINT,
  S_PAIR_COUNT,
  S_PAIRS,
  S_PIECES,
  S_SELF_MARGIN,
  SOLID_GROUP,
  WIDE,
} from './layout';
import { axesSquared, laneCoordinate } from './block';
import { ITEM_BOX, itemBox, itemCapsule, lateralRoom } from './item';
import { frameAt, placeEnds, splat } from './place';
import { pieceSlack } from './grid';
import { boxSolid } from './solids';

/** Lower bound of the least slack in one lane, at most `cap`. The frames must be placed. */
export function laneSlack(scene: usize, lane: i32, cap: f32): f32 {
  let least = cap;
  const at = <usize>lane << 2;
  const capsuleCount = load<i32>(scene, S_CAPSULE_COUNT);
  const capsules = load<usize>(scene, S_CAPSULES);
  const pieces = load<usize>(scene, S_PIECES);
  for (let c = 0; c < capsuleCount; c++) {
    const capsule = capsules + <usize>c * C_SIZE;
    const joint = load<i32>(capsule, C_JOINT);
    if (joint < 0) continue;
    const frame = frameAt(scene, joint, 0) + at;
    const end = load<i32>(capsule, C_PIECE_END);
    for (let p = load<i32>(capsule, C_PIECE_FIRST); p < end; p++) {
      const piece = pieces + <usize>p * P_SIZE;
      const x = load<f32>(piece);
      const y = load<f32>(piece, 4);
      const z = load<f32>(piece, 8);
      const ax = load<f32>(piece, P_AXIS);
      const ay = load<f32>(piece, P_AXIS + 4);
      const az = load<f32>(piece, P_AXIS + 8);
      least = pieceSlack(
        scene,
        piece,
        load<f32>(capsule, C_RADIUS),
        laneCoordinate(frame, x, y, z) + load<f32>(frame, 9 * WIDE),
        laneCoordinate(frame + WIDE, x, y, z) + load<f32>(frame, 10 * WIDE),
        laneCoordinate(frame + 2 * WIDE, x, y, z) + load<f32>(frame, 11 * WIDE),
        laneCoordinate(frame, ax, ay, az),
        laneCoordinate(frame + WIDE, ax, ay, az),
        laneCoordinate(frame + 2 * WIDE, ax, ay, az),
        least,
      );
    }
  }
  least = min<f32>(least, selfSlack(scene, at, least));
  if (load<i32>(scene, S_ITEM) != 0) least = min<f32>(least, itemSlack(scene, at, least));
  return least;
}


const DISTANCES = memory.data(32, 16);

function selfSlack(scene: usize, lane: usize, cap: f32): f32 {
  let least = cap;
  const margin = load<f32>(scene, S_SELF_MARGIN) + ROUNDING_M;
  const capsules = load<usize>(scene, S_CAPSULES);
  const ends = load<usize>(scene, S_ENDS);
  const list = load<usize>(scene, S_CAPSULE_PAIRS);
  const count = load<i32>(scene, S_PAIR_COUNT);
  let pair = load<usize>(scene, S_PAIRS);
  for (let p = 0; p < count; p++, pair += PAIR_SIZE) {
    placeEnds(scene, load<i32>(pair, PAIR_INNER));
    placeEnds(scene, load<i32>(pair, PAIR_OUTER));
    const last = load<i32>(pair, PAIR_END);
    for (let k = load<i32>(pair, PAIR_FIRST); k < last; k++) {
      const i = load<i32>(list + 8 * <usize>k);
      const j = load<i32>(list + 8 * <usize>k, 4);
      least = min<f32>(least, capsuleDistance(capsules, ends, i, capsules, ends, j, lane) - margin);
    }
  }
  return least;
}

/** Distance of two placed capsules in one lane (`lane` in bytes). */
export function capsuleDistance(
  capsulesA: usize,
  endsA: usize,
  i: i32,
  capsulesB: usize,
  endsB: usize,
  j: i32,
  lane: usize,
): f32 {
  const a = capsulesA + <usize>i * C_SIZE;
  const b = capsulesB + <usize>j * C_SIZE;
  const half = lane & 16;
  const d2 = axesSquared(
    endsA + <usize>i * (6 * WIDE) + half,
    WIDE,
    splat(a + C_LENGTH2),
    splat(a + C_INVERSE),
    endsB + <usize>j * (6 * WIDE) + half,
    WIDE,
    splat(b + C_LENGTH2),
    splat(b + C_INVERSE),
  );
  v128.store(DISTANCES, f32x4.sqrt(d2));
  return load<f32>(DISTANCES + (lane & 15)) - load<f32>(a, C_RADIUS) - load<f32>(b, C_RADIUS);
}

function itemSlack(scene: usize, lane: usize, cap: f32): f32 {
  let least = cap;
  itemBox(scene, lane >> 2, ITEM_BOX);
  const lateral = lateralRoom(scene, ITEM_BOX);
  const list = load<usize>(scene, S_ALL_LIST);
  const end = list + 4 + 4 * <usize>load<i32>(list);
  for (let at = list + 4; at < end; at += 4) {
    const solid = load<usize>(at);
    let slack = boxSolid(solid, ITEM_BOX);
    if (load<i32>(solid, SOLID_GROUP) == GROUP_OBSTACLE) slack = max<f32>(slack, lateral);
    least = min<f32>(least, slack - ROUNDING_M);
  }
  const lastJoint = load<i32>(scene, S_ITEM_LAST_JOINT);
  const margin = load<f32>(scene, S_SELF_MARGIN) + ROUNDING_M;
  const groups = load<usize>(scene, S_GROUPS);
  const groupCount = load<i32>(scene, S_GROUP_COUNT);
  for (let g = 0; g < groupCount; g++) {
    const group = groups + <usize>g * G_SIZE;
    if (load<i32>(group, G_JOINT) > lastJoint) continue;
    placeEnds(scene, g);
    const last = load<i32>(group, G_CAPSULE_END);
    for (let c = load<i32>(group, G_CAPSULE_FIRST); c < last; c++) {
      least = min<f32>(least, itemCapsule(scene, c, lane, ITEM_BOX) - margin);
    }
  }
  return least;
}
