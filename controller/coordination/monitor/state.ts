import type { StopKind } from '../../ports.ts';
import type { Watch } from './claim.ts';
import type { MonitorFaultCode, MonitorLimits } from './reading.ts';

/** What the monitor knows; made and changed by `monitor.ts` alone. */
export interface MonitorState {
  readonly watches: readonly Watch[];
  readonly limits: MonitorLimits;
  /** Nearer than this is a reason to stop, m. */
  readonly stopBelowM: number;
  readonly pairs: readonly Pair[];
  readonly statistics: MonitorStatistics;
  /** Instant of the last evaluation, us; -1: there was none. */
  evaluatedUs: number;
}

/** Two arms that can reach one another. */
export interface Pair {
  readonly a: number;
  readonly b: number;
  /** When they were last found well apart: what lay between them, and how far each had come. */
  known: {
    readonly slackM: number;
    readonly versions: string;
    readonly a: Standing;
    readonly b: Standing;
  } | null;
  /** They rest nearer than allowed, at this distance, m: they may move as long as they do not come nearer. */
  nearRestM: number | null;
}

/** How far an arm had come when a pair was looked at. */
export interface Standing {
  readonly movedM: number;
  readonly from: number;
  readonly until: number;
  readonly offsetM: number;
}

export interface MonitorStatistics {
  evaluations: number;
  /** Pairs looked at in all evaluations, and places looked at for them. */
  pairsLooked: number;
  looks: number;
  /** Searches given up for want of effort. */
  undecided: number;
  verdicts: number;
  stops: number;
  /** Least distance predicted between arms so far, m; null: none came near. */
  predictedMinM: number | null;
  /** The same in the last evaluation. */
  predictedNowM: number | null;
}

export interface MonitorStop {
  readonly armId: string;
  readonly stop: StopKind;
}

/** Why arms have to stop, as plain data: it is journalled as it is. */
export interface MonitorVerdict {
  readonly kind: MonitorFaultCode;
  /** The arms concerned, one or two. */
  readonly armIds: readonly string[];
  /** The links that come nearest, in the order of the arms; null: it is about one arm. */
  readonly links: readonly [string, string] | null;
  /** Distance of the two arms as measured now, and the least one predicted, m. */
  readonly distanceM: number | null;
  readonly predictedM: number | null;
  readonly detail: string;
  /** What has to go out at once. */
  readonly stops: readonly MonitorStop[];
}

/** What geometry and numbers may be off; also how much of the clearance a prediction may lack, m. */
export const TOLERANCE_M = 0.001;
