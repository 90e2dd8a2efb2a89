// What an arm carries: a box under the tool tip, looked at lane by lane where spheres do not settle it.
import {
  C_RADIUS,
  C_SIZE,
  CLEAR,
  CONTACT,
  CONTACT_SHIFT,
  G_CAPSULE_END,
  G_CAPSULE_FIRST,
  G_JOINT,
  G_RADIUS,
  G_SIZE,
  GROUP_OBSTACLE,
  ROUNDING_M,
  S_ALL_LIST,
  S_ALLOWED,
  S_ALLOWED_COUNT,
  S_CAPSULES,
  S_CENTRES,
  S_ENDS,
  S_GROUP_COUNT,
  S_GROUPS,
  S_ITEM_CENTRES,
  S_ITEM_HALF,
  S_ITEM_LAST_JOINT,
  S_ITEM_RADIUS,
  S_ITEM_TRAVEL,
  S_JOINT_COUNT,
  S_LATERAL,
  S_SELF_MARGIN,
  S_TIP,
  SOLID_GROUP,
  TIGHT,
  WIDE,
} from './layout';
import { frameAt, placeEnds, SHARES, splat } from './place';
import { gridShowsFree } from './grid';
import { boxSolid, roundDistance, segmentBox } from './solids';

/** The item's box in the lane that is looked at: 15 floats. */
export const ITEM_BOX = memory.data(64, 16);

/** Writes the item's box of one lane to `box`: rotation row by row, centre, half sides. */
export function itemBox(scene: usize, lane: usize, box: usize): void {
  const frame = frameAt(scene, load<i32>(scene, S_JOINT_COUNT) - 1, lane << 2);
  const tip = scene + S_TIP;
  for (let row: usize = 0; row < 3; row++) {
    const r0 = load<f32>(frame + row * WIDE);
    const r1 = load<f32>(frame + row * WIDE, 3 * WIDE);
    const r2 = load<f32>(frame + row * WIDE, 6 * WIDE);
    for (let column: usize = 0; column < 3; column++) {
      const c = tip + 12 * column;
      store<f32>(box + 12 * row + 4 * column, r0 * load<f32>(c) + r1 * load<f32>(c, 4) + r2 * load<f32>(c, 8));
    }
    const p = r0 * load<f32>(tip, 36) + r1 * load<f32>(tip, 40) + r2 * load<f32>(tip, 44);
    const position = p + load<f32>(frame + row * WIDE, 9 * WIDE);
    const hang = load<f32>(scene, S_ITEM_HALF + 8);
    store<f32>(box + 36 + 4 * row, position + hang * load<f32>(box + 12 * row, 8));
    store<f32>(box + 48 + 4 * row, load<f32>(scene + 4 * row, S_ITEM_HALF));
  }
}

/** How far the tip is inside the cylinder above an allowed point; negative: above none. */
export function lateralRoom(scene: usize, box: usize): f32 {
  const hang = load<f32>(box, 56);
  const x = load<f32>(box, 36) - hang * load<f32>(box, 8);
  const y = load<f32>(box, 40) - hang * load<f32>(box, 20);
  const count = load<i32>(scene, S_ALLOWED_COUNT);
  let at = load<usize>(scene, S_ALLOWED);
  for (let k = 0; k < count; k++, at += 8) {
    const dx = x - load<f32>(at);
    const dy = y - load<f32>(at, 4);
    const room = load<f32>(scene, S_LATERAL) - sqrt<f32>(dx * dx + dy * dy) - ROUNDING_M;
    if (room >= 0) return room;
  }
  return -1;
}

