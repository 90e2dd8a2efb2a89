import { describe, expect, it } from 'vitest';
import { EdgeBench, kinds, metricOf, sentOf, valueOf } from './edge-bench.ts';
import { shows } from './tck.ts';

/** Connected to a server, waiting for host H. */
function waiting(servers = 2): EdgeBench {
  const bench = new EdgeBench({ primaryHostId: 'H', servers });
  bench.connect();
  expect(bench.step({ kind: 'connected' })).toEqual([]);
  return bench;
}

function online(servers = 2): EdgeBench {
  const bench = waiting(servers);
  bench.state(true, 1_000);
  expect(bench.node.isOnline).toBe(true);
  return bench;
}

const connects = (effects: readonly { kind: string; server?: number }[]): (number | undefined)[] =>
  effects.filter(({ kind }) => kind === 'connect').map(({ server }) => server);

describe('an edge node with a primary host', () => {
  shows(['tck-id-operational-behavior-primary-application-state-with-multiple-servers-state-subs'], () => {
    const bench = new EdgeBench({ primaryHostId: 'H', servers: 2 });
    expect(bench.connect().filters.slice(0, 2)).toEqual(['spBv1.0/STATE/H', 'STATE/H']);
  });

  shows(
    [
      'tck-id-message-flow-edge-node-birth-publish-phid-wait',
      'tck-id-message-flow-edge-node-birth-publish-phid-wait-online',
      'tck-id-operational-behavior-edge-node-birth-sequence-wait',
    ],
    () => {
      const bench = waiting(1);
      expect(bench.set('State', 2)).toEqual([]);
      expect(bench.state(false, 1_000)).toEqual([]);
      expect(bench.after(60_000)).toEqual([]);
      expect(sentOf(bench.state(true, 1_001)).map(({ topic }) => topic.split('/')[2])).toEqual([
        'NBIRTH',
        'DBIRTH',
        'DBIRTH',
      ]);
    },
  );

  shows(['tck-id-message-flow-edge-node-birth-publish-phid-wait-id'], () => {
    const bench = waiting();
    expect(bench.state(true, 1_000, 'other')).toEqual([]);
    expect(bench.node.isOnline).toBe(false);
  });

  shows(['tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp'], () => {
    const bench = waiting(1);
    bench.state(false, 2_000);
    bench.state(true, 1_999);
    expect(bench.node.isOnline).toBe(false);
    bench.state(true, 2_000);
    expect(bench.node.isOnline).toBe(true);
  });

  shows(
    [
      'tck-id-message-flow-edge-node-birth-publish-phid-offline',
      'tck-id-operational-behavior-edge-node-termination-host-offline',
    ],
    () => {
      const bench = online();
      const effects = bench.state(false, 1_000);
      expect(kinds(effects)).toEqual(['publish', 'disconnect']);
      expect(sentOf(effects)[0]!.topic).toBe('spBv1.0/G/NDEATH/E');
      expect(connects(bench.after(1_000))).toEqual([1]);
    },
  );

  shows(
    [
      'tck-id-operational-behavior-edge-node-termination-host-offline-reconnect',
      'tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk',
      'tck-id-operational-behavior-primary-application-state-with-multiple-servers-single-server',
    ],
    () => {
      const bench = online(3);
      bench.state(false, 2_000);
      const walked: (number | undefined)[] = [];
      for (let round = 0; round < 3; round += 1) {
        walked.push(...connects(bench.after(1_000)));
        bench.step({ kind: 'connected' });
        // There too it is offline: nothing is said, and on.
        expect(kinds(bench.state(false, 5_000 + round))).toEqual(['disconnect']);
      }
      expect(walked).toEqual([1, 2, 0]);
      // Never a second connection before the first is ended.
      let open = 0;
      for (const { kind } of bench.effects) {
        if (kind === 'connect') open += 1;
        if (kind === 'disconnect') open -= 1;
        expect(open).toBeLessThanOrEqual(1);
      }
    },
  );

  shows(['tck-id-operational-behavior-edge-node-termination-host-offline-timestamp'], () => {
    const bench = online();
    expect(bench.state(false, 999)).toEqual([]);
    expect(bench.node.isOnline).toBe(true);
  });

  it('goes on to another server where the host says nothing at all', () => {
    const bench = waiting(2);
    const effects = bench.after(11_000);
    expect(kinds(effects)).toEqual(['disconnect', 'connect']);
    expect(connects(effects)).toEqual([1]);
  });

  it('knows the STATE of each server by itself', () => {
    const bench = online(2);
    bench.state(false, 9_000);
    bench.after(1_000);
    bench.step({ kind: 'connected' });
    bench.state(true, 10); // older than what was said on the other server, and the first here
    expect(bench.node.isOnline).toBe(true);
  });

  it('takes the STATE of Sparkplug 2.2, unless the host speaks 3.0', () => {
    const bench = waiting(1);
    bench.hears('STATE/H', Buffer.from('OFFLINE'));
    expect(bench.node.isOnline).toBe(false);
    bench.hears('STATE/H', Buffer.from('ONLINE'));
    expect(bench.node.isOnline).toBe(true);
    bench.state(true, 1_000);
    expect(bench.hears('STATE/H', Buffer.from('OFFLINE'))).toEqual([]);
    expect(bench.node.isOnline).toBe(true);
  });

  it.each([
    ['spBv1.0/STATE/H', 'ONLINE'],
    ['spBv1.0/STATE/H', '{"online":true}'],
    ['spBv1.0/STATE/H', '{"online":"true","timestamp":1}'],
    ['spBv1.0/STATE/H', '{"online":true,"timestamp":-1}'],
    ['spBv1.0/STATE/H', ''],
    ['STATE/H', 'yes'],
  ])('refuses a STATE that cannot be read: %s %s', (topic, text) => {
    const bench = waiting();
    expect(bench.hears(topic, Buffer.from(text))).toMatchObject([
      { kind: 'refused', code: 'malformed-payload' },
    ]);
    expect(bench.node.isOnline).toBe(false);
  });
});

