import { readFileSync } from 'node:fs';
import type { ConnectionSettings } from '../config/settings.ts';
import { BrokerChoice } from '../protocols/mqtt/broker-access.ts';
import type { BrokerAccess } from '../protocols/mqtt/broker-access.ts';
import { BROKER_LIMITS } from '../protocols/mqtt/broker-guard.ts';
import type { BeforeAcknowledge } from '../protocols/mqtt/broker-guard.ts';
import { rightsOf } from '../protocols/mqtt/broker-roles.ts';
import { credentialsFromEnvironment } from '../protocols/mqtt/broker-users.ts';
import type { BrokerUser } from '../protocols/mqtt/broker-users.ts';
import { EmbeddedBroker } from '../protocols/mqtt/embedded-broker.ts';
import { TOPIC_ROOT } from '../protocols/mqtt/topics.ts';
import type { CellAddress } from '../protocols/mqtt/topics.ts';
import { CommandFailure } from './failure.ts';

type Embedded = Extract<ConnectionSettings['broker'], { kind: 'embedded' }>;
type External = Extract<ConnectionSettings['broker'], { kind: 'external' }>;

/** Where the cell is found on its broker. */
export function cellAddress(connections: ConnectionSettings, name: string): CellAddress {
  return { name, root: connections.topicRoot ?? TOPIC_ROOT };
}

/**
 * How another process than the service reaches the configured broker, and the service one that is not its own;
 * credentials from the environment. `url` stands in for the configured address.
 */
export function brokerAccess(broker: ConnectionSettings['broker'], url?: string): BrokerAccess {
  return broker.kind === 'embedded' ? embeddedAccess(broker, url) : externalAccess(broker, url);
}

/** The same for each address of a broker, in order: for whoever chooses among them by itself. */
export function brokerAddresses(broker: External): readonly BrokerAccess[] {
  return broker.urls.map((url) => externalAccess(broker, url));
}

function embeddedAccess({ host, port, tls }: Embedded, url: string | undefined): BrokerAccess {
  const local = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const address = `${tls === null ? 'mqtt' : 'mqtts'}://${local.includes(':') ? `[${local}]` : local}:${port}`;
  return {
    url: url ?? address,
    protocol: '3.1.1',
    ...(credentialsFromEnvironment(process.env) ?? {}),
    ...(tls === null || tls.caFile === null ? {} : { ca: fileOf(tls.caFile, 'tls.ca_file') }),
  };
}

function externalAccess(broker: External, url: string | undefined): BrokerAccess {
  const username = secretOf(broker.usernameEnv);
  const password = secretOf(broker.passwordEnv);
  const { certificate, caFile } = broker;
  return {
    url: url ?? broker.urls[0],
    protocol: broker.protocol,
    choice: new BrokerChoice(url === undefined ? broker.urls : [url]),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(caFile === null ? {} : { ca: fileOf(caFile, 'ca_file') }),
    ...(certificate === null
      ? {}
      : {
          certificate: {
            cert: fileOf(certificate.file, 'certificate_file'),
            key: fileOf(certificate.keyFile, 'key_file'),
          },
        }),
  };
}

export interface EmbeddedBrokerSetup {
  readonly broker: Embedded;
  readonly cell: CellAddress;
  readonly beforeAcknowledge: BeforeAcknowledge;
  /** Told of everybody who was turned away or did what no role allows. */
  readonly onDenied: (message: string) => void;
}

/** @throws CommandFailure with what stands in the way and which setting to change. */
export async function startEmbeddedBroker(setup: EmbeddedBrokerSetup): Promise<EmbeddedBroker> {
  const { broker, cell, beforeAcknowledge, onDenied } = setup;
  const { tls } = broker;
  const started = await EmbeddedBroker.start({
    host: broker.host,
    port: broker.port,
    credentials: credentialsFromEnvironment(process.env),
    users: broker.users.map((user): BrokerUser => {
      const { name, roles, arms, publish, subscribe } = user;
      const rights = rightsOf(cell, { roles, arms, more: { publish, subscribe } });
      return { name, password: secretOf(user.passwordEnv) ?? null, rights };
    }),
    tls:
      tls === null
        ? null
        : {
            cert: fileOf(tls.certificateFile, 'tls.certificate_file'),
            key: fileOf(tls.keyFile, 'tls.key_file'),
            clientCa: tls.clientCaFile === null ? null : fileOf(tls.clientCaFile, 'tls.client_ca_file'),
          },
    limits: BROKER_LIMITS,
    beforeAcknowledge,
    onDenied,
  });
  if (started.ok) return started.broker;
  const setting = SETTINGS[started.code];
  throw new CommandFailure(`${started.message} (${setting} of the cell file)`, 1);
}

/** What in the cell file is to be changed. */
const SETTINGS = {
  'port-in-use': 'connections.broker.port',
  'port-not-allowed': 'connections.broker.port',
  'address-not-available': 'connections.broker.host',
  'credentials-needed': 'connections.broker.users',
  'tls-needed': 'connections.broker.tls',
  'tls-unusable': 'connections.broker.tls',
} as const;

function secretOf(name: string | null): string | undefined {
  if (name === null) return undefined;
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new CommandFailure(
    `the environment variable ${name} is not set; the broker's credentials are in it`,
    2,
  );
}

function fileOf(path: string, setting: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`connections.broker.${setting}: ${why}; correct the path or its permissions`, 2);
  }
}
