import { EdgeNode } from '../../../protocols/sparkplug/edge-node.ts';
import type { EdgeNodeOptions, Publication } from '../../../protocols/sparkplug/edge-node.ts';
import { HostApplication } from '../../../protocols/sparkplug/host-application.ts';
import type { HostEffect, HostEvent, HostOptions } from '../../../protocols/sparkplug/host-application.ts';
import { encodeHostState } from '../../../protocols/sparkplug/host-state.ts';
import type { HostTag } from '../../../protocols/sparkplug/host-tags.ts';
import type { Value } from '../../../protocols/sparkplug/payload.ts';
import { OPTIONS } from './edge-bench.ts';

/** A host with its time in the hands of a test. */
export class HostBench {
  readonly host: HostApplication;
  nowMs = 1_700_000_000_000;
  readonly effects: HostEffect[] = [];

  constructor(part: Partial<HostOptions> = {}) {
    this.host = new HostApplication({
      hostId: 'H',
      servers: 1,
      groups: ['G'],
      reorderMs: 2_000,
      expected: [],
      ...part,
    });
  }

  step(event: HostEvent): readonly HostEffect[] {
    const effects = this.host.step(event, this.nowMs);
    this.effects.push(...effects);
    return effects;
  }

  /** Connects to every server. */
  connected(): this {
    const connects = this.step({ kind: 'start' }).filter((effect) => effect.kind === 'connect');
    for (const { server } of connects) this.step({ kind: 'connected', server });
    return this;
  }

  after(ms: number): readonly HostEffect[] {
    const untilMs = this.nowMs + ms;
    const effects: HostEffect[] = [];
    for (let due = this.host.dueMs; due !== null && due <= untilMs; due = this.host.dueMs) {
      this.nowMs = Math.max(this.nowMs, due);
      effects.push(...this.step({ kind: 'tick' }));
    }
    this.nowMs = untilMs;
    return effects;
  }

  hears(sent: Pick<Publication, 'topic' | 'payload'>, server = 0, retained = false): readonly HostEffect[] {
    const { topic, payload } = sent;
    return this.step({ kind: 'message', server, topic, payload, retained });
  }

  hearsAll(sent: readonly Publication[], server = 0): readonly HostEffect[] {
    return sent.flatMap((each) => this.hears(each, server));
  }

  state(online: boolean, timestamp: number, server = 0): readonly HostEffect[] {
    return this.hears({ topic: 'spBv1.0/STATE/H', payload: encodeHostState({ online, timestamp }) }, server);
  }

  tag(metric: string, device: string | null = null, edge = 'E'): HostTag | null {
    return this.host.read({ group: 'G', edge, device, metric });
  }

  value(metric: string, device: string | null = null): Value | null | undefined {
    return this.tag(metric, device)?.value;
  }
}

/** An edge node whose publications a test hands to a host as it likes. */
export class Source {
  readonly node: EdgeNode;
  #nowMs: number;

  constructor(part: Partial<EdgeNodeOptions> = {}, nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
    this.node = new EdgeNode({ ...OPTIONS, ...part }, nowMs);
  }

  /** Connects, again if it was connected; returns the births, and the will of the connection. */
  born(): { readonly births: Publication[]; readonly will: Publication } {
    this.#step({ kind: 'lost' });
    this.#nowMs += 2_000;
    const [connect] = [
      ...this.node.step({ kind: 'start' }, this.#nowMs),
      ...this.node.step({ kind: 'tick' }, this.#nowMs),
    ].filter((effect) => effect.kind === 'connect');
    return { births: this.#step({ kind: 'connected' }), will: connect!.will };
  }

  set(name: string, value: Value | null, deviceId: string | null = null): Publication {
    const change = { deviceId, name, value, timestampMs: this.#nowMs };
    return this.#step({ kind: 'update', changes: [change] })[0]!;
  }

  device(deviceId: string, presence: 'online' | 'offline'): Publication {
    return this.#step({ kind: 'device', deviceId, presence })[0]!;
  }

  #step(event: Parameters<EdgeNode['step']>[0]): Publication[] {
    return this.node.step(event, this.#nowMs).filter((effect) => effect.kind === 'publish');
  }
}
