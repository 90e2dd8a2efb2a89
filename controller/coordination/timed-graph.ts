import type { ConflictRegion, Passing } from './conflict-regions.ts';
import { conflictRegions, lastEntryUs } from './conflict-regions.ts';
import type { DependencyGraph, GraphLeg, OrderedConflict, Precedence } from './dependency-graph.ts';
import type { SampledLeg } from './leg-samples.ts';

/** A leg with the instant at which it is to begin, driven from there at its nominal rate. */
export interface TimedLeg extends GraphLeg {
  readonly startUs: number;
  readonly samples: SampledLeg;
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
 */
export function graphOfSchedule(
  sequences: readonly (readonly TimedLeg[])[],
  regionsOf: RegionsOf,
): TimedGraph {
  const conflicts: OrderedConflict[] = [];
  const places = sequences.map((sequence) => sequence.map((leg, k): PlacedLeg => ({ leg, sequence, k })));
  for (let a = 0; a < places.length; a += 1) {
    for (let b = a + 1; b < places.length; b += 1) {
      for (const legA of places[a]) {
        for (const legB of places[b]) {
          const regions = regionsOf(legA.leg.samples, legB.leg.samples);
          for (const [k, region] of regions.entries()) {
            const ordered = orderOf(legA, legB, region, k);
            if (ordered === null) {
              return { status: 'conflict', legIds: [legA.leg.id, legB.leg.id], region };
            }
            conflicts.push(ordered);
          }
        }
      }
    }
  }
  const legs = sequences.map((sequence) =>
    sequence.map(({ id, armId, durationUs }): GraphLeg => ({ id, armId, durationUs })),
  );
  return { status: 'built', graph: { sequences: legs, conflicts } };
}

interface PlacedLeg {
  readonly leg: TimedLeg;
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
  if (isOnTime(aFirst)) return { ...base, chosen: 0 };
  if (isOnTime(bFirst)) return { ...base, chosen: 1 };
  return null;
}

function isLast({ sequence, k }: PlacedLeg): boolean {
  return k === sequence.length - 1;
}

interface TimedDemand {
  readonly precedence: Precedence;
  readonly isMet: boolean;
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
    result.push({
      precedence: {
        first: { legId: first.leg.id, atUs: firstUs },
        then: { legId: waiting.leg.id, atUs: waiting.atUs },
      },
      isMet: first.leg.startUs + firstUs <= waiting.leg.startUs + waiting.atUs,
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

function isOnTime(timed: readonly TimedDemand[] | null): boolean {
  return timed !== null && timed.every(({ isMet }) => isMet);
}
