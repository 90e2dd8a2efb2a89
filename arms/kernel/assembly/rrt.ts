// RRT-Connect (Kuffner, LaValle 2000), all of it here: nearest neighbours, edges, trees.
import {
  EXHAUSTED,
  NO_GOAL_FREE,
  R_BLOCKS,
  R_ENDS,
  R_GOAL,
  R_GOAL_COUNT,
  R_ITERATIONS,
  R_ITERATIONS_DONE,
  R_LOWER,
  R_NODES,
  R_PARENTS,
  R_PATH,
  R_PATH_COUNT,
  R_SCRATCH,
  R_SEED,
  R_STEP,
  R_TREES,
  R_UPPER,
  R_WEIGHTS,
  S_JOINT_COUNT,
  SOLVED,
  SP_COUNT,
  SP_JOINT_COUNT,
  START_NOT_FREE,
} from './layout';
import { blocksChecked, checkLine, checkLineFromFree } from './motion';
import { splat } from './place';
import { offsetAt, sceneAt } from './space';

// The generator sfc32, as in `arms/geometry/random.ts`.
let a: i32 = 0;
let b: i32 = 0;
let c: i32 = 0;
let counter: i32 = 0;

function next(): i32 {
  const sum = a + b + counter;
  counter++;
  a = b ^ (b >>> 9);
  b = c + (c << 3);
  c = rotl<i32>(c, 21) + sum;
  return sum;
}

function seedWith(seed: i32): void {
  a = 0x9e3779b9;
  b = 0x243f6a88;
  c = seed;
  counter = 1;
  for (let i = 0; i < 15; i++) next();
}

/** Uniform in [0, 1). */
function uniform(): f32 {
  return <f32>(next() >>> 8) * (1 / 16777216.0);
}

let space: usize = 0;
let request: usize = 0;
let n: i32 = 0;
let counts = memory.data(8, 16);

// @ts-ignore: decorator
@inline
function countOf(tree: i32): i32 {
  return load<i32>(counts + 4 * <usize>tree);
}

/** Address of joint 0 of a node; the next joint lies 32 bytes on. */
// @ts-ignore: decorator
@inline
function nodeAt(tree: i32, node: i32): usize {
  const nodes = load<usize>(request + 4 * <usize>tree, R_TREES);
  return nodes + <usize>(node >> 3) * (<usize>n * 32) + <usize>(node & 7) * 4;
}

function addNode(tree: i32, q: usize, parent: i32): i32 {
  const node = countOf(tree);
  const at = nodeAt(tree, node);
  for (let j: usize = 0; j < <usize>n; j++) store<f32>(at + 32 * j, load<f32>(q + 4 * j));
  store<i32>(load<usize>(request + 4 * <usize>tree, R_PARENTS) + 4 * <usize>node, parent);
  store<i32>(counts + 4 * <usize>tree, node + 1);
  return node;
}

function copyNode(tree: i32, node: i32, q: usize): void {
  const at = nodeAt(tree, node);
  for (let j: usize = 0; j < <usize>n; j++) store<f32>(q + 4 * j, load<f32>(at + 32 * j));
}

const DISTANCES = memory.data(32, 16);

/** The node of least weighted Euclidean distance to `q`; of equal ones the first. */
function nearest(tree: i32, q: usize): i32 {
  const count = countOf(tree);
  const weights = load<usize>(request, R_WEIGHTS);
  let best: f32 = Infinity;
  let found = 0;
  let at = load<usize>(request + 4 * <usize>tree, R_TREES);
  for (let first = 0; first < count; first += 8) {
    let d0 = f32x4.splat(0);
    let d1 = d0;
    for (let j: usize = 0; j < <usize>n; j++) {
      const to = splat(q + 4 * j);
      const w = splat(weights + 4 * j);
      const x0 = f32x4.mul(f32x4.sub(v128.load(at), to), w);
      const x1 = f32x4.mul(f32x4.sub(v128.load(at, 16), to), w);
      d0 = f32x4.add(d0, f32x4.mul(x0, x0));
      d1 = f32x4.add(d1, f32x4.mul(x1, x1));
      at += 32;
    }
    if (!v128.any_true(f32x4.lt(f32x4.pmin(d0, d1), f32x4.splat(best)))) continue;
    v128.store(DISTANCES, d0);
    v128.store(DISTANCES, d1, 16);
    const last = min<i32>(8, count - first);
    for (let lane = 0; lane < last; lane++) {
      const d = load<f32>(DISTANCES + 4 * <usize>lane);
      if (d < best) {
        best = d;
        found = first + lane;
      }
    }
  }
  return found;
}

