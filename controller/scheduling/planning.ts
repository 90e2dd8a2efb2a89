import type { Vec3 } from '../../arms/geometry/pose.ts';
import { faultArm, forgetNext } from '../core/arm-control.ts';
import { nextRequestId, notice } from '../core/context.ts';
import type { StepContext } from '../core/context.ts';
import { nextRemedy, remedy, unassign } from '../core/exceptions.ts';
import { samePositions } from '../core/rest.ts';
import { isMisplaced } from '../core/settlement.ts';
import { spaceOf } from '../core/space.ts';
import { askPerson, placeOfEnd } from '../core/tasks.ts';
import type { ArmState, JobGoal, Task } from '../core/state.ts';
import type { Item, JobPlanResult } from './job-plan.ts';

/** Work one plan may cost, in collision-checked configurations. */
const PLAN_ITERATIONS_MAX = 20_000;

/** A task at which the planner itself breaks down this often is for a person to look at. */
const PLANNER_FAILURES_MAX = 3;

/** Whether these are an arm's park positions. */
export function isParkPose(context: StepContext, arm: ArmState, positions: readonly number[]): boolean {
  return samePositions(positions, context.derived.armOf.get(arm.id)!.park);
}

/** Asks for the way to the park pose, with whatever the arm holds. */
export function planHome(context: StepContext, arm: ArmState): void {
  const held = arm.holding.vacuum === 'on';
  const task = Object.values(context.state.tasks).find((each) => each.armId === arm.id);
  requestPlan(context, arm, null, arm.positions!, null, null, held ? (task?.item ?? null) : null, 'park');
}

/** Names the way of one arm between two cells, for ways that were found impassable. */
export function wayKey(
  armId: string,
  from: string,
  sourceCell: number | null,
  to: string,
  cell: number | null,
): string {
  return `${armId}|${from}:${sourceCell ?? '-'}|${to}:${cell ?? '-'}`;
}

/** Asks for the motions of an arm's next job. */
export function requestPlan(
  context: StepContext,
  arm: ArmState,
  task: Task | null,
  start: readonly number[],
  pickM: Vec3 | null,
  placeM: Vec3 | null,
  item: Item | null,
  towards: JobGoal,
): void {
  const requestId = nextRequestId(context);
  const others = spaceOf(context).othersOf(context, arm);
  context.state.counters.job += 1;
  arm.next = {
    number: context.state.counters.job,
    placeIds: {
      pick: task === null || pickM === null ? null : placeOfEnd(context.state, task.source),
      place:
        task === null || placeM === null
          ? null
          : placeOfEnd(context.state, towards === 'source' ? task.source : task.destination),
    },
    requestId,
    taskId: task?.id ?? null,
    start,
    towards,
    deadlineUs: context.nowUs + context.cell.deadlines.planUs,
    item,
    result: null,
    partial: null,
    known: others.map(({ legId }) => legId),
    admitted: false,
    refusedBy: null,
  };
  context.state.totals.plans += 1;
  context.effects.push({
    kind: 'plan',
    request: {
      requestId,
      armId: arm.id,
      start,
      pickM,
      placeM,
      item,
      elsewhere: restingElsewhere(context, arm),
      others,
      planned: null,
      seed: task === null ? 1 : task.number + task.attempts,
      iterationsMax: PLAN_ITERATIONS_MAX,
    },
  });
}

/** Other arms that stand neither in their park poses nor in space that they hold. */
function restingElsewhere(
  context: StepContext,
  arm: ArmState,
): readonly { readonly armId: string; readonly positions: readonly number[] }[] {
  return Object.values(context.state.arms)
    .filter((other) => other !== arm && isInTheWay(context, arm, other))
    .map((other) => ({ armId: other.id, positions: other.positions! }));
}

/** An arm that is astray goes home past the others where they stand, as nobody else moves meanwhile. */
function isInTheWay(context: StepContext, arm: ArmState, other: ArmState): boolean {
  if (isMisplaced(context, other)) return true;
  if (!spaceOf(context).isAstray(context, arm) || other.positions === null) return false;
  return !isParkPose(context, other, other.positions);
}

/** A plan came back: kept if it still fits, else its task is given back. */
export function takePlan(context: StepContext, planned: JobPlanResult): void {
  const { state } = context;
  const arm = state.arms[planned.armId];
  const result = withinOwnSpace(context, planned);
  if (arm?.next == null || arm.next.requestId !== result.requestId) return;
  context.schedule = true;
  const next = arm.next;
  const task = next.taskId === null ? null : (state.tasks[next.taskId] ?? null);
  if (result.status === 'planned') {
    const before = next.partial?.encounters ?? [];
    next.result = { ...result, encounters: [...before, ...result.encounters] };
    next.partial = null;
    if (arm.job === null) arm.waitingSinceUs = context.nowUs;
    return;
  }
  arm.next = null;
  state.totals.plansFailed += 1;
  const why = `${arm.id} found no motion (${result.failure}): ${result.detail}`;
  if (task === null) {
    if (next.taskId === null) faultArm(context, arm, 'no-way-home', why);
    return;
  }
  notice(context, 'warn', 'plan-failed', why, { task });
  if (task.machine.value === 'carrying' || task.machine.value === 'returning') {
    if (nextRemedy(context, task, 'unreachable') === 'other-location' && next.towards === 'destination') {
      if (task.destination.cell !== null) task.excludedCells.push(task.destination.cell);
      task.destination = { ...task.destination, cell: null };
      return;
    }
    return askPerson(context, task, 'unreachable', why, { at: 'tool', armId: arm.id });
  }
  if (task.machine.value !== 'assigned') return;
  if (result.failure === 'planner-failed' && task.attempts < PLANNER_FAILURES_MAX) {
    task.attempts += 1;
    return unassign(context, task, why);
  }
  if (!isParkPose(context, arm, next.start)) {
    task.onlyFromPark.push(arm.id);
    return unassign(context, task, `${why}; tried again from the park pose`);
  }
  const from = placeOfEnd(state, task.source);
  const to = placeOfEnd(state, task.destination);
  if (from !== null && to !== null && task.kind !== 'fixed') {
    state.unreachable[wayKey(arm.id, from, task.source.cell, to, task.destination.cell)] = result.failure;
  }
  remedy(context, task, 'unreachable', nextRemedy(context, task, 'unreachable'), why, arm.id);
}

/** Under zone interlock nobody ever gets the zones in which another arm parks: a plan through them is none. */
function withinOwnSpace(context: StepContext, result: JobPlanResult): JobPlanResult {
  if (result.status === 'failed' || context.cell.policy !== 'zone-interlock') return result;
  for (const [armId, zones] of context.derived.parkZones) {
    if (armId === result.armId) continue;
    for (const leg of result.legs) {
      const through = leg.zones.find((span) => zones.has(span.zoneId));
      if (through === undefined) continue;
      const { requestId, iterations } = result;
      return {
        status: 'failed',
        requestId,
        armId: result.armId,
        iterations,
        failure: 'no-motion',
        detail: `every motion found for ${leg.name} passes through ${through.zoneId}, where ${armId} parks`,
      };
    }
  }
  return result;
}

/** A plan that cannot be begun any more: its task goes back to the scheduler. */
export function dropNext(context: StepContext, arm: ArmState, why: string): void {
  const taskId = arm.next?.taskId;
  forgetNext(arm);
  const task = taskId == null ? undefined : context.state.tasks[taskId];
  if (task !== undefined && task.machine.value === 'assigned' && task.armId === arm.id)
    unassign(context, task, why);
  context.schedule = true;
}
