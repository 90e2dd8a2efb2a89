import type { JointLimits } from '../model/manipulator.ts';
import { PHASES } from './axis-profile.ts';
import type { AxisEnds, AxisLimits } from './axis-profile.ts';

/** Phases of constant jerk of several joints under way together; room that is used again and again. */
export interface PhaseTable {
  readonly joints: number;
  readonly ends: { -readonly [K in keyof AxisEnds]: number }[];
  readonly axes: { -readonly [K in keyof AxisLimits]: number }[];
  /** Durations (s) and jerks, `PHASES` per joint. */
  readonly durations: Float64Array;
  readonly jerks: Float64Array;
  /** Instants of the phases' beginnings and of the end, us: `INSTANTS` per joint. */
  readonly instants: Float64Array;
}

export const INSTANTS = PHASES + 1;

export function phaseTable(joints: number): PhaseTable {
  return {
    joints,
    ends: Array.from({ length: joints }, () => ({
      distance: 0,
      velocity0: 0,
      acceleration0: 0,
      velocity1: 0,
      acceleration1: 0,
    })),
    axes: Array.from({ length: joints }, () => ({ velocityMax: 0, accelerationMax: 0, jerkMax: 0 })),
    durations: new Float64Array(joints * PHASES),
    jerks: new Float64Array(joints * PHASES),
    instants: new Float64Array(joints * INSTANTS),
  };
}

/** Changes of jerk of different joints closer together than this are made at once, us. */
const KNOT_GAP_US = 50;

/** Ends of all phases at whole microseconds, those close together made one; returns the instants, sorted. */
export function alignInstants(table: PhaseTable, durationUs: number): number[] {
  const { joints, durations, instants } = table;
  const stride = INSTANTS;
  const order: number[] = [];
  for (let j = 0; j < joints; j++) {
    let t = 0;
    instants[j * stride] = 0;
    for (let k = 0; k < PHASES; k++) {
      t += durations[j * PHASES + k]!;
      instants[j * stride + k + 1] = t * 1e6;
      if (k < PHASES - 1) order.push(j * stride + k + 1);
    }
    instants[j * stride + PHASES] = durationUs;
  }
  order.sort((a, b) => instants[a]! - instants[b]!);
  const knots = [0];
  let last = 0;
  for (const index of order) {
    let us = Math.round(instants[index]!);
    if (us - last < KNOT_GAP_US) us = last;
    else if (durationUs - us < KNOT_GAP_US) us = durationUs;
    else {
      last = us;
      knots.push(us);
    }
    instants[index] = us;
  }
  if (durationUs > 0) knots.push(durationUs);
  return knots;
}

/** Ratio reported where the phases that are left after alignment cannot meet the end at all. */
const SINGULAR = 1.01;

const gram = new Float64Array(9);
const miss = new Float64Array(3);

/**
 * Changes the jerks a little so that the aligned phases meet the end; returns by how much the limits would have to
 * be wider, 1 or less: not at all.
 */
export function correctJerks(table: PhaseTable, limits: readonly JointLimits[], durationUs: number): number {
  const { joints, ends, axes, jerks, instants } = table;
  const stride = INSTANTS;
  const total = durationUs * 1e-6;
  let ratio = 0;
  if (total === 0) return ratio;
  for (let j = 0; j < joints; j++) {
    const e = ends[j]!;
    // What is missed at the end, and how much the jerk of each phase does about it, in units of the whole duration.
    let p = 0;
    let v = e.velocity0;
    let a = e.acceleration0;
    gram.fill(0);
    for (let k = 0; k < PHASES; k++) {
      const start = instants[j * stride + k]! * 1e-6;
      const end = instants[j * stride + k + 1]! * 1e-6;
      const h = end - start;
      if (h <= 0) continue;
      const jerk = jerks[j * PHASES + k]!;
      p += h * (v + h * (a / 2 + (h * jerk) / 6));
      v += h * (a + (h * jerk) / 2);
      a += h * jerk;
      const x = 1 - start / total;
      const y = 1 - end / total;
      const g0 = (x * x * x - y * y * y) / 6;
      const g1 = (x * x - y * y) / 2;
      const g2 = x - y;
      const weight = 1 / g2;
      gram[0] += weight * g0 * g0;
      gram[1] += weight * g0 * g1;
      gram[2] += weight * g0 * g2;
      gram[4] += weight * g1 * g1;
      gram[5] += weight * g1 * g2;
      gram[8] += weight * g2 * g2;
    }
    miss[0] = (e.distance - p) / (total * total * total);
    miss[1] = (e.velocity1 - v) / (total * total);
    miss[2] = (e.acceleration1 - a) / total;
    if (isNegligible(miss)) miss.fill(0);
    else if (!solveSymmetric(gram, miss)) return SINGULAR;
    const { velocityMax, accelerationMax, jerkMax } = limits[j]!;
    v = e.velocity0;
    a = e.acceleration0;
    for (let k = 0; k < PHASES; k++) {
      const start = instants[j * stride + k]! * 1e-6;
      const end = instants[j * stride + k + 1]! * 1e-6;
      const h = end - start;
      if (h <= 0) continue;
      const x = 1 - start / total;
      const y = 1 - end / total;
      // Least change in the mean over time: the combination of the sensitivities per time.
      const change = (miss[0]! * (x * x * x - y * y * y)) / 6 / (x - y) + (miss[1]! * (x + y)) / 2 + miss[2]!;
      const jerk = jerks[j * PHASES + k]! + change;
      jerks[j * PHASES + k] = jerk;
      const turn = jerk === 0 ? -1 : -a / jerk;
      if (turn > 0 && turn < h) ratio = Math.max(ratio, Math.abs(v + (turn * a) / 2) / velocityMax);
      v += h * (a + (h * jerk) / 2);
      a += h * jerk;
      ratio = Math.max(ratio, Math.abs(v) / velocityMax, Math.abs(a) / accelerationMax);
      if (jerkMax < Infinity) ratio = Math.max(ratio, Math.abs(jerk) / Math.max(jerkMax, axes[j]!.jerkMax));
    }
  }
  return ratio;
}

/** A joint that rests, or runs at a steady speed all the way, has nothing to correct. */
function isNegligible(missed: Float64Array): boolean {
  return Math.max(Math.abs(missed[0]!), Math.abs(missed[1]!), Math.abs(missed[2]!)) < 1e-15;
}

/** Solves the symmetric 3 x 3 system given by its upper triangle; the right side becomes the solution. */
function solveSymmetric(m: Float64Array, b: Float64Array): boolean {
  const d0 = m[0]!;
  if (!(d0 > 0)) return false;
  const l1 = m[1]! / d0;
  const l2 = m[2]! / d0;
  const d1 = m[4]! - l1 * m[1]!;
  if (!(d1 > 0)) return false;
  const l3 = (m[5]! - l2 * m[1]!) / d1;
  const d2 = m[8]! - l2 * m[2]! - l3 * l3 * d1;
  if (!(d2 > 0)) return false;
  const y0 = b[0]!;
  const y1 = b[1]! - l1 * y0;
  const y2 = b[2]! - l2 * y0 - l3 * y1;
  const x2 = y2 / d2;
  const x1 = y1 / d1 - l3 * x2;
  b[2] = x2;
  b[1] = x1;
  b[0] = y0 / d0 - l1 * x1 - l2 * x2;
  return true;
}
