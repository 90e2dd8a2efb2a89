import type { Pose, Vec3 } from '../geometry/pose.ts';
import type { Shape } from '../geometry/shape.ts';
import { composePoses } from '../geometry/transform.ts';
import { minus, norm, scaled } from '../geometry/vector.ts';
import type { Capsule } from './capsules.ts';
import type { FaultList } from './fault.ts';
import { capsulesRoundMesh } from './mesh-capsules.ts';
import { parseMesh } from './mesh.ts';
import type { XmlElement } from './xml.ts';
import { plainNumber } from './xml.ts';

/** Contents of mesh files, by the name under which a URDF mentions them. */
export type MeshFiles = ReadonlyMap<string, Uint8Array>;

/** A mesh of a link as capsules that enclose it, each in a frame of its own. */
export function meshCollisions(
  element: XmlElement,
  X_LS: Pose,
  meshes: MeshFiles,
  path: string,
  faults: FaultList,
): readonly { readonly shape: Shape; readonly X_LS: Pose }[] {
  const fileName = element.attributes.get('filename') ?? '';
  const bytes = meshes.get(fileName);
  if (bytes === undefined) {
    faults.add(
      path,
      fileName,
      'the mesh was not found',
      'put the file where its name says (package://NAME/... is looked for in folders above the URDF), or replace it with boxes, spheres, cylinders or capsules that enclose the mesh (visual meshes may stay)',
    );
    return [];
  }
  const scale = (element.attributes.get('scale') ?? '1 1 1').trim().split(/\s+/).map(plainNumber);
  if (scale.length !== 3 || scale.some((factor) => factor === null || factor === 0)) {
    faults.add(`${path} mesh scale`, scale.join(' '), 'must be three numbers, none of them 0', 'correct it');
    return [];
  }
  const parsed = parseMesh(fileName, bytes);
  if (parsed.status === 'refused') {
    faults.add(path, fileName, parsed.problem, parsed.remedy);
    return [];
  }
  const [sx, sy, sz] = scale as [number, number, number];
  const toScale = ([x, y, z]: Vec3): Vec3 => [x * sx, y * sy, z * sz];
  const triangles = parsed.mesh.triangles.map(([a, b, c]) => [toScale(a), toScale(b), toScale(c)] as const);
  return capsulesRoundMesh({ triangles }).map((capsule) => {
    const { shape, X_SC } = asShape(capsule);
    return { shape, X_LS: composePoses(X_LS, X_SC) };
  });
}

/** A capsule as a shape with its axis along z of its own frame. */
function asShape({ p, q, radiusM }: Capsule): { readonly shape: Shape; readonly X_SC: Pose } {
  const d = minus(q, p);
  const lengthM = norm(d);
  const positionM: Vec3 = [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2];
  if (lengthM < 1e-9) {
    return {
      shape: { type: 'sphere', radiusM: radiusM + lengthM },
      X_SC: { positionM, quaternionXyzw: [0, 0, 0, 1] },
    };
  }
  // A half turn about the axis half way between z and the capsule's.
  const [x, y, z] = scaled(d, 1 / lengthM);
  const half: Vec3 = z > -1 + 1e-12 ? [x, y, z + 1] : [1, 0, 0];
  const [u, v, w] = scaled(half, 1 / norm(half));
  return { shape: { type: 'capsule', radiusM, lengthM }, X_SC: { positionM, quaternionXyzw: [u, v, w, 0] } };
}
