import type {
  ArmGroup,
  ArmScene,
  KernelAllowance,
  KernelItem,
  KernelSceneDescription,
  RrtOutcome,
  RrtRequest,
  StateSpace,
} from './collision-kernel.ts';
import * as at from './generated/kernel-module.ts';
import type { PackedScene } from './pack-scene.ts';
import { ALLOWED_MAX, LEVER_ROUNDING, packScene } from './pack-scene.ts';
import { itemLevers } from './reference-body.ts';
import type { KernelCore } from './wasm-core.ts';
import { ARMS_MAX, BATCH, writeNumbers } from './wasm-core.ts';
import { planRrtConnect } from './wasm-rrt.ts';

/** What `areFree` looks at, see `assembly/index.ts`. */
const ARMS = 1;
const PAIRS = 2;

/** One arm or several: what they have in common. */
abstract class WasmSpace implements StateSpace {
  readonly core: KernelCore;
  abstract readonly jointCount: number;

  constructor(core: KernelCore) {
    this.core = core;
  }

  /** Address of the record of the arms that move together. */
  abstract get space(): number;

  protected ask(what: number, q: ArrayLike<number>, count: number, out: Uint8Array): number {
    const { core, space, jointCount: n } = this;
    let free = 0;
    for (let first = 0; first < count; first += BATCH) {
      const size = Math.min(BATCH, count - first);
      writeNumbers(core, q, first * n, size * n, core.input);
      free += core.wasm.areFree(space, core.input, size, what, core.output);
      const { u8 } = core.arena;
      for (let i = 0; i < size; i += 1) out[first + i] = u8[core.output + i];
    }
    return free;
  }

  areFree(q: ArrayLike<number>, count: number, out: Uint8Array): number {
    return this.ask(ARMS + PAIRS, q, count, out);
  }

  slacks(q: ArrayLike<number>, count: number, capM: number, out: Float32Array): void {
    const { core, space, jointCount: n } = this;
    for (let first = 0; first < count; first += BATCH) {
      const size = Math.min(BATCH, count - first);
      writeNumbers(core, q, first * n, size * n, core.input);
      core.wasm.slacks(space, core.input, size, capM, core.output);
      out.set(core.arena.f32.subarray(core.output >> 2, (core.output >> 2) + size), first);
    }
  }

  checkMotion(from: ArrayLike<number>, fromAt: number, to: ArrayLike<number>, toAt: number): number {
    const { core, space, jointCount: n } = this;
    writeNumbers(core, from, fromAt, n, core.input);
    writeNumbers(core, to, toAt, n, core.input + 4 * n);
    return core.wasm.checkLine(space, core.input, core.input + 4 * n);
  }

  planRrtConnect(request: RrtRequest): RrtOutcome {
    return planRrtConnect(this.core, this.space, this.jointCount, request);
  }

  abstract release(): void;
}

/** Writes the record of arms that move together. Returns what was allocated for it, the record first. */
function packSpace(
  core: KernelCore,
  scenes: readonly WasmScene[],
  armMarginM: number,
): readonly [number, ...number[]] {
  const { arena } = core;
  const pairs: number[] = [];
  scenes.forEach((a, i) => {
    scenes.forEach((b, k) => {
      if (k > i && canMeet(a.packed, b.packed, armMarginM)) pairs.push(i, k);
    });
  });
  const space = arena.allocate(at.SP_SIZE);
  const sceneTable = arena.allocate(8 * scenes.length);
  const pairTable = arena.allocate(4 * pairs.length);
  const { i32, f32 } = arena;
  let joints = 0;
  scenes.forEach((scene, k) => {
    i32.set([scene.packed.address, 4 * joints], (sceneTable >> 2) + 2 * k);
    joints += scene.jointCount;
  });
  i32.set(pairs, pairTable >> 2);
  i32[(space + at.SP_COUNT) >> 2] = scenes.length;
  f32[(space + at.SP_MARGIN) >> 2] = armMarginM;
  i32.set([joints, sceneTable, pairTable, pairs.length / 2], (space + at.SP_JOINT_COUNT) >> 2);
  return [space, sceneTable, pairTable];
}

/** The largest item that an arm is expected to carry beyond its reach, m: half the diagonal of a large tote. */
const ITEM_REACH_M = 1;

function canMeet(a: PackedScene, b: PackedScene, marginM: number): boolean {
  const [x, y, z] = [0, 1, 2].map((k) => a.layout.centre[k] - b.layout.centre[k]);
  const reach = a.layout.reachM + b.layout.reachM + marginM + 2 * ITEM_REACH_M;
  return x * x + y * y + z * z < reach * reach;
}

export class WasmScene extends WasmSpace implements ArmScene {
  readonly description: KernelSceneDescription;
  readonly jointCount: number;
  private held: { readonly packed: PackedScene; readonly space: readonly [number, ...number[]] } | null;
  /** The scene itself, and the groups and tracks that use it: memory is given back after the last of them. */
  private users = 1;
  private isReleased = false;

