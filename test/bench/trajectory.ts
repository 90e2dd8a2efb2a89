import type { JointLimits } from '../../arms/model/manipulator.ts';
import { straightPath } from '../../arms/trajectory/joint-path.ts';
import type { JointPath } from '../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import { moveBetween } from '../../arms/trajectory/state-move.ts';
import { prepareRun } from '../../arms/trajectory/straight-run.ts';
import { timePath } from '../../arms/trajectory/time-path.ts';
import { chooseTransfer, timeTransfer } from '../../arms/trajectory/transfer.ts';
import type { TransferEnd } from '../../arms/trajectory/transfer.ts';
import { SIX_AXES } from '../arms/trajectory/limits.ts';
import { numbers, randomWaypoints } from '../arms/trajectory/paths.ts';
import { pickAndPlaceLegs, roundedPath, withLimits } from '../arms/trajectory/pick-and-place.ts';
import type { Leg } from '../arms/trajectory/pick-and-place.ts';
import { timeBoundS } from '../arms/trajectory/time-bound.ts';
import { shippedArm } from '../arms/planning/shipped-arm.ts';

const SEED = 20_260_101;
const PATHS = 25;
const LEGS = 120;
/** Points of the bound's grid, per waypoint of the path and for a leg. */
const BOUND_POINTS = 200;
const LEG_BOUND_POINTS = 2_500;
const ROUNDS = 7;
/** How far a joint may have left its place when the straight part of a leg ends: 5 mm at 1 m, and the tool's turn. */
const EARLY = [0.005, 0, 0, 0, 0, 0.05] as const;

interface Row {
  readonly workload: string;
  readonly trajectories: number;
  readonly meanDurationS: number;
  /** Duration over the bound without jerk limits on the same path, jerk unlimited and limited. */
  readonly overBoundJerkUnlimited: number | null;
  readonly overBoundJerkUnlimitedWorst: number | null;
  readonly overBoundJerkLimited: number | null;
  /** CPU time per trajectory, median of rounds, us. */
  readonly timeUs: number;
}

/** How good and how quick the timing of paths, of pick-and-place legs and of motions between states is. */
export function trajectoryBench(): readonly Row[] {
  const rows = [10, 100].map((count) => pathRow(count));
  const arm = shippedArm('ur10e');
  const legs = pickAndPlaceLegs(arm, numbers(SEED), LEGS);
  rows.push(...legRows(legs), statesRow());
  return rows;
}

function timed(path: JointPath, limits: readonly JointLimits[]): JointTrajectory {
  const result = timePath(path, limits);
  if (result.status === 'refused') throw new Error(result.detail);
  return result.trajectory;
}

/** Random walks of all joints, corners rounded by at most 0.05 rad. */
function pathRow(count: number): Row {
  const step = 0.6;
  const paths = Array.from({ length: PATHS }, (_, n) =>
    straightPath(randomWaypoints(numbers(SEED + n), count, step, SIX_AXES), {
      kind: 'blend',
      deviationMax: 0.05,
    }),
  );
  // The bound of long paths takes seconds: some of them stand for all.
  const judged = paths.slice(0, count > 50 ? 4 : PATHS);
  return {
    workload: `${count} waypoints, rounded`,
    trajectories: PATHS,
    meanDurationS: mean(paths.map((path) => seconds(timed(path, SIX_AXES)))),
    ...overBound(judged, count * BOUND_POINTS),
    timeUs: cpuUs(() => paths.forEach((path) => timed(path, SIX_AXES)), PATHS),
  };
}

function overBound(paths: readonly JointPath[], points: number) {
  const free = withLimits(SIX_AXES, 'unlimited');
  const unlimited = paths.map((path) => {
    const trajectory = timed(path, free);
    return seconds(trajectory) / timeBoundS(trajectory, free, points);
  });
  const limited = paths.map((path) => {
    const trajectory = timed(path, SIX_AXES);
    return seconds(trajectory) / timeBoundS(trajectory, free, points);
  });
  return {
    overBoundJerkUnlimited: median(unlimited),
    overBoundJerkUnlimitedWorst: Math.max(...unlimited),
    overBoundJerkLimited: median(limited),
  };
}

