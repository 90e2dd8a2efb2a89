import { connectAsync } from 'mqtt';
import { newClient } from 'sparkplug-client';
import type { UPayload } from 'sparkplug-client';
import { get } from 'sparkplug-payload';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decodePayload } from '../../../protocols/sparkplug/decode.ts';
import { EdgeDriver } from '../../../protocols/sparkplug/edge-driver.ts';
import { encodePayload } from '../../../protocols/sparkplug/encode.ts';
import { HostDriver } from '../../../protocols/sparkplug/host-driver.ts';
import type { Payload } from '../../../protocols/sparkplug/payload.ts';
import { typedValue } from '../../../protocols/sparkplug/value.ts';
import { describeWithBrokers, until } from '../mqtt/brokers.ts';
import type { TestBroker } from '../mqtt/brokers.ts';
import { Capture } from './capture.ts';
import { OPTIONS } from './edge-bench.ts';

/** The codec of `sparkplug-payload`, which shares nothing with ours. */
const THEIRS = get('spBv1.0')!;

type Peer = ReturnType<typeof newClient>;
type PeerMetric = NonNullable<UPayload['metrics']>[number];

const metric = (name: string, type: PeerMetric['type'], value: unknown): PeerMetric =>
  ({ name, type, value, timestamp: 1_000 }) as unknown as PeerMetric;

/** One metric of each type that the library can send, and the value that it means. */
const SENT: readonly (readonly [PeerMetric['type'], unknown, unknown])[] = [
  ['Int8', -5, -5],
  ['Int16', -30_000, -30_000],
  ['Int32', -2_147_483_648, -2_147_483_648],
  ['Int64', -9_007_199_254_740_991, -9_007_199_254_740_991n],
  ['UInt8', 250, 250],
  ['UInt16', 65_000, 65_000],
  ['UInt32', 4_000_000_000, 4_000_000_000], // in the field for 64 bits
  ['UInt64', 9_007_199_254_740_991, 9_007_199_254_740_991n],
  ['Float', 1.5, 1.5],
  ['Double', 0.1, 0.1],
  ['Boolean', true, true],
  ['String', 'Straße', 'Straße'],
  ['DateTime', 1_700_000_000_000, 1_700_000_000_000n],
  ['Text', 'text', 'text'],
  ['UUID', '5e6d3f0e-0000-4000-8000-000000000000', '5e6d3f0e-0000-4000-8000-000000000000'],
];

/** An edge node made with `sparkplug-client`, which births when it is told to, as its users have to write it. */
class PeerEdge {
  readonly client: Peer;
  readonly commands: UPayload[] = [];
  births = 0;

  constructor(url: string) {
    this.client = newClient({
      serverUrl: url,
      username: '',
      password: '',
      groupId: 'G',
      edgeNode: 'peer',
      clientId: 'peer-edge',
      publishDeath: true,
      mqttOptions: { reconnectPeriod: 0 },
    });
    this.client.on('birth', () => this.birth());
    this.client.on('ncmd', (payload) => {
      this.commands.push(payload);
      // The library reads no value of a metric without a data type, and commands have none: the name has to do.
      if (payload.metrics?.some(({ name }) => name === 'Node Control/Rebirth')) this.birth();
    });
  }

  birth(): void {
    this.births += 1;
    this.client.publishNodeBirth({
      timestamp: Date.now(),
      metrics: [
        metric('Node Control/Rebirth', 'Boolean', false),
        ...SENT.map(([type, value]) => metric(type, type, value)),
      ],
    });
    this.client.publishDeviceBirth('press', {
      timestamp: Date.now(),
      metrics: [metric('Running', 'Boolean', false), metric('Cycle', 'Int32', 1)],
    });
  }

  data(value: number): void {
    this.client.publishDeviceData('press', {
      timestamp: Date.now(),
      metrics: [metric('Cycle', 'Int32', value)],
    });
  }
}

