import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultText } from '../../config/fault.ts';
import { loadCell } from '../../config/load.ts';
import { changed, loadText, shipped, smallCell } from './cell-text.ts';

const load = (name: string) => {
  const result = loadCell(shipped(name));
  if (result.status === 'refused') throw new Error(result.faults.map(faultText).join('\n'));
  return result;
};

describe('loadCell', () => {
  it('makes the cell model of a file, in the units of the core', () => {
    const { cell, start, initialPositions, descriptions, summary } = load('small.yaml');
    expect(cell).toMatchObject({
      name: 'small',
      clearanceM: 0.02,
      approachM: 0.22,
      graspDwellUs: 350_000,
      releaseDwellUs: 250_000,
      policy: 'zone-interlock',
      planCostUs: 20,
      logistics: { shuttleExchangeUs: 8_000_000, shuttleParallel: 2, toteExchangeUs: 4_000_000 },
      deadlines: { acceptUs: 1_000_000, motionMarginUs: 5_000_000, planUs: 10_000_000 },
      fixedTasks: [],
    });
    expect(start).toBe('on-first-launch');
    expect(cell.arms.map(({ id, manipulator }) => [id, manipulator.name, manipulator.tool.name])).toEqual([
      ['arm-1', 'ur5e', 'suction-200'],
      ['arm-2', 'ur5e', 'suction-200'],
    ]);
    const [arm] = cell.arms;
    expect(arm?.park).toEqual(arm?.manipulator.namedStates['park']);
    expect(initialPositions['arm-1']).toEqual(arm?.park);
    // rpy_deg [0, 0, 180]
    expect(cell.arms[1]?.X_WB.quaternionXyzw[2]).toBeCloseTo(1, 12);
    expect(descriptions.map(({ armId, name }) => [armId, name])).toEqual([
      ['arm-1', 'ur5e'],
      ['arm-2', 'ur5e'],
    ]);
    expect(descriptions[0]?.urdf).toContain('<robot name="ur5e">');
    expect(summary.places).toHaveLength(7);
    expect(cell.places[0]).toEqual({
      id: 'bin-1',
      kind: 'bin',
      positionM: [-0.25, -0.95, -0.23],
      innerSizeM: [0.35, 0.3, 0.18],
      grid: [2, 2],
    });
  });

  it('gives policies that the file does not name their usual steps', () => {
    const { exceptionPolicies } = load('small.yaml').cell;
    expect(exceptionPolicies['grasp-failed']).toEqual(['retry', 'retry', 'other-arm']);
    expect(exceptionPolicies['item-missing']).toEqual(['retry', 'other-location']);
    expect(exceptionPolicies.dropped).toEqual([]);
  });

  it('makes walls, floors, pedestals and fixtures obstacles', () => {
    const { cell } = loadText(
      changed(
        smallCell(),
        'zones:',
        'fixtures:\n' +
          '  - { id: post, type: cylinder, radius_m: 0.05, length_m: 1, position_m: [1, 1, 0.5], rpy_deg: [90, 0, 0] }\n' +
          '  - { id: ball, type: sphere, radius_m: 0.1, position_m: [1, -1, 0] }\n' +
          'zones:',
      ),
    );
    const of = (id: string) => cell.obstacles.find((obstacle) => obstacle.id === id);
    // 7 containers of 5 boxes, 2 pedestals, the table, 2 fixtures
    expect(cell.obstacles).toHaveLength(7 * 5 + 2 + 1 + 2);
    expect(new Set(cell.obstacles.map(({ id }) => id)).size).toBe(cell.obstacles.length);
    expect(of('bin-1-floor')).toMatchObject({
      shape: { type: 'box', sizeM: [expect.closeTo(0.39), expect.closeTo(0.34), 0.02] },
      X_WO: { positionM: [-0.25, -0.95, expect.closeTo(-0.24)] },
    });
    expect(of('bin-1-left')?.X_WO.positionM[0]).toBeCloseTo(-0.25 - 0.175 - 0.01);
    // The wall's top is the inner height over the inner floor.
    const wall = of('bin-1-back');
    const height = wall?.shape.type === 'box' ? wall.shape.sizeM[2] : 0;
    expect((wall?.X_WO.positionM[2] ?? 0) + height / 2).toBeCloseTo(-0.23 + 0.18);
    expect(of('arm-1-pedestal')).toMatchObject({
      shape: { sizeM: [0.18, 0.18, 0.24] },
      X_WO: { positionM: [0, -0.5, expect.closeTo(-0.13)] },
    });
    expect(of('post')?.X_WO.quaternionXyzw[0]).toBeCloseTo(Math.SQRT1_2);
    expect(of('ball')?.shape).toEqual({ type: 'sphere', radiusM: 0.1 });
  });

  it('takes listed zones as they are', () => {
    const { cell } = loadText(
      changed(
        smallCell(),
        'zones: { kind: automatic }',
        'zones: { kind: listed, zones: [{ id: all, min_m: [-5, -5], max_m: [5, 5] }] }',
      ),
    );
    expect(cell.zones).toEqual([{ id: 'all', minM: [-5, -5], maxM: [5, 5] }]);
  });

  it('gives the simulator its settings in its units, and files absolute names', () => {
    const { simulator, connections } = load('four-arm.yaml');
    expect(simulator.world).toMatchObject({
      seed: 1,
      stepUs: 10_000,
      trackingLagUs: 24_000,
      leaseUs: 500_000,
      rates: { graspFailed: 0.018, doublePick: 0.0084 },
      faults: { stallPerHour: 0 },
      operator: { answerAfterUs: { min: 20_000_000, max: 90_000_000 } },
    });
    expect(existsSync(simulator.itemsFile)).toBe(true);
    expect(simulator.orders).toMatchObject({ kind: 'generated', ordersPerHour: expect.any(Number) });
    expect(connections).toMatchObject({ arms: 'mqtt', http: { tokenEnv: null } });
  });

  it('gives order files absolute names', () => {
    const orders = '{ kind: file, file: ../orders/some.csv, mapping: map.yaml, orders_per_hour: 60 }';
    const { simulator, source } = loadText(
      changed(smallCell(), 'orders: { kind: none }', `orders: ${orders}`),
    );
    const directory = dirname(source.file);
    expect(simulator.orders).toEqual({
      kind: 'file',
      file: join(dirname(directory), 'orders', 'some.csv'),
      mapping: join(directory, 'map.yaml'),
      ordersPerHour: 60,
    });
  });

  it('hashes what the core sees: comments do not matter, a millimetre does', () => {
    const text = smallCell();
    const { hash } = loadText(text);
    expect(loadText(`# another comment\n${text}`).hash).toBe(hash);
    expect(loadText(changed(text, '[0.22, 0, -0.23]', '[0.221, 0, -0.23]')).hash).not.toBe(hash);
  });

  it.each(['small.yaml', 'two-arm.yaml', 'four-arm.yaml'])('%s ships and loads', (name) => {
    const { cell, notes } = load(name);
    expect(cell.zones.length).toBeGreaterThan(cell.places.length);
    expect(notes).toEqual([]);
  });
});

