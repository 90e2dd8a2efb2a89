import type { CoreState } from '../core/state.ts';

/** Priority first, then the nearest ship-by, then the order of arrival. */
function goesBefore(state: CoreState, a: string, b: string): boolean {
  const first = state.orders[a]!;
  const second = state.orders[b]!;
  if (first.priority !== second.priority) return first.priority > second.priority;
  const firstShipBy = first.shipByUs ?? Infinity;
  const secondShipBy = second.shipByUs ?? Infinity;
  return firstShipBy < secondShipBy;
}

/** Puts a new order behind those that are to be served before it. */
export function insertWaiting(state: CoreState, orderId: string): void {
  const queue = state.waitingOrders;
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (goesBefore(state, orderId, queue[middle]!)) high = middle;
    else low = middle + 1;
  }
  queue.splice(low, 0, orderId);
}
