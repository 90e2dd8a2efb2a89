import { existsSync } from 'node:fs';
import type { PathKey } from './fault.ts';
import type { Findings } from './findings.ts';
import type { ConnectionSettings } from './settings.ts';
import { readSource } from './source.ts';

/** Numbers and connections that are possible each by itself and make no sense together. */
export function checkSettings(findings: Findings): void {
  const { loaded } = findings;
  if (loaded.cell.fixedTasks.length > 0) return;
  connections(findings);
  timing(findings);
  files(findings);
  goods(findings);
}

/** Variables of the embedded broker's user that may do everything. */
const WHOLE_USER = ['MAGPIE_MQTT_USERNAME', 'MAGPIE_MQTT_PASSWORD'];
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

function connections(findings: Findings): void {
  const { broker, http } = findings.loaded.connections;
  if (!LOOPBACK.test(http.host) && http.tokenEnv === null) {
    findings.error(
      ['connections', 'http', 'host'],
      'lets other machines give commands without a token',
      'name the variable that holds a token (token_env), or listen on 127.0.0.1',
    );
  }
  if (broker.kind === 'embedded') embeddedBroker(findings, broker);
  else externalBroker(findings, broker);
  const named: readonly (readonly [readonly PathKey[], string | null])[] = [
    [['connections', 'http', 'token_env'], http.tokenEnv],
    [['connections', 'broker', 'username_env'], broker.kind === 'external' ? broker.usernameEnv : null],
    [['connections', 'broker', 'password_env'], broker.kind === 'external' ? broker.passwordEnv : null],
    ...(broker.kind === 'embedded' ? broker.users : []).map(
      (user, index) => [['connections', 'broker', 'users', index, 'password_env'], user.passwordEnv] as const,
    ),
  ];
  for (const [path, name] of named) {
    if (name === null || (process.env[name] ?? '') !== '') continue;
    findings.warning(path, 'is not set in this environment', `set ${name} where the service runs`);
  }
}

type Broker<K> = Extract<ConnectionSettings['broker'], { kind: K }>;

const AT_BROKER: readonly PathKey[] = ['connections', 'broker'];

function embeddedBroker(findings: Findings, broker: Broker<'embedded'>): void {
  const { tls, users } = broker;
  if (!LOOPBACK.test(broker.host)) {
    const hasWholeUser = WHOLE_USER.every((name) => (process.env[name] ?? '') !== '');
    if (users.length === 0 && !hasWholeUser) {
      findings.error(
        [...AT_BROKER, 'host'],
        'lets every machine of the network move the arms',
        'give the broker users (connections.broker.users) and a certificate (tls), or listen on 127.0.0.1',
      );
    } else if (tls === null) {
      findings.error(
        [...AT_BROKER, 'host'],
        'lets passwords and commands cross the network in clear text',
        'give the broker a certificate (connections.broker.tls), or listen on 127.0.0.1',
      );
    }
  }
  missingFiles(findings, [
    [[...AT_BROKER, 'tls', 'certificate_file'], tls?.certificateFile ?? null],
    [[...AT_BROKER, 'tls', 'key_file'], tls?.keyFile ?? null],
    [[...AT_BROKER, 'tls', 'ca_file'], tls?.caFile ?? null],
    [[...AT_BROKER, 'tls', 'client_ca_file'], tls?.clientCaFile ?? null],
  ]);
  const armIds = findings.loaded.cell.arms.map(({ id }) => id);
  const seen = new Set<string>();
  users.forEach((user, index) => {
    const at = [...AT_BROKER, 'users', index];
    if (seen.has(user.name)) {
      findings.error([...at, 'name'], 'is the name of two users', 'give each user a name of its own');
    }
    seen.add(user.name);
    if (user.passwordEnv === null && (tls?.clientCaFile ?? null) === null) {
      findings.error(
        [...at, 'name'],
        'can show neither a password nor a certificate',
        'name the variable with its password (password_env), or let clients show certificates (tls.client_ca_file)',
      );
    }
    user.arms.forEach((armId, k) => {
      if (armIds.includes(armId)) return;
      findings.error([...at, 'arms', k], 'is no arm of this cell', `write one of ${armIds.join(', ')}`);
    });
  });
}

