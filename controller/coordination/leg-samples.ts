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
  /** World bounds of all of it, least x y z and greatest x y z, m. */
  readonly bounds: readonly number[];
  /** Per group where its hull is in a cell's ends. */
  readonly hullOffsets: Int32Array;
  /** Per group, m. */
  readonly hullRadiiM: Float32Array;
  readonly reachesM: Float32Array;
  /** Rows of blocks, coarsest first; the last has one cell per block. */
  readonly levels: readonly LegLevel[];
}

/** Blocks of `span` cells each. */
export interface LegLevel {
  readonly span: number;
  readonly count: number;
  /** The cell in the middle of each block: everything a group does in the block is within `travel` of its hull there. */
  readonly middles: Int32Array;
  /** Per block and group, m. */
  readonly travel: Float32Array;
}

/** Cells of the coarser blocks. */
const SPANS = [32, 8, 2] as const;

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
  return completed({ armId, stepUs, durationUs, cells, groups: shape.groups, stride, ends, travel });
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

/** Adds what follows from the cells. */
export function completed(row: Row): SampledLeg {
  return {
    ...row,
    bounds: boundsOf(row),
    hullOffsets: Int32Array.from(row.groups, (group) => group.hull * ENDS),
    hullRadiiM: Float32Array.from(row.groups, (group) => group.hullRadiusM),
    reachesM: Float32Array.from(row.groups, (group) => group.reachM + ROUNDING_M),
    levels: levelsOf(row),
  };
}

type Row = Omit<SampledLeg, 'levels' | 'bounds' | 'hullOffsets' | 'hullRadiiM' | 'reachesM'>;

function boundsOf({ cells, groups, stride, ends, travel }: Row): number[] {
  const bounds = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
  for (let k = 0; k < cells; k += 1) {
    for (let g = 0; g < groups.length; g += 1) {
      const { hull, hullRadiusM } = groups[g];
      const grow = hullRadiusM + travel[k * groups.length + g] + ROUNDING_M;
      const c = k * stride + hull * ENDS;
      for (let axis = 0; axis < 3; axis += 1) {
        const p = ends[c + axis];
        const q = ends[c + 3 + axis];
        bounds[axis] = Math.min(bounds[axis], p - grow, q - grow);
        bounds[3 + axis] = Math.max(bounds[3 + axis], p + grow, q + grow);
      }
    }
  }
  return bounds;
}

function levelsOf(row: Row): LegLevel[] {
  const { cells, groups, stride, ends, travel } = row;
  const count = groups.length;
  const coarse = SPANS.map((span): LegLevel => {
    const blocks = Math.ceil(cells / span);
    const middles = new Int32Array(blocks);
    const most = new Float32Array(blocks * count);
    for (let b = 0; b < blocks; b += 1) {
      const first = b * span;
      const last = Math.min(cells, first + span) - 1;
      const middle = (first + last) >> 1;
      middles[b] = middle;
      for (let g = 0; g < count; g += 1) {
        const m = middle * stride + groups[g].hull * ENDS;
        let far = 0;
        for (let k = first; k <= last; k += 1) {
          const c = k * stride + groups[g].hull * ENDS;
          // A capsule moves by no more than the end of its axis that moves most.
          const moved = Math.max(apart(ends, c, m), apart(ends, c + 3, m + 3)) + travel[k * count + g];
          if (moved > far) far = moved;
        }
        most[b * count + g] = far + ROUNDING_M;
      }
    }
    return { span, count: blocks, middles, travel: most };
  });
  const single = { span: 1, count: cells, middles: Int32Array.from({ length: cells }, (_, k) => k), travel };
  return [...coarse, single];
}

function apart(ends: Float32Array, p: number, q: number): number {
  const x = ends[p] - ends[q];
  const y = ends[p + 1] - ends[q + 1];
  const z = ends[p + 2] - ends[q + 2];
  return Math.sqrt(x * x + y * y + z * z);
}
