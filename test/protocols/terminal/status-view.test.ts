import { describe, expect, test } from 'vitest';
import { CELL_STATES } from '../../../controller/domain/packml.ts';
import type { CellView } from '../../../controller/operations/view.ts';
import { renderStatus } from '../../../protocols/terminal/status-view.ts';
import type { StatusOptions } from '../../../protocols/terminal/status-view.ts';
import { exampleException } from '../../controller/operations/example-exception.ts';

const PLAIN: StatusOptions = {
  columns: 80,
  rows: 40,
  color: 'plain',
  pageUrl: 'http://localhost:8080/',
  advice: 'beside-service',
};

function arm(id: string, changes: Partial<CellView['arms'][number]> = {}): CellView['arms'][number] {
  return {
    id,
    mode: 'idle',
    doing: 'waits for work',
    taskId: null,
    zones: [],
    holding: false,
    itemSizeM: null,
    unitsDone: 0,
    spentS: { working: 0, waiting: 0, starved: 0, excepted: 0, faulted: 0, held: 0 },
    waitingForS: {},
    ...changes,
  };
}

function view(changes: Partial<CellView> = {}): CellView {
  return {
    cell: 'four-arm',
    state: 'execute',
    because: 'started by the operator',
    policy: 'zone-interlock',
    epoch: 1,
    nowS: 3_725,
    arms: [
      arm('A1', {
        mode: 'moving',
        doing: 'carries LEGO-4711 from bin-3 to station-1',
        unitsDone: 12,
        spentS: { working: 3, waiting: 1, starved: 0, excepted: 0, faulted: 0, held: 0 },
        waitingForS: { A2: 1 },
      }),
      arm('A2', { mode: 'waiting', doing: 'waits for zone Z3, which A1 holds' }),
    ],
    places: [],
    orders: { waiting: 8, active: 2, completed: 5 },
    lines: { total: 5_000, fulfilled: 1_200, cancelled: 40, excepted: 10, open: 3_750 },
    units: { done: 1_402, perHour: 1_180.4 },
    tasks: { open: 0, active: 0, done: 0, cancelled: 0, excepted: 0 },
    exceptions: [],
    permissions: [],
    sharedZones: [],
    alarms: [],
    ...changes,
  };
}

const exception = (number: number): CellView['exceptions'][number] =>
  exampleException({
    taskId: `T-${number}`,
    kind: 'in-doubt',
    detail: 'the controller ended while A2 was gripping',
    sinceS: 3_700,
    unitAt: 'tool',
    options: ['done-by-hand', 'give-up'],
  });

