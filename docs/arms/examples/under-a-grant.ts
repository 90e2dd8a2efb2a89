import {
  advance,
  committedRestUs,
  createFollower,
  durationUs,
  extendGrant,
  phaseOf,
  straightPath,
  timePath,
} from '../../../arms/index.ts';
import type { JointLimits } from '../../../arms/index.ts';

const LIMITS: readonly JointLimits[] = [
  { lower: -3, upper: 3, velocityMax: 2, accelerationMax: 8, jerkMax: 80 },
];
const TICK_US = 10_000;

/** Follows a trajectory that is granted only in part at first, and in full later: it waits on its path in between. */
export function underAGrant(): readonly string[] {
  const timed = timePath(straightPath([[0], [2]], { kind: 'stop' }), LIMITS);
  if (timed.status === 'refused') return [timed.detail];
  const { trajectory } = timed;
  const end = durationUs(trajectory);
  const follower = createFollower(trajectory, LIMITS, Math.floor(end / 2));
  const lines: string[] = [];
  for (let nowUs = 0; nowUs < 3_000_000; nowUs += TICK_US) {
    if (nowUs === 1_500_000) extendGrant(follower, end);
    const before = phaseOf(follower);
    advance(follower, TICK_US);
    const phase = phaseOf(follower);
    if (phase === before) continue;
    const share = (committedRestUs(follower) / end).toFixed(2);
    lines.push(`${((nowUs + TICK_US) * 1e-6).toFixed(2)} s: ${phase}, committed to ${share} of the way`);
  }
  return lines;
}
