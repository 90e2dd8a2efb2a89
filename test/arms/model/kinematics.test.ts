import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pose } from '../../../arms/geometry/pose.ts';
import {
  TRANSFORM_SIZE,
  invert,
  multiply,
  poseOf,
  quaternionFromRpy,
  transformOf,
} from '../../../arms/geometry/transform.ts';
import {
  allocateFrames,
  compileChain,
  flangeFrame,
  forwardKinematics,
  tipFrame,
  tipJacobian,
  tipOf,
} from '../../../arms/model/kinematics.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import { SHIPPED_ARMS, shippedArm } from './shipped.ts';

/** Classic Denavit-Hartenberg parameters as the makers publish them. */
interface DhTable {
  readonly a: readonly number[];
  readonly d: readonly number[];
  readonly alpha: readonly number[];
}

/** Universal Robots, "DH Parameters for calculations of kinematics and dynamics". */
const UR5E: DhTable = {
  a: [0, -0.425, -0.3922, 0, 0, 0],
  d: [0.1625, 0, 0, 0.1333, 0.0997, 0.0996],
  alpha: [Math.PI / 2, 0, 0, Math.PI / 2, -Math.PI / 2, 0],
};

const benchFile = fileURLToPath(new URL('../../../../shared/cells/bench-4-floor-1.json', import.meta.url));
const benchMissing = existsSync(benchFile) ? false : `${benchFile} is not there`;

function benchDh(): DhTable {
  const cell = JSON.parse(readFileSync(benchFile, 'utf8')) as {
    manipulators: { ur10e: { dh: { a_m: number[]; d_m: number[]; alpha_rad: number[] } } };
  };
  const { a_m, d_m, alpha_rad } = cell.manipulators.ur10e.dh;
  return { a: a_m, d: d_m, alpha: alpha_rad };
}

/** The flange by the table: Rz(q) Tz(d) Tx(a) Rx(alpha) joint after joint, by hand and apart from the product. */
function flangeByDh({ a, d, alpha }: DhTable, q: readonly number[]): number[][] {
  let T = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
  ];
  q.forEach((angle, i) => {
    const [c, s, ca, sa] = [Math.cos(angle), Math.sin(angle), Math.cos(alpha[i]), Math.sin(alpha[i])];
    const M = [
      [c, -s * ca, s * sa, a[i] * c],
      [s, c * ca, -c * sa, a[i] * s],
      [0, sa, ca, d[i]],
      [0, 0, 0, 1],
    ];
    T = T.map((row) => [0, 1, 2, 3].map((k) => row.reduce((sum, value, m) => sum + value * M[m][k], 0)));
  });
  return T;
}

/** Franka's table uses modified (Craig) parameters: Rx(alpha) Tx(a) Rz(q) Tz(d). */
function pandaFlange(q: readonly number[]): number[][] {
  const a = [0, 0, 0, 0.0825, -0.0825, 0, 0.088, 0];
  const d = [0.333, 0, 0.316, 0, 0.384, 0, 0, 0.107];
  const quarter = Math.PI / 2;
  const alpha = [0, -quarter, quarter, quarter, -quarter, quarter, quarter, 0];
  let T = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
  ];
  [...q, 0].forEach((angle, i) => {
    const [c, s, ca, sa] = [Math.cos(angle), Math.sin(angle), Math.cos(alpha[i]), Math.sin(alpha[i])];
    const M = [
      [c, -s, 0, a[i]],
      [s * ca, c * ca, -sa, -d[i] * sa],
      [s * sa, c * sa, ca, d[i] * ca],
      [0, 0, 0, 1],
    ];
    T = T.map((row) => [0, 1, 2, 3].map((k) => row.reduce((sum, value, m) => sum + value * M[m][k], 0)));
  });
  return T;
}

const joints = (manipulator: Manipulator): fc.Arbitrary<number[]> =>
  fc.tuple(
    ...manipulator.joints.map(({ limits }) =>
      fc.double({ min: limits.lower, max: limits.upper, noNaN: true }),
    ),
  );

const pose = fc
  .tuple(...[2, 2, 2, 3, 1.5, 3].map((max) => fc.double({ min: -max, max, noNaN: true })))
  .map(([x, y, z, roll, pitch, yaw]): Pose => ({
    positionM: [x, y, z],
    quaternionXyzw: quaternionFromRpy(roll, pitch, yaw),
  }));

const IDENTITY: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };

