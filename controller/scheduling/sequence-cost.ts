import type { MotionLibrary, Spot, TaskWay } from './motion-library.ts';
import type { TaskOptions } from './task-options.ts';

/** Per arm its tasks in order, each with the way it is done. */
export type Sequences = readonly (readonly TaskWay[])[];

/** Where every arm is when its sequence begins, and when that is, s. */
export interface Beginning {
  readonly spots: readonly Spot[];
  readonly freeS: readonly number[];
}

/** When a whole sequence would be done when nobody is in the way, s. */
export function doneS(
  library: MotionLibrary,
  beginning: Beginning,
  armIndex: number,
  sequence: readonly TaskWay[],
): number {
  let sum = beginning.freeS[armIndex];
  let spot = beginning.spots[armIndex];
  for (const way of sequence) {
    sum += library.stepS(armIndex, spot, way);
    spot = way.place;
  }
  return sum;
}

/** A place in a sequence for a task, and what it adds, s. */
export interface Insertion {
  readonly armIndex: number;
  readonly at: number;
  readonly way: TaskWay;
  readonly addedS: number;
  /** What it is judged by: what it adds, and more where the arm has much to do already. */
  readonly cost: number;
}

/** How much a second beyond the target counts more than one before it. */
const OVERLOAD = 3;

/**
 * The best places for a task, one per arm at most, best first.
 *
 * @param skip positions are left out at random with this chance: variety for a search (blinks, Christiaens and Vanden
 *   Berghe, "Slack induction by string removals for vehicle routing problems", Transportation Science 2020)
 */
export function insertions(
  options: TaskOptions,
  beginning: Beginning,
  sequences: Sequences,
  loadsS: readonly number[],
  targetS: number,
  taskIndex: number,
  random: () => number,
  skip: number,
): Insertion[] {
  const { library, byTask } = options;
  const found: Insertion[] = [];
  for (const { armIndex, ways } of byTask[taskIndex]) {
    const sequence = sequences[armIndex];
    let best: Insertion | null = null;
    for (let at = 0; at <= sequence.length; at += 1) {
      if (skip > 0 && random() < skip) continue;
      const before = at === 0 ? beginning.spots[armIndex] : sequence[at - 1].place;
      const after = at === sequence.length ? null : sequence[at];
      const gone = after === null ? 0 : library.stepS(armIndex, before, after);
      for (const way of ways) {
        let addedS = library.stepS(armIndex, before, way) - gone;
        if (after !== null) addedS += library.stepS(armIndex, way.place, after);
        const over = Math.max(0, loadsS[armIndex] + addedS - targetS);
        const cost = addedS + OVERLOAD * Math.min(over, addedS);
        if (best === null || cost < best.cost) best = { armIndex, at, way, addedS, cost };
      }
    }
    if (best !== null) found.push(best);
  }
  return found.sort((a, b) => a.cost - b.cost);
}
