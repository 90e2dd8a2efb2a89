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
  /** Whether the last entry is a retreat that gives way to the next task. */
  hasTail: boolean;
}

/** What an append changed, to be taken back. */
export interface Appended {
  readonly armIndex: number;
  readonly entriesBefore: number;
  readonly tail: PlannedEntry | null;
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
      hasTail: false,
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
    plan.hasTail = true;
    return true;
  }

  /**
   * Gives an arm one more task, as early as its way allows after what it has to do already and beside what all others
   * have; null when it has no motion there.
   */
  append(armIndex: number, way: TaskWay): Appended | null {
    const plan = this.plans[armIndex];
    const tail = plan.hasTail ? plan.entries.pop()! : null;
    const appended: Appended = {
      armIndex,
      entriesBefore: plan.entries.length,
      tail,
      spot: plan.spot,
      freeUs: plan.freeUs,
    };
    const placed = this.#direct(armIndex, plan, way) ?? this.#overRest(armIndex, way, tail);
    if (placed === null) {
      if (tail !== null) plan.entries.push(tail);
      return null;
    }
    plan.entries.push(...placed);
    plan.done.push(way);
    plan.hasTail = true;
    plan.spot = way.place;
    const carry = placed[placed.length - 2];
    plan.freeUs = carry.startUs + carry.leg.durationUs;
    return appended;
  }

  /** Takes the latest append of an arm back; appends are taken back in reverse order. */
  takeBack({ armIndex, entriesBefore, tail, spot, freeUs }: Appended): void {
    const plan = this.plans[armIndex];
    plan.entries.length = entriesBefore;
    plan.done.pop();
    if (tail !== null) plan.entries.push(tail);
    plan.hasTail = tail !== null;
    plan.spot = spot;
    plan.freeUs = freeUs;
  }

  /** Reach, carry and retreat, with waits where the arm stands. */
  #direct(armIndex: number, plan: ArmPlan, way: TaskWay): PlannedEntry[] | null {
    const reach = this.#library.reach(armIndex, plan.spot, way);
    return reach === null ? null : this.#place(armIndex, reach, way, plan.freeUs);
  }

  /** First to where the arm rests, as its plan already says, and from there. */
  #overRest(armIndex: number, way: TaskWay, tail: PlannedEntry | null): PlannedEntry[] | null {
    if (tail === null) return null;
    const reach = this.#library.reach(armIndex, this.#library.rests[armIndex], way);
    if (reach === null) return null;
    const placed = this.#place(armIndex, reach, way, tail.startUs + tail.leg.durationUs);
    return placed === null ? null : [tail, ...placed];
  }

  #place(armIndex: number, reach: MotionLeg, way: TaskWay, fromUs: number): PlannedEntry[] | null {
    const retreat = this.#library.retreat(armIndex, way.place);
    if (retreat === null) return null;
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
      const retreatUs = this.#earliest(armIndex, retreat, doneUs);
      const heldUs = this.#blockedUntil(armIndex, retreat, doneUs, retreatUs);
      if (heldUs > doneUs) {
        carryUs = heldUs - carry.durationUs;
        continue;
      }
      return [
        { leg: reach, startUs: reachUs, taskIndex: -1 },
        { leg: carry, startUs: carryUs, taskIndex: way.taskIndex },
        { leg: retreat, startUs: retreatUs, taskIndex: -1 },
      ];
    }
    return null;
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
