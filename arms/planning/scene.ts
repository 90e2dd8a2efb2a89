import { boxOf, setBox } from '../geometry/box-separation.ts';
import { BOX_STRIDE, CAPSULE_STRIDE, capsuleBox, capsuleCapsule } from '../geometry/distance.ts';
import type { Pose, Vec3 } from '../geometry/pose.ts';
import type { Obstacle } from '../geometry/shape.ts';
import { transformOf } from '../geometry/transform.ts';
import type { Manipulator } from '../model/manipulator.ts';
import type { ArmBody } from './arm-body.ts';
import { compileBody, groupFactors, placeBody, tipAt, travelFactors } from './arm-body.ts';
import { pairsThatCanMeet } from './self-pairs.ts';
import type { StaticSet, StaticThing } from './static-set.ts';
import {
  compileStatics,
  GROUP_ALL,
  GROUP_ARM,
  GROUP_KEEP_OUT,
  GROUP_OBSTACLE,
  nearestToBox,
  nearestToCapsule,
} from './static-set.ts';

/** Another arm of which the scene knows that it stands still at `positions`. */
export interface StandingArm {
  readonly id: string;
  readonly manipulator: Manipulator;
  readonly X_WB: Pose;
  readonly positions: readonly number[];
}

/** A vertical prism of unlimited height that the arm has to stay out of; world bounds, m. */
export interface KeepOut {
  readonly id: string;
  readonly minM: readonly [number, number];
  readonly maxM: readonly [number, number];
}

/** What one moving arm has to mind. Plain data. */
export interface SceneDescription {
  readonly manipulator: Manipulator;
  readonly X_WB: Pose;
  readonly obstacles: readonly Obstacle[];
  readonly standingArms: readonly StandingArm[];
  readonly keepOut: readonly KeepOut[];
  /** Distance kept to obstacles, m. */
  readonly obstacleMarginM: number;
  /** Distance kept between parts of the arm itself and to what it carries, m. */
  readonly selfMarginM: number;
  /** Distance kept to standing arms, m. */
  readonly armMarginM: number;
  /** Distance kept to keep-out prisms, m. */
  readonly keepOutMarginM: number;
}

/** A box hanging under the tool tip: its top's centre at the tip, its edges along the tip frame's axes. */
export interface CarriedItem {
  /** Along the tip's x, y and z axes, m. */
  readonly sizeM: readonly [number, number, number];
}

/**
 * Where the carried item may touch obstacles: while the tip is straight above (or at) one of these points, as a
 * container's walls and floor are beside and below the item there.
 */
export interface ItemContactAllowance {
  readonly points: readonly Vec3[];
  /** Horizontal distance from a point up to which the tip counts as straight above it, m. */
  readonly lateralM: number;
  /**
   * `bounded`: the rows say how far the motion may go before the tip could be elsewhere. `straight`: the motion is
   * known to stay above the point until the next look.
   */
  readonly between: 'bounded' | 'straight';
}

export const NO_ALLOWANCE: ItemContactAllowance = { points: [], lateralM: 0, between: 'bounded' };

/** Two things that touch, or come closer than they may. */
export interface Contact {
  readonly first: string;
  readonly second: string;
  /** By how much the distance to be kept is missed, m; larger than that distance when they overlap. */
  readonly depthM: number;
}

export type ConfigurationVerdict =
  { readonly status: 'free' } | { readonly status: 'contact'; readonly contact: Contact };

/**
 * A scene made ready for many checks. It holds scratch space: one thread at a time. Results depend on the
 * description and the arguments alone.
 */
