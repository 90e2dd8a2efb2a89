import type { ArmGroup } from '../kernel/collision-kernel.ts';
import { MOTION_FREE } from '../kernel/collision-kernel.ts';
import { shortenPath } from './short-path.ts';
import type { Team } from './team.ts';

type Row = readonly number[];

/** Longest extension per square root of the number of arms, rad: distances grow with the number of joints. */
const EXTENSION_RAD = 0.9;
const NODES_MAX = 4_000;
const ATTEMPTS = 2;
const SEEDS = 0x7fffffff;

/**
 * A way of all arms at once, found by RRT-Connect in the space of all their joints and then shortened; rows hold the
 * joints of all arms, in order. Null: not found.
 */
export function planCoupled(team: Team, rounds: number): readonly Row[] | null {
  const { members, random } = team;
  if (members.length < 2) return null;
  const start = members.flatMap((m) => m.arm.start);
  const goal = members.flatMap((m) => m.arm.goal);
  return withGroup(team, (group) => {
    if (group.checkMotion(start, 0, goal, 0) === MOTION_FREE) return [start, goal];
    const ranges = rangesAbout(team, start, goal);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const outcome = group.planRrtConnect({
        start,
        goals: [goal],
        ...ranges,
        weights: start.map(() => 1),
        stepMax: EXTENSION_RAD * Math.sqrt(members.length),
        seed: Math.floor(random() * SEEDS),
        iterationsMax: NODES_MAX,
        nodesMax: NODES_MAX,
      });
      if (outcome.status === 'solved') return shortened(team, group, outcome.path, rounds);
    }
    return null;
  });
}

/** The same way made shorter, all arms together, arm by arm and joint by joint. */
export function shortenCoupled(team: Team, path: readonly Row[], rounds: number): readonly Row[] {
  return team.members.length < 2 ? path : withGroup(team, (group) => shortened(team, group, path, rounds));
}

function shortened(team: Team, group: ArmGroup, path: readonly Row[], rounds: number): readonly Row[] {
  return shortenPath({
    path,
    isLineFree: (a, b) => group.checkMotion(a, 0, b, 0) === MOTION_FREE,
    random: team.random,
    rounds,
    arms: armRanges(team),
  });
}

function withGroup<R>(team: Team, use: (group: ArmGroup) => R): R {
  const { members, kernel, needM } = team;
  // Starts and goals keep this distance, the closest pair just so.
  let armMarginM = Infinity;
  for (let a = 0; a < members.length; a += 1) {
    for (let b = a + 1; b < members.length; b += 1) {
      armMarginM = Math.min(armMarginM, needM[a * members.length + b]);
    }
  }
  const group = kernel.prepareGroup(
    members.map((m) => m.room.space),
    armMarginM,
  );
  try {
    return use(group);
  } finally {
    group.release();
  }
}

function armRanges(team: Team): readonly (readonly [number, number])[] {
  let first = 0;
  return team.members.map(({ arm }): readonly [number, number] => {
    const range = [first, first + arm.start.length] as const;
    first = range[1];
    return range;
  });
}

/** How far beyond start and goal joints that can turn more than full circle are used, rad. */
const BEYOND_RAD = Math.PI;

function rangesAbout(team: Team, start: Row, goal: Row): { readonly lower: Row; readonly upper: Row } {
  const lowest = team.members.flatMap((m) => m.lower);
  const highest = team.members.flatMap((m) => m.upper);
  return {
    lower: lowest.map((low, j) => Math.max(low, Math.min(start[j], goal[j]) - BEYOND_RAD)),
    upper: highest.map((high, j) => Math.min(high, Math.max(start[j], goal[j]) + BEYOND_RAD)),
  };
}
