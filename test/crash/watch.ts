import { connect } from 'mqtt';
import type { MqttClient } from 'mqtt';
import type { IntakeResult } from '../../controller/domain/intake.ts';
import { TOPIC_ROOT } from '../../protocols/mqtt/topics.ts';

/** How far an arm at rest may seem to move, rad: the lag of its measurement runs out slowly. */
const STILL_RAD = 2e-3;
const AT_REST_RAD_PER_S = 1e-3;

const ECHO_EVERY_MS = 50;

interface Sample {
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
}

export type Moment = 'submit' | 'grip' | 'ended' | 'progressed';

/**
 * Listens to everything that is said on the broker, as an integrator's tool would, and sends requests. Sees to it
 * that nothing moves, and nothing is told to move, while it should not.
 */
export class Watch {
  readonly #client: MqttClient;
  readonly #base: string;
  readonly #results: (requestId: string, result: IntakeResult) => void;
  readonly #samples = new Map<string, Sample>();
  #still: Map<string, readonly number[]> | null = null;
  #moved: string[] = [];
  #echoes = 0;
  #calling: NodeJS.Timeout | undefined;
  #waiting: { readonly moment: Moment; readonly resolve: () => void }[] = [];
  /** Motions and grips commanded since the beginning. */
  commands = 0;

  constructor(brokerUrl: string, cell: string, onResult: (requestId: string, result: IntakeResult) => void) {
    this.#base = `${TOPIC_ROOT}/${cell}/`;
    this.#results = onResult;
    this.#client = connect(brokerUrl, {
      clientId: `crash-watch-${process.pid}`,
      reconnectPeriod: 50,
      connectTimeout: 2_000,
      keepalive: 2,
    });
    this.#client.on('error', () => undefined);
    this.#client.on('message', (topic, payload, packet) => {
      if (packet.retain) return;
      this.#hear(topic.slice(this.#base.length), payload.toString('utf8'));
    });
    for (const filter of [
      'arm/+/state',
      'arm/+/command/+',
      'arm/+/event/+',
      'intake/results/#',
      'crash/echo',
    ]) {
      this.#client.subscribe(this.#base + filter, { qos: 1 });
    }
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** Sent again by the client itself, until some broker took it. */
  publish(intake: string, body: unknown): void {
    this.#client.publish(`${this.#base}intake/${intake}`, JSON.stringify(body), { qos: 1 });
  }

  #hear(topic: string, text: string): void {
    const [kind, id = '', what, which = ''] = topic.split('/');
    if (kind === 'crash') {
      if (text !== String(this.#echoes)) return;
      clearInterval(this.#calling);
      this.#still ??= new Map();
      return;
    }
    const message = JSON.parse(text) as unknown;
    if (kind === 'intake') {
      const { requestId, result } = message as { requestId: string; result: IntakeResult };
      return this.#results(requestId, result);
    }
    if (what === 'state') return this.#sampled(id, message as Sample);
    if (what === 'command' && (which === 'submit' || which === 'grip')) {
      this.commands += 1;
      if (this.#still !== null) this.#moved.push(`${id} was told to ${which}`);
      this.#reached(which);
    }
    if (what === 'event' && (which === 'ended' || which === 'progressed')) this.#reached(which);
  }

  #sampled(armId: string, sample: Sample): void {
    this.#samples.set(armId, sample);
    if (this.#still === null) return;
    const before = this.#still.get(armId);
    if (before === undefined) {
      // The motion that the kill interrupted may still be ending: it counts from where the arm came to rest.
      if (sample.velocities.every((velocity) => Math.abs(velocity) < AT_REST_RAD_PER_S)) {
        this.#still.set(armId, sample.positions);
      }
      return;
    }
    const by = Math.max(...before.map((position, k) => Math.abs(position - (sample.positions[k] ?? NaN))));
    if (!(by <= STILL_RAD)) {
      this.#moved.push(`${armId} moved by ${by.toFixed(4)} rad`);
      this.#still.set(armId, sample.positions);
    }
  }

  /**
   * From now on nothing may move once it rests. What is still on its way to us was said before: a message to ourselves,
   * which the broker delivers after it, tells when it counts.
   */
  beginStillness(): void {
    this.#still = null;
    this.#moved = [];
    this.#echoes += 1;
    clearInterval(this.#calling);
    // A reconnecting client may call before it listens again: so it calls until it is heard.
    this.#calling = setInterval(() => {
      if (this.#client.connected) this.#client.publish(`${this.#base}crash/echo`, String(this.#echoes));
    }, ECHO_EVERY_MS);
  }

  /** Arms that were seen at rest since then. */
  get resting(): number {
    return this.#still?.size ?? 0;
  }

  /** What moved although nobody had said so. */
  endStillness(): readonly string[] {
    this.#still = null;
    this.#echoes += 1;
    clearInterval(this.#calling);
    return this.#moved;
  }

  positionsOf(armId: string): readonly number[] | null {
    return this.#samples.get(armId)?.positions ?? null;
  }

  /** Resolves when the next command or event of this kind is heard, or after a time. */
  moment(moment: Moment, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(), withinMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((each) => each.resolve !== done);
        resolve();
      };
      this.#waiting.push({ moment, resolve: done });
    });
  }

  #reached(moment: Moment): void {
    for (const each of this.#waiting) if (each.moment === moment) each.resolve();
  }

  async close(): Promise<void> {
    clearInterval(this.#calling);
    await this.#client.endAsync(true);
  }
}
