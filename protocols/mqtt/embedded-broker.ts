import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, isIP } from 'node:net';
import type { Server, Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { AuthenticateError, Client } from 'aedes';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The embedded broker's user, from MAGPIE_MQTT_USERNAME and MAGPIE_MQTT_PASSWORD; null where neither is set. */
export function credentialsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Credentials | null {
  const username = environment['MAGPIE_MQTT_USERNAME'] ?? '';
  const password = environment['MAGPIE_MQTT_PASSWORD'] ?? '';
  return username === '' || password === '' ? null : { username, password };
}

export interface BrokerLimits {
  readonly maxPacketBytes: number;
  readonly maxClients: number;
  readonly maxTopicLevels: number;
  /** Bytes that may wait for one slow subscriber before it is disconnected. */
  readonly maxSubscriberBacklogBytes: number;
  readonly maxRetainedTopics: number;
}

export const BROKER_LIMITS: BrokerLimits = {
  maxPacketBytes: 2 * 1024 * 1024,
  maxClients: 256,
  maxTopicLevels: 16,
  maxSubscriberBacklogBytes: 16 * 1024 * 1024,
  maxRetainedTopics: 10_000,
};

/**
 * Called for a message before it is acknowledged to its publisher or given to any subscriber. The
 * acknowledgement waits for the promise, so that what is acknowledged has been taken; see `MqttIntake.take`.
 */
export type BeforeAcknowledge = (message: {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}) => Promise<void> | undefined;

export interface EmbeddedBrokerOptions {
  /** Address to listen on; 127.0.0.1 unless others are to connect. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly credentials: Credentials | null;
  readonly limits: BrokerLimits;
  readonly beforeAcknowledge?: BeforeAcknowledge;
}

export type BrokerStart =
  | { readonly ok: true; readonly broker: EmbeddedBroker }
  | {
      readonly ok: false;
      readonly code: 'credentials-needed' | 'port-in-use' | 'port-not-allowed' | 'address-not-available';
      /** What is wrong and who should change what. */
      readonly message: string;
    };

/** How long a subscriber may leave its socket full before it is dropped; a stalled one delays the others. */
const DRAIN_TIMEOUT_MS = 1_000;
/** For a client's CONNECT to arrive. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * An MQTT 3.1.1 broker inside the service, so that nothing else has to be installed: aedes on TCP. It keeps
 * everything in memory and no sessions for clients that are away; an installation that needs either uses a broker
 * of its own.
 */
export class EmbeddedBroker {
  readonly port: number;
  readonly host: string;
  readonly #aedes: Aedes;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(aedes: Aedes, server: Server, sockets: Set<Socket>, host: string, port: number) {
    this.#aedes = aedes;
    this.#server = server;
    this.#sockets = sockets;
    this.host = host;
    this.port = port;
  }

  /** Where clients on this machine reach it. */
  get url(): string {
    const host = this.host === '0.0.0.0' || this.host === '::' ? '127.0.0.1' : this.host;
    return `mqtt://${isIP(host) === 6 ? `[${host}]` : host}:${this.port}`;
  }

  get connectedClients(): number {
    return this.#aedes.connectedClients;
  }

  static async start(options: EmbeddedBrokerOptions): Promise<BrokerStart> {
    if (!isLoopback(options.host) && options.credentials === null) {
      return {
        ok: false,
        code: 'credentials-needed',
        message:
          `the embedded broker would listen on ${options.host}, where other machines reach it and could move ` +
          `the arms; set MAGPIE_MQTT_USERNAME and MAGPIE_MQTT_PASSWORD, or listen on 127.0.0.1`,
      };
    }
    const aedes = await Aedes.createBroker({
      maxTopicLevels: options.limits.maxTopicLevels,
      connectTimeout: CONNECT_TIMEOUT_MS,
      drainTimeout: DRAIN_TIMEOUT_MS,
    });
    guard(aedes, options);
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => sockets.delete(socket));
      limitPackets(aedes.handle(socket), socket, options.limits.maxPacketBytes);
    });
    server.maxConnections = options.limits.maxClients;
    const failed = await listen(server, options);
    if (failed !== null) {
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      return failed;
    }
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : options.port;
    return { ok: true, broker: new EmbeddedBroker(aedes, server, sockets, options.host, port) };
  }

  /** Disconnects everyone and frees the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Listens; null when it does, otherwise why not. */
