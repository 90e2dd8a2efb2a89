import type { SpeedGrid } from './speed-grid.ts';
import { buildProblem, POINTS_PER_CELL } from './speed-problem.ts';
import type { SpeedDemand, SpeedProblem } from './speed-problem.ts';
import { startingSpeed } from './speed-start.ts';

/**
 * The squared speed y = (d sigma / dt)^2 along a grid, as a quadratic spline (so acceleration is continuous and
 * jerk finite): cell i blends the coefficients i, i + 1 and i + 2.
 *
 * With y, joint acceleration q'' y + q' y'/2 is linear, and jerk is (q''' y + 3/2 q'' y' + q' y''/2) sqrt(y).
 * Source of the formulation: Verscheure et al., Time-Optimal Path Tracking for Robots: A Convex Optimization
 * Approach (2009); jerk after Debrouwere et al., Time-Optimal Path Following for Robots With Convex-Concave
 * Constraints (2013).
 */
export interface SpeedProfile {
  readonly grid: SpeedGrid;
  readonly coefficients: Float64Array;
  readonly demand: SpeedDemand;
}

/** Steps at most; a typical path needs 15 to 25. */
const STEPS_MAX = 45;
/** Done when the limits still hold back at most this share of the duration. */
const GAP = 3e-3;
/** The barrier's products do not fall below this share of the duration: there is nothing to be gained by it. */
const BARRIER_LEAST = 5e-4;
/** First barrier, as a share of the duration per cell. */
const FIRST_BARRIER = 0.05;
/** A step goes this far towards the nearest limit. */
const TOWARDS_LIMIT = 0.95;

/** State of the interior-point method; two multipliers per row, for its upper and its lower limit. */
interface Iterate {
  readonly coefficients: Float64Array;
  readonly speedMultiplier: Float64Array;
  readonly accelerationMultiplier: Float64Array;
  readonly jerkMultiplier: Float64Array;
  /** Changes of the multipliers in the step under way. */
  readonly speedChange: Float64Array;
  readonly accelerationChange: Float64Array;
  readonly jerkChange: Float64Array;
  /** Squared speed, its two derivatives, and 1 / speed at each point. */
  readonly speeds: Float64Array;
  /** Descent direction, then step; and the Hessian's diagonal and lower bands. */
  readonly step: Float64Array;
  readonly band0: Float64Array;
  readonly band1: Float64Array;
  readonly band2: Float64Array;
}

/** Duration and sum of multiplier times slack at the iterate. */
interface Measure {
  duration: number;
  gap: number;
}

/**
 * The fastest speed along the grid within all limits at its points, by a primal-dual interior-point method: it
 * starts within all limits and never leaves them, so that whatever it ends with is valid. Jerk divided by sqrt(y)
 * is linear and its limit J / sqrt(y) convex in y: the limit's tangent lies inside, so a step that keeps the
 * linearised limits keeps the true ones. The number of steps is bounded; same grid, same profile, to the bit.
 * `before`: a profile for a demand that was a little weaker, from which to go on.
 */
export function optimiseSpeed(
  grid: SpeedGrid,
  demand: SpeedDemand,
  before: SpeedProfile | null = null,
): SpeedProfile {
  const problem = buildProblem(grid, demand);
  const n = problem.cells + 2;
  const accelerationRows = problem.accelerationStart[problem.points] as number;
  const jerkRows = problem.jerkStart[problem.points] as number;
  const iterate: Iterate = {
    coefficients: startingSpeed(problem, grid, before === null ? null : before.coefficients),
    speedMultiplier: new Float64Array(problem.points),
    accelerationMultiplier: new Float64Array(2 * accelerationRows),
    jerkMultiplier: new Float64Array(2 * jerkRows),
    speedChange: new Float64Array(problem.points),
    accelerationChange: new Float64Array(2 * accelerationRows),
    jerkChange: new Float64Array(2 * jerkRows),
    speeds: new Float64Array(4 * problem.points),
    step: new Float64Array(n),
    band0: new Float64Array(n),
    band1: new Float64Array(n),
    band2: new Float64Array(n),
  };
  const measure: Measure = { duration: 0, gap: 0 };
  let lastDuration = Infinity;
  let barrier = (FIRST_BARRIER * durationOf(problem, iterate.coefficients)) / problem.cells;
  for (let k = 0; k < STEPS_MAX; k++) {
    assemble(iterate, problem, barrier, k === 0 ? 'begin' : 'go-on', measure);
    // The products alone say little before the multipliers fit the speed: it must have come to rest as well.
    const isClose = measure.gap <= GAP * measure.duration;
    if (k > 0 && isClose && lastDuration - measure.duration <= GAP * measure.duration) break;
    lastDuration = measure.duration;
    solveInPlace(iterate);
    barrier = move(iterate, problem, barrier, measure);
  }
  return { grid, coefficients: iterate.coefficients, demand };
}

