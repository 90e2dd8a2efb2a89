import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CoreEvent } from '../../../controller/core/event.ts';
import type { Journal } from '../../../controller/runtime/journal.ts';
import { createMemoryJournal } from '../../../controller/runtime/memory-journal.ts';
import { replayJournal } from '../../../controller/runtime/replay.ts';
import { openSqliteJournal } from '../../../controller/runtime/sqlite-journal.ts';
import { stateHash } from '../../../controller/runtime/state-hash.ts';
import { countingReducer, orderEvent } from './counting-core.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();

function sqliteJournal(file = join(scratch(), 'journal.db')): Journal {
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (!opened.ok) throw new Error(opened.fault.detail);
  return opened.journal;
}

const BY = { wallMs: 1_700_000_000_000, pid: 42, host: 'cell-pc', version: '0.1.0' };

describe.each([
  ['memory', () => createMemoryJournal({ ticksMax: 100_000 })],
  ['sqlite', () => sqliteJournal()],
])('the %s journal', (_name, open) => {
  it('is empty at first', () => {
    const journal = open();
    expect(journal.head()).toEqual({ ticks: 0, events: 0, nowUs: 0, epoch: 0 });
    expect([...journal.ticksAfter(0)]).toEqual([]);
    expect(journal.snapshotAt(Infinity)).toBeNull();
    expect(journal.metadata('configuration')).toBeNull();
    journal.close();
  });

  it('gives back every tick in order, from any point on', () => {
    const journal = open();
    // More than one page, bodies on both sides of the size from which they are compressed, and empty ticks.
    const ticks = Array.from({ length: 603 }, (_, index) => ({
      nowUs: index * 10_000,
      events: Array.from({ length: index % 3 }, (__, each) =>
        orderEvent(`order ${index}-${each} ${'ä→🤖'.repeat(index % 100 === 1 ? 2_000 : 1)}`),
      ),
    }));
    for (const tick of ticks) journal.append(tick);
    const stored = ticks.map((tick, index) => ({ sequence: index + 1, ...tick }));
    expect([...journal.ticksAfter(0)]).toEqual(stored);
    expect([...journal.ticksAfter(500)]).toEqual(stored.slice(500));
    expect([...journal.ticksAfter(603)]).toEqual([]);
    expect(journal.head()).toEqual({
      ticks: 603,
      events: ticks.reduce((sum, tick) => sum + tick.events.length, 0),
      nowUs: 6_020_000,
      epoch: 0,
    });
    journal.close();
  });

  it('counts epochs up', () => {
    const journal = open();
    expect([journal.takeOver(BY), journal.takeOver(BY), journal.takeOver(BY)]).toEqual([1, 2, 3]);
    expect(journal.head().epoch).toBe(3);
    journal.close();
  });

  it('keeps the two newest snapshots', () => {
    const journal = open();
    for (const id of ['a', 'b', 'c']) {
      journal.append({ nowUs: 10, events: [orderEvent(id)] });
      journal.saveSnapshot(JSON.stringify({ id }));
    }
    expect(journal.snapshotAt(Infinity)).toMatchObject({ ticks: 3, events: 3, stateJson: '{"id":"c"}' });
    expect(journal.snapshotAt(2)).toMatchObject({ ticks: 2, stateJson: '{"id":"b"}' });
    expect(journal.snapshotAt(1)).toBeNull();
    journal.close();
  });

  it('keeps every configuration with the tick from which it was in force', () => {
    const journal = open();
    journal.configure({ hash: 'h1', modelJson: '{"arms":2}' });
    journal.configure({ hash: 'h1', modelJson: '{"arms":2}' });
    journal.append({ nowUs: 10, events: [orderEvent('o1')] });
    journal.configure({ hash: 'h1', modelJson: '{"arms":2}' });
    journal.configure({ hash: 'h2', modelJson: '{"arms":3}' });
    journal.configure({ hash: 'h3', modelJson: '{"arms":4}' });
    expect(journal.configurations()).toEqual([
      { afterTicks: 0, hash: 'h1', modelJson: '{"arms":2}' },
      { afterTicks: 1, hash: 'h3', modelJson: '{"arms":4}' },
    ]);
    journal.close();
  });

  it('is replayed under the configurations under which it was written', () => {
    const journal = open();
    // A core that counts by a weight of its model: under another one, another state.
    const coreOf = (modelJson: string): typeof countingReducer => ({
      ...countingReducer,
      step(core, events, nowUs) {
        const effects = countingReducer.step(core, events, nowUs);
        core.state.digest += (JSON.parse(modelJson) as { weight: number }).weight;
        return effects;
      },
    });
    let reducer = coreOf('{"weight":1}');
    let core = reducer.create();
    const take = (nowUs: number): void => {
      reducer.step(core, [orderEvent(`o${nowUs}`)], nowUs);
      journal.append({ nowUs, events: [orderEvent(`o${nowUs}`)] });
    };
    journal.configure({ hash: 'h1', modelJson: '{"weight":1}' });
    take(10);
    journal.saveSnapshot(JSON.stringify(core.state));
    take(20);
    journal.configure({ hash: 'h2', modelJson: '{"weight":5}' });
    reducer = coreOf('{"weight":5}');
    core = reducer.restore(structuredClone(core.state));
    take(30);
    for (const from of ['beginning', 'snapshot'] as const) {
      const replayed = replayJournal(journal, coreOf, { from });
      expect(replayed.stateHash).toBe(stateHash(core.state));
      expect(replayed.configuration?.hash).toBe('h2');
    }
    expect(replayJournal(journal, coreOf('{"weight":1}'), { from: 'beginning' }).stateHash).not.toBe(
      stateHash(core.state),
    );
    journal.close();
  });

  it('keeps facts beside the events', () => {
    const journal = open();
    journal.setMetadata('configuration', '{}');
    journal.setMetadata('configuration', '{"arms":4}');
    expect(journal.metadata('configuration')).toBe('{"arms":4}');
    journal.close();
  });

  it('leads to the same state again, from the beginning and from a snapshot', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.array(anyEvent, { maxLength: 4 })), {
          maxLength: 40,
        }),
        fc.nat(40),
        (script, snapshotAfter) => {
          const journal = open();
          const core = countingReducer.create();
          let nowUs = 0;
          for (const [index, [passedUs, events]] of script.entries()) {
            nowUs += passedUs;
            countingReducer.step(core, events, nowUs);
            journal.append({ nowUs, events });
            if (index === snapshotAfter) {
              journal.saveSnapshot(JSON.stringify(core.state));
            }
          }
          const live = stateHash(core.state);
          expect(replayJournal(journal, countingReducer, { from: 'beginning' }).stateHash).toBe(live);
          const resumed = replayJournal(journal, countingReducer, { from: 'snapshot' });
          expect(resumed.stateHash).toBe(live);
          expect(resumed.ticks).toBe(
            script.length > snapshotAfter ? script.length - snapshotAfter - 1 : script.length,
          );
          journal.close();
        },
      ),
      { seed: 7_001, numRuns: 15 },
    );
  });

  it('notices when the same events lead elsewhere than they did', () => {
    const journal = open();
    const core = countingReducer.create();
    const events = [orderEvent('o1')];
    countingReducer.step(core, events, 10);
    journal.append({ nowUs: 10, events });
    journal.saveSnapshot(JSON.stringify(core.state));
    const changed = {
      ...countingReducer,
      step: (...[core_, , nowUs]: Parameters<typeof countingReducer.step>) =>
        countingReducer.step(core_, [], nowUs),
    };
    expect(() => replayJournal(journal, changed, { from: 'beginning' })).toThrow(
      /after tick 1 .*journal-diverged/,
    );
    journal.close();
  });
});

