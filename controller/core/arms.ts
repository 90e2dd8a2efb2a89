import type { ArmEvent, ArmOutcome, Holding } from '../ports.ts';
import {
  claimArm,
  clearArmFault,
  faultArm,
  forgetNext,
  moveArmMachine,
  reclaimArm,
  takes,
} from './arm-control.ts';
import { holdBecause } from './cell-mode.ts';
import { clearAlarm, notice, raiseAlarm } from './context.ts';
import type { StepContext } from './context.ts';
import { unassign } from './exceptions.ts';
import { finishGrip, finishLeg, itemLost } from './outcomes.ts';
import { settle } from './settlement.ts';
import { spaceOf } from './space.ts';
import { isLeg } from './stages.ts';
import { optionsFor, moveTask } from './tasks.ts';
import type { ArmState, Task } from './state.ts';

type JournalledArmEvent = Exclude<ArmEvent, { kind: 'state' }>;

/** Takes in what an arm reported. What does not fit the command under way is stale and changes nothing. */
export function handleArmEvent(context: StepContext, arm: ArmState, event: JournalledArmEvent): void {
  switch (event.kind) {
    case 'connected':
      return connected(context, arm);
    case 'lost':
      return lost(context, arm, event.reason);
    case 'claimed':
      return claimed(context, arm, event);
    case 'accepted':
      return accepted(context, arm, event.commandId);
    case 'refused':
      return refused(context, arm, event.commandId, event.reason, event.detail);
    case 'progressed':
      return progressed(context, arm, event.commandId, event.progressUs);
    case 'ended':
      return ended(context, arm, event.commandId, event.outcome, event.positions, event.holding);
    case 'holding-changed':
      return holdingChanged(context, arm, event.holding);
    case 'faulted':
      putInDoubt(context, arm, `${arm.id} faulted: ${event.detail}`);
      return faultArm(context, arm, event.code, event.detail);
    case 'fault-cleared':
      return clearArmFault(context, arm);
  }
}

function connected(context: StepContext, arm: ArmState): void {
  clearAlarm(context, `lost:${arm.id}`);
  if (!takes(arm, { type: 'CONNECTED' })) {
    // It was away without our noticing: whatever it did then has to be asked.
    putInDoubt(context, arm, `${arm.id} reconnected`);
    moveArmMachine(context, arm, { type: 'LOST' });
  }
  moveArmMachine(context, arm, { type: 'CONNECTED' });
  claimArm(context, arm);
}

function lost(context: StepContext, arm: ArmState, reason: string): void {
  putInDoubt(context, arm, `${arm.id} was lost: ${reason}`);
  arm.command = null;
  forgetNext(arm);
  moveArmMachine(context, arm, { type: 'LOST' });
  raiseAlarm(
    context,
    `lost:${arm.id}`,
    'arm-lost',
    `${arm.id} is not connected: ${reason}; it keeps its space`,
    {
      armId: arm.id,
    },
  );
}

/**
 * The arm cannot be asked just now. A unit that may have been touched is in doubt; a task whose unit lies untouched
 * at its source is for other arms to do.
 */
export function putInDoubt(context: StepContext, arm: ArmState, why: string): void {
  const { state } = context;
  if (arm.next !== null) {
    const planned = arm.next.taskId === null ? undefined : state.tasks[arm.next.taskId];
    forgetNext(arm);
    if (planned !== undefined && planned.machine.value === 'assigned' && planned.id !== arm.job?.taskId) {
      unassign(context, planned, why);
    }
  }
  const job = arm.job;
  const task = job?.taskId == null ? undefined : state.tasks[job.taskId];
  if (job === null || task === undefined) return;
  const untouched = job.stage === 'reach' || (job.stage === 'grasp' && arm.command === null);
  if (task.machine.value === 'assigned' && untouched) {
    unassign(context, task, `${why}; its unit was not touched`);
    job.taskId = null;
    return;
  }
  if (!['assigned', 'carrying', 'returning'].includes(task.machine.value)) return;
  doubt(context, arm, task, why);
}

function doubt(context: StepContext, arm: ArmState, task: Task, why: string): void {
  const stage = arm.job?.stage ?? 'carry';
  task.doubt = { commandId: arm.command?.id ?? '', stage, unitsBefore: null };
  task.armId = arm.id;
  moveTask(context, task, { type: 'DOUBT' }, `${why}; what became of the unit is asked`);
  task.exception = {
    taskId: task.id,
    kind: 'in-doubt',
    detail: `${why} at stage ${stage}`,
    sinceUs: context.nowUs,
    unitAt: { at: 'unknown' },
    options: optionsFor({ at: 'unknown' }, 'in-doubt'),
  };
}

