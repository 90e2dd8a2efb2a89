import { describe, expect, it } from 'vitest';
import { compareConfiguration, inUseOf } from '../../../controller/domain/configuration.ts';
import type { ConfigurationSummary, InUse } from '../../../controller/domain/configuration.ts';

const stored: ConfigurationSummary = {
  cell: 'four-arm',
  arms: ['a1', 'a2'].map((id, index) => ({
    id,
    manipulator: 'ur5e',
    tool: 'suction-40',
    joints: ['j1', 'j2', 'j3', 'j4', 'j5', 'j6'],
    X_WB: { positionM: [index, 0, 0], quaternionXyzw: [0, 0, 0, 1] },
  })),
  places: (['bin-1', 'bin-2', 'station-1'] as const).map((id, index) => ({
    id,
    kind: id === 'station-1' ? 'station' : 'bin',
    positionM: [index, 1, 0],
    innerSizeM: [0.6, 0.4, 0.3],
    grid: [3, 2],
  })),
};
const nothing: InUse = { arms: new Map(), places: new Map() };
const stocked: InUse = {
  arms: new Map([['a2', 'holds an item']]),
  places: new Map([['bin-2', 'holds T7 with 4 units']]),
};

function changed(change: (copy: Mutable<ConfigurationSummary>) => void): ConfigurationSummary {
  const copy = structuredClone(stored) as Mutable<ConfigurationSummary>;
  change(copy);
  return copy;
}
type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

const said = (now: ConfigurationSummary, inUse: InUse) =>
  compareConfiguration(stored, now, inUse).map(
    ({ severity, code, subject }) => `${severity} ${code} ${subject}`,
  );

describe('a configuration that changed under a stored state', () => {
  it('is fine when it did not', () => {
    expect(said(structuredClone(stored), stocked)).toEqual([]);
  });

  it.each<[string, (copy: Mutable<ConfigurationSummary>) => void, string[], string[]]>([
    [
      'another cell',
      (c) => (c.cell = 'two-arm'),
      ['refused cell-renamed four-arm'],
      ['refused cell-renamed four-arm'],
    ],
    ['a bin gone', (c) => c.places.splice(1, 1), ['noted place-gone bin-2'], ['refused place-gone bin-2']],
    [
      'a bin new',
      (c) => c.places.push({ ...c.places[0]!, id: 'bin-9' }),
      ['noted place-new bin-9'],
      ['noted place-new bin-9'],
    ],
    [
      'a bin moved',
      (c) => (c.places[1]!.positionM = [9, 9, 9]),
      ['noted place-moved bin-2'],
      ['noted place-moved bin-2'],
    ],
    [
      'a bin with another grid',
      (c) => (c.places[1]!.grid = [2, 2]),
      ['noted place-changed bin-2'],
      ['refused place-changed bin-2'],
    ],
    [
      'a bin become a station',
      (c) => (c.places[1]!.kind = 'station'),
      ['noted place-changed bin-2'],
      ['refused place-changed bin-2'],
    ],
    ['an arm gone', (c) => c.arms.splice(1, 1), ['noted arm-gone a2'], ['refused arm-gone a2']],
    [
      'an arm renamed',
      (c) => (c.arms[1]!.id = 'left'),
      ['refused arm-renamed a2'],
      ['refused arm-renamed a2'],
    ],
    [
      'an arm new',
      (c) => c.arms.push({ ...c.arms[0]!, id: 'a3' }),
      ['noted arm-new a3'],
      ['noted arm-new a3'],
    ],
    [
      'an arm moved',
      (c) => (c.arms[1]!.X_WB.positionM = [5, 0, 0]),
      ['noted arm-moved a2'],
      ['refused arm-moved a2'],
    ],
    [
      'another make of arm',
      (c) => (c.arms[1]!.manipulator = 'panda'),
      ['refused arm-changed a2'],
      ['refused arm-changed a2'],
    ],
  ])('%s', (_name, change, unused, used) => {
    expect(said(changed(change), nothing)).toEqual(unused);
    expect(said(changed(change), stocked)).toEqual(used);
  });

  it('says what stands in the way, and what to do', () => {
    const [difference] = compareConfiguration(
      stored,
      changed((c) => c.places.splice(1, 1)),
      stocked,
    );
    expect(difference!.detail).toBe('bin bin-2 is gone, but holds T7 with 4 units');
    expect(difference!.remedy).toContain(
      'Put bin-2 back, or let it be emptied with the old configuration first',
    );
  });

  it('puts what is refused first', () => {
    const now = changed((c) => {
      c.arms.push({ ...c.arms[0]!, id: 'a0', X_WB: { ...c.arms[0]!.X_WB, positionM: [7, 0, 0] } });
      c.places.splice(1, 1);
    });
    expect(said(now, stocked)).toEqual(['refused place-gone bin-2', 'noted arm-new a0']);
  });
});

it('knows what the state refers to', () => {
  const inUse = inUseOf({
    arms: {
      a1: { job: null, holding: { vacuum: 'off' } },
      a2: { job: {}, holding: { vacuum: 'off' } },
      a3: { job: {}, holding: { vacuum: 'on' } },
    },
    containers: {
      T1: { id: 'T1', placeId: 'bin-1', orderId: null, stacks: [['x', 'y'], [], ['z']] },
      O1: { id: 'O1', placeId: 'station-1', orderId: 'order-7', stacks: [] },
      T2: { id: 'T2', placeId: null, orderId: null, stacks: [['x']] },
    },
  });
  expect(Object.fromEntries(inUse.arms)).toEqual({ a2: 'is in the middle of a job', a3: 'holds an item' });
  expect(Object.fromEntries(inUse.places)).toEqual({
    'bin-1': 'holds T1 with 3 units',
    'station-1': 'holds O1 of order order-7 with 0 units',
  });
});
