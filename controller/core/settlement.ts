import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory } from '../../arms/trajectory/sample-trajectory.ts';
import { unitsIn } from '../domain/container.ts';
import type { PlannedLeg } from '../scheduling/job-plan.ts';
import { faultArm, moveArmMachine } from './arm-control.ts';
import { unassign } from './exceptions.ts';
import { askSurroundings, clearAlarm, nextRequestId, notice } from './context.ts';
import type { StepContext } from './context.ts';
import { enterStage } from './jobs.ts';
import { finishLeg, isDouble, taskOf, unitPlaced } from './outcomes.ts';
import { samePositions } from './rest.ts';
import { spaceOf } from './space.ts';
import { isLeg, legOf } from './stages.ts';
import { askPerson, moveTask, foundAtSource, optionsFor, takeFromSource } from './tasks.ts';
import type { ArmState, Job, LastCommand, Task } from './state.ts';

/**
 * After an arm was claimed: what the controller believed is held against what the arm says. Where it stands decides
 * whether its motion can go on; what its tool's sensor says, and if that is not enough the sensor over the
 * container, decides what became of a unit. What neither can tell is left to a person; nothing is guessed.
 */
export function settle(
  context: StepContext,
  arm: ArmState,
  positions: readonly number[],
  last: LastCommand,
): void {
  arm.positions = positions;
  const standing = whereItStands(arm, positions, last);
  moveArmMachine(context, arm, { type: 'CLAIMED', interrupted: standing === 'on-leg' });
  clearAlarm(context, `arm:${arm.id}`);
  const job = arm.job;
  const task = job === null ? null : taskOf(context, job);
  if (job !== null && task === null) job.taskId = null;

  if (standing === 'off-path') {
    notice(context, 'warn', 'arm-off-path', `${arm.id} rests off its path; it goes to its park pose first`, {
      armId: arm.id,
    });
    arm.job = null;
    const planned = arm.next?.taskId == null ? undefined : context.state.tasks[arm.next.taskId];
    arm.next = null;
    spaceOf(context).lostItsWay(context, arm);
    if (planned?.machine.value === 'assigned') unassign(context, planned, `${arm.id} is off its path`);
    // A task whose unit was not touched is for whoever is ready for it.
    if (task?.machine.value === 'assigned') unassign(context, task, `${arm.id} is off its path`);
    if (spaceOf(context).holding(context, arm) === 'nothing') {
      return faultArm(
        context,
        arm,
        'arm-misplaced',
        'it stands where nothing is known of; move it to its park pose',
      );
    }
  }
  if (task !== null && task.machine.value === 'inDoubt') settleTask(context, arm, task, last);
  if (standing === 'leg-ended' && arm.job !== null) finishLeg(context, arm);
}

type Standing = 'on-leg' | 'leg-ended' | 'at-stop' | 'off-path' | 'no-job';

/** Also brings the job's progress up to where the arm stopped. */
function whereItStands(arm: ArmState, positions: readonly number[], last: LastCommand): Standing {
  const job = arm.job;
  if (job === null) return 'no-job';
  const leg = legOf(job);
  if (leg === undefined) return standsAtStop(job, positions) ? 'at-stop' : 'off-path';
  const nominalUs = durationUs(leg.trajectory);
  if (last?.outcome.status === 'stopped') {
    const { progressUs } = last.outcome;
    if (progressUs < nominalUs && stands(leg, progressUs, positions)) {
      job.progressUs = progressUs;
      return 'on-leg';
    }
  }
  if (stands(leg, nominalUs, positions)) return 'leg-ended';
  return stands(leg, job.progressUs, positions) ? 'on-leg' : 'off-path';
}

function stands(leg: PlannedLeg, progressUs: number, positions: readonly number[]): boolean {
  const expected = new Array<number>(positions.length).fill(0);
  sampleTrajectory(leg.trajectory, progressUs, expected);
  return samePositions(expected, positions);
}

/** At a stop between legs the arm stands where the leg before it ended. */
function standsAtStop(job: Job, positions: readonly number[]): boolean {
  const before = job.stage === 'release' ? job.legs.carry : (job.legs.reach ?? job.legs.bail);
  return (
    before !== undefined && isLeg(before.name) && stands(before, durationUs(before.trajectory), positions)
  );
}

function settleTask(context: StepContext, arm: ArmState, task: Task, last: LastCommand): void {
  const { vacuum } = arm.holding;
  const stage = task.doubt?.stage ?? 'carry';
  const beforeTaking = ['reach', 'grasp', 'inspect', 'put-back'].includes(stage);
  if (vacuum === 'unknown') {
    return stayInDoubt(context, task, `${arm.id} cannot tell whether its tool holds the unit`);
  }
  if (vacuum === 'on') {
    if (beforeTaking && isDouble(arm, task)) return settleDouble(context, arm, task);
    if (beforeTaking) takeFromSource(context, task);
    settledInTool(context, arm, task);
    if (beforeTaking && arm.job !== null) enterStage(context, arm, 'carry');
    return;
  }
  if (beforeTaking) return settleAtSource(context, arm, task);
  if (stage !== 'release') return droppedMeanwhile(context, arm, task);
  if (last?.commandId === task.doubt?.commandId && last?.outcome.status === 'released') {
    return settledPlaced(context, arm, task);
  }
  inspectEnd(context, arm, task, 'destination');
}

