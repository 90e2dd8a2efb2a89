import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CELL_COMMANDS, CELL_STATES } from '../../../controller/domain/packml.ts';
import { CellCommands } from '../../../protocols/sparkplug/cell-commands.ts';
import { cellMetrics, COMMAND_METRICS } from '../../../protocols/sparkplug/cell-metrics.ts';
import { CellNode } from '../../../protocols/sparkplug/cell-node.ts';
import { HostDriver } from '../../../protocols/sparkplug/host-driver.ts';
import { describeWithBrokers, until } from '../mqtt/brokers.ts';
import type { TestBroker } from '../mqtt/brokers.ts';
import { SmallDesk } from '../mqtt/small-desk.ts';
import type { CellView } from '../../../controller/operations/view.ts';

const ARM: CellView['arms'][number] = {
  id: 'arm-1',
  mode: 'idle',
  doing: 'nothing to do',
  taskId: null,
  zones: [],
  holding: false,
  itemSizeM: null,
  unitsDone: 3,
  spentS: { working: 0, waiting: 0, starved: 0, excepted: 0, faulted: 0, held: 0 },
  waitingForS: {},
};

/** A desk with an arm, an alarm and a place. */
class CellDesk extends SmallDesk {
  arm = ARM;

  override view(): CellView {
    return {
      ...super.view(),
      arms: [this.arm],
      places: [
        {
          id: 'bin-1',
          kind: 'bin',
          containerId: 'C7',
          orderId: null,
          exchanging: false,
          units: 5,
          stackHeightsM: [],
        },
      ],
      alarms: [{ code: 'arm-lost', message: 'arm-1 is not heard', sinceS: 1 }],
    };
  }
}

