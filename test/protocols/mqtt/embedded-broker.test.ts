import { connect } from 'node:net';
import { connectAsync, connect as connectClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedBroker } from '../../../protocols/mqtt/embedded-broker.ts';
import { BROKER_LIMITS } from '../../../protocols/mqtt/broker-guard.ts';
import { credentialsFromEnvironment } from '../../../protocols/mqtt/broker-users.ts';
import type { EmbeddedBrokerOptions } from '../../../protocols/mqtt/embedded-broker.ts';
import type { BrokerLimits } from '../../../protocols/mqtt/broker-guard.ts';
import { freePort } from '../../free-ports.ts';
import { Listener, until } from './brokers.ts';

describe('the embedded broker', () => {
  const running: EmbeddedBroker[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((broker) => broker.close()));
  });

  async function start(options: Partial<EmbeddedBrokerOptions> = {}, limits: Partial<BrokerLimits> = {}) {
    const started = await EmbeddedBroker.start({
      host: '127.0.0.1',
      port: 0,
      credentials: null,
      limits: { ...BROKER_LIMITS, ...limits },
      ...options,
    });
    if (!started.ok) throw new Error(started.message);
    running.push(started.broker);
    return started.broker;
  }

  const quick = { reconnectPeriod: 0 };

  it('will not listen for other machines without credentials', async () => {
    const started = await EmbeddedBroker.start({
      host: '0.0.0.0',
      port: 0,
      credentials: null,
      limits: BROKER_LIMITS,
    });
    expect(started).toMatchObject({ ok: false, code: 'credentials-needed' });
    expect(started.ok ? '' : started.message).toContain('give it users (connections.broker.users)');
  });

  it('takes its user from the environment and lets in nobody else', async () => {
    expect(credentialsFromEnvironment({})).toBeNull();
    expect(credentialsFromEnvironment({ MAGPIE_MQTT_USERNAME: 'cell' })).toBeNull();
    const credentials = credentialsFromEnvironment({
      MAGPIE_MQTT_USERNAME: 'cell',
      MAGPIE_MQTT_PASSWORD: 'secret',
    });
    const elsewhere = await EmbeddedBroker.start({
      host: '0.0.0.0',
      port: 0,
      credentials,
      limits: BROKER_LIMITS,
    });
    expect(elsewhere).toMatchObject({ ok: false, code: 'tls-needed' });
    const broker = await start({ credentials });
    const right = await connectAsync(broker.url, { ...quick, username: 'cell', password: 'secret' });
    await right.endAsync();
    const refused = /Bad username or password/i;
    await expect(connectAsync(broker.url, { ...quick, username: 'cell', password: 'guess' })).rejects.toThrow(
      refused,
    );
    await expect(connectAsync(broker.url, quick)).rejects.toThrow(refused);
  });

  it('says who should change what when the port is taken', async () => {
    const port = await freePort();
    await start({ port });
    const second = await EmbeddedBroker.start({
      host: '127.0.0.1',
      port,
      credentials: null,
      limits: BROKER_LIMITS,
    });
    expect(second).toMatchObject({ ok: false, code: 'port-in-use' });
    expect(second.ok ? '' : second.message).toMatch(
      new RegExp(`another program listens on 127.0.0.1:${port} already.*choose another port`),
    );
  });

  it('names an address that is not this machine’s', async () => {
    const started = await EmbeddedBroker.start({
      host: '192.0.2.1',
      port: 0,
      credentials: { username: 'u', password: 'p' },
      tls: { cert: Buffer.from('x'), key: Buffer.from('x'), clientCa: null },
      limits: BROKER_LIMITS,
    });
    expect(started).toMatchObject({ ok: false, code: 'tls-unusable' });
  });

  it('frees its port when closed, and ends its clients', async () => {
    const broker = await start();
    const client = await connectAsync(broker.url, quick);
    const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
    await broker.close();
    await ended;
    const again = await start({ port: broker.port });
    expect(again.port).toBe(broker.port);
    client.end(true);
  });

  it('cuts off a packet larger than the limit before it is held in memory', async () => {
    const broker = await start({}, { maxPacketBytes: 10_000 });
    const listener = await Listener.connect(broker.url, '#');
    const client = await connectAsync(broker.url, quick);
    await client.publishAsync('small', Buffer.alloc(9_000), { qos: 1 });
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.on('error', () => undefined);
    client.publish('large', Buffer.alloc(4_000_000), { qos: 1 });
    await closed;
    expect(listener.heard.map((message) => message.topic)).toEqual(['small']);
    client.end(true);
    await listener.end();
  });

  it('takes no more clients than its limit', async () => {
    const broker = await start({}, { maxClients: 2 });
    const clients = [await connectAsync(broker.url, quick), await connectAsync(broker.url, quick)];
    const third = connectClient(broker.url, quick);
    await new Promise<void>((resolve) => third.once('close', () => resolve()));
    expect(broker.connectedClients).toBe(2);
    third.end(true);
    await clients[0]?.endAsync();
    await until(() => broker.connectedClients === 1, 'the first has gone');
    clients.push(await connectAsync(broker.url, quick));
    await Promise.all(clients.slice(1).map((client) => client.endAsync()));
  });

  it('refuses topics that are too deep or its own, and too many retained ones', async () => {
    const broker = await start({}, { maxTopicLevels: 4, maxRetainedTopics: 2 });
    const ends = async (topic: string, retain: boolean): Promise<boolean> => {
      const client = await connectAsync(broker.url, quick);
      client.on('error', () => undefined);
      const closed = new Promise<boolean>((resolve) => client.once('close', () => resolve(true)));
      const taken = client.publishAsync(topic, 'x', { qos: 1, retain }).then(
        () => false,
        () => true,
      );
      const ended = await Promise.race([closed, taken]);
      client.end(true);
      return ended;
    };
    expect(await ends('a/b/c/d', false)).toBe(false);
    expect(await ends('a/b/c/d/e', false)).toBe(true);
    expect(await ends('$SYS/x', false)).toBe(true);
    expect(await ends('kept/1', true)).toBe(false);
    expect(await ends('kept/2', true)).toBe(false);
    expect(await ends('kept/3', true)).toBe(true);
    expect(await ends('kept/2', true)).toBe(false);
  });

  it('survives what is not MQTT', async () => {
    const broker = await start();
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
      Buffer.alloc(64),
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(broker.port, '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    const client = await connectAsync(broker.url, quick);
    await client.endAsync();
  });

  it('acknowledges a message only after it was taken, and not at all if it was not', async () => {
    const order: string[] = [];
    let give: () => void = () => undefined;
    const broker = await start({
      beforeAcknowledge: ({ topic, payload }) => {
        if (topic === 'refuse') return Promise.reject(new Error('not taken'));
        if (topic !== 'take') return undefined;
        order.push(`offered ${Buffer.from(payload).toString()}`);
        return new Promise<void>((resolve) => {
          give = resolve;
        });
      },
    });
    const client = await connectAsync(broker.url, quick);
    const acknowledged = client.publishAsync('take', 'x', { qos: 1 }).then(() => order.push('acknowledged'));
    await until(() => order.length === 1, 'the message was offered');
    await client.publishAsync('other', 'y', { qos: 0 });
    order.push('taken');
    give();
    await acknowledged;
    expect(order).toEqual(['offered x', 'taken', 'acknowledged']);
    client.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish('refuse', 'z', { qos: 1 });
    await closed;
    client.end(true);
  });
});
