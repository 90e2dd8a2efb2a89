import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { startLiveTerminal } from '../../../protocols/terminal/live-terminal.ts';
import type { LiveTerminal, TerminalStream } from '../../../protocols/terminal/live-terminal.ts';
import { SmallService } from '../http/small-service.ts';
import { exampleException } from '../../controller/operations/example-exception.ts';

/** What a terminal of this size shows after all that was written: rows of characters, and whether a cursor blinks. */
class Screen {
  readonly stream: TerminalStream & PassThrough;
  rows: string[] = [''];
  scrolled = 0;
  cursor: 'shown' | 'hidden' = 'shown';
  private row = 0;
  private column = 0;

  constructor(columns: number, rows: number, tty: 'terminal' | 'pipe') {
    const stream = new PassThrough() as PassThrough & TerminalStream;
    if (tty === 'terminal') Object.assign(stream, { isTTY: true, columns, rows });
    this.stream = stream;
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.take(text, rows));
  }

  private take(text: string, rows: number): void {
    // eslint-disable-next-line no-control-regex
    for (const [token] of text.matchAll(/\u001B\[[?\d;]*[A-Za-z]|[^]/g)) {
      const match = /^\u001B\[([?\d;]*)([A-Za-z])$/.exec(token); // eslint-disable-line no-control-regex
      if (match === null) {
        if (token === '\n') {
          this.row += 1;
          this.column = 0;
          if (this.row >= rows) {
            this.rows.shift();
            this.row -= 1;
            this.scrolled += 1;
          }
          this.rows[this.row] ??= '';
        } else if (token === '\r') this.column = 0;
        else {
          const line = (this.rows[this.row] ?? '').padEnd(this.column);
          this.rows[this.row] = line.slice(0, this.column) + token + line.slice(this.column + 1);
          this.column += 1;
        }
        continue;
      }
      const [, argument = '', kind] = match;
      if (kind === 'A') this.row = Math.max(0, this.row - Number(argument || 1));
      else if (kind === 'K') this.rows[this.row] = (this.rows[this.row] ?? '').slice(0, this.column);
      else if (kind === 'J' && argument === '2') this.rows = [''];
      else if (kind === 'J') {
        this.rows.length = this.row + 1;
        this.rows[this.row] = (this.rows[this.row] ?? '').slice(0, this.column);
      } else if (kind === 'H') [this.row, this.column] = [0, 0];
      else if (kind === 'l') this.cursor = 'hidden';
      else if (kind === 'h') this.cursor = 'shown';
    }
  }
}

const open: LiveTerminal[] = [];
afterEach(() => {
  for (const terminal of open.splice(0)) terminal.stop();
});

function start(screen: Screen, service: SmallService, redrawMs: number): LiveTerminal {
  const terminal = startLiveTerminal({
    stream: screen.stream,
    view: () => service.view(),
    pageUrl: 'http://localhost:8080/',
    redrawMs,
    lineMs: 60_000,
  });
  open.push(terminal);
  return terminal;
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1_000 && !condition(); attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(condition()).toBe(true);
}

describe('on a terminal', () => {
  test('the picture is drawn in place: no scrolling, no remains, also when it gets shorter', async () => {
    const screen = new Screen(80, 30, 'terminal');
    const service = new SmallService(['A1', 'A2', 'A3', 'A4'], 6);
    service.current.exceptions = [
      exampleException({ taskId: 'T-1', detail: 'gone', sinceS: 0, options: ['retry'] }),
    ];
    start(screen, service, 5);
    await until(() => screen.rows.some((row) => row.includes('T-1')));
    expect(screen.cursor).toBe('hidden');
    service.current.exceptions = [];
    service.current.state = 'held';
    await until(() => screen.rows.some((row) => row.includes('HELD')));
    expect(screen.rows.some((row) => row.includes('T-1'))).toBe(false);
    expect(screen.rows.filter((row) => row.includes('Magpie')).length).toBe(1);
    expect(screen.rows.filter((row) => row.includes('no safety device')).length).toBe(1);
    expect(screen.scrolled).toBe(0);
  });

  test('a window that is too low never scrolls', async () => {
    const screen = new Screen(60, 16, 'terminal');
    const service = new SmallService(['A1', 'A2', 'A3', 'A4', 'A5', 'A6'], 6);
    start(screen, service, 5);
    service.current.because = 'changed';
    await until(() => screen.rows.some((row) => row.includes('Changed')));
    expect(screen.scrolled).toBe(0);
  });

  test('a printed line stays above the picture', async () => {
    const screen = new Screen(80, 40, 'terminal');
    const service = new SmallService(['A1'], 6);
    const terminal = start(screen, service, 5);
    terminal.print('order o-1 \u001B[2Jcompleted');
    service.current.because = 'later';
    await until(() => screen.rows.some((row) => row.includes('Later')));
    expect(screen.rows[0]).toBe('order o-1  [2Jcompleted');
    expect(screen.rows[1]).toContain('Magpie');
  });

  test('at the end the cursor comes back and nothing is drawn any more', async () => {
    const screen = new Screen(80, 40, 'terminal');
    const service = new SmallService(['A1'], 6);
    const listeners = process.listenerCount('exit');
    const terminal = start(screen, service, 5);
    await until(() => screen.rows.some((row) => row.includes('npx magpie')));
    service.current.state = 'held';
    terminal.stop();
    terminal.stop();
    await until(() => screen.cursor === 'shown');
    expect(screen.rows.some((row) => row.includes('HELD'))).toBe(true);
    expect(screen.rows.some((row) => /npx magpie|Ctrl-C/.test(row))).toBe(false);
    terminal.print('Ended in order.');
    await until(() => screen.rows.some((row) => row.includes('Ended in order.')));
    expect(screen.rows.filter((row) => row.includes('HELD')).length).toBe(1);
    service.current.because = 'afterwards';
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(screen.rows.some((row) => row.includes('Afterwards'))).toBe(false);
    expect(process.listenerCount('exit')).toBe(listeners);
  });
});

describe('without a terminal', () => {
  test('one plain line, then one for every change of state', async () => {
    const screen = new Screen(80, 40, 'pipe');
    const service = new SmallService(['A1'], 6);
    start(screen, service, 5);
    await until(() => screen.rows.length > 1);
    expect(screen.rows[0]).toBe(
      'test-cell execute: started by the operator | clock 2 min 0 s | lines 0/0 | units 42 (310/h)',
    );
    service.current.state = 'held';
    service.current.because = 'hold by the operator';
    await until(() => screen.rows.length > 2);
    expect(screen.rows[1]).toContain('test-cell held: hold by the operator');
    // eslint-disable-next-line no-control-regex
    expect(screen.rows.join('')).not.toMatch(/\u001B/);
    expect(screen.rows.length).toBe(3);
  });
});
