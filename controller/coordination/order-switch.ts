import type { CycleStep, DependencyGraph, GraphEvent, OrderedConflict } from './dependency-graph.ts';
import { judgeGraph } from './graph-verdict.ts';
import type { ArmProgress } from './grants.ts';
import { legPlaces, startTimes } from './grants.ts';

export type SwitchVerdict =
  | { readonly status: 'switched'; readonly graph: DependencyGraph; readonly order: readonly GraphEvent[] }
  /** The other order cannot be: an arm would rest in the contested place for good. */
  | { readonly status: 'impossible' }
  /** The leg that would have to wait is past the point where it could. */
  | { readonly status: 'too-late' }
  | { readonly status: 'cyclic'; readonly cycle: readonly CycleStep[] };

/**
 * Lets the other arm go first at one conflict, if it is not too late and nothing locks up (after Berndt et al., "A
 * feedback scheme to reorder a multi-agent execution schedule by persistently optimizing a switchable action
 * dependency graph", 2020). Where the same two arms meet again before they are apart, as at the end of one leg and the
 * beginning of the next, those conflicts are turned round with it.
 *
 * @param committed how far each arm is: one that is past the point from which it can still stop has gone first
 */
export function switchOrder(
  graph: DependencyGraph,
  conflictId: string,
  committed: readonly ArmProgress[],
): SwitchVerdict {
  const places = legPlaces(graph);
  const armsOf = (conflict: OrderedConflict): readonly [number, number] => [
    places.get(conflict.legIds[0])!.arm,
    places.get(conflict.legIds[1])!.arm,
  ];
  const start = graph.conflicts.find(({ id }) => id === conflictId);
  if (start === undefined) throw new Error(`the graph has no conflict ${conflictId}`);
  const pair = armsOf(start);
  const firstArm = (conflict: OrderedConflict): number => armsOf(conflict)[conflict.chosen];
  const wasFirst = firstArm(start);
  let turning = [start];
  let switched = graph;
  for (;;) {
    const turned = new Map<string, OrderedConflict>();
    for (const conflict of turning) {
      const chosen = conflict.chosen === 0 ? 1 : 0;
      const precedences = conflict.orders[chosen];
      if (precedences === null) return { status: 'impossible' };
      for (const { then } of precedences) {
        const place = places.get(then.legId)!;
        const { leg, progressUs } = committed[place.arm];
        if (leg > place.leg || (leg === place.leg && progressUs > then.brakeUs))
          return { status: 'too-late' };
      }
      turned.set(conflict.id, { ...conflict, chosen });
    }
    switched = { ...switched, conflicts: switched.conflicts.map((each) => turned.get(each.id) ?? each) };
    const verdict = judgeGraph(switched);
    if (verdict.status === 'accepted') return { status: 'switched', graph: switched, order: verdict.order };
    const onCycle = new Set(verdict.cycle.map((step) => step.conflictId));
    turning = switched.conflicts.filter(
      (each) =>
        onCycle.has(each.id) &&
        armsOf(each).every((arm) => pair.includes(arm)) &&
        firstArm(each) === wasFirst,
    );
    if (turning.length === 0) return verdict;
  }
}

/** One way to make a graph that locks up one that can be completed. */
export interface CycleBreak {
  /** The conflict whose order is turned round, and whose arm then goes first there. */
  readonly conflictId: string;
  readonly first: string;
  /** When all legs would be done, us; null when that way needs stops on the way. */
  readonly completedUs: number | null;
  readonly graph: DependencyGraph;
}

/**
 * The cheapest way to break a cycle: the one conflict on it whose other order makes the graph acyclic and is done
 * first; null when no single one does, and an arm has to retreat instead.
 */
export function cheapestBreak(
  graph: DependencyGraph,
  cycle: readonly CycleStep[],
  progress: readonly ArmProgress[],
  nowUs: number,
): CycleBreak | null {
  let best: CycleBreak | null = null;
  for (const conflictId of new Set(cycle.map((step) => step.conflictId))) {
    const turned = switchOrder(graph, conflictId, progress);
    if (turned.status !== 'switched') continue;
    const starts = startTimes(turned.graph, progress, nowUs);
    const completedUs = starts === null ? null : completionUs(turned.graph, starts);
    if (best !== null && (completedUs ?? Infinity) >= (best.completedUs ?? Infinity)) continue;
    const conflict = turned.graph.conflicts.find(({ id }) => id === conflictId) as OrderedConflict;
    best = { conflictId, first: conflict.legIds[conflict.chosen], completedUs, graph: turned.graph };
  }
  return best;
}

function completionUs(graph: DependencyGraph, starts: readonly (readonly number[])[]): number {
  let last = 0;
  graph.sequences.forEach((sequence, arm) => {
    sequence.forEach((leg, k) => (last = Math.max(last, starts[arm][k] + leg.durationUs)));
  });
  return last;
}
