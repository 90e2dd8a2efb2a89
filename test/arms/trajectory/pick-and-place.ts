import type { Vec3 } from '../../../arms/geometry/pose.ts';
import type { JointLimits, Manipulator } from '../../../arms/model/manipulator.ts';
import { inverseKinematicsOf, toolDownPose } from '../../../arms/planning/inverse-kinematics.ts';
import type { JointPath, WaypointRule } from '../../../arms/trajectory/joint-path.ts';

/** The arm at the world's origin, tool mounted as shipped. */
export const BASE = { positionM: [0, 0, 0] as Vec3, quaternionXyzw: [0, 0, 0, 1] as const };

/** What has to be straight, where blending may begin, and the corner for roundings, m above the point. */
export const STRAIGHT_M = 0.17;
const APPROACH_M = 0.22;
const CORNER_M = 0.32;
const SAMPLES = 4;
const STEP_MAX_RAD = 0.6;

/** A tool point with the joint samples of the straight way up from it, and of the heights above. */
export interface Column {
  readonly pointM: Vec3;
  readonly samples: readonly (readonly number[])[];
  readonly top: readonly number[];
  readonly corner: readonly number[];
}

export interface Leg {
  readonly from: Column;
  readonly to: Column;
}

/** Random pick points and place points around an arm, as in a cell with totes to both sides of it. */
export function pickAndPlaceLegs(manipulator: Manipulator, next: () => number, count: number): Leg[] {
  const legs: Leg[] = [];
  while (legs.length < count) {
    const from = columnAt(manipulator, randomPoint(next), null);
    if (from === null) continue;
    const to = columnAt(manipulator, randomPoint(next), from.corner);
    if (to !== null) legs.push({ from, to });
  }
  return legs;
}

function randomPoint(next: () => number): Vec3 {
  const angle = (2 * next() - 1) * 2.2;
  const radius = 0.55 + 0.5 * next();
  return [radius * Math.cos(angle), radius * Math.sin(angle), -0.2 + 0.1 * next()];
}

function columnAt(manipulator: Manipulator, pointM: Vec3, near: readonly number[] | null): Column | null {
  const inverse = inverseKinematicsOf(manipulator);
  const at = (height: number, from: readonly number[]): readonly number[] | null => {
    const pose = toolDownPose([pointM[0], pointM[1], pointM[2] + height], 0);
    const outcome = inverse.solve(BASE, pose, { near: from, turns: 'nearest', redundancySamples: 1 });
    if (outcome.status !== 'solutions') return null;
    return outcome.solutions[0]!.q;
  };
  const start = near ?? [Math.atan2(pointM[1], pointM[0]), -1.6, 2, -2, -1.57, 0];
  let last = at(0, start);
  const samples: (readonly number[])[] = [];
  const heights = Array.from({ length: SAMPLES + 1 }, (_, k) => (STRAIGHT_M * k) / SAMPLES);
  for (const height of [...heights, APPROACH_M, CORNER_M]) {
    const q = last === null ? null : at(height, last);
    const from = last;
    if (q === null || from === null || q.some((value, j) => Math.abs(value - from[j]!) > STEP_MAX_RAD)) {
      return null;
    }
    samples.push(q);
    last = q;
  }
  const corner = samples.pop()!;
  const top = samples.pop()!;
  return { pointM, samples, top, corner };
}

/** The leg as a path with widely rounded corners: the other way to time it. */
export function roundedPath(leg: Leg): JointPath {
  const up = leg.from.samples;
  const down = [...leg.to.samples].reverse();
  const waypoints = [...up, leg.from.corner, leg.to.corner, ...down];
  const corner = up.length;
  const rules = waypoints.map((_, k): WaypointRule => {
    if (k === 0 || k === waypoints.length - 1) return { kind: 'stop' };
    if (k === corner) return { kind: 'blend', deviationMax: 1.5, within: [corner - 1, corner + 1] };
    if (k === corner + 1) return { kind: 'blend', deviationMax: 1.5, within: [corner, corner + 2] };
    return { kind: 'curve' };
  });
  return { waypoints, rules, curveDeviationMax: 0.0005 };
}

/** The limits under which the legs are timed: those of the benchmark cells. */
export function withLimits(limits: readonly JointLimits[], jerk: 'limited' | 'unlimited'): JointLimits[] {
  return limits.map((limit) => (jerk === 'limited' ? limit : { ...limit, jerkMax: Infinity }));
}
