import type { Clock } from '../ports.ts';

/** The two clocks of the machine; given in, so that tests can turn them. */
export interface MachineClock {
  /** Runs evenly and never back, us from an arbitrary beginning. */
  monotonicUs(): number;
  /** Calendar time, ms since 1970; may jump. */
  wallMs(): number;
}

export const MACHINE_CLOCK: MachineClock = {
  monotonicUs: () => Math.floor(performance.now() * 1_000),
  wallMs: () => Date.now(),
};

/**
 * The core's clock: microseconds since the journal began, going on where the journal ended. The time during which no
 * controller ran is not counted, and a calendar that jumps does not move it.
 */
export function clockFrom(lastUs: number, machine: MachineClock): Clock {
  const beganUs = machine.monotonicUs();
  return { nowUs: () => lastUs + 1 + (machine.monotonicUs() - beganUs) };
}
