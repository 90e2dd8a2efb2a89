import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import type { LegName, PlannedLeg } from '../scheduling/job-plan.ts';
import { moveArmMachine } from './arm-control.ts';
import { nextCommandId, sendToArm } from './context.ts';
import type { StepContext } from './context.ts';
import { spaceOf } from './space.ts';
import type { Hindrance } from './space-keeper.ts';
import { legOf } from './stages.ts';
import type { ArmState, JobStage, NextJob } from './state.ts';

/** Begins the job planned for this arm if its space is to be had; says who is in the way if not. */
export function tryBegin(
  context: StepContext,
  arm: ArmState,
  next: NextJob,
  claimed: ReadonlyMap<string, string>,
): Hindrance | null {
  const result = next.result;
  if (result === null) throw new Error(`arm ${arm.id}: no plan to begin with`);
  const blocked = spaceOf(context).admit(context, arm, result, claimed);
  if (blocked !== null) return blocked;
  const legs: Partial<Record<LegName, PlannedLeg>> = {};
  for (const leg of result.legs) legs[leg.name] = leg;
  arm.job = {
    taskId: next.taskId,
    legs,
    stage: legs.reach !== undefined ? 'reach' : legs.carry !== undefined ? 'carry' : 'home',
    progressUs: 0,
    towards: next.towards,
    remedy: null,
  };
  arm.next = null;
  arm.waitingSinceUs = null;
  arm.turns += 1;
  spaceOf(context).moved(context, arm, arm.job);
  return null;
}

/** Sends the present leg, from where the arm rests on it, as far as its space is granted. */
export function sendLeg(context: StepContext, arm: ArmState): void {
  const job = arm.job;
  const leg = job === null ? undefined : legOf(job);
  if (job === null || leg === undefined) throw new Error(`arm ${arm.id} has no leg to follow`);
  const nominalUs = durationUs(leg.trajectory);
  const commandId = nextCommandId(context);
  const { deadlines } = context.cell;
  arm.command = {
    id: commandId,
    kind: 'leg',
    accepted: false,
    deadlineUs: context.nowUs + deadlines.acceptUs,
  };
  moveArmMachine(context, arm, { type: 'MOVE' });
  sendToArm(context, arm, {
    kind: 'submit',
    commandId,
    epoch: context.state.epoch,
    trajectory: leg.trajectory,
    fromUs: job.progressUs,
    grantedUntilUs: nominalUs,
    marksUs: spaceOf(context)
      .marksUs(job, leg)
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
  if (arm.job === null) throw new Error(`arm ${arm.id} has no job`);
  arm.job.stage = stage;
  arm.job.progressUs = 0;
  spaceOf(context).moved(context, arm, arm.job);
}

/** The arm is back in its park pose: it keeps only the space it stands in. */
export function endJob(context: StepContext, arm: ArmState): void {
  arm.job = null;
  arm.turns = 0;
  spaceOf(context).parked(context, arm);
}
