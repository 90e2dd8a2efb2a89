import type { JointLimits } from '../model/manipulator.ts';
import type { JointPath, WaypointRule } from './joint-path.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { checkPath } from './path-check.ts';
import type { PathRefusal } from './path-check.ts';
import { stretches } from './path-geometry.ts';
import { knotsOf } from './profile-knots.ts';
import { buildSpeedGrid } from './speed-grid.ts';
import { withinLimits } from './speed-problem.ts';
import { optimiseSpeed } from './speed-profile.ts';
import type { JointState } from './state-move.ts';

/** One way to run along the samples: from rest at the first to a moving state at the last. */
export interface RunOption {
  /** The run as a piece of a trajectory; it does not end at rest. */
  readonly piece: JointTrajectory;
  readonly durationUs: number;
  readonly exit: JointState;
}

/**
 * A motion from rest along a fixed curve, such as the straight way of a tool up from a pick point, to the end of that
 * curve, where the arm is moving and may go on as it likes. Backwards it is the motion down to the point. It depends
 * on the curve alone: prepare it once for a point and use it for every motion from there and to there.
 */
export interface StraightRun {
  /** As fast as can be first, then ever slower at the end of the curve. */
  readonly options: readonly RunOption[];
  /** Joints that do not take part in the run. */
  readonly idle: readonly boolean[];
}

export type PreparedRun = { readonly status: 'prepared'; readonly run: StraightRun } | PathRefusal;

/** Speeds at the end of the curve that are offered, as shares of the highest. */
const EXIT_SHARES = [1, 0.85, 0.7, 0.55, 0.4, 0.25, 0.1] as const;

/** A joint that moves by less than this all along, rad or m, does not take part. */
const IDLE = 1e-7;

const STOP: WaypointRule = { kind: 'stop' };
const CURVE: WaypointRule = { kind: 'curve' };

/**
 * Prepares a run along `samples` (joint positions, the first where the arm rests), as fast as the limits allow.
 * `curveDeviationMax`: how far the motion may pass by the samples, rad (m).
 *
 * Refused, never thrown: malformed samples and limits, samples beyond the position limits, fewer than two different.
 */
export function prepareRun(
  samples: readonly (readonly number[])[],
  curveDeviationMax: number,
  limits: readonly JointLimits[],
): PreparedRun {
  const last = samples.length - 1;
  const path: JointPath = {
    waypoints: samples,
    rules: samples.map((_, k) => (k === 0 || k === last ? STOP : CURVE)),
    curveDeviationMax,
  };
  const refusal = checkPath(path, limits);
  if (refusal !== null) return refusal;
  const geometry = stretches(path, limits)[0]?.geometry;
  if (geometry === undefined) {
    return {
      status: 'refused',
      stage: 'waypoints',
      joint: null,
      waypoint: null,
      value: samples.length,
      limit: 2,
      detail: 'samples: at least two different ones are needed',
    };
  }
  const grid = buildSpeedGrid(geometry, limits, { start: 'rest', end: 'free' });
  const options: RunOption[] = [];
  let topSpeed = Infinity;
  for (const share of EXIT_SHARES) {
    const profile = optimiseSpeed(grid, { ...withinLimits(limits), endSpeedMax: share * topSpeed });
    if (options.length === 0) topSpeed = Math.sqrt(profile.coefficients[profile.coefficients.length - 1]!);
    const piece = knotsOf(profile).trajectory;
    const end = piece.timesUs.length - 1;
    options.push({
      piece,
      durationUs: piece.timesUs[end]!,
      exit: {
        positions: piece.positions[end]!,
        velocities: piece.velocities[end]!,
        accelerations: piece.accelerations[end]!,
      },
    });
  }
  const first = samples[0]!;
  const idle = first.map((value, j) => samples.every((row) => Math.abs(row[j]! - value) < IDLE));
  return { status: 'prepared', run: { options, idle } };
}
