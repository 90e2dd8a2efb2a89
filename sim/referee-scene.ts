import type { Pose } from '../arms/geometry/pose.ts';
import type { Shape } from '../arms/geometry/shape.ts';
import { parseUrdf } from '../arms/model/urdf.ts';
import type { UrdfModel } from '../arms/model/urdf.ts';
import type { ArmModel, CellModel } from '../controller/domain/cell.ts';

/** Distance up to which the referee measures how near arms come to one another, m. */
export const NEAR_M = 0.06;

/** More arms than there are bits to tell them apart in a collision mask. */
const ARMS_MAX = 28;

/**
 * The cell as MuJoCo's own format (MJCF): fixtures, and every arm with the shapes of its URDF. Nothing of our
 * collision geometry goes into it. Arms touch fixtures and each other, not themselves; what an arm carries is a box
 * under its tool tip whose size is set while it runs.
 * @throws when the cell has more arms than the masks can tell apart, or a URDF that was accepted before is not.
 */
export function refereeScene(cell: CellModel, urdfOf: ReadonlyMap<string, string>): string {
  if (cell.arms.length > ARMS_MAX) throw new Error(`the referee judges at most ${ARMS_MAX} arms`);
  const fixtures = cell.obstacles.map((obstacle) =>
    geom(
      `fixture/${obstacle.id}`,
      obstacle.shape,
      obstacle.X_WO,
      `contype="1" conaffinity="${allArms(cell)}"`,
    ),
  );
  const arms = cell.arms.map((arm, index) => armBody(arm, modelOf(arm, urdfOf), maskOf(cell, index)));
  return `<mujoco model="${escape(cell.name)}">
  <compiler angle="radian" autolimits="true" inertiafromgeom="false" balanceinertia="true" boundmass="0.01" boundinertia="0.0001"/>
  <option gravity="0 0 0"/>
  <worldbody>
${[...fixtures, ...arms].join('\n')}
  </worldbody>
</mujoco>`;
}

function modelOf(arm: ArmModel, urdfOf: ReadonlyMap<string, string>): UrdfModel {
  const text = urdfOf.get(arm.id);
  const parsed = text === undefined ? null : parseUrdf(text);
  if (parsed === null || parsed.status === 'refused') throw new Error(`arm ${arm.id} has no readable URDF`);
  return parsed.model;
}

/** Bit 0: fixtures; bit k + 1: arm k. */
function allArms(cell: CellModel): number {
  return cell.arms.reduce((mask, _, index) => mask | (1 << (index + 1)), 0);
}

function maskOf(cell: CellModel, index: number): string {
  const own = 1 << (index + 1);
  return `contype="${own}" conaffinity="${(allArms(cell) & ~own) | 1}"`;
}

function armBody(arm: ArmModel, model: UrdfModel, mask: string): string {
  const { manipulator } = arm;
  const lastJoint = manipulator.joints[manipulator.joints.length - 1]!.name;
  const moving = new Set(manipulator.joints.map((joint) => joint.name));
  const link = (name: string, X: Pose, joint: string, depth: number): string => {
    const pad = '  '.repeat(depth);
    const own = model.links.find((each) => each.name === name);
    const geoms = (own?.collisions ?? []).map(
      (collision, index) =>
        `${pad}  ${geom(`${arm.id}/${name}#${index}`, collision.shape, collision.X_LS, `${mask} margin="${NEAR_M / 2}"`)}`,
    );
    const children = model.joints
      .filter((each) => each.parent === name)
      .map((each) => {
        const axis = each.axis.join(' ');
        const type = each.kind === 'prismatic' ? 'slide' : 'hinge';
        const inner = moving.has(each.name)
          ? `<joint name="${escape(`${arm.id}/${each.name}`)}" type="${type}" axis="${axis}"/>`
          : '';
        const child = link(each.child, each.X_PJ, inner, depth + 1);
        return each.name === lastJoint
          ? child.replace(/<\/body>$/, `${tool(arm, mask, pad)}${pad}  </body>`)
          : child;
      });
    return [
      `${pad}<body name="${escape(`${arm.id}/${name}`)}" ${poseOf(X)}>${joint}`,
      `${pad}  ${INERTIA}`,
      ...geoms,
      ...children,
      `${pad}</body>`,
    ].join('\n');
  };
  return link(model.rootLink, arm.X_WB, '', 2);
}

const INERTIA = '<inertial pos="0 0 0" mass="1" diaginertia="0.01 0.01 0.01"/>';

/** Half of the longest side that a carried item may have: what MuJoCo's bounding volumes are made for, m. */
const ITEM_HALF_MAX_M = 0.2;

/** The tool on the flange, and the box that stands for what it carries. */
function tool(arm: ArmModel, mask: string, pad: string): string {
  const { X_JF, tool: description } = arm.manipulator;
  const capsules = description.capsules.map(
    ({ p, q, radiusM }, index) =>
      `${pad}    <geom name="${escape(`${arm.id}/tool#${index}`)}" type="${p.every((v, k) => v === q[k]) ? `sphere" pos="${p.join(' ')}` : `capsule" fromto="${p.join(' ')} ${q.join(' ')}`}" size="${radiusM}" ${mask} margin="${NEAR_M / 2}"/>`,
  );
  return [
    `${pad}  <body name="${escape(`${arm.id}/flange`)}" ${poseOf(X_JF)}>`,
    `${pad}    ${INERTIA}`,
    ...capsules,
    `${pad}    <body name="${escape(`${arm.id}/tip`)}" ${poseOf(description.X_FT)}>`,
    `${pad}      ${INERTIA}`,
    `${pad}      <geom name="${escape(`${arm.id}/item`)}" type="box" size="${ITEM_HALF_MAX_M} ${ITEM_HALF_MAX_M} ${ITEM_HALF_MAX_M}" pos="0 0 ${ITEM_HALF_MAX_M}" contype="0" conaffinity="0" margin="${NEAR_M / 2}"/>`,
    `${pad}    </body>`,
    `${pad}  </body>`,
    '',
  ].join('\n');
}

function geom(name: string, shape: Shape, X: Pose, rest: string): string {
  return `<geom name="${escape(name)}" ${sizeOf(shape)} ${poseOf(X)} ${rest}/>`;
}

function sizeOf(shape: Shape): string {
  switch (shape.type) {
    case 'box':
      return `type="box" size="${shape.sizeM.map((side) => side / 2).join(' ')}"`;
    case 'sphere':
      return `type="sphere" size="${shape.radiusM}"`;
    case 'cylinder':
    case 'capsule':
      return `type="${shape.type}" size="${shape.radiusM} ${shape.lengthM / 2}"`;
  }
}

function poseOf(X: Pose): string {
  const [x, y, z, w] = X.quaternionXyzw;
  return `pos="${X.positionM.join(' ')}" quat="${w} ${x} ${y} ${z}"`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
