import { boxBoxSeparation } from '../geometry/box-separation.ts';
import { BOX_STRIDE, capsuleBox, capsuleCapsule, capsuleCylinder } from '../geometry/distance.ts';

/** What a thing that stands still is; a query names the groups it is about as a sum of these bits. */
export const GROUP_OBSTACLE = 1;
export const GROUP_ARM = 2;
export const GROUP_KEEP_OUT = 4;
export const GROUP_ALL = 7;

/** One convex solid that stands still, laid out as in `geometry/distance.ts`. */
export interface StaticThing {
  readonly name: string;
  readonly group: number;
  readonly kind: 'box' | 'capsule' | 'cylinder';
  readonly values: Float64Array;
  /** Distance to be kept, m; the set answers distances less this. */
  readonly marginM: number;
}

/** Things that stand still, with a bounding-volume tree over them. Plain data but for `lastHit`. */
export interface StaticSet {
  readonly things: readonly StaticThing[];
  /** Bounds of each thing grown by its margin, in tree order: min x y z, max x y z. */
  readonly bounds: Float64Array;
  readonly kinds: Uint8Array;
  readonly groups: Uint8Array;
  readonly margins: Float64Array;
  readonly offsets: Int32Array;
  readonly values: Float64Array;
  /** Boxes that stand for cylinders where only box tests exist. */
  readonly boxes: Float64Array;
  /** Tree nodes in depth-first order: bounds, and the node to go on with when they are missed. */
  readonly nodeBounds: Float64Array;
  readonly nodeSkip: Int32Array;
  readonly nodeFirst: Int32Array;
  readonly nodeCount: Int32Array;
  /** Index into `things` of the nearest thing found by the last query that found one. */
  lastHit: number;
}

const KIND_BOX = 0;
const KIND_CAPSULE = 1;
const KIND_CYLINDER = 2;
const LEAF_SIZE = 4;

/** Sorts things into a tree by halving along the longest side of their centres' bounds. */
export function compileStatics(unordered: readonly StaticThing[]): StaticSet {
  const limits = unordered.map(boundsOf);
  const order = unordered.map((_, i) => i);
  const nodes: { bounds: number[]; skip: number; first: number; count: number }[] = [];
  const split = (from: number, to: number): void => {
    const node = {
      bounds: unite(order.slice(from, to).map((i) => limits[i])),
      skip: 0,
      first: from,
      count: 0,
    };
    nodes.push(node);
    if (to - from <= LEAF_SIZE) {
      node.count = to - from;
    } else {
      const centres = [0, 1, 2].map((k) => order.slice(from, to).map((i) => limits[i][k] + limits[i][k + 3]));
      const spans = centres.map((c) => Math.max(...c) - Math.min(...c));
      const axis = spans.indexOf(Math.max(...spans));
      const part = order
        .slice(from, to)
        .sort(
          (a, b) => limits[a][axis] + limits[a][axis + 3] - limits[b][axis] - limits[b][axis + 3] || a - b,
        );
      part.forEach((i, n) => (order[from + n] = i));
      const middle = (from + to) >> 1;
      split(from, middle);
      split(middle, to);
    }
    node.skip = nodes.length;
  };
  if (unordered.length > 0) split(0, unordered.length);
  const things = order.map((i) => unordered[i]);
  const offsets = new Int32Array(things.length);
  let size = 0;
  things.forEach((thing, i) => {
    offsets[i] = size;
    size += thing.values.length;
  });
  const set: StaticSet = {
    things,
    bounds: Float64Array.from(order.flatMap((i) => limits[i])),
    kinds: Uint8Array.from(things, (t) => (t.kind === 'box' ? KIND_BOX : t.kind === 'capsule' ? KIND_CAPSULE : KIND_CYLINDER)), // prettier-ignore
    groups: Uint8Array.from(things, (t) => t.group),
    margins: Float64Array.from(things, (t) => t.marginM),
    offsets,
    values: new Float64Array(size),
    boxes: new Float64Array(things.length * BOX_STRIDE),
    nodeBounds: Float64Array.from(nodes.flatMap((n) => n.bounds)),
    nodeSkip: Int32Array.from(nodes, (n) => n.skip),
    nodeFirst: Int32Array.from(nodes, (n) => n.first),
    nodeCount: Int32Array.from(nodes, (n) => n.count),
    lastHit: -1,
  };
  things.forEach((thing, i) => {
    set.values.set(thing.values, offsets[i]);
    if (thing.kind === 'cylinder') set.boxes.set(boxAroundCylinder(thing.values), i * BOX_STRIDE);
  });
  return set;
}

/** Bounds of a thing grown by its margin. */
function boundsOf(thing: StaticThing): number[] {
  const v = thing.values;
  const grow = thing.marginM;
  if (thing.kind === 'capsule') {
    const r = v[6] + grow;
    return [0, 1, 2, 3, 4, 5].map((k) =>
      k < 3 ? Math.min(v[k], v[k + 3]) - r : Math.max(v[k - 3], v[k]) + r,
    );
  }
  const box = thing.kind === 'box' ? v : boxAroundCylinder(v);
  const half = [0, 1, 2].map(
    (k) =>
      Math.abs(box[3 * k]) * box[12] +
      Math.abs(box[3 * k + 1]) * box[13] +
      Math.abs(box[3 * k + 2]) * box[14],
  );
  return [...half.map((h, k) => box[9 + k] - h - grow), ...half.map((h, k) => box[9 + k] + h + grow)];
}

