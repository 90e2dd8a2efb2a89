/** What goes wrong with a task, in the words of the floor; docs/error-codes.md has cause and remedy of each. */
export const EXCEPTION_KINDS = [
  'item-missing',
  'grasp-failed',
  'dropped',
  'double-pick',
  'place-blocked',
  'bin-full',
  'unreachable',
  'arm-lost',
  'in-doubt',
] as const;
export type ExceptionKind = (typeof EXCEPTION_KINDS)[number];

/** One remedy the controller tries by itself. After the last step of a policy a person is asked. */
export const POLICY_STEPS = ['retry', 'other-arm', 'other-location'] as const;
export type PolicyStep = (typeof POLICY_STEPS)[number];

/**
 * What a person can answer.
 * `retry`: the cause is gone, do it again. `done-by-hand`: a person moved the unit to where it belongs.
 * `not-done`: (in doubt only) the unit is still at its source. `give-up`: the line's unit is not delivered.
 */
export const RESOLUTIONS = ['retry', 'done-by-hand', 'not-done', 'give-up'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** A task waiting for a person. */
export interface OpenException {
  readonly taskId: string;
  readonly kind: ExceptionKind;
  readonly detail: string;
  readonly sinceUs: number;
  /** Where the unit is as far as the controller knows. */
  readonly unitAt: UnitWhereabouts;
  readonly options: readonly Resolution[];
}

/** Where a task's unit is. Exactly one holds at any time, for every unit: this is what "no item lost" counts. */
export type UnitWhereabouts =
  | { readonly at: 'source' }
  | { readonly at: 'tool'; readonly armId: string }
  | { readonly at: 'destination' }
  /** On the floor, under an arm, beside the tote: a person has to look. */
  | { readonly at: 'unknown' };
