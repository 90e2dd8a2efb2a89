import { openSqliteJournal } from '../controller/runtime/sqlite-journal.ts';
import type { Journal } from '../controller/runtime/journal.ts';
import { existsSync } from 'node:fs';
import { CommandFailure } from './failure.ts';

export interface OpenPlayJournal {
  readonly journal: Journal;
  close(): void;
}

/** A journal on disk for a run in simulated time, where one is asked for; it has to be a new file. */
export function journalForPlay(
  file: string | undefined,
  configuration: { readonly hash: string; readonly modelJson: string },
): OpenPlayJournal | null {
  if (file === undefined) return null;
  if (existsSync(file))
    throw new CommandFailure(`${file} exists already; a run is journalled into a new file`, 2);
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (!opened.ok) throw new CommandFailure(`${opened.fault.detail}. ${opened.fault.remedy}`, 1);
  // What the run is played under stands in the journal, so that it can be executed again from it alone.
  opened.journal.configure(configuration);
  return { journal: opened.journal, close: () => opened.journal.close() };
}
