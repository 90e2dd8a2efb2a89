import { createServer, isIP } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import type { Client } from 'aedes';
import type { BrokerAccess } from './broker-access.ts';
import { guard } from './broker-guard.ts';
import type { BeforeAcknowledge, BrokerLimits } from './broker-guard.ts';
import { BrokerUsers } from './broker-users.ts';
import type { BrokerUser, Credentials } from './broker-users.ts';

/** The broker's certificate and key, PEM; with `clientCa` clients have to show a certificate signed by it. */
export interface BrokerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | null;
}

export interface EmbeddedBrokerOptions {
  /** Address to listen on; 127.0.0.1 unless others are to connect. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** A user that may do everything; null: none. */
  readonly credentials: Credentials | null;
  /** Users with rights of their own; without any, and without credentials, everybody may do everything. */
  readonly users?: readonly BrokerUser[];
  readonly tls?: BrokerTls | null;
  readonly limits: BrokerLimits;
  readonly beforeAcknowledge?: BeforeAcknowledge;
  /** Told of every client that was turned away or did what it may not, in words; for logs. */
  readonly onDenied?: (message: string) => void;
}

export type BrokerStart =
  | { readonly ok: true; readonly broker: EmbeddedBroker }
  | {
      readonly ok: false;
      readonly code:
        | 'credentials-needed'
        | 'tls-needed'
        | 'tls-unusable'
        | 'port-in-use'
        | 'port-not-allowed'
        | 'address-not-available';
      /** What is wrong and who should change what. */
      readonly message: string;
    };

/** How long a subscriber may leave its socket full before it is dropped; a stalled one delays the others. */
const DRAIN_TIMEOUT_MS = 1_000;
/** For a client's CONNECT to arrive. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * An MQTT 3.1.1 broker inside the service, so that nothing else has to be installed: aedes on TCP or TLS. It keeps
 * everything in memory and no sessions for clients that are away; an installation that needs either uses a broker
 * of its own.
 */
export class EmbeddedBroker {
  readonly port: number;
  readonly host: string;
  /** How the service itself reaches its broker: as a user of its own, on this machine, beside TLS. */
  readonly ownAccess: BrokerAccess;
  readonly #isTls: boolean;
  readonly #aedes: Aedes;
  readonly #servers: readonly Server[];
  readonly #sockets: Set<Socket>;

  private constructor(
    aedes: Aedes,
    servers: readonly [outside: Server, ...inside: Server[]],
    sockets: Set<Socket>,
    options: EmbeddedBrokerOptions,
    users: BrokerUsers,
  ) {
    this.#aedes = aedes;
    this.#servers = servers;
    this.#sockets = sockets;
    this.#isTls = isTls(options);
    this.host = options.host;
    this.port = portOf(servers[0]) ?? options.port;
    const inside = servers[1] === undefined ? this.url : `mqtt://127.0.0.1:${portOf(servers[1])}`;
    this.ownAccess = { url: inside, protocol: '3.1.1', ...users.own };
  }

  /** Where clients on this machine reach it. */
  get url(): string {
    const host = this.host === '0.0.0.0' || this.host === '::' ? '127.0.0.1' : this.host;
    return `${this.#isTls ? 'mqtts' : 'mqtt'}://${isIP(host) === 6 ? `[${host}]` : host}:${this.port}`;
  }

  get connectedClients(): number {
    return this.#aedes.connectedClients;
  }

  static async start(options: EmbeddedBrokerOptions): Promise<BrokerStart> {
    const users = new BrokerUsers(options.users ?? [], options.credentials);
    const tooOpen = isLoopback(options.host) ? null : opennessFault(options, users);
    if (tooOpen !== null) return { ok: false, ...tooOpen };
    const aedes = await Aedes.createBroker({
      maxTopicLevels: options.limits.maxTopicLevels,
      connectTimeout: CONNECT_TIMEOUT_MS,
      drainTimeout: DRAIN_TIMEOUT_MS,
    });
    const sockets = new Set<Socket>();
    const doors = new WeakMap<object, 'inside' | 'outside'>();
    guard(aedes, { ...options, users }, (connection) => doors.get(connection) ?? 'outside');
    const admit = (door: 'inside' | 'outside') => (socket: Socket) => {
      doors.set(socket, door);
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => sockets.delete(socket));
      limitPackets(aedes.handle(socket), socket, options.limits.maxPacketBytes);
    };
    const servers: Server[] = [];
    const fail = async (fault: Extract<BrokerStart, { ok: false }>): Promise<BrokerStart> => {
      for (const server of servers) server.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      return fault;
    };
    let outside: Server;
    try {
      outside = outsideServer(options, admit('outside'));
    } catch (error) {
      const message = `the broker's certificate or key cannot be used (${String(error)}); both have to be PEM and belong together`;
      return fail({ ok: false, code: 'tls-unusable', message });
    }
    outside.maxConnections = options.limits.maxClients;
    const failed = await listen(outside, options);
    if (failed !== null) return fail(failed);
    servers.push(outside);
    if (isTls(options)) {
      const inside = createServer(admit('inside'));
      const failedInside = await listen(inside, { ...options, host: '127.0.0.1', port: 0 });
      if (failedInside !== null) return fail(failedInside);
      servers.push(inside);
    }
    const [first = outside, ...others] = servers;
    return { ok: true, broker: new EmbeddedBroker(aedes, [first, ...others], sockets, options, users) };
  }

  /** Disconnects everyone and frees the port. */
  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isTls(options: EmbeddedBrokerOptions): boolean {
  return options.tls !== undefined && options.tls !== null;
}

function portOf(server: Server): number | null {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : null;
}

/** Other machines may connect only to what is encrypted and asks who they are. */
function opennessFault(
  options: EmbeddedBrokerOptions,
  users: BrokerUsers,
): { readonly code: 'credentials-needed' | 'tls-needed'; readonly message: string } | null {
  const where = `the embedded broker would listen on ${options.host}, where other machines reach it`;
  if (users.isOpen) {
    return {
      code: 'credentials-needed',
      message: `${where} and could move the arms; give it users (connections.broker.users), or listen on 127.0.0.1`,
    };
  }
  if (!isTls(options)) {
    return {
      code: 'tls-needed',
      message: `${where}, with passwords and commands in clear text; give it a certificate (connections.broker.tls), or listen on 127.0.0.1`,
    };
  }
  return null;
}

/** @throws Error for a certificate or key that cannot be used. */
function outsideServer(options: EmbeddedBrokerOptions, onSocket: (socket: Socket) => void): Server {
  const { tls = null, limits } = options;
  if (tls === null) return createServer(onSocket);
  const server = createTlsServer(
    {
      cert: tls.cert,
      key: tls.key,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      minVersion: 'TLSv1.2',
      ...(tls.clientCa === null ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
    },
    onSocket,
  );
  server.on('tlsClientError', (error) => options.onDenied?.(`a TLS handshake failed: ${error.message}`));
  server.maxConnections = limits.maxClients;
  return server;
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
