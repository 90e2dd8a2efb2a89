import { describe, expect, it } from 'vitest';
import { checkCell, checkLayout } from '../../config/check.ts';
import type { Finding } from '../../config/fault.ts';
import { faultText } from '../../config/fault.ts';
import { loadCell } from '../../config/load.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { changed, CONFIG, loadText, shipped, smallCell } from './cell-text.ts';

const texts = (findings: readonly Finding[]): string[] =>
  findings.map(
    (finding) =>
      `${finding.severity} ${faultText(finding)
        .replace(finding.file, 'cell.yaml')
        .replaceAll(/\/\S*\/(?=[\w.]+)/g, '')}`,
  );

function layout(...changes: readonly (readonly [from: string, to: string])[]): string[] {
  return texts(
    checkLayout(loadText(changes.reduce((text, [from, to]) => changed(text, from, to), smallCell()))),
  );
}

const BROKER = '{ kind: embedded, host: 127.0.0.1, port: 1883 }';

describe('checkLayout', () => {
  it('finds nothing in a cell that is in order', () => {
    expect(layout()).toEqual([]);
  });

  it('names a place that no arm reaches, and the nearest arm', () => {
    expect(layout(['bin-2, position_m: [0.25, -0.95', 'bin-2, position_m: [1.25, -0.95'])).toEqual([
      'error cell.yaml:39:18: bins[1].position_m = [1.25,-0.95,-0.23]: no arm reaches every grid cell of bin-2; ' +
        'the nearest base is that of arm-1, 1.33 m away\n' +
        '    move it nearer to an arm (or further from it: an arm cannot reach down beside its own base)',
    ]);
  });

  it('names an induct from which nothing can be stowed', () => {
    expect(
      layout(
        ['  - { id: bin-3, position_m: [-0.25, 0.95, -0.23] }\n', ''],
        ['  - { id: bin-4, position_m: [0.25, 0.95, -0.23] }\n', ''],
        ['position_m: [0.55, -0.5, -0.23]', 'position_m: [-0.55, 0.5, -0.23]'],
      ),
    ).toEqual([
      'error cell.yaml:46:21: inducts[0].position_m = [-0.55,0.5,-0.23]: no arm reaches induct-1 together with a bin: ' +
        'what comes in there can be stowed nowhere\n    move it, so that one arm reaches both',
    ]);
  });

  it('names places that overlap, and arms that stand in places', () => {
    expect(layout(['position_m: [0.22, 0, -0.23]', 'position_m: [0, 0, -0.23]'])).toEqual([
      'error cell.yaml:45:22: stations[1].position_m = [0,0,-0.23]: station-2 and station-1 overlap by 130 mm x 350 mm\n' +
        '    move one of them',
    ]);
    expect(layout(['bin-2, position_m: [0.25, -0.95', 'bin-2, position_m: [0.05, -0.5'])[0]).toBe(
      'error cell.yaml:39:18: bins[1].position_m = [0.05,-0.5,-0.23]: arm-1 stands in bin-2\n    move one of them',
    );
  });

  it('names bases that stand inside one another', () => {
    expect(layout(['position_m: [0, 0.5, 0]', 'position_m: [0, -0.4, 0]'])).toContain(
      'error cell.yaml:27:5: arms[1].base: the base is 100 mm from that of arm-1\n    place them at least 200 mm apart',
    );
  });

  it('names poses to rest in that touch the cell, the arm itself, or another arm', () => {
    expect(layout(['park_state: park', 'park_rad: [0, 0.6, 0, 0, 0, 0]'])[0]).toMatch(
      /^error cell\.yaml:22:5: arms\[0\]\.park_rad = \[0,0\.6,0,0,0,0\]: in the park pose \S+ is \d+ mm inside table\n/,
    );
    expect(layout(['park_state: park', 'park_rad: [0, -1.5708, 3.1, -1.6, -1.5708, 0]'])[0]).toMatch(
      /in the park pose upper_arm_link is \d+ mm inside wrist_1_link/,
    );
    const facing = '[3.1416, -0.5, 0.6, -1.6708, -1.5708, 0]';
    const second = smallCell().lastIndexOf('park_state: park');
    const text = changed(smallCell(), 'park_state: park', `park_rad: ${facing}`);
    expect(second).toBeGreaterThan(0);
    const both = changed(
      changed(text, 'park_state: park', `park_rad: ${facing}`),
      '[0, 0, 0] }',
      '[0, 0, 90] }',
    );
    const found = texts(checkLayout(loadText(changed(both, 'rpy_deg: [0, 0, 180]', 'rpy_deg: [0, 0, -90]'))));
    expect(found[0]).toMatch(
      /arms\[1\]\.park_rad = \S+: in the park pose \S+ is closer to arm-1 \S+ than the clearance, by \d+ mm/,
    );
  });

  it('names zones that overlap, leave places out, or cannot let two arms rest', () => {
    const zones =
      '{ kind: listed, zones: [{ id: left, min_m: [-5, -5], max_m: [0, 5] }, { id: right, min_m: [-0.1, -5], max_m: [0.3, 5] }] }';
    const found = layout(['zones: { kind: automatic }', `zones: ${zones}`]);
    expect(found).toEqual(
      expect.arrayContaining([
        'error cell.yaml:52:1: zones: right and left overlap by 100 mm x 10000 mm\n' +
          '    zones lie side by side: move an edge of one of them',
        'error cell.yaml:52:1: zones: no zone holds induct-1\n    add one, so that arms do not meet there',
        'error cell.yaml:28:5: arms[1].park_state = "park": arm-2 and arm-1 rest in the same zone left: ' +
          'they could never both rest\n    turn a base or choose other poses to rest in, or divide the zone',
        'error cell.yaml:22:5: arms[0].park_state = "park": the resting arm-1 holds zone left and closes ' +
          'bin-3, station-1 to arm-2\n' +
          '    turn its base or choose another pose to rest in, or place its base further away',
      ]),
    );
  });

  it('names numbers that do not fit one another', () => {
    expect(layout(['approach_m: 0.22', 'approach_m: 0.15'])).toEqual([
      'error cell.yaml:13:1: approach_m = 0.15: is not longer than the walls of station-1 are high, 0.2 m\n' +
        '    an item lifted from the floor has to clear the rim: write more than the height of the walls',
    ]);
    expect(layout(['grid: [2, 2]', 'grid: [20, 2]'])[0]).toBe(
      'error cell.yaml:33:71: containers.storage.grid = [20,2]: leaves 9 mm for an item\n' +
        '    divide the tote into fewer cells',
    );
    expect(
      layout(
        ['sample_every_s: 0.05', 'sample_every_s: 0.005'],
        ['motion_lease_s: 0.5', 'motion_lease_s: 0.05'],
        ['grip_s: 2', 'grip_s: 0.3'],
        ['io_s: 60', 'io_s: 8'],
        ['clearance_m: 0.02', 'clearance_m: 0.002'],
      ).map((text) => text.split('\n')[0]),
    ).toEqual([
      'error cell.yaml:71:3: simulator.sample_every_s = 0.005: is shorter than step_s',
      'error cell.yaml:14:10: dwell.grasp_s = 0.35: is not below deadlines.grip_s',
      'error cell.yaml:59:60: deadlines.io_s = 8: is not above the exchange times',
      'warning cell.yaml:73:3: simulator.motion_lease_s = 0.05: is so short that a busy machine stops the arms',
      'warning cell.yaml:12:1: clearance_m = 0.002: is less than arms are calibrated to',
    ]);
  });

  it('names doors left open and secrets that are not set', () => {
    expect(layout(['{ host: 127.0.0.1, port: 8080 }', '{ host: 0.0.0.0, port: 8080 }'])).toEqual([
      'error cell.yaml:66:11: connections.http.host = "0.0.0.0": lets other machines give commands without a token\n' +
        '    name the variable that holds a token (token_env), or listen on 127.0.0.1',
    ]);
    const open = BROKER.replace('127.0.0.1', '0.0.0.0');
    expect(layout([BROKER, open])).toEqual([
      'error cell.yaml:65:29: connections.broker.host = "0.0.0.0": lets every machine of the network move the arms\n' +
        '    give the broker users (connections.broker.users) and a certificate (tls), or listen on 127.0.0.1',
    ]);
    const users =
      'users: [{ name: a, roles: [arm], arms: [none] }, { name: a, roles: [viewer], password_env: MAGPIE_TEST_PASSWORD }]';
    expect(
      layout([BROKER, open.replace(' }', `, ${users} }`)]).map((text) =>
        text.replace(/^(\w+) \S+ (\S+) .*?: /, '$1 $2 '),
      ),
    ).toEqual([
      'error connections.broker.host lets passwords and commands cross the network in clear text\n' +
        '    give the broker a certificate (connections.broker.tls), or listen on 127.0.0.1',
      'error connections.broker.users[0].name can show neither a password nor a certificate\n' +
        '    name the variable with its password (password_env), or let clients show certificates (tls.client_ca_file)',
      expect.stringMatching(/^error connections.broker.users\[0\].arms\[0\] is no arm of this cell/),
      'error connections.broker.users[1].name is the name of two users\n    give each user a name of its own',
      'warning connections.broker.users[1].password_env is not set in this environment\n' +
        '    set MAGPIE_TEST_PASSWORD where the service runs',
    ]);
    const external =
      '{ kind: external, url: "mqtt://broker:1883", username_env: MAGPIE_TEST_USER, password_env: MAGPIE_TEST_PASSWORD, ca_file: ca.pem }';
    expect(
      layout([BROKER, external]).map((text) => text.replace(/^(\w+) \S+ (\S+) .*?: /, '$1 $2 ')),
    ).toEqual([
      'error connections.broker.ca_file there is no file ca.pem\n    correct the path',
      'warning connections.broker.url sends a password in clear text\n    use mqtts:// or wss://',
      'warning connections.broker.username_env is not set in this environment\n' +
        '    set MAGPIE_TEST_USER where the service runs',
      'warning connections.broker.password_env is not set in this environment\n' +
        '    set MAGPIE_TEST_PASSWORD where the service runs',
    ]);
  });

  it('names files that are not there', () => {
    expect(
      layout(
        [
          'orders: { kind: none }',
          'orders: { kind: file, file: none.csv, mapping: none.yaml, orders_per_hour: 10 }',
        ],
        [`${CONFIG}items/example-items.json`, 'none.json'],
      ).map((text) => text.split('\n')[0]),
    ).toEqual([
      'error cell.yaml:86:12: simulator.items.file = "none.json": none.json does not exist',
      'error cell.yaml:88:25: simulator.orders.file = "none.csv": there is no file none.csv',
      'error cell.yaml:88:41: simulator.orders.mapping = "none.yaml": there is no file none.yaml',
    ]);
  });
});

describe('checkCell', () => {
  const load = (name: string): LoadedCell => {
    const loaded = loadCell(shipped(name));
    if (loaded.status === 'refused') throw new Error(loaded.faults.map(faultText).join('\n'));
    return loaded;
  };

  it.each(['small.yaml', 'two-arm.yaml', 'four-arm.yaml'])('finds nothing in %s', (name) => {
    expect(texts(checkCell(load(name)))).toEqual([]);
  });

  it('finds by planning what positions alone do not show', () => {
    const lid = '  - { id: lid, type: box, size_m: [0.39, 0.34, 0.01], position_m: [-0.25, -0.95, 0] }\n';
    const text = changed(smallCell(), 'zones:', `fixtures:\n${lid}zones:`);
    const [first] = texts(checkCell(loadText(text)));
    expect(first).toMatch(
      /^error cell\.yaml:\d+:18: bins\[0\]\.position_m = \S+: arm-1 finds no motion from bin-1 \(grid cell 0\) to station-1 \(grid cell 0\) with an item of 0\.167 x 0\.142 x 0\.087 m: goal-in-collision/,
    );
  });
});
