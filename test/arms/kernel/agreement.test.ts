import { describe, expect, it } from 'vitest';
import type { ArmScene, KernelSceneDescription, Track } from '../../../arms/kernel/index.ts';
import {
  conflictRowBytes,
  createCollisionKernel,
  createReferenceKernel,
  KERNEL_CAUTION_M,
  MOTION_FREE,
} from '../../../arms/kernel/index.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import { shippedArm } from '../model/shipped.ts';
import { clutter, configurations, poseAt, sceneOf, uniform } from './scenes.ts';

const kernel = createCollisionKernel();
const reference = createReferenceKernel();
const ARMS = [
  ['franka-panda', 'franka-hand'],
  ['ur5e', 'suction-200'],
  ['ur10e', 'suction-200'],
] as const;

/** Compares verdicts and slacks; returns how many of the configurations are free. */
function compare(
  ours: Pick<ArmScene, 'areFree' | 'slacks'>,
  theirs: Pick<ArmScene, 'areFree' | 'slacks'>,
  q: Float64Array,
  count: number,
): number {
  const capM = 0.3;
  const free = new Uint8Array(count);
  const slacks = new Float32Array(count);
  const exact = new Float32Array(count);
  expect(ours.areFree(q, count, free)).toBe(free.reduce((sum, bit) => sum + bit, 0));
  ours.slacks(q, count, capM, slacks);
  theirs.slacks(q, count, capM, exact);
  for (let i = 0; i < count; i += 1) {
    if (exact[i] < 0) expect([i, free[i]]).toEqual([i, 0]);
    if (exact[i] > KERNEL_CAUTION_M) expect([i, free[i]]).toEqual([i, 1]);
    if (exact[i] < 0) expect(slacks[i]).toBeLessThan(0);
    else expect(slacks[i]).toBeLessThanOrEqual(exact[i] + 1e-6);
    if (exact[i] > 0) expect(slacks[i]).toBeGreaterThan(exact[i] - KERNEL_CAUTION_M);
  }
  return exact.reduce((sum, slack) => sum + (slack >= 0 ? 1 : 0), 0);
}

/** The same scene in both kernels. */
function both(description: KernelSceneDescription): [ArmScene, ArmScene] {
  return [kernel.prepareScene(description), reference.prepareScene(description)];
}

/** A motion as samples: joints swing around `middle`. */
function swing(manipulator: Manipulator, samples: number, seed: number): Float64Array {
  const u = uniform(seed);
  const n = manipulator.joints.length;
  const middle = manipulator.joints.map(({ limits }) => u(limits.lower, limits.upper) / 3);
  const way = middle.map(() => u(-0.8, 0.8));
  return Float64Array.from({ length: samples * n }, (_, i) => {
    const t = Math.floor(i / n) / 300;
    return middle[i % n] + way[i % n] * Math.sin(3 * t + (i % n));
  });
}

