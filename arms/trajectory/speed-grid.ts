import type { JointLimits } from '../model/manipulator.ts';
import { pathPoint, writeGeometryAt } from './path-geometry.ts';
import type { Corner, PathGeometry, PathPoint } from './path-geometry.ts';
import type { Span } from './span.ts';

/**
 * The grid on which the speed along a stretch is sought, over a parameter sigma which is s, except near the two
 * ends, where s starts like sigma cubed: there a constant speed in sigma is a jerk-limited start from rest, so that
 * the speed profile has no singularity to represent.
 */
export interface SpeedGrid {
  readonly geometry: PathGeometry;
  readonly warp: Warp;
  /** Boundaries of the cells, increasing from 0; the path is a polynomial without breaks inside each. */
  readonly sigma: Float64Array;
  readonly cells: readonly Cell[];
}

interface Cell {
  readonly span: Span;
  readonly corner: Corner | undefined;
  readonly side: 'before' | 'after';
  /** Which form of the warp holds in the cell; at its ends the third derivative differs from the neighbour's. */
  readonly part: WarpPart;
}

type WarpPart = 'start' | 'middle' | 'end';

interface Warp {
  readonly startS: number;
  readonly endS: number;
  readonly lengthS: number;
  readonly totalSigma: number;
}

/** Cells are at most this long (s, at full speed). */
const CELL_S = 0.04;
/** Cuts closer than this share of the whole are one: cells of next to no width would make the problem singular. */
const CUT_GAP = 1e-5;
const CELLS_PER_END = 6;
const CELLS_PER_HALF_CORNER = 4;

/** s and its derivatives at sigma. */
interface WarpPoint {
  s: number;
  g1: number;
  g2: number;
  g3: number;
}

function partAt(warp: Warp, sigma: number): WarpPart {
  if (sigma < 2 * warp.startS) return 'start';
  return sigma > warp.totalSigma - 2 * warp.endS ? 'end' : 'middle';
}

function writeWarp(out: WarpPoint, warp: Warp, part: WarpPart, sigma: number): void {
  if (part === 'start') {
    const l = 2 * warp.startS;
    const w = sigma / l;
    out.s = l * w * w * w * (1 - w / 2);
    out.g1 = w * w * (3 - 2 * w);
    out.g2 = (6 * w * (1 - w)) / l;
    out.g3 = (6 - 12 * w) / (l * l);
  } else if (part === 'end') {
    const l = 2 * warp.endS;
    const w = Math.max(warp.totalSigma - sigma, 0) / l;
    out.s = warp.lengthS - l * w * w * w * (1 - w / 2);
    out.g1 = w * w * (3 - 2 * w);
    out.g2 = (-6 * w * (1 - w)) / l;
    out.g3 = (6 - 12 * w) / (l * l);
  } else {
    out.s = sigma - warp.startS;
    out.g1 = 1;
    out.g2 = 0;
    out.g3 = 0;
  }
}

/** Solves w^3 - w^4 / 2 = value for w in [0, 1]. */
function invertRamp(value: number): number {
  let low = 0;
  let high = 1;
  for (let n = 0; n < 48; n++) {
    const w = (low + high) / 2;
    if (w * w * w * (1 - w / 2) < value) low = w;
    else high = w;
  }
  return (low + high) / 2;
}

/** The sigma that belongs to s. */
export function sigmaAt(warp: Warp, s: number): number {
  if (s < warp.startS) return 2 * warp.startS * invertRamp(s / (2 * warp.startS));
  const left = warp.lengthS - s;
  if (left < warp.endS)
    return warp.totalSigma - 2 * warp.endS * invertRamp(Math.max(left, 0) / (2 * warp.endS));
  return s + warp.startS;
}

/** How far along s an unhindered start at these joint slopes needs to reach full speed. */
function naturalRamp(slope: Float64Array, limits: readonly JointLimits[]): number {
  let duration = 0;
  for (let j = 0; j < slope.length; j++) {
    const speed = Math.abs(slope[j] as number);
    const { accelerationMax, jerkMax } = limits[j] as JointLimits;
    const reachesAcceleration = speed * jerkMax > accelerationMax * accelerationMax;
    duration = Math.max(
      duration,
      reachesAcceleration
        ? speed / accelerationMax + accelerationMax / jerkMax
        : 2 * Math.sqrt(speed / jerkMax),
    );
  }
  return duration / 2;
}

