import type { TagAddress, TagSinkAddress, TagValue } from '../../controller/domain/plc-map.ts';

/** A metric as a Sparkplug host application knows it. */
export interface SourcedTag {
  /** null: the metric says that it has no value. */
  readonly value: boolean | number | bigint | string | null;
  /** When it was received, us, on the clock that the controller's ticks have. */
  readonly receivedUs: number;
  /** Its edge node or device died, or its quality is not good. */
  readonly isStale: boolean;
}

export type MetricAddress = Extract<TagAddress, { kind: 'sparkplug' }>;

/** Where metrics are read and written that do not come as plain MQTT messages. */
export interface TagSource {
  /** null: no such metric has been born. */
  read(metric: MetricAddress): SourcedTag | null;
  write(metric: Extract<TagSinkAddress, { kind: 'sparkplug' }>, value: TagValue): void;
}
