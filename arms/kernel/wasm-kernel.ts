import { Arena } from './arena.ts';
import type {
  ArmScene,
  CollisionKernel,
  KernelAllowance,
  KernelItem,
  KernelSceneDescription,
} from './collision-kernel.ts';
import * as at from './generated/kernel-module.ts';
import type { PackedScene } from './pack-scene.ts';
import { ALLOWED_MAX, LEVER_ROUNDING, packScene } from './pack-scene.ts';
import { itemLevers } from './reference-body.ts';
import type { KernelExports } from './wasm-module.ts';
import { instantiateKernel } from './wasm-module.ts';

/** Configurations that are handed over at once. */
const BATCH = 1024;
/** The most joints that a configuration can have: sixteen arms of seven. */
const JOINTS_MAX = 112;

/** What all handles of one kernel share. */
export interface KernelCore {
  readonly wasm: KernelExports;
  readonly arena: Arena;
  /** Where configurations go in, and answers come out. */
  readonly input: number;
  readonly output: number;
}

export function createCore(memoryMaxBytes: number): KernelCore {
  const wasm = instantiateKernel();
  const arena = new Arena(wasm.memory, memoryMaxBytes);
  return {
    wasm,
    arena,
    input: arena.allocate(BATCH * JOINTS_MAX * 4),
    output: arena.allocate(BATCH * 4),
  };
}

/** Hands configurations over in batches; `run` answers one batch. */
export function inBatches(
  core: KernelCore,
  q: ArrayLike<number>,
  jointCount: number,
  count: number,
  run: (first: number, size: number) => void,
): void {
  if (q.length < jointCount * count)
    throw new RangeError(`${count} configurations need ${jointCount * count} numbers`);
  for (let first = 0; first < count; first += BATCH) {
    const size = Math.min(BATCH, count - first);
    writeNumbers(core, q, first * jointCount, size * jointCount, core.input);
    run(first, size);
  }
}

/** Copies numbers into the kernel's memory as float32. */
export function writeNumbers(
  core: KernelCore,
  values: ArrayLike<number>,
  from: number,
  count: number,
  address: number,
): void {
  const { f32 } = core.arena;
  const to = address >> 2;
  for (let i = 0; i < count; i += 1) f32[to + i] = values[from + i];
}

export class WasmScene implements ArmScene {
  readonly description: KernelSceneDescription;
  readonly jointCount: number;
  readonly core: KernelCore;
  private packed: PackedScene | null;

  constructor(core: KernelCore, description: KernelSceneDescription) {
    this.core = core;
    this.description = description;
    this.jointCount = description.manipulator.joints.length;
    this.packed = packScene(description, core.arena);
  }

  get scene(): PackedScene {
    if (this.packed === null) throw new Error('the scene was released');
    return this.packed;
  }

  get address(): number {
    return this.scene.address;
  }

  carry(item: KernelItem | null, allowance: KernelAllowance): void {
    const { address, allowed } = this.scene;
    const { arena } = this.core;
    const { i32, f32 } = arena;
    i32[(address + at.S_ITEM) >> 2] = item === null ? 0 : 1;
    if (allowance.points.length > ALLOWED_MAX) {
      throw new RangeError(`an allowance has at most ${ALLOWED_MAX} points, not ${allowance.points.length}`);
    }
    allowance.points.forEach(([x, y], k) => f32.set([x, y], (allowed >> 2) + 2 * k));
    i32[(address + at.S_ALLOWED_COUNT) >> 2] = allowance.points.length;
    f32[(address + at.S_LATERAL) >> 2] = allowance.lateralM;
    if (item === null) return;
    const [x, y, z] = item.sizeM;
    f32.set([x / 2, y / 2, z / 2], (address + at.S_ITEM_HALF) >> 2);
    f32[(address + at.S_ITEM_RADIUS) >> 2] = (Math.sqrt(x * x + y * y + z * z) / 2) * LEVER_ROUNDING;
    const levers = itemLevers(this.description, item).map((lever) => lever * LEVER_ROUNDING);
    f32.set(levers, i32[(address + at.S_ITEM_LEVERS) >> 2] >> 2);
    // The middle of the item in the last joint's frame.
    const { tip: T } = this.scene.layout;
    const middle = [0, 4, 8].map((row) => T[row + 3] + (T[row + 2] * z) / 2);
    f32.set(middle, (i32[(address + at.S_ITEM_CENTRES) >> 2] + 3 * at.WIDE) >> 2);
  }

  areFree(q: ArrayLike<number>, count: number, out: Uint8Array): number {
    const { core, address } = this;
    let free = 0;
    inBatches(core, q, this.jointCount, count, (first, size) => {
      free += core.wasm.areFree(address, core.input, size, core.output);
      out.set(core.arena.u8.subarray(core.output, core.output + size), first);
    });
    return free;
  }

  slacks(q: ArrayLike<number>, count: number, capM: number, out: Float32Array): void {
    const { core, address } = this;
    inBatches(core, q, this.jointCount, count, (first, size) => {
      core.wasm.slacks(address, core.input, size, capM, core.output);
      out.set(core.arena.f32.subarray(core.output >> 2, (core.output >> 2) + size), first);
    });
  }

  checkMotion(): number {
    throw new Error('not yet');
  }

  release(): void {
    for (const address of this.scene.addresses) this.core.arena.release(address);
    this.packed = null;
  }
}

/** The most memory that a kernel uses unless told otherwise, bytes. */
const MEMORY_MAX_BYTES = 512 * 1024 * 1024;

/**
 * The collision kernel in WebAssembly SIMD. One instance serves one thread; compiling takes a few milliseconds once
 * per thread.
 */
export function createCollisionKernel(memoryMaxBytes: number = MEMORY_MAX_BYTES): CollisionKernel {
  const core = createCore(memoryMaxBytes);
  return {
    kind: 'wasm-simd',
    get memoryBytes() {
      return core.arena.usedBytes;
    },
    memoryMaxBytes,
    prepareScene: (description) => new WasmScene(core, description),
    prepareGroup: () => {
      throw new Error('not yet');
    },
    createTrack: () => {
      throw new Error('not yet');
    },
    firstConflict: () => -1,
    conflictMatrix: () => 0,
  };
}
