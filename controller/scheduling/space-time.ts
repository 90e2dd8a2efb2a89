import type { ConflictTable } from '../coordination/conflict-table.ts';
import type { MotionLeg } from './motion-legs.ts';
import type { MotionLibrary, Spot, TaskWay } from './motion-library.ts';

/** A leg and when it begins, us; driven at its nominal rate. */
export interface PlannedEntry {
  readonly leg: MotionLeg;
  readonly startUs: number;
  /** Task of a carry; -1 of other legs. */
  readonly taskIndex: number;
}

/** What one arm is to do. Its last leg is always a retreat to where it rests, unless it never leaves. */
export interface ArmPlan {
  readonly entries: PlannedEntry[];
  /** Its tasks so far, in order. */
  readonly done: TaskWay[];
  /** Where it stands after its last task, and since when it is free, us. */
  spot: Spot;
  freeUs: number;
  /** How many of the last entries are a way to rest that gives way to the next task: none, one, or two over `via`. */
  tail: number;
  via: Spot | null;
}

/** Where a task fits in: what is kept of the way to rest before it, its own legs, and a way to rest after it. */
interface Placed {
  readonly before: readonly PlannedEntry[];
  readonly reach: PlannedEntry;
  readonly carry: PlannedEntry;
  readonly after: readonly PlannedEntry[];
  readonly via: Spot | null;
}

/** What an append changed, to be taken back. */
export interface Appended {
  readonly armIndex: number;
  readonly entriesBefore: number;
  readonly tail: readonly PlannedEntry[];
  readonly via: Spot | null;
  readonly spot: Spot;
  readonly freeUs: number;
}

/** From so long before it stands somewhere an arm can no longer stop before it, us. */
const ARRIVING_US = 400_000;

/** Shifts of one leg's start that are tried before the arm is sent to rest first. */
const SHIFTS_MAX = 60;

/**
 * A schedule in space and time that grows task by task. Whatever is in it keeps the margin to everything else in it,
 * and every arm's plan ends where nobody else passes: so it can be completed at any moment, and so can any schedule
 * that goes on from it.
 */
export class SpaceTime {
  readonly plans: ArmPlan[];
  readonly #library: MotionLibrary;
  readonly #table: ConflictTable;
  /** Per arm the arms that it can meet. */
  readonly #others: readonly (readonly number[])[];

  constructor(
    library: MotionLibrary,
    table: ConflictTable,
    others: readonly (readonly number[])[],
    plans: ArmPlan[] = library.starts.map((spot) => ({
      entries: [],
      done: [],
      spot,
      freeUs: 0,
      tail: 0,
      via: null,
    })),
  ) {
    this.#library = library;
    this.#table = table;
    this.#others = others;
    this.plans = plans;
  }

