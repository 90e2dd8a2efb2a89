import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Problem } from '../../../protocols/http/interface/problem.ts';
import { startServer } from './http-fixture.ts';
import type { Running } from './http-fixture.ts';

/** What is wrong, and what the person who sent it has to read to set it right. */
interface BadRequest {
  readonly what: string;
  readonly path: string;
  readonly body?: unknown;
  readonly text?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
  /** `field|part of the detail|part of the remedy`, one for each fault. */
  readonly faults?: readonly string[];
  readonly detail?: string;
  readonly remedy?: string;
}

const LINE = { lineId: '1', sku: 'A', quantity: 1 };
const ORDER = { orderId: 'o', lines: [LINE] };
const ORDERS = '/api/v1/orders';
const TASK = '/api/v1/tasks/t1/commands';
const CELL = '/api/v1/cell/commands';
const invalid = (what: string, path: string, body: unknown, ...faults: string[]): BadRequest => ({
  what,
  path,
  body,
  status: 400,
  code: 'invalid-request',
  faults,
});

const BAD: readonly BadRequest[] = [
  invalid('no order id', ORDERS, { lines: [LINE] }, 'orderId|is missing|a text'),
  invalid('an empty order id', ORDERS, { ...ORDER, orderId: '' }, 'orderId|too short|at least 1 character', 'orderId|characters|letters, digits'),
  invalid('a slash in an order id', ORDERS, { ...ORDER, orderId: 'a/b' }, 'orderId|characters that are not allowed|letters, digits, space'),
  invalid('a topic wildcard in an order id', ORDERS, { ...ORDER, orderId: 'a+#' }, 'orderId|not allowed|letters, digits'),
  invalid('an order id of 200 characters', ORDERS, { ...ORDER, orderId: 'x'.repeat(200) }, 'orderId|too long|at most 128 characters'),
  invalid('a number for an order id', ORDERS, { ...ORDER, orderId: 7 }, 'orderId|must be a text, is a number|give a text'),
  invalid('no lines', ORDERS, { orderId: 'o', lines: [] }, 'lines|too small|at least 1 entry'),
  invalid('lines that are an object', ORDERS, { orderId: 'o', lines: {} }, 'lines|must be a list, is an object|give a list'),
  invalid('2001 lines', ORDERS, { orderId: 'o', lines: Array.from({ length: 2001 }, (_, i) => ({ ...LINE, lineId: `${i}` })) }, 'lines|too large|at most 2000 entries'),
  invalid('two lines with one id', ORDERS, { orderId: 'o', lines: [LINE, LINE] }, 'lines|two lines have the same lineId|'),
  invalid('quantity 0', ORDERS, { orderId: 'o', lines: [{ ...LINE, quantity: 0 }] }, 'lines[0].quantity|too small|at least 1'),
  invalid('a negative quantity', ORDERS, { orderId: 'o', lines: [{ ...LINE, quantity: -3 }] }, 'lines[0].quantity|too small|at least 1'),
  invalid('half a unit', ORDERS, { orderId: 'o', lines: [{ ...LINE, quantity: 1.5 }] }, 'lines[0].quantity|whole number|give a whole number'),
  invalid('a quantity as text', ORDERS, { orderId: 'o', lines: [{ ...LINE, quantity: '3' }] }, 'lines[0].quantity|is a text|number'),
  invalid('a quantity of a million', ORDERS, { orderId: 'o', lines: [{ ...LINE, quantity: 1_000_000 }] }, 'lines[0].quantity|too large|at most 100000'),
  invalid('a misspelt field', ORDERS, { ...ORDER, prioritiy: 3 }, 'prioritiy|not a field|correct its spelling'),
  invalid('a priority above 100', ORDERS, { ...ORDER, priority: 101 }, 'priority|too large|at most 100'),
  invalid('a date without time', ORDERS, { ...ORDER, shipBy: '2026-03-01' }, 'shipBy|ISO 8601|2026-03-01T16:30:00Z'),
  invalid('a date without offset', ORDERS, { ...ORDER, shipBy: '2026-03-01T12:00:00' }, 'shipBy|ISO 8601|offset'),
  invalid('a list for a body', ORDERS, [ORDER], '|must be an object, is a list|give an object'),
  invalid('null for a body', ORDERS, null, '|must be an object, is null|give an object'),
  invalid('a text for a body', ORDERS, 'hello', '|must be an object, is a text|give an object'),
  invalid('several faults at once', ORDERS, { orderId: '/', lines: [{ sku: 'A', quantity: 0 }], colour: 1 },
    'orderId|not allowed|letters', 'lines[0].lineId|is missing|a text', 'lines[0].quantity|too small|at least 1', 'colour|not a field|remove it'), // prettier-ignore
  invalid('a cancellation without order', '/api/v1/cancel', { lineId: '1' }, 'orderId|is missing|a text'),
  invalid('a return of nothing', '/api/v1/returns', { returnId: 'r', sku: 'A', quantity: 0 }, 'quantity|too small|at least 1'),
  invalid('a stow without container', '/api/v1/stow', { stowId: 's', sku: 'A', quantity: 1 }, 'containerId|is missing|a text'),
  invalid('a consolidation to nowhere', '/api/v1/consolidate', { consolidateId: 'c', fromContainerId: 'a', toContainerId: '', sku: 'A', quantity: 1 }, 'toContainerId|too short|at least 1', 'toContainerId|not allowed|letters'),
  invalid('an unknown cell command', CELL, { command: 'go' }, 'command|none of the known values|"hold"'),
  invalid('a cell command in capitals', CELL, { command: 'HOLD' }, 'command|none of the known values|"hold"'),
  invalid('no cell command', CELL, {}, 'command|is missing|one of'),
  { what: 'a field twice', path: ORDERS, text: '{"orderId":"a","orderId":"b","lines":[]}', status: 400, code: 'invalid-json',
    detail: 'orderId (in the body): the field stands twice in the same object.', remedy: 'Send it once.' }, // prettier-ignore
  { what: 'a field twice, spelt in two ways', path: CELL, text: '{"command":"stop","comm\\u0061nd":"hold"}', status: 400, code: 'invalid-json',
    detail: 'command (in the body): the field stands twice', remedy: 'Send it once.' }, // prettier-ignore
  { what: 'a number beyond all numbers', path: ORDERS, text: '{"orderId":"a","lines":[{"lineId":"1","sku":"x","quantity":1e400}]}', status: 400, code: 'invalid-json',
    detail: 'quantity (in the body): is larger than any number can be.', remedy: 'Give a finite number.' }, // prettier-ignore
  { what: 'lists in lists without end', path: ORDERS, text: `${'['.repeat(50)}${']'.repeat(50)}`, status: 400, code: 'invalid-json',
    detail: 'The body nests deeper than 8 levels.', remedy: 'Send it flatter.' }, // prettier-ignore
  invalid('an unknown task action', TASK, { action: 'forget' }, 'action|none of the known values|"cancel", "retry", "resolve"'),
  invalid('a resolution without what', TASK, { action: 'resolve' }, 'resolution|is missing|"done-by-hand"'),
  invalid('an unknown resolution', TASK, { action: 'resolve', resolution: 'ok' }, 'resolution|none of the known|"give-up"'),
  invalid('a task id in path and body', TASK, { action: 'retry', taskId: 't1' }, 'taskId|not a field|remove it'),
  { what: 'a task state that is none', path: '/api/v1/tasks?state=dancing', status: 400, code: 'invalid-request', faults: ['state|none of the known values|"inDoubt"'] },
  { what: 'a limit that is no number', path: '/api/v1/tasks?limit=many', status: 400, code: 'invalid-request', faults: ['limit|number|number'] },
  { what: 'a limit above the bound', path: '/api/v1/tasks?limit=100000', status: 400, code: 'invalid-request', faults: ['limit|too large|at most 1000'] },
  { what: 'an unknown filter', path: '/api/v1/tasks?arm=A1', status: 400, code: 'invalid-request', faults: ['arm|not a field|remove it'] },
  { what: 'a task id with a slash', path: '/api/v1/tasks/a%2Fb', status: 400, code: 'invalid-request', faults: ['taskId|not allowed|letters'] },
  { what: 'an idempotency key with spaces around', path: ORDERS, body: ORDER, headers: { 'idempotency-key': '!' }, status: 400, code: 'invalid-request', faults: ['idempotency-key|not allowed|letters'] },
  { what: 'an unknown client', path: ORDERS, body: ORDER, headers: { 'magpie-client': 'me' }, status: 400, code: 'invalid-request', faults: ['magpie-client|none of the known|"console"'] },
  { what: 'broken JSON', path: ORDERS, text: '{"orderId": "o"\n "lines": []}', status: 400, code: 'invalid-json', detail: 'line 2, column 2' },
  { what: 'an empty body', path: ORDERS, text: '', status: 400, code: 'invalid-json', detail: 'empty' },
  { what: 'half a body', path: ORDERS, text: '{"orderId": ', status: 400, code: 'invalid-json', detail: 'not JSON' },
  { what: 'a poisoned prototype', path: ORDERS, text: '{"__proto__": {"x": 1}}', status: 400, code: 'invalid-json', detail: '__proto__' },
  { what: 'form data', path: ORDERS, text: 'orderId=o', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415, code: 'unsupported-media-type', remedy: 'application/json' },
  { what: 'plain text', path: ORDERS, text: '{}', headers: { 'content-type': 'text/plain' }, status: 415, code: 'unsupported-media-type', remedy: 'application/json' },
  { what: 'two megabytes', path: ORDERS, text: JSON.stringify({ orderId: 'x'.repeat(2_000_000) }), status: 413, code: 'body-too-large', detail: '1048576' },
  { what: 'an address that does not exist', path: '/api/v2/orders', body: ORDER, status: 404, code: 'unknown-address', remedy: 'openapi.json' },
  { what: 'reading what can only be sent', path: ORDERS, method: 'GET', status: 405, code: 'method-not-allowed', remedy: 'Use POST' },
  { what: 'deleting the status', path: '/api/v1/status', method: 'DELETE', status: 405, code: 'method-not-allowed', remedy: 'Use GET' },
  { what: 'a task that does not exist', path: '/api/v1/tasks/t9', status: 404, code: 'unknown-task', detail: 't9' },
  { what: 'an order that does not exist', path: '/api/v1/orders/o9', status: 404, code: 'unknown-order', detail: 'o9' },
  { what: 'a manipulator that does not exist', path: '/api/v1/manipulators/none.urdf', status: 404, code: 'unknown-manipulator', detail: 'none' },
  { what: 'a way out of the directory', path: '/api/v1/manipulators/..%2F..%2Fetc%2Fpasswd', status: 404, code: 'unknown-manipulator' },
  { what: 'resolving a task that does not exist', path: TASK, body: { action: 'retry' }, status: 404, code: 'unknown-task', detail: 't1' },
  { what: 'cancelling an order that does not exist', path: '/api/v1/cancel', body: { orderId: 'o9' }, status: 404, code: 'unknown-order', detail: 'o9' },
  { what: 'a command that the state does not allow', path: CELL, body: { command: 'unhold' }, status: 409, code: 'not-in-this-state', detail: 'execute' },
  { what: 'a page of another origin', path: CELL, body: { command: 'hold' }, headers: { origin: 'https://other.example' }, status: 403, code: 'foreign-origin', detail: 'other.example' },
  { what: 'a page without an origin of its own', path: CELL, body: { command: 'hold' }, headers: { origin: 'null' }, status: 403, code: 'foreign-origin' },
  { what: 'a form on another site', path: CELL, body: { command: 'hold' }, headers: { 'sec-fetch-site': 'cross-site' }, status: 403, code: 'foreign-origin' },
  { what: 'a foreign page that listens', path: '/api/v1/live', headers: { origin: 'https://other.example' }, status: 403, code: 'foreign-origin' },
]; // prettier-ignore

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());

