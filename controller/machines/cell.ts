import { assign, setup } from 'xstate';
import { CELL_COMMANDS } from '../domain/packml.ts';
import type { CellCommand, CellState } from '../domain/packml.ts';
import { createStepper } from './stepper.ts';
import type { MachineEffect, MachineState } from './stepper.ts';

/**
 * The cell's mode: the state model of ISA-TR88.00.02-2022 (PackML), production mode, all 17 states. In that
 * edition `hold` is taken in EXECUTE and SUSPENDED, `complete` in EXECUTE, SUSPENDED and HELD, `stop` everywhere
 * but in CLEARING and where the cell already stops, is stopped or aborts, and `abort` everywhere but where the
 * cell aborts or has aborted. ABORTED is left by `clear` alone. `sc` (state complete) ends an acting state; EXECUTE
 * is left by commands only.
 */

/** Reported by the core, not commanded: the work of an acting state is done. */
interface StateComplete {
  readonly type: 'sc';
  readonly nowUs: number;
}

/** A command, with the words that a person reads as the reason for what follows. */
interface CommandEvent {
  readonly type: CellCommand;
  readonly nowUs: number;
  readonly because: string;
}

export type CellEvent = CommandEvent | StateComplete;

export interface CellContext {
  /** Instant of the last change of state, us. */
  readonly sinceUs: number;
  /** Why the cell left its last resting state, in words; kept through the acting states that follow. */
  readonly because: string;
}

const abortable = { abort: { target: 'aborting', actions: 'noteCommand' } } as const;
const stoppable = { ...abortable, stop: { target: 'stopping', actions: 'noteCommand' } } as const;
const command = <TTarget extends CellState>(target: TTarget) => ({ target, actions: 'noteCommand' }) as const;
const completed = <TTarget extends CellState>(target: TTarget) =>
  ({ target, actions: 'noteChange' }) as const;

export const cellMachine = setup({
  types: {} as {
    context: CellContext;
    events: CellEvent;
    input: { readonly nowUs: number; readonly because: string };
    tags: 'acting' | 'waiting';
  },
  actions: {
    noteCommand: assign(({ event }) =>
      event.type === 'sc' ? {} : { sinceUs: event.nowUs, because: event.because },
    ),
    noteChange: assign(({ event }) => ({ sinceUs: event.nowUs })),
    /** Tasks may begin, grants may grow. */
    armsMayMove: () => undefined,
    /** No task begins; motions and tasks under way are carried to their end. */
    finishWhatRuns: () => undefined,
    /** Every moving arm decelerates along its path; no grant grows. */
    stopOnPath: () => undefined,
    /** Every arm stops as fast as its drives can. */
    stopProtective: () => undefined,
    /** Forget the faults that a person has seen to; what is still wrong shows again. */
    clearFaults: () => undefined,
    /** Arms and surroundings are claimed and what they hold is compared with what is known. */
    verifyCell: () => undefined,
    /** Arms that were stopped on their path may go on where they stand. */
    resumeMotions: () => undefined,
  },
}).createMachine({
  id: 'cell',
  context: ({ input }) => ({ sinceUs: input.nowUs, because: input.because }),
  initial: 'stopped',
  states: {
    clearing: { tags: 'acting', entry: 'clearFaults', on: { ...abortable, sc: completed('stopped') } },
    stopped: { tags: 'waiting', on: { ...abortable, reset: command('resetting') } },
    resetting: { tags: 'acting', entry: 'verifyCell', on: { ...stoppable, sc: completed('idle') } },
    idle: { tags: 'waiting', on: { ...stoppable, start: command('starting') } },
    starting: { tags: 'acting', entry: 'verifyCell', on: { ...stoppable, sc: completed('execute') } },
    execute: {
      tags: 'acting',
      entry: 'armsMayMove',
      on: {
        ...stoppable,
        hold: command('holding'),
        suspend: command('suspending'),
        complete: command('completing'),
      },
    },
    holding: { tags: 'acting', entry: 'stopOnPath', on: { ...stoppable, sc: completed('held') } },
    held: {
      tags: 'waiting',
      on: { ...stoppable, unhold: command('unholding'), complete: command('completing') },
    },
    unholding: {
      tags: 'acting',
      entry: ['verifyCell', 'resumeMotions'],
      on: { ...stoppable, sc: completed('execute') },
    },
    suspending: { tags: 'acting', entry: 'finishWhatRuns', on: { ...stoppable, sc: completed('suspended') } },
    suspended: {
      tags: 'waiting',
      on: {
        ...stoppable,
        hold: command('holding'),
        unsuspend: command('unsuspending'),
        complete: command('completing'),
      },
    },
    unsuspending: { tags: 'acting', entry: 'verifyCell', on: { ...stoppable, sc: completed('execute') } },
    completing: { tags: 'acting', entry: 'finishWhatRuns', on: { ...stoppable, sc: completed('complete') } },
    complete: { tags: 'waiting', on: { ...stoppable, reset: command('resetting') } },
    stopping: { tags: 'acting', entry: 'stopOnPath', on: { ...abortable, sc: completed('stopped') } },
    aborting: { tags: 'acting', entry: 'stopProtective', on: { sc: completed('aborted') } },
    aborted: { tags: 'waiting', on: { clear: command('clearing') } },
  },
});

export type CellMachineState = MachineState<typeof cellMachine>;
export type CellMachineEffect = MachineEffect<typeof cellMachine>;
export const cellStepper = createStepper(cellMachine);

const ALLOWED = new Map<CellState, readonly CellCommand[]>(
  (Object.keys(cellMachine.states) as CellState[]).map((state) => [
    state,
    CELL_COMMANDS.filter(
      (type) =>
        cellStepper.outcomeOf(
          { value: state, context: { sinceUs: 0, because: '' } },
          { type, nowUs: 0, because: '' },
        ) === 'handled',
    ),
  ]),
);

/** The commands that a state takes, in the order of CELL_COMMANDS; the machine itself is asked. */
export function commandsAllowed(state: CellState): readonly CellCommand[] {
  return ALLOWED.get(state) ?? [];
}

/** States whose work ends with `sc`, as against those that wait for a command. EXECUTE works until commanded. */
export function isActing(state: CellState): boolean {
  return cellMachine.states[state].tags.includes('acting');
}
