import { CAPSULE_STRIDE, capsuleCapsule } from '../geometry/distance.ts';
import type { ArmBody } from './arm-body.ts';
import { groupFactors, placeBody } from './arm-body.ts';

/**
 * How one arm is kept for comparison with others: its capsules sorted by the link they move with, a sphere round each
 * link and one round the whole arm, so that what is far apart is told apart by a few comparisons.
 */
export interface TeamBody {
  readonly body: ArmBody;
  /** Capsules in link order: index into the body's capsules. */
  readonly order: Int32Array;
  /** Per link its first capsule in `order`, and one more entry that ends the last. The fixed base comes last. */
  readonly firstOf: Int32Array;
  readonly linkCount: number;
  /** Radius of the sphere round each link, its capsules' own radii included, m. */
  readonly linkRadius: Float64Array;
  /** Per capsule in `order` half the length of its axis and its radius together, m: it does not change. */
  readonly reach: Float64Array;
  /** Centre of the sphere round the fixed base in the world, m. */
  readonly baseCentre: Float64Array;
  /** Numbers in one placement: capsules, link spheres, arm sphere. */
  readonly placementSize: number;
  readonly spheresAt: number;
  readonly boundAt: number;
  readonly factors: Float64Array;
}

const SPHERE_STRIDE = 4;

export function compileTeamBody(body: ArmBody): TeamBody {
  const { groupCount, groupOf, capsuleCount } = body;
  const order: number[] = [];
  const firstOf: number[] = [];
  for (let link = 0; link <= groupCount; link += 1) {
    const group = link === groupCount ? -1 : link;
    firstOf.push(order.length);
    for (let k = 0; k < capsuleCount; k += 1) if (groupOf[k] === group) order.push(k);
  }
  const hasBase = order.length > firstOf[groupCount];
  const linkCount = hasBase ? groupCount + 1 : groupCount;
  if (hasBase) firstOf.push(order.length);
  const radius = new Float64Array(linkCount);
  for (let link = 0; link < groupCount; link += 1) {
    let thick = 0;
    for (let c = firstOf[link]; c < firstOf[link + 1]; c += 1) {
      thick = Math.max(thick, body.local[order[c] * CAPSULE_STRIDE + 6]);
    }
    radius[link] = body.groupRadius[link] + thick;
  }
  const baseCentre = new Float64Array(3);
  if (hasBase) radius[groupCount] = sphereOfBase(body, order.slice(firstOf[groupCount]), baseCentre);
  const reach = Float64Array.from(order, (k) => {
    const at = k * CAPSULE_STRIDE;
    const [x, y, z] = [0, 1, 2].map((axis) => body.local[at + 3 + axis] - body.local[at + axis]);
    return Math.sqrt(x * x + y * y + z * z) / 2 + body.local[at + 6];
  });
  const spheresAt = capsuleCount * CAPSULE_STRIDE;
  const boundAt = spheresAt + linkCount * SPHERE_STRIDE;
  return {
    body,
    order: Int32Array.from(order),
    firstOf: Int32Array.from(firstOf),
    linkCount,
    linkRadius: radius,
    reach,
    baseCentre,
    placementSize: boundAt + SPHERE_STRIDE,
    spheresAt,
    boundAt,
    factors: new Float64Array(groupCount * body.chain.jointCount),
  };
}

/** The base does not move: its sphere is found once, at any configuration. */
function sphereOfBase(body: ArmBody, capsules: readonly number[], centre: Float64Array): number {
  placeBody(body, new Float64Array(body.chain.jointCount), 0);
  const ends = capsules.flatMap((k) => [k * CAPSULE_STRIDE, k * CAPSULE_STRIDE + 3]);
  for (let axis = 0; axis < 3; axis += 1) {
    const values = ends.map((at) => body.world[at + axis]);
    centre[axis] = (Math.min(...values) + Math.max(...values)) / 2;
  }
  let radius = 0;
  for (const k of capsules) {
    for (const at of [k * CAPSULE_STRIDE, k * CAPSULE_STRIDE + 3]) {
      const x = body.world[at] - centre[0];
      const y = body.world[at + 1] - centre[1];
      const z = body.world[at + 2] - centre[2];
      radius = Math.max(radius, Math.sqrt(x * x + y * y + z * z) + body.world[k * CAPSULE_STRIDE + 6]);
    }
  }
  return radius;
}