describe('the cell’s metrics', () => {
  it('number the states as PackML, or as the line does, with the word beside it', () => {
    const desk = new CellDesk();
    const of = (name: string, numbers = {}): unknown =>
      cellMetrics(['bin-1'], numbers)
        .find((metric) => metric.name === name)!
        .of(desk.view());
    const numbers = CELL_STATES.map((state) => {
      desk.state = state;
      expect(of('Status/StateCurrentStr')).toBe(state.toUpperCase());
      return of('Status/StateCurrent');
    });
    expect([...numbers].sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 17 }, (_, index) => index + 1),
    );
    desk.state = 'idle';
    expect(of('Status/StateCurrent')).toBe(4);
    expect(of('Status/StateCurrent', { idle: 1, clearing: 4 })).toBe(1);
    expect(of('Admin/StopReason')).toBeNull();
    desk.state = 'held';
    expect(of('Admin/StopReason')).toBe('arm-lost');
    expect(of('Places/bin-1/Units')).toBe(5n);
  });

  it('have names of their own', () => {
    const names = [...cellMetrics(['bin-1'], {}), ...COMMAND_METRICS].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

const RECEIVER = () => ({ epoch: 3, nowS: 100 });

describe('commands of hosts', () => {
  const request = (command: string, requestId: string | null = null): unknown => ({
    kind: 'request',
    requestId,
    request: { kind: 'cell', body: { command } },
  });

  it('are PackML’s numbers, when their change is requested', () => {
    for (const [index, command] of CELL_COMMANDS.entries()) {
      const commands = new CellCommands();
      expect(commands.take([{ name: 'Command/CntrlCmd', value: index + 1 }], RECEIVER)).toEqual([]);
      expect(commands.take([{ name: 'Command/CmdChangeRequest', value: false }], RECEIVER)).toEqual([]);
      expect(commands.take([{ name: 'Command/CmdChangeRequest', value: true }], RECEIVER)).toEqual([
        request(command),
      ]);
    }
  });

  it('may have their number, change and id in one message', () => {
    const written = [
      { name: 'Command/CmdChangeRequest', value: true },
      { name: 'Command/RequestId', value: 'r-1' },
      { name: 'Command/CntrlCmd', value: 4 },
    ];
    expect(new CellCommands().take(written, RECEIVER)).toEqual([request('hold', 'r-1')]);
  });

  it('may be the standard’s names', () => {
    for (const command of CELL_COMMANDS) {
      const name = `Command/${command[0]!.toUpperCase()}${command.slice(1)}`;
      expect(new CellCommands().take([{ name, value: true }], RECEIVER)).toEqual([request(command)]);
      expect(new CellCommands().take([{ name, value: false }], RECEIVER)).toEqual([]);
    }
  });

  it('may be requests in JSON', () => {
    const json = JSON.stringify({
      requestId: 'r-2',
      orderId: 'O1',
      lines: [{ lineId: '1', sku: 'A', quantity: 2 }],
    });
    expect(new CellCommands().take([{ name: 'Intake/orders', value: json }], RECEIVER)).toMatchObject([
      { kind: 'request', requestId: 'r-2', request: { kind: 'order', body: { orderId: 'O1' } } },
    ]);
  });

  it.each<readonly [string, readonly (readonly [string, string | number | boolean])[], string, RegExp]>([
    [
      'a number that is no command',
      [
        ['Command/CntrlCmd', 11],
        ['Command/CmdChangeRequest', true],
      ],
      'unknown-command',
      /is 11; write one of 1 reset/,
    ],
    ['no number at all', [['Command/CmdChangeRequest', true]], 'unknown-command', /is 0/],
    [
      'another mode',
      [
        ['Command/UnitMode', 2],
        ['Command/UnitModeChangeRequest', true],
      ],
      'mode-not-supported',
      /is 2/,
    ],
    ['an order without lines', [['Intake/orders', '{"requestId":"r","orderId":"O"}']], 'malformed', /lines/],
    [
      'a request for another controller',
      [['Intake/cell', '{"requestId":"r","command":"start","epoch":2}']],
      'stale-epoch',
      /epoch 2, this is 3/,
    ],
    [
      'a request that has expired',
      [['Intake/cell', '{"requestId":"r","command":"start","echoS":90,"validForS":5}']],
      'expired',
      /10\.000 s old/,
    ],
    ['no JSON', [['Intake/orders', 'order please']], 'malformed', /not JSON/],
    [
      'an id with a slash',
      [
        ['Command/RequestId', 'a/b'],
        ['Command/Start', true],
      ],
      'malformed',
      /RequestId/,
    ],
    [
      'two under one id',
      [
        ['Command/RequestId', 'a'],
        ['Command/Start', true],
        ['Command/Hold', true],
      ],
      'malformed',
      /one by one/,
    ],
  ])('%s is answered with a refusal', (_what, written, code, detail) => {
    const demands = new CellCommands().take(
      written.map(([name, value]) => ({ name, value })),
      RECEIVER,
    );
    expect(demands).toMatchObject([{ kind: 'answer', result: { status: 'refused', code } }]);
    const [answer] = demands;
    expect(answer!.kind === 'answer' && answer!.result.detail).toMatch(detail);
  });

  it('for the only mode that there is are accepted', () => {
    const written = [
      { name: 'Command/UnitMode', value: 1 },
      { name: 'Command/UnitModeChangeRequest', value: true },
    ];
    expect(new CellCommands().take(written, RECEIVER)).toMatchObject([{ result: { status: 'accepted' } }]);
  });
});

describeWithBrokers('the cell as an edge node', (make) => {
  let broker: TestBroker;
  let desk: CellDesk;
  let node: CellNode;
  let host: HostDriver;

  beforeEach(async () => {
    broker = await make();
    await broker.start();
    desk = new CellDesk();
    node = new CellNode({
      id: { groupId: 'G', edgeNodeId: 'cell' },
      servers: [{ url: broker.url }],
      primaryHostId: null,
      historyMax: 100,
      cell: 'test',
      placeIds: ['bin-1'],
      service: desk,
      stateNumbers: {},
      nowMs: Date.now,
      onRefused: (_topic, { detail }) => expect.unreachable(detail),
    });
    host = new HostDriver({
      hostId: 'H',
      groups: ['G'],
      reorderMs: 500,
      expected: [{ groupId: 'G', edgeNodeId: 'cell' }],
      servers: [{ url: broker.url }],
      clientId: 'test-host',
      nowMs: Date.now,
      nowUs: () => Math.round(performance.now() * 1_000),
      onRefused: () => undefined,
    });
    host.open();
    node.open();
    await until(() => read('Status/StateCurrentStr')?.value === 'EXECUTE', 'the cell was born');
  });

  afterEach(async () => {
    await Promise.all([node.close(), host.close()]);
    await broker.stop();
  });

  function read(metric: string, device: string | null = null): ReturnType<HostDriver['read']> {
    return host.read({ group: 'G', edge: 'cell', device, metric });
  }

  function write(metric: string, value: string | number | boolean): void {
    host.write({ group: 'G', edge: 'cell', device: null, metric }, value);
  }

  it('shows its state, its figures, its places and its arms', async () => {
    expect(read('Status/StateCurrent')).toMatchObject({ value: 6, isStale: false });
    expect(read('Status/Because')?.value).toBe('orders are waiting');
    expect(read('Places/bin-1/ContainerId')?.value).toBe('C7');
    await until(() => read('UnitsDone', 'arm-1')?.value === 3n, 'the arm was born');
    desk.state = 'held';
    desk.arm = { ...ARM, mode: 'held', unitsDone: 4 };
    await until(
      () => read('Status/StateCurrent')?.value === 11 && read('Mode', 'arm-1')?.value === 'held',
      'it changed',
    );
    expect(read('UnitsDone', 'arm-1')?.value).toBe(4n);
  });

  it('an arm that is not heard is a device that died', async () => {
    await until(() => read('Mode', 'arm-1')?.isStale === false, 'the arm was born');
    desk.arm = { ...ARM, mode: 'offline' };
    await until(() => read('Mode', 'arm-1')?.isStale === true, 'it died');
    desk.arm = ARM;
    await until(() => read('Mode', 'arm-1')?.isStale === false, 'it is back');
  });

  it('takes commands the way of all requests, and says what became of them', async () => {
    write('Command/CntrlCmd', 4);
    write('Command/CmdChangeRequest', true);
    await until(() => read('Result/Status')?.value === 'accepted', 'it was accepted');
    expect([...desk.journal.values()]).toEqual([{ kind: 'cell', body: { command: 'hold' } }]);
    expect(read('Result/RequestId')?.value).toMatch(/^sparkplug-/);
    const order = { requestId: 'r-9', orderId: 'O9', lines: [{ lineId: '1', sku: 'A', quantity: 1 }] };
    write('Intake/orders', JSON.stringify(order));
    await until(() => read('Result/RequestId')?.value === 'r-9', 'the order was answered');
    write('Intake/orders', JSON.stringify(order));
    await until(() => read('Result/Status')?.value === 'duplicate', 'the repeat was told from it');
    expect(desk.journal.size).toBe(2);
    write('Command/CntrlCmd', 77);
    write('Command/CmdChangeRequest', true);
    await until(() => read('Result/Code')?.value === 'unknown-command', 'it was refused');
  });
});
