import type { z } from 'zod';
import {
  COMMAND_LIMITS,
  COMMAND_MESSAGES,
  EVENT_MESSAGES,
  LeaseMessage,
  PresenceMessage,
  SMALL_LIMITS,
  StateMessage,
} from '../../protocols/mqtt/arm-messages.ts';
import { IntakeResultMessage, decodeIntake } from '../../protocols/mqtt/intake-messages.ts';
import type { IntakeTopic } from '../../protocols/mqtt/intake-messages.ts';
import {
  IO_LIMITS,
  IoAcknowledgeMessage,
  IoEventMessage,
  IoHelloMessage,
  IoPresenceMessage,
  IoRequestMessage,
} from '../../protocols/mqtt/io-messages.ts';
import { decodePayload } from '../../protocols/mqtt/payload.ts';
import type { PayloadFault, PayloadLimits } from '../../protocols/mqtt/payload.ts';
import { REFUSAL_REASONS } from '../../protocols/mqtt/refused-messages.ts';
import type { RefusalReason } from '../../protocols/mqtt/refused-messages.ts';
import { stream } from '../../sim/random.ts';
import type { RandomStream } from '../../sim/random.ts';

export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: RefusalReason; readonly faults: readonly PayloadFault[] };

/** One parser of the MQTT interface and a message that it takes. */
export interface MessageParser {
  readonly name: string;
  readonly parse: (payload: Uint8Array) => Parsed;
  readonly sample: Record<string, unknown>;
}

const frame = { commandId: 'c1', epoch: 3, seq: 7, session: 's', echoUs: 5_000, validForUs: 400_000 };
const eventFrame = { session: 's', seq: 4 };
const holding = { vacuum: 'on', massKg: 0.4 };
const trajectory = {
  timesUs: [0, 100_000],
  positions: [[0, 0], [0.1, 0.2]],
  velocities: [[0, 0], [0, 0]],
  accelerations: [[0, 0], [0, 0]],
}; // prettier-ignore
const sku = { sku: 'A', name: 'a box', sizeM: [0.1, 0.1, 0.1], massKg: 0.4 };
const container = { containerId: 'T1', kind: 'order', stacks: [['A', 'A'], []], placeId: 's1' };
const ioFrame = { session: 's', seq: 4, oldestSeq: 2 };

