import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { sampleTrajectory } from './sample-trajectory.ts';

/** A joint that sets off at full jerk this long before the end of a run it takes no part in. */
export interface EarlyStart {
  readonly joint: number;
  readonly leadUs: number;
  /** Jerk, signed, rad/s^3 (m/s^3). */
  readonly jerk: number;
}

/** Knots closer together than this are one. */
const KNOT_GAP_US = 100;

/**
 * How long before the run's end a joint may set off for a place `distance` away so that it is not further than
 * `earlyMax` off when the run ends, us. Not longer than the first phase of its motion: then it just begins sooner.
 */
export function leadOf(distance: number, earlyMax: number, limits: JointLimits, runUs: number): number {
  const { velocityMax, accelerationMax, jerkMax } = limits;
  if (!Number.isFinite(jerkMax)) return 0;
  const lead = Math.min(
    Math.cbrt((6 * earlyMax) / jerkMax),
    // The first phase ends when the acceleration is reached, or has to fall again for the velocity or the distance.
    0.99 * Math.min(accelerationMax / jerkMax, Math.sqrt(velocityMax / jerkMax)),
    0.99 * Math.cbrt(Math.abs(distance) / (2 * jerkMax)),
    runUs * 5e-7,
  );
  const leadUs = Math.floor(lead * 1e6);
  return leadUs > 10 * KNOT_GAP_US ? leadUs : 0;
}

/** The piece with joints that rest in it setting off before its end. */
export function withEarlyStart(piece: JointTrajectory, starts: readonly EarlyStart[]): JointTrajectory {
  if (starts.length === 0) return piece;
  const endUs = piece.timesUs[piece.timesUs.length - 1]!;
  const instants = [...piece.timesUs];
  for (const { leadUs } of starts) {
    const us = endUs - leadUs;
    if (instants.every((known) => Math.abs(known - us) >= KNOT_GAP_US)) instants.push(us);
  }
  instants.sort((a, b) => a - b);
  const positions: number[][] = [];
  const velocities: number[][] = [];
  const accelerations: number[][] = [];
  let knot = 0;
  for (const us of instants) {
    while (piece.timesUs[knot]! < us) knot++;
    if (piece.timesUs[knot] === us) {
      positions.push([...piece.positions[knot]!]);
      velocities.push([...piece.velocities[knot]!]);
      accelerations.push([...piece.accelerations[knot]!]);
    } else {
      const q: number[] = [];
      const v: number[] = [];
      const a: number[] = [];
      sampleTrajectory(piece, us, q, v, a);
      positions.push(q);
      velocities.push(v);
      accelerations.push(a);
    }
    const row = positions.length - 1;
    for (const { joint, leadUs, jerk } of starts) {
      const t = (us - (endUs - leadUs)) * 1e-6;
      if (t <= 0) continue;
      positions[row]![joint]! += (jerk * t * t * t) / 6;
      velocities[row]![joint]! += (jerk * t * t) / 2;
      accelerations[row]![joint]! += jerk * t;
    }
  }
  return { timesUs: instants, positions, velocities, accelerations };
}
