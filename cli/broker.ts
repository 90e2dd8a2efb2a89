import { readFileSync } from 'node:fs';
import type { ConnectionSettings } from '../config/settings.ts';
import { EmbeddedBroker } from '../protocols/mqtt/embedded-broker.ts';
import { BROKER_LIMITS } from '../protocols/mqtt/broker-guard.ts';
import { credentialsFromEnvironment } from '../protocols/mqtt/broker-users.ts';
import type { BeforeAcknowledge } from '../protocols/mqtt/broker-guard.ts';
import type { BrokerAccess } from '../protocols/mqtt/broker-access.ts';
import { CommandFailure } from './failure.ts';

/** How to reach the configured broker; credentials from the environment. */
export function brokerAccess(broker: ConnectionSettings['broker'], url?: string): BrokerAccess {
  if (broker.kind === 'embedded') {
    const credentials = credentialsFromEnvironment(process.env);
    const host = broker.host.includes(':') ? `[${broker.host}]` : broker.host;
    return { url: url ?? `mqtt://${host}:${broker.port}`, ...(credentials ?? {}) };
  }
  const read = (name: string | null): string | undefined => {
    if (name === null) return undefined;
    const value = process.env[name];
    if (value === undefined || value === '') {
      throw new CommandFailure(
        `the environment variable ${name} is not set; the broker's credentials are in it`,
        2,
      );
    }
    return value;
  };
  const username = read(broker.usernameEnv);
  const password = read(broker.passwordEnv);
  return {
    url: url ?? broker.url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(broker.caFile === null ? {} : { ca: readFileSync(broker.caFile) }),
  };
}

export async function startEmbeddedBroker(
  broker: Extract<ConnectionSettings['broker'], { kind: 'embedded' }>,
  beforeAcknowledge: BeforeAcknowledge,
): Promise<EmbeddedBroker> {
  const started = await EmbeddedBroker.start({
    host: broker.host,
    port: broker.port,
    credentials: credentialsFromEnvironment(process.env),
    limits: BROKER_LIMITS,
    beforeAcknowledge,
  });
  if (started.ok) return started.broker;
  throw new CommandFailure(
    `${started.message} (settings connections.broker.port and connections.broker.url of the cell file)`,
    1,
  );
}
