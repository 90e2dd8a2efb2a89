/** Steps back larger than this are a counter that began anew, not a message that was overtaken. */
const LATE_MAX = 64;
/** So many messages in order at a lower number are a counter that began anew, too. */
const RUN_ANEW = 3;

/** Tells by their running number which messages are new, and which are late or repeated. */
export class RunningNumber {
  #last: number | null = null;
  #lateNext: number | null = null;
  #lateRun = 0;

  /** Whether a message with this number is taken. */
  takes(number: number): boolean {
    const last = this.#last;
    if (last === null || number > last || last - number > LATE_MAX) return this.#take(number);
    // After a restart near its beginning a counter is lower than before, and goes on in order.
    this.#lateRun = number === this.#lateNext ? this.#lateRun + 1 : 1;
    this.#lateNext = number + 1;
    return this.#lateRun >= RUN_ANEW && number < last ? this.#take(number) : false;
  }

  #take(number: number): boolean {
    this.#last = number;
    this.#lateNext = null;
    this.#lateRun = 0;
    return true;
  }
}
