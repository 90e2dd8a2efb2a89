import { describe, expect, it } from 'vitest';
import { CAPSULE_STRIDE, capsuleCapsule } from '../../../arms/geometry/distance.ts';
import { seededRandom } from '../../../arms/geometry/random.ts';
import { compileBody, placeBody } from '../../../arms/planning/arm-body.ts';
import { pairsThatCanMeet } from '../../../arms/planning/self-pairs.ts';
import { shippedArm } from './shipped-arm.ts';

const MARGIN_M = 0.002;

describe('pairs of an arm that never meet', () => {
  const manipulator = shippedArm('ur10e');
  const kept = pairsThatCanMeet(manipulator, MARGIN_M);
  const dropped = manipulator.selfPairs.filter((pair) => !kept.includes(pair));

  it('are some, but not all', () => {
    expect(dropped.length).toBeGreaterThan(0);
    expect(kept.length).toBeGreaterThan(0);
  });

  it('keep the margin in every one of many configurations', () => {
    const body = compileBody(manipulator, { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] });
    const random = seededRandom(20260106);
    for (let n = 0; n < 3000; n += 1) {
      const q = manipulator.joints.map(({ limits: { lower, upper } }) => lower + random() * (upper - lower));
      placeBody(body, q, 0);
      for (const [i, j] of dropped) {
        const d = capsuleCapsule(body.world, i * CAPSULE_STRIDE, body.world, j * CAPSULE_STRIDE);
        expect(d).toBeGreaterThan(MARGIN_M);
      }
    }
  });
});
