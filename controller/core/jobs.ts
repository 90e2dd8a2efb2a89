import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import type { LegName, PlannedLeg } from '../scheduling/job-plan.ts';
import { moveArmMachine } from './arm-control.ts';
import { nextCommandId, sendToArm } from './context.ts';
import type { StepContext } from './context.ts';
import { unassign } from './exceptions.ts';
import { spaceOf } from './space.ts';
import type { Hindrance } from './space-keeper.ts';
import { legOf } from './stages.ts';
import type { ArmState, Job, JobStage, NextJob } from './state.ts';

/** Begins the job planned for this arm if its space is to be had; says who is in the way if not. */
export function tryBegin(
  context: StepContext,
  arm: ArmState,
  next: NextJob,
  claimed: ReadonlyMap<string, string>,
): Hindrance | null {
  const result = next.result;
  if (result === null) throw new Error(`arm ${arm.id}: no plan to begin with`);
  const blocked = spaceOf(context).admit(context, arm, next, claimed);
  if (blocked !== null) return blocked;
  const legs: Partial<Record<LegName, PlannedLeg>> = {};
  for (const leg of result.legs) legs[leg.name] = leg;
  const job: Job = {
    number: next.number,
    placeIds: next.placeIds,
    taskId: next.taskId,
    legs,
    stage: legs.reach !== undefined ? 'reach' : legs.carry !== undefined ? 'carry' : 'home',
    progressUs: 0,
    towards: next.towards,
    item: next.item,
    remedy: null,
  };
  arm.job = job;
  arm.next = null;
  arm.waitingSinceUs = null;
  arm.turns += 1;
  spaceOf(context).moved(context, arm, job);
  return null;
}

/** Sends the present leg, from where the arm rests on it, as far as its space is granted; not while it has to wait. */
export function sendLeg(context: StepContext, arm: ArmState): void {
  const job = arm.job;
  const leg = job === null ? undefined : legOf(job);
  if (job === null || leg === undefined) throw new Error(`arm ${arm.id} has no leg to follow`);
  const nominalUs = durationUs(leg.trajectory);
  const grantedUs = spaceOf(context).grantUs(context, arm, job, leg);
  if (grantedUs <= job.progressUs && job.progressUs < nominalUs) return;
  const commandId = nextCommandId(context);
  const { deadlines } = context.cell;
  arm.command = {
    id: commandId,
    kind: 'leg',
    accepted: false,
    deadlineUs: context.nowUs + deadlines.acceptUs,
    grantedUs,
  };
  moveArmMachine(context, arm, { type: 'MOVE' });
  sendToArm(context, arm, {
    kind: 'submit',
    commandId,
    epoch: context.state.epoch,
    trajectory: leg.trajectory,
    fromUs: job.progressUs,
    grantedUntilUs: grantedUs,
    marksUs: spaceOf(context)
      .marksUs(context, job, leg)
      .filter((markUs) => markUs > job.progressUs),
  });
}

export function sendGrip(context: StepContext, arm: ArmState, action: 'grasp' | 'release'): void {
  const { deadlines, graspDwellUs, releaseDwellUs } = context.cell;
  const commandId = nextCommandId(context);
  arm.command = {
    id: commandId,
    kind: 'grip',
    accepted: false,
    deadlineUs: context.nowUs + deadlines.gripUs,
    grantedUs: 0,
  };
  moveArmMachine(context, arm, { type: 'GRIP' });
  sendToArm(context, arm, {
    kind: 'grip',
    commandId,
    epoch: context.state.epoch,
    action,
    dwellUs: action === 'grasp' ? graspDwellUs : releaseDwellUs,
  });
}

export function enterStage(context: StepContext, arm: ArmState, stage: JobStage): void {
  const { job } = arm;
  if (job === null) throw new Error(`arm ${arm.id} has no job`);
  // Without a way of its own for this, an arm drives the rest of its job; what it holds it cannot take along there.
  if (stage === 'keep' && job.legs.keep === undefined) return leaveJob(context, arm);
  job.stage = stage === 'bail' && job.legs.bail === undefined ? 'carry' : stage;
  job.progressUs = 0;
  spaceOf(context).moved(context, arm, job);
}

/** The arm stays where it stands until it knows another way from there. */
export function leaveJob(context: StepContext, arm: ArmState): void {
  arm.job = null;
  const next = arm.next;
  const task = next?.taskId == null ? undefined : context.state.tasks[next.taskId];
  arm.next = null;
  arm.waitingSinceUs = null;
  spaceOf(context).stands(context, arm);
  if (task?.machine.value === 'assigned') unassign(context, task, `${arm.id} cannot go on to it`);
}

/** The arm is back in its park pose: it keeps only the space it stands in. */
export function endJob(context: StepContext, arm: ArmState): void {
  const { job } = arm;
  if (job === null) throw new Error(`arm ${arm.id} has no job to end`);
  arm.job = null;
  arm.turns = 0;
  spaceOf(context).parked(context, arm, job);
}
