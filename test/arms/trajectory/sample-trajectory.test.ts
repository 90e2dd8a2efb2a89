import { describe, expect, it } from 'vitest';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory, sampleTrajectoryFrom } from '../../../arms/trajectory/sample-trajectory.ts';

/** p(t) = t^3 - t^4 + t^5 / 5 with its exact derivatives at uneven knots: one quintic throughout. */
function quintic(): JointTrajectory {
  const timesUs = [0, 100_000, 350_000, 1_000_000];
  const at = (f: (t: number) => number): number[][] => timesUs.map((us) => [f(us * 1e-6), -f(us * 1e-6)]);
  return {
    timesUs,
    positions: at((t) => t * t * t - t * t * t * t + (t * t * t * t * t) / 5),
    velocities: at((t) => 3 * t * t - 4 * t * t * t + t * t * t * t),
    accelerations: at((t) => 6 * t - 12 * t * t + 4 * t * t * t),
  };
}

describe('sampleTrajectory', () => {
  it('gives back the quintic that the knots were taken from, with its derivatives', () => {
    const trajectory = quintic();
    const p = new Float64Array(2);
    const v = new Float64Array(2);
    const a = new Float64Array(2);
    let cursor = 0;
    for (let us = 1; us < 1_000_000; us += 9_973) {
      const t = us * 1e-6;
      sampleTrajectory(trajectory, us, p, v, a);
      expect(p[0]).toBeCloseTo(t * t * t - t * t * t * t + (t * t * t * t * t) / 5, 12);
      expect(v[0]).toBeCloseTo(3 * t * t - 4 * t * t * t + t * t * t * t, 11);
      expect(a[1]).toBeCloseTo(-(6 * t - 12 * t * t + 4 * t * t * t), 9);
      const q = [0, 0];
      cursor = sampleTrajectoryFrom(trajectory, cursor, us, q);
      expect(q).toEqual([...p]);
    }
  });

  it('rests at the first and the last knot outside of its time, wherever the cursor stands', () => {
    const trajectory = quintic();
    const p = [0, 0];
    const v = [9, 9];
    sampleTrajectory(trajectory, -5, p, v);
    expect([p, v]).toEqual([
      [0, -0],
      [0, 0],
    ]);
    for (const cursor of [-3, 0, 2, 99]) {
      sampleTrajectoryFrom(trajectory, cursor, 2e6, p, v);
      expect([p, v]).toEqual([trajectory.positions[3], [0, 0]]);
    }
  });

  it('finds its interval from any cursor', () => {
    const timesUs = Array.from({ length: 40 }, (_, k) => k * 1000);
    const rows = timesUs.map((us) => [us]);
    const still = timesUs.map(() => [0]);
    const trajectory = { timesUs, positions: rows, velocities: still, accelerations: still };
    const p = [0];
    const q = [0];
    for (let cursor = 0; cursor < 39; cursor++) {
      for (let us = 0; us < 39_000; us += 777) {
        expect(sampleTrajectoryFrom(trajectory, cursor, us, p)).toBe(Math.floor(us / 1000));
        sampleTrajectory(trajectory, us, q);
        expect(p).toEqual(q);
      }
    }
  });

  it('stays put on a trajectory of one knot', () => {
    const p = [0];
    sampleTrajectory({ timesUs: [0], positions: [[4]], velocities: [[0]], accelerations: [[0]] }, 12, p);
    expect(p).toEqual([4]);
  });
});
