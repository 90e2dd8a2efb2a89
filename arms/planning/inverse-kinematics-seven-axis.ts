import type { Vec3 } from '../geometry/pose.ts';
import { TRANSFORM_SIZE, invert, multiply, rotateVector, transformPoint } from '../geometry/transform.ts';
import { along, angleAbout, cross, dot, minus, norm, scaled, turned } from '../geometry/vector.ts';
import type { KinematicChain } from '../model/kinematics.ts';
import { AXES_TOLERANCE, axesAtZero, rightCrossing } from './inverse-kinematics-axes.ts';

/**
 * A seven-axis arm whose first three axes cross in one point S (the shoulder) and whose fifth and sixth cross in one
 * point W (the wrist), each next pair at right angles; where axis 4 and axis 7 lie does not matter. Franka's Panda and
 * FR3 and the KUKA iiwa are of this kind. With joint 7 held, the rest has a closed form.
 */
export interface SevenAxisStructure {
  readonly w: readonly Vec3[];
  readonly S: Vec3;
  readonly W: Vec3;
  readonly elbow: Vec3;
  readonly seventh: Vec3;
  /** From the tool tip to the base, all joints at zero. */
  readonly T_TB: Float64Array;
}

/** Lengths of directions below this have no angle. */
const SINGULAR = 1e-9;
/** Cosines may miss the range by rounding. */
const COSINE_TOLERANCE = 1e-9;

/** Recognises the structure, or returns null when the arm is of another kind. */
export function findSevenAxisStructure(chain: KinematicChain): SevenAxisStructure | null {
  if (chain.jointCount !== 7 || chain.kinds.some((kind) => kind === 2)) return null;
  const axes = axesAtZero(chain);
  const S = rightCrossing(axes, 0, 1);
  const third = rightCrossing(axes, 1, 2);
  const W = rightCrossing(axes, 4, 5);
  if (S === null || third === null || W === null || norm(minus(S, third)) > AXES_TOLERANCE) return null;
  const T_TB = new Float64Array(TRANSFORM_SIZE);
  invert(axes.T_BT, 0, T_TB, 0);
  return { w: axes.directions, S, W, elbow: axes.points[3], seventh: axes.points[6], T_TB };
}

/** Both solutions of `a cos x + b sin x = c`, or none. */
function solveCircle(a: number, b: number, c: number): readonly number[] {
  const amplitude = Math.sqrt(a * a + b * b);
  if (amplitude < SINGULAR) return [];
  const cosine = c / amplitude;
  if (Math.abs(cosine) > 1 + COSINE_TOLERANCE) return [];
  const spread = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const middle = Math.atan2(b, a);
  return [middle + spread, middle - spread];
}

/**
 * All joint positions (rad, not wrapped into limits) that bring the tool tip to a pose with joint 7 at `seventhRad`.
 * Product of exponentials throughout (Murray, Li and Sastry, "A Mathematical Introduction to Robotic Manipulation",
 * chapter 3; the subproblems are Paden's and Kahan's). Where axes 1 and 3 fall together, `firstRad` is taken for joint 1.
 *
 * @param T_BT tool tip in the base frame
 */
