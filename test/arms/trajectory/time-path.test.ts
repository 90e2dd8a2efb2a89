import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JointLimits } from '../../../arms/model/manipulator.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import type { JointPath, WaypointRule } from '../../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import type { TimedPath } from '../../../arms/trajectory/time-path.ts';
import { validateTrajectory } from '../../../arms/trajectory/validate-trajectory.ts';
import { differenceRatios, SIX_AXES } from './limits.ts';
import { numbers, randomWaypoints } from './paths.ts';

const STOP: WaypointRule = { kind: 'stop' };

function timed(path: JointPath, limits: readonly JointLimits[]): Extract<TimedPath, { status: 'timed' }> {
  const result = timePath(path, limits);
  if (result.status !== 'timed') throw new Error(result.detail);
  return result;
}

/** Distance, in the largest joint, of a position from the straight segment between two others. */
function distanceFrom(q: readonly number[], a: readonly number[], b: readonly number[]): number {
  const at = (t: number): number =>
    Math.max(
      ...q.map((value, j) => Math.abs(value - (a[j] as number) - t * ((b[j] as number) - (a[j] as number)))),
    );
  let low = 0;
  let high = 1;
  for (let n = 0; n < 40; n++) {
    const one = low + (high - low) / 3;
    const two = high - (high - low) / 3;
    if (at(one) < at(two)) high = two;
    else low = one;
  }
  return at((low + high) / 2);
}

function positionAt(trajectory: JointTrajectory, timeUs: number, joints: number): number[] {
  const q = new Array<number>(joints).fill(0);
  sampleTrajectory(trajectory, timeUs, q);
  return q;
}

describe('timePath: one straight line', () => {
  it('takes the shortest time possible under the limits, in each of the cases of the profile', () => {
    const limits: JointLimits[] = [{ lower: -9, upper: 9, velocityMax: 2, accelerationMax: 4, jerkMax: 40 }];
    const seconds = (distance: number): number =>
      durationUs(timed(straightPath([[0], [distance]], STOP), limits).trajectory) * 1e-6;
    // Velocity reached: d/v + v/a + a/j.
    expect(seconds(3)).toBeCloseTo(3 / 2 + 2 / 4 + 4 / 40, 5);
    // Acceleration reached, velocity not: a T^2/4 - a^2/j T/2 = d, with T the whole duration.
    const t = seconds(0.5);
    expect((t * t * 4) / 4 - (t * 4 * 0.1) / 2).toBeCloseTo(0.5, 5);
    // Neither: (32 d / j)^(1/3).
    expect(seconds(0.01)).toBeCloseTo(Math.cbrt((32 * 0.01) / 40), 5);
  });

  it('keeps all joints on the line and starts and ends exactly at the waypoints', () => {
    const from = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    const to = [1.3, -0.7, 0.30001, 0.4, -2, 3];
    const { trajectory, deviation, waypointTimesUs } = timed(straightPath([from, to], STOP), SIX_AXES);
    expect(deviation).toBe(0);
    expect(waypointTimesUs).toEqual([0, durationUs(trajectory)]);
    expect(trajectory.timesUs.length).toBeLessThanOrEqual(8);
    expect(trajectory.positions[0]).toEqual(from);
    expect(trajectory.positions.at(-1)).toEqual(to);
    for (let us = 0; us < durationUs(trajectory); us += 7919) {
      expect(distanceFrom(positionAt(trajectory, us, 6), from, to)).toBeLessThan(1e-6);
    }
  });
});