const bench = (arms: number): string =>
  fileURLToPath(new URL(`../../../shared/cells/bench-${arms}-floor-1.json`, import.meta.url));

describe.skipIf(!existsSync(bench(4)))('benchmark cells (skipped where ../shared is absent)', () => {
  it.each([2, 4, 8, 16])('%i arms', (arms) => {
    const result = loadCell(bench(arms));
    if (result.status === 'refused') throw new Error(result.faults.map(faultText).join('\n'));
    const { cell, initialPositions } = result;
    expect(cell.arms).toHaveLength(arms);
    expect(cell.fixedTasks).toHaveLength(40 * arms);
    expect(cell).toMatchObject({
      clearanceM: 0.02,
      approachM: 0.22,
      graspDwellUs: 350_000,
      releaseDwellUs: 250_000,
    });
    expect(initialPositions['arm-1']).toEqual([0, -1.5708, 1.5708, -1.5708, -1.5708, 0]);
    const { manipulator } = cell.arms[0]!;
    expect(manipulator.joints.map(({ limits }) => limits.jerkMax)).toEqual([40, 40, 50, 80, 80, 80]);
    expect(manipulator.tool.X_FT.positionM).toEqual([0, 0, 0.2]);
  });

  it('takes tasks with their points, items and containers', () => {
    const result = loadCell(bench(4));
    if (result.status === 'refused') throw new Error('refused');
    expect(result.cell.fixedTasks[0]).toEqual({
      id: 'task-0001',
      kind: 'stow',
      from: 'tote-4',
      to: 'bin-7',
      pickM: [0.2857, -0.1696, -0.162],
      placeM: [0.2771, 1.292, -0.162],
      itemSizeM: [0.05, 0.073, 0.063],
      itemMassKg: 2.09,
      reachableBy: ['arm-2', 'arm-4'],
    });
    expect(result.cell.obstacles).toHaveLength(70);
  });
});
