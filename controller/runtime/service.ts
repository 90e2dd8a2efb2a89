import type { IntakeSource } from '../core/event.ts';
import type { IntakeRequest, IntakeResult } from '../domain/intake.ts';
import type { BooksLimits, BooksView } from '../operations/books-view.ts';
import type { ArmAccount, TaskAccount } from '../operations/account.ts';
import type { ScheduleAccount } from '../operations/schedule-account.ts';
import type { CellView, OrderView, TaskView } from '../operations/view.ts';

/** Measured joint positions of one arm, for showing. */
export interface LiveArm {
  readonly id: string;
  readonly positions: readonly number[];
}

/** What protocols may ask of a running controller. */
export interface ControllerService {
  /**
   * Resolves once the request is durable and decided. Rejects never: a full queue or a service that ends answers
   * `refused` with `busy` or `shutting-down`. `requestId` makes a repeat harmless.
   */
  submit(request: IntakeRequest, requestId: string, source: IntakeSource): Promise<IntakeResult>;
  view(): CellView;
  tasks(filter: { readonly state: string | null; readonly limit: number }): readonly TaskView[];
  task(taskId: string): TaskView | null;
  order(orderId: string): OrderView | null;
  /** What is open and what stands where, thing by thing, up to limits. Goes through all containers: not for every tick. */
  books(limits: BooksLimits): BooksView;
  /** What was decided of a task, and why. */
  whyTask(taskId: string): TaskAccount;
  /**
   * What an arm did at an instant, and why.
   * @param atS seconds since the cell's history began, or an instant of the wall clock; null: now
   * @returns null when nothing is known of that arm, or of it at that time any more
   */
  whyArm(armId: string, atS: number | Date | null): ArmAccount | null;
  /** What is accepted now, who goes first where, and in which order all of it can be completed. */
  schedule(): ScheduleAccount;
  /** The arms as last measured. */
  live(): readonly LiveArm[];
  /** Ready to take work: journal open, arms and surroundings heard from. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Counters and gauges of the runtime, for metrics. */
  statistics(): RuntimeStatistics;
}

export interface RuntimeStatistics {
  readonly ticks: number;
  readonly stepSecondsTotal: number;
  readonly tickOverruns: number;
  readonly journalCommits: number;
  readonly journalCommitSecondsTotal: number;
  readonly eventsTotal: number;
  readonly eventsDropped: number;
  readonly monitorEvaluations: number;
  readonly monitorSecondsTotal: number;
  /** Stops that the monitor sent. */
  readonly monitorStops: number;
  /** Least distance between arms that the monitor foresaw since the service began, m; null: none came near. */
  readonly monitorPredictedMinM: number | null;
  readonly plansTotal: number;
  readonly planSecondsTotal: number;
}
