import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pose } from '../../../arms/geometry/pose.ts';
import { TRANSFORM_SIZE, poseOf, quaternionFromRpy, transformOf } from '../../../arms/geometry/transform.ts';
import { allocateFrames, compileChain, forwardKinematics, tipFrame } from '../../../arms/model/kinematics.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import {
  inverseKinematicsOf,
  solveToolDown,
  toolDownPose,
  travelTimeS,
} from '../../../arms/planning/inverse-kinematics.ts';
import type { IkRequest } from '../../../arms/planning/inverse-kinematics.ts';
import { shippedArm } from '../model/shipped.ts';

const mounted: readonly Pose[] = [
  { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] },
  { positionM: [1, -2, 3], quaternionXyzw: quaternionFromRpy(Math.PI, 0, 0.4) },
  { positionM: [0.2, 0.1, 1], quaternionXyzw: quaternionFromRpy(0, Math.PI / 2, -1) },
];

function tipPose(manipulator: Manipulator, X_WB: Pose, q: readonly number[]): Pose {
  const chain = compileChain(manipulator);
  const frames = allocateFrames(chain);
  forwardKinematics(chain, transformOf(X_WB), 0, q, 0, frames, 0);
  return poseOf(frames, tipFrame(chain) * TRANSFORM_SIZE);
}

function poseError(a: Pose, b: Pose): number {
  const p = a.positionM.map((v, i) => v - b.positionM[i]);
  const cosine = a.quaternionXyzw.reduce((sum, v, i) => sum + v * b.quaternionXyzw[i], 0);
  return Math.max(Math.hypot(...p), Math.sqrt(Math.max(0, 1 - cosine * cosine)));
}

function inLimits(manipulator: Manipulator, q: readonly number[]): boolean {
  return manipulator.joints.every(({ limits }, j) => q[j] >= limits.lower && q[j] <= limits.upper);
}

function positions(manipulator: Manipulator): fc.Arbitrary<number[]> {
  return fc.tuple(...manipulator.joints.map(() => fc.double({ min: 0, max: 1, noNaN: true }))).map((shares) =>
    shares.map((share, j) => {
      const { lower, upper } = manipulator.joints[j].limits;
      return lower + share * (upper - lower);
    }),
  );
}

const near = (manipulator: Manipulator): readonly number[] =>
  manipulator.namedStates['home'] ?? manipulator.joints.map(() => 0);

const request = (manipulator: Manipulator, turns: IkRequest['turns'] = 'nearest'): IkRequest => ({
  near: near(manipulator),
  turns,
  redundancySamples: 16,
});

describe.each(['ur10e', 'ur5e'])('inverse kinematics of the %s', (name) => {
  const manipulator = shippedArm(name);
  const inverse = inverseKinematicsOf(manipulator);

  it('is solved in closed form', () => {
    expect(inverse.method).toBe('ur-closed-form');
  });

  it('every solution reaches the pose, and the positions the pose came from are among them', () => {
    fc.assert(
      fc.property(positions(manipulator), fc.constantFrom(...mounted), (q, X_WB) => {
        const X_WT = tipPose(manipulator, X_WB, q);
        const outcome = inverse.solve(X_WB, X_WT, { ...request(manipulator), near: q });
        if (outcome.status !== 'solutions') throw new Error(outcome.status);
        for (const solution of outcome.solutions) {
          expect(inLimits(manipulator, solution.q)).toBe(true);
          expect(poseError(tipPose(manipulator, X_WB, solution.q), X_WT)).toBeLessThan(1e-6);
          expect(solution.travelS).toBeCloseTo(travelTimeS(manipulator, q, solution.q), 12);
        }
        const sine5 = Math.abs(Math.sin(q[4]));
        const inside = q.every((value) => Math.abs(value) < 2 * Math.PI - 1e-3);
        if (sine5 > 1e-3 && inside) {
          expect(outcome.solutions[0].q.every((value, j) => Math.abs(value - q[j]) < 1e-4)).toBe(true);
        }
      }),
      { seed: 11, numRuns: 400 },
    );
  });
});