/** Writes where everything of the arm is at `q[at..]` to `out[to..]`, `placementSize` numbers. */
export function placeTeamBody(
  team: TeamBody,
  q: ArrayLike<number>,
  at: number,
  out: Float64Array,
  to: number,
): void {
  const { body, order, linkCount, linkRadius, spheresAt, boundAt } = team;
  placeBody(body, q, at);
  const { world, groupWorld, groupCount } = body;
  for (let c = 0; c < order.length; c += 1) {
    const from = order[c] * CAPSULE_STRIDE;
    const o = to + c * CAPSULE_STRIDE;
    for (let v = 0; v < CAPSULE_STRIDE; v += 1) out[o + v] = world[from + v];
  }
  let x0 = Infinity;
  let y0 = Infinity;
  let z0 = Infinity;
  let x1 = -Infinity;
  let y1 = -Infinity;
  let z1 = -Infinity;
  for (let link = 0; link < linkCount; link += 1) {
    const o = to + spheresAt + link * SPHERE_STRIDE;
    const moves = link < groupCount;
    const x = moves ? groupWorld[3 * link] : team.baseCentre[0];
    const y = moves ? groupWorld[3 * link + 1] : team.baseCentre[1];
    const z = moves ? groupWorld[3 * link + 2] : team.baseCentre[2];
    const r = linkRadius[link];
    out[o] = x;
    out[o + 1] = y;
    out[o + 2] = z;
    out[o + 3] = r;
    x0 = Math.min(x0, x - r);
    y0 = Math.min(y0, y - r);
    z0 = Math.min(z0, z - r);
    x1 = Math.max(x1, x + r);
    y1 = Math.max(y1, y + r);
    z1 = Math.max(z1, z + r);
  }
  const o = to + boundAt;
  out[o] = (x0 + x1) / 2;
  out[o + 1] = (y0 + y1) / 2;
  out[o + 2] = (z0 + z1) / 2;
  const dx = x1 - x0;
  const dy = y1 - y0;
  const dz = z1 - z0;
  out[o + 3] = Math.sqrt(dx * dx + dy * dy + dz * dz) / 2;
}

/**
 * How far any point of the arm's axes travels at most when the joints go from the configuration the body was last
 * placed at by `dq[..]`, along any path that keeps each joint within its |dq|, m. See `travelFactors`.
 */
export function travelOf(team: TeamBody, dq: ArrayLike<number>): number {
  const { body, factors } = team;
  const n = body.chain.jointCount;
  let most = 0;
  for (let g = 0; g < body.groupCount; g += 1) {
    groupFactors(body, g, factors, g * n);
    let travel = 0;
    for (let j = 0; j < n; j += 1) travel += factors[g * n + j] * Math.abs(dq[j]);
    if (travel > most) most = travel;
  }
  return most;
}

/**
 * Least distance between two placed arms, m, negative when they overlap; `capM` when it is not below that. Their fixed
 * bases are not compared with one another. What is found below `enoughM` ends the search: it is then an upper bound.
 */
export function armDistance(
  first: TeamBody,
  a: Float64Array,
  atA: number,
  second: TeamBody,
  b: Float64Array,
  atB: number,
  capM: number,
  enoughM: number,
): number {
  const ba = atA + first.boundAt;
  const bb = atB + second.boundAt;
  if (sphereGap(a, ba, b, bb) >= capM) return capM;
  let least = capM;
  const { reach: reachA, firstOf: firstA } = first;
  const { reach: reachB, firstOf: firstB } = second;
  for (let i = 0; i < first.linkCount; i += 1) {
    const sa = atA + first.spheresAt + i * SPHERE_STRIDE;
    if (sphereGap(a, sa, b, bb) >= least) continue;
    for (let j = 0; j < second.linkCount; j += 1) {
      // Two bases stand where they stand.
      if (i === first.body.groupCount && j === second.body.groupCount) continue;
      const sb = atB + second.spheresAt + j * SPHERE_STRIDE;
      if (sphereGap(a, sa, b, sb) >= least) continue;
      for (let k = firstA[i]; k < firstA[i + 1]; k += 1) {
        const ca = atA + k * CAPSULE_STRIDE;
        const x = (a[ca] + a[ca + 3]) / 2;
        const y = (a[ca + 1] + a[ca + 4]) / 2;
        const z = (a[ca + 2] + a[ca + 5]) / 2;
        const own = reachA[k];
        const sx = x - b[sb];
        const sy = y - b[sb + 1];
        const sz = z - b[sb + 2];
        const near = own + b[sb + 3] + least;
        if (near <= 0 || sx * sx + sy * sy + sz * sz >= near * near) continue;
        for (let l = firstB[j]; l < firstB[j + 1]; l += 1) {
          const cb = atB + l * CAPSULE_STRIDE;
          const dx = x - (b[cb] + b[cb + 3]) / 2;
          const dy = y - (b[cb + 1] + b[cb + 4]) / 2;
          const dz = z - (b[cb + 2] + b[cb + 5]) / 2;
          const room = own + reachB[l] + least;
          if (room <= 0 || dx * dx + dy * dy + dz * dz >= room * room) continue;
          const distance = capsuleCapsule(a, ca, b, cb);
          if (distance < least) {
            least = distance;
            if (least < enoughM) return least;
          }
        }
      }
    }
  }
  return least;
}

function sphereGap(a: Float64Array, i: number, b: Float64Array, j: number): number {
  const x = a[i] - b[j];
  const y = a[i + 1] - b[j + 1];
  const z = a[i + 2] - b[j + 2];
  return Math.sqrt(x * x + y * y + z * z) - a[i + 3] - b[j + 3];
}
