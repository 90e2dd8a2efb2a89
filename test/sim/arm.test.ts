import { describe, expect, it } from 'vitest';
import { sampleTrajectory } from '../../arms/trajectory/sample-trajectory.ts';
import { above, running, settings, straight } from './fixture.ts';

const rates = settings().rates;
const park = [0, -1, 1];
const aside = [1, -1, 1];
const last = <T>(list: readonly T[]): T => list[list.length - 1] as T;

describe('a simulated arm', () => {
  it('answers a claim with where it is and what it holds', () => {
    const { said } = running();
    expect(said.filter(({ armId }) => armId === 'A').map(({ event }) => event)).toEqual([
      { kind: 'connected' },
      {
        kind: 'claimed',
        commandId: 'claim-A',
        epoch: 1,
        positions: park,
        holding: { vacuum: 'off', massKg: 0 },
        last: null,
      },
    ]);
  });

  it('follows a trajectory to its end, behind it by the tracking lag, and reports its marks', () => {
    const { world, run, of, submit, said } = running({ trackingLagUs: 25_000 });
    const trajectory = straight(park, aside, 2_000_000);
    const startUs = world.nowUs;
    const id = submit('A', trajectory, { marksUs: [500_000, 1_500_000] });
    run(1_000_000);
    const wanted = new Float64Array(3);
    let behindUs = 0;
    // Where on the path the arm is, found by looking for it: the lag cannot be read off, only measured.
    for (let atUs = 0; atUs <= 2_000_000; atUs += 100) {
      sampleTrajectory(trajectory, atUs, wanted);
      if ((wanted[0] as number) >= (world.measured('A').positions[0] as number)) {
        behindUs = atUs;
        break;
      }
    }
    expect(world.nowUs - startUs - behindUs).toBeGreaterThanOrEqual(25_000);
    run(4_000_000);
    expect(of(id)).toEqual(['accepted', 'progressed 500000', 'progressed 1500000', 'ended reached']);
    expect([...world.measured('A').positions]).toEqual(aside);
    expect(last(said).event).toMatchObject({ kind: 'ended', positions: aside });
  });

  it('never passes its grant, waits there, and goes on when it grows', () => {
    const { world, run, of, submit, tell } = running();
    const trajectory = straight(park, aside, 2_000_000);
    const id = submit('A', trajectory, { grantedUntilUs: 800_000 });
    const limit = new Float64Array(3);
    sampleTrajectory(trajectory, 800_000, limit);
    let furthest = 0;
    for (let k = 0; k < 300; k += 1) {
      run(10_000);
      furthest = Math.max(furthest, world.measured('A').positions[0] as number);
    }
    expect(furthest).toBeLessThanOrEqual(limit[0] as number);
    expect(furthest).toBeGreaterThan(0.9 * (limit[0] as number));
    expect(of(id)).toEqual(['accepted']);
    tell('A', { kind: 'extend', commandId: id, epoch: 1, grantedUntilUs: 700_000 });
    run(1_000_000);
    expect(world.measured('A').moving).toBe(true);
    tell('A', { kind: 'extend', commandId: id, epoch: 1, grantedUntilUs: 2_000_000 });
    run(3_000_000);
    expect(of(id)).toEqual(['accepted', 'ended reached']);
  });

  it('stops on its path when told, and goes on from there', () => {
    const { world, run, of, submit, tell, said } = running();
    const trajectory = straight(park, aside, 2_000_000);
    const id = submit('A', trajectory);
    run(1_000_000);
    tell('A', { kind: 'stop', commandId: 's1', epoch: 1, stop: 'on-path' });
    run(2_000_000);
    expect(of(id)).toEqual(['accepted', 'ended stopped']);
    const ended = last(said).event;
    if (ended.kind !== 'ended' || ended.outcome.status !== 'stopped') throw new Error('it did not stop');
    expect(ended.outcome.because).toBe('commanded');
    const there = new Float64Array(3);
    sampleTrajectory(trajectory, ended.outcome.progressUs, there);
    expect(Math.abs((there[0] as number) - (ended.positions[0] as number))).toBeLessThan(1e-5);
    const on = submit('A', trajectory, { fromUs: ended.outcome.progressUs });
    run(3_000_000);
    expect(of(on)).toEqual(['accepted', 'ended reached']);
    expect([...world.measured('A').positions]).toEqual(aside);
  });

  it('leaves its path in a protective stop, no further than braking takes, and must be planned anew', () => {
    const { world, run, of, submit, tell } = running();
    // A path with a corner in time: x first, then y; so braking in the bend leaves it.
    const id = submit('A', straight(park, [1, 0, 1], 1_500_000));
    run(750_000);
    const from = [...world.measured('A').positions];
    const speed = [...world.measured('A').velocities];
    tell('A', { kind: 'stop', commandId: 's1', epoch: 1, stop: 'protective' });
    run(1_000_000);
    expect(of(id)).toEqual(['accepted', 'ended stopped']);
    const to = [...world.measured('A').positions];
    // v^2 / 2a, with the gantry's 10 m/s^2.
    expect((to[0] as number) - (from[0] as number)).toBeCloseTo(
      ((speed[0] as number) * (speed[0] as number)) / 20,
      6,
    );
    const again = submit('A', straight([0.5, -0.5, 1], [1, 0, 1], 1_500_000));
    expect(of(again)).toEqual([]);
    run(10_000);
    expect(of(again)).toEqual(['refused start-deviates']);
  });

  it('eases onto a path beside which it stands, without a jump', () => {
    const { world, run, of, submit } = running();
    const id = submit('A', straight([0.008, -1, 1], aside, 2_000_000));
    let [before, jump] = [0, 0];
    for (let k = 0; k < 300; k += 1) {
      run(10_000);
      const x = world.measured('A').positions[0] as number;
      const speed = world.measured('A').velocities[0] as number;
      jump = Math.max(jump, Math.abs(x - before - speed * 0.01));
      before = x;
    }
    expect(jump).toBeLessThan(5e-4);
    expect(of(id)).toEqual(['accepted', 'ended reached']);
    expect([...world.measured('A').positions]).toEqual(aside);
  });

  it('stops when its controller falls silent, if it has a lease', () => {
    const { world, run, of, submit, said } = running({ leaseUs: 200_000 });
    const id = submit('A', straight(park, aside, 2_000_000));
    for (let k = 0; k < 50; k += 1) {
      for (const host of world.armHosts) host.renewLease();
      run(10_000);
    }
    expect(of(id)).toEqual(['accepted']);
    run(3_000_000);
    expect(of(id)).toEqual(['accepted', 'ended stopped']);
    expect(last(said).event).toMatchObject({ outcome: { because: 'lease-expired' } });
  });

  it('refuses, with a reason, what it must not do', () => {
    const { run, of, submit, tell } = running();
    const good = straight(park, aside, 2_000_000);
    const refusals: [string, string][] = [];
    const expectRefusal = (id: string, reason: string): void => void refusals.push([id, reason]);
    expectRefusal(submit('A', good, { epoch: 0 }), 'stale-epoch');
    expectRefusal(submit('A', good, { epoch: 2 }), 'future-epoch');
    expectRefusal(submit('A', { ...good, positions: [park] }), 'malformed');
    expectRefusal(submit('A', { ...good, timesUs: [0, 1.5] }), 'malformed');
    expectRefusal(submit('A', good, { marksUs: [5, 5] }), 'malformed');
    expectRefusal(submit('A', good, { fromUs: 2_000_001 }), 'malformed');
    expectRefusal(submit('A', good, { grantedUntilUs: NaN }), 'malformed');
    expectRefusal(submit('A', straight(park, aside, 200_000)), 'limits-exceeded');
    expectRefusal(submit('A', straight(park, [4, -1, 1], 9_000_000)), 'limits-exceeded');
    expectRefusal(submit('A', straight([0.012, -1, 1], aside, 2_000_000)), 'start-deviates');
    tell('A', { kind: 'extend', commandId: 'nobody', epoch: 1, grantedUntilUs: 5 });
    expectRefusal('nobody', 'unknown-command');
    const id = submit('A', good);
    expectRefusal(submit('A', good), 'moving');
    tell('A', { kind: 'grip', commandId: 'g', epoch: 1, action: 'grasp', dwellUs: 1 });
    expectRefusal('g', 'moving');
    run(10_000);
    for (const [refused, reason] of refusals)
      expect([refused, ...of(refused)]).toEqual([refused, `refused ${reason}`]);
    run(4_000_000);
    expect(of(id)).toEqual(['accepted', 'ended reached']);
    submit('A', good, { commandId: id });
    tell('A', { kind: 'extend', commandId: id, epoch: 1, grantedUntilUs: 5 });
    run(10_000);
    expect(of(id).slice(2)).toEqual(['refused duplicate-command', 'refused late-command']);
  });

  it('belongs to the newest controller: a claim stops it, tells what became of its command, and shuts others out', () => {
    const { run, of, submit, tell, said } = running();
    const id = submit('A', straight(park, aside, 2_000_000));
    run(1_000_000);
    tell('A', { kind: 'claim', commandId: 'c2', epoch: 2 });
    run(10_000);
    expect(of('c2')).toEqual([]);
    run(2_000_000);
    expect(of('c2')).toEqual(['claimed']);
    expect(of(id)).toEqual(['accepted']);
    expect(last(said).event).toMatchObject({
      kind: 'claimed',
      last: { commandId: id, outcome: { status: 'stopped', because: 'commanded' } },
    });
    tell('A', { kind: 'claim', commandId: 'c1', epoch: 1 });
    run(10_000);
    expect(of('c1')).toEqual(['refused stale-epoch']);
  });

  it('picks and places with its tool, and measures what it holds', () => {
    const { world, go, grip, of, said } = running({ massNoise: 0.02 });
    go('A', [-0.2, -0.1, 0.15]);
    const grasped = grip('A', 'grasp');
    expect(of(grasped)).toEqual(['accepted', 'ended grasped']);
    const { event, atUs } = last(said);
    if (event.kind !== 'ended') throw new Error('no end');
    expect(event.holding.vacuum).toBe('on');
    expect(event.holding.massKg).not.toBe(0.3);
    expect(Math.abs((event.holding.massKg as number) - 0.3)).toBeLessThan(0.03);
    expect(atUs).toBeLessThan(world.nowUs - 700_000); // after the dwell of the cell, not at the deadline
    go('A', [0.2, -0.1, 0.05]);
    expect(of(grip('A', 'release'))).toEqual(['accepted', 'ended released']);
    expect(world.truth().containers[0]?.stacks).toEqual([[0, 1], [3], [2], [], [], []]);
  });

  it('fails a grasp in the air, one that gets too little time, and one with the tool not pointing down', () => {
    const { go, grip, of } = running();
    go('A', [-0.2, -0.1, 0.4]);
    expect(of(grip('A', 'grasp'))).toEqual(['accepted', 'ended grasp-failed']);
    go('A', [-0.2, -0.1, 0.15]);
    expect(of(grip('A', 'grasp', 100_000))).toEqual(['accepted', 'ended grasp-failed']);
    expect(of(grip('A', 'grasp'))).toEqual(['accepted', 'ended grasped']);
  });

  it('loses an item during the carry when drawn so, and its sensor notices', () => {
    const { world, go, grip, said } = running({ rates: { ...rates, dropped: 1 } });
    go('A', [-0.2, -0.1, 0.15]);
    grip('A', 'grasp');
    go('A', [2, 0, 0.5]);
    expect(said.map(({ event }) => event)).toContainEqual({
      kind: 'holding-changed',
      holding: { vacuum: 'off', massKg: 0 },
    });
    const [lying] = world.truth().floor;
    expect(lying?.unit).toBe(2);
    const x = lying?.topM[0] as number;
    expect(x > -0.2 && x < 2).toBe(true);
  });
});

