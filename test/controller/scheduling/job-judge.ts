import { boxBoxSeparation } from '../../../arms/geometry/box-separation.ts';
import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule } from '../../../arms/geometry/distance.ts';
import { compileBody, placeBody, tipAt } from '../../../arms/planning/arm-body.ts';
import type { CarriedItem } from '../../../arms/planning/scene.ts';
import { placeItem, prepareScene } from '../../../arms/planning/scene.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import type { ArmModel, CellModel } from '../../../controller/domain/cell.ts';
import type { JobPlanRequest, PlannedLeg } from '../../../controller/scheduling/job-plan.ts';

/** Planned motions may come this much closer than the margin between two checks, m: half the obstacle margin. */
const TOUCH_M = 1e-6;
const LOOK_US = 16_000;
/** What the format of benchmark cells allows below the part of an approach that may be rounded. */
const LATERAL_MAX_M = 0.012;
const STRAIGHT_FROM_TOP_M = 0.05;

/**
 * Looks at legs instant by instant, every part against every thing and without any culling, and says what is wrong:
 * contact, distance to other arms, tip not straight above its point, jumps between legs.
 */
export function faultsOf(
  cell: CellModel,
  arm: ArmModel,
  request: JobPlanRequest,
  legs: readonly PlannedLeg[],
): string[] {
  const faults: string[] = [];
  const scene = prepareScene({
    manipulator: arm.manipulator, X_WB: arm.X_WB, obstacles: cell.obstacles,
    standingArms: [], keepOut: [], obstacleMarginM: 0, selfMarginM: 0, armMarginM: 0, keepOutMarginM: 0,
  }); // prettier-ignore
  const { body, statics } = scene;
  const others = cell.arms.filter((other) => other.id !== arm.id).map((other) => {
    const standing = compileBody(other.manipulator, other.X_WB);
    placeBody(standing, other.park, 0);
    return standing;
  }); // prettier-ignore
  const points = [request.pickM, request.placeM].filter((point) => point !== null);
  const q = new Array<number>(arm.manipulator.joints.length).fill(0);
  const item: CarriedItem | null = request.item === null ? null : { sizeM: request.item.sizeM };
  // The way home is the way home with the item, which is looked at.
  for (const leg of legs.filter(
    ({ name }) => name !== 'home' || !legs.some((each) => each.name === 'keep'),
  )) {
    const carried = leg.name === 'carry' || leg.name === 'keep' ? item : null;
    const endUs = leg.trajectory.timesUs.at(-1)!;
    const note = (t: number, what: string): void => {
      if (faults.length < 20) faults.push(`${leg.name} at ${(t / 1e6).toFixed(3)} s: ${what}`);
    };
    for (let t = 0; t <= endUs + LOOK_US; t += LOOK_US) {
      sampleTrajectory(leg.trajectory, Math.min(t, endUs), q);
      placeBody(body, q, 0);
      const tip = tipAt(body);
      const [x, y, z] = [body.frames[tip + 3], body.frames[tip + 7], body.frames[tip + 11]];
      const above = points.some((point) => Math.hypot(x - point[0], y - point[1]) < LATERAL_MAX_M);
      for (let i = 0; i < statics.things.length; i += 1) {
        const at = statics.offsets[i];
        for (let k = 0; k < body.capsuleCount; k += 1) {
          if (body.joints[k] < 0 || isFar(body.world, k * CAPSULE_STRIDE, statics.bounds, 6 * i)) continue;
          const d = capsuleBox(body.world, k * CAPSULE_STRIDE, statics.values, at);
          if (d < TOUCH_M) note(t, `${body.names[k]} in ${statics.things[i].name} by ${-d}`);
        }
        if (carried === null || above) continue;
        placeItem(scene, carried);
        if (boxBoxSeparation(scene.item, 0, statics.values, at) < TOUCH_M)
          note(t, `item in ${statics.things[i].name}`);
      }
      for (const [i, j] of arm.manipulator.selfPairs) {
        const d = capsuleCapsule(body.world, i * CAPSULE_STRIDE, body.world, j * CAPSULE_STRIDE);
        // Links are enclosed by their capsules, so a hair less than touching capsules is no contact.
        if (d < -0.004) note(t, `${body.names[i]} in ${body.names[j]} by ${-d}`);
      }
      if (carried !== null) placeItem(scene, carried);
      for (const other of others) {
        for (let k = 0; k < other.capsuleCount; k += 1) {
          if (
            carried !== null &&
            capsuleBox(other.world, k * CAPSULE_STRIDE, scene.item, 0) < cell.clearanceM
          ) {
            note(t, 'item near a parked arm');
          }
          for (let l = 0; l < body.capsuleCount; l += 1) {
            if (areFarApart(body.world, l * CAPSULE_STRIDE, other.world, k * CAPSULE_STRIDE)) continue;
            const d = capsuleCapsule(body.world, l * CAPSULE_STRIDE, other.world, k * CAPSULE_STRIDE);
            if (d < cell.clearanceM) note(t, `${body.names[l]} ${d} m from a parked arm`);
          }
        }
      }
      if (Math.min(...points.map((point) => Math.hypot(x - point[0], y - point[1], 0))) < 0.4) {
        for (const place of cell.places) {
          const [cx, cy, cz] = place.positionM;
          const inside =
            Math.abs(x - cx) < place.innerSizeM[0] / 2 && Math.abs(y - cy) < place.innerSizeM[1] / 2;
          const isStart = leg.name === 'reach' && t < endUs / 2;
          if (inside && z < cz + place.innerSizeM[2] && !above && !isStart)
            note(t, `tool in ${place.id} beside its point`);
        }
      }
    }
    checkApproach(leg, request, cell, arm, faults);
  }
  checkJoints(request, arm, legs, faults);
  return faults;
}