export interface PlanningScene {
  readonly description: SceneDescription;
  readonly body: ArmBody;
  readonly statics: StaticSet;
  /** Per pair: two capsules, and the group of the one nearer to the tool. Pairs of the same two links come together. */
  readonly selfPairs: Int32Array;
  /** Per two links: the sphere round either (the last is the base's), and where their pairs begin and end. */
  readonly selfBlocks: Int32Array;
  /** Spheres round links for the placed configuration, as capsules without length; the base's comes last. */
  readonly spheres: Float64Array;
  /** Capsules that never move are not checked against what never moves. */
  readonly moving: Int32Array;
  readonly item: Float64Array;
  /** Rows of the last check, see `checkRows`. */
  readonly rows: Rows;
  /** Room for one configuration and for the rows' slacks while a motion is walked. */
  readonly scratchQ: Float64Array;
  readonly scratchSlack: Float64Array;
  /** Configurations checked since the scene was prepared. */
  checks: number;
}

/** Per row one distance that must not be used up, and how fast each joint can use it. */
export interface Rows {
  count: number;
  readonly slackM: Float64Array;
  /** `jointCount` travel factors per row, m per rad (or 1 for a prismatic joint). */
  readonly factors: Float64Array;
}

/** Distances beyond this one are not told apart: nearer things decide how far a motion may go unchecked. */
const CAP_M = 0.25;

/** Stands for a row whose whole link is beyond `CAP_M`. */
const FAR = Infinity;

/** Lays a scene out for checking. */
export function prepareScene(description: SceneDescription): PlanningScene {
  const body = compileBody(description.manipulator, description.X_WB);
  const things: StaticThing[] = description.obstacles.map((o) =>
    obstacleThing(o, description.obstacleMarginM),
  );
  for (const arm of description.standingArms) things.push(...standingThings(arm, description.armMarginM));
  for (const prism of description.keepOut) things.push(prismThing(prism, description.keepOutMarginM));
  const moving: number[] = [];
  for (let k = 0; k < body.capsuleCount; k += 1) if (body.joints[k] >= 0) moving.push(k);
  const sphereOf = (k: number): number => (body.groupOf[k] < 0 ? body.groupCount : body.groupOf[k]);
  const blockOf = ([i, j]: readonly [number, number]): number => {
    const [a, b] = [sphereOf(i), sphereOf(j)];
    return Math.min(a, b) * (body.groupCount + 1) + Math.max(a, b);
  };
  const pairs = [...pairsThatCanMeet(description.manipulator, description.selfMarginM)].sort(
    (a, b) => blockOf(a) - blockOf(b) || a[0] - b[0] || a[1] - b[1],
  );
  const rowsMax = body.groupCount + pairs.length + 2;
  return {
    description,
    body,
    statics: compileStatics(things),
    selfPairs: Int32Array.from(
      pairs.flatMap(([i, j]) => {
        const outer = body.joints[i] > body.joints[j] ? i : j;
        return [i, j, body.groupOf[outer]];
      }),
    ),
    selfBlocks: blocksOf(pairs.map(blockOf), body.groupCount + 1),
    spheres: spheresOf(body),
    moving: Int32Array.from(moving),
    item: new Float64Array(BOX_STRIDE),
    rows: {
      count: 0,
      slackM: new Float64Array(rowsMax),
      factors: new Float64Array(rowsMax * body.chain.jointCount),
    },
    scratchQ: new Float64Array(body.chain.jointCount),
    scratchSlack: new Float64Array(rowsMax),
    checks: 0,
  };
}

/** Runs of equal block numbers as sphere, sphere, first pair, end. */
function blocksOf(blocks: readonly number[], spheres: number): Int32Array {
  const made: number[] = [];
  blocks.forEach((block, k) => {
    if (k > 0 && blocks[k - 1] === block) made[made.length - 1] = k + 1;
    else made.push(Math.floor(block / spheres), block % spheres, k, k + 1);
  });
  return Int32Array.from(made);
}

