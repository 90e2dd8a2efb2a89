import type { ConflictRegion, Passing } from './conflict-regions.ts';
import type { DependencyGraph, GraphLeg, OrderedConflict, Passage, Precedence } from './dependency-graph.ts';
import { forecast, REST_SLACK_US } from './forecast.ts';
import type { Forecast, Situation } from './forecast.ts';
import type { ArmProgress } from './grants.ts';

/** Where a leg that wants to be accepted and an accepted leg of another arm would come too close. */
export interface Encounter {
  readonly ownLegId: string;
  readonly otherLegId: string;
  /** `a` is the own leg, `b` the other one. */
  readonly region: ConflictRegion;
}

/** Legs that one arm wants to drive after those it keeps. The last one ends where the arm is in nobody's way. */
export interface Application {
  /** Number of the arm's sequence in the graph. */
  readonly arm: number;
  /** How many of its accepted legs, the present one included, it keeps; the others it gives up. */
  readonly keeps: number;
  readonly legs: readonly GraphLeg[];
  readonly encounters: readonly Encounter[];
}

/** Who passes first where two legs meet, and which rule decided it. */
export interface OrderDecision {
  readonly ownLegId: string;
  readonly otherLegId: string;
  readonly first: 'own' | 'other';
  /**
   * `less-delay`: whoever loses less time waits. `comer-waits`: the new legs do, since otherwise nothing fits.
   * `only-order`: the other order was not possible any more. `no-deadlock`: it would have closed a circle.
   */
  readonly rule: 'less-delay' | 'comer-waits' | 'only-order' | 'no-deadlock';
  /** How long the one that comes second waits as forecast, and how long the other would have, us. */
  readonly delayUs: number;
  readonly otherDelayUs: number;
}

export type Admission =
  | {
      readonly status: 'admitted';
      readonly graph: DependencyGraph;
      readonly forecast: Forecast;
      readonly decisions: readonly OrderDecision[];
    }
  /** With either order at some conflict the arms would wait for each other. */
  | { readonly status: 'refused'; readonly otherLegId: string; readonly cycle: readonly Passage[] };

/**
 * Fits new legs among those accepted: at each conflict the arm that is delayed less by letting the other one go first
 * does so; where that leads nowhere, the new legs wait for everybody who can be waited for. What was accepted stays
 * accepted, and all of it can still be completed.
 *
 * @param committed how far each arm was told that it may go: that is never taken back
 */
export function admit(
  graph: DependencyGraph,
  situation: Situation,
  committed: readonly ArmProgress[],
  application: Application,
): Admission {
  const attempt = fitIn(graph, situation, committed, application, 'less-delay');
  if (attempt.status === 'admitted') return attempt;
  return fitIn(graph, situation, committed, application, 'wait');
}

/** `less-delay`: whoever loses less time waits. `wait`: the new legs do. */
type Preference = 'less-delay' | 'wait';

const RULE_OF = { 'less-delay': 'less-delay', wait: 'comer-waits' } as const;

function fitIn(
  graph: DependencyGraph,
  situation: Situation,
  committed: readonly ArmProgress[],
  application: Application,
  preference: Preference,
): Admission {
  const { arm, keeps, legs } = application;
  const kept = graph.sequences[arm]!.slice(0, keeps);
  const given = new Set(graph.sequences[arm]!.slice(keeps).map(({ id }) => id));
  const sequences = graph.sequences.map((sequence, k) => (k === arm ? [...kept, ...legs] : sequence));
  const conflicts = withoutLegs(graph.conflicts, (id) => given.has(id));
  const orders = new Orders(sequences, committed, kept, legs, graph.conflicts);
  let accepted: DependencyGraph = { sequences, conflicts };
  let outcome = forecast(accepted, situation);
  if (outcome.status === 'cycle') throw new Error('legs that were accepted wait for each other');
  const decisions: OrderDecision[] = [];
  for (const group of groupsOf(orders, situation.progress, application)) {
    const { choices, delaysUs } = orders.choices(group, outcome.forecast, preference);
    let found = false;
    let cycle: readonly Passage[] = [];
    for (const [tried, conflict] of choices.entries()) {
      const extended = { sequences, conflicts: [...accepted.conflicts, conflict] };
      const attempt = forecast(extended, situation);
      if (attempt.status === 'cycle') {
        cycle = attempt.passages;
        continue;
      }
      accepted = extended;
      outcome = attempt;
      found = true;
      decisions.push({
        ownLegId: conflict.legIds[0],
        otherLegId: conflict.legIds[1],
        first: conflict.chosen === 0 ? 'own' : 'other',
        rule: tried > 0 ? 'no-deadlock' : choices.length === 1 ? 'only-order' : RULE_OF[preference],
        delayUs: Math.max(0, delaysUs[conflict.chosen]),
        otherDelayUs: Math.max(0, delaysUs[conflict.chosen === 0 ? 1 : 0]),
      });
      break;
    }
    if (!found) return { status: 'refused', otherLegId: group[0]!.otherLegId, cycle };
  }
  return { status: 'admitted', graph: accepted, forecast: outcome.forecast, decisions };
}

