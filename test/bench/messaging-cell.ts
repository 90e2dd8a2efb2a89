import { loadConfig } from '../../cli/load-config.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { shippedPath } from '../../config/shipped.ts';
import { copies } from './simulation.ts';

/** How the processes of one measurement find one another. */
export interface MessagingSetup {
  /** Of a broker of its own; null: the service's embedded one. */
  readonly brokerUrl: string | null;
  readonly brokerPort: number;
  readonly httpPort: number;
  readonly directory: string;
}

/** Each arm says where it is so often a second. */
export const SAMPLE_HZ = 125;

/** The shipped four-arm cell twice, side by side: 8 arms, each with work for longer than a measurement takes. */
export function messagingCell(setup: MessagingSetup): LoadedCell {
  const loaded = loadConfig(shippedPath('cells/four-arm.yaml'));
  const cell = copies(loaded.cell, 2);
  const twice = <T extends { readonly armId: string }>(each: T): readonly T[] =>
    [1, 2].map((copy) => ({ ...each, armId: `${each.armId}-${copy}` }));
  return {
    ...loaded,
    cell,
    start: 'on-first-launch',
    descriptions: loaded.descriptions.flatMap(twice),
    initialPositions: Object.fromEntries(cell.arms.map(({ id, park }) => [id, park])),
    connections: {
      arms: 'mqtt',
      topicRoot: null,
      http: { host: '127.0.0.1', port: setup.httpPort, tokenEnv: null },
      broker:
        setup.brokerUrl === null
          ? { kind: 'embedded', host: '127.0.0.1', port: setup.brokerPort, tls: null, users: [] }
          : {
              ...{ kind: 'external', urls: [setup.brokerUrl], protocol: 'auto', usernameEnv: null },
              ...{ passwordEnv: null, caFile: null, certificate: null },
            },
    },
    simulator: {
      ...loaded.simulator,
      orders: {
        ...{ kind: 'generated', skus: 40, unitsPerSku: 60 },
        ...{ ordersPerHour: 0, stowsPerHour: 0, consolidationsPerHour: 0 },
      },
    },
  };
}
