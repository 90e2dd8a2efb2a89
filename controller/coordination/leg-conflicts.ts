import { segmentsSquared } from '../../arms/geometry/distance.ts';
import { ENDS } from './arm-shape.ts';
import type { LegLevel, SampledLeg } from './leg-samples.ts';

/**
 * Asks which blocks of cells of two legs are closer than the margin, coarse blocks first.
 *
 * @param span cells of the blocks that are told apart; one of the spans that legs have levels for
 * @param wants whether anything is still to be learnt from a block of cells `[i0, i1) x [j0, j1)`
 * @param hit called likewise for each pair of blocks of that span that may be closer than the margin
 */
export function visitConflicts(
  a: SampledLeg,
  b: SampledLeg,
  marginM: number,
  span: number,
  wants: (i0: number, i1: number, j0: number, j1: number) => boolean,
  hit: (i0: number, i1: number, j0: number, j1: number) => void,
): void {
  const pairs = groupPairs(a, b, marginM);
  if (pairs.length === 0) return;
  const visit = (level: number, fromI: number, untilI: number, fromJ: number, untilJ: number): void => {
    const rowA = a.levels[level];
    const rowB = b.levels[level];
    const isFinest = rowA.span === span;
    for (let bi = fromI; bi < untilI; bi += 1) {
      const i0 = bi * rowA.span;
      const i1 = Math.min(a.cells, i0 + rowA.span);
      for (let bj = fromJ; bj < untilJ; bj += 1) {
        const j0 = bj * rowA.span;
        const j1 = Math.min(b.cells, j0 + rowA.span);
        if (!wants(i0, i1, j0, j1) || !blocksMeet(a, rowA, bi, b, rowB, bj, marginM, isFinest, pairs)) {
          continue;
        }
        if (isFinest) {
          hit(i0, i1, j0, j1);
          continue;
        }
        const ratio = rowA.span / a.levels[level + 1].span;
        visit(
          level + 1,
          bi * ratio,
          Math.min((bi + 1) * ratio, a.levels[level + 1].count),
          bj * ratio,
          Math.min((bj + 1) * ratio, b.levels[level + 1].count),
        );
      }
    }
  };
  visit(0, 0, a.levels[0].count, 0, b.levels[0].count);
}

/** Whether two cells may be closer than the margin anywhere in them. */
export function cellsMeet(a: SampledLeg, i: number, b: SampledLeg, j: number, marginM: number): boolean {
  const last = a.levels.length - 1;
  const pairs = groupPairs(a, b, marginM);
  return blocksMeet(a, a.levels[last], i, b, b.levels[last], j, marginM, true, pairs);
}

/** Groups of the two arms whose bounds come near at all, as `g * groups of b + h`, from the tool inwards. */
function groupPairs(a: SampledLeg, b: SampledLeg, marginM: number): readonly number[] {
  const pairs: number[] = [];
  const p = a.groupBounds;
  const q = b.groupBounds;
  for (let g = a.groups.length - 1; g >= 0; g -= 1) {
    for (let h = b.groups.length - 1; h >= 0; h -= 1) {
      let apart = false;
      for (let axis = 0; axis < 3; axis += 1) {
        const [low, high] = [6 * g + axis, 6 * h + axis];
        if (p[low] > q[high + 3] + marginM || q[high] > p[low + 3] + marginM) apart = true;
      }
      if (!apart) pairs.push(g * b.groups.length + h);
    }
  }
  return pairs;
}

/**
 * Whether two blocks may come closer than the margin.
 *
 * @param isExact whether the capsules inside the hulls are looked at as well, or the hulls alone
 */
