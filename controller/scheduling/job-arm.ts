import type { Pose, Vec3 } from '../../arms/geometry/pose.ts';
import { poseOf } from '../../arms/geometry/transform.ts';
import type { JointLimits } from '../../arms/model/manipulator.ts';
import { placeBody, tipAt } from '../../arms/planning/arm-body.ts';
import type { InverseKinematics } from '../../arms/planning/inverse-kinematics.ts';
import { inverseKinematicsOf } from '../../arms/planning/inverse-kinematics.ts';
import type { KeepOut, PlanningScene, StandingArm } from '../../arms/planning/scene.ts';
import { prepareScene } from '../../arms/planning/scene.ts';
import { openSpace } from '../coordination/zone-cover.ts';
import type { ZoneTracker } from '../coordination/zone-spans.ts';
import { createZoneTracker } from '../coordination/zone-spans.ts';
import type { ArmModel, CellModel } from '../domain/cell.ts';
import { sharingOf } from '../domain/cell.ts';
import type { JobPlanRequest } from './job-plan.ts';

/** Joint positions, rad (m for a prismatic joint). */
export type Configuration = readonly number[];

/** What an arm is to those who look for its motions. */
export interface MotionArm {
  readonly arm: ArmModel;
  readonly limits: readonly JointLimits[];
  readonly inverse: InverseKinematics;
  /** Range in which joints are used: never wound up far from the middle, however much further the limits go. */
  readonly lower: Configuration;
  readonly upper: Configuration;
}

/** Everything that planning for one arm of a cell needs, prepared once. */
export interface JobArm extends MotionArm {
  readonly cell: CellModel;
  readonly tracker: ZoneTracker;
  /** Zones that no grant can be had for; all scenes but the last keep the arm out of them. */
  readonly foreignZones: ReadonlySet<string>;
  /**
   * The scenes in which an arm may find itself, strictest first. `strict` is where jobs are planned. The others are
   * for an arm that was stopped, or left, where a margin is undercut already: without margins, and then also
   * without other arms' own zones, whose bodies are minded themselves.
   */
  readonly scenes: readonly PlanningScene[];
}

/** Distance planned motions keep to obstacles and within the arm; covers the fit of models, not errors of the cell. */
export const OBSTACLE_MARGIN_M = 0.004;

/** Distance planned motions keep within the arm: its capsules already enclose the links. */
export const SELF_MARGIN_M = 0;

/** A joint that can turn further than this to either side of its middle is not used beyond, rad. */
const WINDING_MAX_RAD = 1.3 * Math.PI;

/** Arms that do not rest in their park poses. */
export type Elsewhere = JobPlanRequest['elsewhere'];

/** Prepares what does not depend on the rest of the cell. */
export function motionArm(arm: ArmModel): MotionArm {
  const limits = arm.manipulator.joints.map((joint) => joint.limits);
  const bound = (joint: number, side: -1 | 1): number => {
    const { lower, upper } = limits[joint];
    const limit = side < 0 ? lower : upper;
    if (arm.manipulator.joints[joint].kind === 'prismatic') return limit;
    const middle = (lower + upper) / 2;
    return side < 0 ? Math.max(limit, middle - WINDING_MAX_RAD) : Math.min(limit, middle + WINDING_MAX_RAD);
  };
  return {
    arm,
    limits,
    inverse: inverseKinematicsOf(arm.manipulator),
    lower: limits.map((_, j) => bound(j, -1)),
    upper: limits.map((_, j) => bound(j, 1)),
  };
}

/** Prepares an arm for planning while the other arms rest: at their park poses, but for those named. */
export function prepareJobArm(cell: CellModel, arm: ArmModel, elsewhere: Elsewhere): JobArm {
  const others = cell.arms.filter((other) => other.id !== arm.id);
  const standing = others.map((other): StandingArm => ({
    id: other.id,
    manipulator: other.manipulator,
    X_WB: other.X_WB,
    positions: elsewhere.find((each) => each.armId === other.id)?.positions ?? other.park,
  }));
  const keepOut = foreignZones(cell, arm, others);
  const scene = (marginM: number, prisms: readonly KeepOut[]): PlanningScene =>
    prepareScene({
      manipulator: arm.manipulator,
      X_WB: arm.X_WB,
      obstacles: cell.obstacles,
      standingArms: standing,
      keepOut: prisms,
      obstacleMarginM: marginM,
      selfMarginM: Math.min(marginM, SELF_MARGIN_M),
      armMarginM: cell.clearanceM,
      // Half the clearance is what zones are inflated by; the rest is for the least step of motion checks.
      keepOutMarginM: cell.clearanceM / 2 + OBSTACLE_MARGIN_M,
    });
  return {
    ...motionArm(arm),
    cell,
    tracker: createZoneTracker(cell, arm),
    foreignZones: new Set(keepOut.map((zone) => zone.id)),
    scenes: [scene(OBSTACLE_MARGIN_M, keepOut), scene(0, keepOut), scene(0, [])],
  };
}

