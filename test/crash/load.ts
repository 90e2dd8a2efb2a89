import type { CancelRequest, IntakeResult, OrderRequest } from '../../controller/domain/intake.ts';
import type { CellClient } from '../integration/cell-client.ts';
import type { RandomStream } from '../../sim/random.ts';
import type { Watch } from './watch.ts';

export interface Sent {
  readonly requestId: string;
  readonly channel: 'http' | 'mqtt';
  readonly request:
    | { readonly kind: 'orders'; readonly body: OrderRequest }
    | { readonly kind: 'cancel'; readonly body: CancelRequest };
  /** Null: not answered (yet). */
  result: IntakeResult | null;
}

/**
 * Sends orders and cancellations, some of them again on purpose, over HTTP and over MQTT, and keeps account of what
 * was answered: what was acknowledged must never be forgotten, what was repeated must not happen twice.
 */
export class Load {
  readonly sent: Sent[] = [];
  readonly wrong: string[] = [];
  repeats = 0;
  readonly #random: RandomStream;
  readonly #skus: readonly string[];
  readonly #client: CellClient;
  readonly #watch: () => Watch;
  readonly #openUnitsMax: number;
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    random: RandomStream,
    skus: readonly string[],
    client: CellClient,
    watch: () => Watch,
    openUnitsMax: number,
  ) {
    this.#random = random;
    this.#skus = skus;
    this.#client = client;
    this.#watch = watch;
    this.#openUnitsMax = openUnitsMax;
  }

  /** Does something that a warehouse system might do. `open`: orders of which units are open, with their number. */
  act(
    open: readonly {
      readonly orderId: string;
      readonly lineIds: readonly string[];
      readonly units: number;
    }[],
  ): void {
    const openUnits = open.reduce((sum, order) => sum + order.units, 0);
    const draw = this.#random.fraction();
    const answered = this.sent.filter((sent) => sent.result !== null);
    if (draw < 0.2 && answered.length > 0) return this.repeat(this.#pick(answered));
    if (draw < 0.27 && open.length > 0) return this.#cancel(this.#pick(open));
    if (openUnits < this.#openUnitsMax || answered.length === 0) return this.#order();
    this.repeat(this.#pick(answered));
  }

  #order(): void {
    const lines = Array.from({ length: this.#random.integer(1, 2) }, (_, k) => ({
      lineId: String(k + 1),
      sku: this.#pick(this.#skus),
      quantity: this.#random.integer(1, 2),
    }));
    const orderId = `C-${this.sent.length + 1}`;
    this.#send({ kind: 'orders', body: { orderId, priority: 50, shipBy: null, lines } });
  }

  /** The whole order, or one unit of one line: that one would show if it were done twice. */
  #cancel(order: { readonly orderId: string; readonly lineIds: readonly string[] }): void {
    const body = this.#random.chance(0.2)
      ? { orderId: order.orderId, lineId: null, quantity: null }
      : { orderId: order.orderId, lineId: this.#pick(order.lineIds), quantity: 1 };
    this.#send({ kind: 'cancel', body });
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.integer(0, list.length - 1)] as T;
  }

  #send(request: Sent['request']): void {
    const channel = this.#random.chance(0.5) ? ('http' as const) : ('mqtt' as const);
    const sent: Sent = { requestId: `r-${this.sent.length + 1}`, channel, request, result: null };
    this.sent.push(sent);
    this.#transmit(sent);
  }

  repeat(sent: Sent): void {
    this.repeats += 1;
    this.#transmit(sent);
  }

  /** Everything of which nobody knows whether it was taken is sent again, under the same id. */
  repeatUnanswered(): void {
    for (const sent of this.sent) if (sent.result === null) this.repeat(sent);
  }

  get unanswered(): number {
    return this.sent.filter((sent) => sent.result === null).length;
  }

  #transmit(sent: Sent): void {
    if (sent.channel === 'mqtt') {
      this.#watch().publish(sent.request.kind, { requestId: sent.requestId, ...sent.request.body });
      return;
    }
    const work = this.#client
      .post(`/api/v1/${sent.request.kind}`, sent.request.body, sent.requestId)
      .then((result) => {
        if (result.status !== 'unanswered') this.answered(sent, result);
        this.#underWay.delete(work);
      });
    this.#underWay.add(work);
  }

  heard(requestId: string, result: IntakeResult): void {
    const sent = this.sent.find((each) => each.requestId === requestId);
    if (sent !== undefined) this.answered(sent, result);
  }

  private answered(sent: Sent, result: IntakeResult): void {
    const before = sent.result;
    if (before !== null && isTaken(before) && !isTaken(result)) {
      this.wrong.push(
        `${sent.request.kind} ${sent.requestId} was ${before.status}, a repeat of it was ${result.status} (${result.detail})`,
      );
    }
    if (sent.request.kind === 'orders' && result.status === 'refused') {
      this.wrong.push(`order ${sent.request.body.orderId} was refused: ${result.code}: ${result.detail}`);
    }
    if (before === null || !isTaken(before)) sent.result = result;
  }

  /** Until every request over HTTP has an answer or an error. */
  async quiet(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}

export function isTaken(result: IntakeResult): boolean {
  return result.status !== 'refused';
}
