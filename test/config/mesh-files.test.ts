import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tipOf } from '../../arms/model/kinematics.ts';
import { ProblemArms } from '../../config/problem-arm.ts';

const folder = mkdtempSync(join(tmpdir(), 'magpie-meshes-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A bar of 0.1 x 0.1 x 0.4 m that stands on its frame, as OBJ. */
const BAR = [
  ...[0, 0.4].flatMap((z) => [`v -0.05 -0.05 ${z}`, `v 0.05 -0.05 ${z}`, `v 0.05 0.05 ${z}`, `v -0.05 0.05 ${z}`]),
  'f 1 2 3 4', 'f 5 6 7 8', 'f 1 2 6 5', 'f 2 3 7 6', 'f 3 4 8 7', 'f 4 1 5 8',
].join('\n'); // prettier-ignore

function urdf(name: string): string {
  const mesh = `<collision><geometry><mesh filename="${name}"/></geometry></collision>`;
  const joints = [0, 1, 2, 3].map(
    (k) => `<joint name="j${k}" type="revolute"><parent link="l${k}"/><child link="l${k + 1}"/>
      <origin xyz="0 0 0.4"/><axis xyz="0 ${k % 2} ${1 - (k % 2)}"/><limit lower="-2" upper="2" velocity="2" effort="1"/></joint>`,
  );
  return `<robot name="bars">${[0, 1, 2, 3, 4].map((k) => `<link name="l${k}">${mesh}</link>`).join('')}${joints.join('')}</robot>`;
}

describe('collision meshes of a URDF', () => {
  mkdirSync(join(folder, 'bars', 'meshes'), { recursive: true });
  mkdirSync(join(folder, 'bars', 'urdf'));
  writeFileSync(join(folder, 'bars', 'meshes', 'bar.obj'), BAR);

  it.each([
    ['../meshes/bar.obj', 'relative to the URDF'],
    ['package://bars/meshes/bar.obj', 'in the package above it'],
    ['package://renamed/meshes/bar.obj', 'in a package whose folder has another name'],
    [`file://${join(folder, 'bars', 'meshes', 'bar.obj')}`, 'by address'],
  ])('are found as %s (%s), and capsules enclose them', (name) => {
    writeFileSync(join(folder, 'bars', 'urdf', 'arm.urdf'), urdf(name));
    const loaded = new ProblemArms().load('arm.urdf', join(folder, 'bars', 'urdf'), 4);
    if (loaded.status === 'refused') throw new Error(loaded.problem);
    const { manipulator } = loaded;
    expect(manipulator.capsules.length).toBeGreaterThanOrEqual(5);
    const base = manipulator.capsules.filter((capsule) => capsule.joint < 0);
    for (const x of [-0.05, 0.05]) {
      for (const z of [0, 0.2, 0.4]) {
        const inside = base.some(({ p, q, radiusM }) => {
          const d = q.map((value, k) => value - p[k]!);
          const r = [x, 0.05, z].map((value, k) => value - p[k]!);
          const length2 = d.reduce((sum, value) => sum + value * value, 0);
          const along = d.reduce((sum, value, k) => sum + value * r[k]!, 0) / Math.max(length2, 1e-12);
          const s = Math.min(1, Math.max(0, along));
          return Math.hypot(...r.map((value, k) => value - s * d[k]!)) <= radiusM + 1e-6;
        });
        expect(inside, `(${x}, 0.05, ${z})`).toBe(true);
      }
    }
    const tip = tipOf(manipulator, { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] }, [0, 0, 0, 0]);
    expect(tip.positionM[2]).toBeCloseTo(1.6, 9);
  });

  it('are named, all that are missing, with what to do', () => {
    writeFileSync(join(folder, 'bars', 'urdf', 'arm.urdf'), urdf('package://bars/meshes/none.stl'));
    const loaded = new ProblemArms().load('arm.urdf', join(folder, 'bars', 'urdf'), 4);
    expect(loaded.status).toBe('refused');
    if (loaded.status === 'refused') {
      expect(loaded.problem).toContain("link 'l0' collision 1");
      expect(loaded.problem).toContain("link 'l4' collision 1");
      expect(loaded.problem).toContain('was not found');
    }
  });
});
