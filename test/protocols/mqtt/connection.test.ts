import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { BrokerChoice } from '../../../protocols/mqtt/broker-access.ts';
import { MqttConnection } from '../../../protocols/mqtt/connection.ts';
import { filterCovers } from '../../../protocols/mqtt/topic-filter.ts';
import { CellPublisher } from '../../../protocols/mqtt/cell-publisher.ts';
import { CONTROLLER_SAYS_EVERY_MS } from '../../../protocols/mqtt/controller-watch.ts';
import { IntakeClient } from '../../../protocols/mqtt/intake-client.ts';
import { realClock } from './arm-bench.ts';
import { Listener, MOSQUITTO, embeddedBroker, mosquittoBroker, pause, until } from './brokers.ts';
import { SmallDesk } from './small-desk.ts';

describe('the version of MQTT', () => {
  it('is 3.1.1 with a broker that refuses 5, without a complaint', async () => {
    const broker = await embeddedBroker();
    await broker.start();
    const trouble: string[] = [];
    const connection = new MqttConnection({
      broker: { url: broker.url },
      clientId: 'x',
      session: 'clean',
      onTrouble: (message) => trouble.push(message),
    });
    connection.open();
    await until(() => connection.connected, 'connected');
    expect({ protocol: connection.protocol, trouble }).toEqual({ protocol: '3.1.1', trouble: [] });
    await connection.close();
    const strict = new MqttConnection({
      broker: { url: broker.url, protocol: '5' },
      clientId: 'y',
      session: 'clean',
      onTrouble: (message) => trouble.push(message),
    });
    strict.open();
    await until(() => trouble.length > 0, 'it says so');
    expect(trouble[0]).toContain('does not speak MQTT 5');
    await strict.close();
    await broker.stop();
  });

  it('is 3.1.1 with an old broker that hangs up on 5 without a word', async () => {
    const broker = await embeddedBroker();
    await broker.start();
    const target = Number(new URL(broker.url).port);
    const { connect } = await import('node:net');
    const old: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (first: Buffer) => {
        if (first[8] === 5) return void socket.destroy(); // the CONNECT's protocol level
        const through = connect(target, '127.0.0.1');
        through.on('error', () => socket.destroy());
        through.write(first);
        socket.pipe(through).pipe(socket);
      });
    });
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    const { port } = old.address() as { port: number };
    const url = `mqtt://127.0.0.1:${port}`;
    const connection = new MqttConnection({ broker: { url }, clientId: 'x', session: 'clean' });
    connection.open();
    await until(() => connection.connected, 'connected');
    expect(connection.protocol).toBe('3.1.1');
    await connection.close();
    old.close();
    await broker.stop();
  });

  it.skipIf(MOSQUITTO === undefined)(
    'is 5 where the broker speaks it, unless 3.1.1 is asked for',
    async () => {
      const broker = await mosquittoBroker();
      await broker.start();
      for (const [wanted, spoken] of [
        ['auto', '5'],
        ['5', '5'],
        ['3.1.1', '3.1.1'],
      ] as const) {
        const connection = new MqttConnection({
          broker: { url: broker.url, protocol: wanted },
          clientId: 'x',
          session: 'clean',
        });
        connection.open();
        await until(() => connection.connected, 'connected');
        expect(connection.protocol).toBe(spoken);
        await connection.close();
      }
      await broker.stop();
    },
  );
});

describe('several brokers', () => {
  it('are used in turn, by all connections of a process together', async () => {
    const [first, second] = [await embeddedBroker(), await embeddedBroker()];
    await second.start();
    const choice = new BrokerChoice([first.url, second.url]);
    const broker = { url: first.url, choice };
    const make = (clientId: string) => new MqttConnection({ broker, clientId, session: 'clean' as const });
    const [a, b] = [make('a'), make('b')];
    const heard: string[] = [];
    b.subscribe('t', 1, ({ payload }) => void heard.push(Buffer.from(payload).toString()));
    a.open();
    b.open();
    await until(() => a.connected && b.connected, 'both are on the second');
    expect([a.url, b.url]).toEqual([second.url, second.url]);
    await first.start();
    await second.stop();
    await until(() => a.connected && b.connected && a.url === first.url && b.url === first.url, 'moved');
    a.publish('t', 'x', { qos: 1, retain: 'pass' });
    await until(() => heard.length === 1, 'they meet there');
    await Promise.all([a.close(), b.close()]);
    await first.stop();
  });
});

