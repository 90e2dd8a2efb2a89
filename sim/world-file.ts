import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'libsql';
import type { CellModel } from '../controller/domain/cell.ts';
import type { ArmHost, CellIoHost } from '../controller/ports.ts';
import { canonicalJson } from '../controller/runtime/state-hash.ts';
import type { PhysicalContainer } from './items.ts';
import type { SimSettings } from './settings.ts';
import { SimWorld } from './world.ts';
import type { WorldSnapshot, WorldStart } from './world.ts';

type WorldFileFaultCode =
  /** Another simulator, alive, has it. */
  | 'world-in-use'
  /** It is no world file, or damaged. */
  | 'world-corrupt'
  /** It is of a cell with other arms or places. */
  | 'world-changed'
  /** It cannot be read or written. */
  | 'world-io';

export interface WorldFileFault {
  readonly code: WorldFileFaultCode;
  readonly file: string;
  readonly detail: string;
  readonly remedy: string;
}

/** Thrown when the world could not be made durable: the simulator must end without saying anything more. */
export class WorldFileFailure extends Error {
  readonly fault: WorldFileFault;

  constructor(fault: WorldFileFault) {
    super(`${fault.file}: ${fault.detail}. ${fault.remedy} (${fault.code})`);
    this.name = 'WorldFileFailure';
    this.fault = fault;
  }
}

export type OpenedWorld =
  | { readonly ok: true; readonly world: DurableWorld }
  | { readonly ok: false; readonly fault: WorldFileFault };

export interface WorldFileOptions {
  readonly file: string;
  readonly cell: CellModel;
  readonly settings: SimSettings;
  /** What a new world begins with; not asked when the file exists. */
  readonly start: () => WorldStart;
}

/** `MAGW`: tells a world file from every other database. */
const APPLICATION_ID = 0x4d_41_47_57;
const SCHEMA_VERSION = 1;

/** While arms move, where they are is written at least this often, us. */
const POSITIONS_EVERY_US = 500_000;

const SCHEMA = `
  CREATE TABLE parts (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE containers (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
  CREATE TABLE units (unit INTEGER PRIMARY KEY, sku TEXT NOT NULL);
`;

/** Connections in use: one that the garbage collector closed would give the lock away. */
const HELD = new Set<Database.Database>();

/** Opens the world in a file, or makes a new one. The file is this process's alone until it is closed or ends. */
export function openWorldFile(options: WorldFileOptions): OpenedWorld {
  const file = resolve(options.file);
  try {
    return { ok: true, world: new DurableWorld({ ...options, file }) };
  } catch (error) {
    if (error instanceof WorldFileFailure) return { ok: false, fault: error.fault };
    throw error;
  }
}

/**
 * A world that outlasts its process. Nothing is told to the controller before it is on the disk: `takeEvents` of the
 * hosts writes first what has happened. So whatever the controller knows is still true after the simulator was
 * killed and started again; arms then rest where they last were known to be, all as of the same instant.
 */
export class DurableWorld {
  readonly world: SimWorld;
  readonly armHosts: readonly ArmHost[];
  readonly io: CellIoHost;
  /** False when the file held a world already. */
  readonly isNew: boolean;
  private readonly file: string;
  private readonly db: Database.Database;
  private readonly positionOf = new Map<string, number>();
  private unitsWritten = 0;
  private versionWritten = -1;
  private looseWritten = '';
  private surroundingsWritten = -1;
  private writtenUs = 0;
  private commits = 0;
  private failure: WorldFileFailure | null = null;

  constructor(options: WorldFileOptions) {
    this.file = options.file;
    const existed = existsSync(options.file);
    this.db = this.guard(() => new Database(options.file, { timeout: 0 }));
    try {
      this.lock();
      const stored = this.guard(() => this.read(shapeOf(options.cell)));
      this.isNew = stored === null;
      const { cell, settings } = options;
      this.world = new SimWorld(
        cell,
        settings,
        stored === null ? options.start() : { skus: stored.skus, containers: [] },
      );
      if (stored === null) this.create(cell);
      else this.guard(() => this.world.restore(stored.snapshot));
      if (!existed) syncDirectory(dirname(options.file));
      this.commit();
    } catch (error) {
      letGo(this.db);
      throw error;
    }
    HELD.add(this.db);
    this.armHosts = this.world.armHosts.map((host) => ({
      armId: host.armId,
      execute: (command) => host.execute(command),
      renewLease: () => host.renewLease(),
      takeEvents: () => this.told(host.takeEvents.bind(host)),
    }));
    const { io } = this.world;
    this.io = {
      announce: () => io.announce(),
      execute: (request) => io.execute(request),
      takeEvents: () => this.told(io.takeEvents.bind(io)),
    };
  }

