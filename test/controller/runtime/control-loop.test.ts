import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CoreEvent } from '../../../controller/core/event.ts';
import type { IntakeRequest } from '../../../controller/domain/intake.ts';
import type { ConfigurationHandling } from '../../../controller/runtime/control-loop-options.ts';
import { createControlLoop } from '../../../controller/runtime/control-loop.ts';
import { JournalFailure } from '../../../controller/runtime/journal.ts';
import type { Journal } from '../../../controller/runtime/journal.ts';
import { createMemoryJournal } from '../../../controller/runtime/memory-journal.ts';
import { replayJournal } from '../../../controller/runtime/replay.ts';
import { clockFrom } from '../../../controller/runtime/runtime-clock.ts';
import { openSqliteJournal } from '../../../controller/runtime/sqlite-journal.ts';
import { stateHash } from '../../../controller/runtime/state-hash.ts';
import { benchOptions, countingCore, onTheBench } from './bench-field.ts';
import { orderEvent } from './counting-core.ts';
import type { CountingCore, CountingState } from './counting-core.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();

function order(orderId: string): IntakeRequest {
  const event = orderEvent(orderId);
  if (event.kind !== 'intake') throw new Error('not an intake');
  return event.request;
}

const eventsOf = (journal: Journal): CoreEvent[] =>
  [...journal.ticksAfter(0)].flatMap((tick) => [...tick.events]);

function sqlite(file: string): Journal {
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (!opened.ok) throw new Error(opened.fault.detail);
  return opened.journal;
}

describe('a tick', () => {
  it('begins with the takeover under a new epoch', () => {
    const bench = onTheBench();
    bench.pass(10_000);
    expect(eventsOf(bench.journal)).toEqual([{ kind: 'started', epoch: 1, wallMs: 1_700_000_000_000 }]);
    expect(bench.journal.head()).toMatchObject({ epoch: 1, ticks: 1 });
  });

  it('is journalled only when something happened or a deadline has come', async () => {
    const bench = onTheBench();
    bench.pass(10_000);
    for (let tick = 0; tick < 50; tick += 1) bench.pass(10_000);
    expect(bench.journal.head().ticks).toBe(1);
    const answer = bench.loop.submit(order('o1'), 'r1', 'http');
    bench.pass(10_000);
    await answer;
    for (let tick = 0; tick < 20; tick += 1) bench.pass(10_000);
    // The order, and 50 ms later the timer that it set.
    const ticks = [...bench.journal.ticksAfter(1)];
    expect(ticks.map((tick) => tick.events.length)).toEqual([1, 0]);
    expect(ticks[1]!.nowUs - ticks[0]!.nowUs).toBe(50_000);
    expect(bench.notices.map((notice) => notice.code)).toEqual(['timer']);
  });

  it('commits before it answers or commands, but stops at once', async () => {
    const order_: string[] = [];
    const memory = createMemoryJournal({ ticksMax: 100 });
    const journal: Journal = {
      ...memory,
      append: (tick) => {
        order_.push(`commit ${tick.events.map((event) => event.kind).join()}`);
        memory.append(tick);
      },
    };
    const bench = onTheBench({ journal });
    for (const arm of Object.values(bench.arms)) {
      arm.onSend = (command) => order_.push(`${arm.armId} ${command.kind}`);
    }
    bench.pass(10_000);
    bench.arms.a2.events.push({ kind: 'faulted', code: 'x', detail: '' });
    void bench.loop.submit(order('o1'), 'r1', 'http').then(() => order_.push('answer'));
    bench.pass(10_000);
    await Promise.resolve();
    await Promise.resolve();
    expect(order_).toEqual(['commit started', 'a2 stop', 'commit arm,intake', 'a1 grip', 'answer']);
  });

  it('gives the core exactly what a replay reads back', () => {
    const seen: CoreEvent[] = [];
    const journal = sqlite(join(scratch(), 'journal.db'));
    const bench = onTheBench({
      journal,
      core: {
        ...countingCore,
        step: (core, events, nowUs) => {
          seen.push(...events);
          return countingCore.step(core, events, nowUs);
        },
      },
    });
    bench.arms.a1.events.push({
      kind: 'ended',
      commandId: 'c1',
      outcome: { status: 'reached' },
      // JSON keeps neither -0 nor what is undefined.
      positions: [-0, 0.1 + 0.2, 5e-324],
      holding: { vacuum: 'off', massKg: null },
      extra: undefined,
    } as never);
    bench.pass(10_000);
    expect(seen.length).toBe(2);
    expect(eventsOf(journal)).toStrictEqual(seen);
    expect(seen[1]).toMatchObject({ event: { positions: [0, 0.1 + 0.2, 5e-324] } });
    journal.close();
  });

  it('keeps measurements aside and out of the journal', () => {
    const bench = onTheBench();
    bench.pass(10_000);
    for (const x of [0.1, 0.2]) {
      bench.arms.a1.events.push({
        kind: 'state',
        sample: {
          positions: [x],
          velocities: [0],
          sampledUs: 1,
          commandId: null,
          progressUs: 0,
          holding: { vacuum: 'off', massKg: null },
        },
      });
    }
    bench.pass(10_000);
    expect(bench.loop.live()).toEqual([{ id: 'a1', positions: [0.2] }]);
    expect(bench.journal.head().ticks).toBe(1);
  });

  it('renews every lease in every tick, also in idle ones', () => {
    const bench = onTheBench();
    for (let tick = 0; tick < 5; tick += 1) bench.pass(10_000);
    expect(bench.arms.a1.kept.length).toBe(5);
    expect(bench.arms.a2.kept.length).toBe(5);
  });
});

