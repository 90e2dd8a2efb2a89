import type { PlayProgress } from '../sim/play-report.ts';
import { duration } from '../protocols/terminal/status-view.ts';

const WIDTH = 28;
/** Redrawn this often on a terminal; without one a line is written this seldom, ms. */
const REDRAW_MS = 200;
const LINE_MS = 10_000;

export interface ProgressBar {
  show(progress: PlayProgress): void;
  /** Takes the bar away; may be called twice. */
  stop(): void;
}

/** How far a run has come: on a terminal in place, elsewhere as a line now and then. */
export function startProgressBar(stream: NodeJS.WriteStream): ProgressBar {
  let shownMs = 0;
  let drawn = false;
  return {
    show(progress) {
      const nowMs = Date.now();
      if (nowMs - shownMs < (stream.isTTY ? REDRAW_MS : LINE_MS)) return;
      shownMs = nowMs;
      const text = textOf(progress);
      stream.write(stream.isTTY ? `\r\u001B[2K${text}` : `${text}\n`);
      drawn = stream.isTTY;
    },
    stop() {
      if (drawn) stream.write('\r\u001B[2K');
      drawn = false;
    },
  };
}

function textOf(progress: PlayProgress): string {
  const share = progress.linesTotal === 0 ? 0 : progress.linesEnded / progress.linesTotal;
  const full = Math.round(share * WIDTH);
  const bar = `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`;
  const asks = progress.openExceptions === 0 ? '' : `, ${progress.openExceptions} exceptions open`;
  return `${bar} ${(100 * share).toFixed(1)} %  ${progress.linesEnded}/${progress.linesTotal} lines, ${Math.round(progress.unitsPerHour)} units/h, simulated ${duration(progress.simulatedS)}${asks}`;
}
