import { randomUUID } from 'node:crypto';
import type { IntakeRequest, IntakeResult } from '../../controller/domain/intake.ts';
import { MqttConnection } from './connection.ts';
import { ControllerWatch } from './controller-watch.ts';
import type { BrokerAccess } from './broker-access.ts';
import type { Inbound, PublishOutcome } from './connection.ts';
import { INTAKE_TOPICS, IntakeResultMessage } from './intake-messages.ts';
import { SMALL_LIMITS } from './arm-messages.ts';
import { decodePayload } from './payload.ts';
import { cellNameOf, cellTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface IntakeClientOptions {
  readonly broker: BrokerAccess;
  readonly cell: CellAddress;
  /** Called with every result of a request that this client sent, also with those of repeats. */
  readonly onResult: (requestId: string, result: IntakeResult) => void;
  readonly onTrouble?: (message: string) => void;
}

const MAX_OPEN = 1_024;

/**
 * The other end of the intake: what a warehouse system does. Sends requests and hears their results. A request
 * without a result is to be sent again under the same id, which is the caller's to decide.
 */
export class IntakeClient {
  readonly #options: IntakeClientOptions;
  readonly #topics: ReturnType<typeof cellTopics>;
  readonly #connection: MqttConnection;
  readonly #watch: ControllerWatch;
  readonly #open = new Set<string>();

  constructor(options: IntakeClientOptions) {
    this.#options = options;
    this.#topics = cellTopics(options.cell);
    this.#connection = new MqttConnection({
      broker: options.broker,
      clientId: `magpie-${cellNameOf(options.cell)}-requests-${randomUUID().slice(0, 8)}`,
      session: 'clean',
      ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
    });
    this.#watch = new ControllerWatch(this.#connection, options.broker, options.cell);
    this.#connection.subscribe(this.#topics.result('+'), 1, (message) => this.#onResult(message));
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** The broker that it is connected to, or tries. */
  get url(): string {
    return this.#connection.url;
  }

  open(): void {
    this.#connection.open();
  }

  async close(): Promise<void> {
    this.#watch.close();
    await this.#connection.close();
  }

  send(request: IntakeRequest, requestId: string): PublishOutcome {
    if (!this.#connection.connected) return 'not-connected'; // its result would not be heard
    this.#open.add(requestId);
    const oldest = this.#open.values().next();
    if (this.#open.size > MAX_OPEN && oldest.done !== true) this.#open.delete(oldest.value);
    const topic =
      Object.entries(INTAKE_TOPICS).find(([, { kind }]) => kind === request.kind)?.[0] ?? request.kind;
    const payload = JSON.stringify({ requestId, ...request.body });
    return this.#connection.publish(this.#topics.intake(topic), payload, { qos: 1, retain: 'pass' });
  }

  #onResult(message: Inbound): void {
    const decoded = decodePayload(IntakeResultMessage, message.payload, SMALL_LIMITS);
    if (!decoded.ok || message.retained) return;
    const { requestId, result } = decoded.value;
    if (this.#open.delete(requestId)) this.#options.onResult(requestId, result);
  }
}
