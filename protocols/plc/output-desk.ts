import type { TagSinkAddress, TagValue } from '../../controller/domain/plc-map.ts';

interface TopicState {
  /** Values by JSON pointer; '' is the payload itself. */
  readonly values: Map<string, TagValue>;
  readonly form: 'json' | 'text';
  published: string | null;
  publishedUs: number;
}

/** Unchanged payloads are said again after this, so that a PLC can tell silence from rest, us. */
const REPEAT_US = 500_000;

/** Writes a payload; false: it could not be sent now. */
export type Publish = (topic: string, payload: string) => boolean;

/**
 * What is written to one PLC over MQTT: values by topic, published when they change and again every half second. The
 * outputs of one topic make one JSON object, so that a PLC never sees half of them.
 */
export class OutputDesk {
  readonly #topics = new Map<string, TopicState>();

  /** Sets a value; a topic is published when all values that it was declared with are set. */
  declare(address: TagSinkAddress): void {
    if (address.kind !== 'mqtt') return;
    const { topic, encode } = address;
    if (this.#topics.has(topic)) return;
    this.#topics.set(topic, { values: new Map(), form: encode.form, published: null, publishedUs: 0 });
  }

  set(address: TagSinkAddress, value: TagValue): void {
    if (address.kind !== 'mqtt') return;
    this.declare(address);
    const pointer = address.encode.form === 'json' ? address.encode.pointer : '';
    this.#topics.get(address.topic)!.values.set(pointer, value);
  }

  flush(nowUs: number, publish: Publish): void {
    for (const [topic, state] of this.#topics) {
      if (state.values.size === 0) continue;
      const payload = payloadOf(state);
      const isDue = payload !== state.published || nowUs - state.publishedUs >= REPEAT_US;
      if (!isDue || !publish(topic, payload)) continue;
      state.published = payload;
      state.publishedUs = nowUs;
    }
  }
}

function payloadOf({ values, form }: TopicState): string {
  const whole = values.get('');
  if (form === 'text') return String(whole);
  if (whole !== undefined) return JSON.stringify(whole);
  const root: Record<string, unknown> = {};
  for (const [pointer, value] of values) setAt(root, pointer, value);
  return JSON.stringify(root);
}

/** Sets a value at a JSON pointer, making the objects on the way. */
export function setAt(root: Record<string, unknown>, pointer: string, value: unknown): void {
  const parts = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let here = root;
  for (const part of parts.slice(0, -1)) {
    const below = Object.hasOwn(here, part) ? here[part] : undefined;
    const next: Record<string, unknown> =
      typeof below === 'object' && below !== null ? (below as Record<string, unknown>) : {};
    define(here, part, next);
    here = next;
  }
  define(here, parts.at(-1) ?? '', value);
}

/** As an own field, whatever it is called: a field `__proto__` is a field like any other. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