/** What holds where a stretch begins and ends: `rest`; or `free`, any speed that the limits allow. */
export interface StretchEnds {
  readonly start: 'rest' | 'free';
  readonly end: 'rest' | 'free';
}

export const REST_TO_REST: StretchEnds = { start: 'rest', end: 'rest' };

export function buildSpeedGrid(
  geometry: PathGeometry,
  limits: readonly JointLimits[],
  ends: StretchEnds,
): SpeedGrid {
  const { lengthS, spans, corners } = geometry;
  const point = pathPoint(geometry.joints);
  const firstSpan = spans[0] as Span;
  const lastSpan = spans[spans.length - 1] as Span;
  writeGeometryAt(point, firstSpan, undefined, 'before', 0);
  const rampMax = ends.start === 'rest' && ends.end === 'rest' ? lengthS / 2 : lengthS * 0.9;
  const startS = ends.start === 'free' ? 0 : Math.min(naturalRamp(point.d1, limits), rampMax);
  writeGeometryAt(point, lastSpan, undefined, 'after', lengthS);
  const endS = ends.end === 'free' ? 0 : Math.min(naturalRamp(point.d1, limits), rampMax);
  const warp: Warp = { startS, endS, lengthS, totalSigma: lengthS + startS + endS };

  const cuts: number[] = [0, 2 * startS, warp.totalSigma - 2 * endS, warp.totalSigma];
  for (const span of spans) cuts.push(sigmaAt(warp, span.endS));
  for (const { atS, halfS } of corners) {
    cuts.push(sigmaAt(warp, atS - halfS), sigmaAt(warp, atS), sigmaAt(warp, atS + halfS));
  }
  cuts.sort((a, b) => a - b);
  const gap = CUT_GAP * warp.totalSigma;
  const sigma: number[] = [0];
  const cells: Cell[] = [];
  const warped: WarpPoint = { s: 0, g1: 0, g2: 0, g3: 0 };
  for (const cut of cuts) {
    const from = sigma[sigma.length - 1] as number;
    const to = warp.totalSigma - cut < gap ? warp.totalSigma : cut;
    if (to - from < gap) continue;
    const part = partAt(warp, (from + to) / 2);
    writeWarp(warped, warp, part, (from + to) / 2);
    const s = warped.s;
    const span = spans.find((candidate) => s <= candidate.endS) ?? lastSpan;
    const corner = corners.find((candidate) => Math.abs(s - candidate.atS) < candidate.halfS);
    const side = corner !== undefined && s > corner.atS ? 'after' : 'before';
    let size = CELL_S;
    if (from < 2 * startS) size = Math.min(size, (2 * startS) / CELLS_PER_END);
    if (to > warp.totalSigma - 2 * endS) size = Math.min(size, (2 * endS) / CELLS_PER_END);
    let count = Math.max(Math.ceil((to - from) / size - 1e-6), 1);
    if (corner !== undefined && to - from > 100 * gap) count = Math.max(count, CELLS_PER_HALF_CORNER);
    for (let n = 1; n <= count; n++) {
      sigma.push(n === count ? to : from + ((to - from) * n) / count);
      cells.push({ span, corner, side, part });
    }
  }
  return { geometry, warp, sigma: Float64Array.from(sigma), cells };
}

const warpScratch: WarpPoint = { s: 0, g1: 0, g2: 0, g3: 0 };

/** Joint positions and their first three derivatives with respect to sigma, at sigma in cell `cell`. */
export function writeGridPoint(out: PathPoint, grid: SpeedGrid, cell: number, sigma: number): void {
  const { span, corner, side, part } = grid.cells[cell] as Cell;
  writeWarp(warpScratch, grid.warp, part, sigma);
  const { s, g1, g2, g3 } = warpScratch;
  writeGeometryAt(out, span, corner, side, s);
  const { d1, d2, d3 } = out;
  for (let j = 0; j < d1.length; j++) {
    const p1 = d1[j] as number;
    const p2 = d2[j] as number;
    const p3 = d3[j] as number;
    d1[j] = p1 * g1;
    d2[j] = p2 * g1 * g1 + p1 * g2;
    d3[j] = p3 * g1 * g1 * g1 + 3 * p2 * g1 * g2 + p1 * g3;
  }
}
