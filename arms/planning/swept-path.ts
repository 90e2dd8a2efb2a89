import { placeBody } from './arm-body.ts';
import type { TeamBody } from './team-body.ts';
import { travelOf } from './team-body.ts';

/**
 * A path of straight joint-space segments cut into steps in which no point of the arm travels further than a given
 * length. Within a segment all steps are equal, so that an arm which takes one step per tick moves along a segment at
 * constant joint speed; only the first and the last step are cut finer, as arms may start and end close to one another.
 */
export interface SweptPath {
  readonly jointCount: number;
  readonly waypoints: readonly (readonly number[])[];
  /** Sum over joints of |dq|, rad. */
  readonly length: number;
  /** Samples, ends included; at least 1. */
  readonly count: number;
  /** Joint positions of the samples. */
  readonly positions: Float64Array;
  /** Index of the sample that each waypoint is. */
  readonly sampleOf: readonly number[];
}

/** Allowance for what a point's travel may be between the places looked at. */
const BETWEEN_LOOKS = 1.1;
/** Samples per path at most: beyond it steps become longer. */
const SAMPLES_MAX = 1_500;

export function sumOfJoints(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let j = 0; j < a.length; j += 1) sum += Math.abs(b[j] - a[j]);
  return sum;
}

export function lengthOf(waypoints: readonly (readonly number[])[]): number {
  let sum = 0;
  for (let k = 1; k < waypoints.length; k += 1) sum += sumOfJoints(waypoints[k - 1], waypoints[k]);
  return sum;
}

/** Places looked at along a segment: a point's travel per joint turns on where the others stand. */
const LOOKS = 4;
/** Parts of the first and of the last step, as shares of it. */
const END_PARTS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] as const;

/** Cuts a path into steps of at most `stepM`. Waypoints that repeat their predecessor are left out. */
export function sweepPath(team: TeamBody, given: readonly (readonly number[])[], stepM: number): SweptPath {
  const waypoints = given.filter((row, k) => k === 0 || sumOfJoints(given[k - 1], row) > 1e-12);
  const n = team.body.chain.jointCount;
  const dq = new Float64Array(n);
  const here = new Float64Array(n);
  const steps: number[] = [];
  let total = 0;
  for (let k = 1; k < waypoints.length; k += 1) {
    const from = waypoints[k - 1];
    const to = waypoints[k];
    for (let j = 0; j < n; j += 1) dq[j] = to[j] - from[j];
    let most = 0;
    for (let look = 0; look <= LOOKS; look += 1) {
      for (let j = 0; j < n; j += 1) here[j] = from[j] + (dq[j] * look) / LOOKS;
      placeBody(team.body, here, 0);
      most = Math.max(most, travelOf(team, dq));
    }
    const count = Math.max(1, Math.ceil((most * BETWEEN_LOOKS) / stepM));
    steps.push(count);
    total += count;
  }
  const shrink = total > SAMPLES_MAX ? SAMPLES_MAX / total : 1;
  const rows: number[] = [...waypoints[0]];
  const sampleOf = [0];
  steps.forEach((wanted, k) => {
    const [from, to] = [waypoints[k], waypoints[k + 1]];
    for (const share of sharesOf(Math.max(1, Math.floor(wanted * shrink)), k === 0, k === steps.length - 1)) {
      for (let j = 0; j < n; j += 1) rows.push(share === 1 ? to[j] : from[j] + (to[j] - from[j]) * share);
    }
    sampleOf.push(rows.length / n - 1);
  });
  return {
    jointCount: n,
    waypoints,
    length: lengthOf(waypoints),
    count: rows.length / n,
    positions: Float64Array.from(rows),
    sampleOf,
  };
}

/** Where a segment of so many steps is cut, as shares of it. */
export function sharesOf(count: number, isFirst: boolean, isLast: boolean): readonly number[] {
  const shares: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const parts =
      isFirst && i === 0
        ? END_PARTS
        : isLast && i === count - 1
          ? [
              ...END_PARTS.slice(0, -1)
                .map((part) => 1 - part)
                .reverse(),
              1,
            ]
          : [1];
    for (const part of parts) shares.push(i === count - 1 && part === 1 ? 1 : (i + part) / count);
  }
  return shares;
}