function frame(
  manipulator: Manipulator,
  X_WB: Pose,
  q: readonly number[],
  which: 'flange' | 'tip',
): Float64Array {
  const chain = compileChain(manipulator);
  const frames = allocateFrames(chain);
  forwardKinematics(chain, transformOf(X_WB), 0, q, 0, frames, 0);
  const at = (which === 'flange' ? flangeFrame(chain) : tipFrame(chain)) * TRANSFORM_SIZE;
  return frames.slice(at, at + TRANSFORM_SIZE);
}

function expectFlange(manipulator: Manipulator, byTable: (q: readonly number[]) => number[][]): void {
  fc.assert(
    fc.property(joints(manipulator), (q) => {
      const expected = byTable(q).flat();
      const errors = Array.from(frame(manipulator, IDENTITY, q, 'flange'), (value, i) =>
        Math.abs(value - expected[i]),
      );
      expect(Math.max(...errors)).toBeLessThan(1e-6);
    }),
    { seed: 3, numRuns: 200 },
  );
}

describe('kinematics of the shipped arms against the published tables', () => {
  it.skipIf(benchMissing)(`the UR10e is the benchmark cells' (${benchMissing || 'table read'})`, () => {
    const table = benchDh();
    expectFlange(shippedArm('ur10e'), (q) => flangeByDh(table, q));
  });

  it.skipIf(benchMissing)('the tip of the UR10e with the suction tool is where the benchmark puts it', () => {
    const table = benchDh();
    const manipulator = shippedArm('ur10e');
    const q = [0.3, -1.2, 1.4, -1.9, -1.5, 0.7];
    const T = flangeByDh(table, q);
    const expected = T.map((row) => row[3] + 0.2 * row[2]);
    tipOf(manipulator, IDENTITY, q).positionM.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 7);
    });
  });

  it('the UR5e is that of its table', () => {
    expectFlange(shippedArm('ur5e'), (q) => flangeByDh(UR5E, q));
  });

  it('the Panda is that of its table', () => {
    expectFlange(shippedArm('franka-panda'), pandaFlange);
  });
});

describe.each(SHIPPED_ARMS)('frames of the %s', (name) => {
  const manipulator = shippedArm(name);

  it('move with the base, wherever it is mounted', () => {
    fc.assert(
      fc.property(joints(manipulator), pose, (q, X_WB) => {
        const T_WT = frame(manipulator, X_WB, q, 'tip');
        const expected = new Float64Array(TRANSFORM_SIZE);
        multiply(transformOf(X_WB), 0, frame(manipulator, IDENTITY, q, 'tip'), 0, expected, 0);
        T_WT.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 9));
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it('have the Jacobian that differences show', () => {
    const chain = compileChain(manipulator);
    const frames = allocateFrames(chain);
    const n = chain.jointCount;
    const jacobian = new Float64Array(6 * n);
    fc.assert(
      fc.property(joints(manipulator), pose, (q, X_WB) => {
        const T_WB = transformOf(X_WB);
        forwardKinematics(chain, T_WB, 0, q, 0, frames, 0);
        tipJacobian(chain, frames, 0, jacobian);
        const h = 1e-6;
        for (let j = 0; j < n; j++) {
          const shifted = (by: number): Float64Array =>
            frame(
              manipulator,
              X_WB,
              q.map((value, k) => (k === j ? value + by : value)),
              'tip',
            );
          const before = shifted(-h);
          const after = shifted(h);
          for (let r = 0; r < 3; r++) {
            const speed = (after[4 * r + 3] - before[4 * r + 3]) / (2 * h);
            expect(Math.abs(speed - jacobian[r * n + j])).toBeLessThan(1e-5);
          }
          const inverse = new Float64Array(TRANSFORM_SIZE);
          const turn = new Float64Array(TRANSFORM_SIZE);
          invert(before, 0, inverse, 0);
          multiply(after, 0, inverse, 0, turn, 0);
          const spin = [turn[9] - turn[6], turn[2] - turn[8], turn[4] - turn[1]];
          spin.forEach((value, r) => {
            expect(Math.abs(value / (4 * h) - jacobian[(3 + r) * n + j])).toBeLessThan(1e-5);
          });
        }
      }),
      { seed: 5, numRuns: 30 },
    );
  });
});

describe('transforms', () => {
  it('come back from a pose as they went in', () => {
    fc.assert(
      fc.property(pose, (X_AB) => {
        const again = transformOf(poseOf(transformOf(X_AB), 0));
        transformOf(X_AB).forEach((value, i) => expect(again[i]).toBeCloseTo(value, 12));
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});
