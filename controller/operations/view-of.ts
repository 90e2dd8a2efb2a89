import { cellState } from '../core/cell-mode.ts';
import type { Core } from '../core/create.ts';
import { heldItemSizeM, taskOfArm } from '../core/held-item.ts';
import type { ArmState, EndedTask, Task } from '../core/state.ts';
import { heldBy } from '../coordination/reservations.ts';
import { unitsIn } from '../domain/container.ts';
import { stackHeightM } from '../domain/grid.ts';
import type { OpenException } from '../domain/exception.ts';
import type { ArmView, CellView, ExceptionView, OrderView, TaskView } from './view.ts';

const US_PER_S = 1_000_000;

/** Over which the rate of units is taken, us. */
const RATE_WINDOW_US = 600 * US_PER_S;

/** What the cell shows of itself, from the books alone, at an instant not before its last step. */
export function viewOf(core: Core, nowUs: number = core.state.nowUs): CellView {
  const { state, cell } = core;
  const { totals } = state;
  const ended = totals.linesEnded.fulfilled + totals.linesEnded.cancelled + totals.linesEnded.excepted;
  const tasks = Object.values(state.tasks);
  const activeOrders = Object.values(state.places).reduce(
    (sum, place) => sum + (place.orderId === null ? 0 : 1) + (place.nextOrderId === null ? 0 : 1),
    0,
  );
  return {
    cell: cell.name,
    state: cellState(state),
    because: state.cell.context.because,
    policy: cell.policy,
    epoch: state.epoch,
    nowS: nowUs / US_PER_S,
    arms: Object.values(state.arms).map((arm) => armView(core, arm, nowUs)),
    places: cell.places.map((place) => {
      const here = state.places[place.id]!;
      const container = here.containerId === null ? undefined : state.containers[here.containerId];
      return {
        id: place.id,
        kind: place.kind,
        containerId: here.containerId,
        orderId: here.orderId,
        exchanging: here.exchange !== null,
        units: container === undefined ? 0 : unitsIn(container),
        stackHeightsM: (container?.stacks ?? []).map((stack) =>
          stackHeightM(stack, (sku) => state.skus[sku]),
        ),
      };
    }),
    orders: { waiting: state.waitingOrders.length, active: activeOrders, completed: totals.ordersCompleted },
    lines: { total: totals.linesTotal, ...totals.linesEnded, open: totals.linesTotal - ended },
    units: { done: totals.unitsDone, perHour: unitsPerHour(core, nowUs) },
    tasks: {
      open: tasks.length,
      active: tasks.filter((task) => ['assigned', 'carrying', 'returning'].includes(task.machine.value))
        .length,
      done: totals.tasksDone,
      cancelled: totals.tasksCancelled,
      excepted: totals.tasksExcepted,
    },
    exceptions: tasks
      .filter((task) => task.exception !== null)
      .map((task) => exceptionView(core, task, task.exception!)),
    permissions: Object.entries(state.plc.permissions).map(([id, permission]) => ({ id, ...permission })),
    sharedZones: Object.entries(state.plc.zones).map(([id, zone]) => ({
      id,
      state: zone.machine.value,
      needsReset: zone.needsReset,
    })),
    alarms: Object.values(state.alarms).map((alarm) => ({
      code: alarm.code,
      message: alarm.message,
      sinceS: alarm.sinceUs / US_PER_S,
    })),
  };
}

function exceptionView(core: Core, task: Task, exception: OpenException): ExceptionView {
  const { unitAt } = exception;
  const booked = (containerId: string | null): number | null => {
    const container = containerId === null ? undefined : core.state.containers[containerId];
    return container === undefined ? null : unitsIn(container);
  };
  return {
    taskId: task.id,
    kind: exception.kind,
    detail: exception.detail,
    sinceS: exception.sinceUs / US_PER_S,
    unitAt: unitAt.at,
    sku: task.sku,
    armId: unitAt.at === 'tool' ? unitAt.armId : task.armId,
    from: task.source.containerId,
    to: task.destination.containerId,
    // What is done by hand is booked in the first cell when none was in mind.
    toCell: task.destination.cell ?? 0,
    fromBooked: booked(task.source.containerId),
    toBooked: booked(task.destination.containerId),
    options: [...exception.options],
  };
}

/** Over the last ten minutes, or since the first unit if that is more recent. */
function unitsPerHour(core: Core, nowUs: number): number {
  const { recentUnitsUs } = core.state;
  const first = recentUnitsUs.findIndex((placedUs) => placedUs >= nowUs - RATE_WINDOW_US);
  if (first < 0) return 0;
  const count = recentUnitsUs.length - first;
  const isWholeWindow = first > 0 && recentUnitsUs[first - 1]! < nowUs - RATE_WINDOW_US;
  const spanUs = isWholeWindow ? RATE_WINDOW_US : nowUs - recentUnitsUs[first]!;
  return spanUs <= 0 ? 0 : (count / spanUs) * 3_600 * US_PER_S;
}

