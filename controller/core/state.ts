import type { LossCause } from '../domain/loss-cause.ts';
import type { ArmMachineState } from '../machines/arm.ts';
import type { GraphLeg, OrderedConflict } from '../coordination/dependency-graph.ts';
import type { CellMachineState } from '../machines/cell.ts';
import type { ConnectionMachineState } from '../machines/connection.ts';
import type { TaskContext, TaskState } from '../machines/task.ts';
import type { Container } from '../domain/container.ts';
import type { ExceptionKind, OpenException, PolicyStep } from '../domain/exception.ts';
import type { Order } from '../domain/order.ts';
import type { Vec3 } from '../../arms/geometry/pose.ts';
import type { PlcState } from './plc-state.ts';
import type { ArmOutcome, Holding, IoRequest, SkuDeclaration } from '../ports.ts';
import type { Item, JobPlanResult, LegName, PlannedLeg } from '../scheduling/job-plan.ts';

/**
 * Everything the controller knows, as plain data: the journal's snapshot is this object, and its hash says whether a
 * replay came to the same end. What can be computed from it stands in `Derived`, not here.
 */
export interface CoreState {
  readonly version: 1;
  /** Instant of the last step. */
  nowUs: number;
  epoch: number;
  /** Ties the core's clock to the calendar, for ship-by times. */
  anchor: { readonly wallMs: number; readonly nowUs: number };
  cell: CellMachineState;
  /** Last number given to commands, requests, tasks and order totes. */
  readonly counters: {
    command: number;
    request: number;
    task: number;
    order: number;
    tote: number;
    job: number;
  };
  readonly arms: Record<string, ArmState>;
  /** The link to shuttle, conveyors and sensors. */
  readonly io: { link: ConnectionMachineState; inventoryKnown: boolean };
  /** Permissions and shared zones of PLCs. */
  readonly plc: PlcState;
  readonly skus: Record<string, SkuDeclaration>;
  readonly containers: Record<string, Container>;
  readonly places: Record<string, PlaceState>;
  readonly orders: Record<string, Order>;
  /** Orders not begun, in the order in which they are to be served. */
  readonly waitingOrders: string[];
  /** Completed orders, oldest first; only the newest are kept. */
  readonly completedOrders: string[];
  /** Tasks that have not ended. */
  readonly tasks: Record<string, Task>;
  /** The last tasks that ended, oldest first. */
  readonly endedTasks: EndedTask[];
  readonly returns: Record<
    string,
    { readonly sku: string; readonly quantity: number; readonly matched: number }
  >;
  /** Ids of requests taken that nothing else would show, oldest first: a repeat does nothing. */
  readonly seenRequests: string[];
  /** Requests to the surroundings that have not been answered. */
  readonly ioRequests: Record<string, OpenIoRequest>;
  /** Who holds which zone; `*` is the whole cell (policy sequential). */
  readonly zones: Record<string, string>;
  /** Accepted legs that are not over, and who goes first where they meet (policies that pass one after the other). */
  readonly passages: PassageBook;
  /** Pairs `arm|from place|to place` for which no motion was found. */
  readonly unreachable: Record<string, string>;
  readonly alarms: Record<
    string,
    { readonly code: string; readonly message: string; readonly sinceUs: number }
  >;
  readonly totals: Totals;
  /** Instants of the last units placed, for the rate; bounded. */
  readonly recentUnitsUs: number[];
}

export interface Totals {
  unitsDone: number;
  tasksDone: number;
  tasksCancelled: number;
  tasksExcepted: number;
  linesEnded: { fulfilled: number; cancelled: number; excepted: number };
  linesTotal: number;
  ordersCompleted: number;
  plans: number;
  plansFailed: number;
}

export interface PassageBook {
  /** By arm: the leg under way or next to begin, then those after it. */
  readonly sequences: Record<string, readonly GraphLeg[]>;
  conflicts: readonly OrderedConflict[];
}

export interface ArmState {
  readonly id: string;
  machine: { readonly value: ArmMachineState };
  /** Joint positions where the arm last rested; null before it was first heard. */
  positions: readonly number[] | null;
  holding: Holding;
  job: Job | null;
  /** The job after this one, being planned or planned ahead. */
  next: NextJob | null;
  /** The command the arm has not finished. */
  command: {
    readonly id: string;
    readonly kind: 'leg' | 'grip' | 'claim' | 'stop';
    accepted: boolean;
    /** Null while the arm waits on its way for space: that may take as long as it takes. */
    deadlineUs: number | null;
    /** Legs: progress up to which the arm may go, us. */
    grantedUs: number;
  } | null;
  /** Since when it has a planned job but not the space for it; null: it does not wait. */
  waitingSinceUs: number | null;
  /** Jobs done without giving the cell away (policy sequential). */
  turns: number;
  /** Consecutive refusals and time-outs; three make it faulted. */
  troubles: number;
  fault: { readonly code: string; readonly detail: string } | null;
  unitsDone: number;
  /** The arm that holds the space it waits for, or goes first; null: it waits for nobody. */
  waitsFor: string | null;
  loss: {
    cause: LossCause;
    /** For whom it waits; null unless the cause is `waiting`. */
    waitsFor: string | null;
    readonly totalsUs: Record<LossCause, number>;
    /** Of `waiting`: by the arm that held the space. */
    readonly waitingUs: Record<string, number>;
  };
}

