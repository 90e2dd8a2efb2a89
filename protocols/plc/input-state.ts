import type { InputTag, TagValue } from '../../controller/domain/plc-map.ts';
import type { Heard } from './decode.ts';

/**
 * `unknown`: never heard, or not yet settled. `stale`: heard too long ago. `bad`: what came is not to be believed.
 * Whoever reads a value that is not `good` gets the safe one.
 */
export type Quality = 'good' | 'unknown' | 'stale' | 'bad';

export interface Reading {
  readonly value: TagValue;
  readonly quality: Quality;
  /** Why it is not good, in words; empty when it is. */
  readonly because: string;
}

const SECOND_US = 1_000_000;

/**
 * One tag over time: what it said last, since when, whether that is to be believed. Pure but for its own memory;
 * instants come in, and only those of the receiver count: what a PLC says of the time is never compared with ours.
 */
export class InputState {
  readonly tag: InputTag;
  #candidate: TagValue | null = null;
  #candidateSinceUs = 0;
  #settled: TagValue | null = null;
  #heardUs: number | null = null;
  #fault: string | null = null;
  /** Instants of the last changes, oldest first; no more than decide whether the input bounces. */
  #changesUs: number[] = [];
  #dipped = false;

  constructor(tag: InputTag) {
    this.tag = tag;
  }

  /** When the value last changed, us; null: it never has. For heartbeats. */
  get changedUs(): number | null {
    return this.#candidate === null ? null : this.#candidateSinceUs;
  }

  /** When it was last heard, us; null: never. */
  get heardUs(): number | null {
    return this.#heardUs;
  }

  hear(heard: Heard, nowUs: number): void {
    const wasSilent = this.#heardUs === null || nowUs - this.#heardUs > this.tag.staleUs;
    this.#heardUs = nowUs;
    if (this.tag.debounce.offUs === 0 && (!heard.ok || heard.value === false)) this.#dipped = true;
    if (!heard.ok) {
      this.#fault = heard.fault;
      return;
    }
    // What comes after silence or nonsense has to settle anew.
    const isAnew = wasSilent || this.#fault !== null;
    this.#fault = null;
    if (isAnew) this.#settled = null;
    if (heard.value === this.#candidate && !isAnew) return;
    if (this.#candidate !== null && heard.value !== this.#candidate) this.#noteChange(nowUs);
    this.#candidate = heard.value;
    this.#candidateSinceUs = nowUs;
    // Nobody has to look for it: what comes after it has to settle again.
    this.#settle(nowUs);
  }

  #noteChange(nowUs: number): void {
    const { changesPerSMax } = this.tag;
    if (changesPerSMax === null) return;
    this.#changesUs.push(nowUs);
    if (this.#changesUs.length > changesPerSMax + 1) this.#changesUs.shift();
  }

  /**
   * Whether it was false or not to be believed at any moment since the last call, however short: several messages may
   * come between two looks. An input that is debounced towards false forgives that.
   */
  takeDip(): boolean {
    const dipped = this.#dipped;
    this.#dipped = false;
    return dipped;
  }

  /** Nothing that was heard counts any more: the connection over which it came is gone. */
  forget(because: string): void {
    this.#heardUs = null;
    this.#settled = null;
    this.#fault = because;
  }

  read(nowUs: number): Reading {
    const { tag } = this;
    const not = (quality: Exclude<Quality, 'good'>, because: string): Reading => ({
      value: tag.safe,
      quality,
      because,
    });
    if (this.#heardUs === null) return not('unknown', this.#fault ?? 'never heard');
    const silentUs = nowUs - this.#heardUs;
    if (silentUs > tag.staleUs) return not('stale', `silent for more than ${tag.staleUs / SECOND_US} s`);
    if (this.#fault !== null) return not('bad', this.#fault);
    const bounces = this.#bounces(nowUs);
    if (bounces !== null) return not('bad', bounces);
    this.#settle(nowUs);
    if (this.#settled === null) return not('unknown', 'not settled yet');
    return { value: this.#settled, quality: 'good', because: '' };
  }

  #settle(nowUs: number): void {
    if (this.#candidate === null || this.#candidate === this.#settled) return;
    const { onUs, offUs } = this.tag.debounce;
    const neededUs = this.#candidate === false ? offUs : onUs;
    if (nowUs - this.#candidateSinceUs >= neededUs) this.#settled = this.#candidate;
  }

  #bounces(nowUs: number): string | null {
    const { changesPerSMax } = this.tag;
    if (changesPerSMax === null || this.#changesUs.length <= changesPerSMax) return null;
    if (nowUs - this.#changesUs[0]! > SECOND_US) return null;
    return `bounces: more than ${changesPerSMax} changes in a second`;
  }
}
