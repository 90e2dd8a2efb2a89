import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import type { LoadedCell } from '../../../config/loaded-cell.ts';
import { createMonitor } from '../../../controller/coordination/monitor.ts';
import type { IntakeRequest } from '../../../controller/domain/intake.ts';
import { createControlLoop } from '../../../controller/runtime/control-loop.ts';
import type { ControlLoop } from '../../../controller/runtime/control-loop.ts';
import { runtimeCore } from '../../../controller/runtime/core-adapter.ts';
import type { Core } from '../../../controller/core/create.ts';
import type { ArmDriver, ArmHost } from '../../../controller/ports.ts';
import type { Journal } from '../../../controller/runtime/journal.ts';
import type { PlannerPort } from '../../../controller/runtime/planner.ts';
import { replayJournal } from '../../../controller/runtime/replay.ts';
import { openSqliteJournal, tailFile } from '../../../controller/runtime/sqlite-journal.ts';
import { stateHash } from '../../../controller/runtime/state-hash.ts';
import { createJobPlanner } from '../../../controller/scheduling/job-planner.ts';
import type { JobPlanResult } from '../../../controller/scheduling/job-plan.ts';
import { declareSkus, stockFor } from '../../../sim/catalogue.ts';
import { localArmDriver, localCellIo } from '../../../sim/driver.ts';
import { NO_EXCEPTIONS, NO_FAULTS, playSettings } from '../../../sim/settings.ts';
import { createWorld } from '../../../sim/world.ts';
import type { SimWorld } from '../../../sim/world.ts';
import { benchOptions } from './bench-field.ts';
import { useScratch } from './scratch.ts';

/**
 * The real controller on a simulated cell, taken away at moments that nobody chose: what its journal says has to be
 * what it knew, and what the world holds has to be what was ordered.
 */
const scratch = useScratch();
const TICK_US = 10_000;
const SKUS = ['tea', 'soap', 'rice'];
const ORDERS = 2;

function smallCell(): LoadedCell {
  const loaded = loadCell(fileURLToPath(new URL('../../../config/cells/small.yaml', import.meta.url)));
  if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
  return loaded;
}

const { cell, descriptions } = smallCell();
const planner = createJobPlanner(cell);

function newWorld(): SimWorld {
  const demand = new Map(SKUS.map((sku) => [sku, 6]));
  const skus = declareSkus(SKUS, [{ name: 'box', sizeM: [0.08, 0.08, 0.06], massKg: 0.3 }], 1);
  const stock = stockFor(demand, skus, cell, {
    seed: 1,
    spareShare: 0,
    spareUnits: 2,
    containerMassMaxKg: null,
  });
  const settings = { ...playSettings(1), leaseUs: 200_000, rates: NO_EXCEPTIONS, faults: NO_FAULTS };
  return createWorld(cell, settings, stock);
}

/** Plans when asked and answers in the next tick: as a worker thread would, without one. */
function promptPlanner(): PlannerPort {
  const results: JobPlanResult[] = [];
  return {
    request: (request) => void results.push(planner.plan(request)),
    takeResults: () => results.splice(0),
    statistics: () => ({ plansTotal: 0, planSecondsTotal: 0, crashes: 0 }),
    close: () => Promise.resolve(),
  };
}

function open(file: string): Journal {
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (!opened.ok) throw new Error(opened.fault.detail);
  return opened.journal;
}

/** What a killed process leaves: its files as they are at that moment. */
function takenAway(file: string): string {
  const copy = join(scratch(), 'journal.db');
  copyFileSync(file, copy);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
  copyFileSync(tailFile(file), tailFile(copy));
  return copy;
}

/** A driver that has just found its arm, as one behind a network does; what the arm said to nobody is gone. */
function connectedDriver(host: ArmHost): ArmDriver {
  const driver = localArmDriver(host);
  host.takeEvents();
  let isNew = true;
  return {
    ...driver,
    takeEvents() {
      const events = driver.takeEvents();
      if (!isNew) return events;
      isNew = false;
      return [{ kind: 'connected' }, ...events];
    },
  };
}

interface Controller {
  readonly loop: ControlLoop<Core>;
  readonly journal: Journal;
  readonly core: () => Core;
}

