import type { Pose, Vec3 } from '../geometry/pose.ts';
import { IDENTITY_POSE, composePoses } from '../geometry/transform.ts';
import type { FaultList } from './fault.ts';
import type { UrdfJoint, UrdfModel } from './urdf.ts';

/** A link and how it moves: rigidly with joint `joint` of the chain (-1: the base); `X_JL` its frame in that joint's. */
interface PlacedLink {
  readonly name: string;
  readonly joint: number;
  readonly X_JL: Pose;
}

/** The serial chain found in a description, fixed joints folded away. */
export interface SerialChain {
  readonly baseLink: string;
  readonly flangeLink: string;
  /** The moving joints from base to flange; `X_PJ` is seen from the joint before (or the base). */
  readonly joints: readonly { readonly joint: UrdfJoint; readonly X_PJ: Pose }[];
  readonly X_JF: Pose;
  readonly links: readonly PlacedLink[];
  /** Links above the base or beside it that do not belong to the arm. */
  readonly leftOut: readonly string[];
}

/** Where the chain begins and ends, as far as somebody said so; null: to be found. */
export interface ChainEnds {
  readonly baseLink: string | null;
  readonly flangeLink: string | null;
}

const AXES_MIN = 4;
const AXES_MAX = 7;
/** Names that makers and ROS give to the link where a tool is bolted on; the first that fits is taken. */
const FLANGE_NAMES = /(^|_)(tool0|flange|link8|ee_link)$/;

/**
 * Finds the chain from base to flange and says with which joint every link of the arm moves. Joints beside the chain
 * must be fixed, or held at a position that the limits file gives.
 */
export function findChain(
  model: UrdfModel,
  ends: ChainEnds,
  heldJoints: Readonly<Record<string, number>>,
  faults: FaultList,
): SerialChain | null {
  const known = new Set(model.links.map((link) => link.name));
  const baseLink = ends.baseLink ?? model.rootLink;
  for (const [what, link] of [
    ['base link', ends.baseLink],
    ['flange link', ends.flangeLink],
  ] as const) {
    if (link !== null && !known.has(link)) {
      faults.add(what, link, 'the link does not exist', `name one of: ${[...known].join(', ')}`);
      return null;
    }
  }
  const jointNames = new Set(model.joints.map((joint) => joint.name));
  for (const name of Object.keys(heldJoints)) {
    if (!jointNames.has(name)) {
      faults.add(`held_joints.${name}`, name, 'the joint does not exist', 'remove it or correct the name');
    }
  }
  const parentJoint = new Map(model.joints.map((joint) => [joint.child, joint]));
  const flangeLink = ends.flangeLink ?? guessFlange(model, baseLink, heldJoints, faults);
  if (flangeLink === null) return null;
  const path: UrdfJoint[] = [];
  for (let link = flangeLink; link !== baseLink;) {
    const joint = parentJoint.get(link);
    if (joint === undefined) {
      faults.add(
        'flange link',
        flangeLink,
        `does not hang on the base link '${baseLink}'`,
        'name a base link and a flange link of one chain',
      );
      return null;
    }
    path.unshift(joint);
    link = joint.parent;
  }
  return foldChain(model, { baseLink, flangeLink }, path, heldJoints, faults);
}

function isHeld(joint: UrdfJoint, heldJoints: Readonly<Record<string, number>>): boolean {
  return joint.kind === 'fixed' || Object.hasOwn(heldJoints, joint.name);
}

/** Follows the moving joints outwards; the flange is the last link of what hangs rigidly on the last of them. */
function guessFlange(
  model: UrdfModel,
  baseLink: string,
  heldJoints: Readonly<Record<string, number>>,
  faults: FaultList,
): string | null {
  let link = baseLink;
  for (let step = 0; step <= model.joints.length; step++) {
    const rigid = rigidWith(model, link, heldJoints);
    const onward = model.joints.filter((joint) => rigid.has(joint.parent) && !isHeld(joint, heldJoints));
    if (onward.length > 1) {
      faults.add(
        `link '${link}'`,
        onward.map((joint) => joint.name).join(', '),
        'several moving joints hang on it (a branch outside the chain)',
        'name the flange link, and give the position of every other moving joint under held_joints',
      );
      return null;
    }
    if (onward[0] !== undefined) {
      link = onward[0].child;
      continue;
    }
    const leaves = [...rigid].filter((name) => !model.joints.some((joint) => joint.parent === name));
    if (leaves.length === 1) return leaves[0];
    const named = leaves.filter((name) => FLANGE_NAMES.test(name));
    if (named.length === 1) return named[0];
    faults.add(
      'flange link',
      leaves.join(', '),
      'several links could be the flange',
      'name one as flange_link (its z axis points towards the tool)',
    );
    return null;
  }
  return null;
}

