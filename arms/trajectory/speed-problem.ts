import type { JointLimits } from '../model/manipulator.ts';
import { pathPoint } from './path-geometry.ts';
import { writeGridPoint } from './speed-grid.ts';
import type { SpeedGrid } from './speed-grid.ts';

/** Points of each cell at which limits are imposed, with Simpson's weights for the duration. */
const POINTS = [0, 0.5, 1] as const;
const WEIGHTS = [1 / 6, 4 / 6, 1 / 6] as const;
export const POINTS_PER_CELL = 3;

/** Joints whose terms are all below this share of the largest are left out. */
const MINOR = 0.25;

/**
 * Blending weights of a cell's three coefficients at local u, and their first and second derivatives with respect to
 * sigma: nine numbers from `out[at]` on.
 */
export function writeBasis(
  sigma: Float64Array,
  cell: number,
  u: number,
  out: Float64Array,
  at: number,
): void {
  const count = sigma.length - 1;
  const from = sigma[cell] as number;
  const to = sigma[cell + 1] as number;
  const h = to - from;
  const left = cell > 0 ? to - (sigma[cell - 1] as number) : h;
  const right = cell + 1 < count ? (sigma[cell + 2] as number) - from : h;
  const v0 = ((1 - u) * (1 - u) * h) / left;
  const v2 = (u * u * h) / right;
  out[at] = v0;
  out[at + 1] = 1 - v0 - v2;
  out[at + 2] = v2;
  const f0 = (-2 * (1 - u)) / left;
  const f2 = (2 * u) / right;
  out[at + 3] = f0;
  out[at + 4] = -f0 - f2;
  out[at + 5] = f2;
  const s0 = 2 / (h * left);
  const s2 = 2 / (h * right);
  out[at + 6] = s0;
  out[at + 7] = -s0 - s2;
  out[at + 8] = s2;
}

/** What a speed has to keep to, beside the grid. */
export interface SpeedDemand {
  readonly limits: readonly JointLimits[];
  /** Highest speeds along the path at its ends; Infinity: what the limits allow. */
  readonly startSpeedMax: number;
  readonly endSpeedMax: number;
  /** By how much each cell must be slower than its limits allow at the points looked at; null: not at all. */
  readonly slowness: Float64Array | null;
}

/** A demand without more than the limits. */
export function withinLimits(limits: readonly JointLimits[]): SpeedDemand {
  return { limits, startSpeedMax: Infinity, endSpeedMax: Infinity, slowness: null };
}

/** Everything the optimiser needs at the collocation points, in flat arrays. */
export interface SpeedProblem {
  readonly cells: number;
  readonly points: number;
  /** Nine numbers per point: value, first and second derivative weights of the three coefficients. */
  readonly basis: Float64Array;
  /** Share of the duration integral. */
  readonly weight: Float64Array;
  /** Largest y by the velocity limits. */
  readonly ceiling: Float64Array;
  /** Rows of point p are rowStart[p] up to rowStart[p + 1]. */
  readonly accelerationStart: Int32Array;
  /** Two numbers per row: factors of y and y', as a share of the limit. */
  readonly acceleration: Float64Array;
  readonly jerkStart: Int32Array;
  /** Three numbers per row: factors of y, y', y''. */
  readonly jerk: Float64Array;
}

