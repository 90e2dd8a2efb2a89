import type { PlcMap } from '../../controller/domain/plc-map.ts';
import { doubledNumbers } from '../../controller/domain/packml-numbers.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';
import type { Fault } from '../fault.ts';
import { pathText, valueText } from '../fault.ts';
import { valueAt } from '../issues.ts';
import { faultAt } from '../source.ts';
import type { Source } from '../source.ts';
import { loadPlcMap } from './load-map.ts';
import { Plc } from './schema-plc.ts';

/** The PLCs of a cell, and where their maps stand. */
export interface PlcSettings {
  readonly maps: readonly PlcMap[];
  readonly sources: readonly Source[];
  /** State numbers other than those of the standard. */
  readonly stateNumbers: StateNumbers;
  readonly packTags: 'published' | 'none';
}

export const NO_PLC: PlcSettings = { maps: [], sources: [], stateNumbers: {}, packTags: 'none' };

/** Reads the maps that a cell file names; what is wrong with the cell file itself is left to its schema. */
export function loadPlcs(source: Source, resolve: (path: string) => string, faults: Fault[]): PlcSettings {
  const parsed = Plc.safeParse(valueAt(source.value, ['plc']));
  if (!parsed.success) return NO_PLC;
  const maps: PlcMap[] = [];
  const sources: Source[] = [];
  parsed.data.maps.forEach((path, index) => {
    const here = ['plc', 'maps', index];
    const fault = (problem: string, remedy: string): Fault =>
      faultAt(source, here, { path: pathText(here), value: valueText(path, here), problem, remedy });
    const loaded = loadPlcMap(resolve(path));
    if (loaded.status === 'refused') {
      const whole =
        loaded.faults.length === 1 && loaded.faults[0]!.path === '' && loaded.faults[0]!.line === null;
      faults.push(...(whole ? [fault(loaded.faults[0]!.problem, loaded.faults[0]!.remedy)] : loaded.faults));
      return;
    }
    if (maps.some(({ name }) => name === loaded.map.name)) {
      faults.push(fault(`has the name ${loaded.map.name} of another map`, 'give each PLC its own name'));
    }
    maps.push(loaded.map);
    sources.push(loaded.source);
  });
  const numbers = parsed.data.packml?.state_numbers ?? {};
  for (const [first, second] of doubledNumbers(numbers)) {
    const here = ['plc', 'packml', 'state_numbers', Object.hasOwn(numbers, second) ? second : first];
    const value = valueText(valueAt(source.value, here), here);
    const problem = `gives ${first} and ${second} the same number`;
    const remedy = 'number every state apart';
    faults.push(faultAt(source, here, { path: pathText(here), value, problem, remedy }));
  }
  if (valueAt(source.value, ['start']) === 'on-first-launch' && maps.some((map) => mayStopArms(map))) {
    const here = ['start'];
    faults.push(
      faultAt(source, here, {
        path: 'start',
        value: 'on-first-launch',
        problem: 'would let arms move as soon as the PLC gives its permission',
        remedy: 'write by-command: with permissions of a PLC a person starts the cell',
      }),
    );
  }
  return {
    maps,
    sources,
    stateNumbers: numbers,
    packTags: parsed.data.packml === undefined ? 'none' : 'published',
  };
}

function mayStopArms(map: PlcMap): boolean {
  return (
    map.heartbeat !== null || map.separation !== null || map.inputs.some(({ onLoss }) => onLoss !== null)
  );
}
