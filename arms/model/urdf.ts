import type { Pose, Vec3 } from '../geometry/pose.ts';
import type { Shape } from '../geometry/shape.ts';
import { quaternionFromRpy } from '../geometry/transform.ts';
import { FaultList } from './fault.ts';
import type { ModelFault } from './fault.ts';
import { findRoot, reportRepeats } from './urdf-tree.ts';
import { childNamed, childrenNamed, plainNumber, readXml } from './xml.ts';
import type { MeshFiles } from './urdf-mesh.ts';
import { meshCollisions } from './urdf-mesh.ts';
import type { XmlElement } from './xml.ts';

/** A collision shape of a link; `X_LS` is the shape's frame in the link's. */
interface UrdfCollision {
  readonly shape: Shape;
  readonly X_LS: Pose;
}

interface UrdfLink {
  readonly name: string;
  readonly collisions: readonly UrdfCollision[];
}

/** Position range and greatest speed; rad and rad/s, m and m/s for a prismatic joint. Null: not given. */
interface UrdfLimits {
  readonly lower: number | null;
  readonly upper: number | null;
  readonly velocityMax: number;
}

export interface UrdfJoint {
  readonly name: string;
  readonly kind: 'revolute' | 'continuous' | 'prismatic' | 'fixed';
  readonly parent: string;
  readonly child: string;
  /** The joint's frame at position 0 in the parent link's frame. */
  readonly X_PJ: Pose;
  /** Unit axis in the joint's frame. */
  readonly axis: Vec3;
  /** Null for fixed joints. */
  readonly limits: UrdfLimits | null;
  /** The joint this one copies, if any. */
  readonly mimics: string | null;
}

/** A robot description as a tree of links; what serves neither kinematics nor collision is left out. */
export interface UrdfModel {
  readonly name: string;
  readonly rootLink: string;
  readonly links: readonly UrdfLink[];
  readonly joints: readonly UrdfJoint[];
}

export type UrdfResult =
  | { readonly status: 'parsed'; readonly model: UrdfModel }
  | { readonly status: 'refused'; readonly faults: readonly ModelFault[] };

/** More links or joints than any arm has. */
const ELEMENTS_MAX = 500;
/** Lengths above this are a slip of units (millimetres), m. */
const LENGTH_MAX_M = 50;
const AXIS_LENGTH_TOLERANCE = 1e-3;

/**
 * Parses URDF text (http://wiki.ros.org/urdf/XML) without xacro. All faults of the document come together. Elements
 * that serve simulation or display (`visual`, `inertial`, `transmission`, `gazebo`, `ros2_control`) are not read.
 * Capsules, which newer readers of URDF accept as `<capsule radius length>`, are read too.
 */
export function parseUrdf(text: string, meshes: MeshFiles = NO_MESHES): UrdfResult {
  const faults = new FaultList('urdf');
  const root = readXml(text, 'robot', faults);
  if (root === null) return { status: 'refused', faults: faults.faults };
  if (usesXacro(root)) {
    faults.add(
      'document',
      'xacro',
      'xacro macros or ${...} expressions found',
      'expand it first: xacro FILE.urdf.xacro > FILE.urdf',
    );
    return { status: 'refused', faults: faults.faults };
  }
  const linkElements = childrenNamed(root, 'link');
  const jointElements = childrenNamed(root, 'joint');
  if (linkElements.length > ELEMENTS_MAX || jointElements.length > ELEMENTS_MAX) {
    faults.add(
      'robot',
      `${linkElements.length} links, ${jointElements.length} joints`,
      `more than ${ELEMENTS_MAX} links or joints`,
      'describe one arm per file',
    );
    return { status: 'refused', faults: faults.faults };
  }
  const links = linkElements.map((element, index) => parseLink(element, index, meshes, faults));
  const joints = jointElements.map((element, index) => parseJoint(element, index, faults));
  reportRepeats('link', links, faults);
  reportRepeats('joint', joints, faults);
  const rootLink = findRoot(links, joints, faults);
  if (faults.faults.length > 0 || rootLink === null) return { status: 'refused', faults: faults.faults };
  const name = root.attributes.get('name') ?? '';
  return { status: 'parsed', model: { name, rootLink, links, joints } };
}

