import { Matrix4, Object3D, Quaternion, Vector3 } from 'three';
import type { BufferGeometry, Material } from 'three';
import type { PoseBody } from '../../protocols/http/interface/layout.ts';

type Vec = readonly [number, number, number];

export function matrixOf({ positionM, quaternionXyzw }: PoseBody): Matrix4 {
  return new Matrix4().compose(
    new Vector3(...positionM),
    new Quaternion(...quaternionXyzw),
    new Vector3(1, 1, 1),
  );
}

/** A node that stands at a pose in the frame of its parent. */
export function frameAt(pose: PoseBody): Object3D {
  const node = new Object3D();
  node.position.set(...pose.positionM);
  node.quaternion.set(...pose.quaternionXyzw);
  return node;
}

/** Turns a geometry whose axis is y, as three.js makes capsules and cylinders, so that it leads from p to q. */
export function alongSegment(node: Object3D, p: Vec, q: Vec): void {
  const from = new Vector3(...p);
  const to = new Vector3(...q);
  node.position.copy(from).add(to).multiplyScalar(0.5);
  const direction = to.sub(from);
  if (direction.lengthSq() > 1e-12) {
    node.quaternion.setFromUnitVectors(new Vector3(0, 1, 0), direction.normalize());
  }
}

export function distance(p: Vec, q: Vec): number {
  return Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]);
}

/** Gives back the memory of the graphics card that a part of the scene holds. */
export function disposeTree(root: Object3D): void {
  root.traverse((node) => {
    const { geometry, material } = node as { geometry?: BufferGeometry; material?: Material | Material[] };
    geometry?.dispose();
    for (const each of [material ?? []].flat()) each.dispose();
  });
  root.removeFromParent();
}
