import type { WriteStream } from 'node:tty';
import type { CellView } from '../../controller/operations/view.ts';
import { duration, printable, renderStatus } from './status-view.ts';

/** What a stream must have to be drawn on; a pipe has no `isTTY`. */
export type TerminalStream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>;

export interface LiveTerminalOptions {
  readonly stream: TerminalStream;
  readonly view: () => CellView;
  readonly pageUrl: string | null;
  /** Time between two drawings on a terminal, ms. */
  readonly redrawMs: number;
  /** Time between two lines where there is no terminal, ms. A change of state is written at once. */
  readonly lineMs: number;
}

export interface LiveTerminal {
  /** Writes a line that stays, above the drawing. */
  print(line: string): void;
  /** Draws once more, without what could be done next, gives the cursor back and ends. */
  stop(): void;
}

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
const CLEAR_LINE_END = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';
const cursorUp = (lines: number): string => (lines === 0 ? '\r' : `\u001B[${lines}A\r`);

/**
 * Shows the state of the cell for as long as the service runs. On a terminal the picture is redrawn in place, never
 * higher than the window, so nothing scrolls and what stood above stays. Elsewhere one plain line is written now and
 * then, fit for a log. Slow readers are not queued up for: a drawing that cannot be written yet is skipped.
 */
export function startLiveTerminal(options: LiveTerminalOptions): LiveTerminal {
  return options.stream.isTTY === true ? drawInPlace(options) : writeLines(options);
}

function drawInPlace({ stream, view, pageUrl, redrawMs }: LiveTerminalOptions): LiveTerminal {
  let drawn = 0;
  let stopped = false;

  const picture = (): string[] =>
    renderStatus(view(), {
      columns: (stream.columns ?? 80) - 1,
      // One line is left for the cursor below the picture.
      rows: (stream.rows ?? 24) - 1,
      color: 'NO_COLOR' in process.env ? 'plain' : 'color',
      pageUrl,
      advice: stopped ? 'none' : 'beside-service',
    })
      .split('\n')
      .slice(0, -1);

  const draw = (above: readonly string[]): void => {
    const lines = picture();
    const text = [...above, ...lines].map((line) => `${line}${CLEAR_LINE_END}\n`).join('');
    stream.write(`${HIDE_CURSOR}${cursorUp(drawn)}${text}${CLEAR_BELOW}`);
    drawn = lines.length;
  };

  /** A narrower window wraps what was drawn: count anew rather than leave pieces of it. */
  const onResize = (): void => {
    stream.write('\u001B[2J\u001B[H');
    drawn = 0;
    draw([]);
  };
  const restore = (): void => {
    stream.write(SHOW_CURSOR);
  };

  process.once('exit', restore);
  stream.on('resize', onResize);
  const timer = setInterval(() => {
    if ((stream as Partial<WriteStream>).writableNeedDrain !== true) draw([]);
  }, redrawMs);
  timer.unref();
  draw([]);

  return {
    print(line) {
      if (stopped) stream.write(`${printable(line)}\n`);
      else draw([printable(line).slice(0, (stream.columns ?? 80) - 1)]);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      stream.off('resize', onResize);
      process.off('exit', restore);
      draw([]);
      restore();
    },
  };
}

function writeLines({ stream, view, lineMs }: LiveTerminalOptions): LiveTerminal {
  let last = '';
  let lastMs = 0;

  const write = (): void => {
    const now = view();
    const mark = `${now.state} ${now.because} ${now.exceptions.length} ${now.alarms.length}`;
    const nowMs = performance.now();
    if (mark === last && nowMs - lastMs < lineMs) return;
    last = mark;
    lastMs = nowMs;
    stream.write(`${statusLine(now)}\n`);
  };

  const timer = setInterval(write, Math.min(1_000, lineMs));
  timer.unref();
  write();
  return {
    print: (line) => {
      stream.write(`${printable(line)}\n`);
    },
    stop: () => clearInterval(timer),
  };
}

/** The state of the cell in one line, for logs and pipes. */
function statusLine(view: CellView): string {
  const ended = view.lines.fulfilled + view.lines.cancelled + view.lines.excepted;
  const parts = [
    `${view.cell} ${view.state}: ${printable(view.because)}`,
    `clock ${duration(view.nowS)}`,
    `lines ${ended}/${view.lines.total}`,
    `units ${view.units.done} (${Math.round(view.units.perHour)}/h)`,
    ...(view.exceptions.length > 0 ? [`${view.exceptions.length} waiting for a person`] : []),
    ...(view.alarms.length > 0 ? [`alarms: ${view.alarms.map(({ code }) => code).join(', ')}`] : []),
  ];
  return parts.join(' | ');
}
