import type { JointLimits } from '../model/manipulator.ts';
import { brakingTable, latestBrake, quickestChanging, quickestSteady, soonestBrake } from './braking.ts';
import type { Brake, BrakingTable } from './braking.ts';
import { durationUs } from './joint-trajectory.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { ON_PATH, PROTECTIVE } from './motion-table.ts';
import { progressAt, rampProgressS, rateAt, slopeAt } from './rate-ramp.ts';
import type { RatePiece } from './rate-ramp.ts';
import { sampleTrajectoryFrom } from './sample-trajectory.ts';
import type { NumberSink } from './sample-trajectory.ts';

/**
 * An arm on its way along a trajectory under a grant. Progress is nominal trajectory time; it advances at a rate
 * between 0 and 1. At every moment the follower holds a plan that ends at rest at or before the grant (or at the
 * trajectory's end), within the limits of velocity, acceleration and jerk: a new plan replaces it only after having
 * been checked. So whatever comes or does not come, the grant is never passed. With enough grant the rate stays at
 * 1 and the motion is exactly the trajectory.
 *
 * Plain data: a copy continues exactly as the original would.
 */
export interface PathFollower {
  readonly trajectory: JointTrajectory;
  readonly limits: readonly JointLimits[];
  grantedUntilUs: number;
  /** Rate wanted where nothing hinders, in [0, 1]. */
  speedFactor: number;
  wish: 'go' | 'stop';
  /** Progress, us; fractional. */
  progressUs: number;
  rate: number;
  /** Change of the rate per second. */
  rateSlope: number;
  /** Time followed so far, us. */
  elapsedUs: number;
  /** The change of rate under way; empty: the rate is steady. */
  pieces: readonly RatePiece[];
  piece: number;
  pieceElapsedS: number;
  pieceStartS: number;
  /** The steady rate now, or after the change under way. */
  level: number;
  /** How the arm will come to rest before its grant ends; null: it needs not, its trajectory ends before. */
  brake: Brake | null;
  /** Grant for which `brake`, or the rest the arm is in, was planned. */
  plannedForUs: number;
  /** `elapsedUs` at which a better plan is looked for; null: not before something changes. */
  thinkAtUs: number | null;
  /** Interval last sampled. */
  cursor: number;
}

/** What the arm is doing: `reached` the end, `resting` before it, or `moving`. */
export type FollowerPhase = 'moving' | 'resting' | 'reached';

/** A better plan than the present one is sought this often while there is a wish for one. */
const THINK_EVERY_US = 20_000;

/** Rates tried, as shares of the wanted one, where the full one is not possible. */
const LEVELS = [1, 0.85, 0.7, 0.55, 0.4, 0.25, 0.12, 0.06] as const;

/** Grant that is left where an arm came to rest, us: more than this is used up before it waits. */
const CREEP_LEAST_US = 20_000;

/** Steady rates closer than this are the same. */
const LEVEL_STEP = 0.02;

const SECONDS = 1e-6;

/** A follower at rest at the start of a valid trajectory, allowed to go as far as `grantedUntilUs`. */
export function createFollower(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  grantedUntilUs: number,
): PathFollower {
  return {
    trajectory,
    limits,
    grantedUntilUs,
    speedFactor: 1,
    wish: 'go',
    progressUs: 0,
    rate: 0,
    rateSlope: 0,
    elapsedUs: 0,
    pieces: [],
    piece: 0,
    pieceElapsedS: 0,
    pieceStartS: 0,
    level: 0,
    brake: null,
    plannedForUs: -1,
    thinkAtUs: 0,
    cursor: 0,
  };
}

export function phaseOf(follower: PathFollower): FollowerPhase {
  if (follower.progressUs >= durationUs(follower.trajectory)) return 'reached';
  return follower.rate === 0 && follower.pieces.length === 0 ? 'resting' : 'moving';
}

