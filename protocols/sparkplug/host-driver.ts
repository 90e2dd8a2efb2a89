import type { BrokerAccess } from '../mqtt/broker-access.ts';
import { HostApplication } from './host-application.ts';
import type { HostEvent, HostOptions, MetricAddress } from './host-application.ts';
import { MachineClock } from './machine-clock.ts';
import { ServerPool } from './server-pool.ts';
import type { EdgeId } from './topic.ts';

export interface HostDriverOptions extends Omit<HostOptions, 'servers'> {
  /** All of them are connected to. */
  readonly servers: readonly BrokerAccess[];
  readonly clientId: string;
  /** ms since 1970. */
  readonly nowMs: () => number;
  /** The controller's clock, us: for readers whose time is not the calendar's. */
  readonly nowUs: () => number;
  readonly onRefused: (source: string, code: string, detail: string) => void;
  readonly onNoted?: (source: string, detail: string) => void;
  readonly onTrouble?: (message: string) => void;
}

/** A metric as whoever maps tags wants it. */
export interface SourcedMetric {
  /** null: the metric says that it has no value, or one that is no single value. */
  readonly value: boolean | number | bigint | string | null;
  /** When it was received, us, on the clock that the controller's ticks have. */
  readonly receivedUs: number;
  /** When it was captured, by the edge node's clock, ms since 1970; null: it does not say. */
  readonly timestampMs: number | null;
  /** Its edge node or device died, messages were lost, or its quality is not good: not to be believed. */
  readonly isStale: boolean;
}

/** A host application on real servers: where the tags of PLCs that speak Sparkplug are read and written. */
export class HostDriver {
  readonly #options: HostDriverOptions;
  readonly #host: HostApplication;
  readonly #pool: ServerPool;
  readonly #clock: MachineClock;

  constructor(options: HostDriverOptions) {
    this.#options = options;
    const { servers, clientId, onTrouble } = options;
    this.#clock = new MachineClock(options.nowMs, () => this.#step({ kind: 'tick' }));
    this.#host = new HostApplication({ ...options, servers: servers.length });
    this.#pool = new ServerPool({
      servers,
      clientId,
      onConnected: (server) => this.#step({ kind: 'connected', server }),
      onLost: (server) => this.#step({ kind: 'lost', server }),
      onMessage: (server, message) => this.#step({ kind: 'message', server, ...message }),
      ...(onTrouble === undefined ? {} : { onTrouble }),
    });
  }

  open(): void {
    this.#step({ kind: 'start' });
  }

  /** What is known of a metric; null: none such has been born. */
  read(address: MetricAddress): SourcedMetric | null {
    const tag = this.#host.read(address);
    if (tag === null) return null;
    const { value } = tag;
    const ageMs = this.#clock.nowMs() - tag.receivedMs;
    return {
      value: typeof value === 'object' ? null : value,
      receivedUs: this.#options.nowUs() - ageMs * 1_000,
      timestampMs: tag.timestampMs,
      isStale: tag.quality !== 'good',
    };
  }

  /** Tells the edge node to write a metric; what cannot be written is told to `onRefused`. */
  write(address: MetricAddress, value: boolean | number | string): void {
    this.#step({ kind: 'write', address, value });
  }

  isOnline(id: EdgeId, deviceId: string | null): boolean {
    return this.#host.isOnline(id, deviceId);
  }

  async close(): Promise<void> {
    this.#step({ kind: 'stop' });
    await this.#pool.gone();
  }

  #step(event: HostEvent): void {
    for (const effect of this.#host.step(event, this.#clock.nowMs())) {
      switch (effect.kind) {
        case 'connect':
          this.#pool.connect(effect.server, effect.will, effect.filters);
          break;
        case 'publish':
          this.#pool.publish(effect.server, effect);
          break;
        case 'disconnect':
          this.#pool.disconnect(effect.server);
          break;
        case 'refused':
          this.#options.onRefused(effect.source, effect.code, effect.detail);
          break;
        case 'noted':
          this.#options.onNoted?.(effect.source, effect.detail);
      }
    }
    this.#clock.due(this.#host.dueMs);
  }
}
