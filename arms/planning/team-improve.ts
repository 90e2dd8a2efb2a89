import { drawDetour } from './arm-path.ts';
import { shortenPath } from './short-path.ts';
import { sumOfJoints } from './swept-path.ts';
import type { SweptPath } from './swept-path.ts';
import type { Ways } from './team-order.ts';
import { LEVEL_MAX, shuffled } from './team-order.ts';
import type { Lane, TeamTables } from './team-schedule.ts';
import type { Team } from './team.ts';

type Row = readonly number[];

/** Ways to make a plan shorter; which one is tried next is drawn by how well each has done so far. */
const MOVES = ['reach', 'detour', 'shortcut', 'pair', 'triple'] as const;
type MoveKind = (typeof MOVES)[number];

/** Gains below this are none, rad. */
const GAIN_MIN = 1e-3;
/** Excess over the straight lines, as a share, below which nothing is left to gain. */
const GOOD_ENOUGH = 0.01;
/** Rounds without a gain after which more of them are not worth their time. */
const PATIENCE = 24;
/** What arms that are sent later are given to leave their starts, ticks. */
const GRACE_TICKS = 60;
/** Pairs of samples compared per iteration, on average: rounds of large teams count for more. */
const WORK_PER_ITERATION = 30_000;

/**
 * Makes a team's plan shorter, round by round: one arm is taken out and sent another way, by itself or together with
 * one or two others that get in its way, and comes back where that is shorter and a schedule exists. What kind of
 * round comes next is drawn by Thompson sampling (Thompson 1933; Chapelle & Li 2011) from what each kind brought. Every
 * intermediate plan is complete, so that it may end at any round.
 */
export function improveTeam(
  team: Team,
  tables: TeamTables,
  ways: Ways,
  first: readonly Lane[],
  iterations: number,
): readonly Lane[] {
  const { members, random } = team;
  const ghost = members.map((m) => sumOfJoints(m.arm.start, m.arm.goal));
  const ghostSum = ghost.reduce((sum, g) => sum + g, 0);
  let lanes = [...first];
  const wins = new Map<MoveKind, { good: number; bad: number }>(
    MOVES.map((kind) => [kind, { good: 1, bad: 1 }]),
  );
  const excess = (arm: number): number => lanes[arm].path.length - ghost[arm];
  const workMax = tables.work + WORK_PER_ITERATION * iterations;
  let idle = 0;
  for (let round = 0; round < iterations && idle < PATIENCE && tables.work < workMax; round += 1) {
    const all = members.map((_, arm) => arm).sort((a, b) => excess(b) - excess(a));
    const over = all.reduce((sum, arm) => sum + excess(arm), 0);
    if (over <= GOOD_ENOUGH * ghostSum) break;
    const arm = drawByExcess(all, excess, over, random);
    const kind = drawKind(wins, random, members.length);
    const next = applyMove(team, tables, ways, lanes, arm, kind, ghost);
    const record = wins.get(kind)!;
    if (next === null) {
      record.bad += 1;
      idle += 1;
    } else {
      idle = 0;
      record.good += 1;
      lanes = next;
    }
  }
  return lanes;
}

function drawByExcess(
  arms: readonly number[],
  excess: (arm: number) => number,
  over: number,
  random: () => number,
): number {
  let at = random() * over;
  for (const arm of arms) {
    at -= excess(arm);
    if (at <= 0) return arm;
  }
  return arms[0];
}

function drawKind(
  wins: ReadonlyMap<MoveKind, { readonly good: number; readonly bad: number }>,
  random: () => number,
  arms: number,
): MoveKind {
  let best: MoveKind = 'shortcut';
  let highest = -1;
  for (const [kind, { good, bad }] of wins) {
    if ((kind === 'pair' && arms < 2) || (kind === 'triple' && arms < 3)) continue;
    // The mean of a Beta distribution, spread by its standard deviation: near enough to a draw from it.
    const total = good + bad;
    const mean = good / total;
    const spread = Math.sqrt((mean * (1 - mean)) / (total + 1));
    const value = mean + spread * (random() + random() + random() - 1.5) * 2;
    if (value > highest) {
      highest = value;
      best = kind;
    }
  }
  return best;
}

function applyMove(
  team: Team,
  tables: TeamTables,
  ways: Ways,
  lanes: readonly Lane[],
  arm: number,
  kind: MoveKind,
  ghost: readonly number[],
): Lane[] | null {
  switch (kind) {
    case 'reach':
    case 'detour':
    case 'shortcut':
      return alone(team, tables, ways, lanes, arm, kind);
    case 'pair':
    case 'triple': {
      const partners = partnersOf(lanes, arm, kind === 'pair' ? 1 : 2, team.random);
      return together(team, tables, ways, lanes, [arm, ...partners], ghost);
    }
  }
}

