import { createStepper } from '../machines/stepper.ts';
import { taskMachine } from '../machines/task.ts';
import type { TaskEvent, TaskState } from '../machines/task.ts';
import type { ExceptionKind, Resolution, UnitWhereabouts } from '../domain/exception.ts';
import type { LineException, OrderLine } from '../domain/order.ts';
import type { Item } from '../scheduling/job-plan.ts';
import { appendBounded, notice, noteUnitPlaced } from './context.ts';
import type { StepContext } from './context.ts';
import { forgetOpenTask, isReserving, noteOpenTask, noteStock, reserve, unreserve } from './derived.ts';
import { BOUNDS } from './state.ts';
import type { CoreState, Task, TaskEnd, TaskKind } from './state.ts';

export const taskStepper = createStepper(taskMachine);

export interface NewTask {
  readonly kind: TaskKind;
  readonly sku: string;
  readonly item: Item;
  readonly orderId: string | null;
  readonly lineId: string | null;
  readonly priority: number;
  readonly shipByUs: number | null;
  readonly source: TaskEnd;
  readonly destination: TaskEnd;
  /** Given by the file for benchmark tasks; else null, and a number is drawn. */
  readonly id: string | null;
}

export function createTask(context: StepContext, wanted: NewTask): Task {
  const { state } = context;
  state.counters.task += 1;
  const number = state.counters.task;
  const task: Task = {
    id: wanted.id ?? `t-${String(number).padStart(6, '0')}`,
    number,
    kind: wanted.kind,
    machine: taskStepper.start().state,
    sku: wanted.sku,
    item: wanted.item,
    orderId: wanted.orderId,
    lineId: wanted.lineId,
    priority: wanted.priority,
    shipByUs: wanted.shipByUs,
    createdUs: context.nowUs,
    source: wanted.source,
    destination: wanted.destination,
    armId: null,
    excludedArms: [],
    excludedSources: [],
    onlyFromPark: [],
    excludedCells: [],
    policySteps: {},
    attempts: 0,
    exception: null,
    doubt: null,
    because: 'waits to be prepared',
  };
  state.tasks[task.id] = task;
  noteOpenTask(context.derived, task);
  if (isReserving(task)) reserve(context.derived, task.source.containerId, task.sku);
  context.schedule = true;
  return task;
}

/** Steps the task's machine; false when it does not take the event in its state. Ends the task where it ends. */
export function moveTask(context: StepContext, task: Task, event: TaskEvent, because: string): boolean {
  const before = task.machine.value;
  const reservedBefore = isReserving(task);
  const step = taskStepper.step(task.machine, event);
  if (step.outcome === 'refused') return false;
  task.machine = step.state;
  task.because = because;
  const reservedAfter = isReserving(task);
  if (reservedBefore && !reservedAfter) unreserve(context.derived, task.source.containerId, task.sku);
  if (!reservedBefore && reservedAfter) reserve(context.derived, task.source.containerId, task.sku);
  context.schedule = true;
  if (task.machine.value !== before) {
    const level = task.machine.value === 'asking' || task.machine.value === 'inDoubt' ? 'warn' : 'info';
    notice(context, level, `task-${task.machine.value}`, because, { task });
  }
  if (isEnded(task.machine.value)) endTask(context, task);
  return true;
}

export function isEnded(state: TaskState): boolean {
  return state === 'done' || state === 'cancelled' || state === 'excepted';
}

/** Which container a task's unit comes from; undoes an earlier choice. */
export function setSource(context: StepContext, task: Task, containerId: string | null): void {
  if (isReserving(task)) unreserve(context.derived, task.source.containerId, task.sku);
  task.source = { ...task.source, containerId, cell: null };
  if (isReserving(task)) reserve(context.derived, containerId, task.sku);
}

/** The place at which an end of a task stands now; null: its container is not in the cell, or not chosen. */
export function placeOfEnd(state: CoreState, end: TaskEnd): string | null {
  if (end.fixed !== null) return end.fixed.placeId;
  return end.containerId === null ? null : (state.containers[end.containerId]?.placeId ?? null);
}

/** Takes the unit off the books of its source container, as the tool took it off the stack. */
export function takeFromSource(context: StepContext, task: Task): void {
  const container =
    task.source.containerId === null ? undefined : context.state.containers[task.source.containerId];
  if (container === undefined || task.source.cell === null) return;
  const stack = container.stacks[task.source.cell];
  const index = stack?.lastIndexOf(task.sku) ?? -1;
  if (stack === undefined || index < 0) {
    throw new Error(
      `task ${task.id}: container ${container.id} has no ${task.sku} in cell ${task.source.cell}`,
    );
  }
  stack.splice(index, 1);
}

