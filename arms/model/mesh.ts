import type { Vec3 } from '../geometry/pose.ts';

/** A surface of triangles; three corners each, metres unless scaled later. */
export interface TriangleMesh {
  readonly triangles: readonly (readonly [Vec3, Vec3, Vec3])[];
}

export type MeshResult =
  | { readonly status: 'parsed'; readonly mesh: TriangleMesh }
  | { readonly status: 'refused'; readonly problem: string; readonly remedy: string };

const TRIANGLES_MAX = 1_000_000;
const STL_HEADER = 84;
const STL_TRIANGLE = 50;

/** Reads an STL file (binary or text) or an OBJ file; what it is follows from the name's ending. */
export function parseMesh(fileName: string, bytes: Uint8Array): MeshResult {
  const ending = fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase();
  if (ending !== 'stl' && ending !== 'obj') {
    return {
      status: 'refused',
      problem: `meshes of format .${ending} are not read`,
      remedy: 'convert the collision mesh to STL or OBJ (visual meshes may stay)',
    };
  }
  const triangles = ending === 'obj' ? readObj(bytes) : readStl(bytes);
  if (triangles === null || triangles.length === 0 || triangles.flat(2).some((v) => !Number.isFinite(v))) {
    return {
      status: 'refused',
      problem: 'no mesh can be read from the file',
      remedy: 'export it again as binary STL',
    };
  }
  if (triangles.length > TRIANGLES_MAX) {
    return {
      status: 'refused',
      problem: `${triangles.length} triangles are more than ${TRIANGLES_MAX}`,
      remedy: 'simplify the collision mesh',
    };
  }
  return { status: 'parsed', mesh: { triangles } };
}

function readStl(bytes: Uint8Array): TriangleMesh['triangles'] | null {
  if (bytes.length >= STL_HEADER) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = view.getUint32(STL_HEADER - 4, true);
    // A text file that begins with "solid" hardly has the very length that this number asks for.
    if (bytes.length === STL_HEADER + count * STL_TRIANGLE) {
      const point = (at: number): Vec3 => [
        view.getFloat32(at, true),
        view.getFloat32(at + 4, true),
        view.getFloat32(at + 8, true),
      ];
      return Array.from({ length: count }, (_, k) => {
        const at = STL_HEADER + k * STL_TRIANGLE + 12;
        return [point(at), point(at + 12), point(at + 24)] as const;
      });
    }
  }
  const corners = [...textOf(bytes).matchAll(/vertex\s+(\S+)\s+(\S+)\s+(\S+)/g)].map(([, x, y, z]): Vec3 => [
    Number(x),
    Number(y),
    Number(z),
  ]);
  if (corners.length % 3 !== 0) return null;
  return Array.from({ length: corners.length / 3 }, (_, k) => [
    corners[3 * k],
    corners[3 * k + 1],
    corners[3 * k + 2],
  ]);
}

function readObj(bytes: Uint8Array): TriangleMesh['triangles'] | null {
  const points: Vec3[] = [];
  const triangles: (readonly [Vec3, Vec3, Vec3])[] = [];
  for (const line of textOf(bytes).split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'v') points.push([Number(rest[0]), Number(rest[1]), Number(rest[2])]);
    if (word !== 'f') continue;
    const corners = rest.map((entry) => {
      const index = parseInt(entry, 10);
      return points[index < 0 ? points.length + index : index - 1];
    });
    if (corners.length < 3 || corners.includes(undefined as unknown as Vec3)) return null;
    for (let k = 2; k < corners.length; k += 1) triangles.push([corners[0], corners[k - 1], corners[k]]);
  }
  return triangles;
}

/** The bytes as Latin letters: numbers and keywords are all that matters. */
function textOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return parts.join('');
}
