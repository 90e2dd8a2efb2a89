import { describe, expect, it } from 'vitest';
import { parseManipulatorExtension } from '../../../arms/model/extension.ts';
import type { ManipulatorExtension } from '../../../arms/model/extension.ts';
import { describeFault } from '../../../arms/model/fault.ts';
import { loadManipulator } from '../../../arms/model/load-manipulator.ts';
import type { LoadResult, ManipulatorSources } from '../../../arms/model/load-manipulator.ts';
import { bareFlange, parseToolDescription, suctionTube } from '../../../arms/model/tool.ts';
import { SHIPPED_ARMS, shippedSources } from './shipped.ts';

/** A four-axis gantry: rail, bridge, mast, and a turning head that carries a bracket and a gripper of two fingers. */
const GANTRY = `<robot name="gantry">
  <link name="world"/>
  <link name="frame"><collision><geometry><box size="0.3 0.1 0.1"/></geometry></collision></link>
  <link name="rail"><collision><geometry><box size="0.1 0.1 0.1"/></geometry></collision></link>
  <link name="bridge"><collision><geometry><box size="0.1 0.1 0.1"/></geometry></collision></link>
  <link name="mast"><collision><origin xyz="0 0 0.5"/><geometry><cylinder radius="0.04" length="1"/></geometry></collision></link>
  <link name="head"/>
  <link name="bracket"><collision><geometry><sphere radius="0.03"/></geometry></collision></link>
  <link name="flange"/>
  <link name="finger"><collision><geometry><sphere radius="0.01"/></geometry></collision></link>
  <joint name="bolt" type="fixed"><parent link="world"/><child link="frame"/><origin xyz="0 0 2"/></joint>
  <joint name="x" type="prismatic"><parent link="frame"/><child link="rail"/><axis xyz="1 0 0"/><limit lower="-1" upper="1" velocity="1"/></joint>
  <joint name="y" type="prismatic"><parent link="rail"/><child link="bridge"/><axis xyz="0 1 0"/><limit lower="-1" upper="1" velocity="1"/></joint>
  <joint name="z" type="prismatic"><parent link="bridge"/><child link="mast"/><axis xyz="0 0 1"/><limit lower="-0.5" upper="0" velocity="1"/></joint>
  <joint name="yaw" type="continuous"><parent link="mast"/><child link="head"/><axis xyz="0 0 1"/><limit velocity="2"/></joint>
  <joint name="plate" type="fixed"><parent link="head"/><child link="bracket"/><origin xyz="0 0 -0.1" rpy="0 0 1.5707963267948966"/></joint>
  <joint name="end" type="fixed"><parent link="bracket"/><child link="flange"/><origin xyz="0.2 0 0" rpy="3.141592653589793 0 0"/></joint>
  <joint name="grip" type="prismatic"><parent link="bracket"/><child link="finger"/><axis xyz="1 0 0"/><limit lower="0" upper="0.1" velocity="1"/></joint>
</robot>`;

const m = { acceleration_max_m_per_s2: 2, jerk_max_m_per_s3: 20, source: 'chosen' };
const LIMITS = {
  format: 'magpie-manipulator-limits/1',
  manipulator: 'gantry',
  source: 'made up for this test',
  joints: {
    x: m,
    y: m,
    z: m,
    yaw: {
      acceleration_max_rad_per_s2: 4,
      jerk_max_rad_per_s3: 40,
      position_range_rad: [-3, 3],
      source: 'chosen',
    },
  },
  held_joints: { grip: { position: 0.05, source: 'fingers half open' } },
};

const tool = suctionTube({
  name: 'tube',
  lengthM: 0.2,
  radiusM: 0.02,
  massKg: 0.3,
  payloadMaxKg: 2,
  source: 'test',
});

function extension(change: (file: typeof LIMITS) => unknown = (file) => file): ManipulatorExtension {
  const result = parseManipulatorExtension(change(structuredClone(LIMITS)));
  if (result.status !== 'parsed') throw new Error(result.faults.map(describeFault).join('\n'));
  return result.extension;
}