export function solveSevenAxis(
  structure: SevenAxisStructure,
  T_BT: Float64Array,
  seventhRad: number,
  firstRad: number,
): readonly (readonly number[])[] {
  const { w, S, W, elbow } = structure;
  const [w1, w2, w3, w4, w5, w6, w7] = w;
  // The motion e1..e7 that takes the zero pose to the wanted one; that of e1..e6 undoes joint 7 first.
  const G = new Float64Array(TRANSFORM_SIZE);
  multiply(T_BT, 0, structure.T_TB, 0, G, 0);
  const before7 = (p: Vec3): Vec3 =>
    along(turned(minus(p, structure.seventh), w7, -seventhRad), structure.seventh, 1);
  const direct6 = (v: Vec3): Vec3 => rotateVector(G, 0, turned(v, w7, -seventhRad));
  const wrist = minus(transformPoint(G, 0, before7(W)), S);
  const a6 = direct6(w6);
  const reach = norm(wrist);
  if (reach < SINGULAR) return [];
  const t = scaled(wrist, 1 / reach);

  const solutions: number[][] = [];
  for (const q4 of elbowAngles(minus(W, elbow), minus(S, elbow), w4, reach)) {
    const v = minus(along(turned(minus(W, elbow), w4, q4), elbow, 1), S);
    const bent = turned(w5, w4, q4);
    const onto = alignment(scaled(v, 1 / norm(v)), t);
    const b0 = onto(bent);
    const level = along(b0, t, -dot(b0, t));
    const swivels = solveCircle(
      dot(level, a6),
      dot(cross(t, level), a6),
      dot(w5, w6) - dot(b0, t) * dot(t, a6),
    );
    for (const swivel of swivels) {
      const R = (x: Vec3): Vec3 => turned(onto(x), t, swivel);
      for (const [q1, q2] of shoulderAngles(w1, w2, w3, R(w3), firstRad)) {
        const q3 = angleAbout(w3, w2, turned(turned(R(w2), w1, -q1), w2, -q2));
        const undo4 = (x: Vec3): Vec3 =>
          turned(turned(turned(turned(x, w1, -q1), w2, -q2), w3, -q3), w4, -q4);
        const q5 = angleAbout(w5, w6, undo4(a6));
        const q6 = angleAbout(w6, w5, turned(undo4(direct6(w5)), w5, -q5));
        solutions.push([q1, q2, q3, q4, q5, q6, seventhRad]);
      }
    }
  }
  return solutions;
}

/** Angles of joint 4 at which the wrist is `reach` away from the shoulder. */
function elbowAngles(u: Vec3, v: Vec3, axis: Vec3, reach: number): readonly number[] {
  const uFlat = along(u, axis, -dot(u, axis));
  const vFlat = along(v, axis, -dot(v, axis));
  const lift = dot(axis, minus(u, v));
  const flat2 = reach * reach - lift * lift;
  const product = 2 * norm(uFlat) * norm(vFlat);
  if (flat2 < 0 || product < SINGULAR) return [];
  const cosine = (dot(uFlat, uFlat) + dot(vFlat, vFlat) - flat2) / product;
  if (Math.abs(cosine) > 1 + COSINE_TOLERANCE) return [];
  const bend = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const straight = angleAbout(axis, uFlat, vFlat);
  return [straight + bend, straight - bend];
}

/** Joint 1 and 2 that turn axis 3 into the direction `y`. */
function shoulderAngles(
  w1: Vec3,
  w2: Vec3,
  w3: Vec3,
  y: Vec3,
  firstRad: number,
): readonly [number, number][] {
  const high = dot(w1, y);
  const rest = 1 - high * high;
  if (rest < SINGULAR * SINGULAR * 1e4) {
    return [[firstRad, angleAbout(w2, w3, scaled(w1, high))]];
  }
  const side = cross(w1, w2);
  return [1, -1].map((sign): [number, number] => {
    const z = along(scaled(w1, high), side, sign * Math.sqrt(rest));
    return [angleAbout(w1, z, y), angleAbout(w2, w3, z)];
  });
}

/** The least rotation that takes the unit vector `from` to the unit vector `to`. */
function alignment(from: Vec3, to: Vec3): (x: Vec3) => Vec3 {
  const axis = cross(from, to);
  const sine = norm(axis);
  const cosine = dot(from, to);
  if (sine < SINGULAR) {
    if (cosine > 0) return (x) => x;
    const helper: Vec3 = Math.abs(from[0]) < 0.7 ? [1, 0, 0] : [0, 1, 0];
    const perpendicular = cross(from, helper);
    const flip = scaled(perpendicular, 1 / norm(perpendicular));
    return (x) => turned(x, flip, Math.PI);
  }
  const unit = scaled(axis, 1 / sine);
  const angle = Math.atan2(sine, cosine);
  return (x) => turned(x, unit, angle);
}
