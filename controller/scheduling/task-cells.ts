import type { StepContext } from '../core/context.ts';
import { nextRemedy } from '../core/exceptions.ts';
import { askPerson } from '../core/tasks.ts';
import type { Task } from '../core/state.ts';
import { roomFor } from '../domain/grid.ts';
import type { ContainerUsers } from './container-users.ts';
import { NO_ROOM } from './orders.ts';
import { promisedCells } from './stowing.ts';

/** Which unit is taken and onto which cell it goes, beside what other tasks are about to do there. */
export function cellsOf(
  context: StepContext,
  users: ContainerUsers,
  task: Task,
): { readonly sourceCell: number | null; readonly destinationCell: number | null } | null {
  const { state, derived } = context;
  if (task.source.fixed !== null) return { sourceCell: null, destinationCell: null };
  const source = state.containers[task.source.containerId!]!;
  const destination = state.containers[task.destination.containerId!]!;
  const spoken = sourceCellsSpokenFor(users.of(source.id), source.id, task);
  let sourceCell: number | null = null;
  let height = 0;
  for (const [cell, stack] of source.stacks.entries()) {
    if (spoken.has(cell) || stack[stack.length - 1] !== task.sku || stack.length <= height) continue;
    sourceCell = cell;
    height = stack.length;
  }
  if (sourceCell === null) return null;
  const place = derived.placeOf.get(destination.placeId!)!;
  const itemOf = (sku: string) => state.skus[sku];
  const rule = destination.kind === 'order' ? 'any' : 'same-sku';
  const promised = promisedCells(users.of(destination.id), destination.id, task);
  const destinationCell = roomFor(place, destination, task.sku, itemOf, rule, [
    ...task.excludedCells,
    ...promised,
  ]);
  if (destinationCell !== null) return { sourceCell, destinationCell };
  if (roomFor(place, destination, task.sku, itemOf, rule, task.excludedCells) === null) noRoom(context, task);
  return null;
}

function noRoom(context: StepContext, task: Task): void {
  if (task.kind === 'pick') {
    task.because = NO_ROOM;
    context.schedule = true;
    return;
  }
  const step = nextRemedy(context, task, 'bin-full');
  if (step === 'person') {
    askPerson(context, task, 'bin-full', `${task.destination.containerId} has no room for it`, {
      at: 'source',
    });
  } else if (task.kind === 'stow') {
    if (task.destination.containerId !== null) task.excludedSources.push(task.destination.containerId);
    task.destination = { containerId: null, cell: null, fixed: null };
  }
}

function sourceCellsSpokenFor(
  users: readonly Task[],
  containerId: string,
  except: Task,
): ReadonlySet<number> {
  const cells = new Set<number>();
  for (const task of users) {
    if (task === except || task.source.containerId !== containerId || task.source.cell === null) continue;
    if (task.machine.context.unitAt === 'source' && task.machine.value === 'assigned')
      cells.add(task.source.cell);
  }
  return cells;
}