/** Puts the unit on the books of a container. */
export function putInto(context: StepContext, containerId: string, cell: number, sku: string): void {
  const container = context.state.containers[containerId];
  if (container === undefined) throw new Error(`container ${containerId} is not known`);
  while (container.stacks.length <= cell) container.stacks.push([]);
  container.stacks[cell]!.push(sku);
  if (container.kind === 'storage') noteStock(context.derived, sku, containerId);
}

/** Leaves the task to a person, who sees what happened, where the unit is, and what can be answered. */
export function askPerson(
  context: StepContext,
  task: Task,
  kind: ExceptionKind,
  detail: string,
  unitAt: UnitWhereabouts,
): void {
  task.exception = {
    taskId: task.id,
    kind,
    detail,
    sinceUs: context.nowUs,
    unitAt,
    options: optionsFor(unitAt, kind),
  };
  moveTask(context, task, { type: 'ASK', unitAt: unitAt.at }, detail);
}

/** What was in doubt is settled: the unit lies at its source, for any arm to take. */
export function foundAtSource(context: StepContext, task: Task, because: string): void {
  task.source = { ...task.source, cell: null };
  task.destination = { ...task.destination, cell: null };
  task.exception = null;
  task.doubt = null;
  moveTask(context, task, { type: 'SETTLED', unitAt: 'source' }, because);
  task.armId = null;
}

export function optionsFor(unitAt: UnitWhereabouts, kind: ExceptionKind): readonly Resolution[] {
  if (unitAt.at !== 'unknown') return ['retry', 'done-by-hand', 'give-up'];
  return kind === 'dropped'
    ? ['retry', 'done-by-hand', 'give-up']
    : ['not-done', 'done-by-hand', 'retry', 'give-up'];
}

export function lineOf(context: StepContext, task: Task): OrderLine | null {
  if (task.orderId === null) return null;
  return context.state.orders[task.orderId]?.lines.find((line) => line.id === task.lineId) ?? null;
}

/** Units of a line that have not ended in any way. */
export function openUnits(line: OrderLine): number {
  return line.quantity - line.fulfilled - line.cancelled - line.excepted;
}

/** Books units of a line as ended and counts the line when that was the last of them. */
export function endUnits(
  context: StepContext,
  line: OrderLine,
  how: 'fulfilled' | 'cancelled' | 'excepted',
  units: number,
  exception: LineException | null,
): void {
  if (units <= 0) return;
  if (openUnits(line) < units)
    throw new Error(`line ${line.id}: ${units} units end, ${openUnits(line)} are open`);
  line[how] += units;
  if (how === 'excepted') line.exception ??= exception;
  if (openUnits(line) > 0) return;
  const ended = line.excepted > 0 ? 'excepted' : line.fulfilled > 0 ? 'fulfilled' : 'cancelled';
  context.state.totals.linesEnded[ended] += 1;
}

function endTask(context: StepContext, task: Task): void {
  const { state } = context;
  const how = task.machine.value;
  const line = lineOf(context, task);
  if (how === 'done') {
    state.totals.tasksDone += 1;
    noteUnitPlaced(context);
    if (line !== null) endUnits(context, line, 'fulfilled', 1, null);
  } else if (how === 'cancelled') {
    state.totals.tasksCancelled += 1;
    if (line !== null) endUnits(context, line, 'cancelled', 1, null);
  } else {
    state.totals.tasksExcepted += 1;
    if (line !== null) endUnits(context, line, 'excepted', 1, task.exception?.kind ?? 'no-stock');
  }
  if (isReserving(task)) unreserve(context.derived, task.source.containerId, task.sku);
  forgetOpenTask(context.derived, task);
  delete state.tasks[task.id];
  appendBounded(
    state.endedTasks,
    {
      id: task.id,
      kind: task.kind,
      state: how,
      sku: task.sku,
      orderId: task.orderId,
      lineId: task.lineId,
      armId: task.armId,
      from: task.source.containerId ?? task.source.fixed?.placeId ?? null,
      to: task.destination.containerId ?? task.destination.fixed?.placeId ?? null,
      attempts: task.attempts,
      because: task.because,
      endedUs: context.nowUs,
    },
    BOUNDS.endedTasks,
  );
}
