import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import {
  firstHeldByOther,
  giveBack,
  leavingMarksUs,
  take,
  touchesFrom,
  WHOLE_CELL,
  zonesOf,
} from '../coordination/reservations.ts';
import type { LegName, PlannedLeg } from '../scheduling/job-plan.ts';
import { moveArmMachine } from './arm-control.ts';
import { nextCommandId, sendToArm } from './context.ts';
import type { StepContext } from './context.ts';
import type { ArmState, Job, JobStage, NextJob } from './state.ts';

/** Legs that may still follow the present stage. */
const FOLLOWING: Record<JobStage, readonly LegName[]> = {
  reach: ['carry', 'bail', 'home', 'keep'],
  grasp: ['carry', 'bail', 'home', 'keep'],
  inspect: ['carry', 'bail', 'home', 'keep'],
  'put-back': ['carry', 'bail', 'home', 'keep'],
  carry: ['home', 'keep'],
  release: ['home', 'keep'],
  home: [],
  bail: [],
  keep: [],
};

const LEGS: readonly string[] = ['reach', 'carry', 'home', 'bail', 'keep'];

/** How many jobs an arm may do in a row while another waits for the whole cell (policy sequential). */
const TURNS_MAX = 4;

/** An arm that has waited this long has first claim to the zones it needs, us. */
const FIRST_CLAIM_AFTER_US = 3_000_000;

export function isLeg(stage: JobStage): stage is LegName {
  return LEGS.includes(stage);
}

export function legOf(job: Job): PlannedLeg | undefined {
  return isLeg(job.stage) ? job.legs[job.stage] : undefined;
}

function followingLegs(job: Job): readonly PlannedLeg[] {
  // A stage at a stop begins with the leg that leads away from it: `home` after a stop counts whole.
  return FOLLOWING[job.stage].flatMap((name) => job.legs[name] ?? []);
}

/** Begins the job planned for this arm if the space for all of it is to be had; says who is in the way if not. */
export function tryBegin(
  context: StepContext,
  arm: ArmState,
  next: NextJob,
  claimed: ReadonlyMap<string, string>,
): { readonly zoneId: string; readonly holder: string } | null {
  const { state, cell } = context;
  const result = next.result;
  if (result === null) throw new Error(`arm ${arm.id}: no plan to begin with`);
  const zones = zonesOf(cell.policy, result.legs);
  const blocked = firstHeldByOther(state.zones, claimed, arm.id, zones) ?? yieldTurn(context, arm);
  if (blocked !== null) return blocked;
  take(state.zones, arm.id, zones);
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
  giveBackPassed(context, arm);
  return null;
}

/** The zones an arm that waits long has first claim to. */
export function firstClaims(context: StepContext, waiting: readonly ArmState[]): Map<string, string> {
  const claims = new Map<string, string>();
  for (const arm of waiting) {
    if (arm.next?.result === undefined || arm.next.result === null || arm.waitingSinceUs === null) continue;
    if (context.nowUs - arm.waitingSinceUs < FIRST_CLAIM_AFTER_US) continue;
    for (const zoneId of zonesOf(context.cell.policy, arm.next.result.legs)) {
      if (!claims.has(zoneId)) claims.set(zoneId, arm.id);
    }
  }
  return claims;
}

/** With one arm moving at a time, an arm that has had its turns lets another that waits go first. */
function yieldTurn(
  context: StepContext,
  arm: ArmState,
): { readonly zoneId: string; readonly holder: string } | null {
  if (context.cell.policy !== 'sequential' || arm.turns < TURNS_MAX) return null;
  const other = Object.values(context.state.arms).find(
    (each) => each !== arm && each.job === null && each.next !== null && each.next.result !== null,
  );
  return other === undefined ? null : { zoneId: WHOLE_CELL, holder: other.id };
}

/** Sends the present leg, from where the arm rests on it. The whole of it is granted: its zones are all held. */
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
    marksUs: leavingMarksUs(leg, nominalUs, followingLegs(job)).filter((markUs) => markUs > job.progressUs),
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
  giveBackPassed(context, arm);
}

/** Gives back the zones that the arm has left for good on its way. */
export function giveBackPassed(context: StepContext, arm: ArmState): void {
  const job = arm.job;
  if (job === null) throw new Error(`arm ${arm.id} has no job`);
  const leg = legOf(job);
  const following = followingLegs(job);
  const park = parkZonesOf(context, arm);
  const given = giveBack(
    context.state.zones,
    arm.id,
    (zoneId) =>
      zoneId === WHOLE_CELL || park.has(zoneId) || touchesFrom(zoneId, leg, job.progressUs, following),
  );
  if (given) context.schedule = true;
}

/** The arm is back in its park pose: it keeps only the zones it stands in. */
export function endJob(context: StepContext, arm: ArmState): void {
  arm.job = null;
  arm.turns = 0;
  const park = parkZonesOf(context, arm);
  giveBack(context.state.zones, arm.id, (zoneId) => park.has(zoneId));
  context.schedule = true;
}

export function parkZonesOf(context: StepContext, arm: ArmState): ReadonlySet<string> {
  return context.derived.parkZones.get(arm.id) ?? new Set();
}