  /** A schedule that begins like this one and goes on by itself. */
  copy(): SpaceTime {
    const plans = this.plans.map((plan): ArmPlan => ({
      ...plan,
      entries: [...plan.entries],
      done: [...plan.done],
    }));
    return new SpaceTime(this.#library, this.#table, this.#others, plans);
  }

  /**
   * Sends every arm from where it starts to where it rests, each to be replaced by its first task. Has to be called
   * once, before anything else.
   *
   * @returns the arms that cannot get there
   */
  begin(): number[] {
    let waiting = this.plans.map((_, armIndex) => armIndex);
    for (;;) {
      const stuck = waiting.filter((armIndex) => !this.#begin(armIndex, waiting));
      if (stuck.length === 0 || stuck.length === waiting.length) return stuck;
      waiting = stuck;
    }
  }

  #begin(armIndex: number, waiting: readonly number[]): boolean {
    const plan = this.plans[armIndex];
    const leg = this.#library.retreat(armIndex, plan.spot);
    if (leg === null) return false;
    const blocked = this.#others[armIndex].some((other) => {
      if (!waiting.includes(other) || this.plans[other].entries.length > 0) return false;
      const stand = this.#library.retreat(other, this.plans[other].spot)?.beginning();
      return stand !== undefined && this.#table.spans(stand, leg.samples()).length > 0;
    });
    if (blocked) return false;
    plan.entries.push({ leg, startUs: this.#earliest(armIndex, leg, 0), taskIndex: -1 });
    plan.tail = 1;
    return true;
  }

  /**
   * Gives an arm one more task, as early as its way allows after what it has to do already and beside what all others
   * have; null when it has no motion there.
   */
  append(armIndex: number, way: TaskWay): Appended | null {
    const plan = this.plans[armIndex];
    const tail = plan.entries.splice(plan.entries.length - plan.tail);
    const { spot, freeUs, via } = plan;
    const appended: Appended = { armIndex, entriesBefore: plan.entries.length, tail, via, spot, freeUs };
    const placed = this.#soonest(armIndex, way, tail);
    if (placed === null) {
      plan.entries.push(...tail);
      return null;
    }
    plan.entries.push(...placed.before, placed.reach, placed.carry, ...placed.after);
    plan.done.push(way);
    plan.tail = placed.after.length;
    plan.via = placed.via;
    plan.spot = way.place;
    plan.freeUs = endOf(placed.carry);
    return appended;
  }

  /** Takes the latest append of an arm back; appends are taken back in reverse order. */
  takeBack({ armIndex, entriesBefore, tail, via, spot, freeUs }: Appended): void {
    const plan = this.plans[armIndex];
    plan.entries.length = entriesBefore;
    plan.done.pop();
    plan.entries.push(...tail);
    plan.tail = tail.length;
    plan.via = via;
    plan.spot = spot;
    plan.freeUs = freeUs;
  }

  /**
   * The soonest of: from where the arm is; after it has drawn in, as its plan already says; from rest likewise. Each
   * only where the ones before have to wait or are not possible.
   */
  #soonest(armIndex: number, way: TaskWay, tail: readonly PlannedEntry[]): Placed | null {
    const plan = this.plans[armIndex];
    let best: Placed | null = null;
    for (let before = 0; before <= tail.length; before += 1) {
      const fromUs = before === 0 ? plan.freeUs : endOf(tail[before - 1]);
      if (best !== null && best.reach.startUs <= fromUs) break;
      const isOver = before > 0 && before < tail.length;
      const from = before === 0 ? plan.spot : isOver ? plan.via! : this.#library.rests[armIndex];
      const reach = this.#library.reach(armIndex, from, way);
      const placed = reach === null ? null : this.#place(armIndex, reach, way, fromUs);
      if (placed === null || (best !== null && best.carry.startUs <= placed.carry.startUs)) continue;
      best = { ...placed, before: tail.slice(0, before) };
    }
    return best;
  }

  #place(armIndex: number, reach: MotionLeg, way: TaskWay, fromUs: number): Placed | null {
    const { carry } = way;
    let reachUs = fromUs;
    let carryUs = 0;
    for (let shift = 0; shift < SHIFTS_MAX; shift += 1) {
      reachUs = this.#earliest(armIndex, reach, reachUs);
      if (this.#blockedUntil(armIndex, reach, fromUs, reachUs) > fromUs) return null;
      const arrivedUs = reachUs + reach.durationUs;
      carryUs = this.#earliest(armIndex, carry, Math.max(carryUs, arrivedUs));
      const comingUs = arrivedUs - ARRIVING_US;
      const blockedUs = this.#blockedUntil(armIndex, carry, comingUs, carryUs);
      if (blockedUs > comingUs) {
        reachUs = Math.max(reachUs + 1, blockedUs + ARRIVING_US - reach.durationUs);
        continue;
      }
      const doneUs = carryUs + carry.durationUs;
      const after = this.#away(armIndex, way.place, doneUs);
      if (after === null) return null;
      if (typeof after === 'number') {
        carryUs = after - carry.durationUs;
        continue;
      }
      return {
        before: [],
        reach: { leg: reach, startUs: reachUs, taskIndex: -1 },
        carry: { leg: carry, startUs: carryUs, taskIndex: way.taskIndex },
        after,
        via: after.length > 1 ? this.#library.withdrawal(armIndex, way.place)!.via : null,
      };
    }
    return null;
  }

