import { describe, expect, it } from 'vitest';
import type { HostEffect } from '../../../protocols/sparkplug/host-application.ts';
import { contentOf, kinds, payloadOf, plainMetric } from './edge-bench.ts';
import { HostBench, Source } from './host-bench.ts';
import { shows } from './tck.ts';

type Published = Extract<HostEffect, { kind: 'publish' }>;

function published(effects: readonly HostEffect[]): Published[] {
  return effects.filter((effect) => effect.kind === 'publish');
}

function json({ payload }: { readonly payload: Uint8Array }): unknown {
  return JSON.parse(Buffer.from(payload).toString());
}

/** The rebirths that are asked for. */
function asked(effects: readonly HostEffect[]): Published[] {
  return published(effects).filter(({ topic }) => topic.includes('/NCMD/'));
}

function codes(effects: readonly HostEffect[]): string[] {
  return effects.filter((effect) => effect.kind === 'refused').map(({ code }) => code);
}

/** A host that knows a node with its births. */
function acquainted(): { host: HostBench; source: Source } {
  const host = new HostBench().connected();
  const source = new Source();
  host.hearsAll(source.born().births);
  expect(host.value('State')).toBe(1);
  return { host, source };
}

describe('a host’s STATE', () => {
  shows(
    [
      'tck-id-host-topic-phid-death-required',
      'tck-id-host-topic-phid-death-topic',
      'tck-id-host-topic-phid-death-qos',
      'tck-id-host-topic-phid-death-retain',
      'tck-id-host-topic-phid-death-payload',
      'tck-id-host-topic-phid-death-payload-timestamp-connect',
      'tck-id-operational-behavior-host-application-connect-will',
      'tck-id-operational-behavior-host-application-connect-will-topic',
      'tck-id-operational-behavior-host-application-connect-will-payload',
      'tck-id-operational-behavior-host-application-connect-will-qos',
      'tck-id-operational-behavior-host-application-connect-will-retained',
      'tck-id-payloads-state-will-message',
      'tck-id-payloads-state-will-message-qos',
      'tck-id-payloads-state-will-message-retain',
      'tck-id-payloads-state-will-message-payload',
    ],
    () => {
      const bench = new HostBench();
      const [connect] = bench.step({ kind: 'start' });
      expect(connect).toMatchObject({
        kind: 'connect',
        will: { topic: 'spBv1.0/STATE/H', qos: 1, retain: true },
      });
      const { will } = connect as Extract<HostEffect, { kind: 'connect' }>;
      expect(json(will)).toEqual({ online: false, timestamp: bench.nowMs });
    },
  );

  shows(
    [
      'tck-id-intro-sparkplug-host-state',
      'tck-id-components-ph-state',
      'tck-id-conformance-primary-host',
      'tck-id-host-topic-phid-birth-message',
      'tck-id-host-topic-phid-birth-qos',
      'tck-id-host-topic-phid-birth-retain',
      'tck-id-host-topic-phid-birth-topic',
      'tck-id-host-topic-phid-birth-sub-required',
      'tck-id-host-topic-phid-birth-required',
      'tck-id-host-topic-phid-birth-payload',
      'tck-id-host-topic-phid-birth-payload-timestamp',
      'tck-id-message-flow-phid-sparkplug-subscription',
      'tck-id-message-flow-phid-sparkplug-state-publish',
      'tck-id-message-flow-phid-sparkplug-state-publish-payload',
      'tck-id-message-flow-phid-sparkplug-state-publish-payload-timestamp',
      'tck-id-operational-behavior-host-application-connect-birth',
      'tck-id-operational-behavior-host-application-connect-birth-topic',
      'tck-id-operational-behavior-host-application-connect-birth-payload',
      'tck-id-operational-behavior-host-application-connect-birth-qos',
      'tck-id-operational-behavior-host-application-connect-birth-retained',
      'tck-id-payloads-state-subscribe',
      'tck-id-payloads-state-birth',
      'tck-id-payloads-state-birth-payload',
      'tck-id-operational-behavior-primary-application-state-with-multiple-servers-state',
    ],
    () => {
      const bench = new HostBench({ servers: 2 });
      const started = bench.nowMs;
      for (const effect of bench.step({ kind: 'start' })) {
        // Subscribed to before the driver says that it is connected, and nothing is published before that.
        expect(effect).toMatchObject({ kind: 'connect', filters: ['spBv1.0/STATE/H', 'spBv1.0/G/#'] });
      }
      bench.nowMs += 700;
      for (const server of [0, 1]) {
        const [birth, ...others] = published(bench.step({ kind: 'connected', server }));
        expect(birth).toMatchObject({ server, topic: 'spBv1.0/STATE/H', qos: 1, retain: true });
        expect(json(birth!)).toEqual({ online: true, timestamp: started });
        expect(others).toEqual([]);
      }
    },
  );

  shows(['tck-id-operational-behavior-host-application-multi-server-timestamp'], () => {
    const bench = new HostBench({ servers: 2 }).connected();
    const first = bench.nowMs;
    bench.step({ kind: 'lost', server: 1 });
    bench.after(5_000);
    bench.step({ kind: 'connected', server: 1 });
    const [again] = published(bench.state(false, 1, 1));
    const [same] = published(bench.state(false, 1, 0));
    expect(json(again!)).toEqual({ online: true, timestamp: first + 1_000 });
    expect(json(same!)).toEqual({ online: true, timestamp: first });
  });

  shows(['tck-id-message-flow-hid-sparkplug-state-message-delivered'], () => {
    const bench = new HostBench().connected();
    const [again] = published(bench.state(false, bench.nowMs - 60_000));
    expect(again).toMatchObject({ topic: 'spBv1.0/STATE/H', qos: 1, retain: true });
    expect(json(again!)).toEqual({ online: true, timestamp: bench.nowMs });
    expect(bench.state(true, bench.nowMs)).toEqual([]);
  });

  shows(
    [
      'tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean',
      'tck-id-host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet',
      'tck-id-operational-behavior-host-application-termination',
      'tck-id-operational-behavior-host-application-death-topic',
      'tck-id-operational-behavior-host-application-death-payload',
      'tck-id-operational-behavior-host-application-death-qos',
      'tck-id-operational-behavior-host-application-death-retained',
      'tck-id-operational-behavior-host-application-disconnect-intentional',
    ],
    () => {
      const bench = new HostBench().connected();
      bench.nowMs += 9_000;
      const effects = bench.step({ kind: 'stop' });
      expect(kinds(effects)).toEqual(['publish', 'disconnect']);
      const [death] = published(effects);
      expect(death).toMatchObject({ topic: 'spBv1.0/STATE/H', qos: 1, retain: true });
      expect(json(death!)).toEqual({ online: false, timestamp: bench.nowMs });
      expect(bench.host.dueMs).toBeNull();
    },
  );
});

