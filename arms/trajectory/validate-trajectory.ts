import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { emptyExtremes, writeExtremes, writeQuintic } from './quintic.ts';

/** More knots than any motion needs; a longer list is refused unread. */
const KNOTS_MAX = 20_000;

/** Longest trajectory accepted: one hour. */
const DURATION_MAX_US = 3_600_000_000;

/** Positions, velocities and accelerations may exceed their limits by this share: arithmetic, not motion. */
const LIMIT_TOLERANCE = 1e-4;

/** Jerk may exceed its limit by this share: it guards gearboxes over time, and quintics ripple between knots. */
const JERK_TOLERANCE = 0.1;

/** Velocity and acceleration at the first and the last knot must be below this (rad/s, rad/s^2) to count as rest. */
const REST_TOLERANCE = 1e-9;

/** What is wrong with a trajectory, with the numbers that show it. */
export interface TrajectoryFault {
  readonly kind:
    | 'malformed'
    | 'wrong-size'
    | 'not-finite'
    | 'times-not-increasing'
    | 'not-at-rest'
    | 'position'
    | 'velocity'
    | 'acceleration'
    | 'jerk';
  /** Joint index; null where the fault concerns no single joint. */
  readonly joint: number | null;
  /** Nominal time of the fault, us. */
  readonly timeUs: number;
  /** What was found; for `wrong-size` the number of values found. NaN where there is no number. */
  readonly value: number;
  /** What was allowed; for `wrong-size` the number of values wanted. */
  readonly limit: number;
  /** Field concerned and what to do, for a person. */
  readonly detail: string;
}

const ROWS = ['positions', 'velocities', 'accelerations'] as const;

/** Faults of shape: after these have been ruled out the value is a `JointTrajectory` made of finite numbers. */
function shapeFaults(value: unknown, joints: number): TrajectoryFault[] {
  const malformed = (detail: string): TrajectoryFault[] => [
    { kind: 'malformed', joint: null, timeUs: 0, value: NaN, limit: NaN, detail },
  ];
  if (typeof value !== 'object' || value === null) return malformed('trajectory: must be an object');
  const record = value as Record<string, unknown>;
  const times = record.timesUs;
  if (!Array.isArray(times)) return malformed('timesUs: must be an array of integer microseconds');
  const faults: TrajectoryFault[] = [];
  if (times.length === 0 || times.length > KNOTS_MAX) {
    return [
      {
        kind: 'wrong-size',
        joint: null,
        timeUs: 0,
        value: times.length,
        limit: KNOTS_MAX,
        detail: `timesUs: must hold 1 to ${KNOTS_MAX} knots`,
      },
    ];
  }
  let previous = -1;
  for (let k = 0; k < times.length; k++) {
    const time: unknown = times[k];
    if (typeof time !== 'number' || !Number.isSafeInteger(time)) {
      faults.push({
        kind: 'not-finite',
        joint: null,
        timeUs: Math.max(previous, 0),
        value: typeof time === 'number' ? time : NaN,
        limit: DURATION_MAX_US,
        detail: `timesUs[${k}]: must be an integer number of microseconds`,
      });
      break;
    }
    const wanted = k === 0 ? 0 : previous + 1;
    if (time < wanted || (k === 0 && time !== 0) || time > DURATION_MAX_US) {
      faults.push({
        kind: 'times-not-increasing',
        joint: null,
        timeUs: time,
        value: time,
        limit: time > DURATION_MAX_US ? DURATION_MAX_US : wanted,
        detail: `timesUs[${k}]: times must start at 0, increase strictly and stay below one hour`,
      });
      break;
    }
    previous = time;
  }
  for (const name of ROWS) {
    const rows = record[name];
    if (!Array.isArray(rows)) {
      faults.push(...malformed(`${name}: must be an array with one row per knot`));
      continue;
    }
    if (rows.length !== times.length) {
      faults.push({
        kind: 'wrong-size',
        joint: null,
        timeUs: 0,
        value: rows.length,
        limit: times.length,
        detail: `${name}: must have as many rows as timesUs`,
      });
      continue;
    }
    const bad = rowFault(name, rows, joints);
    if (bad !== null) faults.push(bad);
  }
  return faults;
}

function rowFault(name: string, rows: readonly unknown[], joints: number): TrajectoryFault | null {
  for (let k = 0; k < rows.length; k++) {
    const row: unknown = rows[k];
    if (!Array.isArray(row) || row.length !== joints) {
      return {
        kind: Array.isArray(row) ? 'wrong-size' : 'malformed',
        joint: null,
        timeUs: 0,
        value: Array.isArray(row) ? row.length : NaN,
        limit: joints,
        detail: `${name}[${k}]: must be an array of ${joints} numbers, one per joint`,
      };
    }
    for (let j = 0; j < joints; j++) {
      const entry: unknown = row[j];
      if (typeof entry !== 'number' || !Number.isFinite(entry)) {
        return {
          kind: 'not-finite',
          joint: j,
          timeUs: 0,
          value: typeof entry === 'number' ? entry : NaN,
          limit: NaN,
          detail: `${name}[${k}][${j}]: must be a finite number`,
        };
      }
    }
  }
  return null;
}