  /**
   * The way to rest from a place after `doneUs`: drawn in first if that is possible; a number: the instant after
   * which nobody is in the way of an arm that stands there; null: there is no motion.
   */
  #away(armIndex: number, place: Spot, doneUs: number): readonly PlannedEntry[] | number | null {
    const withdrawal = this.#library.withdrawal(armIndex, place);
    if (withdrawal !== null) {
      const [inwards, outwards] = withdrawal.legs;
      const inUs = this.#earliest(armIndex, inwards, doneUs);
      const thereUs = inUs + inwards.durationUs;
      if (this.#blockedUntil(armIndex, inwards, doneUs, inUs) <= doneUs) {
        const outUs = this.#earliest(armIndex, outwards, thereUs);
        if (this.#blockedUntil(armIndex, outwards, thereUs, outUs) <= thereUs) {
          return [
            { leg: inwards, startUs: inUs, taskIndex: -1 },
            { leg: outwards, startUs: outUs, taskIndex: -1 },
          ];
        }
      }
    }
    const retreat = this.#library.retreat(armIndex, place);
    if (retreat === null) return null;
    const retreatUs = this.#earliest(armIndex, retreat, doneUs);
    const heldUs = this.#blockedUntil(armIndex, retreat, doneUs, retreatUs);
    return heldUs > doneUs ? heldUs : [{ leg: retreat, startUs: retreatUs, taskIndex: -1 }];
  }

  /** The first instant from `fromUs` on at which a leg can begin and meets nobody. */
  #earliest(armIndex: number, leg: MotionLeg, fromUs: number): number {
    let startUs = fromUs;
    const { durationUs } = leg;
    for (;;) {
      const before = startUs;
      for (const other of this.#others[armIndex]) {
        const { entries } = this.plans[other];
        for (let k = firstEndingAfter(entries, startUs); k < entries.length; k += 1) {
          const entry = entries[k];
          const standsFrom = k === 0 ? 0 : entries[k - 1].startUs + entries[k - 1].leg.durationUs;
          if (standsFrom >= startUs + durationUs) break;
          if (entry.startUs > startUs && entry.startUs > standsFrom) {
            startUs = this.#afterStand(entry.leg, standsFrom, entry.startUs, leg, startUs);
          }
          if (entry.startUs < startUs + durationUs) startUs = this.#afterLeg(entry, leg, startUs);
        }
      }
      if (startUs === before) return startUs;
    }
  }

  #afterLeg(entry: PlannedEntry, leg: MotionLeg, startUs: number): number {
    if (!this.#table.mayMeet(entry.leg.samples(), leg.samples())) return startUs;
    return (
      entry.startUs + this.#table.nextOffset(entry.leg.samples(), leg.samples(), startUs - entry.startUs)
    );
  }

  #afterStand(next: MotionLeg, fromUs: number, untilUs: number, leg: MotionLeg, startUs: number): number {
    if (!this.#table.mayMeet(next.beginning(), leg.samples())) return startUs;
    const spans = this.#table.spans(next.beginning(), leg.samples());
    for (let k = 0; k < spans.length; k += 2) {
      if (startUs + spans[k] < untilUs && startUs + spans[k + 1] > fromUs) return untilUs - spans[k];
    }
    return startUs;
  }

  /**
   * Whether an arm may stand where `next` begins from `fromUs` until `untilUs`: `fromUs` when it may, else the
   * instant after which nobody is in its way any more.
   */
  #blockedUntil(armIndex: number, next: MotionLeg, fromUs: number, untilUs: number): number {
    if (untilUs <= fromUs) return fromUs;
    let blocked = fromUs;
    for (const other of this.#others[armIndex]) {
      const { entries } = this.plans[other];
      for (let k = firstEndingAfter(entries, fromUs); k < entries.length; k += 1) {
        const entry = entries[k];
        const standsFrom = k === 0 ? 0 : entries[k - 1].startUs + entries[k - 1].leg.durationUs;
        if (standsFrom >= untilUs) break;
        if (!this.#table.mayMeet(entry.leg.samples(), next.beginning())) continue;
        if (entry.startUs > fromUs && entry.startUs > standsFrom) {
          if (this.#table.meets(entry.leg.beginning(), next.beginning())) {
            blocked = Math.max(blocked, entry.startUs);
          }
        }
        if (entry.startUs >= untilUs) break;
        const spans = this.#table.spans(next.beginning(), entry.leg.samples());
        for (let n = 0; n < spans.length; n += 2) {
          const from = entry.startUs + spans[n];
          const until = entry.startUs + spans[n + 1];
          if (from < untilUs && until > fromUs) blocked = Math.max(blocked, until);
        }
      }
    }
    return blocked;
  }
}

function endOf({ leg, startUs }: PlannedEntry): number {
  return startUs + leg.durationUs;
}

/** Index of the first entry that ends after an instant; before it all is past. */
function firstEndingAfter(entries: readonly PlannedEntry[], us: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].startUs + entries[middle].leg.durationUs <= us) low = middle + 1;
    else high = middle;
  }
  return low;
}