describe('births and data', () => {
  it('make tags, whose types the data need not say', () => {
    const { host, source } = acquainted();
    expect(host.tag('State')).toMatchObject({ type: 'Int32', value: 1, quality: 'good' });
    expect(host.tag('Text')).toMatchObject({ value: null, quality: 'good' });
    expect(host.tag('Nothing')).toBeNull();
    host.nowMs += 100;
    host.hears(source.set('State', 2));
    host.hears(source.set('Mode', 'moving', 'arm-1'));
    expect(host.tag('State')).toMatchObject({ value: 2, receivedMs: host.nowMs });
    expect(host.value('Mode', 'arm-1')).toBe('moving');
    expect(host.value('Mode', 'arm-2')).toBe('idle');
    expect(codes(host.effects)).toEqual([]);
  });

  it('that are historical change no tag', () => {
    const { host, source } = acquainted();
    source.set('State', 2);
    const { alias } = contentOf(source.set('State', 3)).metrics[0]!;
    host.nowMs += 3_000;
    host.after(3_000);
    const { births } = source.born();
    host.hearsAll(births);
    const past = plainMetric({
      alias,
      timestampMs: 5,
      value: { kind: 'int', value: 99 },
      isHistorical: true,
    });
    host.hears({ topic: 'spBv1.0/G/NDATA/E', payload: payloadOf([past], { seq: 3 }) });
    expect(host.value('State')).toBe(3);
  });

  it('carry a quality, and one that is not good is known', () => {
    const { host } = acquainted();
    const quality = (value: number) =>
      payloadOf(
        [
          plainMetric({
            name: 'State',
            value: { kind: 'int', value: 5 },
            properties: new Map([['Quality', { type: 'Int32', value }]]),
          }),
        ],
        { seq: [192, 0, 500, 7].indexOf(value) + 3 },
      );
    const seen = [192, 0, 500, 7].map((value) => {
      host.hears({ topic: 'spBv1.0/G/NDATA/E', payload: quality(value) });
      return host.tag('State')!.quality;
    });
    expect(seen).toEqual(['good', 'bad', 'stale', 'bad']);
  });

  it('that are no number are not believed', () => {
    const host = new HostBench().connected();
    const born = plainMetric({ name: 'Speed', type: 'Double', value: { kind: 'double', value: NaN } });
    host.hears({ topic: 'spBv1.0/G/NBIRTH/E', payload: payloadOf([born], { seq: 0 }) });
    expect(host.tag('Speed')!.quality).toBe('bad');
  });

  it.each<readonly [string, Parameters<typeof plainMetric>[0], string]>([
    ['without a name', { alias: 1n, type: 'Int32', value: { kind: 'int', value: 1 } }, 'metric-wrong'],
    ['without a type', { name: 'A', value: { kind: 'int', value: 1 } }, 'metric-wrong'],
    [
      'of a value that is not of its type',
      { name: 'A', type: 'Int8', value: { kind: 'int', value: 300 } },
      'metric-wrong',
    ],
    ['with an alias that is taken', { name: 'A', alias: 7n, type: 'Boolean', value: null }, 'alias-taken'],
  ])('a metric %s is refused by name, the others are taken', (_what, part, code) => {
    const host = new HostBench().connected();
    const good = plainMetric({ name: 'Good', alias: 7n, type: 'Int32', value: { kind: 'int', value: 1 } });
    const effects = host.hears({
      topic: 'spBv1.0/G/NBIRTH/E',
      payload: payloadOf([good, plainMetric(part)], { seq: 0 }),
    });
    expect(codes(effects)).toEqual([code]);
    expect(host.value('Good')).toBe(1);
    expect(host.tag('A')).toBeNull();
  });

  it('data of another type than the birth’s make the tag bad', () => {
    const { host, source } = acquainted();
    const { alias } = contentOf(source.set('State', 3)).metrics[0]!;
    const wrong = plainMetric({ alias, value: { kind: 'string', value: 'x' } });
    expect(
      codes(host.hears({ topic: 'spBv1.0/G/NDATA/E', payload: payloadOf([wrong], { seq: 3 }) })),
    ).toEqual(['metric-wrong']);
    expect(host.tag('State')).toMatchObject({ value: 1, quality: 'bad' });
  });

  it('a birth leaves out what is gone', () => {
    const host = new HostBench().connected();
    host.hearsAll(new Source().born().births);
    host.hearsAll(
      new Source({ metrics: [{ name: 'Other', type: 'Int32', value: 1, access: 'read' }] }).born().births,
    );
    expect(host.tag('State')).toBeNull();
    expect(host.value('Other')).toBe(1);
  });
});

