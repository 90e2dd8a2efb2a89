import { describe, expect, it } from 'vitest';
import { cellStepper, commandsAllowed, isActing } from '../../../controller/machines/cell.ts';
import type { CellMachineState } from '../../../controller/machines/cell.ts';
import { CELL_COMMANDS, CELL_STATES } from '../../../controller/domain/packml.ts';
import type { CellCommand, CellState } from '../../../controller/domain/packml.ts';

/**
 * ISA-TR88.00.02-2022, base state model: for every state what each command and `sc` lead to. Written out by hand
 * from the standard's model, not derived from the machine; what is not in a row is refused.
 */
const MATRIX: Record<CellState, Partial<Record<CellCommand | 'sc', CellState>>> = {
  clearing: { abort: 'aborting', sc: 'stopped' },
  stopped: { reset: 'resetting', abort: 'aborting' },
  starting: { stop: 'stopping', abort: 'aborting', sc: 'execute' },
  idle: { start: 'starting', stop: 'stopping', abort: 'aborting' },
  suspended: {
    hold: 'holding',
    unsuspend: 'unsuspending',
    complete: 'completing',
    stop: 'stopping',
    abort: 'aborting',
  },
  execute: {
    hold: 'holding',
    suspend: 'suspending',
    complete: 'completing',
    stop: 'stopping',
    abort: 'aborting',
  },
  stopping: { abort: 'aborting', sc: 'stopped' },
  aborting: { sc: 'aborted' },
  aborted: { clear: 'clearing' },
  holding: { stop: 'stopping', abort: 'aborting', sc: 'held' },
  held: { unhold: 'unholding', complete: 'completing', stop: 'stopping', abort: 'aborting' },
  unholding: { stop: 'stopping', abort: 'aborting', sc: 'execute' },
  suspending: { stop: 'stopping', abort: 'aborting', sc: 'suspended' },
  unsuspending: { stop: 'stopping', abort: 'aborting', sc: 'execute' },
  resetting: { stop: 'stopping', abort: 'aborting', sc: 'idle' },
  completing: { stop: 'stopping', abort: 'aborting', sc: 'complete' },
  complete: { reset: 'resetting', stop: 'stopping', abort: 'aborting' },
};

const inState = (value: CellState): CellMachineState => ({
  value,
  context: { sinceUs: 5, because: 'before' },
});

describe('the PackML matrix', () => {
  for (const state of CELL_STATES) {
    it.each(CELL_COMMANDS)(`${state}: %s`, (type) => {
      const target = MATRIX[state][type];
      const step = cellStepper.step(inState(state), { type, nowUs: 9, because: 'operator' });
      if (target === undefined) {
        expect(step).toEqual({ state: inState(state), effects: [], outcome: 'refused' });
      } else {
        expect(step.state).toEqual({ value: target, context: { sinceUs: 9, because: 'operator' } });
      }
    });

    it(`${state}: state complete`, () => {
      const target = MATRIX[state].sc;
      const step = cellStepper.step(inState(state), { type: 'sc', nowUs: 9 });
      expect(step.state.value).toBe(target ?? state);
      expect(step.outcome).toBe(target === undefined ? 'refused' : 'handled');
      // The reason given with the command outlives the acting state.
      expect(step.state.context.because).toBe('before');
    });

    it(`${state}: lists its commands`, () => {
      expect([...commandsAllowed(state)].sort()).toEqual(
        Object.keys(MATRIX[state])
          .filter((type) => type !== 'sc')
          .sort(),
      );
    });
  }
});

describe('the effects', () => {
  const effectsOf = (state: CellState, type: CellCommand | 'sc') =>
    cellStepper
      .step(inState(state), type === 'sc' ? { type, nowUs: 9 } : { type, nowUs: 9, because: 'operator' })
      .effects.map((effect) => effect.type);

  it('stops on the path for hold and stop, protectively for abort', () => {
    expect(effectsOf('execute', 'hold')).toEqual(['stopOnPath']);
    expect(effectsOf('suspended', 'hold')).toEqual(['stopOnPath']);
    for (const state of CELL_STATES) {
      if (MATRIX[state].stop !== undefined) expect(effectsOf(state, 'stop')).toEqual(['stopOnPath']);
      if (MATRIX[state].abort !== undefined) expect(effectsOf(state, 'abort')).toEqual(['stopProtective']);
    }
  });

  it('lets arms move on entering execute and nowhere else', () => {
    const entering = CELL_STATES.flatMap((state) =>
      [...CELL_COMMANDS, 'sc' as const]
        .filter((type) => effectsOf(state, type).includes('armsMayMove'))
        .map((type) => `${state} ${type}`),
    );
    expect(entering.sort()).toEqual(['starting sc', 'unholding sc', 'unsuspending sc']);
  });

  it('verifies the cell before any motion after a reset, start, unhold or unsuspend', () => {
    expect(effectsOf('stopped', 'reset')).toEqual(['verifyCell']);
    expect(effectsOf('idle', 'start')).toEqual(['verifyCell']);
    expect(effectsOf('held', 'unhold')).toEqual(['verifyCell', 'resumeMotions']);
    expect(effectsOf('suspended', 'unsuspend')).toEqual(['verifyCell']);
  });

  it('starts stopped, and by itself does nothing', () => {
    const first = cellStepper.start({ nowUs: 3, because: 'controller started' });
    expect(first).toMatchObject({ state: { value: 'stopped' }, effects: [] });
  });
});

describe('acting states', () => {
  it('are those whose names end in -ing, and execute', () => {
    for (const state of CELL_STATES) {
      expect(isActing(state)).toBe(state.endsWith('ing') || state === 'execute');
    }
  });
});
