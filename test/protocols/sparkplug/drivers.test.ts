import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EdgeDriver } from '../../../protocols/sparkplug/edge-driver.ts';
import type { EdgeDriverOptions } from '../../../protocols/sparkplug/edge-driver.ts';
import type { WrittenMetric } from '../../../protocols/sparkplug/edge-commands.ts';
import { HostDriver } from '../../../protocols/sparkplug/host-driver.ts';
import type { HostDriverOptions } from '../../../protocols/sparkplug/host-driver.ts';
import { describeWithBrokers, embeddedBroker, until } from '../mqtt/brokers.ts';
import type { TestBroker } from '../mqtt/brokers.ts';
import { Capture } from './capture.ts';
import { OPTIONS, valueOf } from './edge-bench.ts';
import { shows } from './tck.ts';

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function started(broker: TestBroker): Promise<TestBroker> {
  await broker.start();
  toClose.push(() => broker.stop());
  return broker;
}

interface Edge {
  readonly driver: EdgeDriver;
  readonly written: WrittenMetric[];
  readonly refused: string[];
  set(name: string, value: string | number | bigint, deviceId?: string): void;
}

function edge(urls: readonly string[], part: Partial<EdgeDriverOptions> = {}): Edge {
  const written: WrittenMetric[] = [];
  const refused: string[] = [];
  const driver = new EdgeDriver({
    ...OPTIONS,
    servers: urls.map((url) => ({ url })),
    clientId: 'test-edge',
    nowMs: Date.now,
    onCommand: (_device, values) => written.push(...values),
    onRefused: (_topic, { code }) => refused.push(code),
    ...part,
  });
  toClose.push(() => driver.close());
  driver.open();
  return {
    driver,
    written,
    refused,
    set: (name, value, deviceId) =>
      driver.update([{ deviceId: deviceId ?? null, name, value, timestampMs: Date.now() }]),
  };
}

interface Host {
  readonly driver: HostDriver;
  readonly refused: string[];
  read(metric: string, device?: string): ReturnType<HostDriver['read']>;
}

function host(urls: readonly string[], part: Partial<HostDriverOptions> = {}): Host {
  const refused: string[] = [];
  const driver = new HostDriver({
    hostId: 'H',
    groups: ['G'],
    reorderMs: 200,
    expected: [],
    servers: urls.map((url) => ({ url })),
    clientId: 'test-host',
    nowMs: Date.now,
    nowUs: () => Math.round(performance.now() * 1_000),
    onRefused: (_source, code) => refused.push(code),
    ...part,
  });
  toClose.push(() => driver.close());
  driver.open();
  return {
    driver,
    refused,
    read: (metric, device) => driver.read({ group: 'G', edge: 'E', device: device ?? null, metric }),
  };
}

