import type { CoreState } from '../../controller/core/state.ts';
import type { Order } from '../../controller/domain/order.ts';
import { reconcile } from '../../sim/reconcile.ts';
import type { Reconciliation } from '../../sim/reconcile.ts';
import type { SimWorld } from '../../sim/world.ts';
import { isTaken } from './load.ts';
import type { Sent } from './load.ts';

/** An open question about one unit: until it is answered the books may be wrong about it, here or there. */
interface Doubt {
  readonly taskId: string;
  readonly sku: string;
  readonly places: readonly (string | null)[];
}

function doubtsOf(state: CoreState): Doubt[] {
  return Object.values(state.tasks)
    .filter((task) => task.exception?.kind === 'in-doubt' || task.machine.value === 'inDoubt')
    .map((task) => ({
      taskId: task.id,
      sku: task.sku,
      places: [task.source.containerId, task.destination.containerId, task.orderId],
    }));
}

/** Two units that came up together hang in a tool until they are put back: by the books they lie in their stack. */
function unitsAboveTheirStacks(world: SimWorld, state: CoreState): ReadonlyMap<string, number> {
  const above = new Map<string, number>();
  for (const arm of Object.values(state.arms)) {
    const task = arm.job?.taskId == null ? undefined : state.tasks[arm.job.taskId];
    if (arm.job?.stage !== 'put-back' || task === undefined) continue;
    above.set(`${task.source.containerId}/${task.sku}`, world.goods.heldBy(arm.id).length);
  }
  return above;
}

export interface GoodsVerdict {
  readonly lost: number;
  readonly doubled: number;
  readonly wrong: readonly string[];
}

/** Books against the physical world. A difference of one unit is let pass where a task in doubt explains it. */
export function checkGoods(world: SimWorld, state: CoreState): GoodsVerdict {
  const { differences } = reconcile(world, state);
  const doubts = doubtsOf(state);
  const above = unitsAboveTheirStacks(world, state);
  const wrong: string[] = [];
  let [lost, doubled] = [0, 0];
  for (const difference of differences) {
    if (difference.kind === 'record-wrong') continue;
    const explained = doubts.filter(
      ({ sku, places }) =>
        sku === difference.sku && difference.where !== null && places.includes(difference.where),
    ).length;
    const hanging = difference.where === null ? 0 : (above.get(`${difference.where}/${difference.sku}`) ?? 0);
    const off = Math.max(0, Math.abs(difference.booked - difference.physical) - Math.max(explained, hanging));
    if (off === 0) continue;
    if (difference.kind === 'lost') lost += off;
    else doubled += off;
    wrong.push(wordsOf(difference));
  }
  return { lost, doubled, wrong: [...wrong, ...checkTools(world, state)] };
}

function wordsOf({ kind, where, sku, booked, physical }: Reconciliation['differences'][number]): string {
  return `${kind}: ${sku} in ${where ?? 'the world'}: ${booked} booked, ${physical} there`;
}

/** An arm holds what its task says that it holds. */
function checkTools(world: SimWorld, state: CoreState): string[] {
  const wrong: string[] = [];
  for (const arm of Object.values(state.arms)) {
    const mine = Object.values(state.tasks).filter((task) => task.armId === arm.id);
    if (mine.some((task) => task.exception !== null || task.machine.value === 'inDoubt')) continue;
    const booked = mine.filter((task) => ['carrying', 'returning'].includes(task.machine.value));
    const held = world.goods.heldBy(arm.id).map((unit) => world.goods.skuOf(unit));
    // Two units that came up together hang there until they are put back; their task has neither yet.
    if (arm.job?.stage === 'put-back' || arm.job?.stage === 'inspect') continue;
    if (booked.length === held.length && booked.every((task, k) => task.sku === held[k])) continue;
    wrong.push(
      `${arm.id} holds [${held.join()}], its tasks say [${booked.map((task) => task.sku).join()}] (stage ${arm.job?.stage ?? 'none'})`,
    );
  }
  return wrong;
}

/** Every request that was acknowledged is in the books, every order as it was sent, no order that nobody sent. */
export function checkRequests(state: CoreState, sent: readonly Sent[]): string[] {
  const wrong: string[] = [];
  const asked = new Map<string, Sent>();
  for (const each of sent) if (each.request.kind === 'orders') asked.set(each.request.body.orderId, each);
  for (const [orderId, each] of asked) {
    const order = state.orders[orderId];
    if (order === undefined) {
      if (each.result !== null && isTaken(each.result))
        wrong.push(`order ${orderId} was acknowledged and is forgotten`);
      continue;
    }
    const body = each.request.kind === 'orders' ? each.request.body.lines : [];
    const same =
      body.length === order.lines.length &&
      body.every((line, k) => line.sku === order.lines[k]?.sku && line.quantity === order.lines[k]?.quantity);
    if (!same) wrong.push(`order ${orderId} is not as it was sent`);
  }
  for (const order of Object.values(state.orders)) {
    if (!asked.has(order.id)) wrong.push(`nobody sent order ${order.id}`);
    wrong.push(...checkCancelled(order, sent));
  }
  return wrong;
}

/** No more is cancelled than was asked for, however often it was asked for with the same id. */
function checkCancelled(order: Order, sent: readonly Sent[]): string[] {
  const wrong: string[] = [];
  for (const line of order.lines) {
    if (line.cancelled === 0) continue;
    let allowed = 0;
    for (const { request, result } of sent) {
      if (request.kind !== 'cancel' || request.body.orderId !== order.id) continue;
      if (result !== null && !isTaken(result)) continue;
      if (request.body.lineId !== null && request.body.lineId !== line.id) continue;
      allowed += request.body.quantity ?? line.quantity;
    }
    if (line.cancelled > allowed) {
      wrong.push(
        `order ${order.id} line ${line.id}: ${line.cancelled} units cancelled, ${allowed} asked for`,
      );
    }
  }
  return wrong;
}

/** How far the work had come. */
export interface Progress {
  readonly done: number;
  readonly lines: ReadonlyMap<
    string,
    { readonly fulfilled: number; readonly cancelled: number; readonly excepted: number }
  >;
  readonly completed: ReadonlySet<string>;
}

export function progressOf(state: CoreState): Progress {
  const lines = new Map<string, { fulfilled: number; cancelled: number; excepted: number }>();
  const completed = new Set<string>();
  for (const order of Object.values(state.orders)) {
    if (order.status === 'completed') completed.add(order.id);
    for (const { id, fulfilled, cancelled, excepted } of order.lines) {
      lines.set(`${order.id}/${id}`, { fulfilled, cancelled, excepted });
    }
  }
  return { done: state.totals.tasksDone, lines, completed };
}

/** Finished work stays finished. */
export function checkProgress(before: Progress, now: Progress): string[] {
  const wrong: string[] = [];
  if (now.done < before.done) wrong.push(`${before.done} tasks were done, now ${now.done}`);
  for (const [line, then] of before.lines) {
    const is = now.lines.get(line);
    if (is === undefined) wrong.push(`line ${line} is forgotten`);
    else if (is.fulfilled < then.fulfilled || is.cancelled < then.cancelled || is.excepted < then.excepted) {
      wrong.push(`line ${line} went back from ${JSON.stringify(then)} to ${JSON.stringify(is)}`);
    }
  }
  for (const orderId of before.completed) {
    if (!now.completed.has(orderId)) wrong.push(`order ${orderId} was completed and is no more`);
  }
  return wrong;
}
