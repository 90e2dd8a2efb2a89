import loadMujoco from '@mujoco/mujoco';
import type { MainModule, MjData, MjModel } from '@mujoco/mujoco';
import type { CellModel } from '../controller/domain/cell.ts';
import type { Verdict, WorldObserver } from './observer.ts';
import { NEAR_M, refereeScene } from './referee-scene.ts';
import type { SimWorld } from './world.ts';

/** Deeper than this is a contact, m: what stands on a floor touches it. */
const CONTACT_DEPTH_M = 0.0005;

const DETAILS_MAX = 20;

/** How often distances are measured while no two arms have been near, us, and up to which distance, m. */
const FAR_LOOK_EVERY_US = 200_000;
const FAR_M = 2;

/**
 * Judges a run from ground truth alone: where the arms really are and what hangs in their tools, in MuJoCo's geometry
 * with the shapes of the URDFs. Kinematics and collision only, no dynamics. Between two looks no point of an arm moves
 * further than half the clearance the arms have to keep.
 *
 * What lies in containers is not part of it, nor is an arm's contact with itself.
 */
export async function createReferee(
  cell: CellModel,
  urdfOf: ReadonlyMap<string, string>,
): Promise<WorldObserver> {
  const mujoco = await loadMujoco();
  return new Referee(mujoco, cell, refereeScene(cell, urdfOf));
}

interface WatchedArm {
  readonly id: string;
  readonly address: number;
  readonly joints: number;
  /** Farthest that a point of the arm or what it carries can be from each joint's axis, m. */
  readonly reachM: readonly number[];
  readonly itemGeom: number;
  readonly tipBody: number;
  readonly contype: number;
  readonly conaffinity: number;
  readonly seen: Float64Array;
  heldM: readonly [number, number, number] | null;
}

class Referee implements WorldObserver {
  readonly #mujoco: MainModule;
  readonly #model: MjModel;
  readonly #data: MjData;
  readonly #arms: readonly WatchedArm[];
  readonly #stepMaxM: number;
  /** Arm index of each geom; -1: a fixture. */
  readonly #armOfGeom: readonly number[];
  readonly #names: readonly string[];
  /** Pairs of shapes of different arms. */
  readonly #armPairs: readonly (readonly [number, number])[];
  #touching = new Set<number>();
  #contacts = 0;
  #clearanceM = Infinity;
  #nextFarLookUs = 0;
  readonly #details: string[] = [];
  readonly #first: Float64Array;

