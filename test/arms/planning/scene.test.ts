import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxBoxSeparation } from '../../../arms/geometry/box-separation.ts';
import {
  BOX_STRIDE,
  CAPSULE_STRIDE,
  capsuleBox,
  capsuleCapsule,
  capsuleCylinder,
} from '../../../arms/geometry/distance.ts';
import type { Pose } from '../../../arms/geometry/pose.ts';
import { quaternionFromRpy } from '../../../arms/geometry/transform.ts';
import { seededRandom } from '../../../arms/geometry/random.ts';
import type { Obstacle } from '../../../arms/geometry/shape.ts';
import { compileBody, groupFactors, placeBody, tipAt } from '../../../arms/planning/arm-body.ts';
import { boundMotion } from '../../../arms/planning/motion-bounds.ts';
import { checkLine, checkMotion, NOTHING_STRAIGHT, STEP_MIN_M } from '../../../arms/planning/motion-check.ts';
import type { CarriedItem, ItemContactAllowance, SceneDescription } from '../../../arms/planning/scene.ts';
import {
  checkConfiguration,
  checkRows,
  isFree,
  NO_ALLOWANCE,
  placeItem,
  prepareScene,
} from '../../../arms/planning/scene.ts';
import type { PlanningScene } from '../../../arms/planning/scene.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { shippedArm } from './shipped-arm.ts';

const SEED = 20260103;
const manipulator = shippedArm('ur10e');
const limits = manipulator.joints.map((joint) => joint.limits);
const ORIGIN: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };
const UP = [0, -1.5708, 0, -1.5708, 0, 0];

function at(x: number, y: number, z: number, rpy: readonly [number, number, number] = [0, 0, 0]): Pose {
  return { positionM: [x, y, z], quaternionXyzw: quaternionFromRpy(...rpy) };
}

function description(obstacles: readonly Obstacle[], margins = 0): SceneDescription {
  return {
    manipulator,
    X_WB: ORIGIN,
    obstacles,
    standingArms: [],
    keepOut: [],
    obstacleMarginM: margins,
    selfMarginM: 0,
    armMarginM: margins,
    keepOutMarginM: margins,
  };
}

/** A field of obstacles of every kind around the arm, some of them turned. */
function clutter(seed: number, count: number): Obstacle[] {
  const random = seededRandom(seed);
  const u = (from: number, to: number): number => from + random() * (to - from);
  return Array.from({ length: count }, (_, i): Obstacle => {
    const angle = u(-Math.PI, Math.PI);
    const r = u(0.5, 1.3);
    const X_WO = at(r * Math.cos(angle), r * Math.sin(angle), u(-0.3, 1.2), [u(-2, 2), u(-2, 2), u(-2, 2)]);
    const shapes: Obstacle['shape'][] = [
      { type: 'box', sizeM: [u(0.05, 0.4), u(0.05, 0.4), u(0.02, 0.3)] },
      { type: 'sphere', radiusM: u(0.03, 0.15) },
      { type: 'cylinder', radiusM: u(0.03, 0.1), lengthM: u(0.1, 0.5) },
      { type: 'capsule', radiusM: u(0.03, 0.1), lengthM: u(0.1, 0.5) },
    ];
    return { id: `thing-${i}`, shape: shapes[i % 4], X_WO };
  });
}

const joints = fc.tuple(
  ...[3.1, 3.1, 2.8, 3.1, 3.1, 3.1].map((most) => fc.double({ min: -most, max: most, noNaN: true })),
);

/** Least distance to everything, without culling: every moving capsule and the item against every thing. */
function bruteForce(scene: PlanningScene, q: readonly number[], item: CarriedItem | null): number {
  const { body, statics } = scene;
  placeBody(body, q, 0);
  let least = Infinity;
  statics.things.forEach((thing, i) => {
    const offset = statics.offsets[i];
    for (let k = 0; k < body.capsuleCount; k += 1) {
      if (body.joints[k] < 0) continue;
      const c = k * CAPSULE_STRIDE;
      const d =
        thing.kind === 'box'
          ? capsuleBox(body.world, c, statics.values, offset)
          : thing.kind === 'capsule'
            ? capsuleCapsule(body.world, c, statics.values, offset)
            : capsuleCylinder(body.world, c, statics.values, offset);
      least = Math.min(least, d - thing.marginM);
    }
    if (item === null) return;
    placeItem(scene, item);
    const d =
      thing.kind === 'capsule'
        ? capsuleBox(statics.values, offset, scene.item, 0)
        : thing.kind === 'box'
          ? boxBoxSeparation(scene.item, 0, statics.values, offset)
          : boxBoxSeparation(scene.item, 0, statics.boxes, i * BOX_STRIDE);
    least = Math.min(least, d - thing.marginM);
  });
  for (const [i, j] of manipulator.selfPairs) {
    least = Math.min(least, capsuleCapsule(body.world, i * CAPSULE_STRIDE, body.world, j * CAPSULE_STRIDE));
  }
  if (item !== null) {
    for (let k = 0; k < body.capsuleCount; k += 1) {
      if (body.joints[k] <= 3)
        least = Math.min(least, capsuleBox(body.world, k * CAPSULE_STRIDE, scene.item, 0));
    }
  }
  return least;
}

