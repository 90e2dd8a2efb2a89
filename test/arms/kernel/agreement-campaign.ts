import loadMujoco from '@mujoco/mujoco';
import type { MainModule, MjData, MjModel } from '@mujoco/mujoco';
import type { Obstacle } from '../../../arms/geometry/shape.ts';
import { createCollisionKernel, createReferenceKernel } from '../../../arms/kernel/index.ts';
import type { ArmScene } from '../../../arms/kernel/index.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import { parseUrdf } from '../../../arms/model/urdf.ts';
import { shippedArm, shippedSources } from '../model/shipped.ts';
import { mujocoScene } from './mujoco-scene.ts';
import { clutter, configurations, sceneOf } from './scenes.ts';

/** True clearance from which on a configuration should be found free, m. */
const CLEAR_M = 0.01;
/** What counts as contact in MuJoCo, whose own distances are exact to about this, m. */
const MUJOCO_TOLERANCE_M = 1e-5;

export interface AgreementReport {
  readonly robot: string;
  readonly configurations: number;
  readonly free: number;
  /** The kernel says free, the exact reference on the arm's capsules says contact. */
  readonly missedByReference: number;
  /** The kernel says free, MuJoCo finds a contact between the shapes of the URDF and an obstacle, or of the arm. */
  readonly missedByMujoco: number;
  /** Configurations with at least 10 mm of true clearance (MuJoCo), and those of them that the kernel refuses. */
  readonly clear: number;
  readonly refusedThoughClear: number;
}

const ROBOTS = [
  ['franka-panda', 'franka-hand'],
  ['ur5e', 'suction-200'],
  ['ur10e', 'suction-200'],
] as const;

const PER_SCENE = 2000;

/**
 * Random configurations in random scenes, judged by the kernel, by the plain reference and by MuJoCo with the shapes
 * of the URDFs.
 */
export async function agreementCampaign(total: number, seed: number): Promise<readonly AgreementReport[]> {
  const mujoco = await loadMujoco();
  return ROBOTS.map(([robot, tool], k) =>
    judgeRobot(mujoco, robot, tool, Math.ceil(total / ROBOTS.length), seed + 1000 * k),
  );
}

function judgeRobot(
  mujoco: MainModule,
  robot: string,
  tool: string,
  total: number,
  seed: number,
): AgreementReport {
  const manipulator = shippedArm(robot, tool);
  const kernel = createCollisionKernel();
  const reference = createReferenceKernel();
  const sum = { free: 0, missedByReference: 0, missedByMujoco: 0, clear: 0, refusedThoughClear: 0 };
  for (let done = 0, scene = 0; done < total; scene += 1) {
    const count = Math.min(PER_SCENE, total - done);
    const obstacles = clutter(seed + scene, 12).filter(
      (o): o is Obstacle => o.shape.type !== 'convex-hull' && o.shape.type !== 'container',
    );
    const description = sceneOf(manipulator, obstacles);
    const ours = kernel.prepareScene(description);
    const q = configurations(manipulator, count, seed + 31 * scene);
    const found = judgeScene(ours, reference.prepareScene(description), new MujocoJudge(mujoco, robot, tool, manipulator, obstacles), q, count); // prettier-ignore
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += found[key];
    ours.release();
    done += count;
  }
  return { robot, configurations: total, ...sum };
}

type Counts = Omit<AgreementReport, 'robot' | 'configurations'>;

