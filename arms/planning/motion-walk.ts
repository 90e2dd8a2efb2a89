import type { ArmBody } from './arm-body.ts';
import { groupFactors, placeBody } from './arm-body.ts';
import type { MotionBounds } from './motion-bounds.ts';
import { addTravel, pieceAt, positionsAt } from './motion-bounds.ts';
import type { TeamBody } from './team-body.ts';
import { compileTeamBody } from './team-body.ts';

/** An arm in a timed motion, for walks along it. Holds scratch space. */
export interface MovingArm {
  readonly body: ArmBody;
  /** The capsules by link, with a sphere round each link; the fixed base, if it has any, is the last. */
  readonly links: TeamBody;
  /** Centres of these spheres at the placed configuration, m. */
  readonly centres: Float64Array;
  readonly bounds: MotionBounds;
  readonly q: Float64Array;
  /** Where the body stands now, us; -1: nowhere yet. */
  placedUs: number;
  piece: number;
  /** Per link and joint how far the link travels per unit of the joint, m, at the placed configuration. */
  readonly factors: Float64Array;
  /** Bound of each joint's travel in a span, rad or m. */
  readonly travel: Float64Array;
  /** Bound of each link's travel in the same span, m. */
  readonly linkTravel: Float64Array;
}

export function movingArm(body: ArmBody, bounds: MotionBounds): MovingArm {
  const n = body.chain.jointCount;
  const links = compileTeamBody(body);
  const centres = new Float64Array(3 * links.linkCount);
  if (links.linkCount > body.groupCount) centres.set(links.baseCentre, 3 * body.groupCount);
  return {
    body,
    links,
    centres,
    bounds,
    q: new Float64Array(n),
    placedUs: -1,
    piece: 0,
    factors: new Float64Array(body.groupCount * n),
    travel: new Float64Array(n),
    linkTravel: new Float64Array(links.linkCount),
  };
}

/** Places the arm where its motion has it at an instant. */
export function placeAtUs(arm: MovingArm, timeUs: number): void {
  if (arm.placedUs === timeUs) return;
  arm.piece = positionsAt(arm.bounds, timeUs, arm.piece, arm.q);
  placeBody(arm.body, arm.q, 0);
  const n = arm.body.chain.jointCount;
  const { groupCount, groupWorld } = arm.body;
  for (let g = 0; g < groupCount; g += 1) groupFactors(arm.body, g, arm.factors, g * n);
  for (let k = 0; k < 3 * groupCount; k += 1) arm.centres[k] = groupWorld[k];
  arm.placedUs = timeUs;
}

/** Writes to `arm.travel` and `arm.linkTravel` how far joints and links may go from the placed instant to `untilUs`. */
export function boundTravel(arm: MovingArm, untilUs: number): void {
  const { travel, linkTravel, factors, body } = arm;
  travel.fill(0);
  const times = arm.bounds.trajectory.timesUs;
  if (times.length >= 2 && arm.placedUs < arm.bounds.durationUs) {
    const piece = pieceAt(times, arm.placedUs, arm.piece);
    addTravel(arm.bounds, arm.placedUs, untilUs, piece, travel);
  }
  const n = body.chain.jointCount;
  for (let g = 0; g < body.groupCount; g += 1) {
    let sum = 0;
    for (let j = 0; j < n; j += 1) sum += factors[g * n + j] * travel[j];
    linkTravel[g] = sum;
  }
}

/** Bound of the travel of any point of link `group` against what moves with joint `joint`, m. */
export function travelBeyond(arm: MovingArm, group: number, joint: number): number {
  const n = arm.body.chain.jointCount;
  let sum = 0;
  for (let j = joint + 1; j < n; j += 1) sum += arm.factors[group * n + j] * arm.travel[j];
  return sum;
}

/** Distance in time of the instants at which every motion is looked at, us. */
const GRID_US = 10_000;
/** No step of a walk is shorter, us. */
const STEP_LEAST_US = 10;

/** Where an arm's links are at the instants of the grid, and how far they may go until the next. */
export interface GriddedMotion {
  readonly moving: MovingArm;
  /** Per instant the centres of the spheres round the links, 3 numbers per link. */
  readonly centres: Float64Array;
  /** Per instant a bound of each link's travel until the next, m. */
  readonly travel: Float64Array;
}

/** How many instants of the grid there are until `endUs`, the end included. */
export function gridCount(endUs: number): number {
  return Math.floor(endUs / GRID_US) + 1;
}

/** Looks at a motion at `count` instants, from its beginning on. */
export function gridMotion(moving: MovingArm, count: number): GriddedMotion {
  const { linkCount } = moving.links;
  const centres = new Float64Array(3 * linkCount * count);
  const travel = new Float64Array(linkCount * count);
  for (let i = 0; i < count; i += 1) {
    placeAtUs(moving, i * GRID_US);
    boundTravel(moving, (i + 1) * GRID_US);
    centres.set(moving.centres, 3 * linkCount * i);
    travel.set(moving.linkTravel, linkCount * i);
  }
  return { moving, centres, travel };
}

/**
 * Walks from 0 to `endUs` by conservative advancement. `isClear` says whether all that can happen from an instant of
 * the grid until the next is harmless, by what is known of the grid; where it is not sure, `look` judges an instant and
 * `mayGoTo` whether nothing can happen from the last look until an instant. Returns the first bad instant, or -1.
 */
export function walk(
  endUs: number,
  isClear: (index: number) => boolean,
  look: (timeUs: number) => boolean,
  mayGoTo: (timeUs: number) => boolean,
): number {
  for (let i = 0; i * GRID_US < endUs; i += 1) {
    if (isClear(i)) continue;
    const bad = walkSteps(i * GRID_US, Math.min(endUs, (i + 1) * GRID_US), look, mayGoTo);
    if (bad >= 0) return bad;
  }
  return look(endUs) ? -1 : endUs;
}

/** The same from one instant until just before another, without a grid. */
export function walkSteps(
  fromUs: number,
  untilUs: number,
  look: (timeUs: number) => boolean,
  mayGoTo: (timeUs: number) => boolean,
): number {
  let step = GRID_US;
  for (let t = fromUs; t < untilUs;) {
    if (!look(t)) return t;
    while (step > STEP_LEAST_US && !mayGoTo(Math.min(untilUs, t + step))) step /= 2;
    t = Math.min(untilUs, t + step);
    step *= 2;
  }
  return -1;
}
