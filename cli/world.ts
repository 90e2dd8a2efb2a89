import type { LoadedCell } from '../config/loaded-cell.ts';

import type { Stock } from '../sim/catalogue.ts';
import type { WorldStart } from '../sim/world.ts';
import { readOrderFile } from './orders.ts';
import type { ReadOrders } from './orders.ts';
import { demandOf, stockForOrders } from './play-setup.ts';

/** The orders that come by themselves, as the cell file names them; null: none. */
export function streamedOrders(loaded: LoadedCell): ReadOrders | null {
  const { orders } = loaded.simulator;
  if (orders.kind !== 'file') return null;
  return readOrderFile(orders.file, orders.mapping === null ? {} : { mapping: orders.mapping });
}

/** What a new world begins with: arms in their first poses, and stock for the orders that will come. */
export function worldStart(loaded: LoadedCell): WorldStart {
  return { ...initialStock(loaded), initialPositions: loaded.initialPositions };
}

/** The stock of a new world: for the orders of a file, or for those that will be drawn. */
export function initialStock(loaded: LoadedCell): Stock {
  const { orders, world } = loaded.simulator;
  const demand =
    orders.kind === 'generated'
      ? evenDemand(orders.skus, orders.unitsPerSku)
      : demandOf(streamedOrders(loaded));
  return stockForOrders(loaded, demand, world.seed, undefined);
}

function evenDemand(skus: number, units: number): ReadonlyMap<string, number> {
  return new Map(
    Array.from({ length: skus }, (_, index) => [`SKU-${String(index + 1).padStart(5, '0')}`, units]),
  );
}
