import type { JointLimits } from '../model/manipulator.ts';
import { straightLineTrajectory } from './double-s.ts';
import type { JointPath } from './joint-path.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { checkPath } from './path-check.ts';
import type { PathRefusal } from './path-check.ts';
import { stretches } from './path-geometry.ts';
import type { PathGeometry } from './path-geometry.ts';
import { knotsOf } from './profile-knots.ts';
import type { TimedStretch } from './profile-knots.ts';
import { buildSpeedGrid, REST_TO_REST } from './speed-grid.ts';
import { optimiseSpeed } from './speed-profile.ts';

export type TimedPath =
  | {
      readonly status: 'timed';
      readonly trajectory: JointTrajectory;
      /** Nominal time at which each waypoint is passed (a rounded one: at its nearest), us, not decreasing. */
      readonly waypointTimesUs: readonly number[];
      /** Largest distance of any joint from the unrounded path and of fitted curves from their samples. */
      readonly deviation: number;
    }
  | PathRefusal;

/**
 * Times a path from rest to rest, as fast as the velocity, acceleration and jerk limits of all joints allow. A
 * straight stretch between stops gets its exactly optimal seven-phase profile; a stretch with blends or curves gets
 * the optimised speed along its rounded geometry. What is returned is what will be executed: sample it to check it
 * for collisions. Same input, same output, to the bit.
 *
 * Refused, never thrown: malformed paths and limits, waypoints beyond the position limits.
 */
export function timePath(path: JointPath, limits: readonly JointLimits[]): TimedPath {
  const refusal = checkPath(path, limits);
  if (refusal !== null) return refusal;
  const first = path.waypoints[0] as readonly number[];
  const still = first.map(() => 0);
  const timesUs: number[] = [0];
  const positions: (readonly number[])[] = [[...first]];
  const velocities: (readonly number[])[] = [still];
  const accelerations: (readonly number[])[] = [still];
  const waypointTimesUs = new Array<number>(path.waypoints.length).fill(0);
  let endUs = 0;
  let deviation = 0;
  let done = 0;
  for (const { firstWaypoint, lastWaypoint, geometry } of stretches(path, limits)) {
    deviation = Math.max(deviation, geometry.deviation);
    const from = path.waypoints[firstWaypoint] as readonly number[];
    const to = path.waypoints[lastWaypoint] as readonly number[];
    const part = timeStretch(geometry, from, to, limits);
    const knots = part.trajectory;
    const last = knots.timesUs.length - 1;
    for (let k = 1; k < knots.timesUs.length; k++) {
      timesUs.push(endUs + (knots.timesUs[k] as number));
      // The stop is met exactly, not to rounding.
      positions.push(k === last ? to : (knots.positions[k] as readonly number[]));
      velocities.push(knots.velocities[k] as readonly number[]);
      accelerations.push(knots.accelerations[k] as readonly number[]);
    }
    for (; done < firstWaypoint; done++) waypointTimesUs[done] = endUs;
    for (; done <= lastWaypoint; done++) {
      waypointTimesUs[done] = endUs + (part.waypointTimesUs[done - firstWaypoint] as number);
    }
    endUs = timesUs[timesUs.length - 1] as number;
  }
  for (; done < waypointTimesUs.length; done++) waypointTimesUs[done] = endUs;
  const trajectory = { timesUs, positions, velocities, accelerations };
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
  if (!straight) return knotsOf(optimiseSpeed(buildSpeedGrid(geometry, limits, REST_TO_REST), limits, Infinity), limits);
  const trajectory = straightLineTrajectory(from, to, limits);
  const last = trajectory.timesUs[trajectory.timesUs.length - 1] as number;
  // Waypoints of a straight stretch coincide with one of its ends.
  const waypointTimesUs = geometry.waypointS.map((s) => (s < geometry.lengthS / 2 ? 0 : last));
  return { trajectory, waypointTimesUs };
}
