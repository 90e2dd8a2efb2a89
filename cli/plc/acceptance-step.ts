import type { AcceptanceBench } from './acceptance-bench.ts';

/** What the kit names a fault of a PLC, or of the way to it; beside them the codes of handshakes. */
export type AcceptanceFaultCode =
  | 'never-published'
  | 'bad-value'
  | 'out-of-range'
  | 'goes-stale'
  | 'bounces'
  | 'retained-inputs'
  | 'cycle-too-slow'
  | 'heartbeat-frozen'
  | 'heartbeat-late'
  | 'heartbeat-jumps'
  | 'permission-inverted'
  | 'permission-stuck'
  | 'permission-slow'
  | 'cell-does-not-stop'
  | 'cell-does-not-start'
  | 'restarts-by-itself'
  | 'acts-twice'
  | 'fault-not-reported'
  | 'not-moved'
  | 'zone-not-requested'
  | 'zone-not-acknowledged'
  | 'zone-not-returned'
  | 'order-not-picked';

export interface Finding {
  readonly code: string;
  /** The input, handshake or zone. */
  readonly subject: string;
  readonly detail: string;
}

export interface Outcome {
  /** What was seen, in words. */
  readonly seen: string;
  readonly findings: readonly Finding[];
}

/** One thing that is tried. It passes when nothing is found. */
export interface AcceptanceStep {
  readonly id: string;
  readonly group: 'inputs' | 'permissions' | 'handshakes' | 'zones' | 'faults' | 'work';
  readonly title: string;
  readonly expected: string;
  run(bench: AcceptanceBench): Promise<Outcome>;
}

export function found(code: AcceptanceFaultCode, subject: string, detail: string): Finding {
  return { code, subject, detail };
}
