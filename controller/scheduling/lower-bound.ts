/** Work that only some arms can do. */
export interface BoundedWork {
  readonly arms: readonly number[];
  readonly workS: number;
}

/**
 * The largest, over all sets of arms, of the work that only arms of the set can do divided by their number: no
 * schedule is shorter. By linear programming duality it is the least makespan when tasks may be divided at will; found
 * as a sequence of minimum cuts, each giving a set with a larger quotient (Dinkelbach, Management Science 1967).
 *
 * @returns s; 0 without work
 */
export function lowerBoundS(tasks: readonly BoundedWork[], armCount: number): number {
  const work = new Map<string, BoundedWork>();
  for (const { arms, workS } of tasks) {
    if (arms.length === 0) continue;
    const sorted = [...arms].sort((a, b) => a - b);
    const key = sorted.join(' ');
    work.set(key, { arms: sorted, workS: (work.get(key)?.workS ?? 0) + workS });
  }
  const groups = [...work.values()];
  const total = groups.reduce((sum, group) => sum + group.workS, 0);
  let bound = armCount > 0 ? total / armCount : 0;
  for (;;) {
    const inside = hungrySet(groups, armCount, bound);
    const doable = groups.filter((group) => group.arms.every((arm) => inside.has(arm)));
    const quotient =
      inside.size === 0 ? 0 : doable.reduce((sum, group) => sum + group.workS, 0) / inside.size;
    if (quotient <= bound * (1 + 1e-9)) return bound;
    bound = quotient;
  }
}

/**
 * The set of arms whose own work exceeds `limitS` each by most: the arms that work flows to in excess when every arm
 * takes at most so much. Empty when everything fits.
 */
function hungrySet(groups: readonly BoundedWork[], armCount: number, limitS: number): ReadonlySet<number> {
  // Nodes: source, groups, arms, sink; residual capacities.
  const size = groups.length + armCount + 2;
  const sink = size - 1;
  const armNode = (arm: number): number => 1 + groups.length + arm;
  const capacity = Array.from({ length: size }, () => new Map<number, number>());
  const connect = (from: number, to: number, value: number): void => {
    capacity[from].set(to, value);
    if (!capacity[to].has(from)) capacity[to].set(from, 0);
  };
  groups.forEach((group, g) => {
    connect(0, 1 + g, group.workS);
    for (const arm of group.arms) connect(1 + g, armNode(arm), Infinity);
  });
  for (let arm = 0; arm < armCount; arm += 1) connect(armNode(arm), sink, limitS);
  for (;;) {
    const parent = reachable(capacity, size);
    if (parent[sink] < 0) {
      const inside = new Set<number>();
      for (let arm = 0; arm < armCount; arm += 1) if (parent[armNode(arm)] >= 0) inside.add(arm);
      return inside;
    }
    let amount = Infinity;
    for (let at = sink; at !== 0; at = parent[at]) {
      amount = Math.min(amount, capacity[parent[at]].get(at)!);
    }
    for (let at = sink; at !== 0; at = parent[at]) {
      const before = parent[at];
      capacity[before].set(at, capacity[before].get(at)! - amount);
      capacity[at].set(before, capacity[at].get(before)! + amount);
    }
  }
}

/** Breadth first from the source along what has capacity left: each node's parent, -1 where it is not reached. */
function reachable(capacity: readonly ReadonlyMap<number, number>[], size: number): Int32Array {
  const parent = new Int32Array(size).fill(-1);
  parent[0] = 0;
  const queue = [0];
  for (const at of queue) {
    for (const [to, left] of capacity[at]) {
      if (left <= 1e-9 || parent[to] >= 0) continue;
      parent[to] = at;
      queue.push(to);
    }
  }
  return parent;
}
