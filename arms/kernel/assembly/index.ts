// What the TypeScript side calls. All addresses are bytes in the exported memory.
import { CONTACT_SHIFT, SP_JOINT_COUNT } from './layout';
import { SHARES } from './block';
import { checkArms, checkPairs, loadSpace, placeSpace, spaceSlack } from './space';

export { checkLine } from './motion';
export { planRrtConnect } from './rrt';
export { firstConflict, conflictMatrix, fillTrack } from './track';

/** Loads the block of configurations that begins at `q`, the last one again where fewer than eight are left. */
function loadBlock(space: usize, q: usize, left: i32): i32 {
  const stride = <usize>load<i32>(space, SP_JOINT_COUNT) << 2;
  if (left >= 8) {
    loadSpace(space, q, stride);
    return 255;
  }
  for (let lane = 0; lane < 8; lane++) {
    memory.copy(PADDED + <usize>lane * stride, q + <usize>min<i32>(lane, left - 1) * stride, stride);
  }
  loadSpace(space, PADDED, stride);
  return (1 << left) - 1;
}

/** Eight configurations of sixteen arms of seven joints. */
const PADDED = memory.data(3584, 16);

/** Every arm for itself. */
export const ARMS: i32 = 1;
/** The arms against one another. */
export const PAIRS: i32 = 2;

/** Writes 1 or 0 per configuration to `out`; returns how many are free. `what`: sum of `ARMS` and `PAIRS`. */
export function areFree(space: usize, q: usize, count: i32, what: i32, out: usize): i32 {
  const stride = <usize>load<i32>(space, SP_JOINT_COUNT) << 2;
  let free = 0;
  memory.fill(SHARES, 0, 32);
  for (let first = 0; first < count; first += 8) {
    const left = min<i32>(8, count - first);
    const asked = loadBlock(space, q + <usize>first * stride, left);
    placeSpace(space);
    let bad = (what & ARMS) != 0 ? checkArms(space, asked) : 0;
    bad |= bad >> CONTACT_SHIFT;
    if ((what & PAIRS) != 0) bad |= checkPairs(space, asked & ~bad);
    const good = asked & ~(bad | (bad >> CONTACT_SHIFT));
    for (let lane = 0; lane < left; lane++) store<u8>(out + <usize>(first + lane), (good >> lane) & 1);
    free += popcnt<i32>(good);
  }
  return free;
}

/** Writes a lower bound of the least slack per configuration to `out`. */
export function slacks(space: usize, q: usize, count: i32, cap: f32, out: usize): void {
  const stride = <usize>load<i32>(space, SP_JOINT_COUNT) << 2;
  for (let first = 0; first < count; first += 8) {
    const left = min<i32>(8, count - first);
    loadBlock(space, q + <usize>first * stride, left);
    placeSpace(space);
    for (let lane = 0; lane < left; lane++) {
      store<f32>(out + 4 * <usize>(first + lane), spaceSlack(space, lane, cap));
    }
  }
}