describe('intake', () => {
  it('answers a repeat with the first answer in flight, and as a duplicate later and after a restart', async () => {
    const journal = createMemoryJournal({ ticksMax: 100 });
    const bench = onTheBench({ journal });
    bench.pass(10_000);
    const first = bench.loop.submit(order('o1'), 'r1', 'http');
    const inFlight = bench.loop.submit(order('o1'), 'r1', 'mqtt');
    bench.pass(10_000);
    expect(await first).toEqual({ status: 'accepted', detail: 'o1' });
    expect(await inFlight).toEqual({ status: 'accepted', detail: 'o1' });
    expect(await bench.loop.submit(order('o1'), 'r1', 'http')).toEqual({ status: 'duplicate', detail: 'o1' });
    bench.pass(10_000);
    expect(eventsOf(journal).filter((event) => event.kind === 'intake').length).toBe(1);

    const restarted = onTheBench({ journal });
    expect(await restarted.loop.submit(order('o1'), 'r1', 'http')).toEqual({
      status: 'duplicate',
      detail: 'o1',
    });
    // The same order under another request id goes to the core, which knows it.
    const again = restarted.loop.submit(order('o1'), 'r2', 'http');
    restarted.pass(10_000);
    expect(await again).toEqual({ status: 'duplicate', detail: 'o1' });
  });

  it('refuses an id used for another request', async () => {
    const bench = onTheBench();
    void bench.loop.submit(order('o1'), 'r1', 'http');
    expect(await bench.loop.submit(order('o2'), 'r1', 'http')).toMatchObject({
      status: 'refused',
      code: 'request-id-reused',
    });
  });

  it('refuses with busy when the queue is full, and takes in what people command all the same', async () => {
    const bench = onTheBench();
    const orders = Array.from({ length: 9 }, (_, index) =>
      bench.loop.submit(order(`o${index}`), `r${index}`, 'http'),
    );
    const stop = bench.loop.submit({ kind: 'cell', body: { command: 'stop' } }, 'stop-1', 'operator');
    bench.pass(10_000);
    const first = [...bench.journal.ticksAfter(0)][0]!;
    expect(first.events.map((event) => (event.kind === 'intake' ? event.requestId : event.kind))).toEqual([
      'started',
      'stop-1',
      'r0',
      'r1',
      'r2',
    ]);
    bench.pass(10_000);
    const results = await Promise.all(orders);
    expect(results.map((result) => (result.status === 'refused' ? result.code : result.status))).toEqual([
      ...Array.from({ length: 5 }, () => 'accepted'),
      ...Array.from({ length: 4 }, () => 'busy'),
    ]);
    // This core does not know the command; the loop leaves nobody waiting.
    expect(await stop).toMatchObject({ status: 'refused', code: 'unanswered' });
    expect(bench.loop.statistics().eventsDropped).toBe(4);
  });
});