function durationOf(problem: SpeedProblem, coefficients: Float64Array): number {
  const perCell = POINTS_PER_CELL;
  let duration = 0;
  for (let p = 0; p < problem.points; p++) {
    const cell = (p / perCell) | 0;
    const m = p * 9;
    const y =
      (problem.basis[m] as number) * (coefficients[cell] as number) +
      (problem.basis[m + 1] as number) * (coefficients[cell + 1] as number) +
      (problem.basis[m + 2] as number) * (coefficients[cell + 2] as number);
    duration += (problem.weight[p] as number) / Math.sqrt(y);
  }
  return duration;
}

/** Fills descent direction and Hessian at the iterate; at the beginning it sets the multipliers for the barrier. */
function assemble(
  iterate: Iterate,
  problem: SpeedProblem,
  barrier: number,
  phase: 'begin' | 'go-on',
  measure: Measure,
): void {
  const { points, basis, weight, ceiling, accelerationStart, acceleration, jerkStart, jerk } = problem;
  const { coefficients, speedMultiplier, accelerationMultiplier, jerkMultiplier } = iterate;
  const { speeds, step, band0, band1, band2 } = iterate;
  const perCell = POINTS_PER_CELL;
  step.fill(0);
  band0.fill(0);
  band1.fill(0);
  band2.fill(0);
  const begins = phase === 'begin';
  let duration = 0;
  let gap = 0;
  for (let p = 0; p < points; p++) {
    const cell = (p / perCell) | 0;
    const c0 = coefficients[cell] as number;
    const c1 = coefficients[cell + 1] as number;
    const c2 = coefficients[cell + 2] as number;
    const m = p * 9;
    const b0 = basis[m] as number;
    const b1 = basis[m + 1] as number;
    const b2 = basis[m + 2] as number;
    const f0 = basis[m + 3] as number;
    const f1 = basis[m + 4] as number;
    const f2 = basis[m + 5] as number;
    const s0 = basis[m + 6] as number;
    const s1 = basis[m + 7] as number;
    const s2 = basis[m + 8] as number;
    const y = b0 * c0 + b1 * c1 + b2 * c2;
    const y1 = f0 * c0 + f1 * c1 + f2 * c2;
    const y2 = s0 * c0 + s1 * c1 + s2 * c2;
    const room = 1 / Math.sqrt(y);
    speeds[4 * p] = y;
    speeds[4 * p + 1] = y1;
    speeds[4 * p + 2] = y2;
    speeds[4 * p + 3] = room;
    // Derivatives with respect to y, y', y'' at this point.
    const w = (weight[p] as number) * room;
    duration += w;
    let gy = (-0.5 * w) / y;
    let g1 = 0;
    let g2 = 0;
    let hyy = (0.75 * w) / (y * y);
    let hy1 = 0;
    let hy2 = 0;
    let h11 = 0;
    let h12 = 0;
    let h22 = 0;
    const top = ceiling[p] as number;
    if (top < Infinity) {
      const slack = top - y;
      if (begins) speedMultiplier[p] = barrier / slack;
      const multiplier = speedMultiplier[p] as number;
      gap += multiplier * slack;
      gy += barrier / slack;
      hyy += multiplier / slack;
    }
    for (let r = accelerationStart[p] as number; r < (accelerationStart[p + 1] as number); r++) {
      const a = acceleration[2 * r] as number;
      const b = acceleration[2 * r + 1] as number;
      const e = a * y + b * y1;
      const up = 1 - e;
      const down = 1 + e;
      if (begins) {
        accelerationMultiplier[2 * r] = barrier / up;
        accelerationMultiplier[2 * r + 1] = barrier / down;
      }
      const upper = accelerationMultiplier[2 * r] as number;
      const lower = accelerationMultiplier[2 * r + 1] as number;
      gap += upper * up + lower * down;
      const d = barrier * (1 / up - 1 / down);
      const dd = upper / up + lower / down;
      gy += d * a;
      g1 += d * b;
      hyy += dd * a * a;
      hy1 += dd * a * b;
      h11 += dd * b * b;
    }
    const bow = (0.5 * room) / y;
    for (let r = jerkStart[p] as number; r < (jerkStart[p + 1] as number); r++) {
      const a = jerk[3 * r] as number;
      const b = jerk[3 * r + 1] as number;
      const c = jerk[3 * r + 2] as number;
      const l = a * y + b * y1 + c * y2;
      const up = room - l;
      const down = room + l;
      if (begins) {
        jerkMultiplier[2 * r] = barrier / up;
        jerkMultiplier[2 * r + 1] = barrier / down;
      }
      const upper = jerkMultiplier[2 * r] as number;
      const lower = jerkMultiplier[2 * r + 1] as number;
      gap += upper * up + lower * down;
      const du = barrier / up;
      const dl = barrier / down;
      const hu = upper / up;
      const hl = lower / down;
      const dd = hu + hl;
      const au = a + bow;
      const al = bow - a;
      gy += du * au + dl * al;
      g1 += (du - dl) * b;
      g2 += (du - dl) * c;
      const mixed = hu * au - hl * al;
      hyy += hu * au * au + hl * al * al;
      hy1 += mixed * b;
      hy2 += mixed * c;
      h11 += dd * b * b;
      h12 += dd * b * c;
      h22 += dd * c * c;
    }
    step[cell] = (step[cell] as number) - gy * b0 - g1 * f0 - g2 * s0;
    step[cell + 1] = (step[cell + 1] as number) - gy * b1 - g1 * f1 - g2 * s1;
    step[cell + 2] = (step[cell + 2] as number) - gy * b2 - g1 * f2 - g2 * s2;
    // Rows of H times the basis of each coefficient.
    const x0 = hyy * b0 + hy1 * f0 + hy2 * s0;
    const v0 = hy1 * b0 + h11 * f0 + h12 * s0;
    const z0 = hy2 * b0 + h12 * f0 + h22 * s0;
    const x1 = hyy * b1 + hy1 * f1 + hy2 * s1;
    const v1 = hy1 * b1 + h11 * f1 + h12 * s1;
    const z1 = hy2 * b1 + h12 * f1 + h22 * s1;
    const x2 = hyy * b2 + hy1 * f2 + hy2 * s2;
    const v2 = hy1 * b2 + h11 * f2 + h12 * s2;
    const z2 = hy2 * b2 + h12 * f2 + h22 * s2;
    band0[cell] = (band0[cell] as number) + b0 * x0 + f0 * v0 + s0 * z0;
    band0[cell + 1] = (band0[cell + 1] as number) + b1 * x1 + f1 * v1 + s1 * z1;
    band0[cell + 2] = (band0[cell + 2] as number) + b2 * x2 + f2 * v2 + s2 * z2;
    band1[cell] = (band1[cell] as number) + b1 * x0 + f1 * v0 + s1 * z0;
    band1[cell + 1] = (band1[cell + 1] as number) + b2 * x1 + f2 * v1 + s2 * z1;
    band2[cell] = (band2[cell] as number) + b2 * x0 + f2 * v0 + s2 * z0;
  }
  // Positive coefficients keep the squared speed positive between the points as well.
  for (let k = 0; k < coefficients.length; k++) {
    const c = coefficients[k] as number;
    step[k] = (step[k] as number) + barrier / c;
    band0[k] = (band0[k] as number) + barrier / (c * c);
  }
  measure.duration = duration;
  measure.gap = gap;
}

