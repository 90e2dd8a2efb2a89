import { describe, expect, it } from 'vitest';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import type { JointMotion, WaypointRule } from '../../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { slowedDown } from '../../../arms/trajectory/slow-down.ts';
import { spliceTrajectory } from '../../../arms/trajectory/splice.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import type { PathEnds } from '../../../arms/trajectory/time-path.ts';
import { validateTrajectory } from '../../../arms/trajectory/validate-trajectory.ts';
import { SIX_AXES } from './limits.ts';
import { numbers, randomWaypoints } from './paths.ts';
import { trajectoryCampaign } from './trajectory-campaign.ts';

const BLEND: WaypointRule = { kind: 'blend', deviationMax: 0.05 };
const STOP: WaypointRule = { kind: 'stop' };

function timed(waypoints: readonly (readonly number[])[], ends: PathEnds, rule: WaypointRule = BLEND) {
  const limits = SIX_AXES.slice(0, waypoints[0]!.length);
  const result = timePath(straightPath(waypoints, rule), limits, ends);
  if (result.status === 'refused') throw new Error(result.detail);
  return result;
}

describe('random trajectories of every kind', () => {
  it('exceed no limit anywhere: 1 % of the campaign', () => {
    for (const row of trajectoryCampaign(1000, 11)) {
      expect(row, row.firstFault ?? '').toMatchObject({ faults: 0 });
      expect(row.refused).toBeLessThan(0.1 * row.count);
    }
  }, 60_000);
});

describe('timePath with moving ends', () => {
  it('begins and ends with the velocities and accelerations given', () => {
    const start: JointMotion = { velocities: [0.5, -0.2], accelerations: [1, 0.5] };
    const end: JointMotion = { velocities: [-0.3, 0.6], accelerations: [0, -1] };
    const { trajectory } = timed([[0, 0], [0.8, 0.1], [1, -0.6], [0.2, -0.5]], { start, end }); // prettier-ignore
    expect(validateTrajectory(trajectory, SIX_AXES.slice(0, 2), 'moving')).toEqual([]);
    expect(trajectory.velocities[0]).toEqual(start.velocities);
    expect(trajectory.accelerations[0]).toEqual(start.accelerations);
    expect(trajectory.velocities.at(-1)).toEqual(end.velocities);
    expect(trajectory.accelerations.at(-1)).toEqual(end.accelerations);
    expect(trajectory.positions.at(-1)).toEqual([0.2, -0.5]);
  });

  it('stays on the first straight piece when it moves along it already, and is quicker than from rest', () => {
    const path = [[0, 0], [1, 0.5], [1.5, -0.4]]; // prettier-ignore
    const start: JointMotion = { velocities: [1, 0.5], accelerations: [2, 1] };
    const moving = timed(path, { start, end: null });
    for (let us = 0; us < 0.5 * moving.waypointTimesUs[1]!; us += 5_000) {
      const q: number[] = [];
      sampleTrajectory(moving.trajectory, us, q);
      expect(q[1]! - q[0]! / 2).toBeCloseTo(0, 5);
    }
    const fromRest = timed(path, { start: null, end: null });
    expect(durationUs(moving.trajectory)).toBeLessThan(durationUs(fromRest.trajectory) - 200_000);
  });

  it('takes the velocity profile of a single axis that is entered at speed', () => {
    const limit = SIX_AXES[0]!;
    const { velocityMax: v, accelerationMax: a, jerkMax: j } = limit;
    const { trajectory } = timed([[0], [4]], { start: { velocities: [v], accelerations: [0] }, end: null });
    // Cruise, then brake: the braking takes v/a + a/j and covers half of v times that.
    const brake = v / a + a / j;
    expect(durationUs(trajectory) * 1e-6).toBeCloseTo(brake + (4 - (v * brake) / 2) / v, 2);
  });

  it('times a path of almost no length, too', () => {
    const waypoints = [0, 1, 2, 3].map((k) => [k * 1e-8, k * k * 1e-9]);
    const motion: JointMotion = { velocities: [0.01, 0], accelerations: [0, 0] };
    const { trajectory } = timed(waypoints, { start: motion, end: motion }, { kind: 'curve' });
    expect(validateTrajectory(trajectory, SIX_AXES.slice(0, 2), 'moving')).toEqual([]);
  });

  it.each([
    ['too few velocities', { velocities: [1], accelerations: [0, 0] }, 'ends'],
    ['NaN', { velocities: [1, NaN], accelerations: [0, 0] }, 'ends'],
    ['a velocity beyond the limit', { velocities: [3, 0], accelerations: [0, 0] }, 'velocity'],
    ['an acceleration beyond the limit', { velocities: [0, 0], accelerations: [0, 5] }, 'acceleration'],
  ] as const)('refuses %s', (_name, start, stage) => {
    const result = timePath(straightPath([[0, 0], [1, 1]], STOP), SIX_AXES.slice(0, 2), { start, end: null }); // prettier-ignore
    expect(result).toMatchObject({ status: 'refused', stage });
  });

  it('refuses to move without anywhere to go', () => {
    const start = { velocities: [1], accelerations: [0] };
    const result = timePath(straightPath([[0], [0]], STOP), SIX_AXES.slice(0, 1), { start, end: null });
    expect(result).toMatchObject({ status: 'refused', stage: 'ends' });
  });
});