/** Lets the arm go further. A grant never shrinks: a lower value changes nothing. */
export function extendGrant(follower: PathFollower, grantedUntilUs: number): void {
  if (!(grantedUntilUs > follower.grantedUntilUs)) return;
  follower.grantedUntilUs = grantedUntilUs;
  wonder(follower);
}

/** Slows the arm to a share of its nominal speed, 0 to 1; 0 brings it to rest until the factor grows again. */
export function setSpeedFactor(follower: PathFollower, factor: number): void {
  const wanted = Math.min(Math.max(factor, 0), 1);
  if (wanted === follower.speedFactor || Number.isNaN(wanted)) return;
  follower.speedFactor = wanted;
  follower.plannedForUs = -1;
  wonder(follower);
}

/**
 * Brings the arm to rest on its path. `on-path`: as soon as its limits allow. `protective`: sooner, with twice the
 * acceleration and four times the jerk limits. The arm then rests until `resumeFollower`.
 */
export function stopFollower(follower: PathFollower, kind: 'on-path' | 'protective'): void {
  follower.wish = 'stop';
  if (kind === 'protective') brakeHard(follower);
  wonder(follower);
}

/** Ends a stop: the arm goes on as far as it is granted. */
export function resumeFollower(follower: PathFollower): void {
  follower.wish = 'go';
  // Whatever was planned was planned for the stop.
  follower.plannedForUs = -1;
  wonder(follower);
}

/** Progress (us, rounded up) at which the arm will rest if its grant is not extended. */
export function committedRestUs(follower: PathFollower): number {
  const end = durationUs(follower.trajectory);
  if (follower.level === 0) {
    const left = remainingProgressS(follower);
    return Math.min(end, Math.ceil(follower.progressUs + left * 1e6));
  }
  return follower.brake === null ? end : Math.min(end, Math.ceil(follower.brake.restS * 1e6));
}

function remainingProgressS(follower: PathFollower): number {
  const { pieces, piece } = follower;
  if (pieces.length === 0) return 0;
  let left = -progressAt(pieces[piece] as RatePiece, follower.pieceElapsedS);
  for (let k = piece; k < pieces.length; k++) {
    const each = pieces[k] as RatePiece;
    left += progressAt(each, each.durationS);
  }
  return left;
}

/** Where the arm is now, and how it moves (per second, per second squared). */
export function sampleFollower(
  follower: PathFollower,
  positionsOut: NumberSink,
  velocitiesOut?: NumberSink,
): void {
  follower.cursor = sampleTrajectoryFrom(
    follower.trajectory,
    follower.cursor,
    follower.progressUs,
    positionsOut,
    velocitiesOut,
  );
  if (velocitiesOut === undefined) return;
  const joints = follower.limits.length;
  for (let j = 0; j < joints; j++) velocitiesOut[j] = (velocitiesOut[j] as number) * follower.rate;
}

/**
 * Moves the arm on by `dtUs` of time. The outcome does not depend on how a stretch of time is divided into calls,
 * but for rounding. Constant work while the rate is steady.
 */
export function advance(follower: PathFollower, dtUs: number): void {
  const endUs = durationUs(follower.trajectory);
  let left = dtUs;
  // Each turn uses up time or finishes a piece or a thought; the bound only guards against a slip.
  for (let turn = 0; turn < 10_000 && left > 0 && follower.progressUs < endUs; turn++) {
    if (follower.thinkAtUs !== null && follower.elapsedUs >= follower.thinkAtUs) think(follower);
    let step = left;
    if (follower.thinkAtUs !== null) step = Math.min(step, follower.thinkAtUs - follower.elapsedUs);
    step = follower.pieces.length > 0 ? runPiece(follower, step) : runSteady(follower, step);
    follower.elapsedUs += step;
    left -= step;
  }
  if (follower.progressUs >= endUs) arrive(follower, endUs);
  follower.elapsedUs += left > 0 ? left : 0;
}