describe('inverse kinematics of the franka-panda', () => {
  const manipulator = shippedArm('franka-panda', 'franka-hand');
  const inverse = inverseKinematicsOf(manipulator);

  it('is solved in closed form', () => {
    expect(inverse.method).toBe('seven-axis-closed-form');
  });

  it('every solution reaches the pose, and the positions the pose came from are among them', () => {
    fc.assert(
      fc.property(positions(manipulator), fc.constantFrom(...mounted), (q, X_WB) => {
        const X_WT = tipPose(manipulator, X_WB, q);
        const outcome = inverse.solve(X_WB, X_WT, { ...request(manipulator), near: q });
        if (outcome.status !== 'solutions') throw new Error(outcome.status);
        for (const solution of outcome.solutions) {
          expect(inLimits(manipulator, solution.q)).toBe(true);
          expect(poseError(tipPose(manipulator, X_WB, solution.q), X_WT)).toBeLessThan(1e-6);
        }
        const regular = Math.min(Math.abs(Math.sin(q[1])), Math.abs(Math.sin(q[5]))) > 1e-3;
        const inside = manipulator.joints.every(
          ({ limits }, j) => q[j] > limits.lower + 1e-3 && q[j] < limits.upper - 1e-3,
        );
        if (regular && inside) {
          const [first] = outcome.solutions;
          expect(first.q.every((value, j) => Math.abs(value - q[j]) < 1e-4)).toBe(true);
        }
      }),
      { seed: 12, numRuns: 150 },
    );
  });

  it('sweeps the spare joint: more samples, more ways', () => {
    const q = manipulator.namedStates['home'];
    const X_WT = tipPose(manipulator, mounted[0], q);
    const count = (redundancySamples: number): number => {
      const outcome = inverse.solve(mounted[0], X_WT, { near: q, turns: 'nearest', redundancySamples });
      return outcome.status === 'solutions' ? outcome.solutions.length : 0;
    };
    expect(count(2)).toBeGreaterThan(0);
    expect(count(40)).toBeGreaterThan(count(2));
  });
});

/** A gantry: three sliding axes and one that turns the tool about the vertical. */
function gantry(): Manipulator {
  const limits = { velocityMax: 1, accelerationMax: 2, jerkMax: 20 };
  const IDENTITY: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };
  const slide = (name: string, axis: readonly [number, number, number]): Manipulator['joints'][number] => ({
    name,
    kind: 'prismatic',
    X_PJ: IDENTITY,
    axis,
    limits: { ...limits, lower: -1, upper: 1 },
  });
  return {
    name: 'gantry',
    joints: [
      slide('x', [1, 0, 0]),
      slide('y', [0, 1, 0]),
      slide('z', [0, 0, 1]),
      {
        name: 'yaw',
        kind: 'revolute',
        X_PJ: IDENTITY,
        axis: [0, 0, 1],
        limits: { ...limits, lower: -4, upper: 4 },
      },
    ],
    X_JF: { positionM: [0, 0, 0], quaternionXyzw: quaternionFromRpy(Math.PI, 0, 0) },
    capsules: [],
    tool: {
      name: 'tool',
      kind: 'suction',
      X_FT: { positionM: [0, 0, 0.2], quaternionXyzw: [0, 0, 0, 1] },
      capsules: [],
      massKg: 1,
      payloadMaxKg: 1,
    },
    selfPairs: [],
    namedStates: {},
  };
}

describe('numeric inverse kinematics', () => {
  const X_WB: Pose = { positionM: [0.5, 0, 1.2], quaternionXyzw: quaternionFromRpy(0, 0, 0.3) };

  it('serves a gantry of four axes, tool down at a yaw', () => {
    const manipulator = gantry();
    expect(inverseKinematicsOf(manipulator).method).toBe('numeric');
    const outcome = solveToolDown(manipulator, X_WB, [0.7, 0.2, 0.4], [0.9], {
      near: [0, 0, 0, 0],
      turns: 'all',
      redundancySamples: 0,
    });
    if (outcome.status !== 'solutions') throw new Error(outcome.status);
    for (const { q } of outcome.solutions) {
      expect(poseError(tipPose(manipulator, X_WB, q), toolDownPose([0.7, 0.2, 0.4], 0.9))).toBeLessThan(1e-6);
    }
  });

  it('finds no way where there is none', () => {
    const outcome = solveToolDown(gantry(), X_WB, [5, 0, 0], [0], {
      near: [0, 0, 0, 0],
      turns: 'nearest',
      redundancySamples: 0,
    });
    expect(outcome.status).toBe('no-solution');
  });

  it('serves a six-axis arm whose wrist axes do not cross', () => {
    const ur = shippedArm('ur5e');
    const joints = ur.joints.map((joint, j) =>
      j === 4 ? { ...joint, X_PJ: { ...joint.X_PJ, positionM: [0.02, -0.0997, 0.01] as const } } : joint,
    );
    const manipulator: Manipulator = { ...ur, joints };
    const inverse = inverseKinematicsOf(manipulator);
    expect(inverse.method).toBe('numeric');
    fc.assert(
      fc.property(
        fc.tuple(...[0, 1, 2, 3, 4, 5].map(() => fc.double({ min: -0.4, max: 0.4, noNaN: true }))),
        (offsets) => {
          const home = near(manipulator);
          const X_WT = tipPose(
            manipulator,
            X_WB,
            home.map((value, j) => value + offsets[j]),
          );
          const outcome = inverse.solve(X_WB, X_WT, request(manipulator));
          if (outcome.status !== 'solutions') throw new Error(outcome.status);
          for (const { q } of outcome.solutions) {
            expect(poseError(tipPose(manipulator, X_WB, q), X_WT)).toBeLessThan(1e-6);
          }
        },
      ),
      { seed: 13, numRuns: 20 },
    );
  });
});

