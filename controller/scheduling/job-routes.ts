import type { CarriedItem } from '../../arms/planning/scene.ts';
import type { Configuration } from './job-arm.ts';
import { moveS } from './job-arm.ts';
import type { Column } from './job-columns.ts';
import { shifted, turnsTowards } from './job-columns.ts';
import type { JobContext } from './job-context.ts';
import { noMotion } from './job-context.ts';
import type { Lift } from './job-ends.ts';
import type { Care, Transfer } from './job-transfer.ts';
import { findTransfer, searchTransfer } from './job-transfer.ts';

/** Pairs of ends for which a motion is looked for, quickest first. */
const PAIRS_MAX = 24;

/** Ways to the pick point, and for each to the place point, that are combined: those nearest at hand. */
const ENDS_MAX = 8;

/** A way to one of several columns. */
export interface Arrival {
  readonly column: Column;
  readonly transfer: Transfer;
}

/** Ways to the pick point and on to the place point. */
export interface JobRoute {
  readonly pick: Column;
  readonly place: Column;
  readonly reach: Transfer;
  readonly carry: Transfer;
}

/** A way to one of several configurations, named by its index. */
export interface Found {
  readonly transfer: Transfer;
  readonly goal: number;
}

function straight(
  context: JobContext,
  from: Configuration,
  to: Configuration,
  item: CarriedItem | null,
  care: Care,
): Transfer | null {
  const { jobArm, scene, hubs, budget } = context;
  return findTransfer(jobArm, scene, hubs, from, to, item, care, budget);
}

function search(
  context: JobContext,
  from: Configuration,
  goals: readonly Configuration[],
  item: CarriedItem | null,
  attempt: number,
): Found | null {
  const { jobArm, scene, request, budget } = context;
  return searchTransfer(jobArm, scene, from, goals, item, request.seed + attempt, budget);
}

/**
 * Another way than the one that turned out to touch something once it was timed: first a simple one checked all the
 * way, then by random search, each attempt a different one.
 */
export function otherWay(
  context: JobContext,
  from: Configuration,
  to: Configuration,
  item: CarriedItem | null,
  attempt: number,
): Transfer | null {
  if (attempt === 0) return straight(context, from, to, item, 'whole');
  return search(context, from, [to], item, attempt)?.transfer ?? null;
}

/** Straight moves first; random search when none of them is free. */
export function findWay(
  context: JobContext,
  from: Configuration,
  goals: readonly Configuration[],
  item: CarriedItem | null,
): Found | null {
  for (const [goal, to] of goals.slice(0, PAIRS_MAX).entries()) {
    const transfer = straight(context, from, to, item, 'looks');
    if (transfer !== null) return { transfer, goal };
  }
  return search(context, from, goals, item, 0);
}

/** Columns by whole turns as near as can be to `from`, quickest first. */
function optionsFrom(
  { jobArm }: JobContext,
  columns: readonly Column[],
  from: Configuration,
): { readonly column: Column; readonly boundS: number }[] {
  return columns
    .flatMap((column) => turnsTowards(jobArm, column, from).map((turns) => shifted(column, turns)))
    .map((column) => ({ column, boundS: moveS(jobArm.limits, from, column.high) }))
    .sort((a, b) => a.boundS - b.boundS);
}

/** The quickest way found to any of the columns; throws `Failed` when there is none. */
export function bestTo(
  context: JobContext,
  lift: Lift,
  columns: readonly Column[],
  item: CarriedItem | null,
): Arrival {
  const options = optionsFrom(context, columns, lift.high);
  let best: Arrival | null = null;
  for (const { column, boundS } of options.slice(0, PAIRS_MAX)) {
    if (best !== null && boundS >= best.transfer.estimateS) break;
    const transfer = straight(context, lift.high, column.high, item, 'looks');
    if (transfer !== null && (best === null || transfer.estimateS < best.transfer.estimateS)) {
      best = { column, transfer };
    }
  }
  if (best !== null) return best;
  const found = search(context, lift.high, options.map((option) => option.column.high), item, 0); // prettier-ignore
  if (found === null) throw noMotion(context, 'to above the point');
  return { column: options[found.goal].column, transfer: found.transfer };
}

/** Pick and place columns with the shortest motions to the one and on to the other. */
export function bestPair(
  context: JobContext,
  lift: Lift,
  picks: readonly Column[],
  places: readonly Column[],
  item: CarriedItem | null,
): JobRoute {
  const reachOptions = optionsFrom(context, picks, lift.high);
  const pairs = reachOptions
    .slice(0, ENDS_MAX)
    .flatMap((reach) =>
      optionsFrom(context, places, reach.column.high)
        .slice(0, ENDS_MAX)
        .map((carry) => ({
          reach,
          place: carry.column,
          carryS: carry.boundS,
        })),
    )
    .sort((a, b) => a.reach.boundS + a.carryS - b.reach.boundS - b.carryS);
  const reaches = new Map<Column, Transfer | null>();
  let best: JobRoute | null = null;
  let bestS = Infinity;
  let tries = 0;
  for (const { reach: option, place, carryS } of pairs) {
    if (option.boundS + carryS >= bestS || tries >= PAIRS_MAX) break;
    const pick = option.column;
    let reach = reaches.get(pick);
    if (reach === undefined) {
      reach = straight(context, lift.high, pick.high, null, 'looks');
      reaches.set(pick, reach);
    }
    if (reach === null || reach.estimateS + carryS >= bestS) continue;
    tries += 1;
    const carry = straight(context, pick.high, place.high, item, 'looks');
    if (carry === null || reach.estimateS + carry.estimateS >= bestS) continue;
    bestS = reach.estimateS + carry.estimateS;
    best = { pick, place, reach, carry };
  }
  return best ?? searchPair(context, lift, reachOptions, places, item);
}

/** The same by random search: to any way down to the pick point, and from there on to any to the place point. */
function searchPair(
  context: JobContext,
  lift: Lift,
  options: readonly { readonly column: Column }[],
  places: readonly Column[],
  item: CarriedItem | null,
): JobRoute {
  let picks = options.map((option) => option.column);
  let reason = 'to above the pick point';
  while (picks.length > 0 && context.budget.spent() <= context.budget.max) {
    const reach = findWay(
      context,
      lift.high,
      picks.map((column) => column.high),
      null,
    );
    if (reach === null) break;
    const pick = picks[reach.goal];
    const goals = optionsFrom(context, places, pick.high).map((option) => option.column);
    const carry = findWay(
      context,
      pick.high,
      goals.map((column) => column.high),
      item,
    );
    if (carry !== null) {
      return { pick, place: goals[carry.goal], reach: reach.transfer, carry: carry.transfer };
    }
    reason = 'from above the pick point to above the place point';
    picks = picks.filter((column) => column !== pick);
  }
  throw noMotion(context, reason);
}