function unite(all: readonly number[][]): number[] {
  return [0, 1, 2, 3, 4, 5].map((k) =>
    k < 3 ? Math.min(...all.map((b) => b[k])) : Math.max(...all.map((b) => b[k])),
  );
}

function boxAroundCylinder(v: Float64Array): Float64Array {
  const [nx, ny, nz] = [v[0], v[1], v[2]];
  // Any axis that is not parallel to the cylinder's.
  const [hx, hy, hz] = Math.abs(nx) < 0.6 ? [1, 0, 0] : [0, 1, 0];
  let ux = ny * hz - nz * hy;
  let uy = nz * hx - nx * hz;
  let uz = nx * hy - ny * hx;
  const length = Math.sqrt(ux * ux + uy * uy + uz * uz);
  ux /= length;
  uy /= length;
  uz /= length;
  const wx = ny * uz - nz * uy;
  const wy = nz * ux - nx * uz;
  const wz = nx * uy - ny * ux;
  return Float64Array.of(ux, wx, nx, uy, wy, ny, uz, wz, nz, v[3], v[4], v[5], v[6], v[6], v[7]);
}

/**
 * Least distance, less the thing's margin, between a capsule and the things of the groups in `mask`; `capM` when
 * nothing is nearer than that. The value is exact for boxes and capsules, and a lower bound for cylinders.
 */
export function nearestToCapsule(
  set: StaticSet,
  capsules: Float64Array,
  at: number,
  mask: number,
  capM: number,
): number {
  const px = capsules[at];
  const py = capsules[at + 1];
  const pz = capsules[at + 2];
  const qx = capsules[at + 3];
  const qy = capsules[at + 4];
  const qz = capsules[at + 5];
  const reach = capsules[at + 6] + capM;
  return walk(
    set,
    capsules,
    at,
    KIND_CAPSULE,
    mask,
    capM,
    (px < qx ? px : qx) - reach,
    (py < qy ? py : qy) - reach,
    (pz < qz ? pz : qz) - reach,
    (px > qx ? px : qx) + reach,
    (py > qy ? py : qy) + reach,
    (pz > qz ? pz : qz) + reach,
  );
}

/** The same for an oriented box; the value is a lower bound of the distance, with the right sign. */
export function nearestToBox(
  set: StaticSet,
  boxes: Float64Array,
  at: number,
  mask: number,
  capM: number,
): number {
  const hx = boxes[at + 12];
  const hy = boxes[at + 13];
  const hz = boxes[at + 14];
  const ex = Math.abs(boxes[at]) * hx + Math.abs(boxes[at + 1]) * hy + Math.abs(boxes[at + 2]) * hz + capM;
  const ey =
    Math.abs(boxes[at + 3]) * hx + Math.abs(boxes[at + 4]) * hy + Math.abs(boxes[at + 5]) * hz + capM;
  const ez =
    Math.abs(boxes[at + 6]) * hx + Math.abs(boxes[at + 7]) * hy + Math.abs(boxes[at + 8]) * hz + capM;
  const x = boxes[at + 9];
  const y = boxes[at + 10];
  const z = boxes[at + 11];
  return walk(set, boxes, at, KIND_BOX, mask, capM, x - ex, y - ey, z - ez, x + ex, y + ey, z + ez);
}

function walk(
  set: StaticSet,
  shape: Float64Array,
  at: number,
  shapeKind: number,
  mask: number,
  capM: number,
  x0: number,
  y0: number,
  z0: number,
  x1: number,
  y1: number,
  z1: number,
): number {
  const { nodeBounds, nodeSkip, nodeFirst, nodeCount, bounds, groups, kinds, offsets, values, margins } = set;
  let least = capM;
  let node = 0;
  while (node < nodeSkip.length) {
    const b = node * 6;
    if (
      nodeBounds[b] > x1 ||
      nodeBounds[b + 3] < x0 ||
      nodeBounds[b + 1] > y1 ||
      nodeBounds[b + 4] < y0 ||
      nodeBounds[b + 2] > z1 ||
      nodeBounds[b + 5] < z0
    ) {
      node = nodeSkip[node];
      continue;
    }
    const count = nodeCount[node];
    const first = nodeFirst[node];
    for (let i = first; i < first + count; i += 1) {
      const t = i * 6;
      if (
        (groups[i] & mask) === 0 ||
        bounds[t] > x1 ||
        bounds[t + 3] < x0 ||
        bounds[t + 1] > y1 ||
        bounds[t + 4] < y0 ||
        bounds[t + 2] > z1 ||
        bounds[t + 5] < z0
      ) {
        continue;
      }
      let distance: number;
      if (kinds[i] === KIND_BOX) {
        distance =
          shapeKind === KIND_BOX
            ? boxBoxSeparation(shape, at, values, offsets[i])
            : capsuleBox(shape, at, values, offsets[i]);
      } else if (kinds[i] === KIND_CAPSULE) {
        distance =
          shapeKind === KIND_BOX
            ? capsuleBox(values, offsets[i], shape, at)
            : capsuleCapsule(shape, at, values, offsets[i]);
      } else {
        distance =
          shapeKind === KIND_BOX
            ? boxBoxSeparation(shape, at, set.boxes, i * BOX_STRIDE)
            : capsuleCylinder(shape, at, values, offsets[i]);
      }
      distance -= margins[i];
      if (distance < least) {
        // What is farther than this no longer matters.
        const nearer = least - distance;
        x0 += nearer;
        y0 += nearer;
        z0 += nearer;
        x1 -= nearer;
        y1 -= nearer;
        z1 -= nearer;
        least = distance;
        set.lastHit = i;
      }
    }
    node += 1;
  }
  return least;
}
