import type { IntakeResult } from '../../controller/domain/intake.ts';
import type { Clock } from '../../controller/ports.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import { MqttConnection } from './connection.ts';
import type { BrokerAccess } from './broker-access.ts';
import type { Inbound } from './connection.ts';
import type { BeforeAcknowledge } from './broker-guard.ts';
import { INTAKE_TOPICS, decodeIntake } from './intake-messages.ts';
import type { IntakeErrorMessage, IntakeResultMessage, IntakeTopic } from './intake-messages.ts';
import type { Outbox } from './outbox.ts';
import type { PayloadFault } from './payload.ts';
import { cellNameOf, cellTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface MqttIntakeOptions {
  readonly cell: CellAddress;
  readonly service: Pick<ControllerService, 'submit'>;
  readonly clock: Clock;
  /** Requests taken per second; what comes faster waits with its sender, unacknowledged. */
  readonly requestsPerS: number;
  /** Where results and errors go out; see `CellPublisher`. */
  readonly outbox: Outbox;
}

export interface IntakeStatistics {
  readonly taken: number;
  readonly malformed: number;
  readonly retained: number;
  readonly unknownTopic: number;
  /** Answered by nothing but this count: errors came faster than they are answered. */
  readonly errorsUnanswered: number;
}

const MAX_PENDING = 1_000;
const MAX_ERRORS_PER_S = 50;
/** A controller whose queue is full is asked again, this often and after this long. */
const BUSY_RETRIES = 20;
const BUSY_WAIT_MS = 100;

/**
 * Requests of people and systems. `take` resolves when a request is durable and decided, and its result is on its
 * way; it rejects when the request could not be taken, so that whoever acknowledges does not. Two ways lead here:
 * a subscription at a broker of its own (`subscribe`), and the embedded broker's gate (`gate`), which lets the
 * sender's own acknowledgement wait for the journal.
 */
export class MqttIntake {
  readonly #options: MqttIntakeOptions;
  readonly #topics: ReturnType<typeof cellTopics>;
  readonly #prefix: string;
  #pending = 0;
  #nextSlotUs = 0;
  #errorsSinceUs = 0;
  #errorsLeft = MAX_ERRORS_PER_S;
  #taken = 0;
  #malformed = 0;
  #retained = 0;
  #unknownTopic = 0;
  #errorsUnanswered = 0;

  constructor(options: MqttIntakeOptions) {
    this.#options = options;
    this.#topics = cellTopics(options.cell);
    this.#prefix = this.#topics.intake('');
  }

  statistics(): IntakeStatistics {
    return {
      taken: this.#taken,
      malformed: this.#malformed,
      retained: this.#retained,
      unknownTopic: this.#unknownTopic,
      errorsUnanswered: this.#errorsUnanswered,
    };
  }

  /**
   * A connection of its own to take requests from a broker. The broker keeps the session while the controller is
   * away and delivers again what was not acknowledged.
   */
  subscribe(broker: BrokerAccess, onTrouble?: (message: string) => void): MqttConnection {
    const connection = new MqttConnection({
      broker,
      clientId: `magpie-${cellNameOf(this.#options.cell)}-intake`,
      session: 'kept',
      ...(onTrouble === undefined ? {} : { onTrouble }),
    });
    connection.subscribe(this.#topics.intake('+'), 1, (message) => {
      return message.topic === this.#topics.errors ? undefined : this.take(message);
    });
    return connection;
  }

  /** For the embedded broker's `beforeAcknowledge`. */
  get gate(): BeforeAcknowledge {
    return (message) => {
      const rest = message.topic.startsWith(this.#prefix) ? message.topic.slice(this.#prefix.length) : null;
      const isRequest = rest !== null && !rest.includes('/') && rest !== 'errors';
      return isRequest ? this.take(message) : undefined;
    };
  }

  async take(message: Inbound): Promise<void> {
    const topic = message.topic.slice(this.#prefix.length);
    if (!Object.hasOwn(INTAKE_TOPICS, topic)) {
      this.#unknownTopic += 1;
      const known = Object.keys(INTAKE_TOPICS).join(', ');
      this.#error(message.topic, null, 'unknown-topic', [
        whole(`there is no intake "${topic}"; use one of ${known}`),
      ]);
      return;
    }
    const decoded = decodeIntake(topic as IntakeTopic, message.payload);
    if (message.retained) {
      this.#retained += 1;
      const fault = whole(
        'a retained request would be carried out again after every restart; publish with retain off',
      );
      this.#error(message.topic, decoded.requestId, 'retained', [fault]);
      return;
    }
    if (!decoded.ok) {
      this.#malformed += 1;
      this.#error(message.topic, decoded.requestId, 'malformed', decoded.faults);
      return;
    }
    if (this.#pending >= MAX_PENDING) {
      this.#error(message.topic, decoded.requestId, 'not-taken', [
        whole(`${MAX_PENDING} requests are waiting already; send it again later`),
      ]);
      throw new Error('too many requests are waiting');
    }
    this.#pending += 1;
    try {
      await this.#slot();
      const result = await this.#submit(decoded.request, decoded.requestId);
      this.#taken += 1;
      this.#answer(decoded.requestId, result);
    } finally {
      this.#pending -= 1;
    }
  }

  /** Waits for this request's turn at the configured rate. */
  async #slot(): Promise<void> {
    const nowUs = this.#options.clock.nowUs();
    const slotUs = Math.max(nowUs, this.#nextSlotUs);
    this.#nextSlotUs = slotUs + 1e6 / this.#options.requestsPerS;
    if (slotUs > nowUs + 1_000) await delay((slotUs - nowUs) / 1000);
  }

  async #submit(
    request: Parameters<ControllerService['submit']>[0],
    requestId: string,
  ): Promise<IntakeResult> {
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.#options.service.submit(request, requestId, 'mqtt');
      if (result.status !== 'refused') return result;
      if (result.code === 'shutting-down') throw new Error('the controller is shutting down');
      if (result.code !== 'busy' || attempt === BUSY_RETRIES) return result;
      await delay(BUSY_WAIT_MS);
    }
  }

  #answer(requestId: string, result: IntakeResult): void {
    const message: IntakeResultMessage = { requestId, result };
    this.#options.outbox.add(this.#topics.result(requestId), JSON.stringify(message));
  }

  #error(
    topic: string,
    requestId: string | null,
    code: IntakeErrorMessage['code'],
    faults: readonly PayloadFault[],
  ): void {
    const nowUs = this.#options.clock.nowUs();
    if (nowUs - this.#errorsSinceUs >= 1e6) {
      this.#errorsSinceUs = nowUs;
      this.#errorsLeft = MAX_ERRORS_PER_S;
    }
    if (this.#errorsLeft === 0) {
      this.#errorsUnanswered += 1;
      return;
    }
    this.#errorsLeft -= 1;
    const message: IntakeErrorMessage = { topic, requestId, code, faults: [...faults] };
    this.#options.outbox.add(this.#topics.errors, JSON.stringify(message));
    // Who waits for the result of this request is not left waiting.
    if (requestId !== null && code !== 'not-taken') {
      const detail = `see ${this.#topics.errors}`;
      this.#answer(requestId, { status: 'refused', code, detail });
    }
  }
}

function whole(message: string): PayloadFault {
  return { field: '', value: null, message };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