function judgeScene(
  ours: ArmScene,
  theirs: ArmScene,
  judge: MujocoJudge,
  q: Float64Array,
  count: number,
): Counts {
  const n = ours.jointCount;
  const free = new Uint8Array(count);
  const exact = new Uint8Array(count);
  ours.areFree(q, count, free);
  theirs.areFree(q, count, exact);
  const counts = { free: 0, missedByReference: 0, missedByMujoco: 0, clear: 0, refusedThoughClear: 0 };
  for (let i = 0; i < count; i += 1) {
    const clearance = judge.clearance(q, i * n);
    if (free[i] === 1) counts.free += 1;
    if (free[i] === 1 && exact[i] === 0) counts.missedByReference += 1;
    if (free[i] === 1 && clearance < -MUJOCO_TOLERANCE_M) counts.missedByMujoco += 1;
    if (clearance >= CLEAR_M) counts.clear += 1;
    if (clearance >= CLEAR_M && free[i] === 0) counts.refusedThoughClear += 1;
  }
  judge.release();
  return counts;
}

/** True clearance by MuJoCo's geometry: of the arm to the obstacles, and of those of its links that may not touch. */
class MujocoJudge {
  private readonly mujoco: MainModule;
  private readonly model: MjModel;
  private readonly data: MjData;
  /** Pairs of geoms to be kept apart. */
  private readonly pairs: readonly (readonly [number, number])[];
  private readonly joints: number;
  private readonly fromTo = new Float64Array(6);

  constructor(
    mujoco: MainModule,
    robot: string,
    tool: string,
    manipulator: Manipulator,
    obstacles: readonly Obstacle[],
  ) {
    this.mujoco = mujoco;
    this.joints = manipulator.joints.length;
    const urdf = parseUrdf(shippedSources(robot, tool).urdf);
    if (urdf.status !== 'parsed') throw new Error(`the URDF of ${robot} is refused`);
    this.model = mujoco.MjModel.from_xml_string(mujocoScene(manipulator, urdf.model, obstacles));
    this.data = new mujoco.MjData(this.model);
    const names = Array.from(
      { length: this.model.ngeom },
      (_, g) => mujoco.mj_id2name(this.model, mujoco.mjtObj.mjOBJ_GEOM.value, g) ?? '',
    );
    const links = [
      ...manipulator.capsules.map((capsule) => capsule.link),
      ...manipulator.tool.capsules.map(() => 'tool'),
    ];
    const linkOf = (name: string): string =>
      name.startsWith('tool#') ? 'tool' : name.replace(/^arm\/|#\d+$/g, '');
    const checked = new Set(
      manipulator.selfPairs.flatMap(([i, k]) => [`${links[i]} ${links[k]}`, `${links[k]} ${links[i]}`]),
    );
    const joint = new Map(manipulator.capsules.map((capsule) => [capsule.link, capsule.joint]));
    this.pairs = names.flatMap((a, i) =>
      names.flatMap((b, k): (readonly [number, number])[] => {
        if (k <= i) return [];
        const [thing, part] = a.startsWith('thing/') ? [a, b] : [b, a];
        if (thing.startsWith('thing/')) {
          // What is fixed to the base stands where it stands.
          return part.startsWith('thing/') || joint.get(linkOf(part)) === -1 ? [] : [[i, k]];
        }
        return checked.has(`${linkOf(a)} ${linkOf(b)}`) ? [[i, k]] : [];
      }),
    );
  }

  clearance(q: Float64Array, at: number): number {
    const { mujoco, model, data } = this;
    data.qpos.set(q.subarray(at, at + this.joints));
    mujoco.mj_kinematics(model, data);
    let least = CLEAR_M;
    for (const [a, b] of this.pairs) {
      const radius = model.geom_rbound[a] + model.geom_rbound[b] + least;
      const x = data.geom_xpos[3 * a] - data.geom_xpos[3 * b];
      const y = data.geom_xpos[3 * a + 1] - data.geom_xpos[3 * b + 1];
      const z = data.geom_xpos[3 * a + 2] - data.geom_xpos[3 * b + 2];
      if (x * x + y * y + z * z > radius * radius) continue;
      least = Math.min(least, mujoco.mj_geomDistance(model, data, a, b, least, this.fromTo));
    }
    return least;
  }

  release(): void {
    this.data.delete();
    this.model.delete();
  }
}
