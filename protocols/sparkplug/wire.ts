import protobuf from 'protobufjs/minimal.js';
import { PAYLOAD } from './wire-messages.ts';
import type { Field, Scalar, Shape, WirePayload } from './wire-messages.ts';

/**
 * Payloads read and written with protobufjs' reader and writer. No code is generated at run time, which the library's
 * own reflection would do, and what a payload may cost is checked while it is read, before anything is built of it.
 */

/** What a payload may cost. */
export interface WireLimits {
  readonly maxBytes: number;
  /** Metrics, those within templates included. */
  readonly maxMetrics: number;
  /** Everything that stands in a repeated field: metrics, rows, elements, columns, keys, properties, parameters. */
  readonly maxEntries: number;
  /** Messages within one another: a metric is 2, a template's member 4. */
  readonly maxDepth: number;
  /** Bytes of one text. */
  readonly maxTextBytes: number;
}

/** Why a payload cannot be read, and where. */
export class WireFault extends Error {
  readonly field: string;
  readonly value: string | null;

  constructor(field: string, value: string | null, message: string) {
    super(message);
    this.field = field;
    this.value = value;
  }
}

type Reader = protobuf.Reader;
type Writer = protobuf.Writer;

const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  uint32: 0,
  uint64: 0,
  bool: 0,
  double: 1,
  float: 5,
  string: 2,
  bytes: 2,
};
const LENGTH_DELIMITED = 2;

interface NamedField extends Field {
  readonly name: string;
}

const byId = new WeakMap<object, ReadonlyMap<number, NamedField>>();

function fieldsOf(shape: Shape<object>): ReadonlyMap<number, NamedField> {
  const known = byId.get(shape);
  if (known !== undefined) return known;
  const made = new Map(
    Object.entries(shape as Record<string, Field>)
      .map(([name, field]) => [field.id, { name, ...field }] as const)
      .sort(([a], [b]) => a - b),
  );
  byId.set(shape, made);
  return made;
}

/** @throws WireFault when the bytes are no payload, or one that costs more than allowed. */
export function readWirePayload(bytes: Uint8Array, limits: WireLimits): WirePayload {
  if (bytes.length > limits.maxBytes) {
    throw new WireFault('', `${bytes.length} bytes`, `send at most ${limits.maxBytes} bytes in a payload`);
  }
  return new WireReader(bytes, limits).read(PAYLOAD);
}

class WireReader {
  readonly #reader: Reader;
  readonly #limits: WireLimits;
  #metrics = 0;
  #entries = 0;

  constructor(bytes: Uint8Array, limits: WireLimits) {
    this.#reader = protobuf.Reader.create(bytes);
    this.#limits = limits;
  }

  read<T extends object>(shape: Shape<T>): T {
    return this.#message(shape as Shape<object>, this.#reader.len, 1, '') as T;
  }

  #message(shape: Shape<object>, end: number, depth: number, path: string): object {
    if (depth > this.#limits.maxDepth) {
      const message = `send what nests at most ${this.#limits.maxDepth} messages deep`;
      throw new WireFault(path, `level ${depth}`, message);
    }
    const fields = fieldsOf(shape);
    const read: Record<string, unknown> = {};
    while (this.#reader.pos < end) {
      const tag = this.#guarded(path, () => this.#reader.uint32());
      const field = fields.get(tag >>> 3);
      if (field === undefined) this.#skip(tag, path);
      else if (field.repeated) this.#repeated(read, field, tag & 7, end, depth, path);
      else {
        if (field.oneof) for (const other of fields.values()) if (other.oneof) delete read[other.name];
        read[field.name] = this.#single(field, tag & 7, end, depth, join(path, field.name));
      }
    }
    if (this.#reader.pos === end) return read;
    throw new WireFault(path, null, 'send the payload whole: a field goes on beyond what contains it');
  }

