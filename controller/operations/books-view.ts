import { z } from 'zod';
import type { Core } from '../core/create.ts';
import type { OrderView, TaskView } from './view.ts';
import { listTasks, orderView } from './view-of.ts';

/** What of the books is so now, thing by thing, for who keeps a copy: open orders and tasks, totes, stock. */

export const ToteView = z
  .object({
    id: z.string(),
    kind: z.enum(['storage', 'order', 'induct']),
    placeId: z.string(),
    orderId: z.string().nullable(),
    units: z.record(z.string(), z.int()).describe('Units by SKU'),
  })
  .meta({ id: 'ToteView', description: 'A container that stands in the cell' });
export type ToteView = z.infer<typeof ToteView>;

export const StockView = z
  .object({
    sku: z.string(),
    storage: z.int().describe('Units in storage, in the cell or behind the shuttle'),
    orders: z.int().describe('Units in order totes that have not left'),
    induct: z.int().describe('Units in induct totes'),
  })
  .meta({ id: 'StockView' });
export type StockView = z.infer<typeof StockView>;

export interface BooksLimits {
  readonly orders: number;
  readonly tasks: number;
  readonly skus: number;
}

export interface BooksView {
  /** Active ones, then those that wait, in the order in which they are to be served. */
  readonly orders: readonly OrderView[];
  readonly tasks: readonly TaskView[];
  readonly totes: readonly ToteView[];
  readonly stock: readonly StockView[];
  /** Open orders and tasks, and SKUs, that the limits left out. */
  readonly leftOut: { readonly orders: number; readonly tasks: number; readonly skus: number };
}

/** Of a cell that has nothing. */
export const EMPTY_BOOKS: BooksView = {
  orders: [],
  tasks: [],
  totes: [],
  stock: [],
  leftOut: { orders: 0, tasks: 0, skus: 0 },
};

export function booksOf(core: Core, limits: BooksLimits): BooksView {
  const { state } = core;
  const active = Object.values(state.places).flatMap(({ orderId, nextOrderId }) =>
    [orderId, nextOrderId].filter((id) => id !== null),
  );
  const open = [...new Set([...active, ...state.waitingOrders])];
  const orders = open.slice(0, limits.orders).flatMap((id) => orderView(core, id) ?? []);
  const openTasks = Object.keys(state.tasks).length;
  const tasks = listTasks(core, { state: null, limit: Math.min(limits.tasks, openTasks) });
  const stock = stockOf(core);
  return {
    orders,
    tasks,
    totes: totesOf(core),
    stock: stock.slice(0, limits.skus),
    leftOut: {
      orders: open.length - orders.length,
      tasks: openTasks - tasks.length,
      skus: Math.max(0, stock.length - limits.skus),
    },
  };
}

function totesOf({ state }: Core): ToteView[] {
  return Object.values(state.places).flatMap(({ id: placeId, containerId }) => {
    const container = containerId === null ? undefined : state.containers[containerId];
    if (container === undefined) return [];
    const units: Record<string, number> = {};
    for (const stack of container.stacks) for (const sku of stack) units[sku] = (units[sku] ?? 0) + 1;
    return [{ id: container.id, kind: container.kind, placeId, orderId: container.orderId, units }];
  });
}

function stockOf({ state }: Core): StockView[] {
  const bySku = new Map(
    Object.keys(state.skus).map((sku) => [sku, { sku, storage: 0, orders: 0, induct: 0 }]),
  );
  for (const { kind, stacks, gone } of Object.values(state.containers)) {
    if (gone) continue;
    const column = kind === 'order' ? 'orders' : kind;
    for (const stack of stacks) {
      for (const sku of stack) {
        const row = bySku.get(sku);
        if (row !== undefined) row[column] += 1;
      }
    }
  }
  return [...bySku.values()].sort((a, b) => (a.sku < b.sku ? -1 : 1));
}
