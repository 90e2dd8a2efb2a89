import type { Container } from '../domain/container.ts';
import type { ContainerDeclaration, IoEvent } from '../ports.ts';
import { notice, raiseAlarm } from './context.ts';
import type { StepContext } from './context.ts';
import { noteStock } from './derived.ts';
import { isLinked, moveLink } from './link.ts';
import { inspectedForPick, inspectionOverdue } from './outcomes.ts';
import { inspectedForDoubt, stayInDoubt } from './settlement.ts';
import { BOUNDS } from './state.ts';
import { setSource } from './tasks.ts';

/** Takes in what the shuttle, the conveyors and the sensors report. */
export function handleIoEvent(context: StepContext, event: IoEvent): void {
  const { state } = context;
  switch (event.kind) {
    case 'connected':
      moveLink(context, { type: 'HEARD', nowUs: context.nowUs });
      // What was asked and not answered is asked again; requests are idempotent.
      for (const open of Object.values(state.ioRequests)) {
        open.deadlineUs = context.nowUs + context.cell.deadlines.ioUs;
        context.effects.push({ kind: 'io', request: open.request });
      }
      context.schedule = true;
      return;
    case 'lost':
      moveLink(context, { type: 'CLOSED', nowUs: context.nowUs, reason: event.reason });
      return;
    case 'inventory':
      return takeInventory(context, event.skus, event.containers);
    case 'container-left':
      return containerLeft(context, event.requestId, event.placeId, event.containerId);
    case 'container-arrived':
      return containerArrived(context, event.requestId, event.placeId, event.container);
    case 'inspected':
      return inspected(context, event.requestId, event.units);
    case 'refused':
      return refused(context, event.requestId, event.detail);
  }
}

/**
 * The first declaration makes the books. Later ones only add what is new (containers that came in meanwhile):
 * where they differ from the books, the books stay and the difference is said, since units may be in tools.
 */
function takeInventory(
  context: StepContext,
  skus: Extract<IoEvent, { kind: 'inventory' }>['skus'],
  containers: readonly ContainerDeclaration[],
): void {
  const { state } = context;
  for (const sku of skus) state.skus[sku.sku] = sku;
  let differing = 0;
  for (const declared of containers) {
    const known = state.containers[declared.containerId];
    if (known === undefined) addContainer(context, declared, declared.placeId);
    else if (known.placeId !== declared.placeId || unitCount(known) !== unitCount(declared)) differing += 1;
  }
  if (differing > 0) {
    notice(
      context,
      'warn',
      'inventory-differs',
      `${differing} containers differ from the declared inventory; the controller's books stay`,
    );
  }
  state.io.inventoryKnown = true;
  context.schedule = true;
}

function unitCount(container: { readonly stacks: readonly (readonly string[])[] }): number {
  return container.stacks.reduce((sum, stack) => sum + stack.length, 0);
}

function addContainer(
  context: StepContext,
  declared: ContainerDeclaration,
  placeId: string | null,
): Container | null {
  const { state, derived } = context;
  if (Object.keys(state.containers).length >= BOUNDS.containers) {
    raiseAlarm(
      context,
      'containers',
      'too-many-containers',
      `more than ${BOUNDS.containers} containers were declared`,
    );
    return null;
  }
  const container: Container = {
    id: declared.containerId,
    kind: declared.kind,
    stacks: declared.stacks.map((stack) => [...stack]),
    placeId,
    orderId: null,
    gone: false,
  };
  state.containers[container.id] = container;
  if (placeId !== null && state.places[placeId] !== undefined)
    state.places[placeId].containerId = container.id;
  if (container.kind === 'storage') {
    for (const stack of container.stacks) for (const sku of stack) noteStock(derived, sku, container.id);
  }
  return container;
}

function containerLeft(
  context: StepContext,
  requestId: string | null,
  placeId: string,
  containerId: string,
): void {
  const { state } = context;
  const place = state.places[placeId];
  if (
    place?.exchange != null &&
    place.exchange.requestId === requestId &&
    place.exchange.containerId === null
  ) {
    place.exchange = null;
    delete state.ioRequests[requestId];
  }
  const container = state.containers[containerId];
  if (place?.containerId === containerId) place.containerId = null;
  if (container === undefined || container.placeId !== placeId) return;
  container.placeId = null;
  context.schedule = true;
  if (container.kind === 'storage') return;
  container.gone = true;
}

