import type { Vec3 } from '../../arms/geometry/pose.ts';
import type { CarriedItem, ItemContactAllowance, PlanningScene } from '../../arms/planning/scene.ts';
import { isFree, NO_ALLOWANCE } from '../../arms/planning/scene.ts';
import type { CellModel, Place } from '../domain/cell.ts';
import type { Configuration, JobArm } from './job-arm.ts';
import { tipPose, toolAxis } from './job-arm.ts';
import type { Column } from './job-columns.ts';
import { bottomOf, columnsAlong, columnsOver } from './job-columns.ts';
import type { JobContext } from './job-context.ts';
import { above, areFree, contactAt, Failed } from './job-context.ts';

/** Where a motion begins: the straight way up, if any, where that ends, and where a carried item may touch things. */
export interface Lift {
  readonly column: Column | null;
  /** Corner from which the motion goes on; where it is to be rounded (high) or may stop (low). */
  readonly high: Configuration;
  readonly low: Configuration;
  readonly allowance: ItemContactAllowance;
}

/** Yaws of the tool at the pick, rad: the item lies axis-parallel and hangs as it lay. */
export const ALONG_YAWS_RAD: readonly number[] = [0, Math.PI];
const ACROSS_YAWS_RAD: readonly number[] = [Math.PI / 2, -Math.PI / 2];

/** Sides of an item that differ by less than this may change places, m. */
const SQUARE_TOLERANCE_M = 0.005;

/** Closer to straight down than this (cosine), a resting tool first goes straight up. */
const DOWN_COSINE = 0.999;

/** What a lift out of a container clears above its rim, m. */
const RIM_CLEARANCE_M = 0.03;

/** Joint values that differ by less than this are the same place, rad or m. */
const SAME_PLACE = 1e-4;

/** The strictest scene in which the arm stands free; throws `Failed` when there is none. */
export function sceneAtStart(jobArm: JobArm, start: Configuration, held: CarriedItem | null): PlanningScene {
  const allowance = above([tipPose(jobArm, start).positionM]);
  const scene = jobArm.scenes.find((each) => isFree(each, start, 0, held, allowance));
  if (scene !== undefined) return scene;
  const last = jobArm.scenes[jobArm.scenes.length - 1];
  const contact = contactAt(last, start, held, allowance) ?? 'something is touched';
  throw new Failed('start-in-collision', `where the arm stands ${contact}`);
}

/**
 * The straight way up from where the arm stands. An arm at its park pose, and one whose tool points elsewhere than
 * down outside of any container, has none to go.
 */
export function liftFrom(context: JobContext, held: CarriedItem | null): Lift {
  const { jobArm, cell, scene } = context;
  const { start } = context.request;
  const X_WT = tipPose(jobArm, start);
  const allowance = above([X_WT.positionM]);
  const stay: Lift = { column: null, high: start, low: start, allowance };
  if (start.every((value, j) => Math.abs(value - jobArm.arm.park[j]) < SAME_PLACE)) return stay;
  const place = placeAround(cell, X_WT.positionM);
  if (place === null && -toolAxis(jobArm, start)[2] < DOWN_COSINE) return stay;
  const heights = [cell.approachM];
  if (place !== null) {
    const rimM = place.positionM[2] + place.innerSizeM[2];
    heights.push(rimM + RIM_CLEARANCE_M + (held?.sizeM[2] ?? 0) - X_WT.positionM[2]);
  }
  for (const height of heights) {
    if (height < 1e-3) continue;
    const found = columnsAlong(jobArm, X_WT, height, start);
    if (found.status !== 'found') continue;
    // The branch the arm is on already; solutions are exact only to rounding.
    const column = found.columns.find((c) =>
      bottomOf(c).every((v, j) => Math.abs(v - start[j]) < SAME_PLACE),
    );
    if (column === undefined) continue;
    const lift = lowered(scene, { ...column, straight: [start, ...column.straight.slice(1)] }, held);
    if (!areFree(scene, [...lift.straight, lift.low], held, allowance)) continue;
    return { column: lift, high: lift.high, low: lift.low, allowance };
  }
  return stay;
}

/** The column with its corner at the end of the approach where the raised one is not free. */
function lowered(scene: PlanningScene, column: Column, item: CarriedItem | null): Column {
  return isFree(scene, column.high, 0, item, NO_ALLOWANCE) ? column : { ...column, high: column.low };
}

/** The place in whose container a point lies, below the rim. */
function placeAround(cell: CellModel, [x, y, z]: Vec3): Place | null {
  const inside = cell.places.find(({ positionM: [cx, cy, cz], innerSizeM: [w, d, h] }) =>
    Math.abs(x - cx) < w / 2 && Math.abs(y - cy) < d / 2 && z < cz + h); // prettier-ignore
  return inside ?? null;
}

/** Yaws of the tool at the place: as the item lay, and across where it fits as well that way. */
export function placeYaws(cell: CellModel, placeM: Vec3, item: CarriedItem | null): readonly number[] {
  if (item === null) return [...ALONG_YAWS_RAD, ...ACROSS_YAWS_RAD];
  const [length, width] = item.sizeM;
  const place = placeAround(cell, placeM);
  if (place === null || Math.abs(length - width) >= SQUARE_TOLERANCE_M) return ALONG_YAWS_RAD;
  const [cellX, cellY] = [place.innerSizeM[0] / place.grid[0], place.innerSizeM[1] / place.grid[1]];
  return width <= cellX && length <= cellY ? [...ALONG_YAWS_RAD, ...ACROSS_YAWS_RAD] : ALONG_YAWS_RAD;
}

/**
 * Ways straight down to a point that are free at their ends and half-way; throws `Failed` when there is none. The
 * rest of the one that is taken is checked with the motion.
 */
export function freeColumns(
  context: JobContext,
  what: 'pick' | 'place',
  pointM: Vec3,
  yawsRad: readonly number[],
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
): Column[] {
  const { jobArm, cell, scene } = context;
  const found = columnsOver(jobArm, pointM, cell.approachM, yawsRad);
  if (found.status === 'none') throw new Failed('no-ik-solution', `${what}: ${found.detail}`);
  const free = found.columns
    .map((column) => lowered(scene, column, item))
    .filter(({ straight, low }) => {
      const looks = [straight[0], straight[straight.length >> 1], low];
      return areFree(scene, looks, item, allowance);
    });
  if (free.length > 0) return free;
  const contact = contactAt(scene, bottomOf(found.columns[0]), item, allowance);
  throw new Failed(
    'goal-in-collision',
    `${what}: of ${found.columns.length} ways to get there none is free; in the first ${contact ?? 'something is touched on the way down'}`,
  );
}
