import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerBoundS } from '../../../controller/scheduling/lower-bound.ts';
import type { BoundedWork } from '../../../controller/scheduling/lower-bound.ts';

/** By trying every set of arms. */
function byHand(tasks: readonly BoundedWork[], armCount: number): number {
  let most = 0;
  for (let set = 1; set < 1 << armCount; set += 1) {
    let size = 0;
    for (let arm = 0; arm < armCount; arm += 1) size += (set >> arm) & 1;
    const own = tasks.filter(({ arms }) => arms.length > 0 && arms.every((arm) => ((set >> arm) & 1) === 1));
    most = Math.max(most, own.reduce((sum, { workS }) => sum + workS, 0) / size);
  }
  return most;
}

describe('the bound from loads', () => {
  it('is the largest, over all sets of arms, of the work that only they can do per arm', () => {
    const task = fc.record({
      arms: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 0, maxLength: 4 }),
      workS: fc.double({ min: 0.1, max: 10, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(task, { maxLength: 30 }), (tasks) => {
        expect(lowerBoundS(tasks, 5)).toBeCloseTo(byHand(tasks, 5), 6);
      }),
    );
  });
});
