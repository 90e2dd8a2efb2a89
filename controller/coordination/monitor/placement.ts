import { coreDistance, segmentDistance } from './convex.ts';
import type { Core } from './convex.ts';
import type { Part, Solid, WatchedArm } from './watched-arm.ts';

/** A box under the tool tip: sides along the tip's x, y and z axes, m. */
export type ItemBox = readonly [number, number, number];

/** An arm put to joint positions: where its frames are, and the spheres around its parts. World frame, m. */
export interface Placement {
  readonly arm: WatchedArm;
  readonly item: ItemBox | null;
  /** 3x4 row-major, one after the other. */
  readonly frames: Float64Array;
  /** x y z radius per part; the item's comes last where there is one. */
  readonly spheres: Float64Array;
  readonly count: number;
  /** Per part and joint how far the part's points are from the joint's axis at most, m; see `swingM`. */
  levers: Float64Array | null;
  /** Solids of a part in the world, worked out when somebody comes near. */
  readonly solids: (readonly PlacedSolid[] | undefined)[];
}

interface PlacedSolid {
  readonly core: Core;
  readonly radiusM: number;
}

const local = new Float64Array(12);

export function place(arm: WatchedArm, q: ArrayLike<number>, item: ItemBox | null): Placement {
  const frames = new Float64Array(arm.frames.length * 12);
  arm.frames.forEach((frame, k) => {
    if (frame.parent < 0) {
      frames.set(frame.T_PJ, 0);
      return;
    }
    const value = frame.joint < 0 ? frame.held : q[frame.joint];
    if (frame.kind === 'fixed') {
      compose(frames, frame.parent * 12, frame.T_PJ, frames, k * 12);
    } else {
      moved(frame.T_PJ, frame.axis, value, frame.kind === 'prismatic' ? 'slides' : 'turns');
      compose(frames, frame.parent * 12, local, frames, k * 12);
    }
  });
  const count = arm.parts.length + (item === null ? 0 : 1);
  const spheres = new Float64Array(count * 4);
  arm.parts.forEach((part, k) => {
    point(frames, part.frame * 12, part.centre[0], part.centre[1], part.centre[2], spheres, 4 * k);
    spheres[4 * k + 3] = part.boundM;
  });
  if (item !== null) {
    const at = 4 * (count - 1);
    point(frames, arm.tipFrame * 12, 0, 0, item[2] / 2, spheres, at);
    spheres[at + 3] = Math.hypot(item[0], item[1], item[2]) / 2;
  }
  return {
    arm,
    item,
    frames,
    spheres,
    count,
    levers: null,
    solids: new Array<undefined>(count).fill(undefined),
  };
}

/** Name of a part, as messages have it. */
export function partName(placement: Placement, index: number): string {
  return index < placement.arm.parts.length ? placement.arm.parts[index].name : 'item';
}

/** Writes `T_PJ` with the joint's own motion to `local`. */
function moved(
  T: Float64Array,
  [x, y, z]: readonly [number, number, number],
  value: number,
  how: 'slides' | 'turns',
): void {
  if (how === 'slides') {
    local.set(T);
    for (let row = 0; row < 12; row += 4) {
      local[row + 3] += value * (T[row] * x + T[row + 1] * y + T[row + 2] * z);
    }
    return;
  }
  // Rodrigues: rotation by `value` about the unit axis.
  const c = Math.cos(value);
  const s = Math.sin(value);
  const v = 1 - c;
  const r00 = c + x * x * v;
  const r01 = x * y * v - z * s;
  const r02 = x * z * v + y * s;
  const r10 = y * x * v + z * s;
  const r11 = c + y * y * v;
  const r12 = y * z * v - x * s;
  const r20 = z * x * v - y * s;
  const r21 = z * y * v + x * s;
  const r22 = c + z * z * v;
  for (let row = 0; row < 12; row += 4) {
    const a = T[row];
    const b = T[row + 1];
    const d = T[row + 2];
    local[row] = a * r00 + b * r10 + d * r20;
    local[row + 1] = a * r01 + b * r11 + d * r21;
    local[row + 2] = a * r02 + b * r12 + d * r22;
    local[row + 3] = T[row + 3];
  }
}

