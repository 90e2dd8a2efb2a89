import type { IntakeSource } from '../../../controller/core/event.ts';
import type { IntakeRequest, IntakeResult } from '../../../controller/domain/intake.ts';
import type { CellCommand, CellState } from '../../../controller/domain/packml.ts';
import { commandsAllowed } from '../../../controller/machines/cell.ts';
import { EMPTY_BOOKS } from '../../../controller/operations/books-view.ts';
import type { BooksView } from '../../../controller/operations/books-view.ts';
import type { ArmAccount, TaskAccount } from '../../../controller/operations/account.ts';
import type { ScheduleAccount } from '../../../controller/operations/schedule-account.ts';
import { ReasonLog } from '../../../controller/operations/reason-log.ts';
import type { ArmView, CellView, OrderView, TaskView } from '../../../controller/operations/view.ts';
import type { ControllerService, LiveArm, RuntimeStatistics } from '../../../controller/runtime/service.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Where a command leads when nothing takes time. */
const ENDS: Readonly<Record<CellCommand, CellState>> = {
  reset: 'idle',
  start: 'execute',
  stop: 'stopped',
  hold: 'held',
  unhold: 'execute',
  suspend: 'suspended',
  unsuspend: 'execute',
  abort: 'aborted',
  clear: 'stopped',
  complete: 'complete',
};

/**
 * A controller kept in memory, for tests of what stands in front of one: it decides, remembers and repeats nothing,
 * as the real one does, but has no arms. Tests may set `view` fields and `arms` directly.
 */
export class SmallService implements ControllerService {
  readonly received: { request: IntakeRequest; requestId: string; source: IntakeSource }[] = [];
  readonly current: Writable<CellView>;
  arms: LiveArm[];
  ready: { ready: boolean; reasons: string[] } = { ready: true, reasons: [] };
  /** Set to let every request be answered so. */
  answer: IntakeResult | null = null;
  readonly reasons = new ReasonLog();
  private readonly decided = new Map<string, IntakeResult>();
  private readonly orders = new Map<string, OrderView>();
  private readonly openTasks = new Map<string, TaskView>();

  constructor(armIds: readonly string[], jointCount: number) {
    this.arms = armIds.map((id) => ({ id, positions: new Array<number>(jointCount).fill(0) }));
    this.current = {
      cell: 'test-cell',
      state: 'execute',
      because: 'started by the operator',
      policy: 'zone-interlock',
      epoch: 3,
      nowS: 120.5,
      arms: armIds.map(armView),
      places: [],
      orders: { waiting: 0, active: 0, completed: 0 },
      lines: { total: 0, fulfilled: 0, cancelled: 0, excepted: 0, open: 0 },
      units: { done: 42, perHour: 310.4 },
      tasks: { open: 0, active: 0, done: 42, cancelled: 0, excepted: 0 },
      exceptions: [],
      permissions: [],
      sharedZones: [],
      alarms: [],
    };
  }

  async submit(request: IntakeRequest, requestId: string, source: IntakeSource): Promise<IntakeResult> {
    const before = this.decided.get(requestId);
    if (before !== undefined) return { status: 'duplicate', detail: 'seen before' };
    this.received.push({ request, requestId, source });
    const result = this.answer ?? this.decide(request);
    this.decided.set(requestId, result);
    return result;
  }

  whyTask(taskId: string): TaskAccount {
    return this.reasons.aboutTask(taskId);
  }

  whyArm(armId: string, atS: number | Date | null): ArmAccount | null {
    const nowS = this.current.nowS;
    return this.reasons.aboutArm(armId, (typeof atS === 'number' ? atS : nowS) * 1_000_000);
  }

  schedule(): ScheduleAccount {
    return { atS: 0, sharing: 'zones', zones: {}, legs: [], orders: [], certificate: [], cycle: [] };
  }

  private decide(request: IntakeRequest): IntakeResult {
    switch (request.kind) {
      case 'order': {
        const { orderId, priority, lines } = request.body;
        if (this.orders.has(orderId)) return { status: 'duplicate', detail: `order ${orderId} is known` };
        this.orders.set(orderId, {
          id: orderId,
          status: 'waiting',
          priority,
          shipByS: null,
          totes: [],
          lines: lines.map(({ lineId, sku, quantity }) => ({
            id: lineId,
            sku,
            quantity,
            fulfilled: 0,
            cancelled: 0,
            excepted: 0,
            exception: null,
          })),
        });
        this.current.orders = { ...this.current.orders, waiting: this.current.orders.waiting + 1 };
        return { status: 'accepted', detail: `order ${orderId}: ${lines.length} lines` };
      }
      case 'cancel':
        if (!this.orders.has(request.body.orderId)) {
          return {
            status: 'refused',
            code: 'unknown-order',
            detail: `there is no order ${request.body.orderId}`,
          };
        }
        return { status: 'accepted', detail: 'cancelled' };
      case 'task': {
        const { taskId } = request.body;
        const open = this.current.exceptions.some((each) => each.taskId === taskId);
        if (!open && !this.openTasks.has(taskId)) {
          return { status: 'refused', code: 'unknown-task', detail: `there is no task ${taskId}` };
        }
        this.current.exceptions = this.current.exceptions.filter((each) => each.taskId !== taskId);
        return { status: 'accepted', detail: 'resolved' };
      }
      case 'cell': {
        const { command } = request.body;
        if (!commandsAllowed(this.current.state).includes(command)) {
          return {
            status: 'refused',
            code: 'not-in-this-state',
            detail: `${command} is not possible while the cell is ${this.current.state}`,
          };
        }
        this.current.state = ENDS[command];
        this.current.because = `${command} by the operator`;
        return { status: 'accepted', detail: `the cell is ${this.current.state}` };
      }
      default:
        return { status: 'accepted', detail: request.kind };
    }
  }

  addTask(task: TaskView): void {
    this.openTasks.set(task.id, task);
  }

  view(): CellView {
    return this.current;
  }

  tasks({ state, limit }: { readonly state: string | null; readonly limit: number }): readonly TaskView[] {
    return [...this.openTasks.values()]
      .filter((task) => state === null || task.state === state)
      .slice(0, limit);
  }

  task(taskId: string): TaskView | null {
    return this.openTasks.get(taskId) ?? null;
  }

  order(orderId: string): OrderView | null {
    return this.orders.get(orderId) ?? null;
  }

  books(): BooksView {
    return { ...EMPTY_BOOKS, orders: [...this.orders.values()], tasks: [...this.openTasks.values()] };
  }

  live(): readonly LiveArm[] {
    return this.arms;
  }

  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    return this.ready;
  }

  statistics(): RuntimeStatistics {
    return {
      ticks: 1000,
      stepSecondsTotal: 0.5,
      tickOverruns: 2,
      journalCommits: 77,
      journalCommitSecondsTotal: 0.25,
      eventsTotal: 400,
      eventsDropped: 0,
      monitorEvaluations: 1000,
      monitorSecondsTotal: 0.125,
      monitorStops: 1,
      monitorPredictedMinM: 0.035,
      plansTotal: 12,
      planSecondsTotal: 1.5,
    };
  }
}

export function armView(id: string): ArmView {
  return {
    id,
    mode: 'idle',
    doing: 'waits for work',
    taskId: null,
    zones: [],
    holding: false,
    itemSizeM: null,
    unitsDone: 0,
    spentS: { working: 0, waiting: 0, starved: 0, excepted: 0, faulted: 0, held: 0 },
    waitingForS: {},
  };
}
