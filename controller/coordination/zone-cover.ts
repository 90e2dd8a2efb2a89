import type { ArmModel, Zone } from '../domain/cell.ts';

/** Prefix of the ids of zones that stand for space which the cell's own zones leave open. */
export const OPEN_SPACE = 'open';

/**
 * The space that arms reach and that no zone covers, as zones of its own, so that arms in disjoint zones keep their
 * distance whatever zones a cell file draws. Cut along the edges of the given zones, strips put together; empty for
 * zones that tile the cell.
 */
export function openSpace(zones: readonly Zone[], arms: readonly ArmModel[]): Zone[] {
  if (zones.length === 0 || arms.length === 0) return [];
  const [min, max] = reachBounds(arms);
  const edges = [0, 1].map((k) => {
    const inside = zones
      .flatMap((zone) => [zone.minM[k], zone.maxM[k]])
      .filter((v) => v > min[k] && v < max[k]);
    return [...new Set([min[k], ...inside, max[k]])].sort((a, b) => a - b);
  });
  const [xs, ys] = edges;
  const open: Zone[] = [];
  for (let j = 0; j + 1 < ys.length; j += 1) {
    let from = -1;
    for (let i = 0; i < xs.length; i += 1) {
      const isOpen = i + 1 < xs.length && !isCovered(zones, (xs[i] + xs[i + 1]) / 2, (ys[j] + ys[j + 1]) / 2);
      if (isOpen && from < 0) from = i;
      if (isOpen || from < 0) continue;
      open.push({
        id: `${OPEN_SPACE}-${open.length + 1}`,
        minM: [xs[from], ys[j]],
        maxM: [xs[i], ys[j + 1]],
      });
      from = -1;
    }
  }
  return open.filter((zone) => zone.maxM[0] - zone.minM[0] > SEAM_M && zone.maxM[1] - zone.minM[1] > SEAM_M);
}

/** A gap narrower than this between two zones is a seam, not space, m: no point of an arm fits in unseen. */
const SEAM_M = 1e-6;

function isCovered(zones: readonly Zone[], x: number, y: number): boolean {
  return zones.some((zone) => x > zone.minM[0] && x < zone.maxM[0] && y > zone.minM[1] && y < zone.maxM[1]);
}

/** Bounds of everything that any of the arms can touch, with a rim; what lies beyond needs no zone. */
export function reachBounds(arms: readonly ArmModel[]): readonly [[number, number], [number, number]] {
  const min: [number, number] = [Infinity, Infinity];
  const max: [number, number] = [-Infinity, -Infinity];
  for (const arm of arms) {
    const reach = armReachM(arm);
    for (const k of [0, 1]) {
      min[k] = Math.min(min[k], arm.X_WB.positionM[k] - reach);
      max[k] = Math.max(max[k], arm.X_WB.positionM[k] + reach);
    }
  }
  return [min, max];
}

/** No point of the arm, its tool or a carried item is ever farther from its base's origin than this, m. */
function armReachM(arm: ArmModel): number {
  const { joints, X_JF, tool, capsules } = arm.manipulator;
  const length = (v: readonly [number, number, number]): number =>
    Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  let chain = length(X_JF.positionM) + length(tool.X_FT.positionM);
  for (const joint of joints) {
    chain += length(joint.X_PJ.positionM);
    if (joint.kind === 'prismatic')
      chain += Math.max(Math.abs(joint.limits.lower), Math.abs(joint.limits.upper));
  }
  let widest = 0;
  for (const capsule of [...capsules, ...tool.capsules]) {
    widest = Math.max(widest, Math.max(length(capsule.p), length(capsule.q)) + capsule.radiusM);
  }
  return chain + widest + ITEM_REACH_M;
}

/** Farthest point of the largest item any tool here carries from the tip, m. */
const ITEM_REACH_M = 1;