/** Names under which a description mentions meshes as collision geometry, each once; none where it cannot be read. */
export function collisionMeshNames(text: string): readonly string[] {
  const root = readXml(text, 'robot', new FaultList('urdf'));
  if (root === null) return [];
  const names = childrenNamed(root, 'link')
    .flatMap((link) => childrenNamed(link, 'collision'))
    .flatMap((collision) => childrenNamed(collision, 'geometry'))
    .flatMap((geometry) => childrenNamed(geometry, 'mesh'))
    .flatMap((mesh) => mesh.attributes.get('filename') ?? []);
  return [...new Set(names)];
}

function usesXacro(element: XmlElement): boolean {
  if (element.name.startsWith('xacro:')) return true;
  for (const value of element.attributes.values()) if (/\$[{(]/.test(value)) return true;
  return element.children.some(usesXacro);
}

function nameOf(element: XmlElement, index: number, faults: FaultList): string {
  const name = element.attributes.get('name')?.trim() ?? '';
  if (name === '') {
    faults.add(
      `${element.name} number ${index + 1}`,
      null,
      'has no name',
      `give every <${element.name}> a name`,
    );
    return `(${element.name} ${index + 1})`;
  }
  return name;
}

const NO_MESHES: MeshFiles = new Map();

function parseLink(element: XmlElement, index: number, meshes: MeshFiles, faults: FaultList): UrdfLink {
  const name = nameOf(element, index, faults);
  const collisions: UrdfCollision[] = [];
  childrenNamed(element, 'collision').forEach((collision, k) => {
    const path = `link '${name}' collision ${k + 1}`;
    const X_LS = parseOrigin(childNamed(collision, 'origin'), path, faults);
    const geometry = childNamed(collision, 'geometry');
    const mesh = geometry === null ? null : childNamed(geometry, 'mesh');
    if (mesh !== null) {
      collisions.push(...meshCollisions(mesh, X_LS, meshes, path, faults));
      return;
    }
    const shape = parseGeometry(geometry, path, faults);
    if (shape !== null) collisions.push({ shape, X_LS });
  });
  return { name, collisions };
}

function parseGeometry(geometry: XmlElement | null, path: string, faults: FaultList): Shape | null {
  const element = geometry?.children[0];
  if (element === undefined) {
    faults.add(path, null, 'has no geometry', 'add <geometry> with a box, sphere, cylinder or capsule');
    return null;
  }
  const length = (attribute: string): number => {
    const text = element.attributes.get(attribute);
    const value = text === undefined ? null : plainNumber(text);
    if (value === null || value <= 0 || value > LENGTH_MAX_M) {
      faults.add(
        `${path} ${element.name} ${attribute}`,
        text ?? null,
        'must be a length above 0 in metres',
        `write ${attribute} in metres, at most ${LENGTH_MAX_M}`,
      );
      return 1;
    }
    return value;
  };
  switch (element.name) {
    case 'sphere':
      return { type: 'sphere', radiusM: length('radius') };
    case 'cylinder':
      return { type: 'cylinder', radiusM: length('radius'), lengthM: length('length') };
    case 'capsule':
      return { type: 'capsule', radiusM: length('radius'), lengthM: length('length') };
    case 'box': {
      const size = parseTriple(element.attributes.get('size'), `${path} box size`, [1, 1, 1], faults);
      if (size.some((side) => side <= 0 || side > LENGTH_MAX_M)) {
        faults.add(
          `${path} box size`,
          size.join(' '),
          'must be three lengths above 0 in metres',
          `write the sides in metres, at most ${LENGTH_MAX_M}`,
        );
      }
      return { type: 'box', sizeM: [size[0], size[1], size[2]] };
    }
    default:
      faults.add(path, element.name, 'unknown geometry', 'use a box, sphere, cylinder, capsule or mesh');
      return null;
  }
}

function parseOrigin(origin: XmlElement | null, path: string, faults: FaultList): Pose {
  const xyz = parseTriple(origin?.attributes.get('xyz'), `${path} origin xyz`, [0, 0, 0], faults);
  const rpy = parseTriple(origin?.attributes.get('rpy'), `${path} origin rpy`, [0, 0, 0], faults);
  if (xyz.some((value) => Math.abs(value) > LENGTH_MAX_M)) {
    faults.add(
      `${path} origin xyz`,
      xyz.join(' '),
      `further than ${LENGTH_MAX_M} m`,
      'write lengths in metres',
    );
  }
  return { positionM: xyz, quaternionXyzw: quaternionFromRpy(rpy[0], rpy[1], rpy[2]) };
}

function parseTriple(text: string | undefined, path: string, absent: Vec3, faults: FaultList): Vec3 {
  if (text === undefined) return absent;
  const parts = text.trim().split(/\s+/);
  const [x, y, z] = [0, 1, 2].map((index) => plainNumber(parts[index] ?? ''));
  if (parts.length !== 3 || x === null || y === null || z === null) {
    faults.add(path, text, 'must be three finite numbers', 'write them as "x y z"');
    return absent;
  }
  return [x, y, z];
}

function parseJoint(element: XmlElement, index: number, faults: FaultList): UrdfJoint {
  const name = nameOf(element, index, faults);
  const path = `joint '${name}'`;
  const type = element.attributes.get('type') ?? '';
  let kind: UrdfJoint['kind'] = 'fixed';
  if (type === 'revolute' || type === 'continuous' || type === 'prismatic' || type === 'fixed') kind = type;
  else {
    faults.add(
      `${path} type`,
      type,
      'joint type not supported',
      'use revolute, continuous, prismatic or fixed; split a planar or floating joint into several',
    );
  }
  const end = (role: 'parent' | 'child'): string => {
    const link = childNamed(element, role)?.attributes.get('link')?.trim() ?? '';
    if (link === '') faults.add(path, null, `has no ${role} link`, `add <${role} link="..."/>`);
    return link;
  };
  const moving = kind !== 'fixed';
  return {
    name,
    kind,
    parent: end('parent'),
    child: end('child'),
    X_PJ: parseOrigin(childNamed(element, 'origin'), path, faults),
    axis: moving ? parseAxis(childNamed(element, 'axis'), path, faults) : [1, 0, 0],
    limits: kind === 'fixed' ? null : parseLimits(childNamed(element, 'limit'), kind, path, faults),
    mimics: childNamed(element, 'mimic')?.attributes.get('joint') ?? null,
  };
}

function parseAxis(axis: XmlElement | null, path: string, faults: FaultList): Vec3 {
  const text = axis?.attributes.get('xyz');
  // The format's own default, http://wiki.ros.org/urdf/XML/joint.
  const [x, y, z] = parseTriple(text, `${path} axis`, [1, 0, 0], faults);
  const length = Math.sqrt(x * x + y * y + z * z);
  if (Math.abs(length - 1) > AXIS_LENGTH_TOLERANCE) {
    faults.add(
      `${path} axis`,
      text ?? null,
      `the axis must be a unit vector (its length is ${length})`,
      'divide the axis by its length',
    );
    return [1, 0, 0];
  }
  return [x / length, y / length, z / length];
}

function parseLimits(
  limit: XmlElement | null,
  kind: 'revolute' | 'continuous' | 'prismatic',
  path: string,
  faults: FaultList,
): UrdfLimits {
  const unit = kind === 'prismatic' ? 'm' : 'rad';
  if (limit === null) {
    faults.add(
      `${path} limit`,
      null,
      'a moving joint needs limits',
      kind === 'continuous'
        ? `add <limit velocity="..."/> in ${unit}/s`
        : `add <limit lower="..." upper="..." velocity="..."/> in ${unit} and ${unit}/s`,
    );
    return { lower: 0, upper: 1, velocityMax: 1 };
  }
  const number = (attribute: string): number | null => {
    const text = limit.attributes.get(attribute);
    if (text === undefined) return null;
    const value = plainNumber(text);
    if (value === null) {
      faults.add(
        `${path} limit ${attribute}`,
        text,
        'must be a finite number',
        `write it in ${unit}${attribute === 'velocity' ? '/s' : ''}`,
      );
    }
    return value;
  };
  const lower = number('lower');
  const upper = number('upper');
  const velocity = number('velocity');
  if (kind !== 'continuous') {
    for (const [attribute, value] of [
      ['lower', lower],
      ['upper', upper],
    ] as const) {
      if (value === null && !limit.attributes.has(attribute)) {
        faults.add(`${path} limit ${attribute}`, null, 'missing', `give the joint's range in ${unit}`);
      }
    }
    if (lower !== null && upper !== null && lower >= upper) {
      faults.add(
        `${path} limit`,
        `lower ${lower}, upper ${upper}`,
        'lower must be below upper',
        'correct the range, or make the joint fixed',
      );
    }
  }
  if (velocity === null ? !limit.attributes.has('velocity') : velocity <= 0) {
    faults.add(
      `${path} limit velocity`,
      velocity === null ? null : String(velocity),
      velocity === null ? 'missing' : 'must be above 0',
      `give the joint's greatest speed in ${unit}/s`,
    );
  }
  return { lower, upper, velocityMax: velocity ?? 1 };
}
