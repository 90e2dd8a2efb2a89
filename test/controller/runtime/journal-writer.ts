/**
 * A process that appends to a journal and says what it was told is durable: `ack TICK` per line, `fault CODE` when
 * the journal refuses. Tests kill it, or take its disk away, and compare.
 * Usage: journal-writer.ts FILE TICKS
 */
import { writeSync } from 'node:fs';
import { JournalFailure } from '../../../controller/runtime/journal.ts';
import { openSqliteJournal } from '../../../controller/runtime/sqlite-journal.ts';
import { orderEvent } from './counting-core.ts';

const [file, ticks] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

const opened = openSqliteJournal({ file: file!, mode: 'write' });
if (!opened.ok) {
  say(`fault ${opened.fault.code}`);
  process.exit(1);
}
const { journal } = opened;
say('open');
let refused = 0;
for (let tick = 0; tick < Number(ticks) && refused < 2; tick += 1) {
  try {
    const sequence = journal.head().ticks + 1;
    journal.append({ nowUs: sequence * 10_000, events: [orderEvent(`order-${sequence}`)] });
    if (sequence % 50 === 0) journal.saveSnapshot(`{"tick":${sequence}}`);
    say(`ack ${sequence}`);
  } catch (error) {
    if (!(error instanceof JournalFailure)) throw error;
    say(`fault ${error.fault.code}`);
    refused += 1;
  }
}
journal.close();
say('closed');