function startController(file: string, world: SimWorld, clock: { us: number }): Controller {
  const journal = open(file);
  let seen: Core | null = null;
  const runtime = runtimeCore(cell);
  const created = createControlLoop<Core>({
    ...(benchOptions() as never as Parameters<typeof createControlLoop<Core>>[0]),
    core: {
      ...runtime,
      step: (core, events, nowUs) => {
        seen = core;
        return runtime.step(core, events, nowUs);
      },
    },
    journal,
    drivers: world.armHosts.map(connectedDriver),
    io: localCellIo(world.io),
    monitor: createMonitor(cell, descriptions, { reactionUs: 20_000, sampleAgeMaxUs: 100_000 }),
    planner: promptPlanner(),
    clock: { monotonicUs: () => clock.us, wallMs: () => 1_700_000_000_000 },
    intake: { queueMax: 100, urgentMax: 10, rememberedMax: 100, perTickMax: 50 },
    field: { perTickMax: 100, queueMax: 1_000 },
    snapshotEvery: { events: 150, us: 1e12 },
    onFatal: (fault) => {
      throw new Error(JSON.stringify(fault));
    },
  });
  if (!created.ok) throw new Error(created.fault.detail);
  return { loop: created.loop, journal, core: () => seen! };
}

function order(index: number): IntakeRequest {
  const lines = SKUS.map((sku, line) => ({ lineId: `${line}`, sku, quantity: 1 }));
  return { kind: 'order', body: { orderId: `order-${index}`, priority: 50, shipBy: null, lines } };
}

/** What a person at the panel would press next. */
function press({ loop }: Controller, count: number): void {
  const next: Record<string, 'reset' | 'start' | 'unhold' | 'clear'> = {
    stopped: 'reset',
    idle: 'start',
    held: 'unhold',
    aborted: 'clear',
  };
  const command = next[loop.view().state];
  if (command === undefined) return;
  void loop.submit({ kind: 'cell', body: { command } }, `press-${loop.epoch}-${count}`, 'operator');
}

/** Units in order totes, counted in the world, where nobody is asked. */
function delivered(world: SimWorld): number {
  return world
    .truth()
    .containers.filter((container) => container.kind === 'order')
    .reduce((sum, container) => sum + container.stacks.flat().length, 0);
}

describe('a controller that is taken away', () => {
  it.each([[[3.37, 11.11, 0.03, 7.77]], [[17.5]]])('after %j s', { timeout: 60_000 }, (livesS) => {
    const world = newWorld();
    const clock = { us: 1_000_000 };
    let file = join(scratch(), 'journal.db');
    let worldUs = 0;
    let controller = startController(file, world, clock);
    const lives = [...livesS, 600];
    let ordered = false;
    for (const [life, lifeS] of lives.entries()) {
      for (let tick = 0; tick < (lifeS * 1e6) / TICK_US; tick += 1) {
        clock.us += TICK_US;
        worldUs += TICK_US;
        world.advanceTo(worldUs);
        if (tick % 50 === 49) press(controller, tick);
        if (!ordered && tick === 100) {
          ordered = true;
          for (let index = 0; index < ORDERS; index += 1)
            void controller.loop.submit(order(index), `o${index}`, 'http');
        }
        controller.loop.tick();
        const { lines } = controller.loop.view();
        if (ordered && lines.total > 0 && lines.open === 0) break;
      }
      const live = stateHash(controller.core().state);
      file = takenAway(file);
      // Nobody closes the first: it is gone. The arms' leases run out while nobody is there.
      for (let tick = 0; tick < 120; tick += 1) world.advanceTo((worldUs += TICK_US));
      const journal = open(file);
      const whole = replayJournal(journal, runtimeCore(cell), { from: 'beginning' });
      const tail = replayJournal(journal, runtimeCore(cell), { from: 'snapshot' });
      expect(whole.stateHash).toBe(live);
      expect(tail.stateHash).toBe(live);
      journal.close();
      if (life < lives.length - 1) controller = startController(file, world, clock);
    }
    const view = controller.loop.view();
    expect(view.epoch).toBe(lives.length);
    expect(view.exceptions).toEqual([]);
    expect(view.lines).toMatchObject({
      total: ORDERS * SKUS.length,
      fulfilled: ORDERS * SKUS.length,
      open: 0,
    });
    expect(delivered(world)).toBe(ORDERS * SKUS.length);
    expect(world.truth().floor).toEqual([]);
  });
});
