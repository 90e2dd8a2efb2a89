import type { MqttConnection } from './connection.ts';

export type PresenceStatus = 'online' | 'offline';

/**
 * A peer's word that it is there: retained, and taken back by its last will. The will of a connection that was given
 * up may be published only after the next one has begun, when the broker gets round to it; so a peer that hears itself
 * declared away says again that it is there.
 */
export class Presence {
  readonly #connection: MqttConnection;
  readonly #topic: string;
  readonly #payloadOf: (status: PresenceStatus) => string;
  #leaving = false;

  /** To be made before the connection is opened; its will has to be `payloadOf('offline')` on the same topic. */
  constructor(connection: MqttConnection, topic: string, payloadOf: (status: PresenceStatus) => string) {
    this.#connection = connection;
    this.#topic = topic;
    this.#payloadOf = payloadOf;
    connection.subscribe(topic, 1, ({ payload, retained }) => {
      // What was kept from before is replaced on connecting.
      if (retained || this.#leaving || new TextDecoder().decode(payload) !== payloadOf('offline')) return;
      this.#say('online');
    });
    connection.onConnected(() => this.#say('online'));
  }

  /** Says again that the peer is there, to who wants to hear it and not to read it. */
  renew(): void {
    if (!this.#leaving) this.#say('online');
  }

  /** Says that the peer goes away. */
  leave(): void {
    this.#leaving = true;
    this.#say('offline');
  }

  #say(status: PresenceStatus): void {
    this.#connection.publish(this.#topic, this.#payloadOf(status), { qos: 1, retain: 'retain' });
  }
}
