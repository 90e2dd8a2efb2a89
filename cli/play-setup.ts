import { readFileSync } from 'node:fs';
import type { CellModel, CoordinationPolicy } from '../controller/domain/cell.ts';
import type { LoadedCell } from '../config/loaded-cell.ts';
import { declareSkus, itemBounds, parseItemList, scaleArticles, stockFor } from '../sim/catalogue.ts';
import type { Stock } from '../sim/catalogue.ts';
import type { TimedIntake } from '../sim/play.ts';
import { NO_EXCEPTIONS, NO_FAULTS, playSettings } from '../sim/settings.ts';
import type { SimSettings } from '../sim/settings.ts';
import { CommandFailure } from './failure.ts';
import type { ReadOrders } from './orders.ts';

/** The same cell under another policy. */
export function withPolicy(cell: CellModel, policy: CoordinationPolicy | undefined): CellModel {
  return policy === undefined || policy === cell.policy ? cell : { ...cell, policy };
}

/** Settings of a run in simulated time, as the cell file has them but for what makes sense on a real clock only. */
export function settingsForPlay(
  loaded: LoadedCell,
  seed: number,
  exceptions: 'as configured' | 'off',
): SimSettings {
  const configured: SimSettings = loaded.simulator.world;
  const { stepUs, leaseUs, sampleEveryUs } = playSettings(seed);
  const base = { ...configured, seed, stepUs, leaseUs, sampleEveryUs };
  return exceptions === 'off' ? { ...base, rates: NO_EXCEPTIONS, faults: NO_FAULTS } : base;
}

/** What lies in storage: everything the orders ask for and a spare, sizes given to SKUs by a seeded hash. */
export function stockForOrders(
  loaded: LoadedCell,
  demand: ReadonlyMap<string, number>,
  seed: number,
  itemsFile: string | undefined,
): Stock {
  if (demand.size === 0) return { skus: [], containers: [] };
  const articles = readArticles(itemsFile ?? loaded.simulator.itemsFile);
  const skus = declareSkus(demand.keys(), scaleArticles(articles, itemBounds(loaded.cell)), seed);
  return stockFor(demand, skus, loaded.cell, { seed, ...loaded.simulator.stock });
}

function readArticles(file: string): ReturnType<typeof scaleArticles> {
  let list: unknown;
  try {
    list = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandFailure(`cannot read the item list ${file}: ${(error as Error).message}`, 2);
  }
  const parsed = parseItemList(list);
  if (parsed.ok) return parsed.articles;
  throw new CommandFailure(
    `${file} is no item list:\n${parsed.errors.map((each) => `  ${each}`).join('\n')}`,
    2,
  );
}

/** Units asked for by SKU. */
export function demandOf(orders: ReadOrders | null): ReadonlyMap<string, number> {
  const demand = new Map<string, number>();
  for (const event of orders?.events ?? []) {
    if (event.kind !== 'order') continue;
    for (const line of event.order.lines) demand.set(line.sku, (demand.get(line.sku) ?? 0) + line.quantity);
  }
  return demand;
}

/** The whole file at once, in its order, as soon as the run begins. */
export function intakeOf(orders: ReadOrders | null): readonly TimedIntake[] {
  const intake: TimedIntake[] = [];
  for (const event of orders?.events ?? []) {
    if (event.kind === 'excepted') continue;
    intake.push(
      event.kind === 'order'
        ? {
            atUs: 0,
            requestId: `csv:${event.order.orderId}`,
            source: 'csv',
            request: { kind: 'order', body: event.order },
          }
        : {
            atUs: 0,
            requestId: `csv:${event.request.returnId}`,
            source: 'csv',
            request: { kind: 'return', body: event.request },
          },
    );
  }
  return intake;
}
