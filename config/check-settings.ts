import { existsSync } from 'node:fs';
import { checkBroker, checkVariable } from './check-broker.ts';
import { checkSparkplug } from './check-sparkplug.ts';
import type { Findings } from './findings.ts';
import { readSource } from './source.ts';

/** Numbers and connections that are possible each by itself and make no sense together. */
export function checkSettings(findings: Findings): void {
  const { loaded } = findings;
  if (loaded.cell.fixedTasks.length > 0) return;
  connections(findings);
  checkSparkplug(findings);
  timing(findings);
  files(findings);
  goods(findings);
}

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
  if (broker.kind === 'embedded' && !LOOPBACK.test(broker.host)) {
    findings.warning(
      ['connections', 'broker', 'host'],
      'lets every machine of the network speak as an arm',
      'use a broker with users and access rules (kind: external), or listen on 127.0.0.1',
    );
  }
  if (broker.kind === 'external') checkBroker(findings, ['connections', 'broker'], broker);
  checkVariable(findings, ['connections', 'http', 'token_env'], http.tokenEnv);
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