/** Goes along the step as far as limits and multipliers' signs allow; returns the next barrier. */
function move(iterate: Iterate, problem: SpeedProblem, barrier: number, measure: Measure): number {
  const { points, basis, ceiling, accelerationStart, acceleration, jerkStart, jerk } = problem;
  const { coefficients, speeds, step, speedMultiplier, accelerationMultiplier, jerkMultiplier } = iterate;
  const { speedChange, accelerationChange, jerkChange } = iterate;
  const perCell = POINTS_PER_CELL;
  // Reciprocals of the largest steps: of the slacks, and of the multipliers.
  let primal = TOWARDS_LIMIT;
  let dual = TOWARDS_LIMIT;
  let count = 0;
  for (let p = 0; p < points; p++) {
    const cell = (p / perCell) | 0;
    const d0 = step[cell] as number;
    const d1 = step[cell + 1] as number;
    const d2 = step[cell + 2] as number;
    const m = p * 9;
    const y = speeds[4 * p] as number;
    const y1 = speeds[4 * p + 1] as number;
    const y2 = speeds[4 * p + 2] as number;
    const room = speeds[4 * p + 3] as number;
    const dy = (basis[m] as number) * d0 + (basis[m + 1] as number) * d1 + (basis[m + 2] as number) * d2;
    const dy1 = (basis[m + 3] as number) * d0 + (basis[m + 4] as number) * d1 + (basis[m + 5] as number) * d2;
    const dy2 = (basis[m + 6] as number) * d0 + (basis[m + 7] as number) * d1 + (basis[m + 8] as number) * d2;
    if (-dy > primal * y) primal = -dy / y;
    const top = ceiling[p] as number;
    if (top < Infinity) {
      const slack = top - y;
      const multiplier = speedMultiplier[p] as number;
      const change = (barrier + multiplier * dy) / slack - multiplier;
      if (dy > primal * slack) primal = dy / slack;
      if (-change > dual * multiplier) dual = -change / multiplier;
      speedChange[p] = change;
      count++;
    }
    for (let r = accelerationStart[p] as number; r < (accelerationStart[p + 1] as number); r++) {
      const a = acceleration[2 * r] as number;
      const b = acceleration[2 * r + 1] as number;
      const e = a * y + b * y1;
      const de = a * dy + b * dy1;
      const upper = accelerationMultiplier[2 * r] as number;
      const lower = accelerationMultiplier[2 * r + 1] as number;
      const up = 1 - e;
      const down = 1 + e;
      const upperChange = (barrier + upper * de) / up - upper;
      const lowerChange = (barrier - lower * de) / down - lower;
      if (de > primal * up) primal = de / up;
      if (-de > primal * down) primal = -de / down;
      if (-upperChange > dual * upper) dual = -upperChange / upper;
      if (-lowerChange > dual * lower) dual = -lowerChange / lower;
      accelerationChange[2 * r] = upperChange;
      accelerationChange[2 * r + 1] = lowerChange;
      count += 2;
    }
    const bow = ((0.5 * room) / y) * dy;
    for (let r = jerkStart[p] as number; r < (jerkStart[p + 1] as number); r++) {
      const a = jerk[3 * r] as number;
      const b = jerk[3 * r + 1] as number;
      const c = jerk[3 * r + 2] as number;
      const l = a * y + b * y1 + c * y2;
      const dl = a * dy + b * dy1 + c * dy2;
      const upper = jerkMultiplier[2 * r] as number;
      const lower = jerkMultiplier[2 * r + 1] as number;
      const up = room - l;
      const down = room + l;
      const upperChange = (barrier + upper * (dl + bow)) / up - upper;
      const lowerChange = (barrier + lower * (bow - dl)) / down - lower;
      if (dl + bow > primal * up) primal = (dl + bow) / up;
      if (bow - dl > primal * down) primal = (bow - dl) / down;
      if (-upperChange > dual * upper) dual = -upperChange / upper;
      if (-lowerChange > dual * lower) dual = -lowerChange / lower;
      jerkChange[2 * r] = upperChange;
      jerkChange[2 * r + 1] = lowerChange;
      count += 2;
    }
  }
  for (let k = 0; k < step.length; k++) {
    const fall = -(step[k] as number) / (coefficients[k] as number);
    if (fall > primal) primal = fall;
  }
  const primalShare = TOWARDS_LIMIT / primal;
  const dualShare = TOWARDS_LIMIT / dual;
  for (let k = 0; k < step.length; k++) {
    coefficients[k] = (coefficients[k] as number) + primalShare * (step[k] as number);
  }
  add(speedMultiplier, speedChange, dualShare);
  add(accelerationMultiplier, accelerationChange, dualShare);
  add(jerkMultiplier, jerkChange, dualShare);
  // Each product moves towards the barrier by the share gone; the next aim is lower the further that was.
  const share = Math.min(primalShare, dualShare);
  const mean = ((1 - share) * measure.gap) / count + share * barrier;
  const next = mean * (share > 0.85 ? 0.2 : share > 0.5 ? 0.5 : share > 0.25 ? 0.9 : 1.5);
  return Math.max(next, (BARRIER_LEAST * measure.duration) / count);
}

