import type { Container } from '../controller/domain/container.ts';
import type { Order } from '../controller/domain/order.ts';
import type { SimWorld } from './world.ts';

/** The controller's books, as far as they speak of goods. */
export interface Books {
  readonly containers: Readonly<Record<string, Container>>;
  readonly orders: Readonly<Record<string, Order>>;
}

/** One difference between what is booked and what is physically there. */
interface Difference {
  /**
   * `lost`: booked or created, but nowhere. `doubled`: there more often than booked. `record-wrong`: the storage
   * system had declared a unit that was never there, and nobody has come across it yet; no unit is lost.
   */
  readonly kind: 'lost' | 'doubled' | 'record-wrong';
  /** Container or order concerned; null: the world as a whole. */
  readonly where: string | null;
  readonly sku: string;
  readonly booked: number;
  readonly physical: number;
}

export interface Reconciliation {
  /** Units that ever were in the world, by where they are now. They sum to `created`. */
  readonly units: {
    readonly created: number;
    readonly storage: number;
    readonly induct: number;
    readonly orderTotes: number;
    readonly shipped: number;
    readonly tools: number;
    readonly floor: number;
    readonly inTheOpen: number;
    readonly misplaced: number;
    readonly takenAway: number;
  };
  readonly lost: number;
  readonly doubled: number;
  /** At most the first 100. */
  readonly differences: readonly Difference[];
}

const DIFFERENCES_MAX = 100;

type Counts = Map<string, number>;

const add = (counts: Counts, sku: string, units: number): void => {
  counts.set(sku, (counts.get(sku) ?? 0) + units);
};

/**
 * Holds the controller's books against the physical world: every unit is in exactly one place, every container
 * holds what is booked in it, and every fulfilled unit of an order lies in a tote of that order.
 */
export function reconcile(world: SimWorld, books: Books): Reconciliation {
  const differences: Difference[] = [];
  let lost = 0;
  let doubled = 0;
  const note = (difference: Difference): void => {
    const off = Math.abs(difference.booked - difference.physical);
    if (difference.kind === 'lost') lost += off;
    if (difference.kind === 'doubled') doubled += off;
    if (differences.length < DIFFERENCES_MAX) differences.push(difference);
  };
  const { goods } = world;
  goods.census().forEach((times, unit) => {
    if (times === 1) return;
    const sku = goods.skuOf(unit);
    note({ kind: times === 0 ? 'lost' : 'doubled', where: null, sku, booked: 1, physical: times });
  });
  const ofOrders = compareContainers(world, books, note);
  compareOrders(books, ofOrders, note);
  return { units: countUnits(world), lost, doubled, differences };
}

/** Compares containers one by one; returns the physical units in the totes of each order. */
function compareContainers(
  world: SimWorld,
  books: Books,
  note: (difference: Difference) => void,
): Map<string, Counts> {
  const ofOrders = new Map<string, Counts>();
  for (const container of world.goods.allContainers()) {
    const booked = books.containers[container.id];
    const counts: Counts = new Map();
    for (const stack of container.stacks) for (const unit of stack) add(counts, world.goods.skuOf(unit), 1);
    const orderId = booked?.orderId ?? null;
    if (orderId !== null && container.kind === 'order') {
      const sum = ofOrders.get(orderId) ?? new Map<string, number>();
      for (const [sku, units] of counts) add(sum, sku, units);
      ofOrders.set(orderId, sum);
    }
    // What came in after the last inventory, or was forgotten long after it left, is not in the books.
    if (booked === undefined) continue;
    const expected: Counts = new Map();
    for (const stack of booked.stacks) for (const sku of stack) add(expected, sku, 1);
    compareCounts(container.id, expected, counts, container.declaredShort, note);
  }
  return ofOrders;
}

/** `short`: units that the storage system had declared too many in this container. */
function compareCounts(
  where: string,
  booked: Counts,
  physical: Counts,
  short: number,
  note: (difference: Difference) => void,
): void {
  for (const sku of new Set([...booked.keys(), ...physical.keys()])) {
    const [has, is] = [booked.get(sku) ?? 0, physical.get(sku) ?? 0];
    if (has === is) continue;
    // A count by the sensor that finds one unit fewer may be booked under a neighbouring SKU of the container.
    const explained = short > 0 && Math.abs(has - is) <= short;
    note({
      kind: explained ? 'record-wrong' : has > is ? 'lost' : 'doubled',
      where,
      sku,
      booked: has,
      physical: is,
    });
  }
}

function compareOrders(
  books: Books,
  ofOrders: ReadonlyMap<string, Counts>,
  note: (difference: Difference) => void,
): void {
  for (const order of Object.values(books.orders)) {
    const wanted: Counts = new Map();
    for (const line of order.lines) add(wanted, line.sku, line.fulfilled);
    compareCounts(order.id, wanted, ofOrders.get(order.id) ?? new Map<string, number>(), 0, note);
  }
}

function countUnits(world: SimWorld): Reconciliation['units'] {
  const truth = world.truth();
  const count = { storage: 0, induct: 0, orderTotes: 0, shipped: 0 };
  for (const container of truth.containers) {
    const units = container.stacks.reduce((sum, stack) => sum + stack.length, 0);
    if (container.kind === 'storage') count.storage += units;
    else if (container.kind === 'induct') count.induct += units;
    else if (container.gone) count.shipped += units;
    else count.orderTotes += units;
  }
  return {
    created: truth.skus.length,
    ...count,
    tools: truth.tools.reduce((sum, { units }) => sum + units.length, 0),
    floor: truth.floor.length,
    inTheOpen: truth.spots.length,
    misplaced: truth.misplaced.length,
    takenAway: truth.takenAway.length,
  };
}