/** Where in its job an arm is: on a leg, or at one of the stops between. */
export type JobStage =
  | LegName
  | 'grasp'
  /** Finding out why a grasp failed. */
  | 'inspect'
  /** Letting two units fall back where they were. */
  | 'put-back'
  | 'release';

/** The places at which a job picks and puts down; null: it does not. */
export interface JobPlaces {
  readonly pick: string | null;
  readonly place: string | null;
}

export interface Job {
  /** Running number; with the name of a leg it makes the leg's id. */
  readonly number: number;
  readonly placeIds: JobPlaces;
  /** Null: the arm goes to its park pose and has no task. */
  taskId: string | null;
  readonly legs: Partial<Record<LegName, PlannedLeg>>;
  stage: JobStage;
  /** Progress made on the present leg, us. */
  progressUs: number;
  readonly towards: JobGoal;
  /** What the job is about to carry, or carries. */
  readonly item: Item | null;
  /** After a put-back: what is to be done about the failed pick. */
  remedy: { readonly kind: ExceptionKind; readonly step: PolicyStep | 'person' } | null;
}

/** `source`: the unit of a cancelled task goes back. */
export type JobGoal = 'destination' | 'source' | 'park';

export interface NextJob {
  /** Of the job it is going to be. */
  readonly number: number;
  readonly placeIds: JobPlaces;
  readonly requestId: string;
  /** Null: only to the park pose, or its task was given up after its space had been granted. */
  taskId: string | null;
  readonly start: readonly number[];
  readonly towards: JobGoal;
  readonly deadlineUs: number;
  readonly item: Item | null;
  result: PlannedJob | null;
  /** What was planned, while it is being compared with legs that were accepted meanwhile. */
  partial: PlannedJob | null;
  /** Accepted legs of other arms that the result was compared with. */
  known: readonly string[];
  /** Its legs are accepted: it will be driven. Always false where space is granted at the beginning of a job. */
  admitted: boolean;
  /** The accepted leg that left no way past, when it was last refused. */
  refusedBy: string | null;
}

export type PlannedJob = Extract<JobPlanResult, { status: 'planned' }>;

export interface PlaceState {
  readonly id: string;
  containerId: string | null;
  /** Stations: the order served here now, and the one to follow, whose goods are fetched ahead. */
  orderId: string | null;
  nextOrderId: string | null;
  /** Under way to this place. */
  exchange: { readonly requestId: string; readonly containerId: string | null } | null;
}

export interface OpenIoRequest {
  readonly request: IoRequest;
  deadlineUs: number;
  /** Inspections: what for. */
  readonly purpose: { readonly armId: string | null; readonly taskId: string | null } | null;
}

export type TaskKind = 'pick' | 'stow' | 'consolidate' | 'fixed';

/** One unit to be moved. */
export interface Task {
  readonly id: string;
  readonly number: number;
  readonly kind: TaskKind;
  machine: { readonly value: TaskState; readonly context: TaskContext };
  readonly sku: string;
  readonly item: Item;
  readonly orderId: string | null;
  readonly lineId: string | null;
  readonly priority: number;
  readonly shipByUs: number | null;
  readonly createdUs: number;
  source: TaskEnd;
  destination: TaskEnd;
  armId: string | null;
  excludedArms: string[];
  excludedSources: string[];
  /** Arms that found no way to it but from their park pose. */
  onlyFromPark: string[];
  /** Grid cells of the destination that were found blocked. */
  excludedCells: number[];
  policySteps: Partial<Record<ExceptionKind, number>>;
  attempts: number;
  exception: OpenException | null;
  /** The command whose result is not known, while in doubt. */
  doubt: { readonly commandId: string; readonly stage: JobStage; readonly unitsBefore: number | null } | null;
  because: string;
}

/** One end of a task: a grid cell of a container, or (benchmark tasks) a point of a place. */
export interface TaskEnd {
  /** Null: not yet decided. */
  containerId: string | null;
  /** Chosen when an arm is assigned. */
  cell: number | null;
  readonly fixed: { readonly placeId: string; readonly pointM: Vec3 } | null;
}

export interface EndedTask {
  readonly id: string;
  readonly kind: TaskKind;
  readonly state: TaskState;
  readonly sku: string;
  readonly orderId: string | null;
  readonly lineId: string | null;
  readonly armId: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly attempts: number;
  readonly because: string;
  readonly endedUs: number;
}

/** What an arm reported of its last command when it was claimed. */
export type LastCommand = { readonly commandId: string; readonly outcome: ArmOutcome } | null;

/** Bounds on everything that grows with what others send. */
export const BOUNDS = {
  waitingOrders: 20_000,
  completedOrders: 20_000,
  endedTasks: 500,
  openTasks: 5_000,
  seenRequests: 20_000,
  returns: 100_000,
  recentUnits: 4_000,
  containers: 200_000,
  /** Tasks of one order that exist at a time; a large order's other units follow as these end. */
  tasksPerOrder: 24,
} as const;
