import type { MqttConnection } from './connection.ts';

interface Entry {
  readonly topic: string;
  readonly payload: string;
  readonly onAcknowledged: (() => void) | undefined;
  /** Connection on which it was last sent; 0: not yet. */
  sentOn: number;
}

/**
 * Messages that have to arrive: kept in order until the broker has them, and sent again on every new connection.
 * The receiver may get one twice and tells by its number. Bounded: when the broker is away for longer than the
 * box is deep, the oldest are dropped and counted, and the receiver notices the gap in the numbers.
 */
export class Outbox {
  readonly #connection: MqttConnection;
  readonly #limit: number;
  readonly #entries: Entry[] = [];
  #generation = 0;
  #dropped = 0;

  constructor(connection: MqttConnection, limit: number) {
    this.#connection = connection;
    this.#limit = limit;
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

  add(topic: string, payload: string, onAcknowledged?: () => void): void {
    if (this.#entries.length >= this.#limit) {
      this.#entries.shift();
      this.#dropped += 1;
    }
    this.#entries.push({ topic, payload, onAcknowledged, sentOn: 0 });
    this.flush();
  }

  /** Sends what was not sent on this connection; to be called now and then, for what was held back. */
  flush(): void {
    if (!this.#connection.connected) return;
    for (const entry of this.#entries) {
      if (entry.sentOn === this.#generation) continue;
      const outcome = this.#connection.publish(entry.topic, entry.payload, {
        qos: 1,
        retain: 'pass',
        onAcknowledged: () => this.#acknowledged(entry),
      });
      if (outcome !== 'sent') return;
      entry.sentOn = this.#generation;
    }
  }

  #acknowledged(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    entry.onAcknowledged?.();
  }
}