/** A capsule's bounds miss a thing's bounds by 10 mm or more. */
function isFar(capsules: Float64Array, c: number, bounds: Float64Array, b: number): boolean {
  const r = capsules[c + 6] + 0.01;
  for (let k = 0; k < 3; k += 1) {
    const [p, q] = [capsules[c + k], capsules[c + 3 + k]];
    if ((p < q ? p : q) - r > bounds[b + 3 + k] || (p > q ? p : q) + r < bounds[b + k]) return true;
  }
  return false;
}

/** First ends so far apart that no two arm links reach across. */
function areFarApart(a: Float64Array, i: number, b: Float64Array, j: number): boolean {
  return Math.hypot(a[i] - b[j], a[i + 1] - b[j + 1], a[i + 2] - b[j + 2]) > 1.6;
}

/** The end of a leg at a point: there to the tenth of a millimetre, tool down, and straight down to it. */
function checkApproach(
  leg: PlannedLeg,
  request: JobPlanRequest,
  cell: CellModel,
  arm: ArmModel,
  faults: string[],
): void {
  const point = leg.name === 'reach' ? request.pickM : leg.name === 'carry' ? request.placeM : null;
  if (point === null) return;
  const body = compileBody(arm.manipulator, arm.X_WB);
  const q = new Array<number>(arm.manipulator.joints.length).fill(0);
  const endUs = leg.trajectory.timesUs.at(-1)!;
  const tip = tipAt(body);
  for (let t = endUs; t >= 0; t -= LOOK_US) {
    sampleTrajectory(leg.trajectory, t, q);
    placeBody(body, q, 0);
    const [x, y, z] = [body.frames[tip + 3], body.frames[tip + 7], body.frames[tip + 11]];
    const lateral = Math.hypot(x - point[0], y - point[1]);
    const tilt = Math.acos(Math.min(1, -body.frames[tip + 10]));
    if (t === endUs && Math.hypot(lateral, z - point[2]) > 1e-4)
      faults.push(`${leg.name} ends beside its point`);
    if (z - point[2] > cell.approachM - STRAIGHT_FROM_TOP_M) break;
    if (lateral > LATERAL_MAX_M) faults.push(`${leg.name}: ${lateral} m beside the approach`);
    if (tilt > 0.02) faults.push(`${leg.name}: tool tilted by ${tilt} rad`);
  }
  // The item stays axis-parallel: the tip's x axis along the world's x or y.
  sampleTrajectory(leg.trajectory, endUs, q);
  placeBody(body, q, 0);
  const c = Math.abs(body.frames[tip]);
  if (Math.min(c, Math.abs(1 - c)) > 1e-4) faults.push(`${leg.name}: tool turned by an odd angle`);
}

/** Legs join at rest, begin where the arm stands and end where they should. */
function checkJoints(
  request: JobPlanRequest,
  arm: ArmModel,
  legs: readonly PlannedLeg[],
  faults: string[],
): void {
  const endOf = (name: string): readonly number[] | undefined =>
    legs.find((leg) => leg.name === name)?.trajectory.positions.at(-1);
  const carryFrom = request.pickM === null ? request.start : endOf('reach');
  const homeFrom = request.placeM === null ? request.start : endOf('carry');
  const begins: Record<string, readonly number[] | undefined> = {
    reach: request.start, carry: carryFrom, home: homeFrom, keep: homeFrom, bail: endOf('reach'),
  }; // prettier-ignore
  for (const leg of legs) {
    const { positions, velocities, accelerations } = leg.trajectory;
    const from = begins[leg.name];
    if (from === undefined || positions[0].some((v, j) => Math.abs(v - from[j]) > 1e-9)) {
      faults.push(`${leg.name} does not begin where the arm is`);
    }
    if (['home', 'keep', 'bail'].includes(leg.name) && positions.at(-1)!.some((v, j) => v !== arm.park[j])) {
      faults.push(`${leg.name} does not end at the park pose`);
    }
    for (const row of [velocities[0], velocities.at(-1)!, accelerations[0], accelerations.at(-1)!]) {
      if (row.some((v) => Math.abs(v) > 1e-9)) faults.push(`${leg.name} is not at rest at both ends`);
    }
  }
}