  private told<T>(take: () => readonly T[]): readonly T[] {
    if (this.world.version() !== this.versionWritten) this.commit();
    return take();
  }

  private lock(): void {
    try {
      this.db.exec('PRAGMA locking_mode = EXCLUSIVE');
      this.db.exec('PRAGMA journal_mode = WAL');
      this.db.exec('PRAGMA synchronous = FULL');
      // macOS: fsync alone leaves the data in the drive's cache.
      this.db.exec('PRAGMA fullfsync = ON');
      this.db.exec('BEGIN EXCLUSIVE');
      this.db.exec('COMMIT');
    } catch (error) {
      throw this.failed(error);
    }
  }

  private create(cell: CellModel): void {
    this.guard(() => {
      this.db.exec('BEGIN');
      this.db.exec(SCHEMA);
      this.db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      this.db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      this.writePart('shape', shapeOf(cell));
      this.writePart('skus', JSON.stringify(this.world.goods.declaredSkus()));
      this.db.exec('COMMIT');
    });
  }

  /** The stored world; null: the file is new. */
  private read(shape: string): { skus: WorldStart['skus']; snapshot: WorldSnapshot } | null {
    const pragma = (name: string): number => {
      const row = this.db.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>;
      return Number(row[name]);
    };
    const tables = this.db.prepare(`SELECT count(*) AS n FROM sqlite_master`).get() as { n: number };
    if (tables.n === 0) return null;
    if (pragma('application_id') !== APPLICATION_ID) {
      throw this.refused('world-corrupt', 'it is a database of another program');
    }
    if (pragma('user_version') !== SCHEMA_VERSION) {
      throw this.refused(
        'world-corrupt',
        `it is of version ${pragma('user_version')}, not ${SCHEMA_VERSION}`,
      );
    }
    const parts = new Map(
      (this.db.prepare('SELECT name, body FROM parts').all() as { name: string; body: string }[]).map(
        (row) => [row.name, row.body],
      ),
    );
    if (parts.get('shape') !== shape) {
      throw this.refused('world-changed', 'it is of a cell with other arms or places');
    }
    const part = <T>(name: string): T => {
      const body = parts.get(name);
      if (body === undefined) throw this.refused('world-corrupt', `it has no ${name}`);
      return JSON.parse(body) as T;
    };
    const containers = this.db
      .prepare('SELECT position, id, body FROM containers ORDER BY position')
      .all() as {
      position: number;
      id: string;
      body: string;
    }[];
    for (const { position, id } of containers) this.positionOf.set(id, position);
    const units = this.db.prepare('SELECT sku FROM units ORDER BY unit').all() as { sku: string }[];
    this.unitsWritten = units.length;
    const goods = {
      ...part<Omit<WorldSnapshot['goods'], 'units' | 'containers'>>('loose'),
      units: units.map(({ sku }) => sku),
      containers: containers.map(({ body }) => JSON.parse(body) as PhysicalContainer),
    };
    const snapshot: WorldSnapshot = {
      version: 1,
      nowUs: part('nowUs'),
      random: part('random'),
      surroundings: part('surroundings'),
      arms: part('arms'),
      goods,
    };
    return { skus: part('skus'), snapshot };
  }

  /** Lets time pass. While arms move, their positions are written now and then. */
  advanceTo(nowUs: number): void {
    this.world.advanceTo(nowUs);
    if (this.world.nowUs - this.writtenUs < POSITIONS_EVERY_US) return;
    if (this.world.version() !== this.versionWritten || this.world.armsMove()) this.commit();
    else this.writtenUs = this.world.nowUs;
  }

  /** Writes what has changed since the last time; durable when it returns. */
  commit(): void {
    if (this.failure !== null) throw this.failure;
    const { world } = this;
    const version = world.version();
    this.guard(() => {
      this.db.exec('BEGIN');
      this.writePart('nowUs', JSON.stringify(world.nowUs));
      this.writePart('arms', JSON.stringify(world.armSnapshots()));
      this.writePart('random', JSON.stringify(world.randomSnapshot()));
      const surroundings = world.surroundingsVersion();
      if (surroundings !== this.surroundingsWritten) {
        this.writePart('surroundings', JSON.stringify(world.surroundingsSnapshot()));
        this.surroundingsWritten = surroundings;
      }
      this.writeGoods();
      this.db.exec('COMMIT');
    });
    this.versionWritten = version;
    this.writtenUs = world.nowUs;
    this.commits += 1;
  }

