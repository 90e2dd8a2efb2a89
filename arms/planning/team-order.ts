import type { SweptPath } from './swept-path.ts';
import type { Team } from './team.ts';
import type { Lane, TeamTables } from './team-schedule.ts';
import { Withdrawals } from './withdrawal.ts';

/** Shares of the whole withdrawal at which an arm's ways are tried, after its own way without any. */
const LEVELS = [0, 0.2, 0.4, 0.7, 1] as const;

/** The ways that an arm may take, by how far it withdraws; made when first asked for. */
export class Ways {
  readonly #tables: TeamTables;
  readonly #withdrawals: Withdrawals;
  readonly #ways: Map<number, SweptPath | null>[];

  constructor(team: Team, tables: TeamTables, own: readonly SweptPath[]) {
    this.#tables = tables;
    this.#withdrawals = new Withdrawals(team);
    this.#ways = own.map((path) => new Map([[0, path]]));
  }

  at(arm: number, level: number): SweptPath | null {
    const known = this.#ways[arm].get(level);
    if (known !== undefined) return known;
    const waypoints = this.#withdrawals.path(arm, LEVELS[level]);
    const path = waypoints === null ? null : this.#tables.sweep(arm, waypoints);
    this.#ways[arm].set(level, path);
    return path;
  }
}

/**
 * How long arms that come later in the order are given to leave their starts, by round: none costs no time, but then
 * two arms that start in one another's way find no order.
 */
const GRACE_TICKS = [0, 0, 40, 80, 20, 120] as const;

export const LEVEL_MAX = LEVELS.length - 1;

/**
 * Prioritized planning with repair (Erdmann & Lozano-Perez 1987; van den Berg & Overmars 2005): the arms are scheduled
 * one after the other, each around those before it. An arm that is blocked tries to withdraw further. If that does not
 * help, it goes before the arm that blocked it most, which from then on withdraws further itself; so the team gives up
 * space step by step until it can pass. Null: not within
 * `rounds` and `workMax`.
 */
export function scheduleWithRepair(
  team: Team,
  tables: TeamTables,
  ways: Ways,
  own: readonly SweptPath[],
  rounds: number,
  workMax: number,
  levelMax: number,
): readonly Lane[] | null {
  const arms = own.length;
  const { random } = team;
  let order = own.map((_, arm) => arm).sort((a, b) => own[b].length - own[a].length || a - b);
  const level = own.map(() => 0);
  const seen = new Set<string>();
  for (let round = 0; round < rounds && tables.work < workMax; round += 1) {
    const graceTicks = GRACE_TICKS[round % GRACE_TICKS.length];
    const lanes = new Array<Lane | null>(arms).fill(null);
    let failed = -1;
    const blame = new Map<number, number>();
    for (const arm of order) {
      for (let l = level[arm]; l <= levelMax && lanes[arm] === null; l += 1) {
        const path = ways.at(arm, l);
        if (path === null) continue;
        const { schedule, blockers } = tables.schedule(arm, path, lanes, 'thorough', graceTicks);
        if (schedule !== null) lanes[arm] = { path, schedule };
        for (const [other, count] of blockers) blame.set(other, (blame.get(other) ?? 0) + count);
      }
      if (lanes[arm] !== null) {
        blame.clear();
        continue;
      }
      failed = arm;
      break;
    }
    if (failed < 0) return lanes.flatMap((lane) => (lane === null ? [] : [lane]));
    seen.add(`${order.join()} ${level.join()}`);
    const blocker = [...blame].sort((a, b) => b[1] - a[1])[0]?.[0] ?? order[0];
    // Every other time only the order changes: that costs no way.
    if (round % 2 === 1) level[blocker] = Math.min(levelMax, level[blocker] + 1);
    const without = order.filter((arm) => arm !== failed);
    const at = round % 4 === 3 ? 0 : without.indexOf(blocker);
    order = [...without.slice(0, at), failed, ...without.slice(at)];
    if (seen.has(`${order.join()} ${level.join()}`)) order = shuffled(order, random);
  }
  return null;
}

export function shuffled(order: readonly number[], random: () => number): number[] {
  const made = [...order];
  for (let k = made.length - 1; k > 0; k -= 1) {
    const other = Math.floor(random() * (k + 1));
    [made[k], made[other]] = [made[other], made[k]];
  }
  return made;
}