export function checkItem(scene: usize, asked: i32): i32 {
  let contact = 0;
  let tight = 0;
  const radius = load<f32>(scene, S_ITEM_RADIUS);
  const travel = load<f32>(scene, S_ITEM_TRAVEL);
  const centre = load<usize>(scene, S_ITEM_CENTRES);
  let free = 0;
  for (let half: usize = 0; half < WIDE; half += 16) {
    const reach = f32x4.add(f32x4.splat(radius), f32x4.mul(f32x4.splat(travel), v128.load(SHARES + half)));
    const shown = gridShowsFree(
      scene,
      v128.load(centre + half),
      v128.load(centre + half, WIDE),
      v128.load(centre + half, 2 * WIDE),
      reach,
    );
    free |= shown << (<i32>half >> 2);
  }
  for (let lanes = asked; lanes != 0; lanes &= lanes - 1) {
    const lane = ctz(lanes);
    const bit = 1 << lane;
    itemBox(scene, <usize>lane, ITEM_BOX);
    const room = travel * load<f32>(SHARES + 4 * <usize>lane) + ROUNDING_M;
    let answer = (free & bit) != 0 ? CLEAR : itemAmongSolids(scene, room);
    if (answer != CONTACT) answer = max<i32>(answer, itemAgainstArm(scene, <usize>lane << 2, radius, room));
    if (answer == CONTACT) contact |= bit;
    else if (answer == TIGHT) tight |= bit;
  }
  return (contact << CONTACT_SHIFT) | tight;
}

function itemAmongSolids(scene: usize, room: f32): i32 {
  const lateral = lateralRoom(scene, ITEM_BOX);
  const radius = load<f32>(scene, S_ITEM_RADIUS);
  const x = load<f32>(ITEM_BOX, 36);
  const y = load<f32>(ITEM_BOX, 40);
  const z = load<f32>(ITEM_BOX, 44);
  let worst = CLEAR;
  const list = load<usize>(scene, S_ALL_LIST);
  const end = list + 4 + 4 * <usize>load<i32>(list);
  for (let at = list + 4; at < end; at += 4) {
    const solid = load<usize>(at);
    if (roundDistance(solid, x, y, z) >= radius + room) continue;
    let slack = boxSolid(solid, ITEM_BOX);
    if (load<i32>(solid, SOLID_GROUP) == GROUP_OBSTACLE) slack = max<f32>(slack, lateral);
    if (slack >= room) continue;
    if (!(slack >= ROUNDING_M)) return CONTACT;
    worst = TIGHT;
  }
  return worst;
}

/** The item against the links that are not right beside it. `lane` in bytes. */
function itemAgainstArm(scene: usize, lane: usize, radius: f32, room: f32): i32 {
  const lastJoint = load<i32>(scene, S_ITEM_LAST_JOINT);
  const margin = load<f32>(scene, S_SELF_MARGIN);
  const groups = load<usize>(scene, S_GROUPS);
  const groupCount = load<i32>(scene, S_GROUP_COUNT);
  let worst = CLEAR;
  for (let g = 0; g < groupCount; g++) {
    const group = groups + <usize>g * G_SIZE;
    if (load<i32>(group, G_JOINT) > lastJoint) continue;
    const at = load<usize>(scene, S_CENTRES) + <usize>g * (3 * WIDE) + lane;
    const dx = load<f32>(at) - load<f32>(ITEM_BOX, 36);
    const dy = load<f32>(at, WIDE) - load<f32>(ITEM_BOX, 40);
    const dz = load<f32>(at, 2 * WIDE) - load<f32>(ITEM_BOX, 44);
    const around = radius + load<f32>(group, G_RADIUS) + margin + room;
    if (dx * dx + dy * dy + dz * dz >= around * around) continue;
    placeEnds(scene, g);
    const end = load<i32>(group, G_CAPSULE_END);
    for (let c = load<i32>(group, G_CAPSULE_FIRST); c < end; c++) {
      const slack = itemCapsule(scene, c, lane, ITEM_BOX) - margin;
      if (slack >= room) continue;
      if (!(slack >= ROUNDING_M)) return CONTACT;
      worst = TIGHT;
    }
  }
  return worst;
}

/** Signed distance between a box and a placed capsule in one lane (`lane` in bytes). */
export function itemCapsule(scene: usize, c: i32, lane: usize, box: usize): f32 {
  const e = load<usize>(scene, S_ENDS) + <usize>c * (6 * WIDE) + lane;
  const radius = load<f32>(load<usize>(scene, S_CAPSULES) + <usize>c * C_SIZE, C_RADIUS);
  return (
    segmentBox(
      box,
      load<f32>(e),
      load<f32>(e, WIDE),
      load<f32>(e, 2 * WIDE),
      load<f32>(e, 3 * WIDE),
      load<f32>(e, 4 * WIDE),
      load<f32>(e, 5 * WIDE),
    ) - radius
  );
}