function rigidWith(
  model: UrdfModel,
  link: string,
  heldJoints: Readonly<Record<string, number>>,
): ReadonlySet<string> {
  const rigid = new Set([link]);
  for (const reached of rigid) {
    for (const joint of model.joints) {
      if (joint.parent === reached && isHeld(joint, heldJoints)) rigid.add(joint.child);
    }
  }
  return rigid;
}

function foldChain(
  model: UrdfModel,
  ends: { readonly baseLink: string; readonly flangeLink: string },
  path: readonly UrdfJoint[],
  heldJoints: Readonly<Record<string, number>>,
  faults: FaultList,
): SerialChain | null {
  const onPath = new Set(path.map((joint) => joint.name));
  const moving = path.filter((joint) => !isHeld(joint, heldJoints));
  if (moving.length < AXES_MIN || moving.length > AXES_MAX) {
    faults.add(
      'robot',
      `${moving.length} (${moving.map((joint) => joint.name).join(', ')})`,
      `an arm needs ${AXES_MIN} to ${AXES_MAX} moving joints between '${ends.baseLink}' and '${ends.flangeLink}'`,
      'describe a serial arm, or name other base and flange links',
    );
    return null;
  }
  const joints: { joint: UrdfJoint; X_PJ: Pose }[] = [];
  const links: PlacedLink[] = [{ name: ends.baseLink, joint: -1, X_JL: IDENTITY_POSE }];
  for (const parent of links) {
    for (const joint of model.joints) {
      if (joint.parent !== parent.name) continue;
      const X_PJ = composePoses(parent.X_JL, joint.X_PJ);
      if (joint.mimics !== null && onPath.has(joint.name)) {
        faults.add(
          `joint '${joint.name}' mimic`,
          joint.mimics,
          'a mimic joint between base and flange is not supported',
          'describe the arm without coupled joints',
        );
      }
      if (isHeld(joint, heldJoints)) {
        const held = heldJoints[joint.name] ?? 0;
        links.push({ name: joint.child, joint: parent.joint, X_JL: composePoses(X_PJ, motion(joint, held)) });
      } else if (onPath.has(joint.name)) {
        joints.push({ joint, X_PJ });
        links.push({ name: joint.child, joint: joints.length - 1, X_JL: IDENTITY_POSE });
      } else {
        faults.add(
          `joint '${joint.name}'`,
          joint.kind,
          `moves a branch outside the chain from '${ends.baseLink}' to '${ends.flangeLink}'`,
          'give the position it is held at under held_joints of the limits file, or describe that part as a tool',
        );
      }
    }
  }
  const flange = links.find((link) => link.name === ends.flangeLink);
  if (faults.faults.length > 0 || flange === undefined) return null;
  const reached = new Set(links.map((link) => link.name));
  return {
    ...ends,
    joints,
    X_JF: flange.X_JL,
    links,
    leftOut: model.links.map((link) => link.name).filter((name) => !reached.has(name)),
  };
}

/** The frame after a joint at that position, seen from the frame before the motion. */
function motion(joint: UrdfJoint, position: number): Pose {
  if (joint.kind === 'fixed' || position === 0) return IDENTITY_POSE;
  const scaled = (factor: number): Vec3 => [
    joint.axis[0] * factor,
    joint.axis[1] * factor,
    joint.axis[2] * factor,
  ];
  if (joint.kind === 'prismatic') {
    return { positionM: scaled(position), quaternionXyzw: [0, 0, 0, 1] };
  }
  return {
    positionM: [0, 0, 0],
    quaternionXyzw: [...scaled(Math.sin(position / 2)), Math.cos(position / 2)],
  };
}
