import { tipAt, placeBody } from '../../arms/planning/arm-body.ts';
import type { CarriedItem, PlanningScene } from '../../arms/planning/scene.ts';
import { prepareScene } from '../../arms/planning/scene.ts';
import type { Obstacle } from '../../arms/geometry/shape.ts';
import { armShape, baseBall } from '../coordination/arm-shape.ts';
import type { ArmShape } from '../coordination/arm-shape.ts';
import type { ArmModel, CellModel } from '../domain/cell.ts';
import type { MotionArm } from './job-arm.ts';
import { motionArm, OBSTACLE_MARGIN_M, SELF_MARGIN_M } from './job-arm.ts';
import type { Hubs } from './job-transfer.ts';
import { findHubs } from './job-transfer.ts';

/**
 * What other arms are to an arm's motions. `coordinated`: the resting bodies of others are obstacles, and who passes
 * where first is for the schedule to say. `ghost`: nothing at all, not even their bases.
 */
export type OtherArms = 'coordinated' | 'ghost';

/** An arm as the motion library sees it. */
export interface LibraryArm extends MotionArm {
  readonly index: number;
  readonly scene: PlanningScene;
  readonly hubs: Hubs;
  /**
   * Where the last joint is kept throughout, rad, when it only spins the tool about its own axis; null for arms whose
   * last joint does more.
   */
  readonly spinRad: number | null;
  shapeWith(item: CarriedItem | null): ArmShape;
}

/** Prepares every arm of a cell. */
export function libraryArms(cell: CellModel, others: OtherArms): LibraryArm[] {
  return cell.arms.map((arm, index) => {
    const base = motionArm(arm);
    const shapes = new Map<string, ArmShape>();
    return {
      ...base,
      index,
      scene: sceneFor(cell, arm, others),
      hubs: findHubs(base),
      spinRad: spinOf(arm),
      shapeWith: (item) => {
        const key = item === null ? '' : item.sizeM.join(' ');
        let shape = shapes.get(key);
        if (shape === undefined) {
          shape = armShape(arm, item);
          shapes.set(key, shape);
        }
        return shape;
      },
    };
  });
}

/**
 * What motions keep from resting arms beyond the clearance, m: so much that a check of cells of progress, which allows
 * for what happens between, finds nothing there either.
 */
const RESTING_MARGIN_M = 0.02;

function sceneFor(cell: CellModel, arm: ArmModel, others: OtherArms): PlanningScene {
  const standing = cell.arms.filter((other) => other !== arm && others === 'coordinated');
  return prepareScene({
    manipulator: arm.manipulator,
    X_WB: arm.X_WB,
    obstacles: [...cell.obstacles, ...standing.flatMap((other) => shoulderOf(other, cell.clearanceM))],
    standingArms: standing.map(({ id, manipulator, X_WB, park }) => ({
      id,
      manipulator,
      X_WB,
      positions: park,
    })),
    keepOut: [],
    obstacleMarginM: OBSTACLE_MARGIN_M,
    selfMarginM: SELF_MARGIN_M,
    armMarginM: cell.clearanceM + RESTING_MARGIN_M,
    keepOutMarginM: 0,
  });
}

/** The first link of another arm wherever it turns, grown by the clearance. */
function shoulderOf(arm: ArmModel, clearanceM: number): Obstacle[] {
  const ball = baseBall(arm);
  if (ball === null) return [];
  const X_WO = { positionM: ball.centreM, quaternionXyzw: [0, 0, 0, 1] } as const;
  const shape = { type: 'sphere', radiusM: ball.radiusM + clearanceM + RESTING_MARGIN_M } as const;
  return [{ id: `${arm.id} shoulder`, shape, X_WO }];
}

/** The tip stays where it is to this, m and as direction, when a joint that only spins the tool turns. */
const SPIN_TOLERANCE = 1e-6;

function spinOf(arm: ArmModel): number | null {
  const { body } = armShape(arm, null);
  const last = arm.park.length - 1;
  const look = (turn: number): readonly number[] => {
    placeBody(
      body,
      arm.park.map((value, j) => (j === last ? value + turn : value)),
      0,
    );
    const t = tipAt(body);
    return [2, 3, 6, 7, 10, 11].map((k) => body.frames[t + k]);
  };
  const before = look(0);
  const after = look(1);
  return before.every((value, k) => Math.abs(value - after[k]) < SPIN_TOLERANCE) ? arm.park[last] : null;
}
