import type {
  CancelRequest,
  ConsolidateRequest,
  IntakeRequest,
  IntakeResult,
  OrderRequest,
  ReturnRequest,
  StowRequest,
  TaskCommandRequest,
} from '../domain/intake.ts';
import type { CellCommand } from '../domain/packml.ts';
import { commandCell } from './cell-mode.ts';
import { appendBounded, notice } from './context.ts';
import type { StepContext } from './context.ts';
import { addDemand, unspokenUnits } from './derived.ts';
import { resolveException, retryTask } from './exceptions.ts';
import { BOUNDS } from './state.ts';
import type { Task, TaskEnd } from './state.ts';
import { createTask, endUnits, moveTask, openUnits } from './tasks.ts';
import { insertWaiting } from '../scheduling/order-queue.ts';

/** Takes a request in and answers it. The answer leaves the process only after the request is durable. */
export function takeIn(context: StepContext, requestId: string, request: IntakeRequest): void {
  const result = isOnceOnly(request) ? once(context, requestId, request) : decide(context, request);
  context.effects.push({ kind: 'reply', requestId, result });
}

/** Requests without an id of their own, which would have their effect again when they are sent again. */
function isOnceOnly({ kind }: IntakeRequest): boolean {
  return kind === 'cancel' || kind === 'task' || kind === 'cell';
}

/** A repeat may come long after the first, when snapshots and restarts are all that is left of it. */
function once(context: StepContext, requestId: string, request: IntakeRequest): IntakeResult {
  const key = `request:${requestId}`;
  if (context.state.seenRequests.includes(key)) return duplicate('this request was taken before');
  const result = decide(context, request);
  if (result.status === 'accepted') appendBounded(context.state.seenRequests, key, BOUNDS.seenRequests);
  return result;
}

function decide(context: StepContext, request: IntakeRequest): IntakeResult {
  switch (request.kind) {
    case 'order':
      return takeOrder(context, request.body);
    case 'cancel':
      return takeCancellation(context, request.body);
    case 'return':
      return takeReturn(context, request.body);
    case 'stow':
      return takeStow(context, request.body);
    case 'consolidate':
      return takeConsolidation(context, request.body);
    case 'task':
      return takeTaskCommand(context, request.body);
    case 'cell':
      return commandCell(context, request.body.command, COMMAND_WORDS[request.body.command]);
  }
}

/** What a person reads as the reason for the cell's state. */
const COMMAND_WORDS: Readonly<Record<CellCommand, string>> = {
  reset: 'reset on command',
  start: 'started on command',
  stop: 'stopped on command',
  hold: 'held on command',
  unhold: 'resumed on command',
  suspend: 'suspended on command',
  unsuspend: 'resumed on command',
  abort: 'aborted on command',
  clear: 'cleared on command',
  complete: 'completed on command',
};

const accepted = (detail: string): IntakeResult => ({ status: 'accepted', detail });
const duplicate = (detail: string): IntakeResult => ({ status: 'duplicate', detail });
const refused = (code: string, detail: string): IntakeResult => ({ status: 'refused', code, detail });

function takeOrder(context: StepContext, request: OrderRequest): IntakeResult {
  const { state } = context;
  const known = state.orders[request.orderId];
  if (known !== undefined) {
    const same =
      known.lines.length === request.lines.length &&
      known.lines.every((line, index) => {
        const other = request.lines[index]!;
        return line.id === other.lineId && line.sku === other.sku && line.quantity === other.quantity;
      });
    return same
      ? duplicate(`order ${request.orderId} was accepted before`)
      : refused('order-exists', `order ${request.orderId} is known with other lines; use another orderId`);
  }
  if (state.waitingOrders.length >= BOUNDS.waitingOrders) {
    return refused('queue-full', `${BOUNDS.waitingOrders} orders wait already; send it again later`);
  }
  state.counters.order += 1;
  state.orders[request.orderId] = {
    id: request.orderId,
    number: state.counters.order,
    priority: request.priority,
    shipByUs: request.shipBy === null ? null : instantOf(context, request.shipBy),
    receivedUs: context.nowUs,
    lines: request.lines.map((line) => ({
      id: line.lineId,
      sku: line.sku,
      quantity: line.quantity,
      fulfilled: 0,
      cancelled: 0,
      excepted: 0,
      exception: null,
    })),
    status: 'waiting',
    totes: [],
  };
  state.totals.linesTotal += request.lines.length;
  for (const line of request.lines) addDemand(context.derived, line.sku, line.quantity);
  insertWaiting(state, request.orderId);
  context.schedule = true;
  return accepted(`order ${request.orderId}: ${request.lines.length} lines`);
}

