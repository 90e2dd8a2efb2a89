import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IoEvent, IoRequest } from '../../../controller/ports.ts';
import { ControllerLink } from '../../../protocols/mqtt/controller-link.ts';
import { MqttCellIo } from '../../../protocols/mqtt/io-driver.ts';
import { MqttIoHost } from '../../../protocols/mqtt/io-host.ts';
import { InventoryAssembly, eventBodies } from '../../../protocols/mqtt/io-messages.ts';
import type { IoEventMessage } from '../../../protocols/mqtt/io-messages.ts';
import { realClock } from './arm-bench.ts';
import { Listener, describeWithBrokers, until } from './brokers.ts';
import type { TestBroker } from './brokers.ts';
import { SmallShuttle } from './small-shuttle.ts';

const IO = 'magpie/v1/test/io';

/** The controller's side, with a loop that takes events as the control loop would. */
class Cell {
  readonly link: ControllerLink;
  readonly io: MqttCellIo;
  readonly events: IoEvent[] = [];
  #loop: NodeJS.Timeout | null = null;

  constructor(url: string) {
    this.link = new ControllerLink({ broker: { url }, cell: 'test' });
    this.io = new MqttCellIo({ link: this.link, cell: 'test' });
    this.link.open();
    this.resume();
  }

  resume(): void {
    this.#loop = setInterval(() => this.events.push(...this.io.takeEvents()), 5);
  }

  /** The control loop takes nothing more, so that nothing is acknowledged. */
  hang(): void {
    if (this.#loop !== null) clearInterval(this.#loop);
  }

  of<K extends IoEvent['kind']>(kind: K): Extract<IoEvent, { kind: K }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<IoEvent, { kind: K }>[];
  }

  async waitFor(kind: IoEvent['kind'], count = 1): Promise<void> {
    await until(
      () => this.of(kind).length >= count,
      () => `${count} x ${kind}; heard ${this.events.map((event) => event.kind).join(' ')}`,
    );
  }

  async close(): Promise<void> {
    this.hang();
    await this.link.close();
  }
}

