import type { GraphLeg, OrderedConflict, Precedence } from '../coordination/dependency-graph.ts';
import { withoutLegs } from '../coordination/admission.ts';
import type { AcceptedLeg, LegName } from '../scheduling/job-plan.ts';
import type { CoreState, PassageBook } from './state.ts';

/** Ids of accepted legs: arm, running number of the job, and the leg's name in it. */
export function legId(armId: string, jobNumber: number, name: LegName | 'stand'): string {
  return `${armId}.${jobNumber}.${name}`;
}

/** The arm of a leg, by the leg's id. Arms' ids may hold dots: the number and the name come last. */
export function armIdOf(id: string): string {
  return id.slice(0, id.lastIndexOf('.', id.lastIndexOf('.') - 1));
}

/** Takes legs of an arm out of the book, and the conflicts of what is not accepted any more. */
export function over(book: PassageBook, armId: string, isOver: (leg: GraphLeg) => boolean): void {
  const before = book.sequences[armId]!;
  const left = before.filter((leg) => !isOver(leg));
  if (left.length === before.length) return;
  book.sequences[armId] = left;
  const gone = new Set(before.filter(isOver).map(({ id }) => id));
  book.conflicts = withoutLegs(book.conflicts, (id) => gone.has(id));
}

/**
 * The arm stays where it is and drives nothing of what it was allowed: whoever waited for any of it waits until it has
 * left from here.
 */
export function settleStand(book: PassageBook, armId: string, standId: string): void {
  const given = new Set(book.sequences[armId]!.map(({ id }) => id));
  book.sequences[armId] = [{ id: standId, armId, durationUs: 1 }];
  const waiting = book.conflicts.flatMap((conflict): OrderedConflict[] => {
    const first = (conflict.orders[conflict.chosen] ?? []).filter((each) => given.has(each.first.legId));
    if (first.length === 0) return [];
    const demands = first.map(({ then }): Precedence => ({ first: { legId: standId, atUs: 1 }, then }));
    const other = first[0]!.then.legId;
    return [
      { id: `${standId}|${conflict.id}`, legIds: [standId, other], orders: [demands, null], chosen: 0 },
    ];
  });
  book.conflicts = [...withoutLegs(book.conflicts, (id) => given.has(id)), ...waiting];
}

/** What an accepted leg is, by its id. */
export function acceptedLeg(state: CoreState, id: string): AcceptedLeg {
  for (const arm of Object.values(state.arms)) {
    for (const { number, legs, item } of driven(arm)) {
      for (const leg of legs) {
        if (legId(arm.id, number, leg.name) !== id) continue;
        return {
          legId: id,
          armId: arm.id,
          trajectory: leg.trajectory,
          item: leg.name === 'carry' ? item : null,
        };
      }
    }
    if (state.passages.sequences[arm.id]!.some((leg) => leg.id === id)) return stand(state, arm, id);
  }
  throw new Error(`leg ${id} is accepted, but no arm drives it`);
}

type Arm = CoreState['arms'][string];

function driven({ job, next }: Arm) {
  return [
    ...(job === null ? [] : [{ number: job.number, legs: Object.values(job.legs), item: job.item }]),
    ...(next === null
      ? []
      : [{ number: next.number, legs: (next.result ?? next.partial)?.legs ?? [], item: next.item }]),
  ];
}

/** An arm that stands, with what it holds, as a motion without length. */
function stand(state: CoreState, arm: Arm, id: string): AcceptedLeg {
  const unit = Object.values(state.tasks).find(
    (task) => task.armId === arm.id && task.machine.context.unitAt === 'tool',
  );
  const positions = arm.positions ?? [];
  const still = positions.map(() => 0);
  return {
    legId: id,
    armId: arm.id,
    trajectory: { timesUs: [0], positions: [positions], velocities: [still], accelerations: [still] },
    item: unit?.item ?? null,
  };
}
