import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import { createMonitor } from '../../../controller/coordination/monitor.ts';
import type { Core } from '../../../controller/core/create.ts';
import type { ArmDriver, ArmEvent } from '../../../controller/ports.ts';
import { createControlLoop } from '../../../controller/runtime/control-loop.ts';
import { runtimeCore } from '../../../controller/runtime/core-adapter.ts';
import { createMemoryJournal } from '../../../controller/runtime/memory-journal.ts';
import { replayJournal } from '../../../controller/runtime/replay.ts';
import { stateHash } from '../../../controller/runtime/state-hash.ts';
import { createJobPlanner } from '../../../controller/scheduling/job-planner.ts';
import type { JobPlanResult } from '../../../controller/scheduling/job-plan.ts';
import { declareSkus, stockFor } from '../../../sim/catalogue.ts';
import { localArmDriver, localCellIo } from '../../../sim/driver.ts';
import { NO_EXCEPTIONS, playSettings } from '../../../sim/settings.ts';
import { createWorld } from '../../../sim/world.ts';
import { benchOptions } from './bench-field.ts';

const loaded = loadCell(fileURLToPath(new URL('../../../config/cells/small.yaml', import.meta.url)));
if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
const { cell, descriptions } = loaded;
const TICK_US = 10_000;

/** The real loop on a simulated cell; an arm can be measured beside where it is, and what goes out is written down. */
function rig() {
  const skus = declareSkus(['tea'], [{ name: 'box', sizeM: [0.08, 0.08, 0.06], massKg: 0.3 }], 1);
  const stock = stockFor(new Map([['tea', 6]]), skus, cell, {
    seed: 1,
    spareShare: 0,
    spareUnits: 2,
    containerMassMaxKg: null,
  });
  const world = createWorld(cell, { ...playSettings(1), rates: NO_EXCEPTIONS }, stock);
  const log: string[] = [];
  let besideRad = 0;
  let us = 1_000_000;
  let core: Core | null = null;
  const journal = createMemoryJournal({ ticksMax: 100_000 });
  const plans: JobPlanResult[] = [];
  const planner = createJobPlanner(cell);
  const drivers = world.armHosts.map((host): ArmDriver => {
    const driver = localArmDriver(host);
    return {
      ...driver,
      send(command) {
        if (command.kind === 'stop') log.push(`stop ${host.armId} ${command.stop} ${command.commandId}`);
        driver.send(command);
      },
      takeEvents: () =>
        driver.takeEvents().map((event): ArmEvent => {
          if (event.kind !== 'state' || event.sample.commandId === null) return event;
          const [first, ...rest] = event.sample.positions;
          return { ...event, sample: { ...event.sample, positions: [first + besideRad, ...rest] } };
        }),
    };
  });
  const runtime = runtimeCore(cell);
  const created = createControlLoop<Core>({
    ...(benchOptions() as never as Parameters<typeof createControlLoop<Core>>[0]),
    core: {
      ...runtime,
      step: (stepped, events, nowUs) => {
        core = stepped;
        if (events.some((event) => event.kind === 'monitor')) log.push('core steps');
        return runtime.step(stepped, events, nowUs);
      },
    },
    journal: {
      ...journal,
      append: (tick) => {
        if (tick.events.some((event) => event.kind === 'monitor')) log.push('journal');
        journal.append(tick);
      },
    },
    drivers,
    io: localCellIo(world.io),
    monitor: createMonitor(cell, descriptions, { reactionUs: 20_000, sampleAgeMaxUs: 100_000 }),
    planner: {
      request: (request) => void plans.push(planner.plan(request)),
      takeResults: () => plans.splice(0),
      statistics: () => ({ plansTotal: 0, planSecondsTotal: 0, crashes: 0 }),
      close: () => Promise.resolve(),
    },
    clock: { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 },
    intake: { queueMax: 100, urgentMax: 10, rememberedMax: 100, perTickMax: 50 },
    field: { perTickMax: 100, queueMax: 1_000 },
    onFatal: (fault) => {
      throw new Error(JSON.stringify(fault));
    },
  });
  if (!created.ok) throw new Error(created.fault.detail);
  const { loop } = created;
  let requests = 0;
  return {
    loop,
    journal,
    log,
    core: () => core!,
    measureBeside: (rad: number) => void (besideRad = rad),
    command: (command: 'reset' | 'start' | 'unhold') => {
      requests += 1;
      void loop.submit({ kind: 'cell', body: { command } }, `c${requests}`, 'operator');
    },
    order: () =>
      void loop.submit(
        {
          kind: 'order',
          body: {
            orderId: 'o',
            priority: 50,
            shipBy: null,
            lines: [{ lineId: '1', sku: 'tea', quantity: 2 }],
          },
        },
        'o',
        'http',
      ),
    /** Ticks until something is so; fails when it never is. */
    until(what: string, isSo: () => boolean): void {
      for (let tick = 0; tick < 20_000; tick += 1) {
        us += TICK_US;
        world.advanceTo(us - 1_000_000);
        loop.tick();
        if (isSo()) return;
      }
      throw new Error(`never: ${what}; the cell is ${loop.view().state}, ${loop.view().because}`);
    },
  };
}

it('stops an arm that is off its path before anything else, journals it, and holds the cell until a person resumes', () => {
  const cell = rig();
  let ticks = 0;
  cell.until('heard', () => (ticks += 1) > 10);
  cell.command('reset');
  cell.until('idle', () => cell.loop.view().state === 'idle');
  cell.command('start');
  cell.order();
  cell.until('an arm moves', () => cell.loop.view().arms.some((arm) => arm.mode === 'moving'));
  cell.measureBeside(0.1);
  cell.until('a stop', () => cell.log.includes('journal'));
  cell.measureBeside(0);

  const { log } = cell;
  expect(log[0]).toMatch(/^stop \S+ protective e1-m1$/);
  expect(log.indexOf('core steps')).toBeGreaterThan(0);
  expect(log.indexOf('journal')).toBeGreaterThan(log.indexOf('core steps'));
  const stoppedId = log[0].split(' ')[1];
  const [alarm] = cell.loop.view().alarms;
  expect(alarm).toMatchObject({ code: 'arm-off-claim' });
  expect(alarm.message).toMatch(new RegExp(`^${stoppedId}: joint 1 is 0.1\\d* rad beside its path`));
  cell.until('held', () => cell.loop.view().state === 'held');
  expect(cell.loop.view().because).toBe(`stopped by the monitor: ${alarm.message}`);
  expect(cell.loop.statistics()).toMatchObject({ monitorStops: 1 });
  expect(cell.loop.statistics().monitorEvaluations).toBeGreaterThan(100);

  // Nothing goes on by itself.
  ticks = 0;
  cell.until('a while', () => (ticks += 1) > 300);
  expect(cell.loop.view().state).toBe('held');
  expect(cell.loop.view().arms.every((arm) => arm.mode !== 'moving')).toBe(true);

  const replayed = replayJournal(cell.journal, runtimeCore(loaded.cell), { from: 'beginning' });
  expect(replayed.stateHash).toBe(stateHash(cell.core().state));

  cell.command('unhold');
  cell.until('done', () => cell.loop.view().lines.total > 0 && cell.loop.view().lines.open === 0);
  expect(cell.loop.view()).toMatchObject({ lines: { fulfilled: 1 }, alarms: [] });
  expect(cell.loop.statistics()).toMatchObject({ monitorStops: 1 });
});
