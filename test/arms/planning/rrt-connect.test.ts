import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rrtConnect, shorten } from '../../../arms/planning/rrt-connect.ts';
import type { RrtProblem } from '../../../arms/planning/rrt-connect.ts';

const SEED = 20260105;

/** A square room with a wall across it that leaves a gap `gap` wide at its top. */
function room(gap: number, seed: number): RrtProblem & { looks: () => number } {
  let looks = 0;
  /** Part of [0, 1] in which from + t (to - from) is below `limit`; empty when the first is not below the second. */
  const below = (from: number, to: number, limit: number): [number, number] => {
    if (from === to) return from < limit ? [0, 1] : [1, 0];
    const t = (limit - from) / (to - from);
    return to > from ? [0, Math.min(1, t)] : [Math.max(0, t), 1];
  };
  const hits = (a: readonly number[], b: readonly number[]): boolean => {
    const parts = [below(a[0], b[0], 0.1), below(-a[0], -b[0], 0.1), below(a[1], b[1], 1 - gap)];
    return Math.max(...parts.map((p) => p[0])) < Math.min(...parts.map((p) => p[1])) - 1e-9;
  };
  return {
    start: [-0.8, -0.8],
    goals: [
      [0.8, -0.8],
      [0.8, 0.2],
    ],
    lower: [-1, -1],
    upper: [1, 1],
    weights: [1, 1],
    stepS: 0.3,
    seed,
    nodesMax: 2_000,
    isLineFree: (a, b) => {
      looks += 1;
      return !hits(a, b);
    },
    mayGoOn: () => looks < 5_000,
    looks: () => looks,
  };
}

const lengthOf = (path: readonly (readonly number[])[]): number =>
  path.slice(1).reduce((sum, q, i) => sum + Math.max(...q.map((v, j) => Math.abs(v - path[i][j]))), 0);

describe('random search', () => {
  it('finds its way through a gap, to one of the goals, by free lines only', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const problem = room(0.4, seed);
        const found = rrtConnect(problem);
        expect(found).not.toBeNull();
        const path = found!.path;
        expect(path[0]).toEqual(problem.start);
        expect(path.at(-1)).toEqual(problem.goals[found!.goal]);
        for (let k = 1; k < path.length; k += 1) expect(problem.isLineFree(path[k - 1], path[k])).toBe(true);
        const short = shorten({ ...problem, mayGoOn: () => true }, path, 40);
        expect(short[0]).toEqual(path[0]);
        expect(short.at(-1)).toEqual(path.at(-1));
        for (let k = 1; k < short.length; k += 1)
          expect(problem.isLineFree(short[k - 1], short[k])).toBe(true);
        expect(lengthOf(short)).toBeLessThanOrEqual(lengthOf(path) + 1e-9);
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('gives the same path for the same seed', () => {
    expect(rrtConnect(room(0.3, 7))).toEqual(rrtConnect(room(0.3, 7)));
    expect(rrtConnect(room(0.3, 8))).not.toEqual(rrtConnect(room(0.3, 7)));
  });

  it('ends when it may not go on, and says so', () => {
    const closed = room(0, 3);
    expect(rrtConnect(closed)).toBeNull();
    expect(closed.looks()).toBeLessThanOrEqual(5_001);
    expect(rrtConnect({ ...room(0.4, 3), goals: [] })).toBeNull();
    expect(rrtConnect({ ...room(0.4, 3), mayGoOn: () => false })).toBeNull();
  });
});