function arrive(follower: PathFollower, endUs: number): void {
  follower.progressUs = endUs;
  follower.rate = 0;
  follower.rateSlope = 0;
  follower.pieces = [];
  follower.level = 0;
  follower.brake = null;
  follower.thinkAtUs = null;
}

/** Runs the change of rate under way for at most `step` us; returns the time used. */
function runPiece(follower: PathFollower, step: number): number {
  const piece = follower.pieces[follower.piece] as RatePiece;
  const leftUs = (piece.durationS - follower.pieceElapsedS) / SECONDS;
  if (step < leftUs) {
    follower.pieceElapsedS += step * SECONDS;
    const t = follower.pieceElapsedS;
    follower.progressUs = (follower.pieceStartS + progressAt(piece, t)) / SECONDS;
    follower.rate = Math.max(rateAt(piece, t), 0);
    follower.rateSlope = slopeAt(piece, t);
    return step;
  }
  follower.pieceStartS += progressAt(piece, piece.durationS);
  follower.progressUs = follower.pieceStartS / SECONDS;
  follower.pieceElapsedS = 0;
  follower.piece++;
  if (follower.piece === follower.pieces.length) {
    follower.pieces = [];
    follower.rate = follower.level;
    follower.rateSlope = 0;
    // A brake from full speed may have to end well before the grant: the rest of the way is gone slowly.
    if (follower.rate === 0 && follower.grantedUntilUs - follower.progressUs > CREEP_LEAST_US) {
      follower.plannedForUs = -1;
    }
    if (follower.level !== target(follower)) wonder(follower);
  }
  return leftUs;
}

/** Keeps the rate for at most `step` us; returns the time used. */
function runSteady(follower: PathFollower, step: number): number {
  if (follower.level === 0) return step;
  const brake = follower.brake;
  const untilUs = brake === null ? Infinity : brake.startS / SECONDS;
  const room = Math.max(untilUs - follower.progressUs, 0);
  const spent = Math.min(room / follower.level, step);
  const made = step * follower.level;
  if (made < room) {
    follower.progressUs += made;
    return step;
  }
  follower.progressUs = untilUs;
  if (brake !== null && !brakesLater(follower)) {
    begin(follower, brake.pieces, 0, null);
    wonder(follower);
  }
  return spent;
}

/** At the point where it must brake: has the grant grown meanwhile, so that it may go on? */
function brakesLater(follower: PathFollower): boolean {
  if (follower.wish === 'stop' || follower.grantedUntilUs <= follower.plannedForUs) return false;
  const plan = restFrom(follower, follower.level, follower.progressUs * SECONDS);
  if (plan === 'none') return false;
  if (plan !== null && plan.startS <= follower.progressUs * SECONDS) return false;
  follower.brake = plan;
  follower.plannedForUs = follower.grantedUntilUs;
  return true;
}

function tableOf(follower: PathFollower): BrakingTable {
  return brakingTable(follower.trajectory, follower.limits);
}

/** The brake that a steady rate from `fromS` on needs; null: it needs none; `none`: it would pass the grant. */
function restFrom(follower: PathFollower, level: number, fromS: number): Brake | null | 'none' {
  if (follower.grantedUntilUs >= durationUs(follower.trajectory)) return null;
  return latestBrake(tableOf(follower), level, fromS, follower.grantedUntilUs * SECONDS) ?? 'none';
}

function target(follower: PathFollower): number {
  return follower.wish === 'stop' ? 0 : follower.speedFactor;
}

/** Asks for a thought at the next opportunity. */
function wonder(follower: PathFollower): void {
  follower.thinkAtUs = follower.elapsedUs;
}

function begin(
  follower: PathFollower,
  pieces: readonly RatePiece[],
  level: number,
  brake: Brake | null,
): void {
  follower.pieces = pieces;
  follower.piece = 0;
  follower.pieceElapsedS = 0;
  follower.pieceStartS = follower.progressUs * SECONDS;
  follower.level = level;
  follower.brake = brake;
  if (pieces.length === 0) {
    follower.rate = level;
    follower.rateSlope = 0;
  }
}

