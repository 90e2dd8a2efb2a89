import { decodePayload } from '../../../protocols/sparkplug/decode.ts';
import { EdgeNode } from '../../../protocols/sparkplug/edge-node.ts';
import type {
  EdgeEffect,
  EdgeEvent,
  EdgeNodeOptions,
  Publication,
} from '../../../protocols/sparkplug/edge-node.ts';
import { REBIRTH } from '../../../protocols/sparkplug/edge-tags.ts';
import { encodePayload } from '../../../protocols/sparkplug/encode.ts';
import { encodeHostState } from '../../../protocols/sparkplug/host-state.ts';
import type { Metric, Payload, Value } from '../../../protocols/sparkplug/payload.ts';
import { typedValue, wireValue } from '../../../protocols/sparkplug/value.ts';
import type { DataType } from '../../../protocols/sparkplug/data-type.ts';

/** A publication with what is in it. */
export interface Sent extends Publication {
  readonly content: Payload;
}

export function contentOf(publication: Publication): Payload {
  const decoded = decodePayload(publication.payload);
  if (!decoded.ok) throw new Error(`${publication.topic}: ${decoded.fault.message}`);
  return decoded.payload;
}

export function metricOf(content: Payload, name: string): Metric | undefined {
  return content.metrics.find((metric) => metric.name === name);
}

/** The value of a metric of a birth. */
export function valueOf(content: Payload, name: string): Value | null | undefined {
  const metric = metricOf(content, name);
  if (metric === undefined) return undefined;
  if (metric.value === null) return null;
  const typed = typedValue(metric.type!, metric.value);
  return typed.ok ? typed.value : undefined;
}

export function plainMetric(part: Partial<Metric>): Metric {
  return {
    name: null,
    alias: null,
    timestampMs: null,
    type: null,
    value: null,
    isHistorical: false,
    isTransient: false,
    metadata: null,
    properties: null,
    ...part,
  };
}

export function payloadOf(metrics: readonly Metric[], part: Partial<Payload> = {}): Uint8Array {
  return encodePayload({ timestampMs: 1, seq: null, metrics, uuid: null, body: null, ...part });
}

export const OPTIONS: EdgeNodeOptions = {
  id: { groupId: 'G', edgeNodeId: 'E' },
  servers: 1,
  primaryHostId: null,
  metrics: [
    { name: 'State', type: 'Int32', value: 1, access: 'read' },
    { name: 'Text', type: 'String', value: null, access: 'read' },
    { name: 'Order', type: 'Int64', value: 0n, access: 'write' },
  ],
  devices: new Map([
    ['arm-1', [{ name: 'Mode', type: 'String', value: 'idle', access: 'read' }]],
    [
      'arm-2',
      [
        { name: 'Mode', type: 'String', value: 'idle', access: 'read' },
        { name: 'Speed', type: 'Float', value: 1, access: 'write' },
      ],
    ],
  ]),
  historyMax: 100,
};

/** An edge node with its time in the hands of a test. */
export class EdgeBench {
  readonly node: EdgeNode;
  nowMs = 1_700_000_000_000;
  readonly effects: EdgeEffect[] = [];

  constructor(part: Partial<EdgeNodeOptions> = {}) {
    this.node = new EdgeNode({ ...OPTIONS, ...part }, this.nowMs);
  }

  step(event: EdgeEvent): readonly EdgeEffect[] {
    const effects = this.node.step(event, this.nowMs);
    this.effects.push(...effects);
    return effects;
  }

  /** A step's publications. */
  sent(event: EdgeEvent): Sent[] {
    return sentOf(this.step(event));
  }

  connect(): Extract<EdgeEffect, { kind: 'connect' }> {
    return this.step({ kind: 'start' }).find((effect) => effect.kind === 'connect')!;
  }

  /** Connects, and is born if nobody is waited for; returns the births. */
  born(): Sent[] {
    this.connect();
    return this.sent({ kind: 'connected' });
  }

  /** Lets time pass, with a tick at every instant that is asked for. */
  after(ms: number): readonly EdgeEffect[] {
    const untilMs = this.nowMs + ms;
    const effects: EdgeEffect[] = [];
    for (let due = this.node.dueMs; due !== null && due <= untilMs; due = this.node.dueMs) {
      this.nowMs = Math.max(this.nowMs, due);
      effects.push(...this.step({ kind: 'tick' }));
    }
    this.nowMs = untilMs;
    return effects;
  }

  set(name: string, value: Value | null, deviceId: string | null = null): Sent[] {
    return this.sent({ kind: 'update', changes: [{ deviceId, name, value, timestampMs: this.nowMs }] });
  }

  hears(topic: string, payload: Uint8Array, retained = false): readonly EdgeEffect[] {
    return this.step({ kind: 'message', topic, payload, retained });
  }

  /** The primary host's STATE. */
  state(online: boolean, timestamp: number, host = 'H'): readonly EdgeEffect[] {
    return this.hears(`spBv1.0/STATE/${host}`, encodeHostState({ online, timestamp }));
  }

  rebirth(): readonly EdgeEffect[] {
    const metric = plainMetric({ name: REBIRTH, value: { kind: 'boolean', value: true } });
    return this.hears('spBv1.0/G/NCMD/E', payloadOf([metric]));
  }

  write(name: string, type: DataType, value: Value, deviceId: string | null = null): readonly EdgeEffect[] {
    const topic = deviceId === null ? 'spBv1.0/G/NCMD/E' : `spBv1.0/G/DCMD/E/${deviceId}`;
    return this.hears(topic, payloadOf([plainMetric({ name, value: wireValue(type, value) })]));
  }
}

export function sentOf(effects: readonly EdgeEffect[]): Sent[] {
  return effects
    .filter((effect) => effect.kind === 'publish')
    .map(({ topic, payload, qos, retain }) => {
      const publication = { topic, payload, qos, retain };
      return { ...publication, content: contentOf(publication) };
    });
}

export function kinds(effects: readonly { readonly kind: string }[]): string[] {
  return effects.map(({ kind }) => kind);
}
