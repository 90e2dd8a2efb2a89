import type { Pose, Vec3 } from '../../arms/geometry/pose.ts';
import { toolDownPose } from '../../arms/planning/inverse-kinematics.ts';
import type { Configuration, MotionArm } from './job-arm.ts';

/**
 * A straight vertical motion of the tool tip, as joint positions from the lowest point up. The orientation stays the
 * same all the way.
 */
export interface Column {
  /** From the lowest point up to where the motion has to be straight. */
  readonly straight: readonly Configuration[];
  /** At the full height of the approach: where a motion may stop. */
  readonly low: Configuration;
  /**
   * Above that, where it can be reached: a corner that is rounded from the end of the straight part on. The higher
   * it is, the faster the rounding is passed; the motion itself stays below it.
   */
  readonly high: Configuration;
}

export type Columns =
  | { readonly status: 'found'; readonly columns: readonly Column[] }
  | { readonly status: 'none'; readonly detail: string };

/** The topmost part of an approach which blending may cut, m. */
const BLEND_M = 0.05;

/** How far the corner to be rounded lies above the approach, m: with UR10e limits the quickest of 0 to 0.3. */
const CORNER_RISE_M = 0.1;

/**
 * Waypoints of a column are at most this far apart, m; between them the timing fits a smooth curve. The second is for
 * arms that move their joints far for a short straight line.
 */
const SPACINGS_M = [0.06, 0.025];

/** Joints move by less than this between waypoints of one column, rad; more means another branch. */
const STEP_MAX_RAD = 0.6;

/** Values tried for the spare joint of a seven-axis arm. */
const REDUNDANCY_SAMPLES = 8;

/** Heights above the lowest point, ascending, up to where the motion need no longer be straight. */
function straightHeights(heightM: number, spacingM: number): readonly number[] {
  const straight = heightM - Math.min(BLEND_M, heightM / 2);
  const parts = Math.max(1, Math.ceil(straight / spacingM));
  return Array.from({ length: parts + 1 }, (_, i) => (straight * i) / parts);
}

/** Every way for an arm to come straight down to a point, the tool pointing down at one of the yaws. */
export function columnsOver(
  motionArm: MotionArm,
  pointM: Vec3,
  heightM: number,
  yawsRad: readonly number[],
): Columns {
  const columns: Column[] = [];
  let detail = '';
  for (const yawRad of yawsRad) {
    const found = columnsAlong(motionArm, toolDownPose(pointM, yawRad), heightM, motionArm.arm.park);
    if (found.status === 'found') columns.push(...found.columns);
    else detail = found.detail;
  }
  return columns.length > 0 ? { status: 'found', columns } : { status: 'none', detail };
}

/** Every way to move the tip straight up from a pose by `heightM`, keeping its orientation; nearest to `near` first. */
export function columnsAlong(
  motionArm: MotionArm,
  X_WT: Pose,
  heightM: number,
  near: Configuration,
): Columns {
  let outcome: Columns = { status: 'none', detail: '' };
  for (const spacingM of SPACINGS_M) {
    outcome = columnsSpaced(motionArm, X_WT, heightM, near, spacingM);
    if (outcome.status === 'found') break;
  }
  return outcome;
}

function columnsSpaced(
  motionArm: MotionArm,
  X_WT: Pose,
  heightM: number,
  near: Configuration,
  spacingM: number,
): Columns {
  const layers: (readonly Configuration[])[] = [];
  const [x, y, z] = X_WT.positionM;
  const solveAt = (height: number): ReturnType<MotionArm['inverse']['solve']> =>
    motionArm.inverse.solve(
      motionArm.arm.X_WB,
      { positionM: [x, y, z + height], quaternionXyzw: X_WT.quaternionXyzw },
      { near, turns: 'nearest', redundancySamples: REDUNDANCY_SAMPLES },
    );
  for (const height of [...straightHeights(heightM, spacingM), heightM]) {
    const outcome = solveAt(height);
    if (outcome.status !== 'solutions') {
      const where = `tip at (${x.toFixed(3)}, ${y.toFixed(3)}, ${(z + height).toFixed(3)}) m`;
      const why =
        outcome.status === 'limits'
          ? `joint ${outcome.joint} would have to be at ${outcome.value.toFixed(3)}, its range is ${outcome.lower.toFixed(3)} to ${outcome.upper.toFixed(3)}`
          : `no joint positions reach it; it is ${outcome.distanceM.toFixed(3)} m from the base`;
      return { status: 'none', detail: `${where}: ${why}` };
    }
    layers.push(outcome.solutions.map((solution) => solution.q));
  }
  const raised = solveAt(heightM + CORNER_RISE_M);
  const corners = raised.status === 'solutions' ? raised.solutions.map((solution) => solution.q) : [];
  const columns = layers[0].flatMap((bottom): Column[] => {
    const climbed = climb(motionArm, bottom, layers);
    if (climbed === null) return [];
    const low = climbed[climbed.length - 1];
    const high = nearestTo(motionArm, low, corners) ?? low;
    return [{ straight: climbed.slice(0, -1), low, high }];
  });
  if (columns.length > 0) return { status: 'found', columns };
  return { status: 'none', detail: 'no joint motion keeps the tool straight all the way up' };
}

