import { describe, expect, it } from 'vitest';
import { describeFault } from '../../../arms/model/fault.ts';
import { parseSrdf } from '../../../arms/model/srdf.ts';
import { parseUrdf } from '../../../arms/model/urdf.ts';

/** A healthy arm of one joint; tests break it in one place. */
const GOOD = `<?xml version="1.0"?>
<robot name="one">
  <link name="base"/>
  <link name="tip">
    <collision><origin xyz="0 0 0.1" rpy="0 0 0"/><geometry><cylinder radius="0.05" length="0.2"/></geometry></collision>
  </link>
  <joint name="turn" type="revolute">
    <parent link="base"/><child link="tip"/>
    <origin xyz="0 0 0.3"/>
    <axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" velocity="2" effort="5"/>
  </joint>
</robot>`;

function faultsOf(urdf: string): readonly string[] {
  const result = parseUrdf(urdf);
  return result.status === 'refused' ? result.faults.map(describeFault) : [];
}

function expectFault(urdf: string, ...parts: readonly string[]): void {
  const faults = faultsOf(urdf);
  const found = faults.some((fault) => parts.every((part) => fault.includes(part)));
  expect(found, `${parts.join(' | ')}\nin\n${faults.join('\n') || '(no fault)'}`).toBe(true);
}

describe('URDF', () => {
  it('is read with its shapes and limits', () => {
    const result = parseUrdf(GOOD);
    if (result.status !== 'parsed') throw new Error(faultsOf(GOOD).join('\n'));
    expect(result.model.rootLink).toBe('base');
    expect(result.model.joints[0].limits).toEqual({ lower: -1, upper: 1, velocityMax: 2 });
    expect(result.model.links[1].collisions[0].shape).toEqual({
      type: 'cylinder',
      radiusM: 0.05,
      lengthM: 0.2,
    });
  });

  const broken: readonly (readonly [string, string, string, ...string[]])[] = [
    [
      'a parent link that does not exist',
      '<parent link="base"/>',
      '<parent link="bass"/>',
      "joint 'turn' parent",
      'bass',
      'add <link name="bass"/>',
    ],
    [
      'a child link that does not exist',
      '<child link="tip"/>',
      '<child link="top"/>',
      'top',
      'does not exist',
    ],
    [
      'no limit',
      '<limit lower="-1" upper="1" velocity="2" effort="5"/>',
      '',
      "joint 'turn' limit",
      'needs limits',
      'rad/s',
    ],
    ['no velocity', 'velocity="2"', '', 'limit velocity', 'missing'],
    ['a velocity of nothing', 'velocity="2"', 'velocity="0"', 'limit velocity', 'above 0'],
    ['no lower limit', 'lower="-1"', '', 'limit lower', 'missing'],
    ['limits the wrong way round', 'lower="-1"', 'lower="1.5"', 'lower must be below upper'],
    ['NaN in a limit', 'upper="1"', 'upper="NaN"', 'limit upper', 'found: NaN', 'finite'],
    ['an infinite limit', 'upper="1"', 'upper="inf"', 'limit upper', 'finite'],
    ['a hexadecimal number', 'upper="1"', 'upper="0x10"', 'limit upper', '0x10'],
    [
      'an axis that is no unit vector',
      'axis xyz="0 0 1"',
      'axis xyz="0 0 2"',
      "joint 'turn' axis",
      'unit vector',
      'length is 2',
    ],
    ['an axis of two numbers', 'axis xyz="0 0 1"', 'axis xyz="0 1"', 'axis', 'three finite numbers'],
    ['an origin of words', 'xyz="0 0 0.3"', 'xyz="0 0 up"', "joint 'turn' origin xyz", 'up'],
    ['millimetres', 'xyz="0 0 0.3"', 'xyz="0 0 300"', 'further than 50 m', 'metres'],
    [
      'a mesh without its file',
      '<cylinder radius="0.05" length="0.2"/>',
      '<mesh filename="package://a/b.stl"/>',
      "link 'tip' collision 1",
      'package://a/b.stl',
      'was not found',
      'replace it',
    ],
    ['a negative radius', 'radius="0.05"', 'radius="-0.05"', 'cylinder radius', '-0.05', 'above 0'],
    ['a shape without its size', 'radius="0.05"', '', 'cylinder radius', 'above 0'],
    [
      'geometry of no known kind',
      '<cylinder radius="0.05" length="0.2"/>',
      '<torus/>',
      'torus',
      'unknown geometry',
    ],
    ['empty geometry', '<cylinder radius="0.05" length="0.2"/>', '', 'has no geometry'],
    [
      'a joint of another type',
      'type="revolute"',
      'type="floating"',
      'floating',
      'not supported',
      'use revolute',
    ],
    ['a joint without a parent', '<parent link="base"/>', '', 'has no parent link'],
    ['a name used twice', '</robot>', '<link name="tip"/></robot>', "link 'tip'", 'used twice'],
    [
      'a link without a name',
      '<link name="base"/>',
      '<link name="base"/><link/>',
      'link number 2',
      'has no name',
    ],
    ['several roots', '</robot>', '<link name="table"/></robot>', 'several root links', 'base, table'],
    [
      'a cycle',
      '</robot>',
      '<joint name="back" type="fixed"><parent link="tip"/><child link="base"/></joint></robot>',
      'cycle',
    ],
    [
      'two parents',
      '</robot>',
      '<joint name="again" type="fixed"><parent link="base"/><child link="tip"/></joint></robot>',
      'two parent joints',
      "'turn' and 'again'",
    ],
    ['xacro macros', '<link name="base"/>', '<xacro:arm prefix="a"/>', 'xacro', 'expand it first'],
    ['xacro expressions', 'upper="1"', 'upper="${limit}"', 'xacro', 'expand it first'],
    [
      'a document type',
      '<robot name="one">',
      '<!DOCTYPE r [<!ENTITY a "b">]><robot name="one">',
      'document type',
      'remove',
    ],
    ['markup that does not close', '</robot>', '', 'not well-formed'],
    ['another root element', 'robot', 'sdf', 'the root element must be <robot>'],
  ];

  it.each(broken)('refuses %s', (_what, from, to, ...parts) => {
    expect(GOOD).toContain(from);
    expectFault(GOOD.replaceAll(from, to), ...parts);
  });

  it('refuses what is too long to be an arm, nested too deep, or empty', () => {
    expectFault(`<robot name="x">${' '.repeat(2_000_001)}</robot>`, 'longer than 2000000');
    expectFault(`<robot>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</robot>`, 'document');
    expectFault('', 'document');
    expectFault('<robot name="x"/>', 'has no links');
    const links = Array.from({ length: 501 }, (_, i) => `<link name="l${i}"/>`).join('');
    expectFault(`<robot name="x">${links}</robot>`, 'more than 500');
  });

  it('tells all faults at once', () => {
    const faults = faultsOf(
      GOOD.replace('velocity="2"', '').replace('radius="0.05"', 'radius="0"').replace('"0 0 1"', '"0 0 2"'),
    );
    expect(faults).toHaveLength(3);
    for (const fault of faults) expect(fault).toMatch(/^urdf: .+: .+; .+/);
  });
});

