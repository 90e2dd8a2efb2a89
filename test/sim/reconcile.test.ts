import { describe, expect, it } from 'vitest';
import type { Container } from '../../controller/domain/container.ts';
import type { Order } from '../../controller/domain/order.ts';
import { reconcile } from '../../sim/reconcile.ts';
import { createWorld } from '../../sim/world.ts';
import { cell, containers, settings, skus } from './fixture.ts';

/** Two soaps were picked from S1 into tote O1 of order `o`, which was shipped. */
function made(stockShort = 0) {
  const rates = { ...settings().rates, stockShort };
  const world = createWorld(cell, settings({ rates }), { skus, containers: containers('BIN1') });
  const { goods } = world;
  const tote = goods.addContainer({
    containerId: 'O1',
    kind: 'order',
    stacks: [[], [], [], [], [], []],
    placeId: 'ST1',
  });
  for (let k = 0; k < 2; k += 1) {
    const unit = goods.takeFromContainer('S1', 'soap');
    if (unit !== null) goods.putByHand(unit, 'O1', 0);
  }
  goods.leave(tote);
  const booked = (
    id: string,
    kind: Container['kind'],
    stacks: string[][],
    orderId: string | null = null,
  ) => ({
    [id]: { id, kind, stacks, placeId: null, orderId, gone: false },
  });
  const line = {
    id: '1',
    sku: 'soap',
    quantity: 2,
    fulfilled: 2,
    cancelled: 0,
    excepted: 0,
    exception: null,
  };
  const order: Order = {
    id: 'o',
    number: 1,
    priority: 50,
    shipByUs: null,
    receivedUs: 0,
    lines: [line],
    status: 'completed',
    totes: ['O1'],
  };
  const books = {
    orders: { o: order },
    containers: {
      ...booked('S1', 'storage', [['soap'], ['book']]),
      ...booked('S2', 'storage', [['book', 'book']]),
      ...booked('I1', 'induct', [['soap']]),
      ...booked('O1', 'order', [['soap', 'soap']], 'o'),
    } as Record<string, Container>,
  };
  return { world, goods, books, line };
}

describe('reconciliation', () => {
  it('finds nothing where books and world agree, and says where everything is', () => {
    const { world, books } = made();
    expect(reconcile(world, books)).toEqual({
      units: {
        created: 7,
        storage: 4,
        induct: 1,
        orderTotes: 0,
        shipped: 2,
        tools: 0,
        floor: 0,
        inTheOpen: 0,
        misplaced: 0,
        takenAway: 0,
      },
      lost: 0,
      doubled: 0,
      differences: [],
    });
  });

  it('notices a fulfilled unit that is in no tote of its order', () => {
    const { world, books, line } = made();
    line.fulfilled = 3;
    const { lost, differences } = reconcile(world, books);
    expect(lost).toBe(1);
    expect(differences).toEqual([{ kind: 'lost', where: 'o', sku: 'soap', booked: 3, physical: 2 }]);
  });

  it('notices a unit delivered twice', () => {
    const { world, books, line } = made();
    line.fulfilled = 1;
    expect(reconcile(world, books)).toMatchObject({ lost: 0, doubled: 1 });
  });

  it('notices a unit that vanished from storage, and one that nobody booked', () => {
    const { world, books, goods } = made();
    goods.takeFromContainer('S1', 'book');
    expect(reconcile(world, books).differences).toEqual([
      { kind: 'lost', where: 'S1', sku: 'book', booked: 1, physical: 0 },
    ]);
    const other = made();
    (other.books.containers['S2'] as Container).stacks[0] = ['book'];
    expect(reconcile(other.world, other.books)).toMatchObject({ lost: 0, doubled: 1 });
  });

  it('does not count as lost what was never there', () => {
    const { world, books } = made(1);
    const { lost, doubled, differences } = reconcile(world, books);
    expect([lost, doubled]).toEqual([0, 0]);
    expect(differences.length).toBeGreaterThan(0);
    expect(differences.every(({ kind }) => kind === 'record-wrong')).toBe(true);
  });
});
