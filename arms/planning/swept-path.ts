import type { TeamBody } from './team-body.ts';
import { placeTeamBody, travelOf } from './team-body.ts';

/**
 * A path of straight joint-space segments cut into steps in which no point of the arm travels further than a given
 * length. Within a segment all steps are equal, so that an arm which takes one step per tick moves along a segment at
 * constant joint speed. Placements are computed when first asked for, and kept.
 */
export interface SweptPath {
  readonly team: TeamBody;
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
  /** Per step a bound of the travel of any point of the arm, m; for step k from sample k to k + 1. */
  readonly travelM: Float64Array;
  readonly placements: Float64Array;
  readonly placed: Uint8Array;
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

/** Cuts a path into steps of at most `stepM`. Waypoints that repeat their predecessor are left out. */
export function sweepPath(
  team: TeamBody,
  given: readonly (readonly number[])[],
  stepM: number,
  scratch: Float64Array,
): SweptPath {
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
    // A point's travel per joint turns on where the others stand: look at a few places along the segment.
    let most = 0;
    for (let look = 0; look <= 4; look += 1) {
      for (let j = 0; j < n; j += 1) here[j] = from[j] + (dq[j] * look) / 4;
      placeTeamBody(team, here, 0, scratch, 0);
      most = Math.max(most, travelOf(team, dq));
    }
    const count = Math.max(1, Math.ceil((most * BETWEEN_LOOKS) / stepM));
    steps.push(count);
    total += count;
  }
  const shrink = total > SAMPLES_MAX ? SAMPLES_MAX / total : 1;
  const counts = steps.map((s) => Math.max(1, Math.floor(s * shrink)));
  const count = counts.reduce((sum, s) => sum + s, 1);
  const positions = new Float64Array(count * n);
  const sampleOf = [0];
  positions.set(waypoints[0], 0);
  let at = 0;
  counts.forEach((s, k) => {
    const from = waypoints[k];
    const to = waypoints[k + 1];
    for (let i = 1; i <= s; i += 1) {
      for (let j = 0; j < n; j += 1) {
        positions[(at + i) * n + j] = i === s ? to[j] : from[j] + ((to[j] - from[j]) * i) / s;
      }
    }
    at += s;
    sampleOf.push(at);
  });
  return {
    team,
    jointCount: n,
    waypoints,
    length: lengthOf(waypoints),
    count,
    positions,
    sampleOf,
    travelM: new Float64Array(Math.max(0, count - 1)).fill(-1),
    placements: new Float64Array(count * team.placementSize),
    placed: new Uint8Array(count),
  };
}

/** Makes sure that a sample is placed; returns the index of its first number in `placements`. */
export function placementAt(path: SweptPath, sample: number): number {
  const { team } = path;
  const at = sample * team.placementSize;
  if (path.placed[sample] === 0) {
    placeTeamBody(team, path.positions, sample * path.jointCount, path.placements, at);
    path.placed[sample] = 1;
    if (sample < path.count - 1) path.travelM[sample] = stepTravel(path, sample);
  }
  return at;
}

/** Bound of the travel in the step from `sample` to the next, the arm being placed at `sample`. */
function stepTravel(path: SweptPath, sample: number): number {
  const { team, jointCount: n, positions } = path;
  const dq = new Float64Array(n);
  for (let j = 0; j < n; j += 1) dq[j] = positions[(sample + 1) * n + j] - positions[sample * n + j];
  return travelOf(team, dq);
}

/** Bound of the travel between neighbouring samples `a` and `b`, m; 0 when they are the same. */
export function travelBetween(path: SweptPath, a: number, b: number): number {
  if (a === b) return 0;
  const step = a < b ? a : b;
  if (path.travelM[step] < 0) placementAt(path, step);
  return path.travelM[step];
}
