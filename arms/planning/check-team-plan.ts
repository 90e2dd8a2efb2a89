import { boxOf } from '../geometry/box-separation.ts';
import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule, capsuleCylinder } from '../geometry/distance.ts';
import type { Obstacle } from '../geometry/shape.ts';
import { transformOf } from '../geometry/transform.ts';
import type { JointTrajectory } from '../trajectory/joint-trajectory.ts';
import type { TrajectoryFault } from '../trajectory/validate-trajectory.ts';
import { validateTrajectory } from '../trajectory/validate-trajectory.ts';
import type { ArmBody } from './arm-body.ts';
import { compileBody } from './arm-body.ts';
import { boundMotion } from './motion-bounds.ts';
import type { MovingArm } from './motion-walk.ts';
import { armTravel, boundTravel, linkTravel, movingArm, placeAtUs, walk } from './motion-walk.ts';
import type { TeamArm, TeamProblem } from './team-problem.ts';

/** What is wrong with a plan. */
export type TeamFault =
  | { readonly kind: 'count'; readonly trajectories: number; readonly arms: number }
  | { readonly kind: 'trajectory'; readonly arm: string; readonly fault: TrajectoryFault }
  | { readonly kind: 'start' | 'goal'; readonly arm: string; readonly joint: number; readonly offBy: number }
  | {
      readonly kind: 'obstacle' | 'self' | 'clearance';
      readonly arm: string;
      /** What is met: an obstacle, a link of the same arm, another arm. */
      readonly other: string;
      readonly timeUs: number;
      /** Distance found, m; for two arms it is below the clearance. */
      readonly distanceM: number;
    };

export type TeamVerdict =
  | { readonly status: 'good'; readonly clearanceM: number }
  | { readonly status: 'bad'; readonly fault: TeamFault };

/** Between two looks a distance may fall short by this much, m: the stated resolution of the check. */
export const UNSEEN_M = 0.001;
/** How far ends may be off, rad. */
const END_TOLERANCE = 1e-6;
/** Distances beyond this are not measured, m. */
const FAR_M = 0.5;

/**
 * The reference check of a team's plan: every trajectory within its limits and from start to goal; no arm in an
 * obstacle or in itself; no two arms nearer than the clearance, at any instant, as timed. It shares no search, no
 * table and no tree with the planner: every distance is taken between the capsules themselves, along the timed
 * quintics, by conservative advancement with bounds of what can happen between two looks.
 */
export function checkTeamPlan(problem: TeamProblem, trajectories: readonly JointTrajectory[]): TeamVerdict {
  const { arms } = problem;
  const bad = (fault: TeamFault): TeamVerdict => ({ status: 'bad', fault });
  if (trajectories.length !== arms.length) {
    return bad({ kind: 'count', trajectories: trajectories.length, arms: arms.length });
  }
  const moving: MovingArm[] = [];
  for (const [k, arm] of arms.entries()) {
    const trajectory = trajectories[k];
    const limits = arm.manipulator.joints.map((joint) => joint.limits);
    const fault = validateTrajectory(trajectory, limits)[0];
    if (fault !== undefined) return bad({ kind: 'trajectory', arm: arm.id, fault });
    const ends = endFault(arm, trajectory);
    if (ends !== null) return bad(ends);
    moving.push(movingArm(compileBody(arm.manipulator, arm.X_WB), boundMotion(trajectory)));
  }
  const solids = problem.obstacles.map(solidOf);
  for (const [k, arm] of arms.entries()) {
    const fault = obstacleFault(arm, moving[k], solids) ?? selfFault(arm, moving[k]);
    if (fault !== null) return bad(fault);
  }
  let clearanceM = Infinity;
  for (let a = 0; a < arms.length; a += 1) {
    for (let b = a + 1; b < arms.length; b += 1) {
      const result = walkPair(moving[a], moving[b], problem.clearanceM);
      clearanceM = Math.min(clearanceM, result.leastM);
      if (result.atUs >= 0) {
        const [arm, other] = [arms[a].id, arms[b].id];
        return bad({ kind: 'clearance', arm, other, timeUs: result.atUs, distanceM: result.leastM });
      }
    }
  }
  return { status: 'good', clearanceM: clearanceM >= FAR_M ? Infinity : clearanceM };
}

