import type { JointLimits } from '../model/manipulator.ts';
import { fitCurve } from './curve-fit.ts';
import type { JointPath, WaypointRule } from './joint-path.ts';
import { metric, pacesOf } from './path-pace.ts';
import type { Span } from './span.ts';

/**
 * A stretch of path from one stop to the next as piecewise polynomials over the path parameter s: the time in seconds
 * in which the busiest joint would pass at full velocity, made longer for pieces between corners that are too short
 * to get up to speed. So a rounding that reaches equally far to both sides of a corner takes about as long before
 * it as after it.
 */
export interface PathGeometry {
  readonly joints: number;
  readonly lengthS: number;
  readonly spans: readonly Span[];
  readonly corners: readonly Corner[];
  /** Parameter of each waypoint of the stretch. */
  readonly waypointS: readonly number[];
  /** Largest distance of any joint from the unrounded path, or of a curve from its samples. */
  readonly deviation: number;
}

/** A rounded corner: corrections which make the path twice continuously differentiable around `atS`. */
export interface Corner {
  readonly atS: number;
  readonly halfS: number;
  /** Jump of the first and second derivative at the unrounded corner, per joint. */
  readonly slopeJump: Float64Array;
  readonly curvatureJump: Float64Array;
}

/** Blends shorter than this would pass the corner at a crawl: they become stops. */
const BLEND_HALF_MIN_S = 2e-4;

/** Height of the rounding at the corner per unit of slope jump and half width. */
const ROUNDING = 3 / 16;

/** Largest value of the curvature correction per unit of curvature jump and squared half width. */
const CURVATURE_BUMP = 0.00864;

interface Piece {
  readonly spans: Span[];
  readonly startS: number;
  readonly endS: number;
}

function lineSpan(from: readonly number[], to: readonly number[], startS: number, lengthS: number): Span {
  const cubic = new Float64Array(4 * from.length);
  for (let j = 0; j < from.length; j++) {
    cubic[4 * j] = from[j] as number;
    cubic[4 * j + 1] = ((to[j] as number) - (from[j] as number)) / lengthS;
  }
  return { startS, endS: startS + lengthS, cubic, shape: 'line' };
}

/**
 * The geometries of a path, one per stretch between stops. Waypoints that coincide with their predecessor are
 * passed over; a stretch without length is left out. The path must have been checked (see `timePath`).
 */
export function stretches(
  path: JointPath,
  limits: readonly JointLimits[],
): { readonly firstWaypoint: number; readonly lastWaypoint: number; readonly geometry: PathGeometry }[] {
  const result: { firstWaypoint: number; lastWaypoint: number; geometry: PathGeometry }[] = [];
  const last = path.waypoints.length - 1;
  let first = 0;
  for (let k = 1; k <= last; k++) {
    if (k < last && (path.rules[k] as WaypointRule).kind !== 'stop') continue;
    for (const part of stretch(path, first, k, limits)) result.push(part);
    first = k;
  }
  return result;
}

