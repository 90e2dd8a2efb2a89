import type { DependencyGraph, GraphLeg, Passage, Precedence } from './dependency-graph.ts';
import { precedencesOf } from './dependency-graph.ts';
import type { ArmProgress } from './grants.ts';

/** Where the arms of a graph are, one entry per sequence. */
export interface Situation {
  readonly progress: readonly ArmProgress[];
  /** Time until each arm can set out or go on, us: the rest of a stop at which it stands. */
  readonly standsUs: readonly number[];
  /** Time for which an arm stands at the end of a leg before it can begin the next one, us. */
  readonly dwellUs: (leg: GraphLeg) => number;
}

/**
 * When accepted legs will pass their points of progress if nothing is late. It exists exactly when everything accepted
 * can be completed. Late or paused arms change the instants, never whether there are any.
 */
export interface Forecast {
  /** From now until an arm comes to a point of an accepted leg, us; 0 when it is past it. */
  instantUs(passage: Passage): number;
}

export type ForecastOutcome =
  | { readonly status: 'completes'; readonly forecast: Forecast }
  /** Each of these arms' points waits for the next one, and the last for the first. */
  | { readonly status: 'cycle'; readonly passages: readonly Passage[] };

/** Time from an arm's passing a point until another one that waited for it goes on, us: ticks, messages, setting out. */
export const HANDOVER_US = 60_000;

/** An arm's progress is heard of at least this often on its way, us of progress. */
export const MARK_EVERY_US = 100_000;

/**
 * An arm that waits at a point may have come to rest a little before it, and its last mark may lie before that: what it
 * passes so shortly before the point is not built upon while it waits there, us.
 */
export const REST_SLACK_US = MARK_EVERY_US + 80_000;

interface Node extends Passage {
  /** When the arm comes here, and when it goes on. */
  reachUs: number;
  leaveUs: number;
  waitsFor: number;
  readonly followers: { readonly to: number; readonly delayUs: number; readonly from: 'reach' | 'leave' }[];
}

/** Works out when everything accepted happens. */
export function forecast(graph: DependencyGraph, situation: Situation): ForecastOutcome {
  const legs = legTable(graph, situation);
  const open = openPrecedences(graph, situation, legs);
  const nodes: Node[] = [];
  const ofLeg = layOut(graph, situation, open, nodes);
  for (const { first, then } of open) {
    link(nodes, nodeAt(nodes, ofLeg, first), nodeAt(nodes, ofLeg, then), HANDOVER_US, 'reach');
  }
  const ready = nodes.flatMap((node, index) => (node.waitsFor === 0 ? [index] : []));
  let settled = 0;
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    settled += 1;
    const { followers, reachUs, leaveUs } = nodes[next]!;
    for (const { to, delayUs, from } of followers) {
      const follower = nodes[to]!;
      if (from === 'leave') {
        follower.reachUs = Math.max(follower.reachUs, leaveUs + delayUs);
        follower.leaveUs = Math.max(follower.leaveUs, follower.reachUs);
      } else follower.leaveUs = Math.max(follower.leaveUs, reachUs + delayUs);
      follower.waitsFor -= 1;
      if (follower.waitsFor === 0) ready.push(to);
    }
  }
  if (settled < nodes.length) return { status: 'cycle', passages: cycleIn(nodes) };
  return { status: 'completes', forecast: { instantUs: (passage) => instantOf(nodes, ofLeg, passage) } };
}

interface LegPlace {
  readonly arm: number;
  readonly index: number;
  readonly durationUs: number;
}

function legTable(graph: DependencyGraph, { progress }: Situation): ReadonlyMap<string, LegPlace> {
  const table = new Map<string, LegPlace>();
  graph.sequences.forEach((sequence, arm) => {
    sequence.forEach(({ id, durationUs }, index) => {
      if (index >= progress[arm]!.leg) table.set(id, { arm, index, durationUs });
    });
  });
  return table;
}

