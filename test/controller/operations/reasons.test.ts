import { describe, expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import { precedencesOf } from '../../../controller/coordination/dependency-graph.ts';
import { createCore, restoreCore } from '../../../controller/core/create.ts';
import type { CoreEffect } from '../../../controller/core/effect.ts';
import type { CoreState } from '../../../controller/core/state.ts';
import { step } from '../../../controller/core/step.ts';
import type { CellModel, CoordinationPolicy } from '../../../controller/domain/cell.ts';
import type { Reason } from '../../../controller/operations/reason.ts';
import { reasonText } from '../../../controller/operations/reason.ts';
import { scheduleAccount } from '../../../controller/operations/schedule-account.ts';
import { ReasonLog } from '../../../controller/operations/reason-log.ts';
import { QUIET } from '../core/toy-floor.ts';
import { ToyRun } from '../core/toy-run.ts';

const four = loadCell('config/cells/four-arm.yaml');
if (four.status !== 'loaded') throw new Error('the four-arm cell does not load');
const { cell: fourArm } = four;

function cellUnder(policy: CoordinationPolicy): CellModel {
  return { ...fourArm, policy };
}

function runOf(policy: CoordinationPolicy, seed: number): ToyRun {
  const rates = { ...QUIET, graspFails: 0.05, planFails: 0.05, armLostPerMotion: 0.01 };
  const plan = { cell: cellUnder(policy), seed, rates, orders: 25, cancels: 2, holds: 1, restarts: 0 };
  return new ToyRun(plan).run();
}

type Assigned = Extract<Reason, { kind: 'assigned' }>;

function firstAssigned(effects: readonly CoreEffect[]): Assigned | null {
  for (const effect of effects) {
    if (effect.kind === 'reason' && effect.reason.kind === 'assigned') return effect.reason;
  }
  return null;
}

/** The same tick from the same state, but that one arm may not take one task. */
function without(
  cell: CellModel,
  stateJson: string,
  tick: ToyRun['ticks'][number],
  barred: { readonly armId: string; readonly taskId: string },
): Assigned | null {
  const state = JSON.parse(stateJson) as CoreState;
  state.tasks[barred.taskId]!.excludedArms.push(barred.armId);
  return firstAssigned(step(restoreCore(cell, state), structuredClone(tick.events), tick.nowUs));
}

describe('why an arm takes a task', () => {
  it.each([
    ['magpie', 1],
    ['greedy', 2],
    ['zone-interlock', 3],
  ] as const)('changes when what is named is taken away, and only then (%s, seed %i)', (policy, seed) => {
    const cell = cellUnder(policy);
    const run = runOf(policy, seed);
    const core = createCore(cell);
    let compared = 0;
    for (const tick of run.ticks) {
      const before = JSON.stringify(core.state);
      const chosen = firstAssigned(step(core, structuredClone(tick.events), tick.nowUs));
      if (chosen === null) continue;
      const priced = chosen.candidates.filter((each) => each.costS !== null);
      const open = (JSON.parse(before) as CoreState).tasks;
      const own = priced.find((each) => each.taskId === chosen.taskId)!;
      expect(own.costS).toBe(Math.min(...priced.map((each) => each.costS!)));
      const { armId, taskId } = chosen;
      if (open[taskId] === undefined) continue;
      compared += 1;
      const instead = without(cell, before, tick, { armId, taskId });
      expect(instead?.armId === armId && instead.taskId === taskId).toBe(false);
      const other = priced.find((each) => each !== own);
      if (other === undefined || open[other.taskId] === undefined) continue;
      expect(without(cell, before, tick, { armId, taskId: other.taskId })).toMatchObject({ armId, taskId });
    }
    expect(compared).toBeGreaterThan(3);
  });
});

describe('the account of what is accepted', () => {
  it('proves at every tick that all of it can be completed', () => {
    const run = runOf('magpie', 4);
    const core = createCore(run.plan.cell);
    let most = 0;
    for (const tick of run.ticks) {
      step(core, structuredClone(tick.events), tick.nowUs);
      const { legs, orders, certificate, cycle } = scheduleAccount(core, tick.nowUs);
      expect(cycle).toEqual([]);
      most = Math.max(most, orders.length);
      const at = (kind: string, legId: string, atUs: number): number =>
        certificate.findIndex(
          (each) => each.kind === kind && each.legId === legId && each.atS === atUs / 1_000_000,
        );
      for (const { first, then } of core.state.passages.conflicts.flatMap(precedencesOf)) {
        const reached = at('reach', first.legId, first.atUs);
        expect(reached).toBeGreaterThanOrEqual(0);
        expect(at('leave', then.legId, then.brakeUs)).toBeGreaterThan(reached);
      }
      expect(new Set(certificate.map(({ legId }) => legId)).size).toBeLessThanOrEqual(legs.length);
    }
    expect(most).toBeGreaterThan(0);
  });
});

describe('the log of reasons', () => {
  const run = runOf('magpie', 4);
  const log = new ReasonLog();
  const core = createCore(run.plan.cell);
  const spentUs: Record<string, Record<string, number>> = {};
  const told = new Map<string, { readonly cause: string; readonly atUs: number }>();
  const texts: string[] = [];
  for (const tick of run.ticks) {
    for (const effect of step(core, structuredClone(tick.events), tick.nowUs)) {
      log.hear(effect, tick.nowUs);
      if (effect.kind !== 'reason') continue;
      texts.push(reasonText(effect.reason));
      if (effect.reason.kind !== 'cause') continue;
      const { armId, cause } = effect.reason;
      const before = told.get(armId);
      if (before !== undefined) {
        const spent = (spentUs[armId] ??= {});
        spent[before.cause] = (spent[before.cause] ?? 0) + tick.nowUs - before.atUs;
      }
      told.set(armId, { cause, atUs: tick.nowUs });
    }
  }

  it('accounts for every arm-second as the books do', () => {
    for (const arm of Object.values(core.state.arms)) {
      const last = told.get(arm.id)!;
      expect(last.cause).toBe(arm.loss.cause);
      const spent = { ...spentUs[arm.id] };
      spent[last.cause] = (spent[last.cause] ?? 0) + core.state.nowUs - last.atUs;
      for (const [cause, us] of Object.entries(arm.loss.totalsUs)) {
        // Before the first change an arm was not heard yet.
        if (cause !== 'faulted') expect(spent[cause] ?? 0, `${arm.id} ${cause}`).toBe(us);
      }
    }
  });

  it('tells of a task from its assignment to its end', () => {
    const taskId = core.state.endedTasks.find((task) => task.state === 'done')!.id;
    const { reasons } = log.aboutTask(taskId);
    expect(reasons.some(({ reason }) => reason.kind === 'assigned' && reason.taskId === taskId)).toBe(true);
    expect(reasons.at(-1)!.text).toContain('task-done');
    expect(reasons.map(({ atS }) => atS)).toEqual(reasons.map(({ atS }) => atS).sort((a, b) => a - b));
  });

  it('tells what an arm did at any instant, and nothing of times and arms it does not know', () => {
    for (const { id } of run.plan.cell.arms) {
      for (let atUs = core.state.nowUs; atUs > 5_000_000; atUs -= 3_700_000) {
        const account = log.aboutArm(id, atUs)!;
        expect(account.sinceS).toBeLessThanOrEqual(atUs / 1e6);
        if (account.untilS !== null) expect(account.untilS).toBeGreaterThan(atUs / 1e6);
        if (account.cause === 'waiting') {
          expect(run.plan.cell.arms.map((arm) => arm.id)).toContain(account.waitsFor);
        }
      }
      expect(log.aboutArm(id, -1)).toBeNull();
    }
    expect(log.aboutArm('nobody', core.state.nowUs)).toBeNull();
  });

  it('names who holds the space of everyone who waits', () => {
    const waits = texts.filter((text) => / waits for /.test(text));
    expect(waits.length).toBeGreaterThan(0);
    for (const text of texts) expect(text).not.toMatch(/undefined|null|NaN/);
  });

  it('keeps a bounded number of reasons', () => {
    const small = new ReasonLog();
    const reason: Reason = { kind: 'waits', armId: 'a', taskId: null, forArmId: 'b', what: 'b' };
    for (let k = 0; k < 100_000; k += 1) small.hear({ kind: 'reason', reason }, k);
    expect(small.dropped).toBeGreaterThanOrEqual(60_000);
    expect(small.aboutTask('none').reasons).toEqual([]);
  });
});