describe('devices', () => {
  shows(['tck-id-topic-structure-namespace-duplicate-device-id-across-edge-node'], () => {
    const host = new HostBench().connected();
    const other = new Source({ id: { groupId: 'G', edgeNodeId: 'F' } });
    host.hearsAll(new Source().born().births);
    host.hearsAll(other.born().births);
    host.hears(other.set('Mode', 'moving', 'arm-1'));
    expect(host.tag('Mode', 'arm-1', 'E')!.value).toBe('idle');
    expect(host.tag('Mode', 'arm-1', 'F')!.value).toBe('moving');
  });
});

describe('the order of messages', () => {
  shows(['tck-id-operational-behavior-host-reordering-param'], () => {
    const { host, source } = acquainted();
    source.set('State', 2);
    host.hears(source.set('State', 3));
    expect(host.host.dueMs).toBe(host.nowMs + 2_000);
    const patient = new HostBench({ reorderMs: 7_000 }).connected();
    const other = new Source();
    patient.hearsAll(other.born().births);
    other.set('State', 2);
    patient.hears(other.set('State', 3));
    expect(patient.host.dueMs).toBe(patient.nowMs + 7_000);
  });

  shows(
    [
      'tck-id-operational-behavior-host-reordering-start',
      'tck-id-operational-behavior-host-reordering-success',
    ],
    () => {
      const { host, source } = acquainted();
      const [first, second, third] = [2, 3, 4].map((value) => source.set('State', value));
      host.hears(third!);
      host.hears(second!);
      expect(host.value('State')).toBe(1);
      host.after(1_900);
      host.hears(first!);
      expect(host.value('State')).toBe(4);
      expect(host.host.dueMs).toBeNull();
      expect(asked(host.after(60_000))).toEqual([]);
      host.hears(source.set('State', 5));
      expect(host.tag('State')).toMatchObject({ value: 5, quality: 'good' });
    },
  );

  shows(
    [
      'tck-id-operational-behavior-host-reordering-rebirth',
      'tck-id-operational-behavior-data-commands-ncmd-rebirth-verb',
      'tck-id-operational-behavior-data-commands-ncmd-rebirth-name',
      'tck-id-operational-behavior-data-commands-ncmd-rebirth-value',
      'tck-id-operational-behavior-data-commands-ncmd-verb',
      'tck-id-topics-ncmd-topic',
      'tck-id-topics-ncmd-mqtt',
      'tck-id-topics-ncmd-timestamp',
      'tck-id-payloads-ncmd-timestamp',
      'tck-id-payloads-ncmd-seq',
      'tck-id-payloads-ncmd-qos',
      'tck-id-payloads-ncmd-retain',
    ],
    () => {
      const { host, source } = acquainted();
      source.set('State', 2); // lost
      host.hears(source.set('State', 3));
      const effects = host.after(2_000);
      expect(codes(effects)).toEqual(['messages-lost']);
      const [request, ...others] = asked(effects);
      expect(others).toEqual([]);
      expect(request).toMatchObject({ topic: 'spBv1.0/G/NCMD/E', qos: 0, retain: false });
      const content = contentOf(request!);
      expect(content).toMatchObject({ seq: null, timestampMs: host.nowMs });
      expect(content.metrics).toMatchObject([
        { name: 'Node Control/Rebirth', type: null, value: { kind: 'boolean', value: true } },
      ]);
      // What was lost is unknown, so nothing counts as current until the births.
      expect(host.tag('State')).toMatchObject({ value: 1, quality: 'stale' });
      host.hearsAll(source.born().births);
      expect(host.tag('State')).toMatchObject({ value: 3, quality: 'good' });
      expect(host.host.dueMs).toBeNull();
    },
  );

  it('goes around from 255 to 0', () => {
    const { host, source } = acquainted();
    for (let value = 0; value < 600; value += 1) host.hears(source.set('State', 1_000 + value));
    expect(host.value('State')).toBe(1_599);
    expect(codes(host.effects)).toEqual([]);
  });

  it('a rebirth that does not come is asked for again, at intervals', () => {
    const { host, source } = acquainted();
    source.set('State', 2);
    host.hears(source.set('State', 3));
    expect(asked(host.after(21_999))).toHaveLength(4);
    for (let value = 10; value < 100; value += 1) host.hears(source.set('State', value));
    expect(asked(host.after(0))).toEqual([]);
  });

  it('too many messages that wait are not kept', () => {
    const { host, source } = acquainted();
    source.set('State', 2);
    const effects = Array.from({ length: 65 }, (_, index) =>
      host.hears(source.set('State', 10 + index)),
    ).flat();
    expect(codes(effects)).toEqual(['messages-lost']);
    expect(asked(effects)).toHaveLength(1);
  });

  it('a message without a sequence number is refused', () => {
    const { host } = acquainted();
    const metric = plainMetric({ name: 'State', value: { kind: 'int', value: 9 } });
    const effects = host.hears({ topic: 'spBv1.0/G/NDATA/E', payload: payloadOf([metric]) });
    expect(codes(effects)).toEqual(['seq-missing']);
    expect(host.value('State')).toBe(1);
  });
});

