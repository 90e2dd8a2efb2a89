import { BD_SEQ } from './edge-tags.ts';
import { bornTag, changedTag, staleTag } from './host-tags.ts';
import type { HostTag } from './host-tags.ts';
import type { Metric, Payload } from './payload.ts';
import type { DeviceVerb, NodeVerb } from './topic.ts';
import { typedValue } from './value.ts';

/** A message of an edge node, decoded. */
export interface EdgeMessage {
  readonly verb: Exclude<NodeVerb, 'NCMD'> | Exclude<DeviceVerb, 'DCMD'>;
  readonly deviceId: string | null;
  readonly payload: Payload;
  readonly bytes: number;
}

export type SessionFaultCode =
  | 'metric-wrong'
  | 'unknown-metric'
  | 'no-birth'
  | 'alias-taken'
  | 'too-many-metrics'
  | 'too-many-devices'
  | 'seq-missing'
  | 'messages-lost'
  | 'death-of-another-session';

/** What a session says while it takes a message. */
export interface SessionListener {
  refused(code: SessionFaultCode, detail: string): void;
  /** The edge node (null) or a device came or went. */
  presence(deviceId: string | null, status: 'online' | 'offline'): void;
}

export interface SessionLimits {
  /** Of an edge node with its devices. */
  readonly metricsMax: number;
  readonly devicesMax: number;
  /** Messages, and their bytes, that wait for one that is missing. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
}

export const SESSION_LIMITS: SessionLimits = {
  metricsMax: 20_000,
  devicesMax: 500,
  waitingMax: 64,
  waitingBytesMax: 4 * 1024 * 1024,
};

interface Device {
  isOnline: boolean;
  readonly tags: Map<string, HostTag>;
}

/** What a host knows of one edge node: its births, the order of its messages, its tags and their quality. Pure. */
export class HostSession {
  readonly #listener: SessionListener;
  readonly #limits: SessionLimits;
  readonly #reorderMs: number;
  readonly #node: Device = { isOnline: false, tags: new Map() };
  readonly #devices = new Map<string, Device>();
  readonly #aliases = new Map<bigint, { readonly deviceId: string | null; readonly name: string }>();
  #bdSeq: bigint | null = null;
  #nextSeq = 0;
  readonly #waiting = new Map<number, EdgeMessage>();
  #waitingBytes = 0;
  #giveUpMs: number | null = null;
  /** Without a birth, and after a message was lost, nothing but a birth is believed. */
  #isBorn = false;
  #birthWanted: string | null = null;

  constructor(listener: SessionListener, reorderMs: number, limits: SessionLimits) {
    this.#listener = listener;
    this.#reorderMs = reorderMs;
    this.#limits = limits;
  }

  get isOnline(): boolean {
    return this.#node.isOnline;
  }

  /** Why its births have to be asked for; null: they need not. */
  get birthWanted(): string | null {
    return this.#birthWanted;
  }

