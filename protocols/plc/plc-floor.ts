import { randomUUID } from 'node:crypto';
import type { CellModel } from '../../controller/domain/cell.ts';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import type { CellIo, Clock, PlcCommand, PlcEvent, PlcPort } from '../../controller/ports.ts';
import { MqttConnection } from '../mqtt/connection.ts';
import type { BrokerAccess } from '../mqtt/broker-access.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';
import type { Violation } from './handshake-driver.ts';
import type { LitView } from './light.ts';
import { PlcCellIo } from './plc-io.ts';
import { PlcUnit } from './plc-unit.ts';
import type { TagSource } from './tag-source.ts';

export interface PlcFloorOptions {
  readonly broker: BrokerAccess;
  readonly cell: CellModel;
  readonly maps: readonly PlcMap[];
  readonly stateNumbers: StateNumbers;
  /** Sparkplug metrics; null: none are known, and inputs that are metrics stay unknown. */
  readonly source: TagSource | null;
  /** The clock of the controller's ticks, or any other that runs evenly: only differences count. */
  readonly clock: Clock;
  /** A PLC broke the rules of a handshake. */
  readonly onViolation: (map: PlcMap, violation: Violation) => void;
  readonly onTrouble?: (message: string) => void;
}

/** The view costs more than a look at the clock, us. */
const VIEW_EVERY_US = 100_000;

/** The PLCs of a cell over MQTT: one connection of its own for each, so that one does not wait for another. */
export class PlcFloor implements PlcPort {
  readonly units: readonly PlcUnit[];
  readonly #options: PlcFloorOptions;
  readonly #connections: readonly MqttConnection[];
  #view: (() => LitView) | null = null;
  #seen: LitView | null = null;
  #seenUs = -Infinity;

  constructor(options: PlcFloorOptions) {
    this.#options = options;
    this.units = options.maps.map(
      (map) => new PlcUnit(map, options.source, (violation) => options.onViolation(map, violation)),
    );
    this.#connections = this.units.map((unit) => this.#connect(unit));
  }

  #connect(unit: PlcUnit): MqttConnection {
    const { broker, cell, clock, onTrouble } = this.#options;
    const connection = new MqttConnection({
      broker,
      clientId: `magpie-${cell.name}-plc-${unit.map.name}-${randomUUID().slice(0, 8)}`,
      session: 'clean',
      ...(onTrouble === undefined ? {} : { onTrouble }),
    });
    for (const topic of unit.pipeline.topics) {
      connection.subscribe(topic, 1, ({ payload, retained }) =>
        unit.pipeline.hear(topic, payload, retained ? 'kept' : 'fresh', clock.nowUs()),
      );
    }
    connection.onLost((reason) => unit.pipeline.forget(`no connection to the broker: ${reason}`));
    return connection;
  }

  /** Whose state the outputs show. */
  show(view: () => LitView): void {
    this.#view = view;
  }

  /** The surroundings, with the places that PLCs serve in their hands. */
  serve(inner: CellIo): CellIo {
    const drivers = this.units.flatMap(({ handshakes }) => handshakes);
    return drivers.length === 0 ? inner : new PlcCellIo(this.#options.cell, inner, drivers);
  }

  open(): void {
    for (const connection of this.#connections) connection.open();
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  takeEvents(): readonly PlcEvent[] {
    const nowUs = this.#options.clock.nowUs();
    return this.units.flatMap((unit) => [...unit.advance(nowUs)]);
  }

  send(command: PlcCommand): void {
    for (const unit of this.units) unit.grantZone(command.zoneId, command.granted);
  }

  /** Writes to the PLCs; to be called often. It does nothing most of the time. */
  write(): void {
    const nowUs = this.#options.clock.nowUs();
    if (nowUs - this.#seenUs >= VIEW_EVERY_US && this.#view !== null) {
      this.#seenUs = nowUs;
      this.#seen = this.#view();
    }
    this.units.forEach((unit, index) => {
      const connection = this.#connections[index]!;
      unit.write(nowUs, this.#seen, this.#options.stateNumbers, (topic, payload) => {
        if (!connection.connected) return false;
        return connection.publish(topic, payload, { qos: 1, retain: 'pass' }) === 'sent';
      });
    });
  }
}
