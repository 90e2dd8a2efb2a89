import { seededRandom } from '../../arms/geometry/random.ts';
import type { ConflictTable } from '../coordination/conflict-table.ts';
import type { BeamSettings } from './schedule-beam.ts';
import { beamSchedule } from './schedule-beam.ts';
import type { Beginning } from './sequence-cost.ts';
import type { Draft } from './sequence-search.ts';
import { firstSequences, improveSequences } from './sequence-search.ts';
import { SpaceTime } from './space-time.ts';
import type { TaskOptions } from './task-options.ts';

export interface BatchSettings {
  /** Ruins while arms do not mind one another, in each of some rounds between which the moves used are planned. */
  readonly looseIterations: number;
  readonly looseRounds: number;
  /** Beams, each beginning with the order of the best schedule so far. */
  readonly beams: number;
  readonly beam: Omit<BeamSettings, 'seed'>;
  readonly seed: number;
}

/** What a schedule takes, us: when its last task is done. */
export function makespanUs(space: SpaceTime): number {
  return Math.max(0, ...space.plans.map((plan) => plan.freeUs));
}

/** A schedule in which everyone is still at the start, on the way to rest; null when arms cannot get there. */
export function openingSchedule(
  options: TaskOptions,
  table: ConflictTable,
  others: readonly (readonly number[])[],
): SpaceTime | null {
  const space = new SpaceTime(options.library, table, others);
  return space.begin().length === 0 ? space : null;
}

/**
 * The best schedule found for all tasks: sequences that are good by themselves, and from them beams that mind who is
 * where. Whether arms mind one another at all the opening says.
 *
 * @returns null when some motion does not exist
 */
export function batchSchedule(
  options: TaskOptions,
  opening: SpaceTime,
  settings: BatchSettings,
): SpaceTime | null {
  const { library } = options;
  const beginning = { spots: library.starts, freeS: library.starts.map(() => 0) };
  let sequences = looseSequences(options, beginning, settings);
  let best: SpaceTime | null = null;
  for (let n = 0; n < settings.beams; n += 1) {
    const made = beamSchedule(options, opening, sequences, {
      ...settings.beam,
      seed: settings.seed * 1_000 + n,
    });
    if (made === null || (best !== null && makespanUs(made) >= makespanUs(best))) continue;
    best = made;
    sequences = made.plans.map((plan) => [...plan.done]);
  }
  return best;
}

/**
 * Sequences that are good while arms do not mind one another. After each round the moves between their tasks are
 * planned: what was estimated too low does not mislead the next.
 */
function looseSequences(
  options: TaskOptions,
  beginning: Beginning,
  { looseRounds, looseIterations, seed }: BatchSettings,
): Draft {
  const { library } = options;
  const random = seededRandom(seed);
  let sequences = firstSequences(options, beginning);
  for (let round = 0; round < looseRounds; round += 1) {
    sequences = improveSequences(
      options,
      beginning,
      sequences,
      looseIterations,
      round === 0 ? LOOSE_TEMPERATURES_S : LATER_TEMPERATURES_S,
      random,
    );
    sequences.forEach((sequence, arm) => {
      let spot = beginning.spots[arm];
      for (const way of sequence) {
        library.reach(arm, spot, way);
        spot = way.place;
      }
    });
  }
  return sequences;
}

const LOOSE_TEMPERATURES_S = [2, 0.05] as const;
const LATER_TEMPERATURES_S = [0.5, 0.05] as const;
