import { elementType, isArrayType, packArray, unpackArray } from './array-value.ts';
import { INTEGER_TYPES } from './data-type.ts';
import type { DataType } from './data-type.ts';
import type { Value, WireValue } from './payload.ts';

export type TypedValue =
  | { readonly ok: true; readonly value: Value }
  /** What is wrong with the value and what to send, to follow the field's name. */
  | { readonly ok: false; readonly message: string };

/** What a value on the wire is once its type is known. */
export function typedValue(type: DataType, wire: WireValue): TypedValue {
  if (INTEGER_TYPES[type] !== undefined) return integerValue(type, wire);
  if (isArrayType(type))
    return wire.kind === 'bytes' ? unpackArray(type, wire.value) : mismatch(type, 'bytes', wire);
  const kind = KINDS[type];
  if (kind === undefined) return { ok: false, message: `is a ${type}, which no metric can be` };
  return wire.kind === kind ? { ok: true, value: wire.value } : mismatch(type, kind, wire);
}

/** In which of the wire's fields a type's values are sent; integers and arrays apart. */
const KINDS: Readonly<Partial<Record<DataType, WireValue['kind']>>> = {
  Float: 'float',
  Double: 'double',
  Boolean: 'boolean',
  String: 'string',
  Text: 'string',
  UUID: 'string',
  Bytes: 'bytes',
  File: 'bytes',
  DataSet: 'dataset',
  Template: 'template',
};

function mismatch(type: DataType, kind: WireValue['kind'], wire: WireValue): TypedValue {
  return { ok: false, message: `is sent as ${wire.kind}_value; send a ${type} as ${kind}_value` };
}

/**
 * Signed integers travel as the two's complement of 32 bits (Int8 to Int32) or 64. Senders differ in two things, which
 * are understood: a negative Int8 or Int16 cut to its own width, and a 32-bit integer in the 64-bit field.
 */
function integerValue(type: DataType, wire: WireValue): TypedValue {
  const { bits, isSigned } = INTEGER_TYPES[type]!;
  if (wire.kind !== 'int' && wire.kind !== 'long') return mismatch(type, bits === 64 ? 'long' : 'int', wire);
  const sent = BigInt(wire.value);
  let value = sent;
  if (isSigned && sent >= 1n << BigInt(bits - 1)) {
    const widths = wire.kind === 'int' ? [bits, 32] : [bits, 32, 64];
    const width = widths.find((each) => sent < 1n << BigInt(each)) ?? 64;
    value = BigInt.asIntN(width, sent);
  }
  const number: number | bigint = bits === 64 ? value : Number(value);
  const fault = valueFault(type, number);
  return fault === null ? { ok: true, value: number } : { ok: false, message: fault };
}

/** Why a value cannot be sent as a type, in words that follow the field's name; null: it can. */
export function valueFault(type: DataType, value: unknown): string | null {
  const integer = INTEGER_TYPES[type];
  if (integer !== undefined) {
    const { bits, isSigned } = integer;
    const isWhole = bits === 64 ? typeof value === 'bigint' : Number.isInteger(value);
    if (!isWhole) return `is ${shown(value)}; ${type} takes a whole number${bits === 64 ? ' (bigint)' : ''}`;
    const least = isSigned ? -(1n << BigInt(bits - 1)) : 0n;
    const most = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n;
    const number = BigInt(value as number | bigint);
    return number < least || number > most ? `is ${number}; ${type} takes ${least} to ${most}` : null;
  }
  if (isArrayType(type)) return arrayFault(type, value);
  const fits = FITS[type];
  if (fits === undefined) return `is a ${type}, which no metric can be`;
  return fits(value) ? null : `is ${shown(value)}, which is no ${type}`;
}

const isText = (value: unknown): boolean => typeof value === 'string' && !/\p{Surrogate}/u.test(value);
const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
const isRecord = (key: string) => (value: unknown) =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);

const FITS: Readonly<Partial<Record<DataType, (value: unknown) => boolean>>> = {
  Float: (value) =>
    typeof value === 'number' && (Object.is(Math.fround(value), value) || !Number.isFinite(value)),
  Double: (value) => typeof value === 'number',
  Boolean: (value) => typeof value === 'boolean',
  String: isText,
  Text: isText,
  UUID: isText,
  Bytes: isBytes,
  File: isBytes,
  DataSet: isRecord('rows'),
  Template: isRecord('members'),
};

function arrayFault(type: Parameters<typeof elementType>[0], value: unknown): string | null {
  if (!Array.isArray(value)) return `is ${shown(value)}; ${type} takes a list`;
  const element = elementType(type);
  for (const [index, each] of value.entries()) {
    const fault = valueFault(element, each);
    if (fault !== null) return `has an element [${index}] that ${fault}`;
    if (element === 'String' && (each as string).includes('\0')) {
      return `has an element [${index}] with a zero character, which would end it`;
    }
  }
  return null;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  return String(value);
}

/** @throws RangeError when the value does not fit its type: ask `valueFault` first where it comes from outside. */
export function wireValue(type: DataType, value: Value): WireValue {
  const fault = valueFault(type, value);
  if (fault !== null) throw new RangeError(`a ${type} ${fault}`);
  const integer = INTEGER_TYPES[type];
  if (integer !== undefined) {
    return integer.bits === 64
      ? { kind: 'long', value: BigInt.asUintN(64, value as bigint) }
      : { kind: 'int', value: (value as number) >>> 0 };
  }
  if (isArrayType(type)) return { kind: 'bytes', value: packArray(type, value as readonly unknown[]) };
  return { kind: KINDS[type], value } as WireValue;
}
