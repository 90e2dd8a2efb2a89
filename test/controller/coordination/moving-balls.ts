import type { ShapeGroup } from '../../../controller/coordination/arm-shape.ts';
import type { SampledLeg } from '../../../controller/coordination/leg-samples.ts';
import { completed } from '../../../controller/coordination/leg-samples.ts';

/** A ball of this radius stands for an arm, m. */
export const BALL_M = 0.15;
export const STEP_US = 100_000;

export type Point = readonly [number, number];

/** A leg of a ball that moves straight through points of a plane, one cell per point. */
export function ballLeg(armId: string, points: readonly Point[]): SampledLeg {
  const group: ShapeGroup = {
    joint: 0,
    hull: 0,
    parts: 0,
    hullRadiusM: BALL_M,
    partRadiiM: [],
    reachM: BALL_M,
  };
  const cells = points.length;
  const ends = new Float32Array(cells * 6);
  const travel = new Float32Array(cells);
  points.forEach(([x, y], k) => {
    ends.set([x, y, 0, x, y, 0], k * 6);
    const near = [points[k - 1], points[k + 1]].filter((p) => p !== undefined);
    travel[k] = Math.max(0, ...near.map(([u, v]) => Math.hypot(u - x, v - y))) / 2 + 1e-6;
  });
  return completed({
    armId,
    stepUs: STEP_US,
    durationUs: (cells - 1) * STEP_US,
    cells,
    groups: [group],
    stride: 6,
    ends,
    travel,
    stopCells: Int32Array.from({ length: cells }, (_, k) => k),
  });
}

/** Where the ball is at a progress, m. */
export function ballAt(leg: SampledLeg, progressUs: number): Point {
  const at = Math.min(Math.max(progressUs / leg.stepUs, 0), leg.cells - 1);
  const k = Math.min(Math.floor(at), Math.max(0, leg.cells - 2));
  const u = leg.cells === 1 ? 0 : at - k;
  const value = (cell: number, axis: number): number => leg.ends[cell * 6 + axis];
  const next = Math.min(k + 1, leg.cells - 1);
  return [value(k, 0) + u * (value(next, 0) - value(k, 0)), value(k, 1) + u * (value(next, 1) - value(k, 1))];
}