function endFault(arm: TeamArm, trajectory: JointTrajectory): TeamFault | null {
  const { positions } = trajectory;
  for (const [kind, wanted, row] of [
    ['start', arm.start, positions[0]],
    ['goal', arm.goal, positions[positions.length - 1]],
  ] as const) {
    for (let j = 0; j < wanted.length; j += 1) {
      const offBy = Math.abs(row[j] - wanted[j]);
      if (!(offBy <= END_TOLERANCE)) return { kind, arm: arm.id, joint: j, offBy };
    }
  }
  return null;
}

/** An obstacle, its distance to a capsule, and a sphere round it. */
interface Solid {
  readonly id: string;
  readonly distance: (capsules: Float64Array, at: number) => number;
  readonly centre: readonly [number, number, number];
  readonly radiusM: number;
}

function solidOf(obstacle: Obstacle): Solid {
  const T = transformOf(obstacle.X_WO);
  const centre = [T[3], T[7], T[11]] as const;
  const { shape, id } = obstacle;
  switch (shape.type) {
    case 'box': {
      const [x, y, z] = shape.sizeM;
      const box = boxOf(T, x / 2, y / 2, z / 2);
      const radiusM = Math.sqrt(x * x + y * y + z * z) / 2;
      return { id, centre, radiusM, distance: (c, at) => capsuleBox(c, at, box, 0) };
    }
    case 'sphere':
    case 'capsule': {
      const h = shape.type === 'capsule' ? shape.lengthM / 2 : 0;
      const ends = [-h, h].flatMap((s) => [T[3] + s * T[2], T[7] + s * T[6], T[11] + s * T[10]]);
      const own = Float64Array.of(...ends, shape.radiusM);
      return { id, centre, radiusM: shape.radiusM + h, distance: (c, at) => capsuleCapsule(c, at, own, 0) };
    }
    case 'cylinder': {
      const half = shape.lengthM / 2;
      const own = Float64Array.of(T[2], T[6], T[10], T[3], T[7], T[11], shape.radiusM, half);
      const radiusM = Math.sqrt(shape.radiusM * shape.radiusM + half * half);
      return { id, centre, radiusM, distance: (c, at) => capsuleCylinder(c, at, own, 0) };
    }
  }
}

/** How far the middle of a capsule is from a point, less half its length and its radius, m. */
function gapToSphere(c: Float64Array, at: number, centre: Solid['centre'], radiusM: number): number {
  const x = (c[at] + c[at + 3]) / 2 - centre[0];
  const y = (c[at + 1] + c[at + 4]) / 2 - centre[1];
  const z = (c[at + 2] + c[at + 5]) / 2 - centre[2];
  return Math.sqrt(x * x + y * y + z * z) - radiusM - c[at + 6] - halfLength(c, at);
}

function halfLength(c: Float64Array, at: number): number {
  const x = c[at + 3] - c[at];
  const y = c[at + 4] - c[at + 1];
  const z = c[at + 5] - c[at + 2];
  return Math.sqrt(x * x + y * y + z * z) / 2;
}

function obstacleFault(arm: TeamArm, moving: MovingArm, solids: readonly Solid[]): TeamFault | null {
  const { body } = moving;
  const slack = new Float64Array(body.groupCount);
  let met = { other: '', distanceM: Infinity };
  const atUs = walk(
    moving.bounds.durationUs,
    (timeUs) => {
      placeAtUs(moving, timeUs);
      slack.fill(FAR_M);
      for (let k = 0; k < body.capsuleCount; k += 1) {
        const group = body.groupOf[k];
        if (group < 0) continue;
        const at = k * CAPSULE_STRIDE;
        for (const solid of solids) {
          if (gapToSphere(body.world, at, solid.centre, solid.radiusM) >= slack[group]) continue;
          const distanceM = solid.distance(body.world, at);
          if (distanceM < slack[group]) slack[group] = distanceM;
          if (distanceM < met.distanceM) met = { other: `${body.names[k]} - ${solid.id}`, distanceM };
        }
      }
      return slack.every((value) => value >= 0);
    },
    (untilUs) => {
      boundTravel(moving, untilUs);
      return slack.every((value, group) => linkTravel(moving, group, -1) <= value + UNSEEN_M);
    },
  );
  return atUs < 0 ? null : { kind: 'obstacle', arm: arm.id, ...met, timeUs: atUs };
}

