import type { JointLimits } from '../model/manipulator.ts';
import { brakingTable, soonestBrake } from './braking.ts';
import type { Brake } from './braking.ts';
import { durationUs } from './joint-trajectory.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { progressAt, rateAt, slopeAt } from './rate-ramp.ts';
import type { RatePiece } from './rate-ramp.ts';
import { sampleTrajectory } from './sample-trajectory.ts';

/** Knots of a stop are at most this far apart. */
const KNOT_STEP_S = 0.03;
/** Closer knots are one: the rounding of positions would show as jerk between them. */
const KNOT_GAP_US = 100;

export interface Stopping {
  /**
   * The trajectory as it is executed when the stop is commanded: the original up to `divergesUs`, then the stop.
   * It begins and ends at rest.
   */
  readonly trajectory: JointTrajectory;
  /** Time up to which original and stop are the same, us; not before the command. */
  readonly divergesUs: number;
  /** Progress on the original trajectory at which the arm rests, us. */
  readonly restProgressUs: number;
}

/**
 * The soonest rest on the path, within the limits, when the stop is commanded at nominal instant `fromUs` of a
 * valid trajectory that runs at its nominal rate.
 */
export function stoppingTrajectory(
  trajectory: JointTrajectory,
  fromUs: number,
  limits: readonly JointLimits[],
): Stopping {
  const endUs = durationUs(trajectory);
  if (fromUs >= endUs) return { trajectory, divergesUs: endUs, restProgressUs: endUs };
  if (fromUs <= 0) return { trajectory: headOf(trajectory, 1), divergesUs: 0, restProgressUs: 0 };
  const askedUs = Math.max(Math.ceil(fromUs), KNOT_GAP_US);
  const brake = soonestBrake(brakingTable(trajectory, limits), 1, askedUs * 1e-6);
  if (brake === null) return { trajectory, divergesUs: endUs, restProgressUs: endUs };

  const startUs = Math.round(brake.startS * 1e6);
  const kept = trajectory.timesUs.filter((us) => us <= startUs - KNOT_GAP_US || us === 0).length;
  const head = headOf(trajectory, kept);
  const timesUs = [...head.timesUs];
  const positions = [...head.positions];
  const velocities = [...head.velocities];
  const accelerations = [...head.accelerations];
  const joints = limits.length;
  const q = new Float64Array(joints);
  const d1 = new Float64Array(joints);
  const d2 = new Float64Array(joints);
  const knot = (timeUs: number, progressS: number, rate: number, slope: number): void => {
    sampleTrajectory(trajectory, progressS * 1e6, q, d1, d2);
    timesUs.push(timeUs);
    positions.push(Array.from(q));
    velocities.push(Array.from(d1, (v) => v * rate));
    accelerations.push(Array.from(d2, (a, j) => a * rate * rate + (d1[j] as number) * slope));
  };
  const lastPiece = brake.pieces[brake.pieces.length - 1] as RatePiece;
  for (const timeUs of knotTimesUs(trajectory, brake, startUs)) {
    let t = (timeUs - startUs) * 1e-6;
    let fromS = brake.startS;
    let piece = brake.pieces[0] as RatePiece;
    for (const each of brake.pieces) {
      piece = each;
      if (t <= each.durationS || each === lastPiece) break;
      t -= each.durationS;
      fromS += progressAt(each, each.durationS);
    }
    // At the end of the last piece, not of any other, the arm rests.
    if (piece === lastPiece && t >= piece.durationS) knot(timeUs, brake.restS, 0, 0);
    else knot(timeUs, fromS + progressAt(piece, t), rateAt(piece, t), slopeAt(piece, t));
  }
  return {
    trajectory: { timesUs, positions, velocities, accelerations },
    divergesUs: startUs,
    restProgressUs: Math.ceil(brake.restS * 1e6),
  };
}

/**
 * Instants of the stop's knots, from the divergence to the rest: the ends of the brake's pieces, where the original's
 * knots are passed, and enough in between; none closer together than `KNOT_GAP_US`.
 */
function knotTimesUs(trajectory: JointTrajectory, brake: Brake, startUs: number): number[] {
  const times: number[] = [];
  let fromS = brake.startS;
  let elapsedS = 0;
  for (const piece of brake.pieces) {
    const parts = Math.max(1, Math.ceil(piece.durationS / KNOT_STEP_S));
    for (let n = 0; n < parts; n++) times.push(elapsedS + (piece.durationS * n) / parts);
    const made = progressAt(piece, piece.durationS);
    for (const us of trajectory.timesUs) {
      const beyond = us * 1e-6 - fromS;
      if (beyond <= 0 || beyond >= made) continue;
      let low = 0;
      let high = piece.durationS;
      for (let n = 0; n < 40; n++) {
        const middle = (low + high) / 2;
        if (progressAt(piece, middle) < beyond) low = middle;
        else high = middle;
      }
      times.push(elapsedS + low);
    }
    fromS += made;
    elapsedS += piece.durationS;
  }
  times.sort((a, b) => a - b);
  const endUs = startUs + Math.ceil(elapsedS * 1e6);
  const result: number[] = [];
  for (const time of times) {
    const us = startUs + Math.round(time * 1e6);
    if (us - (result[result.length - 1] ?? -Infinity) >= KNOT_GAP_US && endUs - us >= KNOT_GAP_US)
      result.push(us);
  }
  result.push(endUs);
  return result;
}

function headOf(trajectory: JointTrajectory, knots: number): JointTrajectory {
  return {
    timesUs: trajectory.timesUs.slice(0, knots),
    positions: trajectory.positions.slice(0, knots),
    velocities: trajectory.velocities.slice(0, knots),
    accelerations: trajectory.accelerations.slice(0, knots),
  };
}
