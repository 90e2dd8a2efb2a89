import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import { shippedPath } from '../../../config/shipped.ts';
import { boxBoxSeparation, boxOf } from '../../../arms/geometry/box-separation.ts';
import { capsuleBox, capsuleCapsule, CAPSULE_STRIDE } from '../../../arms/geometry/distance.ts';
import { transformOf } from '../../../arms/geometry/transform.ts';
import { compileBody, placeBody } from '../../../arms/planning/arm-body.ts';
import { coreDistance, segmentDistance } from '../../../controller/coordination/monitor/convex.ts';
import { nearest, place } from '../../../controller/coordination/monitor/placement.ts';
import { coastReach, restReach } from '../../../controller/coordination/monitor/reach.ts';
import { separation } from '../../../controller/coordination/monitor/separation.ts';
import { watchedArm } from '../../../controller/coordination/monitor/watched-arm.ts';
import { toolTip } from '../../../sim/tool-tip.ts';

const coordinate = fc.double({ min: -1, max: 1, noNaN: true });
const point = fc.tuple(coordinate, coordinate, coordinate);
const half = fc.double({ min: 0.01, max: 0.5, noNaN: true });
const pose = fc
  .tuple(point, coordinate, coordinate, coordinate, coordinate)
  .filter(([, x, y, z, w]) => Math.hypot(x, y, z, w) > 0.1)
  .map(([positionM, x, y, z, w]) => {
    const length = Math.hypot(x, y, z, w);
    return {
      positionM,
      quaternionXyzw: [x / length, y / length, z / length, w / length] as [number, number, number, number],
    };
  });
const NO_TURNS = new Float64Array(16);

