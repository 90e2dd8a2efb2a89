import type { ConflictRegion, Passing } from './conflict-regions.ts';
import { conflictRegions, lastEntryUs } from './conflict-regions.ts';
import type { DependencyGraph, GraphLeg, OrderedConflict, Precedence } from './dependency-graph.ts';
import type { SampledLeg } from './leg-samples.ts';

/** A leg with the instant at which it is to begin, driven from there at its nominal rate. */
export interface TimedLeg extends GraphLeg {
  readonly startUs: number;
  readonly samples: SampledLeg;
  /** Progress at which the arm has to begin to brake so as to rest at `atUs`, us. */
  brakeFromUs(atUs: number): number;
}

export type TimedGraph =
  | { readonly status: 'built'; readonly graph: DependencyGraph }
  /** Two legs would be too close at these times: the schedule was no schedule. */
  | {
      readonly status: 'conflict';
      readonly legIds: readonly [string, string];
      readonly region: ConflictRegion;
    };

/** Finds the regions of two legs; to be replaced by one that remembers them. */
export type RegionsOf = (a: SampledLeg, b: SampledLeg) => readonly ConflictRegion[];

export function regionsWith(marginM: number): RegionsOf {
  return (a, b) => conflictRegions(a, b, marginM);
}

/**
 * Makes a dependency graph of a schedule: at every conflict of two legs whoever passes it first in the schedule has
 * it first. Every demand goes from an earlier instant of the schedule to a later one, so there can be no cycle.
 *
 * An arm that waits between two legs stands where the next one begins. So "not beyond the beginning of a leg" is a
 * demand on the leg before: not to its very end. An arm's first leg has none before it, and there the arm is first;
 * its last leg ends where the arm stays, and there the other is first.
 *
 * @param sequences per arm its legs in order, the last of them ending where the arm may stay
 * @param neighbours per arm the arms that it can meet
 * @param extent `all`: every conflict is named, so that orders can be switched later. `needed`: conflicts of legs of
 *   which one is known to be over before the other begins are left out; the graph is for execution in this order
 */
export function graphOfSchedule(
  sequences: readonly (readonly TimedLeg[])[],
  neighbours: readonly (readonly number[])[],
  regionsOf: RegionsOf,
  extent: 'all' | 'needed',
): TimedGraph {
  const conflicts: OrderedConflict[] = [];
  const places = sequences.map((sequence, arm) =>
    sequence.map((leg, k): PlacedLeg => ({
      leg,
      arm,
      sequence,
      k,
      over: new Int32Array(sequences.length),
    })),
  );
  const byId = new Map(places.flat().map((place) => [place.leg.id, place]));
  const inOrder = places.flat().sort((a, b) => a.leg.startUs - b.leg.startUs || a.arm - b.arm || a.k - b.k);
  const begun = sequences.map(() => 0);
  for (const later of inOrder) {
    const before = places[later.arm][later.k - 1];
    before?.over.forEach((count, arm) => (later.over[arm] = Math.max(later.over[arm], count)));
    const found: OrderedConflict[] = [];
    for (const other of neighbours[later.arm]) {
      const known = extent === 'all' ? 0 : later.over[other];
      for (let k = begun[other] - 1; k >= known; k -= 1) {
        const earlier = places[other][k];
        const [a, b] = earlier.arm < later.arm ? [earlier, later] : [later, earlier];
        for (const [n, region] of regionsOf(a.leg.samples, b.leg.samples).entries()) {
          const ordered = orderOf(a, b, region, n);
          if (ordered === null) return { status: 'conflict', legIds: [a.leg.id, b.leg.id], region };
          found.push(ordered);
        }
      }
    }
    begun[later.arm] += 1;
    conflicts.push(...found);
    for (const conflict of found) learn(places, byId, conflict);
  }
  const legs = sequences.map((sequence) =>
    sequence.map(({ id, armId, durationUs }): GraphLeg => ({ id, armId, durationUs })),
  );
  return { status: 'built', graph: { sequences: legs, conflicts } };
}

