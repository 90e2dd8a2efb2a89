import { describe, expect, it } from 'vitest';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { solveToolDown } from '../../../arms/planning/inverse-kinematics.ts';
import { loadCell } from '../../../config/load.ts';
import { shippedPath } from '../../../config/shipped.ts';
import { createMonitor, monitor, noteCommand, noteEvent } from '../../../controller/coordination/monitor.ts';
import type { MonitorVerdict } from '../../../controller/coordination/monitor.ts';
import type { ArmModel } from '../../../controller/domain/cell.ts';
import type { ArmEvent, ArmSample } from '../../../controller/ports.ts';

/**
 * Two UR10e face to face, 0.9 m from the middle. `over` reaches across the middle, where both can be; `park` is far
 * from there.
 */
const loaded = loadCell(shippedPath('cells/four-arm.yaml'));
if (loaded.status !== 'loaded') throw new Error(JSON.stringify(loaded.faults));
const { cell, descriptions } = loaded;
const pair = { ...cell, arms: cell.arms.filter(({ id }) => id === 'arm-1' || id === 'arm-2') };
const [one, other] = pair.arms;
const LIMITS = { reactionUs: 20_000, sampleAgeMaxUs: 100_000 };

/** The first way to hold the tool straight down at a point. */
function toolAt(arm: ArmModel, pointM: readonly [number, number, number]): readonly number[] {
  const request = { near: arm.park, turns: 'nearest' as const, redundancySamples: 1 };
  const found = solveToolDown(arm.manipulator, arm.X_WB, pointM, [0], request);
  if (found.status !== 'solutions') throw new Error(found.status);
  return found.solutions[0].q;
}

/** Both tools over the same spot between the arms: where one is, the other cannot be. */
const OVER = {
  'arm-1': toolAt(one, [-0.78, 0, 0.15]),
  'arm-2': toolAt(other, [-0.78, 0, 0.15]),
} as const;

/** Beside arm-1 over the middle: nearer than allowed, and a hand's breadth away. */
const TOO_NEAR = toolAt(other, [-0.78, 0.25, 0.15]);
const BESIDE = toolAt(other, [-0.78, 0.3, 0.15]);

function motion(armId: keyof typeof OVER, from: readonly number[], to: readonly number[]): JointTrajectory {
  const { manipulator } = pair.arms.find(({ id }) => id === armId)!;
  const limits = manipulator.joints.map((joint) => joint.limits);
  const timed = timePath(straightPath([from, to], { kind: 'stop' }), limits);
  if (timed.status !== 'timed') throw new Error(timed.status);
  return timed.trajectory;
}

/** Both arms claimed in their park poses, and a way to say what is measured. */
function watched() {
  const state = createMonitor(pair, descriptions, LIMITS);
  const samples = new Map<string, ArmSample>();
  let nowUs = 1_000_000;
  const rest = (armId: string, positions: readonly number[]): void => {
    const event: ArmEvent = {
      kind: 'claimed',
      commandId: 'c',
      epoch: 1,
      positions,
      holding: { vacuum: 'off', massKg: 0 },
      last: null,
    };
    noteEvent(state, armId, event, nowUs);
    measure(
      armId,
      positions,
      positions.map(() => 0),
    );
  };
  const measure = (
    armId: string,
    positions: readonly number[],
    velocities: readonly number[],
    about: Partial<ArmSample> = {},
  ): void => {
    samples.set(armId, {
      positions,
      velocities,
      sampledUs: nowUs,
      commandId: null,
      progressUs: 0,
      holding: { vacuum: 'off', massKg: 0 },
      ...about,
    });
  };
  const look = (itemSizeM: readonly [number, number, number] | null = null): readonly MonitorVerdict[] =>
    monitor(state, { samples, itemSizeM: () => itemSizeM }, nowUs);
  const submit = (
    armId: string,
    trajectory: JointTrajectory,
    grantedUntilUs = durationUs(trajectory),
  ): void =>
    noteCommand(
      state,
      armId,
      {
        kind: 'submit',
        commandId: `go-${armId}`,
        epoch: 1,
        trajectory,
        fromUs: 0,
        grantedUntilUs,
        marksUs: [],
      },
      nowUs,
    );
  /** The arm is measured on its trajectory, at its nominal speed. */
  const on = (armId: string, trajectory: JointTrajectory, progressUs: number, beside = 0): void => {
    const q = new Array<number>(6).fill(0);
    const v = new Array<number>(6).fill(0);
    sampleTrajectory(trajectory, progressUs, q, v);
    q[2] += beside;
    measure(armId, q, v, { commandId: `go-${armId}`, progressUs });
  };
  for (const arm of pair.arms) rest(arm.id, arm.park);
  return {
    state,
    rest,
    measure,
    look,
    submit,
    on,
    /** Time passes; arms that are not measured anew report the same. */
    pass(us: number, stamp: 'anew' | 'as before' = 'anew'): void {
      nowUs += us;
      if (stamp === 'as before') return;
      for (const [armId, sample] of samples) samples.set(armId, { ...sample, sampledUs: nowUs });
    },
    nowUs: () => nowUs,
  };
}