function gantry(changes: Partial<ManipulatorSources> = {}): ManipulatorSources {
  return { name: 'gantry', urdf: GANTRY, srdf: null, extension: extension(), tool, ...changes };
}

function loaded(result: LoadResult): Extract<LoadResult, { status: 'loaded' }> {
  if (result.status !== 'loaded') throw new Error(result.faults.map(describeFault).join('\n'));
  return result;
}

function faultText(result: LoadResult): string {
  return result.status === 'refused' ? result.faults.map(describeFault).join('\n') : '(loaded)';
}

describe('loading an arm', () => {
  it('folds fixed joints at base and flange, and holds joints beside the chain', () => {
    const { manipulator, notes } = loaded(loadManipulator(gantry()));
    expect(manipulator.joints.map((joint) => joint.name)).toEqual(['x', 'y', 'z', 'yaw']);
    expect(manipulator.joints.map((joint) => joint.kind)).toEqual([
      'prismatic',
      'prismatic',
      'prismatic',
      'continuous',
    ]);
    expect(manipulator.joints[0].X_PJ.positionM).toEqual([0, 0, 2]);
    const flange = manipulator.X_JF.positionM;
    [0, 0.2, -0.1].forEach((value, i) => expect(flange[i]).toBeCloseTo(value, 12));
    const finger = manipulator.capsules.find((capsule) => capsule.link === 'finger');
    expect(finger?.joint).toBe(3);
    [0, 0.05, -0.1].forEach((value, i) => expect(finger?.p[i]).toBeCloseTo(value, 12));
    expect(manipulator.capsules.find((capsule) => capsule.link === 'frame')?.joint).toBe(-1);
    expect(notes.join('\n')).toContain('adjacent');
  });

  it('takes position and speed from the URDF, acceleration, jerk and range from the limits', () => {
    const { manipulator } = loaded(loadManipulator(gantry()));
    expect(manipulator.joints[2].limits).toEqual({
      lower: -0.5,
      upper: 0,
      velocityMax: 1,
      accelerationMax: 2,
      jerkMax: 20,
    });
    expect(manipulator.joints[3].limits).toMatchObject({ lower: -3, upper: 3, accelerationMax: 4 });
  });

  it('can begin at a link above which nothing counts', () => {
    const { manipulator, notes } = loaded(loadManipulator(gantry({ baseLink: 'frame' })));
    expect(manipulator.joints[0].X_PJ.positionM).toEqual([0, 0, 0]);
    expect(notes.join('\n')).toContain('left out: world');
  });

  it('finds a folded arm without SRDF: adjacent pairs are allowed and named, others are checked', () => {
    const { manipulator, notes } = loaded(loadManipulator({ ...shippedSources('ur10e'), srdf: null }));
    const link = (index: number): string => manipulator.capsules[index]?.link ?? manipulator.tool.name;
    const pairs = new Set(manipulator.selfPairs.map(([a, b]) => [link(a), link(b)].sort().join(' ')));
    expect(pairs.has('forearm_link shoulder_link')).toBe(true);
    expect(pairs.has('base suction-200')).toBe(true);
    expect(pairs.has('forearm_link upper_arm_link')).toBe(false);
    expect(notes.join('\n')).toContain('upper_arm_link - forearm_link');
  });

  it('allows pairs that always touch, and says which', () => {
    const urdf = GANTRY.replace('radius="0.04" length="1"', 'radius="3" length="6"');
    const { manipulator, notes } = loaded(loadManipulator(gantry({ urdf })));
    expect(notes.join('\n')).toContain('touching in every sampled state: frame - mast');
    const pair = manipulator.selfPairs.find(([a, b]) => {
      const links = [manipulator.capsules[a]?.link, manipulator.capsules[b]?.link];
      return links.includes('frame') && links.includes('mast');
    });
    expect(pair).toBeUndefined();
  });

  const refusals: readonly (readonly [string, Partial<ManipulatorSources>, ...string[]])[] = [
    [
      'a joint without acceleration',
      { extension: extension((file) => ({ ...file, joints: { x: m, y: m, z: m } })) },
      'extension: joints.yaw',
      'acceleration and jerk',
      'acceleration_max_rad_per_s2',
    ],
    [
      'a continuous joint without range',
      {
        extension: extension((file) => {
          const { position_range_rad: _, ...yaw } = file.joints.yaw;
          return { ...file, joints: { ...file.joints, yaw } };
        }),
      },
      'joints.yaw.position_range_rad',
      'hoses',
    ],
    [
      'limits in the wrong unit',
      { extension: extension((file) => ({ ...file, joints: { ...file.joints, x: file.joints.yaw } })) },
      'joints.x',
      'prismatic',
      'in m',
    ],
    [
      'limits for a joint that is not there',
      { extension: extension((file) => ({ ...file, joints: { ...file.joints, w: m } })) },
      'joints.w',
      'no moving joint',
    ],
    [
      'a moving branch',
      { extension: extension((file) => ({ ...file, held_joints: {} })) },
      'grip',
      'held_joints',
    ],
    [
      'a moving branch beside a named flange',
      { extension: extension((file) => ({ ...file, held_joints: {} })), flangeLink: 'flange' },
      "joint 'grip'",
      'branch outside the chain',
    ],
    ['a flange that does not exist', { flangeLink: 'hand' }, 'flange link', 'hand', 'name one of'],
    ['a flange above the base', { baseLink: 'head', flangeLink: 'rail' }, 'does not hang on'],
    ['too few axes', { baseLink: 'rail' }, '4 to 7 moving joints'],
    ['a tool named like a link', { tool: { ...tool, name: 'mast' } }, "link 'mast'", 'same name'],
    [
      'an arm without collision geometry',
      { urdf: GANTRY.replace(/<collision>.*?<\/collision>/g, '') },
      'no link of the arm has collision geometry',
    ],
    [
      'more shapes than can be checked',
      {
        urdf: GANTRY.replace(
          '<link name="head"/>',
          `<link name="head">${Array.from(
            { length: 300 },
            (_, i) =>
              `<collision><origin xyz="${i / 10} 0 0"/><geometry><sphere radius="0.1"/></geometry></collision>`,
          ).join('')}</link>`,
        ),
      },
      'more than 256',
    ],
    [
      'a state out of limits',
      {
        srdf: '<robot><group_state name="home" group="g"><joint name="x" value="3"/><joint name="y" value="0"/><joint name="z" value="0"/><joint name="yaw" value="0"/></group_state></robot>',
      },
      "srdf: group_state 'home' joint 'x'",
      'outside the limits -1 to 1',
    ],
    [
      'a state that forgets a joint',
      {
        srdf: '<robot><group_state name="home" group="g"><joint name="x" value="0"/></group_state></robot>',
      },
      "group_state 'home'",
      'y, z, yaw',
    ],
    [
      'a mimic joint in the chain',
      { urdf: GANTRY.replace('<axis xyz="0 1 0"/>', '<axis xyz="0 1 0"/><mimic joint="x"/>') },
      "joint 'y' mimic",
      'not supported',
    ],
  ];
  for (const [what, changes, ...parts] of refusals) {
    it(`refuses ${what}`, () => {
      const text = faultText(loadManipulator(gantry(changes)));
      for (const part of parts) expect(text).toContain(part);
    });
  }

  it('names the candidates when several links could be the flange', () => {
    const urdf = GANTRY.replaceAll('"flange"', '"left"');
    const changed = gantry({ urdf, extension: extension() });
    expect(faultText(loadManipulator(changed))).toMatch(/flange link: several links.*left, finger/);
  });

  it('tells the faults of URDF and SRDF together', () => {
    const text = faultText(loadManipulator(gantry({ urdf: '<robot/>', srdf: '<urdf/>' })));
    expect(text).toContain('urdf: ');
    expect(text).toContain('srdf: ');
  });

  it('leaves out states of other groups with a note', () => {
    const srdf =
      '<robot><group_state name="open" group="hand"><joint name="grip" value="0.1"/></group_state></robot>';
    const { manipulator, notes } = loaded(loadManipulator(gantry({ srdf })));
    expect(manipulator.namedStates).toEqual({});
    expect(notes.join('\n')).toContain("'open' has no joint of the arm");
  });

  it('takes an arm with nothing bolted on', () => {
    const { manipulator } = loaded(loadManipulator(gantry({ tool: bareFlange(5, 'test') })));
    expect(manipulator.tool.capsules).toHaveLength(0);
    expect(manipulator.selfPairs.length).toBeGreaterThan(0);
  });

  it.each(SHIPPED_ARMS)('builds the %s the same each time', (name) => {
    expect(loadManipulator(shippedSources(name))).toEqual(loadManipulator(shippedSources(name)));
  });
});

