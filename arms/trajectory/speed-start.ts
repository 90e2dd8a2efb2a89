import type { SpeedGrid } from './speed-grid.ts';
import { POINTS_PER_CELL } from './speed-problem.ts';
import type { SpeedProblem } from './speed-problem.ts';

/** The largest constant y within all limits: slow, but never wrong. */
function constantSpeed(problem: SpeedProblem): number {
  let y = Infinity;
  for (let p = 0; p < problem.points; p++) {
    y = Math.min(y, problem.ceiling[p] as number);
    for (
      let r = problem.accelerationStart[p] as number;
      r < (problem.accelerationStart[p + 1] as number);
      r++
    ) {
      y = Math.min(y, 1 / Math.abs(problem.acceleration[2 * r] as number));
    }
    for (let r = problem.jerkStart[p] as number; r < (problem.jerkStart[p + 1] as number); r++) {
      const share = Math.cbrt(1 / Math.abs(problem.jerk[3 * r] as number));
      y = Math.min(y, share * share);
    }
  }
  return y;
}

/** Share of the acceleration limit that the first guess uses to change speed. */
const START_SLOPE = 0.3;

/**
 * Coefficients of a squared speed strictly within all limits, from which to optimise: at each cell what its limits
 * would allow at constant speed, changing no faster than acceleration allows, scaled down until it fits. `before`: the
 * solution of a similar problem, which is tried first.
 */
export function startingSpeed(
  problem: SpeedProblem,
  grid: SpeedGrid,
  before: Float64Array | null,
): Float64Array {
  const { cells } = problem;
  const scaled = new Float64Array(cells + 2);
  if (before !== null) {
    for (let scale = 0.97; scale > 0.7; scale *= 0.97) {
      for (let k = 0; k < cells + 2; k++) scaled[k] = scale * (before[k] as number);
      if (isWithin(problem, scaled)) return scaled;
    }
  }
  const height = new Float64Array(cells);
  const slope = new Float64Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    let y = Infinity;
    let steepest = Infinity;
    for (let p = cell * POINTS_PER_CELL; p < (cell + 1) * POINTS_PER_CELL; p++) {
      y = Math.min(y, problem.ceiling[p] as number);
      for (
        let r = problem.accelerationStart[p] as number;
        r < (problem.accelerationStart[p + 1] as number);
        r++
      ) {
        y = Math.min(y, 1 / Math.abs(problem.acceleration[2 * r] as number));
        steepest = Math.min(steepest, 1 / Math.abs(problem.acceleration[2 * r + 1] as number));
      }
      for (let r = problem.jerkStart[p] as number; r < (problem.jerkStart[p + 1] as number); r++) {
        const share = Math.cbrt(1 / Math.abs(problem.jerk[3 * r] as number));
        y = Math.min(y, share * share);
      }
    }
    for (let p = cell * POINTS_PER_CELL; p < (cell + 1) * POINTS_PER_CELL; p++) {
      for (let r = problem.jerkStart[p] as number; r < (problem.jerkStart[p + 1] as number); r++) {
        steepest = Math.min(steepest, 1 / (Math.abs(problem.jerk[3 * r + 1] as number) * Math.sqrt(y)));
      }
    }
    height[cell] = y;
    slope[cell] = steepest * START_SLOPE;
  }
  const rise = (cell: number): number =>
    (slope[cell] as number) * ((grid.sigma[cell + 1] as number) - (grid.sigma[cell] as number));
  for (let k = 1; k < cells; k++) {
    height[k] = Math.min(height[k] as number, (height[k - 1] as number) + rise(k - 1));
  }
  for (let k = cells - 2; k >= 0; k--) {
    height[k] = Math.min(height[k] as number, (height[k + 1] as number) + rise(k + 1));
  }
  const shape = new Float64Array(cells + 2);
  for (let k = 0; k < cells + 2; k++) {
    let y = Infinity;
    for (let cell = Math.max(0, k - 3); cell <= Math.min(cells - 1, k + 1); cell++) {
      y = Math.min(y, height[cell] as number);
    }
    shape[k] = y;
  }
  for (let scale = 0.8; scale > 0.02; scale *= 0.7) {
    for (let k = 0; k < cells + 2; k++) scaled[k] = scale * (shape[k] as number);
    if (isWithin(problem, scaled)) return scaled;
  }
  return scaled.fill(0.5 * constantSpeed(problem));
}

/** Whether the squared speed keeps a little away from every limit. */
function isWithin(problem: SpeedProblem, coefficients: Float64Array): boolean {
  const { points, basis, ceiling, accelerationStart, acceleration, jerkStart, jerk } = problem;
  const perCell = POINTS_PER_CELL;
  for (let p = 0; p < points; p++) {
    const cell = (p / perCell) | 0;
    const c0 = coefficients[cell] as number;
    const c1 = coefficients[cell + 1] as number;
    const c2 = coefficients[cell + 2] as number;
    const m = p * 9;
    const y = (basis[m] as number) * c0 + (basis[m + 1] as number) * c1 + (basis[m + 2] as number) * c2;
    const y1 = (basis[m + 3] as number) * c0 + (basis[m + 4] as number) * c1 + (basis[m + 5] as number) * c2;
    const y2 = (basis[m + 6] as number) * c0 + (basis[m + 7] as number) * c1 + (basis[m + 8] as number) * c2;
    if (!(y > 0) || y > 0.95 * (ceiling[p] as number)) return false;
    for (let r = accelerationStart[p] as number; r < (accelerationStart[p + 1] as number); r++) {
      const e = (acceleration[2 * r] as number) * y + (acceleration[2 * r + 1] as number) * y1;
      if (!(e * e < 0.9)) return false;
    }
    for (let r = jerkStart[p] as number; r < (jerkStart[p + 1] as number); r++) {
      const l =
        (jerk[3 * r] as number) * y + (jerk[3 * r + 1] as number) * y1 + (jerk[3 * r + 2] as number) * y2;
      if (!(l * l * y < 0.9)) return false;
    }
  }
  return true;
}
