import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OrderRequest, ReturnRequest } from '../../../controller/domain/intake.ts';
import { readOrders } from '../../../protocols/csv/read-orders.ts';

const shared = (name: string): string =>
  fileURLToPath(new URL(`../../../../shared/data/orders/${name}`, import.meta.url));
const PICKING = shared('picking-route-lines.csv');
const RETAIL = shared('online-retail-2010-12-01.csv');

const read = (file: string) => {
  const result = readOrders(readFileSync(file), null);
  if (result.status === 'refused') throw new Error(JSON.stringify(result.faults));
  return result;
};

describe.skipIf(!existsSync(PICKING))('picking-route-lines.csv (skipped where ../shared is absent)', () => {
  it('comes through whole: every line is an order line', () => {
    const { mapping, counts, events, notes } = read(PICKING);
    expect(mapping.name).toBe('picking-route');
    expect(counts).toEqual({
      rows: 5000,
      orders: 3584,
      orderLines: 5000,
      orderUnits: 5425,
      returns: 0,
      returnUnits: 0,
      notStock: 0,
    });
    expect(notes).toEqual([]);
    const skus = new Set(
      events.flatMap((event) => (event.kind === 'order' ? event.order.lines.map((line) => line.sku) : [])),
    );
    expect(skus.size).toBe(1050);
    expect(events[0]).toMatchObject({
      line: 2,
      placedAt: '2018-12-11T00:00:00Z',
      order: { orderId: '3780678' },
    });
  });
});

describe.skipIf(!existsSync(RETAIL))(
  'online-retail-2010-12-01.csv (skipped where ../shared is absent)',
  () => {
    it('comes through whole: orders, returns at their place, codes that are no goods', () => {
      const { mapping, counts, events } = read(RETAIL);
      expect(mapping.name).toBe('online-retail');
      expect(counts).toMatchObject({ rows: 3108, orderLines: 3073, returns: 26, notStock: 9 });
      expect(counts.orderLines + counts.returns + counts.notStock).toBe(3108);
      // 26,814 units stand in the file; 9 of them, net, are postage, discounts and the like.
      expect(counts.orderUnits - counts.returnUnits).toBe(26_805);
      const excepted = events.flatMap((event) => (event.kind === 'excepted' ? [event.code] : []));
      expect([...excepted].sort()).toEqual(['C2', 'D', 'DOT', 'DOT', 'M', 'M', 'POST', 'POST', 'POST']);
    });

    it('keeps the order of the file, so that a return meets the orders before it and no others', () => {
      const { events } = read(RETAIL);
      const lines = events.map((event) => event.line);
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
      const ducks = events.find((event) => event.kind === 'return' && event.request.sku === '35004C');
      expect(ducks).toMatchObject({ line: 156, request: { returnId: 'C536383:155', quantity: 1 } });
    });

    it('gives the intake only what it accepts', () => {
      for (const event of read(RETAIL).events) {
        if (event.kind === 'order') expect(OrderRequest.safeParse(event.order).success).toBe(true);
        if (event.kind === 'return') expect(ReturnRequest.safeParse(event.request).success).toBe(true);
      }
    });
  },
);
