import type { Quaternion, Vec3 } from '../arms/geometry/pose.ts';
import type { Obstacle } from '../arms/geometry/shape.ts';

/** Boxes that the fixed parts of a cell are made of. */

const UPRIGHT: Quaternion = [0, 0, 0, 1];

function box(id: string, sizeM: readonly [number, number, number], positionM: Vec3): Obstacle {
  return { id, shape: { type: 'box', sizeM }, X_WO: { positionM, quaternionXyzw: UPRIGHT } };
}

/**
 * The floor and the four walls of an open container: `positionM` is the centre of its inner floor, the walls rise
 * from the underside of the floor to the inner height. The ids are PLACE-floor, -left (least x), -right, -front
 * (least y), -back.
 */
export function containerObstacles(
  placeId: string,
  positionM: Vec3,
  innerSizeM: readonly [number, number, number],
  thicknessM: number,
): readonly Obstacle[] {
  const [x, y, z] = positionM;
  const [length, width, height] = innerSizeM;
  const outerX = length + 2 * thicknessM;
  const outerY = width + 2 * thicknessM;
  const wallZ = z + (height - thicknessM) / 2;
  const wallHeight = height + thicknessM;
  const sideX = (length + thicknessM) / 2;
  const sideY = (width + thicknessM) / 2;
  return [
    box(`${placeId}-floor`, [outerX, outerY, thicknessM], [x, y, z - thicknessM / 2]),
    box(`${placeId}-left`, [thicknessM, outerY, wallHeight], [x - sideX, y, wallZ]),
    box(`${placeId}-right`, [thicknessM, outerY, wallHeight], [x + sideX, y, wallZ]),
    box(`${placeId}-front`, [outerX, thicknessM, wallHeight], [x, y - sideY, wallZ]),
    box(`${placeId}-back`, [outerX, thicknessM, wallHeight], [x, y + sideY, wallZ]),
  ];
}

/** A square column whose top is `gapM` below the base frame at `baseM`. */
export function pedestalObstacle(
  armId: string,
  baseM: Vec3,
  pedestal: { readonly widthM: number; readonly heightM: number; readonly gapM: number },
): Obstacle {
  const centre: Vec3 = [baseM[0], baseM[1], baseM[2] - pedestal.gapM - pedestal.heightM / 2];
  return box(`${armId}-pedestal`, [pedestal.widthM, pedestal.widthM, pedestal.heightM], centre);
}

export { box as boxObstacle };