describe('data without a birth', () => {
  it('is refused, and the births are asked for', () => {
    const host = new HostBench().connected();
    const source = new Source();
    source.born();
    const effects = host.hears(source.set('State', 2));
    expect(codes(effects)).toEqual(['no-birth']);
    expect(asked(effects)).toHaveLength(1);
    expect(host.tag('State')).toBeNull();
    expect(asked(host.hears(source.set('State', 3)))).toEqual([]);
  });

  it('of a device is refused, and the births are asked for', () => {
    const { host, source } = acquainted();
    const data = source.set('Mode', 'moving', 'arm-1');
    const effects = host.hears({ ...data, topic: 'spBv1.0/G/DDATA/E/arm-9' });
    expect(codes(effects)).toEqual(['no-birth']);
    expect(asked(effects)).toHaveLength(1);
  });

  it('of a metric that was not born is refused, and the births are asked for', () => {
    const { host } = acquainted();
    const strange = plainMetric({ alias: 99n, value: { kind: 'int', value: 1 } });
    const effects = host.hears({ topic: 'spBv1.0/G/NDATA/E', payload: payloadOf([strange], { seq: 3 }) });
    expect(codes(effects)).toEqual(['unknown-metric']);
    expect(asked(effects)).toHaveLength(1);
  });

  it('of edge nodes that are expected: their births are asked for, if they do not come', () => {
    const expected = [
      { groupId: 'G', edgeNodeId: 'E' },
      { groupId: 'G', edgeNodeId: 'F' },
    ];
    const host = new HostBench({ expected }).connected();
    host.hearsAll(new Source().born().births);
    expect(asked(host.after(2_000)).map(({ topic }) => topic)).toEqual(['spBv1.0/G/NCMD/F']);
  });

  it('of very many edge nodes is asked for at a bounded rate', () => {
    const expected = Array.from({ length: 200 }, (_, index) => ({ groupId: 'G', edgeNodeId: `N${index}` }));
    const host = new HostBench({ expected }).connected();
    expect(asked(host.after(2_999))).toHaveLength(50);
    expect(asked(host.after(3_000))).toHaveLength(150);
  });
});

