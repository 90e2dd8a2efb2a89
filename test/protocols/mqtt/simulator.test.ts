import { afterEach, expect, it } from 'vitest';
import { MqttArmHost } from '../../../protocols/mqtt/arm-host.ts';
import { MqttCellIo } from '../../../protocols/mqtt/io-driver.ts';
import { MqttIoHost } from '../../../protocols/mqtt/io-host.ts';
import type { IoEvent } from '../../../controller/ports.ts';
import { createWorld } from '../../../sim/world.ts';
import { above, cell, containers, settings, skus, straight } from '../../sim/fixture.ts';
import { Controller, LEASE_US, realClock } from './arm-bench.ts';
import { describeWithBrokers, until } from './brokers.ts';
import type { TestBroker } from './brokers.ts';

/** The built-in simulator behind the broker, in real time, as `magpie sim` runs it. */
class Simulator {
  readonly world = createWorld(cell, settings({ leaseUs: LEASE_US, sampleEveryUs: 10_000 }), {
    skus,
    containers: containers('BIN1'),
  });
  readonly #hosts: MqttArmHost[];
  readonly #io: MqttIoHost;
  readonly #timer: NodeJS.Timeout;

  constructor(url: string) {
    const common = { broker: { url }, cell: 'test', clock: { nowUs: () => this.world.nowUs } };
    this.#hosts = this.world.armHosts.map(
      (host) => new MqttArmHost({ ...common, host, leaseUs: LEASE_US, sampleHz: 50 }),
    );
    this.#io = new MqttIoHost({ ...common, host: this.world.io });
    for (const each of [...this.#hosts, this.#io]) each.open();
    const clock = realClock(0);
    const startedUs = clock.nowUs();
    this.#timer = setInterval(() => {
      this.world.advanceTo(clock.nowUs() - startedUs);
      for (const each of [...this.#hosts, this.#io]) each.pump();
    }, 5);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#hosts, this.#io].map((each) => each.close()));
  }
}

describeWithBrokers('the simulator behind MQTT', (make) => {
  let broker: TestBroker;
  const toClose: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of toClose.splice(0).reverse()) await close();
  });

  it('picks an item, loses its controller on the way, and is found as it is', async () => {
    broker = await make();
    await broker.start();
    toClose.push(() => broker.stop());
    const simulator = new Simulator(broker.url);
    toClose.push(() => simulator.close());
    const goods = simulator.world;
    const first = new Controller(broker.url, 'A', 1);
    toClose.push(() => first.close());
    await first.claim();
    const from = first.of('claimed')[0]?.positions ?? [];

    // Down to the topmost item of the first cell: three pieces of soap, 5 cm each.
    const tip: [number, number, number] = [-0.2, -0.1, 0.15];
    const send = (controller: Controller, commandId: string, to: readonly number[], timeUs: number) => {
      const at = controller.of('state').at(-1)?.sample.positions ?? [];
      controller.driver.send({
        kind: 'submit',
        commandId,
        epoch: controller.epoch,
        trajectory: straight([...at], to, timeUs),
        fromUs: 0,
        grantedUntilUs: timeUs,
        marksUs: [timeUs / 2],
      });
    };
    expect(from.length).toBe(3);
    send(first, 'down', above(tip), 2_500_000);
    await first.waitFor('ended');
    expect(first.of('ended')[0]).toMatchObject({ commandId: 'down', outcome: { status: 'reached' } });
    expect(first.of('progressed').length).toBe(1);
    first.driver.send({ kind: 'grip', commandId: 'grasp', epoch: 1, action: 'grasp', dwellUs: 1_000_000 });
    await first.waitFor('ended', 2);
    expect(first.of('ended')[1]).toMatchObject({ outcome: { status: 'grasped' }, holding: { vacuum: 'on' } });

    send(first, 'carry', above([1, -0.1, 0.6]), 4_000_000);
    await first.waitFor('accepted', 3);
    await until(() => goods.measured('A').moving, 'it moves');
    await first.close(); // no lease is renewed any more
    await until(() => !goods.measured('A').moving, 'it stopped on its path');

    const second = new Controller(broker.url, 'A', 2);
    toClose.push(() => second.close());
    await second.claim();
    const claimed = second.of('claimed')[0];
    expect(claimed?.holding).toMatchObject({ vacuum: 'on' });
    expect(claimed?.last).toMatchObject({
      commandId: 'carry',
      outcome: { status: 'stopped', because: 'lease-expired' },
    });
    expect(claimed?.positions).toEqual([...goods.measured('A').positions]);
  });

  it('declares what is there and exchanges totes', async () => {
    broker = await make();
    await broker.start();
    toClose.push(() => broker.stop());
    const simulator = new Simulator(broker.url);
    toClose.push(() => simulator.close());
    const controller = new Controller(broker.url, 'A', 1, (link) => new MqttCellIo({ link, cell: 'test' }));
    toClose.push(() => controller.close());
    const events: IoEvent[] = [];
    const take = () => events.push(...(controller.io?.takeEvents() ?? []));
    const heard = (kind: IoEvent['kind']) => {
      take();
      return events.find((event) => event.kind === kind);
    };
    await until(() => heard('inventory') !== undefined, 'the inventory comes');
    expect(events[0]).toEqual({ kind: 'connected' });
    expect(heard('inventory')).toEqual({ kind: 'inventory', skus, containers: containers('BIN1') });
    controller.io?.send({ kind: 'inspect', requestId: 'r1', placeId: 'BIN1' });
    await until(() => heard('inspected') !== undefined, 'it is looked into');
    expect(heard('inspected')).toEqual({ kind: 'inspected', requestId: 'r1', placeId: 'BIN1', units: 4 });
    controller.io?.send({ kind: 'exchange', requestId: 'r2', placeId: 'ST1', containerId: 'S2' });
    await until(() => heard('refused') !== undefined, 'a storage tote is not for a station');
    expect(heard('refused')).toMatchObject({ requestId: 'r2' });
  });
});
