import { unitsIn } from '../domain/container.ts';
import type { ExceptionKind } from '../domain/exception.ts';
import type { ArmOutcome } from '../ports.ts';
import { faultArm } from './arm-control.ts';
import { unspokenUnits } from './derived.ts';
import { askSurroundings, nextRequestId, notice } from './context.ts';
import type { StepContext } from './context.ts';
import { nextRemedy, remedy } from './exceptions.ts';
import { endJob, enterStage } from './jobs.ts';
import { askPerson, moveTask, putInto, setSource, foundAtSource, takeFromSource } from './tasks.ts';
import type { ArmState, Job, Task } from './state.ts';

/** A load this much heavier than one item is two of them. */
const DOUBLE_PICK_RATIO = 1.5;

/** A tool that does not let go after this many tries is broken. */
const RELEASE_TRIES_MAX = 4;

export function taskOf(context: StepContext, job: Job): Task | null {
  return job.taskId === null ? null : (context.state.tasks[job.taskId] ?? null);
}

/** The arm rests at the end of a leg: what comes next. */
export function finishLeg(context: StepContext, arm: ArmState): void {
  const job = jobOf(arm);
  const task = taskOf(context, job);
  switch (job.stage) {
    case 'reach':
      return enterStage(context, arm, task?.machine.value === 'assigned' ? 'grasp' : 'bail');
    case 'carry': {
      const state = task?.machine.value;
      if (state === 'carrying' && job.towards === 'destination') return enterStage(context, arm, 'release');
      if (state === 'returning' && job.towards === 'source') return enterStage(context, arm, 'release');
      return enterStage(context, arm, arm.holding.vacuum === 'off' ? 'home' : 'keep');
    }
    default:
      return endJob(context, arm);
  }
}

export function finishGrip(context: StepContext, arm: ArmState, outcome: ArmOutcome): void {
  const job = jobOf(arm);
  switch (job.stage) {
    case 'grasp':
      return outcome.status === 'grasped' ? grasped(context, arm, job) : graspFailed(context, arm, job);
    case 'put-back':
      return outcome.status === 'released' ? putBack(context, arm, job) : stuck(context, arm, job);
    case 'release':
      return outcome.status === 'released' ? released(context, arm, job) : placeBlocked(context, arm, job);
    default:
      throw new Error(`arm ${arm.id}: a grip ended at stage ${job.stage}`);
  }
}

function grasped(context: StepContext, arm: ArmState, job: Job): void {
  const task = taskOf(context, job);
  if (task === null || task.machine.value !== 'assigned') return enterStage(context, arm, 'put-back');
  if (isDouble(arm, task)) {
    job.remedy = { kind: 'double-pick', step: nextRemedy(context, task, 'double-pick') };
    return enterStage(context, arm, 'put-back');
  }
  takeFromSource(context, task);
  moveTask(context, task, { type: 'GRASPED' }, `in the tool of ${arm.id}`);
  enterStage(context, arm, 'carry');
}

/** Whether the tool's load is that of two units. */
export function isDouble(arm: ArmState, task: Task): boolean {
  const { massKg } = arm.holding;
  return massKg !== null && massKg > DOUBLE_PICK_RATIO * task.item.massKg;
}

function graspFailed(context: StepContext, arm: ArmState, job: Job): void {
  const task = taskOf(context, job);
  if (task === null) return enterStage(context, arm, 'bail');
  task.attempts += 1;
  const placeId =
    task.source.containerId === null ? null : context.state.containers[task.source.containerId]?.placeId;
  if (placeId === null || placeId === undefined) {
    return failPick(context, arm, job, task, 'grasp-failed', 'the tool got no hold');
  }
  job.stage = 'inspect';
  askSurroundings(
    context,
    { kind: 'inspect', requestId: nextRequestId(context), placeId },
    { armId: arm.id, taskId: task.id },
  );
}

/** The sensor over the container has counted: is there nothing to grasp, or did the grasp fail? */
export function inspectedForPick(context: StepContext, arm: ArmState, units: number): void {
  const job = arm.job;
  if (job === null || job.stage !== 'inspect') return;
  const task = taskOf(context, job);
  if (task === null || task.machine.value !== 'assigned') return enterStage(context, arm, 'bail');
  const container =
    task.source.containerId === null ? undefined : context.state.containers[task.source.containerId];
  const missing = container === undefined ? 0 : unitsIn(container) - units;
  if (container === undefined || missing <= 0) {
    return failPick(context, arm, job, task, 'grasp-failed', 'the tool got no hold');
  }
  correctStock(context, task, missing);
  failPick(
    context,
    arm,
    job,
    task,
    'item-missing',
    `${container.id} has ${units} units, ${missing} fewer than booked`,
  );
}

/** The sensor did not answer in time. */
export function inspectionOverdue(context: StepContext, arm: ArmState): void {
  const job = arm.job;
  if (job === null || job.stage !== 'inspect') return;
  const task = taskOf(context, job);
  if (task === null) return enterStage(context, arm, 'bail');
  failPick(context, arm, job, task, 'grasp-failed', 'the tool got no hold, and the sensor did not answer');
}

function failPick(
  context: StepContext,
  arm: ArmState,
  job: Job,
  task: Task,
  kind: ExceptionKind,
  detail: string,
): void {
  const step = nextRemedy(context, task, kind);
  if (step === 'retry') return enterStage(context, arm, 'grasp');
  job.taskId = null;
  remedy(context, task, kind, step, detail, arm.id);
  enterStage(context, arm, 'bail');
}