  #repeated(
    read: Record<string, unknown>,
    field: NamedField,
    wireType: number,
    end: number,
    depth: number,
    path: string,
  ): void {
    const list = (read[field.name] ??= []) as unknown[];
    // Numbers may also come packed into one stretch of bytes.
    if (field.type === 'uint32' && wireType === LENGTH_DELIMITED) {
      const until = this.#stretch(end, join(path, field.name));
      while (this.#reader.pos < until) {
        const at = `${join(path, field.name)}[${list.length}]`;
        this.#count(field, at);
        list.push(this.#scalar('uint32', until, at));
      }
      return;
    }
    const at = `${join(path, field.name)}[${list.length}]`;
    this.#count(field, at);
    list.push(this.#single(field, wireType, end, depth, at));
  }

  #count(field: NamedField, path: string): void {
    this.#entries += 1;
    if (field.name === 'metrics') this.#metrics += 1;
    if (this.#metrics > this.#limits.maxMetrics) {
      const message = `send at most ${this.#limits.maxMetrics} metrics in a payload; split it`;
      throw new WireFault(path, `${this.#metrics} metrics`, message);
    }
    if (this.#entries > this.#limits.maxEntries) {
      const message = `send at most ${this.#limits.maxEntries} metrics, rows, cells, columns and properties; split it`;
      throw new WireFault(path, `${this.#entries} entries`, message);
    }
  }

  #single(field: NamedField, wireType: number, end: number, depth: number, path: string): unknown {
    const { type } = field;
    const wanted = typeof type === 'string' ? WIRE_TYPES[type] : LENGTH_DELIMITED;
    if (wireType !== wanted) {
      const message = `send field ${field.id} with wire type ${wanted}`;
      throw new WireFault(path, `wire type ${wireType}`, message);
    }
    if (typeof type === 'string') return this.#scalar(type, end, path);
    return this.#message(type(), this.#stretch(end, path), depth + 1, path);
  }

  /** Where the stretch of bytes ends whose length comes next. */
  #stretch(end: number, path: string): number {
    const length = this.#guarded(path, () => this.#reader.uint32());
    const until = this.#reader.pos + length;
    if (until > end) {
      const message = 'send the payload whole: this field goes on beyond what contains it';
      throw new WireFault(path, `${length} bytes`, message);
    }
    return until;
  }

  #scalar(type: Scalar, end: number, path: string): unknown {
    if (type === 'string' || type === 'bytes') {
      const until = this.#stretch(end, path);
      const bytes = this.#reader.buf.subarray(this.#reader.pos, until);
      this.#reader.pos = until;
      if (type === 'bytes') return Uint8Array.from(bytes);
      if (bytes.length <= this.#limits.maxTextBytes) return utf8(bytes, path);
      const message = `send texts of at most ${this.#limits.maxTextBytes} bytes`;
      throw new WireFault(path, `${bytes.length} bytes`, message);
    }
    return this.#guarded(path, () => this.#number(type));
  }

  #number(type: Exclude<Scalar, 'string' | 'bytes'>): number | bigint | boolean {
    switch (type) {
      case 'uint32':
        return this.#reader.uint32();
      case 'uint64':
        return toBigint(this.#reader.uint64());
      case 'float':
        return this.#reader.float();
      case 'double':
        return this.#reader.double();
      case 'bool':
        return this.#reader.bool();
    }
  }

  /** Fields of extensions, and those that a later edition may add. */
  #skip(tag: number, path: string): void {
    this.#guarded(path, () => this.#reader.skipType(tag & 7, 0, tag >>> 3));
  }

  /** The reader throws at the end of its bytes and at what is no Protocol Buffers encoding. */
  #guarded<T>(path: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `send a Sparkplug payload in Protocol Buffers encoding (${why})`;
      throw new WireFault(path, `at byte ${this.#reader.pos}`, message);
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array, path: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new WireFault(path, `${bytes.length} bytes`, 'send texts in UTF-8');
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** What protobufjs makes of 64 bits. */
type Bits = ReturnType<Reader['uint64']>;

function toBigint(bits: Bits): bigint {
  if (typeof bits === 'number') return BigInt(bits);
  return (BigInt(bits.high >>> 0) << 32n) | BigInt(bits.low >>> 0);
}

export function writeWirePayload(payload: WirePayload): Uint8Array {
  const writer = protobuf.Writer.create();
  writeMessage(writer, PAYLOAD as Shape<object>, payload);
  return writer.finish();
}

function writeMessage(writer: Writer, shape: Shape<object>, message: object): void {
  for (const field of fieldsOf(shape).values()) {
    const value = (message as Record<string, unknown>)[field.name];
    if (value === undefined) continue;
    for (const each of field.repeated ? (value as unknown[]) : [value]) writeField(writer, field, each);
  }
}

function writeField(writer: Writer, { id, type }: NamedField, value: unknown): void {
  if (typeof type !== 'string') {
    writer.uint32((id << 3) | LENGTH_DELIMITED).fork();
    writeMessage(writer, type(), value as object);
    writer.ldelim();
    return;
  }
  writer.uint32((id << 3) | WIRE_TYPES[type]);
  if (type === 'uint64') {
    const bits = value as bigint;
    const low = Number(BigInt.asIntN(32, bits));
    const high = Number(BigInt.asIntN(32, bits >> 32n));
    writer.uint64({ low, high, unsigned: true } as Bits);
  } else if (type === 'string') writer.string(value as string);
  else if (type === 'bytes') writer.bytes(value as Uint8Array);
  else if (type === 'bool') writer.bool(value as boolean);
  else writer[type](value as number);
}
