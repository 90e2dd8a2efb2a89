import { allInputs } from '../../controller/domain/plc-map.ts';
import type { InputTag, PlcMap, TagSinkAddress, TagValue } from '../../controller/domain/plc-map.ts';
import { TagMessage } from './decode.ts';
import { encodeTopic, plcValue } from './encode.ts';
import type { HeldTag } from './encode.ts';
import { SimulatedDialogue } from './simulated-dialogue.ts';
import type { Dialogue, ToteFloor } from './simulated-dialogue.ts';

/** One message that the PLC sends. */
export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
}

/** What is wrong with a PLC, or with the way to it. Every part may be left out: then it is in order. */
export interface Quirk {
  /** What an input holds instead of the truth (in terms of the cell: true is permitted). */
  value?(inputId: string, value: TagValue, nowUs: number): TagValue;
  /** What the PLC writes into the payload instead of a value in its own terms. */
  written?(inputId: string, value: TagValue, nowUs: number): unknown;
  /** What becomes of a dialogue's signals. */
  signals?(handshakeId: string, dialogue: Dialogue, nowUs: number): Dialogue;
  /** What is sent instead of a message, each after a delay, us. */
  sent?(
    publication: Publication,
    nowUs: number,
  ): readonly { readonly publication: Publication; readonly delayUs: number }[];
  /** Requests that the PLC does not take: it does not hear. */
  deaf?(nowUs: number): boolean;
}

interface Delayed {
  readonly atUs: number;
  readonly order: number;
  readonly publication: Publication;
}

interface TopicOut {
  readonly topic: string;
  readonly tags: readonly InputTag[];
  readonly cycleUs: number;
  sequence: number;
  last: string;
  sentUs: number;
}

/** Messages under way at once; more are lost, as in any queue. */
const UNDER_WAY_MAX = 10_000;
const HEARTBEAT_EVERY = 4;
const HEARTBEAT_ROUND = 65_536;

/**
 * A PLC made from a map: sends every input of it in cycles and on change, beats, acknowledges zones, and takes its
 * side of the handshakes. A test bench has its switches (`set`), and may put a quirk into it. Deterministic.
 */
export class SimulatedPlc {
  readonly map: PlcMap;
  readonly dialogues: ReadonlyMap<string, SimulatedDialogue>;
  quirk: Quirk = {};
  readonly #values = new Map<string, TagValue>();
  readonly #topics: TopicOut[];
  readonly #heard = new Map<string, TagMessage>();
  readonly #floor: ToteFloor;
  readonly #underWay: Delayed[] = [];
  #order = 0;
  #beat = 0;
  #beatDueUs = 0;
  #offUntilUs = -Infinity;

  constructor(map: PlcMap, floor: ToteFloor) {
    this.map = map;
    this.#floor = floor;
    for (const tag of allInputs(map)) this.#values.set(tag.id, tag.type === 'boolean' ? false : tag.safe);
    for (const { id, role, onLoss } of map.inputs) {
      if (onLoss !== null || role === 'conveyor-running') this.#values.set(id, true);
      if (role === 'person-distance') this.#values.set(id, 10);
    }
    this.dialogues = new Map(
      map.handshakes.map((handshake) => [handshake.id, new SimulatedDialogue(handshake, floor)]),
    );
    this.#topics = topicsOf(map);
  }

  /** Topics on which the controller is heard. */
  get topics(): readonly string[] {
    const { handshakes, zones, heartbeat, outputs } = this.map;
    const sinks: readonly (TagSinkAddress | null | undefined)[] = [
      ...handshakes.flatMap(({ toPlc }) => Object.values(toPlc)),
      ...zones.map(({ granted }) => granted),
      ...outputs.map(({ address }) => address),
      heartbeat?.toPlc?.address,
    ];
    return [...new Set(sinks.flatMap((sink) => (sink?.kind === 'mqtt' ? [sink.topic] : [])))];
  }

