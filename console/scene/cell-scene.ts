import {
  Box3,
  DirectionalLight,
  GridHelper,
  HemisphereLight,
  Mesh,
  MeshStandardMaterial,
  PCFShadowMap,
  PlaneGeometry,
  Raycaster,
  Scene,
  ShadowMaterial,
  Vector2,
  Vector3,
  WebGLRenderer,
} from 'three';
import type { ArmsEvent } from '../../protocols/http/interface/live.ts';
import type { CellLayout } from '../../protocols/http/interface/layout.ts';
import type { CellStatus } from '../../protocols/http/interface/status.ts';
import { ArmFigure } from './arm-figure.ts';
import { Goods } from './goods.ts';
import { qualityHere } from './graphics.ts';
import { Labels } from './labels.ts';
import { readPalette } from './palette.ts';
import { geometryOf, isPartOfContainer, outlineOf } from './surroundings.ts';
import { disposeTree, frameAt } from './transforms.ts';
import { Viewpoint } from './viewpoint.ts';
import { Zones } from './zones.ts';

/** A frame that takes longer than this, several times in a row, costs the picture its shadows. */
const SLOW_FRAME_MS = 45;
const SLOW_FRAMES_MAX = 12;

/**
 * The cell in 3D. It is drawn when something changes and not otherwise. Needs WebGL 2; the constructor throws where
 * there is none, and the page goes on without a picture.
 */
