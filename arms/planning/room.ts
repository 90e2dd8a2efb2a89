import type { ArmScene } from '../kernel/collision-kernel.ts';
import { MOTION_FREE } from '../kernel/collision-kernel.ts';
import { isLineFree } from './free-line.ts';
import type { PlanningScene } from './scene.ts';

/** Room beyond this is not told apart, m. */
const FAR_M = 0.4;
/** With less room than this at start or goal the kernel's caution could close the way out, m. */
const TIGHT_M = 0.004;

/** What one arm has to mind on its way. */
export interface Room {
  readonly space: ArmScene;
  readonly isLineFree: (from: readonly number[], to: readonly number[]) => boolean;
  /** Ends too close to something for the kernel's caution: its own search would not get out. */
  readonly isTight: boolean;
}

/**
 * The kernel's answer, and where one of the ends is too tight for its caution also the exact one. What the kernel calls
 * free is free.
 */
export function roomOf(
  scene: PlanningScene,
  space: ArmScene,
  ends: readonly (readonly number[])[],
  stepMinM: number,
): Room {
  const slacks = new Float32Array(ends.length);
  space.slacks(ends.flat(), ends.length, FAR_M, slacks);
  const isTight = Math.min(...slacks) < TIGHT_M;
  return {
    space,
    isTight,
    isLineFree: (from, to) =>
      space.checkMotion(from, 0, to, 0) === MOTION_FREE || (isTight && isLineFree(scene, from, to, stepMinM)),
  };
}
