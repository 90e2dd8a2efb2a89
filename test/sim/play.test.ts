import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCell } from '../../config/load.ts';
import { shippedPath } from '../../config/shipped.ts';
import { createMonitor } from '../../controller/coordination/monitor.ts';
import { createMemoryJournal } from '../../controller/runtime/memory-journal.ts';
import { createJobPlanner } from '../../controller/scheduling/job-planner.ts';
import { declareSkus, itemBounds, parseItemList, scaleArticles, stockFor } from '../../sim/catalogue.ts';
import { play } from '../../sim/play.ts';
import type { PlayOptions } from '../../sim/play.ts';
import { HARSH_RATES, NO_EXCEPTIONS, PLAY_MONITOR, playSettings } from '../../sim/settings.ts';

const loaded = loadCell(shippedPath('cells/small.yaml'));
if (loaded.status !== 'loaded') throw new Error(JSON.stringify(loaded.faults));
const { cell, descriptions } = loaded;
const items = parseItemList(JSON.parse(readFileSync(shippedPath('items/example-items.json'), 'utf8')));
if (!items.ok) throw new Error(items.errors.join());
const planner = createJobPlanner(cell);

/** A few orders over three SKUs in the small cell. */
function options(seed: number, change: Partial<PlayOptions> = {}): PlayOptions {
  const demand = new Map([
    ['P', 2],
    ['Q', 1],
    ['R', 1],
  ]);
  const skus = declareSkus(demand.keys(), scaleArticles(items.ok ? items.articles : [], itemBounds(cell)), 1);
  const stock = stockFor(demand, skus, cell, {
    seed: 1,
    spareShare: 0,
    spareUnits: 2,
    containerMassMaxKg: null,
  });
  const order = (orderId: string, lines: [string, number][]) => ({
    atUs: 0,
    requestId: `request-${orderId}`,
    source: 'csv' as const,
    request: {
      kind: 'order' as const,
      body: {
        orderId,
        priority: 50,
        shipBy: null,
        lines: lines.map(([sku, quantity], k) => ({ lineId: String(k + 1), sku, quantity })),
      },
    },
  });
  return {
    cell,
    settings: { ...playSettings(seed), rates: NO_EXCEPTIONS },
    start: stock,
    intake: [
      order('one', [
        ['P', 2],
        ['Q', 1],
      ]),
      order('two', [['R', 1]]),
    ],
    planner,
    journal: null,
    observer: null,
    monitor: createMonitor(cell, descriptions, PLAY_MONITOR),
    onProgress: null,
    onNotice: null,
    patienceUs: 600_000_000,
    signal: null,
    ...change,
  };
}

describe('a run in simulated time', () => {
  it('fulfils every line without exceptions, loses nothing, and is repeated bit for bit', async () => {
    const journal = createMemoryJournal({ ticksMax: 100_000 });
    const samples: number[] = [];
    const observer = {
      observe: (_world: unknown, nowUs: number) => void samples.push(nowUs),
      verdict: () => ({ contacts: 0, clearanceMinM: 0.5, details: [] }),
    };
    const first = await play(options(1, { journal, observer }));
    expect(first.status).toBe('completed');
    const { report } = first;
    expect(report.lines).toEqual({ total: 3, fulfilled: 3, cancelled: 0, excepted: 0 });
    expect(report.units).toBe(4);
    expect(report.reconciliation).toMatchObject({ lost: 0, doubled: 0, differences: [] });
    expect(report.reconciliation.units.orderTotes + report.reconciliation.units.shipped).toBe(4);
    expect(report).toMatchObject({ contacts: 0, clearanceMinM: 0.5, refusals: [] });
    expect(samples).toHaveLength(Math.round(report.simulatedS * 100));
    expect(journal.head().events).toBeGreaterThan(20);
    const again = await play(options(1));
    expect(again.report.traceHash).toBe(report.traceHash);
    const { wallS: _wall, ...rest } = report;
    expect({
      ...again.report,
      refereeS: 0,
      planningS: 0,
      monitorS: 0,
      contacts: 0,
      clearanceMinM: 0.5,
    }).toMatchObject({
      ...rest,
      refereeS: 0,
      planningS: 0,
      monitorS: 0,
    });
    expect(report.monitor).toMatchObject({ stops: 0, verdicts: 0 });
    expect(report.monitor?.evaluations).toBeGreaterThan(report.simulatedS * 49);
  });

  it('has another trace for another seed, and survives everything that can go wrong', async () => {
    const rates = { ...HARSH_RATES, dropped: 0.3, placeBlocked: 0.3, doublePick: 0.3 };
    const runs = await Promise.all(
      [1, 2].map((seed) => play(options(seed, { settings: { ...playSettings(seed), rates } }))),
    );
    for (const { status, report } of runs) {
      expect(status).toBe('completed');
      const { fulfilled, excepted } = report.lines;
      expect(fulfilled + excepted).toBe(3);
      expect(report.reconciliation).toMatchObject({ lost: 0, doubled: 0 });
    }
    expect(runs[0]?.report.traceHash).not.toBe(runs[1]?.report.traceHash);
    expect(runs.some(({ report }) => Object.keys(report.exceptions).length > 0)).toBe(true);
  });

  it('ends with what is stuck when nobody answers', async () => {
    const lonely = { ...playSettings(1), rates: { ...NO_EXCEPTIONS, dropped: 1 }, operator: null };
    const result = await play(options(1, { settings: lonely, patienceUs: 60_000_000 }));
    expect(result.status).toBe('stuck');
    if (result.status !== 'stuck') return;
    expect(result.because[0]).toBe('nothing came to an end for 60 s of simulated time');
    expect(result.because.join('\n')).toMatch(/task t-\d+: dropped/);
  });

  it('ends early when asked to', async () => {
    const result = await play(options(1, { signal: AbortSignal.abort() }));
    expect(result.status).toBe('aborted');
  });
});
