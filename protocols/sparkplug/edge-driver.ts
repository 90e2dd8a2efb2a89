import type { BrokerAccess } from '../mqtt/broker-access.ts';
import type { CommandRefusal, WrittenMetric } from './edge-commands.ts';
import { EdgeNode } from './edge-node.ts';
import type { EdgeEvent, EdgeNodeOptions, TagChange } from './edge-node.ts';
import { MachineClock } from './machine-clock.ts';
import { ServerPool } from './server-pool.ts';

export interface EdgeDriverOptions extends Omit<EdgeNodeOptions, 'servers'> {
  /** In the order in which they are tried. */
  readonly servers: readonly BrokerAccess[];
  readonly clientId: string;
  /** ms since 1970. */
  readonly nowMs: () => number;
  readonly onCommand: (deviceId: string | null, written: readonly WrittenMetric[]) => void;
  readonly onRefused: (topic: string, refusal: CommandRefusal) => void;
  readonly onTrouble?: (message: string) => void;
}

/** An edge node on real servers. */
export class EdgeDriver {
  readonly #options: EdgeDriverOptions;
  readonly #node: EdgeNode;
  readonly #pool: ServerPool;
  readonly #clock: MachineClock;

  constructor(options: EdgeDriverOptions) {
    this.#options = options;
    const { servers, clientId, onTrouble } = options;
    this.#clock = new MachineClock(options.nowMs, () => this.#step({ kind: 'tick' }));
    this.#node = new EdgeNode({ ...options, servers: servers.length }, options.nowMs());
    this.#pool = new ServerPool({
      servers,
      clientId,
      onConnected: () => this.#step({ kind: 'connected' }),
      onLost: () => this.#step({ kind: 'lost' }),
      onMessage: (_server, message) => this.#step({ kind: 'message', ...message }),
      ...(onTrouble === undefined ? {} : { onTrouble }),
    });
  }

  get isOnline(): boolean {
    return this.#node.isOnline;
  }

  get history(): EdgeNode['history'] {
    return this.#node.history;
  }

  open(): void {
    this.#step({ kind: 'start' });
  }

  update(changes: readonly TagChange[]): void {
    this.#step({ kind: 'update', changes });
  }

  device(deviceId: string, presence: 'online' | 'offline'): void {
    this.#step({ kind: 'device', deviceId, presence });
  }

  async close(): Promise<void> {
    this.#step({ kind: 'stop' });
    await this.#pool.gone();
  }

  #step(event: EdgeEvent): void {
    // The machine goes on to the next server while it is still told what to do with this one.
    let server = this.#node.server;
    for (const effect of this.#node.step(event, this.#clock.nowMs())) {
      switch (effect.kind) {
        case 'connect':
          server = effect.server;
          this.#pool.connect(server, effect.will, effect.filters);
          break;
        case 'publish':
          this.#pool.publish(server, effect);
          break;
        case 'disconnect':
          this.#pool.disconnect(server);
          break;
        case 'command':
          this.#options.onCommand(effect.deviceId, effect.written);
          break;
        case 'refused':
          this.#options.onRefused(effect.topic, effect);
      }
    }
    this.#clock.due(this.#node.dueMs);
  }
}
