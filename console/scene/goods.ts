import {
  BoxGeometry,
  BufferGeometry,
  Float32BufferAttribute,
  InstancedMesh,
  LineBasicMaterial,
  LineSegments,
  Matrix4,
  MeshStandardMaterial,
  Object3D,
} from 'three';
import type { CellLayout, PlaceLayout } from '../../protocols/http/interface/layout.ts';
import type { CellStatus } from '../../protocols/http/interface/status.ts';
import type { Palette } from './palette.ts';
import { disposeTree } from './transforms.ts';

const WALL_M = 0.01;
/** Share of a grid cell that a stack fills, so that stacks can be told apart. */
const FILL = 0.86;
const HIDDEN = new Matrix4().makeScale(0, 0, 0);

/**
 * Totes and bins with the stacks in them: one instanced mesh for all walls, one for all stacks. A place without a
 * container shows its outline only.
 */
export class Goods {
  readonly root = new Object3D();
  private readonly places: readonly PlaceLayout[];
  private readonly walls: InstancedMesh<BoxGeometry, MeshStandardMaterial>;
  private readonly stacks: InstancedMesh<BoxGeometry, MeshStandardMaterial>;
  private readonly outlines: LineSegments<BufferGeometry, LineBasicMaterial>;
  private readonly rims: LineSegments<BufferGeometry, LineBasicMaterial>;
  private readonly firstStack: number[] = [];
  private shown = '';

  constructor(layout: CellLayout, palette: Palette) {
    this.places = layout.places;
    let cells = 0;
    for (const { grid } of layout.places) {
      this.firstStack.push(cells);
      cells += grid[0] * grid[1];
    }
    const box = new BoxGeometry(1, 1, 1);
    this.walls = new InstancedMesh(
      box,
      new MeshStandardMaterial({ transparent: true, opacity: 0.34, roughness: 0.8, depthWrite: false }),
      layout.places.length * 5,
    );
    this.stacks = new InstancedMesh(box.clone(), new MeshStandardMaterial({ roughness: 0.92 }), cells);
    this.stacks.castShadow = true;
    this.stacks.receiveShadow = true;
    // Instances move; the bounds of the first look would hide them.
    this.walls.frustumCulled = false;
    this.stacks.frustumCulled = false;
    this.outlines = new LineSegments(
      new BufferGeometry().setAttribute(
        'position',
        new Float32BufferAttribute(
          layout.places.flatMap((place) => rectangle(place, 0.002)),
          3,
        ),
      ),
      new LineBasicMaterial(),
    );
    this.rims = new LineSegments(new BufferGeometry(), new LineBasicMaterial());
    this.rims.frustumCulled = false;
    this.root.add(this.outlines, this.stacks, this.rims, this.walls);
    for (let index = 0; index < this.walls.count; index += 1) this.walls.setMatrixAt(index, HIDDEN);
    for (let index = 0; index < this.stacks.count; index += 1) this.stacks.setMatrixAt(index, HIDDEN);
    this.setPalette(palette);
  }

  setPalette(palette: Palette): void {
    this.walls.material.color.copy(palette.tote);
    this.stacks.material.color.copy(palette.goods);
    this.outlines.material.color.copy(palette.grid);
    this.rims.material.color.copy(palette['tote-edge']);
  }

  /** True when something has changed. */
  update(status: CellStatus): boolean {
    const key = JSON.stringify(
      status.places.map(({ id, containerId, stackHeightsM }) => [id, containerId, stackHeightsM]),
    );
    if (key === this.shown) return false;
    this.shown = key;
    const views = new Map(status.places.map((view) => [view.id, view]));
    const matrix = new Matrix4();
    const rims: number[] = [];
    for (const [index, place] of this.places.entries()) {
      const view = views.get(place.id);
      const present = view !== undefined && view.containerId !== null;
      for (const [side, wall] of wallsOf(place).entries()) {
        this.walls.setMatrixAt(index * 5 + side, present ? wall : HIDDEN);
      }
      if (present) rims.push(...rectangle(place, place.innerSizeM[2]));
      const [nx, ny] = place.grid;
      const [x, y, z] = place.positionM;
      const width = place.innerSizeM[0] / nx;
      const depth = place.innerSizeM[1] / ny;
      for (let cell = 0; cell < nx * ny; cell += 1) {
        const height = present ? (view.stackHeightsM[cell] ?? 0) : 0;
        const slot = (this.firstStack[index] ?? 0) + cell;
        if (height <= 0) {
          this.stacks.setMatrixAt(slot, HIDDEN);
          continue;
        }
        matrix.makeScale(width * FILL, depth * FILL, height);
        matrix.setPosition(
          x + ((cell % nx) + 0.5 - nx / 2) * width,
          y + (Math.floor(cell / nx) + 0.5 - ny / 2) * depth,
          z + height / 2,
        );
        this.stacks.setMatrixAt(slot, matrix);
      }
    }
    this.walls.instanceMatrix.needsUpdate = true;
    this.stacks.instanceMatrix.needsUpdate = true;
    this.rims.geometry.dispose();
    this.rims.geometry = new BufferGeometry().setAttribute('position', new Float32BufferAttribute(rims, 3));
    return true;
  }

  dispose(): void {
    this.walls.dispose();
    this.stacks.dispose();
    disposeTree(this.root);
  }
}

/** The floor and the four walls of a container, as boxes of unit size moved and stretched. */
function wallsOf({ positionM: [x, y, z], innerSizeM: [length, width, height] }: PlaceLayout): Matrix4[] {
  const box = (sx: number, sy: number, sz: number, dx: number, dy: number, dz: number): Matrix4 =>
    new Matrix4().makeScale(sx, sy, sz).setPosition(x + dx, y + dy, z + dz);
  const outer = length + 2 * WALL_M;
  return [
    box(outer, width + 2 * WALL_M, WALL_M, 0, 0, -WALL_M / 2),
    box(outer, WALL_M, height, 0, (width + WALL_M) / 2, height / 2),
    box(outer, WALL_M, height, 0, -(width + WALL_M) / 2, height / 2),
    box(WALL_M, width, height, (length + WALL_M) / 2, 0, height / 2),
    box(WALL_M, width, height, -(length + WALL_M) / 2, 0, height / 2),
  ];
}

/** Four lines round a container's outer edge at a height above its floor. */
function rectangle(
  { positionM: [x, y, z], innerSizeM: [length, width] }: PlaceLayout,
  heightM: number,
): number[] {
  const a = length / 2 + WALL_M;
  const b = width / 2 + WALL_M;
  const top = z + heightM;
  const corners = [
    [x - a, y - b, top],
    [x + a, y - b, top],
    [x + a, y + b, top],
    [x - a, y + b, top],
  ] as const;
  return corners.flatMap((corner, index) => [...corner, ...(corners[(index + 1) % 4] ?? corner)]);
}
