import { rrtConnect } from '../planning/rrt-connect.ts';
import type { RrtOutcome, RrtRequest, StateSpace } from './collision-kernel.ts';
import { MOTION_FREE } from './collision-kernel.ts';

/**
 * The search over any state space, by the TypeScript RRT-Connect. It measures distance by the slowest joint where the
 * kernel uses the Euclidean one, so its paths are others; what holds of them is the same.
 */
export function referenceRrtConnect(
  space: Pick<StateSpace, 'areFree' | 'checkMotion'>,
  request: RrtRequest,
): RrtOutcome {
  const { start, goals } = request;
  let checks = 0;
  const isFree = (q: readonly number[]): boolean => {
    checks += 1;
    return space.areFree(q, 1, new Uint8Array(1)) === 1;
  };
  if (!isFree(start)) return { status: 'start-not-free', iterations: 0, checks };
  const free = goals.map((goal, index) => ({ goal, index })).filter(({ goal }) => isFree(goal));
  if (free.length === 0) return { status: 'no-goal-free', iterations: 0, checks };
  let iterations = 0;
  const found = rrtConnect({
    start,
    goals: free.map(({ goal }) => goal),
    lower: request.lower,
    upper: request.upper,
    weights: request.weights,
    stepS: request.stepMax,
    seed: request.seed,
    nodesMax: request.nodesMax,
    isLineFree: (a, b) => {
      checks += 1;
      return space.checkMotion(a, 0, b, 0) === MOTION_FREE;
    },
    mayGoOn: () => (iterations += 1) <= request.iterationsMax,
  });
  if (found === null) return { status: 'exhausted', iterations, checks };
  return { status: 'solved', path: found.path, goal: free[found.goal].index, iterations, checks };
}