function containerArrived(
  context: StepContext,
  requestId: string | null,
  placeId: string,
  declared: ContainerDeclaration,
): void {
  const { state } = context;
  const place = state.places[placeId];
  if (place === undefined) {
    raiseAlarm(
      context,
      `place:${placeId}`,
      'unknown-place',
      `container ${declared.containerId} arrived at ${placeId}, which this cell does not have`,
    );
    return;
  }
  if (place.containerId !== null && place.containerId !== declared.containerId) {
    containerLeft(context, null, placeId, place.containerId);
  }
  const known = state.containers[declared.containerId];
  if (known === undefined) addContainer(context, declared, placeId);
  else {
    known.placeId = placeId;
    place.containerId = known.id;
    if (unitCount(known) !== unitCount(declared) && known.kind === 'storage') {
      notice(
        context,
        'warn',
        'inventory-differs',
        `${known.id} arrived declared with ${unitCount(declared)} units; ${unitCount(known)} are booked`,
      );
    }
  }
  if (requestId !== null) delete state.ioRequests[requestId];
  if (place.exchange !== null && (requestId === null || place.exchange.requestId === requestId))
    place.exchange = null;
  context.schedule = true;
}

function inspected(context: StepContext, requestId: string, units: number): void {
  const { state } = context;
  const open = state.ioRequests[requestId];
  if (open === undefined) return;
  delete state.ioRequests[requestId];
  const arm = open.purpose?.armId == null ? undefined : state.arms[open.purpose.armId];
  const task = open.purpose?.taskId == null ? undefined : state.tasks[open.purpose.taskId];
  context.schedule = true;
  if (arm === undefined) return;
  if (task?.machine.value === 'inDoubt') inspectedForDoubt(context, arm, task, units);
  else inspectedForPick(context, arm, units);
}

function refused(context: StepContext, requestId: string, detail: string): void {
  const { state } = context;
  const open = state.ioRequests[requestId];
  if (open === undefined) return;
  delete state.ioRequests[requestId];
  notice(context, 'warn', 'io-refused', `${open.request.kind} at ${open.request.placeId}: ${detail}`);
  const place = state.places[open.request.placeId];
  if (place?.exchange?.requestId === requestId) {
    place.exchange = null;
    // What cannot be brought is looked for elsewhere.
    if (open.request.kind === 'exchange' && open.request.containerId !== null) {
      for (const task of Object.values(state.tasks)) {
        if (task.source.containerId !== open.request.containerId || task.machine.value !== 'waiting')
          continue;
        task.excludedSources.push(open.request.containerId);
        if (task.kind === 'pick') setSource(context, task, null);
      }
    }
  }
  context.schedule = true;
  answerMissing(context, open.purpose);
}

/** An inspection got no answer: the arm or the task in doubt goes on without. */
function answerMissing(
  context: StepContext,
  purpose: { readonly armId: string | null; readonly taskId: string | null } | null,
): void {
  const arm = purpose?.armId == null ? undefined : context.state.arms[purpose.armId];
  const task = purpose?.taskId == null ? undefined : context.state.tasks[purpose.taskId];
  if (arm === undefined) return;
  if (task?.machine.value === 'inDoubt')
    stayInDoubt(context, task, 'the sensor over its container did not answer');
  else inspectionOverdue(context, arm);
}

/** Requests whose time is up: inspections are given up, exchanges asked again. */
export function checkIoDeadlines(context: StepContext): void {
  const { state } = context;
  for (const [requestId, open] of Object.entries(state.ioRequests)) {
    if (open.deadlineUs > context.nowUs) continue;
    if (open.request.kind === 'inspect') {
      delete state.ioRequests[requestId];
      notice(context, 'warn', 'io-overdue', `inspection at ${open.request.placeId} was not answered`);
      answerMissing(context, open.purpose);
      context.schedule = true;
      continue;
    }
    open.deadlineUs = context.nowUs + context.cell.deadlines.ioUs;
    if (!isLinked(state.io.link)) continue;
    notice(
      context,
      'warn',
      'io-overdue',
      `${open.request.kind} at ${open.request.placeId} was not answered; asked again`,
    );
    context.effects.push({ kind: 'io', request: open.request });
  }
}
