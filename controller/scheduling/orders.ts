import type { Place } from '../domain/cell.ts';
import type { Order } from '../domain/order.ts';
import { cellCount, fitsCell } from '../domain/grid.ts';
import type { Container } from '../domain/container.ts';
import { isUsable } from '../core/arm-control.ts';
import { appendBounded, askSurroundings, nextRequestId, notice } from '../core/context.ts';
import type { StepContext } from '../core/context.ts';
import { addDemand, unspokenUnits } from '../core/derived.ts';
import { visitedPlaces } from '../core/visits.ts';
import { askPerson, createTask, endUnits, openUnits, setSource } from '../core/tasks.ts';
import { BOUNDS } from '../core/state.ts';
import type { PlaceState, Task } from '../core/state.ts';

/** How many waiting orders are looked at when a station is free: those in front, by priority and ship-by. */
const ORDER_WINDOW = 120;

/** Serves stations: ends orders whose work is done, sends their totes away, chooses the orders to follow. */
export function serveStations(context: StepContext): void {
  const stations = context.cell.places.filter(
    (place) => place.kind === 'station' && isServable(context, place.id),
  );
  for (const station of stations) {
    const place = context.state.places[station.id]!;
    promoteNext(context, place);
    endServedOrder(context, place);
    bringTote(context, place);
  }
  for (const station of idlestFirst(context, stations))
    chooseNext(context, context.state.places[station.id]!);
  for (const station of stations) {
    const place = context.state.places[station.id]!;
    for (const orderId of [place.orderId, place.nextOrderId]) {
      if (orderId !== null) materialise(context, context.state.orders[orderId]!);
    }
  }
}

/** When there are fewer orders than stations they go where an arm has nothing to do. */
function idlestFirst(context: StepContext, stations: readonly Place[]): readonly Place[] {
  const workOf = (station: Place): number => {
    let least = Infinity;
    for (const arm of Object.values(context.state.arms)) {
      if (!isUsable(arm) || !context.derived.reach.reaches(arm.id, station.id)) continue;
      least = Math.min(least, (arm.job === null ? 0 : 1) + (arm.next === null ? 0 : 1));
    }
    return least;
  };
  const work = new Map(stations.map((station) => [station.id, workOf(station)]));
  return [...stations].sort((a, b) => work.get(a.id)! - work.get(b.id)!);
}

/** Some arm brings units there from some bin. */
function isServable(context: StepContext, stationId: string): boolean {
  return context.cell.places.some(
    (place) => place.kind !== 'station' && context.derived.reach.armsFor(place.id, stationId).length > 0,
  );
}

/** An arm that serves the station is at work; an order given to it would else wait for a repair. */
function isManned(context: StepContext, stationId: string): boolean {
  return Object.values(context.state.arms).some(
    (arm) => isUsable(arm) && context.derived.reach.reaches(arm.id, stationId),
  );
}

/** The order to follow takes its turn as soon as the station serves none. */
function promoteNext(context: StepContext, place: PlaceState): void {
  if (place.orderId !== null || place.nextOrderId === null) return;
  place.orderId = place.nextOrderId;
  place.nextOrderId = null;
  const container = place.containerId === null ? undefined : context.state.containers[place.containerId];
  if (container !== undefined && container.orderId === null) useTote(context, place, container);
}

function useTote(context: StepContext, place: PlaceState, container: Container): void {
  const order = place.orderId === null ? undefined : context.state.orders[place.orderId];
  if (order === undefined) return;
  container.orderId = order.id;
  if (!order.totes.includes(container.id)) order.totes.push(container.id);
}

function endServedOrder(context: StepContext, place: PlaceState): void {
  const { state } = context;
  const order = place.orderId === null ? undefined : state.orders[place.orderId];
  if (order === undefined || order.lines.some((line) => openUnits(line) > 0)) return;
  if ((context.derived.tasksOfOrder.get(order.id)?.size ?? 0) > 0) return;
  place.orderId = null;
  completeOrder(context, order);
  promoteNextIfEmpty(context, place);
}

/** A tote that took nothing (everything cancelled) serves the next order. */
function promoteNextIfEmpty(context: StepContext, place: PlaceState): void {
  const container = place.containerId === null ? undefined : context.state.containers[place.containerId];
  if (container !== undefined && container.stacks.every((stack) => stack.length === 0)) {
    const totes = container.orderId === null ? undefined : context.state.orders[container.orderId]?.totes;
    if (totes?.includes(container.id)) totes.splice(totes.indexOf(container.id), 1);
    container.orderId = null;
  }
  promoteNext(context, place);
}

export function completeOrder(context: StepContext, order: Order): void {
  const { state } = context;
  order.status = 'completed';
  state.totals.ordersCompleted += 1;
  notice(context, 'info', 'order-completed', `order ${order.id} completed`, { orderId: order.id });
  const dropped =
    state.completedOrders.length >= BOUNDS.completedOrders ? state.completedOrders[0] : undefined;
  appendBounded(state.completedOrders, order.id, BOUNDS.completedOrders);
  if (dropped !== undefined) delete state.orders[dropped];
}

