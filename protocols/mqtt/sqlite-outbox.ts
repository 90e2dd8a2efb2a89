import Database from 'libsql';
import type { MessageProperties } from './connection.ts';
import type { OutboxMessage, OutboxStore } from './outbox.ts';

interface Row {
  readonly id: number;
  readonly topic: string;
  readonly payload: string;
  readonly properties: string;
}

interface Pending {
  readonly id: number;
  readonly message: OutboxMessage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Removals wait so long for an addition to share a commit with, ms. */
const REMOVE_WITHIN_MS = 1_000;

/**
 * An outbox in an SQLite file, with `synchronous = FULL`: what is durable outlasts SIGKILL and a loss of power. What
 * is added in one turn of the event loop is one commit. Throws from the constructor where the file cannot be used.
 */
export class SqliteOutbox implements OutboxStore {
  readonly #db: Database.Database;
  readonly #insert: Database.Statement;
  readonly #delete: Database.Statement;
  #nextId: number;
  #added: Pending[] = [];
  #removed: number[] = [];
  #isScheduled = false;
  #removal: NodeJS.Timeout | null = null;

  constructor(file: string) {
    this.#db = new Database(file);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = FULL');
    this.#db.exec(
      `CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload TEXT NOT NULL,
       properties TEXT NOT NULL) STRICT`,
    );
    this.#insert = this.#db.prepare('INSERT INTO outbox VALUES (?, ?, ?, ?)');
    this.#delete = this.#db.prepare('DELETE FROM outbox WHERE id = ?');
    const last = this.#db.prepare('SELECT max(id) AS id FROM outbox').get() as { id: number | null };
    this.#nextId = (last.id ?? 0) + 1;
  }

  load(): readonly { readonly id: number; readonly message: OutboxMessage }[] {
    const rows = this.#db.prepare('SELECT id, topic, payload, properties FROM outbox ORDER BY id').all();
    return (rows as Row[]).map(({ id, topic, payload, properties }) => ({
      id,
      message: { topic, payload, properties: propertiesOf(properties) },
    }));
  }

  keep(message: OutboxMessage): { readonly id: number; readonly durable: Promise<void> } {
    const id = this.#nextId;
    this.#nextId += 1;
    const durable = new Promise<void>((resolve, reject) => {
      this.#added.push({ id, message, resolve, reject });
    });
    durable.catch(() => undefined); // who does not wait for it is told by the next one who does
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => this.commit());
    }
    return { id, durable };
  }

  remove(id: number): void {
    const waiting = this.#added.findIndex((each) => each.id === id);
    if (waiting >= 0) for (const each of this.#added.splice(waiting, 1)) each.resolve();
    else this.#removed.push(id);
    this.#removal ??= setTimeout(() => this.commit(), REMOVE_WITHIN_MS).unref();
  }

  /** Makes durable what waits for it; by itself with the next turn of the event loop. */
  commit(): void {
    const added = this.#added.splice(0);
    const removed = this.#removed.splice(0);
    this.#isScheduled = false;
    if (this.#removal !== null) clearTimeout(this.#removal);
    this.#removal = null;
    if (added.length + removed.length === 0) return;
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const { id, message } of added) {
        this.#insert.run(id, message.topic, message.payload, propertiesText(message.properties));
      }
      for (const id of removed) this.#delete.run(id);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      for (const each of added) each.reject(error);
      return;
    }
    for (const each of added) each.resolve();
  }

  close(): void {
    this.commit();
    this.#db.close();
  }
}

function propertiesText(properties: MessageProperties = {}): string {
  const { correlation, ...others } = properties;
  return JSON.stringify({
    ...others,
    ...(correlation === undefined ? {} : { correlation: correlation.toString('base64') }),
  });
}

function propertiesOf(text: string): MessageProperties {
  const { correlation, ...others } = JSON.parse(text) as Omit<MessageProperties, 'correlation'> & {
    readonly correlation?: string;
  };
  return {
    ...others,
    ...(correlation === undefined ? {} : { correlation: Buffer.from(correlation, 'base64') }),
  };
}