function armView(core: Core, arm: ArmState, nowUs: number): ArmView {
  const { state } = core;
  const task = taskOfArm(state, arm);
  const itemSizeM = heldItemSizeM(state, arm.id);
  const { cause, waitsFor } = arm.loss;
  const totalsUs = { ...arm.loss.totalsUs };
  const waitingUs = { ...arm.loss.waitingUs };
  totalsUs[cause] += nowUs - state.nowUs;
  if (waitsFor !== null) waitingUs[waitsFor] = (waitingUs[waitsFor] ?? 0) + nowUs - state.nowUs;
  return {
    id: arm.id,
    mode: modeOf(core, arm),
    doing: doingOf(core, arm, task),
    taskId: task?.id ?? null,
    zones: [...heldBy(state.zones, arm.id)],
    holding: arm.holding.vacuum === 'unknown' ? null : arm.holding.vacuum === 'on',
    itemSizeM: itemSizeM === null ? null : [...itemSizeM],
    unitsDone: arm.unitsDone,
    spentS: inSeconds(totalsUs),
    waitingForS: inSeconds(waitingUs),
  };
}

function inSeconds<K extends string>(us: Readonly<Record<K, number>>): Record<K, number> {
  const entries = Object.entries<number>(us).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, value / US_PER_S])) as Record<K, number>;
}

function modeOf(core: Core, arm: ArmState): ArmView['mode'] {
  switch (arm.machine.value) {
    case 'offline':
    case 'claiming':
      return 'offline';
    case 'faulted':
      return 'faulted';
    case 'moving':
    case 'stopping':
      return 'moving';
    case 'gripping':
      return 'gripping';
    default:
  }
  if (cellState(core.state) !== 'execute') return 'held';
  if (arm.next !== null) return arm.next.result === null ? 'planning' : 'waiting';
  return arm.job === null ? 'idle' : 'waiting';
}

const LEG_WORDS: Record<string, string> = {
  reach: 'reaching for',
  grasp: 'grasping',
  inspect: 'looking why it could not grasp',
  'put-back': 'putting back',
  carry: 'carrying',
  release: 'putting down',
  home: 'going to its park pose',
  bail: 'going to its park pose',
  keep: 'going to its park pose with',
};

function doingOf(core: Core, arm: ArmState, task: Task | null): string {
  if (arm.fault !== null) return `faulted: ${arm.fault.detail}`;
  const mode = modeOf(core, arm);
  if (mode === 'offline') return 'not connected';
  if (mode === 'idle') return 'nothing to do';
  if (arm.job !== null) {
    const words = LEG_WORDS[arm.job.stage]!;
    // Its task may have been given to another since.
    const what = ['home', 'bail'].includes(arm.job.stage) ? '' : ` ${task?.sku ?? 'an item'}`;
    const why =
      task === null || !['reach', 'carry'].includes(arm.job.stage) ? '' : ` (${endsOf(core, task)})`;
    return mode === 'held' ? `stopped while ${words}${what}` : `${words}${what}${why}`;
  }
  if (mode === 'planning') return `planning a way to ${task?.sku ?? 'its park pose'}`;
  if (mode === 'waiting') return withoutName(arm, task?.because ?? 'waiting for space');
  return 'at rest';
}

/** The arm's name stands before the sentence already. */
function withoutName(arm: ArmState, sentence: string): string {
  return sentence.startsWith(`${arm.id} `) ? sentence.slice(arm.id.length + 1) : sentence;
}

function endsOf(core: Core, task: Task): string {
  return `${nameOfEnd(core, task.source)} to ${nameOfEnd(core, task.destination)}`;
}

function nameOfEnd(core: Core, end: Task['source']): string {
  if (end.fixed !== null) return end.fixed.placeId;
  if (end.containerId === null) return 'a place to be chosen';
  return core.state.containers[end.containerId]?.placeId ?? end.containerId;
}

export function taskView(task: Task): TaskView {
  return {
    id: task.id,
    kind: task.kind,
    state: task.machine.value,
    sku: task.sku,
    orderId: task.orderId,
    lineId: task.lineId,
    armId: task.armId,
    from: task.source.containerId ?? task.source.fixed?.placeId ?? null,
    to: task.destination.containerId ?? task.destination.fixed?.placeId ?? null,
    attempts: task.attempts,
    because: task.because,
  };
}

export function endedTaskView({ endedUs: _endedUs, ...ended }: EndedTask): TaskView {
  return ended;
}

/** A task by id, open or among the last that ended. */
export function findTask(core: Core, taskId: string): TaskView | null {
  const open = core.state.tasks[taskId];
  if (open !== undefined) return taskView(open);
  const ended = core.state.endedTasks.findLast((each) => each.id === taskId);
  return ended === undefined ? null : endedTaskView(ended);
}

/** Open tasks first, then the last that ended, newest first; `state` null: any. */
export function listTasks(
  core: Core,
  filter: { readonly state: string | null; readonly limit: number },
): readonly TaskView[] {
  const all = [
    ...Object.values(core.state.tasks).map(taskView),
    ...core.state.endedTasks.map(endedTaskView).reverse(),
  ];
  return all.filter((task) => filter.state === null || task.state === filter.state).slice(0, filter.limit);
}

export function orderView(core: Core, orderId: string): OrderView | null {
  const order = core.state.orders[orderId];
  if (order === undefined) return null;
  return {
    id: order.id,
    status: order.status,
    priority: order.priority,
    shipByS: order.shipByUs === null ? null : order.shipByUs / US_PER_S,
    totes: [...order.totes],
    lines: order.lines.map((line) => ({ ...line })),
  };
}
