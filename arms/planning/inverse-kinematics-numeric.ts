import { TRANSFORM_SIZE, setIdentity } from '../geometry/transform.ts';
import { allocateFrames, forwardKinematics, tipFrame, tipJacobian } from '../model/kinematics.ts';
import type { KinematicChain } from '../model/kinematics.ts';
import type { JointLimits } from '../model/manipulator.ts';

/** Steps from one seed. */
const STEPS_MAX = 120;
/** A solution is this exact, m and rad. */
const ERROR_MAX = 1e-9;
/** What still counts when rounding stops the descent, m and rad. */
const ERROR_ACCEPTED = 1e-7;
/** Longest step of a joint, rad or m: the linear model holds no further. */
const STEP_MAX = 0.3;

/** Room for the descent, so that it allocates nothing per step. */
export interface NumericWorkspace {
  readonly T_BB: Float64Array;
  readonly frames: Float64Array;
  readonly jacobian: Float64Array;
  readonly error: Float64Array;
  readonly normal: Float64Array;
  readonly rhs: Float64Array;
  readonly q: Float64Array;
}

export function numericWorkspace(chain: KinematicChain): NumericWorkspace {
  const T_BB = new Float64Array(TRANSFORM_SIZE);
  setIdentity(T_BB, 0);
  return {
    T_BB,
    frames: allocateFrames(chain),
    jacobian: new Float64Array(6 * chain.jointCount),
    error: new Float64Array(6),
    normal: new Float64Array(36),
    rhs: new Float64Array(6),
    q: new Float64Array(chain.jointCount),
  };
}

/**
 * Descends from `seed` towards a tool-tip pose by damped least squares (Buss, "Introduction to inverse kinematics with
 * Jacobian transpose, pseudoinverse and damped least squares methods", 2004), the damping following the error, with
 * joints kept inside their limits. Returns the joint positions, or null when this seed leads nowhere.
 *
 * @param T_BT tool tip in the base frame
 */
export function descend(
  chain: KinematicChain,
  limits: readonly JointLimits[],
  workspace: NumericWorkspace,
  T_BT: Float64Array,
  seed: ArrayLike<number>,
): readonly number[] | null {
  const { q, jacobian, error, normal, rhs } = workspace;
  const n = chain.jointCount;
  for (let j = 0; j < n; j++) q[j] = Math.min(limits[j].upper, Math.max(limits[j].lower, seed[j]));
  let size = measure(chain, workspace, T_BT);
  for (let step = 0; step < STEPS_MAX && size > ERROR_MAX; step++) {
    tipJacobian(chain, workspace.frames, 0, jacobian);
    const damping = Math.min(1e-2, size * size * 0.1) + 1e-14;
    for (let r = 0; r < 6; r++) {
      rhs[r] = error[r];
      for (let c = 0; c < 6; c++) {
        let sum = r === c ? damping : 0;
        for (let j = 0; j < n; j++) sum += jacobian[r * n + j] * jacobian[c * n + j];
        normal[6 * r + c] = sum;
      }
    }
    if (!solveSymmetric(normal, rhs)) return null;
    let longest = 0;
    const stepOf = (j: number): number => {
      let sum = 0;
      for (let r = 0; r < 6; r++) sum += jacobian[r * n + j] * rhs[r];
      return sum;
    };
    for (let j = 0; j < n; j++) longest = Math.max(longest, Math.abs(stepOf(j)));
    const scale = longest > STEP_MAX ? STEP_MAX / longest : 1;
    for (let j = 0; j < n; j++) {
      q[j] = Math.min(limits[j].upper, Math.max(limits[j].lower, q[j] + scale * stepOf(j)));
    }
    const before = size;
    size = measure(chain, workspace, T_BT);
    if (size <= ERROR_ACCEPTED && size >= before * 0.5) break;
  }
  return size <= ERROR_ACCEPTED ? Array.from(q) : null;
}

/** Writes the error twist (m, rad) of the tip at `q` and returns its size. */
function measure(chain: KinematicChain, workspace: NumericWorkspace, T_BT: Float64Array): number {
  const { frames, error } = workspace;
  forwardKinematics(chain, workspace.T_BB, 0, workspace.q, 0, frames, 0);
  const tip = tipFrame(chain) * TRANSFORM_SIZE;
  for (let r = 0; r < 3; r++) error[r] = T_BT[4 * r + 3] - frames[tip + 4 * r + 3];
  // Half the sum of the crossed axes is sin(angle) times the axis of the turn from here to there.
  let x = 0;
  let y = 0;
  let z = 0;
  let trace = 0;
  for (let c = 0; c < 3; c++) {
    const a0 = frames[tip + c];
    const a1 = frames[tip + 4 + c];
    const a2 = frames[tip + 8 + c];
    const b0 = T_BT[c];
    const b1 = T_BT[4 + c];
    const b2 = T_BT[8 + c];
    x += (a1 * b2 - a2 * b1) / 2;
    y += (a2 * b0 - a0 * b2) / 2;
    z += (a0 * b1 - a1 * b0) / 2;
    trace += a0 * b0 + a1 * b1 + a2 * b2;
  }
  const sine = Math.sqrt(x * x + y * y + z * z);
  const angle = Math.atan2(sine, (trace - 1) / 2);
  if (sine > 1e-12) {
    const factor = angle / sine;
    error[3] = x * factor;
    error[4] = y * factor;
    error[5] = z * factor;
  } else {
    // Aligned, or half a turn away: any axis will do to leave that point.
    error[3] = angle;
    error[4] = 0;
    error[5] = 0;
  }
  let sum = 0;
  for (let r = 0; r < 6; r++) sum += error[r] * error[r];
  return Math.sqrt(sum);
}

/** Solves the 6x6 positive definite system in place (Cholesky); false when it is singular to rounding. */
function solveSymmetric(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < 6; i++) {
    for (let k = 0; k <= i; k++) {
      let sum = a[6 * i + k];
      for (let m = 0; m < k; m++) sum -= a[6 * i + m] * a[6 * k + m];
      if (i === k) {
        if (sum <= 0) return false;
        a[6 * i + i] = Math.sqrt(sum);
      } else a[6 * i + k] = sum / a[6 * k + k];
    }
  }
  for (let i = 0; i < 6; i++) {
    let sum = b[i];
    for (let m = 0; m < i; m++) sum -= a[6 * i + m] * b[m];
    b[i] = sum / a[6 * i + i];
  }
  for (let i = 5; i >= 0; i--) {
    let sum = b[i];
    for (let m = i + 1; m < 6; m++) sum -= a[6 * m + i] * b[m];
    b[i] = sum / a[6 * i + i];
  }
  return true;
}
