import type { Connections } from './schema-connections.ts';
import type { Simulator } from './schema-simulator.ts';

/** The simulated world's own settings; durations are integer microseconds, rates shares in 0..1. */
interface WorldSettings {
  readonly seed: number;
  readonly stepUs: number;
  readonly trackingLagUs: number;
  readonly leaseUs: number;
  readonly sampleEveryUs: number;
  readonly protectiveDeceleration: number;
  readonly graspToleranceM: { readonly horizontal: number; readonly vertical: number };
  readonly massNoise: number;
  readonly rates: {
    readonly stockShort: number;
    readonly missingFound: number;
    readonly graspFailed: number;
    readonly doublePick: number;
    readonly dropped: number;
    readonly placeBlocked: number;
  };
  readonly faults: {
    readonly stallPerHour: number;
    readonly commsLostPerHour: number;
    readonly gripperLossPerHour: number;
    readonly protectiveStopPerHour: number;
    readonly slowPerHour: number;
    readonly durationUs: { readonly min: number; readonly max: number };
  };
  readonly operator: { readonly answerAfterUs: { readonly min: number; readonly max: number } } | null;
  readonly inductArrivalUs: number;
}

/** What stands in storage beyond the demand of the known orders. */
interface StockSettings {
  readonly spareShare: number;
  readonly spareUnits: number;
  readonly containerMassMaxKg: number | null;
}

/** Which orders come by themselves; files are absolute. */
type OrderStreamSettings =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly mapping: string | null;
      readonly ordersPerHour: number;
    }
  | {
      readonly kind: 'generated';
      readonly skus: number;
      readonly unitsPerSku: number;
      readonly ordersPerHour: number;
      readonly stowsPerHour: number;
      readonly consolidationsPerHour: number;
    };

export interface SimulatorSettings {
  readonly world: WorldSettings;
  /** Absolute name of the list of articles. */
  readonly itemsFile: string;
  readonly stock: StockSettings;
  readonly orders: OrderStreamSettings;
}

/** Files of the embedded broker, absolute. */
interface BrokerTlsSettings {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Who signed the certificate; null: somebody whom every machine believes. */
  readonly caFile: string | null;
  /** Whose certificates clients have to show; null: they need none. */
  readonly clientCaFile: string | null;
}

