import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { place } from './placement.ts';
import type { ItemBox, Placement } from './placement.ts';
import type { WatchedArm } from './watched-arm.ts';

/**
 * Where an arm can be from its last measurement until it has come to rest, as a curve of joint positions over an
 * integer parameter, and how far beside the curve.
 */
export interface Reach {
  readonly kind: 'rest' | 'path' | 'coast';
  readonly arm: WatchedArm;
  readonly item: ItemBox | null;
  readonly from: number;
  readonly until: number;
  /** Bound on how far any point of the arm moves between two parameters of the curve, m. */
  travelM(from: number, until: number): number;
  positions(at: number, out: Float64Array): void;
  /** Bound on how far each joint gets from where it is at `at`, between two parameters around it; rad, m. */
  turns(from: number, at: number, until: number, out: Float64Array): void;
  /** How far beside the curve any point of the arm may be, m. */
  readonly besideM: number;
  /** Bound on how far the curve is moved off what was commanded, m. */
  readonly offsetM: number;
  /** Placements made so far, by parameter. */
  readonly placed: Map<number, Placement>;
}

const scratch = new Float64Array(16);

/** The arm at a parameter of its reach. */
export function placeAt(reach: Reach, at: number): Placement {
  const known = reach.placed.get(at);
  if (known !== undefined) return known;
  reach.positions(at, scratch);
  const placement = place(reach.arm, scratch, reach.item);
  reach.placed.set(at, placement);
  return placement;
}

/** The arm stays where it is. */
export function restReach(arm: WatchedArm, positions: readonly number[], item: ItemBox | null): Reach {
  return {
    kind: 'rest',
    arm,
    item,
    from: 0,
    until: 0,
    travelM: () => 0,
    turns: (_from, _at, _until, out) => out.fill(0),
    positions: (_at, out) => out.set(positions),
    besideM: 0,
    offsetM: 0,
    placed: new Map(),
  };
}

/** How far any point of an arm travels along a trajectory, from its start to each multiple of a step. */
export interface Odometer {
  readonly trajectory: JointTrajectory;
  readonly stepUs: number;
  readonly totalM: Float64Array;
  /** How far each joint has turned by then, to and fro; rad, m. A row of joints per step. */
  readonly turned: Float64Array;
}

const STEP_US = 10_000;
/** Speed between two looks may be above that at both; what the sums are lengthened by. */
const BETWEEN = 1.05;

export function odometerOf(arm: WatchedArm, trajectory: JointTrajectory): Odometer {
  const endUs = durationUs(trajectory);
  const count = Math.ceil(endUs / STEP_US) + 1;
  const totalM = new Float64Array(count);
  const q = new Float64Array(arm.jointCount);
  const v = new Float64Array(arm.jointCount);
  const was = new Float64Array(arm.jointCount);
  const turned = new Float64Array(count * arm.jointCount);
  let before = 0;
  for (let k = 0; k < count; k += 1) {
    sampleTrajectory(trajectory, Math.min(endUs, k * STEP_US), q, v);
    let speed = 0;
    for (let j = 0; j < arm.jointCount; j += 1) speed += arm.leverM[j] * Math.abs(v[j]);
    if (k > 0) totalM[k] = totalM[k - 1] + BETWEEN * Math.max(speed, before) * STEP_US * 1e-6;
    before = speed;
    for (let j = 0; j < arm.jointCount; j += 1) {
      const fastest = Math.max(Math.abs(v[j]), was[j]);
      const at = k * arm.jointCount + j;
      if (k > 0) turned[at] = turned[at - arm.jointCount] + BETWEEN * fastest * STEP_US * 1e-6;
      was[j] = Math.abs(v[j]);
    }
  }
  return { trajectory, stepUs: STEP_US, totalM, turned };
}

