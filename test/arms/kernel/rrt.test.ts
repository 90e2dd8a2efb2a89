import { describe, expect, it } from 'vitest';
import type { ArmScene, RrtRequest } from '../../../arms/kernel/index.ts';
import { createCollisionKernel, createReferenceKernel, MOTION_FREE } from '../../../arms/kernel/index.ts';
import { shippedArm } from '../model/shipped.ts';
import { configurations, poseAt, sceneOf } from './scenes.ts';

const manipulator = shippedArm('ur5e');
const kernel = createCollisionKernel();
const reference = createReferenceKernel();
/** A wall between two sides of the arm, with room above it. */
const WALL = [
  { id: 'wall', shape: { type: 'box', sizeM: [0.5, 0.05, 0.5] }, X_WO: poseAt(-0.75, 0, 0.25) },
] as const;
const LEFT = [-0.9, -1.2, 1.4, -1.8, -1.57, 0];
const RIGHT = [0.6, -1.2, 1.4, -1.8, -1.57, 0];

function request(more: Partial<RrtRequest>, arms = 1): RrtRequest {
  const all = (value: number): number[] => Array<number>(6 * arms).fill(value);
  return {
    start: LEFT,
    goals: [RIGHT],
    lower: all(-Math.PI),
    upper: all(Math.PI),
    weights: all(1),
    stepMax: 1,
    seed: 1,
    iterationsMax: 20_000,
    nodesMax: 20_000,
    ...more,
  };
}

function isPathFree(scene: Pick<ArmScene, 'checkMotion'>, path: readonly (readonly number[])[]): boolean {
  return path.slice(1).every((to, k) => scene.checkMotion(path[k], 0, to, 0) === MOTION_FREE);
}

describe('RRT-Connect in the kernel', () => {
  const scene = kernel.prepareScene(sceneOf(manipulator, WALL));

  it('finds ways round a wall which the reference finds free too', () => {
    expect(scene.checkMotion(LEFT, 0, RIGHT, 0)).not.toBe(MOTION_FREE);
    const theirs = reference.prepareScene(sceneOf(manipulator, WALL));
    for (let seed = 1; seed <= 5; seed += 1) {
      const found = scene.planRrtConnect(request({ seed }));
      if (found.status !== 'solved') throw new Error(found.status);
      expect(found.path[0]).toEqual(LEFT);
      expect(found.path[found.path.length - 1]).toEqual(RIGHT);
      expect(found.path.length).toBeGreaterThan(2);
      expect(isPathFree(scene, found.path)).toBe(true);
      expect(isPathFree(theirs, found.path)).toBe(true);
      expect(scene.planRrtConnect(request({ seed }))).toEqual(found);
    }
  });

  it('says what is wrong', () => {
    const inWall = [-0.2, -1.2, 1.4, -1.8, -1.57, 0];
    expect(scene.planRrtConnect(request({ start: inWall })).status).toBe('start-not-free');
    expect(scene.planRrtConnect(request({ goals: [inWall] })).status).toBe('no-goal-free');
    expect(scene.planRrtConnect(request({ iterationsMax: 0 }))).toMatchObject({
      status: 'exhausted',
      iterations: 0,
    });
    const either = scene.planRrtConnect(request({ goals: [inWall, RIGHT] }));
    expect(either).toMatchObject({ status: 'solved', goal: 1 });
  });

  it('goes straight where that is free, to the first such goal', () => {
    const near = LEFT.map((v) => v - 0.1);
    expect(scene.planRrtConnect(request({ goals: [RIGHT, near] }))).toMatchObject({
      status: 'solved',
      goal: 1,
      path: [LEFT, near],
      iterations: 0,
    });
  });

  it('moves two arms past one another', () => {
    const scenes = [poseAt(0, 0, 0), poseAt(-1, 0, 0, [0, 0, Math.PI])].map((X_WB) =>
      kernel.prepareScene(sceneOf(manipulator, [], { X_WB })),
    );
    const group = kernel.prepareGroup(scenes, 0.02);
    const q = configurations(manipulator, 400, 3).map((v) => v / 3);
    const free = new Uint8Array(200);
    group.areFree(q, 200, free);
    const ends = [...free.keys()].filter((i) => free[i] === 1).slice(0, 12).map((i) => Array.from(q.slice(12 * i, 12 * i + 12))); // prettier-ignore
    expect(ends.length).toBe(12);
    for (let k = 0; k < ends.length; k += 2) {
      const bounds = {
        lower: Array<number>(12).fill(-2 * Math.PI),
        upper: Array<number>(12).fill(2 * Math.PI),
      };
      const found = group.planRrtConnect(
        request({ start: ends[k], goals: [ends[k + 1]], ...bounds, stepMax: 2 }, 2),
      );
      if (found.status !== 'solved') throw new Error(found.status);
      expect(isPathFree(group, found.path)).toBe(true);
    }
  });

  it('the reference answers in the same words', () => {
    const theirs = reference.prepareScene(sceneOf(manipulator, WALL));
    const found = theirs.planRrtConnect(request({}));
    if (found.status !== 'solved') throw new Error(found.status);
    expect(isPathFree(scene, found.path) || isPathFree(theirs, found.path)).toBe(true);
    expect(theirs.planRrtConnect(request({ goals: [] })).status).toBe('no-goal-free');
  });
});
