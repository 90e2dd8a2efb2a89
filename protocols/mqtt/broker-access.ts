/** How to reach a broker. Credentials come from the environment, never from a file of the cell. */
export interface BrokerAccess {
  /** `mqtt://host:port`, `mqtts://host:port`, `ws://` or `wss://`; with `choice` it is the first of them. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificate authority to believe for `mqtts`, PEM; without it, those that Node.js knows. */
  readonly ca?: Buffer;
  /** Shown to a broker that asks its clients for one (mutual TLS), PEM. */
  readonly certificate?: { readonly cert: Buffer; readonly key: Buffer };
  /** `auto` (the default): MQTT 5, and 3.1.1 with a broker that refuses 5. */
  readonly protocol?: ProtocolChoice;
  /** Several brokers: which of them is used now. One for all connections of a process, so that they meet. */
  readonly choice?: BrokerChoice;
}

export type ProtocolChoice = 'auto' | '5' | '3.1.1';

/**
 * Which of several brokers a process uses: the first that answers, and the next one when it does not come back. All
 * connections move together, because what one of them publishes the others' peers are to hear.
 */
export class BrokerChoice {
  readonly #urls: readonly [string, ...string[]];
  readonly #listeners = new Set<(url: string) => void>();
  #at = 0;

  constructor(urls: readonly [string, ...string[]]) {
    this.#urls = urls;
  }

  get url(): string {
    return this.#urls[this.#at] ?? this.#urls[0];
  }

  get isSingle(): boolean {
    return this.#urls.length === 1;
  }

  /** `url` could not be reached, or nobody to talk to is there: the next is tried, unless that has happened already. */
  failed(url: string): void {
    if (this.isSingle || url !== this.url) return;
    this.#at = (this.#at + 1) % this.#urls.length;
    for (const listener of this.#listeners) listener(this.url);
  }

  onMoved(listener: (url: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function choiceOf(access: BrokerAccess): BrokerChoice {
  return access.choice ?? new BrokerChoice([access.url]);
}