describe('too many events of an arm', () => {
  it('are spread over ticks in their order', () => {
    const bench = onTheBench();
    bench.pass(10_000);
    for (let index = 0; index < 25; index += 1) {
      bench.arms.a1.events.push({ kind: 'progressed', commandId: 'c1', progressUs: index });
    }
    for (let tick = 0; tick < 3; tick += 1) bench.pass(10_000);
    const ticks = [...bench.journal.ticksAfter(1)];
    expect(ticks.map((tick) => tick.events.length)).toEqual([10, 10, 5]);
    const progress = ticks.flatMap((tick) =>
      tick.events.map((event) =>
        event.kind === 'arm' && event.event.kind === 'progressed' ? event.event.progressUs : -1,
      ),
    );
    expect(progress).toEqual(Array.from({ length: 25 }, (_, index) => index));
  });

  it('beyond the bound make the arm lost, and claimed anew', () => {
    const bench = onTheBench();
    bench.arms.a1.events.push({ kind: 'connected' });
    bench.arms.a2.events.push({ kind: 'connected' });
    bench.pass(10_000);
    for (let index = 0; index < 31; index += 1) {
      bench.arms.a1.events.push({ kind: 'progressed', commandId: 'c1', progressUs: index });
    }
    bench.pass(10_000);
    const [tick] = [...bench.journal.ticksAfter(1)];
    expect(tick!.events).toEqual([
      {
        kind: 'arm',
        armId: 'a1',
        event: { kind: 'lost', reason: '31 events were waiting, at most 30 may' },
      },
      { kind: 'arm', armId: 'a1', event: { kind: 'connected' } },
    ]);
    expect(bench.loop.statistics().eventsDropped).toBe(31);
  });
});

describe('readiness', () => {
  it('names who has not been heard from', () => {
    const bench = onTheBench();
    expect(bench.loop.readiness().reasons).toContain('the control loop has not started');
    bench.arms.a1.events.push({ kind: 'connected' });
    bench.io.events.push({ kind: 'connected' });
    bench.pass(10_000);
    expect(bench.loop.readiness().reasons).toContain('arm a2: not connected');
    expect(bench.loop.readiness().reasons).not.toContain('arm a1: not connected');
    bench.io.events.push({ kind: 'lost', reason: 'socket closed' });
    bench.pass(10_000);
    expect(bench.loop.readiness().reasons).toContain('the surroundings of the cell: not connected');
  });
});

describe('when it cannot go on', () => {
  it('a journal that fails: nothing but stops goes out, arms are stopped, leases end, nobody waits', async () => {
    const memory = createMemoryJournal({ ticksMax: 100 });
    let full = false;
    const journal: Journal = {
      ...memory,
      append: (tick) => {
        if (full)
          throw new JournalFailure({ code: 'journal-full', file: 'j', detail: 'no space left', remedy: 'r' });
        memory.append(tick);
      },
    };
    const bench = onTheBench({ journal });
    bench.pass(10_000);
    full = true;
    const answer = bench.loop.submit(order('o1'), 'r1', 'http');
    bench.pass(10_000);
    expect(bench.faults).toMatchObject([{ code: 'journal-full' }]);
    expect(await answer).toMatchObject({ status: 'refused', code: 'failed' });
    expect(bench.arms.a1.commands.map((command) => command.kind)).toEqual(['stop']);
    expect(bench.arms.a2.commands.map((command) => command.kind)).toEqual(['stop']);
    const kept = bench.arms.a1.kept.length;
    bench.pass(10_000);
    bench.pass(10_000);
    expect(bench.arms.a1.kept.length).toBe(kept);
    expect(bench.faults.length).toBe(1);
    expect(await bench.loop.submit(order('o2'), 'r2', 'http')).toMatchObject({ code: 'failed' });
    expect(bench.loop.readiness().ready).toBe(false);
  });

  it('a core that throws: its tick is put down for the report and not journalled', () => {
    const failedTickFile = join(scratch(), 'failed-tick.json');
    const bench = onTheBench({
      failedTickFile,
      core: {
        ...countingCore,
        step: (...step) => {
          if (step[1].some((event) => event.kind === 'intake')) throw new Error('a rule is broken');
          return countingCore.step(...step);
        },
      },
    });
    bench.pass(10_000);
    void bench.loop.submit(order('o1'), 'r1', 'http');
    bench.pass(10_000);
    expect(bench.faults).toMatchObject([
      {
        code: 'controller-failed',
        file: failedTickFile,
        detail: expect.stringContaining('a rule is broken'),
      },
    ]);
    expect(bench.journal.head().ticks).toBe(1);
    expect(bench.arms.a2.commands.map((command) => command.kind)).toEqual(['stop']);
    expect(JSON.parse(readFileSync(failedTickFile, 'utf8'))).toMatchObject({
      afterTick: 1,
      events: [orderEvent('o1', 'r1')],
    });
  });

  it('a driver that throws keeps no other arm from being stopped', () => {
    const bench = onTheBench();
    bench.pass(10_000);
    bench.arms.a1.onSend = () => {
      throw new Error('socket is gone');
    };
    void bench.loop.submit(order('o1'), 'r1', 'http');
    bench.pass(10_000);
    expect(bench.faults).toMatchObject([{ code: 'controller-failed' }]);
    expect(bench.arms.a2.commands.map((command) => command.kind)).toEqual(['stop']);
  });
});

