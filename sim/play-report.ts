import type { MonitorStatistics } from '../controller/coordination/monitor.ts';
import type { Core } from '../controller/core/create.ts';
import type { CoreEffect } from '../controller/core/effect.ts';
import type { CoreState } from '../controller/core/state.ts';
import type { LossCause } from '../controller/domain/loss-cause.ts';
import type { IntakeResult } from '../controller/domain/intake.ts';
import { viewOf } from '../controller/operations/view-of.ts';
import type { Verdict } from './observer.ts';
import { reconcile } from './reconcile.ts';
import type { Reconciliation } from './reconcile.ts';
import type { SimWorld } from './world.ts';

export interface PlayProgress {
  readonly simulatedS: number;
  readonly linesEnded: number;
  readonly linesTotal: number;
  readonly unitsDone: number;
  /** Of the run so far. */
  readonly unitsPerHour: number;
  readonly openExceptions: number;
}

export interface PlayReport {
  readonly cell: string;
  readonly policy: string;
  readonly seed: number;
  readonly lines: {
    readonly total: number;
    readonly fulfilled: number;
    readonly cancelled: number;
    readonly excepted: number;
  };
  /** Return lines: all units matched with open orders, or some not (`unmatched-return`). */
  readonly returns: { readonly matched: number; readonly unmatched: number };
  /** Lines that ended in an exception, by its name. */
  readonly lineExceptions: Readonly<Record<string, number>>;
  readonly units: number;
  readonly unitsPerHour: number;
  /** Contacts by the referee; null: there was none to judge. */
  readonly contacts: number | null;
  readonly contactDetails: readonly string[];
  readonly clearanceMinM: number | null;
  readonly traceHash: string;
  readonly simulatedS: number;
  /** All of it; planning, referee and monitor are parts of it. */
  readonly wallS: number;
  readonly planningS: number;
  readonly refereeS: number;
  readonly monitorS: number;
  /** What the monitor did, and the least distance between arms that it predicted; null: it was off. */
  readonly monitor: {
    readonly evaluations: number;
    readonly stops: number;
    readonly verdicts: number;
    readonly undecided: number;
    readonly predictedMinM: number | null;
  } | null;
  readonly arms: readonly {
    readonly id: string;
    /** What its time went to; the parts sum to the simulated time. */
    readonly spentS: Readonly<Record<LossCause, number>>;
    /** Of its waiting: by the arm that held the space. */
    readonly waitingForS: Readonly<Record<string, number>>;
    readonly unitsDone: number;
  }[];
  /** Tasks that had not ended, each with what it waits for: of a completed run those that no arm can do. */
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
  readonly plans: { readonly made: number; readonly failed: number };
  /** How often each kind of exception came up, and how many answers the simulated person gave. */
  readonly exceptions: Readonly<Record<string, number>>;
  readonly answers: number;
  /** What was asked of the cell and refused; at most the first 50. */
  readonly refusals: readonly {
    readonly requestId: string;
    readonly code: string;
    readonly detail: string;
  }[];
  readonly reconciliation: Reconciliation;
}

const SECOND_US = 1_000_000;
const PROGRESS_EVERY_US = 10 * SECOND_US;
const REFUSALS_MAX = 50;
const STUCK_MAX = 20;

/** Keeps count during a run. */
export class PlayMeter {
  planningMs = 0;
  observingMs = 0;
  monitoringMs = 0;
  answers = 0;
  /** The last instant at which anything came to an end, us. */
  progressedUs = 0;
  readonly exceptions: Record<string, number> = {};
  readonly refusals: { requestId: string; code: string; detail: string }[] = [];
  private ended = -1;
  private nextProgressUs = 0;

  noteReply(requestId: string, result: IntakeResult): void {
    if (result.status !== 'refused' || this.refusals.length >= REFUSALS_MAX) return;
    // The cell is asked to start until it is ready to.
    if (result.code === 'not-ready') return;
    this.refusals.push({ requestId, code: result.code, detail: result.detail });
  }

  noteNotice(notice: Extract<CoreEffect, { kind: 'notice' }>): void {
    if (!notice.code.startsWith('exception-')) return;
    const kind = notice.code.slice('exception-'.length);
    this.exceptions[kind] = (this.exceptions[kind] ?? 0) + 1;
  }

  noteProgress({ totals }: CoreState, nowUs: number): void {
    const { fulfilled, cancelled, excepted } = totals.linesEnded;
    const ended =
      totals.unitsDone +
      totals.tasksDone +
      totals.tasksCancelled +
      totals.tasksExcepted +
      totals.ordersCompleted +
      fulfilled +
      cancelled +
      excepted;
    if (ended === this.ended) return;
    this.ended = ended;
    this.progressedUs = nowUs;
  }

