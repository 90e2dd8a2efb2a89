import { isUsable, reclaimArm, stopArm } from './arm-control.ts';
import { permissionOf } from './cell-mode.ts';
import type { StepContext } from './context.ts';
import { explain, notice } from './context.ts';
import { endJob, enterStage, sendGrip, sendLeg, tryBegin } from './jobs.ts';
import { taskOf } from './outcomes.ts';
import { putInDoubt } from './arms.ts';
import { samePositions } from './rest.ts';
import { spaceOf } from './space.ts';
import { isWithheld } from './shared-zones.ts';
import { isLeg } from './stages.ts';
import { dropNext } from '../scheduling/planning.ts';
import type { ArmState, Job } from './state.ts';

/** Sends every arm that rests what its job says next, and begins planned jobs for which there is space. */
export function driveArms(context: StepContext): void {
  const { state } = context;
  const permission = permissionOf(state);
  if (permission === 'none') return;
  const space = spaceOf(context);
  space.arrange(context);
  const arms = Object.values(state.arms);
  const astray = arms.filter((arm) => isUsable(arm) && space.isAstray(context, arm));
  if (astray.length > 0) {
    for (const arm of arms) if (!astray.includes(arm)) stopArm(context, arm, 'on-path');
  }
  const resting = (astray.length > 0 ? astray : arms).filter(
    (arm) => arm.command === null && (arm.machine.value === 'resting' || arm.machine.value === 'paused'),
  );
  const waiting = resting
    .filter((arm) => arm.job === null && arm.next !== null)
    .sort((a, b) => (a.waitingSinceUs ?? Infinity) - (b.waitingSinceUs ?? Infinity));
  const claims = space.claims(context, waiting);
  const mayBegin = (arm: ArmState): boolean =>
    arm.next?.admitted === true ||
    (permission === 'run' && (arm.next?.taskId == null || !isWithheld(context, arm.id)));
  for (const arm of resting) {
    if (arm.job === null) continue;
    if (mayBegin(arm) && mayGoStraightOn(arm)) beginNext(context, arm, claims);
    if (permission === 'run' && staysForPlan(context, arm)) continue;
    goOn(context, arm);
  }
  for (const arm of waiting) {
    if (mayBegin(arm) && beginNext(context, arm, claims)) goOn(context, arm);
  }
}

/** Has put its unit down and not yet set out for its park pose. */
function mayGoStraightOn(arm: ArmState): boolean {
  return (
    arm.job?.stage === 'home' &&
    arm.job.progressUs === 0 &&
    arm.next !== null &&
    arm.machine.value === 'resting'
  );
}

/** Has put its unit down where it may stay until the next job is planned. */
function staysForPlan(context: StepContext, arm: ArmState): boolean {
  return spaceOf(context).waitsForPlans && mayGoStraightOn(arm) && arm.next?.result === null;
}

function beginNext(context: StepContext, arm: ArmState, claims: ReadonlyMap<string, string>): boolean {
  const next = arm.next;
  if (next === null) return false;
  if (next.taskId !== null && !isStillWanted(context, arm, next.taskId)) {
    dropNext(context, arm, 'no longer wanted');
    if (arm.next === null) return false;
  }
  const here = arm.positions !== null && samePositions(arm.positions, next.start);
  if (!here || next.result === null) {
    // Planned from the park pose it is on its way to, or not planned yet: an arm without a job waits for the plan.
    if (arm.job === null && !here) dropNext(context, arm, 'the arm rests elsewhere than planned');
    else if (arm.job !== null && here && !spaceOf(context).waitsForPlans) {
      dropNext(context, arm, 'the plan came too late to go straight on');
    }
    return false;
  }
  const blocked = tryBegin(context, arm, next, claims);
  const before = arm.waitsFor;
  arm.waitsFor = blocked?.armId ?? null;
  if (blocked === null) return true;
  if (before !== blocked.armId) {
    const { armId: forArmId, what } = blocked;
    explain(context, { kind: 'waits', armId: arm.id, taskId: next.taskId, forArmId, what });
  }
  const task = next.taskId === null ? undefined : context.state.tasks[next.taskId];
  if (task !== undefined) task.because = `${arm.id} waits for ${blocked.what}`;
  if (arm.job !== null) {
    arm.waitsFor = null;
    dropNext(context, arm, `${arm.id} waits for ${blocked.what} and makes room first`);
  }
  return false;
}

function isStillWanted(context: StepContext, arm: ArmState, taskId: string): boolean {
  const task = context.state.tasks[taskId];
  return (
    task !== undefined &&
    task.armId === arm.id &&
    ['assigned', 'carrying', 'returning'].includes(task.machine.value)
  );
}

function goOn(context: StepContext, arm: ArmState): void {
  const job = arm.job;
  if (job === null) return;
  leaveEmptyStage(context, arm, job);
  switch (job.stage) {
    case 'grasp':
      return sendGrip(context, arm, 'grasp');
    case 'put-back':
    case 'release':
      return sendGrip(context, arm, 'release');
    case 'inspect':
      return;
    default:
      if (isHome(context, arm, job)) return endJob(context, arm);
      spaceOf(context).moved(context, arm, job);
      return sendLeg(context, arm);
  }
}

/** Stopped so short of its park pose that it is there: what is left is not worth a motion, and may not be granted. */
function isHome(context: StepContext, arm: ArmState, job: Job): boolean {
  if (job.stage !== 'home' || job.progressUs === 0 || arm.positions === null) return false;
  return samePositions(arm.positions, context.derived.armOf.get(arm.id)!.park);
}

/** Its task was taken away while it stood at a stop: nothing is to be done here any more. */
function leaveEmptyStage(context: StepContext, arm: ArmState, job: Job): void {
  if (isLeg(job.stage) || job.stage === 'put-back') return;
  if (job.stage === 'release') {
    const state = taskOf(context, job)?.machine.value;
    const wanted = job.towards === 'source' ? 'returning' : 'carrying';
    if (state !== wanted) enterStage(context, arm, arm.holding.vacuum === 'off' ? 'home' : 'keep');
    return;
  }
  if (taskOf(context, job)?.machine.value === 'assigned') return;
  enterStage(context, arm, arm.holding.vacuum === 'on' ? 'put-back' : 'bail');
}

/** Commands that were not answered in time: the arm is stopped and asked what is true; plans are given up. */
export function checkArmDeadlines(context: StepContext): void {
  for (const arm of Object.values(context.state.arms)) {
    if (arm.next !== null && arm.next.result === null && arm.next.deadlineUs <= context.nowUs) {
      notice(context, 'warn', 'planner-overdue', `the plan for ${arm.id} did not come in time`, {
        armId: arm.id,
      });
      dropNext(context, arm, 'the planner did not answer in time');
    }
    const command = arm.command;
    if (command?.deadlineUs == null || command.deadlineUs > context.nowUs || !isAskable(arm)) continue;
    const what = command.accepted ? 'did not end' : 'was not answered';
    if (command.kind !== 'claim') putInDoubt(context, arm, `${arm.id}: its ${command.kind} ${what} in time`);
    stopArm(context, arm, 'on-path');
    arm.command = null;
    reclaimArm(context, arm, `its ${command.kind} ${what} in time`);
  }
}

function isAskable(arm: ArmState): boolean {
  return isUsable(arm) || arm.machine.value === 'claiming';
}
