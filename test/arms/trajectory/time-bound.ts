import type { JointLimits } from '../../../arms/model/manipulator.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';

/** Samples of the path in time, from which points at equal distances are interpolated. */
const TIME_SAMPLES = 20_000;

/**
 * The least time in which the path of a trajectory can be followed from rest to rest within velocity and acceleration
 * limits, jerk unlimited: what a timing is measured against. It knows nothing of how the trajectory was made: the path
 * is taken from its positions, at `points` equal distances, its derivatives by differences. Two passes over the grid:
 * backwards the speeds from which the end can be reached, forwards the fastest among them. Source: Pham & Pham, A New
 * Approach to Time-Optimal Path Parameterization Based on Reachability Analysis (2018).
 */
export function timeBoundS(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  points: number,
): number {
  let sum = 0;
  let from = 0;
  for (let k = 1; k < trajectory.timesUs.length; k++) {
    if (trajectory.velocities[k]!.some((v) => Math.abs(v) > 1e-9)) continue;
    // Rests in between are part of the path.
    const part = <T>(rows: readonly T[]): T[] => rows.slice(from, k + 1);
    const startUs = trajectory.timesUs[from]!;
    const piece = {
      timesUs: part(trajectory.timesUs).map((us) => us - startUs),
      positions: part(trajectory.positions),
      velocities: part(trajectory.velocities),
      accelerations: part(trajectory.accelerations),
    };
    sum += restToRestBoundS(piece, limits, points);
    from = k;
  }
  return sum;
}

function restToRestBoundS(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  points: number,
): number {
  const rows = equidistant(trajectory, limits, points);
  const joints = limits.length;
  const h = 1 / points;
  const slope = (k: number, j: number): number => {
    const a = Math.max(k - 1, 0);
    const b = Math.min(k + 1, points);
    return (rows[b]![j]! - rows[a]![j]!) / ((b - a) * h);
  };
  const bend = (k: number, j: number): number => {
    const m = Math.min(Math.max(k, 1), points - 1);
    return (rows[m - 1]![j]! - 2 * rows[m]![j]! + rows[m + 1]![j]!) / (h * h);
  };
  const first = new Float64Array((points + 1) * joints);
  const second = new Float64Array((points + 1) * joints);
  for (let k = 0; k <= points; k++) {
    for (let j = 0; j < joints; j++) {
      first[k * joints + j] = slope(k, j);
      second[k * joints + j] = bend(k, j);
    }
  }
  /** Range of the path acceleration at point k and squared speed x; empty: lower > upper. */
  const range = (k: number, x: number): [number, number] => {
    let lower = -Infinity;
    let upper = Infinity;
    for (let j = 0; j < joints; j++) {
      const a = limits[j]!.accelerationMax;
      const d = first[k * joints + j]!;
      const c = second[k * joints + j]! * x;
      if (Math.abs(d) < 1e-9) {
        if (Math.abs(c) > a) return [1, -1];
        continue;
      }
      const one = (a - c) / d;
      const two = (-a - c) / d;
      lower = Math.max(lower, Math.min(one, two));
      upper = Math.min(upper, Math.max(one, two));
    }
    return [lower, upper];
  };
  const largest = (high: number, ok: (x: number) => boolean): number => {
    if (ok(high)) return high;
    let a = 0;
    let b = high;
    for (let n = 0; n < 50; n++) {
      const middle = (a + b) / 2;
      if (ok(middle)) a = middle;
      else b = middle;
    }
    return a;
  };
  const x = new Float64Array(points + 1);
  for (let k = points - 1; k > 0; k--) {
    let top = Infinity;
    for (let j = 0; j < joints; j++) {
      const share = limits[j]!.velocityMax / Math.abs(first[k * joints + j]!);
      top = Math.min(top, share * share);
    }
    x[k] = largest(top, (value) => {
      const [lower, upper] = range(k, value);
      return lower <= upper && value + 2 * h * lower <= x[k + 1]! && value + 2 * h * upper > 0;
    });
  }
  x[0] = 0;
  for (let k = 0; k < points; k++) {
    const [, upper] = range(k, x[k]!);
    x[k + 1] = Math.min(x[k + 1]!, x[k]! + 2 * h * upper);
  }
  let duration = 0;
  for (let k = 0; k < points; k++) duration += (2 * h) / (Math.sqrt(x[k]!) + Math.sqrt(x[k + 1]!));
  return duration;
}

/** Positions at `points` + 1 equal distances along the path, distance as seen by the joints' velocity limits. */
function equidistant(
  trajectory: JointTrajectory,
  limits: readonly JointLimits[],
  points: number,
): number[][] {
  const end = trajectory.timesUs[trajectory.timesUs.length - 1]!;
  const at = (n: number): number[] => {
    const q: number[] = [];
    sampleTrajectory(trajectory, (end * n) / TIME_SAMPLES, q);
    return q;
  };
  const rows: number[][] = [at(0)];
  const length = [0];
  for (let n = 1; n <= TIME_SAMPLES; n++) {
    const row = at(n);
    let square = 0;
    for (let j = 0; j < row.length; j++) {
      const d = (row[j]! - rows[n - 1]![j]!) / limits[j]!.velocityMax;
      square += d * d;
    }
    rows.push(row);
    length.push(length[n - 1]! + Math.sqrt(square));
  }
  const total = length[TIME_SAMPLES]!;
  const result: number[][] = [];
  let n = 0;
  for (let k = 0; k <= points; k++) {
    const wanted = (total * k) / points;
    while (n + 1 < TIME_SAMPLES && length[n + 1]! < wanted) n++;
    // The instant at which the distance is reached; positions there are exact.
    const share = Math.min((wanted - length[n]!) / Math.max(length[n + 1]! - length[n]!, 1e-15), 1);
    result.push(at(n + share));
  }
  return result;
}
