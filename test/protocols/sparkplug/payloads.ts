import fc from 'fast-check';
import { isArrayType, elementType } from '../../../protocols/sparkplug/array-value.ts';
import type { ArrayType } from '../../../protocols/sparkplug/array-value.ts';
import { BASIC_TYPES, DATA_TYPES, INTEGER_TYPES } from '../../../protocols/sparkplug/data-type.ts';
import type { BasicType, DataType } from '../../../protocols/sparkplug/data-type.ts';
import type {
  BasicValue,
  DataSet,
  Metric,
  Parameter,
  Payload,
  Property,
  PropertySet,
  Template,
  Value,
} from '../../../protocols/sparkplug/payload.ts';
import { wireValue } from '../../../protocols/sparkplug/value.ts';

/** Payloads out of all that the specification has, for tests of properties. */

const text = fc.string({ unit: 'binary', maxLength: 12 });
const UINT64_MAX = 2n ** 64n - 1n;
const uint64 = fc.bigInt({ min: 0n, max: UINT64_MAX });
const instantMs = fc.option(fc.nat({ max: 4_102_444_800_000 }), { nil: null });

export function basicValue(type: BasicType): fc.Arbitrary<BasicValue> {
  const integer = INTEGER_TYPES[type];
  if (integer !== undefined) {
    const { bits, isSigned } = integer;
    const max = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n;
    const min = isSigned ? -max - 1n : 0n;
    return bits === 64 ? fc.bigInt({ min, max }) : fc.integer({ min: Number(min), max: Number(max) });
  }
  if (type === 'Float') return fc.float();
  if (type === 'Double') return fc.double();
  return type === 'Boolean' ? fc.boolean() : text;
}

function arrayValue(type: ArrayType): fc.Arbitrary<Value> {
  const element = elementType(type);
  const each = element === 'String' ? text.filter((one) => !one.includes('\0')) : basicValue(element);
  return fc.array<BasicValue>(each, { maxLength: 20 }) as fc.Arbitrary<Value>;
}

const dataSet: fc.Arbitrary<DataSet> = fc
  .array(fc.constantFrom(...BASIC_TYPES), { maxLength: 4 })
  .chain((types) =>
    fc.record({
      types: fc.constant(types),
      columns: fc.array(text, { minLength: types.length, maxLength: types.length }),
      rows: fc.array(fc.tuple(...types.map((type) => fc.option(basicValue(type), { nil: null }))), {
        maxLength: 4,
      }),
    }),
  );

const basicProperty = fc
  .constantFrom(...BASIC_TYPES)
  .chain((type) => fc.record({ type: fc.constant(type), value: fc.option(basicValue(type), { nil: null }) }));

const { properties } = fc.letrec<{ properties: PropertySet; property: Property }>((tie) => ({
  properties: fc
    .uniqueArray(fc.tuple(text, tie('property')), { maxLength: 3, selector: ([key]) => key })
    .map((entries) => new Map(entries)),
  property: fc.oneof(
    { maxDepth: 1, withCrossShrink: true },
    basicProperty,
    fc.record({ type: fc.constant('PropertySet' as const), value: tie('properties') }),
    fc.record({
      type: fc.constant('PropertySetList' as const),
      value: fc.array(tie('properties'), { maxLength: 2 }),
    }),
  ),
}));

const metadata = fc.record(
  {
    isMultiPart: fc.boolean(),
    contentType: text,
    size: uint64,
    seq: uint64,
    fileName: text,
    fileType: text,
    md5: text,
    description: text,
  },
  { requiredKeys: [] },
);

const parameter: fc.Arbitrary<Parameter> = fc
  .tuple(text, basicProperty)
  .map(([name, { type, value }]) => ({ name, type, value }));

const METRIC_TYPES = (Object.keys(DATA_TYPES) as DataType[]).filter(
  (type) => type !== 'PropertySet' && type !== 'PropertySetList',
);

const { metric } = fc.letrec<{ metric: Metric; template: Template }>((tie) => ({
  template: fc.record({
    version: fc.option(text, { nil: null }),
    ref: fc.option(text, { nil: null }),
    members: fc.array(tie('metric'), { maxLength: 2, depthIdentifier: 'template' }),
    parameters: fc.array(parameter, { maxLength: 2 }),
  }),
  metric: fc
    .constantFrom(...METRIC_TYPES)
    .chain((type) => typedValueOf(type, tie('template')).map((value) => ({ type, value })))
    .chain(({ type, value }) =>
      fc.record({
        name: fc.option(text, { nil: null }),
        alias: fc.option(uint64, { nil: null }),
        timestampMs: instantMs,
        type: fc.constant(type),
        value: fc.constantFrom(null, ...Array.from({ length: 7 }, () => wireValue(type, value))),
        isHistorical: fc.boolean(),
        isTransient: fc.boolean(),
        metadata: fc.option(metadata, { nil: null }),
        properties: fc.option(properties, { nil: null }),
      }),
    ),
}));

function typedValueOf(type: DataType, template: fc.Arbitrary<Template>): fc.Arbitrary<Value> {
  if (isArrayType(type)) return arrayValue(type);
  switch (type) {
    case 'DataSet':
      return dataSet;
    case 'Template':
      return fc.oneof(
        { depthIdentifier: 'template', maxDepth: 2 },
        fc.constant<Template>({ version: null, ref: 'T', members: [], parameters: [] }),
        template,
      );
    case 'Bytes':
    case 'File':
      return fc.uint8Array({ maxLength: 20 });
    case 'UUID':
      return fc.uuid();
    default:
      return basicValue(type as BasicType);
  }
}

export const anyPayload: fc.Arbitrary<Payload> = fc.record({
  timestampMs: instantMs,
  seq: fc.option(fc.nat({ max: 255 }), { nil: null }),
  metrics: fc.array(metric, { maxLength: 4 }),
  uuid: fc.option(text, { nil: null }),
  body: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null }),
});

/** Bytes as they come from nowhere, and payloads with a few bytes changed, cut or doubled. */
type Encode = (payload: Payload) => Uint8Array;
export const anyBytes: fc.Arbitrary<(encode: Encode) => Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => () => bytes),
  fc
    .record({
      payload: anyPayload,
      changes: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
      cut: fc.nat({ max: 20 }),
      twice: fc.boolean(),
    })
    .map(({ payload, changes, cut, twice }) => (encode: Encode) => {
      const whole = encode(payload);
      const bytes = whole.slice(0, Math.max(0, whole.length - cut));
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return twice ? Uint8Array.from([...bytes, ...bytes]) : bytes;
    }),
);
