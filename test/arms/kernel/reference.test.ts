import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Vec3 } from '../../../arms/geometry/pose.ts';
import { dot, minus } from '../../../arms/geometry/vector.ts';
import { convexHull } from '../../../arms/kernel/convex-hull.ts';
import { createReferenceKernel, MOTION_FREE } from '../../../arms/kernel/index.ts';
import type { KernelObstacle } from '../../../arms/kernel/index.ts';
import { checkLine } from '../../../arms/planning/motion-check.ts';
import { checkRows, NO_ALLOWANCE, prepareScene } from '../../../arms/planning/scene.ts';
import type { Obstacle } from '../../../arms/geometry/shape.ts';
import { tipOf } from '../../../arms/model/kinematics.ts';
import { shippedArm } from '../model/shipped.ts';
import { clutter, configurations, ORIGIN, poseAt, sceneOf } from './scenes.ts';

const manipulator = shippedArm('ur5e');
const kernel = createReferenceKernel();
const coordinate = fc.double({ min: -1, max: 1, noNaN: true });
const points = fc.array(fc.tuple(coordinate, coordinate, coordinate), { minLength: 4, maxLength: 20 });

describe('a convex hull', () => {
  it('has every point inside and every corner among the points', () => {
    fc.assert(
      fc.property(points, (cloud) => {
        const hull = convexHull(cloud as Vec3[]);
        if (hull === null) return;
        hull.triangles.forEach(([corner], k) => {
          for (const p of cloud) expect(dot(hull.normals[k], minus(p, corner))).toBeLessThan(1e-6);
        });
        for (const corner of hull.triangles.flat()) expect(cloud).toContain(corner);
      }),
    );
  });

  it('does not exist for points in a plane', () => {
    expect(convexHull([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [2, 3, 0]])).toBeNull(); // prettier-ignore
  });
});

describe('the reference kernel', () => {
  it('finds the slack that the planning scene finds', () => {
    const obstacles = clutter(5, 16).filter(
      (o): o is Obstacle => o.shape.type !== 'convex-hull' && o.shape.type !== 'container',
    );
    const description = { ...sceneOf(manipulator, obstacles, { obstacleMarginM: 0.01 }), obstacles };
    const scene = kernel.prepareScene(description);
    const planning = prepareScene(description);
    const count = 200;
    const q = configurations(manipulator, count, 2);
    const slacks = new Float32Array(count);
    scene.slacks(q, count, 0.25, slacks);
    let contacts = 0;
    for (let i = 0; i < count; i += 1) {
      const theirs = checkRows(planning, q, 6 * i, null, NO_ALLOWANCE);
      if (slacks[i] < 0) contacts += 1;
      // The planning scene stops at the first contact, and has lower bounds of some distances.
      if (slacks[i] < 0) expect(theirs).toBeLessThan(0);
      else expect(Math.abs(theirs - slacks[i])).toBeLessThan(1e-5);
    }
    expect(contacts).toBeGreaterThan(count / 4);
    expect(contacts).toBeLessThan(count);
  });

  it('takes a hull of a box and a box for the same, and a container for its walls', () => {
    const X_WO = poseAt(0.5, 0.2, 0.3, [0.3, 0.7, -1]);
    const corners = [-1, 1].flatMap((x) =>
      [-1, 1].flatMap((y) => [-1, 1].map((z) => [0.15 * x, 0.1 * y, 0.2 * z] as const)),
    );
    const box = { id: 'box', shape: { type: 'box', sizeM: [0.3, 0.2, 0.4] }, X_WO } as const;
    const hull = { id: 'hull', shape: { type: 'convex-hull', pointsM: corners }, X_WO } as const;
    const count = 100;
    const q = configurations(manipulator, count, 4);
    const [a, b] = [box, hull].map((obstacle) => {
      const slacks = new Float32Array(count);
      const scene = kernel.prepareScene(sceneOf(manipulator, [obstacle]));
      scene.carry({ sizeM: [0.1, 0.2, 0.05] }, NO_ALLOWANCE);
      scene.slacks(q, count, 1, slacks);
      return slacks;
    });
    a.forEach((slack, i) => {
      if (slack < 0) expect(b[i]).toBeLessThan(0);
      else expect(Math.abs(slack - b[i])).toBeLessThan(1e-5);
    });

    const pose = [0, -1.2, 1.9, -2.3, -1.5708, 0];
    const [x, y, z] = tipOf(manipulator, ORIGIN, pose).positionM;
    const isFree = (shape: KernelObstacle['shape']): boolean => {
      const scene = kernel.prepareScene(sceneOf(manipulator, [{ id: 'it', shape, X_WO: poseAt(x, y, z) }]));
      return scene.areFree(pose, 1, new Uint8Array(1)) === 1;
    };
    expect(isFree({ type: 'box', sizeM: [0.4, 0.4, 0.2] })).toBe(false);
    expect(isFree({ type: 'container', sizeM: [0.4, 0.4, 0.2], wallM: 0.02, floorM: 0.02 })).toBe(true);
    expect(isFree({ type: 'container', sizeM: [0.4, 0.4, 0.2], wallM: 0.18, floorM: 0.02 })).toBe(false);
  });

  it('calls no motion free on which a contact is found by looking closely', () => {
    const scene = kernel.prepareScene(sceneOf(manipulator, clutter(8, 10)));
    const q = configurations(manipulator, 20, 6);
    const between = new Float64Array(6);
    const free = new Uint8Array(1);
    let motions = 0;
    for (let i = 0; i < 20; i += 1) {
      const to = q.slice(6 * i, 6 * i + 6).map((v, j) => v + 0.3 * Math.sin(7 * i + j));
      if (scene.checkMotion(q, 6 * i, to, 0) !== MOTION_FREE) continue;
      motions += 1;
      for (let s = 0; s <= 30; s += 1) {
        between.forEach((_, j) => (between[j] = q[6 * i + j] + ((to[j] - q[6 * i + j]) * s) / 30));
        expect(scene.areFree(between, 1, free)).toBe(1);
      }
    }
    expect(motions).toBeGreaterThan(3);
  });

  it('judges straight motions as the planning scene does', () => {
    const obstacles: Obstacle[] = [
      { id: 'post', shape: { type: 'box', sizeM: [0.1, 0.1, 1.2] }, X_WO: poseAt(-0.5, 0, 0.6) },
    ];
    const description = { ...sceneOf(manipulator, obstacles), obstacles };
    const scene = kernel.prepareScene(description);
    const planning = prepareScene(description);
    const stretched = [-1, -0.6, 0.8, -1.5, -1.5, 0];
    const across = [1, ...stretched.slice(1)];
    expect(scene.checkMotion(stretched, 0, across, 0)).toBeGreaterThan(0);
    expect(checkLine(planning, stretched, across, null, NO_ALLOWANCE)).toBeGreaterThan(0);
    const back = [-2, ...stretched.slice(1)];
    expect(scene.checkMotion(stretched, 0, back, 0)).toBe(MOTION_FREE);
  });
});
