import type { DataType } from './data-type.ts';
import type { Metric, PropertySet, Value } from './payload.ts';
import { wireValue } from './value.ts';

/** One metric that an edge node reports, of its own or of a device. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: DataType;
  /** At the beginning; null: none yet. */
  readonly value: Value | null;
  /** Whether hosts may write it. */
  readonly access: 'read' | 'write';
  readonly properties?: PropertySet;
}

export interface Tag {
  readonly definition: MetricDefinition;
  readonly alias: bigint;
  value: Value | null;
  /** When the value came to be, ms since 1970. */
  timestampMs: number;
}

/** The tags of an edge node or of one of its devices. */
export interface TagGroup {
  /** Null: the edge node itself. */
  readonly deviceId: string | null;
  readonly byName: ReadonlyMap<string, Tag>;
  /** A device that is offline has no birth. The edge node itself is always there. */
  isPresent: boolean;
  /** Its birth was sent in this session and it has not died since. */
  isBorn: boolean;
}

export const REBIRTH = 'Node Control/Rebirth';
export const BD_SEQ = 'bdSeq';

/** All tags of an edge node; aliases number them through, so that each is unique. */
export class EdgeTags {
  readonly node: TagGroup;
  readonly devices: ReadonlyMap<string, TagGroup>;
  readonly #byAlias = new Map<bigint, { readonly group: TagGroup; readonly tag: Tag }>();

  /** @throws RangeError for names that are the same in lower case, and values that do not fit their types. */
  constructor(
    node: readonly MetricDefinition[],
    devices: ReadonlyMap<string, readonly MetricDefinition[]>,
    nowMs: number,
  ) {
    requireDistinct([...devices.keys()], 'devices');
    this.node = this.#group(null, node, nowMs);
    this.devices = new Map([...devices].map(([id, metrics]) => [id, this.#group(id, metrics, nowMs)]));
  }

  /** The edge node and its devices. */
  get groups(): readonly TagGroup[] {
    return [this.node, ...this.devices.values()];
  }

  group(deviceId: string | null): TagGroup | null {
    return deviceId === null ? this.node : (this.devices.get(deviceId) ?? null);
  }

  /** A metric of a command: by its alias within the whole edge node, or by its name within the group. */
  find(group: TagGroup, metric: Metric): Tag | null {
    if (metric.name !== null) return group.byName.get(metric.name) ?? null;
    const found = metric.alias === null ? undefined : this.#byAlias.get(metric.alias);
    return found?.group === group ? found.tag : null;
  }

  #group(deviceId: string | null, metrics: readonly MetricDefinition[], nowMs: number): TagGroup {
    const reserved = deviceId === null ? [BD_SEQ, REBIRTH] : [];
    requireDistinct(
      [...reserved, ...metrics.map(({ name }) => name)],
      `metrics of ${deviceId ?? 'the edge node'}`,
    );
    const byName = new Map<string, Tag>();
    const group: TagGroup = { deviceId, byName, isPresent: true, isBorn: false };
    for (const definition of metrics) {
      if (definition.value !== null) wireValue(definition.type, definition.value);
      const alias = BigInt(this.#byAlias.size + 1);
      const tag = { definition, alias, value: definition.value, timestampMs: nowMs };
      byName.set(definition.name, tag);
      this.#byAlias.set(alias, { group, tag });
    }
    return group;
  }
}

function requireDistinct(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (seen.has(lower)) throw new RangeError(`two ${what} are called ${name}, apart from capitals`);
    seen.add(lower);
  }
}

/** A tag as a birth has it: with name, alias, type and value. */
export function birthMetric({ definition, alias, value, timestampMs }: Tag): Metric {
  const { name, type, properties } = definition;
  return {
    ...plain,
    name,
    alias,
    timestampMs,
    type,
    value: onWire(type, value),
    properties: properties ?? null,
  };
}

/** A value as data messages have it: by its alias alone. */
export function dataMetric(
  { definition, alias }: Tag,
  { value, timestampMs }: { readonly value: Value | null; readonly timestampMs: number },
  when: 'now' | 'historical',
): Metric {
  const wire = onWire(definition.type, value);
  return { ...plain, alias, timestampMs, value: wire, isHistorical: when === 'historical' };
}

/** A metric by its name, as the two have to be that are never aliased, and as hosts write. */
export function namedMetric(name: string, type: DataType, value: Value | null, timestampMs: number): Metric {
  return { ...plain, name, type, timestampMs, value: onWire(type, value) };
}

const plain: Metric = {
  name: null,
  alias: null,
  timestampMs: null,
  type: null,
  value: null,
  isHistorical: false,
  isTransient: false,
  metadata: null,
  properties: null,
};

function onWire(type: DataType, value: Value | null): Metric['value'] {
  return value === null ? null : wireValue(type, value);
}
