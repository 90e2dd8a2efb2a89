import type { Room } from './arm-path.ts';
import { findArmPath } from './arm-path.ts';
import type { PlanningScene } from './scene.ts';
import { NO_ALLOWANCE, isFree, prepareScene } from './scene.ts';
import { armDistance, placeTeamBody } from './team-body.ts';
import { shuffled } from './team-order.ts';
import type { Lane, TeamTables } from './team-schedule.ts';
import type { Team, TeamMember } from './team.ts';
import { roomOf } from './team.ts';

type Row = readonly number[];

/** One arm moves while the others rest. */
interface Move {
  readonly arm: number;
  readonly path: readonly Row[];
}

/** Nodes of a search for one arm's move, growing with every attempt that got nobody on. */
const NODES = [150, 600, 2_000] as const;
/** Draws of a place to step aside to. */
const ASIDE_DRAWS = 40;
const SHORTEN_ROUNDS = 15;

/**
 * One arm after the other goes to its goal while the others rest; who is in the way steps aside first. Slow in
 * execution, but it needs only searches for one arm: what improvement can start from when nothing better was found.
 */
export function planOneByOne(team: Team, tables: TeamTables): readonly Lane[] | null {
  const { members, random } = team;
  const here = members.map((m): Row => m.arm.start);
  const isThere = members.map((m) => m.arm.start.every((v, j) => v === m.arm.goal[j]));
  const moves: Move[] = [];
  let effort = 0;
  const movesMax = 6 * members.length + 4;
  while (isThere.includes(false)) {
    if (moves.length >= movesMax) return null;
    const open = shuffled(
      members.map((_, arm) => arm).filter((arm) => !isThere[arm]),
      random,
    );
    const nodesMax = NODES[Math.min(effort, NODES.length - 1)];
    const moved = open.some((arm) => {
      const path = pathAmongResting(team, here, arm, members[arm].arm.goal, nodesMax);
      if (path === null) return false;
      moves.push({ arm, path });
      here[arm] = members[arm].arm.goal;
      isThere[arm] = true;
      return true;
    });
    if (moved) {
      effort = 0;
      continue;
    }
    const aside = open.some((arm) => {
      const path = pathAside(team, here, arm, nodesMax);
      if (path === null) return false;
      moves.push({ arm, path });
      here[arm] = path[path.length - 1];
      return true;
    });
    if (!aside && effort >= NODES.length) return null;
    effort += 1;
  }
  return lanesOf(team, tables, moves);
}

/** Runs `use` with the arm's scene in which all others stand where they are. */
function amongResting<R>(
  team: Team,
  here: readonly Row[],
  arm: number,
  ends: readonly Row[],
  use: (scene: PlanningScene, room: Room) => R,
): R {
  const { members, needM } = team;
  const { scene: own, stepMinM } = members[arm];
  let armMarginM = 0;
  members.forEach((_, other) => {
    if (other !== arm) armMarginM = Math.max(armMarginM, needM[arm * members.length + other]);
  });
  const description = {
    ...own.description,
    standingArms: members.flatMap((m, other) =>
      other === arm
        ? []
        : [{ id: m.arm.id, manipulator: m.arm.manipulator, X_WB: m.arm.X_WB, positions: here[other] }],
    ),
    armMarginM,
  };
  const scene = prepareScene(description);
  const space = team.kernel.prepareScene(description);
  try {
    return use(scene, roomOf(scene, space, ends, stepMinM));
  } finally {
    space.release();
  }
}

function pathAmongResting(
  team: Team,
  here: readonly Row[],
  arm: number,
  to: Row,
  nodesMax: number,
): readonly Row[] | null {
  const member = team.members[arm];
  const from = here[arm];
  return amongResting(team, here, arm, [from, to], (scene, room) => {
    if (!isFree(scene, to, 0, null, NO_ALLOWANCE)) return null;
    const { random } = team;
    return findArmPath({ member, room, from, to, random, nodesMax, shortenRounds: SHORTEN_ROUNDS });
  });
}

/** A way to a place where the arm is in nobody's way: not where anybody rests, and not where anybody has to go. */
function pathAside(team: Team, here: readonly Row[], arm: number, nodesMax: number): readonly Row[] | null {
  const member = team.members[arm];
  const from = here[arm];
  const goals = team.members.map((m) => {
    placeTeamBody(m.team, m.arm.goal, 0, m.placement, 0);
    return m.placement.slice();
  });
  return amongResting(team, here, arm, [from], (scene, room) => {
    for (let draw = 0; draw < ASIDE_DRAWS; draw += 1) {
      const to = drawAside(member, from, draw / ASIDE_DRAWS, team.random);
      if (!isFree(scene, to, 0, null, NO_ALLOWANCE)) continue;
      placeTeamBody(member.team, to, 0, member.placement, 0);
      const inTheWay = team.members.some((m, other) => {
        if (other === arm) return false;
        const need = team.needM[arm * team.members.length + other];
        return armDistance(member.team, member.placement, 0, m.team, goals[other], 0, need, need) < need;
      });
      if (inTheWay) continue;
      const { random } = team;
      const path = findArmPath({ member, room, from, to, random, nodesMax, shortenRounds: SHORTEN_ROUNDS });
      if (path !== null) return path;
    }
    return null;
  });
}

/** Near at first, anywhere later. */
function drawAside(member: TeamMember, from: Row, share: number, random: () => number): Row {
  const { lower, upper } = member;
  const spread = 0.3 + 2.5 * share;
  return from.map((value, j) => {
    const low = Math.max(lower[j], value - spread);
    const high = Math.min(upper[j], value + spread);
    return low + random() * (high - low);
  });
}

/** The moves as one path an arm, each gone along while all others rest. */
function lanesOf(team: Team, tables: TeamTables, moves: readonly Move[]): readonly Lane[] {
  const whole = team.members.map((m): Row[] => [m.arm.start]);
  for (const { arm, path } of moves) whole[arm].push(...path.slice(1));
  const swept = whole.map((waypoints, arm) => tables.sweep(arm, waypoints));
  const reached = team.members.map(() => 0);
  const schedules = team.members.map((): number[] => [0]);
  for (const { arm, path } of moves) {
    const until = reached[arm] + path.length - 1;
    const target = swept[arm].sampleOf[until];
    for (let s = schedules[arm][schedules[arm].length - 1] + 1; s <= target; s += 1) {
      schedules.forEach((schedule, k) => schedule.push(k === arm ? s : schedule[schedule.length - 1]));
    }
    reached[arm] = until;
  }
  return swept.map((path, arm) => ({ path, schedule: schedules[arm] }));
}
