import { TRANSFORM_SIZE, setIdentity } from '../arms/geometry/transform.ts';
import { allocateFrames, compileChain, flangeFrame, forwardKinematics } from '../arms/model/kinematics.ts';
import type { Manipulator } from '../arms/model/manipulator.ts';
import type { BenchManipulator } from './bench-schema.ts';

/** Flanges closer than this are the same arm, m; benchmark files round angles to nine decimals. */
const AGREES_M = 1e-5;

/** Joint positions, rad, that show every parameter: no axis parallel to another, no angle a multiple of 90 degrees. */
const PROBES: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0],
  [0.3, -1.1, 1.7, -0.9, 0.6, -1.3],
  [-2.1, -0.4, -1.2, 2.3, -1.9, 0.8],
];

/**
 * By how much the flange of Denavit-Hartenberg parameters (classic convention: turn about z, shift along z, shift
 * along x, turn about x) misses that of a manipulator, m; null when they agree at every probe, orientation included.
 */
export function dhDisagreement(manipulator: Manipulator, dh: BenchManipulator['dh']): number | null {
  const chain = compileChain(manipulator);
  if (chain.jointCount !== 6) return Infinity;
  const frames = allocateFrames(chain);
  const T_BB = new Float64Array(TRANSFORM_SIZE);
  setIdentity(T_BB, 0);
  let worst = 0;
  for (const q of PROBES) {
    forwardKinematics(chain, T_BB, 0, Float64Array.from(q), 0, frames, 0);
    const flange = flangeFrame(chain) * TRANSFORM_SIZE;
    const expected = dhTransform(dh, q);
    for (let k = 0; k < TRANSFORM_SIZE; k += 1) {
      worst = Math.max(worst, Math.abs(frames[flange + k]! - expected[k]!));
    }
  }
  return worst <= AGREES_M ? null : worst;
}

function dhTransform(dh: BenchManipulator['dh'], q: readonly number[]): readonly number[] {
  let T = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
  for (let joint = 0; joint < 6; joint += 1) {
    const [c, s] = [Math.cos(q[joint]!), Math.sin(q[joint]!)];
    const [ca, sa] = [Math.cos(dh.alpha_rad[joint]!), Math.sin(dh.alpha_rad[joint]!)];
    const [a, d] = [dh.a_m[joint]!, dh.d_m[joint]!];
    const M = [c, -s * ca, s * sa, a * c, s, c * ca, -c * sa, a * s, 0, sa, ca, d];
    const before = T;
    T = before.map((_, k) => {
      const [row, column] = [k - (k % 4), k % 4];
      const turned =
        before[row]! * M[column]! + before[row + 1]! * M[4 + column]! + before[row + 2]! * M[8 + column]!;
      return column === 3 ? turned + before[row + 3]! : turned;
    });
  }
  return T;
}
