/** Why a message was not taken. What a sender gets to read is longer; this is what is counted. */
export const REFUSAL_REASONS = [
  // Of the payload, before anything of it is believed.
  'empty', 'too-large', 'not-utf8', 'not-json', 'too-deep', 'too-many-values', 'duplicate-field', 'not-finite',
  // Of its form.
  'missing-field', 'unknown-field', 'wrong-type', 'out-of-range', 'invalid-value', 'unknown-version',
  // Of its way and its time.
  'retained', 'wrong-qos', 'unknown-topic', 'unknown-id', 'wrong-response-topic',
  'expired', 'stale-epoch', 'future-epoch', 'duplicate', 'out-of-order', 'other-session', 'busy',
] as const; // prettier-ignore
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface RefusedCount {
  /** The topic without what is variable in it, as in `intake/orders` or `arm/event`. */
  readonly topic: string;
  readonly reason: RefusalReason;
  readonly count: number;
}

/** Counts what was refused, by topic and reason; as many counters as the interface has topics and reasons. */
export class RefusedMessages {
  readonly #counts = new Map<
    string,
    { readonly topic: string; readonly reason: RefusalReason; count: number }
  >();

  /** @param topic one of the interface's own names, never one that a sender made up. */
  add(topic: string, reason: RefusalReason): void {
    const key = `${topic} ${reason}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { topic, reason, count: 1 });
    else known.count += 1;
  }

  counts(): readonly RefusedCount[] {
    return [...this.#counts.values()];
  }

  get total(): number {
    return this.counts().reduce((sum, { count }) => sum + count, 0);
  }
}