/** A user of the embedded broker. */
interface BrokerUserSettings {
  readonly name: string;
  readonly roles: readonly ('arm' | 'plc' | 'host' | 'operator' | 'viewer')[];
  readonly arms: readonly string[];
  readonly passwordEnv: string | null;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** How the service speaks. Credentials are names of environment variables, read by whoever connects. */
export interface ConnectionSettings {
  readonly arms: 'simulated' | 'mqtt';
  readonly broker:
    | {
        readonly kind: 'embedded';
        readonly host: string;
        readonly port: number;
        readonly tls: BrokerTlsSettings | null;
        readonly users: readonly BrokerUserSettings[];
      }
    | {
        readonly kind: 'external';
        /** The first that answers is used. */
        readonly urls: readonly [string, ...string[]];
        readonly protocol: 'auto' | '5' | '3.1.1';
        readonly usernameEnv: string | null;
        readonly passwordEnv: string | null;
        readonly caFile: string | null;
        /** For mutual TLS. */
        readonly certificate: { readonly file: string; readonly keyFile: string } | null;
      };
  /** What stands before the cell's name in its topics; null: the usual. */
  readonly topicRoot: string | null;
  readonly http: { readonly host: string; readonly port: number; readonly tokenEnv: string | null };
}

/** Seconds as integer microseconds. */
export function microseconds(seconds: number): number {
  return Math.round(seconds * 1_000_000);
}

/** The simulator's settings in the product's units; `resolve` makes a path of the file absolute. */
export function simulatorSettings(
  simulator: Simulator,
  resolve: (path: string) => string,
): SimulatorSettings {
  const { exception_rates: rates, fault_rates: faults, operator, items, stock, orders } = simulator;
  return {
    world: {
      seed: simulator.seed,
      stepUs: microseconds(simulator.step_s),
      trackingLagUs: microseconds(simulator.tracking_lag_s),
      leaseUs: microseconds(simulator.motion_lease_s),
      sampleEveryUs: microseconds(simulator.sample_every_s),
      protectiveDeceleration: simulator.protective_deceleration,
      graspToleranceM: {
        horizontal: simulator.grasp_tolerance.horizontal_m,
        vertical: simulator.grasp_tolerance.vertical_m,
      },
      massNoise: simulator.mass_noise,
      rates: {
        stockShort: rates.stock_short,
        missingFound: rates.missing_found,
        graspFailed: rates.grasp_failed,
        doublePick: rates.double_pick,
        dropped: rates.dropped,
        placeBlocked: rates.place_blocked,
      },
      faults: {
        stallPerHour: faults?.stall_per_hour ?? 0,
        commsLostPerHour: faults?.comms_lost_per_hour ?? 0,
        gripperLossPerHour: faults?.gripper_loss_per_hour ?? 0,
        protectiveStopPerHour: faults?.protective_stop_per_hour ?? 0,
        slowPerHour: faults?.slow_per_hour ?? 0,
        durationUs: {
          min: microseconds(faults?.lasting_min_s ?? 1),
          max: microseconds(faults?.lasting_max_s ?? 10),
        },
      },
      operator:
        operator === undefined
          ? null
          : {
              answerAfterUs: {
                min: microseconds(operator.answer_after_min_s),
                max: microseconds(operator.answer_after_max_s),
              },
            },
      inductArrivalUs: microseconds(simulator.induct_arrival_s),
    },
    itemsFile: resolve(items.file),
    stock: {
      spareShare: stock.spare_share,
      spareUnits: stock.spare_units,
      containerMassMaxKg: stock.container_mass_max_kg ?? null,
    },
    orders: orderStream(orders, resolve),
  };
}

function orderStream(orders: Simulator['orders'], resolve: (path: string) => string): OrderStreamSettings {
  switch (orders.kind) {
    case 'none':
      return { kind: 'none' };
    case 'file':
      return {
        kind: 'file',
        file: resolve(orders.file),
        mapping: orders.mapping === undefined ? null : resolve(orders.mapping),
        ordersPerHour: orders.orders_per_hour,
      };
    case 'generated':
      return {
        kind: 'generated',
        skus: orders.skus,
        unitsPerSku: orders.units_per_sku,
        ordersPerHour: orders.orders_per_hour,
        stowsPerHour: orders.stows_per_hour,
        consolidationsPerHour: orders.consolidations_per_hour,
      };
  }
}

/** The connections with absolute paths and explicit absences. */
export function connectionSettings(
  connections: Connections,
  resolve: (path: string) => string,
): ConnectionSettings {
  const { broker, http } = connections;
  return {
    arms: connections.arms,
    broker:
      broker.kind === 'embedded' ? embeddedSettings(broker, resolve) : externalSettings(broker, resolve),
    topicRoot: connections.topic_root ?? null,
    http: { host: http.host, port: http.port, tokenEnv: http.token_env ?? null },
  };
}

type Broker<K> = Extract<Connections['broker'], { kind: K }>;

function embeddedSettings(
  broker: Broker<'embedded'>,
  resolve: (path: string) => string,
): ConnectionSettings['broker'] {
  const { kind, host, port, tls, users = [] } = broker;
  const optional = (path: string | undefined): string | null => (path === undefined ? null : resolve(path));
  return {
    kind,
    host,
    port,
    tls:
      tls === undefined
        ? null
        : {
            certificateFile: resolve(tls.certificate_file),
            keyFile: resolve(tls.key_file),
            caFile: optional(tls.ca_file),
            clientCaFile: optional(tls.client_ca_file),
          },
    users: users.map(({ name, roles, arms = [], password_env, publish = [], subscribe = [] }) => ({
      name,
      roles,
      arms,
      passwordEnv: password_env ?? null,
      publish,
      subscribe,
    })),
  };
}

function externalSettings(
  broker: Broker<'external'>,
  resolve: (path: string) => string,
): ConnectionSettings['broker'] {
  const { certificate_file: file, key_file: keyFile } = broker;
  return {
    kind: 'external',
    urls: [broker.url, ...(broker.fallback_urls ?? [])],
    protocol: broker.protocol ?? 'auto',
    usernameEnv: broker.username_env ?? null,
    passwordEnv: broker.password_env ?? null,
    caFile: broker.ca_file === undefined ? null : resolve(broker.ca_file),
    certificate:
      file === undefined || keyFile === undefined ? null : { file: resolve(file), keyFile: resolve(keyFile) },
  };
}
