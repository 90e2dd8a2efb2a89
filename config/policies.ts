import type { ExceptionKind, PolicyStep } from '../controller/domain/exception.ts';
import { EXCEPTION_KINDS } from '../controller/domain/exception.ts';

/**
 * The usual steps before a person is asked. Where a unit may lie somewhere on the floor (dropped), two of them may
 * be in the tool (double-pick), or nobody knows where it is (in-doubt), the controller tries nothing by itself.
 */
const USUAL: Readonly<Record<ExceptionKind, readonly PolicyStep[]>> = {
  'item-missing': ['retry', 'other-location'],
  'grasp-failed': ['retry', 'retry', 'other-arm'],
  dropped: [],
  'double-pick': [],
  'place-blocked': ['retry', 'other-location'],
  'bin-full': ['other-location'],
  unreachable: ['other-arm', 'other-location'],
  'arm-lost': ['other-arm'],
  'in-doubt': [],
};

/** The policy of each kind of exception: as the cell file says, else the usual steps. */
export function exceptionPolicies(
  own: Readonly<Partial<Record<ExceptionKind, readonly PolicyStep[] | undefined>>>,
): Readonly<Record<ExceptionKind, readonly PolicyStep[]>> {
  const policies = { ...USUAL };
  for (const kind of EXCEPTION_KINDS) policies[kind] = own[kind] ?? USUAL[kind];
  return policies;
}
