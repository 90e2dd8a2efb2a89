import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../cli/load-config.ts';
import { coordinationRun } from './coordination.ts';

/** A short share of `npm run campaign -- coordination`. */
describe('arms in one space', () => {
  it.each([
    ['two-arm', 11, 'everything'],
    ['four-arm', 12, 'everything'],
    ['four-arm', 13, 'delays'],
  ] as const)(
    'do all their work and never touch (%s, seed %i, %s)',
    async (name, seed, trouble) => {
      const row = await coordinationRun(loadConfig(`config/cells/${name}.yaml`), seed, trouble, 30);
      expect(row.wrong, JSON.stringify(row)).toEqual([]);
      expect(row.contacts).toBe(0);
      expect(row.tasks).toBeGreaterThan(20);
    },
    120_000,
  );
});