describe('one configuration', () => {
  const item: CarriedItem = { sizeM: [0.12, 0.08, 0.1] };

  it('gets the verdict that all pairs without culling give', () => {
    const scene = prepareScene(description(clutter(1, 24), 0.01));
    let free = 0;
    fc.assert(
      fc.property(joints, fc.constantFrom(null, item), (q, load) => {
        const truth = bruteForce(scene, q, load);
        fc.pre(Math.abs(truth) > 1e-9);
        expect(isFree(scene, q, 0, load, NO_ALLOWANCE)).toBe(truth >= 0);
        const least = checkRows(scene, q, 0, load, NO_ALLOWANCE);
        expect(least >= 0).toBe(truth >= 0);
        const verdict = checkConfiguration(scene, q, load, NO_ALLOWANCE);
        expect(verdict.status === 'free').toBe(truth >= 0);
        if (verdict.status === 'contact') expect(-verdict.contact.depthM).toBeCloseTo(truth, 9);
        if (truth >= 0) free += 1;
      }),
      { seed: SEED, numRuns: 600 },
    );
    expect(free).toBeGreaterThan(75);
  });

  it('names the pair that is worst', () => {
    const ball: Obstacle = { id: 'ball', shape: { type: 'sphere', radiusM: 0.1 }, X_WO: at(0, -0.2, 1.2) };
    const verdict = checkConfiguration(prepareScene(description([ball])), UP, null, NO_ALLOWANCE);
    expect(verdict.status).toBe('contact');
    if (verdict.status === 'contact') expect(verdict.contact.second).toBe('ball');
  });

  it('minds standing arms at their clearance and keep-out prisms at any height', () => {
    const near: SceneDescription = {
      ...description([]),
      standingArms: [{ id: 'other', manipulator, X_WB: at(-0.6, 0, 0), positions: UP }],
      keepOut: [{ id: 'zone', minM: [-2, 0.5], maxM: [2, 3] }],
      armMarginM: 0.05,
    };
    const scene = prepareScene(near);
    expect(isFree(scene, UP, 0, null, NO_ALLOWANCE)).toBe(true);
    const reaching = [0, -1, 0.5, -1, 0, 0];
    const verdict = checkConfiguration(scene, reaching, null, NO_ALLOWANCE);
    expect(verdict.status === 'contact' && verdict.contact.second.startsWith('other')).toBe(true);
    const sideways = checkConfiguration(scene, [-Math.PI / 2, -1, 0.5, -1, 0, 0], null, NO_ALLOWANCE);
    expect(sideways.status === 'contact' && sideways.contact.second).toBe('zone');
  });

  it('lets the item touch its container straight above its point, and nowhere else', () => {
    const down = [0, -1.6, 1.9, -1.87, -1.5708, 0];
    const bare = prepareScene(description([]));
    placeBody(bare.body, down, 0);
    const tip = tipAt(bare.body);
    const [x, y, z] = [bare.body.frames[tip + 3], bare.body.frames[tip + 7], bare.body.frames[tip + 11]];
    const floor: Obstacle = {
      id: 'floor',
      shape: { type: 'box', sizeM: [0.4, 0.4, 0.02] },
      X_WO: at(x, y, z - 0.1),
    };
    const scene = prepareScene(description([floor]));
    const load: CarriedItem = { sizeM: [0.05, 0.05, 0.12] };
    const over = (px: number): ItemContactAllowance => ({
      points: [[px, y, z]],
      lateralM: 0.01,
      between: 'bounded',
    });
    expect(isFree(scene, down, 0, null, NO_ALLOWANCE)).toBe(true);
    expect(isFree(scene, down, 0, load, NO_ALLOWANCE)).toBe(false);
    expect(isFree(scene, down, 0, load, over(x + 0.005))).toBe(true);
    expect(isFree(scene, down, 0, load, over(x + 0.015))).toBe(false);
  });
});

