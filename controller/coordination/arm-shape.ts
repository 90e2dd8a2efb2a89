import { CAPSULE_STRIDE } from '../../arms/geometry/distance.ts';
import { TRANSFORM_SIZE } from '../../arms/geometry/transform.ts';
import type { ArmBody } from '../../arms/planning/arm-body.ts';
import { compileBody, placeBody, tipAt, travelFactors } from '../../arms/planning/arm-body.ts';
import type { CarriedItem } from '../../arms/planning/scene.ts';
import type { ArmModel } from '../domain/cell.ts';

/**
 * An arm (and what it carries) as groups of capsules that move as one: one group per link, one for the tool, one for
 * the item; what never moves is left out. Each group has a hull, one capsule around all of it, which is asked first; only where hulls come close
 * are the capsules themselves compared. Holds scratch space: one thread at a time.
 */
export interface ArmShape {
  readonly armId: string;
  readonly body: ArmBody;
  readonly groups: readonly ShapeGroup[];
  /** Endpoints of all groups' hulls and capsules, 6 values each, as `placeShape` leaves them in the world. */
  readonly world: Float64Array;
  readonly capsules: number;
}

export interface ShapeGroup {
  /** Joint that moves the group. */
  readonly joint: number;
  /** Index into the capsules of the shape: the hull; the parts follow it, none when the hull is the only part. */
  readonly hull: number;
  readonly parts: number;
  readonly hullRadiusM: number;
  readonly partRadiiM: readonly number[];
  /** Distance from the hull's middle within which everything lies, m. */
  readonly reachM: number;
}

/** Values per capsule in a shape: its two ends. */
export const ENDS = 6;

interface LocalCapsule {
  readonly p: readonly [number, number, number];
  readonly q: readonly [number, number, number];
  readonly radiusM: number;
}

/** Lays out an arm, with an item in its tool or without. */
export function armShape(arm: ArmModel, item: CarriedItem | null): ArmShape {
  const body = compileBody(arm.manipulator, arm.X_WB);
  const members = new Map<number, number[]>();
  for (let k = 0; k < body.capsuleCount; k += 1) {
    const known = members.get(body.groupOf[k]);
    if (known === undefined) members.set(body.groupOf[k], [k]);
    else known.push(k);
  }
  const groups: ShapeGroup[] = [];
  const placements: Placement[] = [];
  let capsules = 0;
  const add = (joint: number, frame: number, parts: readonly LocalCapsule[]): void => {
    const hull = parts.length === 1 ? parts[0] : hullOf(parts);
    const all = parts.length === 1 ? [hull] : [hull, ...parts];
    groups.push({
      joint,
      hull: capsules,
      parts: all.length - 1,
      hullRadiusM: hull.radiusM,
      partRadiiM: all.slice(1).map((part) => part.radiusM),
      reachM: distance(hull.p, hull.q) / 2 + hull.radiusM,
    });
    for (const { p, q } of all) placements.push({ frame, ends: [...p, ...q] });
    capsules += all.length;
  };
  for (const [group, indices] of members) {
    // What stays at the base is an obstacle to others: their motions are planned around it.
    if (group < 0 || isAtBase(body, indices)) continue;
    const parts = indices.map((k) => localCapsule(body, k));
    add(body.groupJoint[group], body.frameOf[indices[0]], parts);
  }
  if (item !== null) {
    add(body.chain.jointCount - 1, tipAt(body) / TRANSFORM_SIZE, [itemCapsule(item)]);
  }
  const shape: PlacedShape = {
    armId: arm.id,
    body,
    groups,
    placements,
    world: new Float64Array(capsules * ENDS),
    capsules,
  };
  return shape;
}

/** The first link counts as staying at the base when it turns within a ball of at most this radius, m. */
const TURNS_WITHIN_M = 0.25;

function isAtBase(body: ArmBody, indices: readonly number[]): boolean {
  if (body.manipulator.joints[0].kind === 'prismatic') return false;
  return body.joints[indices[0]] === 0 && turningBall(body, indices).radiusM <= TURNS_WITHIN_M;
}

/** The ball around the axis of the first joint in which capsules stay, whatever that joint does; joint frame, m. */
function turningBall(
  body: ArmBody,
  indices: readonly number[],
): { readonly centre: readonly [number, number, number]; readonly radiusM: number } {
  const axis = body.manipulator.joints[0].axis;
  const ends = indices.flatMap((k) => {
    const { p, q, radiusM } = localCapsule(body, k);
    return [p, q].map((end) => ({ end, radiusM }));
  });
  const along = ends.map(({ end }) => end[0] * axis[0] + end[1] * axis[1] + end[2] * axis[2]);
  const middle = (Math.min(...along) + Math.max(...along)) / 2;
  const centre = [axis[0] * middle, axis[1] * middle, axis[2] * middle] as const;
  const radiusM = Math.max(...ends.map(({ end, radiusM: r }) => distance(end, centre) + r));
  return { centre, radiusM };
}

/**
 * The part of an arm that `armShape` leaves out although it moves: a ball in the world that its first link never
 * leaves; null when that link is too large for it. Others' motions have to keep away from it at all times.
 */