function stretch(
  path: JointPath,
  first: number,
  last: number,
  limits: readonly JointLimits[],
): { firstWaypoint: number; lastWaypoint: number; geometry: PathGeometry }[] {
  const joints = limits.length;
  const rows = path.waypoints;
  const cornerAt: number[] = [first];
  for (let k = first + 1; k < last; k++) {
    if ((path.rules[k] as WaypointRule).kind !== 'curve') cornerAt.push(k);
  }
  cornerAt.push(last);

  const waypointS = new Array<number>(last - first + 1).fill(0);
  const pieces: Piece[] = [];
  // Waypoint of the corner before each piece.
  const pieceFrom: number[] = [];
  const paces = pacesOf(rows, cornerAt, limits);
  let s = 0;
  let deviation = 0;
  for (let c = 0; c + 1 < cornerAt.length; c++) {
    const from = cornerAt[c] as number;
    const to = cornerAt[c + 1] as number;
    const startS = s;
    const pace = paces[c] as number;
    const kept: number[] = [from];
    const keptS: number[] = [s];
    for (let k = from + 1; k <= to; k++) {
      s += pace * metric(rows[k - 1] as readonly number[], rows[k] as readonly number[], limits);
      waypointS[k - first] = s;
      if (s - (keptS[keptS.length - 1] as number) > 1e-12) {
        kept.push(k);
        keptS.push(s);
      }
    }
    if (kept.length < 2) {
      s = startS;
      waypointS.fill(s, from - first, to - first + 1);
      continue;
    }
    if (kept.length === 2) {
      pieces.push({
        spans: [
          lineSpan(
            rows[kept[0] as number] as readonly number[],
            rows[kept[1] as number] as readonly number[],
            startS,
            s - startS,
          ),
        ],
        startS,
        endS: s,
      });
    } else {
      const fit = fitCurve(
        kept.map((k) => rows[k] as readonly number[]),
        keptS,
        path.curveDeviationMax,
      );
      deviation = Math.max(deviation, fit.deviation);
      pieces.push({ spans: fit.spans, startS, endS: s });
    }
    pieceFrom.push(from);
  }
  if (pieces.length === 0) return [];

  const corners: Corner[] = [];
  const stopsAt: number[] = [];
  const halves: number[] = [];
  for (let p = 1; p < pieces.length; p++) {
    const before = pieces[p - 1] as Piece;
    const after = pieces[p] as Piece;
    const waypoint = pieceFrom[p] as number;
    const rule = path.rules[waypoint] as WaypointRule;
    const slopeJump = new Float64Array(joints);
    const curvatureJump = new Float64Array(joints);
    const left = before.spans[before.spans.length - 1] as Span;
    const right = after.spans[0] as Span;
    const h = left.endS - left.startS;
    let bent = 0;
    for (let j = 0; j < joints; j++) {
      const c = left.cubic;
      const slopeLeft =
        (c[4 * j + 1] as number) + h * (2 * (c[4 * j + 2] as number) + h * 3 * (c[4 * j + 3] as number));
      const curvatureLeft = 2 * (c[4 * j + 2] as number) + h * 6 * (c[4 * j + 3] as number);
      slopeJump[j] = (right.cubic[4 * j + 1] as number) - slopeLeft;
      curvatureJump[j] = 2 * (right.cubic[4 * j + 2] as number) - curvatureLeft;
      const v = (limits[j] as JointLimits).velocityMax;
      bent = Math.max(bent, Math.abs(slopeJump[j] as number) / v, Math.abs(curvatureJump[j] as number) / v);
    }
    let half = Math.min(before.endS - before.startS, after.endS - after.startS);
    if (rule.kind === 'blend') {
      half = Math.min(half, widestHalf(slopeJump, curvatureJump, rule.deviationMax));
      if (rule.within !== undefined) {
        const low = Math.max(rule.within[0], first);
        const high = Math.min(rule.within[1], last);
        half = Math.min(
          half,
          after.startS - (waypointS[low - first] as number),
          (waypointS[high - first] as number) - after.startS,
        );
      }
    }
    corners.push({ atS: after.startS, halfS: half, slopeJump, curvatureJump });
    halves.push(bent < 1e-9 ? 0 : half);
  }
  // Neighbouring blends share the piece between them.
  for (let p = 1; p + 1 < pieces.length; p++) {
    const length = (pieces[p] as Piece).endS - (pieces[p] as Piece).startS;
    const a = halves[p - 1] as number;
    const b = halves[p] as number;
    if (a + b <= length) continue;
    if (a <= length / 2) halves[p] = length - a;
    else if (b <= length / 2) halves[p - 1] = length - b;
    else {
      halves[p - 1] = length / 2;
      halves[p] = length / 2;
    }
  }
  const rounded: Corner[] = [];
  corners.forEach((corner, k) => {
    const half = halves[k] as number;
    if (half === 0 && isStraight(corner, limits)) return;
    if (half < BLEND_HALF_MIN_S) {
      stopsAt.push(k);
      return;
    }
    rounded.push({ ...corner, halfS: half });
    deviation = Math.max(deviation, deviationOf(corner, half));
  });

  if (stopsAt.length > 0) {
    // Rounded too sharply to be worth it: the same path with stops there.
    const rules = [...path.rules];
    for (const k of stopsAt) rules[pieceFrom[k + 1] as number] = { kind: 'stop' };
    const stops = { ...path, rules };
    const parts: { firstWaypoint: number; lastWaypoint: number; geometry: PathGeometry }[] = [];
    let from = first;
    for (let k = first + 1; k <= last; k++) {
      if (k < last && (rules[k] as WaypointRule).kind !== 'stop') continue;
      parts.push(...stretch(stops, from, k, limits));
      from = k;
    }
    return parts;
  }
  const geometry: PathGeometry = {
    joints,
    lengthS: s,
    spans: pieces.flatMap((piece) => piece.spans),
    corners: rounded,
    waypointS,
    deviation,
  };
  return [{ firstWaypoint: first, lastWaypoint: last, geometry }];
}

