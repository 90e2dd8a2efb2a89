import { segmentsSquared } from '../../arms/geometry/distance.ts';
import { ENDS } from './arm-shape.ts';
import type { LegLevel, SampledLeg } from './leg-samples.ts';

/**
 * Asks which cells of two legs are closer than the margin, coarse blocks first.
 *
 * @param wants whether anything is still to be learnt from a block of cells `[i0, i1) x [j0, j1)`
 * @param hit called for each cell pair that may be closer than the margin
 */
export function visitConflicts(
  a: SampledLeg,
  b: SampledLeg,
  marginM: number,
  wants: (i0: number, i1: number, j0: number, j1: number) => boolean,
  hit: (i: number, j: number) => void,
): void {
  const visit = (level: number, fromI: number, untilI: number, fromJ: number, untilJ: number): void => {
    const rowA = a.levels[level];
    const rowB = b.levels[level];
    const { span } = rowA;
    const isCell = span === 1;
    for (let bi = fromI; bi < untilI; bi += 1) {
      const i0 = bi * span;
      const i1 = Math.min(a.cells, i0 + span);
      for (let bj = fromJ; bj < untilJ; bj += 1) {
        const j0 = bj * span;
        const j1 = Math.min(b.cells, j0 + span);
        if (!wants(i0, i1, j0, j1) || !blocksMeet(a, rowA, bi, b, rowB, bj, marginM, isCell)) continue;
        if (isCell) {
          hit(bi, bj);
          continue;
        }
        const ratio = span / a.levels[level + 1].span;
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

/**
 * The cell of `a` in which the two legs may be closer than the margin when `b` is always `shift` cells behind `a`, or
 * would be if either of them were to stop on its path as soon as it can; -1 when they never are. So what is found free
 * leaves each arm the room to stop before the place that the other has not left yet.
 */
export function meetOnDiagonal(a: SampledLeg, b: SampledLeg, shift: number, marginM: number): number {
  return meetInBlocks(a, b, shift, marginM, 0, 0, a.levels[0].count, 0, b.cells - 1);
}

function meetInBlocks(
  a: SampledLeg,
  b: SampledLeg,
  shift: number,
  marginM: number,
  level: number,
  fromI: number,
  untilI: number,
  fromJ: number,
  untilJ: number,
): number {
  const rowA = a.levels[level];
  const rowB = b.levels[level];
  const { span } = rowA;
  const isCell = span === 1;
  for (let bi = fromI; bi < untilI; bi += 1) {
    const i0 = bi * span;
    const i1 = Math.min(i0 + span, a.cells) - 1;
    // Where b is when a has come so far, or could still stop; and where b would rest from where it is then.
    const first = Math.max(fromJ, a.brakeCells[i0] - shift);
    const behind = Math.min(i1 - shift, b.cells - 1);
    if (behind < 0 || i0 - shift > b.cells - 1 + (i1 - a.brakeCells[i0])) continue;
    const last = Math.min(untilJ, b.stopCells[behind]);
    for (let bj = Math.floor(first / span); bj * span <= last; bj += 1) {
      if (!blocksMeet(a, rowA, bi, b, rowB, bj, marginM, isCell)) continue;
      if (isCell) return bi;
      const next = a.levels[level + 1];
      const ratio = span / next.span;
      const hit = meetInBlocks(
        a,
        b,
        shift,
        marginM,
        level + 1,
        bi * ratio,
        Math.min((bi + 1) * ratio, next.count),
        Math.max(first, bj * span),
        Math.min(last, (bj + 1) * span - 1),
      );
      if (hit >= 0) return hit;
    }
  }
  return -1;
}

/** Whether two cells may be closer than the margin anywhere in them. */
export function cellsMeet(a: SampledLeg, i: number, b: SampledLeg, j: number, marginM: number): boolean {
  const last = a.levels.length - 1;
  return blocksMeet(a, a.levels[last], i, b, b.levels[last], j, marginM, true);
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
): boolean {
  if (!coarselyMeet(a, rowA, bi, b, rowB, bj, marginM)) return false;
  if (rowA.span >= COARSE_SPAN) return true;
  const na = a.groups.length;
  const nb = b.groups.length;
  const ea = a.ends;
  const eb = b.ends;
  const atA = rowA.middles[bi] * a.stride;
  const atB = rowB.middles[bj] * b.stride;
  const hullsA = a.hullOffsets;
  const hullsB = b.hullOffsets;
  // From the tool inwards: what reaches farthest meets first.
  for (let g = na - 1; g >= 0; g -= 1) {
    const p = atA + hullsA[g];
    const x = ea[p] + ea[p + 3];
    const y = ea[p + 1] + ea[p + 4];
    const z = ea[p + 2] + ea[p + 5];
    const room = marginM + rowA.travel[bi * na + g];
    const reachA = room + a.reachesM[g];
    for (let h = nb - 1; h >= 0; h -= 1) {
      const q = atB + hullsB[h];
      const dx = x - eb[q] - eb[q + 3];
      const dy = y - eb[q + 1] - eb[q + 4];
      const dz = z - eb[q + 2] - eb[q + 5];
      const travelB = rowB.travel[bj * nb + h];
      // Twice the distance of the middles, so twice the reach.
      const reach = 2 * (reachA + travelB + b.reachesM[h]);
      if (dx * dx + dy * dy + dz * dz >= reach * reach) continue;
      const keep = room + travelB;
      if (!closer(ea, p, eb, q, keep + a.hullRadiiM[g] + b.hullRadiiM[h])) continue;
      if (!isExact || partsMeet(a, g, p, b, h, q, keep)) return true;
    }
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
