import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_PARSERS, parserCampaign, parserFault } from '../../campaign/mqtt-parsers.ts';

describe('every parser of the MQTT interface', () => {
  it.each(MESSAGE_PARSERS.map((parser) => [parser.name, parser] as const))(
    '%s takes its message',
    (_name, parser) => {
      expect(parser.parse(Buffer.from(JSON.stringify(parser.sample)))).toMatchObject({ ok: true });
    },
  );

  it('refuses any bytes in words and never throws', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...MESSAGE_PARSERS),
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (parser, payload) => {
          expect(parserFault(parser, payload)).toBeNull();
        },
      ),
      { seed: 11, numRuns: 3_000 },
    );
  });

  it('takes a damaged message as what it says, or refuses it by a reason', () => {
    const report = parserCampaign(5_000, 1);
    expect(report.wrong).toEqual([]);
    expect(report.taken).toBeGreaterThan(500);
    for (const reason of [
      'empty', 'not-utf8', 'not-json', 'too-deep', 'duplicate-field', 'not-finite', 'missing-field',
      'unknown-field', 'wrong-type', 'out-of-range', 'invalid-value', 'unknown-version',
    ] as const) expect(report.refused[reason] ?? 0, reason).toBeGreaterThan(0); // prettier-ignore
  });
});
