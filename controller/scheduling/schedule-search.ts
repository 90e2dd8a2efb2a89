import { seededRandom } from '../../arms/geometry/random.ts';
import type { Decoder, Outcome, Sequences } from './decode.ts';
import { loadS } from './sequence-cost.ts';
import { draftOf, insertAll, ruin } from './sequence-search.ts';
import type { TaskOptions } from './task-options.ts';

export interface SearchSettings {
  /** Schedules that are made; never a time. */
  readonly iterations: number;
  readonly seed: number;
  /** Next tasks among which a schedule chooses, see `Decoder.decode`. */
  readonly window: number;
}

const START_TEMPERATURE_S = 1.5;
const END_TEMPERATURE_S = 0.1;
const BLINK = 0.1;

/** What a schedule is judged by, s: when all is done, and a little when each arm is. */
export function scheduleCost({ makespanUs, doneUs }: Outcome): number {
  if (makespanUs === Infinity) return Infinity;
  let squares = 0;
  for (const us of doneUs) squares += us * us * 1e-12;
  return makespanUs * 1e-6 + 0.5 * Math.sqrt(squares / doneUs.length);
}

/**
 * Large-neighbourhood search: tasks that belong together are taken out and given anew, and the schedule of the result
 * is what it is judged by; simulated annealing decides what is gone on from.
 */
export function searchSchedule(
  options: TaskOptions,
  decoder: Decoder,
  start: Sequences,
  settings: SearchSettings,
  report?: (iteration: number, best: Outcome) => void,
): Outcome {
  const { library, byTask } = options;
  const random = seededRandom(settings.seed);
  const tasks = byTask.flatMap((arms, task) => (arms.length > 0 ? [task] : []));
  let best = decoder.decode(start, settings.window, Infinity);
  if (tasks.length < 2 || best.makespanUs === Infinity) return best;
  let bestCost = scheduleCost(best);
  let current = best;
  let currentCost = bestCost;
  const cooling = Math.log(END_TEMPERATURE_S / START_TEMPERATURE_S);
  for (let n = 0; n < settings.iterations; n += 1) {
    const temperature = START_TEMPERATURE_S * Math.exp((cooling * n) / settings.iterations);
    const draft = draftOf(current.sequences);
    const seedTask = tasks[Math.floor(random() * tasks.length)];
    const removed = ruin(options, draft, 1 + Math.floor(random() * 8), seedTask, random);
    const target = Math.max(...draft.map((sequence, arm) => loadS(library, arm, sequence)));
    insertAll(options, draft, removed, target, random, BLINK);
    const most = currentCost - temperature * Math.log(random() + 1e-12);
    const outcome = decoder.decode(draft, settings.window, (most / 1.5 + 8) * 1e6);
    const cost = scheduleCost(outcome);
    if (cost < most) {
      current = outcome;
      currentCost = cost;
    }
    if (cost < bestCost) {
      best = outcome;
      bestCost = cost;
    }
    report?.(n, best);
  }
  return decoder.decode(best.sequences, 1, Infinity);
}
