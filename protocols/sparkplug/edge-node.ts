import { decodePayload } from './decode.ts';
import { readCommand } from './edge-commands.ts';
import type { CommandRefusal, WrittenMetric } from './edge-commands.ts';
import { BD_SEQ, birthMetric, dataMetric, EdgeTags, namedMetric, REBIRTH } from './edge-tags.ts';
import type { MetricDefinition, Tag, TagGroup } from './edge-tags.ts';
import { encodePayload } from './encode.ts';
import { History } from './history.ts';
import type { Metric, Value } from './payload.ts';
import { PrimaryHost } from './primary-host.ts';
import { deviceTopic, nodeTopic, parseTopic } from './topic.ts';
import type { EdgeId } from './topic.ts';

export interface EdgeNodeOptions {
  readonly id: EdgeId;
  /** Servers in the order in which they are tried; the driver knows their addresses. */
  readonly servers: number;
  /** The host without which nothing is said; null: it does not matter who listens. */
  readonly primaryHostId: string | null;
  readonly metrics: readonly MetricDefinition[];
  /** By device id. */
  readonly devices: ReadonlyMap<string, readonly MetricDefinition[]>;
  /** Values kept while nobody can be told. */
  readonly historyMax: number;
}

export interface TagChange {
  readonly deviceId: string | null;
  readonly name: string;
  readonly value: Value | null;
  /** When it came to be so, ms since 1970. */
  readonly timestampMs: number;
}

export type EdgeEvent =
  | { readonly kind: 'start' | 'tick' | 'stop' }
  /** The server took the connection and granted its subscriptions. */
  | { readonly kind: 'connected' }
  /** The connection ended, or could not be made; not after an effect `disconnect`. */
  | { readonly kind: 'lost' }
  | {
      readonly kind: 'message';
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly retained: boolean;
    }
  | { readonly kind: 'update'; readonly changes: readonly TagChange[] }
  | { readonly kind: 'device'; readonly deviceId: string; readonly presence: 'online' | 'offline' };

export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export type EdgeEffect =
  | {
      readonly kind: 'connect';
      readonly server: number;
      readonly will: Publication;
      /** To be subscribed to with QoS 1. */
      readonly filters: readonly string[];
    }
  | ({ readonly kind: 'publish' } & Publication)
  /** In good order, after what was published. */
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'command'; readonly deviceId: string | null; readonly written: readonly WrittenMetric[] }
  | ({ readonly kind: 'refused'; readonly topic: string } & CommandRefusal);

/** Before a server is tried again, or the next one. */
const RETRY_MS = 1_000;
/** A primary host that says nothing at all on a server is looked for on the next one. */
const HOST_WAIT_MS = 10_000;
/** Births are large: asked for more often, they are sent this often. */
const REBIRTH_EVERY_MS = 1_000;
const HISTORY_PER_MESSAGE = 200;
const HISTORY_EVERY_MS = 50;
const COMMANDS_PER_S = 100;

/**
 * A Sparkplug 3.0 edge node: births, data, deaths, commands, the primary host, and what was kept while it was away. A
 * deterministic machine: `step` takes an event and the instant (ms since 1970) and returns what is to be done, in
 * order. `dueMs` says when it has to be called with `tick`.
 */
export class EdgeNode {
  readonly #options: EdgeNodeOptions;
  readonly #tags: EdgeTags;
  readonly #history: History;
  readonly #host: PrimaryHost | null;
  #phase: 'idle' | 'connecting' | 'waiting' | 'online' | 'away' = 'idle';
  #server = 0;
  #bdSeq = 255;
  #seq = 0;
  #effects: EdgeEffect[] = [];
  #connectMs: number | null = null;
  #hostMs: number | null = null;
  /** Data is held back until then, when the births are sent again. */
  #rebirthMs: number | null = null;
  #bornMs = -Infinity;
  #historyMs: number | null = null;
  #commands = { sinceMs: -Infinity, count: 0 };

  constructor(options: EdgeNodeOptions, nowMs: number) {
    this.#options = options;
    this.#tags = new EdgeTags(options.metrics, options.devices, nowMs);
    this.#history = new History(options.historyMax);
    const { primaryHostId, servers } = options;
    this.#host = primaryHostId === null ? null : new PrimaryHost(primaryHostId, servers);
  }

  get isOnline(): boolean {
    return this.#phase === 'online';
  }

  get server(): number {
    return this.#server;
  }