function add(values: Float64Array, changes: Float64Array, share: number): void {
  for (let k = 0; k < values.length; k++) {
    values[k] = (values[k] as number) + share * (changes[k] as number);
  }
}

/**
 * Solves Hessian * step = gradient by a banded L D L^T factorisation, where `step` holds the gradient before and
 * the step after.
 */
function solveInPlace(iterate: Iterate): void {
  const { step: gradient, band0, band1, band2 } = iterate;
  const n = gradient.length;
  for (let k = 0; k < n; k++) {
    const d = band0[k] as number;
    const l1 = (band1[k] as number) / d;
    const l2 = (band2[k] as number) / d;
    if (k + 1 < n) {
      band0[k + 1] = (band0[k + 1] as number) - l1 * (band1[k] as number);
      band1[k + 1] = (band1[k + 1] as number) - l1 * (band2[k] as number);
      gradient[k + 1] = (gradient[k + 1] as number) - l1 * (gradient[k] as number);
    }
    if (k + 2 < n) {
      band0[k + 2] = (band0[k + 2] as number) - l2 * (band2[k] as number);
      gradient[k + 2] = (gradient[k + 2] as number) - l2 * (gradient[k] as number);
    }
    band1[k] = l1;
    band2[k] = l2;
  }
  for (let k = n - 1; k >= 0; k--) {
    const z = gradient[k] as number;
    const d = band0[k] as number;
    let x = z / d;
    if (k + 1 < n) x -= (band1[k] as number) * (gradient[k + 1] as number);
    if (k + 2 < n) x -= (band2[k] as number) * (gradient[k + 2] as number);
    gradient[k] = x;
  }
}