describe('limits files', () => {
  const faults = (data: unknown): string => {
    const result = parseManipulatorExtension(data);
    return result.status === 'refused' ? result.faults.map(describeFault).join('\n') : '(parsed)';
  };
  const withYaw = (yaw: unknown): unknown => ({ ...LIMITS, joints: { yaw } });

  it.each<readonly [string, unknown, ...string[]]>([
    ['nothing', null, 'document'],
    ['another format', { ...LIMITS, format: 'x/2' }, 'format', '"x/2"'],
    ['no source', { ...LIMITS, source: '' }, 'source'],
    ['an unknown field', { ...LIMITS, speed: 3 }, 'speed'],
    [
      'a negative acceleration',
      withYaw({ ...LIMITS.joints.yaw, acceleration_max_rad_per_s2: -1 }),
      'joints.yaw',
      '>0',
    ],
    [
      'a joint without jerk',
      withYaw({ acceleration_max_rad_per_s2: 1, source: 'x y z' }),
      'joints.yaw',
      'jerk_max_rad_per_s3',
    ],
    [
      'a joint without source',
      withYaw({ acceleration_max_rad_per_s2: 1, jerk_max_rad_per_s3: 2 }),
      'joints.yaw',
      'source',
    ],
    ['NaN', withYaw({ ...LIMITS.joints.yaw, jerk_max_rad_per_s3: NaN }), 'joints.yaw'],
    [
      'a range the wrong way round',
      withYaw({ ...LIMITS.joints.yaw, position_range_rad: [1, -1] }),
      'joints.yaw.position_range_rad',
    ],
  ])('refuse %s', (_what, data, ...parts) => {
    const text = faults(data);
    for (const part of parts) expect(text).toContain(part);
  });
});

