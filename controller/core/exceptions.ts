import type { IntakeResult } from '../domain/intake.ts';
import type { ExceptionKind, PolicyStep, Resolution, UnitWhereabouts } from '../domain/exception.ts';
import { askPerson, moveTask, placeOfEnd, putInto, setSource, takeFromSource } from './tasks.ts';
import { notice } from './context.ts';
import type { StepContext } from './context.ts';
import type { Task } from './state.ts';

/** What the policy of an exception says to do next; `person` when its steps are used up. */
export function nextRemedy(context: StepContext, task: Task, kind: ExceptionKind): PolicyStep | 'person' {
  const steps = context.cell.exceptionPolicies[kind];
  let taken = task.policySteps[kind] ?? 0;
  while (steps[taken] === 'other-arm' && !hasOtherArm(context, task)) taken += 1;
  task.policySteps[kind] = taken + 1;
  const remedy = taken < steps.length ? steps[taken]! : ('person' as const);
  notice(
    context,
    'warn',
    `exception-${kind}`,
    `task ${task.id}: ${kind}; ${remedy === 'person' ? 'asks a person' : remedy}`,
    { task },
  );
  return remedy;
}

function hasOtherArm(context: StepContext, task: Task): boolean {
  const from = placeOfEnd(context.state, task.source);
  const to = placeOfEnd(context.state, task.destination);
  return context.cell.arms.some((arm) => {
    if (arm.id === task.armId || task.excludedArms.includes(arm.id)) return false;
    if (task.kind === 'fixed') return context.derived.fixedReach.get(task.id)?.has(arm.id) ?? true;
    const { reach } = context.derived;
    return (from === null || reach.reaches(arm.id, from)) && (to === null || reach.reaches(arm.id, to));
  });
}

/** The unit lies at its source: choose another arm or another container for it, or ask a person. */
export function remedy(
  context: StepContext,
  task: Task,
  kind: ExceptionKind,
  step: PolicyStep | 'person',
  detail: string,
  armId: string | null,
): void {
  if (step === 'person') {
    task.armId = null;
    return askPerson(context, task, kind, detail, { at: 'source' });
  }
  if (step === 'other-arm' && armId !== null) task.excludedArms.push(armId);
  if (step === 'other-location' && kind === 'unreachable') {
    if (task.destination.cell !== null) task.excludedCells.push(task.destination.cell);
  } else if (step === 'other-location' && task.kind === 'pick') {
    if (task.source.containerId !== null) task.excludedSources.push(task.source.containerId);
    setSource(context, task, null);
  }
  unassign(context, task, `${kind}: ${detail}; ${step}`);
}

/** Gives a task back to the scheduler. */
export function unassign(context: StepContext, task: Task, because: string): void {
  task.source = { ...task.source, cell: null };
  task.destination = { ...task.destination, cell: null };
  task.armId = null;
  context.schedule = true;
  if (task.machine.value === 'assigned') moveTask(context, task, { type: 'UNASSIGNED' }, because);
  else task.because = because;
}

/** A person says that the cause is gone. Also clears what the task had learned to avoid. */
export function retryTask(context: StepContext, task: Task): IntakeResult {
  return resolveException(context, task, 'retry', 'operator');
}

export function resolveException(
  context: StepContext,
  task: Task,
  resolution: Resolution,
  by: string,
): IntakeResult {
  const exception = task.exception;
  if (exception === null) {
    return {
      status: 'refused',
      code: 'no-exception',
      detail: `task ${task.id} is ${task.machine.value} and asks nothing`,
    };
  }
  if (!exception.options.includes(resolution)) {
    return {
      status: 'refused',
      code: 'not-an-option',
      detail: `task ${task.id} (${exception.kind}) can be answered with ${exception.options.join(', ')}, not ${resolution}`,
    };
  }
  if (task.machine.value === 'inDoubt') {
    moveTask(context, task, { type: 'ASK', unitAt: exception.unitAt.at }, exception.detail);
  }
  const because = `${exception.kind}: ${by} answered ${resolution}`;
  forgetExclusions(task);
  switch (resolution) {
    case 'done-by-hand':
      movedByHand(context, task, exception.unitAt);
      moveTask(context, task, { type: 'DONE_BY_HAND' }, because);
      break;
    case 'not-done':
      backAtSource(context, task);
      task.armId = null;
      moveTask(context, task, { type: 'NOT_DONE' }, because);
      break;
    case 'give-up':
      // Kept on the task: its line is booked under this reason.
      moveTask(context, task, { type: 'GIVE_UP' }, because);
      return { status: 'accepted', detail: because };
    case 'retry':
      if (exception.kind === 'unreachable') forgetUnreachable(context, task);
      retryUnit(context, task, exception.unitAt);
      moveTask(context, task, { type: 'RETRY' }, because);
      break;
  }
  task.exception = null;
  task.doubt = null;
  return { status: 'accepted', detail: because };
}

/** A person moved something out of the way: ways that were found blocked are tried again. */
function forgetUnreachable(context: StepContext, task: Task): void {
  const from = placeOfEnd(context.state, task.source);
  const to = placeOfEnd(context.state, task.destination);
  for (const way of Object.keys(context.state.unreachable)) {
    if (way.includes(`|${from}:`) && way.includes(`|${to}:`)) delete context.state.unreachable[way];
  }
}

/** Another unit is picked where the first one is lost from sight; one in the tool goes on from there. */
function retryUnit(context: StepContext, task: Task, unitAt: UnitWhereabouts): void {
  if (unitAt.at === 'tool') return;
  task.armId = null;
  if (unitAt.at === 'unknown' && task.kind === 'pick') setSource(context, task, null);
}

/** Whether the books say that the unit has left its source container. */
function isOffTheBooks(task: Task, unitAt: UnitWhereabouts): boolean {
  if (unitAt.at === 'source') return false;
  return task.doubt === null || !BEFORE_TAKING.includes(task.doubt.stage);
}

const BEFORE_TAKING: readonly string[] = ['reach', 'grasp', 'inspect', 'put-back'];

function backAtSource(context: StepContext, task: Task): void {
  const { containerId, cell } = task.source;
  if (task.exception === null || containerId === null) return;
  if (isOffTheBooks(task, task.exception.unitAt)) putInto(context, containerId, cell ?? 0, task.sku);
}

/** A person put the unit where it belongs. */
function movedByHand(context: StepContext, task: Task, unitAt: UnitWhereabouts): void {
  if (!isOffTheBooks(task, unitAt) && task.source.containerId !== null) {
    const stacks = context.state.containers[task.source.containerId]?.stacks ?? [];
    const { cell } = task.source;
    const isWhereBooked = cell !== null && stacks[cell]?.includes(task.sku) === true;
    // The books may have been corrected meanwhile: what lies elsewhere is taken there, what nobody knows of nowhere.
    const found = isWhereBooked ? cell : stacks.findIndex((stack) => stack.includes(task.sku));
    if (found >= 0) {
      task.source.cell = found;
      takeFromSource(context, task);
    }
  }
  const destinationId = task.destination.containerId;
  if (destinationId !== null && context.state.containers[destinationId] !== undefined) {
    putInto(context, destinationId, task.destination.cell ?? 0, task.sku);
  }
}

function forgetExclusions(task: Task): void {
  task.excludedArms = [];
  task.excludedSources = [];
  task.onlyFromPark = [];
  task.excludedCells = [];
  task.policySteps = {};
}
