import { performance } from 'node:perf_hooks';
import { createCollisionKernel } from '../../arms/kernel/index.ts';
import type { CollisionKernel, StateSpace } from '../../arms/kernel/index.ts';
import { planTeam, warmTeamPlanner } from '../../arms/planning/plan-team.ts';
import type { TeamProblem } from '../../arms/planning/team-problem.ts';
import { ProblemArms } from '../../config/problem-arm.ts';
import { drawProblem } from './planning-scenes.ts';
import type { SceneKind } from './planning-scenes.ts';

const ROBOTS = ['franka-panda', 'ur5e', 'ur10e'] as const;
type Robot = (typeof ROBOTS)[number];
const JOINTS: Readonly<Record<Robot, number>> = { 'franka-panda': 7, ur5e: 6, ur10e: 6 };

/** Kinds of problems for one arm, and how many of each are planned. */
const SINGLE: readonly SceneKind[] = ['shelf', 'table', 'box'];
const PER_KIND = 30;
const COUPLED_PROBLEMS = 12;
const TEAM_PROBLEMS = 6;

/** One row of the measurement. Times are of one thread, with model, kernel and scene loaded. */
interface PlanningRow {
  readonly robot: Robot;
  /** `single`: first path of one arm; `coupled`: the same for all joints of several; `team`: what `plan` does. */
  readonly workload: 'single' | 'coupled' | 'team';
  readonly kind: string;
  readonly arms: number;
  readonly problems: number;
  readonly solvedShare: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Median of path length over straight length; null: not part of the workload. */
  readonly lengthRatio: number | null;
}

/** How fast and how surely problems drawn from fixed seeds are planned. */
export function planningBench(): Promise<readonly PlanningRow[]> {
  const kernel = createCollisionKernel();
  const arms = new ProblemArms();
  const rows: PlanningRow[] = [];
  for (const robot of ROBOTS) {
    const loaded = arms.load(robot, '.', JOINTS[robot]);
    if (loaded.status === 'refused') throw new Error(loaded.problem);
    const { manipulator } = loaded;
    const draw = (kind: SceneKind, count: number, wanted: number): readonly TeamProblem[] => {
      const drawn: TeamProblem[] = [];
      for (let seed = 1; drawn.length < wanted && seed <= 3 * wanted; seed += 1) {
        const problem = drawProblem({ kind, manipulator, arms: count, seed });
        if (problem !== null) drawn.push(problem);
      }
      return drawn;
    };
    const single = SINGLE.map((kind) => ({ kind, problems: draw(kind, 1, PER_KIND) }));
    for (const { kind, problems } of single) rows.push(firstPaths(kernel, robot, 'single', kind, problems));
    const all = single.flatMap(({ problems }) => problems);
    rows.push(firstPaths(kernel, robot, 'single', 'all', all));
    for (const count of [2, 4]) {
      const problems = draw('crowd', count, COUPLED_PROBLEMS);
      rows.push(firstPaths(kernel, robot, 'coupled', 'crowd', problems));
    }
    warmTeamPlanner(kernel, manipulator);
    for (const [kind, count] of [
      ['crowd', 2],
      ['crowd', 4],
      ['bins', 4],
    ] as const) {
      rows.push(teams(kernel, robot, kind, draw(kind, count, TEAM_PROBLEMS)));
    }
  }
  return Promise.resolve(rows);
}

/** Straight line, else RRT-Connect: the first path that the kernel finds, as grown. */
function firstPaths(
  kernel: CollisionKernel,
  robot: Robot,
  workload: 'single' | 'coupled',
  kind: string,
  problems: readonly TeamProblem[],
): PlanningRow {
  const times: number[] = [];
  let solved = 0;
  for (const problem of problems) {
    const scenes = problem.arms.map(({ manipulator, X_WB }) =>
      kernel.prepareScene({
        manipulator,
        X_WB,
        obstacles: problem.obstacles,
        standingArms: [],
        keepOut: [],
        obstacleMarginM: 0,
        selfMarginM: 0,
        armMarginM: 0,
        keepOutMarginM: 0,
      }),
    );
    const group = workload === 'coupled' ? kernel.prepareGroup(scenes, problem.clearanceM) : null;
    const space: StateSpace = group ?? scenes[0]!;
    // The first look at a place fills the distance grid there; that is part of loading a scene.
    search(space, problem, 1);
    const began = performance.now();
    const isSolved = search(space, problem, 2);
    times.push(performance.now() - began);
    if (isSolved) solved += 1;
    group?.release();
    for (const scene of scenes) scene.release();
  }
  return rowOf(
    { robot, workload, kind, arms: problems[0]?.arms.length ?? 0 },
    problems.length,
    solved,
    times,
    [],
  );
}

function search(space: StateSpace, problem: TeamProblem, seed: number): boolean {
  const start = problem.arms.flatMap((arm) => arm.start);
  const goal = problem.arms.flatMap((arm) => arm.goal);
  if (space.checkMotion(start, 0, goal, 0) < 0) return true;
  const limits = problem.arms.flatMap((arm) => arm.manipulator.joints.map((joint) => joint.limits));
  const outcome = space.planRrtConnect({
    start,
    goals: [goal],
    lower: limits.map(({ lower }) => Math.max(lower, -Math.PI)),
    upper: limits.map(({ upper }) => Math.min(upper, Math.PI)),
    weights: limits.map(() => 1),
    stepMax: 1,
    seed,
    iterationsMax: 6_000,
    nodesMax: 6_000,
  });
  return outcome.status === 'solved';
}

function teams(
  kernel: CollisionKernel,
  robot: Robot,
  kind: string,
  problems: readonly TeamProblem[],
): PlanningRow {
  const times: number[] = [];
  const ratios: number[] = [];
  for (const problem of problems) {
    const began = performance.now();
    const outcome = planTeam(kernel, problem, { seed: 1, iterations: 200 });
    times.push(performance.now() - began);
    if (outcome.status === 'solved') ratios.push(outcome.plan.pathLength / outcome.plan.ghostLength);
  }
  const arms = problems[0]?.arms.length ?? 0;
  return rowOf({ robot, workload: 'team', kind, arms }, problems.length, ratios.length, times, ratios);
}

function rowOf(
  what: Pick<PlanningRow, 'robot' | 'workload' | 'kind' | 'arms'>,
  problems: number,
  solved: number,
  times: readonly number[],
  ratios: readonly number[],
): PlanningRow {
  return {
    ...what,
    problems,
    solvedShare: problems === 0 ? 0 : solved / problems,
    medianMs: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    lengthRatio: ratios.length === 0 ? null : quantile(ratios, 0.5),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
