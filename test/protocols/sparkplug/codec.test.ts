import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { packArray, unpackArray } from '../../../protocols/sparkplug/array-value.ts';
import type { ArrayType } from '../../../protocols/sparkplug/array-value.ts';
import { decodePayload, PAYLOAD_LIMITS } from '../../../protocols/sparkplug/decode.ts';
import { encodePayload } from '../../../protocols/sparkplug/encode.ts';
import type { DataType } from '../../../protocols/sparkplug/data-type.ts';
import type { Metric, Payload, Value, WireValue } from '../../../protocols/sparkplug/payload.ts';
import { typedValue, valueFault, wireValue } from '../../../protocols/sparkplug/value.ts';
import { anyBytes, anyPayload } from './payloads.ts';

const METRIC: Metric = {
  name: 'a',
  alias: null,
  timestampMs: 1,
  type: 'Int32',
  value: { kind: 'int', value: 1 },
  isHistorical: false,
  isTransient: false,
  metadata: null,
  properties: null,
};
const PAYLOAD: Payload = { timestampMs: 1, seq: 0, metrics: [METRIC], uuid: null, body: null };

function decoded(bytes: Uint8Array): Payload {
  const result = decodePayload(bytes);
  if (!result.ok) throw new Error(`${result.fault.field}: ${result.fault.message}`);
  return result.payload;
}

