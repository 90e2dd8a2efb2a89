import { describe, expect, it } from 'vitest';
import { parseTopic } from '../../../protocols/sparkplug/topic.ts';
import {
  contentOf,
  EdgeBench,
  kinds,
  metricOf,
  OPTIONS,
  payloadOf,
  plainMetric,
  sentOf,
  valueOf,
} from './edge-bench.ts';
import type { Sent } from './edge-bench.ts';
import { shows } from './tck.ts';

const topics = (sent: readonly Sent[]): string[] => sent.map(({ topic }) => topic);
const seqs = (sent: readonly Sent[]): (number | null)[] => sent.map(({ content }) => content.seq);

describe('topics of an edge node', () => {
  shows(
    [
      'tck-id-topic-structure',
      'tck-id-topic-structure-namespace-a',
      'tck-id-topic-structure-namespace-device-id-associated-message-types',
      'tck-id-topic-structure-namespace-device-id-non-associated-message-types',
      'tck-id-topics-nbirth-topic',
      'tck-id-topics-ndata-topic',
      'tck-id-topics-ndeath-topic',
      'tck-id-topics-dbirth-topic',
      'tck-id-topics-ddata-topic',
      'tck-id-topics-ddeath-topic',
      'tck-id-message-flow-edge-node-birth-publish-nbirth-topic',
      'tck-id-message-flow-device-birth-publish-dbirth-topic',
      'tck-id-message-flow-device-birth-publish-dbirth-match-edge-node-topic',
      'tck-id-intro-group-id-string',
      'tck-id-intro-edge-node-id-string',
      'tck-id-intro-device-id-string',
    ],
    () => {
      const bench = new EdgeBench();
      expect(topics(bench.born())).toEqual([
        'spBv1.0/G/NBIRTH/E',
        'spBv1.0/G/DBIRTH/E/arm-1',
        'spBv1.0/G/DBIRTH/E/arm-2',
      ]);
      expect(topics(bench.set('State', 2))).toEqual(['spBv1.0/G/NDATA/E']);
      expect(topics(bench.set('Mode', 'moving', 'arm-1'))).toEqual(['spBv1.0/G/DDATA/E/arm-1']);
      expect(topics(bench.sent({ kind: 'device', deviceId: 'arm-1', presence: 'offline' }))).toEqual([
        'spBv1.0/G/DDEATH/E/arm-1',
      ]);
      expect(topics(bench.sent({ kind: 'stop' }))).toEqual(['spBv1.0/G/NDEATH/E']);
    },
  );

  it('are taken apart, and others are not', () => {
    expect(parseTopic('spBv1.0/G/DDATA/E/D')).toEqual({
      groupId: 'G',
      edgeNodeId: 'E',
      verb: 'DDATA',
      deviceId: 'D',
    });
    for (const topic of [
      'spBv1.0/G/DDATA/E',
      'spBv1.0/G/NDATA/E/D',
      'spBv1.0/G/NDATA/E/D/X',
      'spBv1.0//NDATA/E',
      'spBv1.0/G/NDATA/',
      'spAv1.0/G/NDATA/E',
      'spBv1.0/G/ndata/E',
      'spBv1.0/STATE/H',
      '',
    ]) {
      expect(parseTopic(topic)).toBeNull();
    }
  });
});