/** Demands not met yet, as they are to be built upon. */
function openPrecedences(
  graph: DependencyGraph,
  { progress }: Situation,
  legs: ReadonlyMap<string, LegPlace>,
): Precedence[] {
  const open: Precedence[] = [];
  for (const conflict of graph.conflicts) {
    for (const { first, then } of precedencesOf(conflict)) {
      const from = legs.get(first.legId);
      const to = legs.get(then.legId);
      if (from === undefined || to === undefined) continue;
      const at = progress[from.arm]!;
      if (at.leg === from.index && at.progressUs >= first.atUs) continue;
      const atUs = Math.min(first.atUs + REST_SLACK_US, from.durationUs);
      open.push({ first: { legId: first.legId, atUs }, then });
    }
  }
  return open;
}

/** One node for the present point, the end and every named point of each leg; returns their indices by leg. */
function layOut(
  graph: DependencyGraph,
  { progress, standsUs, dwellUs }: Situation,
  open: readonly Precedence[],
  nodes: Node[],
): ReadonlyMap<string, readonly number[]> {
  const named = new Map<string, number[]>();
  for (const { first, then } of open) {
    for (const { legId, atUs } of [first, then]) {
      const known = named.get(legId);
      if (known === undefined) named.set(legId, [atUs]);
      else known.push(atUs);
    }
  }
  const ofLeg = new Map<string, readonly number[]>();
  graph.sequences.forEach((sequence, arm) => {
    const { leg: current, progressUs } = progress[arm]!;
    let before: number | null = null;
    let delayUs = standsUs[arm]!;
    for (const leg of sequence.slice(current)) {
      const fromUs = leg === sequence[current] ? progressUs : 0;
      const within = (named.get(leg.id) ?? []).map((atUs) =>
        Math.min(Math.max(atUs, fromUs), leg.durationUs),
      );
      const points = [...new Set([fromUs, ...within, leg.durationUs])].sort((a, b) => a - b);
      const indices: number[] = [];
      for (const atUs of points) {
        const index = nodes.length;
        const instantUs = before === null ? delayUs : 0;
        nodes.push({
          legId: leg.id,
          atUs,
          reachUs: instantUs,
          leaveUs: instantUs,
          waitsFor: 0,
          followers: [],
        });
        if (before !== null) {
          const travelUs = indices.length === 0 ? delayUs : atUs - nodes[before]!.atUs;
          link(nodes, before, index, travelUs, 'leave');
        }
        before = index;
        indices.push(index);
      }
      delayUs = dwellUs(leg);
      ofLeg.set(leg.id, indices);
    }
  });
  return ofLeg;
}

function link(nodes: Node[], first: number, then: number, delayUs: number, from: 'reach' | 'leave'): void {
  nodes[first]!.followers.push({ to: then, delayUs, from });
  nodes[then]!.waitsFor += 1;
}

function nodeAt(nodes: readonly Node[], ofLeg: ReadonlyMap<string, readonly number[]>, at: Passage): number {
  const indices = ofLeg.get(at.legId)!;
  // Points beyond either end of a leg are kept at that end.
  return indices.find((index) => nodes[index]!.atUs >= at.atUs) ?? indices[indices.length - 1]!;
}

function instantOf(
  nodes: readonly Node[],
  ofLeg: ReadonlyMap<string, readonly number[]>,
  { legId, atUs }: Passage,
): number {
  const indices = ofLeg.get(legId);
  if (indices === undefined) return 0;
  let last = nodes[indices[0]!]!;
  for (const index of indices) {
    if (nodes[index]!.atUs > atUs) break;
    last = nodes[index]!;
  }
  if (last.atUs >= atUs) return last.reachUs;
  return last.leaveUs + atUs - last.atUs;
}

/** Walks backwards among what never became ready until something is met again. */
function cycleIn(nodes: readonly Node[]): Passage[] {
  const causes = nodes.map((): number[] => []);
  nodes.forEach((node, index) => {
    if (node.waitsFor > 0) for (const { to } of node.followers) causes[to]!.push(index);
  });
  const seen = new Map<number, number>();
  const path: number[] = [];
  let at = nodes.findIndex((node) => node.waitsFor > 0);
  while (!seen.has(at)) {
    seen.set(at, path.length);
    path.push(at);
    at = causes[at]!.find((cause) => nodes[cause]!.waitsFor > 0)!;
  }
  return path.slice(seen.get(at)).map((index) => ({ legId: nodes[index]!.legId, atUs: nodes[index]!.atUs }));
}