  /** Sets a switch of the bench, in terms of the cell: a guard is closed when it is true. */
  set(inputId: string, value: TagValue): void {
    if (!this.#values.has(inputId)) throw new Error(`the map has no input ${inputId}`);
    this.#values.set(inputId, value);
  }

  value(inputId: string): TagValue | undefined {
    return this.#values.get(inputId);
  }

  /** Power off and on again: silent for a while, then begins with what it keeps over a restart. */
  reboot(nowUs: number, silentUs: number): void {
    this.#offUntilUs = nowUs + silentUs;
    this.#underWay.length = 0;
    this.#heard.clear();
    this.#beat = 0;
    for (const topic of this.#topics) {
      topic.sequence = 0;
      topic.last = '';
    }
    for (const dialogue of this.dialogues.values()) dialogue.reboot();
  }

  hear(topic: string, payload: Uint8Array): void {
    this.#heard.set(topic, new TagMessage(payload));
  }

  /** What the controller says at an address; undefined: not heard. */
  told(address: TagSinkAddress | null): unknown {
    if (address?.kind !== 'mqtt') return undefined;
    const message = this.#heard.get(address.topic);
    if (message === undefined) return undefined;
    if (address.encode.form === 'text') return message.text();
    const found = message.at(address.encode.pointer);
    return found.ok ? found.value : undefined;
  }

  /** One cycle of the PLC: what it sends now. */
  advance(nowUs: number): readonly Publication[] {
    if (nowUs < this.#offUntilUs) return [];
    if (this.quirk.deaf?.(nowUs) !== true) this.#listen(nowUs);
    this.#pulse(nowUs);
    this.#sense();
    for (const out of this.#topics) this.#send(out, nowUs);
    return this.#due(nowUs);
  }

  #listen(nowUs: number): void {
    for (const [id, dialogue] of this.dialogues) {
      const { toPlc } = dialogue.handshake;
      dialogue.advance(
        {
          request: toPlc.request === null ? null : this.told(toPlc.request) === true,
          sequence: Number(this.told(toPlc.sequence) ?? 0),
          action: Number(this.told(toPlc.action) ?? 0),
          place: Number(this.told(toPlc.place) ?? 0),
          tote: String(this.told(toPlc.tote) ?? ''),
        },
        nowUs,
      );
      const signals = this.quirk.signals?.(id, dialogue.signals, nowUs) ?? dialogue.signals;
      const { fromPlc } = dialogue.handshake;
      this.#values.set(fromPlc.busy.id, signals.busy);
      this.#values.set(fromPlc.done.id, signals.done);
      this.#values.set(fromPlc.fault.id, signals.fault);
      this.#values.set(fromPlc.sequence.id, signals.sequence);
      if (fromPlc.faultCode !== null) this.#values.set(fromPlc.faultCode.id, signals.faultCode);
      if (fromPlc.tote !== null) this.#values.set(fromPlc.tote.id, signals.tote);
    }
    for (const zone of this.map.zones) {
      // Acknowledges at once, and takes it back when the zone is no longer granted.
      this.#values.set(zone.acknowledge.id, this.told(zone.granted) === true);
    }
  }

  #pulse(nowUs: number): void {
    const { heartbeat } = this.map;
    if (heartbeat === null || nowUs < this.#beatDueUs) return;
    this.#beatDueUs = nowUs + Math.max(10_000, heartbeat.fromPlc.staleUs / HEARTBEAT_EVERY);
    this.#beat = (this.#beat + 1) % HEARTBEAT_ROUND;
    const { type } = heartbeat.fromPlc;
    this.#values.set(heartbeat.fromPlc.id, type === 'boolean' ? this.#beat % 2 === 1 : this.#beat);
  }

  #sense(): void {
    for (const { id, role, placeId } of this.map.inputs) {
      if (placeId === null) continue;
      if (role === 'tote-present') this.#values.set(id, this.#floor.toteAt(placeId) !== null);
      if (role === 'tote-id') this.#values.set(id, this.#floor.toteAt(placeId) ?? '');
    }
  }

  #send(out: TopicOut, nowUs: number): void {
    const held = out.tags.map((tag): HeldTag => {
      const { id, address } = tag;
      const value = this.#values.get(id)!;
      const shown = this.quirk.value?.(id, value, nowUs) ?? value;
      const inPlc = plcValue(tag, shown);
      const written = this.quirk.written === undefined ? inPlc : this.quirk.written(id, inPlc, nowUs);
      return { address: address as HeldTag['address'], value: written };
    });
    const text = JSON.stringify(held.map(({ value }) => value));
    if (text === out.last && nowUs - out.sentUs < out.cycleUs) return;
    out.last = text;
    out.sentUs = nowUs;
    out.sequence += 1;
    const publication = { topic: out.topic, payload: encodeTopic(held, out.sequence), retain: false };
    const sent = this.quirk.sent?.(publication, nowUs) ?? [{ publication, delayUs: 0 }];
    for (const { publication: each, delayUs } of sent) {
      if (this.#underWay.length >= UNDER_WAY_MAX) return;
      this.#order += 1;
      this.#underWay.push({ atUs: nowUs + delayUs, order: this.#order, publication: each });
    }
  }

  #due(nowUs: number): readonly Publication[] {
    const due = this.#underWay
      .filter(({ atUs }) => atUs <= nowUs)
      .sort((a, b) => a.atUs - b.atUs || a.order - b.order);
    for (const each of due) this.#underWay.splice(this.#underWay.indexOf(each), 1);
    return due.map(({ publication }) => publication);
  }
}

function topicsOf(map: PlcMap): TopicOut[] {
  const byTopic = new Map<string, InputTag[]>();
  for (const tag of allInputs(map)) {
    if (tag.address.kind !== 'mqtt') continue;
    byTopic.set(tag.address.topic, [...(byTopic.get(tag.address.topic) ?? []), tag]);
  }
  return [...byTopic].map(([topic, tags]) => ({
    topic,
    tags,
    cycleUs: Math.min(500_000, ...tags.map(({ staleUs }) => staleUs / 4)),
    sequence: 0,
    last: '',
    sentUs: -Infinity,
  }));
}