describe('tool down', () => {
  const manipulator = shippedArm('ur10e');
  const [floor, ceiling] = mounted;

  it('points the tip at the point, z down, x at the yaw, nearest way first', () => {
    const yaws = [0, 1, 2.5, -3];
    const outcome = solveToolDown(manipulator, floor, [-0.6, 0.3, 0.1], yaws, request(manipulator));
    if (outcome.status !== 'solutions') throw new Error(outcome.status);
    let before = 0;
    for (const { q, yawRad, travelS } of outcome.solutions) {
      const T = transformOf(tipPose(manipulator, floor, q));
      const expected = [Math.cos(yawRad), Math.sin(yawRad), 0, 0, 0, -1, -0.6, 0.3, 0.1];
      [T[0], T[4], T[8], T[2], T[6], T[10], T[3], T[7], T[11]].forEach((value, i) =>
        expect(value).toBeCloseTo(expected[i], 6),
      );
      expect(travelS).toBeGreaterThanOrEqual(before);
      before = travelS;
    }
    expect(new Set(outcome.solutions.map(({ yawRad }) => yawRad)).size).toBe(4);
  });

  it('works from the ceiling', () => {
    const outcome = solveToolDown(manipulator, ceiling, [1.5, -2.4, 2.1], [0.2], request(manipulator));
    if (outcome.status !== 'solutions') throw new Error(outcome.status);
    const pose = tipPose(manipulator, ceiling, outcome.solutions[0].q);
    expect(poseError(pose, toolDownPose([1.5, -2.4, 2.1], 0.2))).toBeLessThan(1e-6);
  });

  it('gives every turn inside the limits when asked, each a full turn from another', () => {
    const nearest = solveToolDown(manipulator, floor, [-0.6, 0.3, 0.1], [0], request(manipulator));
    const all = solveToolDown(manipulator, floor, [-0.6, 0.3, 0.1], [0], request(manipulator, 'all'));
    if (nearest.status !== 'solutions' || all.status !== 'solutions') throw new Error('no solutions');
    expect(all.solutions.length).toBeGreaterThan(nearest.solutions.length * 8);
    expect(all.solutions[0].q).toEqual(nearest.solutions[0].q);
    for (const { q } of all.solutions) {
      expect(inLimits(manipulator, q)).toBe(true);
      const base = nearest.solutions.some((other) =>
        q.every((value, j) => {
          const turns = (value - other.q[j]) / (2 * Math.PI);
          return Math.abs(turns - Math.round(turns)) < 1e-6;
        }),
      );
      expect(base).toBe(true);
    }
  });

  it('says so when the point is out of reach', () => {
    const outcome = solveToolDown(manipulator, floor, [2, 0, 0], [0, 1], request(manipulator));
    expect(outcome).toMatchObject({ status: 'no-solution', exact: true });
    if (outcome.status === 'no-solution') expect(outcome.distanceM).toBeCloseTo(2, 9);
  });

  it('names the joint when only the limits are in the way', () => {
    const stiff: Manipulator = {
      ...manipulator,
      joints: manipulator.joints.map((joint, j) =>
        j === 4 ? { ...joint, limits: { ...joint.limits, lower: -0.5, upper: 0.5 } } : joint,
      ),
    };
    const outcome = solveToolDown(stiff, floor, [-0.6, 0.3, 0.1], [0], request(manipulator));
    expect(outcome).toMatchObject({ status: 'limits', joint: 'wrist_2_joint', lower: -0.5, upper: 0.5 });
    if (outcome.status === 'limits') expect(Math.abs(outcome.value)).toBeCloseTo(Math.PI / 2, 6);
  });

  it('gives the same answer every time', () => {
    const ask = (): unknown =>
      solveToolDown(manipulator, floor, [-0.5, 0.4, 0.2], [0, 1], request(manipulator, 'all'));
    expect(ask()).toEqual(ask());
  });
});

describe('singular poses', () => {
  const manipulator = shippedArm('ur10e');

  it('take the free angle of the last joint from where the arm is', () => {
    const q = [0.3, -1.2, 1.1, -0.7, 0, 0.8];
    const X_WT = tipPose(manipulator, mounted[0], q);
    const outcome = inverseKinematicsOf(manipulator).solve(mounted[0], X_WT, {
      ...request(manipulator),
      near: q,
    });
    if (outcome.status !== 'solutions') throw new Error(outcome.status);
    outcome.solutions[0].q.forEach((value, j) => expect(value).toBeCloseTo(q[j], 5));
  });
});
