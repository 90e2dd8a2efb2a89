import { describe, expect, it } from 'vitest';
import { tipOf } from '../../../arms/model/kinematics.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { prepareRun } from '../../../arms/trajectory/straight-run.ts';
import type { StraightRun } from '../../../arms/trajectory/straight-run.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { chooseTransfer, timeTransfer } from '../../../arms/trajectory/transfer.ts';
import type { TransferEnd } from '../../../arms/trajectory/transfer.ts';
import { validateTrajectory } from '../../../arms/trajectory/validate-trajectory.ts';
import { shippedArm } from '../planning/shipped-arm.ts';
import { limitShares } from './limit-shares.ts';
import { differenceRatios, SIX_AXES } from './limits.ts';
import { numbers } from './paths.ts';
import { BASE, pickAndPlaceLegs, roundedPath, STRAIGHT_M } from './pick-and-place.ts';
import type { Column, Leg } from './pick-and-place.ts';
import { ALLOWED } from './trajectory-campaign.ts';

const ARM = shippedArm('ur10e');
const LEGS = pickAndPlaceLegs(ARM, numbers(5), 30);
const NEVER_EARLY = SIX_AXES.map(() => 0);
const CURVE_DEVIATION = 0.0005;

function runOf(column: Column): StraightRun {
  const prepared = prepareRun(column.samples, CURVE_DEVIATION, SIX_AXES);
  if (prepared.status === 'refused') throw new Error(prepared.detail);
  return prepared.run;
}

function endsOf(leg: Leg, earlyMax: readonly number[]): [TransferEnd, TransferEnd] {
  return [
    { kind: 'run', run: runOf(leg.from), earlyMax },
    { kind: 'run', run: runOf(leg.to), earlyMax },
  ];
}

function timed(from: TransferEnd, to: TransferEnd) {
  const choice = chooseTransfer(from, to, SIX_AXES);
  const transfer = timeTransfer(from, to, SIX_AXES, choice);
  if (transfer.status === 'refused') throw new Error(transfer.detail);
  return { ...transfer, choice };
}

/** Largest sideways distance of the tip from the vertical through the point while it is below the straight height. */
function sideways(leg: Leg, transfer: ReturnType<typeof timed>): number {
  const q: number[] = [];
  let worst = 0;
  const look = (column: Column, timeUs: number): void => {
    sampleTrajectory(transfer.trajectory, timeUs, q);
    const tip = tipOf(ARM, BASE, q).positionM;
    if (tip[2] - column.pointM[2] > STRAIGHT_M + 1e-4) return;
    worst = Math.max(worst, Math.hypot(tip[0] - column.pointM[0], tip[1] - column.pointM[1]));
  };
  const end = durationUs(transfer.trajectory);
  for (let us = 0; us <= transfer.runUntilUs; us += 5_000) look(leg.from, us);
  for (let us = transfer.runFromUs; us <= end; us += 5_000) look(leg.to, us);
  look(leg.from, transfer.runUntilUs);
  look(leg.to, transfer.runFromUs);
  return worst;
}

describe('prepareRun', () => {
  it('offers ever slower ends, each within the limits', () => {
    const { options, idle } = runOf(LEGS[0]!.from);
    expect(idle).toEqual([true, false, false, false, true, true]);
    const speeds = options.map(({ exit }) => Math.hypot(...exit.velocities));
    for (let k = 1; k < options.length; k++) {
      expect(speeds[k]).toBeLessThan(speeds[k - 1]!);
      expect(options[k]!.durationUs).toBeGreaterThan(options[k - 1]!.durationUs);
    }
    for (const { piece } of options) {
      const moving = validateTrajectory(piece, SIX_AXES, 'moving');
      expect(moving).toEqual([]);
      expect(piece.velocities[0]).toEqual(SIX_AXES.map(() => 0));
    }
  });

  it('refuses samples that do not lead anywhere, and samples beyond a limit', () => {
    expect(prepareRun([[1], [1]], 0, SIX_AXES.slice(0, 1))).toMatchObject({
      status: 'refused',
      stage: 'waypoints',
    });
    expect(prepareRun([[1], [7]], 0, SIX_AXES.slice(0, 1))).toMatchObject({
      status: 'refused',
      stage: 'position',
    });
  });
});

