import type { Vec3 } from '../../arms/geometry/pose.ts';
import type { CarriedItem, ItemContactAllowance, PlanningScene } from '../../arms/planning/scene.ts';
import { checkConfiguration, isFree } from '../../arms/planning/scene.ts';
import type { CellModel } from '../domain/cell.ts';
import type { Configuration, JobArm } from './job-arm.ts';
import type { JobPlanRequest, PlanFailure } from './job-plan.ts';
import { LATERAL_M } from './job-leg.ts';
import type { Budget, Hubs } from './job-transfer.ts';

/** What the parts of planning one job share. */
export interface JobContext {
  readonly cell: CellModel;
  readonly jobArm: JobArm;
  readonly hubs: Hubs;
  readonly request: JobPlanRequest;
  /** The strictest scene in which the arm stands free. */
  readonly scene: PlanningScene;
  readonly budget: Budget;
}

/** Ends planning from anywhere inside: thrown by the parts, caught by the planner and nowhere else. */
export class Failed extends Error {
  readonly failure: PlanFailure;
  readonly detail: string;
  constructor(failure: PlanFailure, detail: string) {
    super(detail);
    this.failure = failure;
    this.detail = detail;
  }
}

export function noMotion(context: JobContext, what: string): Failed {
  const { spent, max } = context.budget;
  return new Failed(
    'no-motion',
    `${what}: no free motion was found in ${spent()} iterations (at most ${max})`,
  );
}

/** The pair that is worst in a configuration, in words; null when it is free. */
export function contactAt(
  scene: PlanningScene,
  q: Configuration,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
): string | null {
  const verdict = checkConfiguration(scene, q, item, allowance);
  if (verdict.status === 'free') return null;
  const { first, second, depthM } = verdict.contact;
  return `${first} is too close to ${second} by ${(depthM * 1000).toFixed(1)} mm`;
}

export function areFree(
  scene: PlanningScene,
  waypoints: readonly Configuration[],
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
): boolean {
  return waypoints.every((q) => isFree(scene, q, 0, item, allowance));
}

/** Over these points the carried item may touch its container. */
export function above(points: readonly Vec3[]): ItemContactAllowance {
  return { points, lateralM: LATERAL_M, between: 'bounded' };
}