/** Conflicts without what they demand of legs that are over or given up; those that demand nothing more are gone. */
export function withoutLegs(
  conflicts: readonly OrderedConflict[],
  isGone: (legId: string) => boolean,
): OrderedConflict[] {
  const left = (precedences: readonly Precedence[] | null): readonly Precedence[] | null => {
    if (precedences === null) return null;
    const open = precedences.filter(({ first, then }) => !isGone(first.legId) && !isGone(then.legId));
    return open.length === precedences.length ? precedences : open;
  };
  return conflicts.flatMap((conflict): OrderedConflict[] => {
    const orders = [left(conflict.orders[0]), left(conflict.orders[1])] as const;
    if ((orders[conflict.chosen] ?? []).length === 0) return [];
    return orders[0] === conflict.orders[0] && orders[1] === conflict.orders[1]
      ? [conflict]
      : [{ ...conflict, orders }];
  });
}

interface LegPlace {
  readonly arm: number;
  readonly index: number;
  readonly leg: GraphLeg;
}

type Group = readonly Encounter[];

/** What is known of legs and of who may still wait where. */
class Orders {
  readonly places = new Map<string, LegPlace>();
  readonly #committed: readonly ArmProgress[];
  readonly #kept: ReadonlySet<string>;
  readonly #firstId: string;
  readonly #before: readonly OrderedConflict[];

  constructor(
    sequences: readonly (readonly GraphLeg[])[],
    committed: readonly ArmProgress[],
    kept: readonly GraphLeg[],
    legs: readonly GraphLeg[],
    before: readonly OrderedConflict[],
  ) {
    sequences.forEach((sequence, arm) =>
      sequence.forEach((leg, index) => this.places.set(leg.id, { arm, index, leg })),
    );
    this.#committed = committed;
    this.#kept = new Set(kept.map(({ id }) => id));
    this.#firstId = legs[0]!.id;
    this.#before = before;
  }

