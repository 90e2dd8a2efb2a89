import type { JointLimits } from '../model/manipulator.ts';
import type { JointMotion, JointPath, WaypointRule } from './joint-path.ts';

/** More waypoints than any one motion needs. */
const WAYPOINTS_MAX = 2_000;

/** Longest dwell: one hour. */
const DWELL_MAX_US = 3_600_000_000;

/** Why a path was not timed, with the number that was wrong and the one it was held against. */
export interface PathRefusal {
  readonly status: 'refused';
  readonly stage: 'limits' | 'waypoints' | 'rules' | 'position' | 'ends' | 'velocity' | 'acceleration';
  readonly joint: number | null;
  readonly waypoint: number | null;
  readonly value: number;
  readonly limit: number;
  readonly detail: string;
}

function refuse(
  stage: PathRefusal['stage'],
  joint: number | null,
  waypoint: number | null,
  value: number,
  limit: number,
  detail: string,
): PathRefusal {
  return { status: 'refused', stage, joint, waypoint, value, limit, detail };
}

/** Null when the path and the limits make sense, else the first thing that does not. */
export function checkPath(path: JointPath, limits: readonly JointLimits[]): PathRefusal | null {
  return checkLimits(limits) ?? checkWaypoints(path, limits) ?? checkRules(path);
}

/** Null when the motion at an end is one finite number per joint. */
export function checkMotionAt(
  name: 'start' | 'end',
  motion: JointMotion | null,
  joints: number,
): PathRefusal | null {
  if (motion === null) return null;
  for (const row of ['velocities', 'accelerations'] as const) {
    const values = motion[row];
    if (values.length !== joints) {
      const detail = `${name}.${row}: must have one value per joint`;
      return refuse('ends', null, null, values.length, joints, detail);
    }
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    const detail = `${name}.${row}[${bad}]: must be a finite number`;
    return refuse('ends', bad, null, values[bad] as number, NaN, detail);
  }
  return null;
}

/** Null when every limit is a positive number (jerk may be infinite: unlimited) and lower < upper. */
function checkLimits(limits: readonly JointLimits[]): PathRefusal | null {
  if (limits.length === 0) return refuse('limits', null, null, 0, 1, 'limits: at least one joint is needed');
  for (let j = 0; j < limits.length; j++) {
    const limit = limits[j] as JointLimits;
    for (const name of ['velocityMax', 'accelerationMax', 'jerkMax'] as const) {
      const value = limit[name];
      if (value > 0 && (value < Infinity || name === 'jerkMax')) continue;
      return refuse('limits', j, null, value, 0, `limits[${j}].${name}: must be a positive number`);
    }
    if (!(limit.lower <= limit.upper)) {
      return refuse('limits', j, null, limit.lower, limit.upper, `limits[${j}].lower: must not exceed upper`);
    }
  }
  return null;
}

function checkWaypoints(path: JointPath, limits: readonly JointLimits[]): PathRefusal | null {
  const count = path.waypoints.length;
  if (count === 0 || count > WAYPOINTS_MAX) {
    return refuse(
      'waypoints',
      null,
      null,
      count,
      WAYPOINTS_MAX,
      `waypoints: 1 to ${WAYPOINTS_MAX} are needed`,
    );
  }
  for (let k = 0; k < count; k++) {
    const row = path.waypoints[k] as readonly number[];
    if (row.length !== limits.length) {
      const detail = `waypoints[${k}]: must have one value per joint`;
      return refuse('waypoints', null, k, row.length, limits.length, detail);
    }
    for (let j = 0; j < row.length; j++) {
      const value = row[j] as number;
      const { lower, upper } = limits[j] as JointLimits;
      if (!Number.isFinite(value)) {
        return refuse('waypoints', j, k, value, NaN, `waypoints[${k}][${j}]: must be a finite number`);
      }
      if (value < lower || value > upper) {
        const detail = `waypoints[${k}][${j}]: beyond the joint's position limit`;
        return refuse('position', j, k, value, value < lower ? lower : upper, detail);
      }
    }
  }
  return null;
}

function checkRules(path: JointPath): PathRefusal | null {
  const count = path.waypoints.length;
  if (path.rules.length !== count) {
    const detail = 'rules: must be as many as waypoints';
    return refuse('rules', null, null, path.rules.length, count, detail);
  }
  if (!(path.curveDeviationMax >= 0)) {
    const detail = 'curveDeviationMax: must be 0 or more';
    return refuse('rules', null, null, path.curveDeviationMax, 0, detail);
  }
  for (let k = 0; k < count; k++) {
    const rule = path.rules[k] as WaypointRule;
    if (rule.kind === 'stop' && rule.dwellUs !== undefined) {
      if (!Number.isSafeInteger(rule.dwellUs) || rule.dwellUs < 0 || rule.dwellUs > DWELL_MAX_US) {
        const detail = `rules[${k}].dwellUs: must be 0 to ${DWELL_MAX_US} whole microseconds`;
        return refuse('rules', null, k, rule.dwellUs, DWELL_MAX_US, detail);
      }
    }
    if (rule.kind !== 'blend') continue;
    if (!(rule.deviationMax >= 0)) {
      const detail = `rules[${k}].deviationMax: must be 0 or more`;
      return refuse('rules', null, k, rule.deviationMax, 0, detail);
    }
    if (rule.within === undefined) continue;
    const [low, high] = rule.within;
    if (!(low <= k))
      return refuse('rules', null, k, low, k, `rules[${k}].within[0]: must not lie after ${k}`);
    if (!(high >= k))
      return refuse('rules', null, k, high, k, `rules[${k}].within[1]: must not lie before ${k}`);
    if (!Number.isInteger(low) || !Number.isInteger(high)) {
      const detail = `rules[${k}].within: must be two waypoint indices`;
      return refuse('rules', null, k, Number.isInteger(low) ? high : low, count - 1, detail);
    }
  }
  return null;
}
