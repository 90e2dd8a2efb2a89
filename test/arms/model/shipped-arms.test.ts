import { describe, expect, it } from 'vitest';
import { capsuleCapsule } from '../../../arms/geometry/distance.ts';
import { seededRandom } from '../../../arms/geometry/random.ts';
import { loadManipulator } from '../../../arms/model/load-manipulator.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import { placer } from '../../../arms/model/self-collision.ts';
import { tipOf } from '../../../arms/model/kinematics.ts';
import type { Vec3 } from '../../../arms/geometry/pose.ts';
import { SHIPPED_ARMS, shippedArm, shippedSources } from './shipped.ts';

const STRIDE = 7;
const BASE = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] } as const;

/** The least distance over all pairs that are checked, m. */
function selfDistance(manipulator: Manipulator, q: readonly number[]): number {
  const capsules = placer(manipulator)(q);
  return Math.min(
    ...manipulator.selfPairs.map(([a, b]) => capsuleCapsule(capsules, a * STRIDE, capsules, b * STRIDE)),
  );
}

/** The furthest any capsule reaches from the base axis, m. */
function reach(manipulator: Manipulator, q: readonly number[]): number {
  const capsules = placer(manipulator)(q);
  let furthest = 0;
  for (let at = 0; at < capsules.length; at += STRIDE) {
    for (const end of [at, at + 3]) {
      furthest = Math.max(furthest, Math.hypot(capsules[end], capsules[end + 1]) + capsules[at + 6]);
    }
  }
  return furthest;
}

describe.each([
  ['ur10e', 'suction-200', 0.45],
  ['ur5e', 'suction-200', 0.35],
  ['franka-panda', 'suction-150', 0.31],
  ['franka-panda', 'franka-hand', 0.31],
] as const)('the shipped %s with %s', (name, tool, parkRadiusM) => {
  const manipulator = shippedArm(name, tool);

  it('loads without remarks', () => {
    expect(loadManipulator(shippedSources(name, tool))).toMatchObject({ status: 'loaded', notes: [] });
  });

  it('is free of itself, with room to spare, at home and parked', () => {
    expect(Object.keys(manipulator.namedStates).sort()).toEqual(['home', 'park']);
    for (const q of Object.values(manipulator.namedStates)) {
      expect(selfDistance(manipulator, q)).toBeGreaterThan(0.015);
    }
  });

  it('points the tool straight down, parked and at home', () => {
    for (const q of Object.values(manipulator.namedStates)) {
      expect(tipOf(manipulator, BASE, q).axis[2]).toBeLessThan(-0.999);
    }
  });

  it(`parks within ${parkRadiusM} m of its own base axis`, () => {
    expect(reach(manipulator, manipulator.namedStates['park'])).toBeLessThan(parkRadiusM);
  });

  it('gives every joint its own capsule and stays small enough to check fast', () => {
    for (let joint = 0; joint < manipulator.joints.length; joint++) {
      expect(manipulator.capsules.some((capsule) => capsule.joint === joint)).toBe(true);
    }
    expect(manipulator.capsules.length).toBeLessThanOrEqual(20);
    for (const { radiusM } of manipulator.capsules) expect(radiusM).toBeLessThan(0.105);
  });
});

it('every arm that ships is tested here', () => {
  expect([...SHIPPED_ARMS].sort()).toEqual(['franka-panda', 'ur10e', 'ur5e']);
});

describe('the capsules of the UR10e', () => {
  const manipulator = shippedArm('ur10e');
  // Capsules known to lie inside the real arm, as fixed points of the maker's Denavit-Hartenberg frames: frame 1 is
  // that of the upper arm, frame 2 of the forearm and so on; offsets along the joint axes and radii as published.
  const inside: readonly { joint: number; p: Vec3; q: Vec3; radiusM: number }[] = [
    { joint: -1, p: [0, 0, 0.06], q: [0, 0, 0.1807], radiusM: 0.06 },
    { joint: 1, p: [0, 0, 0], q: [0, 0, 0.176], radiusM: 0.055 },
    { joint: 1, p: [0, 0, 0.176], q: [-0.6127, 0, 0.176], radiusM: 0.055 },
    { joint: 2, p: [0, 0, 0.039], q: [-0.57155, 0, 0.039], radiusM: 0.045 },
    { joint: 2, p: [-0.57155, 0, 0.039], q: [-0.57155, 0, 0.17415], radiusM: 0.04 },
    { joint: 3, p: [0, 0, 0], q: [0, -0.11985, 0], radiusM: 0.04 },
    { joint: 4, p: [0, 0, 0], q: [0, 0.11655, 0], radiusM: 0.035 },
  ];

  it('together hold, in every pose, the capsules that lie inside the real arm', () => {
    const random = seededRandom(5);
    const place = placer(manipulator);
    const probe = placer({
      ...manipulator,
      capsules: inside.map((capsule) => ({ ...capsule, link: 'probe' })),
    });
    for (let sample = 0; sample < 60; sample++) {
      const q = manipulator.joints.map(() => (2 * random() - 1) * Math.PI);
      const capsules = place(q).slice();
      const probes = probe(q);
      for (let k = 0; k < inside.length; k++) {
        let worst = -Infinity;
        for (let ray = 0; ray < 150; ray++) {
          const point = surfacePoint(probes, k * STRIDE, random);
          const pointCapsule = Float64Array.of(...point, ...point, 0);
          let outside = Infinity;
          for (let at = 0; at < capsules.length; at += STRIDE) {
            outside = Math.min(outside, capsuleCapsule(capsules, at, pointCapsule, 0));
          }
          worst = Math.max(worst, outside);
        }
        expect(worst, `probe ${k}`).toBeLessThan(1e-4);
      }
    }
  });
});

/** A seeded point on the surface of a capsule. */
function surfacePoint(capsules: Float64Array, at: number, random: () => number): Vec3 {
  const share = random();
  const z = 2 * random() - 1;
  const angle = 2 * Math.PI * random();
  const flat = Math.sqrt(1 - z * z);
  const direction: Vec3 = [flat * Math.cos(angle), flat * Math.sin(angle), z];
  const radiusM = capsules[at + 6];
  const point = (axis: number): number =>
    capsules[at + axis] + share * (capsules[at + 3 + axis] - capsules[at + axis]) + radiusM * direction[axis];
  return [point(0), point(1), point(2)];
}