describe('the memory journal', () => {
  it('forgets old ticks and says so', () => {
    const journal = createMemoryJournal({ ticksMax: 10 });
    for (let tick = 1; tick <= 100; tick += 1) journal.append({ nowUs: tick, events: [] });
    expect([...journal.ticksAfter(95)].map((tick) => tick.sequence)).toEqual([96, 97, 98, 99, 100]);
    expect(() => [...journal.ticksAfter(0)]).toThrow('were dropped');
  });
});

describe('the sqlite journal', () => {
  it('goes on where it ended', () => {
    const file = join(scratch(), 'journal.db');
    const first = sqliteJournal(file);
    first.takeOver(BY);
    first.append({ nowUs: 10, events: [orderEvent('o1')] });
    first.setMetadata('version', '0.1.0');
    first.close();
    const second = sqliteJournal(file);
    expect(second.head()).toEqual({ ticks: 1, events: 1, nowUs: 10, epoch: 1 });
    expect(second.metadata('version')).toBe('0.1.0');
    expect(second.takeOver(BY)).toBe(2);
    second.append({ nowUs: 20, events: [orderEvent('o2')] });
    expect([...second.ticksAfter(0)].map((tick) => tick.nowUs)).toEqual([10, 20]);
    second.close();
  });

  it('keeps instants beyond 32 bits exactly', () => {
    const file = join(scratch(), 'journal.db');
    const first = sqliteJournal(file);
    const nowUs = 2 ** 53 - 1;
    first.append({ nowUs, events: [] });
    first.close();
    const second = sqliteJournal(file);
    expect(second.head().nowUs).toBe(nowUs);
    expect([...second.ticksAfter(0)]).toEqual([{ sequence: 1, nowUs, events: [] }]);
    second.close();
  });

  it('can be read while it is written', () => {
    const file = join(scratch(), 'journal.db');
    const writer = sqliteJournal(file);
    writer.append({ nowUs: 10, events: [orderEvent('o1')] });
    const opened = openSqliteJournal({ file, mode: 'read' });
    if (!opened.ok) throw new Error(opened.fault.detail);
    writer.append({ nowUs: 20, events: [] });
    expect([...opened.journal.ticksAfter(0)].map((tick) => tick.sequence)).toEqual([1]);
    expect(() => opened.journal.append({ nowUs: 30, events: [] })).toThrow('opened for reading');
    opened.journal.close();
    writer.close();
  });

  it('takes no tick from the past', () => {
    const journal = sqliteJournal();
    journal.append({ nowUs: 10, events: [] });
    expect(() => journal.append({ nowUs: 9, events: [] })).toThrow('tick at 9 us after one at 10 us');
    journal.close();
  });
});

const anyEvent: fc.Arbitrary<CoreEvent> = fc.oneof(
  fc.nat(20).map((id) => orderEvent(`o${id}`)),
  fc.constantFrom('connected', 'fault-cleared').map((kind) => ({
    kind: 'arm' as const,
    armId: 'a1',
    event: { kind: kind as 'connected' },
  })),
  fc.string().map((code) => ({
    kind: 'arm' as const,
    armId: 'a2',
    event: { kind: 'faulted' as const, code, detail: code },
  })),
  fc.nat(9).map((epoch) => ({ kind: 'started' as const, epoch, wallMs: 1_700_000_000_000 })),
  fc.constant({ kind: 'shutdown' as const }),
);
