import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COMMAND_LIMITS,
  COMMAND_MESSAGES,
  EVENT_MESSAGES,
  StateMessage,
} from '../../../protocols/mqtt/arm-messages.ts';
import { INTAKE_TOPICS, decodeIntake } from '../../../protocols/mqtt/intake-messages.ts';
import type { IntakeTopic } from '../../../protocols/mqtt/intake-messages.ts';
import { IO_LIMITS, IoEventMessage, IoRequestMessage } from '../../../protocols/mqtt/io-messages.ts';
import { decodePayload, faultsAsText, parseBoundedJson } from '../../../protocols/mqtt/payload.ts';
import { topicMatches } from '../../../protocols/mqtt/topic-filter.ts';
import { armTopics, topicNameFault } from '../../../protocols/mqtt/topics.ts';
import { straightMotion } from './small-arm.ts';

const bytes = (text: string) => Buffer.from(text);
const LIMITS = { maxBytes: 100_000, maxDepth: 64, maxValues: 10_000 };

describe('payloads', () => {
  it('gives what JSON.parse gives, for everything within the limits', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        expect(parseBoundedJson(bytes(text), LIMITS)).toEqual({
          ok: true,
          value: JSON.parse(text) as unknown,
        });
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('never throws and never accepts what is not JSON, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        const parsed = parseBoundedJson(payload, LIMITS);
        if (parsed.ok) expect(JSON.parse(Buffer.from(payload).toString('utf8'))).toEqual(parsed.value);
        else expect(parsed.fault.message.length).toBeGreaterThan(10);
      }),
      { seed: 2, numRuns: 5_000 },
    );
  });

  it('decodes anything with any schema without throwing', () => {
    const schemas = [...Object.values(COMMAND_MESSAGES), ...Object.values(EVENT_MESSAGES), StateMessage];
    const one = fc.constantFrom(...schemas, IoRequestMessage, IoEventMessage);
    fc.assert(
      fc.property(
        one,
        fc.jsonValue(),
        fc.constantFrom(COMMAND_LIMITS, IO_LIMITS),
        (schema, value, limits) => {
          const decoded = decodePayload(schema, bytes(JSON.stringify(value)), limits);
          expect(decoded.ok).toBe(false);
          if (!decoded.ok) expect(faultsAsText(decoded.faults).length).toBeGreaterThan(10);
        },
      ),
      { seed: 3, numRuns: 2_000 },
    );
    const topic = fc.constantFrom(...(Object.keys(INTAKE_TOPICS) as IntakeTopic[]));
    fc.assert(
      fc.property(topic, fc.uint8Array({ maxLength: 100 }), (name, payload) => {
        expect(decodeIntake(name, payload).ok).toBe(false);
      }),
      { seed: 4, numRuns: 1_000 },
    );
  });

  it('keeps keys like __proto__ and constructor from meaning anything', () => {
    const text = '{"requestId":"R","__proto__":{"orderId":"O1"},"constructor":1}';
    const decoded = decodeIntake('cancel', bytes(text));
    expect(decoded.ok).toBe(false);
    if (!decoded.ok) {
      expect(faultsAsText(decoded.faults)).toContain('orderId is missing');
      expect(faultsAsText(decoded.faults)).toContain('constructor is not a field of this request');
    }
  });

  it.each([
    [
      'a knot that does not come later',
      { timesUs: [0, 50_000, 50_000] },
      'timesUs knot 2 is not later than knot 1',
    ],
    [
      'a first knot that is not at 0',
      { timesUs: [1, 50_000, 100_000] },
      'timesUs the first knot is not at 0',
    ],
    ['too few rows', { velocities: [[0, 0]] }, 'velocities is too small; give at least 2 entries'],
    [
      'rows for other knots',
      {
        velocities: [
          [0, 0],
          [0, 0],
        ],
      },
      'velocities 2 rows for 3 knots',
    ],
    [
      'a row with other joints',
      { positions: [[0, 0], [0], [1, 1]] },
      'positions row 1 has not 2 joints as the first has',
    ],
    [
      'a position that is null',
      {
        positions: [
          [0, 0],
          [null, 0],
          [1, 1],
        ],
      },
      'positions[1][0] must be a number, is null',
    ],
  ])('refuses a trajectory with %s', (_what, part, told) => {
    const trajectory = { ...straightMotion([0, 0], [1, 1], 0.1), ...part };
    const frame = { commandId: 'c', epoch: 1, seq: 1, session: 's', echoUs: 0, validForUs: 1 };
    const submit = { ...frame, trajectory, fromUs: 0, grantedUntilUs: 0, marksUs: [] };
    const decoded = decodePayload(COMMAND_MESSAGES.submit, bytes(JSON.stringify(submit)), COMMAND_LIMITS);
    expect(decoded.ok ? '' : faultsAsText(decoded.faults)).toContain(`trajectory.${told}`);
  });
});

describe('topics', () => {
  it('keeps names from breaking out of their level', () => {
    expect(topicNameFault('cell', 'four-arm')).toBeNull();
    for (const name of ['', 'a/b', '+', '#', 'a+', '$SYS', '../x', 'ä', 'a\n', 'x'.repeat(129)]) {
      expect(topicNameFault('cell', name)).toMatch(/cannot be part of an MQTT topic/);
      expect(() => armTopics('cell', name)).toThrow();
    }
  });

  it('matches filters as MQTT does', () => {
    expect(topicMatches('a/+/c', 'a/b/c')).toBe(true);
    expect(topicMatches('a/+/c', 'a/b/d')).toBe(false);
    expect(topicMatches('a/+', 'a/b/c')).toBe(false);
    expect(topicMatches('a/#', 'a/b/c')).toBe(true);
    expect(topicMatches('a/#', 'a')).toBe(true);
    expect(topicMatches('a/b/c', 'a/b')).toBe(false);
    expect(topicMatches('a/b', 'a/b/c')).toBe(false);
  });
});

describe('the page on intake', () => {
  const page = readFileSync('docs/mqtt-intake.md', 'utf8');

  it('shows an order that is taken as it stands', () => {
    const example = /intake\/orders -m '(\{[\s\S]*?\n\})'/.exec(page)?.[1] ?? '';
    expect(decodeIntake('orders', bytes(example))).toMatchObject({ ok: true, requestId: 'try-1' });
  });

  it('shows an error as it is really told', () => {
    const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '{}') as { faults: unknown };
    const order = {
      requestId: 'try-2',
      orderId: 'O',
      prio: 3,
      lines: [{ lineId: '1', sku: 'A', quantity: '3' }],
    };
    const decoded = decodeIntake('orders', bytes(JSON.stringify(order)));
    expect(decoded.ok ? null : decoded.faults).toEqual(shown.faults);
  });

  it('names every intake topic', () => {
    for (const topic of Object.keys(INTAKE_TOPICS)) expect(page).toContain(`\`intake/${topic}\``);
  });
});