/** Along its trajectory between two values of progress, us, each joint beside it by an offset that stays. */
export function pathReach(
  arm: WatchedArm,
  item: ItemBox | null,
  odometer: Odometer,
  range: { readonly fromUs: number; readonly untilUs: number },
  offset: ArrayLike<number>,
  besideM: number,
): Reach {
  const { trajectory, stepUs, totalM, turned } = odometer;
  const last = totalM.length - 1;
  const sum = (k: number): number => totalM[Math.max(0, Math.min(last, k))];
  // Between two looks a joint turns evenly, near enough: what it turns unevenly is in the margin of the sums.
  const turn = (j: number, at: number): number => {
    const step = Math.max(0, Math.min(last, at / stepUs));
    const low = Math.floor(step);
    const high = Math.min(last, low + 1);
    const before = turned[low * arm.jointCount + j];
    return before + (step - low) * (turned[high * arm.jointCount + j] - before);
  };
  let offsetM = 0;
  for (let j = 0; j < arm.jointCount; j += 1) offsetM += arm.leverM[j] * Math.abs(offset[j]);
  return {
    kind: 'path',
    arm,
    item,
    from: range.fromUs,
    until: Math.max(range.fromUs, range.untilUs),
    travelM: (from, until) => {
      const low = Math.floor(from / stepUs);
      const high = Math.ceil(until / stepUs);
      // Within one step the speed counts as even: its bound holds throughout.
      if (high - low <= 1) return ((until - from) / stepUs) * (sum(high) - sum(low));
      return sum(high) - sum(low);
    },
    turns: (from, at, until, out) => {
      for (let j = 0; j < arm.jointCount; j += 1) {
        out[j] = Math.max(turn(j, at) - turn(j, from), turn(j, until) - turn(j, at));
      }
    },
    positions: (at, out) => {
      sampleTrajectory(trajectory, at, out);
      for (let j = 0; j < arm.jointCount; j += 1) out[j] += offset[j];
    },
    besideM,
    offsetM,
    placed: new Map(),
  };
}

/**
 * Off its path: each joint goes on at its speed for a while, then brakes by itself as hard as its drive can. The
 * parameter is time, us.
 */
export function coastReach(
  arm: WatchedArm,
  item: ItemBox | null,
  positions: readonly number[],
  velocities: readonly number[],
  coastUs: number,
): Reach {
  const coastS = coastUs * 1e-6;
  let longestS = 0;
  let besideM = 0;
  for (let j = 0; j < arm.jointCount; j += 1) {
    const { accelerationMax } = arm.limits[j];
    longestS = Math.max(longestS, Math.abs(velocities[j]) / accelerationMax);
    // While nobody brakes it, it may also still gain speed.
    besideM += (arm.leverM[j] * accelerationMax * coastS * coastS) / 2;
  }
  const gone = (j: number, atS: number): number => {
    const v = velocities[j];
    const a = arm.limits[j].accelerationMax;
    const braking = Math.min(Math.max(0, atS - coastS), Math.abs(v) / a);
    return v * (Math.min(atS, coastS) + braking) - (Math.sign(v) * a * braking * braking) / 2;
  };
  const resting = longestS === 0;
  return {
    kind: 'coast',
    arm,
    item,
    from: 0,
    until: resting ? 0 : coastUs + Math.ceil(longestS * 1e6),
    travelM: (from, until) => {
      let sumM = 0;
      for (let j = 0; j < arm.jointCount; j += 1) {
        sumM += arm.leverM[j] * Math.abs(gone(j, until * 1e-6) - gone(j, from * 1e-6));
      }
      return sumM;
    },
    turns: (from, at, until, out) => {
      for (let j = 0; j < arm.jointCount; j += 1) {
        const here = gone(j, at * 1e-6);
        out[j] = Math.max(Math.abs(here - gone(j, from * 1e-6)), Math.abs(gone(j, until * 1e-6) - here));
      }
    },
    positions: (at, out) => {
      for (let j = 0; j < arm.jointCount; j += 1) out[j] = positions[j] + gone(j, at * 1e-6);
    },
    besideM: resting ? 0 : besideM,
    offsetM: 0,
    placed: new Map(),
  };
}
