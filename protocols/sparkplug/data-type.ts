/** Sparkplug's data types by their numbers (Sparkplug 3.0, section 6.4.16). */
export const DATA_TYPES = {
  Int8: 1, Int16: 2, Int32: 3, Int64: 4, UInt8: 5, UInt16: 6, UInt32: 7, UInt64: 8, Float: 9, Double: 10, Boolean: 11,
  String: 12, DateTime: 13, Text: 14, UUID: 15, DataSet: 16, Bytes: 17, File: 18, Template: 19, PropertySet: 20,
  PropertySetList: 21, Int8Array: 22, Int16Array: 23, Int32Array: 24, Int64Array: 25, UInt8Array: 26, UInt16Array: 27,
  UInt32Array: 28, UInt64Array: 29, FloatArray: 30, DoubleArray: 31, BooleanArray: 32, StringArray: 33,
  DateTimeArray: 34,
} as const; // prettier-ignore
export type DataType = keyof typeof DATA_TYPES;

const BY_NUMBER = new Map(
  Object.entries(DATA_TYPES).map(([name, number]) => [number as number, name as DataType]),
);

/** The type with a number; null for 0 (unknown) and for numbers that the specification does not have. */
export function dataTypeOf(number: number): DataType | null {
  return BY_NUMBER.get(number) ?? null;
}

/** Types that a column of a data set, a template's parameter and a plain property may have. */
export const BASIC_TYPES = [
  'Int8', 'Int16', 'Int32', 'Int64', 'UInt8', 'UInt16', 'UInt32', 'UInt64', 'Float', 'Double', 'Boolean', 'String',
  'DateTime', 'Text',
] as const satisfies readonly DataType[]; // prettier-ignore
export type BasicType = (typeof BASIC_TYPES)[number];

export function isBasic(type: DataType): type is BasicType {
  return (BASIC_TYPES as readonly DataType[]).includes(type);
}

/** Width and sign of the types whose values are whole numbers. */
export const INTEGER_TYPES: Readonly<Partial<Record<DataType, { bits: number; isSigned: boolean }>>> = {
  Int8: { bits: 8, isSigned: true },
  Int16: { bits: 16, isSigned: true },
  Int32: { bits: 32, isSigned: true },
  Int64: { bits: 64, isSigned: true },
  UInt8: { bits: 8, isSigned: false },
  UInt16: { bits: 16, isSigned: false },
  UInt32: { bits: 32, isSigned: false },
  UInt64: { bits: 64, isSigned: false },
  DateTime: { bits: 64, isSigned: false },
};
