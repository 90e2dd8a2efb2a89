import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pose, Vec3 } from '../../../arms/geometry/pose.ts';
import type { Shape } from '../../../arms/geometry/shape.ts';
import { pointInPose, quaternionFromRpy } from '../../../arms/geometry/transform.ts';
import { distanceToAxis, enclosingCapsules, linkCapsules } from '../../../arms/model/capsules.ts';
import type { Capsule } from '../../../arms/model/capsules.ts';

const IDENTITY: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };
const size = fc.double({ min: 0.005, max: 1, noNaN: true });
const share = fc.double({ min: -1, max: 1, noNaN: true });

const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.tuple(size, size, size).map((sizeM): Shape => ({ type: 'box', sizeM })),
  size.map((radiusM): Shape => ({ type: 'sphere', radiusM })),
  fc.tuple(size, size).map(([radiusM, lengthM]): Shape => ({ type: 'cylinder', radiusM, lengthM })),
  fc.tuple(size, size).map(([radiusM, lengthM]): Shape => ({ type: 'capsule', radiusM, lengthM })),
);

const placed = fc
  .tuple(share, share, share, share, share, share)
  .map(([x, y, z, roll, pitch, yaw]): Pose => ({
    positionM: [x, y, z],
    quaternionXyzw: quaternionFromRpy(3 * roll, 3 * pitch, 3 * yaw),
  }));

/** A point of the shape (its surface for shares at the ends), from three shares in [-1, 1]. */
function pointOf(of: Shape, [a, b, c]: Vec3): Vec3 {
  const onCircle = (radius: number): [number, number] => [
    radius * Math.cos(Math.PI * b),
    radius * Math.sin(Math.PI * b),
  ];
  switch (of.type) {
    case 'box':
      return [(a * of.sizeM[0]) / 2, (b * of.sizeM[1]) / 2, (c * of.sizeM[2]) / 2];
    case 'sphere': {
      const [x, y] = onCircle(of.radiusM * Math.sqrt(1 - a * a));
      return [x, y, of.radiusM * a];
    }
    case 'cylinder': {
      const [x, y] = onCircle(of.radiusM * (c > 0 ? 1 : Math.abs(c)));
      return [x, y, ((c > 0 ? a : Math.sign(a)) * of.lengthM) / 2];
    }
    case 'capsule': {
      const [x, y] = onCircle(of.radiusM * Math.sqrt(1 - a * a));
      return [x, y, of.radiusM * a + (Math.sign(a) * of.lengthM) / 2];
    }
  }
}

function excess(capsules: readonly Capsule[], point: Vec3): number {
  return Math.min(...capsules.map((capsule) => distanceToAxis(capsule, point) - capsule.radiusM));
}

/** Shares that often hit corners and rims exactly. */
const corner = fc.oneof(share, fc.constantFrom(-1, 1));

describe('capsules round collision shapes', () => {
  it('hold every point of the shape', () => {
    fc.assert(
      fc.property(
        shape,
        placed,
        fc.array(fc.tuple(corner, corner, corner), { minLength: 20 }),
        (of, X_LS, shares) => {
          const capsules = enclosingCapsules(of, X_LS);
          const worst = Math.max(...shares.map((at) => excess(capsules, pointInPose(X_LS, pointOf(of, at)))));
          expect(worst).toBeLessThan(1e-9);
        },
      ),
      { seed: 21, numRuns: 600 },
    );
  });

  it('stand out of a box of arm size by less than four centimetres, and use at most 16', () => {
    fc.assert(
      fc.property(fc.tuple(size, size, size), (sizeM) => {
        const sides = sizeM.map((side) => side * 0.2) as [number, number, number];
        const capsules = enclosingCapsules({ type: 'box', sizeM: sides }, IDENTITY);
        expect(capsules.length).toBeLessThanOrEqual(16);
        for (const { p, q, radiusM } of capsules) {
          for (let axis = 0; axis < 3; axis++) {
            const reach = Math.max(Math.abs(p[axis]), Math.abs(q[axis])) + radiusM;
            const side = sides[axis] / 2;
            const shortest = Math.min(...sides) / 2;
            expect(reach - side).toBeLessThan(0.04 + shortest);
          }
        }
      }),
      { seed: 22, numRuns: 500 },
    );
  });

  it('keep the radius of a long cylinder and make a flat disc a sphere', () => {
    const long = enclosingCapsules({ type: 'cylinder', radiusM: 0.05, lengthM: 1 }, IDENTITY);
    expect(long).toHaveLength(1);
    expect(long[0].radiusM).toBe(0.05);
    const [disc] = enclosingCapsules({ type: 'cylinder', radiusM: 0.1, lengthM: 0.002 }, IDENTITY);
    expect(disc.p).toEqual(disc.q);
    expect(disc.radiusM).toBeCloseTo(Math.hypot(0.1, 0.001), 12);
  });

  it('recognise a cylinder with spheres at both ends as one capsule', () => {
    const X_LS: Pose = { positionM: [0.1, 0, 0], quaternionXyzw: quaternionFromRpy(0, Math.PI / 2, 0) };
    const at = (x: number): Pose => ({ positionM: [x, 0, 0], quaternionXyzw: [0, 0, 0, 1] });
    const sphere: Shape = { type: 'sphere', radiusM: 0.06 };
    const capsules = linkCapsules([
      { shape: { type: 'cylinder', radiusM: 0.06, lengthM: 0.04 }, X_LS },
      { shape: sphere, X_LS: at(0.08) },
      { shape: sphere, X_LS: at(0.12) },
    ]);
    expect(capsules).toHaveLength(1);
    expect(capsules[0].radiusM).toBe(0.06);
    expect(Math.abs(capsules[0].p[0] - capsules[0].q[0])).toBeCloseTo(0.04, 9);
  });

  it('leave out what lies inside another, but keep one of two equal ones', () => {
    const sphere = (radiusM: number): { shape: Shape; X_LS: Pose } => ({
      shape: { type: 'sphere', radiusM },
      X_LS: IDENTITY,
    });
    expect(linkCapsules([sphere(0.1), sphere(0.2), sphere(0.2)])).toHaveLength(1);
  });
});
