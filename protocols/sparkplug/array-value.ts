import { INTEGER_TYPES } from './data-type.ts';
import type { DataType } from './data-type.ts';
import type { Value } from './payload.ts';

/**
 * Array types, packed into bytes (Sparkplug 3.0, section 6.4.16): elements little-endian one after the other, booleans
 * as bits behind a count, texts each ended by a zero byte. The specification's two examples of float arrays show
 * big-endian bytes and contradict its text; its text counts.
 */

/** Types of the elements whose width is fixed. */
const ELEMENTS = {
  Int8Array: 'Int8',
  Int16Array: 'Int16',
  Int32Array: 'Int32',
  Int64Array: 'Int64',
  UInt8Array: 'UInt8',
  UInt16Array: 'UInt16',
  UInt32Array: 'UInt32',
  UInt64Array: 'UInt64',
  FloatArray: 'Float',
  DoubleArray: 'Double',
  DateTimeArray: 'DateTime',
  BooleanArray: 'Boolean',
  StringArray: 'String',
} as const satisfies Partial<Record<DataType, DataType>>;
export type ArrayType = keyof typeof ELEMENTS;

export function isArrayType(type: DataType): type is ArrayType {
  return Object.hasOwn(ELEMENTS, type);
}

export function elementType(type: ArrayType): (typeof ELEMENTS)[ArrayType] {
  return ELEMENTS[type];
}

function bytesEach(type: ArrayType): number {
  const element = ELEMENTS[type];
  if (element === 'Float') return 4;
  if (element === 'Double') return 8;
  return (INTEGER_TYPES[element]?.bits ?? 8) / 8;
}

type Unpacked =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

/** @returns the elements, or what is wrong with the bytes. */
export function unpackArray(type: ArrayType, bytes: Uint8Array): Unpacked {
  if (type === 'BooleanArray') return unpackBooleans(bytes);
  if (type === 'StringArray') return unpackTexts(bytes);
  const each = bytesEach(type);
  if (bytes.length % each !== 0) {
    return { ok: false, message: `has ${bytes.length} bytes; ${type} takes ${each} for each element` };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = <T>(read: (offset: number) => T): T[] =>
    Array.from({ length: bytes.length / each }, (_, index) => read(index * each));
  switch (ELEMENTS[type]) {
    case 'Int8':
      return { ok: true, value: at((offset) => view.getInt8(offset)) };
    case 'Int16':
      return { ok: true, value: at((offset) => view.getInt16(offset, true)) };
    case 'Int32':
      return { ok: true, value: at((offset) => view.getInt32(offset, true)) };
    case 'Int64':
      return { ok: true, value: at((offset) => view.getBigInt64(offset, true)) };
    case 'UInt8':
      return { ok: true, value: at((offset) => view.getUint8(offset)) };
    case 'UInt16':
      return { ok: true, value: at((offset) => view.getUint16(offset, true)) };
    case 'UInt32':
      return { ok: true, value: at((offset) => view.getUint32(offset, true)) };
    case 'Float':
      return { ok: true, value: at((offset) => view.getFloat32(offset, true)) };
    case 'Double':
      return { ok: true, value: at((offset) => view.getFloat64(offset, true)) };
    default:
      return { ok: true, value: at((offset) => view.getBigUint64(offset, true)) };
  }
}

/** Packs elements that fit the type; see `valueFault`. */
export function packArray(type: ArrayType, elements: readonly unknown[]): Uint8Array {
  if (type === 'BooleanArray') return packBooleans(elements as readonly boolean[]);
  if (type === 'StringArray') return new TextEncoder().encode(elements.map((text) => `${text}\0`).join(''));
  const each = bytesEach(type);
  const bytes = new Uint8Array(elements.length * each);
  const view = new DataView(bytes.buffer);
  elements.forEach((element, index) => {
    const offset = index * each;
    if (typeof element === 'bigint') view.setBigUint64(offset, BigInt.asUintN(64, element), true);
    else if (type === 'FloatArray') view.setFloat32(offset, element as number, true);
    else if (type === 'DoubleArray') view.setFloat64(offset, element as number, true);
    else if (each === 1) view.setUint8(offset, element as number);
    else if (each === 2) view.setUint16(offset, element as number, true);
    else view.setUint32(offset, element as number, true);
  });
  return bytes;
}

const COUNT_BYTES = 4;

function packBooleans(elements: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(COUNT_BYTES + Math.ceil(elements.length / 8));
  new DataView(bytes.buffer).setUint32(0, elements.length, true);
  elements.forEach((element, index) => {
    if (element) bytes[COUNT_BYTES + (index >> 3)]! |= 0x80 >> (index & 7);
  });
  return bytes;
}

function unpackBooleans(bytes: Uint8Array): Unpacked {
  if (bytes.length < COUNT_BYTES) {
    return { ok: false, message: `has ${bytes.length} bytes; BooleanArray begins with a count of 4 bytes` };
  }
  const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  const expected = COUNT_BYTES + Math.ceil(count / 8);
  if (bytes.length !== expected) {
    return { ok: false, message: `has ${bytes.length} bytes; ${count} booleans take ${expected}` };
  }
  const value = Array.from(
    { length: count },
    (_, index) => (bytes[COUNT_BYTES + (index >> 3)]! & (0x80 >> (index & 7))) !== 0,
  );
  return { ok: true, value };
}

function unpackTexts(bytes: Uint8Array): Unpacked {
  if (bytes.length === 0) return { ok: true, value: [] };
  if (bytes[bytes.length - 1] !== 0) {
    return { ok: false, message: 'does not end with a zero byte; StringArray ends each text with one' };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, -1));
    return { ok: true, value: text.split('\0') };
  } catch {
    return { ok: false, message: 'is not UTF-8; send texts in UTF-8' };
  }
}
