import type { Vec3 } from '../../arms/geometry/pose.ts';
import type { Place } from './cell.ts';

/**
 * Where units lie in a container: one stack per cell of the place's grid, axis-parallel, centred on the cell.
 * Cells are numbered along x first, then along y, from the corner with the least coordinates. Pure geometry,
 * shared by the controller (where to go) and the simulator (where things are).
 */

/** Length, width, height of a unit as it lies, m. */
export type SizeM = readonly [number, number, number];

/** Size and mass by SKU; `undefined`: not known. */
export type ItemOf = (sku: string) => { readonly sizeM: SizeM; readonly massKg: number } | undefined;

/** A container as far as geometry goes: SKUs by cell, bottom first. */
export interface Stacks {
  readonly stacks: readonly (readonly string[])[];
}

/** What a cell leaves free around a unit, on each side, m: room for the placing error of arm and sensor. */
export const CELL_MARGIN_M = 0.004;

/** Comparisons allow for the last bits of decimal sizes, m. */
const EPSILON_M = 1e-9;

/** What the top of the highest unit stays below the rim, m. */
export const RIM_MARGIN_M = 0.005;

/** Number of cells of a place's grid. */
export function cellCount(place: Place): number {
  return place.grid[0] * place.grid[1];
}

/** Length along x and width along y of one cell, m. */
export function cellSizeM(place: Place): readonly [number, number] {
  return [place.innerSizeM[0] / place.grid[0], place.innerSizeM[1] / place.grid[1]];
}

/** Centre of a cell at the container's inner floor, world frame, m. Throws on a cell outside of the grid. */
export function cellCentreM(place: Place, cell: number): Vec3 {
  const [columns, rows] = place.grid;
  if (!Number.isInteger(cell) || cell < 0 || cell >= columns * rows) {
    throw new Error(`place ${place.id} has cells 0 to ${columns * rows - 1}, not ${cell}`);
  }
  const [lengthM, widthM] = cellSizeM(place);
  const column = cell % columns;
  const row = (cell - column) / columns;
  return [
    place.positionM[0] + (column - (columns - 1) / 2) * lengthM,
    place.positionM[1] + (row - (rows - 1) / 2) * widthM,
    place.positionM[2],
  ];
}

/** The cell over which a point lies; null when it is outside of the container's inner walls. */
export function cellAt(place: Place, pointM: Vec3): number | null {
  const [lengthM, widthM] = cellSizeM(place);
  const column = Math.floor((pointM[0] - place.positionM[0] + place.innerSizeM[0] / 2) / lengthM);
  const row = Math.floor((pointM[1] - place.positionM[1] + place.innerSizeM[1] / 2) / widthM);
  if (column < 0 || row < 0 || column >= place.grid[0] || row >= place.grid[1]) return null;
  return row * place.grid[0] + column;
}

/** Height of a stack above the container's inner floor, m. Throws on a SKU of unknown size. */
export function stackHeightM(stack: readonly string[], itemOf: ItemOf): number {
  let heightM = 0;
  for (const sku of stack) {
    const item = itemOf(sku);
    if (item === undefined) throw new Error(`the size of SKU ${sku} is not known`);
    heightM += item.sizeM[2];
  }
  return heightM;
}

/** Tip position for taking the top unit of a cell: the centre of its top; of the floor when the cell is empty. */
export function pickPointM(place: Place, container: Stacks, cell: number, itemOf: ItemOf): Vec3 {
  const [x, y, floorZ] = cellCentreM(place, cell);
  return [x, y, floorZ + stackHeightM(container.stacks[cell] ?? [], itemOf)];
}

/** Tip position for putting a unit of this height onto a cell: its bottom touches the stack. */
export function placePointM(
  place: Place,
  container: Stacks,
  cell: number,
  itemSizeM: SizeM,
  itemOf: ItemOf,
): Vec3 {
  const [x, y, z] = pickPointM(place, container, cell, itemOf);
  return [x, y, z + itemSizeM[2]];
}

/** `any`: on whatever lies there (order totes). `same-sku`: on its like or on the floor, so that it can be got at. */
export type StackRule = 'any' | 'same-sku';

/** True when one unit fits an empty cell of this place: footprint with margin, height below the rim. */
export function fitsCell(place: Place, itemSizeM: SizeM): boolean {
  const [lengthM, widthM] = cellSizeM(place);
  return (
    itemSizeM[0] + 2 * CELL_MARGIN_M <= lengthM + EPSILON_M &&
    itemSizeM[1] + 2 * CELL_MARGIN_M <= widthM + EPSILON_M &&
    itemSizeM[2] + RIM_MARGIN_M <= place.innerSizeM[2] + EPSILON_M
  );
}

/**
 * The cell onto which one more unit goes: of those with room below the rim the one with the lowest stack, the
 * first among equals; null when there is none. `except` are cells that are spoken for.
 */
export function roomFor(
  place: Place,
  container: Stacks,
  sku: string,
  itemOf: ItemOf,
  rule: StackRule,
  except: readonly number[] = [],
): number | null {
  const item = itemOf(sku);
  if (item === undefined) throw new Error(`the size of SKU ${sku} is not known`);
  if (!fitsCell(place, item.sizeM)) return null;
  let best: number | null = null;
  let bestHeightM = Infinity;
  for (let cell = 0; cell < cellCount(place); cell += 1) {
    const stack = container.stacks[cell] ?? [];
    if (except.includes(cell)) continue;
    if (rule === 'same-sku' && stack.some((lying) => lying !== sku)) continue;
    const heightM = stackHeightM(stack, itemOf);
    if (heightM + item.sizeM[2] + RIM_MARGIN_M > place.innerSizeM[2] + EPSILON_M) continue;
    if (heightM < bestHeightM) {
      best = cell;
      bestHeightM = heightM;
    }
  }
  return best;
}

/** Mass of everything in a container, kg. */
export function contentMassKg(container: Stacks, itemOf: ItemOf): number {
  let massKg = 0;
  for (const stack of container.stacks) {
    for (const sku of stack) massKg += itemOf(sku)?.massKg ?? 0;
  }
  return massKg;
}