describe('injected faults', () => {
  it('stall an arm on its path for a while', () => {
    const { world, run, of, submit } = running();
    const id = submit('A', straight(park, aside, 3_000_000));
    run(500_000);
    world.inject({ kind: 'stall', armId: 'A', forUs: 3_000_000 });
    run(2_000_000);
    const stood = [...world.measured('A').positions];
    run(900_000);
    expect([...world.measured('A').positions]).toEqual(stood);
    run(6_000_000);
    expect(of(id)).toEqual(['accepted', 'ended reached']);
  });

  it('cut an arm off: it hears nothing and says nothing until the connection is back', () => {
    const { world, run, of, submit, said } = running();
    world.inject({ kind: 'comms-lost', armId: 'A', forUs: 1_000_000 });
    const id = submit('A', straight(park, aside, 2_000_000));
    run(900_000);
    expect(last(said)).toMatchObject({ armId: 'A', event: { kind: 'lost' } });
    run(500_000);
    expect(last(said)).toMatchObject({ armId: 'A', event: { kind: 'connected' } });
    expect(of(id)).toEqual([]);
  });

  it('stop an arm protectively: it refuses work until the fault is cleared', () => {
    const { world, run, of, submit } = running();
    const id = submit('A', straight(park, aside, 2_000_000));
    run(1_000_000);
    world.inject({ kind: 'protective-stop', armId: 'A', clearsAfterUs: null });
    run(1_000_000);
    expect(of(id)).toEqual(['accepted', 'ended stopped']);
    const here = [...world.measured('A').positions];
    const refused = submit('A', straight(here, aside, 2_000_000));
    run(10_000);
    expect(of(refused)).toEqual(['refused faulted']);
    world.inject({ kind: 'fault-cleared', armId: 'A' });
    const works = submit('A', straight(here, aside, 2_000_000));
    run(4_000_000);
    expect(of(works)).toEqual(['accepted', 'ended reached']);
  });

  it('make a tool lose what it holds', () => {
    const { world, go, grip, said, run } = running();
    go('A', [-0.2, -0.1, 0.15]);
    grip('A', 'grasp');
    world.inject({ kind: 'gripper-loss', armId: 'A' });
    run(10_000);
    expect(last(said).event.kind).toBe('holding-changed');
    expect(world.truth().floor).toHaveLength(1);
    expect(() => world.inject({ kind: 'gripper-loss', armId: 'Z' })).toThrow(/no arm Z/);
  });

  it('are drawn from rates, the same for the same seed', () => {
    const faults = { ...settings().faults, protectiveStopPerHour: 360, stallPerHour: 360 };
    const faulted = (seed: number): string => {
      const { run, said } = running({ seed, faults });
      run(120_000_000);
      return said
        .filter(({ event }) => event.kind === 'faulted')
        .map(({ armId, atUs }) => `${armId} ${atUs}`)
        .join();
    };
    expect(faulted(1).split(',').length).toBeGreaterThan(5);
    expect(faulted(1)).toBe(faulted(1));
    expect(faulted(2)).not.toBe(faulted(1));
  });
});

it('places the tip where the joints say', () => {
  const { world, go } = running();
  go('B', [0.3, 0.2, 0.4]);
  const tip = world.tipM('B');
  [0.3, 0.2, 0.4].forEach((wanted, k) => expect(tip[k]).toBeCloseTo(wanted, 12));
  expect(above([0.3, 0.2, 0.4])).toEqual([0.3, 0.2, 0.5]);
});