  private writeGoods(): void {
    const { goods } = this.world;
    const loose = JSON.stringify(goods.looseSnapshot());
    if (loose !== this.looseWritten) this.writePart('loose', loose);
    this.looseWritten = loose;
    const insertUnit = this.db.prepare('INSERT INTO units (unit, sku) VALUES (?, ?)');
    for (const sku of goods.unitsFrom(this.unitsWritten)) {
      insertUnit.run(this.unitsWritten, sku);
      this.unitsWritten += 1;
    }
    const write = this.db.prepare('INSERT OR REPLACE INTO containers (position, id, body) VALUES (?, ?, ?)');
    for (const id of goods.takeDirty()) {
      const position = this.positionOf.get(id) ?? this.positionOf.size;
      this.positionOf.set(id, position);
      write.run(position, id, JSON.stringify(goods.container(id)));
    }
  }

  /** Keeps a note of others with the world, e.g. how far a simulated warehouse system has come. Durable on return. */
  keep(name: string, note: unknown): void {
    if (this.failure !== null) throw this.failure;
    this.guard(() => this.writePart(`note:${name}`, JSON.stringify(note)));
  }

  /** A note that was kept; null: there is none. */
  kept(name: string): unknown {
    const row = this.guard(() =>
      this.db.prepare('SELECT body FROM parts WHERE name = ?').get(`note:${name}`),
    ) as { body: string } | undefined;
    return row === undefined ? null : (JSON.parse(row.body) as unknown);
  }

  private writePart(name: string, body: string): void {
    this.db.prepare('INSERT OR REPLACE INTO parts (name, body) VALUES (?, ?)').run(name, body);
  }

  /** Commits so far, for metrics. */
  get commitsTotal(): number {
    return this.commits;
  }

  /** Writes what is left and gives the file free. */
  close(): void {
    if (!HELD.has(this.db)) return;
    if (this.failure === null) this.commit();
    HELD.delete(this.db);
    letGo(this.db);
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof WorldFileFailure) throw error;
      this.failure = this.failed(error);
      throw this.failure;
    }
  }

  private failed(error: unknown): WorldFileFailure {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const text = `${String(code ?? '')} ${String(message ?? error)}`.trim();
    if (/SQLITE_(BUSY|LOCKED)|database is locked/.test(text)) {
      return new WorldFileFailure({
        code: 'world-in-use',
        file: this.file,
        detail: 'it is in use by another simulator',
        remedy: 'End that one, or give another state directory with --state',
      });
    }
    if (/SQLITE_(NOTADB|CORRUPT)|JSON|malformed|not a database/.test(text)) {
      return this.refused('world-corrupt', text);
    }
    return new WorldFileFailure({
      code: 'world-io',
      file: this.file,
      detail: `it cannot be written (${text})`,
      remedy: 'See to the disk: space, permissions, errors in the system log; then start again',
    });
  }

  private refused(code: 'world-corrupt' | 'world-changed', detail: string): WorldFileFailure {
    return new WorldFileFailure({
      code,
      file: this.file,
      detail,
      remedy: 'Begin a new world: reset the state directory, or give another one with --state',
    });
  }
}

/** What of a cell a stored world depends on: arms with their joints, places with their grids. */
function shapeOf(cell: CellModel): string {
  return canonicalJson({
    arms: cell.arms.map(({ id, manipulator }) => ({
      id,
      joints: manipulator.joints.map(({ name }) => name),
    })),
    places: cell.places.map(({ id, kind, grid, innerSizeM }) => ({ id, kind, grid, innerSizeM })),
  });
}

/**
 * Gives the lock free and closes. The driver keeps a closed connection, and its lock, until the garbage collector has
 * found its statements; so the lock has to be given up before, and in exclusive mode that takes leaving the
 * write-ahead log first (SQLite documentation, "Write-Ahead Logging", use of WAL without shared memory).
 */
function letGo(db: Database.Database): void {
  try {
    db.exec('PRAGMA journal_mode = DELETE');
    db.exec('PRAGMA locking_mode = NORMAL');
    db.prepare('SELECT count(*) FROM sqlite_master').get();
  } catch {
    // Never locked, or no database at all: nothing to give up.
  }
  db.close();
}

/** Makes a new file's name durable. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