/**
 * Zones that no grant can be had for: those of other arms' bases, and, where zones interlock, those in which other
 * arms rest.
 */
function foreignZones(cell: CellModel, arm: ArmModel, others: readonly ArmModel[]): KeepOut[] {
  // Where arms pass one after the other, other arms' bodies are minded themselves.
  if (sharingOf(cell.policy) === 'passages') return [];
  const own = new Set(createZoneTracker(cell, arm).permanent);
  const foreign = new Set<string>();
  for (const other of others) {
    const tracker = createZoneTracker(cell, other);
    for (const zoneId of tracker.permanent) foreign.add(zoneId);
    if (cell.policy === 'zone-interlock')
      for (const zoneId of tracker.at(other.park, null)) foreign.add(zoneId);
  }
  const zones = [...cell.zones, ...openSpace(cell.zones, cell.arms)];
  return zones.filter((zone) => foreign.has(zone.id) && !own.has(zone.id));
}

/** The tool tip's pose in the world at a configuration. */
export function tipPose(jobArm: JobArm, q: Configuration): Pose {
  const { body } = jobArm.scenes[0];
  placeBody(body, q, 0);
  return poseOf(body.frames, tipAt(body));
}

/** The direction in which the tool points, in the world. */
export function toolAxis(jobArm: JobArm, q: Configuration): Vec3 {
  const { body } = jobArm.scenes[0];
  placeBody(body, q, 0);
  const tip = tipAt(body);
  return [body.frames[tip + 2], body.frames[tip + 6], body.frames[tip + 10]];
}

/**
 * Time from rest to rest over a distance with the given limits (trapezoidal acceleration), s: what a joint needs at
 * least. For short moves that do not reach the full acceleration it is a little too long; it is used to rank.
 */
export function restToRestS(distance: number, limits: JointLimits): number {
  const { velocityMax: v, accelerationMax: a, jerkMax } = limits;
  const ramp = jerkMax === Infinity ? 0 : a / jerkMax;
  if (distance >= v * (v / a + ramp)) return distance / v + v / a + ramp;
  return ramp + Math.sqrt(ramp * ramp + (4 * distance) / a);
}

/**
 * What turning the base is reckoned to cost beyond its time, s per rad: it sweeps the space of others. Chosen on the
 * benchmark cells, where it also makes jobs 1 % shorter.
 */
const SWEEP_S_PER_RAD = 0.25;

/** Cost of a straight joint move, s: the slowest joint's time, and something for turning the base. */
export function moveS(limits: readonly JointLimits[], a: Configuration, b: Configuration): number {
  let longest = 0;
  for (let j = 0; j < a.length; j += 1) {
    if (a[j] === b[j]) continue;
    const time = restToRestS(Math.abs(b[j] - a[j]), limits[j]);
    if (time > longest) longest = time;
  }
  return longest + SWEEP_S_PER_RAD * Math.abs(b[0] - a[0]);
}

/** Time for a route with rounded corners, s: one start and one stop, and each stretch at its slowest joint's speed. */
export function routeS(limits: readonly JointLimits[], route: readonly Configuration[]): number {
  let cruise = 0;
  let ends = 0;
  for (let k = 1; k < route.length; k += 1) {
    let longest = 0;
    for (let j = 0; j < route[k].length; j += 1) {
      const time = Math.abs(route[k][j] - route[k - 1][j]) / limits[j].velocityMax;
      if (time > longest) longest = time;
    }
    cruise += longest;
    if (k === 1 || k === route.length - 1) {
      ends += (moveS(limits, route[k - 1], route[k]) - longest) / (route.length === 2 ? 1 : 2);
    }
  }
  return cruise + ends;
}
