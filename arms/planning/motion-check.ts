import type { MotionBounds } from './motion-bounds.ts';
import { pieceAt, positionsAt } from './motion-bounds.ts';
import type { CarriedItem, ItemContactAllowance, PlanningScene } from './scene.ts';
import { checkRows } from './scene.ts';

/**
 * Least step between checks, as travel of the fastest point, m. Every checked configuration keeps the scene's
 * margins; a step never carries a point further than its slack plus this length. So what may happen unseen between
 * checks is that a margin is undercut by at most this length: keep it below the margins and nothing is touched.
 */
export const STEP_MIN_M = 0.004;

/** Outcome of a motion check: -1 when free, else where the first bad configuration is (us, or fraction of the line). */
export type FirstContact = number;

/** Parts of a motion that are straight up or down by construction: before `upUntilUs`, and from `downFromUs` on. */
export interface StraightParts {
  readonly upUntilUs: number;
  readonly downFromUs: number;
}

export const NOTHING_STRAIGHT: StraightParts = { upUntilUs: 0, downFromUs: Infinity };

/** Walks a timed motion by conservative advancement. */
export function checkMotion(
  scene: PlanningScene,
  bounds: MotionBounds,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
  parts: StraightParts,
): FirstContact {
  const straight: ItemContactAllowance = { ...allowance, between: 'straight' };
  const n = bounds.jointCount;
  const q = scene.scratchQ;
  const times = bounds.trajectory.timesUs;
  const end = bounds.durationUs;
  let t = 0;
  let piece = 0;
  for (;;) {
    piece = positionsAt(bounds, t, piece, q);
    const isUp = t < parts.upUntilUs;
    const isStraight = isUp || t >= parts.downFromUs;
    if (checkRows(scene, q, 0, item, isStraight ? straight : allowance) < 0) return t;
    if (t >= end) return -1;
    const next = advance(scene, bounds, t, pieceAt(times, t, piece), n);
    // What holds in a straight part holds up to its end.
    t = Math.min(next, end, isUp ? parts.upUntilUs : Infinity);
  }
}

/** The instant up to which no row's slack can be used up. */
function advance(
  scene: PlanningScene,
  bounds: MotionBounds,
  fromUs: number,
  piece: number,
  n: number,
): number {
  const { slackM, factors, count } = scene.rows;
  const left = scene.scratchSlack;
  for (let r = 0; r < count; r += 1) left[r] = slackM[r] + STEP_MIN_M;
  const times = bounds.trajectory.timesUs;
  const { speeds, travels } = bounds;
  for (let i = piece, t = fromUs; i < times.length - 1; i += 1) {
    const span = times[i + 1] - t;
    let share = 1;
    for (let r = 0; r < count; r += 1) {
      let travel = 0;
      let atFullSpeed = 0;
      for (let j = 0; j < n; j += 1) {
        const factor = factors[r * n + j];
        const bySpeed = speeds[i * n + j] * span;
        const whole = travels[i * n + j];
        travel += factor * (bySpeed < whole ? bySpeed : whole);
        atFullSpeed += factor * bySpeed;
      }
      // Within a piece only the speed's bound may be scaled down.
      if (travel > left[r]) share = Math.min(share, left[r] / atFullSpeed);
      left[r] -= travel;
    }
    if (share < 1) return t + share * span;
    t = times[i + 1];
  }
  return bounds.durationUs;
}

/** Walks the straight line in joint space from `a[i..]` to `b[j..]`; a contact is given as a fraction of it. */
export function checkLine(
  scene: PlanningScene,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
): FirstContact {
  const n = scene.body.chain.jointCount;
  const q = scene.scratchQ;
  let s = 0;
  for (;;) {
    for (let j = 0; j < n; j += 1) q[j] = a[j] + (b[j] - a[j]) * s;
    if (checkRows(scene, q, 0, item, allowance) < 0) return s;
    if (s >= 1) return -1;
    const { slackM, factors, count } = scene.rows;
    let step = 1;
    for (let r = 0; r < count; r += 1) {
      let rate = 0;
      for (let j = 0; j < n; j += 1) rate += factors[r * n + j] * Math.abs(b[j] - a[j]);
      const may = slackM[r] + STEP_MIN_M;
      if (rate * step > may) step = may / rate;
    }
    s = Math.min(1, s + step);
  }
}