function think(follower: PathFollower): void {
  const wanted = target(follower);
  let again = false;
  if (follower.level < wanted) {
    // Braking or resting for want of a grant: only more grant can change that.
    const starved = follower.level === 0 && follower.plannedForUs >= follower.grantedUntilUs;
    if (!starved) again = !raise(follower, wanted);
  } else if (follower.level > wanted) {
    again = !(wanted === 0 ? rest(follower) : lower(follower, wanted));
  }
  follower.thinkAtUs = again ? follower.elapsedUs + THINK_EVERY_US : null;
}

/** Seeks a plan with a higher steady rate. True: the wanted one was found, or none can be for now. */
function raise(follower: PathFollower, wanted: number): boolean {
  const { motion } = tableOf(follower);
  const p = follower.progressUs * SECONDS;
  const resting = follower.pieces.length === 0 && follower.level === 0;
  for (const share of LEVELS) {
    const level = wanted * share;
    if (level < follower.level + LEVEL_STEP || level < follower.rate) break;
    let pieces: readonly RatePiece[] | null;
    // The trajectory itself begins at rest: any rate will do there.
    if (p === 0) pieces = [];
    else if (follower.pieces.length === 0) pieces = quickestSteady(motion, p, follower.rate, level, ON_PATH);
    else pieces = quickestChanging(motion, p, follower.rate, follower.rateSlope, level, ON_PATH);
    if (pieces === null) continue;
    const brake = restFrom(follower, level, p + rampProgressS(pieces));
    if (brake === 'none') continue;
    begin(follower, pieces, level, brake);
    follower.plannedForUs = follower.grantedUntilUs;
    return share === 1;
  }
  if (resting) follower.plannedForUs = follower.grantedUntilUs;
  return resting;
}

/** Seeks a plan with a lower steady rate. */
function lower(follower: PathFollower, wanted: number): boolean {
  const { motion } = tableOf(follower);
  const p = follower.progressUs * SECONDS;
  const pieces =
    follower.pieces.length === 0
      ? quickestSteady(motion, p, follower.rate, wanted, ON_PATH)
      : quickestChanging(motion, p, follower.rate, follower.rateSlope, wanted, ON_PATH);
  if (pieces === null) return false;
  const brake = restFrom(follower, wanted, p + rampProgressS(pieces));
  if (brake === 'none') return false;
  begin(follower, pieces, wanted, brake);
  follower.plannedForUs = follower.grantedUntilUs;
  return true;
}

/** Seeks the soonest rest on the path. */
function rest(follower: PathFollower): boolean {
  const table = tableOf(follower);
  const p = follower.progressUs * SECONDS;
  if (p === 0) {
    begin(follower, [], 0, null);
    return true;
  }
  if (follower.pieces.length === 0) {
    const brake = soonestBrake(table, follower.level, p);
    const committed = follower.brake?.restS ?? Infinity;
    if (brake !== null && brake.restS <= committed) follower.brake = brake;
    return true;
  }
  const pieces = quickestChanging(table.motion, p, follower.rate, follower.rateSlope, 0, ON_PATH);
  if (pieces === null || (p + rampProgressS(pieces)) / SECONDS > follower.grantedUntilUs) return false;
  begin(follower, pieces, 0, null);
  return true;
}

/** Comes to rest as hard as a protective stop may, if that is sooner than the plan at hand. */
function brakeHard(follower: PathFollower): void {
  const { motion } = tableOf(follower);
  const p = follower.progressUs * SECONDS;
  if (follower.rate === 0) return;
  const pieces =
    follower.pieces.length === 0
      ? quickestSteady(motion, p, follower.rate, 0, PROTECTIVE)
      : quickestChanging(motion, p, follower.rate, follower.rateSlope, 0, PROTECTIVE);
  if (pieces === null) return;
  if ((p + rampProgressS(pieces)) / SECONDS > committedRestUs(follower)) return;
  begin(follower, pieces, 0, null);
}
