import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collisionMeshNames } from '../arms/model/urdf.ts';
import type { MeshFiles } from '../arms/model/urdf-mesh.ts';

/** No collision mesh is larger; visual meshes are not read. */
const MESH_MAX_BYTES = 64 * 1024 * 1024;
/** How many folders above a description are looked into for the packages that it names. */
const FOLDERS_MAX = 8;

/**
 * Reads the meshes which a URDF names as collision geometry. Names are paths relative to the URDF, `file://` addresses,
 * or `package://PACKAGE/PATH`: a folder PACKAGE, or the package itself, in the folder of the URDF or one above it.
 * What is not found is left out: loading the description then says so, for all meshes at once.
 */
export function readMeshFiles(urdfFile: string, urdf: string): MeshFiles {
  const meshes = new Map<string, Uint8Array>();
  for (const name of collisionMeshNames(urdf)) {
    for (const path of placesOf(name, dirname(urdfFile))) {
      const bytes = readMesh(path);
      if (bytes === null) continue;
      meshes.set(name, bytes);
      break;
    }
  }
  return meshes;
}

function placesOf(name: string, folder: string): readonly string[] {
  if (name.startsWith('file://')) {
    try {
      return [fileURLToPath(name)];
    } catch {
      return [];
    }
  }
  const packaged = /^(?:package|model):\/\/([^/]+)\/(.+)$/.exec(name);
  if (packaged === null) return [join(folder, name)];
  const [, pack, path] = packaged;
  const folders = [folder];
  while (folders.length < FOLDERS_MAX) folders.push(dirname(folders[folders.length - 1]!));
  return [
    ...folders.map((above) => join(above, pack!, path!)),
    ...folders.map((above) => join(above, path!)),
  ];
}

function readMesh(path: string): Uint8Array | null {
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= MESH_MAX_BYTES ? readFileSync(path) : null;
  } catch {
    return null;
  }
}