describe('connecting', () => {
  shows(
    [
      'tck-id-message-flow-edge-node-birth-publish-will-message',
      'tck-id-message-flow-edge-node-birth-publish-will-message-topic',
      'tck-id-message-flow-edge-node-birth-publish-will-message-payload',
      'tck-id-message-flow-edge-node-birth-publish-will-message-qos',
      'tck-id-message-flow-edge-node-birth-publish-will-message-will-retained',
      'tck-id-payloads-ndeath-will-message',
      'tck-id-payloads-ndeath-will-message-qos',
      'tck-id-payloads-ndeath-will-message-retain',
      'tck-id-payloads-ndeath-seq',
      'tck-id-topics-ndeath-seq',
      'tck-id-topics-ndeath-payload',
    ],
    () => {
      const { will } = new EdgeBench().connect();
      expect(will).toMatchObject({ topic: 'spBv1.0/G/NDEATH/E', qos: 1, retain: false });
      const content = contentOf(will);
      expect(content.seq).toBeNull();
      expect(content.metrics.map(({ name, type }) => [name, type])).toEqual([['bdSeq', 'Int64']]);
    },
  );

  shows(
    [
      'tck-id-topics-nbirth-bdseq-increment',
      'tck-id-message-flow-edge-node-birth-publish-will-message-payload-bdSeq',
    ],
    () => {
      const bench = new EdgeBench();
      const seen = [valueOf(contentOf(bench.connect().will), 'bdSeq')];
      for (let round = 0; round < 257; round += 1) {
        bench.step({ kind: 'lost' });
        const connect = bench.after(2_000).find((effect) => effect.kind === 'connect');
        seen.push(valueOf(contentOf(connect!.will), 'bdSeq'));
      }
      expect(seen).toEqual(Array.from({ length: 258 }, (_, round) => BigInt(round % 256)));
    },
  );

  shows(
    [
      'tck-id-topics-nbirth-bdseq-included',
      'tck-id-topics-nbirth-bdseq-matching',
      'tck-id-payloads-nbirth-bdseq',
      'tck-id-payloads-nbirth-bdseq-repeat',
      'tck-id-payloads-ndeath-bdseq',
      'tck-id-message-flow-edge-node-birth-publish-nbirth-payload-bdSeq',
    ],
    () => {
      const bench = new EdgeBench();
      for (let round = 0; round < 3; round += 1) {
        const will =
          bench.effects.findLast((effect) => effect.kind === 'connect')?.will ?? bench.connect().will;
        const [nbirth] = bench.sent({ kind: 'connected' });
        expect(metricOf(nbirth!.content, 'bdSeq')).toMatchObject({ type: 'Int64', alias: null });
        expect(valueOf(nbirth!.content, 'bdSeq')).toBe(BigInt(round));
        expect(valueOf(contentOf(will), 'bdSeq')).toBe(BigInt(round));
        bench.step({ kind: 'lost' });
        bench.after(2_000);
      }
    },
  );

  shows(['tck-id-message-flow-edge-node-ncmd-subscribe', 'tck-id-message-flow-device-dcmd-subscribe'], () => {
    // The driver subscribes to all of them with QoS 1.
    expect(new EdgeBench().connect().filters).toEqual([
      'spBv1.0/G/NCMD/E',
      'spBv1.0/G/DCMD/E/arm-1',
      'spBv1.0/G/DCMD/E/arm-2',
    ]);
  });

  shows(
    ['tck-id-message-flow-edge-node-birth-publish-connect', 'tck-id-principles-birth-certificates-order'],
    () => {
      const bench = new EdgeBench();
      bench.connect();
      expect(bench.set('State', 7)).toEqual([]);
      const sent = bench.sent({ kind: 'connected' });
      expect(topics(sent)[0]).toBe('spBv1.0/G/NBIRTH/E');
    },
  );

  it('is tried again on the next server', () => {
    const bench = new EdgeBench({ servers: 3 });
    const servers = [bench.connect().server];
    for (let round = 0; round < 4; round += 1) {
      bench.step({ kind: 'lost' });
      for (const effect of bench.after(2_000)) if (effect.kind === 'connect') servers.push(effect.server);
    }
    expect(servers).toEqual([0, 1, 2, 0, 1]);
  });
});