/** Sends away a tote that belongs to another order or is full, and has an empty one brought. */
function bringTote(context: StepContext, place: PlaceState): void {
  const { state } = context;
  if (place.exchange !== null) return;
  const container = place.containerId === null ? undefined : state.containers[place.containerId];
  if (container !== undefined) {
    if (container.orderId === null) {
      useTote(context, place, container);
      return;
    }
    const serves = container.orderId === place.orderId;
    if (serves && !isFull(context, place, container)) return;
    if (isInUse(context, container.id)) return;
  }
  if (visitedPlaces(state).has(place.id)) return;
  state.counters.tote += 1;
  const toteId = `ot-${String(state.counters.tote).padStart(5, '0')}`;
  const requestId = nextRequestId(context);
  place.exchange = { requestId, containerId: toteId };
  askSurroundings(context, { kind: 'bring-empty', requestId, placeId: place.id, containerId: toteId }, null);
}

/** An open task of this order found no room in the tote. */
function isFull(context: StepContext, place: PlaceState, container: Container): boolean {
  for (const taskId of context.derived.tasksOfOrder.get(place.orderId ?? '') ?? []) {
    const task = context.state.tasks[taskId]!;
    if (
      task.machine.value === 'waiting' &&
      task.destination.containerId === container.id &&
      task.because === NO_ROOM
    ) {
      return true;
    }
  }
  return false;
}

/** What a task says when the tote at its station has no room left for it. */
export const NO_ROOM = 'waits for another order tote: this one has no room for it';

const AT_WORK: readonly string[] = ['assigned', 'carrying', 'returning', 'inDoubt'];

/** An arm is about to take from its source or put into its destination. */
export function isAtWork(task: Task): boolean {
  return AT_WORK.includes(task.machine.value);
}

function isInUse(context: StepContext, containerId: string): boolean {
  return Object.values(context.state.tasks).some(
    (task) =>
      (task.source.containerId === containerId || task.destination.containerId === containerId) &&
      isAtWork(task),
  );
}

function chooseNext(context: StepContext, place: PlaceState): void {
  const { state } = context;
  if ((place.orderId !== null && place.nextOrderId !== null) || !isManned(context, place.id)) return;
  const orderId = bestOrder(context, place);
  if (orderId === null) return;
  const index = state.waitingOrders.indexOf(orderId);
  state.waitingOrders.splice(index, 1);
  const order = state.orders[orderId]!;
  order.status = 'active';
  for (const line of order.lines) addDemand(context.derived, line.sku, -openUnits(line));
  if (place.orderId === null) {
    place.orderId = orderId;
    const container = place.containerId === null ? undefined : state.containers[place.containerId];
    if (container !== undefined && container.orderId === null) useTote(context, place, container);
  } else {
    place.nextOrderId = orderId;
  }
}

/**
 * Of the orders in front that nobody may overtake for priority or ship-by, the one most of whose goods stand in the
 * cell where this station's arms reach them; the earlier one among equals.
 */
function bestOrder(context: StepContext, place: PlaceState): string | null {
  const { state } = context;
  const first = state.waitingOrders[0];
  if (first === undefined) return null;
  const front = state.orders[first]!;
  let best: string = first;
  let bestScore = -1;
  const window = Math.min(state.waitingOrders.length, ORDER_WINDOW);
  for (let index = 0; index < window; index += 1) {
    const order = state.orders[state.waitingOrders[index]!]!;
    if (order.priority !== front.priority || order.shipByUs !== front.shipByUs) break;
    const score = shareAtHand(context, order, place.id);
    if (score > bestScore) {
      best = order.id;
      bestScore = score;
    }
  }
  return best;
}

function shareAtHand(context: StepContext, order: Order, stationId: string): number {
  let open = 0;
  let atHand = 0;
  for (const line of order.lines) {
    open += openUnits(line);
    for (const containerId of context.derived.containersOf.get(line.sku) ?? []) {
      const container = context.state.containers[containerId]!;
      if (container.placeId === null || !pairIsServed(context, container.placeId, stationId)) continue;
      const free = unspokenUnits(context.derived, container, line.sku);
      if (free > 0) atHand += Math.min(free, openUnits(line));
    }
  }
  return open === 0 ? 2 : atHand / open;
}

export function pairIsServed(context: StepContext, fromPlaceId: string, toPlaceId: string): boolean {
  return context.derived.reach.armsFor(fromPlaceId, toPlaceId).length > 0;
}

