import { segmentsSquared } from '../../arms/geometry/distance.ts';
import { ENDS } from './arm-shape.ts';
import type { SampledLeg } from './leg-samples.ts';

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
  const [coarseA, fineA] = a.levels;
  const [coarseB, fineB] = b.levels;
  const ratio = coarseA.span / fineA.span;
  for (let bi = 0; bi < coarseA.count; bi += 1) {
    for (let bj = 0; bj < coarseB.count; bj += 1) {
      if (!ballsMeet(a, coarseA.balls, bi, b, coarseB.balls, bj, marginM)) continue;
      const i0 = bi * coarseA.span;
      const j0 = bj * coarseB.span;
      if (!wants(i0, end(a, i0, coarseA.span), j0, end(b, j0, coarseB.span))) continue;
      for (let fi = bi * ratio; fi < (bi + 1) * ratio && fi < fineA.count; fi += 1) {
        for (let fj = bj * ratio; fj < (bj + 1) * ratio && fj < fineB.count; fj += 1) {
          visitBlock(a, fi, b, fj, marginM, wants, hit);
        }
      }
    }
  }
}

function end(leg: SampledLeg, from: number, span: number): number {
  return from + span < leg.cells ? from + span : leg.cells;
}

function visitBlock(
  a: SampledLeg,
  fi: number,
  b: SampledLeg,
  fj: number,
  marginM: number,
  wants: (i0: number, i1: number, j0: number, j1: number) => boolean,
  hit: (i: number, j: number) => void,
): void {
  const fineA = a.levels[1];
  const fineB = b.levels[1];
  const i0 = fi * fineA.span;
  const j0 = fj * fineB.span;
  const i1 = end(a, i0, fineA.span);
  const j1 = end(b, j0, fineB.span);
  if (!wants(i0, i1, j0, j1)) return;
  if (!ballsMeet(a, fineA.balls, fi, b, fineB.balls, fj, marginM)) return;
  for (let i = i0; i < i1; i += 1) {
    for (let j = j0; j < j1; j += 1) {
      if (!wants(i, i + 1, j, j + 1)) continue;
      if (cellsMeet(a, i, b, j, marginM)) hit(i, j);
    }
  }
}

/** Whether any two balls of two blocks come closer than the margin; groups that never move are not compared. */
function ballsMeet(
  a: SampledLeg,
  ballsA: Float32Array,
  bi: number,
  b: SampledLeg,
  ballsB: Float32Array,
  bj: number,
  marginM: number,
): boolean {
  const na = a.groups.length;
  const nb = b.groups.length;
  // From the tool inwards: what reaches farthest meets first.
  for (let g = na - 1; g >= 0; g -= 1) {
    const p = (bi * na + g) * 4;
    const x = ballsA[p];
    const y = ballsA[p + 1];
    const z = ballsA[p + 2];
    const r = ballsA[p + 3] + marginM;
    const fixed = a.groups[g].joint < 0;
    for (let h = nb - 1; h >= 0; h -= 1) {
      const q = (bj * nb + h) * 4;
      const dx = x - ballsB[q];
      const dy = y - ballsB[q + 1];
      const dz = z - ballsB[q + 2];
      const reach = r + ballsB[q + 3];
      if (dx * dx + dy * dy + dz * dz >= reach * reach) continue;
      if (!fixed || b.groups[h].joint >= 0) return true;
    }
  }
  return false;
}

/** Whether two cells may be closer than the margin anywhere in them. */
export function cellsMeet(a: SampledLeg, i: number, b: SampledLeg, j: number, marginM: number): boolean {
  const na = a.groups.length;
  const nb = b.groups.length;
  const ea = a.ends;
  const eb = b.ends;
  const atA = i * a.stride;
  const atB = j * b.stride;
  for (let g = na - 1; g >= 0; g -= 1) {
    const ga = a.groups[g];
    const p = atA + ga.hull * ENDS;
    const x = ea[p] + ea[p + 3];
    const y = ea[p + 1] + ea[p + 4];
    const z = ea[p + 2] + ea[p + 5];
    const room = marginM + a.travel[i * na + g];
    for (let h = nb - 1; h >= 0; h -= 1) {
      const gb = b.groups[h];
      const q = atB + gb.hull * ENDS;
      const dx = x - eb[q] - eb[q + 3];
      const dy = y - eb[q + 1] - eb[q + 4];
      const dz = z - eb[q + 2] - eb[q + 5];
      const keep = room + b.travel[j * nb + h];
      // Twice the distance of the middles, so twice the reach.
      const reach = 2 * (keep + ga.reachM + gb.reachM);
      if (dx * dx + dy * dy + dz * dz >= reach * reach) continue;
      if (ga.joint < 0 && gb.joint < 0) continue;
      if (!closer(ea, p, eb, q, keep + ga.hullRadiusM + gb.hullRadiusM)) continue;
      if (partsMeet(a, g, p, b, h, q, keep)) return true;
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
