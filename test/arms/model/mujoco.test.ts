import loadMujoco from '@mujoco/mujoco';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../arms/geometry/random.ts';
import { TRANSFORM_SIZE, setIdentity } from '../../../arms/geometry/transform.ts';
import {
  allocateFrames,
  compileChain,
  forwardKinematics,
  frameOfJoint,
} from '../../../arms/model/kinematics.ts';
import { parseUrdf } from '../../../arms/model/urdf.ts';
import { SHIPPED_ARMS, shippedArm, shippedSources } from './shipped.ts';

/** The same descriptions read and posed by an independent implementation (MuJoCo's URDF reader). */

type Mujoco = Awaited<ReturnType<typeof loadMujoco>>;
let mujoco: Mujoco;

beforeAll(async () => {
  mujoco = await loadMujoco();
});

describe.each(SHIPPED_ARMS)('the %s in MuJoCo', (name) => {
  it('has its links where our kinematics put them', () => {
    const { urdf } = shippedSources(name);
    const parsed = parseUrdf(urdf);
    if (parsed.status !== 'parsed') throw new Error('refused');
    const model = mujoco.MjModel.from_xml_string(urdf);
    const data = new mujoco.MjData(model);
    const manipulator = shippedArm(name);
    const chain = compileChain(manipulator);
    const frames = allocateFrames(chain);
    const T_BB = new Float64Array(TRANSFORM_SIZE);
    setIdentity(T_BB, 0);
    const random = seededRandom(8);
    for (let sample = 0; sample < 50; sample++) {
      const q = manipulator.joints.map(
        ({ limits }) => limits.lower + random() * (limits.upper - limits.lower),
      );
      data.qpos.set(q);
      mujoco.mj_kinematics(model, data);
      forwardKinematics(chain, T_BB, 0, q, 0, frames, 0);
      manipulator.joints.forEach((joint, j) => {
        const child = parsed.model.joints.find((other) => other.name === joint.name)?.child ?? '';
        const body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY.value, child);
        expect(body).toBeGreaterThan(0);
        const T = frameOfJoint(j) * TRANSFORM_SIZE;
        for (let row = 0; row < 3; row++) {
          expect(Math.abs(data.xpos[3 * body + row] - frames[T + 4 * row + 3])).toBeLessThan(1e-9);
          for (let column = 0; column < 3; column++) {
            const theirs = data.xmat[9 * body + 3 * row + column];
            expect(Math.abs(theirs - frames[T + 4 * row + column])).toBeLessThan(1e-9);
          }
        }
      });
    }
    data.delete();
    model.delete();
  });
});