describeWithBrokers('Sparkplug over a broker', (make) => {
  let broker: TestBroker;
  beforeEach(async () => {
    broker = await started(await make());
  });

  it('an edge node is read and written by a host', async () => {
    const far = host([broker.url]);
    const near = edge([broker.url]);
    await until(() => far.read('State')?.value === 1, 'the births have come');
    near.set('State', 42);
    near.set('Mode', 'moving', 'arm-1');
    await until(
      () => far.read('State')?.value === 42 && far.read('Mode', 'arm-1')?.value === 'moving',
      'the data came',
    );
    expect(far.read('State')).toMatchObject({ isStale: false });
    expect(far.read('Text')).toMatchObject({ value: null, isStale: false });
    expect(far.read('Nothing')).toBeNull();
    far.driver.write({ group: 'G', edge: 'E', device: null, metric: 'Order' }, 7);
    far.driver.write({ group: 'G', edge: 'E', device: 'arm-2', metric: 'Speed' }, 0.25);
    await until(() => near.written.length === 2, 'the commands came');
    expect(near.written).toEqual([
      { name: 'Order', value: 7n },
      { name: 'Speed', value: 0.25 },
    ]);
    expect([far.refused, near.refused]).toEqual([[], []]);
  });

  it('an edge node that leaves, and a device, leave stale values behind', async () => {
    const far = host([broker.url]);
    const near = edge([broker.url]);
    await until(() => far.read('Mode', 'arm-1')?.isStale === false, 'it was born');
    near.driver.device('arm-1', 'offline');
    await until(() => far.read('Mode', 'arm-1')?.isStale === true, 'the device died');
    expect(far.read('State')?.isStale).toBe(false);
    await near.driver.close();
    await until(() => far.read('State')?.isStale === true, 'the node died');
    expect(far.driver.isOnline({ groupId: 'G', edgeNodeId: 'E' }, null)).toBe(false);
  });

  it('a host that comes later asks for the births', async () => {
    const near = edge([broker.url]);
    await until(() => near.driver.isOnline, 'the node is online');
    const far = host([broker.url]);
    await until(() => {
      near.set('State', Date.now() % 1_000_000);
      return far.read('State')?.isStale === false;
    }, 'the births came again');
    expect(far.refused).toContain('no-birth');
  });

  it('a host that expects a node asks for its births, also when the node is silent', async () => {
    const near = edge([broker.url]);
    await until(() => near.driver.isOnline, 'the node is online');
    const far = host([broker.url], { expected: [{ groupId: 'G', edgeNodeId: 'E' }] });
    await until(() => far.read('State')?.isStale === false, 'the births came again');
  });

  it('a broker that restarts: births again, what was missed as history, no stale value left', async () => {
    const capture = await Capture.on(broker.url);
    const far = host([broker.url]);
    const near = edge([broker.url]);
    await until(() => far.read('State')?.isStale === false, 'it was born');
    await capture.end();
    await broker.stop();
    await until(() => far.read('State')?.isStale === true && !near.driver.isOnline, 'both noticed');
    near.set('State', 50);
    near.set('State', 51);
    await broker.start();
    const after = await Capture.on(broker.url);
    toClose.push(() => after.end());
    await until(
      () => far.read('State')?.isStale === false && far.read('State')?.value === 51,
      'it is current again',
    );
    await until(() => near.driver.history.waiting === 0, 'history was told');
    await until(
      () => after.of('NDATA').some(({ content }) => content!.metrics.some((each) => each.isHistorical)),
      'it came',
    );
    const [past] = after.of('NDATA').filter(({ content }) => content!.metrics[0]!.isHistorical);
    expect(past!.content!.metrics.map(({ value }) => value!.value)).toEqual([50, 51]);
    expect(far.read('State')?.value).toBe(51);
  });

  it('the will of an edge node that is cut off is its death, with the bdSeq of its birth', async () => {
    const capture = await Capture.on(broker.url);
    toClose.push(() => capture.end());
    const near = edge([broker.url]);
    await until(() => capture.of('DBIRTH').length === 2, 'it was born');
    // Another client with the same id: the broker ends the first.
    const usurper = edge([broker.url]);
    await until(() => capture.of('NDEATH').length > 0 && usurper.driver.isOnline, 'its will was published');
    const [death] = capture.of('NDEATH');
    expect(death).toMatchObject({ retained: false });
    expect(death!.content!.metrics[0]).toMatchObject({ name: 'bdSeq', value: { kind: 'long', value: 0n } });
    expect(death!.content!.seq).toBeNull();
    await Promise.all([near.driver.close(), usurper.driver.close()]);
  });

  it('an edge node waits for its primary host, keeps what happens meanwhile, and leaves when the host does', async () => {
    const capture = await Capture.on(broker.url);
    toClose.push(() => capture.end());
    const near = edge([broker.url], { primaryHostId: 'H' });
    near.set('State', 60);
    const first = host([broker.url]);
    await until(() => first.read('State')?.value === 60, 'born for the host');
    const births = capture.of('NBIRTH');
    expect(capture.heard.findIndex(({ topic }) => topic === 'spBv1.0/STATE/H')).toBeLessThan(
      capture.heard.indexOf(births[0]!),
    );
    await first.driver.close();
    await until(() => capture.of('NDEATH').length === 1, 'it left');
    near.set('State', 61);
    expect(near.driver.isOnline).toBe(false);
    const second = host([broker.url], { clientId: 'test-host-2' });
    await until(
      () => second.read('State')?.value === 61 && near.driver.history.waiting === 0,
      'and came back',
    );
    expect(valueOf(capture.of('NBIRTH').at(-1)!.content!, 'bdSeq')).toBeGreaterThan(0n);
  });

  it('a host says again that it is there when somebody says that it is not', async () => {
    const capture = await Capture.on(broker.url);
    toClose.push(() => capture.end());
    host([broker.url]);
    const states = (): unknown[] =>
      capture.heard
        .filter(({ topic }) => topic === 'spBv1.0/STATE/H')
        .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()));
    await until(() => states().length === 1, 'it is online');
    await capture.client.publishAsync('spBv1.0/STATE/H', '{"online":false,"timestamp":1}', {
      qos: 1,
      retain: true,
    });
    await until(() => states().length === 3, 'it said so again');
    expect(states()[2]).toEqual(states()[0]);
  });
});

describe('several servers', () => {
  it('an edge node follows its primary host from one to the other', async () => {
    const [one, two] = [await started(await embeddedBroker()), await started(await embeddedBroker())];
    const near = edge([one.url, two.url], { primaryHostId: 'H' });
    const here = host([one.url]);
    await until(() => here.read('State')?.isStale === false, 'born on the first');
    await here.driver.close();
    near.set('State', 70);
    const there = host([two.url], { clientId: 'test-host-2' });
    await until(() => there.read('State')?.value === 70, 'born on the second');
    await until(() => near.driver.history.waiting === 0, 'history was told');
  });

  it('an edge node goes on to the next when one is gone', async () => {
    const [one, two] = [await started(await embeddedBroker()), await started(await embeddedBroker())];
    const far = host([one.url, two.url]);
    edge([one.url, two.url]);
    await until(() => far.read('State')?.isStale === false, 'born on the first');
    await one.stop();
    await until(() => far.read('State')?.isStale === true, 'noticed');
    await until(() => far.read('State')?.isStale === false, 'born on the second');
  });
});