describe('deaths', () => {
  shows(
    [
      'tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline',
      'tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale',
      'tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-offline',
      'tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale',
    ],
    () => {
      const host = new HostBench().connected();
      const { births, will } = new Source().born();
      host.hearsAll(births);
      host.nowMs += 5_000;
      host.hears(will);
      const id = { groupId: 'G', edgeNodeId: 'E' };
      expect([null, 'arm-1', 'arm-2'].map((device) => host.host.isOnline(id, device))).toEqual([
        false,
        false,
        false,
      ]);
      const stale = { quality: 'stale', qualitySinceMs: host.nowMs };
      expect(host.tag('State')).toMatchObject({ ...stale, value: 1 });
      expect(host.tag('Mode', 'arm-1')).toMatchObject(stale);
      expect(host.tag('Speed', 'arm-2')).toMatchObject(stale);
      expect(asked(host.after(60_000))).toEqual([]);
    },
  );

  it('of a session before are not believed', () => {
    const host = new HostBench().connected();
    const source = new Source();
    const first = source.born();
    host.hearsAll(first.births);
    host.hearsAll(source.born().births);
    expect(codes(host.hears(first.will))).toEqual(['death-of-another-session']);
    expect(host.tag('State')!.quality).toBe('good');
  });

  it('are understood with bdSeq as UInt64, or by an alias that it must not have', () => {
    const host = new HostBench().connected();
    const bdSeq = plainMetric({
      name: 'bdSeq',
      alias: 9n,
      type: 'UInt64',
      value: { kind: 'long', value: 4n },
    });
    host.hears({ topic: 'spBv1.0/G/NBIRTH/E', payload: payloadOf([bdSeq], { seq: 0 }) });
    const death = plainMetric({ alias: 9n, value: { kind: 'long', value: 4n } });
    host.hears({ topic: 'spBv1.0/G/NDEATH/E', payload: payloadOf([death]) });
    expect(host.host.isOnline({ groupId: 'G', edgeNodeId: 'E' }, null)).toBe(false);
  });

  shows(
    [
      'tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline',
      'tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale',
    ],
    () => {
      const { host, source } = acquainted();
      host.nowMs += 5_000;
      const death = source.device('arm-1', 'offline');
      host.hears(death);
      const id = { groupId: 'G', edgeNodeId: 'E' };
      expect(['arm-1', 'arm-2'].map((device) => host.host.isOnline(id, device))).toEqual([false, true]);
      const { timestampMs } = contentOf(death);
      expect(host.tag('Mode', 'arm-1')).toMatchObject({ quality: 'stale', qualitySinceMs: timestampMs });
      expect(host.tag('Mode', 'arm-2')).toMatchObject({ quality: 'good' });
      host.hears(source.device('arm-1', 'online'));
      expect(host.tag('Mode', 'arm-1')).toMatchObject({ quality: 'good' });
    },
  );

  it('of a server: everything heard over it is stale', () => {
    const host = new HostBench({ servers: 2 }).connected();
    host.hearsAll(new Source().born().births, 0);
    host.hearsAll(new Source({ id: { groupId: 'G', edgeNodeId: 'F' } }).born().births, 1);
    host.step({ kind: 'lost', server: 0 });
    expect(host.tag('State')!.quality).toBe('stale');
    expect(host.tag('State', null, 'F')!.quality).toBe('good');
    expect(kinds(host.after(1_000))).toEqual(['connect']);
  });
});

