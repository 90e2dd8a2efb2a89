import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advance,
  committedRestUs,
  createFollower,
  extendGrant,
  phaseOf,
  resumeFollower,
  sampleFollower,
  setSpeedFactor,
  stopFollower,
} from '../../../arms/trajectory/follower.ts';
import type { PathFollower } from '../../../arms/trajectory/follower.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { ratiosOf, SIX_AXES } from './limits.ts';
import { numbers, randomWaypoints } from './paths.ts';

function randomTrajectory(next: () => number): JointTrajectory {
  const waypoints = randomWaypoints(next, 2 + Math.floor(next() * 5), 0.2 + next() * 1.5, SIX_AXES);
  const timed = timePath(
    straightPath(waypoints, { kind: 'blend', deviationMax: 0.02 + next() * 0.1 }),
    SIX_AXES,
  );
  if (timed.status !== 'timed') throw new Error(timed.detail);
  return timed.trajectory;
}

/** Runs in ticks of 2 ms, doing `act` before each; returns the executed positions. */
function run(
  follower: PathFollower,
  ticks: number,
  act: (tick: number) => void,
): { rows: number[][]; progress: number[] } {
  const rows: number[][] = [];
  const progress: number[] = [];
  const row = SIX_AXES.map(() => 0);
  for (let tick = 0; tick < ticks; tick++) {
    act(tick);
    advance(follower, 2000);
    sampleFollower(follower, row);
    rows.push([...row]);
    progress.push(follower.progressUs);
  }
  return { rows, progress };
}

function expectWithinLimits(rows: number[][], jerk: number): void {
  const fine = ratiosOf(rows, SIX_AXES, 2000);
  const coarse = ratiosOf(
    rows.filter((_, k) => k % 5 === 0),
    SIX_AXES,
    10_000,
  );
  for (const ratios of [fine, coarse]) {
    expect(ratios.velocity).toBeLessThan(1.001);
    expect(ratios.acceleration).toBeLessThan(1.02);
    expect(ratios.jerk).toBeLessThan(jerk);
  }
}

const seeds = fc.integer({ min: 0, max: 1_000_000 });