/** The limits at the points of a grid, as rows over the coefficients of the squared speed. */
export function buildProblem(grid: SpeedGrid, demand: SpeedDemand): SpeedProblem {
  const { limits, startSpeedMax, endSpeedMax, slowness } = demand;
  const cells = grid.cells.length;
  const joints = limits.length;
  const points = cells * POINTS.length;
  const basis = new Float64Array(points * 9);
  const weight = new Float64Array(points);
  const ceiling = new Float64Array(points);
  const accelerationStart = new Int32Array(points + 1);
  const acceleration = new Float64Array(points * joints * 2);
  const jerkStart = new Int32Array(points + 1);
  const jerk = new Float64Array(points * joints * 3);
  const point = pathPoint(joints);
  let accelerationRows = 0;
  let jerkRows = 0;
  for (let cell = 0; cell < cells; cell++) {
    const from = grid.sigma[cell] as number;
    const h = (grid.sigma[cell + 1] as number) - from;
    const { span, corner } = grid.cells[cell] as SpeedGrid['cells'][number];
    const line = span.shape === 'line' && corner === undefined;
    // Away from the ends of the path, acceleration along a line is linear in each cell.
    const { startS, endS, totalSigma } = grid.warp;
    const slower = slowness === null ? 1 : (slowness[cell] as number);
    const slower2 = slower * slower;
    const slower3 = slower2 * slower;
    const plain = line && from >= 2 * startS && from + h <= totalSigma - 2 * endS;
    for (let k = 0; k < POINTS.length; k++) {
      const p = cell * POINTS.length + k;
      const u = POINTS[k] as number;
      const isLastPoint = cell === cells - 1 && u === 1;
      writeBasis(grid.sigma, cell, u, basis, p * 9);
      weight[p] = (WEIGHTS[k] as number) * h;
      writeGridPoint(point, grid, cell, from + u * h);
      let fastest = 0;
      // On a line all joints move in proportion: one of them bounds each quantity everywhere.
      let accelerationJoint = 0;
      let jerkJoint = 0;
      let accelerationShare = -1;
      let jerkShare = -1;
      for (let j = 0; j < joints; j++) {
        const limit = limits[j] as JointLimits;
        const slope = Math.abs(span.cubic[4 * j + 1] as number);
        fastest = Math.max(fastest, Math.abs(point.d1[j] as number) / limit.velocityMax);
        if (slope / limit.accelerationMax > accelerationShare) {
          accelerationShare = slope / limit.accelerationMax;
          accelerationJoint = j;
        }
        if (slope / limit.jerkMax > jerkShare) {
          jerkShare = slope / limit.jerkMax;
          jerkJoint = j;
        }
      }
      ceiling[p] = fastest > 0 ? 1 / (fastest * fastest * slower2) : Infinity;
      if (p === 0) ceiling[p] = Math.min(ceiling[p] as number, startSpeedMax * startSpeedMax);
      if (isLastPoint) ceiling[p] = Math.min(ceiling[p] as number, endSpeedMax * endSpeedMax);
      let most1 = 0;
      let most2 = 0;
      let most3 = 0;
      for (let j = 0; j < joints; j++) {
        const limit = limits[j] as JointLimits;
        most1 = Math.max(most1, Math.abs(point.d1[j] as number) / limit.accelerationMax);
        most2 = Math.max(most2, Math.abs(point.d2[j] as number) / limit.accelerationMax);
        most3 = Math.max(most3, Math.abs(point.d3[j] as number) / limit.jerkMax);
      }
      accelerationStart[p] = accelerationRows;
      jerkStart[p] = jerkRows;
      for (let j = 0; j < joints; j++) {
        const { accelerationMax, jerkMax } = limits[j] as JointLimits;
        const d1 = point.d1[j] as number;
        const d2 = point.d2[j] as number;
        const d3 = point.d3[j] as number;
        // A joint far from its limits in every term is left to the check of the finished trajectory.
        const slight =
          Math.abs(d1) < MINOR * most1 * accelerationMax && Math.abs(d2) < MINOR * most2 * accelerationMax;
        if (slight && Math.abs(d3) < MINOR * most3 * jerkMax) continue;
        // Acceleration is continuous, so the end of a cell is the start of the next.
        if ((u < (plain ? 0.1 : 1) || isLastPoint) && (!line || j === accelerationJoint)) {
          acceleration[2 * accelerationRows] = (slower2 * d2) / accelerationMax;
          acceleration[2 * accelerationRows + 1] = (slower2 * d1) / (2 * accelerationMax);
          accelerationRows++;
        }
        const looked = (!plain || k !== 1) && (!line || j === jerkJoint);
        if (looked && jerkMax !== Infinity) {
          jerk[3 * jerkRows] = (slower3 * d3) / jerkMax;
          jerk[3 * jerkRows + 1] = (slower3 * 1.5 * d2) / jerkMax;
          jerk[3 * jerkRows + 2] = (slower3 * d1) / (2 * jerkMax);
          jerkRows++;
        }
      }
    }
  }
  accelerationStart[points] = accelerationRows;
  jerkStart[points] = jerkRows;
  return { cells, points, basis, weight, ceiling, accelerationStart, acceleration, jerkStart, jerk };
}
