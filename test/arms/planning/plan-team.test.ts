import { describe, expect, it } from 'vitest';
import { createCollisionKernel } from '../../../arms/kernel/index.ts';
import { checkTeamPlan } from '../../../arms/planning/check-team-plan.ts';
import { planTeam } from '../../../arms/planning/plan-team.ts';
import type { TeamProblem } from '../../../arms/planning/team-problem.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { ProblemArms } from '../../../config/problem-arm.ts';
import { drawProblem } from '../../bench/planning-scenes.ts';

const kernel = createCollisionKernel();
const arms = new ProblemArms();

function manipulatorOf(name: string, joints: number) {
  const loaded = arms.load(name, '.', joints);
  if (loaded.status === 'refused') throw new Error(loaded.problem);
  return loaded.manipulator;
}
const ur5e = manipulatorOf('ur5e', 6);

function drawn(arms: number, seed: number): TeamProblem {
  const problem = drawProblem({ kind: 'crowd', manipulator: ur5e, arms, seed });
  if (problem === null) throw new Error('the draw came to nothing');
  return problem;
}

describe('planning several arms together', () => {
  it.each([1, 2, 3, 4])('solves a crowd of three, and the reference check agrees (seed %i)', (seed) => {
    const problem = drawn(3, seed);
    const outcome = planTeam(kernel, problem, { seed: 1, iterations: 20 });
    expect(outcome.status).toBe('solved');
    if (outcome.status !== 'solved') return;
    expect(checkTeamPlan(problem, outcome.plan.trajectories).status).toBe('good');
    expect(outcome.plan.pathLength).toBeGreaterThanOrEqual(outcome.plan.ghostLength - 1e-9);
    expect(outcome.plan.clearanceM).toBeGreaterThanOrEqual(0);
  });

  it('gives the same plan for the same seed', () => {
    const problem = drawn(2, 5);
    const plan = () => JSON.stringify(planTeam(kernel, problem, { seed: 7, iterations: 20 }));
    expect(plan()).toBe(plan());
  });

  it('names the pair and the depth of a start or goal in collision', () => {
    const problem = drawn(2, 1);
    const [first, second] = problem.arms;
    if (first === undefined || second === undefined) throw new Error('two arms were asked for');
    const far = { ...problem, clearanceM: 0.45 };
    const tooNear = planTeam(kernel, far, { seed: 1, iterations: 0 });
    if (tooNear.status === 'start-in-collision' || tooNear.status === 'goal-in-collision') {
      expect(tooNear.contact.depthM).toBeGreaterThan(0);
      expect([tooNear.contact.first, tooNear.contact.second]).toEqual([first.id, second.id]);
    } else expect(tooNear.status).toBe('solved');
    const wall = {
      id: 'wall',
      shape: { type: 'box' as const, sizeM: [3, 3, 3] as const },
      X_WO: { positionM: [0, 0, 1] as const, quaternionXyzw: [0, 0, 0, 1] as const },
    };
    const walled = planTeam(kernel, { ...problem, obstacles: [wall] }, { seed: 1, iterations: 0 });
    expect(walled.status).toBe('start-in-collision');
    if (walled.status === 'start-in-collision') {
      expect(walled.contact.second).toBe('wall');
      expect(walled.contact.depthM).toBeGreaterThan(0);
    }
  });

  it('refuses what is beyond the limits, with the joint', () => {
    const problem = drawn(2, 1);
    const [first, second] = problem.arms;
    if (first === undefined || second === undefined) throw new Error('two arms were asked for');
    const goal = first.goal.map((value, j) => (j === 2 ? 9 : value));
    const outcome = planTeam(
      kernel,
      { ...problem, arms: [{ ...first, goal }, second] },
      { seed: 1, iterations: 0 },
    );
    expect(outcome).toMatchObject({ status: 'goal-beyond-limits', arm: first.id, value: 9 });
  });
});

describe('the reference check', () => {
  it('finds arms that pass through one another, an obstacle on the way, and a wrong end', () => {
    const problem = drawn(2, 1);
    const straight = problem.arms.map((arm) => {
      const limits = arm.manipulator.joints.map((joint) => joint.limits);
      const timed = timePath(straightPath([arm.start, arm.goal], { kind: 'stop' }), limits);
      if (timed.status === 'refused') throw new Error(timed.detail);
      return timed.trajectory;
    });
    const [a, b] = problem.arms;
    const [first, second] = straight;
    if (a === undefined || b === undefined || first === undefined || second === undefined)
      throw new Error('two');
    // Two arms on one spot, moving alike, overlap all the time.
    const twins = { ...problem, obstacles: [], arms: [a, { ...a, id: 'twin' }] };
    expect(checkTeamPlan(twins, [first, first])).toMatchObject({
      status: 'bad',
      fault: { kind: 'clearance', arm: a.id, other: 'twin', timeUs: 0 },
    });
    expect(checkTeamPlan(problem, [second, first])).toMatchObject({
      status: 'bad',
      fault: { kind: 'start' },
    });
    expect(checkTeamPlan(problem, [first])).toMatchObject({ status: 'bad', fault: { kind: 'count' } });
    const wall = {
      id: 'wall',
      shape: { type: 'sphere' as const, radiusM: 2 },
      X_WO: { positionM: [0, 0, 1] as const, quaternionXyzw: [0, 0, 0, 1] as const },
    };
    expect(checkTeamPlan({ ...problem, obstacles: [wall] }, [first, second])).toMatchObject({
      status: 'bad',
      fault: { kind: 'obstacle' },
    });
  });
});
