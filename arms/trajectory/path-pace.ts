import type { JointLimits } from '../model/manipulator.ts';

/** Time in seconds that the busiest joint needs at full velocity. */
export function metric(
  from: readonly number[],
  to: readonly number[],
  limits: readonly JointLimits[],
): number {
  let longest = 0;
  for (let j = 0; j < from.length; j++) {
    longest = Math.max(
      longest,
      Math.abs((to[j] as number) - (from[j] as number)) / (limits[j] as JointLimits).velocityMax,
    );
  }
  return longest;
}

/** Largest pace of a piece. */
const PACE_SPREAD_MAX = 6;

/** Cosine above which two pieces go on in about the same direction. */
const SAME_DIRECTION = 0.95;

/**
 * For each piece between corners: seconds of s per second at full velocity, 1 for the piece that gets nearest to it.
 * From the time each would take from rest to rest.
 */
export function pacesOf(
  rows: readonly (readonly number[])[],
  cornerAt: readonly number[],
  limits: readonly JointLimits[],
): number[] {
  const paces: number[] = [];
  let fastest = Infinity;
  for (let c = 0; c + 1 < cornerAt.length; c++) {
    const from = cornerAt[c] as number;
    const to = cornerAt[c + 1] as number;
    let length = 0;
    let duration = 0;
    for (let k = from + 1; k <= to; k++) {
      length += metric(rows[k - 1] as readonly number[], rows[k] as readonly number[], limits);
    }
    for (let j = 0; j < limits.length; j++) {
      const { velocityMax, accelerationMax } = limits[j] as JointLimits;
      let distance = 0;
      for (let k = from + 1; k <= to; k++) {
        distance += Math.abs(
          ((rows[k] as readonly number[])[j] as number) - ((rows[k - 1] as readonly number[])[j] as number),
        );
      }
      const reaches = distance * accelerationMax > velocityMax * velocityMax;
      duration = Math.max(
        duration,
        reaches
          ? distance / velocityMax + velocityMax / accelerationMax
          : 2 * Math.sqrt(distance / accelerationMax),
      );
    }
    const pace = length > 0 ? Math.max(duration / length, 1) : Infinity;
    paces.push(pace);
    fastest = Math.min(fastest, pace);
  }
  for (let c = 0; c < paces.length; c++) {
    const relative = (paces[c] as number) / fastest;
    paces[c] = relative < PACE_SPREAD_MAX ? relative : PACE_SPREAD_MAX;
  }
  // Where the path goes almost straight on, a change of pace would only make the speed uneven.
  let start = 0;
  for (let c = 1; c <= paces.length; c++) {
    if (c < paces.length && goesStraightOn(rows, cornerAt[c] as number, limits)) continue;
    const common = Math.min(...paces.slice(start, c));
    paces.fill(common, start, c);
    start = c;
  }
  return paces;
}

function goesStraightOn(
  rows: readonly (readonly number[])[],
  at: number,
  limits: readonly JointLimits[],
): boolean {
  let dot = 0;
  let before = 0;
  let after = 0;
  for (let j = 0; j < limits.length; j++) {
    const v = (limits[j] as JointLimits).velocityMax;
    const a =
      (((rows[at] as readonly number[])[j] as number) - ((rows[at - 1] as readonly number[])[j] as number)) /
      v;
    const b =
      (((rows[at + 1] as readonly number[])[j] as number) - ((rows[at] as readonly number[])[j] as number)) /
      v;
    dot += a * b;
    before += a * a;
    after += b * b;
  }
  return dot > SAME_DIRECTION * Math.sqrt(before * after);
}