describe('the monitor', () => {
  it('lets an arm follow its trajectory, wait, go slowly and rest', () => {
    const cell = watched();
    const path = motion('arm-1', one.park, OVER['arm-1']);
    cell.submit('arm-1', path);
    for (let us = 0; us <= durationUs(path); us += 20_000) {
      cell.pass(20_000);
      cell.on('arm-1', path, us);
      expect(cell.look()).toEqual([]);
    }
    noteEvent(
      cell.state,
      'arm-1',
      {
        kind: 'ended',
        commandId: 'go-arm-1',
        outcome: { status: 'reached' },
        positions: OVER['arm-1'],
        holding: { vacuum: 'off', massKg: 0 },
      },
      cell.nowUs(),
    );
    for (let k = 0; k < 50; k += 1) {
      cell.pass(20_000);
      cell.measure('arm-1', OVER['arm-1'], [0, 0, 0, 0, 0, 0]);
      expect(cell.look()).toEqual([]);
    }
    expect(cell.state.statistics).toMatchObject({ stops: 0, verdicts: 0, undecided: 0 });
  });

  it('stops both arms on their paths when their trajectories cross, before either moves, and names the links', () => {
    const cell = watched();
    cell.submit('arm-1', motion('arm-1', one.park, OVER['arm-1']));
    expect(cell.look()).toEqual([]);
    cell.submit('arm-2', motion('arm-2', other.park, OVER['arm-2']));
    const [verdict, ...more] = cell.look();
    expect(more).toEqual([]);
    expect(verdict).toMatchObject({ kind: 'separation-at-risk', armIds: ['arm-1', 'arm-2'] });
    expect(verdict.stops).toEqual([
      { armId: 'arm-1', stop: 'on-path' },
      { armId: 'arm-2', stop: 'on-path' },
    ]);
    expect(verdict.links?.every((link) => /link|suction/.test(link))).toBe(true);
    expect(verdict.predictedM).toBeLessThan(pairClearanceM);
    expect(verdict.distanceM).toBeGreaterThan(pairClearanceM);
    expect(verdict.detail).toMatch(
      /^arm-1 \(.+\) and arm-2 \(.+\) are \d+ mm apart and would come to -?\d+ mm$/,
    );
    // Said once: the stops are on their way.
    cell.pass(20_000);
    expect(cell.look()).toEqual([]);
  });

  it('counts a carried item as part of its arm', () => {
    const reach = (itemSizeM: readonly [number, number, number] | null): MonitorVerdict | undefined => {
      const cell = watched();
      cell.rest('arm-2', BESIDE);
      expect(cell.look(itemSizeM)).toEqual([]);
      cell.submit('arm-1', motion('arm-1', one.park, OVER['arm-1']));
      return cell.look(itemSizeM)[0];
    };
    expect(reach(null)).toBeUndefined();
    expect(reach([0.3, 0.3, 0.2])).toMatchObject({
      kind: 'separation-at-risk',
      links: expect.arrayContaining(['item']) as string[],
    });
  });

  it('lets arms pass that take turns by their grants, also when a mark is heard before it is measured', () => {
    const cell = watched();
    const away = motion('arm-1', OVER['arm-1'], one.park);
    const into = motion('arm-2', other.park, OVER['arm-2']);
    cell.rest('arm-1', OVER['arm-1']);
    cell.submit('arm-1', away);
    cell.submit('arm-2', into, 50_000);
    expect(cell.look()).toEqual([]);
    const endUs = durationUs(away);
    for (let us = 0; us < endUs - 100_000; us += 20_000) {
      cell.pass(20_000);
      cell.on('arm-1', away, us);
      expect(cell.look()).toEqual([]);
    }
    // Extended before the last measurement shows that the way is free: the arm said so.
    noteEvent(
      cell.state,
      'arm-1',
      { kind: 'progressed', commandId: 'go-arm-1', progressUs: endUs },
      cell.nowUs(),
    );
    noteCommand(
      cell.state,
      'arm-2',
      { kind: 'extend', commandId: 'go-arm-2', epoch: 1, grantedUntilUs: durationUs(into) },
      cell.nowUs(),
    );
    cell.pass(20_000);
    cell.on('arm-1', away, endUs - 100_000);
    expect(cell.look()).toEqual([]);
  });

  it.each([
    ['beside its path', 0.05, /is 0\.0\d+ rad beside its path/],
    ['as far beside it as arms may start', 0.0105, null],
  ])('an arm that is %s', (_what, beside, detail) => {
    const cell = watched();
    const path = motion('arm-1', one.park, OVER['arm-1']);
    cell.submit('arm-1', path);
    cell.pass(200_000);
    cell.on('arm-1', path, 400_000, beside);
    const verdicts = cell.look();
    if (detail === null) return expect(verdicts).toEqual([]);
    expect(verdicts).toMatchObject([
      { kind: 'arm-off-claim', armIds: ['arm-1'], stops: [{ armId: 'arm-1', stop: 'protective' }] },
    ]);
    expect(verdicts[0].detail).toMatch(detail);
  });

  it('stops an arm that does not brake for the end of its grant, and one that is past it', () => {
    const path = motion('arm-1', one.park, OVER['arm-1']);
    const grantedUntilUs = Math.round(0.6 * durationUs(path));
    const cell = watched();
    cell.submit('arm-1', path, grantedUntilUs);
    let stoppedUs = Infinity;
    for (let us = 0; us < durationUs(path) && stoppedUs === Infinity; us += 20_000) {
      cell.pass(20_000);
      cell.on('arm-1', path, us);
      const [verdict] = cell.look();
      if (verdict === undefined) continue;
      expect(verdict).toMatchObject({ kind: 'arm-beyond-grant', stops: [{ stop: 'protective' }] });
      stoppedUs = us;
    }
    // Long before it is there.
    expect(stoppedUs).toBeLessThan(grantedUntilUs - 100_000);
    const late = watched();
    late.submit('arm-1', path, grantedUntilUs);
    late.pass(20_000);
    late.on('arm-1', path, grantedUntilUs + 30_000);
    expect(late.look()).toMatchObject([{ kind: 'arm-beyond-grant' }]);
  });

  it('does not see an arm whose samples are old: it is stopped if it moves, and nobody gets its space', () => {
    const cell = watched();
    const path = motion('arm-1', one.park, OVER['arm-1']);
    cell.submit('arm-1', path);
    cell.pass(20_000);
    cell.on('arm-1', path, 300_000);
    expect(cell.look()).toEqual([]);
    for (const us of [40_000, 40_000]) {
      cell.pass(us, 'as before');
      cell.measure('arm-2', other.park, [0, 0, 0, 0, 0, 0]);
      expect(cell.look()).toEqual([]);
    }
    cell.pass(40_000, 'as before');
    cell.measure('arm-2', other.park, [0, 0, 0, 0, 0, 0]);
    expect(cell.look()).toMatchObject([
      { kind: 'arm-not-seen', armIds: ['arm-1'], stops: [{ armId: 'arm-1', stop: 'on-path' }] },
    ]);
    // Even when its driver says that it is lost: all of its grant stays taken.
    noteEvent(cell.state, 'arm-1', { kind: 'lost', reason: 'test' }, cell.nowUs());
    cell.submit('arm-2', motion('arm-2', other.park, OVER['arm-2']));
    expect(cell.look()).toMatchObject([
      { kind: 'separation-at-risk', stops: [{ armId: 'arm-2', stop: 'on-path' }] },
    ]);
  });

  it('takes no stalled evaluation for a silent arm', () => {
    const cell = watched();
    const path = motion('arm-1', one.park, OVER['arm-1']);
    cell.submit('arm-1', path);
    cell.on('arm-1', path, 300_000);
    expect(cell.look()).toEqual([]);
    cell.pass(400_000, 'as before');
    expect(cell.look()).toEqual([]);
    cell.pass(20_000, 'as before');
    expect(cell.look()).toMatchObject([{ kind: 'arm-not-seen' }]);
  });

  it('does not believe positions that stand still while the arm says that it moves', () => {
    const cell = watched();
    const path = motion('arm-1', one.park, OVER['arm-1']);
    cell.submit('arm-1', path);
    cell.on('arm-1', path, 400_000);
    const found: MonitorVerdict[] = [];
    for (let k = 0; k < 4; k += 1) {
      found.push(...cell.look());
      cell.pass(20_000);
    }
    expect(found).toMatchObject([{ kind: 'samples-not-credible', stops: [{ stop: 'on-path' }] }]);
  });

  it('notices an arm that moves without a command, or stands elsewhere than it came to rest', () => {
    const cell = watched();
    cell.pass(200_000);
    cell.measure('arm-2', other.park, [0.5, 0, 0, 0, 0, 0]);
    expect(cell.look()).toMatchObject([{ kind: 'arm-moves-unbidden', armIds: ['arm-2'] }]);
    const moved = watched();
    moved.pass(200_000);
    moved.measure('arm-2', OVER['arm-2'], [0, 0, 0, 0, 0, 0]);
    expect(moved.look()).toMatchObject([{ kind: 'arm-off-claim', armIds: ['arm-2'], stops: [] }]);
    // Its true place is what others have to keep clear of.
    moved.submit('arm-1', motion('arm-1', one.park, OVER['arm-1']));
    moved.pass(20_000);
    expect(moved.look()).toMatchObject([
      { kind: 'separation-at-risk', stops: [{ armId: 'arm-1', stop: 'on-path' }] },
    ]);
  });

  it('escalates when an arm goes on although it was told to stop', () => {
    const cell = watched();
    const path = motion('arm-1', one.park, OVER['arm-1']);
    cell.submit('arm-1', path);
    noteCommand(
      cell.state,
      'arm-1',
      { kind: 'stop', commandId: 's', epoch: 1, stop: 'on-path' },
      cell.nowUs(),
    );
    const found: MonitorVerdict[] = [];
    // Slowly, so that the path lasts.
    for (let k = 0; k < 120 && found.length === 0; k += 1) {
      cell.pass(20_000);
      const q = new Array<number>(6).fill(0);
      const v = new Array<number>(6).fill(0);
      const progressUs = 300_000 + 4_000 * k;
      sampleTrajectory(path, progressUs, q, v);
      cell.measure(
        'arm-1',
        q,
        v.map((each) => each * 0.2),
        { commandId: 'go-arm-1', progressUs },
      );
      found.push(...cell.look());
    }
    expect(found).toMatchObject([{ kind: 'arm-ignores-stop', stops: [{ stop: 'protective' }] }]);
  });

  it('lets arms that rest too near to one another move apart, and not nearer', () => {
    const from = (armId: 'arm-2', to: readonly number[]): readonly MonitorVerdict[] => {
      const cell = watched();
      cell.rest('arm-1', OVER['arm-1']);
      cell.rest(armId, TOO_NEAR);
      // Nobody moves: there is nothing to stop.
      expect(cell.look()).toEqual([]);
      cell.submit(armId, motion(armId, TOO_NEAR, to));
      return cell.look();
    };
    expect(from('arm-2', BESIDE)).toEqual([]);
    expect(from('arm-2', toolAt(other, [-0.78, 0.2, 0.15]))).toMatchObject([
      { kind: 'separation-at-risk', stops: [{ armId: 'arm-2' }] },
    ]);
  });
});

const pairClearanceM = cell.clearanceM;
