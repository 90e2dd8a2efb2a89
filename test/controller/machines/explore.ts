import { getAdjacencyMap } from 'xstate/graph';
import type { AnyStateMachine, EventFromLogic, InputFrom, StateValue } from 'xstate';
import { createStepper } from '../../../controller/machines/stepper.ts';
import type { EventOutcome, MachineState } from '../../../controller/machines/stepper.ts';

/** What to try on a machine. */
export interface ExploreOptions<TMachine extends AnyStateMachine> {
  readonly machine: TMachine;
  readonly input: InputFrom<TMachine>;
  /** Every event type at least once, and every variant on which a guard decides. */
  readonly events: readonly EventFromLogic<TMachine>[];
  /** The state to which every other one has to lead back; the initial one unless it is named. */
  readonly home?: string;
  /** Upper bound on configurations (state and context) tried; reaching it is an error, never a sample. */
  readonly configurationsMax: number;
}

export interface Exploration {
  /** Ids of all leaf states of the machine, and of those that were entered. */
  readonly states: readonly string[];
  readonly reached: ReadonlySet<string>;
  /** State value -> event type -> outcomes seen over all contexts and variants. */
  readonly outcomes: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<EventOutcome>>>;
  /** Transitions, as `source EVENT -> target [guard]`, that no exploration took. */
  readonly untaken: readonly string[];
  readonly tried: readonly string[];
  /** Event types named in the machine for which no example was given. */
  readonly untried: readonly string[];
  /** States that are not final and that no event leaves or changes. */
  readonly deadEnds: readonly string[];
  /** States from which neither a final state nor the initial one can be reached again. */
  readonly traps: readonly string[];
  readonly configurations: number;
}

const nameOf = (value: StateValue): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * Visits every configuration that the events can produce, by the library's own traversal, and tries every event in
 * every one of them through our stepper on plain data, which has to agree with the library.
 * @throws when an event makes the machine throw, when stepper and library disagree, or at the bound.
 */
export function explore<TMachine extends AnyStateMachine>(options: ExploreOptions<TMachine>): Exploration {
  const { machine, events } = options;
  const stepper = createStepper(machine);
  const map = getAdjacencyMap(machine, {
    events: [...events],
    input: options.input,
    serializeState: (snapshot: { value: unknown; context: unknown }) =>
      JSON.stringify([snapshot.value, snapshot.context]),
    limit: options.configurationsMax,
  } as never) as unknown as Record<
    string,
    {
      state: { value: StateValue; context: unknown; status: string };
      transitions: Record<
        string,
        { event: EventFromLogic<TMachine>; state: { value: StateValue; context: unknown } }
      >;
    }
  >;
  const configurations = Object.values(map);

  const outcomes = new Map<string, Map<string, Set<EventOutcome>>>();
  const reached = new Set<string>();
  const taken = new Set<unknown>();
  const next = new Map<string, Set<string>>();
  const finals = new Set<string>();
  for (const { state, transitions } of configurations) {
    const from = nameOf(state.value);
    // Through JSON, as a stored state would come back.
    const stored = JSON.parse(
      JSON.stringify({ value: state.value, context: state.context }),
    ) as MachineState<TMachine>;
    const snapshot = machine.resolveState(stored as never);
    for (const node of snapshot._nodes) reached.add(node.id);
    if (state.status === 'done') finals.add(from);
    const ofState = outcomes.get(from) ?? new Map<string, Set<EventOutcome>>();
    outcomes.set(from, ofState);
    const targets = next.get(from) ?? new Set<string>();
    next.set(from, targets);
    for (const event of events) {
      const result = stepper.step(stored, event);
      const ofEvent = ofState.get(event.type) ?? new Set<EventOutcome>();
      ofState.set(event.type, ofEvent.add(result.outcome));
      for (const each of machine.getTransitionData(snapshot, event as never)) taken.add(each);
      const to = nameOf(result.state.value as StateValue);
      targets.add(to);
      const library = Object.values(transitions).find((each) => each.event === event)?.state;
      if (library === undefined) {
        if (result.outcome === 'handled')
          throw new Error(`${machine.id}: ${from} ${event.type}: not traversed`);
      } else if (
        JSON.stringify([library.value, library.context]) !==
        JSON.stringify([result.state.value, result.state.context])
      ) {
        throw new Error(`${machine.id}: ${from} ${event.type}: stepper and library disagree`);
      }
    }
  }

  const all = [...nodesOf(machine)];
  const transitionsAll = all.flatMap((node) => [...node.transitions.values()].flat());
  const initial = nameOf((stepper.start(...([options.input] as never)).state as { value: StateValue }).value);
  const goals = finals.size > 0 ? finals : new Set([options.home ?? initial]);
  return {
    states: all.map((node) => node.id),
    reached,
    outcomes,
    untaken: transitionsAll.filter((each) => !taken.has(each)).map(describeTransition),
    tried: events.map((event) => event.type),
    // Not `machine.events`: that leaves out events which are only ever ignored.
    untried: [...new Set(all.flatMap((node) => [...node.transitions.keys()]))].filter(
      (type) => !events.some((event) => event.type === type),
    ),
    deadEnds: [...outcomes]
      .filter(
        ([state, seen]) => !finals.has(state) && ![...seen.values()].some((each) => each.has('handled')),
      )
      .map(([state]) => state),
    traps: [...next.keys()].filter((state) => !canReach(next, state, goals)),
    configurations: configurations.length,
  };
}

type Node = AnyStateMachine['root'];

function* nodesOf(machine: AnyStateMachine): Generator<Node> {
  const waiting: Node[] = [machine.root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node;
    waiting.push(...Object.values(node.states as Record<string, Node>));
  }
}

/** `arm LOST -> offline [guard]` */
function describeTransition(each: Node['on'][string][number]): string {
  const guard = each.guard === undefined ? '' : ` [${JSON.stringify(each.guard)}]`;
  return `${each.source.key} ${each.eventType} -> ${each.target?.map((node) => node.key).join() ?? '(stays)'}${guard}`;
}

function canReach(next: ReadonlyMap<string, Set<string>>, from: string, goals: ReadonlySet<string>): boolean {
  const seen = new Set([from]);
  const waiting = [from];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    if (goals.has(state)) return true;
    for (const to of next.get(state) ?? []) {
      if (!seen.has(to)) {
        seen.add(to);
        waiting.push(to);
      }
    }
  }
  return false;
}