/** Draws from a demand what is over when the leg after it begins. */
function learn(
  places: readonly (readonly PlacedLeg[])[],
  byId: ReadonlyMap<string, PlacedLeg>,
  conflict: OrderedConflict,
): void {
  for (const { first, then } of conflict.orders[conflict.chosen] ?? []) {
    const source = byId.get(first.legId)!;
    const after = byId.get(then.legId)!;
    const next = places[after.arm][after.k + 1];
    if (next === undefined) continue;
    const own = source.k + (first.atUs >= source.leg.durationUs ? 1 : 0);
    for (let arm = 0; arm < places.length; arm += 1) {
      next.over[arm] = Math.max(next.over[arm], arm === source.arm ? own : source.over[arm]);
    }
  }
}

interface PlacedLeg {
  readonly leg: TimedLeg;
  readonly arm: number;
  /** Per arm how many of its legs are known to be over when this one begins. */
  readonly over: Int32Array;
  readonly sequence: readonly TimedLeg[];
  readonly k: number;
}

/** The conflict with the order that the times give it; null when they give it none. */
function orderOf(a: PlacedLeg, b: PlacedLeg, region: ConflictRegion, number: number): OrderedConflict | null {
  const aFirst = region.aEnds && isLast(a) ? null : demands(a, b, region.aFirst);
  const bFirst = region.bEnds && isLast(b) ? null : demands(b, a, region.bFirst);
  const base = {
    id: `${a.leg.id}|${b.leg.id}|${number}`,
    legIds: [a.leg.id, b.leg.id] as const,
    orders: [precedences(aFirst), precedences(bFirst)] as const,
  };
  for (const by of ['brake', 'pass'] as const) {
    if (isOnTime(aFirst, by)) return { ...base, chosen: 0 };
    if (isOnTime(bFirst, by)) return { ...base, chosen: 1 };
  }
  return null;
}

function isLast({ sequence, k }: PlacedLeg): boolean {
  return k === sequence.length - 1;
}

interface TimedDemand {
  readonly precedence: Precedence;
  /** By how much the schedule meets it, us: before the arm would have to brake, and before it passes. */
  readonly brake: number;
  readonly pass: number;
}

function demands(
  first: PlacedLeg,
  then: PlacedLeg,
  passings: readonly Passing[],
): readonly TimedDemand[] | null {
  const result: TimedDemand[] = [];
  for (const { firstUs, thenUs } of passings) {
    const waiting = thenUs > 0 ? { leg: then.leg, atUs: thenUs } : beforeBegin(then);
    if (waiting === null) return null;
    const { leg, atUs } = waiting;
    const brakeUs = leg.brakeFromUs(atUs);
    const slackUs = leg.startUs - first.leg.startUs - firstUs;
    result.push({
      precedence: { first: { legId: first.leg.id, atUs: firstUs }, then: { legId: leg.id, atUs, brakeUs } },
      brake: slackUs + brakeUs,
      pass: slackUs + atUs,
    });
  }
  return result;
}

/** The last point before an arm stands where a leg begins: shortly before the end of the leg before. */
function beforeBegin({ sequence, k }: PlacedLeg): { readonly leg: TimedLeg; readonly atUs: number } | null {
  for (let before = k - 1; before >= 0; before -= 1) {
    const leg = sequence[before];
    const atUs = lastEntryUs(leg.samples);
    if (atUs > 0) return { leg, atUs };
  }
  return null;
}

function precedences(timed: readonly TimedDemand[] | null): readonly Precedence[] | null {
  return timed === null ? null : timed.map(({ precedence }) => precedence);
}

function isOnTime(timed: readonly TimedDemand[] | null, by: 'brake' | 'pass'): boolean {
  return timed !== null && timed.every((demand) => demand[by] >= 0);
}
