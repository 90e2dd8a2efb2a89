import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultText } from '../../config/fault.ts';
import { loadCell } from '../../config/load.ts';
import type { Core } from '../../controller/core/create.ts';
import type { CoreEvent } from '../../controller/core/event.ts';
import type { CellModel } from '../../controller/domain/cell.ts';
import { runtimeCore } from '../../controller/runtime/core-adapter.ts';
import type { RuntimeCore } from '../../controller/runtime/control-loop-options.ts';
import type { Journal } from '../../controller/runtime/journal.ts';
import { replayJournal } from '../../controller/runtime/replay.ts';
import { openSqliteJournal } from '../../controller/runtime/sqlite-journal.ts';
import { createJobPlanner } from '../../controller/scheduling/job-planner.ts';

/** Events of one tick in the journals on which a restart is measured. */
const EVENTS_PER_TICK = 20;
/** A snapshot at most so many events before the end, as the service stores them. */
const SNAPSHOT_EVERY_EVENTS = 20_000;

/**
 * How fast events become durable on this machine's disk (the directory for temporary files, or MAGPIE_BENCH_DIR), and
 * how long a restart takes: the time of this process from opening the journal to a core that is ready, file cache warm.
 * `readBackS` beside it is a replay of everything, as `magpie replay` does it.
 */
