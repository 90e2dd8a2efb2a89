import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { CellModel } from '../../../controller/domain/cell.ts';
import { CellLayout } from '../../../protocols/http/interface/layout.ts';
import { describeCell } from '../../../protocols/http/layout.ts';
import { createHttpServer } from '../../../protocols/http/server.ts';
import { SMALL_LAYOUT, SMALL_URDF, startServer } from './http-fixture.ts';
import type { Running } from './http-fixture.ts';
import { RefusedMessages } from '../../../protocols/mqtt/refused-messages.ts';
import { SmallService } from './small-service.ts';
import { exampleException } from '../../controller/operations/example-exception.ts';

const open: Running[] = [];
const start = async (...given: Parameters<typeof startServer>): Promise<Running> => {
  const running = await startServer(...given);
  open.push(running);
  return running;
};
afterEach(async () => {
  for (const running of open.splice(0)) await running.close();
});

const ORDER = { orderId: 'o-1', lines: [{ lineId: '1', sku: 'A', quantity: 2 }] };
const TOKEN = 'a-token-of-this-test-only';

function post(running: Running, path: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(running.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function json(response: Response | Promise<Response>): Promise<Record<string, unknown>> {
  return (await (await response).json()) as Record<string, unknown>;
}

describe('intake', () => {
  test('an order is answered with 202, its address, and reaches the controller with its defaults', async () => {
    const running = await start();
    const response = await post(running, '/api/v1/orders', ORDER, { 'idempotency-key': 'k1' });
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe('/api/v1/orders/o-1');
    expect(await response.json()).toMatchObject({ status: 'accepted', requestId: 'order:k1' });
    expect(running.service.received).toEqual([
      {
        request: { kind: 'order', body: { ...ORDER, priority: 50, shipBy: null } },
        requestId: 'order:k1',
        source: 'http',
      },
    ]);
    expect(await json(fetch(`${running.url}/api/v1/orders/o-1`))).toMatchObject({
      id: 'o-1',
      status: 'waiting',
    });
  });

  test('a repeat with the same key is a duplicate; the same key for another kind is not', async () => {
    const running = await start();
    const key = { 'idempotency-key': 'k1' };
    await post(running, '/api/v1/orders', ORDER, key);
    const again = await post(running, '/api/v1/orders', ORDER, key);
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ status: 'duplicate' });
    const cancel = await post(running, '/api/v1/cancel', { orderId: 'o-1' }, key);
    expect(cancel.status).toBe(202);
    expect(running.service.received.map(({ requestId }) => requestId)).toEqual(['order:k1', 'cancel:k1']);
  });

  test('without a key every request has its own', async () => {
    const running = await start();
    await post(running, '/api/v1/returns', { returnId: 'r1', sku: 'A', quantity: 1 });
    await post(running, '/api/v1/returns', { returnId: 'r2', sku: 'A', quantity: 1 });
    expect(new Set(running.service.received.map(({ requestId }) => requestId)).size).toBe(2);
  });

  test('every kind of request arrives as what it is', async () => {
    const running = await start();
    await post(running, '/api/v1/stow', { stowId: 's', containerId: 'c', sku: 'A', quantity: 1 });
    await post(running, '/api/v1/consolidate', {
      consolidateId: 'c',
      fromContainerId: 'a',
      toContainerId: 'b',
      sku: 'A',
      quantity: 1,
    });
    await post(running, '/api/v1/tasks/T-1/commands', { action: 'resolve', resolution: 'retry' });
    await post(running, '/api/v1/cell/commands', { command: 'hold' }, { 'magpie-client': 'console' });
    await post(running, '/api/v1/cell/commands', { command: 'unhold' }, { 'magpie-client': 'cli' });
    expect(running.service.received.map(({ request, source }) => [request, source])).toEqual([
      [{ kind: 'stow', body: { stowId: 's', containerId: 'c', sku: 'A', quantity: 1 } }, 'http'],
      [
        {
          kind: 'consolidate',
          body: { consolidateId: 'c', fromContainerId: 'a', toContainerId: 'b', sku: 'A', quantity: 1 },
        },
        'http',
      ],
      [
        {
          kind: 'task',
          body: { action: 'resolve', taskId: 'T-1', resolution: 'retry', by: 'operator' },
        },
        'http',
      ],
      [{ kind: 'cell', body: { command: 'hold' } }, 'operator'],
      [{ kind: 'cell', body: { command: 'unhold' } }, 'cli'],
    ]);
  });

  test.each(['busy', 'shutting-down'])('%s is 503 with the key to try again with', async (code) => {
    const running = await start();
    running.service.answer = { status: 'refused', code, detail: 'the queue is full' };
    const response = await post(running, '/api/v1/orders', ORDER, { 'idempotency-key': 'k7' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    const problem = (await response.json()) as { remedy: string };
    expect(problem).toMatchObject({ code });
    expect(problem.remedy).toContain('k7');
  });
});

describe('looking', () => {
  test('the status has the commands that the state allows', async () => {
    const running = await start();
    expect(await json(fetch(`${running.url}/api/v1/status`))).toMatchObject({
      cell: 'test-cell',
      state: 'execute',
      commands: ['stop', 'hold', 'suspend', 'abort', 'complete'],
    });
    running.service.current.state = 'held';
    expect((await json(fetch(`${running.url}/api/v1/status`)))['commands']).toContain('unhold');
  });

  test('a status carries the first exceptions and the number of all', async () => {
    const running = await start();
    running.service.current.exceptions = Array.from({ length: 250 }, (_, index) =>
      exampleException({ taskId: `t${index}` }),
    );
    const status = await json(fetch(`${running.url}/api/v1/status`));
    expect(status['exceptions']).toHaveLength(200);
    expect(status['exceptionsTotal']).toBe(250);
  });

  test('tasks can be filtered and bounded', async () => {
    const running = await start();
    for (const [id, state] of [
      ['t1', 'carrying'],
      ['t2', 'excepted'],
      ['t3', 'carrying'],
    ] as const) {
      running.service.addTask({
        id,
        kind: 'pick',
        state,
        sku: 'A',
        orderId: null,
        lineId: null,
        armId: null,
        from: null,
        to: null,
        attempts: 1,
        because: 'test',
      });
    }
    const ids = async (query: string) =>
      ((await (await fetch(`${running.url}/api/v1/tasks${query}`)).json()) as { id: string }[]).map(
        ({ id }) => id,
      );
    expect(await ids('')).toEqual(['t1', 't2', 't3']);
    expect(await ids('?state=carrying')).toEqual(['t1', 't3']);
    expect(await ids('?state=carrying&limit=1')).toEqual(['t1']);
    expect(await json(fetch(`${running.url}/api/v1/tasks/t2`))).toMatchObject({ state: 'excepted' });
  });

  test('the layout and the robots it names', async () => {
    const running = await start();
    expect(await json(fetch(`${running.url}/api/v1/cell`))).toEqual(SMALL_LAYOUT);
    const urdf = await fetch(`${running.url}/api/v1/manipulators/small.urdf`);
    expect(urdf.headers.get('content-type')).toContain('application/xml');
    expect(await urdf.text()).toBe(SMALL_URDF);
  });

  test('a cell model is described in full, and as the interface says', () => {
    const pose = { positionM: [0, 0, 1], quaternionXyzw: [0, 0, 0, 1] } as const;
    const limits = { lower: -1, upper: 2, velocityMax: 1, accelerationMax: 1, jerkMax: 1 };
    const layout = describeCell({
      name: 'c',
      clearanceM: 0.03,
      arms: [
        {
          id: 'A',
          X_WB: pose,
          park: [0.5],
          manipulator: {
            name: 'm',
            joints: [{ name: 'j', kind: 'revolute', X_PJ: pose, axis: [0, 0, 1], limits }],
            X_JF: pose,
            capsules: [{ link: 'l', joint: 0, p: [0, 0, 0], q: [0, 0, 1], radiusM: 0.1 }],
            tool: {
              name: 't',
              kind: 'suction',
              X_FT: pose,
              capsules: [{ p: [0, 0, 0], q: [0, 0, 0.1], radiusM: 0.02 }],
              massKg: 1,
              payloadMaxKg: 2,
            },
            selfPairs: [],
            namedStates: {},
          },
        },
      ],
      places: SMALL_LAYOUT.places,
      obstacles: SMALL_LAYOUT.obstacles,
      zones: SMALL_LAYOUT.zones,
    } as unknown as CellModel);
    expect(CellLayout.parse(layout)).toEqual(layout);
    expect(layout.arms[0]).toMatchObject({
      manipulator: 'm',
      park: [0.5],
      joints: [{ name: 'j', lower: -1, upper: 2 }],
    });
  });
});

describe('operations', () => {
  test('health says that the process lives; readiness gives the reasons', async () => {
    const running = await start();
    running.service.ready = { ready: false, reasons: ['arm A2 has not been heard from', 'no inventory yet'] };
    expect((await fetch(`${running.url}/health`)).status).toBe(200);
    const response = await fetch(`${running.url}/ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: 'not-ready',
      reasons: ['arm A2 has not been heard from', 'no inventory yet'],
    });
    running.service.ready = { ready: true, reasons: [] };
    expect((await fetch(`${running.url}/ready`)).status).toBe(200);
  });

  test('metrics follow the service', async () => {
    const running = await start();
    const first = running.service.current.arms[0];
    if (first === undefined) throw new Error('no arm');
    running.service.current.arms = [
      { ...first, mode: 'faulted', spentS: { ...first.spentS, waiting: 12.5 }, waitingForS: { A2: 12.5 } },
    ];
    running.service.current.exceptions = [exampleException({ taskId: 't' })];
    const read = async () => (await fetch(`${running.url}/metrics`)).text();
    const text = await read();
    for (const line of [
      'magpie_ticks_total 1000',
      'magpie_step_seconds_total 0.5',
      'magpie_tick_overruns_total 2',
      'magpie_journal_commits_total 77',
      'magpie_plans_total 12',
      'magpie_ready 1',
      'magpie_cell_state{state="execute"} 1',
      'magpie_cell_state{state="held"} 0',
      'magpie_units_done_total 42',
      'magpie_order_lines{state="fulfilled"} 0',
      'magpie_open_exceptions{kind="dropped"} 1',
      'magpie_arm_mode{arm="A1",mode="faulted"} 1',
      'magpie_arm_seconds_total{arm="A1",spent="waiting"} 12.5',
      'magpie_arm_waiting_seconds_total{arm="A1",holder="A2"} 12.5',
      'magpie_monitor_stops_total 1',
      'magpie_monitor_predicted_separation_min_meters 0.035',
    ]) {
      expect(text).toContain(`\n${line}\n`);
    }
    expect(text).toContain('process_cpu_seconds_total');
    running.service.current.exceptions = [];
    running.service.current.units = { done: 43, perHour: 1 };
    const later = await read();
    expect(later).not.toContain('kind="dropped"');
    expect(later).toContain('\nmagpie_units_done_total 43\n');
  });
});

test('metrics say what became of messages over MQTT', async () => {
  const refused = new RefusedMessages();
  for (const reason of ['retained', 'retained', 'not-utf8'] as const) refused.add('intake/orders', reason);
  const running = await startServer({
    messages: () => ({ refused: refused.counts(), waiting: 3, dropped: 1 }),
  });
  const text = await (await fetch(`${running.url}/metrics`)).text();
  for (const line of [
    'magpie_mqtt_refused_total{topic="intake/orders",reason="retained"} 2',
    'magpie_mqtt_refused_total{topic="intake/orders",reason="not-utf8"} 1',
    'magpie_mqtt_outbox 3',
    'magpie_mqtt_outbox_dropped_total 1',
  ]) {
    expect(text).toContain(`\n${line}\n`);
  }
  await running.close();
});

describe('who may ask', () => {
  test('with a token everything but /health and the files of the page asks for it', async () => {
    const running = await start({ token: TOKEN });
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(running.url + path, { headers })).status;
    expect(await status('/health')).toBe(200);
    expect(await status('/')).toBe(404);
    for (const path of ['/api/v1/status', '/api/v1/live', '/api/v1/openapi.json', '/ready', '/metrics']) {
      expect([path, await status(path)]).toEqual([path, 401]);
    }
    const bearer = { authorization: `Bearer ${TOKEN}` };
    for (const path of ['/api/v1/status', '/api/v1/openapi.json', '/ready', '/metrics']) {
      expect([path, await status(path, bearer)]).toEqual([path, 200]);
    }
    const refused = await post(running, '/api/v1/orders', ORDER, { authorization: 'Bearer wrong' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('Bearer');
    expect(await refused.json()).toMatchObject({ code: 'token-wrong' });
    expect(running.service.received).toEqual([]);
  });

  test('guessing tokens is slowed down, the right one still works elsewhere', async () => {
    const running = await start({ token: TOKEN });
    const codes: number[] = [];
    for (let attempt = 0; attempt < 24; attempt += 1) {
      const response = await fetch(`${running.url}/api/v1/status`, {
        headers: { authorization: `Bearer ${attempt}` },
      });
      codes.push(response.status);
    }
    expect(codes.slice(0, 20).every((code) => code === 401)).toBe(true);
    expect(codes.slice(21).every((code) => code === 429)).toBe(true);
  });

  test('our own page may command, also behind a proxy that speaks TLS', async () => {
    const running = await start();
    for (const origin of [running.url, running.url.replace('http:', 'https:')]) {
      const response = await post(
        running,
        '/api/v1/orders',
        { ...ORDER, orderId: `o${origin.length}` },
        { origin },
      );
      expect(response.status).toBe(202);
    }
  });

  test('answers carry a policy that lets the page run and nothing else in', async () => {
    const running = await start();
    const { headers } = await fetch(`${running.url}/health`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    [{ host: '0.0.0.0', token: null }, 'token-required', 'MAGPIE_HTTP_TOKEN'],
    [{ host: '127.0.0.1', token: 'short' }, 'token-too-short', 'openssl rand'],
    [{ host: '203.0.113.9', token: TOKEN }, 'address-unknown', 'http.host'],
  ] as const)('%o is not listened on', async (options, code, remedy) => {
    const server = await createHttpServer({
      service: new SmallService(['A1'], 2),
      layout: SMALL_LAYOUT,
      descriptions: new Map(),
      port: 0,
      hostNames: [],
      consoleDirectory: null,
      logger: pino({ level: 'silent' }),
      settingNames: { host: 'http.host', port: 'http.port', token: 'MAGPIE_HTTP_TOKEN' },
      ...options,
    });
    const result = await server.listen();
    await server.close();
    expect(result).toMatchObject({ status: 'failed', code });
    if (result.status === 'failed') expect(result.remedy).toContain(remedy);
  });

  test('a port in use names the port and who should change what', async () => {
    const first = await start();
    const second = await createHttpServer({
      service: new SmallService(['A1'], 2),
      layout: SMALL_LAYOUT,
      descriptions: new Map(),
      host: '127.0.0.1',
      port: first.port,
      token: null,
      hostNames: [],
      consoleDirectory: null,
      logger: pino({ level: 'silent' }),
      settingNames: { host: 'http.host', port: 'http.port', token: 'MAGPIE_HTTP_TOKEN' },
    });
    const result = await second.listen();
    await second.close();
    expect(result).toMatchObject({ status: 'failed', code: 'port-in-use' });
    if (result.status !== 'failed') return;
    expect(result.detail).toContain(String(first.port));
    expect(result.remedy).toContain('http.port');
  });
});