  get history(): { readonly waiting: number; readonly dropped: number } {
    return { waiting: this.#history.waiting, dropped: this.#history.dropped };
  }

  /** The next instant at which a tick does something; null: none. */
  get dueMs(): number | null {
    const due = [this.#connectMs, this.#hostMs, this.#rebirthMs, this.#historyMs].filter(
      (each) => each !== null,
    );
    return due.length === 0 ? null : Math.min(...due);
  }

  step(event: EdgeEvent, nowMs: number): readonly EdgeEffect[] {
    this.#effects = [];
    switch (event.kind) {
      case 'start':
        if (this.#phase === 'idle') this.#connect(nowMs);
        break;
      case 'connected':
        this.#connected(nowMs);
        break;
      case 'lost':
        if (this.#phase !== 'idle' && this.#phase !== 'away') this.#away(nowMs);
        break;
      case 'message':
        this.#message(event, nowMs);
        break;
      case 'update':
        this.#update(event.changes, nowMs);
        break;
      case 'device':
        this.#device(event.deviceId, event.presence, nowMs);
        break;
      case 'tick':
        this.#tick(nowMs);
        break;
      case 'stop':
        if (this.#phase !== 'idle' && this.#phase !== 'away') this.#leave(nowMs);
        this.#phase = 'idle';
        this.#connectMs = null;
    }
    return this.#effects;
  }

  #connect(nowMs: number): void {
    this.#phase = 'connecting';
    this.#connectMs = null;
    this.#bdSeq = (this.#bdSeq + 1) % 256;
    this.#host?.connecting();
    const { id } = this.#options;
    this.#effects.push({
      kind: 'connect',
      server: this.#server,
      will: this.#death(nowMs),
      filters: [
        ...(this.#host?.topics ?? []),
        nodeTopic(id, 'NCMD'),
        ...[...this.#tags.devices.keys()].map((device) => deviceTopic(id, 'DCMD', device)),
      ],
    });
  }

  #death(nowMs: number): Publication {
    const metrics = [namedMetric(BD_SEQ, 'Int64', BigInt(this.#bdSeq), nowMs)];
    const payload = encodePayload({ timestampMs: nowMs, seq: null, metrics, uuid: null, body: null });
    return { topic: nodeTopic(this.#options.id, 'NDEATH'), payload, qos: 1, retain: false };
  }

  #connected(nowMs: number): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'waiting';
    // Other servers are only tried where there are others.
    if (this.#host !== null && this.#options.servers > 1) this.#hostMs = nowMs + HOST_WAIT_MS;
    this.#followHost(nowMs);
  }

  /** Births when the primary host is there (or nobody is waited for); on to the next server when it is not. */
  #followHost(nowMs: number): void {
    const presence = this.#host === null ? 'online' : this.#host.presence;
    if (this.#phase === 'waiting' && presence === 'online') this.#birth(nowMs);
    else if (presence === 'offline' && (this.#phase === 'online' || this.#canMoveOn())) this.#leave(nowMs);
  }

  #canMoveOn(): boolean {
    return this.#phase === 'waiting' && this.#options.servers > 1;
  }

  #birth(nowMs: number): void {
    this.#phase = 'online';
    this.#hostMs = null;
    this.#rebirthMs = null;
    this.#bornMs = nowMs;
    this.#seq = 0;
    const own = [
      namedMetric(BD_SEQ, 'Int64', BigInt(this.#bdSeq), nowMs),
      namedMetric(REBIRTH, 'Boolean', false, nowMs),
    ];
    this.#bear(this.#tags.node, own, nowMs);
    for (const device of this.#tags.devices.values()) if (device.isPresent) this.#bear(device, [], nowMs);
  }

  #bear(group: TagGroup, own: readonly Metric[], nowMs: number): void {
    group.isBorn = true;
    if (this.#history.waiting > 0) this.#historyMs ??= nowMs + HISTORY_EVERY_MS;
    this.#send(group, 'BIRTH', [...[...group.byName.values()].map(birthMetric), ...own], nowMs);
  }

  /** Publishes with the next sequence number; metrics in the order in which their values came to be. */
  #send(group: TagGroup, verb: 'BIRTH' | 'DATA' | 'DEATH', metrics: readonly Metric[], nowMs: number): void {
    const { id } = this.#options;
    const inOrder = [...metrics].sort((a, b) => (a.timestampMs ?? 0) - (b.timestampMs ?? 0));
    const payload = { timestampMs: nowMs, seq: this.#seq, metrics: inOrder, uuid: null, body: null };
    this.#seq = (this.#seq + 1) % 256;
    const topic =
      group.deviceId === null
        ? nodeTopic(id, verb === 'BIRTH' ? 'NBIRTH' : 'NDATA')
        : deviceTopic(id, `D${verb}`, group.deviceId);
    this.#effects.push({ kind: 'publish', topic, payload: encodePayload(payload), qos: 0, retain: false });
  }

  /** Says that the node goes, if it ever said that it is there, and goes. */
  #leave(nowMs: number): void {
    if (this.#phase === 'online') this.#effects.push({ kind: 'publish', ...this.#death(nowMs) });
    this.#effects.push({ kind: 'disconnect' });
    this.#away(nowMs);
  }

  #away(nowMs: number): void {
    this.#phase = 'away';
    this.#hostMs = null;
    this.#rebirthMs = null;
    this.#historyMs = null;
    for (const group of this.#tags.groups) group.isBorn = false;
    this.#server = (this.#server + 1) % this.#options.servers;
    this.#connectMs = nowMs + RETRY_MS;
  }

  #update(changes: readonly TagChange[], nowMs: number): void {
    const news = new Map<TagGroup, Metric[]>();
    for (const change of changes) {
      const group = this.#tags.group(change.deviceId);
      const tag = group?.byName.get(change.name);
      if (group === null || tag === undefined) {
        throw new RangeError(`the edge node has no metric ${change.deviceId ?? ''} ${change.name}`);
      }
      if (sameValue(tag, change.value)) continue;
      const metric = dataMetric(tag, change, 'now');
      tag.value = change.value;
      tag.timestampMs = change.timestampMs;
      if (group.isBorn && this.#rebirthMs === null) news.set(group, [...(news.get(group) ?? []), metric]);
      else if (group.isPresent) this.#history.add(change);
    }
    for (const [group, metrics] of news) this.#send(group, 'DATA', metrics, nowMs);
  }

  #device(deviceId: string, presence: 'online' | 'offline', nowMs: number): void {
    const group = this.#tags.devices.get(deviceId);
    if (group === undefined) throw new RangeError(`the edge node has no device ${deviceId}`);
    group.isPresent = presence === 'online';
    if (this.#phase !== 'online' || group.isBorn === group.isPresent) return;
    if (group.isPresent) this.#bear(group, [], nowMs);
    else {
      group.isBorn = false;
      this.#send(group, 'DEATH', [], nowMs);
    }
  }

  #message({ topic, payload, retained }: Extract<EdgeEvent, { kind: 'message' }>, nowMs: number): void {
    const refuse = (refusal: CommandRefusal): void => {
      this.#effects.push({ kind: 'refused', topic, ...refusal });
    };
    const heard = this.#host?.hear(topic, payload, this.#server) ?? { kind: 'other' };
    if (heard.kind === 'malformed') refuse({ code: 'malformed-payload', detail: heard.detail });
    if (heard.kind === 'taken' && this.#phase !== 'connecting') this.#followHost(nowMs);
    const parsed = heard.kind === 'other' ? parseTopic(topic) : null;
    if (parsed === null) return;
    if (retained) {
      refuse({
        code: 'retained-command',
        detail: 'the broker kept it from an earlier time; publish with retain off',
      });
      return;
    }
    if (this.#isTooMany(nowMs)) {
      refuse({
        code: 'too-many-commands',
        detail: `at most ${COMMANDS_PER_S} commands in a second are taken`,
      });
      return;
    }
    const group = this.#tags.group(parsed.deviceId);
    if (group === null || !group.isBorn) {
      const code = group === null ? 'unknown-device' : 'not-born';
      refuse({ code, detail: `${parsed.deviceId ?? parsed.edgeNodeId} has no birth; wait for one` });
      return;
    }
    const decoded = decodePayload(payload);
    if (!decoded.ok) {
      const { field, value, message } = decoded.fault;
      refuse({ code: 'malformed-payload', detail: [field, value, message].filter(Boolean).join(': ') });
      return;
    }
    const { asksRebirth, written, refusals } = readCommand(this.#tags, group, decoded.payload);
    refusals.forEach(refuse);
    if (written.length > 0) this.#effects.push({ kind: 'command', deviceId: group.deviceId, written });
    if (asksRebirth) this.#rebirth(nowMs);
  }

  #rebirth(nowMs: number): void {
    const atMs = this.#bornMs + REBIRTH_EVERY_MS;
    if (atMs <= nowMs) this.#birth(nowMs);
    else this.#rebirthMs ??= atMs;
  }

  #isTooMany(nowMs: number): boolean {
    if (nowMs - this.#commands.sinceMs >= 1_000) this.#commands = { sinceMs: nowMs, count: 0 };
    this.#commands.count += 1;
    return this.#commands.count > COMMANDS_PER_S;
  }

  #tick(nowMs: number): void {
    if (isDue(this.#connectMs, nowMs)) this.#connect(nowMs);
    if (isDue(this.#hostMs, nowMs)) this.#leave(nowMs);
    if (isDue(this.#rebirthMs, nowMs)) this.#birth(nowMs);
    if (isDue(this.#historyMs, nowMs)) this.#tellHistory(nowMs);
  }

  #tellHistory(nowMs: number): void {
    if (this.#rebirthMs !== null) {
      this.#historyMs = this.#rebirthMs + HISTORY_EVERY_MS;
      return;
    }
    const past = this.#history.take(HISTORY_PER_MESSAGE, (deviceId) => this.#tags.group(deviceId)!.isBorn);
    this.#historyMs = past.length === 0 ? null : nowMs + HISTORY_EVERY_MS;
    if (past.length === 0) return;
    const group = this.#tags.group(past[0]!.deviceId)!;
    const metrics = past.map((value) => dataMetric(group.byName.get(value.name)!, value, 'historical'));
    this.#send(group, 'DATA', metrics, nowMs);
  }
}

function isDue(instantMs: number | null, nowMs: number): boolean {
  return instantMs !== null && instantMs <= nowMs;
}

/** Values that are compared at a glance; lists and records count as new each time. */
function sameValue(tag: Tag, value: Value | null): boolean {
  return Object.is(tag.value, value);
}
