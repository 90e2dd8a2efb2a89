import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JointLimits } from '../../../arms/model/manipulator.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import { moveAlongLine, moveBetween, moveDurationS } from '../../../arms/trajectory/state-move.ts';
import type { JointState } from '../../../arms/trajectory/state-move.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { validateTrajectory } from '../../../arms/trajectory/validate-trajectory.ts';
import { limitShares } from './limit-shares.ts';
import { SIX_AXES } from './limits.ts';
import { numbers } from './paths.ts';
import { ALLOWED } from './trajectory-campaign.ts';

const still = (positions: readonly number[]): JointState => ({
  positions,
  velocities: positions.map(() => 0),
  accelerations: positions.map(() => 0),
});

function randomState(next: () => number, limits: readonly JointLimits[], span: number): JointState {
  return {
    positions: limits.map(() => (2 * next() - 1) * span),
    velocities: limits.map((limit) => (2 * next() - 1) * 0.6 * limit.velocityMax),
    accelerations: limits.map((limit) => (2 * next() - 1) * 0.6 * limit.accelerationMax),
  };
}

function pieceOf(from: JointState, to: JointState, limits: readonly JointLimits[]) {
  const move = moveBetween(from, to, limits);
  if (move.status === 'refused') throw new Error(move.detail);
  return move.piece;
}

/** Least time of one joint with acceleration and velocity limits alone, between two velocities. */
function boundS(distance: number, v0: number, v1: number, limit: JointLimits): number {
  const { velocityMax: v, accelerationMax: a } = limit;
  let best = Infinity;
  for (const sign of [1, -1]) {
    const d = distance * sign;
    const u0 = v0 * sign;
    const u1 = v1 * sign;
    const square = a * d + (u0 * u0 + u1 * u1) / 2;
    if (square < 0) continue;
    const peak = Math.sqrt(square);
    if (peak < Math.max(u0, u1) - 1e-12) continue;
    if (peak <= v) best = Math.min(best, (2 * peak - u0 - u1) / a);
    else best = Math.min(best, (2 * v - u0 - u1) / a + (d - (2 * v * v - u0 * u0 - u1 * u1) / (2 * a)) / v);
  }
  return best;
}

