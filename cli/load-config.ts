import { relative } from 'node:path';
import { checkLayout } from '../config/check.ts';
import { faultText } from '../config/fault.ts';
import { loadCell } from '../config/load.ts';
import type { LoadedCell } from '../config/loaded-cell.ts';
import { CommandFailure } from './failure.ts';

/** Loads a cell file, or fails with every fault of it and of the files it names. */
export function loadConfig(path: string): LoadedCell {
  const loaded = loadCell(path);
  if (loaded.status === 'loaded') return loaded;
  const lines = loaded.faults.map(
    (fault) => `  ${faultText({ ...fault, file: relative(process.cwd(), fault.file) })}`,
  );
  const count = loaded.faults.length === 1 ? 'one fault' : `${loaded.faults.length} faults`;
  throw new CommandFailure(`${path} cannot be used, it has ${count}:\n${lines.join('\n')}`, 2);
}

/** Loads a cell that arms are to move in: what is wrong with its layout refuses it, too. */
export function loadWorkingConfig(path: string): LoadedCell {
  const loaded = loadConfig(path);
  const errors = checkLayout(loaded).filter((finding) => finding.severity === 'error');
  if (errors.length === 0) return loaded;
  const lines = errors.map(
    (fault) => `  ${faultText({ ...fault, file: relative(process.cwd(), fault.file) })}`,
  );
  throw new CommandFailure(
    `${path} cannot be run:\n${lines.join('\n')}\n(\`magpie check ${path}\` says more)`,
    2,
  );
}
