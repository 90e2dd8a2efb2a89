import type { CycleStep, DependencyGraph, GraphEvent, Precedence } from './dependency-graph.ts';

/** The events of a dependency graph with what comes before what; see `eventGraph`. */
export interface EventGraph {
  readonly events: readonly GraphEvent[];
  /** Indices of events in an order in which they can happen; not all of them when there is a cycle. */
  readonly order: readonly number[];
  readonly cycle: readonly CycleStep[] | null;
  /** Demands that follow from others. Only of acyclic graphs. */
  redundant(): ReadonlySet<Precedence>;
}

interface Arc {
  readonly from: number;
  readonly to: number;
  readonly precedence: Precedence;
  readonly conflictId: string;
}

/**
 * Lays a dependency graph out as events: an arm coming to, or going beyond, each point of progress that is named
 * anywhere, chained in the order of its progress, and an arc for each demand. Throws on legs that are not there.
 */
export function eventGraph(graph: DependencyGraph): EventGraph {
  const { events, arms, index } = layOut(graph);
  const arcs: Arc[] = [];
  for (const { id, orders, chosen } of graph.conflicts) {
    for (const precedence of orders[chosen] ?? []) {
      const from = index('reach', precedence.first.legId, precedence.first.atUs);
      const to = index('leave', precedence.then.legId, precedence.then.brakeUs);
      arcs.push({ from, to, precedence, conflictId: id });
    }
  }
  const { order, degree } = sorted(events.length, arms, arcs);
  const cycle = order.length === events.length ? null : cycleOf(events.length, arms, arcs, degree);
  return { events, order, cycle, redundant: () => redundantArcs(events.length, arms, arcs, order) };
}

interface Layout {
  readonly events: GraphEvent[];
  /** Per event the arm's number; consecutive events of one arm are neighbours. */
  readonly arms: Int32Array;
  index(kind: GraphEvent['kind'], legId: string, atUs: number): number;
}

function layOut(graph: DependencyGraph): Layout {
  const named = new Map<string, Map<string, GraphEvent>>();
  for (const leg of graph.sequences.flat()) named.set(leg.id, new Map());
  const armOf = new Map(graph.sequences.flat().map((leg) => [leg.id, leg.armId]));
  const name = (kind: GraphEvent['kind'], legId: string, atUs: number): void => {
    const points = named.get(legId);
    const armId = armOf.get(legId);
    if (points === undefined || armId === undefined) throw new Error(`the graph has no leg ${legId}`);
    points.set(`${kind}|${atUs}`, { kind, armId, legId, atUs });
  };
  for (const { orders, chosen } of graph.conflicts) {
    for (const { first, then } of orders[chosen] ?? []) {
      name('reach', first.legId, first.atUs);
      name('leave', then.legId, then.brakeUs);
    }
  }
  const events: GraphEvent[] = [];
  const armNumbers: number[] = [];
  const positions = new Map<string, number>();
  graph.sequences.forEach((sequence, arm) => {
    for (const leg of sequence) {
      const points = [...named.get(leg.id)!.values()];
      // Coming to a point is before going beyond it.
      points.sort((a, b) => a.atUs - b.atUs || (a.kind === b.kind ? 0 : a.kind === 'reach' ? -1 : 1));
      for (const point of points) {
        positions.set(`${point.kind}|${point.legId}|${point.atUs}`, events.length);
        events.push(point);
        armNumbers.push(arm);
      }
    }
  });
  return {
    events,
    arms: Int32Array.from(armNumbers),
    index: (kind, legId, atUs) => positions.get(`${kind}|${legId}|${atUs}`)!,
  };
}

/** Kahn's method; ties go to the lower index, so the order depends on the graph alone. */
function sorted(
  count: number,
  arms: Int32Array,
  arcs: readonly Arc[],
): { readonly order: number[]; readonly degree: Int32Array } {
  const degree = new Int32Array(count);
  const out: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of arcs) {
    out[from].push(to);
    degree[to] += 1;
  }
  for (let e = 1; e < count; e += 1) {
    if (arms[e] !== arms[e - 1]) continue;
    out[e - 1].push(e);
    degree[e] += 1;
  }
  const order: number[] = [];
  for (let e = 0; e < count; e += 1) if (degree[e] === 0) order.push(e);
  for (const e of order) {
    for (const next of out[e]) {
      degree[next] -= 1;
      if (degree[next] === 0) order.push(next);
    }
  }
  return { order, degree };
}

/** Demands along one cycle among the events that could not be put in order. */
function cycleOf(count: number, arms: Int32Array, arcs: readonly Arc[], degree: Int32Array): CycleStep[] {
  const into: Arc[][] = Array.from({ length: count }, () => []);
  for (const arc of arcs) if (degree[arc.from] > 0 && degree[arc.to] > 0) into[arc.to].push(arc);
  // Walk backwards: every event left over has one before it that is left over too.
  const seen = new Map<number, number>();
  const walked: (Arc | null)[] = [];
  let e = degree.findIndex((left) => left > 0);
  while (!seen.has(e)) {
    seen.set(e, walked.length);
    const arc: Arc | undefined = into[e][0];
    if (arc !== undefined) {
      walked.push(arc);
      e = arc.from;
    } else if (e > 0 && arms[e] === arms[e - 1] && degree[e - 1] > 0) {
      walked.push(null);
      e -= 1;
    } else throw new Error('an event that waits for nothing was left over');
  }
  const cycle = walked.slice(seen.get(e)).filter((arc) => arc !== null);
  return cycle.reverse().map(({ conflictId, precedence }) => ({ conflictId, precedence }));
}

/** Arcs whose source is known to be past by another way, found by the latest event of every arm before each event. */
function redundantArcs(
  count: number,
  arms: Int32Array,
  arcs: readonly Arc[],
  order: readonly number[],
): ReadonlySet<Precedence> {
  const armCount = count === 0 ? 0 : Math.max(...arms) + 1;
  const clocks = new Int32Array(count * armCount).fill(-1);
  const into: Arc[][] = Array.from({ length: count }, () => []);
  for (const arc of arcs) into[arc.to].push(arc);
  const redundant = new Set<Precedence>();
  for (const e of order) {
    const at = e * armCount;
    const chained = e > 0 && arms[e] === arms[e - 1];
    if (chained) clocks.copyWithin(at, at - armCount, at);
    for (const { from } of into[e]) {
      for (let a = 0; a < armCount; a += 1) {
        const known = clocks[from * armCount + a];
        if (known > clocks[at + a]) clocks[at + a] = known;
      }
    }
    // What any other predecessor knows of the source's arm, without the source itself.
    for (const arc of into[e]) {
      const arm = arms[arc.from];
      let known = chained ? clocks[at - armCount + arm] : -1;
      for (const other of into[e]) {
        if (other === arc || redundant.has(other.precedence)) continue;
        const own = arms[other.from] === arm ? other.from : -1;
        known = Math.max(known, own, clocks[other.from * armCount + arm]);
      }
      if (known >= arc.from) redundant.add(arc.precedence);
    }
    for (const { from } of into[e]) {
      const arm = arms[from];
      if (from > clocks[at + arm]) clocks[at + arm] = from;
    }
    if (e > clocks[at + arms[e]]) clocks[at + arms[e]] = e;
  }
  return redundant;
}
