import type { IntakeResult } from '../../controller/domain/intake.ts';
import type { CellView } from '../../controller/operations/view.ts';
import { shippedPath } from '../../config/shipped.ts';
import { IntakeClient } from '../../protocols/mqtt/intake-client.ts';
import { stream } from '../../sim/random.ts';
import type { RandomStream } from '../../sim/random.ts';
import { freePort } from '../free-ports.ts';
import { until } from '../integration/process.ts';
import { Rig } from '../integration/rig.ts';
import { mosquittoBroker } from '../protocols/mqtt/test-broker.ts';
import type { TestBroker } from '../protocols/mqtt/test-broker.ts';
import { FaultyProxy } from './faulty-proxy.ts';

export interface MqttCampaignOptions {
  readonly broker: 'embedded' | 'mosquitto';
  readonly rounds: number;
  readonly seed: number;
  readonly onRound?: (round: number, fault: string, step: string) => void;
}

export interface MqttCampaignReport {
  readonly broker: 'embedded' | 'mosquitto';
  readonly rounds: number;
  /** How often each was done. */
  readonly faults: Readonly<Record<string, number>>;
  readonly packets: { readonly dropped: number; readonly duplicated: number };
  readonly orders: number;
  /** Requests sent again because no result had come. */
  readonly repeats: number;
  /** Orders or results that should be there and are not. */
  readonly lost: number;
  /** Order lines that are there more often than they were asked for. */
  readonly doubled: number;
  readonly wrong: readonly string[];
}

/** When the fault strikes, in the life of a round's orders. */
const STEPS = [
  'before they are sent',
  'as they are sent',
  'after the first result',
  'after all results',
] as const;
type Step = (typeof STEPS)[number];

const FAULTS = [
  'broker killed',
  'service killed',
  'connections cut',
  'packets lost',
  'packets repeated',
  'black hole',
] as const;
type Fault = (typeof FAULTS)[number];

/** Every fault at every step, in an order of the seed's. The embedded broker dies and comes back with its service. */
function planOf(broker: MqttCampaignOptions['broker'], random: RandomStream): (readonly [Fault, Step])[] {
  const faults = FAULTS.filter((fault) => broker === 'mosquitto' || fault !== 'broker killed');
  const plan = faults.flatMap((fault) => STEPS.map((step) => [fault, step] as const));
  for (let k = plan.length - 1; k > 0; k -= 1) {
    const other = random.integer(0, k);
    [plan[k], plan[other]] = [plan[other], plan[k]] as [readonly [Fault, Step], readonly [Fault, Step]];
  }
  return plan;
}

/** How long a round may take to be over after its fault. */
const SETTLE_MS = 120_000;
const REPEAT_MS = 1_500;
const FAULT_MS = 1_200;
/** A fault that strikes before orders are sent has begun so long before, ms. */
const STRUCK_BEFORE_MS = 100;

interface Asked {
  readonly orderId: string;
  result: IntakeResult | null;
  sentMs: number;
  sent: number;
}

/**
 * The real service and a host that sends it orders over a broker, while the broker, the service and what is between
 * them fail. After each round every order has to be there once, and its sender has to know.
 */
export class MqttCampaign {
  readonly #options: MqttCampaignOptions;
  readonly #random: RandomStream;
  readonly #plan: readonly (readonly [Fault, Step])[];
  readonly #rig: Rig;
  readonly #broker: TestBroker | null;
  /** On the host's way to the broker and, with a broker of its own, on the service's. */
  readonly #proxies: readonly FaultyProxy[];
  readonly #client: IntakeClient;
  readonly #asked = new Map<string, Asked>();
  readonly #faults: Record<string, number> = {};
  readonly #wrong: string[] = [];
  #repeats = 0;
  #rounds = 0;
  #lost = 0;
  #doubled = 0;

