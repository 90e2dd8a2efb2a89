import { randomUUID } from 'node:crypto';
import type { IntakeResult } from '../../controller/domain/intake.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';
import type { Clock } from '../../controller/ports.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import { MqttConnection } from '../mqtt/connection.ts';
import type { BrokerAccess } from '../mqtt/broker-access.ts';
import type { Inbound } from '../mqtt/connection.ts';
import { Outbox } from '../mqtt/outbox.ts';
import { cellNameOf, cellTopics } from '../mqtt/topics.ts';
import type { CellAddress } from '../mqtt/topics.ts';
import { decodePackCommand } from './pack-command.ts';
import { adminTags, statusTags } from './pack-tags.ts';

export interface PackmlDeskOptions {
  readonly broker: BrokerAccess;
  readonly cell: CellAddress;
  readonly service: Pick<ControllerService, 'view' | 'submit'>;
  readonly numbers: StateNumbers;
  readonly clock: Clock;
  readonly onTrouble?: (message: string) => void;
}

const LOOK_EVERY_US = 100_000;
const RESULTS_MAX = 1_024;
/** Commands taken in a second; more are answered `busy`. */
const COMMANDS_PER_S = 50;

/**
 * The cell as PackTags: `Status/*` and `Admin/*` out, retained, each tag on a topic of its own and all together;
 * `Command` and `Command/{name}` in, through the same intake as everything else, with a result for every one.
 */
export class PackmlDesk {
  readonly #options: PackmlDeskOptions;
  readonly #topics: ReturnType<typeof cellTopics>;
  readonly #connection: MqttConnection;
  readonly #outbox: Outbox;
  readonly #published = new Map<string, string>();
  #dueUs = 0;
  #secondUs = 0;
  #left = COMMANDS_PER_S;

  constructor(options: PackmlDeskOptions) {
    this.#options = options;
    this.#topics = cellTopics(options.cell);
    this.#connection = new MqttConnection({
      broker: options.broker,
      clientId: `magpie-${cellNameOf(options.cell)}-packml-${randomUUID().slice(0, 8)}`,
      session: 'clean',
      ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
    });
    this.#outbox = new Outbox(this.#connection, RESULTS_MAX);
    const command = this.#topics.packml('Command');
    this.#connection.subscribe(command, 1, (message) => this.#take(null, message));
    this.#connection.subscribe(`${command}/+`, 1, (message) =>
      this.#take(message.topic.slice(command.length + 1), message),
    );
    this.#connection.onConnected(() => this.#published.clear());
  }

  open(): void {
    this.#connection.open();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** To be called often; publishes what has changed. */
  tick(): void {
    this.#outbox.flush();
    const nowUs = this.#options.clock.nowUs();
    if (nowUs < this.#dueUs || !this.#connection.connected) return;
    this.#dueUs = nowUs + LOOK_EVERY_US;
    const view = this.#options.service.view();
    this.#publishGroup('Status', statusTags(view, this.#options.numbers));
    this.#publishGroup('Admin', adminTags(view));
  }

  #publishGroup(group: string, tags: Readonly<Record<string, unknown>>): void {
    this.#publish(this.#topics.packml(group), JSON.stringify(tags));
    for (const [name, value] of Object.entries(tags)) {
      this.#publish(this.#topics.packml(`${group}/${name}`), JSON.stringify(value));
    }
  }

  #publish(topic: string, payload: string): void {
    if (this.#published.get(topic) === payload) return;
    const outcome = this.#connection.publish(topic, payload, { qos: 1, retain: 'retain' });
    if (outcome === 'sent') this.#published.set(topic, payload);
  }

  /** The last level of a topic is a command, or where our own answers go. */
  #take(tag: string | null, message: Inbound): void {
    if (tag === 'errors' || tag === 'results') return;
    const decoded = decodePackCommand(tag, message.payload);
    if (message.retained) {
      const detail = 'a retained command would be given again after every restart; publish with retain off';
      return this.#refuse(message, decoded.requestId, 'retained', detail);
    }
    if (decoded.kind === 'malformed') {
      const detail = decoded.faults.map(({ field, message: what }) => `${field} ${what}`.trim()).join('; ');
      return this.#refuse(message, decoded.requestId, 'malformed', detail);
    }
    if (decoded.kind === 'answered') return this.#answer(decoded.requestId, decoded.result);
    if (!this.#mayTake()) {
      return this.#answer(decoded.requestId, {
        status: 'refused',
        code: 'busy',
        detail: `more than ${COMMANDS_PER_S} commands in a second; send it again`,
      });
    }
    const { requestId, command } = decoded;
    void this.#options.service
      .submit({ kind: 'cell', body: { command } }, `packml:${requestId}`, 'mqtt')
      .then((result) => this.#answer(requestId, result));
  }

  #mayTake(): boolean {
    const nowUs = this.#options.clock.nowUs();
    if (nowUs - this.#secondUs >= 1e6) {
      this.#secondUs = nowUs;
      this.#left = COMMANDS_PER_S;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  #refuse(message: Inbound, requestId: string | null, code: string, detail: string): void {
    if (this.#mayTake()) {
      const said = { topic: message.topic, requestId, code, detail };
      void this.#outbox.add({ topic: this.#topics.packml('Command/errors'), payload: JSON.stringify(said) });
    }
    if (requestId !== null) this.#answer(requestId, { status: 'refused', code, detail });
  }

  #answer(requestId: string, result: IntakeResult): void {
    const payload = JSON.stringify({ requestId, result });
    void this.#outbox.add({ topic: this.#topics.packml(`Command/results/${requestId}`), payload });
  }
}
