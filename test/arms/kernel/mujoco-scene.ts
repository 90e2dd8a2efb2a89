import type { Pose } from '../../../arms/geometry/pose.ts';
import type { Obstacle, Shape } from '../../../arms/geometry/shape.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import type { UrdfModel } from '../../../arms/model/urdf.ts';

/**
 * One arm among obstacles in MuJoCo's format (MJCF), from the shapes of its URDF: nothing of the kernel's geometry goes
 * into it. `tool`: the tool's capsules, which no URDF describes. Geoms are named `arm/LINK#n`, `tool#n`, `thing/ID`.
 */
export function mujocoScene(
  manipulator: Manipulator,
  model: UrdfModel,
  obstacles: readonly Obstacle[],
): string {
  const last = manipulator.joints[manipulator.joints.length - 1].name;
  const moving = new Set(manipulator.joints.map((joint) => joint.name));
  const link = (name: string, X: Pose, joint: string): string => {
    const own = model.links.find((each) => each.name === name);
    const geoms = (own?.collisions ?? []).map(({ shape, X_LS }, k) => geom(`arm/${name}#${k}`, shape, X_LS));
    const children = model.joints
      .filter((each) => each.parent === name)
      .map((each) => {
        const type = each.kind === 'prismatic' ? 'slide' : 'hinge';
        const inner = moving.has(each.name)
          ? `<joint name="${each.name}" type="${type}" axis="${each.axis.join(' ')}"/>`
          : '';
        const child = link(each.child, each.X_PJ, inner);
        return each.name === last ? child.replace(/<\/body>$/, `${tool(manipulator)}</body>`) : child;
      });
    return `<body name="${name}" ${poseOf(X)}>${joint}${INERTIA}${geoms.join('')}${children.join('')}</body>`;
  };
  const things = obstacles.map(({ id, shape, X_WO }) => geom(`thing/${id}`, shape, X_WO));
  return `<mujoco>
  <compiler angle="radian" inertiafromgeom="false" boundmass="0.01" boundinertia="0.0001"/>
  <worldbody>${things.join('')}${link(model.rootLink, { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] }, '')}</worldbody>
</mujoco>`;
}

const INERTIA = '<inertial pos="0 0 0" mass="1" diaginertia="0.01 0.01 0.01"/>';

function tool({ X_JF, tool: { capsules } }: Manipulator): string {
  const geoms = capsules.map(({ p, q, radiusM }, k) => {
    const isBall = p.every((v, axis) => v === q[axis]);
    const form = isBall
      ? `type="sphere" pos="${p.join(' ')}"`
      : `type="capsule" fromto="${p.join(' ')} ${q.join(' ')}"`;
    return `<geom name="tool#${k}" ${form} size="${radiusM}"/>`;
  });
  return `<body name="tool of the scene" ${poseOf(X_JF)}>${INERTIA}${geoms.join('')}</body>`;
}

function geom(name: string, shape: Shape, X: Pose): string {
  return `<geom name="${name}" ${sizeOf(shape)} ${poseOf(X)}/>`;
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