function claimed(context: StepContext, arm: ArmState, event: Extract<ArmEvent, { kind: 'claimed' }>): void {
  if (arm.command?.kind !== 'claim' || arm.command.id !== event.commandId) return;
  arm.command = null;
  arm.holding = event.holding;
  settle(context, arm, event.positions, event.last);
}

function accepted(context: StepContext, arm: ArmState, commandId: string): void {
  const command = arm.command;
  if (command === null || command.id !== commandId) return;
  command.accepted = true;
  arm.troubles = 0;
  if (command.kind === 'leg' && arm.job !== null) {
    const leg = isLeg(arm.job.stage) ? arm.job.legs[arm.job.stage] : undefined;
    const nominalUs = leg?.trajectory.timesUs.at(-1) ?? 0;
    // Speed scaling and braking stretch a motion; four times its length is more than any of them. Not so waiting for
    // others: that takes as long as it takes.
    const motionUs = 4 * nominalUs + context.cell.deadlines.motionMarginUs;
    command.deadlineUs = command.grantedUs < nominalUs ? null : context.nowUs + motionUs;
  }
}

function refused(
  context: StepContext,
  arm: ArmState,
  commandId: string,
  reason: string,
  detail: string,
): void {
  if (arm.command === null || arm.command.id !== commandId) return;
  const why = `${arm.command.kind} was refused (${reason}): ${detail}`;
  if (reason === 'stale-epoch') {
    putInDoubt(context, arm, `${arm.id} obeys another controller`);
    return faultArm(context, arm, 'other-controller', `${why}; another controller has taken this arm over`);
  }
  if (reason === 'faulted') {
    putInDoubt(context, arm, `${arm.id} is faulted`);
    return faultArm(context, arm, 'arm-faulted', why);
  }
  arm.command = null;
  reclaimArm(context, arm, why);
}

function progressed(context: StepContext, arm: ArmState, commandId: string, progressUs: number): void {
  if (arm.job === null || arm.command?.id !== commandId || arm.command.kind !== 'leg') return;
  // It leaves the place where it stood: something may be exchanged there.
  if (arm.job.progressUs === 0) context.schedule = true;
  arm.job.progressUs = Math.max(arm.job.progressUs, progressUs);
  spaceOf(context).moved(context, arm, arm.job);
}

function ended(
  context: StepContext,
  arm: ArmState,
  commandId: string,
  outcome: ArmOutcome,
  positions: readonly number[],
  holding: Holding,
): void {
  const command = arm.command;
  if (command === null || command.id !== commandId) return;
  arm.command = null;
  arm.positions = positions;
  arm.holding = holding;
  arm.troubles = 0;
  if (command.kind === 'grip') {
    moveArmMachine(context, arm, { type: 'GRIPPED' });
    return finishGrip(context, arm, outcome);
  }
  if (outcome.status === 'reached') {
    moveArmMachine(context, arm, { type: 'ARRIVED' });
    return finishLeg(context, arm);
  }
  if (outcome.status !== 'stopped') {
    return reclaimArm(context, arm, `a motion ended as ${outcome.status}`);
  }
  stoppedEarly(context, arm, outcome);
}

function stoppedEarly(
  context: StepContext,
  arm: ArmState,
  outcome: Extract<ArmOutcome, { status: 'stopped' }>,
): void {
  if (arm.job === null) return reclaimArm(context, arm, 'stopped without a job');
  arm.job.progressUs = outcome.progressUs;
  moveArmMachine(context, arm, { type: 'STOPPED' });
  if (outcome.because === 'lease-expired') {
    holdBecause(context, `${arm.id} did not hear from the controller for longer than its lease`);
  } else if (outcome.because !== 'commanded') {
    // Off its path, perhaps: ask where it stands.
    moveArmMachine(context, arm, { type: 'RECLAIM' });
    claimArm(context, arm);
  }
}

function holdingChanged(context: StepContext, arm: ArmState, holding: Holding): void {
  const before = arm.holding.vacuum;
  arm.holding = holding;
  context.schedule = true;
  if (before === 'on' && holding.vacuum === 'off') itemLost(context, arm);
  else if (holding.vacuum === 'on' && before === 'off') {
    notice(context, 'warn', 'unexpected-item', `${arm.id}: its tool holds something it did not pick`, {
      armId: arm.id,
    });
  }
}
