import { decodePayload, PAYLOAD_LIMITS } from './decode.ts';
import type { Publication } from './edge-node.ts';
import { namedMetric, REBIRTH } from './edge-tags.ts';
import { encodePayload } from './encode.ts';
import { HostSession, SESSION_LIMITS } from './host-session.ts';
import type { SessionLimits, SessionFaultCode } from './host-session.ts';
import { decodeHostState, encodeHostState } from './host-state.ts';
import type { HostTag } from './host-tags.ts';
import { INTEGER_TYPES } from './data-type.ts';
import type { DataType } from './data-type.ts';
import type { Metric, Value } from './payload.ts';
import { deviceTopic, groupFilter, nodeTopic, parseTopic, stateTopic } from './topic.ts';
import type { EdgeId } from './topic.ts';
import { valueFault } from './value.ts';

export interface HostOptions {
  readonly hostId: string;
  /** Servers, all of which are connected to; the driver knows their addresses. */
  readonly servers: number;
  /** Groups that are listened to. */
  readonly groups: readonly string[];
  /** How long a message that is missing is waited for. */
  readonly reorderMs: number;
  /** Edge nodes whose births are asked for if they do not come by themselves. */
  readonly expected: readonly EdgeId[];
  readonly limits?: Partial<HostLimits>;
}

export interface HostLimits extends SessionLimits {
  readonly edgeNodesMax: number;
}

export interface MetricAddress {
  readonly group: string;
  readonly edge: string;
  readonly device: string | null;
  readonly metric: string;
}

export type HostEvent =
  | { readonly kind: 'start' | 'tick' | 'stop' }
  | { readonly kind: 'connected' | 'lost'; readonly server: number }
  | {
      readonly kind: 'message';
      readonly server: number;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly retained: boolean;
    }
  | { readonly kind: 'write'; readonly address: MetricAddress; readonly value: Value };

export type HostFaultCode =
  SessionFaultCode | 'malformed-payload' | 'retained-message' | 'too-many-edge-nodes' | 'write-refused';

export type HostEffect =
  | {
      readonly kind: 'connect';
      readonly server: number;
      readonly will: Publication;
      readonly filters: readonly string[];
    }
  | ({ readonly kind: 'publish'; readonly server: number } & Publication)
  | { readonly kind: 'disconnect'; readonly server: number }
  | {
      readonly kind: 'refused';
      readonly source: string;
      readonly code: HostFaultCode;
      readonly detail: string;
    }
  /** An edge node or a device came or went, or its births were asked for; for logs. */
  | { readonly kind: 'noted'; readonly source: string; readonly detail: string };

/** Before a server that was lost is tried again. */
const RETRY_MS = 1_000;
/** A node's births are asked for this often while they do not come; all nodes' this many times in a second. */
const ASK_EVERY_MS = 5_000;
const ASKS_PER_S = 50;
/** Births that come by themselves, as after a STATE, are not asked for. */
const EXPECT_AFTER_MS = 2_000;

interface Server {
  /** The instant in the will of the connection that there is, and so in the STATE. */
  timestampMs: number;
  status: 'idle' | 'connecting' | 'connected';
  retryMs: number | null;
}

interface KnownNode {
  readonly id: EdgeId;
  readonly session: HostSession;
  /** Where it was last heard. */
  server: number;
  /** Its births are asked for then; null: they are here. */
  askMs: number | null;
  /** The last time they were. */
  askedMs: number;
}

/**
 * A Sparkplug 3.0 host application: its STATE, the births, order and deaths of edge nodes, and their tags. A
 * deterministic machine like `EdgeNode`; `read` says what is known of a metric.
 */
export class HostApplication {
  readonly #options: HostOptions;
  readonly #limits: HostLimits;
  readonly #servers: Server[];
  readonly #nodes = new Map<string, KnownNode>();
  #effects: HostEffect[] = [];
  #asks = { sinceMs: -Infinity, count: 0 };

