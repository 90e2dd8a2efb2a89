import {
  durationUs,
  moveBetween,
  slowedDown,
  spliceTrajectory,
  stoppingTrajectory,
  straightPath,
  timePath,
} from '../../../arms/index.ts';
import type { JointLimits } from '../../../arms/index.ts';

const LIMITS: readonly JointLimits[] = [2, 3].map((velocityMax) => ({
  lower: -3,
  upper: 3,
  velocityMax,
  accelerationMax: 8,
  jerkMax: 80,
}));

/** What can be done about a motion that is under way: stop, go elsewhere, go slower; and how to meet a moving state. */
export function changeCourse(): readonly string[] {
  const timed = timePath(straightPath([[0, 0], [2, 1]], { kind: 'stop' }), LIMITS); // prettier-ignore
  if (timed.status === 'refused') return [timed.detail];
  const running = timed.trajectory;
  const seconds = (us: number): string => (us * 1e-6).toFixed(3);

  const stop = stoppingTrajectory(running, 400_000, LIMITS);
  // The first waypoint stands for wherever the arm is when it leaves its old course.
  const splice = spliceTrajectory(
    running,
    400_000,
    straightPath([[0, 0], [0.5, -1]], { kind: 'stop' }), // prettier-ignore
    LIMITS,
  );
  if (splice.status === 'refused') return [splice.detail];
  const meet = moveBetween(
    { positions: [0, 0], velocities: [0, 0], accelerations: [0, 0] },
    { positions: [1, 0.2], velocities: [0.5, 0], accelerations: [0, 0] },
    LIMITS,
  );
  if (meet.status === 'refused') return [meet.detail];
  return [
    `planned: ${seconds(durationUs(running))} s`,
    `stopped at 0.4 s: at rest after ${seconds(durationUs(stop.trajectory))} s`,
    `sent elsewhere at 0.4 s: there after ${seconds(durationUs(splice.trajectory))} s`,
    `at half the speed: ${seconds(durationUs(slowedDown(running, 0.5)))} s`,
    `meets something that moves at 0.5 rad/s after ${seconds(durationUs(meet.piece))} s`,
  ];
}
