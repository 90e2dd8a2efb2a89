import type { ConflictTable } from '../coordination/conflict-table.ts';
import type { MotionLibrary, TaskWay } from './motion-library.ts';
import { stepS } from './sequence-cost.ts';
import { SpaceTime } from './space-time.ts';
import type { Appended } from './space-time.ts';

/** Per arm its tasks in order, each with the way it is done. */
export type Sequences = readonly (readonly TaskWay[])[];

/** What a schedule of sequences comes to. */
export interface Outcome {
  /** The sequences, as the window changed them. */
  readonly sequences: Sequences;
  /** When the last task is done, us; Infinity when some motion does not exist, or it would be later than the bound. */
  readonly makespanUs: number;
  /** Per arm when its last task is done, us. */
  readonly doneUs: readonly number[];
}

const FAILED: Outcome = { sequences: [], makespanUs: Infinity, doneUs: [] };

/** Empty moves seldom take less, us: what a schedule that cannot keep its bound is recognised by. */
const REACH_LEAST_US = 1_200_000;

/** A wait that is not worth looking for another task, us. */
const NOTHING_LOST_US = 50_000;

/**
 * Makes schedules of sequences: whichever arm is free first gets its next task as early as can be. Remembers the last
 * one, so that the next, if it begins alike, is made from where they differ.
 */
export class Decoder {
  readonly space: SpaceTime;
  readonly #log: { readonly way: TaskWay; readonly appended: Appended; readonly freeUs: number }[] = [];
  readonly #library: MotionLibrary;
  readonly #freeUs: readonly number[];
  decoded = 0;
  /** Arms that cannot leave where they start. */
  readonly stuck: readonly number[];

  constructor(library: MotionLibrary, table: ConflictTable, others: readonly (readonly number[])[]) {
    this.#library = library;
    this.space = new SpaceTime(library, table, others);
    this.stuck = this.space.begin();
    this.#freeUs = this.space.plans.map((plan) => plan.freeUs);
  }

  /**
   * @param window how many of the next tasks of an arm are tried for the one that loses least; 1: sequences are kept
   *   as they are. Where the last decoding began alike it is not tried again.
   * @param boundUs a makespan that is to be stayed below; given up as soon as that is seen to be impossible
   */
  decode(sequences: Sequences, window: number, boundUs: number): Outcome {
    this.decoded += 1;
    const draft = sequences.map((sequence) => [...sequence]);
    const next = this.#rewind(draft);
    const { plans } = this.space;
    const free = plans.map((plan) => plan.freeUs);
    const rest = draft.map((sequence, arm) =>
      sequence.slice(next[arm]).reduce((sum, way) => sum + way.carry.durationUs + REACH_LEAST_US, 0),
    );
    for (;;) {
      const arm = nextArm(draft, next, free);
      if (arm < 0) break;
      const at = next[arm];
      const appended = this.#appendBest(arm, draft[arm], at, window);
      if (appended === null) return FAILED;
      const way = draft[arm][at];
      free[arm] = plans[arm].freeUs;
      this.#log.push({ way, appended, freeUs: free[arm] });
      next[arm] += 1;
      rest[arm] -= way.carry.durationUs + REACH_LEAST_US;
      if (free[arm] + rest[arm] > boundUs) return FAILED;
    }
    const doneUs = plans.map((plan) => plan.freeUs);
    return { makespanUs: Math.max(...doneUs), doneUs, sequences: draft };
  }

  /** Appends the task of the window that loses least, and brings it forward in the sequence. */
  #appendBest(arm: number, sequence: TaskWay[], at: number, window: number): Appended | null {
    const { space } = this;
    const before = space.plans[arm].freeUs;
    const last = Math.min(sequence.length, at + window) - 1;
    let best = at;
    let leastUs = Infinity;
    for (let k = at; k <= last && last > at; k += 1) {
      const detourUs = k === at ? 0 : this.#detourS(arm, sequence, at, k) * 1e6;
      if (detourUs >= leastUs) continue;
      const nominalUs = stepS(this.#library, arm, at === 0 ? null : sequence[at - 1], sequence[k]) * 1e6;
      const appended = space.append(arm, sequence[k]);
      if (appended === null) continue;
      const lostUs = detourUs + space.plans[arm].freeUs - before - nominalUs;
      space.takeBack(appended);
      if (lostUs >= leastUs) continue;
      leastUs = lostUs;
      best = k;
      if (lostUs < NOTHING_LOST_US) break;
    }
    if (best !== at) sequence.splice(at, 0, ...sequence.splice(best, 1));
    return space.append(arm, sequence[at]);
  }

  /** What doing task `k` of a sequence already at `at` adds to its empty moves, s. */
  #detourS(arm: number, sequence: readonly TaskWay[], at: number, k: number): number {
    const step = (from: TaskWay | null, to: TaskWay | undefined): number =>
      to === undefined ? 0 : stepS(this.#library, arm, from, to);
    const before = at === 0 ? null : sequence[at - 1];
    const now =
      step(before, sequence[at]) + step(sequence[k - 1], sequence[k]) + step(sequence[k], sequence[k + 1]);
    const then =
      step(before, sequence[k]) + step(sequence[k], sequence[at]) + step(sequence[k - 1], sequence[k + 1]);
    return then - now;
  }

  /** Takes back what differs; returns per arm how many of its tasks stand. */
  #rewind(sequences: Sequences): number[] {
    const next = sequences.map(() => 0);
    const free = [...this.#freeUs];
    let kept = 0;
    for (; kept < this.#log.length; kept += 1) {
      const { way, appended, freeUs } = this.#log[kept];
      const arm = nextArm(sequences, next, free);
      if (arm !== appended.armIndex || sequences[arm][next[arm]] !== way) break;
      next[arm] += 1;
      free[arm] = freeUs;
    }
    while (this.#log.length > kept) this.space.takeBack(this.#log.pop()!.appended);
    return next;
  }
}

/** The arm that is free first of those that have more to do; -1: none has. */
function nextArm(sequences: Sequences, next: readonly number[], freeUs: readonly number[]): number {
  let arm = -1;
  for (let a = 0; a < sequences.length; a += 1) {
    if (next[a] >= sequences[a].length) continue;
    if (arm < 0 || freeUs[a] < freeUs[arm]) arm = a;
  }
  return arm;
}
