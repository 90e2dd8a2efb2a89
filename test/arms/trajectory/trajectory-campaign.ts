import type { JointLimits } from '../../../arms/model/manipulator.ts';
import type { JointMotion, WaypointRule } from '../../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { spliceTrajectory } from '../../../arms/trajectory/splice.ts';
import { moveBetween } from '../../../arms/trajectory/state-move.ts';
import type { JointState } from '../../../arms/trajectory/state-move.ts';
import { stoppingTrajectory } from '../../../arms/trajectory/stopping.ts';
import { slowedDown } from '../../../arms/trajectory/slow-down.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { limitShares } from './limit-shares.ts';
import type { LimitShares } from './limit-shares.ts';
import { SIX_AXES } from './limits.ts';
import { numbers, randomWaypoints } from './paths.ts';

/** What a trajectory may use of its limits: rounding above velocity and acceleration, a ripple of jerk. */
export const ALLOWED = { velocity: 1.0001, acceleration: 1.0001, jerk: 1.004, beyond: 1e-4 } as const;
/** Changes of speed under way are judged with more room (see `ON_PATH`), and at instants some way apart. */
const ALLOWED_STOPPING = { velocity: 1.0001, acceleration: 1.01, jerk: 1.2, beyond: 1e-4 } as const;
/** A motion entered or left just short of full speed may need this much jerk not to get beyond it. */
const ALLOWED_MOVING = { ...ALLOWED, jerk: 1.085 } as const;

export interface CampaignRow {
  readonly kind: string;
  readonly count: number;
  /** Trajectories refused for what was asked of them: an end beyond the limits, a way past a position limit. */
  refused: number;
  /** Trajectories that exceed a limit anywhere, or do not begin and end where they should. */
  faults: number;
  firstFault: string | null;
  velocity: number;
  acceleration: number;
  jerk: number;
}

type Made = JointTrajectory | 'refused' | { readonly wrong: string };
type Kind = 'path' | 'moving ends' | 'splice' | 'state to state' | 'stop' | 'slowed down';

const ALLOWED_FOR: { readonly [K in Kind]?: LimitShares } = {
  stop: ALLOWED_STOPPING,
  splice: ALLOWED_MOVING,
  'moving ends': ALLOWED_MOVING,
  'state to state': ALLOWED_MOVING,
};

/** How often each kind comes: by far most are paths. */
const KINDS: readonly Kind[] = ['path', 'path', 'path', 'path', 'path', 'moving ends', 'splice', 'state to state', 'stop', 'slowed down']; // prettier-ignore

/** Times `count` random paths and states, and looks for limits exceeded anywhere. The same for the same seed. */
export function trajectoryCampaign(count: number, seed: number): CampaignRow[] {
  const rows = new Map<Kind, CampaignRow & { count: number }>();
  for (let n = 0; n < count; n++) {
    const kind = KINDS[n % KINDS.length]!;
    const next = numbers(seed * 1_000_003 + n);
    const limits = SIX_AXES.slice(0, 1 + Math.floor(next() * SIX_AXES.length));
    const made = attempt(kind, next, limits);
    let row = rows.get(kind);
    if (row === undefined) {
      row = {
        kind,
        count: 0,
        refused: 0,
        faults: 0,
        firstFault: null,
        velocity: 0,
        acceleration: 0,
        jerk: 0,
      };
      rows.set(kind, row);
    }
    row.count++;
    if (made === 'refused') {
      row.refused++;
      continue;
    }
    const fault = 'wrong' in made ? made.wrong : judge(row, made, limits, kind);
    if (fault === null) continue;
    row.faults++;
    row.firstFault ??= `case ${n}: ${fault}`;
  }
  return [...rows.values()];
}

/** Nothing may throw, whatever is asked for. */
function attempt(kind: Kind, next: () => number, limits: readonly JointLimits[]): Made {
  try {
    return make(kind, next, limits);
  } catch (error) {
    return { wrong: `threw ${String(error)}` };
  }
}

function judge(
  row: CampaignRow,
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  kind: Kind,
): string | null {
  const shares = limitShares(trajectory, limits);
  const allowed: LimitShares = ALLOWED_FOR[kind] ?? ALLOWED;
  for (const name of ['velocity', 'acceleration', 'jerk'] as const) {
    row[name] = Math.max(row[name], shares[name]);
  }
  for (const name of ['velocity', 'acceleration', 'jerk', 'beyond'] as const) {
    if (!(shares[name] <= allowed[name])) return `${name} ${shares[name]}, allowed ${allowed[name]}`;
  }
  return null;
}

const STEPS = [1e-6, 1e-3, 0.03, 0.2, 0.6, 1.5] as const;
const DEVIATIONS = [0, 1e-4, 0.003, 0.03, 0.2, 1] as const;

