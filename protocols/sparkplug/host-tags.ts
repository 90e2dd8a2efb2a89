import type { DataType } from './data-type.ts';
import type { Metric, Value } from './payload.ts';
import { typedValue } from './value.ts';

/** `stale`: it was so when its source was last heard from. `bad`: its source says that it cannot be believed. */
export type TagQuality = 'good' | 'bad' | 'stale';

/** One metric as a host knows it. Instants are ms since 1970. */
export interface HostTag {
  readonly type: DataType;
  /** Its number in messages; null: it has none. */
  readonly alias: bigint | null;
  /** Null: it has none now. */
  readonly value: Value | null;
  /** When the edge node captured the value, by its own clock; null: it does not say. */
  readonly timestampMs: number | null;
  /** When this host received it. */
  readonly receivedMs: number;
  readonly quality: TagQuality;
  /** Since when the quality is what it is. */
  readonly qualitySinceMs: number;
}

export type MetricRefusal = { readonly code: 'metric-wrong' | 'unknown-metric'; readonly detail: string };

/** A metric of a birth; what is wrong with it is said in words. */
export function bornTag(metric: Metric, nowMs: number): HostTag | MetricRefusal {
  if (metric.name === null || metric.name === '') {
    return wrong(`the metric with alias ${metric.alias} has no name; births carry names`);
  }
  if (metric.type === null) return wrong(`${metric.name} has no data type; births carry data types`);
  return valueTag(metric.name, metric.type, metric.alias, metric, nowMs);
}

/** A tag with a new value of a data message, whose type is that of its birth. */
export function changedTag(
  name: string,
  tag: HostTag,
  metric: Metric,
  nowMs: number,
): HostTag | MetricRefusal {
  if (metric.type !== null && metric.type !== tag.type) {
    return wrong(`${name} comes as ${metric.type}; it was born as ${tag.type}`);
  }
  return valueTag(name, tag.type, tag.alias, metric, nowMs);
}

function valueTag(
  name: string,
  type: DataType,
  alias: bigint | null,
  metric: Metric,
  nowMs: number,
): HostTag | MetricRefusal {
  let value: Value | null = null;
  if (metric.value !== null) {
    const typed = typedValue(type, metric.value);
    if (!typed.ok) return wrong(`${name} ${typed.message}`);
    value = typed.value;
  }
  const quality = typeof value === 'number' && !Number.isFinite(value) ? 'bad' : qualityOf(metric);
  return {
    type,
    alias,
    value,
    timestampMs: metric.timestampMs,
    receivedMs: nowMs,
    quality,
    qualitySinceMs: nowMs,
  };
}

function wrong(detail: string): MetricRefusal {
  return { code: 'metric-wrong', detail };
}

const GOOD = 192;
const STALE = 500;

/** The property `Quality` has three values in the specification; any other one is not to be believed either. */
function qualityOf(metric: Metric): TagQuality {
  const quality = metric.properties?.get('Quality');
  if (quality === undefined) return 'good';
  const code = typeof quality.value === 'bigint' ? Number(quality.value) : quality.value;
  return code === GOOD ? 'good' : code === STALE ? 'stale' : 'bad';
}

export function staleTag(tag: HostTag, sinceMs: number): HostTag {
  return tag.quality === 'stale' ? tag : { ...tag, quality: 'stale', qualitySinceMs: sinceMs };
}
