import { describe, expect, it } from 'vitest';
import { checkLayout } from '../../config/check.ts';
import { faultText } from '../../config/fault.ts';
import { shows } from '../protocols/sparkplug/tck.ts';
import { changed, faultsOf, loadText, smallCell } from './cell-text.ts';

const HTTP = '  http: {';

/** The small cell with a Sparkplug section. */
function cell(section: string): string {
  const lines = section.split('\n').map((line) => `    ${line}\n`);
  return changed(smallCell(), HTTP, `  sparkplug:\n${lines.join('')}${HTTP}`);
}

const EDGE = 'edge_node: { group: site, node: small, keep_values: 1000 }';
const HOST =
  'host: { id: magpie, groups: [site, plcs], reorder_timeout_s: 2, nodes: [{ group: plcs, node: line-1 }] }';

function refusals(section: string): string[] {
  return faultsOf(cell(section)).map((fault) => fault.replace(/^.*?: connections\.sparkplug\./, ''));
}

function findings(section: string, ...changes: readonly (readonly [string, string])[]): string[] {
  const text = changes.reduce((so, [from, to]) => changed(so, from, to), cell(section));
  return checkLayout(loadText(text)).map(
    (finding) => `${finding.severity} ${faultText(finding).replace(/^.*?: /, '')}`,
  );
}

describe('connections.sparkplug', () => {
  it('is read; without servers the cell’s broker is meant', () => {
    const { sparkplug } = loadText(cell(`${EDGE}\n${HOST}`)).connections;
    expect(sparkplug).toEqual({
      edgeNode: { group: 'site', node: 'small', primaryHost: null, keepValues: 1_000, servers: [] },
      host: {
        id: 'magpie',
        groups: ['site', 'plcs'],
        reorderMs: 2_000,
        nodes: [{ group: 'plcs', node: 'line-1' }],
        servers: [],
      },
    });
    expect(findings(`${EDGE}\n${HOST}`)).toEqual([]);
  });

  it('may be left out', () => {
    expect(loadText(smallCell()).connections.sparkplug).toEqual({ edgeNode: null, host: null });
  });

  it('may name servers of its own', () => {
    const servers = 'servers: [{ url: "mqtts://one:8883", username_env: A_USER, password_env: A_PASS }]';
    const { edgeNode } = loadText(cell(EDGE.replace(' }', `, ${servers} }`))).connections.sparkplug;
    expect(edgeNode!.servers).toEqual([
      {
        kind: 'external',
        url: 'mqtts://one:8883',
        usernameEnv: 'A_USER',
        passwordEnv: 'A_PASS',
        caFile: null,
      },
    ]);
  });

  shows(
    [
      'tck-id-topic-structure-namespace-valid-group-id',
      'tck-id-topic-structure-namespace-valid-edge-node-id',
      'tck-id-topic-structure-namespace-valid-device-id',
      'tck-id-intro-group-id-chars',
      'tck-id-intro-edge-node-id-chars',
      'tck-id-intro-device-id-chars',
    ],
    () => {
      for (const id of ['a/b', 'a+', '#', '', 'a\\tb']) {
        expect(refusals(EDGE.replace('group: site', `group: "${id}"`))[0]).toMatch(/^edge_node\.group/);
        expect(refusals(EDGE.replace('node: small', `node: "${id}"`))[0]).toMatch(/^edge_node\.node/);
        // Devices are arms.
        expect(faultsOf(changed(smallCell(), 'id: arm-1', `id: "${id}"`))[0]).toMatch(/: arms\[0\]\.id/);
      }
      expect(refusals(EDGE.replace('group: site', 'group: "Werk Süd (1)"'))).toEqual([]);
    },
  );

  it.each<readonly [string, string, RegExp]>([
    ['a missing field', EDGE.replace(', keep_values: 1000', ''), /^edge_node\.keep_values: is missing/],
    ['an unknown field', EDGE.replace('keep_values', 'keep_value'), /keep_value.*did you mean keep_values/s],
    ['no groups', HOST.replace('[site, plcs]', '[]'), /^host\.groups.*at least 1 entry/s],
    ['a timeout of minutes', HOST.replace('_s: 2', '_s: 200'), /^host\.reorder_timeout_s = 200.*at most 60/s],
    [
      'a password in the address',
      EDGE.replace(' }', ', servers: [{ url: "mqtt://a:b@c" }] }'),
      /without user and password/,
    ],
    [
      'a password without a user',
      EDGE.replace(' }', ', servers: [{ url: "mqtt://c", password_env: P }] }'),
      /username_env.*is missing/s,
    ],
  ])('%s is refused', (_what, section, message) => {
    expect(refusals(section).join('\n')).toMatch(message);
  });

  it('what does not work together is found', () => {
    const primary = EDGE.replace(' }', ', primary_host: magpie }');
    expect(findings(`${primary}\n${HOST}`)[0]).toMatch(
      /error .*primary_host = "magpie": is the cell’s own host/,
    );
    expect(findings(HOST.replace('group: plcs, node', 'group: other, node'))[0]).toMatch(
      /error .*nodes\[0\]\.group = "other": is not one of the groups.*add other to groups/s,
    );
    expect(findings(HOST.replace('[site, plcs]', '[plcs, plcs]'))[0]).toMatch(
      /error .*groups\[1\] = "plcs": stands twice/,
    );
    const twice = EDGE.replace(' }', ', servers: [{ url: mqtt://a }, { url: mqtt://a }] }');
    expect(findings(twice)[0]).toMatch(/error .*servers\[1\]\.url = "mqtt:\/\/a": stands twice/);
    const secret = EDGE.replace(
      ' }',
      ', servers: [{ url: mqtt://a, username_env: NO_U, password_env: NO_P, ca_file: no.pem }] }',
    );
    expect(findings(secret).map((text) => text.split('\n')[0]!.replace(/ \/\S*\//, ' '))).toEqual([
      expect.stringMatching(/^error .*ca_file.*there is no file no\.pem/),
      expect.stringMatching(/^warning .*url.*clear text/),
      expect.stringMatching(/^warning .*username_env.*is not set/),
      expect.stringMatching(/^warning .*password_env.*is not set/),
    ]);
  });

  it('arms whose ids differ in capitals only cannot be devices', () => {
    expect(findings(EDGE, ['id: arm-2', 'id: ARM-1']).join('\n')).toMatch(
      /arms\[1\]\.id.*differs from arm-1 in capitals only/,
    );
  });
});
