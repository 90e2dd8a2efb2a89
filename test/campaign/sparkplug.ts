import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { decodePayload } from '../../protocols/sparkplug/decode.ts';
import { encodePayload } from '../../protocols/sparkplug/encode.ts';
import { HostApplication } from '../../protocols/sparkplug/host-application.ts';
import { anyBytes, anyPayload } from '../protocols/sparkplug/payloads.ts';

interface ParserReport {
  readonly parser: 'sparkplug';
  readonly cases: number;
  readonly decoded: number;
  readonly refused: number;
  /** What went wrong; empty: nothing. At most ten. */
  readonly wrong: readonly string[];
}

const VERBS = ['NBIRTH/E', 'NDATA/E', 'NDEATH/E', 'DBIRTH/E/D', 'DDATA/E/D', 'DDEATH/E/D'] as const;

/**
 * Payloads out of everything that Sparkplug has, whole and damaged: whole ones have to come back as they were, damaged
 * ones have to be decoded or refused with a reason, and a host has to take either without failing. Half of the cases are
 * of each kind.
 */
export function sparkplugCampaign(count: number, seed: number): ParserReport {
  const wrong: string[] = [];
  let decoded = 0;
  let refused = 0;
  const failed = (what: string, bytes: Uint8Array): void => {
    if (wrong.length < 10) wrong.push(`${what}: ${Buffer.from(bytes).toString('hex')}`);
  };
  const host = new HostApplication({ hostId: 'H', servers: 1, groups: ['G'], reorderMs: 100, expected: [] });
  host.step({ kind: 'start' }, 0);
  host.step({ kind: 'connected', server: 0 }, 0);
  const whole = fc.sample(anyPayload, { numRuns: Math.ceil(count / 2), seed });
  for (const payload of whole) {
    const bytes = encodePayload(payload);
    const result = decodePayload(bytes);
    // The generated objects have no prototype, which a clone of them has.
    if (!result.ok || !isDeepStrictEqual(result.payload, structuredClone(payload)))
      failed('came back otherwise', bytes);
    else decoded += 1;
  }
  const damaged = fc.sample(anyBytes, { numRuns: Math.floor(count / 2), seed });
  damaged.forEach((make, index) => {
    const bytes = make(encodePayload);
    try {
      const result = decodePayload(bytes);
      if (result.ok) decoded += 1;
      else if (result.fault.message === '') failed('was refused without a reason', bytes);
      else refused += 1;
      const topic = `spBv1.0/G/${VERBS[index % VERBS.length]}`;
      host.step({ kind: 'message', server: 0, topic, payload: bytes, retained: false }, index);
      host.step({ kind: 'tick' }, index);
    } catch (error) {
      failed(String(error), bytes);
    }
  });
  return { parser: 'sparkplug', cases: whole.length + damaged.length, decoded, refused, wrong };
}
