import { describe, expect, it } from 'vitest';
import { grasp, release } from '../../sim/handling.ts';
import { Goods } from '../../sim/items.ts';
import { RandomStreams } from '../../sim/random.ts';
import type { SimSettings } from '../../sim/settings.ts';
import { cell, containers, settings, skus } from './fixture.ts';

function made(change: Partial<SimSettings> = {}) {
  const set = settings(change);
  const random = new RandomStreams(set.seed);
  const goods = new Goods(cell.places, skus, set, random);
  for (const container of containers('BIN1')) goods.addContainer(container);
  goods.addContainer({
    containerId: 'O1',
    kind: 'order',
    stacks: [[], [], [], [], [], []],
    placeId: 'ST1',
  });
  return {
    goods,
    grasp: (tip: [number, number, number]) => grasp(goods, 'A', tip, set, random),
    release: (tip: [number, number, number]) => release(goods, 'A', tip, set, random),
  };
}

/** Centre of cell 0 of a place at x, its floor at z 0. */
const first = (x: number, z: number): [number, number, number] => [x - 0.2, -0.1, z];
const rates = settings().rates;

describe('goods', () => {
  it('are grasped where their top is, and only there', () => {
    const { goods, grasp: take } = made();
    expect(take(first(0, 0.2))).toEqual({ status: 'failed', because: 'off-centre' });
    expect(take([0.1, 0.1, 0.15])).toEqual({ status: 'failed', because: 'nothing-there' });
    expect(take([5, 5, 0.15])).toEqual({ status: 'failed', because: 'nothing-there' });
    expect(take(first(0.02, 0.15))).toEqual({ status: 'failed', because: 'off-centre' });
    const got = take(first(0.005, 0.152));
    expect(got).toEqual({ status: 'grasped', units: [2] });
    expect(goods.heldMassKg('A')).toBeCloseTo(0.3, 12);
    expect(goods.container('S1')?.stacks[0]).toEqual([0, 1]);
    expect([...goods.census()]).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it('land on the stack under the tip, or are kept when something is in the way', () => {
    const { goods, grasp: take, release: put } = made();
    take(first(0, 0.15));
    expect(put(first(2, 0.03))).toEqual({ status: 'blocked', because: 'on-other-goods' });
    expect(put(first(2.09, 0.05))).toEqual({ status: 'blocked', because: 'on-the-wall' });
    expect(goods.heldBy('A')).toEqual([2]);
    expect(put(first(2, 0.05))).toEqual({ status: 'released', into: 'O1' });
    expect(goods.contents(goods.container('O1') as never)[0]).toEqual(['soap']);
    expect(put(first(2, 0.05))).toEqual({ status: 'released', into: null });
  });

  it('fall to the floor when let go beside a container', () => {
    const { goods, grasp: take, release: put } = made();
    take(first(0, 0.15));
    expect(put([0.5, 0, 0.5])).toEqual({ status: 'released', into: null });
    expect(goods.onFloor()).toEqual([{ unit: 2, topM: [0.5, 0, 0.05] }]);
    expect([...goods.census()].every((times) => times === 1)).toBe(true);
  });

  it('come up in twos when drawn so, and the mass shows it', () => {
    const { goods, grasp: take, release: put } = made({ rates: { ...rates, doublePick: 1 } });
    expect(take(first(0, 0.15))).toEqual({ status: 'grasped', units: [2, 1] });
    expect(goods.heldMassKg('A')).toBeCloseTo(0.6, 12);
    expect(goods.heldSizeM('A')?.[2]).toBeCloseTo(0.1, 12);
    // Put back, they lie in the order in which they lay before.
    expect(put(first(0, 0.15))).toMatchObject({ status: 'released' });
    expect(goods.container('S1')?.stacks[0]).toEqual([0, 1, 2]);
    // A single unit cannot bring another along.
    expect(take([0, -0.1, 0.03])).toEqual({ status: 'grasped', units: [3] });
  });

  it('stay where they are when the seal or the release fails', () => {
    const unlucky = made({ rates: { ...rates, graspFailed: 1 } });
    expect(unlucky.grasp(first(0, 0.15))).toEqual({ status: 'failed', because: 'no-seal' });
    expect(unlucky.goods.container('S1')?.stacks[0]).toEqual([0, 1, 2]);
    const sticky = made({ rates: { ...rates, placeBlocked: 1 } });
    sticky.grasp(first(0, 0.15));
    expect(sticky.release(first(2, 0.05))).toEqual({ status: 'blocked', because: 'stuck' });
    expect(sticky.goods.heldBy('A')).toEqual([2]);
  });

  it('fill a container up to its rim and no further', () => {
    const { goods, grasp: take, release: put } = made();
    const stack = goods.container('O1')?.stacks[0] as number[];
    const units = goods.addContainer({
      containerId: 'S9',
      kind: 'storage',
      stacks: [['soap', 'soap', 'soap', 'soap', 'soap', 'soap']],
      placeId: null,
    });
    stack.push(...(units.stacks[0] as number[]).splice(0)); // 6 x 0.05 m: exactly the inner height
    take(first(0, 0.15));
    expect(put(first(2, 0.35))).toEqual({ status: 'blocked', because: 'above-the-rim' });
  });

  it('are short where the record is wrong: declared, but not there', () => {
    const { goods } = made({ rates: { ...rates, stockShort: 1, missingFound: 1 } });
    const container = goods.container('S2') as NonNullable<ReturnType<typeof goods.container>>;
    expect(goods.declared(container).stacks[0]).toEqual(['book', 'book']);
    expect(goods.contents(container)[0]).toEqual(['book']);
    expect(goods.missingUnits().map(({ containerId }) => containerId)).toContain('S2');
    goods.recount(container);
    expect(goods.declared(container).stacks[0]).toEqual(['book']);
    expect([...goods.census()].every((times) => times === 1)).toBe(true);
  });

  it('move by hand from the floor into a container, once', () => {
    const { goods, grasp: take, release: put } = made();
    take(first(0, 0.15));
    put([0.5, 0, 0.5]);
    expect(goods.takeByHand(2)).toBe(true);
    expect(goods.takeByHand(2)).toBe(false);
    expect(goods.putByHand(2, 'O1', 0)).toBe(true);
    expect(goods.putByHand(2, 'O1', 0)).toBe(false);
    expect(goods.takeFromContainer('O1', 'soap')).toBe(2);
    expect(goods.takeFromContainer('O1', 'soap')).toBeNull();
    expect([...goods.census()].every((times) => times === 1)).toBe(true);
  });

  it('are the same after a snapshot has been written and read', () => {
    const { goods, grasp: take } = made();
    take(first(0, 0.15));
    const text = JSON.stringify(goods.snapshot());
    const again = made().goods;
    again.restore(JSON.parse(text) as ReturnType<typeof goods.snapshot>);
    expect(JSON.stringify(again.snapshot())).toBe(text);
    expect(again.at('BIN1')?.id).toBe('S1');
  });
});
