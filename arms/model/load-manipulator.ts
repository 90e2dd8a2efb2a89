import { pointInPose } from '../geometry/transform.ts';
import { linkCapsules } from './capsules.ts';
import { findChain } from './chain.ts';
import type { SerialChain } from './chain.ts';
import type { ManipulatorExtension } from './extension.ts';
import { FaultList } from './fault.ts';
import type { ModelFault } from './fault.ts';
import type { Joint, JointLimits, LinkCapsule, Manipulator } from './manipulator.ts';
import { findSelfPairs, linkPairKey } from './self-collision.ts';
import type { SelfPairs } from './self-collision.ts';
import { parseSrdf } from './srdf.ts';
import type { SrdfModel } from './srdf.ts';
import type { ToolDescription } from './tool.ts';
import type { MeshFiles } from './urdf-mesh.ts';
import { parseUrdf } from './urdf.ts';
import type { UrdfJoint, UrdfModel } from './urdf.ts';

/** The texts and data that describe one arm with its tool. */
export interface ManipulatorSources {
  readonly name: string;
  readonly urdf: string;
  /** Contents of the collision meshes that the URDF names (STL, OBJ), by the name it uses. */
  readonly meshes?: MeshFiles;
  /** Null: link pairs that are adjacent or always touch are allowed, and reported in the notes. */
  readonly srdf: string | null;
  readonly extension: ManipulatorExtension;
  readonly tool: ToolDescription;
  /** The link that stands where the cell puts the arm; else as the extension says; else the root link. */
  readonly baseLink?: string;
  /** The link the tool is bolted to, z towards the tool; else as the extension says; else the end of the chain. */
  readonly flangeLink?: string;
}

export type LoadResult =
  | {
      readonly status: 'loaded';
      readonly manipulator: Manipulator;
      /** What was decided on the author's behalf, one sentence each. */
      readonly notes: readonly string[];
    }
  | { readonly status: 'refused'; readonly faults: readonly ModelFault[] };

/** More capsules than any arm needs; each costs time at every collision check. */
const CAPSULES_MAX = 256;

/**
 * Builds a manipulator from URDF, SRDF, limits and tool. Any serial arm of 4 to 7 axes, turning or sliding; fixed
 * joints are folded; collision shapes become capsules that enclose them. Position and velocity limits come from the
 * URDF, acceleration and jerk from the extension: what is missing is a fault, never a default. All faults found in
 * one pass come together.
 */
export function loadManipulator(sources: ManipulatorSources): LoadResult {
  const urdf = parseUrdf(sources.urdf, sources.meshes);
  const srdf = sources.srdf === null ? null : parseSrdf(sources.srdf);
  const early = [urdf, srdf].flatMap((result) => (result?.status === 'refused' ? result.faults : []));
  if (urdf.status === 'refused' || srdf?.status === 'refused') return { status: 'refused', faults: early };

  const urdfFaults = new FaultList('urdf');
  const { extension, tool } = sources;
  const ends = {
    baseLink: sources.baseLink ?? extension.baseLink,
    flangeLink: sources.flangeLink ?? extension.flangeLink,
  };
  const chain = findChain(urdf.model, ends, extension.heldJoints, urdfFaults);
  if (chain === null) return { status: 'refused', faults: urdfFaults.faults };

  const extensionFaults = new FaultList('extension');
  const srdfFaults = new FaultList('srdf');
  const notes: string[] = [];
  const joints = chain.joints.map(({ joint, X_PJ }): Joint => {
    const kind = joint.kind === 'fixed' ? 'revolute' : joint.kind;
    return {
      name: joint.name,
      kind,
      X_PJ,
      axis: joint.axis,
      limits: limitsOf(joint, extension, extensionFaults),
    };
  });
  const jointNames = new Set(joints.map((joint) => joint.name));
  for (const name of Object.keys(extension.joints)) {
    if (!jointNames.has(name)) {
      extensionFaults.add(
        `joints.${name}`,
        name,
        'is no moving joint of the chain',
        `name one of: ${[...jointNames].join(', ')}`,
      );
    }
  }
  const capsules = capsulesOf(urdf.model, chain, tool, urdfFaults, notes);
  const namedStates = srdf === null ? {} : namedStatesOf(srdf.model, joints, srdfFaults, notes);
  const faults = [...urdfFaults.faults, ...srdfFaults.faults, ...extensionFaults.faults];
  if (faults.length > 0) return { status: 'refused', faults };

  const { name: toolName, kind, X_FT, massKg, payloadMaxKg } = tool;
  const unpaired = {
    name: sources.name,
    joints,
    X_JF: chain.X_JF,
    capsules,
    tool: { name: toolName, kind, X_FT, capsules: tool.capsules, massKg, payloadMaxKg },
    namedStates,
  };
  const disabled = disabledPairsOf(srdf?.model ?? null, chain, tool.name, notes);
  const self = findSelfPairs(unpaired, disabled, srdf === null ? 'allowed' : 'checked');
  notes.push(...pairNotes(self));
  return { status: 'loaded', manipulator: { ...unpaired, selfPairs: self.pairs }, notes };
}