/** Calendar time to the core's clock; the past is as good as now. */
function instantOf(context: StepContext, iso: string): number {
  const { anchor } = context.state;
  return Math.max(0, anchor.nowUs + (Date.parse(iso) - anchor.wallMs) * 1_000);
}

function takeCancellation(context: StepContext, request: CancelRequest): IntakeResult {
  const order = context.state.orders[request.orderId];
  if (order === undefined) return refused('unknown-order', `there is no order ${request.orderId}`);
  if (request.quantity !== null && request.lineId === null) {
    return refused('line-missing', 'a quantity can be cancelled of one line only: name its lineId');
  }
  const lines = order.lines.filter((line) => request.lineId === null || line.id === request.lineId);
  if (lines.length === 0) {
    return refused('unknown-line', `order ${request.orderId} has no line ${request.lineId}`);
  }
  let cancelled = 0;
  let asked = 0;
  for (const line of lines) {
    const units = request.quantity ?? openUnits(line);
    asked += units;
    cancelled += cancelUnits(context, request.orderId, line.id, units);
  }
  if (cancelled === 0) {
    return refused('too-late', `no unit of order ${request.orderId} can be cancelled any more`);
  }
  return accepted(`${cancelled} of ${asked} units cancelled`);
}

/**
 * Cancels up to so many open units of a line: first those that no task exists for, then waiting tasks, then tasks in
 * hand, newest first. Returns how many are or will be cancelled.
 */
function cancelUnits(context: StepContext, orderId: string, lineId: string, units: number): number {
  const { state, derived } = context;
  const order = state.orders[orderId];
  const line = order?.lines.find((each) => each.id === lineId);
  if (order === undefined || line === undefined) return 0;
  const tasks = [...(derived.tasksOfOrder.get(orderId) ?? [])]
    .map((id) => state.tasks[id]!)
    .filter((task) => task.lineId === lineId && !task.machine.context.cancelling)
    .sort((a, b) => stageRank(a) - stageRank(b) || b.number - a.number);
  const cancelling = [...(derived.tasksOfOrder.get(orderId) ?? [])].filter(
    (id) => state.tasks[id]!.lineId === lineId && state.tasks[id]!.machine.context.cancelling,
  ).length;
  const loose = Math.min(units, openUnits(line) - tasks.length - cancelling);
  if (order.status === 'waiting') addDemand(derived, line.sku, -loose);
  endUnits(context, line, 'cancelled', loose, null);
  let count = loose;
  for (const task of tasks) {
    if (count >= units) break;
    if (cancelTask(context, task)) count += 1;
  }
  context.schedule = true;
  return count;
}

function stageRank(task: Task): number {
  const order = ['waiting', 'assigned', 'asking', 'inDoubt', 'carrying', 'returning'];
  return order.indexOf(task.machine.value);
}

/** False when the task takes no cancellation any more. The arm's own doings follow from the task's state. */
function cancelTask(context: StepContext, task: Task): boolean {
  return moveTask(context, task, { type: 'CANCEL' }, 'cancelled on request');
}

function takeReturn(context: StepContext, request: ReturnRequest): IntakeResult {
  const { state } = context;
  const known = state.returns[request.returnId];
  if (known !== undefined) {
    return known.sku === request.sku && known.quantity === request.quantity
      ? duplicate(`return ${request.returnId}: ${known.matched} units matched before`)
      : refused('return-exists', `return ${request.returnId} is known with other content`);
  }
  if (Object.keys(state.returns).length >= BOUNDS.returns) {
    return refused('queue-full', `${BOUNDS.returns} returns are known already`);
  }
  let left = request.quantity;
  const orders = Object.values(state.orders)
    .filter((order) => order.status !== 'completed' && order.lines.some((line) => line.sku === request.sku))
    .sort((a, b) => b.number - a.number);
  for (const order of orders) {
    for (const line of [...order.lines].reverse()) {
      if (left === 0) break;
      if (line.sku === request.sku) {
        left -= cancelUnits(context, order.id, line.id, Math.min(left, openUnits(line)));
      }
    }
  }
  const matched = request.quantity - left;
  state.returns[request.returnId] = { sku: request.sku, quantity: request.quantity, matched };
  if (left > 0) {
    notice(
      context,
      'warn',
      'unmatched-return',
      `return ${request.returnId}: ${left} units of ${request.sku} match no open order`,
    );
  }
  return accepted(
    left === 0
      ? `return ${request.returnId}: ${matched} units cancelled`
      : `return ${request.returnId}: ${matched} units cancelled, ${left} unmatched-return`,
  );
}