describe('PathFollower', () => {
  it('executes the trajectory itself while it is granted far enough ahead', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const next = numbers(seed);
        const trajectory = randomTrajectory(next);
        const end = durationUs(trajectory);
        const follower = createFollower(trajectory, SIX_AXES, Math.min(end, 1_500_000));
        const wanted = SIX_AXES.map(() => 0);
        const { rows, progress } = run(follower, Math.ceil(end / 2000) + 2, (tick) =>
          extendGrant(follower, Math.round(tick * 2000 + 1_500_000 + next() * 200_000)),
        );
        let worst = 0;
        for (let k = 0; k < rows.length; k++) {
          worst = Math.max(worst, Math.abs((progress[k] as number) - Math.min((k + 1) * 2000, end)));
          sampleTrajectory(trajectory, (k + 1) * 2000, wanted);
          wanted.forEach((value, j) => {
            worst = Math.max(worst, Math.abs(((rows[k] as number[])[j] as number) - value));
          });
        }
        expect(worst).toBeLessThan(1e-5);
        expect(phaseOf(follower)).toBe('reached');
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  it('rests before a grant that is not extended, and within its limits', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const next = numbers(seed);
        const trajectory = randomTrajectory(next);
        const grant = Math.round(durationUs(trajectory) * next());
        const follower = createFollower(trajectory, SIX_AXES, grant);
        const { rows } = run(follower, Math.ceil(durationUs(trajectory) / 2000) + 2000, () => {});
        expect(follower.progressUs).toBeLessThanOrEqual(grant);
        expect(phaseOf(follower)).toBe('resting');
        expectWithinLimits(rows, 1.15);
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  it('uses its grant up but for 20 ms of progress before it waits, wherever that is', () => {
    const next = numbers(77);
    for (let k = 0; k < 40; k++) {
      const trajectory = randomTrajectory(next);
      const grant = Math.round(next() * durationUs(trajectory));
      const follower = createFollower(trajectory, SIX_AXES, grant);
      advance(follower, 60_000_000);
      expect(phaseOf(follower)).toBe('resting');
      expect(follower.progressUs).toBeLessThanOrEqual(grant);
      expect(grant - follower.progressUs).toBeLessThan(20_001);
    }
  });

  it('keeps grant and limits under random extensions, stops, resumptions and speed factors, and arrives', () => {
    let arrived = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const next = numbers(seed);
        const trajectory = randomTrajectory(next);
        const end = durationUs(trajectory);
        const follower = createFollower(trajectory, SIX_AXES, 0);
        const { rows, progress } = run(follower, 3000 + Math.ceil(end / 1000), (tick) => {
          if (committedRestUs(follower) > follower.grantedUntilUs) expect.fail(`passes at tick ${tick}`);
          if (tick === 1500) {
            resumeFollower(follower);
            setSpeedFactor(follower, 1);
            extendGrant(follower, end);
          }
          if (tick >= 1500 || next() > 0.01) return;
          const dice = next();
          if (dice < 0.6) {
            extendGrant(follower, Math.min(end, Math.round(follower.progressUs + next() * 900_000)));
          } else if (dice < 0.7) stopFollower(follower, 'on-path');
          else if (dice < 0.9) resumeFollower(follower);
          else setSpeedFactor(follower, next());
        });
        progress.forEach((value, k) => {
          if (k > 0 && value < (progress[k - 1] as number)) expect.fail(`runs backwards at tick ${k}`);
        });
        expect(follower.progressUs).toBeLessThanOrEqual(follower.grantedUntilUs);
        expectWithinLimits(rows, 1.15);
        if (phaseOf(follower) === 'reached') arrived++;
      }),
      { numRuns: 60, seed: 3 },
    );
    expect(arrived).toBe(60);
  });

  it('never passes the grant at any tick, also when ticks are long', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const next = numbers(seed);
        const trajectory = randomTrajectory(next);
        const follower = createFollower(trajectory, SIX_AXES, 0);
        for (let tick = 0; tick < 200; tick++) {
          if (next() < 0.2) extendGrant(follower, Math.round(follower.progressUs + next() * 600_000));
          advance(follower, next() < 0.1 ? 500_000 * next() : 16_000 * next());
          expect(follower.progressUs).toBeLessThanOrEqual(Math.max(follower.grantedUntilUs, 0));
        }
      }),
      { numRuns: 40, seed: 4 },
    );
  });

  it('rests sooner on a protective stop, within twice the acceleration', () => {
    let sooner = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const next = numbers(seed);
        const trajectory = randomTrajectory(next);
        const at = Math.floor((durationUs(trajectory) / 2000) * next());
        const rest = (kind: 'on-path' | 'protective'): { time: number; rows: number[][] } => {
          const follower = createFollower(trajectory, SIX_AXES, durationUs(trajectory));
          let time = -1;
          const { rows } = run(follower, Math.ceil(durationUs(trajectory) / 2000) + 1500, (tick) => {
            if (tick === at) stopFollower(follower, kind);
            if (time < 0 && tick > at && phaseOf(follower) !== 'moving') time = tick;
          });
          expect(time).toBeGreaterThanOrEqual(0);
          return { time, rows };
        };
        const soft = rest('on-path');
        const hard = rest('protective');
        expect(hard.time).toBeLessThanOrEqual(soft.time);
        if (hard.time < soft.time) sooner++;
        expectWithinLimits(soft.rows, 1.15);
        expect(ratiosOf(hard.rows, SIX_AXES, 2000).acceleration).toBeLessThan(2.05);
      }),
      { numRuns: 40, seed: 5 },
    );
    expect(sooner).toBeGreaterThan(25);
  });

  it('is plain data: a copy goes on exactly as the original', () => {
    const next = numbers(11);
    const trajectory = randomTrajectory(next);
    const end = durationUs(trajectory);
    let follower = createFollower(trajectory, SIX_AXES, end / 3);
    const traces: number[][] = [];
    for (const copying of [false, true]) {
      follower = createFollower(trajectory, SIX_AXES, Math.round(end / 3));
      const trace: number[] = [];
      for (let tick = 0; tick < 3000; tick++) {
        if (copying && tick % 7 === 0) follower = JSON.parse(JSON.stringify(follower)) as PathFollower;
        if (tick === 300) extendGrant(follower, Math.round(end / 2));
        if (tick === 500) setSpeedFactor(follower, 0.5);
        if (tick === 900) extendGrant(follower, end);
        advance(follower, 2000);
        trace.push(follower.progressUs);
      }
      traces.push(trace);
    }
    expect(traces[1]).toEqual(traces[0]);
    expect(phaseOf(follower)).toBe('reached');
  });
});