/** Goes up from one solution, taking at each height the one nearest to the last; null where it ends. */
function climb(
  motionArm: MotionArm,
  bottom: Configuration,
  layers: readonly (readonly Configuration[])[],
): Configuration[] | null {
  if (!isInside(motionArm, bottom)) return null;
  const column = [bottom];
  for (const layer of layers.slice(1)) {
    const next = nearestTo(motionArm, column[column.length - 1], layer);
    if (next === null) return null;
    column.push(next);
  }
  return column;
}

/** The candidate, turned by whole turns, to which no joint has far to go; null when all are on other branches. */
function nearestTo(
  motionArm: MotionArm,
  from: Configuration,
  candidates: readonly Configuration[],
): Configuration | null {
  let best: Configuration | null = null;
  let least = STEP_MAX_RAD;
  for (const candidate of candidates) {
    const q = unwound(motionArm, candidate, from);
    let most = 0;
    for (let j = 0; j < q.length; j += 1) most = Math.max(most, Math.abs(q[j] - from[j]));
    if (most < least && isInside(motionArm, q)) {
      least = most;
      best = q;
    }
  }
  return best;
}

/** The same angles, by whole turns as near as possible to `to`. */
function unwound(motionArm: MotionArm, q: Configuration, to: Configuration): Configuration {
  return q.map((value, j) =>
    motionArm.arm.manipulator.joints[j].kind === 'prismatic'
      ? value
      : value - 2 * Math.PI * Math.round((value - to[j]) / (2 * Math.PI)),
  );
}

function isInside(motionArm: MotionArm, q: Configuration): boolean {
  return q.every((value, j) => value >= motionArm.limits[j].lower && value <= motionArm.limits[j].upper);
}

/** A column moved by whole turns of its joints, given per joint in rad. */
export function shifted(column: Column, turns: Configuration): Column {
  if (turns.every((turn) => turn === 0)) return column;
  const move = (q: Configuration): Configuration => q.map((value, j) => value + turns[j]);
  return { straight: column.straight.map(move), low: move(column.low), high: move(column.high) };
}

export function bottomOf(column: Column): Configuration {
  return column.straight[0];
}

/** All configurations of a column, from below. */
function waypointsOf(column: Column): readonly Configuration[] {
  return [...column.straight, column.low, column.high];
}

/**
 * Whole turns by which a column may be moved so that its top is near `from`: the nearest for every joint, inside the
 * range in which joints are used; and, as a second choice, the first joint the other way round.
 */
export function turnsTowards(motionArm: MotionArm, column: Column, from: Configuration): Configuration[] {
  const { joints } = motionArm.arm.manipulator;
  const perJoint = joints.map((joint, j) => {
    if (joint.kind === 'prismatic') return [0];
    const values = waypointsOf(column).map((q) => q[j]);
    const low = Math.min(...values);
    const high = Math.max(...values);
    const choices: number[] = [];
    for (let k = -2; k <= 2; k += 1) {
      const turn = 2 * Math.PI * k;
      if (low + turn >= motionArm.lower[j] && high + turn <= motionArm.upper[j]) choices.push(turn);
    }
    const top = column.high[j];
    choices.sort((a, b) => Math.abs(top + a - from[j]) - Math.abs(top + b - from[j]));
    return choices;
  });
  if (perJoint.some((choices) => choices.length === 0)) return [];
  const nearest = perJoint.map((choices) => choices[0]);
  const other = perJoint[0][1];
  return other === undefined ? [nearest] : [nearest, [other, ...nearest.slice(1)]];
}
