import { connect } from 'mqtt';
import type { IPublishPacket, MqttClient } from 'mqtt';

/** How to reach a broker. Credentials come from the environment, never from a file of the cell. */
export interface BrokerAccess {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificate authority to believe for `mqtts`, PEM; without it, those that Node.js knows. */
  readonly ca?: Buffer;
}

/** One received message. */
export interface Inbound {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker kept it for us: it was not sent just now. (MQTT 3.1.1 hides this from existing subscribers.) */
  readonly retained: boolean;
}

interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly retain: 'retain' | 'pass';
}

/**
 * What a handler says when it is done with a message. A promise holds back the acknowledgement of a QoS 1
 * message, and with it the messages behind it, until it settles: what is acknowledged has been taken.
 */
export type MessageHandler = (message: Inbound) => void | Promise<void>;

interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly handler: MessageHandler;
}

export interface ConnectionOptions {
  readonly broker: BrokerAccess;
  readonly clientId: string;
  /** `clean`: what was sent while away is lost, and meant to be. `kept`: the broker queues QoS 1 while away. */
  readonly session: 'clean' | 'kept';
  /** Made anew for every attempt. */
  readonly will?: () => Will;
  /** Unacknowledged QoS 1 publishes allowed at once; more are refused to the caller. */
  readonly maxInFlight?: number;
  /** Told of every failed attempt, in words; for logs. */
  readonly onTrouble?: (message: string) => void;
}

export type PublishOutcome = 'sent' | 'not-connected' | 'too-many-in-flight' | 'congested';

/** Between attempts to connect. */
const RECONNECT_MS = 500;
/** For the TCP connection and the broker's answer; a black hole is given up after this. */
const CONNECT_TIMEOUT_MS = 2_000;
/** mqtt.js notices a silent broker after about 1.5 times this; whole seconds by the protocol. */
const KEEPALIVE_S = 2;
/** QoS 0 messages are dropped while more than this waits in the socket: newer ones follow. */
const MAX_SOCKET_BACKLOG_BYTES = 1_048_576;
const DEFAULT_MAX_IN_FLIGHT = 512;

/**
 * A connection that comes back by itself. Every attempt uses a new mqtt.js client, because an old one replays
 * its unacknowledged publishes before anyone is told that the connection is back: for commands that move arms
 * a replay is exactly what must not happen. Whoever needs redelivery keeps its own outbox.
 *
 * `connected` means: the broker accepted us and granted every subscription.
 */
export class MqttConnection {
  readonly #options: ConnectionOptions;
  readonly #subscriptions: Subscription[] = [];
  readonly #connectedListeners: (() => void)[] = [];
  readonly #lostListeners: ((reason: string) => void)[] = [];
  #client: MqttClient | null = null;
  #connected = false;
  #closed = false;
  #inFlight = 0;
  #retry: NodeJS.Timeout | null = null;
  #lastTrouble = '';

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Why the last attempt failed, in words; empty while connected. */
  get trouble(): string {
    return this.#lastTrouble;
  }