function blocksMeet(
  a: SampledLeg,
  rowA: LegLevel,
  bi: number,
  b: SampledLeg,
  rowB: LegLevel,
  bj: number,
  marginM: number,
  isExact: boolean,
  pairs: readonly number[],
): boolean {
  if (!coarselyMeet(a, rowA, bi, b, rowB, bj, marginM)) return false;
  if (rowA.span >= COARSE_SPAN && !isExact) return true;
  const na = a.groups.length;
  const nb = b.groups.length;
  const ea = a.ends;
  const eb = b.ends;
  const atA = rowA.middles[bi] * a.stride;
  const atB = rowB.middles[bj] * b.stride;
  for (let n = 0; n < pairs.length; n += 1) {
    const g = Math.trunc(pairs[n] / nb);
    const h = pairs[n] - g * nb;
    const p = atA + a.hullOffsets[g];
    const q = atB + b.hullOffsets[h];
    const dx = ea[p] + ea[p + 3] - eb[q] - eb[q + 3];
    const dy = ea[p + 1] + ea[p + 4] - eb[q + 1] - eb[q + 4];
    const dz = ea[p + 2] + ea[p + 5] - eb[q + 2] - eb[q + 5];
    const keep = marginM + rowA.travel[bi * na + g] + rowB.travel[bj * nb + h];
    // Twice the distance of the middles, so twice the reach.
    const reach = 2 * (keep + a.reachesM[g] + b.reachesM[h]);
    if (dx * dx + dy * dy + dz * dz >= reach * reach) continue;
    if (!closer(ea, p, eb, q, keep + a.hullRadiiM[g] + b.hullRadiiM[h])) continue;
    if (!isExact || partsMeet(a, g, p, b, h, q, keep)) return true;
  }
  return false;
}

/** Blocks of at least as many cells are told apart by their coarse bodies alone. */
const COARSE_SPAN = 8;

function coarselyMeet(
  a: SampledLeg,
  rowA: LegLevel,
  bi: number,
  b: SampledLeg,
  rowB: LegLevel,
  bj: number,
  marginM: number,
): boolean {
  const ea = a.coarseEnds;
  const eb = b.coarseEnds;
  const na = a.coarseRadiiM.length;
  const nb = b.coarseRadiiM.length;
  const atA = rowA.middles[bi] * na;
  const atB = rowB.middles[bj] * nb;
  for (let g = na - 1; g >= 0; g -= 1) {
    const p = (atA + g) * ENDS;
    const x = ea[p] + ea[p + 3];
    const y = ea[p + 1] + ea[p + 4];
    const z = ea[p + 2] + ea[p + 5];
    const room = marginM + rowA.coarseTravel[bi * na + g];
    for (let h = nb - 1; h >= 0; h -= 1) {
      const q = (atB + h) * ENDS;
      const dx = x - eb[q] - eb[q + 3];
      const dy = y - eb[q + 1] - eb[q + 4];
      const dz = z - eb[q + 2] - eb[q + 5];
      const keep = room + rowB.coarseTravel[bj * nb + h];
      const reach = 2 * (keep + a.coarseReachesM[g] + b.coarseReachesM[h]);
      if (dx * dx + dy * dy + dz * dz >= reach * reach) continue;
      if (closer(ea, p, eb, q, keep + a.coarseRadiiM[g] + b.coarseRadiiM[h])) return true;
    }
  }
  return false;
}

/** Whether capsules of two groups come closer than `keep`, their hulls being so. */
function partsMeet(
  a: SampledLeg,
  g: number,
  p: number,
  b: SampledLeg,
  h: number,
  q: number,
  keep: number,
): boolean {
  const ga = a.groups[g];
  const gb = b.groups[h];
  if (ga.parts === 0 && gb.parts === 0) return true;
  for (let m = ga.parts === 0 ? 0 : 1; m <= ga.parts; m += 1) {
    const radiusA = m === 0 ? ga.hullRadiusM : ga.partRadiiM[m - 1];
    for (let n = gb.parts === 0 ? 0 : 1; n <= gb.parts; n += 1) {
      const radiusB = n === 0 ? gb.hullRadiusM : gb.partRadiiM[n - 1];
      if (closer(a.ends, p + m * ENDS, b.ends, q + n * ENDS, keep + radiusA + radiusB)) return true;
    }
  }
  return false;
}

function closer(a: Float32Array, p: number, b: Float32Array, q: number, than: number): boolean {
  const px = a[p];
  const py = a[p + 1];
  const pz = a[p + 2];
  const qx = b[q];
  const qy = b[q + 1];
  const qz = b[q + 2];
  const squared = segmentsSquared(
    px - qx, py - qy, pz - qz,
    a[p + 3] - px, a[p + 4] - py, a[p + 5] - pz,
    b[q + 3] - qx, b[q + 4] - qy, b[q + 5] - qz,
  ); // prettier-ignore
  return squared < than * than;
}