describe('SRDF', () => {
  const srdf = (body: string): string => `<robot name="one">${body}</robot>`;

  it('is read with groups, states and pairs', () => {
    const result = parseSrdf(
      srdf(`<group name="manipulator"><chain base_link="base" tip_link="tip"/></group>
        <group_state name="home" group="manipulator"><joint name="turn" value="0.5"/></group_state>
        <disable_collisions link1="base" link2="tip" reason="Adjacent"/>`),
    );
    if (result.status !== 'parsed') throw new Error('refused');
    expect(result.model.groups[0].chains).toEqual([{ baseLink: 'base', tipLink: 'tip' }]);
    expect(result.model.states[0].values.get('turn')).toBe(0.5);
    expect(result.model.disabledPairs).toHaveLength(1);
  });

  it.each([
    ['a state without a name', '<group_state group="g"/>', 'attribute name'],
    [
      'a value that is no number',
      '<group_state name="s" group="g"><joint name="j" value="up"/></group_state>',
      'up',
    ],
    ['a pair with one link', '<disable_collisions link1="a"/>', 'link2'],
    [
      'a state given twice',
      '<group_state name="s" group="g"/><group_state name="s" group="g"/>',
      'used twice',
    ],
  ])('refuses %s', (_what, body, part) => {
    const result = parseSrdf(srdf(body));
    if (result.status !== 'refused') throw new Error('parsed');
    expect(result.faults.map(describeFault).join('\n')).toContain(part);
  });
});
