import type { CoreEvent } from '../core/event.ts';

/**
 * The truth about the cell: every tick in which something happened to the core, in order. State is what follows from
 * it, so what is not in here did not happen.
 */

/** One call of the core: the instant and what had happened by then. No events: a deadline had come. */
interface JournalTick {
  readonly nowUs: number;
  readonly events: readonly CoreEvent[];
}

/** A tick to be written. */
export interface NewTick extends JournalTick {
  /** The same events as JSON, from who has it at hand: encoding is most of the cost of a large tick. */
  readonly eventsJson?: string;
}

/** A tick as it stands in the journal. */
export interface StoredTick extends JournalTick {
  /** 1 for the first tick ever, without gaps. */
  readonly sequence: number;
}

/** How far the journal has come. */
export interface JournalHead {
  /** Sequence number of the last tick; 0 when there is none. */
  readonly ticks: number;
  /** Events in all ticks so far. */
  readonly events: number;
  /** Instant of the last tick, us; 0 when there is none. */
  readonly nowUs: number;
  /** Epoch of the last takeover; 0 when there was none. */
  readonly epoch: number;
}

/** The state after a tick, so that a restart need not begin at the first one. */
export interface JournalSnapshot {
  /** Sequence number of the last tick that is in it, and the number of events up to there. */
  readonly ticks: number;
  readonly events: number;
  readonly nowUs: number;
  /** The state as JSON. Stored with its SHA-256, so that what is read back is what was written. */
  readonly stateJson: string;
}

/** The cell model that a stretch of the journal was written under. */
export interface JournalConfiguration {
  /** In force for the ticks after this one. */
  readonly afterTicks: number;
  /** Tells whether two are the same. */
  readonly hash: string;
  readonly modelJson: string;
}

/** Who takes over the journal; kept for the record. */
export interface Takeover {
  /** Calendar time, ms since 1970. */
  readonly wallMs: number;
  readonly pid: number;
  readonly host: string;
  readonly version: string;
}

/**
 * Written by one controller at a time; the state directory sees to that. Every method may throw `JournalFailure`;
 * after one of them did, nothing more is written, and the process has to end: what the disk holds is not known, and
 * trying again would hide it.
 */
export interface Journal {
  head(): JournalHead;
  /** Durable when it returns. */
  append(tick: NewTick): void;
  /** The ticks after the given one, oldest first, read a page at a time. */
  ticksAfter(sequence: number): Iterable<StoredTick>;
  /** Counts the epoch up by one, durably, and returns it: commands of older epochs are refused from now on. */
  takeOver(by: Takeover): number;
  /** Stores the state after the last tick; older snapshots but one are dropped. */
  saveSnapshot(stateJson: string): void;
  /** The newest snapshot at or before a tick (all ticks: Infinity); null when there is none. */
  snapshotAt(ticksMax: number): JournalSnapshot | null;
  /** From the next tick on, this configuration is in force. Nothing happens when it is already. */
  configure(configuration: Omit<JournalConfiguration, 'afterTicks'>): void;
  /** Every configuration that was ever in force, oldest first. */
  configurations(): readonly JournalConfiguration[];
  /** Facts beside the events: summary of the configuration, version. Durable when it returns. */
  setMetadata(key: string, value: string): void;
  metadata(key: string): string | null;
  close(): void;
}

/** What is wrong with a journal, each with its own remedy in docs/error-codes.md. */
export type JournalFaultCode =
  /** The file is not a journal of Magpie. */
  | 'journal-foreign'
  /** Written by a newer version. */
  | 'journal-newer'
  /** Something in it is not as it was written. */
  | 'journal-corrupt'
  /** It ends earlier than it is known to have been written. */
  | 'journal-truncated'
  /** No space left on the disk. */
  | 'journal-full'
  /** The disk or its file system failed. */
  | 'journal-io'
  /** Another process has it locked. */
  | 'journal-busy'
  /** An earlier write failed; nothing may be written after that. */
  | 'journal-failed'
  /** The same events led to another state than they did before. */
  | 'journal-diverged'
  /** What is stored does not fit the present configuration of the cell. */
  | 'configuration-refused';

export interface JournalFault {
  readonly code: JournalFaultCode;
  readonly file: string;
  readonly detail: string;
  readonly remedy: string;
}

/** Thrown where a journal cannot go on: the one exception that the runtime handles, by stopping the arms and ending. */
export class JournalFailure extends Error {
  readonly fault: JournalFault;

  constructor(fault: JournalFault) {
    super(`${fault.file}: ${fault.detail}. ${fault.remedy} (${fault.code})`);
    this.name = 'JournalFailure';
    this.fault = fault;
  }
}
