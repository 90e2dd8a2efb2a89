import type { Pose, Vec3 } from '../geometry/pose.ts';
import { seededRandom } from '../geometry/random.ts';
import { TRANSFORM_SIZE, invert, multiply, setFromPose } from '../geometry/transform.ts';
import { compileChain } from '../model/kinematics.ts';
import type { KinematicChain } from '../model/kinematics.ts';
import type { Manipulator } from '../model/manipulator.ts';
import { descend, numericWorkspace } from './inverse-kinematics-numeric.ts';
import type { NumericWorkspace } from './inverse-kinematics-numeric.ts';
import { findSevenAxisStructure, solveSevenAxis } from './inverse-kinematics-seven-axis.ts';
import type { SevenAxisStructure } from './inverse-kinematics-seven-axis.ts';
import { UR_SOLUTIONS_MAX, findUrStructure, solveUr, urWorkspace } from './inverse-kinematics-ur.ts';
import type { UrStructure, UrWorkspace } from './inverse-kinematics-ur.ts';

/** What is wanted of the solutions. */
export interface IkRequest {
  /**
   * Joint positions, rad or m, to which solutions should be near: they are ordered by the time the slowest joint
   * needs from here at its greatest speed, and an angle that a singular pose leaves free is taken from here.
   */
  readonly near: readonly number[];
  /**
   * Joints whose range is more than a full turn reach a pose in several turns. `nearest`: of each solution the turn
   * nearest to `near`; `all`: every turn inside the limits (at most `SOLUTIONS_MAX` in total).
   */
  readonly turns: 'nearest' | 'all';
  /** Values of the spare joint that are tried for an arm of seven axes. Other arms have none. */
  readonly redundancySamples: number;
}

/** One way to reach a pose. */
export interface JointSolution {
  /** Joint positions, rad or m, inside the limits. */
  readonly q: readonly number[];
  /** Least time from `near` with every joint at its greatest speed, s: what the solutions are ordered by. */
  readonly travelS: number;
}

export type IkOutcome<S extends JointSolution = JointSolution> =
  | { readonly status: 'solutions'; readonly solutions: readonly S[] }
  /** The pose can be reached, but only beyond a joint's limits; the one that is least so is named. */
  | {
      readonly status: 'limits';
      readonly joint: string;
      readonly value: number;
      readonly lower: number;
      readonly upper: number;
    }
  /** No joint positions at all: out of reach, or (numerically, `exact: false`) none found from any seed. */
  | { readonly status: 'no-solution'; readonly distanceM: number; readonly exact: boolean };

/** Solutions of one request at most; the nearest stay. */
const SOLUTIONS_MAX = 256;
/** Combinations of turns that are looked at before the nearest are chosen. */
const COMBINATIONS_MAX = 16_384;
/** Seeds of the numeric method for one pose. */
const NUMERIC_SEEDS = 24;
const SEED = 7_121;
/** Solutions whose joints differ by less than this, rad or m, are one. */
const SAME_SOLUTION = 1e-6;
/** Full turns away from the nearest that are looked at, for joints of very long range. */
const TURNS_MAX = 3;
/** How far rounding may carry a joint over its limit; it is then put onto it. */
const LIMIT_ROUNDING = 1e-7;

/** Inverse kinematics of one manipulator, its structure recognised once. Use from one thread at a time. */
export interface InverseKinematics {
  readonly method: 'ur-closed-form' | 'seven-axis-closed-form' | 'numeric';
  /** All ways found to bring the tool tip to `X_WT` with the base at `X_WB`. */
  solve(X_WB: Pose, X_WT: Pose, request: IkRequest): IkOutcome;
}

const known = new WeakMap<Manipulator, InverseKinematics>();

/** The inverse kinematics of a manipulator; made at the first call and kept with it. */
export function inverseKinematicsOf(manipulator: Manipulator): InverseKinematics {
  const before = known.get(manipulator);
  if (before !== undefined) return before;
  const made = createInverseKinematics(manipulator);
  known.set(manipulator, made);
  return made;
}

/** Solutions before limits are looked at; may leave joints out of range by full turns. */
type Candidates = (T_BT: Float64Array, request: IkRequest) => readonly (readonly number[])[];

