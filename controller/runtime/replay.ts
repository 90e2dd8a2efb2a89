import type { CoreEffect } from '../core/effect.ts';
import type { CoreEvent } from '../core/event.ts';
import { JournalFailure } from './journal.ts';
import type { Journal, JournalConfiguration, JournalSnapshot, StoredTick } from './journal.ts';
import { canonicalJson, hashText, stateHash } from './state-hash.ts';

/**
 * The core as the runtime sees it: something that is made from a state, stepped, and put down as a state again.
 * What goes in decides alone what comes out.
 */
export interface Reducer<TCore> {
  create(): TCore;
  /** Goes on from a state that `stateOf` gave; the core owns it from now on. */
  restore(state: unknown): TCore;
  step(core: TCore, events: readonly CoreEvent[], nowUs: number): readonly CoreEffect[];
  /** Plain data, everything that the next step depends on. */
  stateOf(core: TCore): unknown;
}

/** A core, or how to make the one of a cell model that the journal was written under. */
export type ReducerSource<TCore> = Reducer<TCore> | ((modelJson: string) => Reducer<TCore>);

export interface Replayed<TCore> {
  readonly core: TCore;
  /** SHA-256 of `stateJson`, which is the canonical JSON of the state. */
  readonly stateHash: string;
  readonly stateJson: string;
  /** Ticks and events that were stepped through, from where it began. */
  readonly ticks: number;
  readonly events: number;
  /** The snapshot it began at; null: at the very beginning. */
  readonly from: JournalSnapshot | null;
  /** The configuration in force at the end; null: the journal names none. */
  readonly configuration: JournalConfiguration | null;
}

export interface ReplayOptions {
  /** `snapshot`: from the newest one on. `beginning`: everything, checking every snapshot that is passed. */
  readonly from: 'snapshot' | 'beginning';
  /** Called after each tick that was stepped. */
  readonly onTick?: (effects: readonly CoreEffect[], nowUs: number) => void;
}

/**
 * Rebuilds the core from the journal. Effects are not carried out: they were, or what became of them is in doubt,
 * and the core finds that out with its next `started` event. Given how to make a core of a cell model, every tick is
 * stepped under the configuration under which it was taken.
 * @throws JournalFailure when the journal cannot be read, or leads to another state than it did when it was written.
 */
export function replayJournal<TCore>(
  journal: Journal,
  source: ReducerSource<TCore>,
  options: ReplayOptions,
): Replayed<TCore> {
  const from = options.from === 'snapshot' ? journal.snapshotAt(Infinity) : null;
  const coming = [...journal.configurations()];
  let configuration = takeInForce(coming, from?.ticks ?? 0);
  const reducerOf = (): Reducer<TCore> => {
    if (typeof source !== 'function') return source;
    if (configuration === null) {
      throw diverged('the journal does not say under which configuration it was written');
    }
    return source(configuration.modelJson);
  };
  let reducer = reducerOf();
  let core = from === null ? reducer.create() : reducer.restore(JSON.parse(from.stateJson));

  let ticks = 0;
  let events = 0;
  const checkpoints = options.from === 'beginning' ? snapshotsOf(journal) : [];
  for (const tick of journal.ticksAfter(from?.ticks ?? 0)) {
    if (coming[0]?.afterTicks === tick.sequence - 1) {
      configuration = coming.shift()!;
      if (typeof source === 'function') {
        const state: unknown = JSON.parse(canonicalJson(reducer.stateOf(core)));
        reducer = reducerOf();
        core = reducer.restore(state);
      }
    }
    const effects = stepAgain(reducer, core, tick);
    options.onTick?.(effects, tick.nowUs);
    ticks += 1;
    events += tick.events.length;
    if (checkpoints[0]?.ticks === tick.sequence) check(reducer, core, checkpoints.shift()!);
  }
  const stateJson = canonicalJson(reducer.stateOf(core));
  return { core, stateHash: hashText(stateJson), stateJson, ticks, events, from, configuration };
}

/** Takes out what is in force after a tick, and all before it. */
function takeInForce(coming: JournalConfiguration[], ticks: number): JournalConfiguration | null {
  let found: JournalConfiguration | null = null;
  while (coming[0] !== undefined && coming[0].afterTicks <= ticks) found = coming.shift()!;
  return found;
}

/** A tick is journalled only after the core took it, so a core that throws now is not the one that took it. */
function stepAgain<TCore>(reducer: Reducer<TCore>, core: TCore, tick: StoredTick): readonly CoreEffect[] {
  try {
    return reducer.step(core, tick.events, tick.nowUs);
  } catch (error) {
    throw diverged(`at tick ${tick.sequence} the core fails (${(error as Error).message}), which it did not`);
  }
}

function snapshotsOf(journal: Journal): JournalSnapshot[] {
  const found: JournalSnapshot[] = [];
  for (
    let snapshot = journal.snapshotAt(Infinity);
    snapshot !== null && snapshot.ticks > 0;
    snapshot = journal.snapshotAt(snapshot.ticks - 1)
  ) {
    found.unshift(snapshot);
  }
  return found;
}

function check<TCore>(reducer: Reducer<TCore>, core: TCore, snapshot: JournalSnapshot): void {
  const now = stateHash(reducer.stateOf(core));
  const then = stateHash(JSON.parse(snapshot.stateJson));
  if (now === then) return;
  throw diverged(
    `after tick ${snapshot.ticks} the state has hash ${now.slice(0, 12)}, it had ${then.slice(0, 12)}`,
  );
}

function diverged(detail: string): JournalFailure {
  return new JournalFailure({
    code: 'journal-diverged',
    file: 'journal',
    detail,
    remedy:
      'Use the version of Magpie and the configuration that wrote it; the epochs in the journal name the version',
  });
}
