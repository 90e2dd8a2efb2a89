import type { FaultList } from './fault.ts';

interface TreeLink {
  readonly name: string;
}

interface TreeJoint {
  readonly name: string;
  readonly parent: string;
  readonly child: string;
}

/** A fault for every name that is used twice. */
export function reportRepeats(
  what: 'link' | 'joint',
  named: readonly { readonly name: string }[],
  faults: FaultList,
): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) faults.add(`${what} '${name}'`, name, 'the name is used twice', 'rename one of them');
    seen.add(name);
  }
}

/** Every link but one has exactly one parent, and all hang on that one. Returns its name, or null with faults. */
export function findRoot(
  links: readonly TreeLink[],
  joints: readonly TreeJoint[],
  faults: FaultList,
): string | null {
  if (links.length === 0) {
    faults.add('robot', null, 'has no links', 'describe the links of the arm');
    return null;
  }
  const known = new Set(links.map((link) => link.name));
  const parentJoint = new Map<string, TreeJoint>();
  for (const joint of joints) {
    for (const [role, link] of [
      ['parent', joint.parent],
      ['child', joint.child],
    ] as const) {
      if (link !== '' && !known.has(link)) {
        faults.add(
          `joint '${joint.name}' ${role}`,
          link,
          `the ${role} link does not exist`,
          `add <link name="${link}"/> or correct the name`,
        );
      }
    }
    const other = parentJoint.get(joint.child);
    if (other !== undefined) {
      faults.add(
        `link '${joint.child}'`,
        `joints '${other.name}' and '${joint.name}'`,
        'has two parent joints',
        'a description is a tree: let each link be the child of one joint (closed loops are not supported)',
      );
    } else parentJoint.set(joint.child, joint);
  }
  const roots = links.filter((link) => !parentJoint.has(link.name));
  if (roots.length > 1) {
    faults.add(
      'robot',
      roots.map((link) => link.name).join(', '),
      'several root links',
      'connect them with joints, or remove links that hang on nothing',
    );
    return null;
  }
  for (const link of links) {
    const visited = new Set<string>();
    for (let at = link.name; parentJoint.has(at); at = parentJoint.get(at)!.parent) {
      if (visited.has(at)) {
        faults.add(
          `link '${link.name}'`,
          [...visited].join(' -> '),
          'the joints form a cycle',
          'a description is a tree: remove the joint that closes the loop',
        );
        return null;
      }
      visited.add(at);
    }
  }
  return roots[0]?.name ?? null;
}
