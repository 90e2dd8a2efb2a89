import type { CoreEffect } from '../core/effect.ts';
import type { ControlLoopOptions } from './control-loop-options.ts';
import { JournalFailure } from './journal.ts';
import { replayJournal } from './replay.ts';
import type { Replayed } from './replay.ts';

/**
 * The core as the journal left it, under the present configuration. What happened under another configuration is
 * replayed under that one: the same events under another cell would be another history.
 * @throws JournalFailure also when the stored state cannot go on under the present configuration.
 */
export function restoreCore<TCore>(
  options: Pick<ControlLoopOptions<TCore>, 'journal' | 'core' | 'configuration'>,
  onEffect: (effect: CoreEffect, nowUs: number) => void,
): Replayed<TCore> {
  const { journal, core, configuration } = options;
  const onTick = (effects: readonly CoreEffect[], nowUs: number): void =>
    effects.forEach((effect) => onEffect(effect, nowUs));
  if (configuration === undefined || journal.configurations().length === 0) {
    const restored = replayJournal(journal, core, { from: 'snapshot', onTick });
    if (configuration !== undefined) journal.configure(configuration);
    return restored;
  }
  const restored = replayJournal(journal, configuration.coreOf, { from: 'snapshot', onTick });
  // Also under the same configuration: the loop steps with the core that it was given, and with no other.
  const present = { ...restored, core: core.restore(JSON.parse(restored.stateJson)) };
  const stored = restored.configuration;
  if (stored === null || stored.hash === configuration.hash) return present;

  const refusal = configuration.refuse(stored.modelJson, JSON.parse(restored.stateJson));
  if (refusal !== null) {
    throw new JournalFailure({
      code: 'configuration-refused',
      file: 'journal',
      detail: refusal,
      remedy: 'Nothing was changed and nothing was started',
    });
  }
  // In this order: when the process dies in between, the next one begins at the snapshot and comes here again.
  journal.saveSnapshot(restored.stateJson);
  journal.configure(configuration);
  return { ...present, events: 0, from: journal.snapshotAt(Infinity) };
}