interface Seen {
  readonly connects: AedesConnect[];
  /** Subscriptions and publications, in order. */
  readonly said: { readonly kind: 'subscribe' | 'publish'; readonly topic: string; readonly qos: number }[];
}
type AedesConnect = Parameters<Aedes['preConnect']>[1];

/** What a client says until it has published something, to a server that writes it down. */
async function packetsOf(open: (url: string) => { close(): Promise<void> }): Promise<Seen> {
  const seen: Seen = { connects: [], said: [] };
  const aedes = await Aedes.createBroker();
  aedes.preConnect = (_client, packet, done) => {
    seen.connects.push(packet);
    done(null, true);
  };
  aedes.authorizeSubscribe = (_client, subscription, done) => {
    seen.said.push({ kind: 'subscribe', topic: subscription.topic, qos: subscription.qos });
    done(null, subscription);
  };
  aedes.authorizePublish = (_client, { topic, qos }, done) => {
    seen.said.push({ kind: 'publish', topic, qos });
    done(null);
  };
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const opened = open(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await until(() => seen.said.some(({ kind }) => kind === 'publish'), 'it published');
  await opened.close();
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  await new Promise((resolve) => server.close(resolve));
  return seen;
}

describe('what stands in the packets', () => {
  shows(['tck-id-principles-persistence-clean-session-311'], async () => {
    const { connects, said } = await packetsOf((url) => edge([url]).driver);
    expect(connects[0]).toMatchObject({ protocolVersion: 4, clean: true });
    expect(connects[0]!.will).toMatchObject({ topic: 'spBv1.0/G/NDEATH/E', qos: 1, retain: false });
    expect(said.slice(0, 4)).toEqual([
      { kind: 'subscribe', topic: 'spBv1.0/G/NCMD/E', qos: 1 },
      { kind: 'subscribe', topic: 'spBv1.0/G/DCMD/E/arm-1', qos: 1 },
      { kind: 'subscribe', topic: 'spBv1.0/G/DCMD/E/arm-2', qos: 1 },
      { kind: 'publish', topic: 'spBv1.0/G/NBIRTH/E', qos: 0 },
    ]);
  });

  shows(['tck-id-message-flow-phid-sparkplug-clean-session-311'], async () => {
    const { connects, said } = await packetsOf((url) => host([url]).driver);
    expect(connects[0]).toMatchObject({ protocolVersion: 4, clean: true });
    expect(connects[0]!.will).toMatchObject({ topic: 'spBv1.0/STATE/H', qos: 1, retain: true });
    expect(said.slice(0, 3)).toEqual([
      { kind: 'subscribe', topic: 'spBv1.0/STATE/H', qos: 1 },
      { kind: 'subscribe', topic: 'spBv1.0/G/#', qos: 1 },
      { kind: 'publish', topic: 'spBv1.0/STATE/H', qos: 1 },
    ]);
  });
});

describe('the embedded broker as an MQTT server for Sparkplug', () => {
  shows(
    [
      'tck-id-conformance-mqtt-qos0',
      'tck-id-conformance-mqtt-qos1',
      'tck-id-conformance-mqtt-retained',
      'tck-id-conformance-mqtt-will-messages',
    ],
    async () => {
      const broker = await started(await embeddedBroker());
      const will = { topic: 'will/1', payload: Buffer.from('gone'), qos: 1, retain: true } as const;
      const doomed = await connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0, will });
      const client = await connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
      toClose.push(() => client.endAsync(true));
      const heard: string[] = [];
      client.on('message', (topic, payload, { qos, retain }) => {
        heard.push(`${topic} ${payload.toString()} qos ${qos}${retain ? ' retained' : ''}`);
      });
      await client.subscribeAsync('plain/#', { qos: 1 });
      await client.publishAsync('plain/0', 'zero', { qos: 0 });
      await client.publishAsync('plain/1', 'one', { qos: 1 });
      await client.publishAsync('kept/1', 'kept', { qos: 1, retain: true });
      await client.subscribeAsync('kept/#', { qos: 1 });
      doomed.stream.destroy();
      await until(() => heard.length === 3, 'all were heard');
      await until(async () => {
        await client.unsubscribeAsync('will/#');
        await client.subscribeAsync('will/#', { qos: 1 });
        return heard.length > 3;
      }, 'the will was kept');
      expect(heard.slice(0, 4)).toEqual([
        'plain/0 zero qos 0',
        'plain/1 one qos 1',
        'kept/1 kept qos 1 retained',
        expect.stringMatching(/^will\/1 gone qos 1/),
      ]);
    },
  );
});
