import { allInputs } from '../../controller/domain/plc-map.ts';
import type { InputTag, PlcMap, TagAddress } from '../../controller/domain/plc-map.ts';
import { TagMessage, typed } from './decode.ts';
import { InputState } from './input-state.ts';
import type { Reading } from './input-state.ts';
import { RunningNumber } from './running-number.ts';
import type { MetricAddress, TagSource } from './tag-source.ts';

type MqttAddress = Extract<TagAddress, { kind: 'mqtt' }>;

export interface PipelineStatistics {
  /** Messages taken. */
  readonly messages: number;
  /** Messages dropped: kept by the broker from an earlier time. */
  readonly retained: number;
  /** Messages dropped by their running number: late or repeated. */
  readonly late: number;
  /** Values that were no values of their tag. */
  readonly bad: number;
}

/**
 * The tags of one PLC: messages and metrics in, values with their quality out. Deterministic: instants come in as
 * arguments, and the same messages at the same instants give the same values.
 */
export class TagPipeline {
  readonly #states: ReadonlyMap<string, InputState>;
  readonly #byTopic = new Map<string, { readonly tag: InputTag; readonly address: MqttAddress }[]>();
  readonly #metrics: {
    readonly tag: InputTag;
    readonly address: MetricAddress;
    receivedUs: number | null;
  }[] = [];
  readonly #numbers = new Map<string, RunningNumber>();
  #statistics = { messages: 0, retained: 0, late: 0, bad: 0 };

  constructor(map: PlcMap) {
    const inputs = allInputs(map);
    this.#states = new Map(inputs.map((tag) => [tag.id, new InputState(tag)]));
    for (const tag of inputs) {
      const { address } = tag;
      if (address.kind === 'sparkplug') this.#metrics.push({ tag, address, receivedUs: null });
      else this.#byTopic.set(address.topic, [...(this.#byTopic.get(address.topic) ?? []), { tag, address }]);
    }
  }

  /** Topics on which the PLC is to be heard. */
  get topics(): readonly string[] {
    return [...this.#byTopic.keys()];
  }

  get usesMetrics(): boolean {
    return this.#metrics.length > 0;
  }

  get statistics(): PipelineStatistics {
    return this.#statistics;
  }

  /** A message came. One that the broker kept is of unknown age, and says nothing. */
  hear(topic: string, payload: Uint8Array, kept: 'kept' | 'fresh', nowUs: number): void {
    const tags = this.#byTopic.get(topic);
    if (tags === undefined) return;
    if (kept === 'kept') {
      this.#statistics.retained += 1;
      return;
    }
    const message = new TagMessage(payload);
    if (!this.#isNew(topic, tags, message)) {
      this.#statistics.late += 1;
      return;
    }
    this.#statistics.messages += 1;
    for (const { tag, address } of tags) {
      const heard = message.value(tag, address);
      if (!heard.ok) this.#statistics.bad += 1;
      this.#states.get(tag.id)!.hear(heard, nowUs);
    }
  }

  /** A repeat or a straggler is no sign of life: it is as if it had not come. */
  #isNew(topic: string, tags: readonly { readonly address: MqttAddress }[], message: TagMessage): boolean {
    const pointer = tags.find(({ address }) => address.sequencePointer !== null)?.address.sequencePointer;
    if (pointer === undefined || pointer === null) return true;
    const found = message.at(pointer);
    if (!found.ok || !Number.isSafeInteger(found.value)) return true;
    let number = this.#numbers.get(topic);
    if (number === undefined) {
      number = new RunningNumber();
      this.#numbers.set(topic, number);
    }
    return number.takes(found.value as number);
  }

  /** Looks up the metrics that come over Sparkplug. */
  poll(source: TagSource, nowUs: number): void {
    for (const metric of this.#metrics) {
      const found = source.read(metric.address);
      if (found === null) continue;
      const state = this.#states.get(metric.tag.id)!;
      if (found.isStale || found.value === null) {
        state.forget(found.isStale ? 'its edge node is offline or says that it is stale' : 'it has no value');
        metric.receivedUs = null;
        continue;
      }
      if (found.receivedUs === metric.receivedUs) continue;
      metric.receivedUs = found.receivedUs;
      const heard = typed(metric.tag, found.value, 'exact');
      if (!heard.ok) this.#statistics.bad += 1;
      state.hear(heard, nowUs);
    }
  }

  /** The connection is gone, and with it all that was known. */
  forget(because: string): void {
    for (const state of this.#states.values()) state.forget(because);
    this.#numbers.clear();
  }

  read(inputId: string, nowUs: number): Reading {
    return this.state(inputId).read(nowUs);
  }

  state(inputId: string): InputState {
    const state = this.#states.get(inputId);
    if (state === undefined) throw new Error(`no input ${inputId} in this map`);
    return state;
  }

  inputs(): IterableIterator<string> {
    return this.#states.keys();
  }
}