/** Room for the links' spheres with their radii, and the base's sphere, which never moves. */
function spheresOf(body: ArmBody): Float64Array {
  const { groupCount, capsuleCount, groupOf, local } = body;
  const spheres = new Float64Array((groupCount + 1) * CAPSULE_STRIDE);
  for (let k = 0; k < capsuleCount; k += 1) {
    const g = groupOf[k];
    if (g < 0) continue;
    const at = g * CAPSULE_STRIDE + 6;
    spheres[at] = Math.max(spheres[at], body.groupRadius[g] + local[k * CAPSULE_STRIDE + 6]);
  }
  const fixed = Array.from({ length: capsuleCount }, (_, k) => k).filter((k) => groupOf[k] < 0);
  if (fixed.length === 0) return spheres;
  placeBody(body, new Float64Array(body.chain.jointCount), 0);
  const base = groupCount * CAPSULE_STRIDE;
  for (let axis = 0; axis < 3; axis += 1) {
    const values = fixed
      .flatMap((k) => [k * CAPSULE_STRIDE, k * CAPSULE_STRIDE + 3])
      .map((at) => body.world[at + axis]);
    spheres[base + axis] = spheres[base + 3 + axis] = (Math.min(...values) + Math.max(...values)) / 2;
  }
  for (const k of fixed) {
    for (const at of [k * CAPSULE_STRIDE, k * CAPSULE_STRIDE + 3]) {
      const [x, y, z] = [0, 1, 2].map((axis) => body.world[at + axis] - spheres[base + axis]);
      const radius = Math.sqrt(x * x + y * y + z * z) + local[k * CAPSULE_STRIDE + 6];
      spheres[base + 6] = Math.max(spheres[base + 6], radius);
    }
  }
  return spheres;
}

/** Moves the spheres to where the links are. */
function placeSpheres(scene: PlanningScene): void {
  const { body, spheres } = scene;
  const { groupWorld, groupCount } = body;
  for (let g = 0; g < groupCount; g += 1) {
    const at = g * CAPSULE_STRIDE;
    for (let axis = 0; axis < 3; axis += 1) {
      spheres[at + axis] = spheres[at + 3 + axis] = groupWorld[3 * g + axis];
    }
  }
}

/** True when two spheres are farther apart than `room`. */
function spheresApart(spheres: Float64Array, a: number, b: number, room: number): boolean {
  const i = a * CAPSULE_STRIDE;
  const j = b * CAPSULE_STRIDE;
  const x = spheres[i] - spheres[j];
  const y = spheres[i + 1] - spheres[j + 1];
  const z = spheres[i + 2] - spheres[j + 2];
  const reach = room + spheres[i + 6] + spheres[j + 6];
  return x * x + y * y + z * z > reach * reach;
}

function obstacleThing(obstacle: Obstacle, marginM: number): StaticThing {
  const T = transformOf(obstacle.X_WO);
  const shape = obstacle.shape;
  const common = { name: obstacle.id, group: GROUP_OBSTACLE, marginM };
  switch (shape.type) {
    case 'box': {
      const [x, y, z] = shape.sizeM;
      return { ...common, kind: 'box', values: boxOf(T, x / 2, y / 2, z / 2) };
    }
    case 'sphere':
      return {
        ...common,
        kind: 'capsule',
        values: Float64Array.of(T[3], T[7], T[11], T[3], T[7], T[11], shape.radiusM),
      };
    case 'capsule': {
      const h = shape.lengthM / 2;
      const values = Float64Array.of(
        T[3] - h * T[2], T[7] - h * T[6], T[11] - h * T[10],
        T[3] + h * T[2], T[7] + h * T[6], T[11] + h * T[10],
        shape.radiusM,
      ); // prettier-ignore
      return { ...common, kind: 'capsule', values };
    }
    case 'cylinder': {
      const values = Float64Array.of(T[2], T[6], T[10], T[3], T[7], T[11], shape.radiusM, shape.lengthM / 2);
      return { ...common, kind: 'cylinder', values };
    }
  }
}

function standingThings(arm: StandingArm, marginM: number): StaticThing[] {
  const body = compileBody(arm.manipulator, arm.X_WB);
  placeBody(body, arm.positions, 0);
  return body.names.map((name, k) => ({
    name: `${arm.id} ${name}`,
    group: GROUP_ARM,
    kind: 'capsule',
    values: body.world.slice(k * CAPSULE_STRIDE, (k + 1) * CAPSULE_STRIDE),
    marginM,
  }));
}

/** Half the height of prisms that stand for "at any height", m: more than any arm reaches. */
const PRISM_HALF_M = 50;

