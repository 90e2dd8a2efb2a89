import CliTable from 'cli-table3';
import picocolors from 'picocolors';
import type { CellCommand, CellState } from '../../controller/domain/packml.ts';
import { commandsAllowed } from '../../controller/machines/cell.ts';
import type { ArmView, CellView } from '../../controller/operations/view.ts';

export interface StatusOptions {
  /** Width of the terminal; lines never exceed it. */
  readonly columns: number;
  readonly color: 'color' | 'plain';
  /** Address of the operator page; null when none is served. */
  readonly pageUrl: string | null;
  /** Most lines to use; what does not fit is counted, not shown. */
  readonly rows: number;
  /** What can be done next: beside a running service, as an answer to a command, or nothing any more. */
  readonly advice: 'beside-service' | 'as-answer' | 'none';
}

type Paint = ReturnType<typeof picocolors.createColors>;

/** Below this width the table of arms would be a list of cut words. */
const COLUMNS_MIN = 40;
const COLUMNS_MAX = 120;
/** Alarms, and exceptions, that are listed; the rest is counted. */
const ATTENTION_MAX = 5;

/**
 * The state of the cell as a person reads it in a terminal: what it is and does, each arm in a sentence, how far the
 * orders are, what waits for a person, and what can be done next. Pure; lines end with `\n`.
 */
export function renderStatus(view: CellView, options: StatusOptions): string {
  const columns = Math.max(COLUMNS_MIN, Math.min(COLUMNS_MAX, options.columns));
  const paint = picocolors.createColors(options.color === 'color');
  const head = [...header(view, columns, paint), ''];
  const tail = options.advice === 'none' ? [] : ['', ...nextSteps(view, options, columns, paint)];
  // What waits for a person comes first: it must not be what falls off a small window.
  const middle = [
    ...attention(
      view,
      columns,
      paint,
      Math.min(ATTENTION_MAX, Math.max(1, Math.floor((options.rows - head.length - tail.length) / 4))),
    ),
    ...arms(view, columns, paint),
    '',
    ...progress(view, columns, paint),
  ];
  const room = Math.max(1, options.rows - head.length - tail.length);
  const shown =
    middle.length <= room
      ? middle
      : [
          ...middle.slice(0, room - 1),
          paint.dim(`… ${middle.length - room + 1} more lines: npx magpie status`),
        ];
  return [...head, ...shown, ...tail].map((line) => `${line}\n`).join('');
}

const STATE_WORDS: Readonly<Record<CellState, string>> = {
  clearing: 'CLEARING: faults are being cleared',
  stopped: 'STOPPED: nothing moves',
  starting: 'STARTING: arms and surroundings are being checked',
  idle: 'READY: nothing moves until it is started',
  suspended: 'SUSPENDED: waits for its surroundings',
  execute: 'WORKING: arms move',
  stopping: 'STOPPING: arms come to rest on their paths',
  aborting: 'ABORTING: arms stop as fast as they can',
  aborted: 'ABORTED: nothing moves',
  holding: 'HOLDING: arms come to rest on their paths',
  held: 'HELD: nothing moves until it is resumed',
  unholding: 'RESUMING: arms and surroundings are being checked',
  suspending: 'SUSPENDING: work under way is being finished',
  unsuspending: 'RESUMING: arms and surroundings are being checked',
  resetting: 'RESETTING: arms and surroundings are being checked',
  completing: 'COMPLETING: work under way is being finished',
  complete: 'COMPLETE: all work is done',
};

const UNUSUAL: ReadonlySet<CellState> = new Set([
  'held',
  'holding',
  'suspended',
  'suspending',
  'stopping',
  'stopped',
]);

function header(view: CellView, columns: number, paint: Paint): string[] {
  const name = `Magpie   cell ${view.cell}`;
  const clock = `cell clock ${duration(view.nowS)}`;
  const gap = ' '.repeat(Math.max(1, columns - name.length - clock.length));
  const state = STATE_WORDS[view.state];
  const colored =
    view.state === 'aborted' || view.state === 'aborting'
      ? paint.red(`✖ ${state}`)
      : UNUSUAL.has(view.state)
        ? paint.yellow(`‖ ${state}`)
        : `▶ ${state}`;
  return [
    cut(`${name}${gap}${clock}`, columns),
    '─'.repeat(columns),
    paint.bold(colored),
    ...wrapped(sentence(view.because), columns - 2).map((line) => `  ${line}`),
  ];
}

const MODE_WORDS: Readonly<Record<ArmView['mode'], string>> = {
  offline: '? not connected',
  idle: 'idle',
  planning: 'planning',
  waiting: 'waiting',
  moving: 'moving',
  gripping: 'gripping',
  held: '‖ held',
  faulted: '✖ fault',
};

