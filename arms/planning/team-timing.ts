import type { JointTrajectory } from '../trajectory/joint-trajectory.ts';
import type { JointPath, WaypointRule } from '../trajectory/joint-path.ts';
import { timePath } from '../trajectory/time-path.ts';
import { sampleAtTick } from './coordination.ts';
import type { Lane } from './team-schedule.ts';
import type { Team } from './team.ts';

/** How far a corner may be rounded, rad, tried in this order; 0 stops there, and is exactly the path that was planned. */
export const ROUNDINGS_RAD = [0.06, 0.02, 0.005, 0] as const;

/** Two joint steps that differ by less than this, rad, are the same direction and pace. */
const SAME_STEP = 1e-9;

/**
 * Times a way of all arms, given as rows with the joints of all of them, as one motion: what two arms do at once on the
 * way they do at the same instant, so that the order in which they pass is kept exactly, whatever the limits make of the pace. Null: refused by
 * the timing.
 */
export function timeTogether(
  team: Team,
  waypoints: readonly (readonly number[])[],
  roundingRad: number,
): readonly JointTrajectory[] | null {
  const limits = team.members.flatMap((m) => m.arm.manipulator.joints.map((joint) => joint.limits));
  const stop: WaypointRule = { kind: 'stop' };
  const inner: WaypointRule = roundingRad > 0 ? { kind: 'blend', deviationMax: roundingRad } : stop;
  const rules = waypoints.map((_, k) => (k === 0 || k === waypoints.length - 1 ? stop : inner));
  const path: JointPath = { waypoints, rules, curveDeviationMax: 0 };
  const timed = timePath(path, limits);
  if (timed.status === 'refused') return null;
  let first = 0;
  return team.members.map((member) => {
    const n = member.arm.start.length;
    const columns = (rows: readonly (readonly number[])[]): number[][] =>
      rows.map((row) => row.slice(first, first + n));
    const { timesUs, positions, velocities, accelerations } = timed.trajectory;
    const made = {
      timesUs,
      positions: columns(positions),
      velocities: columns(velocities),
      accelerations: columns(accelerations),
    };
    first += n;
    return made;
  });
}

/** Configurations of all arms, one after the other in a row, wherever one of them changes direction or pace. */
export function jointWaypoints(lanes: readonly Lane[]): readonly (readonly number[])[] {
  const ticks = Math.max(...lanes.map((lane) => lane.schedule.length - 1), 0);
  const rows: number[][] = [];
  for (let tick = 0; tick <= ticks; tick += 1) {
    const inner = tick > 0 && tick < ticks;
    if (inner && lanes.every((lane) => goesOnEvenly(lane, tick))) continue;
    rows.push(
      lanes.flatMap(({ path, schedule }) => {
        const n = path.jointCount;
        const at = sampleAtTick(schedule, tick) * n;
        return Array.from(path.positions.subarray(at, at + n));
      }),
    );
  }
  return rows;
}

function goesOnEvenly(lane: Lane, tick: number): boolean {
  const { path, schedule } = lane;
  const n = path.jointCount;
  const [before, here, after] = [tick - 1, tick, tick + 1].map((t) => sampleAtTick(schedule, t) * n);
  for (let j = 0; j < n; j += 1) {
    const { positions } = path;
    const bend = positions[after + j] - 2 * positions[here + j] + positions[before + j];
    if (Math.abs(bend) > SAME_STEP) return false;
  }
  return true;
}
