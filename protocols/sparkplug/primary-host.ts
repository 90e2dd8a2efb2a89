import { faultsAsText } from '../mqtt/payload.ts';
import { decodeHostState, decodeLegacyState } from './host-state.ts';
import { legacyStateTopic, stateTopic } from './topic.ts';

/** What became of a message. `other`: it is no STATE of this host. */
type HeardState =
  { readonly kind: 'taken' | 'other' } | { readonly kind: 'malformed'; readonly detail: string };

/**
 * What an edge node knows of its primary host. Each server has STATE messages of its own; one that is older than what is
 * known of the same server says nothing: it is the will of a connection that has been replaced.
 */
export class PrimaryHost {
  readonly topics: readonly [string, string];
  /** By server: the timestamp of the newest STATE that counted. */
  readonly #newestMs: (number | null)[];
  #presence: 'unknown' | 'online' | 'offline' = 'unknown';
  /** A host that speaks Sparkplug 3.0 is not asked what its 2.2 topic says. */
  #isModern = false;

  constructor(hostId: string, servers: number) {
    this.topics = [stateTopic(hostId), legacyStateTopic(hostId)];
    this.#newestMs = Array.from({ length: servers }, () => null);
  }

  /** As heard on the connection that there is. */
  get presence(): 'unknown' | 'online' | 'offline' {
    return this.#presence;
  }

  connecting(): void {
    this.#presence = 'unknown';
    this.#isModern = false;
  }

  /** Takes a message if it is a STATE of this host's; says what is wrong with one that cannot be read. */
  hear(topic: string, payload: Uint8Array, server: number): HeardState {
    if (topic === this.topics[1]) {
      const online = decodeLegacyState(payload);
      if (online === null) return { kind: 'malformed', detail: 'send ONLINE or OFFLINE' };
      if (!this.#isModern) this.#presence = online ? 'online' : 'offline';
      return { kind: 'taken' };
    }
    if (topic !== this.topics[0]) return { kind: 'other' };
    const decoded = decodeHostState(payload);
    if (!decoded.ok) return { kind: 'malformed', detail: faultsAsText(decoded.faults) };
    this.#isModern = true;
    const { online, timestamp } = decoded.state;
    const newestMs = this.#newestMs[server] ?? null;
    if (newestMs !== null && timestamp < newestMs) return { kind: 'taken' };
    this.#newestMs[server] = timestamp;
    this.#presence = online ? 'online' : 'offline';
    return { kind: 'taken' };
  }
}
