import type { Pose, Vec3 } from '../../arms/geometry/pose.ts';
import type { Obstacle } from '../../arms/geometry/shape.ts';
import type { Manipulator } from '../../arms/model/manipulator.ts';
import type { ExceptionKind, PolicyStep } from './exception.ts';
import type { PlcModel } from './permission.ts';

/** An arm as it stands in the cell. */
export interface ArmModel {
  readonly id: string;
  readonly manipulator: Manipulator;
  readonly X_WB: Pose;
  /** The resting pose: out of the way of every other arm. */
  readonly park: readonly number[];
}

/**
 * Where a container can stand. `bin`: storage containers, exchanged by the shuttle. `station`: order totes.
 * `induct`: totes with goods to be stowed.
 */
export type PlaceKind = 'bin' | 'station' | 'induct';

export interface Place {
  readonly id: string;
  readonly kind: PlaceKind;
  /** Centre of the container's inner floor, world frame; containers stand axis-parallel, z up. */
  readonly positionM: Vec3;
  readonly innerSizeM: readonly [number, number, number];
  /** Cells of the item grid along x and y. */
  readonly grid: readonly [number, number];
}

/** A vertical prism of the shared space which one arm holds at a time; x and y bounds in the world frame, m. */
export interface Zone {
  readonly id: string;
  readonly minM: readonly [number, number];
  readonly maxM: readonly [number, number];
}

export interface Logistics {
  /** Time from asking for another storage tote to its arrival in the bin place. */
  readonly shuttleExchangeUs: number;
  /** Exchanges the shuttle can have under way at once. */
  readonly shuttleParallel: number;
  /** Time from a full order tote's leaving to the next one's arrival. */
  readonly toteExchangeUs: number;
}

/** How fast an arm may be asked to do things; deadlines after which it counts as not answering. */
export interface Deadlines {
  readonly acceptUs: number;
  /** Added to a motion's nominal duration (which speed scaling and waiting stretch only while granted). */
  readonly motionMarginUs: number;
  readonly gripUs: number;
  readonly ioUs: number;
  readonly planUs: number;
}

/**
 * `sequential`: one arm moves at a time. `zone-interlock`: an arm takes all zones of its job before it starts.
 * `greedy`, `magpie`: arms share space in time, each conflict given an order; greedy takes the nearest task first come
 * first served, magpie looks ahead.
 */
export const COORDINATION_POLICIES = ['sequential', 'zone-interlock', 'greedy', 'magpie'] as const;
export type CoordinationPolicy = (typeof COORDINATION_POLICIES)[number];

/** Whether arms share space by zones, or by passing each contested place one after the other. */
export function sharingOf(policy: CoordinationPolicy): 'zones' | 'passages' {
  return policy === 'greedy' || policy === 'magpie' ? 'passages' : 'zones';
}

/** A task whose points are given in the world, as benchmark cells have them; it bypasses orders and stock. */
export interface FixedTask {
  readonly id: string;
  readonly kind: 'pick' | 'stow' | 'consolidate';
  readonly from: string;
  readonly to: string;
  readonly pickM: Vec3;
  readonly placeM: Vec3;
  readonly itemSizeM: readonly [number, number, number];
  readonly itemMassKg: number;
  /** Arms whose kinematics reach both points. */
  readonly reachableBy: readonly string[];
}

/** Everything the core knows of the cell; made by `config/`, plain data, never changed while running. */
export interface CellModel {
  readonly name: string;
  /** Distance that any two arms (links, tools, carried items) keep, m. */
  readonly clearanceM: number;
  /** Length of the straight vertical approach and retreat above a pick or place point, m. */
  readonly approachM: number;
  readonly graspDwellUs: number;
  readonly releaseDwellUs: number;
  readonly arms: readonly ArmModel[];
  readonly places: readonly Place[];
  readonly obstacles: readonly Obstacle[];
  readonly zones: readonly Zone[];
  readonly logistics: Logistics;
  readonly deadlines: Deadlines;
  readonly policy: CoordinationPolicy;
  /** What is tried, in order, for each kind of exception; after the last step a person is asked. */
  readonly exceptionPolicies: Readonly<Record<ExceptionKind, readonly PolicyStep[]>>;
  /** Declared cost of one planner iteration in simulated time, us. */
  readonly planCostUs: number;
  /** Cells of benchmark format: their tasks; else empty. */
  readonly fixedTasks: readonly FixedTask[];
  /** Permissions and shared zones of PLCs; absent in a cell without any. */
  readonly plc?: PlcModel;
}
