import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import { createCore, restoreCore } from '../../../controller/core/create.ts';
import type { Core } from '../../../controller/core/create.ts';
import type { CoreEffect } from '../../../controller/core/effect.ts';
import type { CoreEvent } from '../../../controller/core/event.ts';
import type { CoreState } from '../../../controller/core/state.ts';
import { step } from '../../../controller/core/step.ts';
import type { CellModel } from '../../../controller/domain/cell.ts';
import type { IntakeResult } from '../../../controller/domain/intake.ts';
import type { CellCommand } from '../../../controller/domain/packml.ts';
import { CELL_COMMANDS } from '../../../controller/domain/packml.ts';
import { viewOf } from '../../../controller/operations/view-of.ts';

const loaded = loadCell('config/cells/small.yaml');
if (loaded.status !== 'loaded') throw new Error('the small cell does not load');

const PERMISSIONS = [
  { id: 'line.guard', onLoss: 'hold' },
  { id: 'line.estop', onLoss: 'abort' },
  { id: 'line.gate', onLoss: 'stop' },
  { id: 'line.air', onLoss: 'suspend' },
] as const;

const cell: CellModel = { ...loaded.cell, plc: { permissions: PERMISSIONS, zones: [] } };

/** A core whose arms answer every claim at once and stand in their park poses. */
class Bench {
  core: Core = createCore(cell);
  effects: CoreEffect[] = [];
  #requests = 0;
  #epoch = 0;

  constructor() {
    this.begin();
  }

