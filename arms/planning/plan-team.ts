import { seededRandom } from '../geometry/random.ts';
import type { Obstacle } from '../geometry/shape.ts';
import type { Manipulator } from '../model/manipulator.ts';
import type { CollisionKernel } from '../kernel/collision-kernel.ts';
import { durationUs } from '../trajectory/joint-trajectory.ts';
import { findArmPath } from './arm-path.ts';
import { checkTeamPlan } from './check-team-plan.ts';
import type { SweptPath } from './swept-path.ts';
import { lengthOf, sumOfJoints } from './swept-path.ts';
import { CoupledArms } from './team-coupled.ts';
import { LEVEL_MAX, Ways, scheduleWithRepair } from './team-order.ts';
import type { TeamEffort, TeamOutcome, TeamProblem } from './team-problem.ts';
import type { Lane } from './team-schedule.ts';
import { TeamTables } from './team-schedule.ts';
import { planOneByOne } from './team-sequential.ts';
import { shortenTogether } from './team-shorten.ts';
import { ROUNDINGS_RAD, jointWaypoints, timeTogether } from './team-timing.ts';
import type { Team, TeamMember } from './team.ts';
import { prepareTeam } from './team.ts';
import { compactPostures } from './withdrawal.ts';

type Row = readonly number[];

/** Nodes of the search for one arm among obstacles. */
const NODES_MAX = 6_000;
const SHORTEN_ROUNDS = 60;
/** Shortcuts per arm on a way of all arms. */
const TRIALS_PER_ARM = 60;
/** Nodes of the search in the space of all joints. */
const COUPLED_NODES = 3_000;
/** Orders tried per arm. */
const ROUNDS_PER_ARM = 4;
/** Pairs of samples compared in search of an order of the arms' own ways, and of withdrawn ones. */
const ORDER_WORK_MAX = 600_000;
const REPAIR_WORK_MAX = 2_000_000;
/** Iterations of improvement that another search for a single arm counts for. */
const ITERATIONS_PER_TRY = 50;
/** A way that is no longer than this share of the straight one need not be improved. */
const GOOD_ENOUGH = 1.005;
/** Problems of its own that the planner solves to get warm. */
const WARM_ROUNDS = 12;

/**
 * Plans a motion of several arms from their starts to their goals, from the cheapest means to the dearest: all straight
 * at once; each arm's own shortest way, at times at which they do not meet, in several orders; RRT-Connect for all
 * joints; one arm after the other. What is found is made shorter within `effort`. The result is timed within all limits
 * and has passed the reference check as timed, or it is no result. A pure function of its arguments.
 */
export function planTeam(kernel: CollisionKernel, problem: TeamProblem, effort: TeamEffort): TeamOutcome {
  const prepared = prepareTeam(kernel, problem, effort.seed);
  if (prepared.status !== 'ready') return prepared;
  const { team } = prepared;
  const tables = new TeamTables(team);
  try {
    return planPrepared(team, tables, effort);
  } finally {
    tables.release();
    for (const member of team.members) member.room.space.release();
  }
}

function planPrepared(team: Team, tables: TeamTables, effort: TeamEffort): TeamOutcome {
  const { members } = team;
  if (members.length === 1) return planAlone(team, effort);
  const coupled = new CoupledArms(team);
  try {
    const straight = coupled.straight();
    const outcome = straight === null ? null : finish(team, straight);
    if (outcome !== null) return outcome;
    const paths: SweptPath[] = [];
    for (const [arm, member] of members.entries()) {
      const path = ownPath(team, member);
      if (path === null) return noWayAlone(member);
      paths.push(tables.sweep(arm, path));
    }
    return planTogether(team, tables, coupled, paths, effort);
  } finally {
    coupled.release();
  }
}

/** From the cheapest means to the dearest, until one leads to a plan that passes the check. */
function planTogether(
  team: Team,
  tables: TeamTables,
  coupled: CoupledArms,
  paths: readonly SweptPath[],
  effort: TeamEffort,
): TeamOutcome {
  const ways = new Ways(team, tables, paths);
  const arms = paths.length;
  const rowsOf = (lanes: readonly Lane[] | null): readonly Row[] | null =>
    lanes === null ? null : jointWaypoints(lanes);
  const means: readonly (() => readonly Row[] | null)[] = [
    () => rowsOf(scheduleWithRepair(team, tables, ways, paths, arms + 2, ORDER_WORK_MAX, 0)),
    () => coupled.plan(Math.ceil(COUPLED_NODES / arms)),
    () => rowsOf(planOneByOne(team, tables)),
    () => coupled.plan(COUPLED_NODES),
    () =>
      rowsOf(
        scheduleWithRepair(
          team,
          tables,
          ways,
          paths,
          ROUNDS_PER_ARM * arms,
          tables.work + REPAIR_WORK_MAX,
          LEVEL_MAX,
        ),
      ),
  ];
  let detail = 'no order and no detours within the effort';
  for (const mean of means) {
    const rows = mean();
    if (rows === null) continue;
    const trials = arms * TRIALS_PER_ARM + effort.iterations;
    const short = coupled.simplified(shortenTogether(team, coupled.simplified(rows), trials));
    const outcome = finish(team, short) ?? finish(team, rows);
    if (outcome !== null) return outcome;
    detail = 'what was found did not keep the clearance as timed';
  }
  return { status: 'not-found', detail };
}

