import type { MonitorLimits } from '../controller/coordination/monitor.ts';

/**
 * What the simulated world is told about itself: plain data, so that a run can be repeated from its printed
 * settings. Rates are probabilities per event in 0..1 unless their name says otherwise; instants and durations are
 * integer microseconds.
 */

/** How often things go wrong with goods. */
export interface ExceptionRates {
  /** Per storage container at creation: one unit fewer lies in it than the storage system declares. */
  readonly stockShort: number;
  /** Of the units missing that way, the share that a person who looks for it finds. */
  readonly missingFound: number;
  /** Per grasp on a unit that is there: the tool comes up empty. */
  readonly graspFailed: number;
  /** Per grasp on a stack of two or more: the unit below comes along. */
  readonly doublePick: number;
  /** Per successful grasp: the unit falls during the motion that follows. */
  readonly dropped: number;
  /** Per release: the unit does not leave the tool, or something is in the way. */
  readonly placeBlocked: number;
}

/** How often the equipment fails, per arm and hour of the world's time. */
export interface FaultRates {
  readonly stallPerHour: number;
  readonly commsLostPerHour: number;
  readonly gripperLossPerHour: number;
  readonly protectiveStopPerHour: number;
  readonly slowPerHour: number;
  /** How long a drawn stall, loss of communication or slowness lasts, us. */
  readonly durationUs: { readonly min: number; readonly max: number };
}

/** Motions that take longer than planned, as on a robot whose path is slowed by its own controller. */
export interface MotionDelays {
  /** Probability that a motion is slow. */
  readonly share: number;
  /** By how much longer a slow one takes, as a share of its duration: 0.5 is half as long again. */
  readonly extra: { readonly min: number; readonly max: number };
}

/** The simulated person who answers the queue of exceptions. */
export interface OperatorSettings {
  /** Time from an exception's appearing to its answer, us. */
  readonly answerAfterUs: { readonly min: number; readonly max: number };
}

export interface SimSettings {
  readonly seed: number;
  /** Step of the simulated controllers in the arms; the world advances in whole steps of it, us. */
  readonly stepUs: number;
  /** How far the measured position is behind the reference, us. */
  readonly trackingLagUs: number;
  /** How long an arm goes on moving without hearing from its controller, us; null: it does not ask. */
  readonly leaseUs: number | null;
  /** Interval of `state` events, us; null: none, positions are read from the world. */
  readonly sampleEveryUs: number | null;
  /** Deceleration of a protective stop, as a multiple of each joint's `accelerationMax`. */
  readonly protectiveDeceleration: number;
  /** How far the tool tip may be from the centre of an item's top for the cup to seal, m. */
  readonly graspToleranceM: { readonly horizontal: number; readonly vertical: number };
  /** Standard deviation of the measured load as a share of the true one. */
  readonly massNoise: number;
  readonly rates: ExceptionRates;
  readonly faults: FaultRates;
  /** Absent: every motion takes its time. For campaigns. */
  readonly delays?: MotionDelays;
  /** null: nobody answers. */
  readonly operator: OperatorSettings | null;
  /** Time an induct tote takes on the conveyor from its free place to standing in it, us. */
  readonly inductArrivalUs: number;
}

/**
 * The default rates, each with where it comes from.
 *
 * - `graspFailed` 1.80 % and `doublePick` 0.84 %: missed picks and multi-picks of the Robin work cells over more
 *   than two million picks with vacuum tools (Li et al., "Learning to Optimize Package Picking for Large-Scale,
 *   Real-World Robot Induction", arXiv:2506.09765). The 4.5 % infeasible picks of the same paper are not drawn:
 *   here infeasibility follows from reach, size and mass, and the planner finds it.
 * - `stockShort` 0.5 %: the best warehouses report 99.5 % of their locations with the right quantity (Infios,
 *   "Inventory accuracy"); a storage container is a location.
 * - The Pick deployment of 2024 rejected 19.4 % of its pick requests, mostly because items were not recognised
 *   (press summaries of the 2025 paper). Declared SKUs are always recognised here, so this figure is not part of
 *   the default; `HARSH_RATES` uses it.
 * - `dropped`, `placeBlocked` and `missingFound` have no published figure known to us that fits boxes and
 *   suction tools. Assumed: 0.3 % of carries lost and 0.5 % of releases blocked, both below the rate of missed
 *   picks because the seal has been tested by then; half of the missing units lie nearby.
 */
const DEFAULT_RATES: ExceptionRates = {
  stockShort: 0.005,
  missingFound: 0.5,
  graspFailed: 0.018,
  doublePick: 0.0084,
  dropped: 0.003,
  placeBlocked: 0.005,
};

/** Nothing goes wrong with goods: `exceptions off`. */
export const NO_EXCEPTIONS: ExceptionRates = {
  stockShort: 0,
  missingFound: 0,
  graspFailed: 0,
  doublePick: 0,
  dropped: 0,
  placeBlocked: 0,
};

/**
 * For campaigns: every fifth grasp fails, as with the 19.4 % rejected requests of the Pick deployment, and the
 * other default rates are ten times as high.
 */
export const HARSH_RATES: ExceptionRates = {
  stockShort: 0.05,
  missingFound: 0.5,
  graspFailed: 0.194,
  doublePick: 0.084,
  dropped: 0.03,
  placeBlocked: 0.05,
};

/** Faults come from campaigns and from `inject` only. */
export const NO_FAULTS: FaultRates = {
  stallPerHour: 0,
  commsLostPerHour: 0,
  gripperLossPerHour: 0,
  protectiveStopPerHour: 0,
  slowPerHour: 0,
  durationUs: { min: 1_000_000, max: 10_000_000 },
};

/** What the monitor allows for in a run in simulated time: a stop takes effect with the next step of the world. */
export const PLAY_MONITOR: MonitorLimits = { reactionUs: 20_000, sampleAgeMaxUs: 100_000 };

/**
 * Settings of a run in simulated time. A lag of 24 ms is three cycles of a 125 Hz position interface. The measured
 * load scatters by 2 %, half of what tells one unit from one and a bit; a protective stop at exactly
 * `accelerationMax`, without jerk limit, is the least that drives which can follow the trajectory can do, so
 * stopping distances come out long rather than short.
 */
export function playSettings(seed: number): SimSettings {
  return {
    seed,
    stepUs: 10_000,
    trackingLagUs: 24_000,
    leaseUs: null,
    sampleEveryUs: 20_000,
    protectiveDeceleration: 1,
    graspToleranceM: { horizontal: 0.015, vertical: 0.008 },
    massNoise: 0.02,
    rates: DEFAULT_RATES,
    faults: NO_FAULTS,
    operator: { answerAfterUs: { min: 20_000_000, max: 90_000_000 } },
    inductArrivalUs: 8_000_000,
  };
}