function selfFault(arm: TeamArm, moving: MovingArm): TeamFault | null {
  const { body } = moving;
  const pairs = arm.manipulator.selfPairs.map(([i, k]) => {
    const [inner, outer] = body.joints[i] < body.joints[k] ? [i, k] : [k, i];
    return {
      inner: inner * CAPSULE_STRIDE,
      outer: outer * CAPSULE_STRIDE,
      i,
      k,
      group: body.groupOf[outer],
      joint: body.joints[inner],
    };
  });
  const slack = new Float64Array(pairs.length);
  let met = { other: '', distanceM: Infinity };
  const atUs = walk(
    moving.bounds.durationUs,
    (timeUs) => {
      placeAtUs(moving, timeUs);
      const { world } = body;
      for (let p = 0; p < pairs.length; p += 1) {
        const { inner, outer, i, k } = pairs[p];
        const centre = [
          (world[inner] + world[inner + 3]) / 2,
          (world[inner + 1] + world[inner + 4]) / 2,
          (world[inner + 2] + world[inner + 5]) / 2,
        ] as const;
        const coarse = gapToSphere(world, outer, centre, halfLength(world, inner) + world[inner + 6]);
        slack[p] = coarse > 0.05 ? coarse : capsuleCapsule(world, inner, world, outer);
        if (slack[p] < met.distanceM)
          met = { other: `${body.names[i]} - ${body.names[k]}`, distanceM: slack[p] };
        if (slack[p] < 0) return false;
      }
      return true;
    },
    (untilUs) => {
      boundTravel(moving, untilUs);
      for (let p = 0; p < pairs.length; p += 1) {
        if (linkTravel(moving, pairs[p].group, pairs[p].joint) > slack[p] + UNSEEN_M) return false;
      }
      return true;
    },
  );
  return atUs < 0 ? null : { kind: 'self', arm: arm.id, ...met, timeUs: atUs };
}

/** Walks two arms' motions at once; `atUs` is the first instant below the clearance, or -1. */
export function walkPair(
  a: MovingArm,
  b: MovingArm,
  clearanceM: number,
): { readonly atUs: number; readonly leastM: number } {
  let leastM = FAR_M;
  let distance = 0;
  const atUs = walk(
    Math.max(a.bounds.durationUs, b.bounds.durationUs),
    (timeUs) => {
      placeAtUs(a, timeUs);
      placeAtUs(b, timeUs);
      distance = bodyDistance(a.body, b.body);
      if (distance < leastM) leastM = distance;
      return distance >= clearanceM;
    },
    (untilUs) => {
      boundTravel(a, untilUs);
      boundTravel(b, untilUs);
      return armTravel(a) + armTravel(b) <= distance - clearanceM + UNSEEN_M;
    },
  );
  return { atUs, leastM };
}

/** Least distance between the capsules of two arms, their fixed bases aside, up to `FAR_M`. */
function bodyDistance(a: ArmBody, b: ArmBody): number {
  let least = FAR_M;
  for (let i = 0; i < a.capsuleCount; i += 1) {
    const at = i * CAPSULE_STRIDE;
    const centre = [
      (a.world[at] + a.world[at + 3]) / 2,
      (a.world[at + 1] + a.world[at + 4]) / 2,
      (a.world[at + 2] + a.world[at + 5]) / 2,
    ] as const;
    const reach = halfLength(a.world, at) + a.world[at + 6];
    for (let k = 0; k < b.capsuleCount; k += 1) {
      if (a.groupOf[i] < 0 && b.groupOf[k] < 0) continue;
      const other = k * CAPSULE_STRIDE;
      if (gapToSphere(b.world, other, centre, reach) >= least) continue;
      const distance = capsuleCapsule(a.world, at, b.world, other);
      if (distance < least) least = distance;
    }
  }
  return least;
}
