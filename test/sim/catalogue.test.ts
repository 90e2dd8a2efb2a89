import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsCell, stackHeightM } from '../../controller/domain/grid.ts';
import type { Place } from '../../controller/domain/cell.ts';
import { declareSkus, itemBounds, parseItemList, scaleArticles, stockFor } from '../../sim/catalogue.ts';
import type { Article } from '../../sim/catalogue.ts';
import { cell } from './fixture.ts';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const parsed = (path: string): readonly Article[] => {
  const result = parseItemList(JSON.parse(readFileSync(root(path), 'utf8')));
  if (!result.ok) throw new Error(result.errors.join('\n'));
  return result.articles;
};
const bpp = '../shared/data/items-bed-bpp.json';

describe('item lists', () => {
  it('reads the list that ships: about sixty everyday articles', () => {
    const articles = parsed('config/items/example-items.json');
    expect(articles.length).toBeGreaterThanOrEqual(60);
    expect(articles).toContainEqual({ name: 'Hardcover book', sizeM: [0.24, 0.16, 0.035], massKg: 0.68 });
  });

  it.skipIf(!existsSync(root(bpp)))('reads BED-BPP order files', () => {
    const articles = parsed(bpp);
    expect(articles).toHaveLength(112);
    expect(articles[0]).toEqual({ name: 'donut-00101843', sizeM: [0.6, 0.4, 0.22], massKg: 6.296 });
  });

  it('names every fault at once, with its place and value', () => {
    const list = {
      format: 'magpie-items/1',
      items: [
        { article: 'A', length_mm: 0, width_mm: 10, height_mm: 10, weight_kg: 1 },
        { article: '', length_mm: 10, width_mm: 10, height_mm: 'x', weight_kg: 1 },
        7,
      ],
    };
    const result = parseItemList(list);
    expect(result).toEqual({
      ok: false,
      errors: [
        'items[0].length_mm: is 0; a number above 0 is needed',
        'items[1].article: a name is needed',
        'items[1].height_mm: is "x"; a number above 0 is needed',
        'items[2]: is not an object',
      ],
    });
    expect(parseItemList([])).toMatchObject({ ok: false, errors: [/not a JSON object/] });
    expect(parseItemList({ order: {} })).toMatchObject({ ok: false, errors: [/BED-BPP/] });
    expect(parseItemList({})).toMatchObject({ ok: false, errors: [/no articles/] });
  });
});

describe('scaling', () => {
  it.skipIf(!existsSync(root(bpp)))('makes every article fit the grid and the tool, in proportion', () => {
    const before = parsed(bpp);
    const after = scaleArticles(before, itemBounds(cell));
    for (const [k, { sizeM, massKg }] of after.entries()) {
      expect(fitsCell(cell.places[0] as Place, sizeM)).toBe(true);
      expect(2 * sizeM[2]).toBeLessThanOrEqual(0.295 + 1e-9);
      expect(massKg).toBeLessThanOrEqual(2.5);
      const was = before[k] as Article;
      expect(sizeM[0] / sizeM[2] / (Math.max(was.sizeM[0], was.sizeM[1]) / was.sizeM[2])).toBeCloseTo(1, 1);
    }
    // The largest just fits in some direction: nothing is shrunk further than it must be.
    const slack = Math.min(...after.map(({ sizeM }) => Math.min(0.192 - sizeM[0], 0.192 - sizeM[1])));
    expect(slack).toBeLessThan(0.001);
  });

  it('never enlarges, and lays the long side along the long side of the cell', () => {
    const narrow = { ...itemBounds(cell), sizeMaxM: [0.1, 0.3, 0.1] as const };
    expect(scaleArticles([{ name: 'a', sizeM: [0.2, 0.05, 0.05], massKg: 1 }], narrow)).toEqual([
      { name: 'a', sizeM: [0.05, 0.2, 0.05], massKg: 1 },
    ]);
  });
});

describe('stock', () => {
  const articles = scaleArticles(parsed('config/items/example-items.json'), itemBounds(cell));
  const names = Array.from({ length: 300 }, (_, k) => `SKU-${k}`);
  const settings = { seed: 4, spareShare: 0.05, spareUnits: 2, containerMassMaxKg: 15 };

  it('gives the same SKU the same article, whatever else is declared', () => {
    const all = declareSkus(names, articles, 4);
    const [one] = declareSkus(['SKU-17'], articles, 4);
    expect(all.find(({ sku }) => sku === 'SKU-17')).toEqual(one);
    expect(new Set(all.map(({ name }) => name)).size).toBeGreaterThan(50);
  });

  it('covers any demand with spare, in two containers at least, below rim and mass', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 40 }), (wanted) => {
        const demand = new Map(wanted.map((units, k) => [`SKU-${k}`, units]));
        const declared = declareSkus(demand.keys(), articles, 4);
        const itemOf = (sku: string) => declared.find((one) => one.sku === sku);
        const { containers } = stockFor(demand, declared, cell, settings);
        const units = new Map<string, number>();
        const homes = new Map<string, Set<string>>();
        for (const container of containers) {
          let massKg = 0;
          for (const stack of container.stacks) {
            expect(new Set(stack).size).toBeLessThanOrEqual(1);
            expect(stackHeightM(stack, itemOf)).toBeLessThanOrEqual(0.295 + 1e-9);
            for (const sku of stack) {
              units.set(sku, (units.get(sku) ?? 0) + 1);
              homes.set(sku, (homes.get(sku) ?? new Set()).add(container.containerId));
              massKg += itemOf(sku)?.massKg ?? 0;
            }
          }
          expect(massKg).toBeLessThanOrEqual(15 + 1e-9);
        }
        for (const [sku, needed] of demand) {
          expect(units.get(sku)).toBe(needed + Math.max(2, Math.ceil(needed * 0.05)));
          expect(homes.get(sku)?.size).toBeGreaterThanOrEqual(2);
        }
      }),
      { seed: 21, numRuns: 40 },
    );
  });

  it('says what does not fit', () => {
    const tall = [{ sku: 'X', name: 'tall', sizeM: [0.1, 0.1, 0.4] as const, massKg: 1 }];
    expect(() => stockFor(new Map(), tall, cell, settings)).toThrow(/SKU X: 0.4 m/);
  });
});
