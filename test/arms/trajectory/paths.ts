import type { JointLimits } from '../../../arms/model/manipulator.ts';

/** A small seeded generator of numbers in [0, 1), for paths that fast-check would only shrink into nonsense. */
export function numbers(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** A random walk of `count` waypoints within the limits, each joint moving up to `step` at a time. */
export function randomWaypoints(
  next: () => number,
  count: number,
  step: number,
  limits: readonly JointLimits[],
): number[][] {
  const rows = [limits.map(() => next() * 4 - 2)];
  while (rows.length < count) {
    const last = rows[rows.length - 1] as number[];
    rows.push(
      last.map((value, j) => {
        const { lower, upper } = limits[j] as JointLimits;
        return Math.min(upper, Math.max(lower, value + (2 * next() - 1) * step));
      }),
    );
  }
  return rows;
}
