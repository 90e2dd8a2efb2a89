import type { Track, TrackRequest } from './collision-kernel.ts';
import * as at from './generated/kernel-module.ts';
import type { KernelCore } from './wasm-core.ts';
import { writeNumbers } from './wasm-core.ts';
import type { WasmScene } from './wasm-space.ts';

/** The most samples of a track: eight for each place in the list that `conflictMatrix` works with. */
const SAMPLES_MAX = 65_000;

/** A track in the kernel's memory. */
export class WasmTrack implements Track {
  readonly scene: WasmScene;
  readonly sampleCount: number;
  private readonly core: KernelCore;
  private addresses: readonly number[] | null;

  constructor(core: KernelCore, scene: WasmScene, request: TrackRequest) {
    const { sampleCount, carried, positions } = request;
    if (!(sampleCount >= 1 && sampleCount <= SAMPLES_MAX)) {
      throw new RangeError(`a track has 1 to ${SAMPLES_MAX} samples, not ${sampleCount}`);
    }
    this.core = core;
    this.scene = scene;
    this.sampleCount = sampleCount;
    this.addresses = allocateTrack(core, scene, sampleCount, carried !== null, 'windows');
    const track = this.addresses[0];
    const { i32, f32 } = core.arena;
    if (carried !== null) {
      const [x, y, z] = carried.item.sizeM;
      f32.set([x / 2, y / 2, z / 2, Math.sqrt(x * x + y * y + z * z) / 2], (track + at.T_ITEM_HALF) >> 2);
      i32.set([carried.fromSample, carried.untilSample], (track + at.T_ITEM_FROM) >> 2);
    }
    const numbers = sampleCount * scene.jointCount;
    const samples = core.arena.allocate(4 * numbers, 'as-it-is');
    writeNumbers(core, positions, 0, numbers, samples);
    const stride = core.arena.i32[(track + at.T_STRIDE) >> 2];
    const steps = core.arena.allocate(4 * scene.jointCount * (stride + 8), 'as-it-is');
    scene.carrying(carried?.item ?? null, () => core.wasm.fillTrack(track, samples, steps));
    core.arena.release(samples);
    core.arena.release(steps);
    scene.use();
  }

  get address(): number {
    if (this.addresses === null) throw new Error('the track was released');
    return this.addresses[0];
  }

  get carriesItem(): boolean {
    return this.core.arena.i32[(this.address + at.T_ITEM) >> 2] !== 0;
  }

  release(): void {
    if (this.addresses === null) throw new Error('the track was released');
    for (const address of this.addresses) this.core.arena.release(address);
    this.addresses = null;
    this.scene.unuse();
  }
}

/** Room for a track; the first address is that of its record. */
function allocateTrack(
  core: KernelCore,
  scene: WasmScene,
  sampleCount: number,
  hasItem: boolean,
  windows: 'windows' | 'none',
): readonly [number, ...number[]] {
  const { groups, capsules } = scene.packed.layout;
  const rows = groups.length + (hasItem ? 1 : 0);
  // A single block needs no padding.
  const stride = windows === 'windows' ? 8 * Math.ceil((sampleCount + 2 * at.T_PAD) / 8) : 8;
  const windowCount = stride / 8;
  const { arena } = core;
  const track = arena.allocate(at.T_SIZE);
  const addresses: [number, ...number[]] = [track];
  const allocate = (numbers: number): number => {
    // All of it is written before it is read.
    const address = arena.allocate(4 * numbers, 'as-it-is');
    addresses.push(address);
    return address;
  };
  const spheres = allocate(rows * 4 * stride);
  const ends = allocate(capsules.length * 6 * stride);
  // Four windows are read at once.
  const windowTable = windows === 'windows' ? allocate(rows * 4 * windowCount + 4) : 0;
  const whole = windows === 'windows' ? allocate(rows * 4) : 0;
  const item = hasItem ? allocate(12 * stride) : 0;
  arena.i32.set(
    [stride, sampleCount, rows, scene.packed.address, spheres, ends, windowTable, windowCount, whole, item],
    track >> 2,
  );
  return addresses;
}

/** See `CollisionKernel.conflictMatrix`. */
export function conflictMatrix(
  core: KernelCore,
  a: WasmTrack,
  b: WasmTrack,
  marginM: number,
  out: Uint8Array,
): number {
  const { arena } = core;
  const rowBytes = (b.sampleCount + 7) >> 3;
  const bytes = rowBytes * a.sampleCount;
  if (out.length < bytes) throw new RangeError(`the matrix needs ${bytes} bytes, not ${out.length}`);
  const one = allocateTrack(core, a.scene, 1, a.carriesItem, 'none');
  const matrix = arena.allocate(bytes);
  const { i32, u8 } = arena;
  // The item's size and radius.
  const [from, to] = [a.address, one[0]].map((track) => (track + at.T_ITEM_HALF) >> 2);
  i32.copyWithin(to, from, from + 4);
  const set = core.wasm.conflictMatrix(a.address, b.address, marginM, one[0], matrix, rowBytes);
  out.set(u8.subarray(matrix, matrix + bytes));
  for (const address of [...one, matrix]) arena.release(address);
  return set;
}
