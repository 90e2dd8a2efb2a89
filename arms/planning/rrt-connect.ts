import { seededRandom } from '../geometry/random.ts';

/** A search for a motion in joint space. Pure data and questions; the caller counts what the questions cost. */
export interface RrtProblem {
  readonly start: readonly number[];
  /** Any of these will do. */
  readonly goals: readonly (readonly number[])[];
  /** Range in which joints are used. */
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** Cost of moving each joint by one unit, s per rad or m: usually 1 / velocity. Distances are the largest over joints. */
  readonly weights: readonly number[];
  /** Longest single extension, in the same distance, s. */
  readonly stepS: number;
  readonly seed: number;
  readonly nodesMax: number;
  /** True when the straight line between two configurations is free. */
  readonly isLineFree: (a: readonly number[], b: readonly number[]) => boolean;
  /** False ends the search. */
  readonly mayGoOn: () => boolean;
}

export interface RrtPath {
  readonly path: readonly (readonly number[])[];
  readonly goal: number;
}

/** One of two trees; parents come before their children, a root is its own parent. */
interface Tree {
  readonly nodes: (readonly number[])[];
  readonly parents: number[];
  /** Which goal a root of the goal tree is; children inherit it. */
  readonly origins: number[];
}

/** Share of the random samples drawn near the ends, where narrow places usually are. */
const NEAR_SHARE = 0.3;
/** How far around an end these are drawn, rad or m. */
const NEAR_SPREAD = 0.8;

/**
 * RRT-Connect (Kuffner, LaValle 2000): two trees grow towards random samples and then towards one another. Finds a
 * path if one exists and the search goes on long enough; the same problem gives the same path. The path is as the
 * trees grew: shorten it before use.
 */
export function rrtConnect(problem: RrtProblem): RrtPath | null {
  const { start, goals, lower, upper, weights } = problem;
  const random = seededRandom(problem.seed);
  const fromStart: Tree = { nodes: [start], parents: [0], origins: [0] };
  const fromGoal: Tree = {
    nodes: [...goals],
    parents: goals.map((_, i) => i),
    origins: goals.map((_, i) => i),
  };
  if (goals.length === 0) return null;
  let a = fromStart;
  let b = fromGoal;
  while (problem.mayGoOn() && a.nodes.length + b.nodes.length < problem.nodesMax) {
    const sample = draw(random, start, goals, lower, upper);
    const grown = extend(problem, a, nearest(a, sample, weights), sample);
    if (grown >= 0) {
      const met = connect(problem, b, a.nodes[grown]);
      if (met >= 0) {
        return a === fromStart ? joined(a, grown, b, met) : joined(b, met, a, grown);
      }
    }
    [a, b] = [b, a];
  }
  return null;
}

function draw(
  random: () => number,
  start: readonly number[],
  goals: readonly (readonly number[])[],
  lower: readonly number[],
  upper: readonly number[],
): number[] {
  if (random() < NEAR_SHARE) {
    const end =
      random() < 0.5 ? start : goals[Math.min(goals.length - 1, Math.floor(random() * goals.length))];
    return end.map((value, j) =>
      Math.min(upper[j], Math.max(lower[j], value + (2 * random() - 1) * NEAR_SPREAD)),
    );
  }
  return lower.map((low, j) => low + random() * (upper[j] - low));
}

function distance(a: readonly number[], b: readonly number[], weights: readonly number[]): number {
  let most = 0;
  for (let j = 0; j < a.length; j += 1) {
    const d = Math.abs(a[j] - b[j]) * weights[j];
    if (d > most) most = d;
  }
  return most;
}

function nearest(tree: Tree, q: readonly number[], weights: readonly number[]): number {
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < tree.nodes.length; i += 1) {
    const d = distance(tree.nodes[i], q, weights);
    if (d < least) {
      least = d;
      best = i;
    }
  }
  return best;
}

/** Adds a node one step from `from` towards `to`; -1 when the way is blocked. */
function extend(problem: RrtProblem, tree: Tree, from: number, to: readonly number[]): number {
  const base = tree.nodes[from];
  const whole = distance(base, to, problem.weights);
  const share = whole > problem.stepS ? problem.stepS / whole : 1;
  const next = share === 1 ? to : base.map((value, j) => value + share * (to[j] - value));
  if (!problem.isLineFree(base, next)) return -1;
  tree.nodes.push(next);
  tree.parents.push(from);
  tree.origins.push(tree.origins[from]);
  return tree.nodes.length - 1;
}

/** Goes towards a configuration as far as the way is free; the node that reaches it, or -1. */
function connect(problem: RrtProblem, tree: Tree, to: readonly number[]): number {
  let from = nearest(tree, to, problem.weights);
  while (problem.mayGoOn() && tree.nodes.length < problem.nodesMax) {
    const next = extend(problem, tree, from, to);
    if (next < 0) return -1;
    if (tree.nodes[next] === to) return next;
    from = next;
  }
  return -1;
}

function joined(fromStart: Tree, i: number, fromGoal: Tree, j: number): RrtPath {
  const path: (readonly number[])[] = [];
  for (let k = i; ; k = fromStart.parents[k]) {
    path.unshift(fromStart.nodes[k]);
    if (fromStart.parents[k] === k) break;
  }
  // The node where the trees meet is in both.
  for (let k = j; fromGoal.parents[k] !== k;) {
    k = fromGoal.parents[k];
    path.push(fromGoal.nodes[k]);
  }
  return { path, goal: fromGoal.origins[j] };
}

/** What shortening needs to know; the same questions as for the search. */
export type ShortenProblem = Pick<RrtProblem, 'weights' | 'seed' | 'isLineFree' | 'mayGoOn'>;

/**
 * Makes a path shorter: replaces what lies between two points on it by a straight line wherever that is free, `rounds`
 * times at random places, then leaves out every corner that is not needed.
 */
export function shorten(
  problem: ShortenProblem,
  path: readonly (readonly number[])[],
  rounds: number,
): readonly (readonly number[])[] {
  const random = seededRandom(problem.seed);
  let best = [...path];
  for (let round = 0; round < rounds && best.length > 2 && problem.mayGoOn(); round += 1) {
    const x = random() * (best.length - 1);
    const y = random() * (best.length - 1);
    const [from, until] = x < y ? [x, y] : [y, x];
    const i = Math.floor(from);
    const k = Math.floor(until);
    if (i === k) continue;
    const p = between(best[i], best[i + 1], from - i);
    const q = between(best[k], best[k + 1], until - k);
    let along = distance(p, best[i + 1], problem.weights) + distance(best[k], q, problem.weights);
    for (let m = i + 1; m < k; m += 1) along += distance(best[m], best[m + 1], problem.weights);
    if (along - distance(p, q, problem.weights) < 1e-3 || !problem.isLineFree(p, q)) continue;
    best = [...best.slice(0, i + 1), p, q, ...best.slice(k + 1)];
  }
  for (let k = 1; k + 1 < best.length && problem.mayGoOn();) {
    if (problem.isLineFree(best[k - 1], best[k + 1])) best.splice(k, 1);
    else k += 1;
  }
  return best;
}

function between(a: readonly number[], b: readonly number[], share: number): readonly number[] {
  return a.map((value, j) => value + share * (b[j] - value));
}
