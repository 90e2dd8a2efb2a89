import type { JointLimits } from '../model/manipulator.ts';
import type { JointPath } from './joint-path.ts';
import { durationUs } from './joint-trajectory.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import type { PathRefusal } from './path-check.ts';
import { appendPiece } from './pieces.ts';
import type { GrowingTrajectory } from './pieces.ts';
import { sampleTrajectory } from './sample-trajectory.ts';
import { timePath } from './time-path.ts';

/** A knot is put in no closer behind another than this, us. */
const KNOT_GAP_US = 100;

export type Splice =
  | {
      readonly status: 'spliced';
      /** The running trajectory up to `divergesUs`, then the new motion; begins where the running one does. */
      readonly trajectory: JointTrajectory;
      /** Time up to which both are the same, us: `fromUs` or up to 0.1 ms later. */
      readonly divergesUs: number;
      /** Nominal time at which each waypoint of the new path is passed, us. */
      readonly waypointTimesUs: readonly number[];
    }
  | PathRefusal;

/**
 * Changes a trajectory while it is being executed: from nominal instant `fromUs` on the arm goes along `onward`
 * instead, without stopping first, with position, velocity and acceleration continuous. The first waypoint of
 * `onward` stands for wherever the arm is then; its value is not used. Where the arm moves in another direction than
 * the path's, it joins the path within its first piece: check the result for collisions.
 *
 * The running trajectory must be valid. Refused as by `timePath`.
 */
export function spliceTrajectory(
  running: JointTrajectory,
  fromUs: number,
  onward: JointPath,
  limits: readonly JointLimits[],
): Splice {
  const endUs = durationUs(running);
  const wanted = Math.ceil(Math.min(Math.max(fromUs, 0), endUs));
  const kept = running.timesUs.filter((us) => us <= wanted).length;
  const lastKept = running.timesUs[kept - 1] as number;
  const divergesUs = wanted === lastKept ? wanted : Math.min(Math.max(wanted, lastKept + KNOT_GAP_US), endUs);
  const positions: number[] = [];
  const velocities: number[] = [];
  const accelerations: number[] = [];
  sampleTrajectory(running, divergesUs, positions, velocities, accelerations);
  const moves = velocities.some((v) => v !== 0) || accelerations.some((a) => a !== 0);
  const path: JointPath = { ...onward, waypoints: [positions, ...onward.waypoints.slice(1)] };
  const timed = timePath(path, limits, {
    start: moves ? { velocities, accelerations } : null,
    end: null,
  });
  if (timed.status === 'refused') return timed;
  const trajectory: GrowingTrajectory = {
    timesUs: running.timesUs.slice(0, kept),
    positions: running.positions.slice(0, kept),
    velocities: running.velocities.slice(0, kept),
    accelerations: running.accelerations.slice(0, kept),
  };
  if (divergesUs > lastKept) {
    trajectory.timesUs.push(divergesUs);
    trajectory.positions.push(positions);
    trajectory.velocities.push(velocities);
    trajectory.accelerations.push(accelerations);
  }
  appendPiece(trajectory, timed.trajectory);
  return {
    status: 'spliced',
    trajectory,
    divergesUs,
    waypointTimesUs: timed.waypointTimesUs.map((us) => us + divergesUs),
  };
}