const SAMPLES: readonly (readonly [string, z.ZodType, PayloadLimits, Record<string, unknown>])[] = [
  ['arm/command/claim', COMMAND_MESSAGES.claim, COMMAND_LIMITS, frame],
  [
    'arm/command/submit',
    COMMAND_MESSAGES.submit,
    COMMAND_LIMITS,
    { ...frame, trajectory, fromUs: 0, grantedUntilUs: 50_000, marksUs: [20_000] },
  ],
  ['arm/command/extend', COMMAND_MESSAGES.extend, COMMAND_LIMITS, { ...frame, grantedUntilUs: 90_000 }],
  ['arm/command/stop', COMMAND_MESSAGES.stop, COMMAND_LIMITS, { ...frame, stop: 'on-path' }],
  ['arm/command/grip', COMMAND_MESSAGES.grip, COMMAND_LIMITS, { ...frame, action: 'grasp', dwellUs: 9_000 }],
  ['arm/lease', LeaseMessage, SMALL_LIMITS, { epoch: 3, session: 's', echoUs: 5_000 }],
  [
    'arm/presence',
    PresenceMessage,
    SMALL_LIMITS,
    { status: 'online', session: 's', leaseUs: 500_000, sampleHz: 50 },
  ],
  [
    'arm/state',
    StateMessage,
    SMALL_LIMITS,
    {
      ...{ session: 's', armUs: 9_000, sampledUs: 8_000, eventSeq: 4, epoch: 3, leaseLeftUs: 400_000 },
      ...{ positions: [0.1, -0.2], velocities: [0, 0.5], commandId: 'c1', progressUs: 4, grantedUntilUs: 9 },
      holding,
    },
  ],
  ['arm/event/accepted', EVENT_MESSAGES.accepted, COMMAND_LIMITS, { ...eventFrame, commandId: 'c1' }],
  [
    'arm/event/refused',
    EVENT_MESSAGES.refused,
    COMMAND_LIMITS,
    {
      ...eventFrame,
      ...{
        commandId: 'c1',
        command: 'submit',
        commandSeq: 7,
        epoch: 3,
        reason: 'moving',
        detail: 'it moves',
      },
    },
  ],
  [
    'arm/event/progressed',
    EVENT_MESSAGES.progressed,
    COMMAND_LIMITS,
    { ...eventFrame, commandId: 'c1', progressUs: 20_000 },
  ],
  [
    'arm/event/ended',
    EVENT_MESSAGES.ended,
    COMMAND_LIMITS,
    {
      ...{ ...eventFrame, commandId: 'c1', positions: [0.1, 0.2], holding },
      outcome: { status: 'stopped', progressUs: 4, because: 'commanded' },
    },
  ],
  [
    'arm/event/claimed',
    EVENT_MESSAGES.claimed,
    COMMAND_LIMITS,
    {
      ...{ ...eventFrame, commandId: 'c1', epoch: 3, positions: [0.1, 0.2], holding },
      last: { commandId: 'c0', outcome: { status: 'grasped' } },
    },
  ],
  ['arm/event/holding', EVENT_MESSAGES.holding, COMMAND_LIMITS, { ...eventFrame, holding }],
  [
    'arm/event/fault',
    EVENT_MESSAGES.fault,
    COMMAND_LIMITS,
    { ...eventFrame, state: 'faulted', code: 'drive', detail: 'too hot' },
  ],
  ['io/hello', IoHelloMessage, SMALL_LIMITS, { controller: 'c' }],
  [
    'io/request',
    IoRequestMessage,
    SMALL_LIMITS,
    { controller: 'c', requestId: 'r', placeId: 's1', kind: 'exchange', containerId: 'T1' },
  ],
  ['io/acknowledge', IoAcknowledgeMessage, SMALL_LIMITS, { controller: 'c', session: 's', seq: 4 }],
  ['io/presence', IoPresenceMessage, SMALL_LIMITS, { status: 'online', session: 's' }],
  [
    'io/event inventory',
    IoEventMessage,
    IO_LIMITS,
    { ...ioFrame, kind: 'inventory', part: 0, parts: 1, skus: [sku], containers: [container] },
  ],
  [
    'io/event arrived',
    IoEventMessage,
    IO_LIMITS,
    { ...ioFrame, kind: 'container-arrived', requestId: 'r', placeId: 's1', container },
  ],
  [
    'intake/results',
    IntakeResultMessage,
    SMALL_LIMITS,
    { requestId: 'r', result: { status: 'accepted', detail: 'order O1: 1 lines' } },
  ],
];

const REQUESTS: Readonly<Record<IntakeTopic, Record<string, unknown>>> = {
  orders: {
    ...{ orderId: 'O1', priority: 70, shipBy: '2026-03-01T16:30:00Z' },
    lines: [{ lineId: '1', sku: 'A', quantity: 2 }],
  },
  cancel: { orderId: 'O1', lineId: '1', quantity: 1 },
  returns: { returnId: 'R1', sku: 'A', quantity: 1 },
  stow: { stowId: 'S1', containerId: 'I1', sku: 'B', quantity: 4 },
  consolidate: { consolidateId: 'K1', fromContainerId: 'C1', toContainerId: 'C2', sku: 'B', quantity: 4 },
  task: { action: 'resolve', taskId: 'T7', resolution: 'retry', by: 'anna' },
  cell: { command: 'hold' },
};

export const MESSAGE_PARSERS: readonly MessageParser[] = [
  ...SAMPLES.map(([name, schema, limits, sample]): MessageParser => ({
    name,
    parse: (payload) => decodePayload(schema, payload, limits),
    sample,
  })),
  ...Object.entries(REQUESTS).map(([topic, body]): MessageParser => ({
    name: `intake/${topic}`,
    parse: (payload) => {
      const decoded = decodeIntake(topic as IntakeTopic, payload);
      return decoded.ok ? { ok: true, value: { ...decoded.frame, ...decoded.request.body } } : decoded;
    },
    sample: { requestId: 'r', version: 1, epoch: 3, echoS: 2.5, validForS: 30, ...body },
  })),
];

