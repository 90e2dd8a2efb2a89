import type { Vec3 } from '../geometry/pose.ts';
import { TRANSFORM_SIZE, invert, multiply } from '../geometry/transform.ts';
import { along, angleAbout, cross, dot, minus, norm, scaled } from '../geometry/vector.ts';
import type { KinematicChain } from '../model/kinematics.ts';
import { AXES_TOLERANCE, axesAtZero, rightCrossing } from './inverse-kinematics-axes.ts';

/**
 * A six-axis arm of the Universal Robots kind, recognised by its axes: 1 and 2 cross at a right angle, 2, 3 and 4 are
 * parallel, 4 and 5, and 5 and 6, cross at right angles. Any such chain is turned into one with the frames O1 (1
 * crosses 2), O4 (4 crosses 5), O5 (5 crosses 6), Denavit-Hartenberg parameters a2, a3, d4, d5, and angles
 * `theta = sign * q + offset`, whatever zero positions and link frames its description uses.
 */
export interface UrStructure {
  readonly a2: number;
  readonly a3: number;
  readonly d4: number;
  readonly d5: number;
  readonly signs: readonly number[];
  readonly offsets: readonly number[];
  /** Base frame to the frame at O1 with z along axis 1. */
  readonly T_B0: Float64Array;
  readonly T_0B: Float64Array;
  /** Frame at O5, turned by joint 6, to the tool tip; and back. */
  readonly T_6T: Float64Array;
  readonly T_T6: Float64Array;
}

/** Solutions of a pose at most. */
export const UR_SOLUTIONS_MAX = 8;

/** Recognises the structure, or returns null when the arm is of another kind. */
export function findUrStructure(chain: KinematicChain): UrStructure | null {
  if (chain.jointCount !== 6 || chain.kinds.some((kind) => kind === 2)) return null;
  const axes = axesAtZero(chain);
  const [z0, z1, third, fourth, z4, z5] = axes.directions;
  const signs = [1, 1, dot(z1, third) < 0 ? -1 : 1, dot(z1, fourth) < 0 ? -1 : 1, 1, 1];
  if (1 - Math.abs(dot(z1, third)) > AXES_TOLERANCE || 1 - Math.abs(dot(z1, fourth)) > AXES_TOLERANCE)
    return null;
  const O1 = rightCrossing(axes, 0, 1);
  const O4 = rightCrossing(axes, 3, 4);
  const O5 = rightCrossing(axes, 4, 5);
  if (O1 === null || O4 === null || O5 === null) return null;
  const level = (p: Vec3): Vec3 => along(p, z1, dot(minus(O1, p), z1));
  const elbow = level(axes.points[2]);
  const wrist = level(O4);
  const upper = minus(elbow, O1);
  const fore = minus(wrist, elbow);
  const a2 = norm(upper);
  const a3 = norm(fore);
  if (a2 < 1e-3 || a3 < 1e-3) return null;
  const x1 = cross(z0, z1);
  const x2 = scaled(upper, 1 / a2);
  const x3 = scaled(fore, 1 / a3);
  const x4 = cross(z1, z4);
  const x5 = cross(z5, z4);
  const x0 = x1;
  const y0 = cross(z0, x0);
  const y5 = cross(z5, x5);
  const T_B0 = fromColumns(x0, y0, z0, O1);
  const T_B6 = fromColumns(x5, y5, z5, O5);
  const T_6B = inverseOf(T_B6);
  const T_6T = new Float64Array(TRANSFORM_SIZE);
  multiply(T_6B, 0, axes.T_BT, 0, T_6T, 0);
  return {
    a2,
    a3,
    d4: dot(minus(O4, O1), z1),
    d5: dot(minus(O5, O4), z4),
    signs,
    offsets: [
      0,
      angleAbout(z1, x1, x2),
      angleAbout(z1, x2, x3),
      angleAbout(z1, x3, x4),
      angleAbout(z4, x4, x5),
      0,
    ],
    T_B0,
    T_0B: inverseOf(T_B0),
    T_6T,
    T_T6: inverseOf(T_6T),
  };
}

function fromColumns(x: Vec3, y: Vec3, z: Vec3, p: Vec3): Float64Array {
  return Float64Array.from([x[0], y[0], z[0], p[0], x[1], y[1], z[1], p[1], x[2], y[2], z[2], p[2]]);
}

function inverseOf(T: Float64Array): Float64Array {
  const inverse = new Float64Array(TRANSFORM_SIZE);
  invert(T, 0, inverse, 0);
  return inverse;
}

/** Room between two steps, so that solving allocates nothing. */
export interface UrWorkspace {
  readonly T_B6: Float64Array;
  readonly T_06: Float64Array;
}

export function urWorkspace(): UrWorkspace {
  return { T_B6: new Float64Array(TRANSFORM_SIZE), T_06: new Float64Array(TRANSFORM_SIZE) };
}

