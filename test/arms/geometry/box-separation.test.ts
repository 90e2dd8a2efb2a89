import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxBoxSeparation, boxOf } from '../../../arms/geometry/box-separation.ts';
import { capsuleBox } from '../../../arms/geometry/distance.ts';
import { quaternionFromRpy, transformOf } from '../../../arms/geometry/transform.ts';

const SEED = 20260107;
const coordinate = fc.double({ min: -0.8, max: 0.8, noNaN: true });
const angle = fc.double({ min: -3, max: 3, noNaN: true });
const half = fc.double({ min: 0.02, max: 0.4, noNaN: true });
const box = fc
  .tuple(coordinate, coordinate, coordinate, angle, angle, angle, half, half, half)
  .map(([x, y, z, roll, pitch, yaw, hx, hy, hz]) =>
    boxOf(
      transformOf({ positionM: [x, y, z], quaternionXyzw: quaternionFromRpy(roll, pitch, yaw) }),
      hx,
      hy,
      hz,
    ),
  );

/** Points of a box on a grid, corners included. */
function* pointsOf(b: Float64Array, n: number): Generator<Float64Array> {
  for (let i = 0; i <= n; i += 1) {
    for (let j = 0; j <= n; j += 1) {
      for (let k = 0; k <= n; k += 1) {
        const u = [(2 * i) / n - 1, (2 * j) / n - 1, (2 * k) / n - 1].map((v, axis) => v * b[12 + axis]);
        const p = [0, 1, 2].map(
          (r) => b[9 + r] + b[3 * r] * u[0] + b[3 * r + 1] * u[1] + b[3 * r + 2] * u[2],
        );
        yield Float64Array.of(...p, ...p, 0);
      }
    }
  }
}

describe('two boxes', () => {
  it('are never farther apart than any two of their points, and apart when the number says so', () => {
    let overlapping = 0;
    fc.assert(
      fc.property(box, box, (a, b) => {
        const separation = boxBoxSeparation(a, 0, b, 0);
        expect(boxBoxSeparation(b, 0, a, 0)).toBeCloseTo(separation, 12);
        let least = Infinity;
        for (const point of pointsOf(a, 6)) least = Math.min(least, capsuleBox(point, 0, b, 0));
        expect(separation).toBeLessThanOrEqual(least + 1e-12 + (separation < 0 ? 1 : 0));
        if (least < 0) {
          overlapping += 1;
          expect(separation).toBeLessThan(0);
        }
      }),
      { seed: SEED, numRuns: 1000 },
    );
    expect(overlapping).toBeGreaterThan(100);
  });

  it('have the exact distance face to face', () => {
    const at = (x: number): Float64Array =>
      boxOf(transformOf({ positionM: [x, 0, 0], quaternionXyzw: [0, 0, 0, 1] }), 0.5, 0.5, 0.5);
    expect(boxBoxSeparation(at(0), 0, at(1.25), 0)).toBeCloseTo(0.25, 12);
    expect(boxBoxSeparation(at(0), 0, at(0.75), 0)).toBeCloseTo(-0.25, 12);
  });
});
