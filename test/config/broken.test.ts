import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultText } from '../../config/fault.ts';
import { loadCell } from '../../config/load.ts';
import { changed, CONFIG, faultsOf, smallCell } from './cell-text.ts';

const BROKER = '{ kind: embedded, host: 127.0.0.1, port: 1883 }';
const INDUCT = / {2}induct: \{.*\n/.exec(smallCell())?.[0] ?? '';
const A_NUMBER = 'write a number, without unit or quotes';

/** A change of the small cell, and what a person is told of it: file, line, path, value, problem, remedy. */
const BROKEN: readonly (readonly [name: string, from: string, to: string, faults: readonly string[]])[] = [
  [
    'the same key twice',
    'name: small\n',
    'name: small\nname: twice\n',
    ['cell.yaml:8:1: the same key stands twice in one map\n    remove or rename one of the two'],
  ],
  [
    'a tab',
    'dwell: {',
    '\tdwell: {',
    [
      'cell.yaml:14:1: is not valid YAML: Tabs are not allowed as indentation\n' +
        '    correct the line; indent with spaces, not tabs',
    ],
  ],
  [
    'a second document',
    'zones:',
    '---\nzones:',
    [
      'cell.yaml:52:1: a second document begins here\n    a file holds one cell: remove the --- and what follows it',
    ],
  ],
  [
    'another format',
    'magpie-cell/1',
    'magpie-cell/2',
    ['cell.yaml:6:1: format = "magpie-cell/2": is not one of the known values\n    write magpie-cell/1'],
  ],
  [
    'millimetres',
    'clearance_m: 0.02',
    'clearance_m: 20',
    [
      'cell.yaml:12:1: clearance_m = 20: is too large\n' +
        '    it has to be at most 0.5. Lengths are metres: 20 mm is 0.02',
    ],
  ],
  [
    'a unit in the value',
    'tote_exchange_s: 4',
    'tote_exchange_s: 4 s',
    [
      'cell.yaml:54:58: logistics.tote_exchange_s = "4 s": is a text\n' +
        `    ${A_NUMBER} (From a full order tote's leaving until the next one stands there)`,
    ],
  ],
  [
    'not a number',
    'approach_m: 0.22',
    'approach_m: .nan',
    [
      'cell.yaml:13:1: approach_m = NaN: is not a finite number\n' +
        `    ${A_NUMBER} (Straight vertical approach and retreat above each pick and place point)`,
    ],
  ],
  [
    'a field without its unit',
    'clearance_m: 0.02',
    'clearance: 0.02',
    [
      'cell.yaml:6:1: clearance_m: is missing\n' +
        '    add it: a number, without unit or quotes (Any two arms (links, tools, items) keep this distance)',
      'cell.yaml:12:1: clearance = 0.02: is not a known field\n    did you mean clearance_m?',
    ],
  ],
  [
    'a misspelt section',
    'logistics: {',
    'logistic: {',
    [
      'cell.yaml:6:1: logistics: is missing\n    add it: a map of fields',
      'cell.yaml:54:1: logistic: is not a known field\n    did you mean logistics?',
    ],
  ],
  [
    'a misspelt choice',
    'policy: zone-interlock',
    'policy: zone-interlok',
    [
      'cell.yaml:9:1: policy = "zone-interlok": is not one of the known values\n' +
        '    did you mean zone-interlock? write one of sequential, zone-interlock, greedy, magpie',
    ],
  ],
  [
    'two arms of one name',
    '- id: arm-2',
    '- id: arm-1',
    [
      'cell.yaml:24:5: arms[1].id = "arm-1": is the name of arms[0].id already\n    give each thing its own name',
    ],
  ],
  [
    'a station named like a bin',
    'id: station-1',
    'id: bin-1',
    [
      'cell.yaml:44:7: stations[0].id = "bin-1": is the name of bins[0].id already\n    give each thing its own name',
    ],
  ],
  [
    'a name that does not fit a topic',
    '- id: arm-2',
    '- id: "arm 2/x"',
    [
      'cell.yaml:24:5: arms[1].id = "arm 2/x": is not allowed here\n' +
        '    write letters, digits, _ and - only, beginning with a letter or digit',
    ],
  ],
  [
    'an unknown group state',
    'park_state: park',
    'park_state: parc',
    [
      'cell.yaml:22:5: arms[0].park_state = "parc": is no group state of this arm\n' +
        '    did you mean park? the SRDF has home, park',
    ],
  ],
  [
    'two poses to rest in',
    'park_state: park',
    'park_state: park\n    park_rad: [0, 0, 0, 0, 0, 0]',
    [
      'cell.yaml:17:5: arms[0]: needs one pose to rest in\n' +
        '    give park_state (a group state of the SRDF) or park_rad, not both',
    ],
  ],
  [
    'a pose of too few joints',
    'park_state: park',
    'park_rad: [0, 0, 0]',
    [
      'cell.yaml:22:5: arms[0].park_rad = [0,0,0]: has 3 values, the arm has 6 joints\n' +
        '    write one for each of shoulder_pan_joint, shoulder_lift_joint, elbow_joint, wrist_1_joint, ' +
        'wrist_2_joint, wrist_3_joint',
    ],
  ],
  [
    'a pose in degrees',
    'park_state: park',
    'park_rad: [0, -90, 2, 0, 0, 0]',
    [
      'cell.yaml:22:19: arms[0].park_rad[1] = -90: is outside the limits of shoulder_lift_joint, -6.283 to 6.283\n' +
        '    choose a value inside; joint values are radians',
    ],
  ],
  [
    'a description that is not there',
    `${CONFIG}arms/ur5e`,
    'nowhere',
    [
      'cell.yaml:18:5: arms[0].description = "nowhere": there is no directory nowhere\n' +
        '    name a directory with .urdf, .srdf and .limits.yaml, relative to this file',
    ],
  ],
  [
    'a directory without a description',
    `${CONFIG}arms/ur5e`,
    `${CONFIG}tools`,
    [
      'cell.yaml:18:5: arms[0].description = "config/tools": config/tools has 0 files that end in .urdf\n' +
        '    it needs exactly one; or name the files with urdf, srdf and limits',
    ],
  ],
  [
    'an address instead of a file',
    `${CONFIG}arms/ur5e`,
    'http://example.org/arm',
    [
      'cell.yaml:18:5: arms[0].description = "http://example.org/arm": is not allowed here\n' +
        '    write a path of a file on this machine; addresses and ~ are not supported',
    ],
  ],
  [
    'a tool that is not there',
    `${CONFIG}tools/suction-200.yaml`,
    'tool.yaml',
    [
      'cell.yaml:19:5: arms[0].tool = "tool.yaml": tool.yaml does not exist\n' +
        '    check the name; paths are relative to the file that names them',
    ],
  ],
  [
    'a directory as a tool',
    `${CONFIG}tools/suction-200.yaml`,
    `${CONFIG}tools`,
    ['cell.yaml:19:5: arms[0].tool = "config/tools": config/tools is a directory\n    name a file inside it'],
  ],
  [
    'two descriptions',
    '    tool:',
    '    urdf: a.urdf\n    limits: a.limits.yaml\n    tool:',
    [
      'cell.yaml:17:5: arms[0]: needs one description\n' +
        '    give description (a directory), or urdf and limits (files), not both',
    ],
  ],
  [
    'a URDF without limits',
    `description: ${CONFIG}arms/ur5e`,
    'urdf: a.urdf',
    [
      'cell.yaml:17:5: arms[0]: has an incomplete description\n' +
        '    own files are urdf and limits, and srdf where there is one',
    ],
  ],
  [
    'two orientations',
    'rpy_deg: [0, 0, 180]',
    'rpy_deg: [0, 0, 180], quaternion_xyzw: [0, 0, 0, 1]',
    ['cell.yaml:27:5: arms[1].base: has two orientations\n    give rpy_deg or quaternion_xyzw, not both'],
  ],
  [
    'a quaternion that is none',
    'rpy_deg: [0, 0, 180]',
    'quaternion_xyzw: [0, 0, 0, 0.5]',
    [
      'cell.yaml:27:38: arms[1].base.quaternion_xyzw = [0,0,0,0.5]: is not of length 1\n' +
        '    divide by its length: x, y, z, w',
    ],
  ],
  [
    'a password in the file',
    BROKER,
    '{ kind: external, url: "mqtt://me:hunter2@broker:1883" }',
    [
      'cell.yaml:65:29: connections.broker.url = "mqtt://***@broker:1883": is not allowed here\n' +
        '    write mqtt://HOST:PORT, mqtts://, ws:// or wss://, without user and password',
    ],
  ],
  [
    'a password in place of a variable',
    BROKER,
    '{ kind: external, url: "mqtt://broker:1883", username_env: MQTT_USER, password_env: "hunter2!" }',
    [
      'cell.yaml:65:81: connections.broker.password_env = ***: is not allowed here\n' +
        '    write the NAME of an environment variable (capitals, digits, _); secrets never stand in the file',
    ],
  ],
  [
    'one port for two services',
    'port: 8080',
    'port: 1883',
    [
      'cell.yaml:66:28: connections.http.port = 1883: is the port of the embedded broker too\n' +
        '    give the page and the broker different ports',
    ],
  ],
  [
    'a port that is none',
    'port: 8080',
    'port: 80800',
    ['cell.yaml:66:28: connections.http.port = 80800: is too large\n    it has to be at most 65535'],
  ],
  [
    'percent for a share',
    'grasp_failed: 0.018',
    'grasp_failed: 1.8',
    [
      'cell.yaml:81:5: simulator.exception_rates.grasp_failed = 1.8: is too large\n    it has to be at most 1',
    ],
  ],
  [
    'zones turned inside out, of one name',
    'zones: { kind: automatic }',
    'zones: { kind: listed, zones: [{ id: a, min_m: [1, 0], max_m: [0, 1] }, { id: a, min_m: [0, 0], max_m: [1, 1] }] }',
    [
      'cell.yaml:52:75: zones.zones[1].id = "a": is the name of zones.zones[0].id already\n    give each thing its own name',
      'cell.yaml:52:49: zones.zones[0].min_m[0] = 1: is not below max_m[0] = 0\n    write min_m below max_m',
    ],
  ],
  [
    'inducts without their tote',
    INDUCT,
    '',
    [
      'cell.yaml:32:1: containers.induct: is missing, but there are inducts\n' +
        '    describe the induct totes, or remove inducts',
    ],
  ],
  [
    'a range turned round',
    'answer_after_min_s: 20',
    'answer_after_min_s: 200',
    [
      'cell.yaml:85:15: simulator.operator.answer_after_min_s = 200: is above answer_after_max_s = 90\n' +
        '    write at most answer_after_max_s',
    ],
  ],
  [
    'exceptions and steps that do not exist',
    'grasp-failed: [retry, retry, other-arm]',
    'grasp-fail: [retry]\n  dropped: [retri]',
    [
      'cell.yaml:58:13: exception_policies.dropped[0] = "retri": is not one of the known values\n' +
        '    did you mean retry? write one of retry, other-arm, other-location',
      'cell.yaml:57:3: exception_policies.grasp-fail = ["retry"]: is not a known field\n    did you mean grasp-failed?',
    ],
  ],
  [
    'a grid that cannot be',
    'grid: [2, 2]',
    'grid: [0, 2.5]',
    [
      'cell.yaml:33:78: containers.storage.grid[0] = 0: is too small\n    it has to be at least 1',
      'cell.yaml:33:81: containers.storage.grid[1] = 2.5: is a number with a fraction\n    write a whole number',
    ],
  ],
  [
    'lists and names with nothing in them, a point of two coordinates',
    'bins:\n  - { id: bin-1, position_m: [-0.25, -0.95, -0.23] }',
    'fixtures: [{ id: "", type: box, size_m: [1, 1], position_m: [0, 0, 9] }]\n' +
      'bins:\n  - { id: bin-1, position_m: [-0.25, -0.95, -0.23, 0] }',
    [
      'cell.yaml:39:18: bins[0].position_m = [-0.25,-0.95,-0.23,0]: has too many entries\n' +
        '    it may have at most 3 entries',
      'cell.yaml:37:33: fixtures[0].size_m = [1,1]: has too few entries\n    it needs at least 3 entries',
      'cell.yaml:37:14: fixtures[0].id = "": is empty\n    it needs at least 1 character',
      'cell.yaml:37:14: fixtures[0].id = "": is not allowed here\n' +
        '    write letters, digits, _ and - only, beginning with a letter or digit',
    ],
  ],
  [
    'an order stream without a file',
    'orders: { kind: none }',
    'orders: { kind: file, orders_per_hour: 0 }',
    [
      'cell.yaml:88:3: simulator.orders.file: is missing\n    add it: a text (CSV file of order lines)',
      'cell.yaml:88:25: simulator.orders.orders_per_hour = 0: is too small\n    it has to be more than 0',
    ],
  ],
];

describe('broken cell files', () => {
  it.each(BROKEN)('%s', (_, from, to, faults) => {
    expect(faultsOf(changed(smallCell(), from, to))).toEqual(faults);
  });

  it.each([
    ['a list', '- 1\n', 'cell.yaml:1:1: [1]: is a list\n    write a map of fields'],
    ['a word', 'hello', 'cell.yaml:1:1: "hello": is a text\n    write a map of fields'],
    ['nothing', '# only a comment\n', 'cell.yaml: is empty\n    docs/configuration.md shows what it holds'],
  ])('%s instead of a cell', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
  });

  it('small texts that unfold into large ones', () => {
    const line = (name: string, of: string): string =>
      `${name}: &${name} [${Array(12).fill(of).join(', ')}]\n`;
    const bomb = `${line('a', '1')}${line('b', '*a')}${line('c', '*b')}`;
    expect(faultsOf(smallCell() + bomb)).toEqual([
      'cell.yaml: cannot be unfolded: Excessive alias count indicates a resource exhaustion attack\n' +
        '    use fewer anchors (&) and aliases (*)',
    ]);
  });

  it('a file that is not there, and one that is no text', () => {
    const absent = loadCell(join(CONFIG, 'cells', 'absent.yaml'));
    expect(absent.status === 'refused' && absent.faults.map((fault) => fault.problem)).toEqual([
      'does not exist',
    ]);
    const directory = loadCell(CONFIG);
    expect(directory.status === 'refused' && faultText(directory.faults[0]!)).toContain('is a directory');
  });

  it('everything at once, in the order of the checks', () => {
    let text = smallCell();
    for (const [from, to] of [
      ['policy: zone-interlock', 'policy: none'],
      ['- id: arm-2', '- id: arm-1'],
      ['park_state: park', 'park_state: rest'],
      ['clearance_m: 0.02', 'clearance_m: 2'],
      ['port: 8080', 'port: 1883'],
      ['id: bin-4', 'id: bin-3'],
    ] as const) {
      text = changed(text, from, to);
    }
    expect(faultsOf(text).map((fault) => fault.split(':')[3]?.trim())).toEqual([
      'policy = "none"',
      'clearance_m = 2',
      'arms[1].id = "arm-1"',
      'bins[3].id = "bin-3"',
      'connections.http.port = 1883',
      'arms[0].park_state = "rest"',
    ]);
  });
});

