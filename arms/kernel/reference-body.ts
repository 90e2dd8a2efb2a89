import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule } from '../geometry/distance.ts';
import { boxBoxSeparation, setBox } from '../geometry/box-separation.ts';
import type { ArmBody } from '../planning/arm-body.ts';
import { compileBody, tipAt } from '../planning/arm-body.ts';
import type { KernelItem, KernelSceneDescription } from './collision-kernel.ts';
import { inLastJoint, leversOf } from './travel-bound.ts';

/** Writes the box of an item that hangs under the placed body's tip. */
export function placeItemBox(body: ArmBody, item: KernelItem, box: Float64Array): void {
  const tip = tipAt(body);
  const [x, y, z] = item.sizeM;
  setBox(body.frames, tip, x / 2, y / 2, z / 2, box, 0);
  for (let k = 0; k < 3; k += 1) box[9 + k] += (body.frames[tip + 2 + 4 * k] * z) / 2;
}

/** Per capsule how far its axis can travel per unit of each joint, `jointCount` numbers each. */
export function capsuleLevers(
  description: Pick<KernelSceneDescription, 'manipulator' | 'X_WB'>,
): Float64Array {
  const { manipulator } = description;
  const body = compileBody(manipulator, description.X_WB);
  const n = body.chain.jointCount;
  const levers = new Float64Array(body.capsuleCount * n);
  for (let k = 0; k < body.capsuleCount; k += 1) {
    if (body.joints[k] < 0) continue;
    const ends = [0, 3].map((e) => {
      const at = k * CAPSULE_STRIDE + e;
      const local = [body.local[at], body.local[at + 1], body.local[at + 2]] as const;
      const isTool = k >= manipulator.capsules.length;
      return leversOf(manipulator, body.joints[k], isTool ? inLastJoint(manipulator, local) : local);
    });
    for (let j = 0; j < n; j += 1) levers[k * n + j] = Math.max(ends[0][j], ends[1][j]);
  }
  return levers;
}

/** The same for all points of an item under the tip. */
export function itemLevers(
  { manipulator }: Pick<KernelSceneDescription, 'manipulator'>,
  item: KernelItem,
): Float64Array {
  const [x, y, z] = item.sizeM;
  const { positionM } = manipulator.tool.X_FT;
  const middle = inLastJoint(manipulator, positionM);
  // The item's points lie within this of the tip.
  const radius = Math.sqrt((x * x + y * y) / 4 + z * z);
  const last = manipulator.joints.length - 1;
  return Float64Array.from(leversOf(manipulator, last, middle), (lever, j) =>
    manipulator.joints[j].kind === 'prismatic' ? lever : lever + radius,
  );
}

/** An arm's solids at one configuration: capsules, and the box of the item if it carries one. */
export interface PlacedSolids {
  readonly capsules: Float64Array;
  readonly count: number;
  readonly item: Float64Array | null;
}

/**
 * Least distance between two placed arms, every part against every part but base against base, each less what the
 * parts may travel: `reachA`, `reachB` per capsule, the item's last.
 */
export function leastBetween(
  a: PlacedSolids,
  reachA: ArrayLike<number>,
  fixedA: number,
  b: PlacedSolids,
  reachB: ArrayLike<number>,
  fixedB: number,
): number {
  let least = Infinity;
  for (let i = 0; i < a.count; i += 1) {
    for (let j = i < fixedA ? fixedB : 0; j < b.count; j += 1) {
      const distance = capsuleCapsule(a.capsules, i * CAPSULE_STRIDE, b.capsules, j * CAPSULE_STRIDE);
      least = Math.min(least, distance - reachA[i] - reachB[j]);
    }
    if (b.item !== null) {
      const distance = capsuleBox(a.capsules, i * CAPSULE_STRIDE, b.item, 0);
      least = Math.min(least, distance - reachA[i] - reachB[b.count]);
    }
  }
  if (a.item !== null) {
    for (let j = 0; j < b.count; j += 1) {
      const distance = capsuleBox(b.capsules, j * CAPSULE_STRIDE, a.item, 0);
      least = Math.min(least, distance - reachA[a.count] - reachB[j]);
    }
    if (b.item !== null) {
      const distance = boxBoxSeparation(a.item, 0, b.item, 0);
      least = Math.min(least, distance - reachA[a.count] - reachB[b.count]);
    }
  }
  return least;
}