function arms(view: CellView, columns: number, paint: Paint): string[] {
  const wide = columns >= 76;
  const idWidth = Math.min(14, Math.max(3, ...view.arms.map((arm) => arm.id.length))) + 2;
  const fixed = wide ? [idWidth, 17, 7, 7] : [idWidth, 17];
  const sentenceWidth = columns - fixed.reduce((sum, width) => sum + width, 0);
  const widths = wide ? [idWidth, 17, sentenceWidth, 7, 7] : [idWidth, 17, sentenceWidth];
  const head = wide ? ['Arm', 'State', 'What it does', 'Units', 'Busy'] : ['Arm', 'State', 'What it does'];
  const table = new CliTable({
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1, compact: true },
    colWidths: widths,
    colAligns: wide ? ['left', 'left', 'left', 'right', 'right'] : ['left', 'left', 'left'],
    head: head.map((title) => paint.dim(title)),
  });
  for (const arm of view.arms) {
    const mode = MODE_WORDS[arm.mode];
    const known = Object.values(arm.spentS).reduce((sum, seconds) => sum + seconds, 0);
    const busy = known > 0 ? `${Math.round((100 * arm.spentS.working) / known)} %` : '–';
    const state =
      arm.mode === 'faulted' || arm.mode === 'offline'
        ? paint.red(mode)
        : arm.mode === 'held'
          ? paint.yellow(mode)
          : mode;
    const doing = cut(sentence(arm.doing), sentenceWidth - 1);
    table.push(wide ? [arm.id, state, doing, String(arm.unitsDone), busy] : [arm.id, state, doing]);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

function progress(view: CellView, columns: number, paint: Paint): string[] {
  const { total, fulfilled, cancelled, excepted, open } = view.lines;
  const ended = fulfilled + cancelled + excepted;
  const share = total === 0 ? 0 : ended / total;
  const width = Math.max(10, Math.min(40, columns - 44));
  const filled = Math.round(share * width);
  const bar = `${'█'.repeat(filled)}${paint.dim('░'.repeat(width - filled))}`;
  const exceptedWords = `${count(excepted)} not delivered`;
  return [
    `Lines    ${bar} ${count(ended)} of ${count(total)} (${Math.floor(share * 100)} %)`,
    cut(
      `         ${count(fulfilled)} fulfilled, ${count(cancelled)} cancelled, ${exceptedWords}, ${count(open)} open`,
      columns,
    ),
    cut(
      `Orders   ${count(view.orders.completed)} completed, ${count(view.orders.active)} in work, ${count(view.orders.waiting)} waiting`,
      columns,
    ),
    cut(
      `Units    ${count(view.units.done)} placed, ${count(Math.round(view.units.perHour))} an hour`,
      columns,
    ),
  ];
}

function attention(view: CellView, columns: number, paint: Paint, most: number): string[] {
  const lines: string[] = [];
  for (const alarm of view.alarms.slice(0, most)) {
    lines.push(paint.red(cut(`✖ ${alarm.code}: ${sentence(alarm.message)}`, columns)));
  }
  const { exceptions } = view;
  if (view.alarms.length > most) lines.push(paint.dim(`  … and ${view.alarms.length - most} more alarms`));
  if (exceptions.length > 0) {
    const plural = exceptions.length === 1 ? 'task waits' : 'tasks wait';
    lines.push(paint.yellow(`▲ ${exceptions.length} ${plural} for a person:`));
    for (const each of exceptions.slice(0, most)) {
      lines.push(cut(`  ${each.taskId}  ${each.kind.replace(/-/g, ' ')}: ${sentence(each.detail)}`, columns));
    }
    if (exceptions.length > most) lines.push(paint.dim(`  … and ${exceptions.length - most} more`));
    const first = exceptions[0];
    if (first !== undefined) {
      lines.push(
        paint.dim(
          cut(`  answer: npx magpie task resolve ${first.taskId} ${first.options.join('|')}`, columns),
        ),
      );
    }
  }
  return lines.length === 0 ? lines : [...lines, ''];
}

/** What leads on from a state, in the order in which a person would want it. */
const STEPS: readonly (readonly [CellCommand, string])[] = [
  ['unhold', 'resume'],
  ['unsuspend', 'resume'],
  ['start', 'resume'],
  ['reset', 'resume'],
  ['clear', 'command clear'],
  ['hold', 'hold'],
  ['stop', 'stop'],
];

function nextSteps(view: CellView, options: StatusOptions, columns: number, paint: Paint): string[] {
  const { advice, pageUrl } = options;
  const allowed = commandsAllowed(view.state);
  const commands = STEPS.filter(([command]) => allowed.includes(command)).map(([, words]) => words);
  const lines: string[] = [];
  if (pageUrl !== null) lines.push(cut(`Page     ${paint.underline(pageUrl)}`, columns + 9));
  const isBeside = advice === 'beside-service';
  const words = [...commands, ...(isBeside ? ['status'] : []), 'task list'].join(' | ');
  lines.push(cut(`Command  npx magpie ${words}${isBeside ? '   (in another terminal)' : ''}`, columns));
  if (isBeside) {
    lines.push(paint.dim(cut('Ctrl-C   stops the arms on their paths, holds the cell and ends', columns)));
  }
  lines.push(
    paint.dim(cut('This is no safety device: emergency stops and guards work without it.', columns)),
  );
  return lines;
}

/** Borders of a table that has none: columns are told apart by space alone. */
const BORDERLESS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left']
    .concat(['left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
);

/** Begins with a capital, unless the first word is the name of a thing: those are written as they are. */
function sentence(text: string): string {
  const clean = printable(text);
  return /^[a-z]+\b(?![-_.:\d])/.test(clean) ? clean.charAt(0).toUpperCase() + clean.slice(1) : clean;
}

/** Ids and details come from outside: nothing in them may move the cursor. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, ' ').trim();
}

/** Cuts visible characters; escape sequences may be in it only where nothing needs cutting. */
function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.slice(0, 3).map((each) => cut(each, width));
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor((whole % 3_600) / 60);
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
