import type { DetourReach } from './arm-path.ts';
import { drawDetour } from './arm-path.ts';
import type { SweptPath } from './swept-path.ts';
import type { Team } from './team.ts';
import type { Lane, TeamTables } from './team-schedule.ts';

/** Detours tried for an arm that is blocked on its own path, from those that cost nothing to long ones. */
const DETOURS: readonly (DetourReach & { readonly tries: number })[] = [
  { share: 0, restRad: 0, tries: 8 },
  { share: 0.1, restRad: 0.1, tries: 8 },
  { share: 0.3, restRad: 0.3, tries: 10 },
  { share: 0.5, restRad: 0.8, tries: 10 },
];

export interface OrderOutcome {
  /** By arm; null: not scheduled. */
  readonly lanes: readonly (Lane | null)[];
  /** The arm that found no way, and who was in its way most; null: all have one. */
  readonly failed: { readonly arm: number; readonly blocker: number } | null;
}

/** Schedules the arms one after the other, each around those before it; with detours where `detours` says so. */
export function scheduleInOrder(
  team: Team,
  tables: TeamTables,
  paths: readonly SweptPath[],
  order: readonly number[],
  detours: 'none' | 'some',
): OrderOutcome {
  const lanes = new Array<Lane | null>(paths.length).fill(null);
  for (const arm of order) {
    const path = paths[arm];
    const { schedule, blockers } = tables.schedule(arm, path, lanes, 'thorough');
    if (schedule !== null) {
      lanes[arm] = { path, schedule };
      continue;
    }
    const lane = detours === 'some' ? detourLane(team, tables, arm, lanes) : null;
    if (lane === null) {
      const ranked = [...blockers].sort((a, b) => b[1] - a[1]);
      return { lanes, failed: { arm, blocker: ranked[0]?.[0] ?? order[0] } };
    }
    lanes[arm] = lane;
  }
  return { lanes, failed: null };
}

function detourLane(
  team: Team,
  tables: TeamTables,
  arm: number,
  lanes: readonly (Lane | null)[],
): Lane | null {
  const member = team.members[arm];
  for (const { tries, ...reach } of DETOURS) {
    let best: Lane | null = null;
    for (let k = 0; k < tries; k += 1) {
      const waypoints = drawDetour(member, member.arm.start, member.arm.goal, reach, team.random);
      if (waypoints === null) continue;
      const path = tables.sweep(arm, waypoints);
      if (best !== null && path.length >= best.path.length) continue;
      const { schedule } = tables.schedule(arm, path, lanes, 'quick');
      if (schedule !== null) best = { path, schedule };
      if (best !== null && reach.restRad === 0) return best;
    }
    if (best !== null) return best;
  }
  return null;
}

/** Tries one order after another: the arm that found no way goes before the one that was in it. */
export function scheduleWithRepair(
  team: Team,
  tables: TeamTables,
  paths: readonly SweptPath[],
  rounds: number,
  detours: 'none' | 'some',
): OrderOutcome {
  let order = paths.map((_, arm) => arm).sort((a, b) => paths[b].length - paths[a].length || a - b);
  const seen = new Set<string>();
  let outcome: OrderOutcome = { lanes: [], failed: null };
  for (let round = 0; round < rounds; round += 1) {
    outcome = scheduleInOrder(team, tables, paths, order, detours);
    if (outcome.failed === null) return outcome;
    seen.add(order.join());
    const { arm, blocker } = outcome.failed;
    const without = order.filter((k) => k !== arm);
    const at = round % 3 === 2 ? 0 : without.indexOf(blocker);
    order = [...without.slice(0, at), arm, ...without.slice(at)];
    if (seen.has(order.join())) {
      if (detours === 'none' && seen.size >= paths.length * (paths.length - 1)) return outcome;
      order = shuffled(order, team.random);
    }
  }
  return outcome;
}

function shuffled(order: readonly number[], random: () => number): number[] {
  const made = [...order];
  for (let k = made.length - 1; k > 0; k -= 1) {
    const other = Math.floor(random() * (k + 1));
    [made[k], made[other]] = [made[other], made[k]];
  }
  return made;
}
