import { describe, expect, it } from 'vitest';
import { assign, createMachine } from 'xstate';
import { armMachine } from '../../../controller/machines/arm.ts';
import { cellMachine } from '../../../controller/machines/cell.ts';
import { connectionMachine } from '../../../controller/machines/connection.ts';
import { sharedZoneMachine } from '../../../controller/machines/shared-zone.ts';
import { taskMachine } from '../../../controller/machines/task.ts';
import { CELL_COMMANDS } from '../../../controller/domain/packml.ts';
import { edgeHandshake, levelHandshake } from '../../../protocols/plc/handshake-machine.ts';
import type { HandshakeEvent } from '../../../protocols/plc/handshake-machine.ts';
import { explore } from './explore.ts';
import type { Exploration } from './explore.ts';

const TIMEOUTS = { busyUs: 2, doneUs: 3, clearUs: 4 };

/** Every machine of the core with every event it may get; a new machine is added here and is then explored. */
const EXPLORED: Record<string, () => Exploration> = {
  cell: () =>
    explore({
      machine: cellMachine,
      input: { nowUs: 0, because: 'start' },
      events: [...CELL_COMMANDS.map((type) => ({ type, nowUs: 0, because: type })), { type: 'sc', nowUs: 0 }],
      configurationsMax: 1_000,
    }),
  connection: () =>
    explore({
      machine: connectionMachine,
      input: { connectUs: 2, staleUs: 2, lostUs: 2 },
      events: [0, 1, 2, 4, 9].flatMap((nowUs) => [
        { type: 'CONNECT' as const, nowUs },
        { type: 'HEARD' as const, nowUs },
        { type: 'CLOSED' as const, nowUs, reason: 'closed by peer' },
        { type: 'DISCONNECT' as const, nowUs },
        { type: 'TICK' as const, nowUs },
      ]),
      configurationsMax: 1_000,
    }),
  arm: () =>
    explore({
      machine: armMachine,
      input: undefined,
      events: [
        { type: 'CONNECTED' },
        { type: 'LOST' },
        { type: 'CLAIMED', interrupted: true },
        { type: 'CLAIMED', interrupted: false },
        { type: 'MOVE' },
        { type: 'ARRIVED' },
        { type: 'STOP' },
        { type: 'STOPPED' },
        { type: 'GRIP' },
        { type: 'GRIPPED' },
        { type: 'FAULT' },
        { type: 'FAULT_CLEARED' },
        { type: 'RECLAIM' },
      ],
      configurationsMax: 1_000,
    }),
  task: () =>
    explore({
      machine: taskMachine,
      input: undefined,
      events: [
        { type: 'ASSIGNED' },
        { type: 'UNASSIGNED' },
        { type: 'GRASPED' },
        { type: 'PLACED', at: 'destination' },
        { type: 'PLACED', at: 'source' },
        { type: 'ASK', unitAt: 'source' },
        { type: 'ASK', unitAt: 'tool' },
        { type: 'ASK', unitAt: 'destination' },
        { type: 'ASK', unitAt: 'unknown' },
        { type: 'DOUBT' },
        { type: 'SETTLED', unitAt: 'source' },
        { type: 'SETTLED', unitAt: 'tool' },
        { type: 'SETTLED', unitAt: 'destination' },
        { type: 'CANCEL' },
        { type: 'RETRY' },
        { type: 'DONE_BY_HAND' },
        { type: 'NOT_DONE' },
        { type: 'GIVE_UP' },
      ],
      configurationsMax: 1_000,
    }),
  'shared zone': () =>
    explore({
      machine: sharedZoneMachine,
      input: undefined,
      events: [
        { type: 'REQUESTED' },
        { type: 'WITHDRAWN' },
        { type: 'CLEARED' },
        { type: 'ACKNOWLEDGED' },
        { type: 'UNACKNOWLEDGED' },
      ],
      configurationsMax: 100,
    }),
  'handshake level': () =>
    explore({
      machine: levelHandshake,
      input: TIMEOUTS,
      home: 'rest',
      events: handshakeEvents(),
      configurationsMax: 2_000,
    }),
  'handshake edge': () =>
    explore({
      machine: edgeHandshake,
      input: TIMEOUTS,
      home: 'rest',
      events: handshakeEvents(),
      configurationsMax: 2_000,
    }),
};

/** Every combination of signals, under the number of the request and under another one, before and after deadlines. */
function handshakeEvents(): readonly HandshakeEvent[] {
  const flags = [false, true];
  const signals = flags.flatMap((busy) =>
    flags.flatMap((done) =>
      flags.flatMap((fault) =>
        [1, 2].map((sequence) => ({ type: 'SIGNALS' as const, busy, done, fault, sequence, nowUs: 0 })),
      ),
    ),
  );
  return [
    ...signals,
    { type: 'REQUEST', sequence: 1, nowUs: 0 },
    { type: 'TICK', nowUs: 0 },
    { type: 'TICK', nowUs: 9 },
  ];
}

describe.each(Object.keys(EXPLORED))('machine %s', (name) => {
  const found = EXPLORED[name]!();

  it('has every state reached', () => {
    expect(found.states.filter((id) => !found.reached.has(id))).toEqual([]);
  });
  it('has every event tried, and every transition taken', () => {
    expect(found.untried).toEqual([]);
    expect(found.untaken).toEqual([]);
  });
  it('has no dead ends and no traps', () => {
    expect(found.deadEnds).toEqual([]);
    expect(found.traps).toEqual([]);
  });
  it('answers every event in every state: handled, ignored or refused', () => {
    const types = new Set(found.tried);
    for (const [, events] of found.outcomes) expect(new Set(events.keys())).toEqual(types);
  });
});

describe('the harness', () => {
  const sick = createMachine({
    id: 'sick',
    initial: 'home',
    states: {
      home: { on: { GO: { target: 'away' }, WAIT: {} } },
      // From here there is no way back: two states that only know each other.
      away: { on: { GO: { target: 'farther' } } },
      farther: {
        on: { GO: { target: 'away' }, FALL: [{ guard: () => false, target: 'home' }, { target: 'pit' }] },
      },
      pit: {},
      island: { on: { GO: { target: 'home' } } },
    },
  });
  const found = explore({
    machine: sick,
    input: undefined,
    events: [{ type: 'GO' }, { type: 'FALL' }],
    configurationsMax: 50,
  });

  it('finds what is unreachable, untried, untaken, a dead end, a trap', () => {
    expect(found.states.filter((id) => !found.reached.has(id))).toEqual(['sick.island']);
    expect(found.untried).toEqual(['WAIT']);
    expect(found.untaken).toEqual([
      'island GO -> home',
      'farther FALL -> home [undefined]',
      'home WAIT -> (stays)',
    ]);
    expect(found.deadEnds).toEqual(['pit']);
    expect([...found.traps].sort()).toEqual(['away', 'farther', 'pit']);
  });
  it('refuses to call a part the whole', () => {
    const counting = createMachine({
      id: 'counting',
      context: { count: 0 },
      initial: 'on',
      states: { on: { on: { MORE: { actions: assign({ count: ({ context }) => context.count + 1 }) } } } },
    });
    expect(() =>
      explore({ machine: counting, input: undefined, events: [{ type: 'MORE' }], configurationsMax: 20 }),
    ).toThrow('Traversal limit exceeded');
  });
});
