import type { Vec3 } from '../../arms/geometry/pose.ts';
import { invert, transformOf, transformPoint } from '../../arms/geometry/transform.ts';
import { tipOf } from '../../arms/model/kinematics.ts';
import type { StepContext } from '../core/context.ts';
import type { ArmState, Task } from '../core/state.ts';
import { placeOfEnd } from '../core/tasks.ts';
import type { ArmModel } from '../domain/cell.ts';

/** What speaks against giving a task to an arm, s. Only compared, never promised. */
export interface TaskCost {
  /** No task between these places costs less. */
  leastS(from: string, to: string): number;
  ofS(task: Task, from: string, to: string, pickM: Vec3, placeM: Vec3): number;
}

/** Working where another arm works, or is about to: what waiting for it costs on average, s. */
const MEETING_S = 1.5;

/** For each other arm that can do a task as well: work that is left for who is free at the end, s. */
const FLEXIBLE_S = 0.4;

/** How tasks are compared for an arm that will be free at `start`, by the cell's policy. */
export function taskCost(context: StepContext, arm: ArmState, start: readonly number[]): TaskCost {
  const busy = placesOfOthers(context, arm);
  const meetings = (from: string, to: string): number => (busy.has(from) ? 1 : 0) + (busy.has(to) ? 1 : 0);
  // First come, first served, but not into each other's way where that can be helped.
  if (context.cell.policy !== 'magpie') return { leastS: meetings, ofS: (_, from, to) => meetings(from, to) };
  const model = context.derived.armOf.get(arm.id)!;
  const standsAt = headingOf(model, tipM(model, start));
  return {
    leastS: (from, to) => MEETING_S * meetings(from, to),
    ofS(task, from, to, pickM, placeM) {
      const pickAt = headingOf(model, pickM);
      const turnsS = turnS(model, standsAt, pickAt) + turnS(model, pickAt, headingOf(model, placeM));
      return turnsS + MEETING_S * meetings(from, to) + FLEXIBLE_S * (capable(context, task, from, to) - 1);
    },
  };
}

/** Places at which other arms work or are about to. */
function placesOfOthers(context: StepContext, arm: ArmState): ReadonlySet<string> {
  const busy = new Set<string>();
  for (const task of Object.values(context.state.tasks)) {
    if (task.armId === null || task.armId === arm.id) continue;
    if (!['assigned', 'carrying', 'returning'].includes(task.machine.value)) continue;
    const from = placeOfEnd(context.state, task.source);
    const to = placeOfEnd(context.state, task.destination);
    if (from !== null && task.machine.value === 'assigned') busy.add(from);
    if (to !== null) busy.add(to);
  }
  return busy;
}

/** How many arms of the cell can do a task. */
function capable({ cell, derived }: StepContext, task: Task, from: string, to: string): number {
  if (task.kind === 'fixed') return derived.fixedReach.get(task.id)?.size ?? cell.arms.length;
  return derived.reach.armsFor(from, to).length;
}

/** Where the tool tip is, in the world. */
function tipM(model: ArmModel, positions: readonly number[]): Vec3 {
  return tipOf(model.manipulator, model.X_WB, positions).positionM;
}

/** Direction of a point of the world as seen from an arm's base, rad. */
function headingOf(model: ArmModel, pointM: Vec3): number {
  const T_BW = new Float64Array(12);
  invert(transformOf(model.X_WB), 0, T_BW, 0);
  const [x, y] = transformPoint(T_BW, 0, pointM);
  return Math.atan2(y, x);
}

/** Time to turn the base from one heading to another, s. */
function turnS(model: ArmModel, from: number, to: number): number {
  const apart = Math.abs(to - from);
  const velocityMax = model.manipulator.joints[0]?.limits.velocityMax ?? 1;
  return Math.min(apart, 2 * Math.PI - apart) / velocityMax;
}