  begin(): void {
    this.#epoch += 1;
    this.step([{ kind: 'started', epoch: this.#epoch, wallMs: 0 }]);
    this.step([
      { kind: 'io', event: { kind: 'connected' } },
      { kind: 'io', event: { kind: 'inventory', skus: [], containers: [] } },
      ...cell.arms.map(({ id }): CoreEvent => ({ kind: 'arm', armId: id, event: { kind: 'connected' } })),
    ]);
  }

  step(events: readonly CoreEvent[]): readonly CoreEffect[] {
    const effects = step(this.core, events, this.core.state.nowUs + 10_000);
    this.effects.push(...effects);
    const answers = effects.flatMap((effect): CoreEvent[] => {
      if (effect.kind !== 'arm' || effect.command.kind !== 'claim') return [];
      const { commandId, epoch } = effect.command;
      const positions = cell.arms.find(({ id }) => id === effect.armId)!.park;
      const holding = { vacuum: 'off', massKg: null } as const;
      return [
        {
          kind: 'arm',
          armId: effect.armId,
          event: { kind: 'claimed', commandId, epoch, positions, holding, last: null },
        },
      ];
    });
    if (answers.length > 0) this.step(answers);
    return effects;
  }

  command(command: CellCommand): IntakeResult {
    this.#requests += 1;
    const requestId = `r${this.#requests}`;
    const effects = this.step([
      { kind: 'intake', requestId, source: 'cli', request: { kind: 'cell', body: { command } } },
    ]);
    const reply = effects.find((effect) => effect.kind === 'reply');
    if (reply?.kind !== 'reply') throw new Error('no answer');
    return reply.result;
  }

  grant(...ids: readonly string[]): void {
    for (const permissionId of ids) {
      this.step([{ kind: 'plc', event: { kind: 'permission', permissionId, status: 'granted' } }]);
    }
  }

  withhold(permissionId: string): void {
    this.step([
      {
        kind: 'plc',
        event: { kind: 'permission', permissionId, status: 'withheld', because: 'the PLC says no' },
      },
    ]);
  }

  get state(): string {
    return viewOf(this.core).state;
  }

  running(): this {
    this.grant(...PERMISSIONS.map(({ id }) => id));
    this.command('reset');
    this.command('start');
    expect(this.state).toBe('execute');
    return this;
  }
}

describe('permissions of PLCs', () => {
  it('are needed to start, each by its name', () => {
    const bench = new Bench();
    bench.command('reset');
    expect(bench.command('start')).toMatchObject({
      status: 'refused',
      code: 'not-ready',
      detail: expect.stringMatching(/line\.guard: not heard.*line\.estop/) as unknown,
    });
    bench.grant(...PERMISSIONS.map(({ id }) => id));
    expect(bench.state).toBe('idle');
    expect(bench.command('start')).toMatchObject({ status: 'accepted' });
  });

  it.each([
    ['line.guard', 'held'],
    ['line.gate', 'stopped'],
    ['line.estop', 'aborted'],
    ['line.air', 'suspended'],
  ])('%s: its loss leads to %s, in the same step, with the reason', (id, state) => {
    const bench = new Bench().running();
    bench.withhold(id);
    expect(bench.state).toBe(state);
    const view = viewOf(bench.core);
    expect(view.because).toContain(`${id}: the PLC says no`);
    expect(view.alarms).toMatchObject([{ code: 'permission-lost' }]);
  });

  it('when regained start nothing; after a reset alone nothing; after reset and start the cell runs', () => {
    const bench = new Bench().running();
    bench.withhold('line.guard');
    bench.grant('line.guard');
    expect(bench.state).toBe('held');
    expect(bench.command('unhold')).toMatchObject({
      code: 'not-ready',
      detail: expect.stringMatching(/give the command reset first/) as unknown,
    });
    expect(bench.command('reset')).toMatchObject({ status: 'accepted', detail: 'reset: line.guard' });
    expect(bench.state).toBe('held');
    expect(viewOf(bench.core).alarms).toEqual([]);
    expect(bench.command('unhold')).toMatchObject({ status: 'accepted' });
    expect(bench.state).toBe('execute');
  });

  it('cannot be reset while they are missing', () => {
    const bench = new Bench().running();
    bench.withhold('line.guard');
    expect(bench.command('reset')).toMatchObject({ status: 'refused', code: 'not-ready' });
    bench.grant('line.guard');
    expect(bench.command('unhold')).toMatchObject({ status: 'refused' });
  });

  it('are unknown again to a controller that was restarted, and have to be reset', () => {
    const bench = new Bench().running();
    bench.core = restoreCore(cell, JSON.parse(JSON.stringify(bench.core.state)) as CoreState);
    bench.begin();
    expect(bench.state).toBe('held');
    bench.grant(...PERMISSIONS.map(({ id }) => id));
    expect(bench.command('unhold')).toMatchObject({ status: 'refused' });
    bench.command('reset');
    expect(bench.command('unhold')).toMatchObject({ status: 'accepted' });
  });

  it('a state of before there were PLCs can be gone on with', () => {
    const bench = new Bench();
    const { plc: _plc, ...before } = JSON.parse(JSON.stringify(bench.core.state)) as CoreState;
    const core = restoreCore(cell, before as CoreState);
    expect(Object.keys(core.state.plc.permissions)).toHaveLength(PERMISSIONS.length);
  });

  it('whatever comes in whatever order: the cell never moves without all of them, nor after a loss without a reset and a start since', () => {
    const doing = fc.oneof(
      fc.record({
        do: fc.constant('grant' as const),
        id: fc.constantFrom(...PERMISSIONS).map(({ id }) => id),
      }),
      fc.record({
        do: fc.constant('withhold' as const),
        id: fc.constantFrom(...PERMISSIONS).map(({ id }) => id),
      }),
      fc.record({ do: fc.constant('command' as const), command: fc.constantFrom(...CELL_COMMANDS) }),
      fc.record({ do: fc.constant('grantAll' as const) }),
    );
    const moving = ['execute', 'starting', 'unholding', 'unsuspending'];
    fc.assert(
      fc.property(fc.array(doing, { maxLength: 60 }), (doings) => {
        const bench = new Bench();
        const granted = new Set<string>();
        // Since the last loss: nothing, a reset, or a reset and a start after it.
        let since: 'loss' | 'reset' | 'started' = 'loss';
        for (const each of doings) {
          if (each.do === 'grant') {
            bench.grant(each.id);
            granted.add(each.id);
          } else if (each.do === 'grantAll') {
            for (const { id } of PERMISSIONS) granted.add(id);
            bench.grant(...granted);
          } else if (each.do === 'withhold') {
            if (granted.delete(each.id)) since = 'loss';
            bench.withhold(each.id);
          } else {
            const { status } = bench.command(each.command);
            if (status === 'accepted' && each.command === 'reset' && since === 'loss') since = 'reset';
            if (
              status === 'accepted' &&
              ['start', 'unhold', 'unsuspend'].includes(each.command) &&
              since === 'reset'
            ) {
              since = 'started';
            }
          }
          if (!moving.includes(bench.state)) continue;
          expect(granted.size).toBe(PERMISSIONS.length);
          expect(since).toBe('started');
        }
      }),
      { numRuns: 300 },
    );
  });
});
