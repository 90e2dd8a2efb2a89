import { CAPSULE_STRIDE, capsuleCapsule } from '../geometry/distance.ts';
import type { ArmBody } from './arm-body.ts';
import { compileBody, placeBody, travelFactors } from './arm-body.ts';
import type { Manipulator } from '../model/manipulator.ts';

/** Capsules are looked at in pieces of this length, m: near a joint a piece travels little. */
const PIECE_M = 0.08;

/** Looks spent on one pair before it is simply kept. */
const LOOKS_MAX = 15_000;

/** Pairs with more joints between them than this are kept without a look. */
const JOINTS_MAX = 2;

const proven = new WeakMap<Manipulator, Map<number, readonly (readonly [number, number])[]>>();

/**
 * The pairs of a manipulator's capsules that can come closer than `marginM` at all. A pair is left out only when
 * interval subdivision over the joints between the two proves that it keeps the margin everywhere in their range:
 * at the middle of each interval box the distance of every piece exceeds what the piece can travel inside the box.
 * Kept with the manipulator, as it depends on nothing else.
 */
export function pairsThatCanMeet(
  manipulator: Manipulator,
  marginM: number,
): readonly (readonly [number, number])[] {
  const known = proven.get(manipulator) ?? new Map<number, readonly (readonly [number, number])[]>();
  proven.set(manipulator, known);
  const before = known.get(marginM);
  if (before !== undefined) return before;
  const body = compileBody(manipulator, { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] });
  const pairs = manipulator.selfPairs.filter(([i, j]) => !isApart(body, i, j, marginM));
  known.set(marginM, pairs);
  return pairs;
}

function isApart(body: ArmBody, i: number, j: number, marginM: number): boolean {
  const [inner, outer] = body.joints[i] < body.joints[j] ? [i, j] : [j, i];
  const joints: number[] = [];
  for (let l = body.joints[inner] + 1; l <= body.joints[outer]; l += 1) joints.push(l);
  if (joints.length === 0 || joints.length > JOINTS_MAX) return false;
  const ranges = joints.map((l) => {
    const { kind, limits } = body.manipulator.joints[l];
    const isFullTurn = kind !== 'prismatic' && limits.upper - limits.lower >= 2 * Math.PI;
    return isFullTurn ? [-Math.PI, Math.PI] : [limits.lower, limits.upper];
  });
  const n = body.chain.jointCount;
  const q = new Float64Array(n);
  const factors = new Float64Array(n);
  const piece = new Float64Array(CAPSULE_STRIDE);
  let looks = 0;
  const boxes: { readonly middle: readonly number[]; readonly half: readonly number[] }[] = [
    { middle: ranges.map(([a, b]) => (a + b) / 2), half: ranges.map(([a, b]) => (b - a) / 2) },
  ];
  while (boxes.length > 0) {
    looks += 1;
    if (looks > LOOKS_MAX) return false;
    const { middle, half: spread } = boxes.pop()!;
    joints.forEach((l, k) => (q[l] = middle[k]));
    placeBody(body, q, 0);
    const at = outer * CAPSULE_STRIDE;
    const length = Math.sqrt([0, 1, 2].reduce((sum, k) => {
      const d = body.world[at + 3 + k] - body.world[at + k];
      return sum + d * d;
    }, 0)); // prettier-ignore
    const pieces = Math.max(1, Math.ceil(length / PIECE_M));
    let needs = -1;
    let most = 0;
    for (let p = 0; p < pieces; p += 1) {
      for (let k = 0; k < 3; k += 1) {
        const from = body.world[at + k];
        const to = body.world[at + 3 + k];
        piece[k] = from + ((to - from) * p) / pieces;
        piece[3 + k] = from + ((to - from) * (p + 1)) / pieces;
      }
      piece[6] = body.world[at + 6];
      const slack = capsuleCapsule(piece, 0, body.world, inner * CAPSULE_STRIDE) - marginM;
      if (slack < 0) return false;
      const half = length / pieces / 2;
      travelFactors(
        body,
        body.joints[outer],
        (piece[0] + piece[3]) / 2,
        (piece[1] + piece[4]) / 2,
        (piece[2] + piece[5]) / 2,
        half,
        factors,
        0,
      );
      let travel = 0;
      joints.forEach((l, k) => (travel += factors[l] * spread[k]));
      if (travel <= slack) continue;
      joints.forEach((l, k) => {
        if (factors[l] * spread[k] > most) {
          most = factors[l] * spread[k];
          needs = k;
        }
      });
    }
    if (needs < 0) continue;
    for (const side of [-1, 1]) {
      boxes.push({
        middle: middle.map((v, k) => (k === needs ? v + (side * spread[k]) / 2 : v)),
        half: spread.map((v, k) => (k === needs ? v / 2 : v)),
      });
    }
  }
  return true;
}
