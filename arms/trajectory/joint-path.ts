/**
 * What the timing does at a waypoint. The first and the last waypoint of a path are always stops.
 * - `stop`: comes to rest exactly there, and stays at rest for `dwellUs` (whole microseconds) if that is given.
 * - `blend`: rounds the corner. No joint gets further than `deviationMax` (rad; m for a prismatic joint) from the
 *   unrounded path. `within` names the first and the last waypoint between which the path may be left, for example
 *   to keep the lower part of a straight approach untouched; without it a blend may reach as far as the
 *   neighbouring corners, sharing the stretch with a blend there.
 * - `curve`: a sample of a smooth curve, such as inverse kinematics solved along a straight tool motion. Successive
 *   such samples, with the corners before and after them, are joined by one smooth curve.
 */
export type WaypointRule =
  | { readonly kind: 'stop'; readonly dwellUs?: number }
  | { readonly kind: 'blend'; readonly deviationMax: number; readonly within?: readonly [number, number] }
  | { readonly kind: 'curve' };

/** Geometry of a motion: joint positions in order, and what happens at each. Without `curve`: straight in joint space. */
export interface JointPath {
  /** One row per waypoint, one value per joint: rad (m for a prismatic joint). */
  readonly waypoints: readonly (readonly number[])[];
  /** As many as waypoints. */
  readonly rules: readonly WaypointRule[];
  /** How far a fitted curve may pass by the samples it stands for, in any joint: rad (m for a prismatic joint). */
  readonly curveDeviationMax: number;
}

/** Velocities and accelerations of the joints where a path begins or ends: per second, per second squared. */
export interface JointMotion {
  readonly velocities: readonly number[];
  readonly accelerations: readonly number[];
}

/** A path of straight joint-space segments whose inner waypoints are all treated alike. */
export function straightPath(waypoints: readonly (readonly number[])[], inner: WaypointRule): JointPath {
  const stop: WaypointRule = { kind: 'stop' };
  const rules = waypoints.map((_, k) => (k === 0 || k === waypoints.length - 1 ? stop : inner));
  return { waypoints, rules, curveDeviationMax: 0 };
}
