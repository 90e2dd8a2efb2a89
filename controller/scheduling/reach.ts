import { cellCentreM, cellCount } from '../domain/grid.ts';
import type { ArmModel, CellModel, Place } from '../domain/cell.ts';
import type { Vec3 } from '../../arms/geometry/pose.ts';
import { solveToolDown } from '../../arms/planning/inverse-kinematics.ts';

/**
 * Which arm can bring its tool, straight down, to every cell of which place, at the container's floor and at the top
 * of the approach. Kinematics only; whether there is a motion between two such points the planner says.
 */
export interface ReachTable {
  reaches(armId: string, placeId: string): boolean;
  /** Arms that reach both places, in the cell's order. */
  armsFor(fromPlaceId: string, toPlaceId: string): readonly string[];
}

const tables = new WeakMap<CellModel, ReachTable>();

/** The cell's reach; solved once for a cell. */
export function solveReach(cell: CellModel): ReachTable {
  const known = tables.get(cell);
  if (known !== undefined) return known;
  const table = reachTable(cell);
  tables.set(cell, table);
  return table;
}

/** Tool angles tried at a point, rad: the item has to lie along the container's walls. */
const YAWS_RAD = [0, Math.PI / 2, Math.PI, -Math.PI / 2];

/** Values of a seventh joint that are tried. */
const REDUNDANCY_SAMPLES = 12;

function reachTable(cell: CellModel): ReachTable {
  const reached = new Map(
    cell.arms.map((arm) => [
      arm.id,
      new Set(cell.places.filter((place) => reachesPlace(cell, arm, place)).map((place) => place.id)),
    ]),
  );
  const reaches = (armId: string, placeId: string): boolean => reached.get(armId)?.has(placeId) === true;
  const armsFor = (from: Place, to: Place): readonly string[] =>
    cell.arms.map((arm) => arm.id).filter((id) => reaches(id, from.id) && reaches(id, to.id));
  const pairs = new Map(
    cell.places.map((from) => [from.id, new Map(cell.places.map((to) => [to.id, armsFor(from, to)]))]),
  );
  return { reaches, armsFor: (from, to) => pairs.get(from)?.get(to) ?? [] };
}

function reachesPlace(cell: CellModel, arm: ArmModel, place: Place): boolean {
  const heightsM = [0, place.innerSizeM[2] + cell.approachM];
  for (let index = 0; index < cellCount(place); index += 1) {
    const [x, y, floorZ] = cellCentreM(place, index);
    if (!heightsM.every((heightM) => reachesPoint(arm, [x, y, floorZ + heightM]))) return false;
  }
  return true;
}

function reachesPoint(arm: ArmModel, pointM: Vec3): boolean {
  const request = { near: arm.park, turns: 'nearest', redundancySamples: REDUNDANCY_SAMPLES } as const;
  return solveToolDown(arm.manipulator, arm.X_WB, pointM, YAWS_RAD, request).status === 'solutions';
}