describe('timeTransfer', () => {
  it('goes straight up and comes straight down, within all limits, and as long as chosen', () => {
    for (const leg of LEGS) {
      const transfer = timed(...endsOf(leg, NEVER_EARLY));
      expect(validateTrajectory(transfer.trajectory, SIX_AXES)).toEqual([]);
      const shares = limitShares(transfer.trajectory, SIX_AXES);
      for (const name of ['velocity', 'acceleration', 'jerk'] as const) {
        expect(shares[name]).toBeLessThanOrEqual(ALLOWED[name]);
      }
      const executed = differenceRatios(transfer.trajectory, SIX_AXES, 10_000);
      expect(Math.max(executed.velocity, executed.acceleration, executed.jerk)).toBeLessThan(1.004);
      expect(transfer.trajectory.positions[0]).toEqual(leg.from.samples[0]);
      leg.to.samples[0]!.forEach((value, j) =>
        expect(transfer.trajectory.positions.at(-1)![j]).toBeCloseTo(value, 9),
      );
      expect(sideways(leg, transfer)).toBeLessThan(0.001);
      expect(durationUs(transfer.trajectory) / transfer.choice.durationUs).toBeCloseTo(1, 2);
    }
  });

  it('takes less time than the same leg with its corners rounded, and less again with an early start', () => {
    let rounded = 0;
    let free = 0;
    let early = 0;
    const earlyMax = [0.005, 0, 0, 0, 0, 0.05];
    for (const leg of LEGS) {
      const path = timePath(roundedPath(leg), SIX_AXES);
      if (path.status === 'refused') throw new Error(path.detail);
      rounded += durationUs(path.trajectory);
      free += durationUs(timed(...endsOf(leg, NEVER_EARLY)).trajectory);
      const transfer = timed(...endsOf(leg, earlyMax));
      expect(validateTrajectory(transfer.trajectory, SIX_AXES)).toEqual([]);
      const far = Math.hypot(leg.from.pointM[0], leg.from.pointM[1]);
      const wide = Math.max(far, Math.hypot(leg.to.pointM[0], leg.to.pointM[1]));
      expect(sideways(leg, transfer)).toBeLessThan(0.005 * wide + 0.001);
      early += durationUs(transfer.trajectory);
    }
    expect(free).toBeLessThan(0.95 * rounded);
    expect(early).toBeLessThan(0.99 * free);
  });

  it('begins and ends at rest in the open as well', () => {
    const rest: TransferEnd = { kind: 'rest', positions: [0.3, -1.4, 1.2, -1.5, -1.5, 0.4] };
    const [from, to] = endsOf(LEGS[1]!, NEVER_EARLY);
    for (const [a, b] of [
      [rest, to],
      [from, rest],
    ] as const) {
      const transfer = timed(a, b);
      expect(validateTrajectory(transfer.trajectory, SIX_AXES)).toEqual([]);
      expect(a === rest ? transfer.runUntilUs : durationUs(transfer.trajectory) - transfer.runFromUs).toBe(0);
    }
  });

  it('is the same backwards', () => {
    for (const leg of LEGS.slice(0, 5)) {
      const [from, to] = endsOf(leg, NEVER_EARLY);
      const there = durationUs(timed(from, to).trajectory);
      const back = durationUs(timed(to, from).trajectory);
      expect(back / there).toBeCloseTo(1, 3);
    }
  });

  it('is deterministic', () => {
    const [from, to] = endsOf(LEGS[2]!, NEVER_EARLY);
    expect(timed(from, to)).toEqual(timed(from, to));
  });
});