function compose(A: Float64Array, a: number, B: Float64Array, out: Float64Array, at: number): void {
  for (let row = 0; row < 12; row += 4) {
    const r0 = A[a + row];
    const r1 = A[a + row + 1];
    const r2 = A[a + row + 2];
    out[at + row] = r0 * B[0] + r1 * B[4] + r2 * B[8];
    out[at + row + 1] = r0 * B[1] + r1 * B[5] + r2 * B[9];
    out[at + row + 2] = r0 * B[2] + r1 * B[6] + r2 * B[10];
    out[at + row + 3] = r0 * B[3] + r1 * B[7] + r2 * B[11] + A[a + row + 3];
  }
}

function point(
  T: Float64Array,
  t: number,
  x: number,
  y: number,
  z: number,
  out: Float64Array,
  at: number,
): void {
  out[at] = T[t] * x + T[t + 1] * y + T[t + 2] * z + T[t + 3];
  out[at + 1] = T[t + 4] * x + T[t + 5] * y + T[t + 6] * z + T[t + 7];
  out[at + 2] = T[t + 8] * x + T[t + 9] * y + T[t + 10] * z + T[t + 11];
}

function solidsOfPart(placement: Placement, index: number): readonly PlacedSolid[] {
  const known = placement.solids[index];
  if (known !== undefined) return known;
  const { arm, frames, item } = placement;
  const part: Part | undefined = arm.parts[index];
  let solids: PlacedSolid[];
  if (part === undefined) {
    const [x, y, z] = item!;
    const T = new Float64Array(12);
    compose(frames, arm.tipFrame * 12, Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, z / 2), T, 0);
    solids = [{ core: { kind: 'box', T, halfM: [x / 2, y / 2, z / 2] }, radiusM: 0 }];
  } else {
    solids = part.solids.map((solid) => placeSolid(solid, frames, part.frame * 12));
  }
  placement.solids[index] = solids;
  return solids;
}

function placeSolid(solid: Solid, frames: Float64Array, at: number): PlacedSolid {
  const { radiusM } = solid;
  if (solid.kind === 'segment') {
    const points = new Float64Array(6);
    const [px, py, pz, qx, qy, qz] = solid.ends as [number, number, number, number, number, number];
    point(frames, at, px, py, pz, points, 0);
    point(frames, at, qx, qy, qz, points, 3);
    return { core: { kind: 'segment', points }, radiusM };
  }
  const T = new Float64Array(12);
  compose(frames, at, solid.T, T, 0);
  const { halfM } = solid;
  if (solid.kind === 'box') return { core: { kind: 'box', T, halfM }, radiusM };
  return { core: { kind: 'cylinder', T, discM: halfM[0], halfM: halfM[2] }, radiusM };
}

/**
 * Farthest that any point of a part goes while each joint stays within its share of `turns` (rad, m) of the placed
 * position, m. With the joints turned one after the other from the base outwards, what lies beyond a joint has not
 * moved against it yet when its turn comes: so the distances from the axes as placed hold for turns of any size.
 */
function swingM(placement: Placement, part: number, turns: Float64Array): number {
  const joints = placement.arm.jointCount;
  placement.levers ??= leversOf(placement);
  let sumM = 0;
  for (let j = 0; j < joints; j += 1) sumM += placement.levers[part * joints + j] * turns[j];
  return sumM;
}