  constructor(mujoco: MainModule, cell: CellModel, scene: string) {
    this.#mujoco = mujoco;
    this.#model = mujoco.MjModel.from_xml_string(scene);
    this.#data = new mujoco.MjData(this.#model);
    this.#stepMaxM = cell.clearanceM / 2;
    const GEOM = mujoco.mjtObj.mjOBJ_GEOM.value;
    const names: string[] = [];
    for (let geom = 0; geom < this.#model.ngeom; geom += 1) {
      names.push(mujoco.mj_id2name(this.#model, GEOM, geom) ?? `geom ${geom}`);
    }
    this.#names = names;
    this.#armOfGeom = names.map((name) => cell.arms.findIndex((arm) => name.startsWith(`${arm.id}/`)));
    this.#armPairs = names.flatMap((_, a) =>
      names.flatMap((__, b) =>
        b > a &&
        this.#armOfGeom[a]! >= 0 &&
        this.#armOfGeom[b]! >= 0 &&
        this.#armOfGeom[a] !== this.#armOfGeom[b]
          ? [[a, b] as const]
          : [],
      ),
    );
    let address = 0;
    this.#arms = cell.arms.map((arm, index) => {
      const joints = arm.manipulator.joints.length;
      const own = 1 << (index + 1);
      const all = cell.arms.reduce((mask, _, k) => mask | (1 << (k + 1)), 0);
      const watched: WatchedArm = {
        id: arm.id,
        address,
        joints,
        reachM: reachesM(arm.manipulator),
        itemGeom: names.indexOf(`${arm.id}/item`),
        tipBody: mujoco.mj_name2id(this.#model, mujoco.mjtObj.mjOBJ_BODY.value, `${arm.id}/tip`),
        contype: own,
        conaffinity: (all & ~own) | 1,
        seen: new Float64Array(joints).fill(NaN),
        heldM: null,
      };
      address += joints;
      return watched;
    });
    if (address !== this.#model.nq)
      throw new Error(`the referee's scene has ${this.#model.nq} joints, not ${address}`);
    this.#first = new Float64Array(address);
  }

  observe(world: SimWorld, nowUs: number): void {
    const looks = this.#looksNeeded(world);
    if (looks === 0 && !this.#itemsChanged(world)) return;
    this.#first.set(this.#arms.flatMap((arm) => [...arm.seen]));
    for (let look = 1; look <= Math.max(1, looks); look += 1) {
      const share = look / Math.max(1, looks);
      const qpos = this.#data.qpos as Float64Array;
      for (const arm of this.#arms) {
        const measured = world.measured(arm.id).positions;
        for (let joint = 0; joint < arm.joints; joint += 1) {
          const from = this.#first[arm.address + joint]!;
          const to = measured[joint]!;
          qpos[arm.address + joint] = Number.isNaN(from) ? to : from + (to - from) * share;
        }
      }
      this.#mujoco.mj_kinematics(this.#model, this.#data);
      if (look === 1) this.#noteItems(world);
      this.#look(nowUs);
    }
    for (const arm of this.#arms) arm.seen.set(world.measured(arm.id).positions.subarray(0, arm.joints));
    this.#farLook(nowUs);
  }

  verdict(): Verdict {
    return {
      contacts: this.#contacts,
      clearanceMinM: Number.isFinite(this.#clearanceM) ? this.#clearanceM : null,
      details: this.#details,
    };
  }

  /** So many that no point moves too far between two of them; 0: nothing moved. */
  #looksNeeded(world: SimWorld): number {
    let farthestM = 0;
    for (const arm of this.#arms) {
      const { positions } = world.measured(arm.id);
      let travelM = 0;
      for (let joint = 0; joint < arm.joints; joint += 1) {
        const step = Math.abs(positions[joint]! - arm.seen[joint]!);
        travelM += Number.isNaN(step) ? this.#stepMaxM : step * arm.reachM[joint]!;
      }
      farthestM = Math.max(farthestM, travelM);
    }
    return Math.ceil(farthestM / this.#stepMaxM);
  }

  #itemsChanged(world: SimWorld): boolean {
    return this.#arms.some((arm) => (world.heldSizeM(arm.id) === null) !== (arm.heldM === null));
  }

  /** What hangs in a tool now: a box as it lay, axis-parallel in the world when it was taken. */
  #noteItems(world: SimWorld): void {
    let changed = false;
    for (const arm of this.#arms) {
      const held = world.heldSizeM(arm.id);
      if ((held === null) === (arm.heldM === null)) continue;
      changed = true;
      arm.heldM = held;
      const model = this.#model;
      const geom = arm.itemGeom;
      (model.geom_contype as Int32Array)[geom] = held === null ? 0 : arm.contype;
      (model.geom_conaffinity as Int32Array)[geom] = held === null ? 0 : arm.conaffinity;
      if (held === null) continue;
      const xmat = this.#data.xmat as Float64Array;
      const alongX = Math.abs(xmat[9 * arm.tipBody]!) >= Math.abs(xmat[9 * arm.tipBody + 3]!);
      const half = [(alongX ? held[0] : held[1]) / 2, (alongX ? held[1] : held[0]) / 2, held[2] / 2] as const;
      (model.geom_size as Float64Array).set(half, 3 * geom);
      (model.geom_pos as Float64Array).set([0, 0, half[2]], 3 * geom);
      (model.geom_aabb as Float64Array).set([0, 0, 0, ...half], 6 * geom);
      (model.geom_rbound as Float64Array)[geom] = Math.hypot(...half);
    }
    if (changed) this.#mujoco.mj_kinematics(this.#model, this.#data);
  }

  #look(nowUs: number): void {
    this.#mujoco.mj_collision(this.#model, this.#data);
    const count = this.#data.ncon;
    if (count === 0) {
      if (this.#touching.size > 0) this.#touching = new Set();
      return;
    }
    const touching = new Set<number>();
    const { contact } = this.#data;
    for (let index = 0; index < count; index += 1) {
      const each = contact.get(index);
      if (each === undefined) continue;
      const { geom1, geom2, dist } = each;
      each.delete();
      const arms = this.#armOfGeom[geom1]! >= 0 && this.#armOfGeom[geom2]! >= 0;
      if (arms) this.#clearanceM = Math.min(this.#clearanceM, dist);
      if (dist > -CONTACT_DEPTH_M) continue;
      const pair = geom1 * this.#names.length + geom2;
      if (!touching.has(pair) && !this.#touching.has(pair)) this.#note(nowUs, geom1, geom2, dist);
      touching.add(pair);
    }
    contact.delete();
    this.#touching = touching;
  }

  /** One contact: a pair that touched not at the look before. */
  #note(nowUs: number, geom1: number, geom2: number, dist: number): void {
    this.#contacts += 1;
    if (this.#details.length >= DETAILS_MAX) return;
    this.#details.push(
      `${(nowUs / 1e6).toFixed(2)} s: ${this.#names[geom1]} and ${this.#names[geom2]}, ${(-dist * 1000).toFixed(1)} mm deep`,
    );
  }

  /** Until two arms have been near each other, their distance is measured now and then. */
  #farLook(nowUs: number): void {
    if (this.#clearanceM <= NEAR_M || nowUs < this.#nextFarLookUs) return;
    this.#nextFarLookUs = nowUs + FAR_LOOK_EVERY_US;
    const points = new Float64Array(6);
    const xpos = this.#data.geom_xpos as Float64Array;
    const rbound = this.#model.geom_rbound as Float64Array;
    for (const [a, b] of this.#armPairs) {
      if (this.#isEmptyItem(a) || this.#isEmptyItem(b)) continue;
      const limitM = Math.min(this.#clearanceM, FAR_M);
      const apartM = Math.hypot(
        xpos[3 * a]! - xpos[3 * b]!,
        xpos[3 * a + 1]! - xpos[3 * b + 1]!,
        xpos[3 * a + 2]! - xpos[3 * b + 2]!,
      );
      if (apartM - rbound[a]! - rbound[b]! >= limitM) continue;
      const distanceM = this.#mujoco.mj_geomDistance(this.#model, this.#data, a, b, limitM, points);
      this.#clearanceM = Math.min(this.#clearanceM, distanceM);
    }
  }

  #isEmptyItem(geom: number): boolean {
    return this.#arms.some((arm) => arm.itemGeom === geom && arm.heldM === null);
  }
}

/** Bounds from the lengths of the chain beyond each joint; the largest item any tool carries is inside the allowance. */
function reachesM(manipulator: CellModel['arms'][number]['manipulator']): readonly number[] {
  const length = (v: readonly number[]): number => Math.hypot(...v);
  const beyond: number[] = [];
  let sumM = length(manipulator.X_JF.positionM) + length(manipulator.tool.X_FT.positionM) + ITEM_ALLOWANCE_M;
  for (let joint = manipulator.joints.length - 1; joint >= 0; joint -= 1) {
    beyond.unshift(manipulator.joints[joint]!.kind === 'prismatic' ? 1 : sumM);
    sumM += length(manipulator.joints[joint]!.X_PJ.positionM);
  }
  return beyond;
}

/** Beyond the tip or beside a link there is at most this much of item or hull, m. */
const ITEM_ALLOWANCE_M = 0.2;
