import { describe, expect, it } from 'vitest';
import { SimOperator } from '../../sim/operator.ts';
import type { AskedException } from '../../sim/operator.ts';
import { running, settings } from './fixture.ts';

const ten = { answerAfterUs: { min: 10_000_000, max: 10_000_000 } };

const asked = (change: Partial<AskedException>): AskedException => ({
  taskId: 't-1',
  kind: 'grasp-failed',
  sinceUs: 0,
  unitAt: 'source',
  options: ['retry', 'done-by-hand', 'give-up'],
  sku: 'soap',
  armId: 'A',
  from: 'S1',
  to: 'O1',
  toCell: 0,
  fromBooked: 4,
  toBooked: 0,
  ...change,
});

/** A world with an order tote at the station and an operator who needs ten seconds. */
function made(change: Parameters<typeof running>[0] = {}) {
  const story = running(change);
  const { world, run } = story;
  world.io.execute({ kind: 'bring-empty', requestId: 'b', placeId: 'ST1', containerId: 'O1' });
  run(7_000_000);
  const operator = new SimOperator(world, ten);
  let nowUs = 0;
  /** Shows the queue twice, ten seconds apart, and returns the answer. */
  const answer = (exception: AskedException): string | undefined => {
    expect(operator.attend(nowUs, [exception])).toEqual([]);
    nowUs += 10_000_000;
    const [command] = operator.attend(nowUs, [exception]);
    nowUs += 10_000_000;
    return command?.action === 'resolve' ? command.resolution : undefined;
  };
  const lies = (containerId: string): string[] => {
    const container = world.goods.container(containerId);
    return container === undefined ? [] : world.goods.contents(container).flat();
  };
  const sound = (): boolean => [...world.goods.census()].every((times) => times === 1);
  return { ...story, operator, answer, lies, sound };
}

describe('the simulated person', () => {
  it('answers after a while, once, and says who it was', () => {
    const { operator } = made();
    expect(operator.attend(0, [asked({})])).toEqual([]);
    expect(operator.nextAnswerUs()).toBe(10_000_000);
    expect(operator.attend(9_999_999, [asked({})])).toEqual([]);
    expect(operator.attend(10_000_000, [asked({})])).toEqual([
      { action: 'resolve', taskId: 't-1', resolution: 'retry', by: 'simulated-operator' },
    ]);
    expect(operator.attend(10_000_001, [])).toEqual([]);
    expect(operator.nextAnswerUs()).toBeNull();
  });

  it('forgets an exception that went away', () => {
    const { operator } = made();
    operator.attend(0, [asked({})]);
    operator.attend(5_000_000, []);
    expect(operator.attend(12_000_000, [asked({})])).toEqual([]);
  });

  it('lets it be tried again first, then moves the unit by hand', () => {
    const { answer, lies, sound } = made();
    expect(answer(asked({}))).toBe('retry');
    expect(lies('O1')).toEqual([]);
    expect(answer(asked({}))).toBe('done-by-hand');
    expect(lies('O1')).toEqual(['soap']);
    expect(lies('S1')).toEqual(['soap', 'soap', 'book']);
    expect(sound()).toBe(true);
  });

  it('puts a dropped unit where it belongs', () => {
    const { world, go, grip, answer, lies, sound } = made();
    go('A', [-0.2, -0.1, 0.15]);
    grip('A', 'grasp');
    world.inject({ kind: 'gripper-loss', armId: 'A' });
    const dropped = asked({ kind: 'dropped', unitAt: 'unknown', armId: null });
    expect(answer(dropped)).toBe('done-by-hand');
    expect(world.truth().floor).toEqual([]);
    expect(lies('O1')).toEqual(['soap']);
    expect(sound()).toBe(true);
    // With nothing on the floor another unit has to come.
    expect(answer(dropped)).toBe('retry');
  });

  it('takes a unit that does not come off its tool and puts it down, so that the sensor notices', () => {
    const { go, grip, answer, lies, said, run } = made();
    go('A', [-0.2, -0.1, 0.15]);
    grip('A', 'grasp');
    const blocked = asked({ kind: 'place-blocked', unitAt: 'tool', options: ['done-by-hand', 'give-up'] });
    expect(answer(blocked)).toBe('done-by-hand');
    run(10_000);
    expect(lies('O1')).toEqual(['soap']);
    expect(said.at(-1)?.event).toEqual({ kind: 'holding-changed', holding: { vacuum: 'off', massKg: 0 } });
  });

  it('finds a missing unit, if it lies nearby and nothing is booked any more', () => {
    const rates = { ...settings().rates, stockShort: 1, missingFound: 1 };
    const { answer, lies, sound } = made({ rates });
    const missing = asked({ kind: 'item-missing', from: 'S2', sku: 'book', fromBooked: 0 });
    expect(answer(missing)).toBe('retry');
    // S2 stands behind the shuttle: nothing can be taken out of it.
    expect(answer(missing)).toBe('done-by-hand');
    expect(lies('O1')).toEqual(['book']);
    expect(sound()).toBe(true);
    const gone = made({ rates: { ...rates, missingFound: 0 } });
    expect(gone.answer(missing)).toBe('retry');
    expect(gone.answer(missing)).toBe('give-up');
    expect(gone.lies('O1')).toEqual([]);
  });

  it('settles doubt by counting: it arrived, it lies about, or it never left', () => {
    const doubt = asked({
      kind: 'in-doubt',
      unitAt: 'unknown',
      options: ['not-done', 'done-by-hand', 'retry', 'give-up'],
    });
    const still = made();
    expect(still.answer(doubt)).toBe('not-done');
    expect(still.lies('O1')).toEqual([]);

    const carried = made();
    carried.go('A', [-0.2, -0.1, 0.15]);
    carried.grip('A', 'grasp');
    expect(carried.answer(doubt)).toBe('done-by-hand');
    expect(carried.lies('O1')).toEqual(['soap']);

    const arrived = made();
    arrived.go('A', [-0.2, -0.1, 0.15]);
    arrived.grip('A', 'grasp');
    arrived.go('A', [1.8, -0.1, 0.05]);
    arrived.grip('A', 'release');
    expect(arrived.lies('O1')).toEqual(['soap']);
    expect(arrived.answer(doubt)).toBe('done-by-hand');
    expect(arrived.lies('O1')).toEqual(['soap']);
  });

  it('gives up rather than answer what is not true', () => {
    const { answer, world } = made();
    world.goods.leave(world.goods.container('O1') as never);
    const nowhere = asked({ kind: 'place-blocked', unitAt: 'source', options: ['done-by-hand', 'give-up'] });
    expect(answer(nowhere)).toBe('give-up');
    expect(answer({ ...nowhere, options: ['done-by-hand'] })).toBeUndefined();
  });
});
