import { reachBounds } from '../coordination/zone-cover.ts';
import type { MotionLibrary, TaskWay } from './motion-library.ts';

/** Who can do which task in which ways, and about what it costs. */
export interface TaskOptions {
  readonly library: MotionLibrary;
  /** Per task the arms that can do it, with their ways. */
  readonly byTask: readonly (readonly ArmOption[])[];
  /** Tasks that nobody can do, with the reason. */
  readonly failed: readonly { readonly taskIndex: number; readonly reason: string }[];
  /** Per arm the other arms whose reach overlaps its own. */
  readonly neighbours: readonly (readonly number[])[];
}

export interface ArmOption {
  readonly armIndex: number;
  readonly ways: readonly TaskWay[];
}

/** Plans the ways of all tasks. The slow part of preparing a schedule. */
export function taskOptions(library: MotionLibrary): TaskOptions {
  const { cell, tasks } = library;
  const reach = cell.arms.map((arm) => reachBounds([arm]));
  const failed: { taskIndex: number; reason: string }[] = [];
  const byTask = tasks.map((task, taskIndex): ArmOption[] => {
    const options: ArmOption[] = [];
    const reasons: string[] = [];
    cell.arms.forEach((arm, armIndex) => {
      const { min, max } = { min: reach[armIndex][0], max: reach[armIndex][1] };
      const isNear = [task.pickM, task.placeM].every((point) =>
        [0, 1].every((axis) => point[axis] > min[axis] && point[axis] < max[axis]),
      );
      if (!isNear) return;
      const found = library.ways(armIndex, taskIndex);
      if (found.status === 'found') options.push({ armIndex, ways: found.ways });
      else reasons.push(`${arm.id}: ${found.reason}`);
    });
    if (options.length === 0) {
      failed.push({
        taskIndex,
        reason: reasons.length > 0 ? reasons.join('; ') : 'out of every arm’s reach',
      });
    }
    return options;
  });
  const neighbours = cell.arms.map((_, a) =>
    cell.arms.flatMap((__, b) => {
      if (a === b) return [];
      const meet = [0, 1].every(
        (axis) => reach[a][0][axis] < reach[b][1][axis] && reach[b][0][axis] < reach[a][1][axis],
      );
      return meet ? [b] : [];
    }),
  );
  return { library, byTask, failed, neighbours };
}
