import { randomUUID } from 'node:crypto';
import type { CellIo, IoEvent, IoRequest } from '../../controller/ports.ts';
import { SMALL_LIMITS } from './arm-messages.ts';
import type { Inbound } from './connection.ts';
import type { ControllerLink } from './controller-link.ts';
import { IO_LIMITS, InventoryAssembly, IoEventMessage, IoPresenceMessage, answers } from './io-messages.ts';
import { decodePayload, faultsAsText } from './payload.ts';
import type { RefusalReason, RefusedMessages } from './refused-messages.ts';
import { ioTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface MqttCellIoOptions {
  readonly link: ControllerLink;
  readonly cell: CellAddress;
  /** Where messages that were not taken are counted. */
  readonly refused?: RefusedMessages;
  readonly onTrouble?: (message: string) => void;
}

/** Events waiting to be taken; more are left with the surroundings, which send them again. */
const MAX_WAITING = 4_096;

interface Outstanding {
  readonly request: IoRequest;
  sent: boolean;
}

/**
 * The controller's side of the MQTT protocol for shuttle, conveyors and sensors.
 *
 * A request is sent again after every interruption until its answer has come. Events come in order and once; they
 * are acknowledged by the call of `takeEvents` that follows the one which handed them out, because by then the
 * controller has made them durable. What is not acknowledged comes again, also to a controller started anew.
 */
export class MqttCellIo implements CellIo {
  readonly #options: MqttCellIoOptions;
  readonly #topics: ReturnType<typeof ioTopics>;
  readonly #controller = randomUUID();
  /** One exchange and one look per place at most: its size is bounded by the cell's. */
  readonly #outstanding = new Map<string, Outstanding>();
  #events: IoEvent[] = [];
  #assembly = new InventoryAssembly();
  #up = false;
  #session: string | null = null;
  /** Last event received in order, given to the core, and acknowledged. */
  #receivedSeq: number | null = null;
  #takenSeq = 0;
  #acknowledgedSeq = 0;
  /** Up to which whole events were received: an inventory counts when its last part is there. */
  #completeSeq = 0;
  #helloDue = false;
  #repeats = 0;
  #malformed = 0;

  constructor(options: MqttCellIoOptions) {
    this.#options = options;
    this.#topics = ioTopics(options.cell);
    const { main } = options.link;
    main.subscribe(this.#topics.presence, 1, (message) => this.#onPresence(message));
    main.subscribe(this.#topics.event, 1, (message) => this.#onEvent(message), 'as-published');
    main.onLost((reason) => this.#lose(`no connection to the broker: ${reason}`));
  }

  send(request: IoRequest): void {
    // A newer request for the same place means that the core is done with the older one, answered or not.
    this.#outstanding.set(`${request.kind === 'inspect' ? 'inspect' : 'exchange'} ${request.placeId}`, {
      request,
      sent: false,
    });
    this.#flush();
  }

  takeEvents(): readonly IoEvent[] {
    this.#acknowledge();
    this.#flush();
    const events = this.#events;
    this.#events = [];
    this.#takenSeq = this.#completeSeq;
    return events;
  }

  statistics(): { readonly outstanding: number; readonly repeats: number; readonly malformed: number } {
    return { outstanding: this.#outstanding.size, repeats: this.#repeats, malformed: this.#malformed };
  }

  #acknowledge(): void {
    if (this.#session === null || this.#takenSeq <= this.#acknowledgedSeq) return;
    const message = { controller: this.#controller, session: this.#session, seq: this.#takenSeq };
    const { main } = this.#options.link;
    const outcome = main.publish(this.#topics.acknowledge, JSON.stringify(message), {
      qos: 0,
      retain: 'pass',
    });
    if (outcome === 'sent') this.#acknowledgedSeq = this.#takenSeq;
  }

  #flush(): void {
    if (this.#helloDue) this.#hello();
    if (!this.#up) return;
    for (const entry of this.#outstanding.values()) {
      if (entry.sent) continue;
      const message = { controller: this.#controller, ...entry.request };
      const { main } = this.#options.link;
      const outcome = main.publish(this.#topics.request, JSON.stringify(message), { qos: 1, retain: 'pass' });
      if (outcome !== 'sent') return;
      entry.sent = true;
    }
  }

  #onPresence(message: Inbound): void {
    const decoded = decodePayload(IoPresenceMessage, message.payload, SMALL_LIMITS);
    if (!decoded.ok) {
      return this.#onMalformed(message, 'io/presence', decoded.reason, faultsAsText(decoded.faults));
    }
    const { status, session } = decoded.value;
    if (status === 'offline') {
      if (session === this.#session) this.#lose('the surroundings went offline');
      return;
    }
    if (this.#session !== session) {
      this.#lose('the surroundings’ software was started anew');
      this.#session = session;
      this.#receivedSeq = null;
      this.#completeSeq = 0;
      this.#takenSeq = 0;
      this.#acknowledgedSeq = 0;
      this.#assembly = new InventoryAssembly();
    }
    this.#hello();
  }

  #hello(): void {
    const message = JSON.stringify({ controller: this.#controller });
    const outcome = this.#options.link.main.publish(this.#topics.hello, message, { qos: 1, retain: 'pass' });
    this.#helloDue = outcome !== 'sent';
  }

  #onEvent(message: Inbound): void {
    const decoded = decodePayload(IoEventMessage, message.payload, IO_LIMITS);
    if (!decoded.ok) {
      return this.#onMalformed(message, 'io/event', decoded.reason, faultsAsText(decoded.faults));
    }
    const received = decoded.value;
    if (message.qos === 0) {
      const fault = 'QoS 0 may be lost without a word; publish events with QoS 1';
      return this.#onMalformed(message, 'io/event', 'wrong-qos', fault);
    }
    if (message.retained || received.session !== this.#session) {
      this.#options.refused?.add('io/event', message.retained ? 'retained' : 'other-session');
      return;
    }
    if (this.#events.length >= MAX_WAITING) {
      this.#options.refused?.add('io/event', 'busy');
      return;
    }
    const last = this.#receivedSeq ?? received.oldestSeq - 1;
    if (received.seq <= last) {
      this.#repeats += 1;
      this.#options.refused?.add('io/event', 'duplicate');
      // It was taken and its acknowledgement went astray, or the controller did not come to take it yet.
      this.#acknowledgedSeq = Math.min(this.#acknowledgedSeq, received.seq - 1);
      return;
    }
    if (received.oldestSeq > last + 1) {
      // The surroundings gave up keeping what we missed: their inventory says what it came to.
      this.#receivedSeq = received.seq;
      this.#completeSeq = received.seq;
      this.#assembly = new InventoryAssembly();
      this.#lose('events of the surroundings were lost');
      this.#hello();
      return;
    }
    if (received.seq !== last + 1) {
      this.#options.refused?.add('io/event', 'out-of-order'); // a gap; all from there on comes again
      return;
    }
    this.#receivedSeq = received.seq;
    const event = this.#assembly.take(received);
    if (event === null) return;
    this.#completeSeq = received.seq;
    this.#pass(event);
  }

  #pass(event: IoEvent): void {
    if (event.kind === 'lost') {
      this.#lose(event.reason);
      return;
    }
    if (!this.#up) {
      this.#up = true;
      this.#events.push({ kind: 'connected' });
    }
    if (event.kind === 'connected') return;
    this.#events.push(event);
    for (const [key, { request }] of this.#outstanding) {
      if (answers(event, request)) this.#outstanding.delete(key);
    }
  }

  #lose(reason: string): void {
    this.#helloDue = false;
    for (const entry of this.#outstanding.values()) entry.sent = false;
    if (!this.#up) return;
    this.#up = false;
    this.#events.push({ kind: 'lost', reason });
  }

  #onMalformed(message: Inbound, topic: string, reason: RefusalReason, fault: string): void {
    this.#options.refused?.add(topic, reason);
    this.#malformed += 1;
    if (this.#malformed <= 10) this.#options.onTrouble?.(`${message.topic}: ${fault}`);
  }
}
