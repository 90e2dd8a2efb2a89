import {
  EdgesGeometry,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  Object3D,
  PlaneGeometry,
} from 'three';
import type { Box3, BufferGeometry, Vector3 } from 'three';
import type { CellLayout } from '../../protocols/http/interface/layout.ts';
import type { Palette } from './palette.ts';
import { disposeTree } from './transforms.ts';

/** Zones are drawn a little smaller than they are, so that neighbours can be told apart. */
const INSET_M = 0.008;
/** Zones at the edge may reach far out; they are drawn this far beyond what stands in the cell. */
const MARGIN_M = 0.45;

/** The zones of the shared space as areas on the ground; those that an arm holds stand out. */
export class Zones {
  readonly root = new Object3D();
  private readonly areas = new Map<string, Mesh<PlaneGeometry, MeshBasicMaterial>>();
  private readonly free = new MeshBasicMaterial({ transparent: true, opacity: 0.06, depthWrite: false });
  private readonly held = new MeshBasicMaterial({ transparent: true, opacity: 0.42, depthWrite: false });
  private readonly line = new LineBasicMaterial({ transparent: true, opacity: 0.75 });

  constructor(layout: CellLayout, bounds: Box3, heightM: number, palette: Palette) {
    this.root.visible = false;
    for (const { id, minM, maxM } of layout.zones) {
      const x0 = Math.max(minM[0], bounds.min.x - MARGIN_M) + INSET_M;
      const x1 = Math.min(maxM[0], bounds.max.x + MARGIN_M) - INSET_M;
      const y0 = Math.max(minM[1], bounds.min.y - MARGIN_M) + INSET_M;
      const y1 = Math.min(maxM[1], bounds.max.y + MARGIN_M) - INSET_M;
      if (x1 <= x0 || y1 <= y0) continue;
      const area = new Mesh(new PlaneGeometry(x1 - x0, y1 - y0), this.free);
      area.position.set((x0 + x1) / 2, (y0 + y1) / 2, heightM);
      const edges: BufferGeometry = new EdgesGeometry(area.geometry);
      area.add(new LineSegments(edges, this.line));
      this.root.add(area);
      this.areas.set(id, area);
    }
    this.setPalette(palette);
  }

  setPalette(palette: Palette): void {
    this.free.color.copy(palette.zone);
    this.held.color.copy(palette['zone-held']);
    this.line.color.copy(palette['zone-held']);
  }

  setHeld(held: ReadonlyMap<string, string>): void {
    for (const [id, area] of this.areas) area.material = held.has(id) ? this.held : this.free;
  }

  /** The middle of a zone as it is drawn; null when all of it is far outside. */
  centreOf(id: string): Vector3 | null {
    return this.areas.get(id)?.position ?? null;
  }

  dispose(): void {
    disposeTree(this.root);
    for (const material of [this.free, this.held, this.line]) material.dispose();
  }
}
