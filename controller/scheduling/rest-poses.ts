import { CAPSULE_STRIDE } from '../../arms/geometry/distance.ts';
import { compileBody, placeBody } from '../../arms/planning/arm-body.ts';
import { isFree, NO_ALLOWANCE } from '../../arms/planning/scene.ts';
import type { ArmModel, CellModel } from '../domain/cell.ts';
import { libraryArms } from './motion-arm.ts';

/** Upright over the base, joints 2 to 6 of an arm of the UR kind, rad: nothing beside the base is in anyone's way. */
const UPRIGHT_RAD = [-Math.PI / 2, 0, -Math.PI / 2, 0, 0];

/**
 * The cell with resting poses from which arms are least in one another's way: of the given one and the upright one
 * that which keeps closer to the axis of the base, if all arms are free there. The nearer the resting poses are to the
 * bases, the fewer motions of others they hinder; for an arm that hangs, upright is down into the work, and it stays
 * folded.
 */
export function withRestPoses(cell: CellModel): CellModel {
  const arms = cell.arms.map((arm): ArmModel => {
    if (arm.park.length !== UPRIGHT_RAD.length + 1 || arm.X_WB.quaternionXyzw.length !== 4) return arm;
    const upright = [arm.park[0], ...UPRIGHT_RAD];
    const isOutside = upright.some((value, j) => {
      const { lower, upper } = arm.manipulator.joints[j].limits;
      return value < lower || value > upper;
    });
    if (isOutside || !standsUp(arm)) return arm;
    return spreadM(arm, upright) < spreadM(arm, arm.park) ? { ...arm, park: upright } : arm;
  });
  const changed = { ...cell, arms };
  const areFree = libraryArms(changed, 'coordinated').every((arm) =>
    isFree(arm.scene, arm.arm.park, 0, null, NO_ALLOWANCE),
  );
  return areFree ? changed : cell;
}

function standsUp({ X_WB }: ArmModel): boolean {
  const [x, y] = X_WB.quaternionXyzw;
  // The base's z axis in the world: its z component.
  return 1 - 2 * (x * x + y * y) > 0.9;
}

/** How far from the axis of its base an arm reaches at a posture, m. */
function spreadM(arm: ArmModel, q: readonly number[]): number {
  const body = compileBody(arm.manipulator, arm.X_WB);
  placeBody(body, q, 0);
  const [bx, by] = arm.X_WB.positionM;
  let most = 0;
  for (let k = 0; k < body.capsuleCount; k += 1) {
    const c = k * CAPSULE_STRIDE;
    for (const end of [c, c + 3]) {
      const away = Math.hypot(body.world[end] - bx, body.world[end + 1] - by) + body.world[c + 6];
      most = Math.max(most, away);
    }
  }
  return most;
}
