import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { RandomStream } from '../../sim/random.ts';

/** What happens to MQTT packets on their way, as shares of those that it can happen to. */
export interface WayFaults {
  /** PUBLISH and PUBACK that never arrive. */
  readonly drop: number;
  /** PUBLISH with QoS 1 that arrive twice, the second one marked as a repeat. */
  readonly duplicate: number;
  /** Nothing arrives at all, and no connection ends. */
  readonly isBlackHole: boolean;
}

const CLEAR: WayFaults = { drop: 0, duplicate: 0, isBlackHole: false };

const PUBLISH = 3;
const PUBACK = 4;

/** A TCP proxy that understands MQTT well enough to lose and repeat whole packets; TCP by itself would not. */
export class FaultyProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #faults: WayFaults = CLEAR;
  readonly counts = { dropped: 0, duplicated: 0, cut: 0 };

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(port: number, target: number, random: RandomStream): Promise<FaultyProxy> {
    const server = createServer();
    const proxy = new FaultyProxy(server, port);
    server.on('connection', (client) => proxy.#join(client, connect(target, '127.0.0.1'), random));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** From now on; `clear` ends it. */
  spoil(faults: Partial<WayFaults>): void {
    this.#faults = { ...CLEAR, ...faults };
  }

  clear(): void {
    this.#faults = CLEAR;
  }

  /** Ends every connection, without a word. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.counts.cut += 1;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await closed;
  }

  #join(client: Socket, broker: Socket, random: RandomStream): void {
    const pair = [client, broker] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [broker, client] as const]) {
      let held = Buffer.alloc(0);
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      from.on('data', (chunk: Buffer) => {
        held = Buffer.concat([held, chunk]);
        for (;;) {
          const length = packetLength(held);
          if (length === null || held.length < length) return;
          this.#pass(held.subarray(0, length), to, random);
          held = held.subarray(length);
        }
      });
    }
  }

  #pass(packet: Buffer, to: Socket, random: RandomStream): void {
    const { drop, duplicate, isBlackHole } = this.#faults;
    if (isBlackHole || to.destroyed) return;
    const first = packet[0] ?? 0;
    const type = first >> 4;
    if ((type === PUBLISH || type === PUBACK) && drop > 0 && random.chance(drop)) {
      this.counts.dropped += 1;
      return;
    }
    to.write(packet);
    const isQos1 = type === PUBLISH && (first & 0x06) === 0x02;
    if (!isQos1 || duplicate === 0 || !random.chance(duplicate)) return;
    const again = Buffer.from(packet);
    again[0] = first | 0x08;
    to.write(again);
    this.counts.duplicated += 1;
  }
}

/** Bytes of the packet that begins here; null while that cannot be told (MQTT 3.1.1, 2.2.3 "Remaining Length"). */
function packetLength(bytes: Buffer): number | null {
  let length = 0;
  for (let at = 1; at <= 4; at += 1) {
    const digit = bytes[at];
    if (digit === undefined) return null;
    length += (digit & 0x7f) * 128 ** (at - 1);
    if ((digit & 0x80) === 0) return at + 1 + length;
  }
  return bytes.length; // no MQTT; passed on as it is
}
