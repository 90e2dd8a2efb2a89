import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Aedes, AuthenticateError, Client } from 'aedes';
import { mayPublish, maySubscribe } from './broker-roles.ts';
import type { BrokerUsers, Identity } from './broker-users.ts';

export interface BrokerLimits {
  readonly maxPacketBytes: number;
  readonly maxClients: number;
  readonly maxTopicLevels: number;
  /** Bytes that may wait for one slow subscriber before it is disconnected. */
  readonly maxSubscriberBacklogBytes: number;
  readonly maxRetainedTopics: number;
  readonly maxSubscriptionsPerClient: number;
  /** Messages of one client; what comes faster waits with its sender. */
  readonly messagesPerS: number;
}

export const BROKER_LIMITS: BrokerLimits = {
  maxPacketBytes: 2 * 1024 * 1024,
  maxClients: 256,
  maxTopicLevels: 16,
  maxSubscriberBacklogBytes: 16 * 1024 * 1024,
  maxRetainedTopics: 10_000,
  maxSubscriptionsPerClient: 256,
  messagesPerS: 5_000,
};

/**
 * Called for a message before it is acknowledged to its publisher or given to any subscriber. The
 * acknowledgement waits for the promise, so that what is acknowledged has been taken; see `MqttIntake.take`.
 */
export type BeforeAcknowledge = (message: {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  readonly qos: 0 | 1 | 2;
}) => Promise<void> | undefined;

export interface GuardOptions {
  readonly users: BrokerUsers;
  readonly limits: BrokerLimits;
  readonly beforeAcknowledge?: BeforeAcknowledge;
  readonly onDenied?: (message: string) => void;
}

/** The checks that aedes asks for: who connects, what is published and heard, who cannot keep up. */
export function guard(
  aedes: Aedes,
  options: GuardOptions,
  doorOf: (connection: object) => 'inside' | 'outside',
): void {
  const { limits, beforeAcknowledge, users } = options;
  const deny = options.onDenied ?? (() => undefined);
  const retained = new Set<string>();
  const identities = new WeakMap<Client, Identity>();
  const rate = new ClientRate(limits.messagesPerS);
  aedes.preConnect = (_client, packet, done) => {
    // Queues for clients that are away would grow without bound, and die with the service anyway.
    packet.clean = true;
    done(null, true);
  };
  aedes.authenticate = (client, username, password, done) => {
    const identified = users.identify({
      username,
      password,
      commonName: commonNameOf(client.conn),
      door: doorOf(client.conn),
    });
    const refuse = (reason: string, returnCode: 2 | 4): void => {
      deny(`client "${client.id}" was turned away: ${reason}`);
      done(Object.assign(new Error(reason), { returnCode }) as AuthenticateError, null);
    };
    if (!identified.ok) return refuse(identified.reason, 4);
    const { identity } = identified;
    const before = (aedes as unknown as { clients: Record<string, Client | undefined> }).clients[client.id];
    const holder = before === undefined ? undefined : identities.get(before);
    if (holder !== undefined && holder.name !== identity.name) {
      return refuse(`user "${holder.name}" is connected under this client id`, 2);
    }
    identities.set(client, identity);
    done(null, true);
  };
  aedes.authorizeSubscribe = (client, subscription, done) => {
    const identity = client === null ? undefined : identities.get(client);
    const held = Object.keys((client as unknown as { subscriptions: object } | null)?.subscriptions ?? {});
    if (identity === undefined || !maySubscribe(identity.rights, subscription.topic)) {
      deny(`user "${identity?.name}" may not subscribe to ${subscription.topic}`);
      done(null, null);
    } else if (held.length >= limits.maxSubscriptionsPerClient) {
      deny(
        `user "${identity.name}" has ${held.length} subscriptions on one connection already, which is the limit`,
      );
      done(null, null);
    } else done(null, subscription);
  };
  aedes.authorizePublish = (client, packet, done) => {
    const identity = client === null ? undefined : identities.get(client);
    if (identity === undefined || !mayPublish(identity.rights, packet.topic)) {
      const reason = `user "${identity?.name}" may not publish on ${packet.topic}`;
      deny(reason);
      done(new Error(reason));
      return;
    }
    if (packet.topic.startsWith('$')) {
      done(new Error('topics that begin with $ are the broker’s own'));
      return;
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    if (packet.retain) {
      if (payload.length === 0) retained.delete(packet.topic);
      else if (retained.size >= limits.maxRetainedTopics && !retained.has(packet.topic)) {
        done(new Error(`more than ${limits.maxRetainedTopics} retained topics`));
        return;
      } else retained.add(packet.topic);
    }
    const { topic, retain, qos } = packet;
    const waiting = beforeAcknowledge?.({ topic, payload, retained: retain, qos });
    const taken = waiting ?? Promise.resolve();
    const slot = client === null ? null : rate.wait(client);
    if (waiting === undefined && slot === null) done(null);
    else
      Promise.all([taken, slot]).then(
        () => done(null),
        (error: unknown) => done(new Error(String(error))),
      );
  };
  aedes.authorizeForward = (client, packet) => {
    if (client.conn.writableLength <= limits.maxSubscriberBacklogBytes) return packet;
    deny(`client "${client.id}" did not read what it had subscribed to`);
    client.conn.destroy();
    return null;
  };
  // One client's broken packet or socket ends that client; aedes has closed it when it reports this.
  aedes.on('clientError', () => undefined);
  aedes.on('connectionError', () => undefined);
}

/** Each client's messages at a steady rate, a second's worth in advance; what is over it waits. */
class ClientRate {
  readonly #everyMs: number;
  readonly #nextMs = new WeakMap<Client, number>();

  constructor(perS: number) {
    this.#everyMs = 1_000 / perS;
  }

  /** Null: at once. aedes reads no further from a client that has something waiting. */
  wait(client: Client): Promise<void> | null {
    const nowMs = performance.now();
    const next = Math.max(nowMs - 1_000, this.#nextMs.get(client) ?? 0) + this.#everyMs;
    this.#nextMs.set(client, next);
    return next <= nowMs ? null : new Promise((resolve) => setTimeout(resolve, next - nowMs));
  }
}

/** The common name of a verified client certificate; null where none was shown. */
function commonNameOf(connection: object): string | null {
  const { getPeerCertificate } = connection as Partial<TLSSocket>;
  if (getPeerCertificate === undefined) return null;
  const certificate = (connection as TLSSocket).getPeerCertificate() as PeerCertificate | null | undefined;
  const name: unknown = certificate?.subject?.CN;
  return typeof name === 'string' ? name : null;
}
