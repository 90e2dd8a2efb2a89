import { FaultList } from './fault.ts';
import type { ModelFault } from './fault.ts';
import { childrenNamed, plainNumber, readXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** A named group of joints, given as chains or as single joints. */
interface SrdfGroup {
  readonly name: string;
  readonly chains: readonly { readonly baseLink: string; readonly tipLink: string }[];
}

interface SrdfGroupState {
  readonly name: string;
  readonly group: string;
  /** Joint values by joint name; rad, m for prismatic joints. */
  readonly values: ReadonlyMap<string, number>;
}

/** What is read of a semantic description (http://wiki.ros.org/srdf): groups, states, pairs not to check. */
export interface SrdfModel {
  readonly groups: readonly SrdfGroup[];
  readonly states: readonly SrdfGroupState[];
  readonly disabledPairs: readonly {
    readonly link1: string;
    readonly link2: string;
    readonly reason: string;
  }[];
}

export type SrdfResult =
  | { readonly status: 'parsed'; readonly model: SrdfModel }
  | { readonly status: 'refused'; readonly faults: readonly ModelFault[] };

const ELEMENTS_MAX = 10_000;

/**
 * Parses SRDF text. Whether the names exist in the arm is checked where both are known (`loadManipulator`). All
 * faults of the document come together.
 */
export function parseSrdf(text: string): SrdfResult {
  const faults = new FaultList('srdf');
  const root = readXml(text, 'robot', faults);
  if (root === null) return { status: 'refused', faults: faults.faults };
  if (root.children.length > ELEMENTS_MAX) {
    faults.add(
      'robot',
      `${root.children.length} elements`,
      `more than ${ELEMENTS_MAX}`,
      'describe one arm per file',
    );
    return { status: 'refused', faults: faults.faults };
  }
  const attribute = (element: XmlElement, name: string, path: string): string => {
    const value = element.attributes.get(name)?.trim() ?? '';
    if (value === '') faults.add(path, null, `the attribute ${name} is missing`, `add ${name}="..."`);
    return value;
  };
  const groups = childrenNamed(root, 'group').map((element, index): SrdfGroup => {
    const path = `group ${index + 1}`;
    return {
      name: attribute(element, 'name', path),
      chains: childrenNamed(element, 'chain').map((chain) => ({
        baseLink: attribute(chain, 'base_link', `${path} chain`),
        tipLink: attribute(chain, 'tip_link', `${path} chain`),
      })),
    };
  });
  const states = childrenNamed(root, 'group_state').map((element, index): SrdfGroupState => {
    const name = attribute(element, 'name', `group_state ${index + 1}`);
    const path = `group_state '${name}'`;
    const values = new Map<string, number>();
    for (const joint of childrenNamed(element, 'joint')) {
      const jointName = attribute(joint, 'name', `${path} joint`);
      const text = attribute(joint, 'value', `${path} joint '${jointName}'`);
      const value = plainNumber(text);
      if (value === null && text !== '') {
        faults.add(
          `${path} joint '${jointName}'`,
          text,
          'must be one finite number',
          'write the position in rad (m for a prismatic joint)',
        );
      }
      if (value !== null) values.set(jointName, value);
    }
    return { name, group: attribute(element, 'group', path), values };
  });
  const disabledPairs = childrenNamed(root, 'disable_collisions').map((element, index) => {
    const path = `disable_collisions ${index + 1}`;
    return {
      link1: attribute(element, 'link1', path),
      link2: attribute(element, 'link2', path),
      reason: element.attributes.get('reason') ?? '',
    };
  });
  const seen = new Set<string>();
  for (const state of states) {
    if (seen.has(state.name)) {
      faults.add(`group_state '${state.name}'`, state.name, 'the name is used twice', 'rename one of them');
    }
    seen.add(state.name);
  }
  if (faults.faults.length > 0) return { status: 'refused', faults: faults.faults };
  return { status: 'parsed', model: { groups, states, disabledPairs } };
}
