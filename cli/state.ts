import { createInterface } from 'node:readline/promises';
import { resetStateDirectory, stateFilesIn } from '../controller/runtime/state-directory.ts';
import { CommandFailure } from './failure.ts';
import { output } from './output.ts';
import type { OutputMode } from './output.ts';
import { MAGPIE_VERSION } from './version.ts';

/** Where a cell's journal and simulated world are kept unless `--state` says otherwise. */
export function defaultStateDirectory(cellName: string): string {
  return `.magpie/${cellName}`;
}

/** Deletes what a cell knows, after asking; refused while a controller has it. */
export async function resetCommand(
  directory: string,
  options: OutputMode & { readonly yes?: boolean },
): Promise<void> {
  const files = stateFilesIn(directory);
  if (files.length === 0) {
    output(options, { deleted: [] }, () => `${directory} has no state, nothing to delete`);
    return;
  }
  if (options.yes !== true) await ask(directory, files);
  const result = resetStateDirectory({ directory, wallMs: Date.now(), version: MAGPIE_VERSION });
  if (!result.ok) throw new CommandFailure(`${result.fault.detail}. ${result.fault.remedy}`, 1);
  output(options, { deleted: result.deleted }, () => `deleted ${result.deleted.join(', ')} in ${directory}`);
}

async function ask(
  directory: string,
  files: readonly { readonly name: string; readonly bytes: number }[],
): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandFailure('a reset has to be confirmed: answer in a terminal, or give --yes', 2);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const list = files.map((file) => `  ${file.name} (${file.bytes} bytes)`).join('\n');
  const answer = await terminal.question(
    `This deletes everything the cell knows (orders, stock, tasks, the simulated world) in ${directory}:\n${list}\nType "yes" to go on: `,
  );
  terminal.close();
  if (answer.trim() !== 'yes') throw new CommandFailure('nothing was deleted', 1);
}