function createInverseKinematics(manipulator: Manipulator): InverseKinematics {
  const chain = compileChain(manipulator);
  const ur = findUrStructure(chain);
  const seven = ur === null ? findSevenAxisStructure(chain) : null;
  let method: InverseKinematics['method'] = 'numeric';
  let candidates: Candidates;
  if (ur !== null) {
    method = 'ur-closed-form';
    candidates = urCandidates(ur, urWorkspace());
  } else if (seven !== null) {
    method = 'seven-axis-closed-form';
    candidates = sevenAxisCandidates(seven, manipulator);
  } else {
    candidates = numericCandidates(manipulator, chain, numericWorkspace(chain));
  }
  const T_WB = new Float64Array(TRANSFORM_SIZE);
  const T_BW = new Float64Array(TRANSFORM_SIZE);
  const T_WT = new Float64Array(TRANSFORM_SIZE);
  const T_BT = new Float64Array(TRANSFORM_SIZE);
  return {
    method,
    solve: (X_WB, X_WT, request) => {
      setFromPose(X_WB, T_WB, 0);
      invert(T_WB, 0, T_BW, 0);
      setFromPose(X_WT, T_WT, 0);
      multiply(T_BW, 0, T_WT, 0, T_BT, 0);
      const found = candidates(T_BT, request);
      if (found.length === 0) {
        const distanceM = Math.sqrt(T_BT[3] * T_BT[3] + T_BT[7] * T_BT[7] + T_BT[11] * T_BT[11]);
        return { status: 'no-solution', distanceM, exact: method === 'ur-closed-form' };
      }
      return withinLimits(manipulator, found, request);
    },
  };
}

function urCandidates(structure: UrStructure, workspace: UrWorkspace): Candidates {
  const rows = new Float64Array(6 * UR_SOLUTIONS_MAX);
  return (T_BT, request) => {
    const count = solveUr(structure, workspace, T_BT, request.near[5], rows);
    const found: number[][] = [];
    for (let at = 0; at < 6 * count; at += 6) {
      found.push([rows[at], rows[at + 1], rows[at + 2], rows[at + 3], rows[at + 4], rows[at + 5]]);
    }
    return found;
  };
}

function sevenAxisCandidates(structure: SevenAxisStructure, manipulator: Manipulator): Candidates {
  const { lower, upper } = manipulator.joints[6].limits;
  return (T_BT, request) => {
    const count = Math.max(1, request.redundancySamples);
    const values = [Math.min(upper, Math.max(lower, request.near[6]))];
    for (let k = 0; k < count; k++) values.push(lower + ((k + 0.5) * (upper - lower)) / count);
    return values.flatMap((value) => solveSevenAxis(structure, T_BT, value, request.near[0]));
  };
}

function numericCandidates(
  manipulator: Manipulator,
  chain: KinematicChain,
  workspace: NumericWorkspace,
): Candidates {
  const limits = manipulator.joints.map((joint) => joint.limits);
  const named = Object.values(manipulator.namedStates);
  return (T_BT, request) => {
    const random = seededRandom(SEED);
    const seeds: (readonly number[])[] = [request.near, ...named];
    while (seeds.length < NUMERIC_SEEDS) {
      // Turning joints that may wind up are seeded within half a turn of their middle.
      seeds.push(
        manipulator.joints.map(({ kind, limits: { lower, upper } }) => {
          const middle = (lower + upper) / 2;
          const half = (upper - lower) / 2;
          return middle + (2 * random() - 1) * (kind === 'prismatic' ? half : Math.min(half, Math.PI));
        }),
      );
    }
    return seeds.flatMap((seed) => {
      const q = descend(chain, limits, workspace, T_BT, seed);
      return q === null ? [] : [q];
    });
  };
}

/** Brings candidates into the limits by full turns, drops repeats, orders by travel. */
function withinLimits(
  manipulator: Manipulator,
  candidates: readonly (readonly number[])[],
  request: IkRequest,
): IkOutcome {
  const { joints } = manipulator;
  const solutions: JointSolution[] = [];
  const nearest: number[][] = [];
  let leastExcess = Infinity;
  let worst = { joint: '', value: 0, lower: 0, upper: 0 };
  for (const candidate of candidates) {
    const choices = candidate.map((value, j) =>
      turnsWithin(joints[j], value, request.near[j], request.turns),
    );
    const out = choices.findIndex((values) => values.length === 0);
    if (out === -1) {
      const first = choices.map((values) => values[0]);
      if (nearest.some((other) => isSame(other, first))) continue;
      nearest.push(first);
      addCombinations(choices, (q) => {
        if (solutions.length >= COMBINATIONS_MAX) return;
        solutions.push({ q, travelS: travelTimeS(manipulator, request.near, q) });
      });
      continue;
    }
    const { name, kind, limits } = joints[out];
    const { lower, upper } = limits;
    const value = kind === 'prismatic' ? candidate[out] : nearestTurn(candidate[out], (lower + upper) / 2);
    const excess = Math.max(lower - value, value - upper);
    if (excess < leastExcess) {
      leastExcess = excess;
      worst = { joint: name, value, lower, upper };
    }
  }
  if (solutions.length === 0) return { status: 'limits', ...worst };
  solutions.sort((a, b) => a.travelS - b.travelS);
  return { status: 'solutions', solutions: solutions.slice(0, SOLUTIONS_MAX) };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  for (let j = 0; j < a.length; j++) if (Math.abs(a[j] - b[j]) > SAME_SOLUTION) return false;
  return true;
}

