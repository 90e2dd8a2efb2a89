import type {
  Journal,
  JournalConfiguration,
  JournalHead,
  JournalSnapshot,
  NewTick,
  StoredTick,
  Takeover,
} from './journal.ts';

export interface MemoryJournalOptions {
  /** Ticks kept; older ones are forgotten, and reading them is an error. */
  readonly ticksMax: number;
}

/** A journal that lasts as long as the process: for runs in simulated time, where nothing is to be kept. */
export function createMemoryJournal({ ticksMax }: MemoryJournalOptions): Journal {
  let ticks: StoredTick[] = [];
  let dropped = 0;
  const snapshots: JournalSnapshot[] = [];
  const configurations: JournalConfiguration[] = [];
  const facts = new Map<string, string>();
  let head: JournalHead = { ticks: 0, events: 0, nowUs: 0, epoch: 0 };

  return {
    head: () => head,
    append(tick: NewTick): void {
      const sequence = head.ticks + 1;
      ticks.push({ sequence, nowUs: tick.nowUs, events: tick.events });
      if (ticks.length >= 2 * ticksMax) {
        dropped += ticks.length - ticksMax;
        ticks = ticks.slice(-ticksMax);
      }
      head = { ...head, ticks: sequence, events: head.events + tick.events.length, nowUs: tick.nowUs };
    },
    *ticksAfter(sequence: number): Iterable<StoredTick> {
      if (sequence < dropped)
        throw new Error(`ticks up to ${dropped} were dropped, only ${ticksMax} are kept`);
      for (let at = sequence; at < head.ticks; at += 1) yield ticks[at - dropped]!;
    },
    takeOver(_by: Takeover): number {
      head = { ...head, epoch: head.epoch + 1 };
      return head.epoch;
    },
    saveSnapshot(stateJson: string): void {
      snapshots.push({
        ticks: head.ticks,
        events: head.events,
        nowUs: head.nowUs,
        stateJson,
      });
      if (snapshots.length > 2) snapshots.shift();
    },
    snapshotAt: (ticksMax: number) => snapshots.findLast((each) => each.ticks <= ticksMax) ?? null,
    configure({ hash, modelJson }) {
      if (configurations.at(-1)?.hash === hash) return;
      if (configurations.at(-1)?.afterTicks === head.ticks) configurations.pop();
      configurations.push({ afterTicks: head.ticks, hash, modelJson });
    },
    configurations: () => configurations,
    setMetadata: (key, value) => void facts.set(key, value),
    metadata: (key) => facts.get(key) ?? null,
    close: () => undefined,
  };
}
