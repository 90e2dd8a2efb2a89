import { DATA_TYPES } from './data-type.ts';
import type { BasicType } from './data-type.ts';
import type {
  BasicValue,
  DataSet,
  MetaData,
  Metric,
  Parameter,
  Payload,
  Property,
  PropertySet,
  Template,
  WireValue,
} from './payload.ts';
import { wireValue } from './value.ts';
import { writeWirePayload } from './wire.ts';
import type {
  WireDataSet,
  WireMetaData,
  WireMetric,
  WireParameter,
  WirePropertySet,
  WirePropertyValue,
  WireTemplate,
  WireValueFields,
} from './wire-messages.ts';

/** @throws RangeError when a value does not fit the type that stands beside it. */
export function encodePayload(payload: Payload): Uint8Array {
  const { timestampMs, seq, metrics, uuid, body } = payload;
  return writeWirePayload({
    ...(timestampMs === null ? {} : { timestamp: BigInt(timestampMs) }),
    metrics: metrics.map(metricTo),
    ...(seq === null ? {} : { seq: BigInt(seq) }),
    ...(uuid === null ? {} : { uuid }),
    ...(body === null ? {} : { body }),
  });
}

/** Flags that are false are left out: that is what their absence means. */
function metricTo(metric: Metric): WireMetric {
  const { name, alias, timestampMs, type, value, metadata, properties } = metric;
  return {
    ...(name === null ? {} : { name }),
    ...(alias === null ? {} : { alias }),
    ...(timestampMs === null ? {} : { timestamp: BigInt(timestampMs) }),
    ...(type === null ? {} : { datatype: DATA_TYPES[type] }),
    ...(metric.isHistorical ? { is_historical: true } : {}),
    ...(metric.isTransient ? { is_transient: true } : {}),
    ...(value === null ? { is_null: true } : {}),
    ...(metadata === null ? {} : { metadata: metaDataTo(metadata) }),
    ...(properties === null ? {} : { properties: propertiesTo(properties) }),
    ...(value === null ? {} : valueTo(value)),
  };
}

function valueTo(wire: WireValue): Partial<WireMetric> {
  if (wire.kind === 'dataset') return { dataset_value: dataSetTo(wire.value) };
  if (wire.kind === 'template') return { template_value: templateTo(wire.value) };
  return { [`${wire.kind}_value`]: wire.value };
}

function basicTo(type: BasicType, value: BasicValue): WireValueFields {
  return valueTo(wireValue(type, value)) as WireValueFields;
}

/** A value whose type is not said goes out as what it is. */
function untypedTo(value: BasicValue): WireValueFields {
  if (typeof value === 'bigint') return { long_value: BigInt.asUintN(64, value) };
  if (typeof value === 'boolean') return { boolean_value: value };
  if (typeof value === 'string') return { string_value: value };
  return Number.isInteger(value) && value >= 0 ? { int_value: value } : { double_value: value };
}

function dataSetTo({ columns, types, rows }: DataSet): WireDataSet {
  return {
    num_of_columns: BigInt(columns.length),
    columns: [...columns],
    types: types.map((type) => DATA_TYPES[type]),
    rows: rows.map((row) => ({
      elements: row.map((value, column) => (value === null ? {} : basicTo(types[column]!, value))),
    })),
  };
}

function templateTo({ version, ref, members, parameters }: Template): WireTemplate {
  return {
    ...(version === null ? {} : { version }),
    metrics: members.map(metricTo),
    parameters: parameters.map(parameterTo),
    ...(ref === null ? {} : { template_ref: ref }),
    is_definition: ref === null,
  };
}

function parameterTo({ name, type, value }: Parameter): WireParameter {
  return { name, ...typedTo(type, value) };
}

function typedTo(type: BasicType | null, value: BasicValue | null): WireValueFields & { type?: number } {
  return {
    ...(type === null ? {} : { type: DATA_TYPES[type] }),
    ...(value === null ? {} : type === null ? untypedTo(value) : basicTo(type, value)),
  };
}

function propertiesTo(set: PropertySet): WirePropertySet {
  return { keys: [...set.keys()], values: [...set.values()].map(propertyTo) };
}

function propertyTo({ type, value }: Property): WirePropertyValue {
  if (type === 'PropertySet' || type === 'PropertySetList') {
    const number = { type: DATA_TYPES[type] };
    if (value === null) return { ...number, is_null: true };
    if (type === 'PropertySet') return { ...number, propertyset_value: propertiesTo(value as PropertySet) };
    const list = value as readonly PropertySet[];
    return { ...number, propertysets_value: { propertyset: list.map(propertiesTo) } };
  }
  return { ...typedTo(type, value as BasicValue | null), ...(value === null ? { is_null: true } : {}) };
}

function metaDataTo(metadata: MetaData): WireMetaData {
  const { isMultiPart, contentType, size, seq, fileName, fileType, md5, description } = metadata;
  return {
    ...(isMultiPart === undefined ? {} : { is_multi_part: isMultiPart }),
    ...(contentType === undefined ? {} : { content_type: contentType }),
    ...(size === undefined ? {} : { size }),
    ...(seq === undefined ? {} : { seq }),
    ...(fileName === undefined ? {} : { file_name: fileName }),
    ...(fileType === undefined ? {} : { file_type: fileType }),
    ...(md5 === undefined ? {} : { md5 }),
    ...(description === undefined ? {} : { description }),
  };
}
