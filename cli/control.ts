import type { CellView } from '../controller/operations/view.ts';
import type { CellCommand } from '../controller/domain/packml.ts';
import { renderStatus } from '../protocols/terminal/status-view.ts';
import { CommandFailure } from './failure.ts';
import { output } from './output.ts';
import type { OutputMode } from './output.ts';
import { ServiceClient } from './service-client.ts';

export interface ControlOptions extends OutputMode {
  readonly url?: string;
}

export async function showStatus(options: ControlOptions): Promise<void> {
  const client = new ServiceClient(options.url);
  const status = await client.status();
  const columns = process.stdout.columns ?? 100;
  const color = process.stdout.isTTY && !('NO_COLOR' in process.env) ? 'color' : 'plain';
  output(options, status, () =>
    renderStatus(status, { columns, rows: 1_000, color, pageUrl: client.url, advice: 'as-answer' }),
  );
}

/** One PackML command, as it is called. */
export async function command(name: CellCommand, options: ControlOptions): Promise<void> {
  const client = new ServiceClient(options.url);
  const { result } = await client.post('/api/v1/cell/commands', { command: name });
  const status = await client.status();
  if (result.status === 'refused') throw new CommandFailure(`${name}: ${result.detail}`, 1);
  output(options, { ...result, state: status.state }, () => `${name}: ${result.detail}`);
}

/** What leads from each resting state towards execution. */
const NEXT: Partial<Record<CellView['state'], CellCommand>> = {
  held: 'unhold',
  suspended: 'unsuspend',
  idle: 'start',
  stopped: 'reset',
  complete: 'reset',
};

const RESUME_TIMEOUT_MS = 10_000;
const POLL_MS = 100;

/** Brings the cell to execution from wherever it rests. An aborted cell has to be cleared by a person first. */
export async function resume(options: ControlOptions): Promise<void> {
  const client = new ServiceClient(options.url);
  const until = Date.now() + RESUME_TIMEOUT_MS;
  for (;;) {
    const status = await client.status();
    if (status.state === 'execute') {
      output(options, { status: 'accepted', state: status.state }, () => 'the cell runs');
      return;
    }
    if (status.state === 'aborted') {
      throw new CommandFailure(
        `the cell is aborted (${status.because}). See to the cause, then run \`magpie command clear\` and resume again.`,
        1,
      );
    }
    const next = NEXT[status.state];
    if (next !== undefined) {
      const { result } = await client.post('/api/v1/cell/commands', { command: next });
      if (result.status === 'refused') throw new CommandFailure(`${next}: ${result.detail}`, 1);
    }
    if (Date.now() > until) {
      throw new CommandFailure(`the cell is still ${status.state}: ${status.because}`, 1);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
