import type { SizeM } from '../domain/grid.ts';
import type { ArmState, CoreState, Task } from './state.ts';

/** The task an arm works on, will work on next, or has in its tool; null: none. */
export function taskOfArm(state: CoreState, arm: ArmState): Task | null {
  const taskId = arm.job?.taskId ?? arm.next?.taskId;
  if (taskId != null) return state.tasks[taskId] ?? null;
  return Object.values(state.tasks).find((task) => task.armId === arm.id) ?? null;
}

/** Size of what hangs in an arm's tool by the books, as it lay: length, width, height, m; null: nothing known. */
export function heldItemSizeM(state: CoreState, armId: string): SizeM | null {
  const arm = state.arms[armId];
  if (arm === undefined || arm.holding.vacuum !== 'on') return null;
  return taskOfArm(state, arm)?.item.sizeM ?? null;
}