  private constructor(
    options: MqttCampaignOptions,
    rig: Rig,
    broker: TestBroker | null,
    proxies: readonly FaultyProxy[],
  ) {
    this.#options = options;
    this.#rig = rig;
    this.#broker = broker;
    this.#proxies = proxies;
    this.#random = stream(options.seed, `mqtt ${options.broker}`);
    this.#plan = planOf(options.broker, this.#random);
    this.#client = new IntakeClient({
      broker: { url: proxies[0]?.url ?? '' },
      cell: rig.copy.name,
      onResult: (requestId, result) => {
        const asked = this.#asked.get(requestId);
        if (asked !== undefined) asked.result ??= result;
      },
    });
  }

  static async run(options: MqttCampaignOptions): Promise<MqttCampaignReport> {
    const broker = options.broker === 'mosquitto' ? await mosquittoBroker('kept') : null;
    await broker?.start();
    const ways = stream(options.seed, 'ways');
    const serviceWay =
      broker === null ? null : await FaultyProxy.start(await freePort(), portOf(broker.url), ways);
    const rig = await Rig.create({
      cellFile: shippedPath('cells/small.yaml'),
      seed: options.seed,
      broker: serviceWay?.url ?? 'embedded',
      settings: [],
    });
    const hostWay = await FaultyProxy.start(
      await freePort(),
      portOf(broker?.url ?? rig.copy.brokerUrl),
      ways,
    );
    const proxies = serviceWay === null ? [hostWay] : [hostWay, serviceWay];
    const campaign = new MqttCampaign(options, rig, broker, proxies);
    try {
      await campaign.#all();
    } catch (error) {
      campaign.#wrong.push(error instanceof Error ? error.message : String(error));
    }
    await campaign.#client.close();
    await rig.end(campaign.#wrong.length === 0 ? 'remove' : 'keep');
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await broker?.stop();
    return campaign.#report();
  }

  async #all(): Promise<void> {
    this.#rig.startController();
    this.#client.open();
    await this.#view();
    const total = this.#options.rounds;
    for (let round = 1; round <= total && this.#wrong.length === 0; round += 1) await this.#round(round);
  }

  async #round(round: number): Promise<void> {
    const [fault, step] = this.#plan[(round - 1) % this.#plan.length] as readonly [Fault, Step];
    this.#options.onRound?.(round, fault, step);
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
    const count = this.#random.integer(2, 6);
    const ids = Array.from({ length: count }, (_, k) => `r${round}-${k}`);
    const results = (): number => ids.filter((id) => this.#asked.get(id)?.result).length;
    const struck = step === STEPS[0] ? this.#strike(fault) : Promise.resolve();
    if (step === STEPS[0]) await pause(STRUCK_BEFORE_MS);
    for (const id of ids) this.#ask(id);
    await struck;
    if (step === STEPS[1]) await this.#strike(fault);
    if (step === STEPS[2]) {
      await this.#settled('a first result', () => results() > 0);
      await this.#strike(fault);
    }
    await this.#settled(`every result of round ${round} (${fault} ${step})`, () => results() === count);
    if (step === STEPS[3]) await this.#strike(fault);
    await this.#check(round, `${fault} ${step}`);
    this.#rounds = round;
  }

  async #strike(fault: Fault): Promise<void> {
    await pause(this.#random.fraction() * 30);
    switch (fault) {
      case 'broker killed':
        await this.#broker?.stop();
        await pause(this.#random.fraction() * FAULT_MS);
        await this.#broker?.start();
        return;
      case 'service killed':
        await this.#rig.controller?.kill();
        this.#rig.startController();
        return;
      case 'packets lost':
        return this.#spoil({ drop: 0.5 });
      case 'packets repeated':
        return this.#spoil({ duplicate: 0.7 });
      case 'black hole':
        return this.#spoil({ isBlackHole: true });
      default:
        for (const proxy of this.#proxies) proxy.cut();
    }
  }

  /** For a while, with repeats of what was asked meanwhile; then the connections are cut, and all is well again. */
  async #spoil(faults: Parameters<FaultyProxy['spoil']>[0]): Promise<void> {
    for (const proxy of this.#proxies) proxy.spoil(faults);
    for (const id of this.#asked.keys()) this.#ask(id);
    await pause(FAULT_MS);
    for (const proxy of this.#proxies) {
      proxy.clear();
      proxy.cut();
    }
  }

  /** Asks for an order, or asks again while there is no result. */
  #ask(requestId: string): void {
    const orderId = `O-${requestId}`;
    const asked = this.#asked.get(requestId) ?? { orderId, result: null, sentMs: -Infinity, sent: 0 };
    this.#asked.set(requestId, asked);
    if (asked.result !== null || performance.now() - asked.sentMs < REPEAT_MS) return;
    const sku = this.#rig.skus[asked.orderId.length % this.#rig.skus.length] ?? 'SKU-1';
    const body = { orderId, priority: 50, shipBy: null, lines: [{ lineId: '1', sku, quantity: 1 }] };
    if (this.#client.send({ kind: 'order', body }, requestId) !== 'sent') return;
    if (asked.sent > 0) this.#repeats += 1;
    asked.sent += 1;
    asked.sentMs = performance.now();
  }

  async #settled(what: string, condition: () => boolean): Promise<void> {
    await until(what, SETTLE_MS, () => {
      for (const id of this.#asked.keys()) this.#ask(id);
      return condition();
    });
  }

  async #view(): Promise<CellView> {
    return until(
      'the service answers',
      SETTLE_MS,
      () => this.#rig.client.status(),
      () => this.#rig.controller?.output().slice(-1_000) ?? '',
    );
  }

  /** Every order asked for is there, once, and nothing else is. */
  async #check(round: number, fault: string): Promise<void> {
    const view = await this.#view();
    const expected = this.#asked.size;
    let lost = 0;
    for (const [requestId, { orderId, result }] of this.#asked) {
      if (result?.status === 'refused') this.#wrong.push(`${requestId} was refused: ${result.detail}`);
      if (!requestId.startsWith(`r${round}-`)) continue;
      const order = await this.#rig.client.order(orderId);
      if (order === null || order.lines.length !== 1 || order.lines[0]?.quantity !== 1) lost += 1;
    }
    lost = Math.max(lost, expected - view.lines.total);
    const doubled = Math.max(0, view.lines.total - expected);
    this.#lost += lost;
    this.#doubled += doubled;
    if (lost + doubled > 0) this.#wrong.push(`round ${round}, ${fault}: ${lost} lost, ${doubled} doubled`);
  }

  #report(): MqttCampaignReport {
    const sum = (key: 'dropped' | 'duplicated') =>
      this.#proxies.reduce((all, proxy) => all + proxy.counts[key], 0);
    return {
      broker: this.#options.broker,
      rounds: this.#rounds,
      faults: this.#faults,
      packets: { dropped: sum('dropped'), duplicated: sum('duplicated') },
      orders: this.#asked.size,
      repeats: this.#repeats,
      lost: this.#lost + [...this.#asked.values()].filter(({ result }) => result === null).length,
      doubled: this.#doubled,
      wrong: this.#wrong,
    };
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
