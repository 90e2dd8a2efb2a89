import { placePointM, roomFor } from '../domain/grid.ts';
import type { Vec3 } from '../../arms/geometry/pose.ts';
import { isUsable } from '../core/arm-control.ts';
import { explain } from '../core/context.ts';
import type { StepContext } from '../core/context.ts';
import { nextRemedy, remedy } from '../core/exceptions.ts';
import { isMisplaced } from '../core/settlement.ts';
import { isWithheld } from '../core/shared-zones.ts';
import { spaceOf } from '../core/space.ts';
import { askPerson, moveTask, placeOfEnd } from '../core/tasks.ts';
import type { ArmState, JobGoal, Task, TaskEnd } from '../core/state.ts';
import { sharingOf } from '../domain/cell.ts';
import type { ContainerUsers } from './container-users.ts';
import { promisedCells } from './stowing.ts';
import { isParkPose, planHome, requestPlan, wayKey } from './planning.ts';
import { cellsOf } from './task-cells.ts';
import { bestTask } from './task-choice.ts';

/** Gives every arm that has nothing to do next the task that suits it best, and asks for its motion. */
export function assignTasks(context: StepContext, users: ContainerUsers): void {
  const { state } = context;
  const arms = Object.values(state.arms);
  const misplaced = arms.filter((arm) => isUsable(arm) && isMisplaced(context, arm));
  if (misplaced.length > 0) {
    // One at a time, and nobody else: the space in which they stand was granted to nobody.
    const first = misplaced[0]!;
    const sharesByZones = sharingOf(context.cell.policy) === 'zones';
    const isBusy = (arm: ArmState): boolean =>
      sharesByZones ? arm.job !== null || arm.next !== null : !isAtRest(arm) && isUsable(arm);
    const underWay = arms.some((arm) => isBusy(arm) || (misplaced.includes(arm) && arm.next !== null));
    if (!underWay && isAtRest(first)) planHome(context, first);
    return;
  }
  let ready: Task[] | null = null;
  // Who has nothing to do chooses before who plans ahead.
  const inOrder = [...arms].sort((a, b) => Number(a.job !== null) - Number(b.job !== null));
  for (const arm of inOrder) {
    if (!isUsable(arm) || arm.next !== null) continue;
    const start = startOfNext(context, arm);
    if (start === null) continue;
    if (isWithheld(context, arm.id)) {
      if (arm.job === null && !isParkPose(context, arm, start)) planHome(context, arm);
      continue;
    }
    if (arm.job === null && goOnWithUnit(context, arm)) continue;
    // What hangs in the tool of an arm on its way home comes first when it is there.
    if (arm.holding.vacuum === 'on' && (arm.job === null || arm.job.stage === 'home')) continue;
    if (arm.job === null && !isParkPose(context, arm, start)) {
      planHome(context, arm);
      continue;
    }
    ready ??= readyTasks(context);
    chooseTask(context, users, arm, start, ready);
  }
  for (const task of ready ?? []) askAboutHopeless(context, users, task);
}

/** A task that no arm can ever take where its ends stand would wait in silence for ever. */
function askAboutHopeless(context: StepContext, users: ContainerUsers, task: Task): void {
  if (task.machine.value !== 'waiting') return;
  const from = placeOfEnd(context.state, task.source);
  const to = placeOfEnd(context.state, task.destination);
  if (from === null || to === null) return;
  // Where no arm serves the pair of places the shuttle moves the container first.
  if (task.kind !== 'fixed' && context.derived.reach.armsFor(from, to).length === 0) return;
  const cells = cellsOf(context, users, task);
  if (cells === null || task.machine.value !== 'waiting') return;
  const isPossible = context.cell.arms.some(
    (arm) =>
      !task.excludedArms.includes(arm.id) &&
      (task.kind === 'fixed'
        ? (context.derived.fixedReach.get(task.id)?.has(arm.id) ?? true)
        : context.derived.reach.armsFor(from, to).includes(arm.id) &&
          context.state.unreachable[wayKey(arm.id, from, cells.sourceCell, to, cells.destinationCell)] ===
            undefined),
  );
  if (isPossible) return;
  const step = nextRemedy(context, task, 'unreachable');
  const detail = `no arm finds a motion from ${from} to ${to}`;
  task.destination = { ...task.destination, cell: cells.destinationCell };
  remedy(context, task, 'unreachable', step, detail, null);
  if (step !== 'person') task.destination = { ...task.destination, cell: null };
}

function isAtRest(arm: ArmState): boolean {
  return arm.command === null && (arm.machine.value === 'resting' || arm.machine.value === 'paused');
}

