import { findArmPath } from './arm-path.ts';
import type { Room } from './room.ts';
import { roomOf } from './room.ts';
import { prepareScene } from './scene.ts';
import { shuffled } from './team-order.ts';
import type { Lane, TeamTables } from './team-schedule.ts';
import type { Team } from './team.ts';
import { placesToDrawIn } from './withdrawal.ts';

type Row = readonly number[];

/** One arm moves while the others rest. */
interface Move {
  readonly arm: number;
  readonly path: readonly Row[];
}

/** Nodes of a search for one arm's move, growing with every pass over those that are left. */
const NODES = [300, 1_000, 3_000] as const;
const SHORTEN_ROUNDS = 15;
/** Compact postures that a search may end in. */
const GOALS_MAX = 12;

/**
 * One arm after the other draws in from its start, while the others rest; they turn, drawn in; and they reach out to
 * their goals one after the other, which is planned from the goals backwards. Slow in execution, but it needs searches
 * for one arm only: what improvement can start from when nothing better was found. Null: some arm cannot draw in.
 */
export function planOneByOne(team: Team, tables: TeamTables): readonly Lane[] | null {
  const { members } = team;
  const leaving = drawInOneByOne(
    team,
    members.map((m) => m.arm.start),
  );
  if (leaving === null) return null;
  const arriving = drawInOneByOne(
    team,
    members.map((m) => m.arm.goal),
  );
  if (arriving === null) return null;
  const here = members.map((m): Row => m.arm.start);
  const drawnIn = members.map((m): Row => m.arm.goal);
  for (const { arm, path } of leaving) here[arm] = path[path.length - 1];
  for (const { arm, path } of arriving) drawnIn[arm] = path[path.length - 1];
  const across: Move[] = [];
  for (const [arm, to] of drawnIn.entries()) {
    const path = moveAmongResting(team, here, arm, [to], NODES[2]);
    if (path === null) return null;
    across.push({ arm, path });
    here[arm] = to;
  }
  const back = arriving.map(({ arm, path }) => ({ arm, path: [...path].reverse() })).reverse();
  return lanesOf(team, tables, [...leaving, ...across, ...back]);
}

/** Moves in an order in which every arm can draw in from where it is; null: some arm cannot. */
function drawInOneByOne(team: Team, from: readonly Row[]): readonly Move[] | null {
  const here = [...from];
  const moves: Move[] = [];
  let left = shuffled(
    here.map((_, arm) => arm),
    team.random,
  );
  for (const nodesMax of NODES) {
    let gotOn = true;
    while (gotOn && left.length > 0) {
      gotOn = false;
      for (const arm of left) {
        const goals = placesToDrawIn(team.members[arm], here[arm]).slice(0, GOALS_MAX);
        const path = goals.length === 0 ? null : moveAmongResting(team, here, arm, goals, nodesMax);
        if (path === null) continue;
        moves.push({ arm, path });
        here[arm] = path[path.length - 1];
        left = left.filter((other) => other !== arm);
        gotOn = true;
      }
    }
    if (left.length === 0) return moves;
  }
  return null;
}

/** A way of one arm, all others standing where they are. */
function moveAmongResting(
  team: Team,
  here: readonly Row[],
  arm: number,
  goals: readonly Row[],
  nodesMax: number,
): readonly Row[] | null {
  const member = team.members[arm];
  const from = here[arm];
  const { random } = team;
  return amongResting(team, here, arm, [from], (room) =>
    findArmPath({ member, room, from, goals, random, nodesMax, shortenRounds: SHORTEN_ROUNDS }),
  );
}

/** Runs `use` with the room that an arm has while all others stand where they are. */
function amongResting<R>(
  team: Team,
  here: readonly Row[],
  arm: number,
  ends: readonly Row[],
  use: (room: Room) => R,
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
  const space = team.kernel.prepareScene(description);
  try {
    return use(roomOf(prepareScene(description), space, ends, stepMinM));
  } finally {
    space.release();
  }
}

/** The moves as one path an arm, each gone along while all others rest. */
function lanesOf(team: Team, tables: TeamTables, moves: readonly Move[]): readonly Lane[] {
  const whole = team.members.map((m): Row[] => [m.arm.start]);
  // Per move the waypoints of the arm's path that it goes over.
  const ends = moves.map(({ arm, path }) => {
    const rows = whole[arm];
    for (const row of path.slice(1)) if (row.some((v, j) => v !== rows[rows.length - 1][j])) rows.push(row);
    return rows.length - 1;
  });
  const swept = whole.map((waypoints, arm) => tables.sweep(arm, waypoints));
  const schedules = team.members.map((): number[] => [0]);
  moves.forEach(({ arm }, k) => {
    const target = swept[arm].sampleOf[ends[k]];
    for (let s = schedules[arm][schedules[arm].length - 1] + 1; s <= target; s += 1) {
      schedules.forEach((schedule, other) =>
        schedule.push(other === arm ? s : schedule[schedule.length - 1]),
      );
    }
  });
  return swept.map((path, arm) => ({ path, schedule: schedules[arm] }));
}
