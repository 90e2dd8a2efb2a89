import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../cli/load-config.ts';
import { loadMap } from '../../cli/plc/acceptance-cell.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { shippedPath } from '../../config/shipped.ts';
import { plcModelOf } from '../../controller/domain/permission.ts';
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

/** Where the PLC says that the guard is closed. */
export const GUARD_TOPIC = 'plc/bench/guard';

/** A guard, and nothing else, so that nothing but it stops the arms. */
const MAP = `format: magpie-plc-map/1
name: bench
stale_s: 2
inputs:
  - id: guard
    role: guard-closed
    source: { topic: ${GUARD_TOPIC}, pointer: /closed }
`;

/** The shipped four-arm cell twice, side by side: 8 arms, each with work for longer than a measurement takes. */
export function messagingCell(setup: MessagingSetup): LoadedCell {
  const loaded = loadConfig(shippedPath('cells/four-arm.yaml'));
  const mapFile = join(setup.directory, 'guard.yaml');
  writeFileSync(mapFile, MAP);
  const { map, source } = loadMap(mapFile);
  const cell = { ...copies(loaded.cell, 2), plc: plcModelOf([map]) };
  const twice = <T extends { readonly armId: string }>(each: T): readonly T[] =>
    [1, 2].map((copy) => ({ ...each, armId: `${each.armId}-${copy}` }));
  return {
    ...loaded,
    cell,
    start: 'by-command',
    plc: { maps: [map], sources: [source], stateNumbers: {}, packTags: 'none' },
    descriptions: loaded.descriptions.flatMap(twice),
    initialPositions: Object.fromEntries(cell.arms.map(({ id, park }) => [id, park])),
    connections: {
      arms: 'mqtt',
      topicRoot: null,
      sparkplug: { edgeNode: null, host: null },
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
      // The world samples no more often than it steps.
      world: {
        ...loaded.simulator.world,
        stepUs: 1_000_000 / SAMPLE_HZ,
        sampleEveryUs: 1_000_000 / SAMPLE_HZ,
      },
      orders: {
        ...{ kind: 'generated', skus: 40, unitsPerSku: 60 },
        ...{ ordersPerHour: 0, stowsPerHour: 0, consolidationsPerHour: 0 },
      },
    },
  };
}
