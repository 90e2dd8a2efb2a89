import { describe, expect, it } from 'vitest';
import { brakingProgressUs } from '../../../arms/trajectory/braking.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { stoppingTrajectory } from '../../../arms/trajectory/stopping.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { validateTrajectory } from '../../../arms/trajectory/validate-trajectory.ts';
import { limitShares } from './limit-shares.ts';
import { differenceRatios, SIX_AXES } from './limits.ts';
import { numbers, randomWaypoints } from './paths.ts';

function trajectoryOf(waypoints: number[][]): JointTrajectory {
  const timed = timePath(straightPath(waypoints, { kind: 'blend', deviationMax: 0.05 }), SIX_AXES);
  if (timed.status !== 'timed') throw new Error(timed.detail);
  return timed.trajectory;
}

describe('stoppingTrajectory', () => {
  it('equals the original until it diverges, ends at rest on its path, and keeps the limits', () => {
    for (let seed = 0; seed < 60; seed++) {
      const next = numbers(seed);
      const original = trajectoryOf(randomWaypoints(next, 2 + Math.floor(4 * next()), 1, SIX_AXES));
      const fromUs = Math.round(durationUs(original) * next());
      const stop = stoppingTrajectory(original, fromUs, SIX_AXES);
      const kinds = validateTrajectory(stop.trajectory, SIX_AXES).filter(
        // A change of rate may take up to a percent more acceleration than planned motion.
        (fault) =>
          fault.kind !== 'jerk' && !(fault.kind === 'acceleration' && fault.value < 1.01 * fault.limit),
      );
      expect(kinds).toEqual([]);
      expect(differenceRatios(stop.trajectory, SIX_AXES, 10_000).jerk).toBeLessThan(1.15);
      expect(stop.divergesUs).toBeGreaterThanOrEqual(fromUs);
      const a = SIX_AXES.map(() => 0);
      const b = SIX_AXES.map(() => 0);
      for (let us = 0; us <= stop.divergesUs; us += 5000) {
        sampleTrajectory(original, us, a);
        sampleTrajectory(stop.trajectory, us, b);
        b.forEach((value, j) => expect(value).toBeCloseTo(a[j] as number, 6));
      }
      sampleTrajectory(original, stop.restProgressUs, a);
      sampleTrajectory(stop.trajectory, durationUs(stop.trajectory), b);
      b.forEach((value, j) => expect(value).toBeCloseTo(a[j] as number, 5));
    }
  });

  it('goes smoothly through a rest of the original that its braking leads across', () => {
    // A stop in the path, at which the motion turns round; every instant around it.
    const limits = SIX_AXES.slice(0, 1);
    const timed = timePath(straightPath([[0], [0.3], [0.1]], { kind: 'stop' }), limits);
    if (timed.status !== 'timed') throw new Error(timed.detail);
    const turnUs = timed.waypointTimesUs[1]!;
    for (let fromUs = turnUs - 30_000; fromUs < turnUs; fromUs += 1_000) {
      const stop = stoppingTrajectory(timed.trajectory, fromUs, limits);
      const shares = limitShares(stop.trajectory, limits);
      expect(shares.acceleration).toBeLessThan(1.01);
      expect(shares.jerk).toBeLessThan(1.2);
    }
  });

  it('needs little more than the physical least from full speed on a straight line', () => {
    // Joint 0 at 2.0944 rad/s with 4 rad/s^2 and 40 rad/s^3 needs at least (v/a + a/j)/2 of its time at speed.
    const original = trajectoryOf([
      [0, 0, 0, 0, 0, 0],
      [3, 0, 0, 0, 0, 0],
    ]);
    const middle = Math.round(durationUs(original) / 2);
    const rest = brakingProgressUs(original, SIX_AXES, middle, 1);
    const least = ((2.0944 / 4 + 4 / 40) / 2) * 1e6;
    expect(rest - middle).toBeGreaterThan(0.98 * least);
    expect(rest - middle).toBeLessThan(1.1 * least);
  });

  it('agrees with brakingProgressUs, which rests no later when asked earlier', () => {
    const original = trajectoryOf(randomWaypoints(numbers(5), 5, 1, SIX_AXES));
    let before = 0;
    for (let us = 0; us <= durationUs(original); us += 20_000) {
      const rest = brakingProgressUs(original, SIX_AXES, us, 1);
      expect(rest).toBe(stoppingTrajectory(original, us, SIX_AXES).restProgressUs);
      expect(rest).toBeGreaterThanOrEqual(us);
      expect(rest).toBeGreaterThanOrEqual(before - 10_000);
      before = rest;
    }
  });

  it('stays at the start and runs to the end when asked there', () => {
    const original = trajectoryOf([
      [0, 0, 0, 0, 0, 0],
      [1, 0, 0, 0, 0, 0],
    ]);
    expect(stoppingTrajectory(original, 0, SIX_AXES).trajectory.timesUs).toEqual([0]);
    expect(stoppingTrajectory(original, 1e9, SIX_AXES).trajectory).toBe(original);
  });
});