describe('tool files', () => {
  const TOOL = {
    format: 'magpie-tool/1',
    name: 'cup',
    kind: 'suction',
    source: 'made up',
    tip: { position_m: [0, 0, 0.2] },
    capsules: [{ from_m: [0, 0, 0], to_m: [0, 0, 0.17], radius_m: 0.03 }],
    mass_kg: 1,
    payload_max_kg: 3,
  };
  const faults = (data: unknown): string => {
    const result = parseToolDescription(data);
    return result.status === 'refused' ? result.faults.map(describeFault).join('\n') : '(parsed)';
  };

  it('turn the tip by degrees', () => {
    const result = parseToolDescription({ ...TOOL, tip: { position_m: [0, 0, 0.2], rpy_deg: [0, 0, 90] } });
    if (result.status !== 'parsed') throw new Error('refused');
    expect(result.tool.X_FT.quaternionXyzw[2]).toBeCloseTo(Math.SQRT1_2, 12);
  });

  it.each<readonly [string, unknown, string]>([
    ['an unknown kind', { ...TOOL, kind: 'magnet' }, 'kind'],
    ['no tip', { ...TOOL, tip: undefined }, 'tip'],
    ['a payload of nothing', { ...TOOL, payload_max_kg: 0 }, 'payload_max_kg'],
    [
      'a capsule without radius',
      { ...TOOL, capsules: [{ from_m: [0, 0, 0], to_m: [0, 0, 1] }] },
      'capsules.0.radius_m',
    ],
    ['millimetres', { ...TOOL, tip: { position_m: [0, 0, 200] } }, 'tip.position_m.2'],
    [
      'too many capsules',
      { ...TOOL, capsules: Array.from({ length: 40 }, () => TOOL.capsules[0]) },
      'capsules',
    ],
  ])('refuse %s', (_what, data, part) => {
    expect(faults(data)).toContain(part);
  });
});