describe('births', () => {
  shows(
    [
      'tck-id-topics-nbirth-mqtt',
      'tck-id-topics-dbirth-mqtt',
      'tck-id-payloads-nbirth-qos',
      'tck-id-payloads-nbirth-retain',
      'tck-id-payloads-dbirth-qos',
      'tck-id-payloads-dbirth-retain',
      'tck-id-message-flow-edge-node-birth-publish-nbirth-qos',
      'tck-id-message-flow-edge-node-birth-publish-nbirth-retained',
      'tck-id-message-flow-device-birth-publish-dbirth-qos',
      'tck-id-message-flow-device-birth-publish-dbirth-retained',
    ],
    () => {
      for (const sent of new EdgeBench().born()) expect(sent).toMatchObject({ qos: 0, retain: false });
    },
  );

  shows(
    [
      'tck-id-topics-nbirth-seq-num',
      'tck-id-topics-dbirth-seq',
      'tck-id-payloads-nbirth-seq',
      'tck-id-payloads-dbirth-seq',
      'tck-id-payloads-dbirth-seq-inc',
      'tck-id-payloads-sequence-num-always-included',
      'tck-id-payloads-sequence-num-req-nbirth',
      'tck-id-message-flow-edge-node-birth-publish-nbirth-payload-seq',
      'tck-id-message-flow-device-birth-publish-dbirth-payload-seq',
    ],
    () => expect(seqs(new EdgeBench().born())).toEqual([0, 1, 2]),
  );

  shows(
    [
      'tck-id-topics-nbirth-timestamp',
      'tck-id-topics-dbirth-timestamp',
      'tck-id-payloads-nbirth-timestamp',
      'tck-id-payloads-dbirth-timestamp',
      'tck-id-payloads-timestamp-in-UTC',
      'tck-id-payloads-metric-timestamp-in-UTC',
      'tck-id-payloads-name-birth-data-requirement',
    ],
    () => {
      const bench = new EdgeBench();
      const capturedMs = bench.nowMs;
      bench.connect();
      bench.nowMs += 500;
      for (const { content } of bench.sent({ kind: 'connected' })) {
        expect(content.timestampMs).toBe(bench.nowMs);
        for (const { timestampMs, name } of content.metrics) {
          const isOwn = name === 'bdSeq' || name === 'Node Control/Rebirth';
          expect(timestampMs).toBe(isOwn ? bench.nowMs : capturedMs);
        }
      }
      const [data] = bench.set('State', 3);
      expect(data!.content.metrics[0]!.timestampMs).toBe(bench.nowMs);
    },
  );

  shows(
    [
      'tck-id-topics-nbirth-metric-reqs',
      'tck-id-topics-nbirth-metrics',
      'tck-id-topics-dbirth-metric-reqs',
      'tck-id-topics-dbirth-metrics',
      'tck-id-operational-behavior-data-publish-nbirth',
      'tck-id-operational-behavior-data-publish-nbirth-values',
      'tck-id-operational-behavior-data-publish-dbirth',
      'tck-id-operational-behavior-data-publish-dbirth-values',
      'tck-id-payloads-metric-datatype-req',
      'tck-id-payloads-metric-datatype-value',
      'tck-id-payloads-metric-datatype-value-type',
      'tck-id-payloads-name-requirement',
      'tck-id-payloads-alias-birth-requirement',
      'tck-id-message-flow-edge-node-birth-publish-nbirth-payload',
      'tck-id-message-flow-device-birth-publish-dbirth-payload',
    ],
    () => {
      const bench = new EdgeBench();
      bench.set('State', 5);
      const [nbirth, arm1, arm2] = bench.born();
      for (const { name, type } of OPTIONS.metrics) {
        expect(metricOf(nbirth!.content, name)).toMatchObject({ type });
        expect(metricOf(nbirth!.content, name)!.alias).not.toBeNull();
      }
      expect(valueOf(nbirth!.content, 'State')).toBe(5);
      expect(metricOf(nbirth!.content, 'Text')!.value).toBeNull();
      expect(valueOf(arm1!.content, 'Mode')).toBe('idle');
      expect(arm2!.content.metrics.map(({ name }) => name)).toEqual(['Mode', 'Speed']);
    },
  );

  shows(['tck-id-payloads-alias-uniqueness'], () => {
    const aliases = new EdgeBench()
      .born()
      .flatMap(({ content }) => content.metrics.flatMap(({ alias }) => (alias === null ? [] : [alias])));
    expect(aliases).toHaveLength(6);
    expect(new Set(aliases).size).toBe(6);
  });

  shows(
    [
      'tck-id-topics-nbirth-rebirth-metric',
      'tck-id-payloads-nbirth-rebirth-req',
      'tck-id-operational-behavior-data-commands-rebirth-name',
      'tck-id-operational-behavior-data-commands-rebirth-name-aliases',
      'tck-id-operational-behavior-data-commands-rebirth-datatype',
      'tck-id-operational-behavior-data-commands-rebirth-value',
    ],
    () => {
      const [nbirth] = new EdgeBench().born();
      expect(metricOf(nbirth!.content, 'Node Control/Rebirth')).toMatchObject({
        alias: null,
        type: 'Boolean',
        value: { kind: 'boolean', value: false },
      });
    },
  );

  shows(
    [
      'tck-id-payloads-dbirth-order',
      'tck-id-payloads-ndata-order',
      'tck-id-payloads-ddata-order',
      'tck-id-message-flow-device-birth-publish-nbirth-wait',
    ],
    () => {
      const bench = new EdgeBench();
      bench.connect();
      bench.set('State', 9);
      bench.set('Mode', 'moving', 'arm-2');
      const verbs = [...bench.sent({ kind: 'connected' }), ...bench.set('State', 10)].map(
        ({ topic }) => topic.split('/')[2],
      );
      expect(verbs).toEqual(['NBIRTH', 'DBIRTH', 'DBIRTH', 'NDATA']);
    },
  );

  shows(
    ['tck-id-case-sensitivity-sparkplug-ids', 'tck-id-topic-structure-namespace-unique-device-id'],
    () => {
      const devices = new Map([
        ['Arm', []],
        ['arm', []],
      ]);
      expect(() => new EdgeBench({ devices })).toThrow(/two devices are called arm/);
    },
  );

  shows(['tck-id-case-sensitivity-metric-names'], () => {
    const metrics = ['State', 'STATE'].map(
      (name) => ({ name, type: 'Int32', value: 0, access: 'read' }) as const,
    );
    expect(() => new EdgeBench({ metrics })).toThrow(/called STATE/);
    const reserved = [{ name: 'BDSEQ', type: 'Int64', value: 0n, access: 'read' }] as const;
    expect(() => new EdgeBench({ metrics: reserved })).toThrow(/called BDSEQ/);
  });
});