/**
 * Two units hang in the tool over their stack: both fall back where they were. Until they have, the task stays in
 * doubt, so that their container stays where it is.
 */
function settleDouble(context: StepContext, arm: ArmState, task: Task): void {
  if (arm.job === null) return stayInDoubt(context, task, `two units hang in the tool of ${arm.id}`);
  arm.job.taskId = task.id;
  enterStage(context, arm, 'put-back');
}

/** The tool is empty and the unit was not known to be taken: the sensor over the source counts. */
function settleAtSource(context: StepContext, arm: ArmState, task: Task): void {
  if (task.source.containerId === null) return settledAtSource(context, arm, task);
  inspectEnd(context, arm, task, 'source');
}

function inspectEnd(context: StepContext, arm: ArmState, task: Task, end: 'source' | 'destination'): void {
  const containerId = task[end].containerId;
  const container = containerId === null ? undefined : context.state.containers[containerId];
  if (container === undefined || container.placeId === null) {
    return stayInDoubt(context, task, `the container at its ${end} is not in the cell to be looked into`);
  }
  if (task.doubt !== null) task.doubt = { ...task.doubt, unitsBefore: unitsIn(container) };
  if (arm.job !== null && end === 'source') arm.job.stage = 'inspect';
  askSurroundings(
    context,
    { kind: 'inspect', requestId: nextRequestId(context), placeId: container.placeId },
    { armId: arm.id, taskId: task.id },
  );
}

/** The sensor's count for a task in doubt. */
export function inspectedForDoubt(context: StepContext, arm: ArmState, task: Task, units: number): void {
  const before = task.doubt?.unitsBefore ?? null;
  if (before === null)
    return stayInDoubt(context, task, 'the sensor counted, but nothing is known to compare with');
  if (task.doubt?.stage === 'release') {
    if (units === before + 1) return settledPlaced(context, arm, task);
    return stayInDoubt(context, task, `its destination has ${units} units; ${before} were booked without it`);
  }
  if (units === before) return settledAtSource(context, arm, task);
  stayInDoubt(
    context,
    task,
    `its source has ${units} units; ${before} were booked with it, and the tool is empty`,
  );
  leaveTask(context, arm, 'bail');
}

function settledAtSource(context: StepContext, arm: ArmState, task: Task): void {
  foundAtSource(context, task, 'its unit lies where it was');
  leaveTask(context, arm, 'bail');
}

function settledPlaced(context: StepContext, arm: ArmState, task: Task): void {
  const backAtSource = arm.job?.towards === 'source';
  task.exception = null;
  task.doubt = null;
  moveTask(context, task, { type: 'SETTLED', unitAt: 'tool' }, `${arm.id} let go of it at its place`);
  unitPlaced(context, arm, task, backAtSource);
  leaveTask(context, arm, 'home');
}

function droppedMeanwhile(context: StepContext, arm: ArmState, task: Task): void {
  task.doubt = null;
  task.armId = null;
  askPerson(context, task, 'dropped', `the tool of ${arm.id} is empty, the unit was in it`, {
    at: 'unknown',
  });
  if (arm.job !== null) arm.job.taskId = null;
}

function settledInTool(context: StepContext, arm: ArmState, task: Task): void {
  task.exception = null;
  task.doubt = null;
  task.armId = arm.id;
  moveTask(context, task, { type: 'SETTLED', unitAt: 'tool' }, `the tool of ${arm.id} holds it`);
}

/** The arm's job goes on without a task. */
function leaveTask(context: StepContext, arm: ArmState, stage: 'bail' | 'home'): void {
  if (arm.job === null) return;
  arm.job.taskId = null;
  if (!isLeg(arm.job.stage)) enterStage(context, arm, stage);
}

/** A person has to say; the task keeps asking until then. */
export function stayInDoubt(context: StepContext, task: Task, detail: string): void {
  task.exception = {
    taskId: task.id,
    kind: 'in-doubt',
    detail,
    sinceUs: context.nowUs,
    unitAt: { at: 'unknown' },
    options: optionsFor({ at: 'unknown' }, 'in-doubt'),
  };
  moveTask(context, task, { type: 'ASK', unitAt: 'unknown' }, detail);
}

/** Rests neither in its park pose nor in space it is known to hold: it must go home before anything else moves. */
export function isMisplaced(context: StepContext, arm: ArmState): boolean {
  if (arm.job !== null || arm.positions === null) return false;
  const park = context.derived.armOf.get(arm.id)!.park;
  if (samePositions(arm.positions, park)) return false;
  return spaceOf(context).holding(context, arm) !== 'more';
}