  /** Its births are wanted, unless they are here. */
  expectBirth(): void {
    if (!this.#isBorn) this.#birthWanted ??= 'it was not born yet';
  }

  /** When a missing message is given up; null: none is missing. */
  get dueMs(): number | null {
    return this.#giveUpMs;
  }

  tag(deviceId: string | null, name: string): HostTag | null {
    return this.#device(deviceId)?.tags.get(name) ?? null;
  }

  isDeviceOnline(deviceId: string): boolean {
    return this.#node.isOnline && (this.#devices.get(deviceId)?.isOnline ?? false);
  }

  take(message: EdgeMessage, nowMs: number): void {
    if (message.verb === 'NDEATH') this.#nodeDied(message.payload, nowMs);
    else if (message.payload.seq === null) {
      this.#listener.refused('seq-missing', `a ${message.verb} without a sequence number; every one has one`);
    } else if (message.verb === 'NBIRTH') this.#nodeBorn(message.payload, message.payload.seq, nowMs);
    else if (!this.#isBorn) this.#withoutBirth(`a ${message.verb} without an NBIRTH before it`);
    else this.#inOrder(message, message.payload.seq, nowMs);
  }

  tick(nowMs: number): void {
    if (this.#giveUpMs !== null && this.#giveUpMs <= nowMs) this.#lostMessages('did not come in time', nowMs);
  }

  /** The connection over which it was heard is gone: nothing that is known is current. */
  disconnect(nowMs: number): void {
    this.#goOffline(nowMs);
  }

  #device(deviceId: string | null): Device | null {
    return deviceId === null ? this.#node : (this.#devices.get(deviceId) ?? null);
  }

  /** Takes a message when it is its turn; one that came too early waits for those before it. */
  #inOrder(message: EdgeMessage, seq: number, nowMs: number): void {
    if (seq !== this.#nextSeq) {
      this.#wait(message, seq, nowMs);
      return;
    }
    this.#apply(message, nowMs);
    for (;;) {
      const next = this.#waiting.get(this.#nextSeq);
      if (next === undefined) break;
      this.#waiting.delete(this.#nextSeq);
      this.#waitingBytes -= next.bytes;
      this.#apply(next, nowMs);
    }
    if (this.#waiting.size === 0) this.#giveUpMs = null;
  }

  #wait(message: EdgeMessage, seq: number, nowMs: number): void {
    const replaced = this.#waiting.get(seq);
    this.#waitingBytes += message.bytes - (replaced?.bytes ?? 0);
    this.#waiting.set(seq, message);
    this.#giveUpMs ??= nowMs + this.#reorderMs;
    const { waitingMax, waitingBytesMax } = this.#limits;
    if (this.#waiting.size > waitingMax || this.#waitingBytes > waitingBytesMax) {
      this.#lostMessages('did not come while many others did', nowMs);
    } else if (this.#giveUpMs <= nowMs) this.#lostMessages('was skipped', nowMs);
  }

  /** What the missing message said is unknown, so nothing is current any more. */
  #lostMessages(how: string, nowMs: number): void {
    const detail = `the message with sequence number ${this.#nextSeq} ${how}`;
    this.#forgetWaiting();
    this.#isBorn = false;
    this.#birthWanted = detail;
    this.#makeStale([this.#node, ...this.#devices.values()], nowMs);
    this.#listener.refused('messages-lost', detail);
  }

  #withoutBirth(detail: string): void {
    this.#birthWanted = detail;
    this.#listener.refused('no-birth', detail);
  }

  #forgetWaiting(): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#giveUpMs = null;
  }

