import type { DoubtCounts } from './books.ts';
import type { Moment } from './watch.ts';

export type Target = 'controller' | 'simulator' | 'both';

export interface CampaignOptions {
  readonly cellFile: string;
  readonly rounds: number;
  readonly seed: number;
  /** Ordered units that may be open at a time: enough that arms have work, few enough that the end is near. */
  readonly openUnitsMax: number;
  /** Called after every round, for who watches. */
  readonly onRound: (round: RoundReport) => void;
}

export interface RoundReport {
  readonly round: number;
  readonly target: Target;
  readonly moment: string;
  readonly inDoubt: number;
  readonly seconds: number;
}

export interface CampaignReport {
  readonly seed: number;
  readonly rounds: number;
  readonly kills: Record<Target, number> & { duringRestart: number };
  readonly requests: { readonly sent: number; readonly repeated: number };
  readonly orders: number;
  readonly units: { readonly placed: number; readonly cancelled: number; readonly excepted: number };
  readonly motions: number;
  readonly inDoubt: DoubtCounts;
  readonly answersByPerson: number;
  readonly journal: { readonly ticks: number; readonly epochs: number };
  readonly lost: number;
  readonly doubled: number;
  readonly wrong: readonly string[];
  readonly seconds: number;
  /** Where everything was kept, when something was wrong. */
  readonly directory: string | null;
}

/** Generous: a slow machine must not look like a fault. */
export const SETTLE_MS = 45_000;
export const DRAIN_MS = 300_000;
/** How long stillness is watched once all rest. */
export const STILL_MS = 250;
export const MOMENT_MS = 4_000;

/** Of a hundred rounds: at which moment of the work the kill comes. */
export const MOMENTS: readonly (readonly [
  share: number,
  moment: Moment | 'commit' | 'any',
  afterMaxMs: number,
])[] = [
  [20, 'submit', 1_500],
  [42, 'grip', 450],
  [13, 'ended', 8],
  [5, 'progressed', 4],
  [10, 'commit', 15],
  [10, 'any', 1_500],
];

/** Goods go wrong about four times as often as by default, transports are quick: more happens between two kills. */
export const SETTINGS = [
  [['logistics', 'shuttle_exchange_s'], 1.5],
  [['logistics', 'tote_exchange_s'], 0.6],
  [['simulator', 'exception_rates', 'stock_short'], 0.02],
  [['simulator', 'exception_rates', 'grasp_failed'], 0.07],
  [['simulator', 'exception_rates', 'double_pick'], 0.03],
  [['simulator', 'exception_rates', 'dropped'], 0.02],
  [['simulator', 'exception_rates', 'place_blocked'], 0.02],
] as const;