describeWithBrokers('the surroundings over MQTT', (make) => {
  let broker: TestBroker;
  const toClose: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    broker = await make();
    await broker.start();
  });

  afterEach(async () => {
    await Promise.all(toClose.splice(0).map((close) => close()));
    await broker.stop();
  });

  function cell(): Cell {
    const made = new Cell(broker.url);
    toClose.push(() => made.close());
    return made;
  }

  function surroundings(shuttle: SmallShuttle): MqttIoHost {
    const host = new MqttIoHost({
      broker: { url: broker.url },
      cell: 'test',
      host: shuttle,
      clock: realClock(0),
    });
    host.open();
    const loop = setInterval(() => host.pump(), 5);
    toClose.push(async () => {
      clearInterval(loop);
      await host.close();
    });
    return host;
  }

  const exchange = (requestId: string, placeId: string, containerId: string | null): IoRequest => ({
    kind: 'exchange',
    requestId,
    placeId,
    containerId,
  });

  it('brings an inventory of thousands of containers whole, then answers requests', async () => {
    const shuttle = new SmallShuttle(5_000);
    surroundings(shuttle);
    const side = cell();
    await side.waitFor('inventory');
    expect(side.events[0]).toEqual({ kind: 'connected' });
    const inventory = side.of('inventory')[0];
    expect(inventory?.containers).toEqual([...shuttle.containers.values()]);
    expect(inventory?.skus.length).toBe(5_000);

    side.io.send(exchange('r1', 'B1', 'S7'));
    await side.waitFor('container-arrived');
    side.io.send({ kind: 'inspect', requestId: 'r2', placeId: 'B1' });
    await side.waitFor('inspected');
    side.io.send(exchange('r3', 'B1', 'S8'));
    await side.waitFor('container-arrived', 2);
    side.io.send({ kind: 'bring-empty', requestId: 'r4', placeId: 'T1', containerId: 'O1' });
    await side.waitFor('container-arrived', 3);
    side.io.send(exchange('r5', 'B2', 'nowhere'));
    await side.waitFor('refused');
    shuttle.arrive('I1', 'C1');
    await side.waitFor('container-arrived', 4);
    expect(side.events.slice(2)).toMatchObject([
      {
        kind: 'container-arrived',
        requestId: 'r1',
        placeId: 'B1',
        container: { containerId: 'S7', placeId: 'B1' },
      },
      { kind: 'inspected', requestId: 'r2', units: 3 },
      { kind: 'container-left', requestId: 'r3', containerId: 'S7' },
      { kind: 'container-arrived', requestId: 'r3', container: { containerId: 'S8' } },
      { kind: 'container-arrived', requestId: 'r4', container: { containerId: 'O1', kind: 'order' } },
      { kind: 'refused', requestId: 'r5', detail: 'there is no container nowhere' },
      { kind: 'container-arrived', requestId: null, container: { containerId: 'I1' } },
    ]);
    expect(side.io.statistics()).toMatchObject({ outstanding: 0, malformed: 0 });
  });

  it('loses nothing and does nothing twice when the broker goes down and up', async () => {
    const shuttle = new SmallShuttle(3);
    const host = surroundings(shuttle);
    const side = cell();
    await side.waitFor('inventory');
    await until(() => host.statistics().waiting === 0, 'the inventory is acknowledged');
    await broker.stop();
    await side.waitFor('lost');
    expect(side.of('lost')[0]?.reason).toMatch(/^no connection to the broker/);
    side.io.send(exchange('r1', 'B1', 'S0'));
    shuttle.arrive('I1', 'C1');
    await broker.start();
    await side.waitFor('container-arrived', 2);
    expect(side.of('container-arrived').map((event) => event.container.containerId)).toEqual(['I1', 'S0']);
    expect(side.of('connected').length).toBe(2);
    expect(side.of('inventory').length).toBe(2);
    expect(shuttle.done.get('r1')).toBe(1);
    await until(() => host.statistics().waiting === 0, 'all events are acknowledged');
  });

  it('carries a request out once, however often it comes', async () => {
    const shuttle = new SmallShuttle(3);
    surroundings(shuttle);
    const wire = await Listener.connect(broker.url, `${IO}/request`);
    toClose.push(() => wire.end());
    const side = cell();
    await side.waitFor('inventory');
    side.io.send(exchange('r1', 'B1', 'S0'));
    await side.waitFor('container-arrived');
    await until(() => wire.heard.length === 1, 'the request was heard');
    await wire.client.publishAsync(`${IO}/request`, wire.heard[0]?.text ?? '', { qos: 1 });
    await side.waitFor('container-arrived', 2); // the same answer, to whoever asked again
    expect(shuttle.done.get('r1')).toBe(1);
  });

  it('sends what a killed controller did not make durable to the next one', async () => {
    const shuttle = new SmallShuttle(3);
    const host = surroundings(shuttle);
    const first = cell();
    await first.waitFor('inventory');
    await until(() => host.statistics().waiting === 0, 'the inventory is acknowledged');
    first.hang();
    shuttle.arrive('I1', 'C1');
    await until(() => first.io.takeEvents().length === 1, 'the event was taken, but no tick followed');
    expect(host.statistics().waiting).toBe(1);
    await first.close();
    const second = cell();
    await second.waitFor('inventory');
    expect(second.events).toMatchObject([
      { kind: 'connected' },
      { kind: 'container-arrived', container: { containerId: 'I1' } },
      { kind: 'inventory' },
    ]);
    expect(second.of('inventory')[0]?.containers.length).toBe(4);
  });

  it('obeys the last controller that said hello, and no retained or broken request', async () => {
    const shuttle = new SmallShuttle(3);
    const host = surroundings(shuttle);
    const first = cell();
    await first.waitFor('inventory');
    const second = cell();
    await second.waitFor('inventory');
    first.io.send(exchange('old', 'B1', 'S0'));
    await until(() => host.statistics().ignored === 1, 'the old controller’s request is ignored');
    const wire = await Listener.connect(broker.url, `${IO}/none`);
    toClose.push(() => wire.end());
    await wire.client.publishAsync(`${IO}/request`, '{"kind":"exchange"}', { qos: 1 });
    await until(() => host.statistics().ignored === 2, 'the broken request is ignored');
    expect(shuttle.done.size).toBe(0);
    second.io.send(exchange('new', 'B1', 'S0'));
    await second.waitFor('container-arrived');
    expect([...shuttle.done.keys()]).toEqual(['new']);
  });

  it('are not taken for gone when the will of a connection that they gave up comes late', async () => {
    surroundings(new SmallShuttle(1));
    const wire = await Listener.connect(broker.url, `${IO}/presence`);
    toClose.push(() => wire.end());
    const side = cell();
    await side.waitFor('inventory');
    await until(() => wire.heard.length > 0, 'their presence is heard');
    const will = JSON.stringify({ ...wire.on(`${IO}/presence`)[0], status: 'offline' });
    await wire.client.publishAsync(`${IO}/presence`, will, { qos: 1, retain: true });
    await side.waitFor('lost');
    await side.waitFor('connected', 2);
    await side.waitFor('inventory', 2);
  });

  it('reports surroundings that go away, fail, and come back', async () => {
    const shuttle = new SmallShuttle(3);
    const host = surroundings(shuttle);
    const side = cell();
    await side.waitFor('inventory');
    shuttle.failure('shuttle 2 does not answer');
    await side.waitFor('lost');
    shuttle.repaired();
    await side.waitFor('connected', 2);
    await side.waitFor('inventory', 2);
    await host.close();
    await side.waitFor('lost', 2);
    surroundings(new SmallShuttle(1));
    await side.waitFor('inventory', 3);
    expect(side.of('lost').map((event) => event.reason)).toEqual([
      'shuttle 2 does not answer',
      'the surroundings went offline',
    ]);
    expect(side.of('inventory')[2]?.containers.length).toBe(1);
  });
});

