import type { PlanningScene } from './scene.ts';
import { NO_ALLOWANCE, checkRows, isFree } from './scene.ts';

/** Fractions of a line looked at first: most lines that are blocked are blocked in the middle. */
const FIRST_LOOKS = [0.5, 0.25, 0.75, 1] as const;
/** Lines shorter than this, largest joint step in rad, are walked at once. */
const SHORT_RAD = 0.15;

/**
 * Whether an arm may go straight in joint space from `a` to `b`, which walks the line by conservative advancement.
 * Every configuration looked at keeps the scene's margins; between two looks a margin is undercut by at most `stepMinM`.
 */
export function isLineFree(
  scene: PlanningScene,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  stepMinM: number,
): boolean {
  const n = scene.body.chain.jointCount;
  const q = scene.scratchQ;
  let longest = 0;
  for (let j = 0; j < n; j += 1) longest = Math.max(longest, Math.abs(b[j] - a[j]));
  if (longest > SHORT_RAD) {
    for (const s of FIRST_LOOKS) {
      for (let j = 0; j < n; j += 1) q[j] = a[j] + (b[j] - a[j]) * s;
      if (!isFree(scene, q, 0, null, NO_ALLOWANCE)) return false;
    }
  }
  let s = 0;
  for (;;) {
    for (let j = 0; j < n; j += 1) q[j] = a[j] + (b[j] - a[j]) * s;
    if (checkRows(scene, q, 0, null, NO_ALLOWANCE) < 0) return false;
    if (s >= 1) return true;
    const { slackM, factors, count } = scene.rows;
    let step = 1;
    for (let r = 0; r < count; r += 1) {
      let rate = 0;
      for (let j = 0; j < n; j += 1) rate += factors[r * n + j] * Math.abs(b[j] - a[j]);
      const may = slackM[r] + stepMinM;
      if (rate * step > may) step = may / rate;
    }
    s = Math.min(1, s + step);
  }
}
