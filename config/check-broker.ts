import { existsSync } from 'node:fs';
import type { PathKey } from './fault.ts';
import type { Findings } from './findings.ts';
import type { ExternalBrokerSettings } from './settings.ts';

/** What is wrong or doubtful with the way to a broker that somebody else runs; `at`: where it stands in the file. */
export function checkBroker(
  findings: Findings,
  at: readonly PathKey[],
  broker: ExternalBrokerSettings,
): void {
  broker.urls.forEach((url, index) => {
    const plain = /^(mqtt|ws):\/\/(?!localhost|127\.|\[::1\])/.test(url);
    if (!plain || broker.passwordEnv === null) return;
    const path = index === 0 ? ['url'] : ['fallback_urls', index - 1];
    findings.warning([...at, ...path], 'sends a password in clear text', 'use mqtts:// or wss://');
  });
  checkFiles(findings, [
    [[...at, 'ca_file'], broker.caFile],
    [[...at, 'certificate_file'], broker.certificate?.file ?? null],
    [[...at, 'key_file'], broker.certificate?.keyFile ?? null],
  ]);
  checkVariable(findings, [...at, 'username_env'], broker.usernameEnv);
  checkVariable(findings, [...at, 'password_env'], broker.passwordEnv);
}

/** Files that the cell file names; null: it does not. */
export function checkFiles(
  findings: Findings,
  named: readonly (readonly [path: readonly PathKey[], file: string | null])[],
): void {
  for (const [path, file] of named) {
    if (file !== null && !existsSync(file)) {
      findings.error(path, `there is no file ${file}`, 'correct the path');
    }
  }
}

/** A variable that the file names, and that is not there where the file is checked. */
export function checkVariable(findings: Findings, path: readonly PathKey[], name: string | null): void {
  if (name === null || (process.env[name] ?? '') !== '') return;
  findings.warning(path, 'is not set in this environment', `set ${name} where the service runs`);
}