describe('broken descriptions of arms', () => {
  const file = (name: string): string => readFileSync(join(CONFIG, name), 'utf-8');
  const own = changed(
    changed(
      smallCell(),
      `description: ${CONFIG}arms/ur5e`,
      'urdf: own.urdf\n    srdf: own.srdf\n    limits: own.limits.yaml',
    ),
    `${CONFIG}tools/suction-200.yaml`,
    'own-tool.yaml',
  );
  const files = {
    'own.urdf': file('arms/ur5e/ur5e.urdf'),
    'own.srdf': file('arms/ur5e/ur5e.srdf'),
    'own.limits.yaml': file('arms/ur5e/ur5e.limits.yaml'),
    'own-tool.yaml': file('tools/suction-200.yaml'),
  };

  it('takes an arm described by its own files, with or without SRDF', () => {
    expect(faultsOf(own, files)).toEqual([]);
    const bare = changed(own, '    srdf: own.srdf\n', '');
    expect(faultsOf(bare, files)).toEqual([
      'cell.yaml:23:5: arms[0].park_state = "park": is no group state of this arm\n' +
        '    the arm has no group states; write park_rad instead',
    ]);
    expect(
      faultsOf(changed(bare, 'park_state: park', 'park_rad: [0, -2, 2.2, -1.7708, -1.5708, 0]'), files),
    ).toEqual([]);
  });

  it('names what is wrong in all files of an arm and in the cell file together', () => {
    const parent = '<parent link="upper_arm_link"/>';
    const faults = faultsOf(changed(own, 'clearance_m: 0.02', 'clearance_m: -1'), {
      'own.urdf': changed(files['own.urdf'], parent, '<parent link="uper_arm_link"/>'),
      'own.srdf': files['own.srdf'],
      'own.limits.yaml': changed(
        files['own.limits.yaml'],
        'jerk_max_rad_per_s3: 80',
        'jerk_max_rad_per_s3: 0',
      ),
      'own-tool.yaml': changed(files['own-tool.yaml'], 'mass_kg: 0.8', 'mass_kg: -0.8'),
    });
    const where = (fault: string): string => /^[^ ]+ [^:]+/.exec(fault)?.[0] ?? fault;
    expect(faults.map(where).sort()).toEqual([
      'cell.yaml:12:1: clearance_m = -1',
      expect.stringMatching(/^own-tool\.yaml:\d+:1: mass_kg = -0\.8$/),
      expect.stringMatching(/^own\.limits\.yaml:\d+:5: joints\.shoulder_pan_joint\.jerk_max_rad_per_s3 = 0$/),
      expect.stringMatching(/^own\.urdf:\d+:3: joint 'elbow_joint' parent = uper_arm_link$/),
    ]);
  });

  it('points at the line of a group state', () => {
    const srdf = files['own.srdf'].replace(/("elbow_joint" value=")2[.\d]*"/, '$126"');
    expect(faultsOf(own, { ...files, 'own.srdf': srdf })[0]).toMatch(
      /^own\.srdf:\d+:3: group_state 'park' joint 'elbow_joint' = 26: outside the limits/,
    );
  });
});
