import type { DependencyGraph, GraphLeg, Precedence } from './dependency-graph.ts';
import { precedencesOf } from './dependency-graph.ts';

/** How far one arm is: on its leg number `leg` (as many as there are: all done), at `progressUs` of it. */
export interface ArmProgress {
  readonly leg: number;
  readonly progressUs: number;
}

/**
 * How far an arm may go: to the end of every leg before number `leg`, and on that leg up to `untilUs`. With nothing in
 * the way that is the end of its last leg.
 */
export interface Grant {
  readonly armId: string;
  readonly leg: number;
  readonly untilUs: number;
  /** The demand that ends the grant; null: nothing does. */
  readonly heldBy: Precedence | null;
}

interface Demand {
  readonly leg: number;
  readonly atUs: number;
  readonly brakeUs: number;
  readonly firstArm: number;
  readonly firstLeg: number;
  readonly firstUs: number;
  readonly precedence: Precedence;
}

/** Demands sorted by arm and progress, to be looked up many times. */
export interface GrantTable {
  readonly sequences: readonly (readonly GraphLeg[])[];
  readonly demands: readonly (readonly Demand[])[];
}

/** Prepares a graph for being asked for grants. */
export function grantTable(graph: DependencyGraph): GrantTable {
  const places = legPlaces(graph);
  const demands: Demand[][] = graph.sequences.map(() => []);
  for (const conflict of graph.conflicts) {
    for (const precedence of precedencesOf(conflict)) {
      const { first, then } = precedence;
      const from = places.get(first.legId);
      const to = places.get(then.legId);
      if (from === undefined || to === undefined) throw new Error('a demand names a leg that is not there');
      demands[to.arm].push({
        leg: to.leg,
        atUs: then.atUs,
        brakeUs: then.brakeUs,
        firstArm: from.arm,
        firstLeg: from.leg,
        firstUs: first.atUs,
        precedence,
      });
    }
  }
  for (const list of demands) list.sort((a, b) => a.leg - b.leg || a.atUs - b.atUs);
  return { sequences: graph.sequences, demands };
}

/** Where each leg stands: its arm's number and its own within the arm. */
export function legPlaces(
  graph: DependencyGraph,
): ReadonlyMap<string, { readonly arm: number; readonly leg: number }> {
  const places = new Map<string, { readonly arm: number; readonly leg: number }>();
  graph.sequences.forEach((sequence, arm) => {
    sequence.forEach(({ id }, leg) => {
      if (places.has(id)) throw new Error(`two legs are called ${id}`);
      places.set(id, { arm, leg });
    });
  });
  return places;
}

/**
 * How far arm number `arm` may go now. Grants follow from progress alone, and grow only: a demand that was met stays
 * met.
 */
export function grantOf(table: GrantTable, progress: readonly ArmProgress[], arm: number): Grant {
  const { sequences, demands } = table;
  const list = demands[arm];
  const sequence = sequences[arm];
  const now = progress[arm];
  for (let k = firstFrom(list, now.leg); k < list.length; k += 1) {
    const demand = list[k];
    const other = progress[demand.firstArm];
    const isMet =
      other.leg > demand.firstLeg || (other.leg === demand.firstLeg && other.progressUs >= demand.firstUs);
    if (isMet) continue;
    const armId = sequence[demand.leg].armId;
    return { armId, leg: demand.leg, untilUs: demand.atUs, heldBy: demand.precedence };
  }
  const last = sequence.length - 1;
  if (last < 0) return { armId: '', leg: 0, untilUs: 0, heldBy: null };
  return { armId: sequence[last].armId, leg: last, untilUs: sequence[last].durationUs, heldBy: null };
}

/** Index of the first demand on leg `leg` or a later one. */
function firstFrom(list: readonly Demand[], leg: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].leg < leg) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The grants of all arms. */
export function grantsOf(graph: DependencyGraph, progress: readonly ArmProgress[]): Grant[] {
  const table = grantTable(graph);
  return graph.sequences.map((_, arm) => grantOf(table, progress, arm));
}

/**
 * Instants, us, at which every leg would begin if from now on all arms kept their nominal rate from the beginning of a
 * leg to its end and began each as soon as nobody would have to wait on the way. A leg that is under way counts as
 * going on at its nominal rate. "Waiting" is also braking for a grant that comes just in time. For deciding when to set out, and for comparing orders; what may be done, grants say.
 * Null when some leg would never begin: the demands cannot be met without stopping in the middle of a leg.
 */
export function startTimes(
  graph: DependencyGraph,
  progress: readonly ArmProgress[],
  nowUs: number,
): number[][] | null {
  const table = grantTable(graph);
  const starts = graph.sequences.map((sequence, arm) =>
    sequence.map((_, leg) => {
      const { leg: at, progressUs } = progress[arm];
      if (leg < at) return -Infinity;
      return leg === at && progressUs > 0 ? nowUs - progressUs : nowUs;
    }),
  );
  const isFree = (arm: number, leg: number): boolean => {
    const { leg: at, progressUs } = progress[arm];
    return leg > at || (leg === at && progressUs === 0);
  };
  const legCount = starts.reduce((sum, list) => sum + list.length, 0);
  for (let round = 0; round <= legCount; round += 1) {
    let changed = false;
    graph.sequences.forEach((sequence, arm) => {
      const own = starts[arm];
      for (let leg = Math.max(1, progress[arm].leg); leg < sequence.length; leg += 1) {
        const earliest = own[leg - 1] + sequence[leg - 1].durationUs;
        if (earliest > own[leg] && isFree(arm, leg)) {
          own[leg] = earliest;
          changed = true;
        }
      }
      for (const demand of table.demands[arm]) {
        if (!isFree(arm, demand.leg)) continue;
        const { leg: otherLeg, progressUs } = progress[demand.firstArm];
        if (otherLeg > demand.firstLeg) continue;
        if (otherLeg === demand.firstLeg && progressUs >= demand.firstUs) continue;
        const earliest = starts[demand.firstArm][demand.firstLeg] + demand.firstUs - demand.brakeUs;
        if (earliest > own[demand.leg]) {
          own[demand.leg] = earliest;
          changed = true;
        }
      }
    });
    if (!changed) return starts;
  }
  return null;
}
