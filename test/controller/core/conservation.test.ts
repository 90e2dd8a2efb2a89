import { describe, expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import type { CellModel } from '../../../controller/domain/cell.ts';
import { createCore } from '../../../controller/core/create.ts';
import { step } from '../../../controller/core/step.ts';
import { stateHash } from '../../../controller/runtime/state-hash.ts';
import { viewOf } from '../../../controller/operations/view-of.ts';
import { QUIET } from './toy-floor.ts';
import type { ToyRates } from './toy-floor.ts';
import { ToyRun } from './toy-run.ts';
import type { ToyPlan } from './toy-run.ts';

const loaded = loadCell('config/cells/small.yaml');
if (loaded.status !== 'loaded') throw new Error('the small cell does not load');
const { cell } = loaded;
const four = loadCell('config/cells/four-arm.yaml');
if (four.status !== 'loaded') throw new Error('the four-arm cell does not load');
const passing: CellModel = { ...four.cell, policy: 'greedy' };

const ROUGH: ToyRates = {
  graspFails: 0.1,
  doublePick: 0.08,
  drops: 0.05,
  releaseBlocked: 0.08,
  shortStock: 0.2,
  planFails: 0.05,
  armLostPerMotion: 0.02,
  refusals: 0.02,
};

function runOf(seed: number, plan: Partial<ToyPlan>): ToyRun {
  return new ToyRun({
    cell,
    seed,
    rates: QUIET,
    orders: 20,
    cancels: 0,
    holds: 0,
    restarts: 0,
    ...plan,
  }).run();
}

/** What must be true at the end of every run, whatever happened on the way. */
function expectReconciled(run: ToyRun): void {
  const { state } = run.core;
  const { floor } = run;
  const seed = `seed ${run.plan.seed}`;
  // Nothing vanished, nothing appeared.
  expect(Object.fromEntries(floor.census()), seed).toEqual(Object.fromEntries(run.initialCensus));
  for (const order of Object.values(state.orders)) {
    for (const line of order.lines) {
      expect(line.fulfilled + line.cancelled + line.excepted, `${seed} ${order.id}`).toBe(line.quantity);
    }
    // Exactly the fulfilled units lie in the order's own totes.
    const booked: Record<string, number> = {};
    for (const line of order.lines) {
      if (line.fulfilled > 0) booked[line.sku] = (booked[line.sku] ?? 0) + line.fulfilled;
    }
    const lying: Record<string, number> = {};
    for (const toteId of order.totes) {
      for (const stack of floor.containers.get(toteId)!.stacks) {
        for (const sku of stack) lying[sku] = (lying[sku] ?? 0) + 1;
      }
    }
    expect(lying, `${seed} ${order.id} in ${order.totes.join()}`).toEqual(booked);
  }
}

function booksOfStorage(run: ToyRun): Record<string, string[][]> {
  const books: Record<string, string[][]> = {};
  for (const container of Object.values(run.core.state.containers)) {
    if (container.kind === 'storage') books[container.id] = container.stacks;
  }
  return books;
}

describe('the core on a floor without geometry', () => {
  it.each([1, 2, 3])('fulfils every line when nothing goes wrong (seed %i)', (seed) => {
    const run = runOf(seed, { orders: 25 });
    expectReconciled(run);
    const { lines } = viewOf(run.core);
    expect(lines.fulfilled).toBe(lines.total);
    const lying: Record<string, string[][]> = {};
    for (const container of run.floor.containers.values()) {
      if (container.kind === 'storage') lying[container.id] = container.stacks;
    }
    expect(booksOfStorage(run)).toEqual(lying);
  });

  it.each(Array.from({ length: 12 }, (_, index) => 100 + index))(
    'loses and doubles nothing with everything going wrong (seed %i)',
    (seed) => {
      expectReconciled(runOf(seed, { rates: ROUGH, orders: 25, cancels: 8, holds: 3 }));
    },
  );

  it.each([2, 3])(
    'fetches what is served now before what follows when few bins hold many articles (seed %i)',
    (seed) => {
      const stock = { skus: 150, totesEach: 1, unitsEach: 30, linesMax: 30 };
      const run = runOf(seed, { cell: { ...four.cell, policy: 'zone-interlock' }, orders: 14, stock });
      expectReconciled(run);
      const { lines } = viewOf(run.core);
      expect(lines.fulfilled).toBe(lines.total);
    },
  );

  it.each(Array.from({ length: 12 }, (_, index) => 200 + index))(
    'loses and doubles nothing when the controller is restarted at any moment (seed %i)',
    (seed) => {
      expectReconciled(
        runOf(seed, { rates: { ...ROUGH, shortStock: 0 }, orders: 20, cancels: 4, restarts: 6 }),
      );
    },
  );

  it.each(Array.from({ length: 10 }, (_, index) => 300 + index))(
    'loses and doubles nothing, and no two arms meet, when arms pass each other in order (seed %i)',
    (seed) => {
      const run = runOf(seed, { cell: passing, orders: 25 });
      expectReconciled(run);
      const { lines } = viewOf(run.core);
      expect(lines.fulfilled).toBe(lines.total);
    },
  );

  it.each(Array.from({ length: 20 }, (_, index) => 400 + index))(
    'nor with everything going wrong (seed %i)',
    (seed) => {
      expectReconciled(runOf(seed, { cell: passing, rates: ROUGH, orders: 25, cancels: 8, holds: 3 }));
    },
  );

  it.each(Array.from({ length: 20 }, (_, index) => 500 + index))(
    'nor when the controller is restarted at any moment (seed %i)',
    (seed) => {
      const rates = { ...ROUGH, shortStock: 0 };
      expectReconciled(runOf(seed, { cell: passing, rates, orders: 20, cancels: 4, restarts: 6 }));
    },
  );

  it('takes the same decisions when its ticks are replayed', () => {
    const run = runOf(7, { rates: ROUGH, cancels: 5, holds: 2 });
    const again = createCore(cell);
    const effects = run.ticks.flatMap((tick) => step(again, structuredClone(tick.events), tick.nowUs));
    expect(stateHash(again.state)).toBe(stateHash(run.core.state));
    expect(effects).toEqual(run.effects);
  });

  it('says of every arm at any time what it does, in words that name what they speak of', () => {
    const run = runOf(205, { rates: ROUGH, cancels: 4, restarts: 6, holds: 2 });
    const again = createCore(cell);
    const said = new Set<string>();
    for (const tick of run.ticks) {
      step(again, structuredClone(tick.events), tick.nowUs);
      for (const arm of viewOf(again).arms) said.add(`${arm.id} | ${arm.doing}`);
    }
    expect([...said].some((each) => /stopped while/.test(each))).toBe(true);
    for (const each of said) {
      expect(each).not.toMatch(/ (for|with|back|down|grasping|carrying|grasp)$/);
      expect(each).not.toMatch(/^(.*) \| \1 /);
    }
  });

  it('gives each second of an arm to one cause', () => {
    const run = runOf(8, { rates: ROUGH });
    const { arms, nowUs } = run.core.state;
    const sum = (parts: Readonly<Record<string, number>>): number =>
      Object.values(parts).reduce((total, us) => total + us, 0);
    for (const { id, loss } of Object.values(arms)) {
      expect(sum(loss.totalsUs)).toBe(nowUs);
      expect(sum(loss.waitingUs)).toBe(loss.totalsUs.waiting);
      expect(Object.keys(loss.waitingUs)).not.toContain(id);
      expect(Object.keys(arms)).toEqual(expect.arrayContaining(Object.keys(loss.waitingUs)));
    }
    expect(
      sum(Object.fromEntries(Object.values(arms).map((arm) => [arm.id, arm.loss.totalsUs.waiting]))),
    ).toBeGreaterThan(0);
    // Between two steps the view counts on with what each arm does.
    for (const arm of viewOf(run.core, nowUs + 1_500_000).arms) {
      expect(sum(arm.spentS)).toBeCloseTo((nowUs + 1_500_000) / 1e6, 6);
      expect(sum(arm.waitingForS)).toBeCloseTo(arm.spentS.waiting, 6);
    }
  });
});
