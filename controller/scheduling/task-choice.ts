import type { Vec3 } from '../../arms/geometry/pose.ts';
import type { StepContext } from '../core/context.ts';
import { placeOfEnd } from '../core/tasks.ts';
import type { ArmState, Task } from '../core/state.ts';
import { pickPointM, placePointM } from '../domain/grid.ts';
import type { AssignmentRule, Candidate, Reason } from '../operations/reason.ts';
import type { ContainerUsers } from './container-users.ts';
import { isParkPose, wayKey } from './planning.ts';
import { cellsOf } from './task-cells.ts';
import { taskCost } from './task-cost.ts';

/** What an arm takes on next, and why that. */
export interface TaskChoice {
  readonly task: Task;
  readonly pickM: Vec3;
  readonly placeM: Vec3;
  readonly reason: Extract<Reason, { kind: 'assigned' }>;
}

/** Candidates that a reason lists. */
const LISTED_MAX = 8;

/** The best of the most urgent tasks that the arm can do; the oldest among equals. */
export function bestTask(
  context: StepContext,
  users: ContainerUsers,
  arm: ArmState,
  start: readonly number[],
  ready: readonly Task[],
): TaskChoice | null {
  const fromPark = isParkPose(context, arm, start);
  const cost = taskCost(context, arm, start);
  const candidates: Candidate[] = [];
  let unpriced = 0;
  let best: {
    readonly task: Task;
    readonly costS: number;
    readonly pickM: Vec3;
    readonly placeM: Vec3;
  } | null = null;
  let looked = 0;
  for (const task of ready) {
    if (best !== null && (task.priority < best.task.priority || laterShipBy(task, best.task))) break;
    looked += 1;
    if (task.machine.value !== 'waiting') continue;
    const exclude = (excluded: string): unknown =>
      candidates.push({ taskId: task.id, costS: null, excluded });
    if (task.excludedArms.includes(arm.id)) {
      exclude('this arm failed at it');
      continue;
    }
    if (!fromPark && task.onlyFromPark.includes(arm.id)) {
      exclude('only from its park pose');
      continue;
    }
    const from = placeOfEnd(context.state, task.source)!;
    const to = placeOfEnd(context.state, task.destination)!;
    if (best !== null && cost.leastS(from, to) >= best.costS) {
      unpriced += 1;
      continue;
    }
    const points = pointsOf(context, users, arm, task, from, to);
    if (typeof points === 'string') {
      if (points !== OUT_OF_REACH) exclude(points);
      continue;
    }
    const costS = cost.ofS(task, from, to, points.pickM, points.placeM);
    candidates.push({ taskId: task.id, costS, excluded: null });
    if (best !== null && costS >= best.costS) continue;
    best = { task, costS, ...points };
    if (costS === 0) break;
  }
  if (best === null) return null;
  const { task, costS, pickM, placeM } = best;
  const listed = candidates
    .sort((a, b) => (a.costS ?? Infinity) - (b.costS ?? Infinity))
    .slice(0, LISTED_MAX);
  const reason = {
    kind: 'assigned' as const,
    armId: arm.id,
    taskId: task.id,
    rule: ruleOf(candidates, costS, unpriced),
    candidates: listed,
    left: candidates.length - listed.length + unpriced,
    lessUrgent: ready.length - looked,
  };
  return { task, pickM, placeM, reason };
}

function ruleOf(candidates: readonly Candidate[], costS: number, unpriced: number): AssignmentRule {
  const priced = candidates.filter((each) => each.costS !== null);
  if (priced.length + unpriced === 1) return 'only-candidate';
  if (costS === 0) return 'costs-nothing';
  return priced.filter((each) => each.costS === costS).length > 1 ? 'first-of-equals' : 'least-cost';
}

function laterShipBy(a: Task, b: Task): boolean {
  return (a.shipByUs ?? Infinity) > (b.shipByUs ?? Infinity);
}

const OUT_OF_REACH = 'out of its reach';

/** Where the unit is taken and put; in words why that cannot be. */
function pointsOf(
  context: StepContext,
  users: ContainerUsers,
  arm: ArmState,
  task: Task,
  from: string,
  to: string,
): { readonly pickM: Vec3; readonly placeM: Vec3 } | string {
  const { state, derived } = context;
  if (task.source.fixed !== null && task.destination.fixed !== null) {
    if (derived.fixedReach.get(task.id)?.has(arm.id) === false) return OUT_OF_REACH;
    return { pickM: task.source.fixed.pointM, placeM: task.destination.fixed.pointM };
  }
  if (!derived.reach.reaches(arm.id, from) || !derived.reach.reaches(arm.id, to)) return OUT_OF_REACH;
  const cells = cellsOf(context, users, task);
  if (cells === null) return 'its unit, or its room in the tote, is spoken for';
  if (state.unreachable[wayKey(arm.id, from, cells.sourceCell, to, cells.destinationCell)] !== undefined)
    return 'this arm found no motion for it';
  const source = state.containers[task.source.containerId!]!;
  const destination = state.containers[task.destination.containerId!]!;
  const itemOf = (sku: string) => state.skus[sku];
  return {
    pickM: pickPointM(derived.placeOf.get(from)!, source, cells.sourceCell!, itemOf),
    placeM: placePointM(
      derived.placeOf.get(to)!,
      destination,
      cells.destinationCell!,
      task.item.sizeM,
      itemOf,
    ),
  };
}
