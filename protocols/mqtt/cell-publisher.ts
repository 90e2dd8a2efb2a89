import { randomUUID } from 'node:crypto';
import type { CoreEffect } from '../../controller/core/effect.ts';
import type { Clock } from '../../controller/ports.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import { MqttConnection } from './connection.ts';
import { CONTROLLER_SAYS_EVERY_MS } from './controller-watch.ts';
import type { BrokerAccess } from './broker-access.ts';
import { Outbox } from './outbox.ts';
import type { OutboxStore } from './outbox.ts';
import { Presence } from './presence.ts';
import { StatePublisher } from './state-publisher.ts';
import { cellNameOf, cellTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface CellPublisherOptions {
  readonly broker: BrokerAccess;
  readonly cell: CellAddress;
  readonly service: Pick<ControllerService, 'view' | 'books'>;
  readonly clock: Clock;
  /** Where results and notices outlast the process; null: in memory alone. */
  readonly store?: OutboxStore | null;
  readonly onTrouble?: (message: string) => void;
}

export type Notice = Extract<CoreEffect, { kind: 'notice' }>;

const STATUS_EVERY_US = 1_000_000;
/** How often the state is looked at: making a view costs more than a look at the clock. */
const LOOK_EVERY_US = 100_000;
const MAX_WAITING = 8_192;
/** A broker that takes longer to say that it has a result is connected to anew. */
const ACKNOWLEDGE_WITHIN_MS = 5_000;

/**
 * What the cell says to whoever listens: its status (retained, once a second and on every change of state), what
 * happens to orders and tasks, and, through `outbox`, the results of requests. `tick` has to be called often;
 * it does nothing most of the time.
 */
export class CellPublisher {
  readonly outbox: Outbox;
  readonly #options: CellPublisherOptions;
  readonly #topics: ReturnType<typeof cellTopics>;
  readonly #connection: MqttConnection;
  readonly #presence: Presence;
  readonly #state: StatePublisher;
  readonly #run = randomUUID().slice(0, 8);
  #notices = 0;
  /** There are several brokers: peers stay where they hear a controller. */
  readonly #isOneOfSeveral: boolean;
  #presenceDueUs = 0;
  #statusDueUs = 0;
  #lookDueUs = 0;
  #lastState = '';

  constructor(options: CellPublisherOptions) {
    this.#options = options;
    this.#topics = cellTopics(options.cell);
    this.#connection = new MqttConnection({
      broker: options.broker,
      clientId: `magpie-${cellNameOf(options.cell)}-publisher-${this.#run}`,
      session: 'clean',
      acknowledgeWithinMs: ACKNOWLEDGE_WITHIN_MS,
      will: () => ({ topic: this.#topics.presence, payload: PRESENCE.offline, retain: 'retain' }),
      ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
    });
    this.#presence = new Presence(this.#connection, this.#topics.presence, (status) => PRESENCE[status]);
    this.#connection.onConnected(() => {
      this.#statusDueUs = 0;
    });
    const { cell, service, clock, broker } = options;
    this.#isOneOfSeveral = broker.choice?.isSingle === false;
    this.#state = new StatePublisher({ connection: this.#connection, cell, service, clock });
    this.outbox = new Outbox(this.#connection, MAX_WAITING, options.store ?? null);
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  open(): void {
    this.#connection.open();
  }

  /** Says that the controller goes away, and disconnects. */
  async close(): Promise<void> {
    this.#presence.leave();
    await this.#connection.close();
  }

  tick(): void {
    this.outbox.flush();
    if (!this.#connection.connected) return;
    this.#state.tick();
    const nowUs = this.#options.clock.nowUs();
    if (this.#isOneOfSeveral && nowUs >= this.#presenceDueUs) {
      this.#presenceDueUs = nowUs + CONTROLLER_SAYS_EVERY_MS * 1_000;
      this.#presence.renew();
    }
    if (nowUs < this.#lookDueUs && nowUs < this.#statusDueUs) return;
    this.#lookDueUs = nowUs + LOOK_EVERY_US;
    const view = this.#options.service.view();
    if (view.state === this.#lastState && nowUs < this.#statusDueUs) return;
    this.#lastState = view.state;
    this.#statusDueUs = nowUs + STATUS_EVERY_US;
    const { places: _places, ...status } = view;
    const message = { ...status, publishedAt: new Date().toISOString() };
    this.#connection.publish(this.#topics.status, JSON.stringify(message), { qos: 1, retain: 'retain' });
  }

  /** Publishes what happened to an order or a task; what concerns neither is in the status and the log. */
  notice(notice: Notice): void {
    const { kind: _kind, ...body } = notice;
    if (notice.orderId === null && notice.taskId === null) return;
    this.#notices += 1;
    const payload = JSON.stringify({ noticeId: `${this.#run}-${this.#notices}`, ...body });
    if (notice.taskId !== null) void this.outbox.add({ topic: this.#topics.task(notice.taskId), payload });
    if (notice.orderId !== null) void this.outbox.add({ topic: this.#topics.order(notice.orderId), payload });
  }
}

const PRESENCE = {
  online: JSON.stringify({ status: 'online' }),
  offline: JSON.stringify({ status: 'offline' }),
} as const;
