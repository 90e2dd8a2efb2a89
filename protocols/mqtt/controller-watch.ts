import type { BrokerAccess } from './broker-access.ts';
import type { MqttConnection } from './connection.ts';
import { cellTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

/** How often a controller that has several brokers says that it is there, ms. */
export const CONTROLLER_SAYS_EVERY_MS = 2_000;
/** A broker on which no controller was heard for so long is left for the next one, ms. */
const LEFT_AFTER_MS = 3 * CONTROLLER_SAYS_EVERY_MS;
const LOOK_EVERY_MS = 500;

/**
 * Where there are several brokers, being connected to one of them is not enough: an arm that starts while the
 * controller is on the second would wait on the first forever. So who serves a controller stays only where it hears
 * one. What a broker kept from before proves nothing.
 */
export class ControllerWatch {
  readonly #timer: NodeJS.Timeout | null = null;
  #heardMs = 0;

  /** To be made before the connection is opened. Does nothing where there is one broker. */
  constructor(connection: MqttConnection, broker: BrokerAccess, cell: CellAddress) {
    const { choice } = broker;
    if (choice === undefined || choice.isSingle) return;
    connection.subscribe(cellTopics(cell).presence, 0, ({ payload, retained }) => {
      if (!retained && Buffer.from(payload).includes('"online"')) this.#heardMs = performance.now();
    });
    connection.onConnected(() => {
      this.#heardMs = performance.now();
    });
    this.#timer = setInterval(() => {
      if (!connection.connected || performance.now() - this.#heardMs < LEFT_AFTER_MS) return;
      choice.failed(connection.url);
    }, LOOK_EVERY_MS);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}
