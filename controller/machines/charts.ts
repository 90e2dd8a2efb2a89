import type { AnyStateMachine } from 'xstate';

/** Draws a machine from the machine itself, for docs/state-charts.md; a test fails when that file is stale. */

type Node = AnyStateMachine['root'];
type Transition = Node['on'][string][number];

/** A chart with the words that introduce it. */
export interface ChartSection {
  readonly title: string;
  readonly text: string;
  readonly machine: AnyStateMachine;
}

/** The whole page: for each machine a Mermaid state diagram and a table of every event in every state. */
export function drawCharts(intro: string, sections: readonly ChartSection[]): string {
  const parts = sections.map((section) =>
    [
      `## ${section.title}`,
      section.text,
      '```mermaid\n' + drawDiagram(section.machine) + '\n```',
      drawTable(section.machine),
    ].join('\n\n'),
  );
  return [`# State charts`, intro, ...parts].join('\n\n') + '\n';
}

/** A Mermaid `stateDiagram-v2`. Events with the same source and target share an arrow. */
export function drawDiagram(machine: AnyStateMachine): string {
  const lines = ['stateDiagram-v2'];
  drawChildren(machine.root, '  ', lines);
  return lines.join('\n');
}

function drawChildren(node: Node, indent: string, lines: string[]): void {
  if (node.initial !== undefined) {
    for (const target of node.initial.target ?? []) lines.push(`${indent}[*] --> ${nameOf(target)}`);
  }
  for (const child of childrenOf(node)) {
    if (childrenOf(child).length > 0) {
      lines.push(`${indent}state ${nameOf(child)} {`);
      drawChildren(child, `${indent}  `, lines);
      lines.push(`${indent}}`);
    }
    const arrows = new Map<string, string[]>();
    for (const each of transitionsOf(child)) {
      if (isIgnored(each)) continue;
      for (const target of targetsOf(each)) {
        const key = `${nameOf(child)} --> ${target}`;
        arrows.set(key, [...(arrows.get(key) ?? []), labelOf(each)]);
      }
    }
    for (const [arrow, labels] of arrows) lines.push(`${indent}${arrow} : ${labels.join(', ')}`);
    if (child.type === 'final') lines.push(`${indent}${nameOf(child)} --> [*]`);
  }
}

/**
 * Rows are states, columns events. `-` stands for refused; `ignored` for an event that is known to come in this
 * state and changes nothing.
 */
function drawTable(machine: AnyStateMachine): string {
  // Not `machine.events`: that leaves out events which are only ever ignored.
  const events = [...new Set(allNodes(machine.root).flatMap((node) => [...node.transitions.keys()]))];
  const states = leavesOf(machine.root);
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['in state', 'effects on entering', ...events.map((type) => `\`${type}\``)]),
    row(Array.from({ length: events.length + 2 }, () => '---')),
    ...states.map((node) =>
      row([
        `**${nameOf(node)}**${node.type === 'final' ? ' (final)' : ''}`,
        effectNames(node.entry).join(', '),
        ...events.map((type) => cellOf(node, type)),
      ]),
    ),
  ].join('\n');
}

function cellOf(node: Node, type: string): string {
  const taken: Transition[] = [];
  for (let at: Node | undefined = node; at !== undefined && taken.length === 0; at = at.parent) {
    taken.push(...(at.transitions.get(type) ?? []));
  }
  if (taken.length === 0) return '-';
  return taken
    .map((each) => {
      const guard = guardName(each);
      const effects = effectNames(each.actions);
      const what = isIgnored(each) ? 'ignored' : `→ ${targetsOf(each).join(', ')}`;
      return [what, guard === null ? '' : `if ${guard}`, effects.length > 0 ? `(${effects.join(', ')})` : '']
        .filter((text) => text !== '')
        .join(' ');
    })
    .join('; ');
}

function childrenOf(node: Node): readonly Node[] {
  return Object.values(node.states as Record<string, Node>);
}

function leavesOf(node: Node): readonly Node[] {
  const children = childrenOf(node);
  return children.length === 0 ? [node] : children.flatMap(leavesOf);
}

function allNodes(node: Node): readonly Node[] {
  return [node, ...childrenOf(node).flatMap(allNodes)];
}

function transitionsOf(node: Node): readonly Transition[] {
  return [...node.transitions.values()].flat();
}

function targetsOf(each: Transition): readonly string[] {
  return (each.target ?? [each.source]).map(nameOf);
}

function isIgnored(each: Transition): boolean {
  return each.target === undefined && each.actions.length === 0;
}

function labelOf(each: Transition): string {
  const guard = guardName(each);
  return guard === null ? each.eventType : `${each.eventType} [${guard}]`;
}

function guardName(each: Transition): string | null {
  const guard: unknown = each.guard;
  if (guard === undefined) return null;
  return nameOfPart(guard);
}

/** The names that leave the machine; changes of the context (named `note...`, or not named) stay inside. */
function effectNames(actions: readonly unknown[]): readonly string[] {
  return actions
    .filter((action) => typeof action !== 'function')
    .map(nameOfPart)
    .filter((name) => !name.startsWith('note'));
}

function nameOfPart(part: unknown): string {
  if (typeof part === 'string') return part;
  if (typeof part === 'object' && part !== null && 'type' in part) return String(part.type);
  throw new Error('every guard of a machine has a name');
}

/** Mermaid takes letters, digits and underscores. */
function nameOf(node: Node): string {
  return node.path.join('_');
}
