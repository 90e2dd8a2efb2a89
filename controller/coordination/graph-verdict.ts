import type { DependencyGraph, GraphVerdict, OrderedConflict, Precedence } from './dependency-graph.ts';
import { precedencesOf } from './dependency-graph.ts';
import { eventGraph } from './event-graph.ts';

/** Tells whether a graph can be completed, with an order of its events as certificate, or the cycle that forbids it. */
export function judgeGraph(graph: DependencyGraph): GraphVerdict {
  const events = eventGraph(graph);
  if (events.cycle === null) return { status: 'accepted', order: events.order.map((e) => events.events[e]) };
  return { status: 'cyclic', cycle: events.cycle };
}

/**
 * Leaves out every demand that follows from others. What arms may do does not change; there is less to wait for and
 * to watch. The graph must be acyclic.
 */
export function withoutRedundant(graph: DependencyGraph): DependencyGraph {
  const redundant = eventGraph(graph).redundant();
  const conflicts: OrderedConflict[] = [];
  for (const conflict of graph.conflicts) {
    const kept = precedencesOf(conflict).filter((precedence) => !redundant.has(precedence));
    const orders: [readonly Precedence[] | null, readonly Precedence[] | null] = [...conflict.orders];
    orders[conflict.chosen] = kept;
    if (kept.length > 0) conflicts.push({ ...conflict, orders });
  }
  return { sequences: graph.sequences, conflicts };
}