describe('restart', () => {
  it('goes on from snapshot and tail with the same state, under a new epoch, and time goes on', () => {
    const journal = createMemoryJournal({ ticksMax: 10_000 });
    const first = onTheBench({ journal, snapshotEvery: { events: 10, us: 1e12 } });
    first.pass(10_000);
    for (let index = 0; index < 27; index += 1) {
      void first.loop.submit(order(`o${index}`), `r${index}`, 'http');
      first.pass(7_000);
    }
    // As after kill -9: nothing is closed, nothing is stored at the end.
    const snapshot = journal.snapshotAt(Infinity)!;
    expect(snapshot.events).toBeGreaterThanOrEqual(20);
    expect(snapshot.events).toBeLessThan(28);
    const lastUs = journal.head().nowUs;

    const whole = replayJournal(journal, countingCore, { from: 'beginning' });
    const second = onTheBench({ journal });
    second.pass(10_000);
    expect(journal.head().epoch).toBe(2);
    const tick = [...journal.ticksAfter(whole.ticks)][0]!;
    expect(tick.events).toEqual([{ kind: 'started', epoch: 2, wallMs: 1_700_000_000_000 }]);
    expect(tick.nowUs).toBeGreaterThan(lastUs);
    const again = replayJournal(journal, countingCore, { from: 'beginning' });
    expect(Object.keys(again.core.state.orders).length).toBe(27);
  });

  describe('with another configuration', () => {
    const seen: string[] = [];
    const handling = (hash: string, refusal: string | null = null): ConfigurationHandling<CountingCore> => ({
      hash,
      modelJson: JSON.stringify({ hash }),
      coreOf: (modelJson) => {
        seen.push(`replayed under ${modelJson}`);
        return countingCore;
      },
      refuse: (stored, state) => {
        seen.push(`asked about ${stored} with ${Object.keys((state as CountingState).orders).join()}`);
        return refusal;
      },
    });

    it('replays under the stored one, asks, then goes on under the present one', () => {
      const journal = createMemoryJournal({ ticksMax: 1_000 });
      const first = onTheBench({ journal, configuration: handling('h1') });
      first.pass(10_000);
      void first.loop.submit(order('o1'), 'r1', 'http');
      first.pass(10_000);
      seen.length = 0;

      const refused = createControlLoop(
        benchOptions({ journal, configuration: handling('h2', 'bin-2 is gone, but holds T7') }),
      );
      expect(refused).toMatchObject({
        ok: false,
        fault: { code: 'configuration-refused', detail: 'bin-2 is gone, but holds T7' },
      });
      expect(seen).toEqual(['replayed under {"hash":"h1"}', 'asked about {"hash":"h1"} with o1']);
      expect(journal.head().epoch).toBe(1);

      const second = onTheBench({ journal, configuration: handling('h2') });
      second.pass(10_000);
      expect(journal.configurations().map((each) => [each.afterTicks, each.hash])).toEqual([
        [0, 'h1'],
        [2, 'h2'],
      ]);
      seen.length = 0;
      const third = onTheBench({ journal, configuration: handling('h2') });
      third.pass(10_000);
      expect(seen).toEqual(['replayed under {"hash":"h2"}']);
      expect(third.loop.view().epoch).toBe(3);
    });
  });

  it('refuses a journal that the core cannot follow any more', () => {
    const journal = createMemoryJournal({ ticksMax: 100 });
    onTheBench({ journal }).pass(10_000);
    const created = createControlLoop({
      ...benchOptions({ journal }),
      core: {
        ...countingCore,
        step: () => {
          throw new Error('no such event');
        },
      },
    });
    expect(created).toMatchObject({
      ok: false,
      fault: {
        code: 'journal-diverged',
        detail: expect.stringContaining('at tick 1 the core fails (no such event)'),
      },
    });
  });
});

