import type { MessageProperties, MqttConnection } from './connection.ts';

/** A message that has to arrive. */
export interface OutboxMessage {
  readonly topic: string;
  readonly payload: string;
  readonly properties?: MessageProperties;
}

/** Keeps messages beyond the end of the process; see `SqliteOutbox`. */
export interface OutboxStore {
  /** What was kept and not removed, oldest first. */
  load(): readonly { readonly id: number; readonly message: OutboxMessage }[];
  /** Resolves when the message would outlast a loss of power. Ids rise. */
  keep(message: OutboxMessage): { readonly id: number; readonly durable: Promise<void> };
  /** May be lost with a crash: the message is then sent once more. */
  remove(id: number): void;
}

interface Entry {
  readonly message: OutboxMessage;
  /** Of the store; null: kept in memory alone. */
  readonly id: number | null;
  readonly onAcknowledged: (() => void) | undefined;
  /** Connection on which it was last sent; 0: not yet. */
  sentOn: number;
}

/**
 * Messages that have to arrive: kept in order until the broker has them, and sent again on every new connection.
 * The receiver may get one twice and tells by its number. With a store they are also sent again by the next process,
 * however this one ends. Bounded: when the broker is away for longer than the box is deep, the oldest are dropped and
 * counted, and the receiver notices the gap in the numbers.
 */
export class Outbox {
  readonly #connection: MqttConnection;
  readonly #limit: number;
  readonly #store: OutboxStore | null;
  readonly #entries: Entry[] = [];
  #generation = 0;
  #dropped = 0;

  constructor(connection: MqttConnection, limit: number, store: OutboxStore | null = null) {
    this.#connection = connection;
    this.#limit = limit;
    this.#store = store;
    for (const { id, message } of store?.load() ?? []) {
      this.#entries.push({ message, id, onAcknowledged: undefined, sentOn: 0 });
    }
    connection.onConnected(() => {
      this.#generation += 1;
      this.flush();
    });
  }

  get waiting(): number {
    return this.#entries.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves when the message is safe: durable where there is a store, at once where there is none. */
  add(message: OutboxMessage, onAcknowledged?: () => void): Promise<void> {
    if (this.#entries.length >= this.#limit) {
      const oldest = this.#entries.shift();
      if (oldest?.id !== null && oldest !== undefined) this.#store?.remove(oldest.id);
      this.#dropped += 1;
    }
    const kept = this.#store?.keep(message);
    this.#entries.push({ message, id: kept?.id ?? null, onAcknowledged, sentOn: 0 });
    this.flush();
    return kept?.durable ?? Promise.resolve();
  }

  /** Sends what was not sent on this connection; to be called now and then, for what was held back. */
  flush(): void {
    if (!this.#connection.connected) return;
    for (const entry of this.#entries) {
      if (entry.sentOn === this.#generation) continue;
      const { topic, payload, properties } = entry.message;
      const outcome = this.#connection.publish(topic, payload, {
        qos: 1,
        retain: 'pass',
        onAcknowledged: () => this.#acknowledged(entry),
        ...(properties === undefined ? {} : { properties }),
      });
      if (outcome !== 'sent') return;
      entry.sentOn = this.#generation;
    }
  }

  #acknowledged(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    if (entry.id !== null) this.#store?.remove(entry.id);
    entry.onAcknowledged?.();
  }
}
