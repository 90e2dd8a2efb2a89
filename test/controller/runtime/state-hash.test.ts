import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, stateHash } from '../../../controller/runtime/state-hash.ts';

describe('the state hash', () => {
  it('is SHA-256 of the canonical JSON', () => {
    expect(canonicalJson({ b: [1, 'x', null], a: { d: true, c: -0.5 } })).toBe(
      '{"a":{"c":-0.5,"d":true},"b":[1,"x",null]}',
    );
    // printf '{}' | sha256sum
    expect(stateHash({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });

  it('does not depend on how the state was built', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (state) => {
        const turned = Object.fromEntries(Object.entries(state).reverse());
        expect(stateHash(turned)).toBe(stateHash(state));
        // A state that was stored and read back is the same state.
        expect(stateHash(JSON.parse(canonicalJson(state)))).toBe(stateHash(state));
      }),
      { seed: 20_240, numRuns: 300 },
    );
  });

  it('differs when one leaf differs', () => {
    const state = { arms: [{ id: 'a1', positions: [0, 0.1] }], orders: {} };
    const other = structuredClone(state);
    other.arms[0]!.positions[1] = 0.1 + Number.EPSILON;
    expect(stateHash(other)).not.toBe(stateHash(state));
  });

  it.each([
    ['NaN', { x: { y: Number.NaN } }, '$.x.y: NaN'],
    ['infinity', [Infinity], '$[0]: Infinity'],
    ['undefined in a list', [undefined], '$[0]: undefined'],
    ['a Map', { m: new Map() }, '$.m: Map'],
    ['a function', { f: () => 1 }, '$.f: function'],
    ['a bigint', { n: 1n }, '$.n: bigint'],
  ])('refuses %s, which would come back as something else', (_name, state, message) => {
    expect(() => canonicalJson(state)).toThrow(message);
  });
});