export async function journalBench(): Promise<object[]> {
  const directory = mkdtempSync(join(process.env['MAGPIE_BENCH_DIR'] ?? tmpdir(), 'magpie-bench-'));
  try {
    const cell = fourArmCell();
    const plan = examplePlan(cell);
    return [
      rawSyncs(directory),
      ...[1, 4, 32].map((eventsPerTick) => durableEvents(directory, eventsPerTick)),
      restart(directory, cell, { events: 100_000, plan: null }),
      restart(directory, cell, { events: 100_000, plan }),
      restart(directory, cell, { events: 1_000_000, plan: null }),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What the disk can do at best: blocks written and synchronised one after the other. */
function rawSyncs(directory: string): object {
  const fd = openSync(join(directory, 'raw'), 'w');
  const block = Buffer.alloc(4_096, 1);
  const writes = 1_500;
  const began = performance.now();
  for (let index = 0; index < writes; index += 1) {
    writeSync(fd, block, 0, block.length, index * block.length);
    fdatasyncSync(fd);
  }
  const seconds = secondsSince(began);
  closeSync(fd);
  return { what: 'raw fdatasync of 4 KiB', perS: Math.round(writes / seconds) };
}

function durableEvents(directory: string, eventsPerTick: number): object {
  const journal = open(join(directory, `durable-${eventsPerTick}.db`));
  const ticks = 1_500;
  const began = performance.now();
  for (let tick = 0; tick < ticks; tick += 1) {
    const events = Array.from({ length: eventsPerTick }, (_, each) =>
      eventAt(tick * eventsPerTick + each, null),
    );
    journal.append({ nowUs: tick * 10_000, events });
  }
  const seconds = secondsSince(began);
  journal.close();
  return {
    what: 'durable events',
    eventsPerTick,
    commitsPerS: Math.round(ticks / seconds),
    eventsPerS: Math.round((ticks * eventsPerTick) / seconds),
  };
}

function restart(
  directory: string,
  cell: CellModel,
  { events, plan }: { readonly events: number; readonly plan: CoreEvent | null },
): object {
  const file = join(directory, `restart-${events}-${plan === null ? 'reports' : 'plans'}.db`);
  const runtime = runtimeCore(cell);
  write(file, runtime, events, plan);

  globalThis.gc?.();
  const rssBefore = process.memoryUsage().rss;
  let began = performance.now();
  const journal = open(file);
  const restored = replayJournal(journal, runtime, { from: 'snapshot' });
  journal.takeOver({ wallMs: Date.now(), pid: process.pid, host: 'bench', version: 'bench' });
  const restartS = secondsSince(began);

  began = performance.now();
  const whole = replayJournal(journal, runtime, { from: 'beginning' });
  const readBackS = secondsSince(began);
  if (whole.stateHash !== restored.stateHash) throw new Error('snapshot and replay lead to different states');
  journal.close();
  return {
    what:
      plan === null ? 'restart, reports of arms and orders' : 'restart, with a motion plan among 20 events',
    events,
    tailEvents: restored.events,
    restartS: round(restartS),
    readBackS: round(readBackS),
    readBackEventsPerS: Math.round(events / readBackS),
    rssGrowthMiB: Math.round((process.memoryUsage().rss - rssBefore) / 1_048_576),
    fileMiB: Math.round(statSync(file).size / 1_048_576),
  };
}

/** A journal as a service that ran for long and was killed half-way to its next snapshot leaves it. */
function write(file: string, runtime: RuntimeCore<Core>, events: number, plan: CoreEvent | null): void {
  const journal = open(file);
  const core = runtime.create();
  const snapshotAt = events - SNAPSHOT_EVERY_EVENTS / 2;
  let nowUs = 0;
  for (let written = 0; written < events; written += EVENTS_PER_TICK) {
    nowUs += 10_000;
    const tick = Array.from({ length: EVENTS_PER_TICK }, (_, each) => eventAt(written + each, plan));
    runtime.step(core, tick, nowUs);
    journal.append({ nowUs, events: tick });
    if (written < snapshotAt && written + EVENTS_PER_TICK >= snapshotAt) {
      journal.saveSnapshot(JSON.stringify(runtime.stateOf(core)));
    }
  }
  journal.close();
}

/** The mix of a cell at work: an order, or a plan, among nineteen reports of arms. */
function eventAt(index: number, plan: CoreEvent | null): CoreEvent {
  const armId = `arm-${index % 4}`;
  const commandId = `e1-c${Math.floor(index / 20)}`;
  switch (index % 20) {
    case 0:
      return plan ?? orderAt(index);
    case 1:
      return orderAt(index);
    case 7:
    case 13:
      return {
        kind: 'arm',
        armId,
        event: {
          kind: 'ended',
          commandId,
          outcome: { status: 'reached' },
          positions: [0.123456789, -1.23456789, 2.3456789, -0.3456789, 1.456789, 0.56789],
          holding: { vacuum: 'on', massKg: 0.734 },
        },
      };
    case 4:
    case 10:
      return { kind: 'arm', armId, event: { kind: 'accepted', commandId } };
    default:
      return { kind: 'arm', armId, event: { kind: 'progressed', commandId, progressUs: index } };
  }
}

/** 5,000 different orders, again and again: what is known is answered as a duplicate. */
function orderAt(index: number): CoreEvent {
  const orderId = `order-${Math.floor(index / 20) % 5_000}`;
  return {
    kind: 'intake',
    requestId: `request-${index}`,
    source: 'http',
    request: {
      kind: 'order',
      body: { orderId, priority: 50, shipBy: null, lines: [{ lineId: '1', sku: 'sku-1', quantity: 2 }] },
    },
  };
}

/** A real plan: its size is what counts here. */
function examplePlan(cell: CellModel): CoreEvent {
  const planner = createJobPlanner(cell);
  for (const arm of cell.arms) {
    for (const bin of cell.places.filter((place) => place.kind === 'bin')) {
      for (const station of cell.places.filter((place) => place.kind === 'station')) {
        const [pickM, placeM] = [bin, station].map(
          ({ positionM: [x, y, z] }) => [x, y, z + 0.1] as [number, number, number],
        );
        const result = planner.plan({
          requestId: 'bench',
          armId: arm.id,
          start: arm.park,
          pickM: pickM!,
          placeM: placeM!,
          item: { sizeM: [0.1, 0.1, 0.1], massKg: 0.5 },
          elsewhere: [],
          others: [],
          planned: null,
          seed: 1,
          iterationsMax: 5_000,
        });
        if (result.status === 'planned') return { kind: 'planned', result };
      }
    }
  }
  throw new Error('no arm reaches from a bin to a station');
}

function fourArmCell(): CellModel {
  const loaded = loadCell(fileURLToPath(new URL('../../config/cells/four-arm.yaml', import.meta.url)));
  if (loaded.status === 'refused') throw new Error(loaded.faults.map(faultText).join('\n'));
  return loaded.cell;
}

function open(file: string): Journal {
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (!opened.ok) throw new Error(opened.fault.detail);
  return opened.journal;
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1_000;
}

function round(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
