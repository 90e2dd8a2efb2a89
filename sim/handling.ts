import type { Vec3 } from '../arms/geometry/pose.ts';
import { CELL_MARGIN_M, cellCentreM, cellSizeM } from '../controller/domain/grid.ts';
import type { SizeM } from '../controller/domain/grid.ts';
import type { Goods, UnitId } from './items.ts';
import type { RandomStreams } from './random.ts';
import type { SimSettings } from './settings.ts';

/**
 * What happens between a suction tool and goods. Where the tip is decides, not what the controller meant: a grasp
 * takes what lies under the tip, a release lands where the tip is. On top of that come the seeded mishaps.
 */

export type GraspResult =
  | { readonly status: 'grasped'; readonly units: readonly UnitId[] }
  | { readonly status: 'failed'; readonly because: 'nothing-there' | 'off-centre' | 'no-seal' };

export type ReleaseResult =
  | { readonly status: 'released'; readonly into: string | null }
  | {
      readonly status: 'blocked';
      readonly because: 'stuck' | 'on-other-goods' | 'above-the-rim' | 'on-the-wall';
    };

/** How far an item may be pressed onto what lies below before it counts as blocked, m: the bellows give way. */
const PRESS_MAX_M = 0.008;

/** The tool of an arm sucks with its tip at a point (world, m). Failures leave everything where it was. */
export function grasp(
  goods: Goods,
  armId: string,
  tipM: Vec3,
  settings: SimSettings,
  random: RandomStreams,
): GraspResult {
  const stream = random.of(`grasp:${armId}`);
  const noSeal = stream.chance(settings.rates.graspFailed);
  const twice = stream.chance(settings.rates.doublePick);
  const { horizontal, vertical } = settings.graspToleranceM;
  const near = (topM: Vec3): boolean =>
    Math.hypot(topM[0] - tipM[0], topM[1] - tipM[1]) <= horizontal && Math.abs(topM[2] - tipM[2]) <= vertical;
  if (goods.inTheOpen()) {
    const unit = goods.liftSpot(armId, (topM) =>
      near(topM) ? Math.hypot(topM[0] - tipM[0], topM[1] - tipM[1], topM[2] - tipM[2]) : Infinity,
    );
    return unit === null
      ? { status: 'failed', because: 'nothing-there' }
      : { status: 'grasped', units: [unit] };
  }
  const found = goods.under(tipM);
  const stack = found?.container.stacks[found.cell] ?? [];
  if (found === null || stack.length === 0) return { status: 'failed', because: 'nothing-there' };
  const [x, y, floorZ] = cellCentreM(found.place, found.cell);
  if (!near([x, y, floorZ + goods.stackHeightM(stack)])) return { status: 'failed', because: 'off-centre' };
  if (noSeal) return { status: 'failed', because: 'no-seal' };
  const count = twice && stack.length > 1 ? 2 : 1;
  return { status: 'grasped', units: goods.lift(armId, found.container, found.cell, count) };
}

/**
 * The tool of an arm lets go with its tip at a point (world, m). Over a container the goods land on the stack below,
 * unless something is in the way: then the arm still holds them. Beside containers they fall to the floor.
 */
export function release(
  goods: Goods,
  armId: string,
  tipM: Vec3,
  settings: SimSettings,
  random: RandomStreams,
): ReleaseResult {
  const stuck = random.of(`release:${armId}`).chance(settings.rates.placeBlocked);
  const sizeM = goods.heldSizeM(armId);
  if (sizeM === null) return { status: 'released', into: null };
  if (stuck) return { status: 'blocked', because: 'stuck' };
  if (goods.inTheOpen()) {
    goods.setDownInTheOpen(armId, tipM);
    return { status: 'released', into: null };
  }
  const found = goods.under(tipM);
  if (found === null) {
    goods.drop(armId, tipM);
    return { status: 'released', into: null };
  }
  const { place, container, cell } = found;
  const [x, y, floorZ] = cellCentreM(place, cell);
  const cellM = cellSizeM(place);
  const astray = (axis: 0 | 1, centre: number): boolean =>
    Math.abs(tipM[axis] - centre) > freePlayM(cellM[axis], sizeM, axis) + settings.graspToleranceM.horizontal;
  if (astray(0, x) || astray(1, y)) return { status: 'blocked', because: 'on-the-wall' };
  const topM = goods.stackHeightM(container.stacks[cell] ?? []);
  if (tipM[2] - sizeM[2] < floorZ + topM - PRESS_MAX_M)
    return { status: 'blocked', because: 'on-other-goods' };
  if (topM + sizeM[2] > place.innerSizeM[2]) return { status: 'blocked', because: 'above-the-rim' };
  goods.setDown(armId, container, cell);
  return { status: 'released', into: container.id };
}

/** How far off its cell's centre an item may land before it touches the wall or its neighbour, m. */
function freePlayM(cellM: number, sizeM: SizeM, axis: 0 | 1): number {
  return Math.max(0, (cellM - sizeM[axis]) / 2 - CELL_MARGIN_M);
}
