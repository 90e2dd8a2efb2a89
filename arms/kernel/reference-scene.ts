import { BOX_STRIDE, CAPSULE_STRIDE, capsuleBox, capsuleCapsule } from '../geometry/distance.ts';
import type { ArmBody } from '../planning/arm-body.ts';
import { compileBody, placeBody, tipAt } from '../planning/arm-body.ts';
import { pairsThatCanMeet } from '../planning/self-pairs.ts';
import { MOTION_FREE, MOTION_RESOLUTION_M } from './collision-kernel.ts';
import type {
  ArmScene,
  KernelAllowance,
  KernelItem,
  KernelSceneDescription,
  RrtOutcome,
  RrtRequest,
} from './collision-kernel.ts';
import { referenceRrtConnect } from './reference-rrt.ts';
import { capsuleLevers, itemLevers, placeItemBox } from './reference-body.ts';
import type { Solid } from './solids.ts';
import { boxSolid, capsuleSolid, solidsOf } from './solids.ts';

/** One part of an arm with the room it has, and how fast each joint can use that room up. */
export interface Room {
  readonly slackM: number;
  /** m per rad, or 1 for a sliding joint; one number per joint of the space. */
  readonly levers: ArrayLike<number>;
}

/** The plain scene: every part against everything, exact distances in float64, nothing left out. */
export class ReferenceScene implements ArmScene {
  readonly description: KernelSceneDescription;
  readonly jointCount: number;
  readonly body: ArmBody;
  /** `jointCount` numbers per capsule. */
  readonly levers: Float64Array;
  readonly itemBox = new Float64Array(BOX_STRIDE);
  private readonly solids: readonly Solid[];
  private readonly selfPairs: readonly (readonly [number, number])[];
  private item: KernelItem | null = null;
  private allowance: KernelAllowance = { points: [], lateralM: 0 };
  private itemLevers: ArrayLike<number> = [];

  constructor(description: KernelSceneDescription) {
    this.description = description;
    this.body = compileBody(description.manipulator, description.X_WB);
    this.jointCount = this.body.chain.jointCount;
    this.levers = capsuleLevers(description);
    this.solids = solidsOf(description);
    this.selfPairs = pairsThatCanMeet(description.manipulator, description.selfMarginM);
  }

  carry(item: KernelItem | null, allowance: KernelAllowance): void {
    this.item = item;
    this.allowance = allowance;
    if (item !== null) this.itemLevers = itemLevers(this.description, item);
  }

  /** The item of the placed configuration, in `itemBox`; null when the arm carries nothing. */
  placedItem(): Float64Array | null {
    if (this.item === null) return null;
    placeItemBox(this.body, this.item, this.itemBox);
    return this.itemBox;
  }

  /** Per capsule, and for the item after them, how far joint movements of `dq` can carry it. */
  reach(dq: ArrayLike<number>, at: number): Float64Array {
    const n = this.jointCount;
    const reach = new Float64Array(this.body.capsuleCount + 1);
    for (let k = 0; k < this.body.capsuleCount; k += 1) {
      for (let j = 0; j < n; j += 1) reach[k] += this.levers[k * n + j] * Math.abs(dq[at + j]);
    }
    if (this.item !== null) {
      for (let j = 0; j < n; j += 1) {
        reach[this.body.capsuleCount] += this.itemLevers[j] * Math.abs(dq[at + j]);
      }
    }
    return reach;
  }

  /** The rooms of all parts of the arm at the configuration `q[at..]`. Leaves the body placed. */
  rooms(q: ArrayLike<number>, at: number): Room[] {
    const { body, levers, jointCount: n } = this;
    placeBody(body, q, at);
    const rooms: Room[] = [];
    const leversAfter = (of: ArrayLike<number>, joint: number): number[] =>
      Array.from(of, (lever, j) => (j > joint ? lever : 0));
    for (let k = 0; k < body.capsuleCount; k += 1) {
      if (body.joints[k] < 0) continue;
      let slackM = Infinity;
      for (const solid of this.solids) {
        slackM = Math.min(slackM, capsuleSolid(body.world, k * CAPSULE_STRIDE, solid) - solid.marginM);
      }
      rooms.push({ slackM, levers: levers.subarray(k * n, (k + 1) * n) });
    }
    for (const [i, j] of this.selfPairs) {
      const distance = capsuleCapsule(body.world, i * CAPSULE_STRIDE, body.world, j * CAPSULE_STRIDE);
      const [inner, outer] = body.joints[i] < body.joints[j] ? [i, j] : [j, i];
      // Joints up to the inner part move both as one.
      const of = levers.subarray(outer * n, (outer + 1) * n);
      rooms.push({
        slackM: distance - this.description.selfMarginM,
        levers: leversAfter(of, body.joints[inner]),
      });
    }
    if (this.item !== null) rooms.push(...this.itemRooms(placedBox(this), leversAfter));
    return rooms;
  }

