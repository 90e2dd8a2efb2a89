import type { Container } from '../domain/container.ts';
import { roomFor } from '../domain/grid.ts';
import type { StepContext } from '../core/context.ts';
import { nextRemedy } from '../core/exceptions.ts';
import { askPerson } from '../core/tasks.ts';
import type { Task } from '../core/state.ts';

/** Gives every unit that is to be stowed a container to go into. */
export function aimStows(context: StepContext): void {
  for (const task of Object.values(context.state.tasks)) {
    if (task.kind !== 'stow' || task.machine.value !== 'waiting') continue;
    if (task.destination.containerId === null) stowTarget(context, task);
  }
}

/**
 * Chooses the storage container a unit is stowed into: one that has the SKU and room before an empty one, one that
 * stands in the cell before one behind the shuttle. Without any the task asks a person: `bin-full`.
 */
function stowTarget(context: StepContext, task: Task): void {
  const { state } = context;
  const bin = context.cell.places.find((place) => place.kind === 'bin');
  if (bin === undefined)
    return askPerson(context, task, 'bin-full', 'this cell has no bin to stow into', { at: 'source' });
  let best: Container | null = null;
  let bestRank = Infinity;
  for (const container of Object.values(state.containers)) {
    if (container.kind !== 'storage' || container.gone || task.excludedSources.includes(container.id))
      continue;
    const units = container.stacks.reduce((sum, stack) => sum + stack.length, 0);
    const same = context.derived.containersOf.get(task.sku)?.has(container.id) === true && units > 0;
    if (!same && units > 0) continue;
    const promised = promisedCells(Object.values(state.tasks), container.id, task);
    if (roomFor(bin, container, task.sku, (sku) => state.skus[sku], 'same-sku', promised) === null) continue;
    const rank = (same ? 0 : 2) + (container.placeId !== null ? 0 : 1);
    if (rank < bestRank || (rank === bestRank && best !== null && container.id < best.id)) {
      best = container;
      bestRank = rank;
    }
  }
  if (best !== null) {
    task.destination = { containerId: best.id, cell: null, fixed: null };
    task.because = `is to be stowed into ${best.id}`;
    return;
  }
  if (nextRemedy(context, task, 'bin-full') === 'person') {
    askPerson(context, task, 'bin-full', `no storage container has room for ${task.sku}`, { at: 'source' });
  }
}

/**
 * Cells of a container that other tasks are about to put a unit on.
 *
 * @param users all tasks that may use it; others among them do no harm
 */
export function promisedCells(users: readonly Task[], containerId: string, except: Task): readonly number[] {
  const cells: number[] = [];
  for (const task of users) {
    if (task === except || task.destination.containerId !== containerId || task.destination.cell === null)
      continue;
    cells.push(task.destination.cell);
  }
  return cells;
}