function faultOf(
  bytes: Uint8Array,
  limits = PAYLOAD_LIMITS,
): { field: string; value: string | null; message: string } {
  const result = decodePayload(bytes, limits);
  if (result.ok) throw new Error('was decoded');
  return result.fault;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('Sparkplug payloads', () => {
  it('are decoded to what was encoded', () => {
    fc.assert(
      fc.property(anyPayload, (payload) => {
        expect(decoded(encodePayload(payload))).toEqual(payload);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are decoded or refused with a reason, whatever the bytes', () => {
    fc.assert(
      fc.property(anyBytes, (make) => {
        const result = decodePayload(make(encodePayload));
        if (!result.ok) expect(result.fault.message).not.toBe('');
      }),
      { numRuns: 2_000 },
    );
  });

  it('stand on the wire as the field numbers of the specification say', () => {
    const bytes = encodePayload({ ...PAYLOAD, timestampMs: 300, metrics: [{ ...METRIC, alias: 5n }] });
    expect(hex(bytes)).toBe(
      '08ac02' + // timestamp = 1
        '120b' + // metrics = 2
        '0a0161' + '1005' + '1801' + '2003' + '5001' + // name 1, alias 2, timestamp 3, datatype 4, int_value 10
        '1800', // seq = 3
    ); // prettier-ignore
  });

  it('may carry fields of a later edition, which are passed over', () => {
    const extension = protobuf.Writer.create()
      .uint32((200 << 3) | 2)
      .string('later')
      .finish();
    const bytes = Uint8Array.from([...encodePayload(PAYLOAD), ...extension]);
    expect(decoded(bytes)).toEqual(PAYLOAD);
  });

  it('may carry the types of a data set packed', () => {
    const packed = protobuf.Writer.create();
    packed.uint32((2 << 3) | 2).fork(); // a metric
    packed.uint32((17 << 3) | 2).fork(); // its data set
    packed
      .uint32((2 << 3) | 2)
      .string('x')
      .uint32((2 << 3) | 2)
      .string('y');
    packed
      .uint32((3 << 3) | 2)
      .fork()
      .uint32(3)
      .uint32(12)
      .ldelim();
    packed.ldelim().ldelim();
    const [metric] = decoded(packed.finish()).metrics;
    expect(metric!.value).toEqual({
      kind: 'dataset',
      value: { columns: ['x', 'y'], types: ['Int32', 'String'], rows: [] },
    });
  });

  it('count the last of several values, as Protocol Buffers has it', () => {
    const twice = protobuf.Writer.create();
    twice.uint32((2 << 3) | 2).fork();
    twice
      .uint32((10 << 3) | 0)
      .uint32(1)
      .uint32((15 << 3) | 2)
      .string('last')
      .ldelim();
    expect(decoded(twice.finish()).metrics[0]!.value).toEqual({ kind: 'string', value: 'last' });
  });
});

describe('values', () => {
  const extremes: readonly (readonly [DataType, Value])[] = [
    ['Int8', -128],
    ['Int16', -32_768],
    ['Int32', -2_147_483_648],
    ['Int64', -(2n ** 63n)],
    ['UInt8', 255],
    ['UInt16', 65_535],
    ['UInt32', 4_294_967_295],
    ['UInt64', 2n ** 64n - 1n],
    ['DateTime', 2n ** 53n + 1n],
    ['Double', Number.MIN_VALUE],
    ['Double', -0],
    ['Float', Infinity],
  ];
  it.each(extremes)('%s %s is exact', (type, value) => {
    const payload = { ...PAYLOAD, metrics: [{ ...METRIC, type, value: wireValue(type, value) }] };
    const { type: asType, value: wire } = decoded(encodePayload(payload)).metrics[0]!;
    expect(typedValue(asType!, wire!)).toEqual({ ok: true, value });
  });

  it.each<readonly [string, DataType, WireValue, Value]>([
    ['two’s complement of 32 bits', 'Int8', { kind: 'int', value: 0xffff_fffb }, -5],
    ['two’s complement of its own width', 'Int8', { kind: 'int', value: 0xfb }, -5],
    ['two’s complement of its own width', 'Int16', { kind: 'int', value: 0xfffb }, -5],
    ['the 64-bit field', 'Int32', { kind: 'long', value: 2n ** 64n - 5n }, -5],
    ['the 64-bit field', 'UInt32', { kind: 'long', value: 4_000_000_000n }, 4_000_000_000],
    ['the 32-bit field', 'Int64', { kind: 'int', value: 7 }, 7n],
    ['the unsigned 64 bits', 'Int64', { kind: 'long', value: 2n ** 64n - 1n }, -1n],
  ])('sent in %s: %s', (_how, type, wire, value) => {
    expect(typedValue(type, wire)).toEqual({ ok: true, value });
  });

  it.each<readonly [DataType, WireValue, RegExp]>([
    ['UInt8', { kind: 'int', value: 256 }, /256; UInt8 takes 0 to 255/],
    ['Int8', { kind: 'int', value: 0x1_00fb }, /Int8 takes -128 to 127/],
    ['Boolean', { kind: 'int', value: 1 }, /send a Boolean as boolean_value/],
    ['Float', { kind: 'string', value: 'NaN' }, /send a Float as float_value/],
    ['Int32Array', { kind: 'bytes', value: new Uint8Array(7) }, /7 bytes; Int32Array takes 4/],
    [
      'BooleanArray',
      { kind: 'bytes', value: Uint8Array.of(255, 255, 255, 255, 0) },
      /4294967295 booleans take/,
    ],
    ['StringArray', { kind: 'bytes', value: Uint8Array.of(65) }, /zero byte/],
    ['PropertySet', { kind: 'int', value: 1 }, /no metric can be/],
  ])('%s: a wrong one is named', (type, wire, message) => {
    const result = typedValue(type, wire);
    expect(result.ok ? '' : result.message).toMatch(message);
  });

  it.each<readonly [DataType, unknown, RegExp]>([
    ['Int32', 2 ** 31, /2147483648; Int32 takes/],
    ['Int32', 1.5, /whole number/],
    ['UInt64', 1, /bigint/],
    ['Float', 0.1, /no Float/],
    ['String', '\ud800', /no String/],
    ['StringArray', ['a\0b'], /\[0\] with a zero character/],
    ['UInt8Array', [1, 256], /\[1\] that is 256/],
    ['Boolean', 'true', /no Boolean/],
  ])('%s cannot be %s', (type, value, message) => {
    expect(valueFault(type, value)).toMatch(message);
    expect(() => wireValue(type, value as Value)).toThrow(RangeError);
  });
});

describe('arrays are packed as the specification’s examples', () => {
  it.each<readonly [ArrayType, Value, string]>([
    ['Int8Array', [-23, 123], 'e97b'],
    ['Int16Array', [-30_000, 30_000], 'd08a3075'],
    ['Int32Array', [-1, 315_338_746], 'fffffffffaafcb12'],
    [
      'Int64Array',
      [-4_270_929_666_821_191_986n, -3_601_064_768_563_266_876n],
      'ce0672ac189cbac4c4ba9c18ac7206ce',
    ],
    ['UInt8Array', [23, 250], '17fa'],
    ['UInt16Array', [30, 52_360], '1e0088cc'],
    ['UInt32Array', [52, 3_293_969_225], '3400000049fb55c4'],
    ['UInt64Array', [52n, 16_444_743_074_749_521_625n], '3400000000000000d99e02d1b27637e4'],
    ['DateTimeArray', [1_256_102_875_335n, 1_656_107_875_000n], 'c7d0907524010000b8bab89781010000'],
    ['FloatArray', [Math.fround(1.23)], 'a4709d3f'],
    ['DoubleArray', [12.354213], 'd7a205685bb52840'],
    [
      'BooleanArray',
      [false, false, true, true, false, true, false, false, true, true, false, true],
      '0c00000034d0',
    ],
    ['StringArray', ['ABC', 'hello'], '41424300' + '68656c6c6f00'],
  ])('%s', (type, value, bytes) => {
    expect(hex(packArray(type, value as readonly unknown[]))).toBe(bytes);
    expect(unpackArray(type, Uint8Array.from(Buffer.from(bytes, 'hex')))).toEqual({ ok: true, value });
  });
});

describe('bad payloads are refused by name', () => {
  const nested = (levels: number): Metric =>
    levels === 0
      ? METRIC
      : {
          ...METRIC,
          type: 'Template',
          value: {
            kind: 'template',
            value: { version: null, ref: 'T', members: [nested(levels - 1)], parameters: [] },
          },
        };
  const metrics = (count: number): Metric[] => Array.from({ length: count }, () => METRIC);
  const limits = { ...PAYLOAD_LIMITS, maxBytes: 1_000, maxMetrics: 10, maxEntries: 20, maxTextBytes: 100 };

  it('too large', () => {
    expect(faultOf(new Uint8Array(1_001), limits)).toMatchObject({
      value: '1001 bytes',
      message: expect.stringContaining('at most 1000'),
    });
  });

  it('too many metrics', () => {
    const bytes = encodePayload({ ...PAYLOAD, metrics: metrics(11) });
    expect(faultOf(bytes, limits)).toMatchObject({ field: 'metrics[10]', value: '11 metrics' });
  });

  it('too many entries', () => {
    const rows = Array.from({ length: 30 }, () => []);
    const value = { kind: 'dataset' as const, value: { columns: [], types: [], rows } };
    const bytes = encodePayload({ ...PAYLOAD, metrics: [{ ...METRIC, type: 'DataSet', value }] });
    expect(faultOf(bytes, limits).field).toBe('metrics[0].dataset_value.rows[19]');
  });

  it('too deep', () => {
    expect(faultOf(encodePayload({ ...PAYLOAD, metrics: [nested(6)] })).message).toMatch(
      /at most 12 messages deep/,
    );
    expect(decodePayload(encodePayload({ ...PAYLOAD, metrics: [nested(4)] })).ok).toBe(true);
  });

  it('a text too long', () => {
    const bytes = encodePayload({ ...PAYLOAD, metrics: [{ ...METRIC, name: 'n'.repeat(101) }] });
    expect(faultOf(bytes, limits)).toMatchObject({ field: 'metrics[0].name', value: '101 bytes' });
  });

  it('a text that is not UTF-8', () => {
    const bytes = encodePayload({ ...PAYLOAD, uuid: 'abc' });
    bytes[bytes.length - 1] = 0xff;
    expect(faultOf(bytes)).toMatchObject({ field: 'uuid', message: 'send texts in UTF-8' });
  });

  it('cut short', () => {
    const bytes = encodePayload(PAYLOAD);
    expect(faultOf(bytes.subarray(0, bytes.length - 4)).message).toMatch(/whole|encoding/);
  });

  it('JSON, or a zipped payload', () => {
    expect(faultOf(Buffer.from('{"timestamp":1}')).message).toMatch(/encoding|wire type|whole/);
  });

  it('a sequence number beyond 255', () => {
    expect(faultOf(encodePayload({ ...PAYLOAD, seq: 256 }))).toMatchObject({ field: 'seq', value: '256' });
  });

  it('an unknown data type', () => {
    const bytes = protobuf.Writer.create();
    bytes
      .uint32((2 << 3) | 2)
      .fork()
      .uint32((4 << 3) | 0)
      .uint32(99)
      .ldelim();
    expect(faultOf(bytes.finish())).toMatchObject({ field: 'metrics[0].datatype', value: '99' });
  });

  it('a timestamp beyond what a number holds', () => {
    const bytes = protobuf.Writer.create()
      .uint32((1 << 3) | 0)
      .uint64('18446744073709551615')
      .finish();
    expect(faultOf(bytes)).toMatchObject({ field: 'timestamp', value: '18446744073709551615' });
  });

  it('a field with another wire type', () => {
    const bytes = protobuf.Writer.create()
      .uint32((3 << 3) | 2)
      .string('0')
      .finish();
    expect(faultOf(bytes)).toMatchObject({ field: 'seq', value: 'wire type 2' });
  });

  it('properties with more keys than values', () => {
    const bytes = protobuf.Writer.create();
    bytes
      .uint32((2 << 3) | 2)
      .fork()
      .uint32((9 << 3) | 2)
      .fork();
    bytes
      .uint32((1 << 3) | 2)
      .string('Quality')
      .ldelim()
      .ldelim();
    expect(faultOf(bytes.finish())).toMatchObject({
      field: 'metrics[0].properties.values',
      value: '0 values',
    });
  });
});
