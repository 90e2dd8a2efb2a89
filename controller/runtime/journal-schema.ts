import type Database from 'libsql';

/** "MAGP": tells our files from other SQLite databases. */
const APPLICATION_ID = 0x4d_41_47_50;

/**
 * Step i leads from schema version i to i + 1. Steps are only ever added: a journal written by any earlier version
 * can be opened, and goes through the steps that it lacks.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE ticks (
    sequence INTEGER PRIMARY KEY,
    now_us INTEGER NOT NULL,
    -- Events in this and all earlier ticks.
    events_total INTEGER NOT NULL,
    -- JSON list of events; deflated when encoding is 1.
    encoding INTEGER NOT NULL CHECK (encoding IN (0, 1)),
    body BLOB NOT NULL,
    -- CRC-32 of the row, continued from the row before: also shows rows that are missing or swapped.
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE snapshots (
    ticks INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    now_us INTEGER NOT NULL,
    -- SHA-256 of state_json.
    state_hash TEXT NOT NULL,
    state_json TEXT NOT NULL
  ) STRICT;
  CREATE TABLE configurations (
    -- In force for the ticks after this one.
    after_ticks INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    model_json TEXT NOT NULL
  ) STRICT;
  CREATE TABLE epochs (
    epoch INTEGER PRIMARY KEY,
    wall_ms INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    version TEXT NOT NULL
  ) STRICT;
  CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
];

export type SchemaState =
  | { readonly kind: 'ready' }
  /** Nothing is in it yet. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'newer'; readonly version: number };

/** What the file is, without changing it. An empty file counts as ready: it has all steps before it. */
export function schemaStateOf(db: Database.Database, migrations: readonly string[]): SchemaState {
  const version = pragmaNumber(db, 'user_version');
  const applicationId = pragmaNumber(db, 'application_id');
  const [tables] = db.prepare('SELECT count(*) FROM sqlite_schema').raw().all()[0] as [number];
  if (applicationId !== APPLICATION_ID) return { kind: tables === 0 ? 'empty' : 'foreign' };
  return version > migrations.length ? { kind: 'newer', version } : { kind: 'ready' };
}

/** Brings the file to the newest version, in one transaction: it is at the old or at the new one, never between. */
export function migrate(db: Database.Database, migrations: readonly string[]): void {
  const version = pragmaNumber(db, 'user_version');
  if (version === migrations.length) return;
  db.exec('BEGIN IMMEDIATE');
  for (const step of migrations.slice(version)) db.exec(step);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  db.exec(`PRAGMA user_version = ${migrations.length}`);
  db.exec('COMMIT');
}

function pragmaNumber(db: Database.Database, name: string): number {
  const [row] = db.prepare(`PRAGMA ${name}`).raw().all() as [number][];
  if (row === undefined) throw new Error(`PRAGMA ${name} has no value`);
  return row[0];
}
