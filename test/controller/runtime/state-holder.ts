/** A process that takes a state directory and keeps it. Usage: node --expose-gc state-holder.ts DIRECTORY */
import { writeSync } from 'node:fs';
import { openStateDirectory } from '../../../controller/runtime/state-directory.ts';

function open(): string {
  const opened = openStateDirectory({
    directory: process.argv[2]!,
    wallMs: 1_700_000_000_000,
    version: '0.1.0',
  });
  return opened.ok ? 'held' : `${opened.fault.code}: ${opened.fault.detail}`;
}

writeSync(1, `${open()}\n`);
// Nothing here refers to what was opened any more: the lock has to hold by itself.
setInterval(() => globalThis.gc?.(), 20);