describe('data', () => {
  shows(
    [
      'tck-id-topics-ndata-mqtt',
      'tck-id-topics-ddata-mqtt',
      'tck-id-payloads-ndata-qos',
      'tck-id-payloads-ndata-retain',
      'tck-id-payloads-ddata-qos',
      'tck-id-payloads-ddata-retain',
    ],
    () => {
      const bench = new EdgeBench();
      bench.born();
      const sent = [...bench.set('State', 2), ...bench.set('Mode', 'moving', 'arm-1')];
      expect(sent).toHaveLength(2);
      for (const each of sent) expect(each).toMatchObject({ qos: 0, retain: false });
    },
  );

  shows(
    [
      'tck-id-topics-ndata-seq-num',
      'tck-id-topics-ddata-seq-num',
      'tck-id-topics-ddeath-seq-num',
      'tck-id-payloads-ndata-seq',
      'tck-id-payloads-ndata-seq-inc',
      'tck-id-payloads-ddata-seq',
      'tck-id-payloads-ddata-seq-inc',
      'tck-id-payloads-ddeath-seq',
      'tck-id-payloads-ddeath-seq-inc',
      'tck-id-payloads-ddeath-seq-number',
      'tck-id-payloads-sequence-num-incrementing',
    ],
    () => {
      const bench = new EdgeBench();
      const sent = bench.born();
      for (let round = 0; round < 200; round += 1) {
        sent.push(...bench.set('State', 1_000 + round), ...bench.set('Mode', `${round}`, 'arm-1'));
      }
      sent.push(...bench.sent({ kind: 'device', deviceId: 'arm-1', presence: 'offline' }));
      sent.push(...bench.sent({ kind: 'device', deviceId: 'arm-1', presence: 'online' }));
      expect(seqs(sent)).toEqual(sent.map((_, index) => index % 256));
      expect(sent.length).toBeGreaterThan(256);
    },
  );

  shows(
    [
      'tck-id-topics-ndata-timestamp',
      'tck-id-topics-ddata-timestamp',
      'tck-id-payloads-ndata-timestamp',
      'tck-id-payloads-ddata-timestamp',
      'tck-id-payloads-ddeath-timestamp',
    ],
    () => {
      const bench = new EdgeBench();
      bench.born();
      bench.nowMs += 1_234;
      const sent = [
        ...bench.set('State', 2),
        ...bench.set('Mode', 'moving', 'arm-1'),
        ...bench.sent({ kind: 'device', deviceId: 'arm-2', presence: 'offline' }),
      ];
      expect(sent.map(({ content }) => content.timestampMs)).toEqual([bench.nowMs, bench.nowMs, bench.nowMs]);
    },
  );

  shows(
    [
      'tck-id-topics-ndata-payload',
      'tck-id-topics-ddata-payload',
      'tck-id-principles-rbe-recommended',
      'tck-id-operational-behavior-data-publish-nbirth-change',
      'tck-id-operational-behavior-data-publish-dbirth-change',
    ],
    () => {
      const bench = new EdgeBench();
      bench.born();
      const at = { timestampMs: bench.nowMs };
      const sent = bench.sent({
        kind: 'update',
        changes: [
          { deviceId: null, name: 'State', value: 1, ...at }, // as it was
          { deviceId: null, name: 'Text', value: 'new', ...at },
          { deviceId: 'arm-1', name: 'Mode', value: 'idle', ...at }, // as it was
          { deviceId: 'arm-2', name: 'Mode', value: 'moving', ...at },
        ],
      });
      expect(topics(sent)).toEqual(['spBv1.0/G/NDATA/E', 'spBv1.0/G/DDATA/E/arm-2']);
      expect(sent.map(({ content }) => content.metrics.map(({ value }) => value!.value))).toEqual([
        ['new'],
        ['moving'],
      ]);
      bench.after(600_000);
      expect(sentOf(bench.effects)).toHaveLength(5);
    },
  );

  shows(['tck-id-payloads-alias-data-cmd-requirement', 'tck-id-payloads-metric-datatype-not-req'], () => {
    const bench = new EdgeBench();
    const [nbirth] = bench.born();
    const [data] = bench.set('State', 2);
    const [metric] = data!.content.metrics;
    expect(metric).toMatchObject({
      name: null,
      type: null,
      alias: metricOf(nbirth!.content, 'State')!.alias,
    });
  });

  shows(
    [
      'tck-id-operational-behavior-data-publish-nbirth-order',
      'tck-id-operational-behavior-data-publish-dbirth-order',
    ],
    () => {
      const bench = new EdgeBench();
      const change = (
        name: string,
        value: number | string,
        timestampMs: number,
        deviceId: string | null = null,
      ) => ({ deviceId, name, value, timestampMs }) as const;
      bench.born();
      const sent = bench.sent({
        kind: 'update',
        changes: [
          change('Text', 'late', 30),
          change('State', 2, 10),
          change('State', 3, 20),
          change('Speed', 2, 9, 'arm-2'),
          change('Mode', 'moving', 8, 'arm-2'),
        ],
      });
      const times = sent.map(({ content }) => content.metrics.map(({ timestampMs }) => timestampMs));
      expect(times).toEqual([
        [10, 20, 30],
        [8, 9],
      ]);
      bench.after(5_000);
      const births = sentOf(bench.rebirth());
      for (const { content } of births) {
        const order = content.metrics.map(({ timestampMs }) => timestampMs!);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
    },
  );

  it('of a metric that the node does not have, or of another type, is a mistake', () => {
    const bench = new EdgeBench();
    expect(() => bench.set('Nothing', 1)).toThrow(/no metric/);
    expect(() => bench.set('State', 'two')).toThrow(RangeError);
  });
});

describe('deaths', () => {
  shows(['tck-id-topics-ddeath-mqtt', 'tck-id-operational-behavior-device-ddeath'], () => {
    const bench = new EdgeBench();
    bench.born();
    const [death, ...others] = bench.sent({ kind: 'device', deviceId: 'arm-2', presence: 'offline' });
    expect(death).toMatchObject({ topic: 'spBv1.0/G/DDEATH/E/arm-2', qos: 0, retain: false });
    expect(others).toEqual([]);
    expect(bench.set('Mode', 'moving', 'arm-2')).toEqual([]);
    expect(bench.sent({ kind: 'device', deviceId: 'arm-2', presence: 'offline' })).toEqual([]);
    const [birth] = bench.sent({ kind: 'device', deviceId: 'arm-2', presence: 'online' });
    expect(valueOf(birth!.content, 'Mode')).toBe('moving');
  });

  shows(
    [
      'tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath',
      'tck-id-operational-behavior-edge-node-intentional-disconnect-packet',
      'tck-id-payloads-ndeath-will-message-publisher',
      'tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt311',
    ],
    () => {
      const bench = new EdgeBench();
      bench.born();
      const effects = bench.step({ kind: 'stop' });
      expect(kinds(effects)).toEqual(['publish', 'disconnect']);
      const [death] = sentOf(effects);
      expect(death).toMatchObject({ topic: 'spBv1.0/G/NDEATH/E', qos: 1, retain: false });
      expect(valueOf(death!.content, 'bdSeq')).toBe(0n);
      expect(bench.node.dueMs).toBeNull();
    },
  );

  it('a node that was not born leaves without a death', () => {
    const bench = new EdgeBench({ primaryHostId: 'H' });
    bench.connect();
    bench.step({ kind: 'connected' });
    expect(kinds(bench.step({ kind: 'stop' }))).toEqual(['disconnect']);
  });
});

describe('rebirth', () => {
  shows(
    [
      'tck-id-operational-behavior-data-commands-rebirth-action-1',
      'tck-id-operational-behavior-data-commands-rebirth-action-2',
    ],
    () => {
      const bench = new EdgeBench();
      bench.born();
      bench.set('State', 44);
      bench.after(60_000);
      const births = sentOf(bench.rebirth());
      expect(topics(births)).toEqual([
        'spBv1.0/G/NBIRTH/E',
        'spBv1.0/G/DBIRTH/E/arm-1',
        'spBv1.0/G/DBIRTH/E/arm-2',
      ]);
      expect(seqs(births)).toEqual([0, 1, 2]);
      expect(valueOf(births[0]!.content, 'State')).toBe(44);
    },
  );

  shows(['tck-id-operational-behavior-data-commands-rebirth-action-3'], () => {
    const bench = new EdgeBench();
    bench.connect();
    bench.step({ kind: 'lost' });
    bench.after(2_000);
    bench.step({ kind: 'connected' });
    bench.after(60_000);
    const [nbirth] = sentOf(bench.rebirth());
    expect(valueOf(nbirth!.content, 'bdSeq')).toBe(1n);
  });

  it('asked for too often comes once in a second, and no data before it', () => {
    const bench = new EdgeBench();
    bench.born();
    expect(bench.rebirth()).toEqual([]);
    expect(bench.set('State', 50)).toEqual([]);
    expect(bench.rebirth()).toEqual([]);
    const sent = sentOf(bench.after(1_000));
    expect(topics(sent).slice(0, 3)).toEqual([
      'spBv1.0/G/NBIRTH/E',
      'spBv1.0/G/DBIRTH/E/arm-1',
      'spBv1.0/G/DBIRTH/E/arm-2',
    ]);
    expect(valueOf(sent[0]!.content, 'State')).toBe(50);
  });
});

describe('commands', () => {
  it('are read by name or alias, and handed over with their values', () => {
    const bench = new EdgeBench();
    const [nbirth, , arm2] = bench.born();
    expect(bench.write('Order', 'Int64', 5n)).toEqual([
      { kind: 'command', deviceId: null, written: [{ name: 'Order', value: 5n }] },
    ]);
    const { alias } = metricOf(nbirth!.content, 'Order')!;
    const byAlias = payloadOf([plainMetric({ alias, value: { kind: 'long', value: 6n } })]);
    expect(bench.hears('spBv1.0/G/NCMD/E', byAlias)).toMatchObject([
      { written: [{ name: 'Order', value: 6n }] },
    ]);
    const speed = metricOf(arm2!.content, 'Speed')!.alias;
    const toDevice = payloadOf([plainMetric({ alias: speed, value: { kind: 'float', value: 0.5 } })]);
    expect(bench.hears('spBv1.0/G/DCMD/E/arm-2', toDevice)).toEqual([
      { kind: 'command', deviceId: 'arm-2', written: [{ name: 'Speed', value: 0.5 }] },
    ]);
  });

  it.each<readonly [string, string, (bench: EdgeBench) => ReturnType<EdgeBench['step']>]>([
    ['unknown-metric', 'a name that was not born', (bench) => bench.write('Nothing', 'Int32', 1)],
    [
      'unknown-metric',
      'an alias of another device',
      (bench) =>
        bench.hears(
          'spBv1.0/G/DCMD/E/arm-1',
          payloadOf([plainMetric({ alias: 6n, value: { kind: 'float', value: 1 } })]),
        ),
    ],
    [
      'unknown-metric',
      'neither name nor alias',
      (bench) => bench.hears('spBv1.0/G/NCMD/E', payloadOf([plainMetric({})])),
    ],
    ['not-writable', 'a metric that is read only', (bench) => bench.write('State', 'Int32', 1)],
    ['not-writable', 'bdSeq', (bench) => bench.write('bdSeq', 'Int64', 1n)],
    ['metric-wrong', 'another type', (bench) => bench.write('Order', 'String', '5')],
    [
      'metric-wrong',
      'another type by its word',
      (bench) =>
        bench.hears(
          'spBv1.0/G/NCMD/E',
          payloadOf([plainMetric({ name: 'Order', type: 'Int32', value: { kind: 'int', value: 1 } })]),
        ),
    ],
    [
      'metric-wrong',
      'no value',
      (bench) => bench.hears('spBv1.0/G/NCMD/E', payloadOf([plainMetric({ name: 'Order' })])),
    ],
    [
      'metric-wrong',
      'a rebirth that is no Boolean',
      (bench) =>
        bench.hears(
          'spBv1.0/G/NCMD/E',
          payloadOf([plainMetric({ name: 'Node Control/Rebirth', value: { kind: 'int', value: 1 } })]),
        ),
    ],
    ['malformed-payload', 'no Sparkplug', (bench) => bench.hears('spBv1.0/G/NCMD/E', Buffer.from('{}'))],
    [
      'retained-command',
      'a retained one',
      (bench) =>
        bench.hears(
          'spBv1.0/G/NCMD/E',
          payloadOf([plainMetric({ name: 'Order', value: { kind: 'long', value: 1n } })]),
          true,
        ),
    ],
    ['unknown-device', 'a device that there is not', (bench) => bench.write('Mode', 'String', 'x', 'arm-9')],
    [
      'not-born',
      'a device that is offline',
      (bench) => {
        bench.step({ kind: 'device', deviceId: 'arm-2', presence: 'offline' });
        return bench.write('Speed', 'Float', 1, 'arm-2');
      },
    ],
  ])('%s: %s is refused', (code, _what, act) => {
    const bench = new EdgeBench();
    bench.born();
    const effects = act(bench);
    expect(effects).toMatchObject([{ kind: 'refused', code }]);
    expect((effects[0] as { detail: string }).detail).not.toBe('');
  });

  it('before the birth are refused', () => {
    const bench = new EdgeBench();
    bench.connect();
    expect(bench.write('Order', 'Int64', 1n)).toMatchObject([{ kind: 'refused', code: 'not-born' }]);
  });

  it('that come too fast are refused', () => {
    const bench = new EdgeBench();
    bench.born();
    const codes = Array.from({ length: 150 }, () => bench.write('Order', 'Int64', 1n)[0]!);
    expect(codes.filter(({ kind }) => kind === 'command')).toHaveLength(100);
    bench.nowMs += 1_000;
    expect(kinds(bench.write('Order', 'Int64', 1n))).toEqual(['command']);
  });
});
