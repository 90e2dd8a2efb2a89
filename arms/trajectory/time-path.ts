import type { JointLimits } from '../model/manipulator.ts';
import { straightLineTrajectory } from './double-s.ts';
import type { JointMotion, JointPath, WaypointRule } from './joint-path.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { timeMovingStretch } from './moving-ends.ts';
import { checkMotionAt, checkPath } from './path-check.ts';
import type { PathRefusal } from './path-check.ts';
import { stretches } from './path-geometry.ts';
import type { PathGeometry } from './path-geometry.ts';
import { positionBeyond } from './position-range.ts';
import { appendPiece } from './pieces.ts';
import type { GrowingTrajectory } from './pieces.ts';
import { knotsOf } from './profile-knots.ts';
import type { TimedStretch } from './profile-knots.ts';
import { buildSpeedGrid, REST_TO_REST } from './speed-grid.ts';
import { withinLimits } from './speed-problem.ts';
import { optimiseSpeed } from './speed-profile.ts';

export type TimedPath =
  | {
      readonly status: 'timed';
      readonly trajectory: JointTrajectory;
      /**
       * Nominal time at which each waypoint is passed (a rounded one: at its nearest) or arrived at, us, not
       * decreasing.
       */
      readonly waypointTimesUs: readonly number[];
      /** Largest distance of any joint from the unrounded path and of fitted curves from their samples. */
      readonly deviation: number;
    }
  | PathRefusal;

/** How a path is entered and left; null: at rest. */
export interface PathEnds {
  readonly start: JointMotion | null;
  readonly end: JointMotion | null;
}

const AT_REST: PathEnds = { start: null, end: null };

/**
 * Times a path as fast as the velocity, acceleration and jerk limits of all joints allow. A straight stretch between
 * stops gets its exactly optimal seven-phase profile; a stretch with blends or curves gets the optimised speed along
 * its rounded geometry. What is returned is what will be executed: sample it to check it for collisions. Same input,
 * same output, to the bit.
 *
 * With `ends` the path begins or ends in motion, in any direction: the path is then joined within its first piece and
 * left within its last, and the motion may leave the path there; if it moves along the path already and that begins
 * straight, it stays on it.
 *
 * Refused, never thrown: malformed paths, limits and ends, waypoints beyond the position limits, ends beyond the
 * limits, and ends from which the motion would have to pass a position limit.
 */
export function timePath(
  path: JointPath,
  limits: readonly JointLimits[],
  ends: PathEnds = AT_REST,
): TimedPath {
  const refusal =
    checkPath(path, limits) ??
    checkMotionAt('start', ends.start, limits.length) ??
    checkMotionAt('end', ends.end, limits.length);
  if (refusal !== null) return refusal;
  const parts = stretches(path, limits);
  const still = limits.map(() => 0);
  const trajectory: GrowingTrajectory = {
    timesUs: [0],
    positions: [[...(path.waypoints[0] as readonly number[])]],
    velocities: [ends.start?.velocities ?? still],
    accelerations: [ends.start?.accelerations ?? still],
  };
  if (parts.length === 0 && (ends.start !== null || ends.end !== null)) {
    const value = path.waypoints.length;
    const detail = 'waypoints: a path with moving ends must lead somewhere';
    return { status: 'refused', stage: 'ends', joint: null, waypoint: null, value, limit: 2, detail };
  }
  const waypointTimesUs = new Array<number>(path.waypoints.length).fill(0);
  const nowUs = (): number => trajectory.timesUs[trajectory.timesUs.length - 1] as number;
  let deviation = 0;
  let done = 0;
  let dwelt = 0;
  // Rests at the stops from where it did so last up to waypoint `last`.
  const dwell = (last: number): void => {
    for (; dwelt <= last; dwelt++) {
      const rule = path.rules[dwelt] as WaypointRule;
      if (rule.kind !== 'stop' || rule.dwellUs === undefined || rule.dwellUs === 0) continue;
      if (dwelt === 0 && ends.start !== null) continue;
      if (dwelt === path.rules.length - 1 && ends.end !== null) continue;
      trajectory.timesUs.push(nowUs() + rule.dwellUs);
      trajectory.positions.push(trajectory.positions[trajectory.positions.length - 1] as readonly number[]);
      trajectory.velocities.push(still);
      trajectory.accelerations.push(still);
    }
  };
  for (const [index, { firstWaypoint, lastWaypoint, geometry }] of parts.entries()) {
    deviation = Math.max(deviation, geometry.deviation);
    const from = path.waypoints[firstWaypoint] as readonly number[];
    const to = path.waypoints[lastWaypoint] as readonly number[];
    const start = index === 0 ? ends.start : null;
    const end = index === parts.length - 1 ? ends.end : null;
    // A dwell at a stop begins on arrival there.
    for (; done <= firstWaypoint; done++) waypointTimesUs[done] = nowUs();
    dwell(firstWaypoint);
    const startUs = nowUs();
    let part: TimedStretch;
    if (start === null && end === null) part = timeStretch(geometry, from, to, limits);
    else {
      const moving = timeMovingStretch(geometry, from, to, start, end, limits);
      if (moving.status === 'refused') return { ...moving, waypoint: null };
      part = moving;
    }
    appendPiece(trajectory, part.trajectory);
    // The waypoint is met exactly, not to rounding.
    trajectory.positions[trajectory.positions.length - 1] = to;
    for (; done <= lastWaypoint; done++) {
      waypointTimesUs[done] = startUs + (part.waypointTimesUs[done - firstWaypoint] as number);
    }
  }
  const beyond = positionBeyond(trajectory, limits);
  if (beyond !== null) return beyond;
  for (; done < waypointTimesUs.length; done++) waypointTimesUs[done] = nowUs();
  dwell(path.rules.length - 1);
  return { status: 'timed', trajectory, waypointTimesUs, deviation };
}

function timeStretch(
  geometry: PathGeometry,
  from: readonly number[],
  to: readonly number[],
  limits: readonly JointLimits[],
): TimedStretch {
  const straight =
    geometry.spans.length === 1 && geometry.spans[0]?.shape === 'line' && geometry.corners.length === 0;
  if (!straight) {
    return knotsOf(optimiseSpeed(buildSpeedGrid(geometry, limits, REST_TO_REST), withinLimits(limits)));
  }
  const trajectory = straightLineTrajectory(from, to, limits);
  const last = trajectory.timesUs[trajectory.timesUs.length - 1] as number;
  // Waypoints of a straight stretch coincide with one of its ends.
  const waypointTimesUs = geometry.waypointS.map((s) => (s < geometry.lengthS / 2 ? 0 : last));
  return { trajectory, waypointTimesUs };
}