/** Below this sine of joint 5 its neighbours 4 and 6 turn about one line: the last angle is then free. */
const SINGULAR_SINE = 1e-7;
/** How much further than stretched out the arm may be asked to reach, m: rounding, not reach. */
const REACH_TOLERANCE_M = 1e-9;

/**
 * All joint positions (up to 8 rows of 6, rad, not wrapped into limits) that bring the tool tip to a pose. Returns
 * how many were written. Where axes 4 and 6 fall together any sixth angle will do, and `lastRad` is taken.
 *
 * @param T_BT tool tip in the base frame
 * @param solutions room for 48 numbers
 */
export function solveUr(
  structure: UrStructure,
  workspace: UrWorkspace,
  T_BT: Float64Array,
  lastRad: number,
  solutions: Float64Array,
): number {
  const { a2, a3, d4, d5, signs, offsets } = structure;
  const { T_B6, T_06: T } = workspace;
  multiply(T_BT, 0, structure.T_T6, 0, T_B6, 0);
  multiply(structure.T_0B, 0, T_B6, 0, T, 0);
  const px = T[3];
  const py = T[7];
  const radius = Math.sqrt(px * px + py * py);
  if (radius < Math.abs(d4) - REACH_TOLERANCE_M || radius < REACH_TOLERANCE_M) return 0;
  const bearing = Math.atan2(py, px);
  const lean = Math.asin(Math.min(1, Math.max(-1, d4 / radius)));
  const last = signs[5] * lastRad + offsets[5];
  let count = 0;
  for (let side = 0; side < 2; side++) {
    const t1 = side === 0 ? bearing + lean : bearing + Math.PI - lean;
    const c1 = Math.cos(t1);
    const s1 = Math.sin(t1);
    // Axis z1 = z2 = z3 of the parallel joints is (s1, -c1, 0); the arm's plane is spanned by (c1, s1, 0) and z0.
    const c5 = T[2] * s1 - T[6] * c1;
    const ux = T[2] * c1 + T[6] * s1;
    const uz = T[10];
    const sine = Math.sqrt(ux * ux + uz * uz);
    const free = sine < SINGULAR_SINE;
    for (let wrist = 0; wrist < (free ? 1 : 2); wrist++) {
      const s5 = free ? 0 : wrist === 0 ? sine : -sine;
      // x4 as in-plane components (e along (c1, s1, 0), z).
      let xe: number;
      let xz: number;
      let t6: number;
      if (free) {
        t6 = last;
        const c6 = Math.cos(t6);
        const s6 = Math.sin(t6);
        const sign = c5 < 0 ? -1 : 1;
        xe = sign * ((T[0] * c6 - T[1] * s6) * c1 + (T[4] * c6 - T[5] * s6) * s1);
        xz = sign * (T[8] * c6 - T[9] * s6);
      } else {
        xe = -ux / s5;
        xz = -uz / s5;
        // x5 = c5 x4 + s5 z3 in frame 0, then the angle from it to x6 about z6.
        const x5x = c5 * xe * c1 + s5 * s1;
        const x5y = c5 * xe * s1 - s5 * c1;
        const x5z = c5 * xz;
        const onX = T[0] * x5x + T[4] * x5y + T[8] * x5z;
        const onY = T[1] * x5x + T[5] * x5y + T[9] * x5z;
        t6 = Math.atan2(-onY, onX);
      }
      const t5 = Math.atan2(s5, c5);
      // O4 = O5 - d5 z4, where z4 = x4 x z3 has the in-plane components (xz, -xe) after the turn of x4.
      const ze = xz;
      const zz = -xe;
      const u = px * c1 + py * s1 - d5 * ze;
      const v = T[11] - d5 * zz;
      const reach2 = u * u + v * v;
      const c3 = (reach2 - a2 * a2 - a3 * a3) / (2 * a2 * a3);
      if (c3 > 1 + REACH_TOLERANCE_M || c3 < -1 - REACH_TOLERANCE_M) continue;
      const bend = Math.acos(Math.min(1, Math.max(-1, c3)));
      const total = Math.atan2(xz, xe);
      for (let elbow = 0; elbow < 2; elbow++) {
        const t3 = elbow === 0 ? bend : -bend;
        const t2 = Math.atan2(v, u) - Math.atan2(a3 * Math.sin(t3), a2 + a3 * Math.cos(t3));
        const at = 6 * count++;
        solutions[at] = (t1 - offsets[0]) * signs[0];
        solutions[at + 1] = (t2 - offsets[1]) * signs[1];
        solutions[at + 2] = (t3 - offsets[2]) * signs[2];
        solutions[at + 3] = (total - t2 - t3 - offsets[3]) * signs[3];
        solutions[at + 4] = (t5 - offsets[4]) * signs[4];
        solutions[at + 5] = (t6 - offsets[5]) * signs[5];
      }
    }
  }
  return count;
}