describeWithBrokers('sparkplug-client and sparkplug-payload', (make) => {
  let broker: TestBroker;
  const toClose: (() => Promise<unknown> | void)[] = [];

  beforeEach(async () => {
    broker = await make();
    await broker.start();
  });

  afterEach(async () => {
    for (const close of toClose.splice(0).reverse()) await close();
    await broker.stop();
  });

  function ourHost(): HostDriver {
    const host = new HostDriver({
      hostId: 'H',
      groups: ['G'],
      reorderMs: 500,
      expected: [],
      servers: [{ url: broker.url }],
      clientId: 'our-host',
      nowMs: Date.now,
      nowUs: () => Math.round(performance.now() * 1_000),
      onRefused: () => undefined,
    });
    toClose.push(() => host.close());
    host.open();
    return host;
  }

  function peerEdge(): PeerEdge {
    const peer = new PeerEdge(broker.url);
    toClose.push(() => peer.client.stop());
    return peer;
  }

  const read = (
    host: HostDriver,
    name: string,
    device: string | null = null,
  ): ReturnType<HostDriver['read']> => host.read({ group: 'G', edge: 'peer', device, metric: name });

  it('their edge node is read by our host: births of every type, data, death', async () => {
    const host = ourHost();
    const peer = peerEdge();
    await until(() => read(host, 'Cycle', 'press')?.value === 1, 'it was born');
    for (const [type, , value] of SENT)
      expect([type, read(host, type)]).toMatchObject([type, { value, isStale: false }]);
    for (let cycle = 2; cycle < 300; cycle += 1) peer.data(cycle);
    await until(
      () => read(host, 'Cycle', 'press')?.value === 299,
      'the data came, around the end of the numbers',
    );
    peer.client.publishDeviceDeath('press', { timestamp: Date.now(), metrics: [] });
    await until(() => read(host, 'Cycle', 'press')?.isStale === true, 'the device died');
    expect(read(host, 'Int8')?.isStale).toBe(false);
    peer.client.stop();
    await until(() => read(host, 'Int8')?.isStale === true, 'the node died');
  });

  it('their edge node births again when our host, come late, asks it to', async () => {
    const peer = peerEdge();
    await until(() => peer.births === 1, 'it was born, and nobody heard it');
    const host = ourHost();
    await until(() => {
      peer.data(7);
      return read(host, 'Cycle', 'press')?.value === 7;
    }, 'it was born again');
    expect(peer.births).toBe(2);
    expect(peer.commands[0]!.metrics![0]).toMatchObject({ name: 'Node Control/Rebirth' });
  });

  it('their edge node that is cut off: its will is understood', async () => {
    const host = ourHost();
    peerEdge();
    await until(() => read(host, 'Cycle', 'press')?.isStale === false, 'it was born');
    const usurper = await connectAsync(broker.url, {
      clientId: 'peer-edge',
      reconnectPeriod: 0,
      protocolVersion: 4,
    });
    toClose.push(() => usurper.endAsync(true));
    await until(() => read(host, 'Cycle', 'press')?.isStale === true, 'it died');
  });

  it('their messages are decoded to the same by both, and encoded by us they say the same to them', async () => {
    const capture = await Capture.on(broker.url);
    toClose.push(() => capture.end());
    const peer = peerEdge();
    await until(() => capture.of('DBIRTH').length === 1, 'it was born');
    peer.data(2);
    peer.client.publishNodeData({
      timestamp: 5,
      metrics: [
        metric('table', 'DataSet', {
          numOfColumns: 2,
          columns: ['code', 'count'],
          types: ['String', 'Float'],
          rows: [
            ['a', 1.5],
            ['b', -2],
          ],
        }),
        metric('unit', 'Template', {
          version: '1',
          templateRef: 'Press',
          isDefinition: false,
          metrics: [metric('speed', 'Double', 2.5)],
          parameters: [{ name: 'maker', type: 'String', value: 'X' }],
        }),
        { ...metric('level', 'Float', 2), properties: { engUnit: { type: 'String', value: 'mm' } } },
        metric('image', 'Bytes', new Uint8Array([1, 2, 3])),
      ],
    });
    await until(() => capture.of('NDATA').length === 1, 'all came');
    for (const { payload, content } of capture.heard) {
      expect(plain(THEIRS.decodePayload(Uint8Array.from(encodePayload(content!))))).toEqual(
        plain(THEIRS.decodePayload(payload)),
      );
    }
    const [birth] = capture.of('NBIRTH');
    for (const [type, , value] of SENT) expect(ourValue(birth!.content!, type)).toEqual(value);
    const [data] = capture.of('NDATA');
    expect(ourValue(data!.content!, 'table')).toMatchObject({ rows: [['a', 1.5], ['b', -2]] }); // prettier-ignore
  });

  it('our messages are decoded by them to what we sent', async () => {
    const capture = await Capture.on(broker.url);
    toClose.push(() => capture.end());
    const numbers = SENT.map(([type, , value]) => ({ name: type, type, value, access: 'read' }) as const);
    const edge = new EdgeDriver({
      ...OPTIONS,
      metrics: numbers as unknown as typeof OPTIONS.metrics,
      servers: [{ url: broker.url }],
      clientId: 'our-edge',
      nowMs: Date.now,
      onCommand: () => undefined,
      onRefused: () => undefined,
    });
    toClose.push(() => edge.close());
    edge.open();
    await until(() => capture.of('DBIRTH').length === 2, 'it was born');
    const theirs = THEIRS.decodePayload(capture.of('NBIRTH')[0]!.payload);
    for (const [type, , value] of SENT) {
      // The library looks for an UInt32 in the field for 64 bits only, where the specification does not have it.
      if (type === 'UInt32') continue;
      const found = theirs.metrics!.find(({ name }) => name === type)!;
      // And it leaves a negative Int64 unsigned.
      const read = type === 'Int64' ? BigInt.asIntN(64, BigInt(String(found.value))) : found.value;
      expect([type, String(read)]).toEqual([type, String(value)]);
    }
    edge.update([{ deviceId: null, name: 'Double', value: 0.7, timestampMs: Date.now() }]);
    await until(() => capture.of('NDATA').length === 1, 'data came');
    // Nor does it read a value whose type stands in the birth only: with the type put back it does.
    const [data] = capture.of('NDATA');
    expect(THEIRS.decodePayload(data!.payload).metrics![0]!.value).toBeNull();
    const typed = {
      ...data!.content!,
      metrics: data!.content!.metrics.map((each) => ({ ...each, type: 'Double' as const })),
    };
    expect(THEIRS.decodePayload(encodePayload(typed)).metrics![0]!.value).toBe(0.7);
  });

  it('their will and death are what ours are, but for the number that never changes', async () => {
    const capture = await Capture.on(broker.url);
    toClose.push(() => capture.end());
    const peer = peerEdge();
    await until(() => capture.of('DBIRTH').length === 1, 'it was born');
    peer.client.stop();
    await until(() => capture.of('NDEATH').length === 1, 'it said that it goes');
    const decoded = decodePayload(capture.of('NDEATH')[0]!.payload);
    expect(decoded.ok && decoded.payload).toMatchObject({
      seq: null,
      metrics: [{ name: 'bdSeq', type: 'UInt64' }],
    });
  });
});

function ourValue({ metrics }: Payload, name: string): unknown {
  const { type, value } = metrics.find((each) => each.name === name)!;
  const typed = typedValue(type!, value!);
  return typed.ok ? typed.value : typed.message;
}

/** A payload of theirs as plain data: 64-bit integers come as objects. */
function plain(payload: UPayload): unknown {
  return JSON.parse(JSON.stringify(payload));
}