export function baseBall(
  arm: ArmModel,
): { readonly centreM: readonly [number, number, number]; readonly radiusM: number } | null {
  const body = compileBody(arm.manipulator, arm.X_WB);
  const indices = Array.from(body.joints.keys()).filter((k) => body.joints[k] === 0);
  if (indices.length === 0 || arm.manipulator.joints[0].kind === 'prismatic') return null;
  const { centre, radiusM } = turningBall(body, indices);
  if (radiusM > TURNS_WITHIN_M) return null;
  placeBody(body, arm.park, 0);
  const T = body.frameOf[indices[0]] * TRANSFORM_SIZE;
  const [x, y, z] = centre;
  const { frames } = body;
  return {
    centreM: [
      frames[T] * x + frames[T + 1] * y + frames[T + 2] * z + frames[T + 3],
      frames[T + 4] * x + frames[T + 5] * y + frames[T + 6] * z + frames[T + 7],
      frames[T + 8] * x + frames[T + 9] * y + frames[T + 10] * z + frames[T + 11],
    ],
    radiusM,
  };
}

interface Placement {
  readonly frame: number;
  readonly ends: readonly number[];
}

interface PlacedShape extends ArmShape {
  readonly placements: readonly Placement[];
}

function localCapsule(body: ArmBody, k: number): LocalCapsule {
  const c = k * CAPSULE_STRIDE;
  const v = body.local;
  return { p: [v[c], v[c + 1], v[c + 2]], q: [v[c + 3], v[c + 4], v[c + 5]], radiusM: v[c + 6] };
}

/** Moves the shape to joint positions: writes `world`, and the body's frames. */
export function placeShape(shape: ArmShape, q: ArrayLike<number>): void {
  const { body, world } = shape;
  placeBody(body, q, 0);
  const { frames } = body;
  (shape as PlacedShape).placements.forEach(({ frame, ends }, k) => {
    const T = frame * TRANSFORM_SIZE;
    for (let e = 0; e < ENDS; e += 3) {
      const [x, y, z] = [ends[e], ends[e + 1], ends[e + 2]];
      const to = k * ENDS + e;
      world[to] = frames[T] * x + frames[T + 1] * y + frames[T + 2] * z + frames[T + 3];
      world[to + 1] = frames[T + 4] * x + frames[T + 5] * y + frames[T + 6] * z + frames[T + 7];
      world[to + 2] = frames[T + 8] * x + frames[T + 9] * y + frames[T + 10] * z + frames[T + 11];
    }
  });
}

/**
 * How far points of each group go when every joint moves by at most `travel` (rad or m) from the placed
 * configuration, m.
 */
export function writeGroupTravel(shape: ArmShape, travel: Float64Array, out: Float64Array): void {
  const { body, groups, world } = shape;
  const factors = body.chain.jointCount;
  const scratch = factorScratch(factors);
  groups.forEach(({ joint, hull, reachM }, g) => {
    let sum = 0;
    const c = hull * ENDS;
    const x = (world[c] + world[c + 3]) / 2;
    const y = (world[c + 1] + world[c + 4]) / 2;
    const z = (world[c + 2] + world[c + 5]) / 2;
    travelFactors(body, joint, x, y, z, reachM, scratch, 0);
    for (let j = 0; j <= joint; j += 1) sum += scratch[j] * travel[j];
    out[g] = sum;
  });
}

let scratch = new Float64Array(8);
function factorScratch(size: number): Float64Array {
  if (scratch.length < size) scratch = new Float64Array(size);
  return scratch;
}

/** A capsule around capsules: along the two ends that are farthest apart. */
function hullOf(parts: readonly LocalCapsule[]): LocalCapsule {
  const ends = parts.flatMap((part) => [part.p, part.q]);
  let best: LocalCapsule | null = null;
  let least = Infinity;
  for (const p of ends) {
    for (const q of ends) {
      let radiusM = 0;
      for (const part of parts) {
        for (const end of [part.p, part.q]) {
          radiusM = Math.max(radiusM, pointSegment(end, p, q) + part.radiusM);
        }
      }
      const volume = radiusM * radiusM * (distance(p, q) + (4 / 3) * radiusM);
      if (volume < least) {
        least = volume;
        best = { p, q, radiusM };
      }
    }
  }
  return best!;
}

/**
 * A capsule around a box that hangs under the tip, its axis along the longer horizontal side: the shortest one
 * would be a sphere, the longest one ends at the sides; the one between with the least volume is taken.
 */
function itemCapsule({ sizeM: [length, width, height] }: CarriedItem): LocalCapsule {
  const alongX = length >= width;
  const half = (alongX ? length : width) / 2;
  const across = Math.hypot(alongX ? width : length, height) / 2;
  let best = { axis: half, radius: across };
  let least = Infinity;
  const steps = 16;
  for (let n = 0; n <= steps; n += 1) {
    const axis = (half * n) / steps;
    const radius = Math.hypot(half - axis, across);
    const volume = radius * radius * (2 * axis + (4 / 3) * radius);
    if (volume < least) {
      least = volume;
      best = { axis, radius };
    }
  }
  const x = alongX ? best.axis : 0;
  const y = alongX ? 0 : best.axis;
  return { p: [x, y, height / 2], q: [-x, -y, height / 2], radiusM: best.radius };
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function pointSegment(x: readonly number[], p: readonly number[], q: readonly number[]): number {
  const d = [q[0] - p[0], q[1] - p[1], q[2] - p[2]];
  const squared = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
  const dot = d[0] * (x[0] - p[0]) + d[1] * (x[1] - p[1]) + d[2] * (x[2] - p[2]);
  const t = squared > 0 ? Math.min(1, Math.max(0, dot / squared)) : 0;
  return Math.hypot(p[0] + t * d[0] - x[0], p[1] + t * d[1] - x[1], p[2] + t * d[2] - x[2]);
}