/** The value plus the whole turns that bring it nearest to `to`. */
function nearestTurn(value: number, to: number): number {
  return value - FULL_TURN * Math.round((value - to) / FULL_TURN);
}

const FULL_TURN = 2 * Math.PI;

/** The values inside the joint's limits that mean the same as `value`, the nearest to `near` first. */
function turnsWithin(
  joint: Manipulator['joints'][number],
  value: number,
  near: number,
  turns: IkRequest['turns'],
): readonly number[] {
  const { lower, upper } = joint.limits;
  const clamp = (x: number): number => Math.min(upper, Math.max(lower, x));
  if (joint.kind === 'prismatic') {
    const fits = value >= lower - LIMIT_ROUNDING && value <= upper + LIMIT_ROUNDING;
    return fits ? [clamp(value)] : [];
  }
  const first = Math.ceil((lower - LIMIT_ROUNDING - value) / FULL_TURN);
  const last = Math.floor((upper + LIMIT_ROUNDING - value) / FULL_TURN);
  if (first > last) return [];
  const nearest = Math.min(last, Math.max(first, Math.round((near - value) / FULL_TURN)));
  const fitted = [clamp(value + nearest * FULL_TURN)];
  if (turns === 'nearest') return fitted;
  for (let away = 1; away <= Math.min(TURNS_MAX, last - first); away++) {
    if (nearest - away >= first) fitted.push(clamp(value + (nearest - away) * FULL_TURN));
    if (nearest + away <= last) fitted.push(clamp(value + (nearest + away) * FULL_TURN));
  }
  return fitted;
}

/** Calls back with every combination of one choice per joint. */
function addCombinations(choices: readonly (readonly number[])[], add: (q: readonly number[]) => void): void {
  const q: number[] = [];
  const descendInto = (j: number): void => {
    if (j === choices.length) {
      add([...q]);
      return;
    }
    for (const value of choices[j]) {
      q[j] = value;
      descendInto(j + 1);
    }
  };
  descendInto(0);
}

/** The time the slowest joint needs from `from` to `to` at its greatest speed, s: a lower bound of any motion. */
export function travelTimeS(
  manipulator: Manipulator,
  from: readonly number[],
  to: readonly number[],
): number {
  let longest = 0;
  for (let j = 0; j < to.length; j++) {
    const time = Math.abs(to[j] - from[j]) / manipulator.joints[j].limits.velocityMax;
    if (time > longest) longest = time;
  }
  return longest;
}

/** A way to reach a point with the tool straight down. */
export interface ToolDownSolution extends JointSolution {
  /** Angle of the tip's x axis against the world's x axis, rad. */
  readonly yawRad: number;
}

/** The tool tip at a point of the world, its z axis straight down, its x axis at `yawRad` from the world's. */
export function toolDownPose(tipPointM: Vec3, yawRad: number): Pose {
  // Half a turn about the horizontal axis at yaw / 2 takes z down and x to the yaw.
  return {
    positionM: tipPointM,
    quaternionXyzw: [Math.cos(yawRad / 2), Math.sin(yawRad / 2), 0, 0],
  };
}

/**
 * All ways found to bring the tool tip to a point of the world with the tool straight down, at any of the given yaws;
 * those with least travel come first.
 */
export function solveToolDown(
  manipulator: Manipulator,
  X_WB: Pose,
  tipPointM: Vec3,
  yawsRad: readonly number[],
  request: IkRequest,
): IkOutcome<ToolDownSolution> {
  const inverse = inverseKinematicsOf(manipulator);
  const solutions: ToolDownSolution[] = [];
  let failure: IkOutcome<ToolDownSolution> = { status: 'no-solution', distanceM: 0, exact: true };
  for (const yawRad of yawsRad) {
    const outcome = inverse.solve(X_WB, toolDownPose(tipPointM, yawRad), request);
    if (outcome.status === 'solutions') {
      for (const solution of outcome.solutions) solutions.push({ ...solution, yawRad });
    } else if (failure.status === 'no-solution') failure = outcome;
  }
  if (solutions.length === 0) return failure;
  solutions.sort((a, b) => a.travelS - b.travelS);
  return { status: 'solutions', solutions };
}
