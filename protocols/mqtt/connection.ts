import { connect } from 'mqtt';
import type { IClientOptions, IClientPublishOptions, IPublishPacket, MqttClient } from 'mqtt';
import { choiceOf } from './broker-access.ts';
import type { BrokerAccess, BrokerChoice } from './broker-access.ts';
import { topicMatches } from './topic-filter.ts';

/** One received message. */
export interface Inbound {
  readonly topic: string;
  readonly payload: Uint8Array;
  /**
   * The broker kept it for us: it was not sent just now. On MQTT 5 a subscription may ask for the flag as published
   * (`Subscription.retain`); 3.1.1 hides it from existing subscribers.
   */
  readonly retained: boolean;
  /** As published, at most that of the subscription. */
  readonly qos: 0 | 1 | 2;
  /** Where the sender wants its answer beside the usual place (MQTT 5). */
  readonly reply?: Reply;
}

/** A response topic and, if the sender gave some, correlation data to send back with the answer. */
export interface Reply {
  readonly topic: string;
  readonly correlation: Buffer | null;
}

/** What MQTT 5 adds to a published message; left out with a broker of 3.1.1. */
export interface MessageProperties {
  /** The broker drops the message when it could not deliver it within this, whole seconds. */
  readonly expiryS?: number;
  readonly responseTopic?: string;
  readonly correlation?: Buffer;
  readonly user?: Readonly<Record<string, string>>;
}

interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly retain: 'retain' | 'pass';
}

/**
 * What a handler says when it is done with a message. A promise holds back the acknowledgement of a QoS 1
 * message until it settles: what is acknowledged has been taken. Messages behind it are handed out meanwhile.
 */
export type MessageHandler = (message: Inbound) => void | Promise<void>;

/** `as-published`: on MQTT 5 the retain flag of a message comes through, so that a retained command is told. */
export type RetainFlag = 'as-published' | 'kept-only';

interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly handler: MessageHandler;
  readonly retain: RetainFlag;
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
  /** A broker that does not acknowledge within this is given up and connected to anew, ms; without it, never. */
  readonly acknowledgeWithinMs?: number;
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
/** How long a broker is to keep what a `kept` session missed (MQTT 5; 3.1.1 has no end). */
const SESSION_EXPIRY_S = 7 * 24 * 3_600;
/** CONNACK codes for "not this version of the protocol", of MQTT 3.1.1 and 5. */
const WRONG_VERSION: readonly unknown[] = [1, 132];

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
  readonly #choice: BrokerChoice;
  readonly #forget: () => void;
  /** The broker of the current attempt, and the version of MQTT spoken with it. */
  #url: string;
  #version: 4 | 5;
  /** Whether the broker of the current attempt has answered, and whether anything said why it did not. */
  #answered = false;
  #explained = false;
  /** When each unacknowledged publish was sent, oldest first, ms. */
  readonly #unacknowledged = new Set<{ readonly sentMs: number }>();
  #watch: NodeJS.Timeout | null = null;
  /** Messages that handlers have not finished with, in the order in which they came. */
  #toAcknowledge: { readonly messageId: number; isTaken: boolean }[] = [];

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#choice = choiceOf(options.broker);
    this.#url = this.#choice.url;
    this.#version = options.broker.protocol === '3.1.1' ? 4 : 5;
    this.#forget = this.#choice.onMoved((url) => {
      if (url !== this.#url) this.#client?.stream?.destroy();
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** The version of MQTT that the broker speaks with us; of the last attempt while not connected. */
  get protocol(): '3.1.1' | '5' {
    return this.#version === 5 ? '5' : '3.1.1';
  }

  /** Where the connection leads. */
  get url(): string {
    return this.#url;
  }

  /** Why the last attempt failed, in words; empty while connected. */
  get trouble(): string {
    return this.#lastTrouble;
  }

  /** To be called before `open`. A later subscription with the same filter is a mistake. */
  subscribe(filter: string, qos: 0 | 1, handler: MessageHandler, retain: RetainFlag = 'kept-only'): void {
    if (this.#client !== null) throw new Error(`subscribe to ${filter} before opening the connection`);
    if (this.#subscriptions.some((known) => known.filter === filter)) {
      throw new Error(`${filter} is subscribed to already`);
    }
    this.#subscriptions.push({ filter, qos, handler, retain });
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
      readonly properties?: MessageProperties;
    },
  ): PublishOutcome {
    const client = this.#client;
    if (client === null || !client.connected) return 'not-connected';
    const send: IClientPublishOptions = { qos: options.qos, retain: options.retain === 'retain' };
    if (this.#version === 5 && options.properties !== undefined) {
      send.properties = packetProperties(options.properties);
    }
    if (options.qos === 0) {
      if (client.stream.writableLength > MAX_SOCKET_BACKLOG_BYTES) return 'congested';
      client.publish(topic, payload, send);
      return 'sent';
    }
    if (this.#inFlight >= (this.#options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT)) return 'too-many-in-flight';
    this.#inFlight += 1;
    const sent = { sentMs: performance.now() };
    this.#unacknowledged.add(sent);
    client.publish(topic, payload, send, (error) => {
      if (client !== this.#client) return;
      this.#inFlight -= 1;
      this.#unacknowledged.delete(sent);
      if (error === undefined || error === null) options.onAcknowledged?.();
      else this.#troubled(client, `the broker did not take a message on ${topic}: ${error.message}`);
    });
    return 'sent';
  }

  /** Ends the connection in good order (no will is sent), waiting at most a second for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#forget();
    if (this.#watch !== null) clearInterval(this.#watch);
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
    this.#unacknowledged.clear();
    this.#toAcknowledge = [];
    this.#answered = false;
    this.#explained = false;
    if (this.#url !== this.#choice.url) {
      this.#url = this.#choice.url;
      this.#version = broker.protocol === '3.1.1' ? 4 : 5;
    }
    const client = connect(this.#url, {
      clientId,
      protocolVersion: this.#version,
      clean: session === 'clean',
      ...(this.#version === 5 && session === 'kept'
        ? { properties: { sessionExpiryInterval: SESSION_EXPIRY_S } }
        : {}),
      ...clientOptions(broker),
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
    client.on('error', (error) => this.#failed(client, error));
    client.on('close', () => this.#ended(client));
  }

  #failed(client: MqttClient, error: Error & { readonly code?: unknown }): void {
    if (client !== this.#client) return;
    if (this.#version === 5 && WRONG_VERSION.includes(error.code)) {
      if (this.#options.broker.protocol !== '5') {
        this.#answered = true;
        this.#version = 4; // not worth a word: the next attempt follows at once
        return;
      }
      this.#troubled(client, 'the broker does not speak MQTT 5; choose protocol auto or 3.1.1 for it');
      return;
    }
    this.#explained = true;
    this.#troubled(client, error.message || String(error));
  }

  #subscribeAll(client: MqttClient): void {
    if (client !== this.#client) return;
    this.#answered = true;
    if (this.#subscriptions.length === 0) {
      this.#established();
      return;
    }
    const wanted = Object.fromEntries(
      this.#subscriptions.map(({ filter, qos, retain }) => [filter, { qos, rap: retain === 'as-published' }]),
    );
    client.subscribe(wanted, (error, granted) => {
      if (client !== this.#client) return;
      const denied = (granted ?? []).filter((grant) => grant.qos >= 128).map((grant) => grant.topic);
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
    const { acknowledgeWithinMs } = this.#options;
    if (acknowledgeWithinMs !== undefined) {
      this.#watch ??= setInterval(() => this.#expectAcknowledgement(acknowledgeWithinMs), 500);
    }
    for (const listener of this.#connectedListeners) listener();
  }

  /** A broker that is connected and does not acknowledge is as good as gone; on a new connection all is sent again. */
  #expectAcknowledgement(withinMs: number): void {
    const client = this.#client;
    const oldest = this.#unacknowledged.values().next();
    if (client === null || oldest.done === true || performance.now() - oldest.value.sentMs < withinMs) return;
    this.#troubled(client, `the broker acknowledged nothing for ${withinMs} ms`);
    client.stream.destroy();
  }

  #troubled(client: MqttClient, message: string): void {
    if (client !== this.#client) return;
    const text = `${this.#url}: ${message}`;
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
    if (!this.#answered) {
      // Old brokers hang up on MQTT 5 without a word, and so does one that is just going down: both are tried in turn.
      if (this.#options.broker.protocol !== '3.1.1' && this.#options.broker.protocol !== '5') {
        this.#version = this.#version === 5 && !this.#explained ? 4 : 5;
      }
      this.#choice.failed(this.#url);
    }
    // Another version of the protocol is tried without a pause.
    const isOther = this.#version === 4 && client.options.protocolVersion === 5;
    this.#retry = setTimeout(
      () => {
        this.#retry = null;
        if (!this.#closed) this.#attempt();
      },
      isOther ? 0 : RECONNECT_MS,
    );
  }

  #deliver(client: MqttClient, packet: IPublishPacket, done: (error?: Error) => void): void {
    if (client !== this.#client) {
      // Closing. What nobody takes is not acknowledged where the broker would keep it for the next time.
      if (this.#options.session === 'clean') done();
      return;
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { responseTopic, correlationData = null } = packet.properties ?? {};
    const message: Inbound = {
      topic: packet.topic,
      payload,
      retained: packet.retain,
      qos: packet.qos,
      ...(responseTopic === undefined
        ? {}
        : { reply: { topic: responseTopic, correlation: correlationData } }),
    };
    const subscription = this.#subscriptions.find(({ filter }) => topicMatches(filter, packet.topic));
    const waiting = subscription?.handler(message);
    if (waiting === undefined) {
      done();
      return;
    }
    if (packet.qos === 0 || packet.messageId === undefined) {
      waiting.then(
        () => done(),
        (error: unknown) => this.#notTaken(client, packet.topic, error),
      );
      return;
    }
    const entry = { messageId: packet.messageId, isTaken: false };
    this.#toAcknowledge.push(entry);
    waiting.then(
      () => {
        entry.isTaken = true;
        this.#acknowledgeTaken(client);
      },
      // Not acknowledged: a broker that keeps our session delivers it again on the next connection.
      (error: unknown) => this.#notTaken(client, packet.topic, error),
    );
    // With an error mqtt.js reads on without a PUBACK of its own; ours follows when the message was taken.
    done(new Error('acknowledged later'));
  }

  /** In the order in which the messages came (MQTT 3.1.1 and 5, 4.6). */
  #acknowledgeTaken(client: MqttClient): void {
    if (client !== this.#client) return;
    while (this.#toAcknowledge[0]?.isTaken === true) {
      const { messageId } = this.#toAcknowledge.shift() as { readonly messageId: number };
      // A PUBACK without a reason code, which says success in both versions of the protocol.
      client.stream.write(Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]));
    }
  }

  #notTaken(client: MqttClient, topic: string, error: unknown): void {
    this.#troubled(client, `a message on ${topic} was not taken: ${String(error)}`);
    client.stream.destroy();
  }
}

/** How every client of ours connects: once, without a queue of its own, giving up soon. */
export function clientOptions(broker: BrokerAccess): IClientOptions {
  return {
    keepalive: KEEPALIVE_S,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    queueQoSZero: false,
    resubscribe: false,
    ...(broker.username === undefined ? {} : { username: broker.username }),
    ...(broker.password === undefined ? {} : { password: broker.password }),
    ...(broker.ca === undefined ? {} : { ca: broker.ca }),
    ...(broker.certificate === undefined ? {} : broker.certificate),
  };
}

function packetProperties(properties: MessageProperties): NonNullable<IClientPublishOptions['properties']> {
  const { expiryS, responseTopic, correlation, user } = properties;
  return {
    ...(expiryS === undefined ? {} : { messageExpiryInterval: expiryS }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlation === undefined ? {} : { correlationData: correlation }),
    ...(user === undefined ? {} : { userProperties: { ...user } }),
  };
}