function distance(p: usize, q: usize): f32 {
  const weights = load<usize>(request, R_WEIGHTS);
  let sum: f32 = 0;
  for (let j: usize = 0; j < <usize>n; j++) {
    const x = (load<f32>(p + 4 * j) - load<f32>(q + 4 * j)) * load<f32>(weights + 4 * j);
    sum += x * x;
  }
  return sqrt<f32>(sum);
}

/** Did the last step come as far as it wanted? */
let hasArrived: bool = false;

/** Adds a node one step from `from` towards `q`; -1 when the way there is not free. */
function extend(tree: i32, from: i32, q: usize): i32 {
  const base = load<usize>(request, R_SCRATCH) + 4 * <usize>n;
  const goal = base + 4 * <usize>n;
  copyNode(tree, from, base);
  const whole = distance(base, q);
  const step = load<f32>(request, R_STEP);
  hasArrived = whole <= step;
  const share: f32 = hasArrived ? 1 : step / whole;
  for (let j: usize = 0; j < <usize>n; j++) {
    const start = load<f32>(base + 4 * j);
    const end = load<f32>(q + 4 * j);
    store<f32>(goal + 4 * j, hasArrived ? end : start + share * (end - start));
  }
  if (checkLineFromFree(space, base, goal) < 0) return addNode(tree, goal, from);
  return load<i32>(space, SP_COUNT) > 1 ? extendApart(tree, from, q) : -1;
}

/**
 * Lets one arm after the other go its own step towards `q`, and adds a node for each that can; -1 when none can. What
 * stops one of many arms does not stop the others.
 */
function extendApart(tree: i32, from: i32, q: usize): i32 {
  const here = load<usize>(request, R_SCRATCH) + 4 * <usize>n;
  const there = here + 4 * <usize>n;
  const weights = load<usize>(request, R_WEIGHTS);
  const step = load<f32>(request, R_STEP);
  const arms = load<i32>(space, SP_COUNT);
  const first = <i32>(<u32>next() % <u32>arms);
  let node = from;
  hasArrived = true;
  for (let i = 0; i < arms; i++) {
    const k = (first + i) % arms;
    const offset = offsetAt(space, k);
    const joints = load<i32>(sceneAt(space, k), S_JOINT_COUNT);
    let sum: f32 = 0;
    for (let j: usize = 0; j < <usize>joints; j++) {
      const at = offset + 4 * j;
      const x = (load<f32>(q + at) - load<f32>(here + at)) * load<f32>(weights + at);
      sum += x * x;
    }
    if (sum == 0) continue;
    const whole = sqrt<f32>(sum);
    const share: f32 = whole <= step ? 1 : step / whole;
    memory.copy(there, here, 4 * <usize>n);
    for (let j: usize = 0; j < <usize>joints; j++) {
      const at = offset + 4 * j;
      const start = load<f32>(here + at);
      const end = load<f32>(q + at);
      store<f32>(there + at, share == 1 ? end : start + share * (end - start));
    }
    if (countOf(tree) >= load<i32>(request, R_NODES) || checkLineFromFree(space, here, there) >= 0) {
      hasArrived = false;
      continue;
    }
    if (share < 1) hasArrived = false;
    node = addNode(tree, there, node);
    memory.copy(here, there, 4 * <usize>n);
  }
  return node == from ? -1 : node;
}

/** See `R_...` in the layout. */
export function planRrtConnect(theSpace: usize, theRequest: usize): i32 {
  space = theSpace;
  request = theRequest;
  n = load<i32>(space, SP_JOINT_COUNT);
  const blocksBefore = blocksChecked;
  const status = search();
  store<i32>(request, blocksChecked - blocksBefore, R_BLOCKS);
  return status;
}