describe('an inventory in parts', () => {
  const container = (i: number, stacks: string[][]) =>
    ({ containerId: `S${i}`, kind: 'storage', stacks, placeId: null }) as const;
  const message = (body: Record<string, unknown>, seq: number) =>
    ({ session: 's', seq, oldestSeq: 1, ...body }) as IoEventMessage;

  it('is cut by size and put together again', () => {
    const full = Array.from({ length: 100 }, (_, cell) =>
      Array.from({ length: 20 }, () => `a-long-sku-name-${cell}`),
    );
    const containers = Array.from({ length: 300 }, (_, i) => container(i, full));
    const event: IoEvent = { kind: 'inventory', skus: [], containers };
    const bodies = eventBodies(event);
    expect(bodies.length).toBeGreaterThan(10);
    for (const body of bodies) expect(JSON.stringify(body).length).toBeLessThan(300_000);
    const assembly = new InventoryAssembly();
    const whole = bodies.map((body, i) => assembly.take(message(body, i + 1)));
    expect(whole.slice(0, -1).every((part) => part === null)).toBe(true);
    expect(whole.at(-1)).toEqual(event);
  });

  it('is only taken from its beginning', () => {
    const event: IoEvent = {
      kind: 'inventory',
      skus: [],
      containers: Array.from({ length: 2_500 }, (_, i) => container(i, [])),
    };
    const [, second, third] = eventBodies(event);
    const assembly = new InventoryAssembly();
    expect(assembly.take(message(second ?? {}, 2))).toBeNull();
    expect(assembly.take(message(third ?? {}, 3))).toBeNull();
  });
});