  constructor(core: KernelCore, description: KernelSceneDescription) {
    super(core);
    this.description = description;
    this.jointCount = description.manipulator.joints.length;
    this.held = { packed: packScene(description, core.arena), space: [0] };
    this.held = { packed: this.held.packed, space: packSpace(core, [this], 0) };
  }

  get packed(): PackedScene {
    if (this.held === null) throw new Error('the scene was released');
    return this.held.packed;
  }

  get space(): number {
    if (this.held === null || this.isReleased) throw new Error('the scene was released');
    return this.held.space[0];
  }

  carry(item: KernelItem | null, allowance: KernelAllowance): void {
    const { address, allowed, layout } = this.packed;
    const { i32, f32 } = this.core.arena;
    if (allowance.points.length > ALLOWED_MAX) {
      throw new RangeError(`an allowance has at most ${ALLOWED_MAX} points, not ${allowance.points.length}`);
    }
    i32[(address + at.S_ITEM) >> 2] = item === null ? 0 : 1;
    allowance.points.forEach(([x, y], k) => f32.set([x, y], (allowed >> 2) + 2 * k));
    i32[(address + at.S_ALLOWED_COUNT) >> 2] = allowance.points.length;
    f32[(address + at.S_LATERAL) >> 2] = allowance.lateralM;
    if (item === null) return;
    const [x, y, z] = item.sizeM;
    const radius = Math.sqrt(x * x + y * y + z * z) / 2;
    if (!(radius < ITEM_REACH_M / 2)) {
      throw new RangeError(`an item of ${x} x ${y} x ${z} m is too large to be carried`);
    }
    f32.set([x / 2, y / 2, z / 2], (address + at.S_ITEM_HALF) >> 2);
    f32[(address + at.S_ITEM_RADIUS) >> 2] = radius * LEVER_ROUNDING;
    const levers = itemLevers(this.description, item).map((lever) => lever * LEVER_ROUNDING);
    f32.set(levers, i32[(address + at.S_ITEM_LEVERS) >> 2] >> 2);
    // The middle of the item in the last joint's frame.
    const { tip: T } = layout;
    const middle = [0, 4, 8].map((row) => T[row + 3] + (T[row + 2] * z) / 2);
    f32.set(middle, (i32[(address + at.S_ITEM_CENTRES) >> 2] + 3 * at.WIDE) >> 2);
  }

  /** What the scene carries is as it was before when `run` returns. */
  carrying<T>(item: KernelItem | null, run: () => T): T {
    const { address } = this.packed;
    const size = at.S_SIZE;
    const { arena } = this.core;
    const itemLeversAt = arena.i32[(address + at.S_ITEM_LEVERS) >> 2];
    const centresAt = arena.i32[(address + at.S_ITEM_CENTRES) >> 2];
    const parts = [
      [address, size],
      [itemLeversAt, 4 * this.jointCount],
      [centresAt, 3 * at.WIDE + 16],
    ] as const;
    const kept = parts.map(([from, bytes]) => arena.u8.slice(from, from + bytes));
    this.carry(item, { points: [], lateralM: 0 });
    const result = run();
    parts.forEach(([to], k) => arena.u8.set(kept[k], to));
    return result;
  }

  use(): void {
    this.users += 1;
  }

  unuse(): void {
    this.users -= 1;
    if (this.users > 0 || this.held === null) return;
    for (const address of [...this.held.packed.addresses, ...this.held.space])
      this.core.arena.release(address);
    this.held = null;
  }

  release(): void {
    if (this.isReleased) throw new Error('the scene was released');
    this.isReleased = true;
    this.unuse();
  }
}

export class WasmGroup extends WasmSpace implements ArmGroup {
  readonly scenes: readonly WasmScene[];
  readonly jointCount: number;
  private held: readonly [number, ...number[]] | null;

  constructor(core: KernelCore, scenes: readonly WasmScene[], armMarginM: number) {
    super(core);
    if (scenes.length < 1 || scenes.length > ARMS_MAX || new Set(scenes).size !== scenes.length) {
      throw new RangeError(`a group has 1 to ${ARMS_MAX} different arms, not ${scenes.length}`);
    }
    this.scenes = scenes;
    this.jointCount = scenes.reduce((sum, scene) => sum + scene.jointCount, 0);
    this.held = packSpace(core, scenes, armMarginM);
    for (const scene of scenes) scene.use();
  }

  get space(): number {
    if (this.held === null) throw new Error('the group was released');
    return this.held[0];
  }

  areApart(q: ArrayLike<number>, count: number, out: Uint8Array): number {
    return this.ask(PAIRS, q, count, out);
  }

  release(): void {
    if (this.held === null) throw new Error('the group was released');
    for (const address of this.held) this.core.arena.release(address);
    this.held = null;
    for (const scene of this.scenes) scene.unuse();
  }
}