/** Candidate ways of one arm that are shorter than its present one. */
function candidate(
  team: Team,
  tables: TeamTables,
  ways: Ways,
  lane: Lane,
  arm: number,
  kind: 'reach' | 'detour' | 'shortcut',
): SweptPath | null {
  const member = team.members[arm];
  const { start, goal } = member.arm;
  let made: readonly Row[] | null;
  if (kind === 'reach') {
    // Its own way, or one that draws in at random.
    const path = ways.at(arm, Math.floor(team.random() * (LEVEL_MAX + 1)));
    return path !== null && path.length < lane.path.length - GAIN_MIN ? path : null;
  }
  if (kind === 'detour') {
    const reach = { share: 0, restRad: team.random() * 0.5 };
    made = drawDetour(member, start, goal, reach, team.random);
  } else {
    const rounds = 1 + Math.floor(team.random() * 6);
    made = shortenPath({
      path: lane.path.waypoints,
      isLineFree: member.room.isLineFree,
      random: team.random,
      rounds,
      arms: [[0, start.length]],
    });
  }
  if (made === null) return null;
  const path = tables.sweep(arm, made);
  return path.length < lane.path.length - GAIN_MIN ? path : null;
}

function alone(
  team: Team,
  tables: TeamTables,
  ways: Ways,
  lanes: readonly Lane[],
  arm: number,
  kind: 'reach' | 'detour' | 'shortcut',
): Lane[] | null {
  const path = candidate(team, tables, ways, lanes[arm], arm, kind);
  if (path === null) return null;
  const { schedule } = tables.schedule(arm, path, lanes, 'quick', 0);
  if (schedule === null) return null;
  return lanes.map((lane, k) => (k === arm ? { path, schedule } : lane));
}

/** Other arms whose ways pass near, drawn at random. */
function partnersOf(
  lanes: readonly Lane[],
  arm: number,
  count: number,
  random: () => number,
): readonly number[] {
  const others = lanes.map((_, k) => k).filter((k) => k !== arm);
  const chosen: number[] = [];
  while (chosen.length < count && others.length > 0) {
    chosen.push(...others.splice(Math.floor(random() * others.length), 1));
  }
  return chosen;
}

/** Takes several arms out and sends them anew, one after the other in a random order, each by its best candidate. */
function together(
  team: Team,
  tables: TeamTables,
  ways: Ways,
  lanes: readonly Lane[],
  arms: readonly number[],
  ghost: readonly number[],
): Lane[] | null {
  const order = shuffled(arms, team.random);
  const before = arms.reduce((sum, k) => sum + lanes[k].path.length, 0);
  const made = lanes.map((lane, k): Lane | null => (arms.includes(k) ? null : lane));
  let spent = 0;
  let least = arms.reduce((sum, k) => sum + ghost[k], 0);
  for (const arm of order) {
    least -= ghost[arm];
    let lane: Lane | null = null;
    const kinds = ['own', 'detour', 'detour', 'reach', 'reach', 'shortcut', 'present'] as const;
    for (const kind of kinds) {
      const path =
        kind === 'present'
          ? lanes[arm].path
          : kind === 'own'
            ? ways.at(arm, 0)
            : candidate(team, tables, ways, lanes[arm], arm, kind);
      if (path === null || spent + path.length + least >= before - GAIN_MIN) continue;
      const { schedule } = tables.schedule(arm, path, made, 'quick', 0);
      if (schedule === null) continue;
      lane = { path, schedule };
      break;
    }
    if (lane === null) return null;
    made[arm] = lane;
    spent += lane.path.length;
  }
  return spent < before - GAIN_MIN ? made.map((lane, k) => lane ?? lanes[k]) : null;
}

/** Lets every arm go as early as the others allow, without changing its way: those that are done first come first. */
export function hasten(tables: TeamTables, lanes: readonly Lane[]): readonly Lane[] {
  const made = [...lanes];
  const order = lanes
    .map((_, arm) => arm)
    .sort((a, b) => lanes[a].schedule.length - lanes[b].schedule.length);
  for (const arm of order) {
    const { path } = made[arm];
    const { schedule } = tables.schedule(arm, path, made, 'thorough', 0);
    if (schedule !== null && schedule.length < made[arm].schedule.length) made[arm] = { path, schedule };
  }
  return made;
}

/** Sends all arms anew along the ways they have, one after the other in several orders; keeps the soonest done. */
export function reschedule(
  team: Team,
  tables: TeamTables,
  lanes: readonly Lane[],
  orders: number,
): readonly Lane[] {
  const ticks = (all: readonly Lane[]): number => Math.max(...all.map((lane) => lane.schedule.length));
  let best = lanes;
  for (let k = 0; k < orders; k += 1) {
    const made = lanes.map((): Lane | null => null);
    // Who left its start first goes first.
    const order =
      k === 0
        ? lanes.map((_, arm) => arm).sort((a, b) => waits(lanes[a]) - waits(lanes[b]))
        : shuffled(
            lanes.map((_, arm) => arm),
            team.random,
          );
    const isWhole = order.every((arm) => {
      const { path } = lanes[arm];
      const { schedule } = tables.schedule(arm, path, made, 'thorough', GRACE_TICKS);
      if (schedule !== null) made[arm] = { path, schedule };
      return schedule !== null;
    });
    if (!isWhole) continue;
    const all = made.flatMap((lane) => (lane === null ? [] : [lane]));
    if (ticks(all) < ticks(best)) best = all;
  }
  return best;
}

/** Ticks before the arm leaves its start. */
function waits({ schedule }: Lane): number {
  const left = schedule.findIndex((sample) => sample > 0);
  return left < 0 ? schedule.length : left;
}