describe('distances of the monitor', () => {
  // To 5 micrometres: that far the formulas are off where segments are all but parallel.
  it('agree with the planner’s for segments', () => {
    fc.assert(
      fc.property(point, point, point, point, (p, q, u, v) => {
        const a = Float64Array.of(...p, ...q, 0);
        const b = Float64Array.of(...u, ...v, 0);
        expect(segmentDistance(a, 0, b, 0)).toBeCloseTo(capsuleCapsule(a, 0, b, 0), 5);
        const core = coreDistance({ kind: 'segment', points: a }, { kind: 'segment', points: b });
        expect(core).toBeCloseTo(capsuleCapsule(a, 0, b, 0), 5);
      }),
      { numRuns: 500 },
    );
  });

  it('agree with the planner’s for a segment and a box, and for two boxes, where they are apart', () => {
    fc.assert(
      fc.property(point, point, pose, pose, fc.tuple(half, half, half), (p, q, X, Y, h) => {
        const T = transformOf(X);
        const segment = Float64Array.of(...p, ...q, 0);
        const box = { kind: 'box' as const, T, halfM: h };
        const theirs = boxOf(T, h[0], h[1], h[2]);
        const expected = capsuleBox(segment, 0, theirs, 0);
        const found = coreDistance({ kind: 'segment', points: segment }, box);
        expect(found).toBeCloseTo(Math.max(0, expected), 6);
        const other = { kind: 'box' as const, T: transformOf(Y), halfM: h };
        // A separating axis gives a lower bound on the distance of two boxes, and its sign.
        const bound = boxBoxSeparation(theirs, 0, boxOf(other.T, h[0], h[1], h[2]), 0);
        expect(coreDistance(box, other)).toBeGreaterThan(bound - 1e-6);
        if (bound < -1e-6) expect(coreDistance(box, other)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('measure a cylinder between the segment inside it and the box around it', () => {
    fc.assert(
      fc.property(pose, pose, half, half, (X, Y, discM, halfM) => {
        const T = transformOf(X);
        const cylinder = { kind: 'cylinder' as const, T, discM, halfM };
        const box = { kind: 'box' as const, T, halfM: [discM, discM, halfM] as const };
        const other = { kind: 'box' as const, T: transformOf(Y), halfM: [0.1, 0.2, 0.3] as const };
        const axis = Float64Array.of(
          ...[-1, 1].flatMap((end) => [0, 1, 2].map((k) => T[4 * k + 3] + end * halfM * T[4 * k + 2])),
        );
        const found = coreDistance(cylinder, other);
        expect(found).toBeGreaterThanOrEqual(coreDistance(box, other) - 1e-6);
        expect(found).toBeLessThanOrEqual(coreDistance({ kind: 'segment', points: axis }, other) + 1e-6);
        const away = coreDistance({ kind: 'segment', points: axis }, other) - Math.hypot(discM, 0);
        expect(found).toBeGreaterThanOrEqual(away - 1e-6);
      }),
      { numRuns: 300 },
    );
  });
});

describe.each(['small', 'two-arm', 'four-arm'])('arms of the %s cell as the monitor sees them', (name) => {
  const loaded = loadCell(shippedPath(`cells/${name}.yaml`));
  if (loaded.status !== 'loaded') throw new Error(JSON.stringify(loaded.faults));
  const { cell, descriptions } = loaded;
  const models = cell.arms.slice(0, 2);
  const watched = models.map((model) =>
    watchedArm(
      model,
      descriptions.find((each) => each.armId === model.id)!,
    ),
  );
  const bodies = models.map((model) => compileBody(model.manipulator, model.X_WB));
  const share = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 });
  const posture = (which: number, shares: readonly number[]): number[] =>
    models[which].manipulator.joints.map(
      ({ limits }, j) =>
        Math.max(limits.lower, -3) + shares[j] * (Math.min(limits.upper, 3) - Math.max(limits.lower, -3)),
    );

  it('have their tool tips where the simulator has them', () => {
    fc.assert(
      fc.property(share, (shares) => {
        const q = posture(0, shares);
        const { frames } = place(watched[0], q, null);
        const at = watched[0].tipFrame * 12;
        const tip = toolTip(models[0], q).positionM;
        tip.forEach((value, k) => expect(frames[at + 4 * k + 3]).toBeCloseTo(value, 9));
      }),
      { numRuns: 100 },
    );
  });

  it('are as far from one another as the planner’s capsules, or further', () => {
    let apart = 0;
    fc.assert(
      fc.property(share, share, (one, other) => {
        const [p, q] = [posture(0, one), posture(1, other)];
        placeBody(bodies[0], p, 0);
        placeBody(bodies[1], q, 0);
        let planned = Infinity;
        for (let i = 0; i < bodies[0].capsuleCount; i += 1) {
          for (let j = 0; j < bodies[1].capsuleCount; j += 1) {
            const distanceM = capsuleCapsule(
              bodies[0].world,
              i * CAPSULE_STRIDE,
              bodies[1].world,
              j * CAPSULE_STRIDE,
            );
            planned = Math.min(planned, distanceM);
          }
        }
        const found = nearest(
          place(watched[0], p, null),
          place(watched[1], q, null),
          NO_TURNS,
          NO_TURNS,
          5,
          5,
        );
        expect(found.distanceM).toBeGreaterThan(planned - 1e-4);
        // The arms' descriptions are made of rounded tubes, which both see alike.
        expect(found.distanceM).toBeLessThan(planned + 0.02);
        if (planned > 0.02) apart += 1;
      }),
      { numRuns: 100 },
    );
    expect(apart).toBeGreaterThan(0);
  });

  it('never come nearer within their reach than was found', () => {
    fc.assert(
      fc.property(
        share,
        share,
        share,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (one, other, speeds, when) => {
          const [p, q] = [posture(0, one), posture(1, other)];
          const velocities = models[0].manipulator.joints.map(
            ({ limits }, j) => (2 * speeds[j] - 1) * limits.velocityMax,
          );
          const coast = coastReach(watched[0], null, p, velocities, 30_000);
          const rest = restReach(watched[1], q, null);
          const limitM = 0.02;
          const found = separation(coast, rest, limitM);
          const here = new Float64Array(16);
          coast.positions(Math.round(when * coast.until), here);
          const { distanceM } = nearest(
            place(watched[0], here, null),
            place(watched[1], q, null),
            NO_TURNS,
            NO_TURNS,
            5,
            5,
          );
          expect(found.status).not.toBe('undecided');
          if (found.status === 'clear') {
            expect(distanceM - coast.besideM).toBeGreaterThan(found.boundM - 1e-9);
            expect(found.boundM).toBeGreaterThanOrEqual(limitM - 0.001);
          } else expect(found.leastM).toBeLessThan(limitM);
        },
      ),
      { numRuns: 60 },
    );
  });
});
