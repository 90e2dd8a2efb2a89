import type { ArmScene, CollisionKernel, Track } from '../../arms/kernel/index.ts';
import { createCollisionKernel, createReferenceKernel } from '../../arms/kernel/index.ts';
import type { Manipulator } from '../../arms/model/manipulator.ts';
import { isFree, NO_ALLOWANCE, prepareScene } from '../../arms/planning/scene.ts';
import { shippedArm } from '../arms/model/shipped.ts';
import {
  cellBases,
  describeScene,
  sampledMotion,
  shelfObstacles,
  statesAlongFreeMotions,
  uniformStates,
} from './kernel-scenes.ts';

interface Row {
  readonly robot: string;
  readonly workload: string;
  readonly unit: 'states' | 'configurations of the cell' | 'pairs of trajectories';
  /** Share of what is asked that is free. */
  readonly freeShare: number;
  readonly statesPerSecond: number;
  /** The plain scalar reference: every part against every part, up to the first contact. */
  readonly referenceStatesPerSecond: number;
  readonly ratioToReference: number;
  /** The planning scene of the TypeScript code: scalar too, with a tree over the obstacles; null where it has no like. */
  readonly scalarSceneStatesPerSecond: number | null;
}

const ROBOTS = [
  ['franka-panda', 'franka-hand'],
  ['ur5e', 'suction-200'],
  ['ur10e', 'suction-200'],
] as const;

const STATES = 4096;
const ROUNDS = 7;
/** Least duration of one measurement, ms. */
const ROUND_MS = 60;
const SAMPLES = 200;
const MARGIN_M = 0.02;
const CELL_SIDE_M = 1.1;

/** How often per second, in turns, medians over rounds: neighbours on the machine disturb all alike. */
function rates(runs: readonly (() => number)[]): number[] {
  const found: number[][] = runs.map(() => []);
  for (let round = -1; round < ROUNDS; round += 1) {
    runs.forEach((run, k) => {
      const start = performance.now();
      let done = 0;
      let now = start;
      while (now - start < ROUND_MS) {
        done += run();
        now = performance.now();
      }
      // The first round warms up.
      if (round >= 0) found[k].push(done / ((now - start) / 1000));
    });
  }
  return found.map((each) => each.sort((a, b) => a - b)[Math.floor(each.length / 2)]);
}

export function kernelBench(): Promise<readonly object[]> {
  return Promise.resolve(
    ROBOTS.flatMap(([robot, tool]) => {
      const manipulator = shippedArm(robot, tool);
      return [...stateRows(robot, manipulator), cellRow(robot, manipulator), ...pairRows(robot, manipulator)];
    }),
  );
}

function stateRows(robot: string, manipulator: Manipulator): Row[] {
  const description = describeScene(manipulator, shelfObstacles(), ORIGIN);
  const ours = createCollisionKernel().prepareScene(description);
  const theirs = createReferenceKernel().prepareScene(description);
  const planning = prepareScene(description);
  const n = manipulator.joints.length;
  const workloads = {
    'states, free, along motions': statesAlongFreeMotions(ours, STATES, 32, 1),
    'states, mixed, uniform': uniformStates(manipulator, STATES, 2),
  };
  return Object.entries(workloads).map(([workload, q]) => {
    const out = new Uint8Array(STATES);
    let next = 0;
    const some = (count: number): Float64Array => {
      next = (next + count) % STATES;
      return q.subarray(next * n, (next + count) * n);
    };
    const [statesPerSecond, referenceStatesPerSecond, scalarSceneStatesPerSecond] = rates([
      () => (ours.areFree(q, STATES, out), STATES),
      () => (theirs.areFree(some(64), 64, out), 64),
      () => {
        const part = some(64);
        for (let i = 0; i < 64; i += 1) isFree(planning, part, i * n, null, NO_ALLOWANCE);
        return 64;
      },
    ]);
    return {
      robot,
      workload,
      unit: 'states',
      freeShare: ours.areFree(q, STATES, out) / STATES,
      statesPerSecond,
      referenceStatesPerSecond,
      ratioToReference: statesPerSecond / referenceStatesPerSecond,
      scalarSceneStatesPerSecond,
    };
  });
}

