import {
  BoxGeometry,
  CapsuleGeometry,
  CylinderGeometry,
  Matrix4,
  Mesh,
  MeshStandardMaterial,
  Object3D,
  Quaternion,
  Vector3,
} from 'three';
import URDFLoader from 'urdf-loader';
import type { URDFRobot } from 'urdf-loader';
import type { ArmLayout } from '../../protocols/http/interface/layout.ts';
import type { Palette } from './palette.ts';
import { alongSegment, distance, disposeTree, frameAt, matrixOf } from './transforms.ts';

/** Share of the way to the measured position that is left after this time, s: enough to hide the steps of 20 Hz. */
const SMOOTHING_S = 0.045;
/** Nearer than this, rad or m, the figure stands where the arm was measured. */
const SETTLED = 2e-5;

/** How an arm is to be shown besides where it is. */
export interface ArmLook {
  readonly abnormal: boolean;
  readonly selected: boolean;
  readonly itemSizeM: readonly [number, number, number] | null;
}

/** The joints of one arm, as nodes that turn, and everything that hangs on them. */
export class ArmFigure {
  readonly root = new Object3D();
  /** The tool tip: z points out of the tool. */
  readonly tip = new Object3D();
  private readonly joints: { set(value: number): void }[] = [];
  private readonly shown: number[];
  private readonly wanted: number[];
  private readonly light = new MeshStandardMaterial({ roughness: 0.55, metalness: 0.05 });
  private readonly middle = new MeshStandardMaterial({ roughness: 0.55, metalness: 0.05 });
  private readonly dark = new MeshStandardMaterial({ roughness: 0.6, metalness: 0.1 });
  private readonly toolMaterial = new MeshStandardMaterial({ roughness: 0.5, metalness: 0.2 });
  private readonly item: Mesh<BoxGeometry, MeshStandardMaterial>;
  private palette: Palette;
  private look: ArmLook = { abnormal: false, selected: false, itemSizeM: null };

  constructor(
    readonly layout: ArmLayout,
    urdf: string | null,
    palette: Palette,
  ) {
    this.palette = palette;
    this.root.name = `arm ${layout.id}`;
    this.shown = [...layout.park];
    this.wanted = [...layout.park];
    const robot = urdf === null ? null : this.robotOf(urdf);
    const lastJoint = robot === null ? this.buildFromCapsules() : this.buildFromRobot(robot);
    const flange = frameAt(layout.X_JF);
    lastJoint.add(flange);
    const { tool } = layout;
    for (const { p, q, radiusM } of tool.capsules) {
      const capsule = new Mesh(new CapsuleGeometry(radiusM, distance(p, q), 6, 16), this.toolMaterial);
      alongSegment(capsule, p, q);
      flange.add(capsule);
    }
    const tipFrame = frameAt(tool.X_FT);
    tipFrame.add(this.tip);
    flange.add(tipFrame);
    const cup = new Mesh(new CylinderGeometry(0.012, 0.02, 0.012, 16), this.dark);
    cup.rotation.x = Math.PI / 2;
    cup.position.z = -0.006;
    this.tip.add(cup);
    this.item = new Mesh(new BoxGeometry(1, 1, 1), new MeshStandardMaterial({ roughness: 0.9 }));
    this.item.visible = false;
    this.tip.add(this.item);
    this.root.traverse((node) => {
      node.castShadow = true;
      node.receiveShadow = true;
      node.userData['armId'] = layout.id;
    });
    this.applyPositions();
    this.paint();
  }

  /** Where the arm was last measured; it is shown there within a few frames. */
  measured(positions: readonly number[]): void {
    for (const [index, value] of positions.entries()) this.wanted[index] = value;
  }

  /** Moves the figure towards the measured position. True while it still moves. */
  advance(elapsedS: number): boolean {
    const share = 1 - Math.exp(-elapsedS / SMOOTHING_S);
    let moving = false;
    for (const [index, wanted] of this.wanted.entries()) {
      const shown = this.shown[index] ?? wanted;
      const gap = wanted - shown;
      if (gap === 0) continue;
      moving = true;
      this.shown[index] = Math.abs(gap) < SETTLED ? wanted : shown + gap * share;
    }
    if (moving) this.applyPositions();
    return moving;
  }

  setLook(look: ArmLook): void {
    this.look = look;
    const { itemSizeM } = look;
    this.item.visible = itemSizeM !== null;
    if (itemSizeM !== null) {
      this.item.scale.set(...itemSizeM);
      this.item.position.z = itemSizeM[2] / 2;
    }
    this.paint();
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
    this.paint();
  }

  tipPosition(): Vector3 {
    return this.tip.getWorldPosition(new Vector3());
  }

  dispose(): void {
    disposeTree(this.root);
  }