export class CellScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly arms = new Map<string, ArmFigure>();
  private readonly goods: Goods;
  private readonly zones: Zones;
  private readonly labels: Labels;
  private readonly viewpoint: Viewpoint;
  private readonly fixtures: MeshStandardMaterial[] = [];
  private readonly floor: Mesh<PlaneGeometry, MeshStandardMaterial>;
  private readonly shade: Mesh<PlaneGeometry, ShadowMaterial>;
  private readonly grid: GridHelper;
  private readonly sun = new DirectionalLight(0xffffff, 2.1);
  private readonly resizing: ResizeObserver;
  /** Height at which labels and zones stand: that of the lowest base or place, m. */
  private readonly footZ: number;
  private palette = readPalette();
  private request = 0;
  private lastFrameMs = 0;
  private dirty = true;
  private slowFrames = 0;
  private frames = 0;
  private selected: string | null = null;
  private names = false;
  private status: CellStatus | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    labelHost: HTMLElement,
    private readonly layout: CellLayout,
    urdfs: ReadonlyMap<string, string>,
    private readonly onPick: (armId: string | null) => void,
  ) {
    const full = qualityHere() === 'full';
    this.renderer = new WebGLRenderer({ canvas, antialias: full, powerPreference: 'high-performance' });
    this.renderer.shadowMap.enabled = full;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.setPixelRatio(full ? Math.min(2, devicePixelRatio) : 1);

    const outline = outlineOf(layout);
    const bounds = new Box3().setFromPoints(outline);
    const size = bounds.getSize(new Vector3());
    const centre = bounds.getCenter(new Vector3());
    const reach = Math.max(size.x, size.y, 1);

    for (const arm of layout.arms) {
      const figure = new ArmFigure(arm, urdfs.get(arm.manipulator) ?? null, this.palette);
      this.arms.set(arm.id, figure);
      this.scene.add(figure.root);
    }
    this.goods = new Goods(layout, this.palette);
    this.footZ = bounds.min.z;
    this.zones = new Zones(layout, bounds, this.footZ, this.palette);
    this.scene.add(this.goods.root, this.zones.root);
    let floorZ = bounds.min.z;
    for (const obstacle of layout.obstacles) {
      // Walls of containers come and go with the containers, which are drawn as such.
      if (isPartOfContainer(obstacle, layout)) continue;
      const { shape, X_WO } = obstacle;
      const material = new MeshStandardMaterial({ roughness: 0.85 });
      const mesh = new Mesh(geometryOf(shape), material);
      // Cylinders and capsules of three.js stand along y; ours stand along z.
      if (shape.type === 'cylinder' || shape.type === 'capsule') mesh.rotation.x = Math.PI / 2;
      mesh.castShadow = true;
      mesh.receiveShadow = true;
      this.fixtures.push(material);
      const frame = frameAt(X_WO);
      frame.add(mesh);
      this.scene.add(frame);
      floorZ = Math.min(floorZ, new Box3().setFromObject(frame).min.z);
    }
    floorZ -= 0.002;
    this.floor = new Mesh(
      new PlaneGeometry(reach * 40, reach * 40),
      new MeshStandardMaterial({ roughness: 1 }),
    );
    this.floor.position.set(centre.x, centre.y, floorZ - 0.002);
    this.shade = new Mesh(new PlaneGeometry(reach * 6, reach * 6), new ShadowMaterial({ opacity: 0.22 }));
    this.shade.receiveShadow = true;
    this.shade.position.set(centre.x, centre.y, floorZ);
    this.grid = new GridHelper(Math.ceil(reach * 3), Math.ceil(reach * 3) * 2);
    this.grid.rotation.x = Math.PI / 2;
    this.grid.position.set(centre.x, centre.y, floorZ - 0.001);
    this.scene.add(this.floor, this.shade, this.grid, new HemisphereLight(0xffffff, 0x8a8f94, 1.9));

    this.sun.position.copy(centre).add(new Vector3(-reach * 0.6, -reach * 0.5, reach * 1.6));
    this.sun.target.position.copy(centre);
    this.sun.castShadow = full;
    this.sun.shadow.mapSize.set(2048, 2048);
    this.sun.shadow.normalBias = 0.02;
    const half = reach * 0.85;
    Object.assign(this.sun.shadow.camera, {
      left: -half,
      right: half,
      top: half,
      bottom: -half,
      near: 0.1,
      far: reach * 5,
    });
    this.scene.add(this.sun, this.sun.target);

    this.labels = new Labels(labelHost);
    this.viewpoint = new Viewpoint(canvas, outline, () => this.invalidate());
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(canvas);
    canvas.addEventListener('pointerdown', this.onPointerDown);
    canvas.addEventListener('pointerup', this.onPointerUp);
    this.resize();
    this.viewpoint.look('corner');
    this.repaint();
  }

  measured(event: ArmsEvent): void {
    for (const { id, positions } of event.arms) this.arms.get(id)?.measured(positions);
    this.wake();
  }

  setStatus(status: CellStatus): void {
    this.status = status;
    if (this.goods.update(status)) this.dirty = true;
    this.dress();
  }

  select(armId: string | null): void {
    this.selected = armId;
    this.dress();
  }

  show(options: { readonly zones: boolean; readonly names: boolean }): void {
    this.zones.root.visible = options.zones;
    this.names = options.names;
    this.dress();
    this.invalidate();
  }

  look(from: 'corner' | 'above'): void {
    this.viewpoint.look(from);
  }

  /** Reads the colours of the page anew, after its theme has changed. */
  repaint(): void {
    const palette = readPalette();
    this.palette = palette;
    this.scene.background = palette.background;
    this.floor.material.color.copy(palette.floor);
    this.grid.material.color.copy(palette.grid);
    this.grid.material.vertexColors = false;
    this.grid.material.needsUpdate = true;
    for (const material of this.fixtures) material.color.copy(palette.fixture);
    for (const arm of this.arms.values()) arm.setPalette(palette);
    this.goods.setPalette(palette);
    this.zones.setPalette(palette);
    this.invalidate();
  }

  /** What a test reads back: where each tool tip is shown, and how often the picture was drawn. */
  inspect(): { readonly frames: number; readonly tips: Readonly<Record<string, readonly number[]>> } {
    const tips = [...this.arms].map(([id, arm]) => [id, arm.tipPosition().toArray()] as const);
    return { frames: this.frames, tips: Object.fromEntries(tips) };
  }

  dispose(): void {
    cancelAnimationFrame(this.request);
    this.resizing.disconnect();
    this.canvas.removeEventListener('pointerdown', this.onPointerDown);
    this.canvas.removeEventListener('pointerup', this.onPointerUp);
    this.viewpoint.dispose();
    this.labels.dispose();
    for (const arm of this.arms.values()) arm.dispose();
    this.goods.dispose();
    this.zones.dispose();
    disposeTree(this.scene);
    this.sun.shadow.dispose();
    this.renderer.dispose();
  }

  /** Looks and labels, from the status. */
  private dress(): void {
    const held = new Map<string, string>();
    for (const [id, figure] of this.arms) {
      const view = this.status?.arms.find((arm) => arm.id === id);
      const abnormal = view?.mode === 'faulted' || view?.mode === 'offline';
      figure.setLook({ abnormal, selected: id === this.selected, itemSizeM: view?.itemSizeM ?? null });
      for (const zone of view?.zones ?? []) held.set(zone, id);
      const [x, y] = figure.layout.X_WB.positionM;
      this.labels.set(`arm ${id}`, {
        text: abnormal ? `${id}: ${view?.mode === 'offline' ? 'not connected' : 'fault'}` : id,
        kind: abnormal ? 'arm-alarm' : 'arm',
        at: new Vector3(x, y, this.footZ),
        visible: true,
      });
    }
    this.zones.setHeld(held);
    for (const { id } of this.layout.zones) {
      const by = held.get(id);
      const at = this.zones.centreOf(id);
      if (at === null) continue;
      this.labels.set(`zone ${id}`, {
        text: by === undefined ? id : `${id}: ${by}`,
        kind: 'zone',
        at,
        visible: this.zones.root.visible && by !== undefined,
      });
    }
    for (const { id, positionM, innerSizeM } of this.layout.places) {
      const view = this.status?.places.find((place) => place.id === id);
      const content = view?.exchanging === true ? 'exchange' : `${view?.units ?? 0}`;
      this.labels.set(`place ${id}`, {
        text: `${id} · ${content}`,
        kind: 'place',
        at: new Vector3(positionM[0], positionM[1], positionM[2] + innerSizeM[2]),
        visible: this.names,
      });
    }
    this.invalidate();
  }

  private invalidate(): void {
    this.dirty = true;
    this.wake();
  }

  private wake(): void {
    if (this.request !== 0) return;
    this.lastFrameMs = performance.now();
    this.request = requestAnimationFrame(this.frame);
  }

  private readonly frame = (nowMs: number): void => {
    this.request = 0;
    const elapsedS = Math.min(0.25, Math.max(0.001, (nowMs - this.lastFrameMs) / 1_000));
    this.lastFrameMs = nowMs;
    let moving = false;
    for (const arm of this.arms.values()) moving = arm.advance(elapsedS) || moving;
    if (moving || this.dirty) {
      this.dirty = false;
      this.renderer.render(this.scene, this.viewpoint.camera);
      this.labels.place(this.viewpoint.camera, this.canvas.clientWidth, this.canvas.clientHeight);
      this.frames += 1;
    }
    if (!moving) return;
    this.slowFrames = elapsedS * 1_000 > SLOW_FRAME_MS ? this.slowFrames + 1 : 0;
    if (this.slowFrames > SLOW_FRAMES_MAX && this.renderer.shadowMap.enabled) {
      this.renderer.shadowMap.enabled = false;
      this.sun.castShadow = false;
      this.renderer.setPixelRatio(1);
    }
    this.request = requestAnimationFrame(this.frame);
  };

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0) return;
    this.renderer.setSize(width, height, false);
    this.viewpoint.resize(width, height);
  }

  private pressedAt: readonly [number, number] | null = null;

  private readonly onPointerDown = (event: PointerEvent): void => {
    this.pressedAt = [event.clientX, event.clientY];
  };

  private readonly onPointerUp = (event: PointerEvent): void => {
    const from = this.pressedAt;
    this.pressedAt = null;
    // A drag turns the picture; only a press on the spot selects.
    if (from === null || Math.hypot(event.clientX - from[0], event.clientY - from[1]) > 5) return;
    const box = this.canvas.getBoundingClientRect();
    const at = new Vector2(
      ((event.clientX - box.left) / box.width) * 2 - 1,
      1 - ((event.clientY - box.top) / box.height) * 2,
    );
    const ray = new Raycaster();
    ray.setFromCamera(at, this.viewpoint.camera);
    const [hit] = ray.intersectObjects([...this.arms.values()].map((arm) => arm.root));
    const armId: unknown = hit?.object.userData['armId'];
    this.onPick(typeof armId === 'string' ? armId : null);
  };
}