describe('how far points travel', () => {
  it('is bounded by the travel factors, however large the move', () => {
    const body = compileBody(manipulator, ORIGIN);
    const moved = compileBody(manipulator, ORIGIN);
    const factors = new Float64Array(6);
    let tightest = 0;
    fc.assert(
      fc.property(joints, joints, fc.double({ min: 0.001, max: 1, noNaN: true }), (q, towards, share) => {
        const to = q.map((value, j) => value + share * (towards[j] - value));
        placeBody(body, q, 0);
        placeBody(moved, to, 0);
        for (let k = 0; k < body.capsuleCount; k += 1) {
          if (body.joints[k] < 0) continue;
          groupFactors(body, body.groupOf[k], factors, 0);
          const bound = factors.reduce((sum, factor, j) => sum + factor * Math.abs(to[j] - q[j]), 0);
          for (const end of [0, 3]) {
            const c = k * CAPSULE_STRIDE + end;
            const far = Math.hypot(...[0, 1, 2].map((m) => moved.world[c + m] - body.world[c + m]));
            expect(far).toBeLessThanOrEqual(bound + 1e-12);
            if (bound > 0) tightest = Math.max(tightest, far / bound);
          }
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
    expect(tightest).toBeGreaterThan(0.9);
  });
});

describe('a motion', () => {
  it('called free is free at every finely sampled instant, but for the least step', () => {
    const scene = prepareScene(description(clutter(2, 12), 0.004));
    let free = 0;
    fc.assert(
      fc.property(joints, joints, (a, b) => {
        if (!isFree(scene, a, 0, null, NO_ALLOWANCE) || !isFree(scene, b, 0, null, NO_ALLOWANCE)) return;
        const timed = timePath(straightPath([a, b], { kind: 'stop' }), limits);
        if (timed.status !== 'timed') throw new Error(JSON.stringify(timed));
        const first = checkMotion(scene, boundMotion(timed.trajectory), null, NO_ALLOWANCE, NOTHING_STRAIGHT);
        const line = checkLine(scene, a, b, null, NO_ALLOWANCE);
        const endUs = timed.trajectory.timesUs.at(-1)!;
        const q = new Array<number>(6).fill(0);
        let least = Infinity;
        for (let t = 0; t <= endUs; t += 4000) {
          sampleTrajectory(timed.trajectory, t, q);
          least = Math.min(least, bruteForce(scene, q, null));
          if (least < -STEP_MIN_M) break;
        }
        if (least < -STEP_MIN_M) {
          expect(first).toBeGreaterThanOrEqual(0);
          expect(line).toBeGreaterThanOrEqual(0);
        }
        if (first < 0) {
          free += 1;
          expect(least).toBeGreaterThan(-STEP_MIN_M);
        }
      }),
      { seed: SEED, numRuns: 60 },
    );
    expect(free).toBeGreaterThan(5);
  });

  it('does not pass through a thin wall between two free ends, at any speed', () => {
    const wall: Obstacle = {
      id: 'wall',
      shape: { type: 'box', sizeM: [0.004, 0.6, 1.2] },
      X_WO: at(0, 0.9, 0.6),
    };
    const scene = prepareScene(description([wall], 0.004));
    const from = [-0.9, -0.4, 0.6, -1.77, -1.5708, 0];
    const to = [-2.4, -0.4, 0.6, -1.77, -1.5708, 0];
    expect(isFree(scene, from, 0, null, NO_ALLOWANCE) && isFree(scene, to, 0, null, NO_ALLOWANCE)).toBe(true);
    expect(checkLine(scene, from, to, null, NO_ALLOWANCE)).toBeGreaterThan(0);
    const fast = limits.map((l) => ({ ...l, velocityMax: 50, accelerationMax: 5000, jerkMax: Infinity }));
    const timed = timePath(straightPath([from, to], { kind: 'stop' }), fast);
    if (timed.status !== 'timed') throw new Error(JSON.stringify(timed));
    const at0 = checkMotion(scene, boundMotion(timed.trajectory), null, NO_ALLOWANCE, NOTHING_STRAIGHT);
    expect(at0).toBeGreaterThan(0);
  });
});