  private paint(): void {
    const { palette, look } = this;
    this.light.color.copy(look.selected ? palette.selected : palette['arm-light']);
    this.middle.color.copy(this.light.color).lerp(palette['arm-dark'], 0.35);
    this.dark.color.copy(palette['arm-dark']);
    this.toolMaterial.color.copy(palette.tool);
    this.item.material.color.copy(palette.goods);
    for (const material of [this.light, this.middle, this.dark, this.toolMaterial]) {
      material.emissive.copy(palette.alarm);
      material.emissiveIntensity = look.abnormal ? 0.45 : 0;
    }
  }

  private applyPositions(): void {
    for (const [index, joint] of this.joints.entries()) joint.set(this.shown[index] ?? 0);
  }

  /** The robot of a URDF, or null where it has no shapes of its own or lacks a joint: capsules are shown then. */
  private robotOf(urdf: string): URDFRobot | null {
    const loader = new URDFLoader();
    // Mesh files are on the engineer's disk, not here.
    loader.loadMeshCb = (_path, _manager, _material, done) => done(new Object3D());
    const robot = loader.parse(urdf);
    let shapes = 0;
    robot.traverse((node) => {
      if (node instanceof Mesh) shapes += 1;
    });
    const whole = this.layout.joints.every(({ name }) => robot.joints[name] !== undefined);
    if (shapes > 0 && whole) return robot;
    disposeTree(robot);
    return null;
  }

  private buildFromRobot(robot: URDFRobot): Object3D {
    const { joints, X_WB } = this.layout;
    const [first] = joints;
    // Base frame of the manipulator and root link of the URDF may differ: the first joint ties the two together.
    if (first !== undefined) {
      robot.updateMatrixWorld(true);
      const node = robot.joints[first.name];
      if (node !== undefined) {
        const X_RJ = node.matrixWorld.clone();
        const X_WR = matrixOf(X_WB)
          .multiply(matrixOf(first.X_PJ))
          .multiply(new Matrix4().copy(X_RJ).invert());
        X_WR.decompose(robot.position, robot.quaternion, new Vector3());
      }
    }
    this.dressRobot(robot);
    this.root.add(robot);
    let last: Object3D = robot;
    for (const { name } of joints) {
      const node = robot.joints[name];
      if (node === undefined) continue;
      node.ignoreLimits = true;
      this.joints.push({ set: (value) => void node.setJointValue(value) });
      last = node;
    }
    return last;
  }

  /** Greys instead of the maker's colours: colour is kept for what is not as it should be. */
  private dressRobot(robot: URDFRobot): void {
    const meshes: { mesh: Mesh; lightness: number; link: number }[] = [];
    for (const [link, each] of Object.values(robot.links).entries()) {
      for (const visual of each.children.filter((child) => 'isURDFVisual' in child)) {
        visual.traverse((node) => {
          if (!(node instanceof Mesh)) return;
          const own = node.material as MeshStandardMaterial;
          meshes.push({ mesh: node, lightness: own.color.getHSL({ h: 0, s: 0, l: 0 }).l, link });
          own.dispose();
        });
      }
    }
    const lightest = Math.max(...meshes.map(({ lightness }) => lightness));
    const uniform = meshes.every(({ lightness }) => lightest - lightness < 0.05);
    for (const { mesh, lightness, link } of meshes) {
      // A robot of one colour is easier to read when its links can be told apart.
      const dark = uniform ? link % 2 === 0 : lightness < lightest * 0.45;
      const middle = !dark && !uniform && lightness < lightest * 0.8;
      mesh.material = dark ? this.dark : middle ? this.middle : this.light;
    }
  }

  private buildFromCapsules(): Object3D {
    const { joints, X_WB, linkCapsules } = this.layout;
    const base = frameAt(X_WB);
    this.root.add(base);
    const nodes: Object3D[] = [];
    let parent = base;
    for (const joint of joints) {
      const fixed = frameAt(joint.X_PJ);
      const moving = new Object3D();
      fixed.add(moving);
      parent.add(fixed);
      const axis = new Vector3(...joint.axis);
      const turn = new Quaternion();
      this.joints.push({
        set: (value) => {
          if (joint.kind === 'prismatic') moving.position.copy(axis).multiplyScalar(value);
          else moving.quaternion.copy(turn.setFromAxisAngle(axis, value));
        },
      });
      nodes.push(moving);
      parent = moving;
    }
    for (const { joint, p, q, radiusM } of linkCapsules) {
      const capsule = new Mesh(
        new CapsuleGeometry(radiusM, distance(p, q), 8, 20),
        joint % 2 === 0 ? this.light : this.dark,
      );
      alongSegment(capsule, p, q);
      (nodes[joint] ?? base).add(capsule);
    }
    return parent;
  }
}
