import { describe, expect, it } from 'vitest';
import { conveyor } from './conveyor.ts';
import { UnitBench } from './unit-bench.ts';

const PERMISSIONS = ['guard', 'curtain', 'estop', 'heartbeat', 'separation'];

describe('a PLC in order', () => {
  it('gives every permission, and keeps it', () => {
    const bench = new UnitBench(conveyor()).pass(3);
    for (const id of PERMISSIONS) expect([id, bench.permission(id)?.status]).toEqual([id, 'granted']);
    bench.events.length = 0;
    bench.pass(20);
    expect(bench.events).toEqual([]);
  });

  it('brings a tote that is asked for, and takes it away', () => {
    const bench = new UnitBench(conveyor()).pass(2);
    const [driver] = bench.unit.handshakes;
    driver!.ask({ kind: 'bring-empty', requestId: 'r1', placeId: 'station-1', containerId: 'T-1' });
    bench.pass(3);
    expect(driver!.takeOutcomes()).toMatchObject([{ status: 'done', request: { requestId: 'r1' } }]);
    expect(bench.floor.toteAt('station-1')).toBe('T-1');
    driver!.ask({ kind: 'exchange', requestId: 'r2', placeId: 'station-1', containerId: null });
    bench.pass(3);
    expect(driver!.takeOutcomes()).toMatchObject([{ status: 'done', request: { requestId: 'r2' } }]);
    expect(bench.floor.toteAt('station-1')).toBe(null);
    expect(bench.floor.moves).toBe(2);
    expect(driver!.violations).toEqual([]);
  });

  it('is asked when the lane is free and the conveyor runs, and not before', () => {
    const bench = new UnitBench(conveyor()).pass(2);
    const [driver] = bench.unit.handshakes;
    bench.plc.set('lane-1-full', true);
    bench.plc.set('running', false);
    bench.pass(1);
    driver!.ask({ kind: 'bring-empty', requestId: 'r1', placeId: 'station-1', containerId: 'T-1' });
    bench.pass(3);
    expect(driver!.waitsFor).toMatch(/conveyor does not run/);
    bench.plc.set('running', true);
    bench.pass(1);
    expect(driver!.waitsFor).toMatch(/lane is full/);
    expect(bench.floor.moves).toBe(0);
    bench.plc.set('lane-1-full', false);
    bench.pass(3);
    expect(driver!.takeOutcomes()).toMatchObject([{ status: 'done' }]);
  });
});

describe('permissions fail safe', () => {
  it.each([
    ['guard', 'guard', false],
    ['curtain', 'curtain', false],
    ['estop', 'estop', false],
    ['separation', 'scanner', 0.5],
  ] as const)('%s is withheld within a tick of its loss', (permission, input, lost) => {
    const bench = new UnitBench(conveyor()).pass(3);
    bench.plc.set(input, lost);
    bench.pass(0.02);
    expect(bench.permission(permission)?.status).toBe('withheld');
    bench.plc.set(input, permission === 'separation' ? 5 : true);
    bench.pass(1);
    expect(bench.permission(permission)?.status).toBe('granted');
  });

  it('all of them when the PLC falls silent', () => {
    const bench = new UnitBench(conveyor()).pass(3);
    bench.plc.quirk = { sent: () => [] };
    bench.pass(1.1);
    for (const id of PERMISSIONS) expect(bench.permission(id)).toMatchObject({ status: 'withheld' });
    expect(bench.permission('guard')).toMatchObject({ because: expect.stringMatching(/silent/) as unknown });
  });

  it('a heartbeat that stands still, while everything else goes on', () => {
    const bench = new UnitBench(conveyor()).pass(3);
    bench.plc.quirk = { value: (id, value) => (id === 'heartbeat' ? 7 : value) };
    bench.pass(1.2);
    expect(bench.permission('heartbeat')).toMatchObject({ status: 'withheld' });
    expect(bench.permission('guard')).toMatchObject({ status: 'granted' });
  });

  it('a PLC that was started anew faster than its silence would show', () => {
    const bench = new UnitBench(conveyor()).pass(30);
    bench.plc.reboot(bench.nowUs, 100_000);
    bench.events.length = 0;
    bench.pass(2);
    expect(bench.events).toContainEqual({
      kind: 'permission',
      permissionId: 'conveyor.heartbeat',
      status: 'withheld',
      because: expect.stringMatching(/started anew/) as unknown,
    });
    expect(bench.permission('heartbeat')).toMatchObject({ status: 'granted' });
  });

  it('an opening shorter than the time between two looks', () => {
    const bench = new UnitBench(conveyor()).pass(3);
    const payload = (guardClosed: boolean, n: number): Buffer =>
      Buffer.from(
        JSON.stringify({ guardClosed, curtainBroken: false, estopChain: 'closed', personMm: 9000, n }),
      );
    bench.unit.pipeline.hear('plc/conveyor/safety', payload(false, 1_000), 'fresh', bench.nowUs);
    bench.unit.pipeline.hear('plc/conveyor/safety', payload(true, 1_001), 'fresh', bench.nowUs);
    bench.events.length = 0;
    bench.pass(0.05);
    expect(bench.permission('guard')).toMatchObject({ status: 'withheld' });
    bench.pass(0.2);
    expect(bench.permission('guard')).toMatchObject({ status: 'granted' });
  });

  it('a value of the wrong type, and one in the wrong unit', () => {
    const bench = new UnitBench(conveyor()).pass(3);
    bench.plc.quirk = {
      written: (id, value) => (id === 'guard' ? 'yes' : id === 'scanner' ? Number(value) * 1_000 : value),
    };
    bench.pass(0.5);
    expect(bench.permission('guard')).toMatchObject({ because: 'bad: "yes" is no boolean' });
    expect(bench.permission('separation')).toMatchObject({
      because: expect.stringMatching(/outside 0 to 30/) as unknown,
    });
  });

  it('what a broker kept from before is no value', () => {
    const bench = new UnitBench(conveyor());
    bench.plc.quirk = {
      sent: (publication) => [{ publication: { ...publication, retain: true }, delayUs: 0 }],
    };
    bench.pass(2);
    expect(bench.permission('guard')?.status).not.toBe('granted');
    expect(bench.unit.pipeline.statistics.retained).toBeGreaterThan(0);
  });
});