/** Four arms against one another, all pairs of links, kinematics included. */
function cellRow(robot: string, manipulator: Manipulator): Row {
  const groupOf = (kernel: CollisionKernel) =>
    kernel.prepareGroup(
      cellBases(CELL_SIDE_M).map((X_WB) => kernel.prepareScene(describeScene(manipulator, [], X_WB))),
      0,
    );
  const ours = groupOf(createCollisionKernel());
  const theirs = groupOf(createReferenceKernel());
  const count = 1024;
  const q = uniformStates(manipulator, 4 * count, 3);
  const out = new Uint8Array(count);
  let next = 0;
  const [statesPerSecond, referenceStatesPerSecond] = rates([
    () => (ours.areApart(q, count, out), count),
    () => {
      next = (next + 8) % count;
      theirs.areApart(q.subarray(next * ours.jointCount), 8, out);
      return 8;
    },
  ]);
  return {
    robot,
    workload: 'four arms against one another',
    unit: 'configurations of the cell',
    freeShare: ours.areApart(q, count, out) / count,
    statesPerSecond,
    referenceStatesPerSecond,
    ratioToReference: statesPerSecond / referenceStatesPerSecond,
    scalarSceneStatesPerSecond: null,
  };
}

/** Pairs of motions of two seconds at 10 ms of two arms that share space, with a margin. */
function pairRows(robot: string, manipulator: Manipulator): Row[] {
  const count = 24;
  const bases = cellBases(CELL_SIDE_M).slice(0, 2);
  const motions = bases.map((_, k) =>
    Array.from({ length: count }, (__, i) => sampledMotion(manipulator, SAMPLES, 1000 * k + i)),
  );
  const make = (kernel: CollisionKernel): { scenes: ArmScene[]; tracks: () => Track[][] } => {
    const scenes = bases.map((X_WB) => kernel.prepareScene(describeScene(manipulator, [], X_WB)));
    const trackOf = (k: number, i: number): Track =>
      kernel.createTrack({ scene: scenes[k], positions: motions[k][i], sampleCount: SAMPLES, carried: null });
    return { scenes, tracks: () => motions.map((each, k) => each.map((_, i) => trackOf(k, i))) };
  };
  const kernel = createCollisionKernel();
  const reference = createReferenceKernel();
  const ours = make(kernel);
  const theirs = make(reference).tracks();
  const cached = ours.tracks();
  let clear = 0;
  for (const a of cached[0]) {
    for (const b of cached[1]) if (kernel.firstConflict(a, b, MARGIN_M, 0, 0, SAMPLES - 1) < 0) clear += 1;
  }
  let turn = 0;
  const [cachedRate, freshRate, referenceRate] = rates([
    () => {
      for (const a of cached[0])
        for (const b of cached[1]) kernel.firstConflict(a, b, MARGIN_M, 0, 0, SAMPLES - 1);
      return count * count;
    },
    () => {
      const fresh = ours.tracks();
      for (let i = 0; i < count; i += 1)
        kernel.firstConflict(fresh[0][i], fresh[1][i], MARGIN_M, 0, 0, SAMPLES - 1);
      for (const track of fresh.flat()) track.release();
      return count;
    },
    () => {
      turn = (turn + 1) % (count * count);
      const a = theirs[0][turn % count];
      const b = theirs[1][Math.floor(turn / count)];
      reference.firstConflict(a, b, MARGIN_M, 0, 0, SAMPLES - 1);
      return 1;
    },
  ]);
  const row = (workload: string, statesPerSecond: number): Row => ({
    robot,
    workload,
    unit: 'pairs of trajectories',
    freeShare: clear / (count * count),
    statesPerSecond,
    referenceStatesPerSecond: referenceRate,
    ratioToReference: statesPerSecond / referenceRate,
    scalarSceneStatesPerSecond: null,
  });
  return [
    row('trajectory pairs, positions cached', cachedRate),
    row('trajectory pairs, positions not cached', freshRate),
  ];
}

const ORIGIN = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] } as const;
