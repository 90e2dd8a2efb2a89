import type { Value } from './payload.ts';

/** A value that nobody could be told of when it was the current one. */
export interface PastValue {
  readonly deviceId: string | null;
  readonly name: string;
  readonly value: Value | null;
  readonly timestampMs: number;
}

/** Values kept for later, oldest first. When it is full the oldest are dropped and counted. */
export class History {
  readonly #limit: number;
  #kept: PastValue[] = [];
  /** Before this they have been dropped; cleared away now and then, as removing one moves all the others. */
  #first = 0;
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get waiting(): number {
    return this.#kept.length - this.#first;
  }

  get dropped(): number {
    return this.#dropped;
  }

  add(value: PastValue): void {
    this.#kept.push(value);
    if (this.waiting <= this.#limit) return;
    this.#first += 1;
    this.#dropped += 1;
    if (this.#first > this.#limit) this.#clear();
  }

  /** Takes out the oldest values of one that can be told of them now, at most `max`; empty: of none. */
  take(max: number, canTell: (deviceId: string | null) => boolean): readonly PastValue[] {
    this.#clear();
    const first = this.#kept.find(({ deviceId }) => canTell(deviceId));
    if (first === undefined) return [];
    const taken: PastValue[] = [];
    this.#kept = this.#kept.filter((value) => {
      if (value.deviceId !== first.deviceId || taken.length >= max) return true;
      taken.push(value);
      return false;
    });
    return taken;
  }

  #clear(): void {
    this.#kept = this.#kept.slice(this.#first);
    this.#first = 0;
  }
}
