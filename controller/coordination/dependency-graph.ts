/** One leg in the order in which its arm drives its legs. */
export interface GraphLeg {
  readonly id: string;
  readonly armId: string;
  /** Progress at its end, us. */
  readonly durationUs: number;
}

/** A point of progress of a leg, us. */
export interface Passage {
  readonly legId: string;
  readonly atUs: number;
}

/**
 * The arm of `then` may go to `then.atUs` but not beyond before that of `first` has come to `first.atUs`. At
 * `then.brakeUs`, which is earlier, it has to begin to brake if that is not so yet.
 */
export interface Precedence {
  readonly first: Passage;
  readonly then: Passage & { readonly brakeUs: number };
}

/**
 * Two legs that want the same space, and who has it first. `orders[0]` is what it takes for the leg `legIds[0]` to be
 * first, `orders[1]` for the other; null where that is impossible, because the arm would rest there for good.
 */
export interface OrderedConflict {
  readonly id: string;
  readonly legIds: readonly [string, string];
  readonly orders: readonly [readonly Precedence[] | null, readonly Precedence[] | null];
  readonly chosen: 0 | 1;
}

/**
 * An action dependency graph over progress (after Honig et al., "Persistent and robust execution of MAPF schedules",
 * RA-L 2019, there over vertices): the legs of every arm in order, and for every conflict an order. Arms that keep to
 * the grants which follow from it never meet, however late or slow any of them is; since it has no cycle, there is
 * always one that may go on.
 */
export interface DependencyGraph {
  /** Legs of each arm, in order. Plain data. */
  readonly sequences: readonly (readonly GraphLeg[])[];
  readonly conflicts: readonly OrderedConflict[];
}

/**
 * A step of the certificate: an arm comes to (`reach`) a point of progress, or goes beyond (`leave`) the last one from
 * which it can still stop where it has to: without the permission it may rest anywhere from there on.
 */
export interface GraphEvent {
  readonly kind: 'reach' | 'leave';
  readonly armId: string;
  readonly legId: string;
  readonly atUs: number;
}

export type GraphVerdict =
  /** It can be completed, for example in this order. */
  | { readonly status: 'accepted'; readonly order: readonly GraphEvent[] }
  /** Each of these demands waits for the next one's, and the last for the first. */
  | { readonly status: 'cyclic'; readonly cycle: readonly CycleStep[] };

export interface CycleStep {
  readonly conflictId: string;
  readonly precedence: Precedence;
}

/** What the chosen orders demand. */
export function precedencesOf(conflict: OrderedConflict): readonly Precedence[] {
  const chosen = conflict.orders[conflict.chosen];
  if (chosen === null) throw new Error(`conflict ${conflict.id} has an order that is impossible`);
  return chosen;
}
