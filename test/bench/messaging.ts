import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import type { MqttClient } from 'mqtt';
import type { CellView } from '../../controller/operations/view.ts';
import { cellTopics } from '../../protocols/mqtt/topics.ts';
import { freePort } from '../free-ports.ts';
import { until } from '../integration/process.ts';
import { MOSQUITTO, mosquittoBroker, pause } from '../protocols/mqtt/test-broker.ts';
import { GUARD_TOPIC, messagingCell } from './messaging-cell.ts';
import type { MessagingSetup } from './messaging-cell.ts';

interface MessagingRow {
  readonly broker: 'embedded' | 'mosquitto';
  /** From a published order to its result `accepted`, with 8 arms streaming at 125 Hz. */
  readonly orderAcceptedP50Ms: number;
  readonly orderAcceptedP99Ms: number;
  /** From the PLC's message that the guard is open to the last stop command, as a listener at the broker has it. */
  readonly permissionLostP50Ms: number;
  readonly permissionLostP99Ms: number;
  /** Accepted, each durable before it is acknowledged. */
  readonly ordersPerSecond: number;
  /** Behind the figures: orders timed, permissions lost, stops heard in all of them, measurements a second. */
  readonly samples: { readonly orders: number; readonly permissions: number; readonly stops: number };
  readonly statesPerSecond: number;
}

const TIMED_ORDERS = 200;
const PERMISSIONS = 40;
/** The PLC says the state of its guard so often, ms. */
const GUARD_EVERY_MS = 250;
/** So many of the eight arms move at least when a permission is lost. */
const MOVING = 4;
const BURST = 2_000;
const UNACKNOWLEDGED = 100;
/** No stop for so long: all that move were told. */
const QUIET_MS = 250;
/** For processes to start, and for anything else to happen; machines may be busy. */
const START_MS = 180_000;
const MOMENT_MS = 120_000;
const PROCESS = fileURLToPath(new URL('./messaging-process.ts', import.meta.url));

/** The real service and eight simulated arms, each in a process of its own, over the embedded broker and Mosquitto. */
export async function messagingBench(): Promise<readonly MessagingRow[]> {
  const rows = [await measure('embedded')];
  if (MOSQUITTO === undefined) process.stderr.write('SKIPPED: Mosquitto, which is not installed\n');
  else rows.push(await measure('mosquitto'));
  return rows;
}