function externalBroker(findings: Findings, broker: Broker<'external'>): void {
  broker.urls.forEach((url, index) => {
    const plain = /^(mqtt|ws):\/\/(?!localhost|127\.|\[::1\])/.test(url);
    if (!plain || broker.passwordEnv === null) return;
    const path = index === 0 ? ['url'] : ['fallback_urls', index - 1];
    findings.warning([...AT_BROKER, ...path], 'sends a password in clear text', 'use mqtts:// or wss://');
  });
  missingFiles(findings, [
    [[...AT_BROKER, 'ca_file'], broker.caFile],
    [[...AT_BROKER, 'certificate_file'], broker.certificate?.file ?? null],
    [[...AT_BROKER, 'key_file'], broker.certificate?.keyFile ?? null],
  ]);
}

function missingFiles(
  findings: Findings,
  named: readonly (readonly [path: readonly PathKey[], file: string | null])[],
): void {
  for (const [path, file] of named) {
    if (file !== null && !existsSync(file)) {
      findings.error(path, `there is no file ${file}`, 'correct the path');
    }
  }
}

/** An arm's controller has to be heard from more often than its lease lasts: a few control ticks, us. */
const LEASE_MIN_US = 100_000;

function timing(findings: Findings): void {
  const { cell, simulator } = findings.loaded;
  const { world } = simulator;
  if (world.sampleEveryUs < world.stepUs) {
    findings.error(['simulator', 'sample_every_s'], 'is shorter than step_s', 'write at least step_s');
  }
  if (world.leaseUs < LEASE_MIN_US) {
    findings.warning(
      ['simulator', 'motion_lease_s'],
      'is so short that a busy machine stops the arms',
      `write at least ${LEASE_MIN_US / 1_000_000}`,
    );
  }
  for (const [field, dwellUs] of [
    ['grasp_s', cell.graspDwellUs],
    ['release_s', cell.releaseDwellUs],
  ] as const) {
    if (dwellUs < cell.deadlines.gripUs) continue;
    findings.error(['dwell', field], 'is not below deadlines.grip_s', 'give the tool more time to answer');
  }
  const { shuttleExchangeUs, toteExchangeUs } = cell.logistics;
  if (Math.max(shuttleExchangeUs, toteExchangeUs) >= cell.deadlines.ioUs) {
    findings.error(
      ['deadlines', 'io_s'],
      'is not above the exchange times',
      'write more than the longest of them',
    );
  }
  if (cell.clearanceM < 0.005) {
    findings.warning(
      ['clearance_m'],
      'is less than arms are calibrated to',
      'write 0.01 or more for real arms',
    );
  }
}

function files(findings: Findings): void {
  const { itemsFile, orders } = findings.loaded.simulator;
  const items = readSource(itemsFile);
  if (items.status === 'refused') {
    const { problem, remedy } = items.faults[0]!;
    findings.error(['simulator', 'items', 'file'], `${itemsFile} ${problem}`, remedy);
  }
  if (orders.kind !== 'file') return;
  for (const [field, file] of [
    ['file', orders.file],
    ['mapping', orders.mapping],
  ] as const) {
    if (file === null || existsSync(file)) continue;
    findings.error(
      ['simulator', 'orders', field],
      `there is no file ${file}`,
      'correct the path; it is relative to this file',
    );
  }
}

/** The lightest load at which a suction tool is worth its name, kg. */
const PAYLOAD_MIN_KG = 0.05;

function goods(findings: Findings): void {
  for (const arm of findings.loaded.cell.arms) {
    const { tool } = arm.manipulator;
    if (tool.payloadMaxKg >= PAYLOAD_MIN_KG) continue;
    const problem = `the tool ${tool.name} carries ${tool.payloadMaxKg} kg only`;
    findings.warning(
      findings.arm(arm.id, 'tool'),
      problem,
      'check payload_max_kg of the tool: it is in kilograms',
    );
  }
}
