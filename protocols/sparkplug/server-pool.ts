import { connect } from 'mqtt';
import type { MqttClient } from 'mqtt';
import { clientOptions } from '../mqtt/connection.ts';
import type { BrokerAccess } from '../mqtt/broker-access.ts';
import type { Publication } from './edge-node.ts';

export interface ServerPoolOptions {
  readonly servers: readonly BrokerAccess[];
  readonly clientId: string;
  /** The server took the connection and granted every subscription. */
  readonly onConnected: (server: number) => void;
  /** The connection ended, or could not be made; not after `disconnect`. */
  readonly onLost: (server: number) => void;
  readonly onMessage: (
    server: number,
    message: { readonly topic: string; readonly payload: Uint8Array; readonly retained: boolean },
  ) => void;
  /** Told of every failed attempt, in words; for logs. */
  readonly onTrouble?: (message: string) => void;
}

/** A server that does not take what is sent is given up when so much waits for it. */
const BACKLOG_BYTES_MAX = 4 * 1024 * 1024;
/** A last message and the end of the connection may take this long. */
const FAREWELL_MS = 1_000;

/**
 * The thin end of Sparkplug's machines: does what they say with mqtt.js, in MQTT 3.1.1 with clean sessions. Whether and
 * when to connect again is theirs to say.
 */
export class ServerPool {
  readonly #options: ServerPoolOptions;
  readonly #clients = new Map<number, MqttClient>();
  readonly #farewells = new Set<Promise<void>>();
  readonly #troubles = new Map<number, string>();

  constructor(options: ServerPoolOptions) {
    this.#options = options;
  }

  connect(server: number, will: Publication, filters: readonly string[]): void {
    const access = this.#options.servers[server]!;
    const client = connect(access.url, {
      ...clientOptions(access),
      protocolVersion: 4,
      clientId: this.#options.clientId,
      clean: true,
      will: { ...will, payload: Buffer.from(will.payload) },
    });
    this.#clients.set(server, client);
    client.on('connect', () => this.#subscribe(server, client, filters));
    client.on('message', (topic, payload, { retain }) => {
      if (this.#clients.get(server) === client)
        this.#options.onMessage(server, { topic, payload, retained: retain });
    });
    client.on('error', (error) => this.#troubled(server, client, error.message || String(error)));
    client.on('close', () => this.#ended(server, client));
  }

  publish(server: number, { topic, payload, qos, retain }: Publication): void {
    const client = this.#clients.get(server);
    if (client === undefined || !client.connected) return;
    if (client.stream.writableLength > BACKLOG_BYTES_MAX) {
      // Skipping messages would leave a gap in their numbers; a new session begins with all that there is.
      this.#troubled(server, client, 'the server does not take what is sent to it');
      client.stream.destroy();
      return;
    }
    client.publish(topic, Buffer.from(payload), { qos, retain });
  }

  disconnect(server: number): void {
    const client = this.#clients.get(server);
    if (client === undefined) return;
    this.#clients.delete(server);
    const farewell = new Promise<void>((resolve) => {
      const force = setTimeout(() => client.end(true, {}, () => resolve()), FAREWELL_MS);
      client.end(false, {}, () => {
        clearTimeout(force);
        resolve();
      });
    });
    this.#farewells.add(farewell);
    void farewell.then(() => this.#farewells.delete(farewell));
  }

  /** Resolves when everything that was disconnected is gone. */
  async gone(): Promise<void> {
    await Promise.all(this.#farewells);
  }

  #subscribe(server: number, client: MqttClient, filters: readonly string[]): void {
    const wanted = Object.fromEntries(filters.map((filter) => [filter, { qos: 1 as const }]));
    client.subscribe(wanted, (error, granted) => {
      if (this.#clients.get(server) !== client) return;
      const denied = (granted ?? []).filter(({ qos }) => qos === 128).map(({ topic }) => topic);
      if (error || denied.length > 0) {
        const which = denied.length > 0 ? denied.join(', ') : (error?.message ?? 'unknown');
        this.#troubled(
          server,
          client,
          `the server refused a subscription: ${which}; allow it for this user there`,
        );
        client.stream.destroy();
        return;
      }
      this.#troubles.delete(server);
      this.#options.onConnected(server);
    });
  }

  #troubled(server: number, client: MqttClient, message: string): void {
    if (this.#clients.get(server) !== client) return;
    const text = `${this.#options.servers[server]!.url}: ${message}`;
    if (this.#troubles.get(server) !== text) this.#options.onTrouble?.(text);
    this.#troubles.set(server, text);
  }

  #ended(server: number, client: MqttClient): void {
    if (this.#clients.get(server) !== client) return;
    this.#clients.delete(server);
    client.removeAllListeners();
    client.on('error', () => undefined); // a dead client may still report the failure that killed it
    client.end(true);
    this.#options.onLost(server);
  }
}