/** A vertical prism as a box, for distance queries. */
export function prismBox(minM: readonly [number, number], maxM: readonly [number, number]): Float64Array {
  const x = (minM[0] + maxM[0]) / 2;
  const y = (minM[1] + maxM[1]) / 2;
  return Float64Array.of(
    1, 0, 0, 0, 1, 0, 0, 0, 1, x, y, 0,
    (maxM[0] - minM[0]) / 2, (maxM[1] - minM[1]) / 2, PRISM_HALF_M,
  ); // prettier-ignore
}

function prismThing(prism: KeepOut, marginM: number): StaticThing {
  const values = prismBox(prism.minM, prism.maxM);
  return { name: prism.id, group: GROUP_KEEP_OUT, kind: 'box', values, marginM };
}

/**
 * Checks one configuration and leaves in `scene.rows` how much every part may still travel.
 *
 * @returns the least slack, m: negative when something is closer than it may be
 */
export function checkRows(
  scene: PlanningScene,
  q: ArrayLike<number>,
  at: number,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
): number {
  const { body, statics, rows, moving, selfPairs } = scene;
  const n = body.chain.jointCount;
  const world = body.world;
  const selfMargin = scene.description.selfMarginM;
  scene.checks += 1;
  placeBody(body, q, at);
  placeSpheres(scene);
  let least = CAP_M;
  const { groupOf, groupCount } = body;
  for (let g = 0; g < groupCount; g += 1) {
    // What is far from the whole link is far from its parts.
    const far = nearestToCapsule(statics, scene.spheres, g * CAPSULE_STRIDE, GROUP_ALL, CAP_M) >= CAP_M;
    rows.slackM[g] = far ? FAR : CAP_M;
  }
  for (let m = 0; m < moving.length; m += 1) {
    const k = moving[m];
    const row = groupOf[k];
    if (rows.slackM[row] === FAR) continue;
    const slack = nearestToCapsule(statics, world, k * CAPSULE_STRIDE, GROUP_ALL, rows.slackM[row]);
    if (slack < 0) return slack;
    if (slack < least) least = slack;
    rows.slackM[row] = slack;
  }
  for (let g = 0; g < groupCount; g += 1) {
    if (rows.slackM[g] === FAR) rows.slackM[g] = CAP_M;
    groupFactors(body, g, rows.factors, g * n);
  }
  let count = groupCount;
  const { factors, slackM } = rows;
  const { selfBlocks } = scene;
  for (let b = 0, p = 0; b < selfBlocks.length; p += 3) {
    if (p === 3 * selfBlocks[b + 2]) {
      // As below, for all pairs of two links at once.
      const blockRoom = slackM[selfPairs[p + 2]] + selfMargin;
      if (spheresApart(scene.spheres, selfBlocks[b], selfBlocks[b + 1], blockRoom)) {
        p = 3 * selfBlocks[b + 3] - 3;
        b += 4;
        continue;
      }
    }
    if (p === 3 * selfBlocks[b + 3] - 3) b += 4;
    const i = selfPairs[p];
    const j = selfPairs[p + 1];
    const outerRow = selfPairs[p + 2];
    // A pair with more room than its outer link has anyway never stops the motion first: the joints that bring
    // the two together are among those that carry the outer one.
    const room = slackM[outerRow] + selfMargin;
    if (apart(world, i * CAPSULE_STRIDE, j * CAPSULE_STRIDE, room)) continue;
    const slack = capsuleCapsule(world, i * CAPSULE_STRIDE, world, j * CAPSULE_STRIDE) - selfMargin;
    if (slack < 0) return slack;
    if (slack >= slackM[outerRow]) continue;
    if (slack < least) least = slack;
    slackM[count] = slack;
    const inner = body.joints[i] < body.joints[j] ? body.joints[i] : body.joints[j];
    for (let l = 0; l < n; l += 1) factors[count * n + l] = l <= inner ? 0 : factors[outerRow * n + l];
    count += 1;
  }
  if (item !== null) {
    const lateral = lateralSlack(scene, allowance);
    const slack = itemSlack(scene, item, lateral >= 0 ? GROUP_ARM + GROUP_KEEP_OUT : GROUP_ALL, CAP_M);
    if (slack < 0) return slack;
    if (slack < least) least = slack;
    rows.slackM[count] = slack;
    itemFactors(scene, item, count * n);
    count += 1;
    if (lateral >= 0 && allowance.between === 'bounded') {
      // While obstacles do not count, the motion may go on unchecked only as long as the tip stays above its point.
      rows.slackM[count] = lateral;
      rows.factors.copyWithin(count * n, (count - 1) * n, count * n);
      count += 1;
    }
  }
  rows.count = count;
  return least;
}