describe('timePath: several waypoints', () => {
  it('keeps every limit between the knots for random paths of any size', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 0, max: 1_000_000 }),
          count: fc.integer({ min: 1, max: 25 }),
          step: fc.constantFrom(1e-9, 1e-5, 0.003, 0.05, 0.3, 1.5),
          joints: fc.integer({ min: 1, max: 6 }),
          deviation: fc.constantFrom(0, 1e-5, 0.001, 0.02, 0.1, 1),
        }),
        ({ seed, count, step, joints, deviation }) => {
          const next = numbers(seed);
          const limits = SIX_AXES.slice(0, joints);
          const waypoints = randomWaypoints(next, count, step, limits);
          // Repeated waypoints occur where planners join pieces.
          if (next() < 0.3) waypoints.splice(1, 0, [...(waypoints[0] as number[])]);
          const rules = waypoints.map((): WaypointRule =>
            next() < 0.2 ? STOP : { kind: 'blend', deviationMax: deviation },
          );
          const result = timed({ waypoints, rules, curveDeviationMax: 0 }, limits);
          expect(validateTrajectory(result.trajectory, limits)).toEqual([]);
          const ratios = differenceRatios(result.trajectory, limits, 10_000);
          expect(ratios.velocity).toBeLessThan(1.0001);
          expect(ratios.acceleration).toBeLessThan(1.0001);
          expect(ratios.jerk).toBeLessThan(1.1);
          expect(result.trajectory.positions[0]).toEqual(waypoints[0]);
          const last = result.trajectory.positions.at(-1) as number[];
          last.forEach((value, j) => expect(value).toBeCloseTo(waypoints.at(-1)?.[j] as number, 8));
          expect(result.deviation).toBeLessThanOrEqual(deviation * (1 + 1e-9));
        },
      ),
      { numRuns: 150, seed: 42 },
    );
  });

  it('stops where it must and rounds the other corners by no more than it states', () => {
    for (let seed = 0; seed < 12; seed++) {
      const waypoints = randomWaypoints(numbers(seed), 6, 0.8, SIX_AXES);
      const rules = waypoints.map((_, k): WaypointRule =>
        k === 3 ? STOP : { kind: 'blend', deviationMax: 0.04 },
      );
      const { trajectory, waypointTimesUs, deviation } = timed(
        { waypoints, rules, curveDeviationMax: 0 },
        SIX_AXES,
      );
      expect(deviation).toBeGreaterThan(0.01);
      expect(positionAt(trajectory, waypointTimesUs[3] as number, 6)).toEqual(waypoints[3]);
      let worst = 0;
      for (let us = 0; us <= durationUs(trajectory); us += 10_007) {
        const q = positionAt(trajectory, us, 6);
        const distances = waypoints.slice(1).map((b, k) => distanceFrom(q, waypoints[k] as number[], b));
        worst = Math.max(worst, Math.min(...distances));
      }
      expect(worst).toBeLessThanOrEqual(deviation + 1e-6);
      for (let k = 1; k < waypoints.length; k++) {
        expect(waypointTimesUs[k]).toBeGreaterThan(waypointTimesUs[k - 1] as number);
      }
    }
  });

  it('is faster with blends than with stops, and through a collinear waypoint as fast as without it', () => {
    const corner = [
      [0, 0, 0, 0, 0, 0],
      [1, 0, 0.2, 0, 0, 0],
      [1, 1, 0, 0, 0.5, 0],
    ];
    const stops = durationUs(timed(straightPath(corner, STOP), SIX_AXES).trajectory);
    const blends = durationUs(
      timed(straightPath(corner, { kind: 'blend', deviationMax: 0.05 }), SIX_AXES).trajectory,
    );
    expect(blends).toBeLessThan(0.9 * stops);
    const line = [
      [0, 0, 0, 0, 0, 0],
      [0.5, 0, 0, 0, 1, 0],
      [1, 0, 0, 0, 2, 0],
    ];
    const through = durationUs(
      timed(straightPath(line, { kind: 'blend', deviationMax: 0.05 }), SIX_AXES).trajectory,
    );
    const straight = durationUs(
      timed(straightPath([line[0] as number[], line[2] as number[]], STOP), SIX_AXES).trajectory,
    );
    expect(through).toBeLessThan(1.03 * straight);
    expect(through).toBeGreaterThanOrEqual(straight - 1);
  });

  it('leaves the path only between the waypoints that a blend names', () => {
    const waypoints = [0, 0.1, 0.2, 0.3, 0.4].map((x) => [x, 0]).concat([[0.4, 0.5]]);
    const blend = (within?: [number, number]): WaypointRule =>
      within === undefined ? { kind: 'blend', deviationMax: 1 } : { kind: 'blend', deviationMax: 1, within };
    const limits = SIX_AXES.slice(0, 2);
    const leaves = (rule: WaypointRule): number => {
      const rules = waypoints.map((_, k): WaypointRule => (k === 4 ? rule : { kind: 'curve' }));
      const { trajectory } = timed({ waypoints, rules, curveDeviationMax: 1e-6 }, limits);
      for (let us = 0; us <= durationUs(trajectory); us += 1000) {
        const q = positionAt(trajectory, us, 2);
        if ((q[1] as number) > 1e-6) return q[0] as number;
      }
      return NaN;
    };
    expect(leaves(blend())).toBeLessThan(0.2);
    expect(leaves(blend([3, 5]))).toBeGreaterThan(0.299);
  });

  it('fits a curve through samples of one, within the stated deviation', () => {
    // Two joints on a circle arc, as inverse kinematics of a straight tool motion would give, then a line away.
    const arc = Array.from({ length: 31 }, (_, k) => [Math.sin(k * 0.03), Math.cos(k * 0.03), k * 0.01]);
    const waypoints = [...arc, [1.5, 0.2, 0]];
    const rules = waypoints.map((_, k): WaypointRule =>
      k === 30 ? { kind: 'blend', deviationMax: 0.02 } : { kind: 'curve' },
    );
    const limits = SIX_AXES.slice(0, 3);
    const { trajectory, deviation, waypointTimesUs } = timed(
      { waypoints, rules, curveDeviationMax: 1e-4 },
      limits,
    );
    expect(validateTrajectory(trajectory, limits)).toEqual([]);
    expect(deviation).toBeLessThanOrEqual(0.02);
    for (let us = 0; us < (waypointTimesUs[20] as number); us += 2000) {
      const [x, y] = positionAt(trajectory, us, 3) as [number, number];
      expect(Math.abs(Math.hypot(x, y) - 1)).toBeLessThan(2e-4);
    }
    expect(trajectory.timesUs.length).toBeLessThan(80);
  });

  it('is deterministic', () => {
    const path = straightPath(randomWaypoints(numbers(3), 8, 0.7, SIX_AXES), {
      kind: 'blend',
      deviationMax: 0.05,
    });
    expect(timePath(path, SIX_AXES)).toEqual(timePath(path, SIX_AXES));
  });
});