/** The same pick-and-place legs in the two ways there are: rounded corners, and free motion between straight runs. */
function legRows(legs: readonly Leg[]): Row[] {
  const limits = SIX_AXES;
  const free = withLimits(limits, 'unlimited');
  const rounded = legs.map((leg) => roundedPath(leg));
  const ends = (earlyMax: readonly number[], leg: Leg): [TransferEnd, TransferEnd] => {
    const end = (samples: readonly (readonly number[])[]): TransferEnd => {
      const prepared = prepareRun(samples, 0.0005, limits);
      if (prepared.status === 'refused') throw new Error(prepared.detail);
      return { kind: 'run', run: prepared.run, earlyMax };
    };
    return [end(leg.from.samples), end(leg.to.samples)];
  };
  const rows: Row[] = [
    {
      workload: 'pick-and-place leg, corners rounded',
      trajectories: legs.length,
      meanDurationS: mean(rounded.map((path) => seconds(timed(path, limits)))),
      ...overBound(rounded.slice(0, 30), LEG_BOUND_POINTS),
      timeUs: cpuUs(() => rounded.forEach((path) => timed(path, limits)), legs.length),
    },
  ];
  for (const [name, earlyMax] of [
    ['free between straight runs', limits.map(() => 0)],
    ['the same, setting off 5 mm early', EARLY],
  ] as const) {
    const prepared = legs.map((leg) => ends(earlyMax, leg));
    const go = (pair: readonly [TransferEnd, TransferEnd]): JointTrajectory => {
      const result = timeTransfer(...pair, limits, chooseTransfer(...pair, limits));
      if (result.status === 'refused') throw new Error(result.detail);
      return result.trajectory;
    };
    const trajectories = prepared.map((pair) => go(pair));
    const judged = trajectories.slice(0, 30);
    rows.push({
      workload: `pick-and-place leg, ${name}`,
      trajectories: legs.length,
      meanDurationS: mean(trajectories.map(seconds)),
      overBoundJerkUnlimited: null,
      overBoundJerkUnlimitedWorst: null,
      overBoundJerkLimited: median(
        judged.map((each) => seconds(each) / timeBoundS(each, free, LEG_BOUND_POINTS)),
      ),
      timeUs: cpuUs(() => prepared.forEach((pair) => go(pair)), legs.length),
    });
    if (earlyMax === EARLY) continue;
    rows.push({
      workload: 'choosing how a leg is done, its duration alone',
      trajectories: legs.length,
      meanDurationS: mean(prepared.map((pair) => chooseTransfer(...pair, limits).durationUs * 1e-6)),
      overBoundJerkUnlimited: null,
      overBoundJerkUnlimitedWorst: null,
      overBoundJerkLimited: null,
      timeUs: cpuUs(() => prepared.forEach((pair) => chooseTransfer(...pair, limits)), legs.length),
    });
  }
  rows.push({
    workload: 'preparing the straight runs of one place',
    trajectories: legs.length,
    meanDurationS: mean(
      legs.map((leg) => {
        const [from] = ends(EARLY, leg);
        return from.kind === 'run' ? from.run.options[0]!.durationUs * 1e-6 : NaN;
      }),
    ),
    overBoundJerkUnlimited: null,
    overBoundJerkUnlimitedWorst: null,
    overBoundJerkLimited: null,
    timeUs: cpuUs(() => legs.forEach((leg) => ends(EARLY, leg)), 2 * legs.length),
  });
  return rows;
}

/** All six joints from one moving state to another. */
function statesRow(): Row {
  const next = numbers(SEED);
  const states = Array.from({ length: 400 }, () => ({
    positions: SIX_AXES.map(() => 4 * next() - 2),
    velocities: SIX_AXES.map((limit) => (2 * next() - 1) * 0.5 * limit.velocityMax),
    accelerations: SIX_AXES.map((limit) => (2 * next() - 1) * 0.5 * limit.accelerationMax),
  }));
  const pairs = states.slice(1).map((to, n) => [states[n]!, to] as const);
  const durations = pairs.map(([from, to]) => {
    const move = moveBetween(from, to, SIX_AXES);
    return move.status === 'refused' ? 0 : seconds(move.piece);
  });
  return {
    workload: 'six joints between moving states',
    trajectories: pairs.length,
    meanDurationS: mean(durations),
    overBoundJerkUnlimited: null,
    overBoundJerkUnlimitedWorst: null,
    overBoundJerkLimited: null,
    timeUs: cpuUs(() => pairs.forEach(([from, to]) => moveBetween(from, to, SIX_AXES)), pairs.length),
  };
}

function seconds(trajectory: JointTrajectory): number {
  return durationUs(trajectory) * 1e-6;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** CPU time, not wall time: other work on the machine does not count. */
function cpuUs(run: () => void, count: number): number {
  const rounds: number[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    const before = process.cpuUsage();
    run();
    rounds.push(process.cpuUsage(before).user / count);
  }
  return median(rounds);
}
