import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import {
  NOTHING_STRAIGHT,
  NO_ALLOWANCE,
  boundMotion,
  checkMotion,
  chooseTransfer,
  describeFault,
  inverseKinematicsOf,
  loadManipulator,
  parseManipulatorExtension,
  prepareRun,
  prepareScene,
  suctionTube,
  timeTransfer,
  toolDownPose,
} from '../../../arms/index.ts';
import type { Manipulator, Pose, TransferEnd, Vec3 } from '../../../arms/index.ts';

const BASE: Pose = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] };
const STRAIGHT_M = 0.17;

/** Loads an arm, goes straight up from one place, freely across and straight down to another, and checks the way. */
export function pickAndPlace(): readonly string[] {
  const urdf = readFileSync(new URL('../../../config/arms/ur10e/ur10e.urdf', import.meta.url), 'utf8');
  const limitsText = readFileSync(
    new URL('../../../config/arms/ur10e/ur10e.limits.yaml', import.meta.url),
    'utf8',
  );
  // Accelerations and jerks, which a URDF does not have, each with its source.
  const extension = parseManipulatorExtension(parse(limitsText));
  if (extension.status === 'refused') return extension.faults.map(describeFault);
  const tool = suctionTube({
    name: 'suction tube',
    lengthM: 0.2,
    radiusM: 0.03,
    massKg: 0.6,
    payloadMaxKg: 5,
    source: 'this example',
  });
  const loaded = loadManipulator({ name: 'ur10e', urdf, srdf: null, extension: extension.extension, tool });
  if (loaded.status === 'refused') return loaded.faults.map(describeFault);
  const arm = loaded.manipulator;
  const limits = arm.joints.map((joint) => joint.limits);

  const from = straightUp(arm, [0.7, 0.3, 0], [0.4, -1.6, 2, -2, -1.57, 0]);
  const to = straightUp(arm, [0.3, -0.75, 0.05], from[from.length - 1]!);
  const ends = [from, to].map((samples): TransferEnd => {
    const prepared = prepareRun(samples, 0.0005, limits);
    if (prepared.status === 'refused') throw new Error(prepared.detail);
    return { kind: 'run', run: prepared.run, earlyMax: limits.map(() => 0) };
  });
  // The choice alone takes some tens of microseconds: enough to compare many places and ways to reach them.
  const choice = chooseTransfer(ends[0]!, ends[1]!, limits);
  const transfer = timeTransfer(ends[0]!, ends[1]!, limits, choice);
  if (transfer.status === 'refused') return [transfer.detail];

  const scene = prepareScene({
    manipulator: arm,
    X_WB: BASE,
    obstacles: [
      {
        id: 'table',
        shape: { type: 'box', sizeM: [3, 3, 0.1] },
        X_WO: { positionM: [0, 0, -0.2], quaternionXyzw: [0, 0, 0, 1] },
      },
    ],
    standingArms: [],
    keepOut: [],
    obstacleMarginM: 0.01,
    selfMarginM: 0,
    armMarginM: 0.02,
    keepOutMarginM: 0.01,
  });
  const contactUs = checkMotion(
    scene,
    boundMotion(transfer.trajectory),
    null,
    NO_ALLOWANCE,
    NOTHING_STRAIGHT,
  );
  const seconds = (us: number): string => (us * 1e-6).toFixed(2);
  return [
    `straight until ${seconds(transfer.runUntilUs)} s and from ${seconds(transfer.runFromUs)} s on, ` +
      `there after ${seconds(choice.durationUs)} s`,
    contactUs < 0 ? 'nothing is touched' : `something is touched after ${seconds(contactUs)} s`,
  ];
}

/** Joint samples of the tool going straight up from a point. */
function straightUp(arm: Manipulator, [x, y, z]: Vec3, near: readonly number[]): (readonly number[])[] {
  const samples: (readonly number[])[] = [];
  for (const height of [0, 0.06, 0.12, STRAIGHT_M]) {
    const outcome = inverseKinematicsOf(arm).solve(BASE, toolDownPose([x, y, z + height], 0), {
      near: samples[samples.length - 1] ?? near,
      turns: 'nearest',
      redundancySamples: 1,
    });
    if (outcome.status !== 'solutions') throw new Error(`the point cannot be reached: ${outcome.status}`);
    samples.push(outcome.solutions[0]!.q);
  }
  return samples;
}
