import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CELL_COMMANDS, CELL_STATES } from '../../../controller/domain/packml.ts';
import { doubledNumbers, stateNumber } from '../../../controller/domain/packml-numbers.ts';
import { decodePackCommand } from '../../../protocols/packml/pack-command.ts';
import { adminTags, reasonNumber, statusTags } from '../../../protocols/packml/pack-tags.ts';
import type { TaggedView } from '../../../protocols/packml/pack-tags.ts';

const view: TaggedView = {
  state: 'held',
  because: 'conveyor.guard: the PLC says no',
  alarms: [{ code: 'permission-lost', message: 'conveyor.guard: the PLC says no', sinceS: 12 }],
  units: { done: 41, perHour: 312.4 },
  tasks: { open: 1, active: 1, done: 41, cancelled: 0, excepted: 2 },
  lines: { total: 9, fulfilled: 5, cancelled: 0, excepted: 2, open: 2 },
  orders: { waiting: 0, active: 1, completed: 3 },
  permissions: [{ id: 'conveyor.guard', granted: false, needsReset: true, because: 'the PLC says no' }],
  nowS: 20,
};

const decode = (tag: string | null, body: unknown) =>
  decodePackCommand(tag, Buffer.from(JSON.stringify(body)));

describe('PackTags', () => {
  it('have the state as number and as name', () => {
    expect(statusTags(view, {})).toMatchObject({
      StateCurrent: 11,
      StateCurrentStr: 'Held',
      UnitModeCurrent: 1,
      StateChangeInProcess: false,
      CurMachSpeed: 312,
    });
    expect(statusTags(view, { held: 42 })).toMatchObject({ StateCurrent: 42, StateCurrentStr: 'Held' });
  });

  it('number the states as the standard does, 1 to 17, each once', () => {
    const numbers = CELL_STATES.map((state) => stateNumber(state, {})).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 17 }, (_, k) => k + 1));
    expect(doubledNumbers({ clearing: 4, idle: 1 })).toEqual([]);
    expect(doubledNumbers({ idle: 1 })).toEqual([['clearing', 'idle']]);
  });

  it('say why the cell stands', () => {
    expect(adminTags(view)).toMatchObject({
      ProdProcessedCount: 41,
      ProdDefectiveCount: 2,
      StopReason: { ID: reasonNumber('permission-lost'), Code: 'permission-lost', Message: view.because },
      Alarm: [{ Trigger: true, Code: 'permission-lost' }],
    });
    expect(adminTags({ ...view, state: 'execute' })).toMatchObject({ StopReason: { ID: 0 } });
  });
});

describe('PackML commands', () => {
  it.each(CELL_COMMANDS.map((command, k) => [k + 1, command] as const))(
    'CntrlCmd %i is %s',
    (CntrlCmd, command) => {
      const whole = decode(null, { requestId: 'a', CntrlCmd, CmdChangeRequest: true });
      expect(whole).toEqual({ kind: 'command', requestId: 'a', command });
      const name = command[0]!.toUpperCase() + command.slice(1);
      expect(decode(name, { requestId: 'a' })).toEqual({ kind: 'command', requestId: 'a', command });
    },
  );

  it('do nothing without a change request, and in other modes', () => {
    expect(decode(null, { requestId: 'a', CntrlCmd: 2 })).toMatchObject({
      result: { code: 'nothing-asked' },
    });
    expect(decode(null, { requestId: 'a', UnitMode: 2, UnitModeChangeRequest: true })).toMatchObject({
      result: { status: 'refused', code: 'not-supported' },
    });
    expect(decode(null, { requestId: 'a', UnitMode: 1, UnitModeChangeRequest: true })).toMatchObject({
      result: { status: 'duplicate' },
    });
    expect(decode(null, { requestId: 'a', MachSpeed: 2 })).toMatchObject({
      result: { code: 'not-supported' },
    });
  });

  it('that are none are told apart with every fault', () => {
    expect(decode(null, { requestId: 'a', CntrlCmd: 11, CmdChangeReqest: true })).toMatchObject({
      kind: 'malformed',
      requestId: 'a',
      faults: [{ field: 'CntrlCmd' }, { field: 'CmdChangeReqest' }],
    });
    expect(decode('Launch', { requestId: 'a' })).toMatchObject({ kind: 'malformed' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (payload) => {
        expect(['malformed', 'command', 'answered']).toContain(decodePackCommand(null, payload).kind);
      }),
    );
  });
});
