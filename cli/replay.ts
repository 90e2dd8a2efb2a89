import type { CellModel } from '../controller/domain/cell.ts';
import { runtimeCore } from '../controller/runtime/core-adapter.ts';
import { JournalFailure } from '../controller/runtime/journal.ts';
import { replayJournal } from '../controller/runtime/replay.ts';
import { openSqliteJournal } from '../controller/runtime/sqlite-journal.ts';
import { viewOf } from '../controller/operations/view-of.ts';
import { CommandFailure } from './failure.ts';
import { output } from './output.ts';
import type { OutputMode } from './output.ts';

/** Executes a journal again from its beginning, and says what state it leads to. */
export function replayCommand(file: string, options: OutputMode & { readonly notices?: boolean }): void {
  const opened = openSqliteJournal({ file, mode: 'read' });
  if (!opened.ok)
    throw new CommandFailure(`${opened.fault.file}: ${opened.fault.detail}. ${opened.fault.remedy}`, 1);
  const beganMs = performance.now();
  try {
    const replayed = replayJournal(
      opened.journal,
      (modelJson) => runtimeCore(JSON.parse(modelJson) as CellModel),
      {
        from: 'beginning',
        onTick: (effects, nowUs) => {
          if (options.notices !== true) return;
          for (const effect of effects) {
            if (effect.kind === 'notice')
              process.stdout.write(`${(nowUs / 1e6).toFixed(3)}  ${effect.code}  ${effect.message}\n`);
          }
        },
      },
    );
    const { lines, state } = viewOf(replayed.core);
    const head = opened.journal.head();
    const report = {
      journal: file,
      ticks: head.ticks,
      events: head.events,
      epochs: head.epoch,
      simulatedS: head.nowUs / 1e6,
      stateHash: replayed.stateHash,
      cellState: state,
      lines,
      wallS: (performance.now() - beganMs) / 1_000,
    };
    output(options, report, () =>
      [
        `${file}: ${report.events} events in ${report.ticks} ticks, ${report.epochs} controllers, replayed in ${report.wallS.toFixed(2)} s`,
        `every stored snapshot on the way was reached; state hash ${report.stateHash}`,
        `cell ${state}; lines ${lines.fulfilled} fulfilled, ${lines.cancelled} cancelled, ${lines.excepted} excepted, ${lines.open} open`,
      ].join('\n'),
    );
  } catch (error) {
    if (!(error instanceof JournalFailure)) throw error;
    throw new CommandFailure(error.message, 1);
  } finally {
    opened.journal.close();
  }
}