describe('moveBetween', () => {
  it('meets both states exactly and keeps every limit in between', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(1e-7, 1e-4, 0.01, 0.3, 2),
        (seed, joints, span) => {
          const next = numbers(seed);
          const limits = SIX_AXES.slice(0, joints);
          const from = randomState(next, limits, span);
          const to = randomState(next, limits, span);
          const piece = pieceOf(from, to, limits);
          expect(piece.positions[0]).toEqual(from.positions);
          expect(piece.velocities[0]).toEqual(from.velocities);
          expect(piece.accelerations[0]).toEqual(from.accelerations);
          expect(piece.positions.at(-1)).toEqual(to.positions);
          expect(piece.velocities.at(-1)).toEqual(to.velocities);
          expect(piece.accelerations.at(-1)).toEqual(to.accelerations);
          expect(validateTrajectory(piece, limits, 'moving')).toEqual([]);
          const shares = limitShares(piece, limits);
          for (const name of ['velocity', 'acceleration', 'jerk'] as const) {
            expect(shares[name]).toBeLessThanOrEqual(ALLOWED[name]);
          }
          expect(Math.abs(moveDurationS(from, to, limits) * 1e6 - durationUs(piece))).toBeLessThan(
            0.02 * durationUs(piece) + 2,
          );
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  it('takes no less than the time without jerk limits, and no more with them nearly lifted', () => {
    const nearlyFree = SIX_AXES.map((limit) => ({ ...limit, jerkMax: Infinity }));
    let slow = 0;
    for (let seed = 0; seed < 400; seed++) {
      const next = numbers(seed);
      const from = { ...randomState(next, SIX_AXES, 1), accelerations: SIX_AXES.map(() => 0) };
      const to = { ...randomState(next, SIX_AXES, 1), accelerations: SIX_AXES.map(() => 0) };
      const j = seed % 6;
      const one = (state: JointState): JointState => ({
        positions: [state.positions[j]!],
        velocities: [state.velocities[j]!],
        accelerations: [0],
      });
      const limit = SIX_AXES[j]!;
      const distance = to.positions[j]! - from.positions[j]!;
      const bound = boundS(distance, from.velocities[j]!, to.velocities[j]!, limit);
      const limited = moveDurationS(one(from), one(to), [limit]);
      const free = moveDurationS(one(from), one(to), [nearlyFree[j]!]);
      expect(limited).toBeGreaterThan(bound * 0.999);
      expect(free).toBeGreaterThan(bound * 0.999);
      // Acceleration still takes 2 ms to build up, at each of up to four changes.
      if (free > bound * 1.002 + 0.012) slow++;
    }
    // Motions from one velocity to another in the same direction over just the distance that the change takes are
    // the exception: those come to a steady velocity on the way, which costs them a detour.
    expect(slow).toBeLessThanOrEqual(4);
  });

  it('is as fast from rest to rest as the slowest joint alone', () => {
    for (let seed = 0; seed < 60; seed++) {
      const next = numbers(seed);
      const a = SIX_AXES.map(() => 2 * next() - 1);
      const b = SIX_AXES.map(() => 2 * next() - 1);
      const slowest = Math.max(
        ...SIX_AXES.map((limit, j) => {
          const timed = timePath(straightPath([[a[j]!], [b[j]!]], { kind: 'stop' }), [limit]);
          return timed.status === 'timed' ? durationUs(timed.trajectory) : NaN;
        }),
      );
      const together = durationUs(pieceOf(still(a), still(b), SIX_AXES));
      expect(together / slowest).toBeLessThan(1.001);
      expect(together / slowest).toBeGreaterThan(0.999);
    }
  });

  it('stays where it is when there is nowhere to go', () => {
    const piece = pieceOf(still([1, 2]), still([1, 2]), SIX_AXES.slice(0, 2));
    expect(piece).toEqual({
      timesUs: [0],
      positions: [[1, 2]],
      velocities: [[0, 0]],
      accelerations: [[0, 0]],
    });
  });

  it.each([
    ['velocity', { positions: [0], velocities: [2.2], accelerations: [0] }],
    // 2.0 rad/s with 4 rad/s^2 under way reaches 2.2 rad/s before it can be taken back.
    ['velocity', { positions: [0], velocities: [2.0], accelerations: [4] }],
    ['acceleration', { positions: [0], velocities: [0], accelerations: [4.1] }],
    ['position', { positions: [6.2], velocities: [2], accelerations: [0] }],
    ['position', { positions: [NaN], velocities: [0], accelerations: [0] }],
  ] as const)('refuses a state that cannot be kept within the %s limit', (stage, from) => {
    const move = moveBetween(from, still([0]), SIX_AXES.slice(0, 1));
    expect(move).toMatchObject({ status: 'refused', stage, joint: 0 });
  });
});

describe('moveAlongLine', () => {
  it('keeps all joints in proportion', () => {
    const line = [0.7, -0.4, 0.1, 0, 0.9, -1.2];
    const from: JointState = {
      positions: line.map(() => 0.1),
      velocities: line.map((d) => 0.8 * d),
      accelerations: line.map((d) => 1.5 * d),
    };
    const to: JointState = {
      positions: line.map((d) => 0.1 + 2 * d),
      velocities: line.map((d) => 0.5 * d),
      accelerations: line.map((d) => -d),
    };
    const move = moveAlongLine(from, to, SIX_AXES);
    if (move.status === 'refused') throw new Error(move.detail);
    expect(validateTrajectory(move.piece, SIX_AXES, 'moving')).toEqual([]);
    for (const row of move.piece.positions) {
      const along = (row[0]! - 0.1) / line[0]!;
      row.forEach((value, j) => expect(value).toBeCloseTo(0.1 + along * line[j]!, 6));
    }
  });
});
