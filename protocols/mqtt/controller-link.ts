import { randomUUID } from 'node:crypto';
import { MqttConnection } from './connection.ts';
import type { BrokerAccess } from './broker-access.ts';
import { cellNameOf } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface ControllerLinkOptions {
  readonly broker: BrokerAccess;
  readonly cell: CellAddress;
  readonly onTrouble?: (message: string) => void;
}

/**
 * The controller's two connections to the floor: one for everything, and one for stop commands alone, so that a
 * stop never waits behind anything. Shared by all arm drivers and the surroundings of a cell: make them first,
 * then `open`.
 */
export class ControllerLink {
  readonly main: MqttConnection;
  readonly stops: MqttConnection;

  constructor(options: ControllerLinkOptions) {
    const name = `magpie-${cellNameOf(options.cell)}-controller-${randomUUID().slice(0, 8)}`;
    const common = {
      broker: options.broker,
      session: 'clean' as const,
      ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
    };
    this.main = new MqttConnection({ ...common, clientId: name });
    this.stops = new MqttConnection({ ...common, clientId: `${name}-stops` });
  }

  open(): void {
    this.main.open();
    this.stops.open();
  }

  async close(): Promise<void> {
    await Promise.all([this.main.close(), this.stops.close()]);
  }
}
