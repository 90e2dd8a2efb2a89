import type { Core } from '../controller/core/create.ts';
import { unitsIn } from '../controller/domain/container.ts';
import type { AskedException } from './operator.ts';

/** The queue of open exceptions, as the screen of the cell shows it to the simulated person. */
export function askedOf(core: Core): readonly AskedException[] {
  const queue: AskedException[] = [];
  const booked = (containerId: string | null): number | null => {
    const container = containerId === null ? undefined : core.state.containers[containerId];
    return container === undefined ? null : unitsIn(container);
  };
  for (const task of Object.values(core.state.tasks)) {
    const { exception } = task;
    if (exception === null) continue;
    const { unitAt } = exception;
    queue.push({
      taskId: task.id,
      kind: exception.kind,
      sinceUs: exception.sinceUs,
      unitAt: unitAt.at,
      options: exception.options,
      sku: task.sku,
      armId: unitAt.at === 'tool' ? unitAt.armId : task.armId,
      from: task.source.containerId,
      to: task.destination.containerId,
      // The controller books what is done by hand in the first cell when it had none in mind.
      toCell: task.destination.cell ?? 0,
      fromBooked: booked(task.source.containerId),
      toBooked: booked(task.destination.containerId),
    });
  }
  return queue;
}