describe('commands', () => {
  shows(
    [
      'tck-id-topics-ncmd-payload',
      'tck-id-topics-dcmd-topic',
      'tck-id-topics-dcmd-mqtt',
      'tck-id-topics-dcmd-timestamp',
      'tck-id-topics-dcmd-payload',
      'tck-id-payloads-dcmd-timestamp',
      'tck-id-payloads-dcmd-seq',
      'tck-id-payloads-dcmd-qos',
      'tck-id-payloads-dcmd-retain',
      'tck-id-payloads-name-cmd-requirement',
      'tck-id-operational-behavior-data-commands-ncmd-metric-name',
      'tck-id-operational-behavior-data-commands-ncmd-metric-value',
      'tck-id-operational-behavior-data-commands-dcmd-verb',
      'tck-id-operational-behavior-data-commands-dcmd-metric-name',
      'tck-id-operational-behavior-data-commands-dcmd-metric-value',
    ],
    () => {
      const { host } = acquainted();
      const write = (device: string | null, metric: string, value: number): Published =>
        published(
          host.step({ kind: 'write', address: { group: 'G', edge: 'E', device, metric }, value }),
        )[0]!;
      const toNode = write(null, 'Order', 5);
      const toDevice = write('arm-2', 'Speed', 0.5);
      expect([toNode.topic, toDevice.topic]).toEqual(['spBv1.0/G/NCMD/E', 'spBv1.0/G/DCMD/E/arm-2']);
      for (const sent of [toNode, toDevice]) {
        expect(sent).toMatchObject({ qos: 0, retain: false });
        expect(contentOf(sent)).toMatchObject({ seq: null, timestampMs: host.nowMs });
      }
      expect(contentOf(toNode).metrics).toMatchObject([
        { name: null, alias: host.tag('Order')!.alias, value: { kind: 'long', value: 5n } },
      ]);
      expect(contentOf(toDevice).metrics).toMatchObject([{ value: { kind: 'float', value: 0.5 } }]);
    },
  );

  it.each<readonly [string, string | null, string, number | string]>([
    ['a metric that there is not', null, 'Nothing', 1],
    ['a device that there is not', 'arm-9', 'Mode', 'x'],
    ['a value of another type', null, 'Order', 'five'],
    ['a fraction where whole numbers go', null, 'State', 1.5],
    ['a number that is too large', null, 'State', 3e9],
  ])('to write %s is refused', (_what, device, metric, value) => {
    const { host } = acquainted();
    const address = { group: 'G', edge: 'E', device, metric };
    expect(codes(host.step({ kind: 'write', address, value }))).toEqual(['write-refused']);
  });
});

describe('bad messages', () => {
  it.each<readonly [string, string, Uint8Array, boolean, string[]]>([
    ['no Sparkplug', 'spBv1.0/G/NDATA/E', Buffer.from('{"a":1}'), false, ['malformed-payload']],
    ['empty', 'spBv1.0/G/NDATA/E', new Uint8Array(), false, ['seq-missing']],
    ['retained', 'spBv1.0/G/NBIRTH/E', payloadOf([], { seq: 0 }), true, ['retained-message']],
    ['of no Sparkplug topic', 'spBv1.0/G/XDATA/E', Buffer.from('x'), false, []],
    ['of a host', 'spBv1.0/G/NCMD/E', payloadOf([]), false, []],
  ])('%s', (_what, topic, payload, retained, expected) => {
    const host = new HostBench().connected();
    expect(codes(host.hears({ topic, payload }, 0, retained))).toEqual(expected);
  });

  it('of more edge nodes, devices and metrics than allowed are refused', () => {
    const limits = { edgeNodesMax: 2, devicesMax: 1, metricsMax: 4 };
    const host = new HostBench({ limits }).connected();
    const births = ['E', 'F', 'H'].flatMap(
      (edgeNodeId) => new Source({ id: { groupId: 'G', edgeNodeId } }).born().births,
    );
    expect(new Set(codes(host.hearsAll(births)))).toEqual(
      new Set(['too-many-metrics', 'too-many-devices', 'too-many-edge-nodes']),
    );
    expect(host.value('State')).toBe(1);
  });
});
