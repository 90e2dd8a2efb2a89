import { randomUUID } from 'node:crypto';
import type { IntakeRequest, IntakeResult } from '../../controller/domain/intake.ts';
import type { Clock } from '../../controller/ports.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import type { BrokerAccess } from './broker-access.ts';
import type { BeforeAcknowledge } from './broker-guard.ts';
import { MqttConnection } from './connection.ts';
import type { Inbound, Reply } from './connection.ts';
import { INTAKE_TOPICS, decodeIntake } from './intake-messages.ts';
import type { IntakeErrorMessage, IntakeResultMessage, IntakeTopic } from './intake-messages.ts';
import type { Outbox } from './outbox.ts';
import type { PayloadFault } from './payload.ts';
import type { RefusalReason, RefusedMessages } from './refused-messages.ts';
import { frameFault } from './request-frame.ts';
import type { Receiver } from './request-frame.ts';
import { replyFault } from './reply-topic.ts';
import { cellNameOf, cellTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface MqttIntakeOptions {
  readonly cell: CellAddress;
  readonly service: Pick<ControllerService, 'submit' | 'view'>;
  readonly clock: Clock;
  /** Requests taken per second; what comes faster waits with its sender, unacknowledged. */
  readonly requestsPerS: number;
  /** Where results and errors go out; see `CellPublisher`. */
  readonly outbox: Outbox;
  readonly refused: RefusedMessages;
}

export interface IntakeStatistics {
  readonly taken: number;
  /** Answered by nothing but the counts: errors came faster than they are answered. */
  readonly errorsUnanswered: number;
}

const MAX_PENDING = 1_000;
const MAX_ERRORS_PER_S = 50;
/** A controller whose queue is full is asked again, this often and after this long. */
const BUSY_RETRIES = 20;
const BUSY_WAIT_MS = 100;
/** For how long the controller's clock is carried on from one look at it, us. */
const RECEIVER_READ_EVERY_US = 1_000_000;

/** Commands to the cell: a stop does not wait behind a thousand orders, and none is kept for a controller that is away. */
const COMMANDS: IntakeTopic = 'cell';

/** The connections that take requests from a broker. */
export interface IntakeSubscription {
  readonly connected: boolean;
  open(): void;
  close(): Promise<void>;
}

/**
 * Requests of people and systems. `take` resolves when a request is durable and decided, and its result is safe in
 * the outbox; it rejects when the request could not be taken, so that whoever acknowledges does not. Two ways lead
 * here: subscriptions at a broker of its own (`subscribe`), and the embedded broker's gate (`gate`), which lets the
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
  #errorsUnanswered = 0;
  #receiver: (Receiver & { readonly readUs: number }) | null = null;

  constructor(options: MqttIntakeOptions) {
    this.#options = options;
    this.#topics = cellTopics(options.cell);
    this.#prefix = this.#topics.intake('');
  }

  statistics(): IntakeStatistics {
    return { taken: this.#taken, errorsUnanswered: this.#errorsUnanswered };
  }

  /**
   * Connections of its own to take requests from a broker: one for work, whose session the broker keeps while the
   * controller is away and in which it delivers again what was not acknowledged; and one for commands to the cell.
   */
  subscribe(broker: BrokerAccess, onTrouble?: (message: string) => void): IntakeSubscription {
    const name = `magpie-${cellNameOf(this.#options.cell)}`;
    const common = { broker, ...(onTrouble === undefined ? {} : { onTrouble }) };
    const work = new MqttConnection({ ...common, clientId: `${name}-intake`, session: 'kept' });
    const commandsId = `${name}-commands-${randomUUID().slice(0, 8)}`;
    const commands = new MqttConnection({ ...common, clientId: commandsId, session: 'clean' });
    const others: readonly string[] = [this.#topics.errors, this.#topics.intake(COMMANDS)];
    const takeWork = (message: Inbound): Promise<void> | undefined =>
      others.includes(message.topic) ? undefined : this.take(message);
    work.subscribe(this.#topics.intake('+'), 1, takeWork, 'as-published');
    commands.subscribe(this.#topics.intake(COMMANDS), 1, (message) => this.take(message), 'as-published');
    const both = [work, commands];
    return {
      get connected() {
        return both.every(({ connected }) => connected);
      },
      open: () => both.forEach((each) => each.open()),
      close: async () => {
        await Promise.all(both.map((each) => each.close()));
      },
    };
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
    if (!isIntakeTopic(topic)) {
      const known = Object.keys(INTAKE_TOPICS).join(', ');
      const fault = whole(`there is no intake "${topic}"; use one of ${known}`);
      return this.#refuse(message, null, 'unknown-topic', 'unknown-topic', [fault]);
    }
    const decoded = decodeIntake(topic, message.payload);
    if (message.retained && message.payload.length === 0) return; // how a retained message is cleared
    if (!decoded.ok) {
      const code = message.retained ? 'retained' : 'malformed';
      return this.#refuse(message, decoded.requestId, code, decoded.reason, decoded.faults);
    }
    const { frame, request } = decoded;
    const { requestId } = frame;
    const late = frameFault(request, frame, message, () => this.#readReceiver());
    if (late !== null) {
      return this.#refuse(message, requestId, late.code, late.reason, [whole(late.message)]);
    }
    const astray = message.reply === undefined ? null : replyFault(this.#options.cell, message.reply.topic);
    if (astray !== null) {
      const faults = [whole(astray)];
      return this.#refuse(message, requestId, 'wrong-response-topic', 'wrong-response-topic', faults);
    }
    if (this.#pending >= MAX_PENDING) {
      const fault = whole(`${MAX_PENDING} requests are waiting already; send it again later`);
      await this.#refuse(message, requestId, 'not-taken', 'busy', [fault]);
      throw new Error('too many requests are waiting');
    }
    this.#pending += 1;
    try {
      if (topic !== COMMANDS) await this.#slot();
      const result = await this.#submit(request, requestId);
      this.#taken += 1;
      if (result.status === 'duplicate') this.#options.refused.add(`intake/${topic}`, 'duplicate');
      await this.#answer(requestId, result, message.reply);
    } finally {
      this.#pending -= 1;
    }
  }

  /** Epoch and time of the controller, read now and then: making a view costs more than a look at the clock. */
  #readReceiver(): Receiver {
    const { clock, service } = this.#options;
    const nowUs = clock.nowUs();
    if (this.#receiver === null || nowUs - this.#receiver.readUs > RECEIVER_READ_EVERY_US) {
      const { epoch, nowS } = service.view();
      this.#receiver = { epoch, nowS, readUs: nowUs };
    }
    const { epoch, nowS, readUs } = this.#receiver;
    return { epoch, nowS: nowS + (nowUs - readUs) / 1e6 };
  }

  /** Waits for this request's turn at the configured rate. */
  async #slot(): Promise<void> {
    const nowUs = this.#options.clock.nowUs();
    const slotUs = Math.max(nowUs, this.#nextSlotUs);
    this.#nextSlotUs = slotUs + 1e6 / this.#options.requestsPerS;
    if (slotUs > nowUs + 1_000) await delay((slotUs - nowUs) / 1000);
  }

  async #submit(request: IntakeRequest, requestId: string): Promise<IntakeResult> {
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.#options.service.submit(request, requestId, 'mqtt');
      if (result.status !== 'refused') return result;
      if (result.code === 'shutting-down') throw new Error('the controller is shutting down');
      if (result.code !== 'busy' || attempt === BUSY_RETRIES) return result;
      await delay(BUSY_WAIT_MS);
    }
  }

  /** On the usual topic and, where the sender named one (MQTT 5), on its own; resolves when both are durable. */
  async #answer(requestId: string, result: IntakeResult, reply: Reply | undefined): Promise<void> {
    const message: IntakeResultMessage = { requestId, result };
    const payload = JSON.stringify(message);
    const user = { requestId, status: result.status };
    const { outbox } = this.#options;
    const answers = [outbox.add({ topic: this.#topics.result(requestId), payload, properties: { user } })];
    if (reply !== undefined) {
      const { topic, correlation } = reply;
      const properties = correlation === null ? { user } : { user, correlation };
      answers.push(outbox.add({ topic, payload, properties }));
    }
    await Promise.all(answers);
  }

  async #refuse(
    about: Inbound,
    requestId: string | null,
    code: IntakeErrorMessage['code'],
    reason: RefusalReason,
    faults: readonly PayloadFault[],
  ): Promise<void> {
    const topic = about.topic.slice(this.#prefix.length);
    this.#options.refused.add(isIntakeTopic(topic) ? `intake/${topic}` : 'intake', reason);
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
    const message: IntakeErrorMessage = { topic: about.topic, requestId, code, reason, faults: [...faults] };
    const told = this.#options.outbox.add({ topic: this.#topics.errors, payload: JSON.stringify(message) });
    // Who waits for the result of this request is not left waiting.
    if (requestId !== null && code !== 'not-taken') {
      const detail = faults.length === 1 ? (faults[0]?.message ?? '') : `see ${this.#topics.errors}`;
      const reply = code === 'wrong-response-topic' ? undefined : about.reply;
      const isSafe = reply !== undefined && replyFault(this.#options.cell, reply.topic) === null;
      await this.#answer(requestId, { status: 'refused', code, detail }, isSafe ? reply : undefined);
    }
    await told;
  }
}

function isIntakeTopic(topic: string): topic is IntakeTopic {
  return Object.hasOwn(INTAKE_TOPICS, topic);
}

function whole(message: string): PayloadFault {
  return { field: '', value: null, message };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