describe('shutdown', () => {
  it('holds, waits for the arms, stores the state, refuses what comes', async () => {
    const journal = createMemoryJournal({ ticksMax: 100 });
    let isAtRest = false;
    const bench = onTheBench({ journal, core: { ...countingCore, isAtRest: () => isAtRest }, tickMs: 1 });
    bench.pass(10_000);
    const waiting = bench.loop.submit(order('o1'), 'r1', 'http');
    const ended = bench.loop.shutdown();
    expect(await waiting).toMatchObject({ status: 'refused', code: 'shutting-down' });
    expect(await bench.loop.submit(order('o2'), 'r2', 'http')).toMatchObject({ code: 'shutting-down' });
    let done = false;
    void ended.then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).toBe(false);
    isAtRest = true;
    await ended;
    expect(eventsOf(journal).at(-1)).toEqual({ kind: 'shutdown' });
    expect(journal.snapshotAt(Infinity)?.ticks).toBe(journal.head().ticks);
    const kept = bench.arms.a1.kept.length;
    bench.pass(10_000);
    expect(bench.arms.a1.kept.length).toBe(kept);
  });

  it('does not wait for arms that never come to rest', async () => {
    let us = 0;
    const bench = onTheBench({
      core: { ...countingCore, isAtRest: () => false },
      tickMs: 1,
      // Every look at the clock takes 10 ms, so the time allowed passes by itself.
      clock: { monotonicUs: () => (us += 10_000), wallMs: () => 0 },
      restWithinUs: 400_000,
    });
    await bench.loop.shutdown();
    expect(eventsOf(bench.journal).at(-1)).toEqual({ kind: 'shutdown' });
  });
});

describe('running by itself', () => {
  it('ticks, answers, and ends with what it did in the file', async () => {
    const file = join(scratch(), 'journal.db');
    const clock = { monotonicUs: () => Math.floor(performance.now() * 1_000), wallMs: () => Date.now() };
    const bench = onTheBench({
      journal: sqlite(file),
      tickMs: 5,
      clock,
      intake: { queueMax: 1_000, urgentMax: 10, rememberedMax: 1_000, perTickMax: 50 },
    });
    bench.loop.start();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => bench.loop.submit(order(`o${index}`), `r${index}`, 'http')),
    );
    expect(answers.every((answer) => answer.status === 'accepted')).toBe(true);
    await bench.loop.shutdown();
    expect(bench.faults).toEqual([]);
    const reopened = sqlite(file);
    const replayed = replayJournal(reopened, countingCore, { from: 'beginning' });
    expect(Object.keys(replayed.core.state.orders).length).toBe(300);
    expect(stateHash(JSON.parse(reopened.snapshotAt(Infinity)!.stateJson))).toBe(replayed.stateHash);
    reopened.close();
  });
});

it('the core clock goes on after the journal and ignores how long nobody ran', () => {
  let us = 77_000_000;
  const clock = clockFrom(1_000, { monotonicUs: () => us, wallMs: () => 0 });
  expect(clock.nowUs()).toBe(1_001);
  us += 250;
  expect(clock.nowUs()).toBe(1_251);
});
