import { parkZones } from '../coordination/zones.ts';
import { solveReach } from '../scheduling/reach.ts';
import type { ReachTable } from '../scheduling/reach.ts';
import { unitsOf } from '../domain/container.ts';
import type { Container } from '../domain/container.ts';
import type { ArmModel, CellModel, Place } from '../domain/cell.ts';
import type { CoreState, Task } from './state.ts';

/** What follows from the cell and the state, kept at hand for speed; rebuilt whenever a state is loaded. */
export interface Derived {
  readonly armOf: ReadonlyMap<string, ArmModel>;
  readonly placeOf: ReadonlyMap<string, Place>;
  readonly reach: ReachTable;
  /** Arms that can reach both points of a task that the cell's file names. */
  readonly fixedReach: ReadonlyMap<string, ReadonlySet<string>>;
  /** Zones an arm stands in at its park pose; they are its own. */
  readonly parkZones: ReadonlyMap<string, ReadonlySet<string>>;
  /** Storage containers that hold a SKU. */
  readonly containersOf: Map<string, Set<string>>;
  /** Units that tasks have spoken for but not yet taken, by `container|SKU`. */
  readonly reserved: Map<string, number>;
  /** The same by container, for how much work lies in it. */
  readonly reservedIn: Map<string, number>;
  /** Units of a SKU that waiting orders will ask for. */
  readonly demand: Map<string, number>;
  /** Open tasks by order id. */
  readonly tasksOfOrder: Map<string, Set<string>>;
}

export function derive(cell: CellModel, state: CoreState): Derived {
  const derived: Derived = {
    armOf: new Map(cell.arms.map((arm) => [arm.id, arm])),
    placeOf: new Map(cell.places.map((place) => [place.id, place])),
    reach: solveReach(cell),
    fixedReach: new Map(cell.fixedTasks.map((task) => [task.id, new Set(task.reachableBy)])),
    parkZones: new Map(cell.arms.map((arm) => [arm.id, new Set(parkZones(cell, arm.id))])),
    containersOf: new Map(),
    reserved: new Map(),
    reservedIn: new Map(),
    demand: new Map(),
    tasksOfOrder: new Map(),
  };
  for (const container of Object.values(state.containers)) {
    if (container.kind !== 'storage' || container.gone) continue;
    for (const stack of container.stacks) for (const sku of stack) noteStock(derived, sku, container.id);
  }
  for (const task of Object.values(state.tasks)) {
    if (isReserving(task)) reserve(derived, task.source.containerId, task.sku);
    noteOpenTask(derived, task);
  }
  for (const orderId of state.waitingOrders) {
    for (const line of state.orders[orderId]?.lines ?? []) {
      addDemand(derived, line.sku, line.quantity - line.fulfilled - line.cancelled - line.excepted);
    }
  }
  return derived;
}

/** A task's unit lies in its source container until it is in a tool, or somewhere that nobody is sure of. */
export function isReserving(task: Task): boolean {
  return task.source.containerId !== null && task.machine.context.unitAt === 'source';
}

export function noteStock(derived: Derived, sku: string, containerId: string): void {
  const known = derived.containersOf.get(sku);
  if (known === undefined) derived.containersOf.set(sku, new Set([containerId]));
  else known.add(containerId);
}

export function reserve(derived: Derived, containerId: string | null, sku: string): void {
  if (containerId === null) return;
  addTo(derived.reserved, `${containerId}|${sku}`, 1);
  addTo(derived.reservedIn, containerId, 1);
}

export function unreserve(derived: Derived, containerId: string | null, sku: string): void {
  if (containerId === null) return;
  addTo(derived.reserved, `${containerId}|${sku}`, -1);
  addTo(derived.reservedIn, containerId, -1);
}

function addTo(counts: Map<string, number>, key: string, units: number): void {
  const sum = (counts.get(key) ?? 0) + units;
  if (sum < 0) throw new Error(`${key} has fewer reservations than tasks`);
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}

/** Units of a SKU in a container that no task has spoken for; negative when the books were corrected downwards. */
export function unspokenUnits(derived: Derived, container: Container, sku: string): number {
  return unitsOf(container, sku) - (derived.reserved.get(`${container.id}|${sku}`) ?? 0);
}

export function addDemand(derived: Derived, sku: string, units: number): void {
  const sum = (derived.demand.get(sku) ?? 0) + units;
  if (sum > 0) derived.demand.set(sku, sum);
  else derived.demand.delete(sku);
}

export function noteOpenTask(derived: Derived, task: Task): void {
  if (task.orderId === null) return;
  const known = derived.tasksOfOrder.get(task.orderId);
  if (known === undefined) derived.tasksOfOrder.set(task.orderId, new Set([task.id]));
  else known.add(task.id);
}

export function forgetOpenTask(derived: Derived, task: Task): void {
  if (task.orderId === null) return;
  const known = derived.tasksOfOrder.get(task.orderId);
  known?.delete(task.id);
  if (known?.size === 0) derived.tasksOfOrder.delete(task.orderId);
}
