import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseUrdf } from '../arms/model/urdf.ts';
import type { UrdfJoint, UrdfModel } from '../arms/model/urdf.ts';
import { loadManipulator } from '../arms/model/load-manipulator.ts';
import type { ManipulatorExtension } from '../arms/model/extension.ts';
import { describeFault } from '../arms/model/fault.ts';
import type { Manipulator } from '../arms/model/manipulator.ts';
import { bareFlange } from '../arms/model/tool.ts';
import type { ToolDescription } from '../arms/model/tool.ts';
import { loadArm } from './load-arm.ts';
import { readMeshFiles } from './mesh-files.ts';
import { shippedPath } from './shipped.ts';
import { readText } from './source.ts';

/** The arms that problems may name, with the tool they carry; null: none, the flange is bare. */
const NAMED: Readonly<Record<string, string | null>> = {
  'franka-panda': 'franka-hand',
  ur5e: null,
  ur10e: null,
};

export const NAMED_MANIPULATORS = Object.keys(NAMED);

/** A tool without mass or shape: what hangs on the flange is in the description, or nothing is. */
const NO_TOOL: ToolDescription = bareFlange(1, 'nothing is carried in a planning problem');

/**
 * What is assumed of an arm that only a URDF describes, as URDF knows no acceleration and no jerk: full speed is
 * reached in this time, and full acceleration in that, s. It is said in the notes.
 */
const TO_FULL_SPEED_S = 0.5;
const TO_FULL_ACCELERATION_S = 0.1;

/** Range assumed for continuous joints, which have none in a URDF, rad. */
const CONTINUOUS_RANGE_RAD = 2 * Math.PI;

export type ProblemArmResult =
  | { readonly status: 'loaded'; readonly manipulator: Manipulator; readonly notes: readonly string[] }
  | { readonly status: 'refused'; readonly problem: string; readonly remedy: string };

/** Loads the manipulators that problems name, each once. */
export class ProblemArms {
  readonly #loaded = new Map<string, ProblemArmResult>();

  /**
   * @param name as the problem has it
   * @param directory of the problem file, which URDF paths are relative to
   * @param jointCount number of positions the problem gives for the arm
   */
  load(name: string, directory: string, jointCount: number): ProblemArmResult {
    const isNamed = Object.hasOwn(NAMED, name);
    const file = isNamed ? name : join(directory, name);
    const key = `${jointCount} ${file}`;
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    const result = isNamed ? named(name) : described(file, jointCount);
    this.#loaded.set(key, result);
    return result;
  }
}

function named(name: string): ProblemArmResult {
  const directory = shippedPath(`arms/${name}`);
  const tool = NAMED[name] ?? null;
  return withFiles(
    join(directory, `${name}.urdf`),
    join(directory, `${name}.srdf`),
    join(directory, `${name}.limits.yaml`),
    tool === null ? NO_TOOL : shippedPath(`tools/${tool}.yaml`),
  );
}

function withFiles(
  urdf: string,
  srdf: string | null,
  limits: string,
  tool: string | ToolDescription,
): ProblemArmResult {
  const loaded = loadArm({ urdf, srdf, limits, tool });
  if (loaded.status === 'loaded') {
    return { status: 'loaded', manipulator: loaded.arm.manipulator, notes: loaded.arm.notes };
  }
  const words = loaded.faults.map((f) => `${basename(f.file)}: ${f.path}: ${f.problem} (${f.remedy})`);
  return { status: 'refused', problem: words.join('; '), remedy: 'correct the description of the arm' };
}

