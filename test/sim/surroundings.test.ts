import { describe, expect, it } from 'vitest';
import type { IoEvent } from '../../controller/ports.ts';
import { Goods } from '../../sim/items.ts';
import { RandomStreams } from '../../sim/random.ts';
import { Surroundings } from '../../sim/surroundings.ts';
import { cell, containers, settings, skus } from './fixture.ts';

function made(placeId: string | null = 'BIN1') {
  const set = settings();
  const goods = new Goods(cell.places, skus, set, new RandomStreams(1));
  for (const container of containers(placeId)) goods.addContainer(container);
  const io = new Surroundings(cell, set, goods);
  const events: { atUs: number; event: IoEvent }[] = [];
  let nowUs = 0;
  const run = (untilUs: number): void => {
    for (; nowUs < untilUs;) {
      nowUs += 10_000;
      io.advanceTo(nowUs);
      for (const event of io.takeEvents()) events.push({ atUs: nowUs, event });
    }
  };
  const kinds = (requestId: string | null) =>
    events
      .filter(({ event }) => 'requestId' in event && event.requestId === requestId)
      .map(({ atUs, event }) => `${event.kind} ${atUs / 1e6}`);
  return { goods, io, events, run, kinds };
}

describe('the surroundings', () => {
  it('exchange storage containers in the configured time, as many at once as there are shuttles', () => {
    const { io, run, kinds, goods } = made();
    io.execute({ kind: 'exchange', requestId: 'x1', placeId: 'BIN1', containerId: 'S2' });
    io.execute({ kind: 'exchange', requestId: 'x2', placeId: 'BIN2', containerId: null });
    run(25_000_000);
    expect(kinds('x1')).toEqual(['container-left 5', 'container-arrived 10']);
    expect(kinds('x2')).toEqual([]);
    expect(goods.at('BIN1')?.id).toBe('S2');
    expect(goods.container('S1')).toMatchObject({ placeId: null, gone: false });
    io.execute({ kind: 'exchange', requestId: 'x3', placeId: 'BIN2', containerId: 'S1' });
    io.execute({ kind: 'exchange', requestId: 'x4', placeId: 'BIN1', containerId: null });
    run(60_000_000);
    expect(kinds('x3')).toEqual(['container-arrived 35']);
    expect(kinds('x4')).toEqual(['container-left 40']);
  });

  it('answer a repeated request as before, without doing it again', () => {
    const { io, run, kinds, goods } = made();
    const request = { kind: 'bring-empty', requestId: 'b1', placeId: 'ST1', containerId: 'O1' } as const;
    io.execute(request);
    io.execute(request);
    run(10_000_000);
    expect(kinds('b1')).toEqual(['container-arrived 6']);
    io.execute(request);
    run(20_000_000);
    expect(kinds('b1')).toEqual(['container-arrived 6', 'container-arrived 10.01']);
    expect(goods.at('ST1')?.id).toBe('O1');
  });

  it('ship a full order tote at once and bring the next after the exchange time', () => {
    const { io, run, kinds, goods } = made();
    io.execute({ kind: 'bring-empty', requestId: 'b1', placeId: 'ST1', containerId: 'O1' });
    run(10_000_000);
    io.execute({ kind: 'bring-empty', requestId: 'b2', placeId: 'ST1', containerId: 'O2' });
    run(20_000_000);
    expect(kinds('b2')).toEqual(['container-left 10.01', 'container-arrived 16']);
    expect(goods.container('O1')).toMatchObject({ placeId: null, gone: true });
    io.execute({ kind: 'exchange', requestId: 'x', placeId: 'ST1', containerId: null });
    run(30_000_000);
    expect(kinds('x')).toEqual(['container-left 20.01']);
  });

  it('bring induct totes by themselves and the next one when the place is free', () => {
    const { io, run, events, goods } = made();
    run(9_000_000);
    expect(goods.at('IN1')?.id).toBe('I1');
    const next = {
      containerId: 'I2',
      kind: 'induct',
      stacks: [['book'], [], [], [], [], []],
      placeId: null,
    } as const;
    io.receive(goods.addContainer(next));
    run(30_000_000);
    expect(goods.at('IN1')?.id).toBe('I1');
    io.execute({ kind: 'exchange', requestId: 'x', placeId: 'IN1', containerId: null });
    run(50_000_000);
    expect(goods.at('IN1')?.id).toBe('I2');
    const arrived = events.filter(({ event }) => event.kind === 'container-arrived');
    expect(arrived.map(({ event }) => (event as { requestId: unknown }).requestId)).toEqual([null, null]);
  });

  it('count what physically lies in a container', () => {
    const { io, run, events, goods } = made();
    goods.takeFromContainer('S1', 'soap');
    io.execute({ kind: 'inspect', requestId: 'i', placeId: 'BIN1' });
    run(1_000_000);
    expect(events.at(-1)?.event).toEqual({ kind: 'inspected', requestId: 'i', placeId: 'BIN1', units: 3 });
  });

  it.each([
    [{ kind: 'exchange', placeId: 'X', containerId: null }, 'there is no place X'],
    [{ kind: 'exchange', placeId: 'BIN2', containerId: 'S9' }, 'there is no container S9'],
    [{ kind: 'exchange', placeId: 'BIN2', containerId: 'S1' }, 'container S1 stands at BIN1'],
    [
      { kind: 'exchange', placeId: 'ST1', containerId: 'S2' },
      'container S2 is of kind storage; ST1 takes order',
    ],
    [
      { kind: 'bring-empty', placeId: 'BIN2', containerId: 'O1' },
      'place BIN2 is a bin, not a station for order totes',
    ],
    [{ kind: 'bring-empty', placeId: 'ST1', containerId: 'S2' }, 'container S2 exists already'],
    [{ kind: 'inspect', placeId: 'ST1' }, 'no container stands at ST1'],
  ] as const)('refuse %o', (request, detail) => {
    const { io, run, events } = made();
    io.execute({ ...request, requestId: 'r' } as never);
    run(10_000);
    expect(events.map(({ event }) => event)).toContainEqual({ kind: 'refused', requestId: 'r', detail });
  });

  it('refuse a second exchange at a busy place', () => {
    const { io, run, events } = made();
    io.execute({ kind: 'exchange', requestId: 'x1', placeId: 'BIN2', containerId: 'S2' });
    io.execute({ kind: 'exchange', requestId: 'x2', placeId: 'BIN2', containerId: null });
    run(10_000);
    expect(events.map(({ event }) => event)).toContainEqual({
      kind: 'refused',
      requestId: 'x2',
      detail: 'place BIN2 is busy with x1',
    });
  });

  it('declare the inventory to whoever connects, right or wrong, without what has left', () => {
    const { io, run, goods } = made();
    run(10_000);
    const induct = goods.container('I1') as NonNullable<ReturnType<typeof goods.container>>;
    goods.leave(induct);
    io.announce();
    const [connected, inventory] = io.takeEvents();
    expect(connected).toEqual({ kind: 'connected' });
    if (inventory?.kind !== 'inventory') throw new Error('no inventory');
    expect(inventory.skus).toEqual(skus);
    expect(inventory.containers.map(({ containerId, placeId }) => [containerId, placeId])).toEqual([
      ['S1', 'BIN1'],
      ['S2', null],
    ]);
  });

  it('say nothing while communication is lost and announce themselves afterwards', () => {
    const { io, run, events } = made();
    run(10_000);
    io.loseComms(2_000_000);
    io.execute({ kind: 'exchange', requestId: 'x1', placeId: 'BIN2', containerId: 'S2' });
    run(3_000_000);
    expect(events.map(({ event }) => event.kind)).toEqual(['lost', 'connected', 'inventory']);
  });

  it('go on from a snapshot where they were', () => {
    const one = made();
    one.io.execute({ kind: 'exchange', requestId: 'x1', placeId: 'BIN1', containerId: 'S2' });
    one.run(7_000_000);
    const two = made();
    two.goods.restore(one.goods.snapshot());
    two.run(7_000_000);
    two.io.restore(one.io.snapshot(), 7_000_000);
    one.run(12_000_000);
    two.run(12_000_000);
    expect(two.kinds('x1')).toEqual(['container-arrived 10']);
    expect(two.goods.snapshot()).toEqual(one.goods.snapshot());
  });
});