  /** The conflict in the orders that are possible, the one that costs less time first. */
  choices(
    group: Group,
    times: Forecast,
    preference: Preference,
  ): { readonly choices: readonly OrderedConflict[]; readonly delaysUs: readonly [number, number] } {
    const own = group.flatMap((each) => demands(each.ownLegId, each.otherLegId, each.region.aFirst));
    const other = group.flatMap((each) => demands(each.otherLegId, each.ownLegId, each.region.bFirst));
    const first = group[0]!;
    const base = {
      id: `${first.ownLegId}|${first.otherLegId}|${first.region.aFromUs}|${first.region.bFromUs}`,
      legIds: [first.ownLegId, first.otherLegId] as const,
      orders: [this.#mayGoFirst(group) ? own : null, this.#mayWait(group) ? other : null] as const,
    };
    const delaysUs = [delayUs(own, times), delayUs(other, times)] as const;
    const preferred =
      preference === 'less-delay' && delaysUs[0] < delaysUs[1] ? ([0, 1] as const) : ([1, 0] as const);
    const choices = preferred.flatMap((chosen) =>
      base.orders[chosen] === null ? [] : [{ ...base, chosen }],
    );
    return { choices, delaysUs };
  }

  /** The other arm can still be made to wait: it was not told that it may go in, and does not stand there. */
  #mayGoFirst(group: Group): boolean {
    return group.every(({ ownLegId, otherLegId, region }) => {
      const own = this.places.get(ownLegId)!;
      const other = this.places.get(otherLegId)!;
      if (region.aEnds && !this.places.has(this.#following(own))) return false;
      const committed = this.#committed[other.arm]!;
      if (committed.leg > other.index) return false;
      if (committed.leg < other.index) return true;
      return region.bFromUs > 0 && committed.progressUs <= region.bFromUs;
    });
  }

  #following({ arm, index }: LegPlace): string {
    for (const [id, place] of this.places) if (place.arm === arm && place.index === index + 1) return id;
    return '';
  }

  /** The arm can wait for the other one: it need not stand in its way meanwhile. */
  #mayWait(group: Group): boolean {
    return group.every(({ ownLegId, otherLegId, region }) => {
      const other = this.places.get(otherLegId)!;
      if (region.bEnds && !this.places.has(this.#following(other))) return false;
      if (ownLegId !== this.#firstId || region.aFromUs > 0) return true;
      // Where the new legs begin the arm stands before: it may wait only if the other one passes before it comes there.
      return this.#before.some(
        ({ orders, chosen }) =>
          orders[chosen]?.some(
            ({ first, then }) =>
              first.legId === otherLegId && this.#kept.has(then.legId) && first.atUs > region.bFromUs,
          ) ?? false,
      );
    });
  }
}

function demands(firstId: string, thenId: string, passings: readonly Passing[]): Precedence[] {
  return passings.map(({ firstUs, thenUs }) => ({
    first: { legId: firstId, atUs: firstUs },
    // It may rest anywhere in the slack before it: nothing there is built upon while it waits.
    then: { legId: thenId, atUs: thenUs, brakeUs: Math.max(0, thenUs - REST_SLACK_US) },
  }));
}

/** By how much waiting for these demands would hold the second leg up, us. */
function delayUs(precedences: readonly Precedence[], times: Forecast): number {
  let longest = 0;
  for (const { first, then } of precedences) {
    longest = Math.max(longest, times.instantUs(first) - times.instantUs(then));
  }
  return longest;
}

/**
 * Encounters that are one: a rest between two legs belongs to both, and who has it first has it first for both.
 * In the order in which the arm comes to them; those that the other arm is past are left out.
 */
function groupsOf(orders: Orders, progress: readonly ArmProgress[], application: Application): Group[] {
  const open = application.encounters.filter(({ otherLegId, region }) => {
    const other = orders.places.get(otherLegId);
    if (other === undefined) return false;
    const at = progress[other.arm]!;
    return at.leg < other.index || (at.leg === other.index && at.progressUs < region.bUntilUs);
  });
  const order = (each: Encounter): number => orders.places.get(each.ownLegId)!.index;
  open.sort((a, b) => order(a) - order(b) || a.region.aFromUs - b.region.aFromUs);
  const parent = open.map((_, k) => k);
  const root = (k: number): number => {
    let at = k;
    while (parent[at] !== at) at = parent[at]!;
    return at;
  };
  open.forEach((x, i) => {
    for (let j = 0; j < i; j += 1) {
      if (!isContinued(orders, open[j]!, x)) continue;
      // The earlier one stands for the group.
      const [low, high] = [root(i), root(j)].sort((a, b) => a - b) as [number, number];
      parent[high] = low;
    }
  });
  const groups = new Map<number, Encounter[]>();
  open.forEach((each, k) => {
    const known = groups.get(root(k));
    if (known === undefined) groups.set(root(k), [each]);
    else known.push(each);
  });
  return [...groups.values()];
}

/** Whether two regions meet at a rest between legs of one of the arms. */
function isContinued(orders: Orders, x: Encounter, y: Encounter): boolean {
  const [ownX, ownY] = [orders.places.get(x.ownLegId)!, orders.places.get(y.ownLegId)!];
  const [otherX, otherY] = [orders.places.get(x.otherLegId)!, orders.places.get(y.otherLegId)!];
  if (otherX.arm !== otherY.arm) return false;
  const own = joint(
    ownX.index - ownY.index,
    [x.region.aFromUs, x.region.aUntilUs, x.region.aEnds],
    [y.region.aFromUs, y.region.aUntilUs, y.region.aEnds],
  );
  const other = joint(
    otherX.index - otherY.index,
    [x.region.bFromUs, x.region.bUntilUs, x.region.bEnds],
    [y.region.bFromUs, y.region.bUntilUs, y.region.bEnds],
  );
  // On the same leg of both they are two regions because nothing joins them.
  return own && other && (ownX !== ownY || otherX !== otherY);
}

type Extent = readonly [fromUs: number, untilUs: number, ends: boolean];

/** Whether two extents along one arm's way overlap, or touch at the rest between two of its legs. */
function joint(legsApart: number, x: Extent, y: Extent): boolean {
  if (legsApart === 0) return x[0] <= y[1] && y[0] <= x[1];
  if (legsApart === -1) return x[2] && y[0] === 0;
  if (legsApart === 1) return y[2] && x[0] === 0;
  return false;
}
