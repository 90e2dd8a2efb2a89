import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule } from '../../../arms/geometry/distance.ts';
import { seededRandom } from '../../../arms/geometry/random.ts';
import { compileBody, placeBody } from '../../../arms/planning/arm-body.ts';
import type { CarriedItem } from '../../../arms/planning/scene.ts';
import { placeItem, prepareScene } from '../../../arms/planning/scene.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { armShape } from '../../../controller/coordination/arm-shape.ts';
import { conflictRegions } from '../../../controller/coordination/conflict-regions.ts';
import { createConflictTable } from '../../../controller/coordination/conflict-table.ts';
import { cellCount, sampleLeg, sampleStand } from '../../../controller/coordination/leg-samples.ts';
import type { ArmModel } from '../../../controller/domain/cell.ts';
import { shippedArm } from '../../arms/planning/shipped-arm.ts';

const MARGIN_M = 0.02;
const STEP_US = 20_000;
const ITEM: CarriedItem = { sizeM: [0.14, 0.09, 0.08] };
const manipulator = shippedArm('ur10e');
const limits = manipulator.joints.map((joint) => joint.limits);

function arm(id: string, x: number): ArmModel {
  const X_WB = { positionM: [x, 0, 0], quaternionXyzw: [0, 0, 0, 1] } as const;
  return { id, manipulator, X_WB, park: [0, -1.57, 1.57, -1.57, -1.57, 0] };
}

const LEFT = arm('left', -0.5);
const RIGHT = arm('right', 0.5);

/** A motion in the half of the arm's room that lies towards the other one. */
function motion(random: () => number, towards: number): JointTrajectory {
  const u = (middle: number, spread: number): number => middle + (2 * random() - 1) * spread;
  const q = (): number[] => [u(towards, 1), u(-1.4, 0.6), u(1.6, 0.7), u(-1.6, 0.6), u(-1.57, 0.5), u(0, 1)];
  const timed = timePath(straightPath([q(), q(), q()], { kind: 'blend', deviationMax: 0.3 }), limits);
  if (timed.status !== 'timed') throw new Error(timed.detail);
  return timed.trajectory;
}

/** Exact distance of two arms from the second link on, capsule by capsule; the left one with its item as a box. */
function distanceM(q: Float64Array, r: Float64Array): number {
  placeBody(left.body, q, 0);
  placeItem(left, ITEM);
  placeBody(right, r, 0);
  let least = Infinity;
  for (let n = 0; n < right.capsuleCount; n += 1) {
    if (right.joints[n] < 1) continue;
    least = Math.min(least, capsuleBox(right.world, n * CAPSULE_STRIDE, left.item, 0));
    for (let k = 0; k < left.body.capsuleCount; k += 1) {
      if (left.body.joints[k] < 1 || right.joints[n] < 1) continue;
      least = Math.min(
        least,
        capsuleCapsule(left.body.world, k * CAPSULE_STRIDE, right.world, n * CAPSULE_STRIDE),
      );
    }
  }
  return least;
}

/** Arms that can stop at once. */
function atOnce({ timesUs }: JointTrajectory): Int32Array {
  const cells = cellCount(timesUs[timesUs.length - 1], STEP_US);
  return Int32Array.from({ length: cells }, (_, k) => k);
}

const left = prepareScene({
  manipulator,
  X_WB: LEFT.X_WB,
  obstacles: [],
  standingArms: [],
  keepOut: [],
  obstacleMarginM: 0,
  selfMarginM: 0,
  armMarginM: 0,
  keepOutMarginM: 0,
});
const right = compileBody(manipulator, RIGHT.X_WB);
const leftShape = armShape(LEFT, ITEM);
const rightShape = armShape(RIGHT, null);

describe('conflicts of two arms', () => {
  const table = createConflictTable(MARGIN_M);
  const q = new Float64Array(6);
  const r = new Float64Array(6);
  let near = 0;
  let kept = 0;

  it('are all found: outside of what is forbidden the arms keep their distance, looked at every 5 ms', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const random = seededRandom(seed);
        const mine = motion(random, Math.PI);
        const other = motion(random, 0);
        const a = sampleLeg(leftShape, mine, STEP_US, atOnce(mine));
        const b = sampleLeg(rightShape, other, STEP_US, atOnce(other));
        const regions = conflictRegions(a, b, MARGIN_M);
        for (let tries = 0; tries < 3; tries += 1) {
          const offset = (random() * 2 - 1) * 1.2e6;
          const next = table.nextOffset(a, b, offset);
          const free = next === offset;
          expect(table.nextOffset(a, b, next)).toBe(next);
          if (regions.length === 0) expect(free).toBe(true);
          for (
            let us = Math.max(0, offset);
            us < Math.min(a.durationUs, b.durationUs + offset);
            us += 5_000
          ) {
            sampleTrajectory(mine, us, q);
            sampleTrajectory(other, us - offset, r);
            const isNear = distanceM(q, r) < MARGIN_M;
            if (!isNear) continue;
            near += 1;
            expect(free).toBe(false);
            const [p, s] = [us, us - offset];
            expect(
              regions.some((g) => p >= g.aFromUs && p <= g.aUntilUs && s >= g.bFromUs && s <= g.bUntilUs),
            ).toBe(true);
          }
          if (free) kept += 1;
        }
      }),
      { numRuns: 25 },
    );
    expect(near).toBeGreaterThan(100);
    expect(kept).toBeGreaterThan(5);
  });

  it('with an arm that stands are spans of the other one', () => {
    let hits = 0;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const random = seededRandom(seed);
        const mine = motion(random, Math.PI);
        const stand = mine.positions[0];
        const other = motion(random, 0);
        const standing = sampleStand(leftShape, stand, STEP_US);
        const spans = table.spans(standing, sampleLeg(rightShape, other, STEP_US, atOnce(other)));
        q.set(stand);
        for (let us = 0; us <= other.timesUs[other.timesUs.length - 1]; us += 5_000) {
          sampleTrajectory(other, us, r);
          if (distanceM(q, r) >= MARGIN_M) continue;
          hits += 1;
          expect(spans.some((from, k) => k % 2 === 0 && us >= from && us <= spans[k + 1])).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
    expect(hits).toBeGreaterThan(20);
  });
});
