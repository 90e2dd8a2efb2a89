import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseDocument } from 'yaml';
import { describe, expect, it } from 'vitest';
import { faultText } from '../../../config/fault.ts';
import { loadCell } from '../../../config/load.ts';
import { loadPlcMap } from '../../../config/plc/load-map.ts';
import { CONVEYOR_FILE } from '../../protocols/plc/conveyor.ts';
import { inDirectory, smallCell } from '../cell-text.ts';

const text = readFileSync(CONVEYOR_FILE, 'utf8');

type Change = readonly [path: readonly (string | number)[], value: unknown];

function changed(changes: readonly Change[]): string {
  const document = parseDocument(text);
  for (const [path, value] of changes) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  return document.toString();
}

function faultsOf(map: string): readonly string[] {
  return inDirectory((directory) => {
    const file = join(directory, 'map.yaml');
    writeFileSync(file, map);
    const loaded = loadPlcMap(file);
    return loaded.status === 'loaded'
      ? []
      : loaded.faults.map((fault) => faultText(fault).replaceAll(`${directory}/`, ''));
  });
}

/** A mistake, and what has to be said of it. */
const MISTAKES: readonly (readonly [what: string, changes: readonly Change[], said: RegExp])[] = [
  ['no format', [[['format'], undefined]], /format: is missing/],
  [
    'an unknown role',
    [[['inputs', 0, 'role'], 'guard-close']],
    /role = "guard-close": is not one of the known values/,
  ],
  ['a misspelt field', [[['inputs', 0, 'debonce'], { on_s: 1 }]], /debonce.*\n.*did you mean debounce/],
  ['a wildcard', [[['inputs', 0, 'source', 'topic'], 'plc/+/x']], /without the wildcards/],
  ['a bad pointer', [[['inputs', 0, 'source', 'pointer'], 'guard']], /JSON pointer/],
  ['two forms of payload', [[['inputs', 0, 'source', 'text'], true]], /says pointer and text of the payload/],
  [
    'quality in plain text',
    [[['heartbeat', 'from_plc', 'source', 'quality'], { pointer: '/q', good: [192] }]],
    /heartbeat\.from_plc\.source\.quality.*needs a JSON payload/,
  ],
  [
    'a bit that is not there',
    [[['inputs', 0, 'source'], { topic: 'a/b', raw: { as: 'uint8', bit: 9 } }]],
    /beyond the 8 bits of uint8/,
  ],
  ['a guard that is a number', [[['inputs', 0, 'type'], 'number']], /does not fit guard-closed/],
  [
    'a permission that is given when unknown',
    [[['inputs', 0, 'safe'], true]],
    /would let arms move when nothing is known/,
  ],
  [
    'an emergency stop that holds',
    [[['inputs', 2, 'on_loss'], 'hold']],
    /too weak for an emergency-stop chain/,
  ],
  ['a guard that suspends', [[['inputs', 0, 'on_loss'], 'suspend']], /lets arms finish what they do/],
  [
    'a stop that is debounced for long',
    [[['inputs', 0, 'debounce', 'off_s'], 0.5]],
    /delays the stop of the arms/,
  ],
  [
    'debouncing beyond staleness',
    [[['inputs', 0, 'debounce', 'on_s'], 3]],
    /is not below the 1 s after which/,
  ],
  ['on without off', [[['inputs', 2, 'off'], undefined]], /has no off/],
  ['a word with two meanings', [[['inputs', 2, 'off'], ['closed']]], /stands in off, too/],
  ['inverted text', [[['handshakes', 0, 'from_plc', 'tote', 'invert'], true]], /turns round a boolean only/],
  ['a distance without a unit', [[['inputs', 3, 'unit'], undefined]], /needs a unit/],
  ['a distance in kilograms', [[['inputs', 3, 'unit'], 'kg']], /is no length/],
  ['min above max', [[['inputs', 3, 'min'], 40]], /is not below max = 30/],
  ['scale 0', [[['inputs', 3, 'scale'], 0]], /makes every value the same/],
  [
    'on_loss of a process input',
    [[['inputs', 4, 'on_loss'], 'hold']],
    /is for permissions, and conveyor-running is none/,
  ],
  ['a permission of a place', [[['inputs', 0, 'place'], 'station-1']], /a permission is of the whole cell/],
  ['two inputs of one name', [[['inputs', 1, 'id'], 'guard']], /is the name of inputs\[0\]\.id already/],
  [
    'an output over another',
    [[['outputs', 1, 'sink', 'pointer'], '/green']],
    /would overwrite outputs\[0\]\.sink/,
  ],
  [
    'an output where the PLC speaks',
    [[['outputs', 0, 'sink', 'topic'], 'plc/conveyor/safety']],
    /on which the PLC is heard, too/,
  ],
  ['level without a request', [[['handshakes', 0, 'to_plc', 'request'], undefined]], /has no request/],
  ['edge with a request', [[['handshakes', 0, 'profile'], 'edge']], /is not used by profile edge/],
  [
    'two places of one number',
    [[['handshakes', 0, 'places', 'station-2'], 1]],
    /is the number of station-1, too/,
  ],
  ['no places', [[['handshakes', 0, 'places'], {}]], /places: is empty/],
  ['busy as a number', [[['handshakes', 0, 'from_plc', 'busy', 'type'], 'integer']], /has to be boolean/],
  ['a heartbeat of text', [[['heartbeat', 'from_plc', 'type'], 'text']], /does not count/],
  ['a step of a toggle', [[['heartbeat', 'from_plc', 'type'], 'boolean']], /needs a counter/],
  ['a distance that is not there', [[['separation', 'distance'], 'scaner']], /did you mean scanner/],
  ['a negative timeout', [[['handshakes', 0, 'timeouts', 'busy_s'], -1]], /busy_s = -1/],
];

