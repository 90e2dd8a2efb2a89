import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadBenchCell } from '../../config/bench-cell.ts';
import { readSource } from '../../config/source.ts';
import { generateCell } from './generate-cell.ts';
import type { CellWish } from './generate-cell.ts';

const SHIPPED: readonly CellWish[] = [
  { name: 'bench-pair', seed: 11, pairs: 1, above: 'nothing', tasks: 16 },
  { name: 'bench-overhead', seed: 12, pairs: 1, above: 'one-arm', tasks: 18 },
];

describe('a generated benchmark cell', () => {
  it.each(SHIPPED)('is what ships: $name', (wish) => {
    const file = `test/bench/cells/${wish.name}.json`;
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(generateCell(wish));
    const source = readSource(file);
    const loaded = source.status === 'read' ? loadBenchCell(source.source) : source;
    expect(loaded.status).toBe('loaded');
  });

  it('depends on its seed', () => {
    const [wish] = SHIPPED;
    expect(generateCell({ ...wish, seed: 99 })).not.toEqual(generateCell(wish));
  });
});