describe('dwell', () => {
  it('rests at a stop for as long as it says, and waypoint times are those of arrival', () => {
    const limits = SIX_AXES.slice(0, 1);
    const dwell = (dwellUs: number): WaypointRule => ({ kind: 'stop', dwellUs });
    const waypoints = [[0], [0.5], [0.5], [1]];
    const rules = [dwell(100_000), dwell(350_000), dwell(50_000), dwell(250_000)];
    const result = timePath({ waypoints, rules, curveDeviationMax: 0 }, limits);
    const plain = timePath({ waypoints, rules: rules.map(() => STOP), curveDeviationMax: 0 }, limits);
    if (result.status === 'refused' || plain.status === 'refused') throw new Error('refused');
    expect(durationUs(result.trajectory)).toBe(durationUs(plain.trajectory) + 750_000);
    expect(validateTrajectory(result.trajectory, limits)).toEqual([]);
    expect(result.waypointTimesUs[0]).toBe(0);
    expect(result.waypointTimesUs[3]).toBe(durationUs(result.trajectory) - 250_000);
    const arrived = result.waypointTimesUs[1]!;
    for (const us of [arrived, arrived + 200_000, arrived + 399_999]) {
      const q: number[] = [];
      const v: number[] = [];
      sampleTrajectory(result.trajectory, us, q, v);
      expect(q[0]).toBeCloseTo(0.5, 9);
      expect(v[0]).toBeCloseTo(0, 9);
    }
  });

  it('refuses a dwell that is no number of microseconds', () => {
    const path = straightPath([[0], [1]], { kind: 'stop' });
    for (const dwellUs of [-1, 0.5, NaN, 1e12]) {
      const rules: WaypointRule[] = [{ kind: 'stop', dwellUs }, STOP];
      expect(timePath({ ...path, rules }, SIX_AXES.slice(0, 1))).toMatchObject({
        stage: 'rules',
        waypoint: 0,
      });
    }
  });
});

describe('spliceTrajectory', () => {
  it('equals the running trajectory up to the splice, is smooth there, and ends at the new goal', () => {
    for (let seed = 0; seed < 25; seed++) {
      const next = numbers(seed);
      const running = timed(randomWaypoints(next, 5, 0.6, SIX_AXES), { start: null, end: null }).trajectory;
      const onward = straightPath(randomWaypoints(next, 4, 0.6, SIX_AXES), BLEND);
      const fromUs = Math.floor(next() * durationUs(running));
      const spliced = spliceTrajectory(running, fromUs, onward, SIX_AXES);
      if (spliced.status === 'refused') throw new Error(spliced.detail);
      expect(spliced.divergesUs).toBeGreaterThanOrEqual(fromUs);
      expect(spliced.divergesUs).toBeLessThanOrEqual(fromUs + 100);
      for (let us = 0; us <= spliced.divergesUs; us += 3_001) {
        const a: number[] = [];
        const b: number[] = [];
        sampleTrajectory(running, us, a);
        sampleTrajectory(spliced.trajectory, us, b);
        a.forEach((value, j) => expect(b[j]).toBeCloseTo(value, 9));
      }
      expect(validateTrajectory(spliced.trajectory, SIX_AXES)).toEqual([]);
      expect(spliced.trajectory.positions.at(-1)).toEqual(onward.waypoints.at(-1));
    }
  });

  it('leaves from rest before the start and after the end', () => {
    const running = timed([[0], [1]], { start: null, end: null }).trajectory;
    const onward = straightPath([[NaN], [0.5]], STOP);
    for (const [fromUs, divergesUs] of [
      [-5, 0],
      [1e9, durationUs(running)],
    ] as const) {
      const spliced = spliceTrajectory(running, fromUs, onward, SIX_AXES.slice(0, 1));
      expect(spliced).toMatchObject({ status: 'spliced', divergesUs });
    }
  });
});

describe('slowedDown', () => {
  it('goes the same way at the speed given', () => {
    const { trajectory } = timed(randomWaypoints(numbers(4), 5, 0.6, SIX_AXES), { start: null, end: null });
    const slow = slowedDown(trajectory, 0.4);
    expect(durationUs(slow)).toBe(Math.ceil(durationUs(trajectory) / 0.4));
    expect(validateTrajectory(slow, SIX_AXES)).toEqual([]);
    for (let us = 0; us <= durationUs(slow); us += 9_973) {
      const a: number[] = [];
      const b: number[] = [];
      sampleTrajectory(slow, us, a);
      sampleTrajectory(trajectory, (us * durationUs(trajectory)) / durationUs(slow), b);
      a.forEach((value, j) => expect(value).toBeCloseTo(b[j]!, 7));
    }
  });

  it.each([0, -1, 1.01, NaN])('throws for %s', (speed) => {
    const { trajectory } = timed([[0], [1]], { start: null, end: null });
    expect(() => slowedDown(trajectory, speed)).toThrow(RangeError);
  });
});