  constructor(options: HostOptions) {
    this.#options = options;
    this.#limits = { ...SESSION_LIMITS, edgeNodesMax: 1_000, ...options.limits };
    this.#servers = Array.from({ length: options.servers }, () => ({
      timestampMs: 0,
      status: 'idle',
      retryMs: null,
    }));
    for (const id of options.expected) this.#know(id, 0);
  }

  /** What is known of a metric; null: it was never born. */
  read({ group, edge, device, metric }: MetricAddress): HostTag | null {
    const node = this.#nodes.get(keyOf({ groupId: group, edgeNodeId: edge }));
    return node?.session.tag(device, metric) ?? null;
  }

  isOnline(id: EdgeId, deviceId: string | null): boolean {
    const session = this.#nodes.get(keyOf(id))?.session;
    if (session === undefined) return false;
    return deviceId === null ? session.isOnline : session.isDeviceOnline(deviceId);
  }

  /** The next instant at which a tick does something; null: none. */
  get dueMs(): number | null {
    let due = Infinity;
    for (const { retryMs } of this.#servers) due = Math.min(due, retryMs ?? Infinity);
    for (const { session, askMs, server } of this.#nodes.values()) {
      const canAsk = this.#servers[server]!.status === 'connected';
      due = Math.min(due, session.dueMs ?? Infinity, canAsk ? (askMs ?? Infinity) : Infinity);
    }
    return due === Infinity ? null : due;
  }

  step(event: HostEvent, nowMs: number): readonly HostEffect[] {
    this.#effects = [];
    switch (event.kind) {
      case 'start':
        this.#servers.forEach((server, index) => {
          if (server.status === 'idle') this.#connect(index, nowMs);
        });
        break;
      case 'connected':
        this.#connected(event.server, nowMs);
        break;
      case 'lost':
        this.#lost(event.server, nowMs);
        break;
      case 'message':
        this.#message(event, nowMs);
        break;
      case 'write':
        this.#write(event.address, event.value, nowMs);
        break;
      case 'tick':
        this.#tick(nowMs);
        break;
      case 'stop':
        this.#servers.forEach((_, index) => this.#leave(index, nowMs));
    }
    return this.#effects;
  }

  #connect(index: number, nowMs: number): void {
    const server = this.#servers[index]!;
    server.status = 'connecting';
    server.retryMs = null;
    server.timestampMs = nowMs;
    this.#effects.push({
      kind: 'connect',
      server: index,
      will: this.#state('offline', nowMs),
      filters: [stateTopic(this.#options.hostId), ...this.#options.groups.map(groupFilter)],
    });
  }

  #state(status: 'online' | 'offline', timestampMs: number): Publication {
    const payload = encodeHostState({ online: status === 'online', timestamp: timestampMs });
    return { topic: stateTopic(this.#options.hostId), payload, qos: 1, retain: true };
  }

  #connected(index: number, nowMs: number): void {
    const server = this.#servers[index]!;
    if (server.status !== 'connecting') return;
    server.status = 'connected';
    this.#sayOnline(index);
    for (const { groupId, edgeNodeId } of this.#options.expected) {
      const node = this.#nodes.get(keyOf({ groupId, edgeNodeId }));
      if (node === undefined || node.session.isOnline) continue;
      node.server = index;
      node.session.expectBirth();
      node.askMs ??= nowMs + EXPECT_AFTER_MS;
    }
  }

  #sayOnline(index: number): void {
    const { timestampMs } = this.#servers[index]!;
    this.#effects.push({ kind: 'publish', server: index, ...this.#state('online', timestampMs) });
  }

  #lost(index: number, nowMs: number): void {
    const server = this.#servers[index]!;
    if (server.status === 'idle') return;
    server.status = 'connecting';
    server.retryMs = nowMs + RETRY_MS;
    this.#forgetNodesOf(index, nowMs);
  }

  #forgetNodesOf(index: number, nowMs: number): void {
    for (const node of this.#nodes.values()) {
      if (node.server !== index) continue;
      node.session.disconnect(nowMs);
      node.askMs = null;
    }
  }

  #leave(index: number, nowMs: number): void {
    const server = this.#servers[index]!;
    if (server.status === 'connected') {
      this.#effects.push({ kind: 'publish', server: index, ...this.#state('offline', nowMs) });
    }
    if (server.status !== 'idle') this.#effects.push({ kind: 'disconnect', server: index });
    server.status = 'idle';
    server.retryMs = null;
    this.#forgetNodesOf(index, nowMs);
  }

  #message(event: Extract<HostEvent, { kind: 'message' }>, nowMs: number): void {
    const { server, topic, payload, retained } = event;
    if (topic === stateTopic(this.#options.hostId)) {
      this.#ownState(server, payload);
      return;
    }
    const parsed = parseTopic(topic);
    if (parsed === null || parsed.verb === 'NCMD' || parsed.verb === 'DCMD') return;
    if (retained) {
      const detail = 'the broker kept it from an earlier time; Sparkplug messages are not retained';
      this.#disbelieve(topic, 'retained-message', detail);
      return;
    }
    const decoded = decodePayload(payload, PAYLOAD_LIMITS);
    if (!decoded.ok) {
      const { field, value, message } = decoded.fault;
      this.#disbelieve(topic, 'malformed-payload', [field, value, message].filter(Boolean).join(': '));
      return;
    }
    const { groupId, edgeNodeId, verb, deviceId } = parsed;
    const node = this.#nodes.get(keyOf(parsed)) ?? this.#know({ groupId, edgeNodeId }, server);
    if (node === null) return;
    node.server = server;
    node.session.take({ verb, deviceId, payload: decoded.payload, bytes: payload.length }, nowMs);
    this.#askForBirth(node, nowMs);
  }

  /** The will of a connection that was given up may be published after the next one said that the host is there. */
  #ownState(index: number, payload: Uint8Array): void {
    const decoded = decodeHostState(payload);
    const isTakenBack = !decoded.ok || !decoded.state.online;
    if (isTakenBack && this.#servers[index]!.status === 'connected') this.#sayOnline(index);
  }

  #know(id: EdgeId, server: number): KnownNode | null {
    const key = keyOf(id);
    if (this.#nodes.size >= this.#limits.edgeNodesMax) {
      this.#disbelieve(
        key,
        'too-many-edge-nodes',
        `more than ${this.#limits.edgeNodesMax} edge nodes are not taken in`,
      );
      return null;
    }
    const node: KnownNode = {
      id,
      server,
      askMs: null,
      askedMs: -Infinity,
      session: new HostSession(
        {
          refused: (code, detail) => this.#disbelieve(key, code, detail),
          presence: (deviceId, status) => {
            const source = deviceId === null ? key : `${key}/${deviceId}`;
            this.#effects.push({ kind: 'noted', source, detail: `is ${status}` });
          },
        },
        this.#options.reorderMs,
        this.#limits,
      ),
    };
    this.#nodes.set(key, node);
    return node;
  }

  #tick(nowMs: number): void {
    this.#servers.forEach(({ retryMs }, index) => {
      if (retryMs !== null && retryMs <= nowMs) this.#connect(index, nowMs);
    });
    for (const node of this.#nodes.values()) {
      node.session.tick(nowMs);
      this.#askForBirth(node, nowMs);
    }
  }

  #askForBirth(node: KnownNode, nowMs: number): void {
    const because = node.session.birthWanted;
    if (because === null) {
      node.askMs = null;
      return;
    }
    node.askMs ??= Math.max(nowMs, node.askedMs + ASK_EVERY_MS);
    if (node.askMs > nowMs || this.#servers[node.server]!.status !== 'connected') return;
    if (nowMs - this.#asks.sinceMs >= 1_000) this.#asks = { sinceMs: nowMs, count: 0 };
    if (this.#asks.count >= ASKS_PER_S) {
      node.askMs = this.#asks.sinceMs + 1_000;
      return;
    }
    this.#asks.count += 1;
    node.askedMs = nowMs;
    node.askMs = nowMs + ASK_EVERY_MS;
    this.#command(node, null, namedMetric(REBIRTH, 'Boolean', true, nowMs), nowMs);
    this.#effects.push({
      kind: 'noted',
      source: keyOf(node.id),
      detail: `is asked for its births: ${because}`,
    });
  }

  /** Commands leave the data type out, and have no sequence number. */
  #command(node: KnownNode, deviceId: string | null, metric: Metric, nowMs: number): void {
    const topic = deviceId === null ? nodeTopic(node.id, 'NCMD') : deviceTopic(node.id, 'DCMD', deviceId);
    const metrics = [{ ...metric, type: null }];
    const payload = encodePayload({ timestampMs: nowMs, seq: null, metrics, uuid: null, body: null });
    this.#effects.push({ kind: 'publish', server: node.server, topic, payload, qos: 0, retain: false });
  }

  #write(address: MetricAddress, value: Value, nowMs: number): void {
    const { group, edge, device, metric } = address;
    const source = [group, edge, ...(device === null ? [] : [device]), metric].join('/');
    const node = this.#nodes.get(keyOf({ groupId: group, edgeNodeId: edge }));
    const tag = node?.session.tag(device, metric) ?? null;
    if (node === undefined || tag === null || !this.isOnline(node.id, device)) {
      this.#disbelieve(source, 'write-refused', 'it is not online, so there is nobody to write it');
      return;
    }
    const fitted = fit(tag.type, value);
    const fault = valueFault(tag.type, fitted);
    if (fault !== null) {
      this.#disbelieve(source, 'write-refused', `what is to be written ${fault}`);
      return;
    }
    const named = namedMetric(metric, tag.type, fitted, nowMs);
    this.#command(
      node,
      device,
      tag.alias === null ? named : { ...named, name: null, alias: tag.alias },
      nowMs,
    );
  }

  #disbelieve(source: string, code: HostFaultCode, detail: string): void {
    this.#effects.push({ kind: 'refused', source, code, detail });
  }
}

function keyOf({ groupId, edgeNodeId }: EdgeId): string {
  return `${groupId}/${edgeNodeId}`;
}

/** A plain number as the type has it: 64 bits as bigint, a Float as precise as one is. */
function fit(type: DataType, value: Value): Value {
  if (typeof value !== 'number') return value;
  if (type === 'Float') return Math.fround(value);
  return INTEGER_TYPES[type]?.bits === 64 && Number.isSafeInteger(value) ? BigInt(value) : value;
}