/** What is put in place of a value. */
const POISON: readonly string[] = [
  'null', 'true', '""', '"NaN"', '"Infinity"', 'NaN', '-Infinity', '1e999', '-1e999', '-0', '1e-400', '0.1',
  '-1', '9007199254740993', '"\\ud800"', '"' + 'x'.repeat(300) + '"', '[]', '{}', '[[[[[[[[[[]]]]]]]]]]',
  '{"a":1,"a":2}', '{"__proto__":{"ok":true}}', '"a/b"', '"+"', '"#"', '"\\u0000"',
]; // prettier-ignore

/** Bytes that no message should have: what a message becomes under so many random changes. */
export function damaged(sample: Record<string, unknown>, random: RandomStream): Uint8Array {
  let text = JSON.stringify(sample);
  const changes = random.integer(0, 3);
  for (let change = 0; change < changes; change += 1) text = changedText(text, random);
  const bytes = Buffer.from(text);
  if (!random.chance(0.15)) return bytes;
  if (random.chance(0.1)) return bytes.subarray(0, 0);
  if (random.chance(0.4)) return bytes.subarray(0, random.integer(0, bytes.length));
  for (let flips = random.integer(1, 4); flips > 0 && bytes.length > 0; flips -= 1) {
    bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
  }
  return bytes;
}

function changedText(text: string, random: RandomStream): string {
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[{}[\],:]/g)];
  const token = tokens[random.integer(0, Math.max(0, tokens.length - 1))];
  if (token === undefined) return text;
  const [before, after] = [text.slice(0, token.index), text.slice(token.index + token[0].length)];
  switch (random.integer(0, 4)) {
    case 0:
      return before + (POISON[random.integer(0, POISON.length - 1)] ?? '') + after;
    case 1:
      return before + after;
    case 2:
      return before + token[0] + token[0] + after;
    case 3:
      return text.replace('{', '{"unknown":1,');
    default:
      return text.replace(/"([a-zA-Z]+)":/, `"${random.chance(0.5) ? '$1$1' : 'constructor'}":`);
  }
}

/** What is wrong with how a parser took some bytes; null: nothing. */
export function parserFault(parser: MessageParser, payload: Uint8Array): string | null {
  const about = `${parser.name}: ${Buffer.from(payload).toString('latin1').slice(0, 300)}`;
  let parsed: Parsed;
  try {
    parsed = parser.parse(payload);
  } catch (error) {
    return `${about}: threw ${String(error)}`;
  }
  if (!parsed.ok) {
    const { reason, faults } = parsed;
    if (!REFUSAL_REASONS.includes(reason)) return `${about}: reason ${reason}`;
    if (faults.length === 0 || faults.length > 40) return `${about}: ${faults.length} faults`;
    const unnamed = faults.find(({ message }) => message.length < 5 || message.length > 2_000);
    return unnamed === undefined ? null : `${about}: says "${unnamed.message.slice(0, 200)}"`;
  }
  const again = parser.parse(Buffer.from(JSON.stringify(parsed.value)));
  const isSame = again.ok && JSON.stringify(again.value) === JSON.stringify(parsed.value);
  return isSame ? null : `${about}: is another message when written and read again`;
}

export interface ParserReport {
  readonly cases: number;
  readonly taken: number;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  readonly wrong: readonly string[];
  /** What the process held more after than before, MB. */
  readonly heapGrowthMb: number;
}

/** Damaged messages for every parser; the same ones for the same seed. */
export function parserCampaign(count: number, seed: number): ParserReport {
  const random = stream(seed, 'mqtt-parsers');
  const refused: Partial<Record<RefusalReason, number>> = {};
  const wrong: string[] = [];
  let taken = 0;
  const heapBefore = process.memoryUsage().heapUsed;
  for (let k = 0; k < count; k += 1) {
    const parser = MESSAGE_PARSERS[k % MESSAGE_PARSERS.length] as MessageParser;
    const payload = damaged(parser.sample, random);
    const fault = parserFault(parser, payload);
    if (fault !== null && wrong.length < 20) wrong.push(fault);
    if (fault !== null) continue;
    const parsed = parser.parse(payload);
    if (parsed.ok) taken += 1;
    else refused[parsed.reason] = (refused[parsed.reason] ?? 0) + 1;
  }
  const heapGrowthMb = Math.round((process.memoryUsage().heapUsed - heapBefore) / 1e5) / 10;
  return { cases: count, taken, refused, wrong, heapGrowthMb };
}
