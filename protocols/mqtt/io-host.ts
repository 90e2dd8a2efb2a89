import { randomUUID } from 'node:crypto';
import type { CellIoHost, Clock, IoEvent } from '../../controller/ports.ts';
import { MqttConnection } from './connection.ts';
import type { BrokerAccess } from './broker-access.ts';
import type { Inbound } from './connection.ts';
import { ControllerWatch } from './controller-watch.ts';
import { IoAcknowledgeMessage, IoHelloMessage, IoRequestMessage, eventBodies } from './io-messages.ts';
import { SMALL_LIMITS } from './arm-messages.ts';
import { decodePayload, faultsAsText } from './payload.ts';
import { Presence } from './presence.ts';
import type { PresenceStatus } from './presence.ts';
import { cellNameOf, ioTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface MqttIoHostOptions {
  readonly broker: BrokerAccess;
  readonly cell: CellAddress;
  readonly host: CellIoHost;
  readonly clock: Clock;
  readonly onTrouble?: (message: string) => void;
}

/** Messages kept for the controller; beyond it all are dropped, and the inventory tells what they would have. */
const MAX_KEPT = 4_096;
/** Unacknowledged messages are sent again after this. */
const REPEAT_US = 3_000_000;

interface Kept {
  readonly seq: number;
  readonly body: Record<string, unknown>;
  sent: boolean;
}

/**
 * The surroundings' side of the MQTT protocol for shuttle, conveyors and sensors: puts any `CellIoHost` on a
 * broker. Serves one controller: the last that said hello. `pump` has to be called after every step of the host.
 */
export class MqttIoHost {
  readonly #options: MqttIoHostOptions;
  readonly #topics: ReturnType<typeof ioTopics>;
  readonly #session = randomUUID();
  readonly #connection: MqttConnection;
  readonly #presence: Presence;
  readonly #watch: ControllerWatch;
  #controller: string | null = null;
  #kept: Kept[] = [];
  #seq = 0;
  #dropped = 0;
  #ignored = 0;
  #progressUs = 0;

  constructor(options: MqttIoHostOptions) {
    this.#options = options;
    this.#topics = ioTopics(options.cell);
    this.#connection = new MqttConnection({
      broker: options.broker,
      clientId: `magpie-${cellNameOf(options.cell)}-io-${this.#session.slice(0, 8)}`,
      session: 'clean',
      will: () => ({ topic: this.#topics.presence, payload: this.#said('offline'), retain: 'retain' }),
      ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
    });
    this.#connection.subscribe(this.#topics.hello, 1, (message) => this.#onHello(message), 'as-published');
    this.#connection.subscribe(
      this.#topics.request,
      1,
      (message) => this.#onRequest(message),
      'as-published',
    );
    this.#connection.subscribe(
      this.#topics.acknowledge,
      0,
      (message) => this.#onAcknowledge(message),
      'as-published',
    );
    this.#watch = new ControllerWatch(this.#connection, options.broker, options.cell);
    this.#presence = new Presence(this.#connection, this.#topics.presence, (status) => this.#said(status));
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** Events dropped because no controller took them, and messages ignored. */
  statistics(): { readonly waiting: number; readonly dropped: number; readonly ignored: number } {
    return { waiting: this.#kept.length, dropped: this.#dropped, ignored: this.#ignored };
  }

  open(): void {
    this.#connection.open();
  }

  async close(): Promise<void> {
    this.#presence.leave();
    this.#watch.close();
    await this.#connection.close();
  }

  /** Publishes what the host reported since the last call. */
  pump(): void {
    for (const event of this.#options.host.takeEvents()) this.#keep(event);
    const nowUs = this.#options.clock.nowUs();
    if (this.#kept.length > 0 && nowUs - this.#progressUs > REPEAT_US) this.#sendAgain();
    this.#flush();
  }

  #keep(event: IoEvent): void {
    if (this.#kept.length === 0) this.#progressUs = this.#options.clock.nowUs();
    for (const body of eventBodies(event)) {
      this.#seq += 1;
      this.#kept.push({ seq: this.#seq, body, sent: false });
    }
    // An inventory alone may be larger than the limit; it is never cut in two.
    const surplus = this.#kept.length - MAX_KEPT;
    if (surplus > 0 && event.kind !== 'inventory') this.#dropped += this.#kept.splice(0, surplus).length;
  }

  #flush(): void {
    if (this.#controller === null) return;
    const oldestSeq = this.#kept[0]?.seq ?? 0;
    for (const kept of this.#kept) {
      if (kept.sent) continue;
      const message = { session: this.#session, seq: kept.seq, oldestSeq, ...kept.body };
      const outcome = this.#connection.publish(this.#topics.event, JSON.stringify(message), {
        qos: 1,
        retain: 'pass',
      });
      if (outcome !== 'sent') return;
      kept.sent = true;
    }
  }

  #sendAgain(): void {
    this.#progressUs = this.#options.clock.nowUs();
    for (const kept of this.#kept) kept.sent = false;
  }

  #onHello(message: Inbound): void {
    const decoded = decodePayload(IoHelloMessage, message.payload, SMALL_LIMITS);
    if (!decoded.ok || message.retained)
      return this.#ignore(message, decoded.ok ? '' : faultsAsText(decoded.faults));
    this.#controller = decoded.value.controller;
    this.#sendAgain();
    this.#options.host.announce();
    this.pump();
  }

  #onRequest(message: Inbound): void {
    const decoded = decodePayload(IoRequestMessage, message.payload, SMALL_LIMITS);
    if (!decoded.ok) return this.#ignore(message, faultsAsText(decoded.faults));
    const { controller, ...request } = decoded.value;
    if (message.retained) return this.#ignore(message, '');
    if (controller !== this.#controller) {
      return this.#ignore(message, `it is of controller ${controller}, which did not say hello last`);
    }
    this.#options.host.execute(request);
    this.pump();
  }

  #onAcknowledge(message: Inbound): void {
    const decoded = decodePayload(IoAcknowledgeMessage, message.payload, SMALL_LIMITS);
    if (!decoded.ok || message.retained)
      return this.#ignore(message, decoded.ok ? '' : faultsAsText(decoded.faults));
    const { controller, session, seq } = decoded.value;
    if (controller !== this.#controller || session !== this.#session) return;
    this.#kept = this.#kept.filter((kept) => kept.seq > seq);
    this.#progressUs = this.#options.clock.nowUs();
  }

  #ignore(message: Inbound, fault: string): void {
    this.#ignored += 1;
    const why = message.retained ? 'the broker kept it from an earlier time; publish with retain off' : fault;
    if (this.#ignored <= 10) this.#options.onTrouble?.(`ignored a message on ${message.topic}: ${why}`);
  }

  #said(status: PresenceStatus): string {
    return JSON.stringify({ status, session: this.#session });
  }
}