/** Where the arm will rest when its next job begins; null: that cannot be told yet. */
function startOfNext(context: StepContext, arm: ArmState): readonly number[] | null {
  const { job } = arm;
  const { waitsForPlans } = spaceOf(context);
  if (job === null) return isAtRest(arm) ? arm.positions : null;
  switch (job.stage) {
    case 'reach':
    case 'grasp':
      // Whatever becomes of the pick, the arm drives on to the place.
      return waitsForPlans ? (job.legs.carry?.trajectory.positions.at(-1) ?? null) : null;
    case 'carry':
    case 'release': {
      if (waitsForPlans && job.stage === 'carry') return job.legs.carry?.trajectory.positions.at(-1) ?? null;
      const task = job.taskId === null ? undefined : context.state.tasks[job.taskId];
      const goesWell = task?.machine.value === 'carrying' && job.towards === 'destination';
      return goesWell ? (job.legs.carry?.trajectory.positions.at(-1) ?? null) : null;
    }
    case 'home':
    case 'bail':
      if (mayStillStay(context, arm)) return arm.positions;
      return context.derived.armOf.get(arm.id)!.park;
    default:
      return null;
  }
}

/** Stands over the place where it put its unit down, and has not set out for its park pose. */
function mayStillStay(context: StepContext, arm: ArmState): boolean {
  const { waitsForPlans, isAstray } = spaceOf(context);
  return waitsForPlans && arm.job?.progressUs === 0 && arm.command === null && !isAstray(context, arm);
}

/** An arm that has a unit in its tool goes on with it, whatever else there is to do. */
function goOnWithUnit(context: StepContext, arm: ArmState): boolean {
  const task = Object.values(context.state.tasks).find(
    (each) => each.armId === arm.id && ['carrying', 'returning'].includes(each.machine.value),
  );
  if (task === undefined) return false;
  const towards: JobGoal = task.machine.value === 'returning' ? 'source' : 'destination';
  const end = towards === 'source' ? task.source : task.destination;
  const placed = end.fixed?.pointM ?? choosePlacePoint(context, task, end, arm);
  if (placed === null) {
    task.because = `waits in the tool of ${arm.id} for its ${towards}`;
    // A unit that cannot go back where it came from is for a person to take.
    if (towards === 'source')
      askPerson(context, task, 'bin-full', 'its container is not in the cell any more', {
        at: 'tool',
        armId: arm.id,
      });
    return true;
  }
  requestPlan(context, arm, task, arm.positions!, null, placed, task.item, towards);
  return true;
}

function choosePlacePoint(context: StepContext, task: Task, end: TaskEnd, arm: ArmState): Vec3 | null {
  const { state, derived } = context;
  const container = end.containerId === null ? undefined : state.containers[end.containerId];
  const place = container?.placeId == null ? undefined : derived.placeOf.get(container.placeId);
  if (container === undefined || place === undefined || !derived.reach.reaches(arm.id, place.id)) return null;
  const itemOf = (sku: string) => state.skus[sku];
  const rule = container.kind === 'order' ? 'any' : 'same-sku';
  const except = [...task.excludedCells, ...promisedCells(Object.values(state.tasks), container.id, task)];
  const cell = end.cell ?? roomFor(place, container, task.sku, itemOf, rule, except);
  if (cell === null) return null;
  end.cell = cell;
  return placePointM(place, container, cell, task.item.sizeM, itemOf);
}

/** Tasks whose both ends stand in the cell, most urgent first. */
function readyTasks(context: StepContext): Task[] {
  const { state } = context;
  const ready: Task[] = [];
  for (const task of Object.values(state.tasks)) {
    if (task.machine.value !== 'waiting') continue;
    const from = placeOfEnd(state, task.source);
    const to = placeOfEnd(state, task.destination);
    if (from === null || to === null) continue;
    if (state.places[from]?.exchange != null || state.places[to]?.exchange != null) continue;
    ready.push(task);
  }
  return ready.sort(
    (a, b) =>
      b.priority - a.priority || (a.shipByUs ?? Infinity) - (b.shipByUs ?? Infinity) || a.number - b.number,
  );
}

/** Gives the arm the task that suits it best, and asks for its motion. */
function chooseTask(
  context: StepContext,
  users: ContainerUsers,
  arm: ArmState,
  start: readonly number[],
  ready: Task[],
): void {
  const choice = bestTask(context, users, arm, start, ready);
  if (choice === null) return;
  const { task, pickM, placeM } = choice;
  explain(context, choice.reason);
  const ends = cellsOf(context, users, task)!;
  task.source = { ...task.source, cell: ends.sourceCell };
  task.destination = { ...task.destination, cell: ends.destinationCell };
  task.armId = arm.id;
  moveTask(context, task, { type: 'ASSIGNED' }, `given to ${arm.id}`);
  requestPlan(context, arm, task, start, pickM, placeM, task.item, 'destination');
}
