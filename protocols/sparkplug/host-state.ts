import { z } from 'zod';
import type { PayloadFault } from '../mqtt/payload.ts';
import { decodePayload } from '../mqtt/payload.ts';

/** What a host application says of itself, retained (Sparkplug 3.0, section 6.4.24). */
const HostState = z.object({
  online: z.boolean(),
  timestamp: z.int().min(0).describe('Of the connection that it speaks of, ms since 1970'),
});
export type HostState = z.infer<typeof HostState>;

const LIMITS = { maxBytes: 4_096, maxDepth: 4, maxValues: 64 };

export type DecodedHostState =
  | { readonly ok: true; readonly state: HostState }
  | { readonly ok: false; readonly faults: readonly PayloadFault[] };

/** Unknown fields are passed over: hosts add their own. */
export function decodeHostState(payload: Uint8Array): DecodedHostState {
  const decoded = decodePayload(HostState, payload, LIMITS);
  return decoded.ok ? { ok: true, state: decoded.value } : { ok: false, faults: decoded.faults };
}

export function encodeHostState(state: HostState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ online: state.online, timestamp: state.timestamp }));
}

/** The text of Sparkplug 2.2; null: neither of the two. */
export function decodeLegacyState(payload: Uint8Array): boolean | null {
  const text = new TextDecoder().decode(payload.subarray(0, 8));
  return text === 'ONLINE' ? true : text === 'OFFLINE' ? false : null;
}