/**
 * The same verdict as `checkRows(...) >= 0` without the rows, and several times faster: for looking at many
 * configurations of which most are discarded.
 */
export function isFree(
  scene: PlanningScene,
  q: ArrayLike<number>,
  at: number,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
): boolean {
  const { body, statics, moving, selfPairs } = scene;
  const world = body.world;
  scene.checks += 1;
  placeBody(body, q, at);
  if (item !== null) {
    const mask = lateralSlack(scene, allowance) >= 0 ? GROUP_ARM + GROUP_KEEP_OUT : GROUP_ALL;
    if (itemSlack(scene, item, mask, 0) < 0) return false;
  }
  placeSpheres(scene);
  const { groupOf } = body;
  // What is nearer to the tool touches something first.
  let near = -1;
  for (let m = moving.length - 1; m >= 0; m -= 1) {
    const group = groupOf[moving[m]];
    // Capsules of one link come together; one look at its sphere clears them all.
    if (group !== near) {
      if (nearestToCapsule(statics, scene.spheres, group * CAPSULE_STRIDE, GROUP_ALL, 0) >= 0) {
        while (m > 0 && groupOf[moving[m - 1]] === group) m -= 1;
        continue;
      }
      near = group;
    }
    if (nearestToCapsule(statics, world, moving[m] * CAPSULE_STRIDE, GROUP_ALL, 0) < 0) return false;
  }
  const selfMargin = scene.description.selfMarginM;
  const { selfBlocks } = scene;
  for (let b = 0; b < selfBlocks.length; b += 4) {
    if (spheresApart(scene.spheres, selfBlocks[b], selfBlocks[b + 1], selfMargin)) continue;
    for (let p = 3 * selfBlocks[b + 2]; p < 3 * selfBlocks[b + 3]; p += 3) {
      const i = selfPairs[p] * CAPSULE_STRIDE;
      const j = selfPairs[p + 1] * CAPSULE_STRIDE;
      if (!apart(world, i, j, selfMargin) && capsuleCapsule(world, i, world, j) < selfMargin) return false;
    }
  }
  return true;
}

/** True when the spheres around two capsules are already farther apart than `room`. */
function apart(world: Float64Array, a: number, b: number, room: number): boolean {
  const x = (world[a] + world[a + 3] - world[b] - world[b + 3]) / 2;
  const y = (world[a + 1] + world[a + 4] - world[b + 1] - world[b + 4]) / 2;
  const z = (world[a + 2] + world[a + 5] - world[b + 2] - world[b + 5]) / 2;
  const reach = room + world[a + 6] + world[b + 6] + halfLength(world, a) + halfLength(world, b);
  return x * x + y * y + z * z > reach * reach;
}

function halfLength(world: Float64Array, at: number): number {
  const x = world[at + 3] - world[at];
  const y = world[at + 4] - world[at + 1];
  const z = world[at + 5] - world[at + 2];
  return Math.sqrt(x * x + y * y + z * z) / 2;
}

/** How far the tip may still move sideways before it is not straight above an allowed point; negative: it is not. */
function lateralSlack(scene: PlanningScene, allowance: ItemContactAllowance): number {
  const { frames } = scene.body;
  const tip = tipAt(scene.body);
  for (const [x, y] of allowance.points) {
    const dx = frames[tip + 3] - x;
    const dy = frames[tip + 7] - y;
    const lateral = Math.sqrt(dx * dx + dy * dy);
    if (lateral <= allowance.lateralM) return allowance.lateralM - lateral;
  }
  return -1;
}