  /** To be called before `open`. A later subscription with the same filter is a mistake. */
  subscribe(filter: string, qos: 0 | 1, handler: MessageHandler): void {
    if (this.#client !== null) throw new Error(`subscribe to ${filter} before opening the connection`);
    if (this.#subscriptions.some((known) => known.filter === filter)) {
      throw new Error(`${filter} is subscribed to already`);
    }
    this.#subscriptions.push({ filter, qos, handler });
  }

  onConnected(listener: () => void): void {
    this.#connectedListeners.push(listener);
    if (this.#connected) listener();
  }

  onLost(listener: (reason: string) => void): void {
    this.#lostListeners.push(listener);
  }

  /** Begins to connect, and keeps trying until `close`. */
  open(): void {
    if (this.#client === null && !this.#closed) this.#attempt();
  }

  /**
   * Publishes now or not at all: nothing is queued for a broker that is away. `onAcknowledged` (QoS 1) is called
   * when the broker has it; never, when the connection ends first. Possible as soon as the broker accepted the
   * connection: it may deliver, and want an answer, before it confirms the subscriptions.
   */
  publish(
    topic: string,
    payload: string | Buffer,
    options: {
      readonly qos: 0 | 1;
      readonly retain: 'retain' | 'pass';
      readonly onAcknowledged?: () => void;
    },
  ): PublishOutcome {
    const client = this.#client;
    if (client === null || !client.connected) return 'not-connected';
    const send = { qos: options.qos, retain: options.retain === 'retain' };
    if (options.qos === 0) {
      if (client.stream.writableLength > MAX_SOCKET_BACKLOG_BYTES) return 'congested';
      client.publish(topic, payload, send);
      return 'sent';
    }
    if (this.#inFlight >= (this.#options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT)) return 'too-many-in-flight';
    this.#inFlight += 1;
    client.publish(topic, payload, send, (error) => {
      if (client !== this.#client) return;
      this.#inFlight -= 1;
      if (error === undefined || error === null) options.onAcknowledged?.();
    });
    return 'sent';
  }

  /** Ends the connection in good order (no will is sent), waiting at most a second for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = null;
    this.#connected = false;
    if (client === null) return;
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => client.end(true, {}, () => resolve()), 1_000);
      client.end(false, {}, () => {
        clearTimeout(force);
        resolve();
      });
    });
  }

  #attempt(): void {
    const { broker, clientId, session, will } = this.#options;
    const lastWill = will?.();
    this.#inFlight = 0;
    const client = connect(broker.url, {
      clientId,
      clean: session === 'clean',
      keepalive: KEEPALIVE_S,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      queueQoSZero: false,
      resubscribe: false,
      ...(broker.username === undefined ? {} : { username: broker.username }),
      ...(broker.password === undefined ? {} : { password: broker.password }),
      ...(broker.ca === undefined ? {} : { ca: broker.ca }),
      ...(lastWill === undefined
        ? {}
        : {
            will: {
              topic: lastWill.topic,
              payload: Buffer.from(lastWill.payload),
              qos: 1 as const,
              retain: lastWill.retain === 'retain',
            },
          }),
    });
    this.#client = client;
    // Delivery goes through handleMessage alone: its callback is what sends the PUBACK.
    client.handleMessage = (packet, done) => this.#deliver(client, packet, done);
    client.on('connect', () => this.#subscribeAll(client));
    client.on('error', (error) => this.#troubled(client, error.message || String(error)));
    client.on('close', () => this.#ended(client));
  }

  #subscribeAll(client: MqttClient): void {
    if (client !== this.#client) return;
    if (this.#subscriptions.length === 0) {
      this.#established();
      return;
    }
    const wanted = Object.fromEntries(this.#subscriptions.map(({ filter, qos }) => [filter, { qos }]));
    client.subscribe(wanted, (error, granted) => {
      if (client !== this.#client) return;
      const denied = (granted ?? []).filter((grant) => grant.qos === 128).map((grant) => grant.topic);
      if ((error !== null && error !== undefined) || denied.length > 0) {
        const which = denied.length > 0 ? denied.join(', ') : (error?.message ?? 'unknown');
        this.#troubled(
          client,
          `the broker refused a subscription: ${which}; allow it for this user in the broker`,
        );
        client.stream.destroy();
        return;
      }
      this.#established();
    });
  }

  #established(): void {
    this.#connected = true;
    this.#lastTrouble = '';
    for (const listener of this.#connectedListeners) listener();
  }

  #troubled(client: MqttClient, message: string): void {
    if (client !== this.#client) return;
    const text = `${this.#options.broker.url}: ${message}`;
    if (text !== this.#lastTrouble) this.#options.onTrouble?.(text);
    this.#lastTrouble = text;
  }

  #ended(client: MqttClient): void {
    if (client !== this.#client || this.#closed) return;
    this.#client = null;
    const wasConnected = this.#connected;
    this.#connected = false;
    client.removeAllListeners();
    client.on('error', () => undefined); // a dead client may still report the failure that killed it
    client.end(true);
    if (wasConnected) {
      const reason = this.#lastTrouble === '' ? 'the broker closed the connection' : this.#lastTrouble;
      for (const listener of this.#lostListeners) listener(reason);
    }
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (!this.#closed) this.#attempt();
    }, RECONNECT_MS);
  }

  #deliver(client: MqttClient, packet: IPublishPacket, done: (error?: Error) => void): void {
    if (client !== this.#client) {
      // Closing. What nobody takes is not acknowledged where the broker would keep it for the next time.
      if (this.#options.session === 'clean') done();
      return;
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const message: Inbound = { topic: packet.topic, payload, retained: packet.retain };
    const subscription = this.#subscriptions.find(({ filter }) => topicMatches(filter, packet.topic));
    const waiting = subscription?.handler(message);
    if (waiting === undefined) {
      done();
      return;
    }
    waiting.then(
      () => done(),
      // Not acknowledged: a broker that keeps our session delivers it again on the next connection.
      (error: unknown) => {
        this.#troubled(client, `a message on ${packet.topic} was not taken: ${String(error)}`);
        client.stream.destroy();
      },
    );
  }
}

/** Whether a topic matches a subscription's filter (`+` one level, a last `#` the rest). */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (let i = 0; i < wanted.length; i += 1) {
    if (wanted[i] === '#') return true;
    if (i >= levels.length || (wanted[i] !== '+' && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}
