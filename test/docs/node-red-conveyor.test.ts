import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PlcUnit } from '../../protocols/plc/plc-unit.ts';
import { conveyor } from '../protocols/plc/conveyor.ts';

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly topic?: string;
  readonly broker?: string;
  readonly func?: string;
  readonly outputs?: number;
  readonly wires?: readonly (readonly string[])[];
}
interface Message {
  readonly topic?: string;
  readonly payload?: unknown;
  readonly now?: number;
}

const file = fileURLToPath(new URL('../../docs/examples/node-red-conveyor.json', import.meta.url));
const nodes = JSON.parse(readFileSync(file, 'utf8')) as readonly FlowNode[];

/** A function node, run as Node-RED runs it: its text as a function body, with a store of its own and that of the flow. */
function functionNode(id: string, flow: Map<string, unknown>): (msg: Message) => readonly (Message | null)[] {
  const store = new Map<string, unknown>();
  const access = (map: Map<string, unknown>) => ({
    get: (key: string) => map.get(key),
    set: (key: string, value: unknown) => void map.set(key, value),
  });
  const text = nodes.find((node) => node.id === id)?.func ?? '';
  const run = new Function('msg', 'context', 'flow', text) as (...args: unknown[]) => unknown;
  return (msg) => {
    const returned = run(structuredClone(msg), access(store), access(flow));
    return Array.isArray(returned) ? (returned as Message[]) : [returned as Message | null];
  };
}

/** The flow and the controller's side, with simulated time between them. */
class FlowBench {
  readonly flow = new Map<string, unknown>();
  readonly unit = new PlcUnit(conveyor(), null, () => undefined);
  readonly granted = new Map<string, boolean>();
  readonly #totes = functionNode('totes', this.flow);
  readonly #inputs = functionNode('inputs', this.flow);
  readonly #gate = functionNode('gate', this.flow);
  #nowUs = 0;

  pass(seconds: number): void {
    const untilUs = this.#nowUs + seconds * 1e6;
    while (this.#nowUs < untilUs) {
      this.#nowUs += 20_000;
      const now = this.#nowUs / 1_000;
      if (this.#nowUs % 100_000 === 0) this.#publish(this.#totes({ topic: 'tick', now }));
      if (this.#nowUs % 200_000 === 0) this.#publish(this.#inputs({ topic: 'tick' }));
      for (const event of this.unit.advance(this.#nowUs)) {
        if (event.kind === 'permission') this.granted.set(event.permissionId, event.status === 'granted');
      }
      this.unit.write(this.#nowUs, null, {}, (topic, text) => {
        const message = { topic, payload: /^[{]/.test(text) ? (JSON.parse(text) as unknown) : text, now };
        if (topic === 'plc/conveyor/request') this.#publish(this.#totes(message));
        if (topic === 'plc/conveyor/zone') this.#gate(message);
        return true;
      });
    }
  }

  #publish(messages: readonly (Message | null)[]): void {
    for (const message of messages) {
      if (message?.topic === undefined) continue;
      const { payload } = message;
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      this.unit.pipeline.hear(message.topic, Buffer.from(text), 'fresh', this.#nowUs);
    }
  }
}

describe('docs/examples/node-red-conveyor.json', () => {
  it('has wires that lead somewhere, and as many as its nodes have outputs', () => {
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    for (const { wires = [], broker, type, outputs } of nodes) {
      for (const target of wires.flat()) expect(ids).toContain(target);
      if (type.startsWith('mqtt ')) expect(ids).toContain(broker);
      if (type === 'function') expect(wires).toHaveLength(outputs ?? 1);
    }
  });

  it('gives every permission of the map, and takes one back when its variable is set', () => {
    const bench = new FlowBench();
    bench.pass(3);
    expect([...bench.granted.values()]).toEqual([true, true, true, true, true]);
    bench.flow.set('guardClosed', false);
    bench.pass(0.5);
    expect(bench.granted.get('conveyor.guard')).toBe(false);
  });

  it('brings totes by the rules of the handshake', () => {
    const bench = new FlowBench();
    bench.pass(3);
    const [driver] = bench.unit.handshakes;
    for (const [requestId, placeId] of [
      ['r1', 'station-1'],
      ['r2', 'station-2'],
      ['r3', 'station-1'],
    ] as const) {
      driver!.ask({ kind: 'bring-empty', requestId, placeId, containerId: `T-${requestId}` });
      bench.pass(4);
    }
    expect(driver!.takeOutcomes()).toMatchObject([
      { status: 'done' },
      { status: 'done' },
      { status: 'done' },
    ]);
    expect(driver!.violations).toEqual([]);
  });

  it('acknowledges the gate when it is granted, and not before', () => {
    const bench = new FlowBench();
    bench.pass(1);
    bench.flow.set('gateRequest', true);
    bench.pass(1);
    const { pipeline } = bench.unit;
    expect(pipeline.read('gate.acknowledge', 2_000_000).value).toBe(false);
    bench.unit.grantZone('conveyor.gate', true);
    bench.pass(1);
    expect(pipeline.read('gate.acknowledge', 3_000_000).value).toBe(true);
  });
});
