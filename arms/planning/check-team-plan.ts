import { boxOf } from '../geometry/box-separation.ts';
import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule, capsuleCylinder } from '../geometry/distance.ts';
import type { Obstacle } from '../geometry/shape.ts';
import { transformOf } from '../geometry/transform.ts';
import type { JointTrajectory } from '../trajectory/joint-trajectory.ts';
import type { TrajectoryFault } from '../trajectory/validate-trajectory.ts';
import { validateTrajectory } from '../trajectory/validate-trajectory.ts';
import { compileBody } from './arm-body.ts';
import { boundMotion } from './motion-bounds.ts';
import type { GriddedMotion, MovingArm } from './motion-walk.ts';
import {
  boundTravel,
  gridCount,
  gridMotion,
  movingArm,
  placeAtUs,
  travelBeyond,
  walk,
  walkSteps,
} from './motion-walk.ts';
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
/** Links whose spheres are farther apart than this are not measured any closer, m. */
const NEAR_M = 0.1;

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
  const instants = gridCount(Math.max(...moving.map(({ bounds }) => bounds.durationUs)));
  const gridded = moving.map((arm) => gridMotion(arm, instants));
  const solids = problem.obstacles.map(solidOf);
  for (const [k, arm] of arms.entries()) {
    const fault = obstacleFault(arm, gridded[k], solids) ?? selfFault(arm, moving[k]);
    if (fault !== null) return bad(fault);
  }
  let clearanceM = Infinity;
  for (let a = 0; a < arms.length; a += 1) {
    for (let b = a + 1; b < arms.length; b += 1) {
      const result = walkPair(gridded[a], gridded[b], problem.clearanceM);
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

/** Distance of the spheres round a link of one arm and round another link, m. */
function linkGap(a: MovingArm, i: number, b: MovingArm, k: number): number {
  const x = a.centres[3 * i] - b.centres[3 * k];
  const y = a.centres[3 * i + 1] - b.centres[3 * k + 1];
  const z = a.centres[3 * i + 2] - b.centres[3 * k + 2];
  return Math.sqrt(x * x + y * y + z * z) - a.links.linkRadius[i] - b.links.linkRadius[k];
}

function obstacleFault(arm: TeamArm, gridded: GriddedMotion, solids: readonly Solid[]): TeamFault | null {
  const { moving } = gridded;
  const { body, links, centres, linkTravel } = moving;
  const { order, firstOf, linkRadius } = links;
  const slack = new Float64Array(body.groupCount);
  let met = { other: '', distanceM: Infinity };
  const atUs = walk(
    moving.bounds.durationUs,
    (index) => {
      for (let g = 0; g < body.groupCount; g += 1) {
        const at = index * links.linkCount + g;
        const room = linkRadius[g] + gridded.travel[at];
        for (const solid of solids) {
          if (gapOfPoint(gridded.centres, 3 * at, solid.centre) < solid.radiusM + room) return false;
        }
      }
      return true;
    },
    (timeUs) => {
      placeAtUs(moving, timeUs);
      slack.fill(FAR_M);
      for (let g = 0; g < body.groupCount; g += 1) {
        for (const solid of solids) {
          const gap = gapOfPoint(centres, 3 * g, solid.centre) - solid.radiusM - linkRadius[g];
          if (gap >= slack[g]) continue;
          if (gap > NEAR_M) {
            slack[g] = gap;
            continue;
          }
          for (let c = firstOf[g]; c < firstOf[g + 1]; c += 1) {
            const at = order[c] * CAPSULE_STRIDE;
            if (gapToSphere(body.world, at, solid.centre, solid.radiusM) >= slack[g]) continue;
            const distanceM = solid.distance(body.world, at);
            if (distanceM < slack[g]) slack[g] = distanceM;
            if (distanceM < 0) {
              met = { other: `${body.names[order[c]]} - ${solid.id}`, distanceM };
              return false;
            }
          }
        }
      }
      return true;
    },
    (untilUs) => {
      boundTravel(moving, untilUs);
      for (let g = 0; g < slack.length; g += 1) if (linkTravel[g] > slack[g] + UNSEEN_M) return false;
      return true;
    },
  );
  return atUs < 0 ? null : { kind: 'obstacle', arm: arm.id, ...met, timeUs: atUs };
}

/** Distance of a point of an array from a fixed one, m. */
function gapOfPoint(points: Float64Array, at: number, centre: Solid['centre']): number {
  const x = points[at] - centre[0];
  const y = points[at + 1] - centre[1];
  const z = points[at + 2] - centre[2];
  return Math.sqrt(x * x + y * y + z * z);
}

/** Two links of one arm, and the pairs of their capsules that count. */
interface LinkPair {
  readonly inner: number;
  readonly outer: number;
  /** Joints beyond this one bring the two together. */
  readonly joint: number;
  readonly capsules: [number, number][];
}

function linkPairsOf({ body, links }: MovingArm): readonly LinkPair[] {
  const pairs = new Map<number, LinkPair>();
  for (const [i, k] of body.manipulator.selfPairs) {
    const [inner, outer] = body.joints[i] < body.joints[k] ? [i, k] : [k, i];
    const [a, b] = [inner, outer].map((c) => (body.groupOf[c] < 0 ? body.groupCount : body.groupOf[c]));
    const key = a * links.linkCount + b;
    const pair = pairs.get(key) ?? { inner: a, outer: b, joint: body.joints[inner], capsules: [] };
    pair.capsules.push([inner, outer]);
    pairs.set(key, pair);
  }
  return [...pairs.values()];
}

function selfFault(arm: TeamArm, moving: MovingArm): TeamFault | null {
  const { body } = moving;
  const pairs = linkPairsOf(moving);
  const slack = new Float64Array(pairs.length);
  let met = { other: '', distanceM: Infinity };
  // A step more than the motion has, for its end.
  const atUs = walkSteps(
    0,
    moving.bounds.durationUs + 1,
    (timeUs) => {
      placeAtUs(moving, timeUs);
      for (let p = 0; p < pairs.length; p += 1) {
        const { inner, outer, capsules } = pairs[p];
        slack[p] = linkGap(moving, inner, moving, outer);
        if (slack[p] > NEAR_M) continue;
        slack[p] = FAR_M;
        for (const [i, k] of capsules) {
          const distanceM = capsuleCapsule(body.world, i * CAPSULE_STRIDE, body.world, k * CAPSULE_STRIDE);
          if (distanceM < slack[p]) slack[p] = distanceM;
          if (distanceM >= 0) continue;
          met = { other: `${body.names[i]} - ${body.names[k]}`, distanceM };
          return false;
        }
      }
      return true;
    },
    (untilUs) => {
      boundTravel(moving, untilUs);
      for (let p = 0; p < pairs.length; p += 1) {
        if (travelBeyond(moving, pairs[p].outer, pairs[p].joint) > slack[p] + UNSEEN_M) return false;
      }
      return true;
    },
  );
  return atUs < 0 ? null : { kind: 'self', arm: arm.id, ...met, timeUs: atUs };
}

/** Walks two arms' motions at once; `atUs` is the first instant below the clearance, or -1. */
function walkPair(
  one: GriddedMotion,
  other: GriddedMotion,
  clearanceM: number,
): { readonly atUs: number; readonly leastM: number } {
  const [a, b] = [one.moving, other.moving];
  const rows = a.links.linkCount;
  const width = b.links.linkCount;
  const distances = new Float64Array(rows * width);
  let leastM = FAR_M;
  const atUs = walk(
    Math.max(a.bounds.durationUs, b.bounds.durationUs),
    (index) => {
      for (let i = 0; i < rows; i += 1) {
        const at = index * rows + i;
        const x = one.centres[3 * at];
        const y = one.centres[3 * at + 1];
        const z = one.centres[3 * at + 2];
        for (let k = 0; k < width; k += 1) {
          if (i === a.body.groupCount && k === b.body.groupCount) continue;
          const to = index * width + k;
          const dx = x - other.centres[3 * to];
          const dy = y - other.centres[3 * to + 1];
          const dz = z - other.centres[3 * to + 2];
          const radii = a.links.linkRadius[i] + b.links.linkRadius[k];
          // What could be the least distance is measured.
          const room = radii + Math.max(leastM, clearanceM + one.travel[at] + other.travel[to]);
          if (dx * dx + dy * dy + dz * dz < room * room) return false;
        }
      }
      return true;
    },
    (timeUs) => {
      placeAtUs(a, timeUs);
      placeAtUs(b, timeUs);
      let here = Infinity;
      for (let i = 0; i < rows; i += 1) {
        for (let k = 0; k < width; k += 1) {
          // Two bases stand where they stand.
          const isFixed = i === a.body.groupCount && k === b.body.groupCount;
          let distance = isFixed ? Infinity : linkGap(a, i, b, k);
          if (distance < clearanceM + NEAR_M || distance < Math.min(here, leastM)) {
            distance = linkDistance(a, i, b, k);
            if (distance < here) here = distance;
          }
          distances[i * width + k] = distance;
        }
      }
      if (here < leastM) leastM = here;
      return here >= clearanceM;
    },
    (untilUs) => {
      boundTravel(a, untilUs);
      boundTravel(b, untilUs);
      for (let i = 0; i < rows; i += 1) {
        const room = clearanceM - UNSEEN_M + a.linkTravel[i];
        for (let k = 0; k < width; k += 1) {
          if (room + b.linkTravel[k] > distances[i * width + k]) return false;
        }
      }
      return true;
    },
  );
  return { atUs, leastM };
}

/** Least distance between the capsules of two links, m. */
function linkDistance(a: MovingArm, i: number, b: MovingArm, k: number): number {
  const { order: orderA, firstOf: firstA, reach: reachA } = a.links;
  const { order: orderB, firstOf: firstB, reach: reachB } = b.links;
  const [worldA, worldB] = [a.body.world, b.body.world];
  let least = Infinity;
  for (let c = firstA[i]; c < firstA[i + 1]; c += 1) {
    const at = orderA[c] * CAPSULE_STRIDE;
    const x = (worldA[at] + worldA[at + 3]) / 2;
    const y = (worldA[at + 1] + worldA[at + 4]) / 2;
    const z = (worldA[at + 2] + worldA[at + 5]) / 2;
    for (let d = firstB[k]; d < firstB[k + 1]; d += 1) {
      const other = orderB[d] * CAPSULE_STRIDE;
      const dx = x - (worldB[other] + worldB[other + 3]) / 2;
      const dy = y - (worldB[other + 1] + worldB[other + 4]) / 2;
      const dz = z - (worldB[other + 2] + worldB[other + 5]) / 2;
      const room = reachA[c] + reachB[d] + least;
      if (dx * dx + dy * dy + dz * dz >= room * room && room > 0) continue;
      const distance = capsuleCapsule(worldA, at, worldB, other);
      if (distance < least) least = distance;
    }
  }
  return least;
}