function pick<T>(next: () => number, list: readonly T[]): T {
  return list[Math.floor(next() * list.length)]!;
}

function make(kind: Kind, next: () => number, limits: readonly JointLimits[]): Made {
  if (kind === 'state to state') {
    const from = randomState(next, limits);
    const to = randomState(next, limits);
    const move = moveBetween(from, to, limits);
    return move.status === 'refused' ? 'refused' : move.piece;
  }
  if (kind === 'moving ends') {
    return timed(
      next,
      limits,
      2 + Math.floor(next() * 5),
      randomMotion(next, limits),
      randomMotion(next, limits),
    );
  }
  const base = timed(next, limits, 1 + Math.floor(next() * 12), null, null);
  if (base === 'refused' || 'wrong' in base || kind === 'path') return base;
  if (kind === 'slowed down') return slowedDown(base, 0.1 + 0.9 * next());
  const at = next() * durationUs(base);
  if (kind === 'stop') return stoppingTrajectory(base, at, limits).trajectory;
  const { waypoints, rules } = randomPath(next, limits, 2 + Math.floor(next() * 4));
  const onward = { waypoints: waypoints.map((row) => near(row, waypoints[0]!, base.positions[0]!, limits)), rules, curveDeviationMax: 0 }; // prettier-ignore
  const spliced = spliceTrajectory(base, at, onward, limits);
  if (spliced.status === 'refused') return 'refused';
  const late = spliced.divergesUs - Math.min(at, durationUs(base));
  return late < 0 || late > 101 ? { wrong: `diverges ${late} us after it should` } : spliced.trajectory;
}

function near(
  row: readonly number[],
  first: readonly number[],
  place: readonly number[],
  limits: readonly JointLimits[],
): number[] {
  return row.map((value, j) => {
    const { lower, upper } = limits[j]!;
    return Math.min(upper, Math.max(lower, value - first[j]! + place[j]!));
  });
}

function randomPath(next: () => number, limits: readonly JointLimits[], count: number) {
  const waypoints = randomWaypoints(next, count, pick(next, STEPS), limits);
  const deviationMax = pick(next, DEVIATIONS);
  const curved = next() < 0.2;
  const rules = waypoints.map((_, k): WaypointRule => {
    if (next() < 0.15) return { kind: 'stop', dwellUs: Math.floor(next() * 3) * 50_000 };
    return curved && k % 4 !== 0 ? { kind: 'curve' } : { kind: 'blend', deviationMax };
  });
  return { waypoints, rules };
}

function timed(
  next: () => number,
  limits: readonly JointLimits[],
  count: number,
  start: JointMotion | null,
  end: JointMotion | null,
): Made {
  const { waypoints, rules } = randomPath(next, limits, count);
  const path = { waypoints, rules, curveDeviationMax: next() < 0.5 ? 0 : 0.01 };
  const result = timePath(path, limits, { start, end });
  if (result.status === 'refused') {
    // Curves through rough samples may swing beyond a position limit; nothing else of this is to be refused.
    const expected = result.stage === 'position' || start !== null || end !== null;
    return expected ? 'refused' : { wrong: result.detail };
  }
  const { trajectory } = result;
  const last = trajectory.positions.length - 1;
  const off = (a: readonly number[], b: readonly number[]): boolean =>
    a.some((value, j) => Math.abs(value - b[j]!) > 1e-9);
  if (off(trajectory.positions[0]!, waypoints[0]!)) return { wrong: 'does not begin at the first waypoint' };
  if (off(trajectory.positions[last]!, waypoints[count - 1]!)) return { wrong: 'does not end at the last' };
  const still = limits.map(() => 0);
  if (off(trajectory.velocities[0]!, start?.velocities ?? still)) return { wrong: 'start velocity' };
  if (off(trajectory.velocities[last]!, end?.velocities ?? still)) return { wrong: 'end velocity' };
  if (off(trajectory.accelerations[0]!, start?.accelerations ?? still))
    return { wrong: 'start acceleration' };
  if (off(trajectory.accelerations[last]!, end?.accelerations ?? still)) return { wrong: 'end acceleration' };
  return trajectory;
}

function randomMotion(next: () => number, limits: readonly JointLimits[]): JointMotion | null {
  if (next() < 0.3) return null;
  const share = next();
  return {
    velocities: limits.map((limit) => (2 * next() - 1) * share * limit.velocityMax),
    accelerations: limits.map((limit) => (2 * next() - 1) * share * limit.accelerationMax),
  };
}

function randomState(next: () => number, limits: readonly JointLimits[]): JointState {
  const motion = randomMotion(next, limits);
  const step = pick(next, STEPS);
  const still = limits.map(() => 0);
  return {
    positions: limits.map(() => (2 * next() - 1) * step),
    velocities: motion?.velocities ?? still,
    accelerations: motion?.accelerations ?? still,
  };
}
