/** Samples age by at most this before a clock's drift would show; both halves of the window together, us. */
const HALF_WINDOW_US = 10_000_000;

/**
 * Translates one arm's instants to the receiver's clock. The two clocks have nothing in common; what is known is
 * that a sample was taken before it arrived. The smallest delay seen lately serves as the offset, so that a
 * translated instant is never later than its arrival, and a sample that was held up on its way shows its age.
 */
export class ArmClock {
  #current = Infinity;
  #previous = Infinity;
  #halfSinceUs: number | null = null;

  /** Notes that a sample stamped `armUs` arrived at `arrivedUs`. */
  note(armUs: number, arrivedUs: number): void {
    this.#halfSinceUs ??= arrivedUs;
    if (arrivedUs - this.#halfSinceUs > HALF_WINDOW_US) {
      this.#previous = this.#current;
      this.#current = Infinity;
      this.#halfSinceUs = arrivedUs;
    }
    this.#current = Math.min(this.#current, arrivedUs - armUs);
  }

  /** An instant of the arm on the receiver's clock; `note` has to have been called. */
  toReceiverUs(armUs: number): number {
    return armUs + Math.min(this.#current, this.#previous);
  }
}
