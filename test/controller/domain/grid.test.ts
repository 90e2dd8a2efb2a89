import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Place } from '../../../controller/domain/cell.ts';
import {
  CELL_MARGIN_M,
  RIM_MARGIN_M,
  cellAt,
  cellCentreM,
  cellCount,
  cellSizeM,
  contentMassKg,
  fitsCell,
  pickPointM,
  placePointM,
  roomFor,
  stackHeightM,
} from '../../../controller/domain/grid.ts';

const place: Place = {
  id: 'B1',
  kind: 'bin',
  positionM: [1, 2, 0.5],
  innerSizeM: [0.6, 0.4, 0.3],
  grid: [3, 2],
};

const items: Record<string, { sizeM: [number, number, number]; massKg: number }> = {
  low: { sizeM: [0.1, 0.1, 0.05], massKg: 0.2 },
  high: { sizeM: [0.15, 0.15, 0.2], massKg: 1 },
  wide: { sizeM: [0.199, 0.1, 0.05], massKg: 1 },
};
const itemOf = (sku: string) => items[sku];

describe('the item grid', () => {
  it('numbers cells along x first and centres them in the container', () => {
    expect(cellCentreM(place, 0)).toEqual([1 - 0.2, 2 - 0.1, 0.5]);
    expect(cellCentreM(place, 2)[0]).toBeCloseTo(1.2, 12);
    expect(cellCentreM(place, 3)[1]).toBeCloseTo(2.1, 12);
    expect(() => cellCentreM(place, 6)).toThrow(/cells 0 to 5, not 6/);
  });

  it('finds the cell over which a point lies, for any grid', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (columns, rows) => {
        const any = { ...place, grid: [columns, rows] as const };
        const [lengthM, widthM] = cellSizeM(any);
        for (let cell = 0; cell < cellCount(any); cell += 1) {
          const [x, y, z] = cellCentreM(any, cell);
          for (const share of [-0.49, 0, 0.49]) {
            expect(cellAt(any, [x + share * lengthM, y - share * widthM, z])).toBe(cell);
          }
        }
      }),
      { seed: 11 },
    );
    expect(cellAt(place, [1.301, 2, 0.5])).toBeNull();
    expect(cellAt(place, [1, 1.799, 0.5])).toBeNull();
  });

  it('picks from the top of the stack and places on it', () => {
    const container = { stacks: [['low', 'high'], [], [], [], [], []] };
    expect(pickPointM(place, container, 0, itemOf)[2]).toBeCloseTo(0.75, 12);
    expect(placePointM(place, container, 0, [0.1, 0.1, 0.05], itemOf)[2]).toBeCloseTo(0.8, 12);
    expect(pickPointM(place, container, 1, itemOf)[2]).toBe(0.5);
    expect(contentMassKg(container, itemOf)).toBeCloseTo(1.2, 12);
    expect(() => stackHeightM(['ghost'], itemOf)).toThrow(/SKU ghost/);
  });

  it('refuses what is wider than a cell with its margins', () => {
    expect(fitsCell(place, [0.2 - 2 * CELL_MARGIN_M, 0.1, 0.1])).toBe(true);
    expect(fitsCell(place, [0.2 - 2 * CELL_MARGIN_M + 1e-6, 0.1, 0.1])).toBe(false);
    expect(roomFor(place, { stacks: [[], [], [], [], [], []] }, 'wide', itemOf, 'any')).toBeNull();
  });

  it('puts a unit on the lowest stack with room, and nowhere when all are full', () => {
    const full = ['low', 'low', 'low', 'low', 'low']; // 0.25 m; one more would reach 0.30, above the margin
    expect(
      roomFor(place, { stacks: [full, ['high'], ['low'], full, full, full] }, 'low', itemOf, 'any'),
    ).toBe(2);
    expect(roomFor(place, { stacks: [full, full, full, full, full, full] }, 'low', itemOf, 'any')).toBeNull();
    expect(RIM_MARGIN_M).toBeGreaterThan(0);
  });

  it('keeps a SKU on its like when it has to be got at again', () => {
    const container = { stacks: [['high'], ['low', 'low'], ['high'], ['high'], ['high'], ['high']] };
    expect(roomFor(place, container, 'low', itemOf, 'same-sku')).toBe(1);
    expect(roomFor(place, container, 'low', itemOf, 'same-sku', [1])).toBeNull();
    expect(roomFor(place, container, 'low', itemOf, 'any')).toBe(1);
  });

  it('fills any container without ever passing the rim', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('low', 'high'), { maxLength: 60 }), (units) => {
        const stacks: string[][] = [[], [], [], [], [], []];
        for (const sku of units) {
          const cell = roomFor(place, { stacks }, sku, itemOf, 'any');
          if (cell === null) continue;
          (stacks[cell] as string[]).push(sku);
          expect(stackHeightM(stacks[cell] as string[], itemOf)).toBeLessThanOrEqual(
            0.3 - RIM_MARGIN_M + 1e-8,
          );
        }
      }),
      { seed: 12 },
    );
  });
});
