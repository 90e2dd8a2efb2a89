import { expect } from 'vitest';

/** One broken message on an intake topic, and what its sender is told. */
export interface BadPayload {
  readonly what: string;
  readonly topic: string;
  readonly payload: string | Buffer;
  /** `field message (got value)` of every fault. */
  readonly told: readonly unknown[];
  /** The request's own id, where it can still be read. */
  readonly requestId?: string;
}

/** What follows are the JavaScript engine's words, which differ with its version. */
const NOT_JSON = expect.stringMatching(/^the payload is not JSON: (Unexpected|Expected)/) as unknown;

const line = { lineId: 'L1', sku: 'A', quantity: 1 };
const order = { requestId: 'R', orderId: 'O1', lines: [line] };
const json = (value: unknown) => JSON.stringify(value);
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

export const BAD_PAYLOADS: readonly BadPayload[] = [
  { what: 'empty', topic: 'orders', payload: '', told: ['the payload is empty; send a JSON object'] },
  {
    what: 'not UTF-8',
    topic: 'orders',
    payload: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    told: ['the payload is not UTF-8; send JSON encoded as UTF-8'],
  },
  {
    what: 'not JSON',
    topic: 'orders',
    payload: 'orderId=O1',
    told: [NOT_JSON],
  },
  {
    what: 'cut off',
    topic: 'orders',
    payload: '{"orderId":"O1"',
    told: [NOT_JSON],
  },
  {
    what: 'NaN as text',
    topic: 'stow',
    payload: '{"quantity":NaN}',
    told: [NOT_JSON],
  },
  {
    what: 'too large',
    topic: 'orders',
    payload: json({ ...order, pad: 'x'.repeat(1_100_000) }),
    told: ['the payload has 1100090 bytes; at most 1048576 are taken'],
  },
  {
    what: 'too deep',
    topic: 'orders',
    payload: deep(9),
    told: ['the payload nests deeper than 8 levels; send it flatter'],
  },
  {
    what: 'absurdly deep',
    topic: 'orders',
    payload: deep(200_000),
    told: ['the payload nests deeper than 8 levels; send it flatter'],
  },
  {
    what: 'too many values',
    topic: 'orders',
    payload: json({ ...order, lines: Array.from({ length: 25_000 }, () => 0) }),
    told: ['the payload has more than 20000 values; split it'],
  },
  {
    what: 'duplicate key',
    topic: 'orders',
    payload: '{"requestId":"R","orderId":"O1","orderId":"O2","lines":[]}',
    told: ['orderId the field stands twice in the same object; send it once'],
  },
  {
    what: 'duplicate key, spelled differently',
    topic: 'cell',
    payload: '{"requestId":"R","command":"hold","comm\\u0061nd":"start"}',
    told: ['command the field stands twice in the same object; send it once'],
  },
  {
    what: 'duplicate key further in',
    topic: 'orders',
    payload: '{"requestId":"R","orderId":"O1","lines":[{"lineId":"1","sku":"A","sku":"B","quantity":1}]}',
    told: ['sku the field stands twice in the same object; send it once'],
  },
  {
    what: 'a list',
    topic: 'orders',
    payload: json([order]),
    told: ['the payload is a list; send a JSON object'],
  },
  { what: 'null', topic: 'cancel', payload: 'null', told: ['the payload is null; send a JSON object'] },
  { what: 'a number', topic: 'cell', payload: '5', told: ['the payload is a number; send a JSON object'] },
  {
    what: 'no request id',
    topic: 'orders',
    payload: json({ orderId: 'O1', lines: [line] }),
    told: ['requestId is missing; add it: a text'],
  },
  {
    what: 'a request id that would leave its topic',
    topic: 'cancel',
    payload: json({ requestId: '../+/#', orderId: 'O1' }),
    told: [
      'requestId has characters that are not allowed; use letters, digits, space and _ . : @ - only, beginning with a letter or digit (got "../+/#")',
    ],
  },
  {
    what: 'missing fields',
    topic: 'orders',
    payload: json({ requestId: 'R' }),
    requestId: 'R',
    told: ['orderId is missing; add it: a text', 'lines is missing; add it: a list'],
  },
  {
    what: 'unknown field',
    topic: 'orders',
    payload: json({ ...order, prio: 3 }),
    requestId: 'R',
    told: ['prio is not a field of this request; remove it, or correct its spelling (got 3)'],
  },
  {
    what: 'unknown field in a line',
    topic: 'orders',
    payload: json({ ...order, lines: [{ ...line, qty: 2 }] }),
    requestId: 'R',
    told: ['lines[0].qty is not a field of this request; remove it, or correct its spelling (got 2)'],
  },
  {
    what: 'wrong type',
    topic: 'orders',
    payload: json({ ...order, lines: [{ ...line, quantity: '3' }] }),
    requestId: 'R',
    told: ['lines[0].quantity must be a number, is a text; give a number (got "3")'],
  },
  {
    what: 'a fraction of a unit',
    topic: 'returns',
    payload: json({ requestId: 'R', returnId: 'T1', sku: 'A', quantity: 1.5 }),
    requestId: 'R',
    told: ['quantity must be a whole number, is a fraction; give a whole number (got 1.5)'],
  },
  {
    what: 'out of range, below',
    topic: 'stow',
    payload: json({ requestId: 'R', stowId: 'S1', containerId: 'C1', sku: 'A', quantity: 0 }),
    requestId: 'R',
    told: ['quantity is too small; give at least 1 (got 0)'],
  },
  {
    what: 'out of range, above',
    topic: 'orders',
    payload: json({ ...order, priority: 101 }),
    requestId: 'R',
    told: ['priority is too large; give at most 100 (got 101)'],
  },
  {
    what: 'a number beyond all numbers',
    topic: 'orders',
    payload: '{"requestId":"R","orderId":"O1","priority":1e999,"lines":[]}',
    told: ['priority is larger than any number can be; give a finite number'],
  },
  {
    what: 'no lines',
    topic: 'orders',
    payload: json({ ...order, lines: [] }),
    requestId: 'R',
    told: ['lines is too small; give at least 1 entry (got [])'],
  },
  {
    what: 'two lines with one id',
    topic: 'orders',
    payload: json({ ...order, lines: [line, line] }),
    requestId: 'R',
    told: [
      'lines two lines have the same lineId; correct it; docs/asyncapi.json has the exact form (got [{"lineId":"L1","sku":"A","quantity":1},{"lineId":"L1","sku":"A","quantity":1}])',
    ],
  },
  {
    what: 'a date without an offset',
    topic: 'orders',
    payload: json({ ...order, shipBy: '2026-03-01 16:30' }),
    requestId: 'R',
    told: [
      'shipBy is not an instant in ISO 8601; give date, time and offset, e.g. "2026-03-01T16:30:00Z" (got "2026-03-01 16:30")',
    ],
  },
  {
    what: 'an id that is too long',
    topic: 'cancel',
    payload: json({ requestId: 'R', orderId: 'x'.repeat(129) }),
    requestId: 'R',
    told: [`orderId is too long; give at most 128 characters (got "${'x'.repeat(78)}…)`],
  },
  {
    what: 'an empty id',
    topic: 'consolidate',
    payload: json({
      requestId: 'R',
      consolidateId: '',
      fromContainerId: 'A',
      toContainerId: 'B',
      sku: 'C',
      quantity: 1,
    }),
    requestId: 'R',
    told: [
      'consolidateId is too short; give at least 1 character (got "")',
      'consolidateId has characters that are not allowed; use letters, digits, space and _ . : @ - only, beginning with a letter or digit (got "")',
    ],
  },
  {
    what: 'an unknown action',
    topic: 'task',
    payload: json({ requestId: 'R', action: 'finish', taskId: 'T1' }),
    requestId: 'R',
    told: ['action is none of the known values; give one of "cancel", "retry", "resolve" (got "finish")'],
  },
  {
    what: 'an unknown resolution',
    topic: 'task',
    payload: json({ requestId: 'R', action: 'resolve', taskId: 'T1', resolution: 'ignore' }),
    requestId: 'R',
    told: [
      'resolution is none of the known values; give one of "retry", "done-by-hand", "not-done", "give-up" (got "ignore")',
    ],
  },
  {
    what: 'an unknown cell command',
    topic: 'cell',
    payload: json({ requestId: 'R', command: 'go' }),
    requestId: 'R',
    told: [
      'command is none of the known values; give one of "reset", "start", "stop", "hold", "unhold", "suspend", "unsuspend", "abort", "clear", "complete" (got "go")',
    ],
  },
  {
    what: 'several things at once',
    topic: 'stow',
    payload: json({ stowId: 'S1', containerId: 7, sku: 'A', quantity: -1, note: 'x' }),
    told: [
      'requestId is missing; add it: a text',
      'containerId must be a text, is a number; give a text (got 7)',
      'quantity is too small; give at least 1 (got -1)',
      'note is not a field of this request; remove it, or correct its spelling (got "x")',
    ],
  },
  {
    what: 'a topic that does not exist',
    topic: 'order',
    payload: json(order),
    told: ['there is no intake "order"; use one of orders, cancel, returns, stow, consolidate, task, cell'],
  },
];