/**
 * Everything that is wrong with a trajectory, for use where one enters from outside: any value at all may be
 * passed, nothing is thrown. Limits are judged on the true extremes between the knots, not only at them; the
 * worst violation of each kind and joint is reported. An empty list means it may be executed. A trajectory of one
 * knot is valid: it stays where it is. `ends`: whether it has to begin and end at rest, as what is sent to an arm does,
 * or may be a piece of something longer.
 */
export function validateTrajectory(
  trajectory: unknown,
  limits: readonly JointLimits[],
  ends: 'at-rest' | 'moving' = 'at-rest',
): readonly TrajectoryFault[] {
  const shape = shapeFaults(trajectory, limits.length);
  if (shape.length > 0) return shape;
  const motion = trajectory as JointTrajectory;
  return [...(ends === 'at-rest' ? restFaults(motion, limits.length) : []), ...limitFaults(motion, limits)];
}

function restFaults(trajectory: JointTrajectory, joints: number): TrajectoryFault[] {
  const faults: TrajectoryFault[] = [];
  const last = trajectory.timesUs.length - 1;
  for (const knot of last === 0 ? [0] : [0, last]) {
    for (const name of ['velocities', 'accelerations'] as const) {
      const row = trajectory[name][knot] as readonly number[];
      for (let j = 0; j < joints; j++) {
        const value = row[j] as number;
        if (Math.abs(value) <= REST_TOLERANCE) continue;
        faults.push({
          kind: 'not-at-rest',
          joint: j,
          timeUs: trajectory.timesUs[knot] as number,
          value,
          limit: 0,
          detail: `${name}[${knot}][${j}]: the first and the last knot must be at rest`,
        });
      }
    }
  }
  return faults;
}

function limitFaults(trajectory: JointTrajectory, limits: readonly JointLimits[]): TrajectoryFault[] {
  const worst = new Map<string, { ratio: number; fault: TrajectoryFault }>();
  const note = (
    kind: TrajectoryFault['kind'],
    joint: number,
    timeUs: number,
    value: number,
    limit: number,
    ratio: number,
  ): void => {
    const key = `${kind} ${joint}`;
    const known = worst.get(key);
    if (known !== undefined && known.ratio >= ratio) return;
    const detail = `joint ${joint}: ${kind} ${value.toPrecision(6)} where ${limit.toPrecision(6)} is allowed`;
    worst.set(key, { ratio, fault: { kind, joint, timeUs: Math.round(timeUs), value, limit, detail } });
  };
  const coefficients = new Float64Array(6);
  const extremes = emptyExtremes();
  const { timesUs, positions, velocities, accelerations } = trajectory;
  for (let j = 0; j < limits.length; j++) {
    const limit = limits[j] as JointLimits;
    const slack = LIMIT_TOLERANCE;
    const place = (value: number, timeUs: number): void => {
      if (value > limit.upper + slack)
        note('position', j, timeUs, value, limit.upper, 1 + value - limit.upper);
      if (value < limit.lower - slack)
        note('position', j, timeUs, value, limit.lower, 1 + limit.lower - value);
    };
    place((positions[0] as readonly number[])[j] as number, 0);
    for (let k = 0; k + 1 < timesUs.length; k++) {
      const startUs = timesUs[k] as number;
      const spanUs = (timesUs[k + 1] as number) - startUs;
      const at = (rows: readonly (readonly number[])[], knot: number): number =>
        (rows[knot] as readonly number[])[j] as number;
      writeQuintic(
        coefficients,
        at(positions, k),
        at(velocities, k),
        at(accelerations, k),
        at(positions, k + 1),
        at(velocities, k + 1),
        at(accelerations, k + 1),
        spanUs * 1e-6,
      );
      writeExtremes(extremes, coefficients, spanUs * 1e-6);
      place(extremes.positionLow, startUs + extremes.positionLowAt * spanUs);
      place(extremes.positionHigh, startUs + extremes.positionHighAt * spanUs);
      const judge = (
        kind: 'velocity' | 'acceleration' | 'jerk',
        value: number,
        u: number,
        max: number,
        over: number,
      ) => {
        if (!(value <= max * (1 + over))) note(kind, j, startUs + u * spanUs, value, max, value / max);
      };
      judge('velocity', extremes.velocity, extremes.velocityAt, limit.velocityMax, slack);
      judge('acceleration', extremes.acceleration, extremes.accelerationAt, limit.accelerationMax, slack);
      judge('jerk', extremes.jerk, extremes.jerkAt, limit.jerkMax, JERK_TOLERANCE);
    }
  }
  return [...worst.values()].map((entry) => entry.fault);
}
