import { existsSync } from 'node:fs';
import type { PathKey } from './fault.ts';
import type { Findings } from './findings.ts';
import type { ExternalBrokerSettings } from './settings.ts';

/** What is wrong or doubtful with the way to a broker that somebody else runs. */
export function checkBroker(
  findings: Findings,
  path: readonly PathKey[],
  broker: ExternalBrokerSettings,
): void {
  const plain = /^(mqtt|ws):\/\/(?!localhost|127\.|\[::1\])/.test(broker.url);
  if (plain && broker.passwordEnv !== null) {
    findings.warning([...path, 'url'], 'sends a password in clear text', 'use mqtts:// or wss://');
  }
  if (broker.caFile !== null && !existsSync(broker.caFile)) {
    findings.error([...path, 'ca_file'], `there is no file ${broker.caFile}`, 'correct the path');
  }
  checkVariable(findings, [...path, 'username_env'], broker.usernameEnv);
  checkVariable(findings, [...path, 'password_env'], broker.passwordEnv);
}

/** A variable that the file names, and that is not there where the file is checked. */
export function checkVariable(findings: Findings, path: readonly PathKey[], name: string | null): void {
  if (name === null || (process.env[name] ?? '') !== '') return;
  findings.warning(path, 'is not set in this environment', `set ${name} where the service runs`);
}