function leversOf({ arm, frames, spheres, count }: Placement): Float64Array {
  const levers = new Float64Array(count * arm.jointCount);
  for (let j = 0; j < arm.jointCount; j += 1) {
    const at = arm.jointFrames[j] * 12;
    const [ux, uy, uz] = arm.frames[arm.jointFrames[j]].axis;
    const ax = frames[at] * ux + frames[at + 1] * uy + frames[at + 2] * uz;
    const ay = frames[at + 4] * ux + frames[at + 5] * uy + frames[at + 6] * uz;
    const az = frames[at + 8] * ux + frames[at + 9] * uy + frames[at + 10] * uz;
    for (let part = 0; part < count; part += 1) {
      const movedBy = part < arm.parts.length ? arm.movedBy[part] : arm.jointCount - 1;
      if (movedBy < j) continue;
      if (arm.isPrismatic[j]) {
        levers[part * arm.jointCount + j] = 1;
        continue;
      }
      const dx = spheres[4 * part] - frames[at + 3];
      const dy = spheres[4 * part + 1] - frames[at + 7];
      const dz = spheres[4 * part + 2] - frames[at + 11];
      const along = dx * ax + dy * ay + dz * az;
      const squared = dx * dx + dy * dy + dz * dz - along * along;
      levers[part * arm.jointCount + j] = spheres[4 * part + 3] + Math.sqrt(Math.max(0, squared));
    }
  }
  return levers;
}

export interface Nearest {
  /** Distance of the two arms as placed, m; the cap when they are at least that far apart. */
  readonly distanceM: number;
  readonly partA: number;
  readonly partB: number;
  /** They are at least this far apart while the joints stay within their turns, m; the other cap, or more. */
  readonly lowestM: number;
  /** How far the two parts of which that is said can go. */
  readonly swingAM: number;
  readonly swingBM: number;
}

/**
 * How near two placed arms are to each other, and how near they can come while each joint turns by no more than it
 * may. Distances from `capM` on, and bounds from `lowestCapM` on, are not told apart.
 */
export function nearest(
  a: Placement,
  b: Placement,
  turnsA: Float64Array,
  turnsB: Float64Array,
  capM: number,
  lowestCapM: number,
): Nearest {
  const found = { distanceM: capM, partA: -1, partB: -1, lowestM: lowestCapM, swingAM: 0, swingBM: 0 };
  const sa = a.spheres;
  const sb = b.spheres;
  for (let i = 0; i < a.count; i += 1) {
    const swingAM = swingM(a, i, turnsA);
    for (let j = 0; j < b.count; j += 1) {
      const dx = sa[4 * i] - sb[4 * j];
      const dy = sa[4 * i + 1] - sb[4 * j + 1];
      const dz = sa[4 * i + 2] - sb[4 * j + 2];
      const apartM = Math.sqrt(dx * dx + dy * dy + dz * dz) - sa[4 * i + 3] - sb[4 * j + 3];
      const swingBM = swingM(b, j, turnsB);
      if (apartM >= found.distanceM && apartM - swingAM - swingBM >= found.lowestM) continue;
      const neededM = Math.max(found.distanceM, found.lowestM + swingAM + swingBM);
      const distanceM = partDistance(solidsOfPart(a, i), solidsOfPart(b, j), neededM);
      if (distanceM < found.distanceM) {
        found.distanceM = distanceM;
        found.partA = i;
        found.partB = j;
      }
      if (distanceM - swingAM - swingBM < found.lowestM) {
        found.lowestM = distanceM - swingAM - swingBM;
        found.swingAM = swingAM;
        found.swingBM = swingBM;
      }
    }
  }
  return found;
}

function partDistance(a: readonly PlacedSolid[], b: readonly PlacedSolid[], capM: number): number {
  let least = capM;
  for (const one of a) {
    for (const other of b) {
      const coreM =
        one.core.kind === 'segment' && other.core.kind === 'segment'
          ? segmentDistance(one.core.points, 0, other.core.points, 0)
          : coreDistance(one.core, other.core);
      least = Math.min(least, coreM - one.radiusM - other.radiusM);
    }
  }
  return least;
}

/** Whether the tip's x axis points along the world's x axis rather than its y axis. */
export function tipAlongX({ arm, frames }: Placement): boolean {
  const at = arm.tipFrame * 12;
  return Math.abs(frames[at]) >= Math.abs(frames[at + 4]);
}