function described(file: string, jointCount: number): ProblemArmResult {
  if (!/\.urdf$|\.xml$/i.test(file)) {
    return {
      status: 'refused',
      problem: 'is neither a known arm nor a URDF file',
      remedy: `write ${NAMED_MANIPULATORS.join(', ')}, or the path of a .urdf file relative to the problem`,
    };
  }
  const beside = join(dirname(file), basename(file).replace(/\.(urdf|xml)$/i, ''));
  const srdf = existsSync(`${beside}.srdf`) ? `${beside}.srdf` : null;
  if (existsSync(`${beside}.limits.yaml`)) return withFiles(file, srdf, `${beside}.limits.yaml`, NO_TOOL);
  const read = readText(file);
  if (read.status === 'refused') {
    return { status: 'refused', problem: `${file} ${read.fault.problem}`, remedy: read.fault.remedy };
  }
  const srdfText = srdf === null ? null : readText(srdf);
  if (srdfText?.status === 'refused') {
    return { status: 'refused', problem: `${srdf} ${srdfText.fault.problem}`, remedy: srdfText.fault.remedy };
  }
  const meshes = readMeshFiles(file, read.text);
  const parsed = parseUrdf(read.text, meshes);
  if (parsed.status === 'refused') {
    const words = parsed.faults.map(describeFault);
    return { status: 'refused', problem: words.join('; '), remedy: 'correct the URDF' };
  }
  const assumed = assumeLimits(parsed.model, basename(file), jointCount);
  const loaded = loadManipulator({
    name: basename(file).replace(/\.(urdf|xml)$/i, ''),
    urdf: read.text,
    meshes,
    srdf: srdfText === null ? null : srdfText.text,
    extension: assumed.extension,
    tool: NO_TOOL,
  });
  if (loaded.status === 'refused') {
    const words = loaded.faults.map(describeFault);
    return { status: 'refused', problem: words.join('; '), remedy: 'correct the URDF' };
  }
  return { status: 'loaded', manipulator: loaded.manipulator, notes: [...assumed.notes, ...loaded.notes] };
}

/**
 * Which joints are the arm's, and what a URDF does not say of them: the first `jointCount` moving joints outwards from
 * the root are, everything else that could move (fingers, joints that copy others) is held at 0, or at the end of its
 * range nearest to 0.
 */
function assumeLimits(
  model: UrdfModel,
  file: string,
  jointCount: number,
): { readonly extension: ManipulatorExtension; readonly notes: readonly string[] } {
  const chain = longestChain(model, jointCount);
  const held: Record<string, number> = {};
  for (const joint of model.joints) {
    if (joint.kind === 'fixed' || chain.includes(joint)) continue;
    const lower = joint.limits?.lower ?? -Infinity;
    const upper = joint.limits?.upper ?? Infinity;
    held[joint.name] = Math.min(upper, Math.max(lower, 0));
  }
  const source = `assumed: ${file} gives none`;
  const joints: ManipulatorExtension['joints'] = Object.fromEntries(
    chain.map((joint) => {
      const velocityMax = joint.limits?.velocityMax ?? 1;
      const accelerationMax = velocityMax / TO_FULL_SPEED_S;
      return [
        joint.name,
        {
          unit: joint.kind === 'prismatic' ? 'm' : 'rad',
          accelerationMax,
          jerkMax: accelerationMax / TO_FULL_ACCELERATION_S,
          range:
            joint.kind === 'continuous'
              ? { lower: -CONTINUOUS_RANGE_RAD, upper: CONTINUOUS_RANGE_RAD }
              : null,
          source,
        },
      ];
    }),
  );
  const notes = [
    `A URDF gives no acceleration and no jerk: each joint is taken to reach full speed in ${TO_FULL_SPEED_S} s and full ` +
      `acceleration in ${TO_FULL_ACCELERATION_S} s; a file named like the URDF ending in .limits.yaml says it better.`,
    ...(Object.keys(held).length === 0
      ? []
      : [
          `Joints beside the arm are held: ${Object.entries(held)
            .map(([name, at]) => `${name} at ${at}`)
            .join(', ')}.`,
        ]),
  ];
  const flangeLink = chain[chain.length - 1]?.child ?? null;
  return {
    extension: { manipulator: file, source, baseLink: null, flangeLink, joints, heldJoints: held },
    notes,
  };
}

/** Follows the moving joints outwards from the root, depth first, to the first chain of that many. */
function longestChain(model: UrdfModel, jointCount: number): readonly UrdfJoint[] {
  let best: readonly UrdfJoint[] = [];
  const follow = (link: string, soFar: readonly UrdfJoint[], depth: number): void => {
    if (soFar.length > best.length) best = soFar;
    if (best.length === jointCount || depth > model.joints.length) return;
    for (const joint of model.joints) {
      if (joint.parent !== link || best.length === jointCount) continue;
      const moves = joint.kind !== 'fixed' && joint.mimics === null;
      follow(joint.child, moves ? [...soFar, joint] : soFar, depth + 1);
    }
  };
  follow(model.rootLink, [], 0);
  return best;
}