  #apply(message: EdgeMessage, nowMs: number): void {
    this.#nextSeq = (this.#nextSeq + 1) % 256;
    const { verb, deviceId, payload } = message;
    if (verb === 'DBIRTH') this.#deviceBorn(deviceId!, payload, nowMs);
    else if (verb === 'DDEATH') this.#deviceDied(deviceId!, payload, nowMs);
    else this.#data(deviceId, payload, nowMs);
  }

  #nodeBorn(payload: Payload, seq: number, nowMs: number): void {
    this.#forgetWaiting();
    this.#isBorn = true;
    this.#birthWanted = null;
    this.#nextSeq = (seq + 1) % 256;
    this.#bdSeq = bdSeqOf(payload.metrics);
    this.#aliases.clear();
    // Devices have births of their own, which follow.
    this.#makeStale([...this.#devices.values()], nowMs);
    for (const device of this.#devices.values()) device.isOnline = false;
    this.#bear(null, this.#node, payload, nowMs);
    this.#node.isOnline = true;
    this.#listener.presence(null, 'online');
  }

  #deviceBorn(deviceId: string, payload: Payload, nowMs: number): void {
    const known = this.#devices.get(deviceId);
    if (known === undefined && this.#devices.size >= this.#limits.devicesMax) {
      const detail = `${deviceId} is one more than the ${this.#limits.devicesMax} devices an edge node may have`;
      this.#listener.refused('too-many-devices', detail);
      return;
    }
    const device = known ?? { isOnline: false, tags: new Map<string, HostTag>() };
    this.#devices.set(deviceId, device);
    for (const [alias, named] of this.#aliases) if (named.deviceId === deviceId) this.#aliases.delete(alias);
    this.#bear(deviceId, device, payload, nowMs);
    device.isOnline = true;
    this.#listener.presence(deviceId, 'online');
  }

  /** A birth says all that there is: what it leaves out is gone. */
  #bear(deviceId: string | null, device: Device, payload: Payload, nowMs: number): void {
    device.tags.clear();
    for (const metric of payload.metrics) {
      if (this.#metricCount() >= this.#limits.metricsMax) {
        const detail = `an edge node may have ${this.#limits.metricsMax} metrics, devices included`;
        this.#listener.refused('too-many-metrics', detail);
        return;
      }
      const tag = bornTag(metric, nowMs);
      if ('code' in tag) {
        this.#listener.refused(tag.code, tag.detail);
        continue;
      }
      const name = metric.name!;
      if (tag.alias !== null) {
        const taken = this.#aliases.get(tag.alias);
        if (taken !== undefined) {
          this.#listener.refused(
            'alias-taken',
            `${name} has alias ${tag.alias}, which is that of ${taken.name}`,
          );
          continue;
        }
        this.#aliases.set(tag.alias, { deviceId, name });
      }
      device.tags.set(name, tag);
    }
  }

  #metricCount(): number {
    let count = this.#node.tags.size;
    for (const device of this.#devices.values()) count += device.tags.size;
    return count;
  }

  #data(deviceId: string | null, payload: Payload, nowMs: number): void {
    const device = this.#device(deviceId);
    if (device === null || !device.isOnline) {
      this.#withoutBirth(`data of ${deviceId ?? 'the edge node'} without a birth before it`);
      return;
    }
    for (const metric of payload.metrics) this.#metric(deviceId, device, metric, nowMs);
  }

  #metric(deviceId: string | null, device: Device, metric: Metric, nowMs: number): void {
    const name = this.#nameOf(deviceId, metric);
    const tag = name === null ? undefined : device.tags.get(name);
    if (name === null || tag === undefined) {
      const called = metric.name ?? `alias ${metric.alias}`;
      this.#birthWanted = `${called} of ${deviceId ?? 'the edge node'} is not in its birth`;
      this.#listener.refused('unknown-metric', this.#birthWanted);
      return;
    }
    const changed = changedTag(name, tag, metric, nowMs);
    if ('code' in changed) {
      this.#listener.refused(changed.code, changed.detail);
      // What it is now is not known.
      if (!metric.isHistorical) device.tags.set(name, { ...tag, quality: 'bad', qualitySinceMs: nowMs });
    } else if (!metric.isHistorical) device.tags.set(name, changed);
  }

  #nameOf(deviceId: string | null, metric: Metric): string | null {
    if (metric.name !== null) return metric.name;
    const named = metric.alias === null ? undefined : this.#aliases.get(metric.alias);
    return named?.deviceId === deviceId ? named.name : null;
  }

  #deviceDied(deviceId: string, payload: Payload, nowMs: number): void {
    const device = this.#devices.get(deviceId);
    if (device === undefined) return;
    device.isOnline = false;
    this.#makeStale([device], payload.timestampMs ?? nowMs);
    this.#listener.presence(deviceId, 'offline');
  }

  /** A death belongs to the birth with the same bdSeq; that of a session before is the late will of its connection. */
  #nodeDied(payload: Payload, nowMs: number): void {
    if (!this.#node.isOnline) return;
    const bdSeq = this.#deathSeq(payload.metrics);
    if (this.#bdSeq !== null && bdSeq !== this.#bdSeq) {
      const detail = `an NDEATH with bdSeq ${bdSeq}; the edge node was born with ${this.#bdSeq}`;
      this.#listener.refused('death-of-another-session', detail);
      return;
    }
    this.#goOffline(nowMs);
  }

  #deathSeq(metrics: readonly Metric[]): bigint | null {
    const byName = bdSeqOf(metrics);
    if (byName !== null) return byName;
    // Edge nodes that give it an alias, which they must not, send the alias alone.
    const aliased = metrics.find(({ alias }) => alias !== null && this.#aliases.get(alias)?.name === BD_SEQ);
    return aliased === undefined ? null : bdSeqOf([{ ...aliased, name: BD_SEQ }]);
  }

  #goOffline(nowMs: number): void {
    const wasOnline = this.#node.isOnline;
    this.#forgetWaiting();
    this.#isBorn = false;
    this.#birthWanted = null;
    this.#node.isOnline = false;
    for (const device of this.#devices.values()) device.isOnline = false;
    this.#makeStale([this.#node, ...this.#devices.values()], nowMs);
    if (wasOnline) this.#listener.presence(null, 'offline');
  }

  #makeStale(devices: readonly Device[], sinceMs: number): void {
    for (const { tags } of devices) for (const [name, tag] of tags) tags.set(name, staleTag(tag, sinceMs));
  }
}

/** Int64 by the specification, UInt64 from many. */
function bdSeqOf(metrics: readonly Metric[]): bigint | null {
  const metric = metrics.find(({ name }) => name === BD_SEQ);
  if (metric === undefined || metric.value === null) return null;
  const typed = typedValue('Int64', metric.value);
  return typed.ok ? (typed.value as bigint) : null;
}
