import type { RrtOutcome, RrtRequest } from './collision-kernel.ts';
import { GOALS_MAX } from './collision-kernel.ts';
import * as at from './generated/kernel-module.ts';
import type { KernelCore } from './wasm-core.ts';
import { writeNumbers } from './wasm-core.ts';

/** Hands a search to the kernel; see `StateSpace.planRrtConnect`. */
export function planRrtConnect(
  core: KernelCore,
  space: number,
  jointCount: number,
  request: RrtRequest,
): RrtOutcome {
  const { arena } = core;
  const { goals, nodesMax } = request;
  if (goals.length > GOALS_MAX) throw new RangeError(`${goals.length} goals are more than ${GOALS_MAX}`);
  const n = jointCount;
  // Goals are nodes too.
  const nodes = nodesMax + goals.length + 1;
  const addresses: number[] = [];
  const allocate = (numbers: number): number => {
    // Large, and written before it is read.
    const address = arena.allocate(4 * numbers, 'as-it-is');
    addresses.push(address);
    return address;
  };
  try {
    const record = allocate(at.R_SIZE / 4);
    const write = (values: readonly number[], address: number): number => {
      writeNumbers(core, values, 0, n, address);
      return address;
    };
    const ends = allocate(n * (goals.length + 1));
    write(request.start, ends);
    goals.forEach((goal, k) => write(goal, ends + 4 * n * (k + 1)));
    const [lower, upper, weights] = [request.lower, request.upper, request.weights].map((values) =>
      write(values, allocate(n)),
    );
    const blocks = Math.ceil(nodes / 8);
    const trees = [allocate(blocks * 8 * n), allocate(blocks * 8 * n)];
    const parents = [allocate(nodes), allocate(nodes)];
    const path = allocate(2 * nodes * n);
    const scratch = allocate(3 * n);
    const { i32, f32 } = arena;
    const first = record >> 2;
    i32.set([request.seed | 0, request.iterationsMax, nodesMax], first);
    f32[(record + at.R_STEP) >> 2] = request.stepMax;
    i32.set(
      [goals.length, ends, lower, upper, weights, ...trees, ...parents, path, scratch],
      (record + at.R_GOAL_COUNT) >> 2,
    );
    const status = core.wasm.planRrtConnect(space, record);
    const iterations = i32[(record + at.R_ITERATIONS_DONE) >> 2];
    const checks = 8 * i32[(record + at.R_BLOCKS) >> 2];
    if (status === at.SOLVED) {
      const count = i32[(record + at.R_PATH_COUNT) >> 2];
      const goal = i32[(record + at.R_GOAL) >> 2];
      const inner = Array.from({ length: count }, (_, k) =>
        Array.from(f32.subarray((path >> 2) + k * n, (path >> 2) + (k + 1) * n)),
      );
      // The ends as they were given, not as rounded to float32.
      const way = [request.start, ...inner.slice(1, -1), goals[goal]];
      return { status: 'solved', path: way, goal, iterations, checks };
    }
    const reason =
      status === at.START_NOT_FREE
        ? 'start-not-free'
        : status === at.NO_GOAL_FREE
          ? 'no-goal-free'
          : 'exhausted';
    return { status: reason, iterations, checks };
  } finally {
    for (const address of addresses) arena.release(address);
  }
}