describe('a bad request gets an answer that says what to change', () => {
  test.each(BAD)('$what', async (bad) => {
    const sends = bad.body !== undefined || bad.text !== undefined;
    const response = await fetch(running.url + bad.path, {
      method: bad.method ?? (sends ? 'POST' : 'GET'),
      headers: { ...(sends ? { 'content-type': 'application/json' } : {}), ...bad.headers },
      ...(sends ? { body: bad.text ?? JSON.stringify(bad.body) } : {}),
    });
    const problem = (await response.json()) as Problem;
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(response.status).toBe(bad.status);
    expect(problem).toMatchObject({ status: bad.status, code: bad.code, type: `urn:magpie:${bad.code}` });
    expect(problem.detail.length).toBeGreaterThan(10);
    expect(problem.remedy.length).toBeGreaterThan(5);
    if (bad.detail !== undefined) expect(problem.detail).toContain(bad.detail);
    if (bad.remedy !== undefined) expect(problem.remedy).toContain(bad.remedy);
    expect((problem.errors ?? []).map(({ field }) => field)).toEqual(
      (bad.faults ?? []).map((fault) => fault.split('|')[0]),
    );
    for (const [index, fault] of (bad.faults ?? []).entries()) {
      const [, detail = '', remedy = ''] = fault.split('|');
      expect(problem.errors?.[index]?.detail).toContain(detail);
      expect(problem.errors?.[index]?.remedy).toContain(remedy);
    }
  });

  test('nothing of all this has reached the controller, but for what it decides itself', () => {
    expect(running.service.received.map(({ request }) => request.kind).sort()).toEqual([
      'cancel',
      'cell',
      'task',
    ]);
  });

  test('more than fifty faults are counted, not listed', async () => {
    const lines = Array.from({ length: 120 }, (_, index) => ({ ...LINE, lineId: `${index}`, quantity: 0 }));
    const response = await fetch(running.url + ORDERS, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ orderId: 'o', lines }),
    });
    const problem = (await response.json()) as Problem;
    expect(problem.errors).toHaveLength(50);
    expect(problem.detail).toContain('119 more faults');
  });

  test('a name that is not ours is refused, as DNS rebinding would use it', async () => {
    const answer = await raw(
      running.port,
      'GET /api/v1/status HTTP/1.1\r\nHost: cell.attacker.example\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 421 /);
    expect(answer).toContain('"code":"unknown-host"');
    expect(answer).toContain('cell.attacker.example');
  });

  test('what is no HTTP gets an answer in the same form', async () => {
    const answer = await raw(running.port, '\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('no HTTP');
  });

  test('headers that are too large are named as such', async () => {
    const answer = await raw(
      running.port,
      `GET / HTTP/1.1\r\nHost: localhost\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
    expect(answer).toContain('headers-too-large');
  });
});

/** Sends bytes as they are and gives back all that comes until the other side closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (/\r\n\r\n\{.*\}$/s.test(answer)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
