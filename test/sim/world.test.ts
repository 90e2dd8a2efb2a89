import { describe, expect, it } from 'vitest';
import { createWorld } from '../../sim/world.ts';
import type { SimWorld, WorldSnapshot } from '../../sim/world.ts';
import { cell, containers, running, settings, skus } from './fixture.ts';

const made = (): SimWorld => createWorld(cell, settings(), { skus, containers: containers('BIN1') });

/** One pick and place with mishaps possible; returns everything the world can tell. */
function story(chunkUs: number): string {
  const { world, go, grip, said } = running({ seed: 3, massNoise: 0.02 });
  for (const [k, z] of [0.15, 0.1, 0.05].entries()) {
    go('A', [-0.2, -0.1, z]);
    grip('A', 'grasp');
    go('A', [0.2, 0.1, 0.05 * (k + 1)]);
    grip('A', 'release');
  }
  world.advanceTo(world.nowUs + chunkUs);
  return JSON.stringify([world.snapshot(), world.truth(), said]);
}

describe('the world', () => {
  it('is the same for the same seed and the same commands', () => {
    expect(story(1_000_000)).toBe(story(1_000_000));
  });

  it('does not depend on how often it is asked', () => {
    const [often, seldom] = [made(), made()];
    const request = { kind: 'exchange', requestId: 'x', placeId: 'BIN2', containerId: 'S2' } as const;
    often.io.execute(request);
    seldom.io.execute(request);
    for (let k = 1; k <= 15_000; k += 1) often.advanceTo(k * 1_000 + (k % 7));
    seldom.advanceTo(15_000_000);
    expect(often.snapshot()).toEqual(seldom.snapshot());
    expect(often.io.takeEvents()).toEqual(seldom.io.takeEvents());
  });

  it('accounts for every unit, each in exactly one place', () => {
    const { world, go, grip } = running({ rates: { ...settings().rates, dropped: 1 } });
    go('A', [-0.2, -0.1, 0.15]);
    grip('A', 'grasp');
    go('A', [0.2, 0.1, 0.4]);
    go('B', [0, -0.1, 0.03]);
    grip('B', 'grasp');
    const truth = world.truth();
    expect(truth.floor.map(({ unit }) => unit)).toEqual([2]);
    expect(truth.tools).toEqual([{ armId: 'B', units: [3] }]);
    expect([...world.goods.census()].every((times) => times === 1)).toBe(true);
    expect(truth.skus).toHaveLength(7);
  });

  it('comes back from a snapshot as after a loss of power', () => {
    const { world, go, grip, submit, run } = running();
    go('A', [-0.2, -0.1, 0.15]);
    grip('A', 'grasp');
    const here = [...world.measured('A').positions];
    const there = here.map((value) => value + 0.3);
    const zero = [0, 0, 0];
    const moving = submit('A', {
      timesUs: [0, 2_000_000],
      positions: [here, there],
      velocities: [zero, zero],
      accelerations: [zero, zero],
    });
    world.io.execute({ kind: 'exchange', requestId: 'x', placeId: 'BIN2', containerId: 'S2' });
    run(1_000_000);
    const kept = JSON.parse(JSON.stringify(world.snapshot())) as WorldSnapshot;
    const again = made();
    again.restore(kept);
    expect(again.truth()).toEqual(world.truth());
    expect([...again.measured('A').positions]).toEqual([...world.measured('A').positions]);
    expect(again.measured('A').moving).toBe(false);
    const host = again.armHosts[0];
    host?.execute({ kind: 'claim', commandId: 'c2', epoch: 2 });
    again.advanceTo(again.nowUs + 10_000);
    expect(host?.takeEvents()).toMatchObject([
      { kind: 'connected' },
      {
        kind: 'claimed',
        holding: { vacuum: 'on', massKg: 0.3 },
        last: { commandId: moving, outcome: { status: 'stopped', because: 'fault' } },
      },
    ]);
    again.advanceTo(again.nowUs + 20_000_000);
    expect(again.goods.at('BIN2')?.id).toBe('S2');
  });

  it('refuses a snapshot of another cell', () => {
    const snapshot = made().snapshot();
    expect(() => made().restore({ ...snapshot, arms: [] })).toThrow(/arms/);
  });

  it('refuses stock that cannot be there', () => {
    const at = (placeId: string) => ({ skus, containers: containers(placeId) });
    expect(() => createWorld(cell, settings(), at('NOWHERE'))).toThrow(/place NOWHERE does not exist/);
    expect(() => createWorld(cell, settings(), { skus: [], containers: containers(null) })).toThrow(
      /SKU soap/,
    );
  });

  it('runs cells with fixed tasks: units lie in the open at their pick points', () => {
    const fixed = {
      ...cell,
      fixedTasks: [
        {
          id: 'T1',
          kind: 'pick' as const,
          from: 'a',
          to: 'b',
          pickM: [0.3, 0.3, 0.2] as const,
          placeM: [1, 0.3, 0.2] as const,
          itemSizeM: [0.1, 0.1, 0.1] as const,
          itemMassKg: 0.4,
          reachableBy: ['arm-1'],
        },
      ],
    };
    const world = createWorld(fixed, settings(), { skus: [], containers: [] });
    expect(world.truth().spots).toEqual([{ unit: 0, topM: [0.3, 0.3, 0.2] }]);
    // Also when a tote is brought, which nothing of this is put into.
    world.io.execute({ kind: 'bring-empty', requestId: 'b', placeId: 'ST1', containerId: 'O1' });
    world.advanceTo(10_000_000);
    expect(world.goods.inTheOpen()).toBe(true);
  });
});
