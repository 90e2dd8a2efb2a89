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
  /** Per cell the one in which the arm can rest at the latest when it begins to brake there, and which is still in time. */
  readonly stopCells: Int32Array;
  readonly brakeCells: Int32Array;
  /** World bounds of all of it, least x y z and greatest x y z, m. */
  readonly bounds: readonly number[];
  /** The same per group, 6 values each. */
  readonly groupBounds: Float32Array;
  /** Per group where its hull is in a cell's ends. */
  readonly hullOffsets: Int32Array;
  /** Per group, m. */
  readonly hullRadiiM: Float32Array;
  readonly reachesM: Float32Array;
  /**
   * The same arm in fewer, larger bodies: each long link's hull, and a ball around all the others. Ends per cell and
   * body, `ENDS` values each; radius and half length with radius per body, m.
   */
  readonly coarseEnds: Float32Array;
  readonly coarseRadiiM: Float32Array;
  readonly coarseReachesM: Float32Array;
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
  /** Per block and coarse body, m. */
  readonly coarseTravel: Float32Array;
}

/** Cells of the coarser blocks. */
const SPANS = [32, 8, 2] as const;

/** What storing positions in 32 bits may lose, m, for arms within 16 m of the origin. */
const ROUNDING_M = 2e-6;

/**
 * Samples a leg.
 *
 * @param stepUs progress between cells: finer is more exact and costs more
 * @param stopCells per cell the one in which the arm rests when it begins to brake there; not decreasing
 */
export function sampleLeg(
  shape: ArmShape,
  trajectory: JointTrajectory,
  stepUs: number,
  stopCells: Int32Array,
): SampledLeg {
  const bounds = boundMotion(trajectory);
  const { durationUs } = bounds;
  const cells = cellCount(durationUs, stepUs);
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
    for (let v = 0, to = k * stride; v < stride; v += 1, to += 1) ends[to] = shape.world[v];
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
  return completed({
    armId,
    stepUs,
    durationUs,
    cells,
    groups: shape.groups,
    stride,
    ends,
    travel,
    stopCells,
  });
}

/** An arm that stands still, as a leg of one cell. */
export function sampleStand(shape: ArmShape, q: readonly number[], stepUs: number): SampledLeg {
  const still = q.map(() => 0);
  return sampleLeg(
    shape,
    { timesUs: [0], positions: [q], velocities: [still], accelerations: [still] },
    stepUs,
    Int32Array.of(0),
  );
}

/** How many cells a leg has. */
export function cellCount(durationUs: number, stepUs: number): number {
  return Math.max(1, Math.ceil(durationUs / stepUs - 1e-9) + 1);
}

/** Per cell the first from which braking still rests in it. */
function brakeCellsOf(stopCells: Int32Array): Int32Array {
  let first = 0;
  return stopCells.map((_, cell) => {
    while (stopCells[first] < cell && first < cell) first += 1;
    return first;
  });
}

/** Adds what follows from the cells. */
export function completed(row: Row): SampledLeg {
  const coarse = coarseOf(row);
  const groupBounds = groupBoundsOf(row);
  return {
    ...row,
    ...coarse,
    brakeCells: brakeCellsOf(row.stopCells),
    bounds: boundsOf(groupBounds),
    groupBounds,
    hullOffsets: Int32Array.from(row.groups, (group) => group.hull * ENDS),
    hullRadiiM: Float32Array.from(row.groups, (group) => group.hullRadiusM),
    reachesM: Float32Array.from(row.groups, (group) => group.reachM + ROUNDING_M),
    levels: levelsOf(row, coarse),
  };
}

type Row = Omit<
  SampledLeg,
  | 'levels'
  | 'bounds'
  | 'groupBounds'
  | 'brakeCells'
  | 'hullOffsets'
  | 'hullRadiiM'
  | 'reachesM'
  | keyof Coarse
>;

type Coarse = Pick<SampledLeg, 'coarseEnds' | 'coarseRadiiM' | 'coarseReachesM'>;

/** A link whose hull reaches farther than this from its middle is a body of its own, m. */
const LONG_LINK_M = 0.25;

