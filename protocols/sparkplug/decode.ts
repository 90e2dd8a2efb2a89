import type { PayloadFault } from '../mqtt/payload.ts';
import { dataTypeOf, isBasic } from './data-type.ts';
import type { BasicType, DataType } from './data-type.ts';
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
import { typedValue } from './value.ts';
import { readWirePayload, WireFault } from './wire.ts';
import type { WireLimits } from './wire.ts';
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

/** A birth of 10,000 tags with properties has some 800 kB. */
export const PAYLOAD_LIMITS: WireLimits = {
  maxBytes: 2 * 1024 * 1024,
  maxMetrics: 20_000,
  maxEntries: 200_000,
  maxDepth: 12,
  maxTextBytes: 65_536,
};

export type DecodedPayload =
  { readonly ok: true; readonly payload: Payload } | { readonly ok: false; readonly fault: PayloadFault };

/** Decodes a payload within the limits; what is wrong with it is named with the field, the value and the remedy. */
export function decodePayload(bytes: Uint8Array, limits: WireLimits = PAYLOAD_LIMITS): DecodedPayload {
  try {
    const wire = readWirePayload(bytes, limits);
    const seq = wire.seq ?? null;
    if (seq !== null && seq > 255n)
      throw new WireFault('seq', String(seq), 'send a sequence number of 0 to 255');
    return {
      ok: true,
      payload: {
        timestampMs: instant(wire.timestamp, 'timestamp'),
        seq: seq === null ? null : Number(seq),
        metrics: (wire.metrics ?? []).map((metric, index) => metricOf(metric, `metrics[${index}]`)),
        uuid: wire.uuid ?? null,
        body: wire.body ?? null,
      },
    };
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    return { ok: false, fault: { field: error.field, value: error.value, message: error.message } };
  }
}

function metricOf(wire: WireMetric, path: string): Metric {
  return {
    name: wire.name ?? null,
    alias: wire.alias ?? null,
    timestampMs: instant(wire.timestamp, `${path}.timestamp`),
    type: typeOf(wire.datatype, `${path}.datatype`),
    value: wire.is_null === true ? null : valueOf(wire, path),
    isHistorical: wire.is_historical ?? false,
    isTransient: wire.is_transient ?? false,
    metadata: wire.metadata === undefined ? null : metaDataOf(wire.metadata),
    properties: wire.properties === undefined ? null : propertiesOf(wire.properties, `${path}.properties`),
  };
}

