/** The cell's states as ISA-TR88.00.02 (PackML) names them. */
export const CELL_STATES = [
  'clearing', 'stopped', 'starting', 'idle', 'suspended', 'execute', 'stopping', 'aborting', 'aborted',
  'holding', 'held', 'unholding', 'suspending', 'unsuspending', 'resetting', 'completing', 'complete',
] as const; // prettier-ignore
export type CellState = (typeof CELL_STATES)[number];

/** Commands a person or a system may give; what is not allowed in a state is refused, with the state. */
export const CELL_COMMANDS = [
  'reset', 'start', 'stop', 'hold', 'unhold', 'suspend', 'unsuspend', 'abort', 'clear', 'complete',
] as const; // prettier-ignore
export type CellCommand = (typeof CELL_COMMANDS)[number];
