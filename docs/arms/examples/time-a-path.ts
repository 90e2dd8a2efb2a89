import {
  durationUs,
  sampleTrajectory,
  straightPath,
  timePath,
  validateTrajectory,
} from '../../../arms/index.ts';
import type { JointLimits } from '../../../arms/index.ts';

/** Two joints: a swing and a lift, rad and m. */
const LIMITS: readonly JointLimits[] = [
  { lower: -3, upper: 3, velocityMax: 2, accelerationMax: 5, jerkMax: 50 },
  { lower: 0, upper: 1, velocityMax: 0.8, accelerationMax: 2, jerkMax: 20 },
];

/** Times a way round a corner, once with a stop there and once rounded, and looks at it half-way. */
export function timeAPath(): readonly string[] {
  const waypoints = [
    [0, 0.1],
    [0, 0.6],
    [1.5, 0.6],
  ];
  const lines: string[] = [];
  for (const [name, rule] of [
    ['stopping', { kind: 'stop', dwellUs: 200_000 }],
    ['rounded', { kind: 'blend', deviationMax: 0.1 }],
  ] as const) {
    const timed = timePath(straightPath(waypoints, rule), LIMITS);
    // Whatever is wrong with a path is said, with the numbers, not thrown.
    if (timed.status === 'refused') return [timed.detail];
    const { trajectory, waypointTimesUs } = timed;
    const position: number[] = [];
    const velocity: number[] = [];
    sampleTrajectory(trajectory, durationUs(trajectory) / 2, position, velocity);
    lines.push(
      `${name}: ${(durationUs(trajectory) * 1e-6).toFixed(3)} s, corner at ${(waypointTimesUs[1]! * 1e-6).toFixed(3)} s, ` +
        `half-way at ${position.map((q) => q.toFixed(3)).join(' ')}, ${validateTrajectory(trajectory, LIMITS).length} faults`,
    );
  }
  return lines;
}