  private itemRooms(
    box: Float64Array,
    leversAfter: (of: ArrayLike<number>, joint: number) => number[],
  ): Room[] {
    const { body } = this;
    const rooms: Room[] = [];
    const lateral = this.lateralSlack();
    for (const solid of this.solids) {
      const slackM = boxSolid(box, solid) - solid.marginM;
      // Where the item may touch obstacles it has room until the tip is no longer above its point.
      rooms.push({
        slackM: solid.group === 'obstacle' ? Math.max(slackM, lateral) : slackM,
        levers: this.itemLevers,
      });
    }
    // The item hangs on the last link and is beside the last but one by design.
    for (let k = 0; k < body.capsuleCount; k += 1) {
      if (body.joints[k] > this.jointCount - 3) continue;
      rooms.push({
        slackM: capsuleBox(body.world, k * CAPSULE_STRIDE, box, 0) - this.description.selfMarginM,
        levers: leversAfter(this.itemLevers, body.joints[k]),
      });
    }
    return rooms;
  }

  /** How far the tip may go sideways until it is not above an allowed point; negative: it is above none. */
  private lateralSlack(): number {
    const { frames } = this.body;
    const tip = tipAt(this.body);
    for (const [x, y] of this.allowance.points) {
      const dx = frames[tip + 3] - x;
      const dy = frames[tip + 7] - y;
      const lateral = Math.sqrt(dx * dx + dy * dy);
      if (lateral <= this.allowance.lateralM) return this.allowance.lateralM - lateral;
    }
    return -1;
  }

  areFree(q: ArrayLike<number>, count: number, out: Uint8Array): number {
    let free = 0;
    for (let i = 0; i < count; i += 1) {
      out[i] = this.isFree(q, i * this.jointCount) ? 1 : 0;
      free += out[i];
    }
    return free;
  }

  /** The same verdict as from the rooms, found without writing them down and up to the first contact only. */
  private isFree(q: ArrayLike<number>, at: number): boolean {
    const { body, solids, selfPairs } = this;
    placeBody(body, q, at);
    for (let k = body.capsuleCount - 1; k >= 0; k -= 1) {
      if (body.joints[k] < 0) continue;
      for (const solid of solids) {
        if (capsuleSolid(body.world, k * CAPSULE_STRIDE, solid) < solid.marginM) return false;
      }
    }
    const { selfMarginM } = this.description;
    for (const [i, j] of selfPairs) {
      const distance = capsuleCapsule(body.world, i * CAPSULE_STRIDE, body.world, j * CAPSULE_STRIDE);
      if (distance < selfMarginM) return false;
    }
    return this.item === null || leastSlack(this.itemRooms(placedBox(this), () => [])) >= 0;
  }

  slacks(q: ArrayLike<number>, count: number, capM: number, out: Float32Array): void {
    for (let i = 0; i < count; i += 1) {
      out[i] = Math.min(capM, leastSlack(this.rooms(q, i * this.jointCount)));
    }
  }

  checkMotion(from: ArrayLike<number>, fromAt: number, to: ArrayLike<number>, toAt: number): number {
    return advance(this.jointCount, from, fromAt, to, toAt, (q) => this.rooms(q, 0));
  }

  planRrtConnect(request: RrtRequest): RrtOutcome {
    return referenceRrtConnect(this, request);
  }

  release(): void {
    // Nothing is held outside of the heap.
  }
}

function placedBox(scene: ReferenceScene): Float64Array {
  const box = scene.placedItem();
  if (box === null) throw new Error('no item is carried');
  return box;
}

export function leastSlack(rooms: readonly Room[]): number {
  return rooms.reduce((least, room) => Math.min(least, room.slackM), Infinity);
}

export function markFree(count: number, out: Uint8Array, slackAt: (i: number) => number): number {
  let free = 0;
  for (let i = 0; i < count; i += 1) {
    out[i] = slackAt(i) >= 0 ? 1 : 0;
    free += out[i];
  }
  return free;
}

/**
 * Walks a straight line in joint space by conservative advancement: from each configuration as far as no part can
 * use up its room.
 */
export function advance(
  jointCount: number,
  from: ArrayLike<number>,
  fromAt: number,
  to: ArrayLike<number>,
  toAt: number,
  roomsAt: (q: Float64Array) => readonly Room[],
): number {
  const q = new Float64Array(jointCount);
  for (let s = 0; ;) {
    for (let j = 0; j < jointCount; j += 1) q[j] = from[fromAt + j] + (to[toAt + j] - from[fromAt + j]) * s;
    const rooms = roomsAt(q);
    if (leastSlack(rooms) < 0) return s;
    if (s >= 1) return MOTION_FREE;
    let step = 1 - s;
    for (const { slackM, levers } of rooms) {
      let rate = 0;
      for (let j = 0; j < jointCount; j += 1) rate += levers[j] * Math.abs(to[toAt + j] - from[fromAt + j]);
      if (rate * step <= slackM) continue;
      if (slackM < MOTION_RESOLUTION_M) return s;
      step = slackM / rate;
    }
    s = Math.min(1, s + step);
  }
}