function instant(ms: bigint | undefined, path: string): number | null {
  if (ms === undefined) return null;
  if (ms <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(ms);
  throw new WireFault(path, String(ms), 'send milliseconds since 1970, at most 2^53 - 1');
}

function typeOf(number: number | undefined, path: string): DataType | null {
  if (number === undefined) return null;
  const type = dataTypeOf(number);
  if (type !== null) return type;
  throw new WireFault(path, String(number), 'send one of the data types 1 to 34 of the specification');
}

function basicTypeOf(number: number | undefined, path: string): BasicType | null {
  const type = typeOf(number, path);
  if (type === null || isBasic(type)) return type;
  throw new WireFault(path, type, 'send one of the basic data types, 1 to 14');
}

function valueOf(wire: WireMetric, path: string): WireValue | null {
  if (wire.bytes_value !== undefined) return { kind: 'bytes', value: wire.bytes_value };
  if (wire.dataset_value !== undefined) {
    return { kind: 'dataset', value: dataSetOf(wire.dataset_value, `${path}.dataset_value`) };
  }
  if (wire.template_value !== undefined) {
    return { kind: 'template', value: templateOf(wire.template_value, `${path}.template_value`) };
  }
  return basicOf(wire);
}

function basicOf(wire: WireValueFields): WireValue | null {
  if (wire.int_value !== undefined) return { kind: 'int', value: wire.int_value };
  if (wire.long_value !== undefined) return { kind: 'long', value: wire.long_value };
  if (wire.float_value !== undefined) return { kind: 'float', value: wire.float_value };
  if (wire.double_value !== undefined) return { kind: 'double', value: wire.double_value };
  if (wire.boolean_value !== undefined) return { kind: 'boolean', value: wire.boolean_value };
  if (wire.string_value !== undefined) return { kind: 'string', value: wire.string_value };
  return null;
}

/** A value whose type stands beside it, or is not said: then as it came. */
function basicValue(wire: WireValueFields, type: BasicType | null, path: string): BasicValue | null {
  const sent = basicOf(wire);
  if (sent === null) return null;
  if (type === null) return sent.value as BasicValue;
  const typed = typedValue(type, sent);
  if (typed.ok) return typed.value as BasicValue;
  throw new WireFault(path, String(sent.value).slice(0, 40), typed.message);
}

function dataSetOf(wire: WireDataSet, path: string): DataSet {
  const columns = wire.columns ?? [];
  const types = (wire.types ?? []).map((number, index) => basicTypeOf(number, `${path}.types[${index}]`)!);
  if (columns.length !== types.length) {
    throw new WireFault(
      `${path}.types`,
      `${types.length} types`,
      `send one for each of the ${columns.length} columns`,
    );
  }
  if (wire.num_of_columns !== undefined && wire.num_of_columns !== BigInt(columns.length)) {
    const value = String(wire.num_of_columns);
    throw new WireFault(`${path}.num_of_columns`, value, `send the number of columns, ${columns.length}`);
  }
  const rows = (wire.rows ?? []).map(({ elements = [] }, row) => {
    const at = `${path}.rows[${row}]`;
    if (elements.length !== columns.length) {
      throw new WireFault(
        at,
        `${elements.length} elements`,
        `send one for each of the ${columns.length} columns`,
      );
    }
    return elements.map((element, column) =>
      basicValue(element, types[column]!, `${at}.elements[${column}]`),
    );
  });
  return { columns, types, rows };
}

function templateOf(wire: WireTemplate, path: string): Template {
  const isDefinition = wire.is_definition ?? false;
  if (isDefinition && wire.template_ref !== undefined) {
    throw new WireFault(
      `${path}.template_ref`,
      wire.template_ref.slice(0, 40),
      'leave it out of a definition',
    );
  }
  if (!isDefinition && wire.template_ref === undefined) {
    throw new WireFault(`${path}.template_ref`, null, 'name the definition that this is an instance of');
  }
  return {
    version: wire.version ?? null,
    ref: wire.template_ref ?? null,
    members: (wire.metrics ?? []).map((metric, index) => metricOf(metric, `${path}.metrics[${index}]`)),
    parameters: (wire.parameters ?? []).map((each, index) =>
      parameterOf(each, `${path}.parameters[${index}]`),
    ),
  };
}

function parameterOf(wire: WireParameter, path: string): Parameter {
  if (wire.name === undefined) throw new WireFault(`${path}.name`, null, 'name the parameter');
  const type = basicTypeOf(wire.type, `${path}.type`);
  return { name: wire.name, type, value: basicValue(wire, type, path) };
}

function propertiesOf(wire: WirePropertySet, path: string): PropertySet {
  const keys = wire.keys ?? [];
  const values = wire.values ?? [];
  if (keys.length !== values.length) {
    throw new WireFault(
      `${path}.values`,
      `${values.length} values`,
      `send one for each of the ${keys.length} keys`,
    );
  }
  const set = new Map<string, Property>();
  for (const [index, key] of keys.entries()) {
    if (set.has(key)) throw new WireFault(`${path}.keys[${index}]`, key.slice(0, 40), 'send each key once');
    set.set(key, propertyOf(values[index]!, `${path}.values[${index}]`));
  }
  return set;
}

function propertyOf(wire: WirePropertyValue, path: string): Property {
  if (wire.propertyset_value !== undefined) {
    return { type: 'PropertySet', value: propertiesOf(wire.propertyset_value, `${path}.propertyset_value`) };
  }
  if (wire.propertysets_value !== undefined) {
    const list = wire.propertysets_value.propertyset ?? [];
    const at = `${path}.propertysets_value`;
    return { type: 'PropertySetList', value: list.map((set, index) => propertiesOf(set, `${at}[${index}]`)) };
  }
  const type = typeOf(wire.type, `${path}.type`);
  if (type === 'PropertySet' || type === 'PropertySetList') return { type, value: null };
  if (type !== null && !isBasic(type)) {
    throw new WireFault(`${path}.type`, type, 'send a basic data type, PropertySet or PropertySetList');
  }
  return { type, value: wire.is_null === true ? null : basicValue(wire, type, path) };
}

function metaDataOf(wire: WireMetaData): MetaData {
  const { is_multi_part, content_type, size, seq, file_name, file_type, md5, description } = wire;
  return {
    ...(is_multi_part === undefined ? {} : { isMultiPart: is_multi_part }),
    ...(content_type === undefined ? {} : { contentType: content_type }),
    ...(size === undefined ? {} : { size }),
    ...(seq === undefined ? {} : { seq }),
    ...(file_name === undefined ? {} : { fileName: file_name }),
    ...(file_type === undefined ? {} : { fileType: file_type }),
    ...(md5 === undefined ? {} : { md5 }),
    ...(description === undefined ? {} : { description }),
  };
}