describe('timePath: what it refuses', () => {
  const two = [[0], [1]];
  const one: JointLimits = { lower: -2, upper: 2, velocityMax: 1, accelerationMax: 1, jerkMax: 1 };
  it.each([
    ['no waypoints', straightPath([], STOP), [one], 'waypoints'],
    ['a row of the wrong size', straightPath([[0], [1, 2]], STOP), [one], 'waypoints'],
    ['NaN', straightPath([[0], [NaN]], STOP), [one], 'waypoints'],
    ['a position beyond the limit', straightPath([[0], [2.1]], STOP), [one], 'position'],
    ['no joints', straightPath([[], []], STOP), [], 'limits'],
    ['a velocity limit of 0', straightPath(two, STOP), [{ ...one, velocityMax: 0 }], 'limits'],
    ['an acceleration limit of NaN', straightPath(two, STOP), [{ ...one, accelerationMax: NaN }], 'limits'],
    ['too few rules', { waypoints: two, rules: [STOP], curveDeviationMax: 0 }, [one], 'rules'],
    ['a negative deviation', { ...straightPath(two, STOP), curveDeviationMax: -1 }, [one], 'rules'],
    [
      'a blend that must end before it begins',
      straightPath([[0], [1], [0]], { kind: 'blend', deviationMax: 1, within: [2, 2] }),
      [one],
      'rules',
    ],
  ] as const)('%s', (_name, path, limits, stage) => {
    const result = timePath(path, limits);
    expect(result).toMatchObject({ status: 'refused', stage });
  });

  it('a position limit, with joint, waypoint, value and limit', () => {
    expect(timePath(straightPath([[0], [2.5]], STOP), [one])).toMatchObject({
      joint: 0,
      waypoint: 1,
      value: 2.5,
      limit: 2,
    });
  });

  it('nothing about a path that does not move: it stays', () => {
    const { trajectory } = timed(straightPath([[1], [1], [1]], STOP), [one]);
    expect(trajectory).toEqual({ timesUs: [0], positions: [[1]], velocities: [[0]], accelerations: [[0]] });
    expect(validateTrajectory(trajectory, [one])).toEqual([]);
  });
});