function listen(
  server: Server,
  options: EmbeddedBrokerOptions,
): Promise<Extract<BrokerStart, { ok: false }> | null> {
  const { host, port } = options;
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        resolve({
          ok: false,
          code: 'port-in-use',
          message:
            `another program listens on ${host}:${port} already, perhaps another Magpie or an MQTT broker; end it, ` +
            `choose another port for the embedded broker, or connect the cell to that broker by its url`,
        });
      } else if (error.code === 'EACCES') {
        resolve({
          ok: false,
          code: 'port-not-allowed',
          message: `this user may not listen on port ${port}; choose one above 1023`,
        });
      } else {
        resolve({
          ok: false,
          code: 'address-not-available',
          message: `cannot listen on ${host}:${port} (${error.code ?? error.message}); use an address of this machine`,
        });
      }
    });
    server.listen(port, host, () => resolve(null));
  });
}

/** The checks that aedes asks for: who connects, what is published, who cannot keep up. */
function guard(aedes: Aedes, options: EmbeddedBrokerOptions): void {
  const { credentials, limits, beforeAcknowledge } = options;
  const retained = new Set<string>();
  aedes.preConnect = (_client, packet, done) => {
    // Queues for clients that are away would grow without bound, and die with the service anyway.
    packet.clean = true;
    done(null, true);
  };
  aedes.authenticate = (_client, username, password, done) => {
    const allowed =
      credentials === null ||
      (sameSecret(credentials.username, username ?? '') && sameSecret(credentials.password, password ?? ''));
    if (allowed) done(null, true);
    else
      done(
        Object.assign(new Error('wrong user name or password'), { returnCode: 4 }) as AuthenticateError,
        null,
      );
  };
  aedes.authorizePublish = (_client, packet, done) => {
    if (packet.topic.startsWith('$')) {
      done(new Error('topics that begin with $ are the broker’s own'));
      return;
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    if (packet.retain) {
      if (payload.length === 0) retained.delete(packet.topic);
      else if (retained.size >= limits.maxRetainedTopics && !retained.has(packet.topic)) {
        done(new Error(`more than ${limits.maxRetainedTopics} retained topics`));
        return;
      } else retained.add(packet.topic);
    }
    const waiting = beforeAcknowledge?.({ topic: packet.topic, payload, retained: packet.retain });
    if (waiting === undefined) done(null);
    else
      waiting.then(
        () => done(null),
        (error: unknown) => done(new Error(String(error))),
      );
  };
  aedes.authorizeForward = (client, packet) => {
    if (client.conn.writableLength <= limits.maxSubscriberBacklogBytes) return packet;
    client.conn.destroy();
    return null;
  };
  // One client's broken packet or socket ends that client; aedes has closed it when it reports this.
  aedes.on('clientError', () => undefined);
  aedes.on('connectionError', () => undefined);
}

/** Equal in constant time for equal lengths of digests, so that a wrong guess does not tell how wrong it was. */
function sameSecret(expected: string, given: string | Uint8Array): boolean {
  const digest = (value: string | Uint8Array) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(expected), digest(given));
}

/**
 * Cuts off a client that announces a packet larger than allowed. The parser would buffer up to 256 MB of it and
 * has no limit of its own; what `parse` returns is the number of bytes it holds of a packet not yet complete.
 */
function limitPackets(client: Client, socket: Socket, maxPacketBytes: number): void {
  const parser = (client as unknown as { _parser: { parse(chunk: Buffer): number } })._parser;
  const parse = parser.parse.bind(parser);
  parser.parse = (chunk) => {
    const held = parse(chunk);
    if (held > maxPacketBytes) socket.destroy(new Error(`a packet larger than ${maxPacketBytes} bytes`));
    return held;
  };
}
