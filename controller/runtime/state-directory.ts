import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import Database from 'libsql';

/** Files of ours in a state directory; a reset deletes these and no others. */
const OURS =
  /^(journal\.(db|tail)|lock\.db|outbox\.db|world\.db)(-wal|-shm|-journal)?$|^owner\.json$|^simulator\.pid$|^failed-tick\.json$/;

/** Logs beside them: they outlast a reset, and a directory with nothing else is as good as empty. */
const LOGS = /^(service|simulator)\.log$/;

type StateFaultCode =
  /** Another controller, alive, has it. */
  | 'state-in-use'
  /** It holds something else. */
  | 'state-foreign'
  /** It cannot be made, read or written. */
  | 'state-unusable';

interface StateFault {
  readonly code: StateFaultCode;
  readonly directory: string;
  readonly detail: string;
  readonly remedy: string;
}

/** Who has the directory; for the message that another one gets. */
interface StateOwner {
  readonly pid: number;
  readonly host: string;
  /** Calendar time, ms since 1970. */
  readonly sinceMs: number;
  readonly version: string;
}

interface StateDirectory {
  readonly directory: string;
  readonly journalFile: string;
  /** Messages on their way out that have to arrive. */
  readonly outboxFile: string;
  /** Where a tick is put down on which the core threw, for the report of the bug. */
  readonly failedTickFile: string;
  /** Gives the directory free for others. The end of the process does too, however it ends. */
  release(): void;
}

export type OpenedState =
  { readonly ok: true; readonly state: StateDirectory } | { readonly ok: false; readonly fault: StateFault };

/**
 * Held until released: the operating system takes a lock back when its file is closed, so a connection that the
 * garbage collector closes would let a second controller in.
 */
const HELD = new Set<Database.Database>();

/**
 * Takes a state directory for this process alone, making it when it is missing. The lock is an exclusive lock on a
 * database in it, which the operating system holds for the process and frees with it, also after SIGKILL: there is no
 * stale lock to be removed by hand, and a controller that was merely paused keeps it.
 */
export function openStateDirectory(options: {
  readonly directory: string;
  readonly wallMs: number;
  readonly version: string;
}): OpenedState {
  const directory = resolve(options.directory);
  const refused = (code: StateFaultCode, detail: string, remedy: string): OpenedState => ({
    ok: false,
    fault: { code, directory, detail, remedy },
  });

  try {
    mkdirSync(directory, { recursive: true });
    const names = readdirSync(directory);
    const others = names.filter((name) => !LOGS.test(name));
    if (others.length > 0 && !others.some((name) => OURS.test(name))) {
      return refused(
        'state-foreign',
        `${directory} is not empty and holds no state of Magpie (${others.slice(0, 3).join(', ')})`,
        'Give an empty or a new directory with --state',
      );
    }
    const lock = lockDirectory(directory);
    if (lock === null) {
      const owner = readOwner(directory);
      const who =
        owner === null
          ? 'another controller'
          : `the controller with process id ${owner.pid} on ${owner.host}, since ${new Date(owner.sinceMs).toISOString()}`;
      return refused(
        'state-in-use',
        `${directory} is in use by ${who}`,
        owner === null
          ? 'End it, or give another directory with --state'
          : `End it (on ${owner.host}: kill ${owner.pid}), or give another directory with --state`,
      );
    }
    const owner: StateOwner = {
      pid: process.pid,
      host: hostname(),
      sinceMs: options.wallMs,
      version: options.version,
    };
    writeFileSync(ownerFile(directory), JSON.stringify(owner) + '\n');
    return {
      ok: true,
      state: {
        directory,
        journalFile: join(directory, 'journal.db'),
        outboxFile: join(directory, 'outbox.db'),
        failedTickFile: join(directory, 'failed-tick.json'),
        release: () => {
          if (!HELD.has(lock)) return;
          rmSync(ownerFile(directory), { force: true });
          unlock(lock);
        },
      },
    };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string') throw error;
    return refused(
      'state-unusable',
      `${directory} cannot be used as a state directory (${(error as Error).message})`,
      'Give a directory that this user may write to with --state',
    );
  }
}

export type ResetState =
  | { readonly ok: true; readonly deleted: readonly string[] }
  | { readonly ok: false; readonly fault: StateFault };

/** What a reset would delete, for the question that comes before it. */
export function stateFilesIn(
  directory: string,
): readonly { readonly name: string; readonly bytes: number }[] {
  try {
    return readdirSync(directory)
      .filter((name) => OURS.test(name))
      .map((name) => ({ name, bytes: statSync(join(directory, name)).size }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Deletes our files and nothing else, unless a controller has the directory. The caller has asked. */
export function resetStateDirectory(options: {
  readonly directory: string;
  readonly wallMs: number;
  readonly version: string;
}): ResetState {
  const names = stateFilesIn(options.directory).map((file) => file.name);
  if (names.length === 0) return { ok: true, deleted: [] };
  const opened = openStateDirectory(options);
  if (!opened.ok) return opened;
  const { directory } = opened.state;
  if (isWorldInUse(directory)) {
    opened.state.release();
    return {
      ok: false,
      fault: {
        code: 'state-in-use',
        directory,
        detail: `${join(directory, 'world.db')} is in use by a simulator`,
        remedy: 'End that simulator (magpie sim), then reset again',
      },
    };
  }
  // The witness of the journal goes last but for the lock: half a reset is then noticed, not taken for a fresh start.
  const rank = (name: string): number => ['journal.tail', 'lock.db'].indexOf(name);
  const deleted = names.filter((name) => name !== 'owner.json').sort((a, b) => rank(a) - rank(b));
  for (const name of deleted) rmSync(join(directory, name), { force: true });
  opened.state.release();
  return { ok: true, deleted };
}

/** Whether a simulator, alive, has the simulated world of a state directory. */
export function isWorldInUse(directory: string): boolean {
  const file = join(directory, 'world.db');
  if (!existsSync(file)) return false;
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    database.exec('ROLLBACK');
    return false;
  } catch (error) {
    // What is damaged may be deleted; only what is in use may not.
    return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
  } finally {
    database.close();
  }
}

/** @returns null when another connection, here or in another process, has the lock. */
function lockDirectory(directory: string): Database.Database | null {
  const lock = new Database(join(directory, 'lock.db'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) return null;
    throw error;
  }
  HELD.add(lock);
  return lock;
}

function unlock(lock: Database.Database): void {
  lock.exec('ROLLBACK');
  lock.close();
  HELD.delete(lock);
}

function ownerFile(directory: string): string {
  return join(directory, 'owner.json');
}

function readOwner(directory: string): StateOwner | null {
  try {
    return JSON.parse(readFileSync(ownerFile(directory), 'utf8')) as StateOwner;
  } catch {
    // Being written at this moment, or never was: the lock alone decides.
    return null;
  }
}