function search(): i32 {
  const goalCount = load<i32>(request, R_GOAL_COUNT);
  const ends = load<usize>(request, R_ENDS);
  const row = <usize>n * 4;
  const sample = load<usize>(request, R_SCRATCH);
  seedWith(load<i32>(request, R_SEED));
  store<i32>(counts, 0);
  store<i32>(counts, 0, 4);
  store<i32>(request, 0, R_ITERATIONS_DONE);
  if (checkLine(space, ends, ends) >= 0) return START_NOT_FREE;
  addNode(0, ends, -1);
  // A root of the second tree has as its parent the number of its goal, counted down from -1.
  for (let k = 0; k < goalCount; k++) {
    const goal = ends + row * <usize>(k + 1);
    if (checkLine(space, goal, goal) >= 0) continue;
    addNode(1, goal, -1 - k);
    if (checkLine(space, ends, goal) < 0) return writePath(0, countOf(1) - 1);
  }
  if (countOf(1) == 0) return NO_GOAL_FREE;
  const iterations = load<i32>(request, R_ITERATIONS);
  const nodesMax = load<i32>(request, R_NODES);
  let tree = 0;
  for (let i = 0; i < iterations; i++) {
    store<i32>(request, i + 1, R_ITERATIONS_DONE);
    if (countOf(0) >= nodesMax || countOf(1) >= nodesMax) return EXHAUSTED;
    // The smaller tree grows.
    tree = countOf(0) <= countOf(1) ? 0 : 1;
    drawSample(tree, sample);
    const grown = extend(tree, nearest(tree, sample), sample);
    if (grown < 0) continue;
    copyNode(tree, grown, sample);
    const other = 1 - tree;
    let from = nearest(other, sample);
    while (countOf(other) < nodesMax) {
      from = extend(other, from, sample);
      if (from < 0) break;
      if (hasArrived) return tree == 0 ? writePath(grown, from) : writePath(from, grown);
    }
  }
  return EXHAUSTED;
}

/**
 * A random configuration. Of several arms each stays, every other time, where it is at some node of the tree: all of
 * them at random would hardly ever be free at once.
 */
function drawSample(tree: i32, sample: usize): void {
  const lower = load<usize>(request, R_LOWER);
  const upper = load<usize>(request, R_UPPER);
  const arms = load<i32>(space, SP_COUNT);
  if (arms > 1) copyNode(tree, <i32>(<u32>next() % <u32>countOf(tree)), sample);
  for (let k = 0; k < arms; k++) {
    if (arms > 1 && uniform() < 0.5) continue;
    const offset = offsetAt(space, k);
    const joints = load<i32>(sceneAt(space, k), S_JOINT_COUNT);
    for (let j: usize = 0; j < <usize>joints; j++) {
      const at = offset + 4 * j;
      const low = load<f32>(lower + at);
      store<f32>(sample + at, low + uniform() * (load<f32>(upper + at) - low));
    }
  }
}

/** Writes the path from the start through node `s` of the first tree and `g` of the second to a goal. */
function writePath(s: i32, g: i32): i32 {
  const row = <usize>n * 4;
  const path = load<usize>(request, R_PATH);
  const startParents = load<usize>(request, R_PARENTS);
  const goalParents = load<usize>(request + 4, R_PARENTS);
  let count = 0;
  for (let node = s; node >= 0; node = load<i32>(startParents + 4 * <usize>node)) count++;
  let at = path + row * <usize>count;
  for (let node = s; node >= 0; node = load<i32>(startParents + 4 * <usize>node)) {
    at -= row;
    copyNode(0, node, at);
  }
  // Where the trees met there are two nodes at the same place, unless one is a root of a direct way.
  at = path + row * <usize>count;
  let node = g;
  if (count > 0 && isSame(at - row, 1, g)) node = load<i32>(goalParents + 4 * <usize>g);
  while (node >= 0) {
    copyNode(1, node, at);
    at += row;
    count++;
    node = load<i32>(goalParents + 4 * <usize>node);
  }
  store<i32>(request, count, R_PATH_COUNT);
  store<i32>(request, -1 - node, R_GOAL);
  return SOLVED;
}

function isSame(q: usize, tree: i32, node: i32): bool {
  const at = nodeAt(tree, node);
  for (let j: usize = 0; j < <usize>n; j++) {
    if (load<f32>(q + 4 * j) != load<f32>(at + 32 * j)) return false;
  }
  return true;
}