function planAlone(team: Team, effort: TeamEffort): TeamOutcome {
  const [member] = team.members;
  const ghost = sumOfJoints(member.arm.start, member.arm.goal);
  let best: readonly Row[] | null = null;
  let length = Infinity;
  const tries = 1 + Math.ceil(effort.iterations / ITERATIONS_PER_TRY);
  for (let k = 0; k < tries && length > ghost * GOOD_ENOUGH; k += 1) {
    const path = ownPath(team, member);
    if (path === null) break;
    if (lengthOf(path) < length) {
      best = path;
      length = lengthOf(path);
    }
  }
  if (best === null) return noWayAlone(member);
  return finish(team, best) ?? { status: 'not-found', detail: 'what was found touched something as timed' };
}

function ownPath(team: Team, member: TeamMember): readonly Row[] | null {
  return findArmPath({
    member,
    room: member.room,
    from: member.arm.start,
    goals: [member.arm.goal],
    random: team.random,
    nodesMax: NODES_MAX,
    shortenRounds: SHORTEN_ROUNDS,
  });
}

function noWayAlone(member: TeamMember): TeamOutcome {
  return { status: 'not-found', detail: `no way for ${member.arm.id} alone within the effort` };
}

/** Times a way of all arms and has it checked; null: no way of timing passed. */
function finish(team: Team, waypoints: readonly (readonly number[])[]): TeamOutcome | null {
  const problem = asPlanned(team);
  for (const rounding of ROUNDINGS_RAD) {
    const trajectories = timeTogether(team, waypoints, rounding);
    if (trajectories === null) continue;
    const verdict = checkTeamPlan(problem, trajectories);
    if (verdict.status === 'bad') continue;
    const plan = {
      trajectories,
      durationUs: Math.max(...trajectories.map(durationUs)),
      pathLength: lengthOf(waypoints),
      ghostLength: team.members.reduce((sum, m) => sum + sumOfJoints(m.arm.start, m.arm.goal), 0),
      clearanceM: verdict.clearanceM,
    };
    return { status: 'solved', plan };
  }
  return null;
}

/** The problem with starts and goals brought inside the limits, as rounding may have put them a hair outside. */
function asPlanned(team: Team): TeamProblem {
  return { ...team.problem, arms: team.members.map((m) => m.arm) };
}

const warmed = new WeakSet<Manipulator>();

/**
 * Does once what every plan with a manipulator needs and no problem changes: proves which of its parts can meet, and
 * runs the planner's code on small problems of its own, so that the first real one is not slower than the others.
 */
export function warmTeamPlanner(kernel: CollisionKernel, manipulator: Manipulator): void {
  if (warmed.has(manipulator)) return;
  warmed.add(manipulator);
  compactPostures(manipulator);
  const middle = manipulator.joints.map(
    ({ limits }) => (Math.max(limits.lower, -3) + Math.min(limits.upper, 3)) / 2,
  );
  for (let seed = 1; seed <= WARM_ROUNDS; seed += 1) {
    const random = seededRandom(seed);
    const draw = (): number[] => middle.map((value) => value + (random() - 0.5) * 1.6);
    const arms = [0, 1, 2].map((k) => ({
      id: `warm-${k}`,
      manipulator,
      X_WB: { positionM: [k * 0.9, 0, 0] as const, quaternionXyzw: [0, 0, 0, 1] as const },
      start: draw(),
      goal: draw(),
    }));
    const obstacles: Obstacle[] = [0, 1].map((k) => ({
      id: `post-${k}`,
      shape: { type: 'box', sizeM: [0.1, 0.1, 0.6] },
      X_WO: { positionM: [0.45 + k * 0.9, 0.4, 0.3], quaternionXyzw: [0, 0, 0, 1] },
    }));
    planTeam(kernel, { arms, obstacles, clearanceM: 0 }, { seed, iterations: 10 });
  }
}
