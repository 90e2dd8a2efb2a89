import type { JointLimits } from '../arms/model/manipulator.ts';
import { durationUs } from '../arms/trajectory/joint-trajectory.ts';
import { validateTrajectory } from '../arms/trajectory/validate-trajectory.ts';
import type { ArmCommand, ArmRefusal } from '../controller/ports.ts';

export interface Refusal {
  readonly reason: ArmRefusal;
  readonly detail: string;
}

/** Faults of a well-formed trajectory that asks too much. */
const LIMIT_FAULTS: ReadonlySet<string> = new Set(['position', 'velocity', 'acceleration', 'jerk']);

/** What is wrong with a submitted motion in itself, wherever the arm stands; null: nothing. */
export function whyNotFollow(
  command: Extract<ArmCommand, { kind: 'submit' }>,
  limits: readonly JointLimits[],
): Refusal | null {
  const { trajectory, fromUs, grantedUntilUs, marksUs } = command;
  const faults = validateTrajectory(trajectory, limits);
  const malformed = (detail: string): Refusal => ({ reason: 'malformed', detail });
  const shape = faults.find((fault) => !LIMIT_FAULTS.has(fault.kind));
  if (shape !== undefined) return malformed(shape.detail);
  const [limit] = faults;
  if (limit !== undefined) return { reason: 'limits-exceeded', detail: limit.detail };
  for (const [name, value] of Object.entries({ fromUs, grantedUntilUs })) {
    if (!Number.isSafeInteger(value) || value < 0) return malformed(`${name}: ${value} is no progress`);
  }
  const endUs = durationUs(trajectory);
  if (fromUs > endUs) return malformed(`fromUs: ${fromUs} lies beyond the end at ${endUs}`);
  const increasing = marksUs.every((mark, k) => mark > (k === 0 ? -1 : (marksUs[k - 1] as number)));
  return increasing ? null : malformed('marksUs: must increase');
}
