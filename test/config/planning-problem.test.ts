import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlanningProblem } from '../../config/planning-problem.ts';
import { ProblemArms } from '../../config/problem-arm.ts';

const upright = [0, 0, 0, 1];
const base = { position_m: [0, 0, 0], quaternion_xyzw: upright };
const arm = {
  id: 'left',
  manipulator: 'ur5e',
  base,
  start_rad: [0, -1.5, 1, 0, 0, 0],
  goal_rad: [1, -1.5, 1, 0, 0, 0],
};
const problem = {
  format: 'magpie-planning-problem/1',
  name: 'one',
  arms: [arm],
  obstacles: [
    { type: 'box', size_m: [1, 1, 0.1], position_m: [0, 0, -0.3], quaternion_xyzw: upright },
    { type: 'sphere', radius_m: 0.1, position_m: [1, 1, 1], quaternion_xyzw: upright },
    { type: 'cylinder', radius_m: 0.1, length_m: 0.5, position_m: [1, -1, 1], quaternion_xyzw: upright },
  ],
  clearance_min_m: 0,
};

/** Four turning joints, a fixed mount below and two coupled fingers above; no limits file, no SRDF. */
const URDF = `<robot name="own"><link name="mount"/>
<joint name="bolt" type="fixed"><parent link="mount"/><child link="l0"/><origin xyz="0 0 0.5"/></joint>
<link name="l0"><collision><geometry><sphere radius="0.05"/></geometry></collision></link>
${[1, 2, 3, 4]
  .map(
    (k) => `<joint name="j${k}" type="revolute"><parent link="l${k - 1}"/><child link="l${k}"/>
<origin xyz="0 0 0.3"/><axis xyz="${k % 2 === 0 ? '0 1 0' : '0 0 1'}"/><limit lower="-3" upper="3" velocity="2"/></joint>
<link name="l${k}"><collision><geometry><sphere radius="0.05"/></geometry></collision></link>`,
  )
  .join('\n')}
<joint name="finger" type="prismatic"><parent link="l4"/><child link="f1"/><axis xyz="0 1 0"/><limit lower="0.01" upper="0.04" velocity="1"/></joint>
<link name="f1"/>
<joint name="finger2" type="prismatic"><parent link="l4"/><child link="f2"/><axis xyz="0 -1 0"/><limit lower="0" upper="0.04" velocity="1"/><mimic joint="finger"/></joint>
<link name="f2"/></robot>`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'magpie-problem-'));
  writeFileSync(join(folder, 'own.urdf'), URDF);
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(content: unknown) {
  const file = join(folder, 'problem.json');
  writeFileSync(file, JSON.stringify(content));
  return loadPlanningProblem(file, new ProblemArms());
}

describe('planning problems', () => {
  it('are read with every kind of obstacle', () => {
    const loaded = load(problem);
    expect(loaded.status).toBe('loaded');
    if (loaded.status !== 'loaded') return;
    expect(loaded.name).toBe('one');
    expect(loaded.problem.obstacles.map((o) => o.shape.type)).toEqual(['box', 'sphere', 'cylinder']);
    expect(loaded.problem.arms[0]?.manipulator.joints).toHaveLength(6);
  });

  it('may name a URDF: side joints are held, limits assumed, link pairs allowed, and all of it is reported', () => {
    const own = { ...arm, manipulator: 'own.urdf', start_rad: [0, 1, 0, 1], goal_rad: [1, 1, 0, 1] };
    const loaded = load({ ...problem, arms: [own] });
    expect(loaded.status).toBe('loaded');
    if (loaded.status !== 'loaded') return;
    const joints = loaded.problem.arms[0]?.manipulator.joints ?? [];
    expect(joints.map((joint) => joint.name)).toEqual(['j1', 'j2', 'j3', 'j4']);
    const notes = loaded.notes.join('\n');
    expect(notes).toContain('finger at 0.01');
    expect(notes).toContain('no acceleration and no jerk');
    expect(notes).toContain('being adjacent: l0 - l1');
  });

  it('are refused with all faults at once: field, value, remedy', () => {
    const twisted = { ...arm, base: { ...base, quaternion_xyzw: [0, 0, 0, 0.5] } };
    const short = { ...arm, id: 'right', start_rad: [0, 0, 0, 0], goal_rad: [0, 0, 0, 0] };
    const unknown = { ...arm, id: 'third', manipulator: 'kuka' };
    const loaded = load({ ...problem, arms: [twisted, short, unknown, arm] });
    expect(loaded.status).toBe('refused');
    if (loaded.status !== 'refused') return;
    const paths = loaded.faults.map((fault) => fault.path);
    expect(paths).toEqual([
      'arms[0].base.quaternion_xyzw',
      'arms[1].start_rad',
      'arms[2].manipulator',
      'arms[3].id',
    ]);
    for (const fault of loaded.faults) expect(fault.remedy).not.toBe('');
  });

  it('name what is missing or of the wrong kind', () => {
    const loaded = load({ ...problem, clearance_min_m: undefined, obstacles: [{ type: 'cone' }] });
    expect(loaded.status).toBe('refused');
    if (loaded.status !== 'refused') return;
    expect(loaded.faults.map((fault) => fault.path)).toEqual(['obstacles[0].type', 'clearance_min_m']);
  });

  it('report fields that they do not have', () => {
    const loaded = load({ ...problem, note: 'mine' });
    expect(loaded.status === 'loaded' && loaded.notes.join()).toContain('note');
  });
});
