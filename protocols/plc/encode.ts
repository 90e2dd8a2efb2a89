import type { InputTag, RawForm, TagAddress, TagValue } from '../../controller/domain/plc-map.ts';
import { setAt } from './output-desk.ts';

type MqttAddress = Extract<TagAddress, { kind: 'mqtt' }>;

/** A value of the cell as its PLC would hold it: the way back through inversion, words, scale and offset. */
export function plcValue(tag: InputTag, value: TagValue): TagValue {
  if (tag.type === 'boolean') {
    const held = (value === true) !== tag.invert;
    if (tag.words === null) return held;
    return (held ? tag.words.on[0] : tag.words.off[0]) ?? held;
  }
  if (tag.type === 'text') return String(value);
  const number = (Number(value) - tag.offset) / tag.scale;
  return tag.type === 'integer' ? Math.round(number) : number;
}

/** One tag of a topic with what its PLC holds; `unknown`, because faulty PLCs hold anything. */
export interface HeldTag {
  readonly address: MqttAddress;
  readonly value: unknown;
}

/** The payload of a topic with these tags, as the map says that the PLC sends it. */
export function encodeTopic(tags: readonly HeldTag[], sequence: number): Uint8Array {
  const first = tags[0];
  if (first === undefined) return new Uint8Array();
  switch (first.address.decode.form) {
    case 'text':
      return Buffer.from(String(first.value));
    case 'raw':
      return rawPayload(tags);
    case 'json':
      return Buffer.from(JSON.stringify(jsonPayload(tags, sequence)));
  }
}

function jsonPayload(tags: readonly HeldTag[], sequence: number): unknown {
  const root: Record<string, unknown> = {};
  for (const { address, value } of tags) {
    const { decode, quality, sequencePointer } = address;
    if (decode.form !== 'json') continue;
    if (decode.pointer === '') return value;
    setAt(root, decode.pointer, value);
    if (quality !== null) setAt(root, quality.pointer, quality.good[0]);
    if (sequencePointer !== null) setAt(root, sequencePointer, sequence);
  }
  return root;
}

function rawPayload(tags: readonly HeldTag[]): Uint8Array {
  const bytes = Buffer.alloc(
    Math.max(...tags.map(({ address: { decode } }) => (decode.form === 'raw' ? decode.byte + 4 : 4))),
  );
  for (const { address, value } of tags) {
    const { decode } = address;
    if (decode.form !== 'raw') continue;
    const number = Number(value);
    if (decode.bit === null) writeRaw(bytes, decode.as, decode.byte, number);
    else {
      const before = readWord(bytes, decode.as, decode.byte);
      const mask = 2 ** decode.bit;
      const isSet = Math.floor(before / mask) % 2 === 1;
      const wanted = number !== 0;
      if (isSet !== wanted) writeWord(bytes, decode.as, decode.byte, before + (wanted ? mask : -mask));
    }
  }
  return bytes;
}

function writeRaw(bytes: Buffer, as: RawForm, at: number, value: number): void {
  if (as === 'float32-be') bytes.writeFloatBE(value, at);
  else if (as === 'float32-le') bytes.writeFloatLE(value, at);
  else writeWord(bytes, as, at, value);
}

function width(as: RawForm): number {
  return as.includes('8') ? 1 : as.includes('16') ? 2 : 4;
}

function readWord(bytes: Buffer, as: RawForm, at: number): number {
  return as.endsWith('-le') ? bytes.readUIntLE(at, width(as)) : bytes.readUIntBE(at, width(as));
}

function writeWord(bytes: Buffer, as: RawForm, at: number, value: number): void {
  const range = 2 ** (8 * width(as));
  const word = ((Math.round(value) % range) + range) % range;
  if (as.endsWith('-le')) bytes.writeUIntLE(word, at, width(as));
  else bytes.writeUIntBE(word, at, width(as));
}
