/**
 * Sparkplug's Protocol Buffers messages as tables of field numbers (Sparkplug 3.0, section 6.4.1), and the interfaces
 * that they are read to. Fields are named as there.
 */

export type Scalar = 'uint32' | 'uint64' | 'float' | 'double' | 'bool' | 'string' | 'bytes';

export interface Field {
  readonly id: number;
  /** A scalar, or a message of its own. */
  readonly type: Scalar | (() => Shape<object>);
  readonly repeated?: true;
  /** One of a message's values, of which the last that is sent counts. */
  readonly oneof?: true;
}

/** The fields of a message by the names of the interface that it is read to. */
export type Shape<T extends object> = { readonly [K in keyof Required<T>]: Field };

export interface WireValueFields {
  int_value?: number;
  long_value?: bigint;
  float_value?: number;
  double_value?: number;
  boolean_value?: boolean;
  string_value?: string;
}

export interface WireParameter extends WireValueFields {
  name?: string;
  type?: number;
}

export interface WireTemplate {
  version?: string;
  metrics?: WireMetric[];
  parameters?: WireParameter[];
  template_ref?: string;
  is_definition?: boolean;
}

export interface WireRow {
  elements?: WireValueFields[];
}

export interface WireDataSet {
  num_of_columns?: bigint;
  columns?: string[];
  types?: number[];
  rows?: WireRow[];
}

export interface WirePropertyValue extends WireValueFields {
  type?: number;
  is_null?: boolean;
  propertyset_value?: WirePropertySet;
  propertysets_value?: WirePropertySetList;
}

export interface WirePropertySet {
  keys?: string[];
  values?: WirePropertyValue[];
}

export interface WirePropertySetList {
  propertyset?: WirePropertySet[];
}

export interface WireMetaData {
  is_multi_part?: boolean;
  content_type?: string;
  size?: bigint;
  seq?: bigint;
  file_name?: string;
  file_type?: string;
  md5?: string;
  description?: string;
}

export interface WireMetric extends WireValueFields {
  name?: string;
  alias?: bigint;
  timestamp?: bigint;
  datatype?: number;
  is_historical?: boolean;
  is_transient?: boolean;
  is_null?: boolean;
  metadata?: WireMetaData;
  properties?: WirePropertySet;
  bytes_value?: Uint8Array;
  dataset_value?: WireDataSet;
  template_value?: WireTemplate;
}

export interface WirePayload {
  timestamp?: bigint;
  metrics?: WireMetric[];
  seq?: bigint;
  uuid?: string;
  body?: Uint8Array;
}

/** The scalars of a `oneof value`, whose numbers follow one another from `first` on. */
const values = (first: number): Shape<WireValueFields> => ({
  int_value: { id: first, type: 'uint32', oneof: true },
  long_value: { id: first + 1, type: 'uint64', oneof: true },
  float_value: { id: first + 2, type: 'float', oneof: true },
  double_value: { id: first + 3, type: 'double', oneof: true },
  boolean_value: { id: first + 4, type: 'bool', oneof: true },
  string_value: { id: first + 5, type: 'string', oneof: true },
});

const DATA_SET_VALUE = values(1);
const ROW: Shape<WireRow> = { elements: { id: 1, type: () => DATA_SET_VALUE, repeated: true } };
const DATA_SET: Shape<WireDataSet> = {
  num_of_columns: { id: 1, type: 'uint64' },
  columns: { id: 2, type: 'string', repeated: true },
  types: { id: 3, type: 'uint32', repeated: true },
  rows: { id: 4, type: () => ROW, repeated: true },
};
const PARAMETER: Shape<WireParameter> = {
  name: { id: 1, type: 'string' },
  type: { id: 2, type: 'uint32' },
  ...values(3),
};
const TEMPLATE: Shape<WireTemplate> = {
  version: { id: 1, type: 'string' },
  metrics: { id: 2, type: () => METRIC, repeated: true },
  parameters: { id: 3, type: () => PARAMETER, repeated: true },
  template_ref: { id: 4, type: 'string' },
  is_definition: { id: 5, type: 'bool' },
};
const PROPERTY_VALUE: Shape<WirePropertyValue> = {
  type: { id: 1, type: 'uint32' },
  is_null: { id: 2, type: 'bool' },
  ...values(3),
  propertyset_value: { id: 9, type: () => PROPERTY_SET, oneof: true },
  propertysets_value: { id: 10, type: () => PROPERTY_SET_LIST, oneof: true },
};
const PROPERTY_SET: Shape<WirePropertySet> = {
  keys: { id: 1, type: 'string', repeated: true },
  values: { id: 2, type: () => PROPERTY_VALUE, repeated: true },
};
const PROPERTY_SET_LIST: Shape<WirePropertySetList> = {
  propertyset: { id: 1, type: () => PROPERTY_SET, repeated: true },
};
const META_DATA: Shape<WireMetaData> = {
  is_multi_part: { id: 1, type: 'bool' },
  content_type: { id: 2, type: 'string' },
  size: { id: 3, type: 'uint64' },
  seq: { id: 4, type: 'uint64' },
  file_name: { id: 5, type: 'string' },
  file_type: { id: 6, type: 'string' },
  md5: { id: 7, type: 'string' },
  description: { id: 8, type: 'string' },
};
const METRIC: Shape<WireMetric> = {
  name: { id: 1, type: 'string' },
  alias: { id: 2, type: 'uint64' },
  timestamp: { id: 3, type: 'uint64' },
  datatype: { id: 4, type: 'uint32' },
  is_historical: { id: 5, type: 'bool' },
  is_transient: { id: 6, type: 'bool' },
  is_null: { id: 7, type: 'bool' },
  metadata: { id: 8, type: () => META_DATA },
  properties: { id: 9, type: () => PROPERTY_SET },
  ...values(10),
  bytes_value: { id: 16, type: 'bytes', oneof: true },
  dataset_value: { id: 17, type: () => DATA_SET, oneof: true },
  template_value: { id: 18, type: () => TEMPLATE, oneof: true },
};
export const PAYLOAD: Shape<WirePayload> = {
  timestamp: { id: 1, type: 'uint64' },
  metrics: { id: 2, type: () => METRIC, repeated: true },
  seq: { id: 3, type: 'uint64' },
  uuid: { id: 4, type: 'string' },
  body: { id: 5, type: 'bytes' },
};
