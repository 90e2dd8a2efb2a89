import { unitsIn } from '../domain/container.ts';
import type { Container } from '../domain/container.ts';
import { askSurroundings, nextRequestId } from '../core/context.ts';
import type { StepContext } from '../core/context.ts';
import type { PlaceState, Task } from '../core/state.ts';
import type { ContainerUsers, TaskRank } from './container-users.ts';
import { pairIsServed } from './orders.ts';

/**
 * Has the shuttle bring the storage containers that tasks wait for, ahead of need, and take away what nobody needs.
 * The order served now goes before the order to follow; a container fetched ahead gives way when its place is the
 * only one for what is needed now, so that no set of requests can block itself.
 */
export function fetchContainers(context: StepContext, users: ContainerUsers): void {
  const { cell, state } = context;
  const bins = cell.places.filter((place) => place.kind === 'bin').map((place) => state.places[place.id]!);
  let underWay = bins.filter((place) => place.exchange !== null).length;
  if (underWay >= cell.logistics.shuttleParallel) return;
  const wished = wishes(context);
  if (wished.length === 0) return;
  const coming = new Set(bins.map((place) => place.exchange?.containerId));
  for (const wish of wished) {
    if (underWay >= cell.logistics.shuttleParallel) return;
    if (coming.has(wish.container.id) || !grant(context, wish, bins, users)) continue;
    underWay += 1;
    coming.add(wish.container.id);
  }
}

/** A container wanted in the cell, at a place from which an arm also reaches the task's other end. */
interface Wish {
  readonly container: Container;
  readonly task: Task;
  /** Where the other end is or will be; null: anywhere. */
  readonly counterpart: string | null;
  readonly rank: TaskRank;
}

/** One wish for a container and the other end: of the tasks that share it, the one that is served first. */
function wishes(context: StepContext): readonly Wish[] {
  const { state } = context;
  const found = new Map<string, Map<string | null, Wish>>();
  const stationOf = new Map<string, { readonly placeId: string; readonly rank: TaskRank }>();
  for (const place of Object.values(state.places)) {
    if (place.orderId !== null) stationOf.set(place.orderId, { placeId: place.id, rank: 0 });
    if (place.nextOrderId !== null) stationOf.set(place.nextOrderId, { placeId: place.id, rank: 1 });
  }
  for (const task of Object.values(state.tasks)) {
    if (task.machine.value !== 'waiting' || task.kind === 'fixed') continue;
    const station = task.orderId === null ? undefined : stationOf.get(task.orderId);
    const ends = [task.source.containerId, task.destination.containerId];
    for (const [index, containerId] of ends.entries()) {
      const container = containerId === null ? undefined : state.containers[containerId];
      if (container === undefined || container.kind !== 'storage') continue;
      const counterpart = station?.placeId ?? placeOfContainer(context, ends[1 - index] ?? null);
      if (container.placeId !== null && servesFrom(context, container.placeId, counterpart)) continue;
      const wish: Wish = { container, task, counterpart, rank: station?.rank ?? 0 };
      let wanted = found.get(container.id);
      if (wanted === undefined) found.set(container.id, (wanted = new Map<string | null, Wish>()));
      const known = wanted.get(counterpart);
      if (known === undefined || comesBefore(wish, known) < 0) wanted.set(counterpart, wish);
    }
  }
  return [...found.values()].flatMap((wanted) => [...wanted.values()]).sort(comesBefore);
}

function comesBefore(a: Wish, b: Wish): number {
  return a.rank - b.rank || b.task.priority - a.task.priority || a.task.number - b.task.number;
}

/** An induct tote that was emptied, and that nothing refers to, makes room for the next one. */
export function clearInducts(context: StepContext, users: ContainerUsers): void {
  const { state } = context;
  for (const { id, kind } of context.cell.places) {
    const place = state.places[id]!;
    if (kind !== 'induct' || place.exchange !== null || place.containerId === null) continue;
    const container = state.containers[place.containerId];
    if (container === undefined || unitsIn(container) > 0) continue;
    if (users.of(container.id).length > 0 || users.isVisited(place.id)) continue;
    exchange(context, place, null);
  }
}