/** Makes tasks for an order's open units, a bounded number at a time, and finds a container for each. */
function materialise(context: StepContext, order: Order): void {
  const { state, derived } = context;
  for (const line of order.lines) {
    const open = derived.tasksOfOrder.get(order.id);
    let room = BOUNDS.tasksPerOrder - (open?.size ?? 0);
    if (room <= 0) return;
    let loose = openUnits(line) - countOf(context, open, line.id);
    const declared = state.skus[line.sku];
    if (loose > 0 && (declared === undefined || !fitsSomewhere(context, declared.sizeM))) {
      const exception = declared === undefined ? 'no-stock' : 'too-large';
      endUnits(context, line, 'excepted', loose, exception);
      notice(context, 'warn', exception, `order ${order.id} line ${line.id}: ${loose} units of ${line.sku}`, {
        orderId: order.id,
      });
      context.schedule = true;
      continue;
    }
    room = Math.min(room, loose);
    const free = loose > 0 ? freeUnits(context, line.sku) : 0;
    if (loose > 0 && free < room) {
      const short = loose - free;
      endUnits(context, line, 'excepted', short, 'no-stock');
      notice(
        context,
        'warn',
        'no-stock',
        `order ${order.id} line ${line.id}: ${short} units of ${line.sku} are not in stock`,
        { orderId: order.id },
      );
      context.schedule = true;
      loose = free;
      room = Math.min(room, free);
    }
    while (loose > 0 && room > 0) {
      createTask(context, {
        id: null,
        kind: 'pick',
        sku: line.sku,
        item: { sizeM: declared!.sizeM, massKg: declared!.massKg },
        orderId: order.id,
        lineId: line.id,
        priority: order.priority,
        shipByUs: order.shipByUs,
        source: { containerId: null, cell: null, fixed: null },
        destination: { containerId: null, cell: null, fixed: null },
      });
      loose -= 1;
      room -= 1;
    }
  }
}

function countOf(context: StepContext, open: ReadonlySet<string> | undefined, lineId: string): number {
  let count = 0;
  for (const taskId of open ?? []) if (context.state.tasks[taskId]!.lineId === lineId) count += 1;
  return count;
}

function fitsSomewhere(context: StepContext, sizeM: readonly [number, number, number]): boolean {
  return context.cell.places.some(
    (place) => place.kind === 'station' && cellCount(place) > 0 && fitsCell(place, sizeM),
  );
}

/** Gives every pick of an active order a container to take its unit from, and the tote at its station. */
export function allocate(context: StepContext): void {
  const { state, derived } = context;
  for (const place of Object.values(state.places)) {
    for (const orderId of [place.orderId, place.nextOrderId]) {
      if (orderId === null) continue;
      for (const taskId of [...(derived.tasksOfOrder.get(orderId) ?? [])]) {
        const task = state.tasks[taskId]!;
        if (task.machine.value !== 'waiting') continue;
        if (task.source.containerId === null) allocateSource(context, task, place.id);
        aimAtTote(context, task, place, orderId);
      }
    }
  }
}

function aimAtTote(context: StepContext, task: Task, place: PlaceState, orderId: string): void {
  const container = place.containerId === null ? undefined : context.state.containers[place.containerId];
  const containerId = container !== undefined && container.orderId === orderId ? container.id : null;
  if (task.destination.containerId !== containerId) {
    task.destination = { containerId, cell: null, fixed: null };
    task.excludedCells = [];
    if (task.because === NO_ROOM) task.because = 'waits for its order tote';
  }
}

/** In the cell at hand, then on its way, then in storage, then in the cell where other arms reach it. */
function allocateSource(context: StepContext, task: Task, stationId: string): void {
  const { state, derived } = context;
  let best: string | null = null;
  let bestRank = Infinity;
  for (const containerId of derived.containersOf.get(task.sku) ?? []) {
    if (task.excludedSources.includes(containerId)) continue;
    const container = state.containers[containerId]!;
    if (unspokenUnits(derived, container, task.sku) <= 0) continue;
    const rank = sourceRank(context, container, stationId);
    if (rank < bestRank || (rank === bestRank && best !== null && containerId < best)) {
      best = containerId;
      bestRank = rank;
    }
  }
  if (best !== null) {
    setSource(context, task, best);
    task.because = `waits for ${best}`;
    return;
  }
  outOfStock(context, task);
}

function sourceRank(context: StepContext, container: Container, stationId: string): number {
  if (container.placeId !== null) return pairIsServed(context, container.placeId, stationId) ? 0 : 3;
  const coming = Object.values(context.state.places).find(
    (place) => place.exchange?.containerId === container.id,
  );
  if (coming === undefined) return 2;
  return pairIsServed(context, coming.id, stationId) ? 1 : 4;
}

function outOfStock(context: StepContext, task: Task): void {
  if (task.machine.value !== 'waiting') return;
  const { excludedSources } = task;
  const detail =
    excludedSources.length > 0
      ? `no container but ${excludedSources.join(', ')} has a free unit of ${task.sku}`
      : `no container has a free unit of ${task.sku} any more`;
  askPerson(context, task, 'item-missing', detail, { at: 'source' });
}

/** Units of a SKU in storage that no task has spoken for. */
function freeUnits(context: StepContext, sku: string): number {
  let free = 0;
  for (const containerId of context.derived.containersOf.get(sku) ?? []) {
    const container = context.state.containers[containerId]!;
    free += Math.max(0, unspokenUnits(context.derived, container, sku));
  }
  return free;
}