describe('what nobody was told of in time', () => {
  it('is told later, as historical, with its own times and in order', () => {
    const bench = new EdgeBench();
    bench.born();
    bench.step({ kind: 'lost' });
    const firstMs = bench.nowMs;
    for (let value = 10; value < 15; value += 1) {
      bench.nowMs += 10;
      bench.set('State', value);
      bench.set('Mode', `m${value}`, 'arm-1');
    }
    bench.after(2_000);
    const births = bench.sent({ kind: 'connected' });
    expect(valueOf(births[0]!.content, 'State')).toBe(14);
    const { alias } = metricOf(births[0]!.content, 'State')!;
    const past = sentOf(bench.after(1_000));
    expect(past.map(({ topic }) => topic)).toEqual(['spBv1.0/G/NDATA/E', 'spBv1.0/G/DDATA/E/arm-1']);
    expect(past.map(({ content }) => content.seq)).toEqual([3, 4]);
    expect(past[0]!.content.metrics).toMatchObject(
      [10, 11, 12, 13, 14].map((value, index) => ({
        alias,
        isHistorical: true,
        timestampMs: firstMs + 10 * (index + 1),
        value: { kind: 'int', value },
      })),
    );
    expect(bench.node.history.waiting).toBe(0);
  });

  it('is bounded: the oldest go first, and are counted', () => {
    const bench = new EdgeBench({ historyMax: 10 });
    for (let value = 1; value <= 35; value += 1) bench.set('State', 100 + value);
    expect(bench.node.history).toEqual({ waiting: 10, dropped: 25 });
    bench.born();
    const [past] = sentOf(bench.after(1_000));
    expect(past!.content.metrics.map(({ value }) => value!.value)).toEqual(
      Array.from({ length: 10 }, (_, index) => 126 + index),
    );
  });

  it('comes in messages of a bounded size', () => {
    const bench = new EdgeBench({ historyMax: 1_000 });
    for (let value = 1; value <= 450; value += 1) bench.set('State', 100 + value);
    bench.born();
    const sizes = sentOf(bench.after(5_000)).map(({ content }) => content.metrics.length);
    expect(sizes).toEqual([200, 200, 50]);
  });

  it('waits for the device that it is of', () => {
    const bench = new EdgeBench();
    bench.set('Mode', 'moving', 'arm-2');
    bench.step({ kind: 'device', deviceId: 'arm-2', presence: 'offline' });
    bench.born();
    expect(sentOf(bench.after(1_000))).toEqual([]);
    expect(bench.node.history.waiting).toBe(1);
    bench.step({ kind: 'device', deviceId: 'arm-2', presence: 'online' });
    expect(sentOf(bench.after(1_000)).map(({ topic }) => topic)).toEqual(['spBv1.0/G/DDATA/E/arm-2']);
  });
});
