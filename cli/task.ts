import Table from 'cli-table3';
import type { Resolution } from '../controller/domain/exception.ts';
import type { TaskView } from '../controller/operations/view.ts';
import type { ControlOptions } from './control.ts';
import { CommandFailure } from './failure.ts';
import { output, PLAIN_TABLE } from './output.ts';
import { ServiceClient } from './service-client.ts';

export async function listTasks(
  options: ControlOptions & { readonly state?: string; readonly limit: number },
): Promise<void> {
  const tasks = await new ServiceClient(options.url).tasks(options.state, options.limit);
  output(options, tasks, () => {
    if (tasks.length === 0) return 'no tasks';
    const table = new Table({
      head: ['task', 'kind', 'state', 'item', 'order', 'arm', 'why'],
      ...PLAIN_TABLE,
    });
    for (const task of tasks) {
      table.push([
        task.id,
        task.kind,
        task.state,
        task.sku,
        task.orderId ?? '',
        task.armId ?? '',
        task.because,
      ]);
    }
    return table.toString();
  });
}

export async function showTask(taskId: string, options: ControlOptions): Promise<void> {
  const task = await new ServiceClient(options.url).task(taskId);
  output(options, task, () => describe(task));
}

function describe(task: TaskView): string {
  return [
    `task ${task.id} (${task.kind}) is ${task.state}: ${task.because}`,
    `  item ${task.sku}, from ${task.from ?? 'not chosen yet'} to ${task.to ?? 'not chosen yet'}`,
    `  order ${task.orderId ?? '-'}, line ${task.lineId ?? '-'}, arm ${task.armId ?? '-'}, ${task.attempts} failed attempts`,
  ].join('\n');
}

export async function commandTask(
  taskId: string,
  body:
    | { readonly action: 'cancel' | 'retry' }
    | { readonly action: 'resolve'; readonly resolution: Resolution; readonly by: string },
  options: ControlOptions,
): Promise<void> {
  const client = new ServiceClient(options.url);
  const { result } = await client.post(`/api/v1/tasks/${encodeURIComponent(taskId)}/commands`, body);
  if (result.status === 'refused') throw new CommandFailure(`task ${taskId}: ${result.detail}`, 1);
  output(options, result, () => `task ${taskId}: ${result.detail}`);
}