async function measure(broker: MessagingRow['broker']): Promise<MessagingRow> {
  const external = broker === 'mosquitto' ? await mosquittoBroker('kept') : null;
  await external?.start();
  const directory = mkdtempSync(join(tmpdir(), 'magpie-messaging-'));
  mkdirSync(join(directory, 'state'));
  const brokerPort = await freePort();
  const setup: MessagingSetup = {
    brokerUrl: external?.url ?? null,
    brokerPort,
    httpPort: await freePort(),
    directory,
  };
  const children = ['service', 'floor'].map((role) => start(role, setup));
  try {
    return await new Measurement(broker, setup).run(external?.url ?? `mqtt://127.0.0.1:${brokerPort}`);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await external?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function start(role: string, setup: MessagingSetup): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', PROCESS, role, JSON.stringify(setup)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

class Measurement {
  readonly #broker: MessagingRow['broker'];
  readonly #topics: ReturnType<typeof cellTopics>;
  readonly #skus: readonly string[];
  readonly #results = new Map<string, (status: string) => void>();
  #requests = 0;
  #isGuardClosed = true;
  #lastStopMs = 0;
  #stops = 0;
  #states = 0;
  #status: CellView | null = null;

  constructor(broker: MessagingRow['broker'], setup: MessagingSetup) {
    const { cell } = messagingCell(setup);
    this.#broker = broker;
    this.#topics = cellTopics(cell.name);
    this.#skus = Array.from({ length: 40 }, (_, k) => `SKU-${String(k + 1).padStart(5, '0')}`);
  }

  async run(url: string): Promise<MessagingRow> {
    const client = await this.#connect(url);
    await until('the cell shows itself', START_MS, () => this.#status !== null);
    const beating = setInterval(() => this.#sayGuard(client), GUARD_EVERY_MS);
    for (let k = 0; k < 400; k += 1) await this.#order(client);
    await this.#working(client);
    const statesBefore = this.#states;
    const beganMs = performance.now();
    const accepted: number[] = [];
    for (let k = 0; k < TIMED_ORDERS; k += 1) {
      const sentMs = performance.now();
      await this.#order(client);
      accepted.push(performance.now() - sentMs);
      await pause(10);
    }
    const statesPerSecond = (1_000 * (this.#states - statesBefore)) / (performance.now() - beganMs);
    const lost = await this.#losePermissions(client);
    const ordersPerSecond = await this.#burst(client);
    clearInterval(beating);
    await client.endAsync(true);
    return {
      broker: this.#broker,
      orderAcceptedP50Ms: quantile(accepted, 0.5),
      orderAcceptedP99Ms: quantile(accepted, 0.99),
      permissionLostP50Ms: quantile(lost, 0.5),
      permissionLostP99Ms: quantile(lost, 0.99),
      ordersPerSecond,
      samples: { orders: accepted.length, permissions: lost.length, stops: this.#stops },
      statesPerSecond,
    };
  }

  async #connect(url: string): Promise<MqttClient> {
    let client: MqttClient | null = null;
    await until('the broker answers', START_MS, async () => {
      client = await connectAsync(url, { reconnectPeriod: 0 }).catch(() => null);
      return client !== null;
    });
    if (client === null) throw new Error('no client');
    const connected: MqttClient = client;
    const base = this.#topics.status.replace(/status$/, '');
    connected.on('message', (topic, payload) => {
      if (topic === this.#topics.status) this.#status = JSON.parse(payload.toString()) as CellView;
      else if (topic.endsWith('/command/stop')) {
        this.#lastStopMs = performance.now();
        this.#stops += 1;
      } else if (topic.endsWith('/state')) this.#states += 1;
      else {
        const requestId = topic.slice(topic.lastIndexOf('/') + 1);
        const { result } = JSON.parse(payload.toString()) as { result: { status: string } };
        this.#results.get(requestId)?.(result.status);
        this.#results.delete(requestId);
      }
    });
    await connected.subscribeAsync(
      [this.#topics.status, this.#topics.result('+'), `${base}arm/+/command/stop`, `${base}arm/+/state`],
      { qos: 1 },
    );
    return connected;
  }

  /** Until several arms move; a cell that does not run is started, also one that a busy machine made hold. */
  async #working(client: MqttClient): Promise<void> {
    const next: Readonly<Record<string, string>> = { stopped: 'reset', idle: 'start', held: 'unhold' };
    let askedMs = -Infinity;
    await until('arms move', START_MS, async () => {
      const { state = '', permissions = [] } = this.#status ?? {};
      const command = permissions.some(({ needsReset }) => needsReset) ? 'reset' : next[state];
      if (command !== undefined && performance.now() - askedMs > 1_000) {
        askedMs = performance.now();
        await this.#request(client, 'cell', { command });
      }
      return this.#status?.state === 'execute' && this.#moving() >= MOVING;
    });
  }

  #moving(): number {
    return this.#status?.arms.filter(({ mode }) => mode === 'moving').length ?? 0;
  }

  /** Resolves with its result. */
  #request(client: MqttClient, kind: string, body: object): Promise<string> {
    this.#requests += 1;
    const requestId = `bench-${this.#requests}`;
    const answered = new Promise<string>((resolve) => this.#results.set(requestId, resolve));
    client.publish(this.#topics.intake(kind), JSON.stringify({ requestId, ...body }), { qos: 1 });
    return answered;
  }

  async #order(client: MqttClient): Promise<void> {
    const sku = this.#skus[this.#requests % this.#skus.length];
    const orderId = `O-${this.#requests + 1}`;
    const status = await this.#request(client, 'orders', {
      orderId,
      lines: [{ lineId: '1', sku, quantity: 1 }],
    });
    if (status !== 'accepted') throw new Error(`${orderId} is ${status}`);
  }

  #sayGuard(client: MqttClient): void {
    client.publish(GUARD_TOPIC, JSON.stringify({ closed: this.#isGuardClosed }), { qos: 1 });
  }

  /** Opens the guard of a cell that works, again and again: how long until the last arm that moved was told to stop. */
  async #losePermissions(client: MqttClient): Promise<readonly number[]> {
    const took: number[] = [];
    for (let k = 0; k < PERMISSIONS; k += 1) {
      await this.#working(client);
      const stopsBefore = this.#stops;
      const lostMs = performance.now();
      this.#isGuardClosed = false;
      this.#sayGuard(client);
      await until('the arms are told to stop', MOMENT_MS, () => {
        return this.#stops > stopsBefore && performance.now() - this.#lastStopMs > QUIET_MS;
      });
      took.push(this.#lastStopMs - lostMs);
      await until('the cell is held', MOMENT_MS, () => this.#status?.state === 'held');
      this.#isGuardClosed = true;
      this.#sayGuard(client);
      await until(
        'the guard is closed',
        MOMENT_MS,
        () => this.#status?.permissions.every(({ granted }) => granted) ?? false,
      );
    }
    return took;
  }

  async #burst(client: MqttClient): Promise<number> {
    const beganMs = performance.now();
    let sent = 0;
    const one = async (): Promise<void> => {
      while (sent < BURST) {
        sent += 1;
        await this.#order(client);
      }
    };
    await Promise.all(Array.from({ length: UNACKNOWLEDGED }, one));
    return (1_000 * BURST) / (performance.now() - beganMs);
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
