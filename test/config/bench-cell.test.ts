import { describe, expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultText } from '../../config/fault.ts';
import { loadCell } from '../../config/load.ts';
import { inDirectory } from './cell-text.ts';

const DH = {
  a_m: [0, -0.6127, -0.57155, 0, 0, 0],
  d_m: [0.1807, 0, 0, 0.17415, 0.11985, 0.11655],
  alpha_rad: [1.570796327, 0, 0, 1.570796327, -1.570796327, 0],
};

/** A cell of one arm, one bin, one tote and one task, in the format of benchmark cells. */
function cell() {
  const place = (id: string, y: number) => ({
    id,
    position_m: [0, y, -0.23],
    inner_size_m: [0.55, 0.35, 0.18],
  });
  return {
    format: 'magpie-bench-cell/1',
    name: 'one',
    manipulators: {
      ur10e: {
        source: 'published',
        dh: { ...DH },
        position_max_rad: [6.2832, 6.2832, 6.2832, 6.2832, 6.2832, 6.2832],
        velocity_max_rad_per_s: [2, 2, 3, 3, 3, 3],
        acceleration_max_rad_per_s2: [4, 4, 5, 8, 8, 8],
        jerk_max_rad_per_s3: [40, 40, 50, 80, 80, 80],
        tool: { kind: 'suction', length_m: 0.2, radius_m: 0.03 },
      },
    },
    clearance_min_m: 0.02,
    approach_m: 0.22,
    dwell_s: { grasp: 0.35, release: 0.25 },
    arms: [
      {
        id: 'arm-1',
        manipulator: 'ur10e',
        base: { position_m: [0, -0.7, 0], quaternion_xyzw: [0, 0, 0.707106781, 0.707106781] },
        home_rad: [0, -1.5708, 1.5708, -1.5708, -1.5708, 0],
      },
    ],
    bins: [place('bin-1', -1.3)],
    totes: [place('tote-1', 0)],
    obstacles: [
      {
        id: 'table',
        type: 'box',
        size_m: [2, 3, 0.1],
        position_m: [0, 0, -0.3],
        quaternion_xyzw: [0, 0, 0, 1],
      },
      {
        id: 'post',
        type: 'cylinder',
        radius_m: 0.05,
        length_m: 1,
        position_m: [2, 0, 0],
        quaternion_xyzw: [0, 0, 0, 1],
      },
    ],
    tasks: [
      {
        id: 'task-1',
        kind: 'pick',
        from: 'bin-1',
        to: 'tote-1',
        pick_m: [0, -1.3, -0.15],
        place_m: [0, 0, -0.15],
        item_size_m: [0.1, 0.1, 0.08],
        item_mass_kg: 1,
        reachable_by: ['arm-1'],
      },
    ],
  };
}

function load(value: object) {
  return inDirectory((directory) => {
    const file = join(directory, 'cell.json');
    writeFileSync(file, JSON.stringify(value, null, 1));
    const result = loadCell(file);
    const faults = result.status === 'refused' ? result.faults : [];
    return { result, faults: faults.map((fault) => faultText(fault).replaceAll(`${directory}/`, '')) };
  });
}

describe('benchmark cells', () => {
  it('take the description of the house with the limits and the tool of the file', () => {
    const { result } = load(cell());
    if (result.status === 'refused') throw new Error('refused');
    const { joints, tool } = result.cell.arms[0]!.manipulator;
    expect(joints.map(({ limits }) => limits.velocityMax)).toEqual([2, 2, 3, 3, 3, 3]);
    expect(tool).toMatchObject({ kind: 'suction', capsules: [{ radiusM: 0.03 }] });
    // Never beyond what the description allows.
    expect(joints[0]!.limits.upper).toBeLessThanOrEqual(2 * Math.PI);
    expect(result.notes.join(' ')).toContain('Arms rest folded');
  });

  it('refuse an arm whose figures differ from the description, by how much', () => {
    const value = cell();
    value.manipulators.ur10e.dh.d_m = [0.1807, 0, 0, 0.17415, 0.11985, 0.12];
    expect(load(value).faults).toEqual([
      expect.stringMatching(
        /^cell\.json:\d+:\d+: manipulators\.ur10e\.dh: puts the flange up to 0\.00\d+ m away from where the description of ur10e has it/,
      ),
    ]);
  });

  it('name everything that does not fit', () => {
    const value = cell();
    value.arms[0]!.manipulator = 'ur5';
    value.tasks[0]!.to = 'tote-9';
    value.bins[0]!.id = 'tote-1';
    value.tasks[0]!.from = 'tote-1';
    expect(load(value).faults.map((fault) => fault.replace(/^cell\.json:\d+:\d+: /, ''))).toEqual([
      'totes[0].id = "tote-1": is a name already taken\n    give each thing its own name',
      'tasks[0].to = "tote-9": is no bin or tote of the cell\n    name one that is',
      'arms[0].manipulator = "ur5": is not under manipulators\n    describe it there',
    ]);
  });

  it('refuse arms of which there is no description', () => {
    const value = cell();
    const { ur10e } = value.manipulators;
    const other = {
      ...value,
      manipulators: { kr10: ur10e },
      arms: [{ ...value.arms[0]!, manipulator: 'kr10' }],
    };
    expect(load(other).faults.map((fault) => fault.replace(/^cell\.json:\d+:\d+: /, ''))).toEqual([
      'manipulators.kr10: is an arm without a description here\n    known are ur5e, ur10e',
    ]);
  });

  it('point at the line of a fault in JSON too', () => {
    const value: Record<string, unknown> = cell();
    value['aproach_m'] = value['approach_m'];
    delete value['approach_m'];
    const { faults } = load(value);
    expect(faults).toHaveLength(2);
    expect(faults[1]).toMatch(
      /^cell\.json:\d+:2: aproach_m = 0\.22: is not a known field\n {4}did you mean approach_m\?$/,
    );
  });
});
