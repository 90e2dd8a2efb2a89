import type { ScheduleAccount } from '../operations/schedule-account.ts';
import type { MonitorState } from '../coordination/monitor.ts';
import type { CoreEffect } from '../core/effect.ts';
import type { BooksLimits, BooksView } from '../operations/books-view.ts';
import type { CellView, OrderView, TaskView } from '../operations/view.ts';
import type { ArmDriver, CellIo, PlcPort } from '../ports.ts';
import type { FieldLimits } from './field.ts';
import type { IntakeLimits } from './intake-desk.ts';
import type { Journal, JournalFault, Takeover } from './journal.ts';
import type { PlannerPort } from './planner.ts';
import type { Reducer } from './replay.ts';
import type { MachineClock } from './runtime-clock.ts';

/** The core with what the runtime asks of it beside stepping. */
export interface RuntimeCore<TCore> extends Reducer<TCore> {
  /** The next instant at which `step` has something to do although nothing happens; null: none. */
  nextDeadlineUs(core: TCore): number | null;
  /** No arm moves or grips: the process may end. */
  isAtRest(core: TCore): boolean;
  /** Size of what hangs in an arm's tool by the books, m; null: nothing known. For the monitor. */
  heldItemSizeM(core: TCore, armId: string): readonly [number, number, number] | null;
  view(core: TCore): CellView;
  tasks(core: TCore, filter: { readonly state: string | null; readonly limit: number }): readonly TaskView[];
  task(core: TCore, taskId: string): TaskView | null;
  order(core: TCore, orderId: string): OrderView | null;
  schedule(core: TCore, nowUs: number): ScheduleAccount;
  books(core: TCore, limits: BooksLimits): BooksView;
}

export type Notice = Extract<CoreEffect, { kind: 'notice' }>;

/** Why the loop ended by itself. `controller-failed`: a bug. */
export type FatalFault =
  | JournalFault
  | {
      readonly code: 'controller-failed';
      /** Where the tick was put down on which it failed. */
      readonly file: string;
      readonly detail: string;
      readonly remedy: string;
    };

/** The present configuration, and what is done when the journal was written under another one. */
export interface ConfigurationHandling<TCore> {
  /** Tells whether two configurations are the same. */
  readonly hash: string;
  readonly modelJson: string;
  /** The core under a configuration that the journal was written with: what happened then is replayed under it. */
  readonly coreOf: (modelJson: string) => Reducer<TCore>;
  /** Why the stored state cannot go on under the present configuration; null: it can. */
  readonly refuse: (storedModelJson: string, state: unknown) => string | null;
}

export interface ControlLoopOptions<TCore> {
  readonly core: RuntimeCore<TCore>;
  /** Absent: the journal keeps no configuration, and is replayed under the present one. */
  readonly configuration?: ConfigurationHandling<TCore>;
  readonly journal: Journal;
  readonly drivers: readonly ArmDriver[];
  readonly io: CellIo;
  /** PLCs with permissions and shared zones; absent: the cell has none. */
  readonly plc?: PlcPort;
  /** Watches the arms' measured positions and stops them; null: nothing does. */
  readonly monitor: MonitorState | null;
  readonly planner: PlannerPort;
  readonly clock: MachineClock;
  readonly by: Omit<Takeover, 'wallMs'>;
  readonly tickMs: number;
  readonly intake: IntakeLimits & {
    /** Requests given to the core in one tick. */
    readonly perTickMax: number;
  };
  readonly field: FieldLimits;
  /** A snapshot is stored after so many events, or so long after the last one if there were any. */
  readonly snapshotEvery: { readonly events: number; readonly us: number };
  /** How long a shutdown waits for the arms to come to rest, us. */
  readonly restWithinUs: number;
  /** Where a tick is put down on which the core threw. */
  readonly failedTickFile: string | null;
  readonly onNotice: (notice: Notice) => void;
  /** The loop has stopped the arms and ended; the process has to end, too. */
  readonly onFatal: (fault: FatalFault) => void;
}