describe('the status in a terminal', () => {
  test('says what the cell is, does, has done, and what to do next', () => {
    expect(renderStatus(view(), PLAIN)).toBe(
      [
        'Magpie   cell four-arm                                      cell clock 1 h 2 min',
        '─'.repeat(80),
        '▶ WORKING: arms move',
        '  Started by the operator',
        '',
        'Arm  State            What it does                                 Units   Busy',
        'A1   moving           Carries LEGO-4711 from bin-3 to station-1       12   75 %',
        'A2   waiting          Waits for zone Z3, which A1 holds                0      –',
        '',
        `Lines    ${'█'.repeat(9)}${'░'.repeat(27)} 1 250 of 5 000 (25 %)`,
        '         1 200 fulfilled, 40 cancelled, 10 not delivered, 3 750 open',
        'Orders   5 completed, 2 in work, 8 waiting',
        'Units    1 402 placed, 1 180 an hour',
        '',
        'Page     http://localhost:8080/',
        'Command  npx magpie hold | stop | status | task list   (in another terminal)',
        'Ctrl-C   stops the arms on their paths, holds the cell and ends',
        'This is no safety device: emergency stops and guards work without it.',
        '',
      ].join('\n'),
    );
  });

  test('as an answer to a command it says nothing of a Ctrl-C that would end nothing', () => {
    const text = renderStatus(view(), { ...PLAIN, advice: 'as-answer' });
    expect(text).toContain('Command  npx magpie hold | stop | task list\n');
    expect(text).toContain('no safety device');
    expect(text).not.toContain('Ctrl-C');
    expect(renderStatus(view(), { ...PLAIN, advice: 'none' })).not.toMatch(/npx|Page|Ctrl-C/);
  });

  test('after a restart: why nothing moves, what waits for a person, how to go on', () => {
    const text = renderStatus(
      view({
        state: 'held',
        because: 'the controller was started anew; resume when you have looked',
        exceptions: [exception(17)],
        alarms: [{ code: 'arm-lost', message: 'A2 does not answer', sinceS: 1 }],
      }),
      PLAIN,
    );
    expect(text).toContain('‖ HELD: nothing moves until it is resumed');
    expect(text).toContain('  The controller was started anew; resume when you have looked');
    expect(text).toContain('✖ arm-lost: A2 does not answer');
    expect(text).toContain('▲ 1 task waits for a person:');
    expect(text).toContain('  T-17  in doubt: The controller ended while A2 was gripping');
    expect(text).toContain('npx magpie task resolve T-17 done-by-hand|give-up');
    expect(text).toContain('npx magpie resume | stop');
    expect(text).not.toContain('magpie hold');
  });

  test.each(CELL_STATES)('%s is said in words, and only commands that it allows are named', (state) => {
    const text = renderStatus(view({ state }), PLAIN);
    expect(text).toMatch(/^[▶‖✖] [A-Z]+: .{8,}$/m);
    const named = /npx magpie ([^(]*)/
      .exec(text)![1]!
      .split('|')
      .map((each) => each.trim());
    const resumable = ['held', 'suspended', 'idle', 'stopped', 'complete'];
    expect(named.includes('hold')).toBe(state === 'execute' || state === 'suspended');
    expect(named.includes('resume')).toBe(resumable.includes(state));
    expect(named.includes('command clear')).toBe(state === 'aborted');
  });

  test.each([
    [40, 24],
    [50, 24],
    [76, 24],
    [79, 20],
    [80, 24],
    [132, 50],
    [300, 60],
  ])('fits a window of %i columns and %i rows, whatever the words', (columns, rows) => {
    const long = 'a very long explanation of what is going on here and there and everywhere '.repeat(4);
    const text = renderStatus(
      view({
        cell: 'a-cell-with-quite-a-long-name-as-people-give-them',
        because: long,
        arms: Array.from({ length: 8 }, (_, index) => arm(`arm-${index}-of-the-left-side`, { doing: long })),
        exceptions: Array.from({ length: 30 }, (_, index) => ({ ...exception(index), detail: long })),
        alarms: Array.from({ length: 12 }, (_, index) => ({
          code: `alarm-${index}`,
          message: long,
          sinceS: 1,
        })),
      }),
      { ...PLAIN, columns, rows },
    );
    const lines = text.split('\n').slice(0, -1);
    expect(lines.length).toBeLessThanOrEqual(rows);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    if (rows < 40) expect(text).toContain('more lines: npx magpie status');
    expect(text).toContain('wait for a person');
  });

  test('words from outside cannot move the cursor or paint', () => {
    const text = renderStatus(
      view({
        because: 'x\u001B[2J\u001B[Hy\r\nz\u009B31m',
        arms: [arm('A1', { doing: '\u001B]0;title\u0007gone' })],
        exceptions: [{ ...exception(1), detail: 'a\u0000b\u2028c' }],
      }),
      PLAIN,
    );
    // eslint-disable-next-line no-control-regex
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u2028]/);
  });

  test('colour marks what is not as it should be, and words say it too', () => {
    const colored = renderStatus(view({ arms: [arm('A1', { mode: 'faulted' }), arm('A2')] }), {
      ...PLAIN,
      color: 'color',
    });
    expect(colored).toContain('\u001B[31m✖ fault\u001B[39m');
    expect(colored).not.toContain('\u001B[32m');
    // eslint-disable-next-line no-control-regex
    expect(colored.replace(/\u001B\[\d+m/g, '')).toBe(
      renderStatus(view({ arms: [arm('A1', { mode: 'faulted' }), arm('A2')] }), PLAIN),
    );
  });

  test('a cell without orders and arms is shown too', () => {
    const text = renderStatus(
      view({ arms: [], lines: { total: 0, fulfilled: 0, cancelled: 0, excepted: 0, open: 0 } }),
      { ...PLAIN, pageUrl: null },
    );
    expect(text).toContain('0 of 0 (0 %)');
    expect(text).not.toContain('Page');
  });
});