describe('who serves a controller', () => {
  it('leaves a broker on which there is none for the one where it is, whatever the first has kept', async () => {
    const [first, second] = [await embeddedBroker(), await embeddedBroker()];
    await Promise.all([first.start(), second.start()]);
    const urls = [first.url, second.url] as const;
    const online = JSON.stringify({ status: 'online' });
    const left = await Listener.connect(first.url, 'none');
    await left.client.publishAsync('magpie/v1/test/presence', online, { qos: 1, retain: true });
    const controller = new CellPublisher({
      broker: { url: second.url, choice: new BrokerChoice([second.url, first.url]) },
      cell: 'test',
      service: new SmallDesk(),
      clock: realClock(0),
    });
    controller.open();
    const timer = setInterval(() => controller.tick(), 20);
    const host = new IntakeClient({
      broker: { url: first.url, choice: new BrokerChoice(urls) },
      cell: 'test',
      onResult: () => undefined,
    });
    host.open();
    await until(() => host.connected, 'it begins with the first');
    await until(() => host.url === second.url && host.connected, 'it has moved');
    await pause(CONTROLLER_SAYS_EVERY_MS * 4);
    expect(host.url).toBe(second.url); // and stays there
    clearInterval(timer);
    await Promise.all([host.close(), controller.close(), left.end()]);
    await Promise.all([first.stop(), second.stop()]);
  });
});

describe('acknowledgements', () => {
  it('give up a broker that is connected and acknowledges nothing', async () => {
    const broker = await embeddedBroker((message) =>
      message.topic === 'void' ? new Promise<void>(() => undefined) : undefined,
    );
    await broker.start();
    const trouble: string[] = [];
    const connection = new MqttConnection({
      broker: { url: broker.url },
      clientId: 'x',
      session: 'clean',
      acknowledgeWithinMs: 100,
      onTrouble: (message) => trouble.push(message),
    });
    let connections = 0;
    connection.onConnected(() => (connections += 1));
    connection.open();
    await until(() => connection.connected, 'connected');
    connection.publish('void', 'x', { qos: 1, retain: 'pass' });
    await until(() => connections === 2, 'connected anew');
    expect(trouble.at(-1)).toContain('acknowledged nothing for 100 ms');
    await connection.close();
    await broker.stop();
  });

  it('follow messages in their order, while those behind are handed out', async () => {
    const broker = await embeddedBroker();
    await broker.start();
    const connection = new MqttConnection({ broker: { url: broker.url }, clientId: 'x', session: 'clean' });
    const finish: (() => void)[] = [];
    const taken: string[] = [];
    connection.subscribe('t', 1, ({ payload }) => {
      taken.push(Buffer.from(payload).toString());
      return new Promise<void>((resolve) => finish.push(resolve));
    });
    connection.open();
    await until(() => connection.connected, 'connected');
    const sender = await Listener.connect(broker.url, 'none');
    for (const text of ['1', '2', '3']) await sender.client.publishAsync('t', text, { qos: 1 });
    await until(() => taken.length === 3, 'none waits for another');
    expect(taken).toEqual(['1', '2', '3']);
    for (const each of finish.reverse()) each();
    await sender.client.publishAsync('t', '4', { qos: 1 });
    await until(() => taken.length === 4, 'the connection lives on');
    await sender.end();
    await connection.close();
    await broker.stop();
  });
});

describe('filters of topics', () => {
  it.each([
    ['#', 'a/+/c', true],
    ['a/#', 'a', true],
    ['a/#', '#', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/+', true],
    ['a/b', 'a/+', false],
    ['a/+', 'a/#', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+', 'a', false],
    ['a', 'a/b', false],
  ])('%s covers %s: %s', (outer, inner, covers) => {
    expect(filterCovers(outer, inner)).toBe(covers);
  });
});
