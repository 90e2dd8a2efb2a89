import { CELL_COMMANDS } from './packml.ts';
import type { CellCommand, CellState } from './packml.ts';

/** State numbers of ISA-TR88.00.02-2022; 0 is undefined. */
const STATE_NUMBERS: Readonly<Record<CellState, number>> = {
  clearing: 1,
  stopped: 2,
  starting: 3,
  idle: 4,
  suspended: 5,
  execute: 6,
  stopping: 7,
  aborting: 8,
  aborted: 9,
  holding: 10,
  held: 11,
  unholding: 12,
  suspending: 13,
  unsuspending: 14,
  resetting: 15,
  completing: 16,
  complete: 17,
};

/** Numbers that a line uses instead of those of the standard. */
export type StateNumbers = Readonly<Partial<Record<CellState, number>>>;

export function stateNumber(state: CellState, numbers: StateNumbers): number {
  return numbers[state] ?? STATE_NUMBERS[state];
}

/** `CntrlCmd` of the standard: 1 Reset, 2 Start, 3 Stop, 4 Hold, 5 Unhold, 6 Suspend, 7 Unsuspend, 8 Abort, 9 Clear, 10 Complete. */
export function commandOfNumber(number: number): CellCommand | null {
  return CELL_COMMANDS[number - 1] ?? null;
}

/** State numbers two of which are the same: nobody could tell those states apart. */
export function doubledNumbers(numbers: StateNumbers): readonly (readonly [CellState, CellState])[] {
  const seen = new Map<number, CellState>();
  const doubled: (readonly [CellState, CellState])[] = [];
  for (const state of Object.keys(STATE_NUMBERS) as CellState[]) {
    const number = stateNumber(state, numbers);
    const first = seen.get(number);
    if (first === undefined) seen.set(number, state);
    else doubled.push([first, state]);
  }
  return doubled;
}