  progressDue(nowUs: number): boolean {
    if (nowUs < this.nextProgressUs) return false;
    this.nextProgressUs = nowUs + PROGRESS_EVERY_US;
    return true;
  }

  progress(state: CoreState, nowUs: number): PlayProgress {
    const { fulfilled, cancelled, excepted } = state.totals.linesEnded;
    return {
      simulatedS: nowUs / SECOND_US,
      linesEnded: fulfilled + cancelled + excepted,
      linesTotal: state.totals.linesTotal,
      unitsDone: state.totals.unitsDone,
      unitsPerHour: perHour(state.totals.unitsDone, nowUs / SECOND_US),
      openExceptions: Object.values(state.tasks).filter((task) => task.exception !== null).length,
    };
  }
}

const perHour = (units: number, seconds: number): number => (seconds > 0 ? (units / seconds) * 3600 : 0);

export interface RunSoFar {
  readonly core: Core;
  readonly world: SimWorld;
  readonly meter: PlayMeter;
  readonly verdict: Verdict | null;
  readonly monitor: MonitorStatistics | null;
  readonly traceHash: string;
  readonly simulatedS: number;
  readonly wallS: number;
}

export function reportOf({
  core,
  world,
  meter,
  verdict,
  monitor,
  traceHash,
  simulatedS,
  wallS,
}: RunSoFar): PlayReport {
  const { state, cell } = core;
  const { totals } = state;
  const lineExceptions: Record<string, number> = {};
  for (const order of Object.values(state.orders)) {
    for (const { exception } of order.lines) {
      if (exception !== null) lineExceptions[exception] = (lineExceptions[exception] ?? 0) + 1;
    }
  }
  return {
    cell: cell.name,
    policy: cell.policy,
    seed: world.settings.seed,
    lines: { total: totals.linesTotal, ...totals.linesEnded },
    returns: returnsOf(core),
    lineExceptions,
    units: totals.unitsDone,
    unitsPerHour: perHour(totals.unitsDone, simulatedS),
    contacts: verdict?.contacts ?? null,
    contactDetails: verdict?.details ?? [],
    clearanceMinM: verdict?.clearanceMinM ?? null,
    traceHash,
    simulatedS,
    wallS,
    planningS: meter.planningMs / 1000,
    refereeS: meter.observingMs / 1000,
    monitorS: meter.monitoringMs / 1000,
    monitor:
      monitor === null
        ? null
        : {
            evaluations: monitor.evaluations,
            stops: monitor.stops,
            verdicts: monitor.verdicts,
            undecided: monitor.undecided,
            predictedMinM: monitor.predictedMinM,
          },
    arms: viewOf(core, Math.round(simulatedS * SECOND_US)).arms.map(
      ({ id, spentS, waitingForS, unitsDone }) => ({ id, spentS, waitingForS, unitsDone }),
    ),
    failed: Object.values(state.tasks).map((task) => ({ id: task.id, reason: task.because })),
    plans: { made: totals.plans, failed: totals.plansFailed },
    exceptions: meter.exceptions,
    answers: meter.answers,
    refusals: meter.refusals,
    reconciliation: reconcile(world, state),
  };
}

function returnsOf(core: Core): PlayReport['returns'] {
  const all = Object.values(core.state.returns);
  const matched = all.filter((each) => each.matched === each.quantity).length;
  return { matched, unmatched: all.length - matched };
}

/** What stands still, in words. */
export function stuckBecause(core: Core, patienceUs: number): readonly string[] {
  const view = viewOf(core);
  const tasks = Object.values(core.state.tasks);
  return [
    `nothing came to an end for ${patienceUs / SECOND_US} s of simulated time`,
    `the cell is ${view.state}: ${view.because}`,
    ...view.arms.map((arm) => `arm ${arm.id} is ${arm.mode}: ${arm.doing}`),
    ...view.alarms.map((alarm) => `alarm ${alarm.code}: ${alarm.message}`),
    ...view.exceptions
      .slice(0, STUCK_MAX)
      .map(({ taskId, kind, detail }) => `task ${taskId}: ${kind}: ${detail}`),
    `${view.lines.open} lines and ${tasks.length} tasks are open, ${view.orders.waiting} orders wait`,
    ...tasks.slice(0, STUCK_MAX).map((task) => `task ${task.id} is ${task.machine.value}: ${task.because}`),
  ];
}
