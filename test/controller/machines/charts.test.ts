import { expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { armMachine } from '../../../controller/machines/arm.ts';
import { cellMachine } from '../../../controller/machines/cell.ts';
import { drawCharts, drawDiagram } from '../../../controller/machines/charts.ts';
import { connectionMachine } from '../../../controller/machines/connection.ts';
import { sharedZoneMachine } from '../../../controller/machines/shared-zone.ts';
import { taskMachine } from '../../../controller/machines/task.ts';
import { edgeHandshake, levelHandshake } from '../../../protocols/plc/handshake-machine.ts';

/** To write the page anew after changing a machine: `npx vitest run -u test/controller/machines/charts.test.ts`. */
it('docs/state-charts.md shows the machines as they are', async () => {
  const page = drawCharts(
    'Drawn from the machines in `controller/machines` and `protocols/plc`; do not edit. To write it anew after changing a machine: ' +
      '`npx vitest run -u test/controller/machines/charts.test.ts`. In the tables `-` means that the event is ' +
      'refused in that state, `ignored` that it is known to come and changes nothing.',
    [
      {
        title: 'Cell',
        text:
          'The state model of ISA-TR88.00.02-2022 (PackML) in production mode. `sc` (state complete) is reported ' +
          'by the controller when the work of an acting state is done; all others are commands.',
        machine: cellMachine,
      },
      {
        title: 'Arm',
        text:
          'One per arm. A lost arm is `offline`: it keeps the space it was granted, and whatever it may hold, ' +
          'until it has been heard from and claimed again.',
        machine: armMachine,
      },
      {
        title: 'Task',
        text:
          'One per unit to be moved. `asking` waits for a person; `inDoubt` is what an interruption leaves ' +
          'uncertain, settled by a sensor or a person.',
        machine: taskMachine,
      },
      {
        title: 'Connection',
        text:
          'A link to something that may fall silent. Deadlines are instants that are looked at on `TICK`. ' +
          'Losing a link frees nothing.',
        machine: connectionMachine,
      },
      {
        title: 'Shared zone',
        text:
          'One per zone that arms share with a PLC or a person. Arms may enter in `ours` alone. Silence changes nothing: ' +
          'whoever had the zone keeps it.',
        machine: sharedZoneMachine,
      },
      {
        title: 'Handshake, profile level',
        text:
          'The controller’s side of request, busy, done and fault with signals that stand until the other side has seen ' +
          'them. `SIGNALS` is what the PLC says, `TICK` the time.',
        machine: levelHandshake,
      },
      {
        title: 'Handshake, profile edge',
        text: 'The controller’s side where a new sequence number is the request, and its echo with done or fault the answer.',
        machine: edgeHandshake,
      },
    ],
  );
  await expect(page).toMatchFileSnapshot('../../../docs/state-charts.md');
});

it('draws nested, guarded and final states', () => {
  const machine = createMachine({
    id: 'sample',
    initial: 'outer',
    states: {
      outer: {
        initial: 'a',
        states: {
          a: { on: { GO: [{ guard: 'ready', target: 'b' }, { actions: 'complain' }], SKIP: {} } },
          b: { on: { GO: { target: '#sample.end' } } },
        },
        on: { QUIT: { target: 'end' } },
      },
      end: { type: 'final' },
    },
  });
  expect(drawDiagram(machine)).toBe(
    [
      'stateDiagram-v2',
      '  [*] --> outer',
      '  state outer {',
      '    [*] --> outer_a',
      '    outer_a --> outer_b : GO [ready]',
      '    outer_a --> outer_a : GO',
      '    outer_b --> end : GO',
      '  }',
      '  outer --> end : QUIT',
      '  end --> [*]',
    ].join('\n'),
  );
});
