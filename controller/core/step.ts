import { accountTime, noteCauses } from '../operations/losses.ts';
import { assignTasks } from '../scheduling/assignment.ts';
import { takePlan } from '../scheduling/planning.ts';
import { containerUsers } from '../scheduling/container-users.ts';
import { clearInducts, fetchContainers } from '../scheduling/containers.ts';
import { aimStows } from '../scheduling/stowing.ts';
import { allocate, serveStations } from '../scheduling/orders.ts';
import { handleArmEvent, putInDoubt } from './arms.ts';
import { forgetNext, moveArmMachine, takes } from './arm-control.ts';
import { cellState, governCell, holdBecause, settleAfterRestart } from './cell-mode.ts';
import { beginStep, raiseAlarm } from './context.ts';
import type { StepContext } from './context.ts';
import type { Core } from './create.ts';
import { checkArmDeadlines, driveArms } from './drive.ts';
import type { CoreEffect } from './effect.ts';
import type { CoreEvent } from './event.ts';
import { takeIn } from './intake.ts';
import { obeyMonitor } from './monitor-stop.ts';
import { forgetPermissions, hearPermission } from './permissions.ts';
import { announceZones, governZones, hearZone } from './shared-zones.ts';
import { createTask } from './tasks.ts';
import { beginLink, linkDeadlineUs, moveLink } from './link.ts';
import { checkIoDeadlines, handleIoEvent } from './surroundings.ts';

/** Rounds of scheduling in one step: what one round frees the next may use. More than that waits for an event. */
const SCHEDULE_ROUNDS_MAX = 4;

/**
 * The whole controller as a function: what happened, and when, in; what is to be done, out. The core's state is
 * changed in place and belongs to this function; nothing but the arguments decides the result. Needs to be called
 * only when there are events, or at `nextDeadlineUs`.
 *
 * @throws when time runs backwards, or when a rule that must always hold does not: that is a bug, and the process
 * must not go on commanding arms.
 */
export function step(core: Core, events: readonly CoreEvent[], nowUs: number): readonly CoreEffect[] {
  if (!Number.isSafeInteger(nowUs) || nowUs < core.state.nowUs) {
    throw new Error(`time ran from ${core.state.nowUs} us to ${nowUs} us`);
  }
  const context = beginStep(core, nowUs);
  accountTime(core.state, nowUs);
  core.state.nowUs = nowUs;
  for (const event of events) handle(context, event);
  checkArmDeadlines(context);
  checkIoDeadlines(context);
  const silentUs = linkDeadlineUs(core.state.io.link);
  if (silentUs !== null && silentUs <= nowUs) moveLink(context, { type: 'TICK', nowUs });
  governCell(context);
  governZones(context);
  for (let round = 0; (context.schedule || context.drive) && round < SCHEDULE_ROUNDS_MAX; round += 1) {
    if (context.schedule) schedule(context);
    else {
      context.drive = false;
      driveArms(context);
    }
    governCell(context);
    governZones(context);
  }
  noteCauses(context);
  return context.effects;
}

function schedule(context: StepContext): void {
  context.schedule = false;
  context.drive = false;
  if (cellState(context.state) === 'execute') {
    serveStations(context);
    allocate(context);
    aimStows(context);
    const users = containerUsers(context);
    clearInducts(context, users);
    fetchContainers(context, users);
    assignTasks(context, users);
  }
  driveArms(context);
}

function handle(context: StepContext, event: CoreEvent): void {
  const { state } = context;
  switch (event.kind) {
    case 'started':
      return takeOver(context, event.epoch, event.wallMs);
    case 'intake':
      return takeIn(context, event.requestId, event.request);
    case 'arm': {
      const arm = state.arms[event.armId];
      if (arm !== undefined) return handleArmEvent(context, arm, event.event);
      return raiseAlarm(
        context,
        `arm:${event.armId}`,
        'unknown-arm',
        `${event.armId} reports, but this cell has no such arm`,
      );
    }
    case 'io':
      return handleIoEvent(context, event.event);
    case 'plc':
      return event.event.kind === 'zone'
        ? hearZone(context, event.event)
        : hearPermission(context, event.event);
    case 'planned':
      return takePlan(context, event.result);
    case 'monitor':
      return obeyMonitor(context, event.verdict);
    case 'shutdown':
      return holdBecause(context, 'the service is shutting down');
  }
}

/** A controller begins, or begins again: nothing that it did not hear itself is taken for true. */
function takeOver(context: StepContext, epoch: number, wallMs: number): void {
  const { state } = context;
  if (epoch <= state.epoch) throw new Error(`epoch ${epoch} is not after ${state.epoch}`);
  settleAfterRestart(context);
  forgetPermissions(context);
  announceZones(context);
  if (state.epoch === 0) createFixedTasks(context);
  state.epoch = epoch;
  state.anchor = { wallMs, nowUs: context.nowUs };
  for (const arm of Object.values(state.arms)) {
    if (state.arms[arm.id]!.positions !== null) putInDoubt(context, arm, 'the controller was restarted');
    arm.command = null;
    forgetNext(arm);
    arm.troubles = 0;
    if (takes(arm, { type: 'LOST' })) moveArmMachine(context, arm, { type: 'LOST' });
  }
  beginLink(context);
  for (const [requestId, open] of Object.entries(state.ioRequests)) {
    if (open.request.kind === 'inspect') delete state.ioRequests[requestId];
  }
}

/** Tasks that the cell's file names, as benchmark cells do. */
function createFixedTasks(context: StepContext): void {
  for (const fixed of context.cell.fixedTasks) {
    createTask(context, {
      id: fixed.id,
      kind: 'fixed',
      sku: fixed.id,
      item: { sizeM: fixed.itemSizeM, massKg: fixed.itemMassKg },
      orderId: null,
      lineId: null,
      priority: 50,
      shipByUs: null,
      source: { containerId: null, cell: null, fixed: { placeId: fixed.from, pointM: fixed.pickM } },
      destination: { containerId: null, cell: null, fixed: { placeId: fixed.to, pointM: fixed.placeM } },
    });
  }
}

/** The next instant at which `step` has something to do although nothing happens; null: none. */
export function nextDeadlineUs(core: Core): number | null {
  let next = Infinity;
  for (const arm of Object.values(core.state.arms)) {
    if (arm.command !== null) next = Math.min(next, arm.command.deadlineUs ?? Infinity);
    if (arm.next !== null && arm.next.result === null) next = Math.min(next, arm.next.deadlineUs);
  }
  next = Math.min(next, linkDeadlineUs(core.state.io.link) ?? Infinity);
  for (const open of Object.values(core.state.ioRequests)) next = Math.min(next, open.deadlineUs);
  return next === Infinity ? null : next;
}
