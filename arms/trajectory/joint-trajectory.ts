/**
 * A timed motion of all joints of one arm: knots joined by quintic polynomials that match position, velocity
 * and acceleration at both ends, which is what ROS 2's joint trajectory controller makes of the same points.
 * Plain data, so that it can be journalled and sent. The first knot is at 0; the first and the last are at rest.
 * A knot row has one value per joint: rad (m for a prismatic joint), per second, per second squared.
 */
export interface JointTrajectory {
  /** Nominal instants of the knots in integer microseconds, strictly increasing from 0. */
  readonly timesUs: readonly number[];
  readonly positions: readonly (readonly number[])[];
  readonly velocities: readonly (readonly number[])[];
  readonly accelerations: readonly (readonly number[])[];
}

/** Nominal duration in microseconds. */
export function durationUs(trajectory: JointTrajectory): number {
  return trajectory.timesUs[trajectory.timesUs.length - 1] ?? 0;
}