/** Slack of the carried item at the placed configuration; leaves the item's box in `scene.item`. */
function itemSlack(scene: PlanningScene, item: CarriedItem, itemMask: number, capM: number): number {
  const { body, item: box } = scene;
  placeItem(scene, item);
  let slack = nearestToBox(scene.statics, box, 0, itemMask, capM);
  const own = lastLinkBefore(body);
  for (let k = 0; k < body.capsuleCount; k += 1) {
    if (body.joints[k] > own) continue;
    const distance = capsuleBox(body.world, k * CAPSULE_STRIDE, box, 0) - scene.description.selfMarginM;
    if (distance < slack) slack = distance;
  }
  return slack;
}

/** The item hangs on the last link and is beside the last but one by design; it is checked against those before. */
function lastLinkBefore(body: ArmBody): number {
  return body.chain.jointCount - 3;
}

/** Writes the item's box for the placed configuration. */
export function placeItem(scene: PlanningScene, item: CarriedItem): void {
  const { body, item: box } = scene;
  const tip = tipAt(body);
  const [x, y, z] = item.sizeM;
  setBox(body.frames, tip, x / 2, y / 2, z / 2, box, 0);
  box[9] += (body.frames[tip + 2] * z) / 2;
  box[10] += (body.frames[tip + 6] * z) / 2;
  box[11] += (body.frames[tip + 10] * z) / 2;
}

/** Travel factors of the item: it lies within its half diagonal of its centre. */
function itemFactors(scene: PlanningScene, item: CarriedItem, to: number): void {
  const { body, item: box, rows } = scene;
  const [x, y, z] = item.sizeM;
  const half = Math.sqrt(x * x + y * y + z * z) / 2;
  travelFactors(body, body.chain.jointCount - 1, box[9], box[10], box[11], half, rows.factors, to);
}

/** Says whether a configuration is free and, if not, which pair is worst and by how much. For people: not fast. */
export function checkConfiguration(
  scene: PlanningScene,
  q: ArrayLike<number>,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
): ConfigurationVerdict {
  if (checkRows(scene, q, 0, item, allowance) >= 0) return { status: 'free' };
  const { body, statics, selfPairs, description } = scene;
  const world = body.world;
  let contact: Contact = { first: '', second: '', depthM: -Infinity };
  const offer = (slack: number, first: string, second: string): void => {
    if (-slack > contact.depthM) contact = { first, second, depthM: -slack };
  };
  for (const k of scene.moving) {
    statics.lastHit = -1;
    const slack = nearestToCapsule(statics, world, k * CAPSULE_STRIDE, GROUP_ALL, 0);
    if (slack < 0) offer(slack, body.names[k], statics.things[statics.lastHit].name);
  }
  for (let p = 0; p < selfPairs.length; p += 3) {
    const [i, j] = [selfPairs[p], selfPairs[p + 1]];
    const distance = capsuleCapsule(world, i * CAPSULE_STRIDE, world, j * CAPSULE_STRIDE);
    offer(distance - description.selfMarginM, body.names[i], body.names[j]);
  }
  if (item !== null) {
    placeItem(scene, item);
    statics.lastHit = -1;
    const mask = lateralSlack(scene, allowance) >= 0 ? GROUP_ARM + GROUP_KEEP_OUT : GROUP_ALL;
    const slack = nearestToBox(statics, scene.item, 0, mask, 0);
    if (slack < 0) offer(slack, 'item', statics.things[statics.lastHit].name);
    for (let k = 0; k < body.capsuleCount; k += 1) {
      if (body.joints[k] > lastLinkBefore(body)) continue;
      const distance = capsuleBox(world, k * CAPSULE_STRIDE, scene.item, 0);
      offer(distance - description.selfMarginM, 'item', body.names[k]);
    }
  }
  return { status: 'contact', contact };
}