describe.each(ARMS)('the kernel and the reference, %s with %s', (name, tool) => {
  const manipulator = shippedArm(name, tool);

  it('agree on configurations among obstacles of every kind, with margins', () => {
    const description = sceneOf(manipulator, clutter(5, 12), {
      X_WB: poseAt(0.3, -0.2, 0.1, [0.2, 0.1, 2]),
      obstacleMarginM: 0.01,
      selfMarginM: 0.005,
      armMarginM: 0.02,
      keepOutMarginM: 0.03,
      keepOut: [{ id: 'aisle', minM: [1, -2], maxM: [2, 2] }],
      standingArms: [
        {
          id: 'other',
          manipulator: shippedArm('ur5e'),
          X_WB: poseAt(-0.8, 0, 0),
          positions: [0, -1.5, 0.5, -1, 0, 0],
        },
      ],
    });
    const [ours, theirs] = both(description);
    const count = 200;
    const free = compare(ours, theirs, configurations(manipulator, count, 3), count);
    expect(free).toBeGreaterThan(10);
    expect(free).toBeLessThan(count - 10);
  });

  it('agree while an item is carried, and where it may touch obstacles', () => {
    const [ours, theirs] = both(sceneOf(manipulator, clutter(9, 8), { obstacleMarginM: 0.01 }));
    const item = { sizeM: [0.2, 0.12, 0.15] } as const;
    const count = 80;
    const q = configurations(manipulator, count, 4);
    for (const allowance of [
      { points: [], lateralM: 0 },
      { points: [[0.3, 0.3, 0] as const, [-0.4, 0, 0] as const], lateralM: 0.25 },
    ]) {
      ours.carry(item, allowance);
      theirs.carry(item, allowance);
      const free = new Uint8Array(count);
      const exact = new Uint8Array(count);
      ours.areFree(q, count, free);
      theirs.areFree(q, count, exact);
      // Hulls and boxes are looked at by fewer axes than in the reference: only misses are wrong.
      const missed = free.reduce((sum, bit, i) => sum + (bit === 1 && exact[i] === 0 ? 1 : 0), 0);
      const shy = free.reduce((sum, bit, i) => sum + (bit === 0 && exact[i] === 1 ? 1 : 0), 0);
      expect(missed).toBe(0);
      expect(shy).toBeLessThan(count * 0.02);
    }
  });

  it('agree on motions: none is called free that has a contact, few are refused that have room', () => {
    const [ours, theirs] = both(sceneOf(manipulator, clutter(8, 8)));
    const n = manipulator.joints.length;
    const u = uniform(11);
    const count = 24;
    const starts = configurations(manipulator, count, 6);
    const steps = 24;
    const between = new Float64Array((steps + 1) * n);
    const exact = new Float32Array(steps + 1);
    let freeMotions = 0;
    for (let i = 0; i < count; i += 1) {
      const to = starts.slice(n * i, n * i + n).map((v) => v + u(-0.5, 0.5));
      for (let s = 0; s <= steps; s += 1) {
        for (let j = 0; j < n; j += 1) {
          between[s * n + j] = starts[n * i + j] + ((to[j] - starts[n * i + j]) * s) / steps;
        }
      }
      const verdict = ours.checkMotion(starts, n * i, to, 0);
      theirs.slacks(between, steps + 1, 0.05, exact);
      const least = Math.min(...exact);
      if (verdict === MOTION_FREE) expect(least).toBeGreaterThanOrEqual(0);
      else expect(verdict).toBeLessThanOrEqual(1);
      if (least > 0.02) expect(verdict).toBe(MOTION_FREE);
      if (verdict === MOTION_FREE) freeMotions += 1;
    }
    expect(freeMotions).toBeGreaterThan(2);
  });

  it('agree on groups of arms', () => {
    const bases = [poseAt(0, 0, 0), poseAt(0.6, 0, 0, [0, 0, 3]), poseAt(0.3, 0.6, 0, [0, 0, -1.5])];
    const scenes = bases.map((X_WB) => both(sceneOf(manipulator, [], { X_WB })));
    const ours = kernel.prepareGroup(scenes.map(([scene]) => scene), 0.02); // prettier-ignore
    const theirs = reference.prepareGroup(scenes.map(([, scene]) => scene), 0.02); // prettier-ignore
    const item = { sizeM: [0.15, 0.1, 0.2] } as const;
    for (const scene of scenes[1]) scene.carry(item, { points: [], lateralM: 0 });
    const count = 60;
    const single = configurations(manipulator, count * 3, 12);
    // The first arms reach upwards more often than not, so that some configurations are free.
    const q = single.map((value, i) =>
      Math.floor(i / manipulator.joints.length) % 4 === 0 ? value : value * 0.3,
    );
    compare(ours, theirs, q, count);
    const apart = new Uint8Array(count);
    const exact = new Uint8Array(count);
    ours.areApart(q, count, apart);
    theirs.areApart(q, count, exact);
    const missed = apart.reduce((sum, bit, i) => sum + (bit === 1 && exact[i] === 0 ? 1 : 0), 0);
    expect(missed).toBe(0);
    expect(exact.reduce((sum, bit) => sum + bit, 0)).toBeGreaterThan(2);
    ours.release();
  });

  it('agree on tracks, at the same time and at any', () => {
    const bases = [poseAt(0, 0, 0), poseAt(0.55, 0.1, 0, [0, 0, 3])];
    const scenes = bases.map((X_WB) => both(sceneOf(manipulator, [], { X_WB })));
    const marginM = 0.02;
    let conflicts = 0;
    for (let seed = 0; seed < 12; seed += 1) {
      const samples = [21, 30];
      const carried = seed % 3 === 0 ? { item: { sizeM: [0.2, 0.1, 0.2] }, fromSample: 5, untilSample: 14 } as const : null; // prettier-ignore
      const tracks = scenes.map((pair, k) =>
        pair.map((scene, which): Track => {
          const positions = swing(manipulator, samples[k], 100 * seed + k);
          const request = { scene, positions, sampleCount: samples[k], carried };
          return (which === 0 ? kernel : reference).createTrack(request);
        }),
      );
      const [[a, a2], [b, b2]] = tracks;
      for (const shift of [0, 3, -7, 40]) {
        const ours = kernel.firstConflict(a, b, marginM, shift, 0, 34);
        const theirs = reference.firstConflict(a2, b2, marginM, shift, 0, 34);
        const cautious = reference.firstConflict(a2, b2, marginM + KERNEL_CAUTION_M, shift, 0, 34);
        // Never later than the truth, and no earlier than with a little more margin.
        if (theirs >= 0) expect(ours).toBeLessThanOrEqual(theirs);
        if (theirs >= 0) expect(ours).toBeGreaterThanOrEqual(0);
        if (ours >= 0) expect(cautious).toBeLessThanOrEqual(ours);
        if (ours >= 0) expect(cautious).toBeGreaterThanOrEqual(0);
        if (theirs >= 0) conflicts += 1;
      }
      if (seed % 4 === 0) {
        const row = conflictRowBytes(b);
        const [ours, theirs] = [new Uint8Array(row * 21), new Uint8Array(row * 21)];
        const set = kernel.conflictMatrix(a, b, marginM, ours);
        reference.conflictMatrix(a2, b2, marginM, theirs);
        let bits = 0;
        ours.forEach((byte, k) => {
          expect(byte & theirs[k]).toBe(theirs[k]);
          for (let bit = 0; bit < 8; bit += 1) bits += (byte >> bit) & 1;
        });
        expect(bits).toBe(set);
      }
      for (const track of [a, b]) track.release();
    }
    expect(conflicts).toBeGreaterThan(2);
    expect(conflicts).toBeLessThan(48);
  });
});
