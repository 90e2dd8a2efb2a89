import { Arena } from './arena.ts';
import type { KernelExports } from './wasm-module.ts';
import { instantiateKernel } from './wasm-module.ts';

/** Configurations that are handed over at once. */
export const BATCH = 1024;
export const ARMS_MAX = 16;
/** The most joints that a configuration can have. */
const JOINTS_MAX = ARMS_MAX * 7;
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

/** Copies numbers into the kernel's memory as float32. */
export function writeNumbers(
  core: KernelCore,
  values: ArrayLike<number>,
  from: number,
  count: number,
  address: number,
): void {
  if (values.length < from + count)
    throw new RangeError(`${from + count} numbers are needed, not ${values.length}`);
  const { f32 } = core.arena;
  const to = address >> 2;
  for (let i = 0; i < count; i += 1) f32[to + i] = values[from + i];
}
