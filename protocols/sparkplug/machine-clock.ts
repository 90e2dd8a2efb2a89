/** Calls a machine's `tick` at the instants that it asks for. */
export class MachineClock {
  readonly nowMs: () => number;
  readonly #tick: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param nowMs ms since 1970. */
  constructor(nowMs: () => number, tick: () => void) {
    this.nowMs = nowMs;
    this.#tick = tick;
  }

  /** To be called after every step. */
  due(atMs: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = atMs === null ? null : setTimeout(this.#tick, Math.max(0, atMs - this.nowMs()));
  }
}
