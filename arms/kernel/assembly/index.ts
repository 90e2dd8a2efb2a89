// What the TypeScript side calls. All addresses are bytes in the exported memory.
import { CONTACT_SHIFT, S_JOINT_COUNT } from './layout';
import { checkArm, laneSlack, SHARES } from './block';
import { loadLanes, place } from './place';

/** Loads the block of configurations that begins at `q`, the last one again where fewer than eight are left. */
function loadBlock(scene: usize, q: usize, left: i32): i32 {
  const stride = <usize>load<i32>(scene, S_JOINT_COUNT) << 2;
  if (left >= 8) {
    loadLanes(scene, q, stride);
    return 255;
  }
  memory.fill(PADDED, 0, 8 * 4 * 8);
  for (let lane = 0; lane < 8; lane++) {
    memory.copy(PADDED + <usize>lane * stride, q + <usize>min<i32>(lane, left - 1) * stride, stride);
  }
  loadLanes(scene, PADDED, stride);
  return (1 << left) - 1;
}

const PADDED = memory.data(256, 16);

function noShares(): void {
  memory.fill(SHARES, 0, 32);
}

/** Writes 1 or 0 per configuration to `out`; returns how many are free. */
export function areFree(scene: usize, q: usize, count: i32, out: usize): i32 {
  const stride = <usize>load<i32>(scene, S_JOINT_COUNT) << 2;
  let free = 0;
  noShares();
  for (let first = 0; first < count; first += 8) {
    const left = min<i32>(8, count - first);
    const asked = loadBlock(scene, q + <usize>first * stride, left);
    place(scene);
    const answer = checkArm(scene, asked);
    const good = asked & ~(answer | (answer >> CONTACT_SHIFT));
    for (let lane = 0; lane < left; lane++) store<u8>(out + <usize>(first + lane), (good >> lane) & 1);
    free += popcnt<i32>(good);
  }
  return free;
}

export function slacks(scene: usize, q: usize, count: i32, cap: f32, out: usize): void {
  const stride = <usize>load<i32>(scene, S_JOINT_COUNT) << 2;
  for (let first = 0; first < count; first += 8) {
    const left = min<i32>(8, count - first);
    loadBlock(scene, q + <usize>first * stride, left);
    place(scene);
    for (let lane = 0; lane < left; lane++) {
      store<f32>(out + 4 * <usize>(first + lane), laneSlack(scene, lane, cap));
    }
  }
}
