import { addTravel, boundMotion, pieceAt, positionsAt } from '../../arms/planning/motion-bounds.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import type { ArmShape, ShapeGroup } from './arm-shape.ts';
import { ENDS, placeShape, writeGroupTravel } from './arm-shape.ts';

/**
 * One leg's motion as a row of cells over its progress. Cell k stands for all progress within half a step of
 * `k * stepUs`; in it lie the capsules at that instant, and per group how far any of its points may be from there
 * anywhere in the cell. So what is proven of cells holds for every progress in between. Plain data: it may be cached
 * and shared by everything that asks about the leg.
 */
export interface SampledLeg {
  readonly armId: string;
  readonly stepUs: number;
  readonly durationUs: number;
  readonly cells: number;
  readonly groups: readonly ShapeGroup[];
  /** Values per cell in `ends`. */
  readonly stride: number;
  readonly ends: Float32Array;
  /** Per cell and group, m. */
  readonly travel: Float32Array;
  /** Coarser rows, each of `span` cells: a ball around everything a group does within them. Coarsest first. */
  readonly levels: readonly LegLevel[];
}

export interface LegLevel {
  readonly span: number;
  readonly count: number;
  /** Per block and group: centre and radius, m. */
  readonly balls: Float32Array;
}

/** Cells of the coarser rows. */
const SPANS = [16, 4] as const;

/** What storing positions in 32 bits may lose, m, for arms within 16 m of the origin. */
const ROUNDING_M = 2e-6;

/**
 * Samples a leg.
 *
 * @param stepUs progress between cells: finer is more exact and costs more
 */
export function sampleLeg(shape: ArmShape, trajectory: JointTrajectory, stepUs: number): SampledLeg {
  const bounds = boundMotion(trajectory);
  const { durationUs } = bounds;
  const cells = Math.max(1, Math.ceil(durationUs / stepUs - 1e-9) + 1);
  const stride = shape.capsules * ENDS;
  const groups = shape.groups.length;
  const ends = new Float32Array(cells * stride);
  const travel = new Float32Array(cells * groups);
  const joints = bounds.jointCount;
  const q = new Float64Array(joints);
  const before = new Float64Array(joints);
  const after = new Float64Array(joints);
  const most = new Float64Array(groups);
  let piece = 0;
  for (let k = 0; k < cells; k += 1) {
    const atUs = Math.min(k * stepUs, durationUs);
    piece = positionsAt(bounds, atUs, piece, q);
    placeShape(shape, q);
    ends.set(shape.world, k * stride);
    const fromUs = Math.max(0, (k - 0.5) * stepUs);
    const untilUs = Math.min(durationUs, (k + 0.5) * stepUs);
    before.fill(0);
    after.fill(0);
    if (fromUs < atUs) {
      addTravel(bounds, fromUs, atUs, pieceAt(trajectory.timesUs, fromUs, piece), before);
    }
    if (untilUs > atUs) addTravel(bounds, atUs, untilUs, piece, after);
    for (let j = 0; j < joints; j += 1) if (after[j] > before[j]) before[j] = after[j];
    writeGroupTravel(shape, before, most);
    for (let g = 0; g < groups; g += 1) travel[k * groups + g] = most[g] + ROUNDING_M;
  }
  const { armId } = shape;
  const row = { armId, stepUs, durationUs, cells, groups: shape.groups, stride, ends, travel };
  return { ...row, levels: levelsOf(row) };
}

/** An arm that stands still, as a leg of one cell. */
export function sampleStand(shape: ArmShape, q: readonly number[], stepUs: number): SampledLeg {
  const still = q.map(() => 0);
  return sampleLeg(
    shape,
    { timesUs: [0], positions: [q], velocities: [still], accelerations: [still] },
    stepUs,
  );
}

/** The coarser rows over the cells of a leg. */
export function levelsOf(row: Omit<SampledLeg, 'levels'>): LegLevel[] {
  const { cells, groups, stride, ends, travel } = row;
  const count = groups.length;
  return SPANS.map((span): LegLevel => {
    const blocks = Math.ceil(cells / span);
    const balls = new Float32Array(blocks * count * 4);
    for (let b = 0; b < blocks; b += 1) {
      const first = b * span;
      const last = Math.min(cells, first + span) - 1;
      const middle = (first + last) >> 1;
      for (let g = 0; g < count; g += 1) {
        const { hull, reachM } = groups[g];
        const m = middle * stride + hull * ENDS;
        const x = (ends[m] + ends[m + 3]) / 2;
        const y = (ends[m + 1] + ends[m + 4]) / 2;
        const z = (ends[m + 2] + ends[m + 5]) / 2;
        let radius = 0;
        for (let k = first; k <= last; k += 1) {
          const c = k * stride + hull * ENDS;
          const dx = (ends[c] + ends[c + 3]) / 2 - x;
          const dy = (ends[c + 1] + ends[c + 4]) / 2 - y;
          const dz = (ends[c + 2] + ends[c + 5]) / 2 - z;
          const far = Math.sqrt(dx * dx + dy * dy + dz * dz) + travel[k * count + g];
          if (far > radius) radius = far;
        }
        balls.set([x, y, z, radius + reachM + ROUNDING_M], (b * count + g) * 4);
      }
    }
    return { span, count: blocks, balls };
  });
}