describe('a map file', () => {
  it('that ships has no faults', () => {
    expect(faultsOf(text)).toEqual([]);
  });

  it.each(MISTAKES)('with %s: file, line, field, value and remedy are named', (_, changes, said) => {
    const faults = faultsOf(changed(changes));
    expect(faults.join('\n')).toMatch(said);
    for (const fault of faults) expect(fault).toMatch(/^map\.yaml(:\d+:\d+)?: .+\n {4}.+/);
  });

  it('has all its faults told at once', () => {
    const faults = faultsOf(
      changed([
        [['inputs', 0, 'safe'], true],
        [['inputs', 3, 'unit'], 'kg'],
        [['handshakes', 0, 'places'], {}],
        [['stale_s'], 0],
      ]),
    );
    expect(faults).toHaveLength(4);
  });

  it('damaged anywhere is refused or read, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 6 }), (at, inserted) => {
        faultsOf(text.slice(0, at) + inserted + text.slice(at + inserted.length));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a cell with a map', () => {
  const cellFaults = (plc: string, start = 'by-command', map = text): readonly string[] =>
    inDirectory((directory) => {
      writeFileSync(join(directory, 'map.yaml'), map);
      const cell = smallCell().replace('start: on-first-launch', `start: ${start}`);
      writeFileSync(join(directory, 'cell.yaml'), `${cell}\n${plc}\n`);
      const loaded = loadCell(join(directory, 'cell.yaml'));
      return loaded.status === 'loaded'
        ? []
        : loaded.faults.map((fault) => faultText(fault).replaceAll(`${directory}/`, ''));
    });

  it('knows its permissions and zones', () => {
    inDirectory((directory) => {
      writeFileSync(join(directory, 'map.yaml'), text);
      const cell = smallCell().replace('start: on-first-launch', 'start: by-command');
      writeFileSync(join(directory, 'cell.yaml'), `${cell}\nplc: { maps: [map.yaml] }\n`);
      const loaded = loadCell(join(directory, 'cell.yaml'));
      if (loaded.status === 'refused') throw new Error(loaded.faults.map(faultText).join('\n'));
      expect(loaded.cell.plc).toEqual({
        permissions: [
          { id: 'conveyor.guard', onLoss: 'hold' },
          { id: 'conveyor.curtain', onLoss: 'hold' },
          { id: 'conveyor.estop', onLoss: 'abort' },
          { id: 'conveyor.heartbeat', onLoss: 'hold' },
          { id: 'conveyor.separation', onLoss: 'hold' },
        ],
        zones: [{ id: 'conveyor.gate', claimant: 'person', arms: ['arm-1', 'arm-2'] }],
      });
    });
  });

  it('does not start by itself', () => {
    expect(cellFaults('plc: { maps: [map.yaml] }', 'on-first-launch').join()).toMatch(
      /start = on-first-launch.*as soon as/,
    );
  });

  it('has to have the places and arms that the map names', () => {
    const other = text.replaceAll('station-2', 'station-7').replace('[arm-1, arm-2]', '[arm-1, arm-9]');
    const faults = cellFaults('plc: { maps: [map.yaml] }', 'by-command', other).join('\n');
    expect(faults).toMatch(/map\.yaml:\d+:\d+: inputs\[7\]\.place = "station-7": is no place of this cell/);
    expect(faults).toMatch(/handshakes\[0\]\.places\.station-7/);
    expect(faults).toMatch(/arms\[1\] = "arm-9": is no arm of this cell/);
  });

  it('names maps that are there, with names of their own', () => {
    expect(cellFaults('plc: { maps: [nowhere.yaml] }').join()).toMatch(
      /plc\.maps\[0\] = "nowhere\.yaml": does not exist/,
    );
    expect(cellFaults('plc: { maps: [map.yaml, map.yaml] }').join()).toMatch(
      /has the name conveyor of another map/,
    );
  });
});