function limitsOf(joint: UrdfJoint, extension: ManipulatorExtension, faults: FaultList): JointLimits {
  const unit = joint.kind === 'prismatic' ? 'm' : 'rad';
  const path = `joints.${joint.name}`;
  const own = Object.hasOwn(extension.joints, joint.name) ? extension.joints[joint.name] : undefined;
  if (own === undefined) {
    faults.add(
      path,
      null,
      `acceleration and jerk of '${joint.name}' are missing`,
      `add acceleration_max_${unit}_per_s2, jerk_max_${unit}_per_s3 and source to the limits file, or if it does ` +
        'not belong to the arm, the position it is held at under held_joints',
    );
  } else if (own.unit !== unit) {
    faults.add(path, own.unit, `'${joint.name}' is ${joint.kind}`, `give its limits in ${unit}`);
  }
  const lower = own?.range?.lower ?? joint.limits?.lower ?? null;
  const upper = own?.range?.upper ?? joint.limits?.upper ?? null;
  if (own !== undefined && (lower === null || upper === null)) {
    faults.add(
      `${path}.position_range_rad`,
      null,
      `the continuous joint '${joint.name}' has no range`,
      'add position_range_rad: [lower, upper], as far as hoses and cables allow',
    );
  }
  return {
    lower: lower ?? 0,
    upper: upper ?? 0,
    velocityMax: joint.limits?.velocityMax ?? 0,
    accelerationMax: own?.accelerationMax ?? 0,
    jerkMax: own?.jerkMax ?? 0,
  };
}

function capsulesOf(
  model: UrdfModel,
  chain: SerialChain,
  tool: ToolDescription,
  faults: FaultList,
  notes: string[],
): readonly LinkCapsule[] {
  const shapes = new Map(model.links.map((link) => [link.name, link.collisions]));
  const capsules: LinkCapsule[] = [];
  for (const link of chain.links) {
    if (link.name === tool.name) {
      faults.add(`link '${link.name}'`, link.name, 'the tool has the same name', 'rename the tool');
    }
    for (const { p, q, radiusM } of linkCapsules(shapes.get(link.name) ?? [])) {
      capsules.push({
        link: link.name,
        joint: link.joint,
        p: pointInPose(link.X_JL, p),
        q: pointInPose(link.X_JL, q),
        radiusM,
      });
    }
  }
  const bare = chain.joints.filter((_, index) => !capsules.some((capsule) => capsule.joint === index));
  if (capsules.length === 0) {
    faults.add(
      'robot',
      null,
      'no link of the arm has collision geometry',
      'add <collision> with boxes, spheres, cylinders or capsules to the links',
    );
  } else if (bare.length > 0) {
    const names = bare.map(({ joint }) => joint.child).join(', ');
    notes.push(`No collision geometry moves with: ${names}; these links are not checked for collision.`);
  }
  if (capsules.length > CAPSULES_MAX) {
    faults.add(
      'robot',
      `${capsules.length} capsules`,
      `collision geometry needs more than ${CAPSULES_MAX} capsules`,
      'describe the links with fewer, longer shapes; cylinders need one capsule, fat boxes up to 16',
    );
  }
  if (chain.leftOut.length > 0) {
    notes.push(`Links that do not hang on '${chain.baseLink}' are left out: ${chain.leftOut.join(', ')}.`);
  }
  return capsules;
}

function namedStatesOf(
  model: SrdfModel,
  joints: readonly Joint[],
  faults: FaultList,
  notes: string[],
): Readonly<Record<string, readonly number[]>> {
  const states: [string, readonly number[]][] = [];
  for (const state of model.states) {
    const missing = joints.filter((joint) => !state.values.has(joint.name));
    if (missing.length === joints.length) {
      notes.push(`The group state '${state.name}' has no joint of the arm and is left out.`);
      continue;
    }
    const path = `group_state '${state.name}'`;
    if (missing.length > 0) {
      faults.add(
        path,
        missing.map((joint) => joint.name).join(', '),
        'has no value for these joints',
        'give every joint of the arm a value',
      );
      continue;
    }
    const values = joints.map((joint) => state.values.get(joint.name) ?? 0);
    joints.forEach((joint, index) => {
      const { lower, upper } = joint.limits;
      const value = values[index];
      if (value < lower || value > upper) {
        faults.add(
          `${path} joint '${joint.name}'`,
          String(value),
          `outside the limits ${lower} to ${upper}`,
          'choose a value inside',
        );
      }
    });
    states.push([state.name, values]);
  }
  return Object.fromEntries(states);
}

/** The pairs which the SRDF disables; what it says of the flange's link also goes for the tool bolted to it. */
function disabledPairsOf(
  model: SrdfModel | null,
  chain: SerialChain,
  toolName: string,
  notes: string[],
): ReadonlySet<string> {
  const disabled = new Set<string>();
  const unknown = new Set<string>();
  const links = new Set(chain.links.map((link) => link.name));
  for (const { link1, link2 } of model?.disabledPairs ?? []) {
    for (const link of [link1, link2]) if (!links.has(link) && link !== toolName) unknown.add(link);
    disabled.add(linkPairKey(link1, link2));
    if (link1 === chain.flangeLink) disabled.add(linkPairKey(toolName, link2));
    if (link2 === chain.flangeLink) disabled.add(linkPairKey(toolName, link1));
  }
  if (unknown.size > 0) {
    notes.push(`disable_collisions names links that the arm does not have: ${[...unknown].join(', ')}.`);
  }
  return disabled;
}

function pairNotes(self: SelfPairs): string[] {
  const list = (pairs: SelfPairs['adjacent']): string => pairs.map(([a, b]) => `${a} - ${b}`).join(', ');
  const notes: string[] = [];
  if (self.adjacent.length > 0) {
    notes.push(`Not checked against one another, being adjacent: ${list(self.adjacent)}.`);
  }
  if (self.alwaysTouching.length > 0) {
    notes.push(
      `Not checked against one another, touching in every sampled state: ${list(self.alwaysTouching)}.`,
    );
  }
  return notes;
}
