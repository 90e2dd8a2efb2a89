import type { BooksLimits } from '../../controller/operations/books-view.ts';
import type { Clock } from '../../controller/ports.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import type { MqttConnection } from './connection.ts';
import type { StateKind } from './state-messages.ts';
import { cellTopics, topicNameFault } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface StatePublisherOptions {
  /** To be made before it is opened. */
  readonly connection: MqttConnection;
  readonly cell: CellAddress;
  readonly service: Pick<ControllerService, 'view' | 'books'>;
  readonly clock: Clock;
}

const LOOK_EVERY_US = 1_000_000;
const KPIS_EVERY_US = 5_000_000;
/** Things that get a topic of their own; what is beyond is counted in the KPIs. */
const LIMITS: BooksLimits = { orders: 500, tasks: 500, skus: 2_000 };
const MAX_FOREIGN = 10_000;
/** Messages sent at one look, so that a first one does not crowd out what else is said. */
const MAX_PER_LOOK = 400;

/**
 * What is so in the cell, one retained topic for each thing (`state/...`). Once a second it is looked at what has
 * changed; of that the newest is published and what is gone is cleared, also what an earlier run of the controller
 * left at the broker.
 */
export class StatePublisher {
  readonly #options: StatePublisherOptions;
  readonly #topics: ReturnType<typeof cellTopics>;
  /** What the broker has of us, by topic. */
  readonly #published = new Map<string, string>();
  /** Topics that an earlier run left there. */
  readonly #foreign = new Set<string>();
  #lookDueUs = 0;
  #kpisDueUs = 0;

  constructor(options: StatePublisherOptions) {
    this.#options = options;
    this.#topics = cellTopics(options.cell);
    options.connection.subscribe(this.#topics.state('#'), 0, ({ topic, retained, payload }) => {
      if (!retained || payload.length === 0 || this.#published.has(topic)) return;
      if (this.#foreign.size < MAX_FOREIGN) this.#foreign.add(topic);
    });
    options.connection.onConnected(() => {
      // Whatever the broker kept, or forgot: all is said again.
      this.#published.clear();
      this.#lookDueUs = options.clock.nowUs() + LOOK_EVERY_US / 4; // what it kept arrives meanwhile
      this.#kpisDueUs = 0;
    });
  }

  /** To be called often; does nothing most of the time. */
  tick(): void {
    const { connection, clock } = this.#options;
    const nowUs = clock.nowUs();
    if (!connection.connected || nowUs < this.#lookDueUs) return;
    this.#lookDueUs = nowUs + LOOK_EVERY_US;
    const wanted = this.#wanted(nowUs >= this.#kpisDueUs);
    const gone = [...this.#published.keys(), ...this.#foreign].filter((topic) => !wanted.has(topic));
    const changed = [...wanted].filter(([topic, payload]) => this.#published.get(topic) !== payload);
    const messages = [...gone.map((topic) => [topic, ''] as const), ...changed];
    for (const [topic, payload] of messages.slice(0, MAX_PER_LOOK)) {
      const outcome = connection.publish(topic, payload, { qos: 1, retain: 'retain' });
      if (outcome !== 'sent') break;
      this.#foreign.delete(topic);
      if (payload === '') this.#published.delete(topic);
      else this.#published.set(topic, payload);
    }
    if (messages.length > MAX_PER_LOOK) this.#lookDueUs = nowUs + LOOK_EVERY_US / 10;
    if (nowUs >= this.#kpisDueUs) this.#kpisDueUs = nowUs + KPIS_EVERY_US;
  }

  #wanted(withKpis: boolean): Map<string, string> {
    const { service } = this.#options;
    const view = service.view();
    const books = service.books(LIMITS);
    const wanted = new Map<string, string>();
    const put = (kind: StateKind, id: string | null, body: object): void => {
      if (id !== null && topicNameFault(kind, id) !== null) return; // cannot be a level of a topic
      wanted.set(this.#topics.state(id === null ? kind : `${kind}/${id}`), JSON.stringify(body));
    };
    for (const { spentS: _spentS, waitingForS: _waitingForS, ...arm } of view.arms) put('arms', arm.id, arm);
    for (const place of view.places) put('places', place.id, place);
    for (const order of books.orders) put('orders', order.id, order);
    for (const task of books.tasks) put('tasks', task.id, task);
    for (const tote of books.totes) put('totes', tote.id, tote);
    for (const stock of books.stock) put('stock', stock.sku, stock);
    put('alarms', null, { alarms: view.alarms, exceptions: view.exceptions });
    const kpis = this.#topics.state('kpis');
    const { state, epoch, nowS, orders, lines, units, tasks } = view;
    const arms = Object.fromEntries(
      view.arms.map(({ id, unitsDone, spentS, waitingForS }) => [id, { unitsDone, spentS, waitingForS }]),
    );
    const figures = { state, epoch, nowS, orders, lines, units, tasks, arms, leftOut: books.leftOut };
    const before = this.#published.get(kpis);
    if (withKpis || before === undefined) put('kpis', null, figures);
    else wanted.set(kpis, before);
    return wanted;
  }
}