const inContainer = (containerId: string | null): TaskEnd => ({ containerId, cell: null, fixed: null });

function takeStow(context: StepContext, request: StowRequest): IntakeResult {
  const { state } = context;
  if (state.seenRequests.includes(`stow:${request.stowId}`)) {
    return duplicate(`stow ${request.stowId} was accepted before`);
  }
  const container = state.containers[request.containerId];
  if (container === undefined || container.kind !== 'induct' || container.gone) {
    return refused('unknown-container', `there is no induct tote ${request.containerId}`);
  }
  const free = unspokenUnits(context.derived, container, request.sku);
  if (free < request.quantity) {
    return refused(
      'not-there',
      `${request.containerId} has ${Math.max(0, free)} free units of ${request.sku}, not ${request.quantity}`,
    );
  }
  return createMoves(
    context,
    `stow:${request.stowId}`,
    'stow',
    request.sku,
    request.quantity,
    container.id,
    null,
  );
}

function takeConsolidation(context: StepContext, request: ConsolidateRequest): IntakeResult {
  const { state } = context;
  if (state.seenRequests.includes(`consolidate:${request.consolidateId}`)) {
    return duplicate(`consolidation ${request.consolidateId} was accepted before`);
  }
  for (const id of [request.fromContainerId, request.toContainerId]) {
    const container = state.containers[id];
    if (container === undefined || container.gone) {
      return refused('unknown-container', `there is no container ${id} in the cell or its storage`);
    }
  }
  if (request.fromContainerId === request.toContainerId) {
    return refused('same-container', 'fromContainerId and toContainerId are the same');
  }
  const from = state.containers[request.fromContainerId]!;
  const to = state.containers[request.toContainerId]!;
  if (from.kind === 'order' && to.kind === 'order' && from.orderId !== to.orderId) {
    return refused('other-order', `${from.id} and ${to.id} belong to different orders`);
  }
  const free = unspokenUnits(context.derived, from, request.sku);
  if (free < request.quantity) {
    return refused(
      'not-there',
      `${from.id} has ${Math.max(0, free)} free units of ${request.sku}, not ${request.quantity}`,
    );
  }
  return createMoves(
    context,
    `consolidate:${request.consolidateId}`,
    'consolidate',
    request.sku,
    request.quantity,
    from.id,
    to.id,
  );
}

function createMoves(
  context: StepContext,
  requestKey: string,
  kind: 'stow' | 'consolidate',
  sku: string,
  quantity: number,
  fromId: string,
  toId: string | null,
): IntakeResult {
  const { state } = context;
  const declared = state.skus[sku];
  if (declared === undefined) return refused('unknown-sku', `the size of SKU ${sku} is not known`);
  if (Object.keys(state.tasks).length + quantity > BOUNDS.openTasks) {
    return refused('queue-full', `${BOUNDS.openTasks} tasks are open at the most; send it again later`);
  }
  appendBounded(state.seenRequests, requestKey, BOUNDS.seenRequests);
  for (let unit = 0; unit < quantity; unit += 1) {
    createTask(context, {
      id: null,
      kind,
      sku,
      item: { sizeM: declared.sizeM, massKg: declared.massKg },
      orderId: null,
      lineId: null,
      priority: 50,
      shipByUs: null,
      source: inContainer(fromId),
      destination: inContainer(toId),
    });
  }
  return accepted(`${quantity} ${kind} tasks`);
}

function takeTaskCommand(context: StepContext, request: TaskCommandRequest): IntakeResult {
  const task = context.state.tasks[request.taskId];
  if (task === undefined) {
    return context.state.endedTasks.some((ended) => ended.id === request.taskId)
      ? refused('task-ended', `task ${request.taskId} has ended`)
      : refused('unknown-task', `there is no task ${request.taskId}`);
  }
  if (request.action === 'cancel') {
    return cancelTask(context, task)
      ? accepted(`task ${task.id}: ${task.machine.value}`)
      : refused('too-late', `task ${task.id} is ${task.machine.value} and cannot be cancelled`);
  }
  if (request.action === 'retry') return retryTask(context, task);
  return resolveException(context, task, request.resolution, request.by);
}