function isStraight(corner: Corner, limits: readonly JointLimits[]): boolean {
  for (let j = 0; j < limits.length; j++) {
    const v = (limits[j] as JointLimits).velocityMax;
    if (Math.abs(corner.slopeJump[j] as number) / v >= 1e-9) return false;
    if (Math.abs(corner.curvatureJump[j] as number) / v >= 1e-9) return false;
  }
  return true;
}

function deviationOf(corner: Corner, half: number): number {
  let deviation = 0;
  for (let j = 0; j < corner.slopeJump.length; j++) {
    deviation = Math.max(
      deviation,
      Math.abs(corner.slopeJump[j] as number) * ROUNDING * half +
        Math.abs(corner.curvatureJump[j] as number) * CURVATURE_BUMP * half * half,
    );
  }
  return deviation;
}

/** The largest half width whose deviation stays within `deviationMax` in every joint. */
function widestHalf(slopeJump: Float64Array, curvatureJump: Float64Array, deviationMax: number): number {
  let widest = Infinity;
  for (let j = 0; j < slopeJump.length; j++) {
    const b = Math.abs(slopeJump[j] as number) * ROUNDING;
    const a = Math.abs(curvatureJump[j] as number) * CURVATURE_BUMP;
    if (a === 0 && b === 0) continue;
    // a h^2 + b h = deviationMax, in the form that does not cancel.
    widest = Math.min(widest, (2 * deviationMax) / (b + Math.sqrt(b * b + 4 * a * deviationMax)));
  }
  return widest;
}

/** Rows of `geometryAt`: value and first three derivatives with respect to s, one array entry per joint. */
export interface PathPoint {
  readonly q: Float64Array;
  readonly d1: Float64Array;
  readonly d2: Float64Array;
  readonly d3: Float64Array;
}

export function pathPoint(joints: number): PathPoint {
  return {
    q: new Float64Array(joints),
    d1: new Float64Array(joints),
    d2: new Float64Array(joints),
    d3: new Float64Array(joints),
  };
}

/**
 * Position and derivatives at s, where s lies in span `span` (its end included) and in the rounding of `corner`
 * (undefined: in none), on the side of the corner that `span` is on.
 */
export function writeGeometryAt(
  out: PathPoint,
  span: Span,
  corner: Corner | undefined,
  side: 'before' | 'after',
  s: number,
): void {
  const x = s - span.startS;
  const { q, d1, d2, d3 } = out;
  const c = span.cubic;
  for (let j = 0, k = 0; j < q.length; j++, k += 4) {
    const c1 = c[k + 1] as number;
    const c2 = c[k + 2] as number;
    const c3 = c[k + 3] as number;
    q[j] = (c[k] as number) + x * (c1 + x * (c2 + x * c3));
    d1[j] = c1 + x * (2 * c2 + x * 3 * c3);
    d2[j] = 2 * c2 + x * 6 * c3;
    d3[j] = 6 * c3;
  }
  if (corner === undefined) return;
  const l = corner.halfS;
  const z = s - corner.atS;
  // Rounding of the slope jump: the ramp max(z, 0) convolved with a parabola of half width l, less the ramp.
  const w = (1 + z / l) / 2;
  const after = side === 'after';
  const r0 = 2 * l * w * w * w * (1 - w / 2) - (after ? z : 0);
  const r1 = w * w * (3 - 2 * w) - (after ? 1 : 0);
  const r2 = (3 * w * (1 - w)) / l;
  const r3 = (3 * (1 - 2 * w)) / (2 * l * l);
  // Rounding of the curvature jump: a bump that vanishes with two derivatives at both ends.
  const sign = after ? 1 : -1;
  const a = Math.abs(z);
  const m = 1 - a / l;
  const k0 = (-sign * a * a * m * m * m) / 4;
  const k1 = -(2 * a * m * m * m - (3 * a * a * m * m) / l) / 4;
  const k2 = (-sign * (2 * m * m * m - (12 * a * m * m) / l + (6 * a * a * m) / (l * l))) / 4;
  const k3 = -((-18 * m * m) / l + (36 * a * m) / (l * l) - (6 * a * a) / (l * l * l)) / 4;
  for (let j = 0; j < q.length; j++) {
    const u = corner.slopeJump[j] as number;
    const v = corner.curvatureJump[j] as number;
    q[j] = (q[j] as number) + u * r0 + v * k0;
    d1[j] = (d1[j] as number) + u * r1 + v * k1;
    d2[j] = (d2[j] as number) + u * r2 + v * k2;
    d3[j] = (d3[j] as number) + u * r3 + v * k3;
  }
}
