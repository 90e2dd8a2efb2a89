import type { JointTrajectory } from './joint-trajectory.ts';

/** A trajectory under construction. */
export interface GrowingTrajectory {
  readonly timesUs: number[];
  readonly positions: (readonly number[])[];
  readonly velocities: (readonly number[])[];
  readonly accelerations: (readonly number[])[];
}

/** Adds a piece that begins in the state in which the trajectory ends; the shared knot stays as it is. */
export function appendPiece(trajectory: GrowingTrajectory, piece: JointTrajectory): void {
  const endUs = trajectory.timesUs[trajectory.timesUs.length - 1]!;
  for (let k = 1; k < piece.timesUs.length; k++) {
    trajectory.timesUs.push(endUs + piece.timesUs[k]!);
    trajectory.positions.push(piece.positions[k]!);
    trajectory.velocities.push(piece.velocities[k]!);
    trajectory.accelerations.push(piece.accelerations[k]!);
  }
}

/** The same motion backwards in time. */
export function reversed(piece: JointTrajectory): JointTrajectory {
  const endUs = piece.timesUs[piece.timesUs.length - 1]!;
  return {
    timesUs: piece.timesUs.map((us) => endUs - us).reverse(),
    positions: [...piece.positions].reverse(),
    velocities: piece.velocities.map((row) => row.map((v) => (v === 0 ? 0 : -v))).reverse(),
    accelerations: [...piece.accelerations].reverse(),
  };
}
