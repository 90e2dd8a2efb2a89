import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateTrajectory } from '../../../arms/trajectory/validate-trajectory.ts';
import { straightLineTrajectory } from '../../../arms/trajectory/double-s.ts';
import { SIX_AXES } from './limits.ts';

const from = [0, 0, 0, 0, 0, 0];
const to = [1, -1, 0.5, 0.2, 2, -3];
const good = straightLineTrajectory(from, to, SIX_AXES);
const kinds = (value: unknown): string[] => validateTrajectory(value, SIX_AXES).map((fault) => fault.kind);

describe('validateTrajectory', () => {
  it('finds no fault in a trajectory at its limits', () => {
    expect(validateTrajectory(good, SIX_AXES)).toEqual([]);
  });

  it('names joint, time, value and limit of the worst violation of each kind', () => {
    const slow = SIX_AXES.map((limit, j) =>
      j === 5 ? { ...limit, velocityMax: 1, upper: 0, lower: -1 } : limit,
    );
    const faults = validateTrajectory(good, slow);
    const velocity = faults.find((fault) => fault.kind === 'velocity');
    expect(velocity).toMatchObject({ joint: 5, limit: 1 });
    expect(velocity?.value).toBeGreaterThan(1.5);
    expect(velocity?.timeUs).toBeGreaterThan(0);
    expect(faults.find((fault) => fault.kind === 'position')).toMatchObject({ joint: 5, limit: -1 });
    expect(faults).toHaveLength(2);
  });

  it('sees what happens between knots, not only at them', () => {
    // Both knots at rest, far apart in little time.
    const still = [from, from];
    const jump = { timesUs: [0, 200_000], positions: [from, to], velocities: still, accelerations: still };
    expect(new Set(kinds(jump))).toEqual(new Set(['velocity', 'acceleration', 'jerk']));
  });

  it.each([
    ['null', null, 'malformed'],
    ['a string', 'go', 'malformed'],
    ['no rows', { timesUs: [0] }, 'malformed'],
    ['no knots', { ...good, timesUs: [] }, 'wrong-size'],
    ['a missing row', { ...good, positions: good.positions.slice(1) }, 'wrong-size'],
    [
      'a short row',
      { ...good, velocities: good.velocities.map((r, k) => (k === 2 ? [0] : r)) },
      'wrong-size',
    ],
    [
      'NaN',
      { ...good, positions: good.positions.map((r, k) => (k === 1 ? r.map(() => NaN) : r)) },
      'not-finite',
    ],
    [
      'a null in a row',
      { ...good, positions: good.positions.map(() => [null, 0, 0, 0, 0, 0]) },
      'not-finite',
    ],
    ['fractional times', { ...good, timesUs: good.timesUs.map((t) => t + 0.5) }, 'not-finite'],
    ['a late start', { ...good, timesUs: good.timesUs.map((t) => t + 1) }, 'times-not-increasing'],
    [
      'equal times',
      { ...good, timesUs: good.timesUs.map((t, k) => (k === 3 ? (good.timesUs[2] as number) : t)) },
      'times-not-increasing',
    ],
    ['too many knots', { ...good, timesUs: new Array(30_000).fill(0) }, 'wrong-size'],
    [
      'an end in motion',
      { ...good, velocities: good.velocities.map(() => [0.1, 0, 0, 0, 0, 0]) },
      'not-at-rest',
    ],
  ])('refuses %s', (_name, value, kind) => {
    expect(kinds(value)).toContain(kind);
  });

  it('never throws and never passes garbage', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(validateTrajectory(value, SIX_AXES).length).toBeGreaterThan(0);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('never throws on trajectory-like garbage with extreme numbers', () => {
    const row = fc.array(fc.oneof(fc.double(), fc.constantFrom(1e308, -1e308, 5e-324)), {
      minLength: 2,
      maxLength: 2,
    });
    const rows = fc.array(row, { minLength: 3, maxLength: 3 });
    const times = fc.constantFrom([0, 1, 2], [0, 1000, 2_000_000], [0, 5, 3_600_000_000]);
    fc.assert(
      fc.property(times, rows, rows, rows, (timesUs, positions, velocities, accelerations) => {
        const faults = validateTrajectory(
          { timesUs, positions, velocities, accelerations },
          SIX_AXES.slice(0, 2),
        );
        const wild = positions.flat().some((p) => !(Math.abs(p) < 7));
        if (wild) expect(faults.length).toBeGreaterThan(0);
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});
