import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Vec3 } from '../../../arms/geometry/pose.ts';
import { along, minus, norm, scaled } from '../../../arms/geometry/vector.ts';
import { layOutArm } from '../../../arms/kernel/arm-layout.ts';
import { piecesOf } from '../../../arms/kernel/capsule-pieces.ts';
import { shippedArm } from '../model/shipped.ts';
import { ORIGIN, poseAt } from './scenes.ts';

const coordinate = fc.double({ min: -0.5, max: 0.5, noNaN: true });
const point = fc.tuple(coordinate, coordinate, coordinate);
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('the levels of a capsule', () => {
  it('contain it: every point of it lies in the sphere of some piece, which hardly stands out', () => {
    fc.assert(
      fc.property(point, point, fc.double({ min: 0.01, max: 0.15, noNaN: true }), share, point, share, (p, q, radiusM, s, away, depth) => {
        fc.pre(norm(away as Vec3) > 1e-3);
        const pieces = piecesOf(p as Vec3, q as Vec3, radiusM);
        const onAxis = along(p as Vec3, minus(q as Vec3, p as Vec3), s);
        const inside = along(onAxis, scaled(away as Vec3, 1 / norm(away as Vec3)), depth * radiusM);
        const isIn = pieces.some(({ sphere: [x, y, z, r] }) => norm(minus(inside, [x, y, z])) <= r + 1e-9);
        expect(isIn).toBe(true);
        for (const { sphere } of pieces) expect(sphere[3]).toBeLessThan(radiusM + 0.0081);
      }),
      { numRuns: 3000 },
    ); // prettier-ignore
  });

  it.each(['franka-panda', 'ur5e', 'ur10e'])('are topped by one sphere for each link of the %s', (name) => {
    const manipulator = shippedArm(name);
    const layout = layOutArm(manipulator, poseAt(1, 2, 0.5, [0, 0.4, 1]), 0);
    expect(layout.capsules.length).toBe(manipulator.capsules.length + manipulator.tool.capsules.length);
    for (const { first, end, centre, radiusM, joint } of layout.groups) {
      for (const capsule of layout.capsules.slice(first, end)) {
        expect(capsule.joint).toBe(joint);
        for (const at of [capsule.p, capsule.q]) {
          expect(norm(minus(at, centre)) + capsule.radiusM).toBeLessThanOrEqual(radiusM + 1e-12);
        }
      }
    }
    const home = layOutArm(manipulator, ORIGIN, 0);
    expect(home.reachM).toBeGreaterThan(0.9);
    expect(home.reachM).toBeLessThan(2.2);
  });
});