/** Fewer units lie there than booked: the books follow, and tasks that counted on them look elsewhere. */
function correctStock(context: StepContext, task: Task, missing: number): void {
  const { state, derived } = context;
  const container = state.containers[task.source.containerId!]!;
  let left = missing;
  for (const cell of [task.source.cell ?? 0, ...container.stacks.keys()]) {
    const stack = container.stacks[cell] ?? [];
    while (left > 0 && stack[stack.length - 1] === task.sku) {
      stack.pop();
      left -= 1;
    }
  }
  notice(
    context,
    'warn',
    'stock-corrected',
    `${container.id}: ${missing - left} units of ${task.sku} fewer than booked`,
    {
      task,
    },
  );
  let excess = -unspokenUnits(derived, container, task.sku);
  for (const other of Object.values(state.tasks).reverse()) {
    if (excess <= 0) break;
    if (other === task || other.sku !== task.sku || other.source.containerId !== container.id) continue;
    if (other.machine.value !== 'waiting') continue;
    setSource(context, other, null);
    excess -= 1;
  }
}

function putBack(context: StepContext, arm: ArmState, job: Job): void {
  const task = taskOf(context, job);
  const planned = job.remedy;
  job.remedy = null;
  if (task?.machine.value === 'inDoubt')
    foundAtSource(context, task, 'two units had come up; both lie where they were');
  if (task === null || task.machine.value !== 'assigned') {
    job.taskId = null;
    return enterStage(context, arm, 'bail');
  }
  if (planned === null || planned.step === 'retry') return enterStage(context, arm, 'grasp');
  job.taskId = null;
  remedy(context, task, planned.kind, planned.step, 'two units came up together', arm.id);
  enterStage(context, arm, 'bail');
}

function stuck(context: StepContext, arm: ArmState, job: Job): void {
  const task = taskOf(context, job);
  arm.troubles += 1;
  if (arm.troubles < RELEASE_TRIES_MAX) return enterStage(context, arm, 'put-back');
  if (task !== null) {
    job.taskId = null;
    askPerson(context, task, 'place-blocked', 'the tool does not let go', { at: 'tool', armId: arm.id });
  }
  faultArm(context, arm, 'tool-does-not-release', `no release in ${RELEASE_TRIES_MAX} tries`);
}

function released(context: StepContext, arm: ArmState, job: Job): void {
  const task = taskOf(context, job);
  job.taskId = null;
  if (task !== null) unitPlaced(context, arm, task, job.towards === 'source');
  enterStage(context, arm, 'home');
}

/** Books the unit where the tool let go of it. */
export function unitPlaced(context: StepContext, arm: ArmState, task: Task, backAtSource: boolean): void {
  const end = backAtSource ? task.source : task.destination;
  if (end.containerId !== null) putInto(context, end.containerId, end.cell ?? 0, task.sku);
  if (!backAtSource) arm.unitsDone += 1;
  moveTask(
    context,
    task,
    { type: 'PLACED', at: backAtSource ? 'source' : 'destination' },
    backAtSource ? 'cancelled; its unit is back in storage' : `placed by ${arm.id}`,
  );
}

function placeBlocked(context: StepContext, arm: ArmState, job: Job): void {
  const task = taskOf(context, job);
  if (task === null) return enterStage(context, arm, arm.holding.vacuum === 'off' ? 'home' : 'keep');
  task.attempts += 1;
  const step = nextRemedy(context, task, 'place-blocked');
  if (step === 'retry') return enterStage(context, arm, 'release');
  if (step === 'other-location') {
    if (task.destination.cell !== null) task.excludedCells.push(task.destination.cell);
    task.destination = { ...task.destination, cell: null };
    task.because = 'place-blocked: another cell of the tote is tried';
    return enterStage(context, arm, 'keep');
  }
  // Another arm cannot help: the unit is in this one's tool.
  askPerson(context, task, 'place-blocked', 'the unit did not leave the tool over its place', {
    at: 'tool',
    armId: arm.id,
  });
  enterStage(context, arm, 'keep');
}

/** The tool lost what it held outside of a grip command. */
export function itemLost(context: StepContext, arm: ArmState): void {
  const task = Object.values(context.state.tasks).find(
    (each) => each.armId === arm.id && ['carrying', 'returning'].includes(each.machine.value),
  );
  if (task === undefined) return;
  if (arm.job !== null) {
    arm.job.taskId = null;
    // While the tool is letting go the end of that command is still to come.
    if (arm.job.stage === 'release' && arm.command === null) enterStage(context, arm, 'home');
  }
  const step = nextRemedy(context, task, 'dropped');
  const detail = `${arm.id} lost the unit on its way`;
  task.armId = null;
  askPerson(context, task, 'dropped', detail, { at: 'unknown' });
  if (step === 'person' || task.kind !== 'pick') return;
  // The policy says to send another unit at once; the one on the floor is written off and said so.
  setSource(context, task, null);
  moveTask(
    context,
    task,
    { type: 'RETRY' },
    `${detail}; another unit is picked, the lost one is written off`,
  );
  task.exception = null;
}

function jobOf(arm: ArmState): Job {
  if (arm.job === null) throw new Error(`arm ${arm.id} finished something without a job`);
  return arm.job;
}
