import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  capsuleBox,
  capsuleCapsule,
  capsuleCylinder,
  CYLINDER_SLACK_PER_M,
  pointBox,
} from '../../../arms/geometry/distance.ts';

const SEED = 20260101;
const STEPS = 400;

const coordinate = fc.double({ min: -1.5, max: 1.5, noNaN: true });
const extent = fc.double({ min: 0.02, max: 0.8, noNaN: true });
const radius = fc.double({ min: 0, max: 0.2, noNaN: true });
const point = fc.tuple(coordinate, coordinate, coordinate);
const rotation = fc
  .tuple(coordinate, coordinate, coordinate, coordinate)
  .filter((q) => Math.hypot(...q) > 0.1)
  .map((q) => {
    const n = Math.hypot(...q);
    const [x, y, z, w] = q.map((v) => v / n) as [number, number, number, number];
    return [
      1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
      2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
      2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
    ]; // prettier-ignore
  });
/** Axis-parallel rotations and coordinates on a coarse lattice: parallel, touching and degenerate cases. */
const lattice = fc.constantFrom(-1, -0.5, -0.25, 0, 0.25, 0.5, 1);
const latticePoint = fc.tuple(lattice, lattice, lattice);
const anyPoint = fc.oneof(point, latticePoint);
const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const anyRotation = fc.oneof(rotation, fc.constant(IDENTITY));

function lerp(p: readonly number[], q: readonly number[], t: number): [number, number, number] {
  return [p[0]! + (q[0]! - p[0]!) * t, p[1]! + (q[1]! - p[1]!) * t, p[2]! + (q[2]! - p[2]!) * t];
}

function toLocal(r: readonly number[], c: readonly number[], p: readonly number[]): [number, number, number] {
  const [x, y, z] = [p[0]! - c[0]!, p[1]! - c[1]!, p[2]! - c[2]!];
  return [
    r[0]! * x + r[3]! * y + r[6]! * z,
    r[1]! * x + r[4]! * y + r[7]! * z,
    r[2]! * x + r[5]! * y + r[8]! * z,
  ];
}

/** Signed distance of a point to a box, written differently from the code under test. */
function boxOracle(p: readonly number[], h: readonly number[]): number {
  const e = p.map((v, k) => Math.abs(v) - h[k]!);
  const outside = Math.hypot(...e.map((v) => Math.max(v, 0)));
  return outside > 0 ? outside : Math.max(...e);
}

function expectMinimum(actual: number, sampled: number, spacing: number): void {
  expect(actual).toBeLessThanOrEqual(sampled + 1e-9);
  expect(actual).toBeGreaterThanOrEqual(sampled - spacing - 1e-9);
}

describe('capsule and capsule', () => {
  it('is the least distance of densely sampled axes minus both radii', () => {
    fc.assert(
      fc.property(anyPoint, anyPoint, anyPoint, anyPoint, radius, radius, (p, q, u, v, r1, r2) => {
        const a = Float64Array.of(9, ...p, ...q, r1);
        const b = Float64Array.of(...u, ...v, r2);
        let least = Infinity;
        const n = 60;
        for (let i = 0; i <= n; i += 1) {
          const x = lerp(p, q, i / n);
          // The closest point of the other axis to x, exactly.
          const d = [v[0] - u[0], v[1] - u[1], v[2] - u[2]];
          const dd = d[0]! * d[0]! + d[1]! * d[1]! + d[2]! * d[2]!;
          const along = (x[0] - u[0]) * d[0]! + (x[1] - u[1]) * d[1]! + (x[2] - u[2]) * d[2]!;
          const y = lerp(u, v, dd > 0 ? Math.min(1, Math.max(0, along / dd)) : 0);
          least = Math.min(least, Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]));
        }
        const spacing = Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]) / n;
        const actual = capsuleCapsule(a, 1, b, 0);
        expectMinimum(actual, least - r1 - r2, spacing);
        expect(capsuleCapsule(b, 0, a, 1)).toBeCloseTo(actual, 8);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  it('knows crossing, parallel and point axes', () => {
    const cross = Float64Array.of(-1, 0, 0, 1, 0, 0, 0.1);
    expect(capsuleCapsule(cross, 0, Float64Array.of(0, -1, 0, 0, 1, 0, 0.2), 0)).toBeCloseTo(-0.3, 12);
    expect(capsuleCapsule(cross, 0, Float64Array.of(-3, 0.5, 0, 3, 0.5, 0, 0.1), 0)).toBeCloseTo(0.3, 12);
    expect(capsuleCapsule(cross, 0, Float64Array.of(2, 0, 0, 2, 0, 0, 0.1), 0)).toBeCloseTo(0.8, 12);
  });
});

describe('capsule and box', () => {
  it('is the least signed distance of a densely sampled axis minus the radius', () => {
    fc.assert(
      fc.property(
        anyPoint,
        anyPoint,
        radius,
        anyRotation,
        anyPoint,
        extent,
        extent,
        extent,
        (p, q, r, R, c, hx, hy, hz) => {
          const a = Float64Array.of(...p, ...q, r);
          const b = Float64Array.of(7, 7, ...R, ...c, hx, hy, hz);
          let least = Infinity;
          for (let i = 0; i <= STEPS; i += 1) {
            least = Math.min(least, boxOracle(toLocal(R, c, lerp(p, q, i / STEPS)), [hx, hy, hz]));
          }
          const spacing = Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]) / STEPS;
          expectMinimum(capsuleBox(a, 0, b, 2), least - r, spacing);
        },
      ),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it('measures the depth of an axis that pierces the box', () => {
    const box = Float64Array.of(...IDENTITY, 0, 0, 0, 1, 0.5, 0.25);
    expect(capsuleBox(Float64Array.of(-3, 0, 0, 3, 0, 0, 0.1), 0, box, 0)).toBeCloseTo(-0.35, 12);
    expect(capsuleBox(Float64Array.of(0, 0, -1, 0, 0, 1, 0), 0, box, 0)).toBeCloseTo(-0.25, 12);
    expect(capsuleBox(Float64Array.of(0, 0, 0.2, 0, 0, 1, 0), 0, box, 0)).toBeCloseTo(-0.05, 12);
  });

  it('gives a point its own signed distance', () => {
    expect(pointBox(0, 0, 0, 1, 2, 3)).toBe(-1);
    expect(pointBox(4, 6, 0, 1, 2, 3)).toBe(5);
  });
});

describe('capsule and cylinder', () => {
  it('is never above the true distance and hardly below', () => {
    fc.assert(
      fc.property(
        anyPoint,
        anyPoint,
        radius,
        anyRotation,
        anyPoint,
        extent,
        extent,
        (p, q, r, R, c, cr, ch) => {
          const a = Float64Array.of(...p, ...q, r);
          const b = Float64Array.of(R[2]!, R[5]!, R[8]!, ...c, cr, ch);
          let least = Infinity;
          for (let i = 0; i <= STEPS; i += 1) {
            const [x, y, z] = toLocal(R, c, lerp(p, q, i / STEPS));
            const e = [Math.hypot(x, y) - cr, Math.abs(z) - ch];
            const out = Math.hypot(Math.max(e[0]!, 0), Math.max(e[1]!, 0));
            least = Math.min(least, out > 0 ? out : Math.max(e[0]!, e[1]!));
          }
          const length = Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]);
          expectMinimum(
            capsuleCylinder(a, 0, b, 0),
            least - r,
            length / STEPS + length * CYLINDER_SLACK_PER_M,
          );
        },
      ),
      { seed: SEED, numRuns: 1000 },
    );
  });
});
