import { createStepper } from '../machines/stepper.ts';
import { armMachine } from '../machines/arm.ts';
import type { ArmMachineEvent } from '../machines/arm.ts';
import type { StopKind } from '../ports.ts';
import { clearAlarm, nextCommandId, notice, raiseAlarm, sendToArm } from './context.ts';
import type { StepContext } from './context.ts';
import { unassign } from './exceptions.ts';
import type { ArmState } from './state.ts';

const armStepper = createStepper(armMachine);

/** Steps the arm's machine. An event that a mode does not take is a bug of the core, except where said. */
export function moveArmMachine(context: StepContext, arm: ArmState, event: ArmMachineEvent): void {
  const step = armStepper.step({ value: arm.machine.value, context: {} }, event);
  if (step.outcome === 'refused')
    throw new Error(`arm ${arm.id} is ${arm.machine.value} and takes no ${event.type}`);
  arm.machine = { value: step.state.value };
  context.schedule = true;
}

/** Whether a mode takes an event, for those that may come at any time. */
export function takes(arm: ArmState, event: ArmMachineEvent): boolean {
  return armStepper.outcomeOf({ value: arm.machine.value, context: {} }, event) !== 'refused';
}

/** Rests or moves under this controller's command. */
export function isUsable(arm: ArmState): boolean {
  return !['offline', 'claiming', 'faulted'].includes(arm.machine.value);
}

export function stopArm(context: StepContext, arm: ArmState, stop: StopKind): void {
  if (arm.machine.value !== 'moving' && !(arm.machine.value === 'stopping' && stop === 'protective')) return;
  noteStopping(context, arm);
  sendToArm(context, arm, {
    kind: 'stop',
    commandId: nextCommandId(context),
    epoch: context.state.epoch,
    stop,
  });
}

/** A stop is on its way to the arm: it has a while to come to rest. */
export function noteStopping(context: StepContext, arm: ArmState): void {
  if (arm.machine.value === 'moving') moveArmMachine(context, arm, { type: 'STOP' });
  if (arm.machine.value !== 'stopping' || arm.command === null) return;
  arm.command.deadlineUs = context.nowUs + context.cell.deadlines.motionMarginUs;
}

/** Takes control of an arm: it answers with what is physically true. */
export function claimArm(context: StepContext, arm: ArmState): void {
  const commandId = nextCommandId(context);
  arm.command = {
    id: commandId,
    kind: 'claim',
    accepted: true,
    deadlineUs: context.nowUs + context.cell.deadlines.acceptUs,
    grantedUs: 0,
  };
  sendToArm(context, arm, { kind: 'claim', commandId, epoch: context.state.epoch });
}

/** Asks an arm anew what is true, after something that should not have happened. The third time it is faulted. */
export function reclaimArm(context: StepContext, arm: ArmState, why: string): void {
  arm.troubles += 1;
  notice(context, 'warn', 'arm-trouble', `${arm.id}: ${why}`, { armId: arm.id });
  if (arm.troubles >= 3) {
    faultArm(context, arm, 'arm-not-answering', `${why} (three times in a row)`);
    return;
  }
  moveArmMachine(context, arm, { type: 'RECLAIM' });
  claimArm(context, arm);
}

/**
 * Forgets the job planned for later. One whose space was granted is driven all the same, without its task: others have
 * their space after it.
 */
export function forgetNext(arm: ArmState): void {
  arm.waitingSinceUs = null;
  if (arm.next?.admitted === true) arm.next.taskId = null;
  else arm.next = null;
}

/** Out of work until the fault is cleared; it keeps its space, and its task is looked after by the caller. */
export function faultArm(context: StepContext, arm: ArmState, code: string, detail: string): void {
  arm.fault = { code, detail };
  arm.command = null;
  const next = arm.next?.taskId == null ? undefined : context.state.tasks[arm.next.taskId];
  if (next?.machine.value === 'assigned' && next.armId === arm.id && next.id !== arm.job?.taskId) {
    unassign(context, next, `${arm.id} is out of work: ${detail}`);
  }
  forgetNext(arm);
  moveArmMachine(context, arm, { type: 'FAULT' });
  raiseAlarm(context, `arm:${arm.id}`, code, `${arm.id}: ${detail}`, { armId: arm.id });
}

export function clearArmFault(context: StepContext, arm: ArmState): void {
  if (arm.machine.value !== 'faulted') return;
  arm.fault = null;
  arm.troubles = 0;
  clearAlarm(context, `arm:${arm.id}`);
  moveArmMachine(context, arm, { type: 'FAULT_CLEARED' });
  claimArm(context, arm);
}