function placeOfContainer(context: StepContext, containerId: string | null): string | null {
  if (containerId === null) return null;
  return context.state.containers[containerId]?.placeId ?? null;
}

function servesFrom(context: StepContext, placeId: string, counterpart: string | null): boolean {
  return counterpart === null || pairIsServed(context, placeId, counterpart);
}

/** Asks for one exchange if a place can be had; returns whether something was asked. */
function grant(
  context: StepContext,
  wish: Wish,
  bins: readonly PlaceState[],
  users: ContainerUsers,
): boolean {
  const { state } = context;
  const { container } = wish;
  if (container.placeId !== null) {
    // It stands where no arm serves this task from: back to storage first, once nobody needs it there.
    const place = state.places[container.placeId]!;
    if (place.exchange !== null || users.isInUse(container.id) || users.isVisited(place.id)) return false;
    if (isWantedThere(context, wish, place, users)) return false;
    return exchange(context, place, null);
  }
  let best: PlaceState | null = null;
  let bestScore = Infinity;
  for (const place of bins) {
    if (place.exchange !== null || users.isVisited(place.id)) continue;
    if (!servesFrom(context, place.id, wish.counterpart)) continue;
    const score = costOfPlace(context, wish, place, users);
    if (score < bestScore) {
      best = place;
      bestScore = score;
    }
  }
  return best === null ? false : exchange(context, best, container.id);
}

/** A waiting task whose turn is no later is served from where the container stands now. */
function isWantedThere(context: StepContext, wish: Wish, place: PlaceState, users: ContainerUsers): boolean {
  return users.of(wish.container.id).some((task) => {
    if (task === wish.task || task.source.containerId !== wish.container.id) return false;
    if (users.rankOf(task) > wish.rank) return false;
    const to = placeOfContainer(context, task.destination.containerId);
    return task.machine.value === 'waiting' && to !== null && pairIsServed(context, place.id, to);
  });
}

/** What it costs to clear a place: its container may be wanted again; its arms may have much to do. */
function costOfPlace(context: StepContext, wish: Wish, place: PlaceState, users: ContainerUsers): number {
  const { state, derived } = context;
  const present = place.containerId === null ? undefined : state.containers[place.containerId];
  if (present === undefined) return leastLoad(context, place.id, wish.counterpart);
  if (users.isInUse(present.id)) return Infinity;
  const waiting = users.of(present.id);
  if (waiting.length > 0) {
    if (wish.rank === 1 || waiting.some((task) => users.rankOf(task) === 0)) return Infinity;
    return 1_000_000 + leastLoad(context, place.id, wish.counterpart);
  }
  let wanted = 0;
  for (const stack of present.stacks) {
    const top = stack[stack.length - 1];
    if (top !== undefined) wanted = Math.max(wanted, derived.demand.get(top) ?? 0);
  }
  return leastLoad(context, place.id, wish.counterpart) + 4 * Math.min(wanted, unitsIn(present)) + 1;
}

/** Waiting and running tasks bound to the least busy arm that would serve from this place. */
function leastLoad(context: StepContext, placeId: string, counterpart: string | null): number {
  const arms =
    counterpart === null
      ? context.cell.arms.map((arm) => arm.id).filter((id) => context.derived.reach.reaches(id, placeId))
      : context.derived.reach.armsFor(placeId, counterpart);
  let least = Infinity;
  for (const armId of arms) {
    let load = 0;
    for (const place of context.cell.places) {
      if (place.kind !== 'bin' || !context.derived.reach.reaches(armId, place.id)) continue;
      const state = context.state.places[place.id]!;
      const containerId = state.exchange?.containerId ?? state.containerId;
      if (containerId !== null) load += context.derived.reservedIn.get(containerId) ?? 0;
    }
    least = Math.min(least, load);
  }
  return least;
}

function exchange(context: StepContext, place: PlaceState, containerId: string | null): boolean {
  const requestId = nextRequestId(context);
  place.exchange = { requestId, containerId };
  askSurroundings(context, { kind: 'exchange', requestId, placeId: place.id, containerId }, null);
  return true;
}
