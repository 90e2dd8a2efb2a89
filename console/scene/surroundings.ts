import { Box3, BoxGeometry, CapsuleGeometry, CylinderGeometry, SphereGeometry, Vector3 } from 'three';
import type { BufferGeometry } from 'three';
import type { CellLayout, ShapeBody } from '../../protocols/http/interface/layout.ts';

/** How far the outer side of a container's wall can be from its inner side, m. */
const WALL_MAX_M = 0.05;

/** Boxes that lie wholly inside of a place's outer bounds are the walls and the floor of its container. */
export function isPartOfContainer(
  { shape, X_WO }: CellLayout['obstacles'][number],
  { places }: CellLayout,
): boolean {
  if (shape.type !== 'box') return false;
  return places.some(({ positionM, innerSizeM }) =>
    [0, 1, 2].every((axis) => {
      const half = (shape.sizeM[axis] ?? 0) / 2;
      const centre = X_WO.positionM[axis] ?? 0;
      const middle = (positionM[axis] ?? 0) + (axis === 2 ? innerSizeM[2] / 2 : 0);
      return Math.abs(centre - middle) + half <= (innerSizeM[axis] ?? 0) / 2 + WALL_MAX_M;
    }),
  );
}

/** What the first view shows: bases, what stands above them, containers. */
export function outlineOf({ arms, places }: CellLayout): Vector3[] {
  const boxes = [
    ...arms.map(
      ({
        X_WB: {
          positionM: [x, y, z],
        },
      }) => new Box3(new Vector3(x - 0.2, y - 0.2, z), new Vector3(x + 0.2, y + 0.2, z + 0.75)),
    ),
    ...places.map(
      ({ positionM: [x, y, z], innerSizeM: [length, width, height] }) =>
        new Box3(
          new Vector3(x - length / 2, y - width / 2, z),
          new Vector3(x + length / 2, y + width / 2, z + height),
        ),
    ),
  ];
  if (boxes.length === 0) boxes.push(new Box3(new Vector3(-1, -1, 0), new Vector3(1, 1, 1)));
  return boxes.flatMap(({ min, max }) =>
    [min.x, max.x].flatMap((x) =>
      [min.y, max.y].flatMap((y) => [min.z, max.z].map((z) => new Vector3(x, y, z))),
    ),
  );
}

export function geometryOf(shape: ShapeBody): BufferGeometry {
  switch (shape.type) {
    case 'box':
      return new BoxGeometry(...shape.sizeM);
    case 'sphere':
      return new SphereGeometry(shape.radiusM, 32, 20);
    case 'cylinder':
      return new CylinderGeometry(shape.radiusM, shape.radiusM, shape.lengthM, 32);
    case 'capsule':
      return new CapsuleGeometry(shape.radiusM, shape.lengthM, 8, 24);
  }
}