function coarseOf({ cells, groups, stride, ends }: Row): Coarse {
  const long = groups.filter((group) => group.reachM > LONG_LINK_M);
  const short = groups.filter((group) => group.reachM <= LONG_LINK_M);
  const bodies = long.length + (short.length > 0 ? 1 : 0);
  const coarseEnds = new Float32Array(cells * bodies * ENDS);
  let ballM = 0;
  for (let k = 0; k < cells; k += 1) {
    long.forEach(({ hull }, b) => {
      const from = k * stride + hull * ENDS;
      const to = (k * bodies + b) * ENDS;
      for (let v = 0; v < ENDS; v += 1) coarseEnds[to + v] = ends[from + v];
    });
    if (short.length === 0) continue;
    const to = (k * bodies + long.length) * ENDS;
    for (let axis = 0; axis < 3; axis += 1) {
      let [least, most] = [Infinity, -Infinity];
      for (const { hull } of short) {
        const c = k * stride + hull * ENDS + axis;
        least = Math.min(least, ends[c], ends[c + 3]);
        most = Math.max(most, ends[c], ends[c + 3]);
      }
      coarseEnds[to + axis] = (least + most) / 2;
      coarseEnds[to + 3 + axis] = coarseEnds[to + axis];
    }
    for (const { hull, hullRadiusM } of short) {
      const c = k * stride + hull * ENDS;
      for (const end of [c, c + 3]) {
        const x = ends[end] - coarseEnds[to];
        const y = ends[end + 1] - coarseEnds[to + 1];
        const z = ends[end + 2] - coarseEnds[to + 2];
        ballM = Math.max(ballM, Math.sqrt(x * x + y * y + z * z) + hullRadiusM);
      }
    }
  }
  const radii = long.map((group) => group.hullRadiusM);
  const reaches = long.map((group) => group.reachM + ROUNDING_M);
  if (short.length > 0) {
    radii.push(ballM + ROUNDING_M);
    reaches.push(ballM + ROUNDING_M);
  }
  return {
    coarseEnds,
    coarseRadiiM: Float32Array.from(radii),
    coarseReachesM: Float32Array.from(reaches),
  };
}

/** Bounds of every group all along: least x y z and greatest x y z, m. */
function groupBoundsOf({ cells, groups, stride, ends, travel }: Row): Float32Array {
  const bounds = new Float32Array(6 * groups.length);
  for (let g = 0; g < groups.length; g += 1) {
    const { hull, hullRadiusM } = groups[g];
    for (let axis = 0; axis < 3; axis += 1) {
      let [least, most] = [Infinity, -Infinity];
      for (let k = 0; k < cells; k += 1) {
        const grow = hullRadiusM + travel[k * groups.length + g] + ROUNDING_M;
        const c = k * stride + hull * ENDS + axis;
        least = Math.min(least, ends[c] - grow, ends[c + 3] - grow);
        most = Math.max(most, ends[c] + grow, ends[c + 3] + grow);
      }
      bounds[6 * g + axis] = least - ROUNDING_M;
      bounds[6 * g + 3 + axis] = most + ROUNDING_M;
    }
  }
  return bounds;
}

function boundsOf(groupBounds: Float32Array): number[] {
  return [0, 1, 2, 3, 4, 5].map((k) => {
    const values = groupBounds.filter((_, n) => n % 6 === k);
    return k < 3 ? Math.min(...values) : Math.max(...values);
  });
}

function levelsOf(row: Row, { coarseEnds, coarseRadiiM }: Coarse): LegLevel[] {
  const { cells, groups, stride, ends, travel } = row;
  const count = groups.length;
  const bodies = coarseRadiiM.length;
  const hulls = Int32Array.from(groups, (group) => group.hull * ENDS);
  const evenly = Int32Array.from(coarseRadiiM, (_, b) => b * ENDS);
  // A ball around several links goes as far as the one of them that goes farthest.
  const bodyTravel = new Float32Array(cells * bodies);
  for (let k = 0; k < cells; k += 1) {
    let most = 0;
    for (let g = 0; g < count; g += 1) most = Math.max(most, travel[k * count + g]);
    for (let b = 0; b < bodies; b += 1) bodyTravel[k * bodies + b] = most;
  }
  return [...SPANS, 1].map((span): LegLevel => {
    const blocks = Math.ceil(cells / span);
    const middles = Int32Array.from({ length: blocks }, (_, b) => {
      return (b * span + Math.min(cells, (b + 1) * span) - 1) >> 1;
    });
    if (span === 1) return { span, count: blocks, middles, travel, coarseTravel: bodyTravel };
    return {
      span,
      count: blocks,
      middles,
      travel: blockTravel(span, middles, cells, ends, stride, hulls, travel),
      coarseTravel: blockTravel(span, middles, cells, coarseEnds, bodies * ENDS, evenly, bodyTravel),
    };
  });
}

/** Per block and body how far it gets from where it is in the middle cell, m. */
function blockTravel(
  span: number,
  middles: Int32Array,
  cells: number,
  ends: Float32Array,
  stride: number,
  offsets: Int32Array,
  travel: Float32Array,
): Float32Array {
  const count = offsets.length;
  const most = new Float32Array(middles.length * count);
  for (let b = 0; b < middles.length; b += 1) {
    const last = Math.min(cells, (b + 1) * span) - 1;
    for (let g = 0; g < count; g += 1) {
      const m = middles[b] * stride + offsets[g];
      let far = 0;
      for (let k = b * span; k <= last; k += 1) {
        const c = k * stride + offsets[g];
        // A capsule moves by no more than the end of its axis that moves most.
        const moved = Math.max(apart(ends, c, m), apart(ends, c + 3, m + 3)) + travel[k * count + g];
        if (moved > far) far = moved;
      }
      most[b * count + g] = far + ROUNDING_M;
    }
  }
  return most;
}

function apart(ends: Float32Array, p: number, q: number): number {
  const x = ends[p] - ends[q];
  const y = ends[p + 1] - ends[q + 1];
  const z = ends[p + 2] - ends[q + 2];
  return Math.sqrt(x * x + y * y + z * z);
}
