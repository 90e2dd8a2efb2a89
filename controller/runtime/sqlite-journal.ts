import { closeSync, fsyncSync, openSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import Database from 'libsql';
import type { CoreEvent } from '../core/event.ts';
import { JournalFailure } from './journal.ts';
import type {
  Journal,
  JournalConfiguration,
  JournalFault,
  JournalFaultCode,
  JournalHead,
  JournalSnapshot,
  NewTick,
  StoredTick,
  Takeover,
} from './journal.ts';
import { MIGRATIONS, migrate, schemaStateOf } from './journal-schema.ts';
import { readTailMark, TailWriter } from './journal-tail.ts';
import { hashText } from './state-hash.ts';

export interface SqliteJournalOptions {
  readonly file: string;
  /** `write`: made when missing. `read`: has to be there; nothing is changed, a controller may be writing to it. */
  readonly mode: 'write' | 'read';
}

export type OpenedJournal =
  { readonly ok: true; readonly journal: Journal } | { readonly ok: false; readonly fault: JournalFault };

/** Bodies shorter than this are stored as they are; compressing them costs more than it saves. */
const DEFLATE_FROM_BYTES = 2_048;
const PAGE_TICKS = 500;
/** Newest and the one before, which a replay can start from when the newest is what is in question. */
const SNAPSHOTS_KEPT = 2;
/** How long a write waits for another process to let go of the file. */
const BUSY_WITHIN_MS = 100;
/** What the write-ahead log is cut back to after it grew, bytes. */
const WAL_BYTES_KEPT = 64 * 1_024 * 1_024;

/**
 * The journal in an SQLite file, as a write-ahead log with `synchronous = FULL`: every `append` is one commit and one
 * fsync (SQLite documentation, "PRAGMA synchronous": in WAL mode FULL syncs the log after each transaction).
 */
export function openSqliteJournal(options: SqliteJournalOptions): OpenedJournal {
  try {
    return { ok: true, journal: new SqliteJournal(options) };
  } catch (error) {
    if (error instanceof JournalFailure) return { ok: false, fault: error.fault };
    throw error;
  }
}

class SqliteJournal implements Journal {
  readonly #file: string;
  readonly #db: Database.Database;
  readonly #tail: TailWriter | null;
  readonly #insert: Database.Statement | null;
  #head: JournalHead = { ticks: 0, events: 0, nowUs: 0, epoch: 0 };
  #checksum = 0;
  #failure: JournalFailure | null = null;

  constructor({ file, mode }: SqliteJournalOptions) {
    this.#file = file;
    const isNew = !existsSync(file);
    if (isNew && mode === 'read') {
      throw this.#failed('journal-io', 'there is no such file', 'Give the path of a journal.db');
    }
    const mark = readTailMark(tailFile(file));
    if (isNew && mark !== null) throw this.#truncated(mark.sequence);

    this.#db = this.#guard(() => new Database(file, { readonly: mode === 'read', timeout: 0 }));
    try {
      this.#prepare(mode);
      if (isNew) syncDirectory(dirname(file));
      this.#loadHead(mark);
      this.#insert =
        mode === 'read'
          ? null
          : this.#guard(() => this.#db.prepare('INSERT INTO ticks VALUES (?, ?, ?, ?, ?, ?)'));
      this.#tail = mode === 'read' ? null : new TailWriter(tailFile(file));
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  #prepare(mode: 'write' | 'read'): void {
    const state = this.#guard(() => schemaStateOf(this.#db, MIGRATIONS));
    if (state.kind === 'foreign') {
      throw this.#failed(
        'journal-foreign',
        'is a database of another program',
        'Give another state directory with --state',
      );
    }
    if (state.kind === 'newer') {
      throw this.#failed(
        'journal-newer',
        `has schema version ${state.version}; this version of Magpie knows up to ${MIGRATIONS.length}`,
        'Run the version of Magpie that wrote it, or a newer one',
      );
    }
    if (mode === 'read') {
      // What is empty becomes a journal when a controller opens it; there is nothing in it to be read.
      if (state.kind === 'empty') {
        throw this.#failed('journal-foreign', 'holds no journal', 'Give the path of a journal.db');
      }
      return;
    }
    this.#guard(() => {
      this.#db.exec('PRAGMA journal_mode = WAL');
      this.#db.exec('PRAGMA synchronous = FULL');
      // Somebody who looks at the file by hand may hold it for a moment; longer than this, and the arms stop.
      this.#db.exec(`PRAGMA busy_timeout = ${BUSY_WITHIN_MS}`);
      // macOS: fsync alone leaves the data in the drive's cache.
      this.#db.exec('PRAGMA fullfsync = ON');
      this.#db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
      migrate(this.#db, MIGRATIONS);
    });
  }

  #loadHead(mark: ReturnType<typeof readTailMark>): void {
    const [last] = this.#rows<[number, number, number, number]>(
      'SELECT sequence, events_total, now_us, checksum FROM ticks ORDER BY sequence DESC LIMIT 1',
    );
    const [epoch] = this.#rows<[number | null]>('SELECT max(epoch) FROM epochs');
    const [ticks, events, nowUs, checksum] = last ?? [0, 0, 0, 0];
    this.#head = { ticks, events, nowUs, epoch: epoch?.[0] ?? 0 };
    this.#checksum = checksum;
    if (mark === null) return;
    if (mark.sequence > ticks || mark.epoch > this.#head.epoch) throw this.#truncated(mark.sequence);
    const [marked] = this.#rows<[number]>('SELECT checksum FROM ticks WHERE sequence = ?', mark.sequence);
    if (mark.sequence > 0 && marked?.[0] !== mark.checksum) throw this.#corrupt(`tick ${mark.sequence}`);
  }

  head(): JournalHead {
    return this.#head;
  }

  append(tick: NewTick): void {
    if (tick.nowUs < this.#head.nowUs || !Number.isSafeInteger(tick.nowUs)) {
      throw new Error(`tick at ${tick.nowUs} us after one at ${this.#head.nowUs} us`);
    }
    const sequence = this.#head.ticks + 1;
    const events = this.#head.events + tick.events.length;
    const json = Buffer.from(tick.eventsJson ?? JSON.stringify(tick.events), 'utf8');
    const encoding = json.length >= DEFLATE_FROM_BYTES ? 1 : 0;
    const body = encoding === 1 ? deflateRawSync(json, { level: 1 }) : json;
    const checksum = checksumOf(this.#checksum, [sequence, tick.nowUs, events, encoding], body);
    this.#write(() => this.#insert?.run(sequence, tick.nowUs, events, encoding, body, checksum));
    this.#head = { ...this.#head, ticks: sequence, events, nowUs: tick.nowUs };
    this.#checksum = checksum;
    this.#mark();
  }

  *ticksAfter(sequence: number): Iterable<StoredTick> {
    const end = this.#head.ticks;
    let checksum = sequence === 0 ? 0 : this.#checksumAt(sequence);
    let previous = sequence;
    while (previous < end) {
      const rows = this.#rows<[number, number, number, number, Buffer, number]>(
        `SELECT sequence, now_us, events_total, encoding, body, checksum FROM ticks
         WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ${PAGE_TICKS}`,
        previous,
        end,
      );
      if (rows.length === 0) throw this.#corrupt(`tick ${previous + 1} is missing`);
      for (const [at, nowUs, events, encoding, body, stored] of rows) {
        checksum = checksumOf(checksum, [at, nowUs, events, encoding], body);
        if (at !== previous + 1 || checksum !== stored) throw this.#corrupt(`tick ${previous + 1}`);
        previous = at;
        yield { sequence: at, nowUs, events: this.#decode(at, encoding, body) };
      }
    }
  }

  #decode(sequence: number, encoding: number, body: Buffer): CoreEvent[] {
    try {
      return JSON.parse((encoding === 1 ? inflateRawSync(body) : body).toString('utf8')) as CoreEvent[];
    } catch {
      throw this.#corrupt(`tick ${sequence}`);
    }
  }

  #checksumAt(sequence: number): number {
    const [row] = this.#rows<[number]>('SELECT checksum FROM ticks WHERE sequence = ?', sequence);
    if (row === undefined) throw this.#corrupt(`tick ${sequence} is missing`);
    return row[0];
  }

  takeOver(by: Takeover): number {
    const epoch = this.#head.epoch + 1;
    this.#write(() =>
      this.#db
        .prepare('INSERT INTO epochs VALUES (?, ?, ?, ?, ?)')
        .run(epoch, by.wallMs, by.pid, by.host, by.version),
    );
    this.#head = { ...this.#head, epoch };
    this.#mark();
    return epoch;
  }

  saveSnapshot(stateJson: string): void {
    const { ticks, events, nowUs } = this.#head;
    this.#write(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      this.#db
        .prepare('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)')
        .run(ticks, events, nowUs, hashText(stateJson), stateJson);
      this.#db
        .prepare(
          `DELETE FROM snapshots WHERE ticks NOT IN
             (SELECT ticks FROM snapshots ORDER BY ticks DESC LIMIT ${SNAPSHOTS_KEPT})`,
        )
        .run();
      this.#db.exec('COMMIT');
    });
  }

  snapshotAt(ticksMax: number): JournalSnapshot | null {
    const [row] = this.#rows<[number, number, number, string, string]>(
      `SELECT ticks, events, now_us, state_hash, state_json FROM snapshots
       WHERE ticks <= ? ORDER BY ticks DESC LIMIT 1`,
      Math.min(ticksMax, this.#head.ticks),
    );
    if (row === undefined) return null;
    const [ticks, events, nowUs, stateHash, stateJson] = row;
    if (hashText(stateJson) !== stateHash) throw this.#corrupt(`the snapshot after tick ${ticks}`);
    return { ticks, events, nowUs, stateJson };
  }

  configure({ hash, modelJson }: Omit<JournalConfiguration, 'afterTicks'>): void {
    if (this.configurations().at(-1)?.hash === hash) return;
    this.#write(() =>
      this.#db
        .prepare('INSERT OR REPLACE INTO configurations VALUES (?, ?, ?)')
        .run(this.#head.ticks, hash, modelJson),
    );
  }

  configurations(): readonly JournalConfiguration[] {
    return this.#rows<[number, string, string]>(
      'SELECT after_ticks, hash, model_json FROM configurations ORDER BY after_ticks',
    ).map(([afterTicks, hash, modelJson]) => ({ afterTicks, hash, modelJson }));
  }

  setMetadata(key: string, value: string): void {
    this.#write(() => this.#db.prepare('INSERT OR REPLACE INTO metadata VALUES (?, ?)').run(key, value));
  }

  metadata(key: string): string | null {
    return this.#rows<[string]>('SELECT value FROM metadata WHERE key = ?', key)[0]?.[0] ?? null;
  }

  close(): void {
    this.#tail?.close();
    // The driver closes lazily and would leave the log behind: one file is easier to copy and harder to lose.
    if (this.#insert !== null && this.#failure === null) {
      this.#guard(() => this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
    }
    this.#db.close();
  }

  #mark(): void {
    this.#guard(() =>
      this.#tail?.write({
        sequence: this.#head.ticks,
        epoch: this.#head.epoch,
        checksum: this.#checksum,
      }),
    );
  }

  #rows<TRow>(sql: string, ...parameters: (number | string)[]): TRow[] {
    return this.#guard(
      () =>
        this.#db
          .prepare(sql)
          .raw()
          .all(...parameters) as TRow[],
    );
  }

  #write(action: () => unknown): void {
    if (this.#insert === null) throw new Error(`${this.#file} was opened for reading`);
    if (this.#failure !== null) {
      throw new JournalFailure({
        code: 'journal-failed',
        file: this.#file,
        detail: `an earlier write failed (${this.#failure.fault.code})`,
        remedy: 'Restart the controller; it reads back what is really there',
      });
    }
    this.#guard(action);
  }

  /** Turns what SQLite and the file system say into a fault. Anything else is a bug and passes through. */
  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (typeof code !== 'string') throw error;
      const failure = new JournalFailure({ file: this.#file, ...explain(code, (error as Error).message) });
      this.#failure = failure;
      throw failure;
    }
  }

  #truncated(sequence: number): JournalFailure {
    return this.#failed(
      'journal-truncated',
      `ends at tick ${this.#head.ticks} of epoch ${this.#head.epoch}, but had come to tick ${sequence} or a later epoch`,
      RESTORE,
    );
  }

  #corrupt(what: string): JournalFailure {
    return this.#failed('journal-corrupt', `${what} is not as it was written`, RESTORE);
  }

  #failed(code: JournalFaultCode, detail: string, remedy: string): JournalFailure {
    const failure = new JournalFailure({ code, file: this.#file, detail, remedy });
    this.#failure = failure;
    return failure;
  }
}

const RESTORE =
  'Nothing was changed. Restore the state directory from a backup, or start with another one (--state) after ' +
  'counting what the bins, totes and tools really hold';

function explain(code: string, message: string): Omit<JournalFault, 'file'> {
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return {
      code: 'journal-full',
      detail: `no space left (${message})`,
      remedy: 'Free space on the disk of the state directory, then start again',
    };
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return { code: 'journal-corrupt', detail: `is damaged (${message})`, remedy: RESTORE };
  }
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED') {
    return {
      code: 'journal-busy',
      detail: 'is locked by another process',
      remedy: 'End the process that has it open, or wait for it',
    };
  }
  return {
    code: 'journal-io',
    detail: `reading or writing failed (${code}: ${message})`,
    remedy: 'Check the disk and the permissions of the state directory, then start again',
  };
}

function checksumOf(previous: number, numbers: readonly number[], body: Buffer): number {
  return crc32(body, crc32(numbers.join(), previous));
}

/** The file's name is durable only once its directory is. */
function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function tailFile(file: string): string {
  return file.replace(/(\.db)?$/, '.tail');
}
