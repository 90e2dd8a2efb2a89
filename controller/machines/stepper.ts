import { createActor, createMachine, initialTransition } from 'xstate';
import type {
  AnyActorScope,
  AnyStateMachine,
  ContextFrom,
  EventFromLogic,
  InputFrom,
  StateMachine,
  StateValueFrom,
} from 'xstate';

/**
 * Steps an XState machine as plain data: what goes in is what the journal's snapshot holds, what comes out is the
 * next state and the named effects that the core interprets. No actor runs, so nothing happens by itself and
 * nothing is lost when a state is stored and read back.
 */

/** A machine's state as plain data, fit for `structuredClone` and JSON. */
export interface MachineState<TMachine extends AnyStateMachine> {
  readonly value: StateValueFrom<TMachine>;
  readonly context: ContextFrom<TMachine>;
}

/**
 * The named actions of a machine's `setup()`, each with its parameters, as data. Names that begin with `note` are
 * by convention changes of the context (`assign`), which never leave the machine.
 */
export type MachineEffect<TMachine extends AnyStateMachine> =
  TMachine extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer _Actor,
    infer TAction,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer _Output,
    infer _Emitted,
    infer _Meta,
    infer _Schema,
    infer _TransitionMeta
  >
    ? Exclude<TAction, { type: `note${string}` }>
    : never;

/**
 * `handled`: a transition or an action answered the event. `ignored`: the machine names the event in this state and
 * says that nothing happens. `refused`: the machine does not take the event in this state.
 */
export type EventOutcome = 'handled' | 'ignored' | 'refused';

interface MachineStep<TMachine extends AnyStateMachine> {
  readonly state: MachineState<TMachine>;
  /** In the order in which the machine names them: exit, transition, entry. */
  readonly effects: readonly MachineEffect<TMachine>[];
  readonly outcome: EventOutcome;
}

export interface Stepper<TMachine extends AnyStateMachine> {
  readonly machine: TMachine;
  /** The initial state, with the effects of entering it. */
  start(...input: StartInput<TMachine>): MachineStep<TMachine>;
  /** The state after an event. An event that is not handled gives back the very same state and no effects. */
  step(state: MachineState<TMachine>, event: EventFromLogic<TMachine>): MachineStep<TMachine>;
  /** What would become of an event, without taking it. */
  outcomeOf(state: MachineState<TMachine>, event: EventFromLogic<TMachine>): EventOutcome;
}

type StartInput<TMachine extends AnyStateMachine> =
  undefined extends InputFrom<TMachine> ? [input?: InputFrom<TMachine>] : [input: InputFrom<TMachine>];

interface Action {
  readonly type: string;
  readonly params?: unknown;
}

const banned = (what: string) => () => {
  throw new Error(`machines of the core must not ${what}: it would not survive a restart`);
};

/**
 * The surroundings of a pure transition. XState's own `transition()` makes an actor and a system for every call,
 * which costs five times the transition itself; nothing in them is used by machines without children.
 */
const INERT: AnyActorScope = (() => {
  const self = createActor(createMachine({}));
  return {
    self,
    system: self.system,
    id: 'inert',
    sessionId: 'inert',
    logger: banned('log'),
    defer: banned('defer'),
    emit: banned('emit'),
    stopChild: banned('have children'),
    actionExecutor: banned('act'),
  };
})();

/**
 * @throws when the machine uses what must not be used in the core (delays, children, messages to others), or is in
 * an error state: both are bugs of the machine.
 */
export function createStepper<TMachine extends AnyStateMachine>(machine: TMachine): Stepper<TMachine> {
  const restore = (state: MachineState<TMachine>) =>
    machine.resolveState({ value: state.value as never, context: state.context as never });

  const outcomeIn = (snapshot: ReturnType<typeof restore>, event: EventFromLogic<TMachine>): EventOutcome => {
    const taken = machine.getTransitionData(snapshot, event as never);
    if (taken.length === 0) return 'refused';
    return taken.some((each) => each.target !== undefined || each.actions.length > 0) ? 'handled' : 'ignored';
  };

  return {
    machine,
    start(...input) {
      const [snapshot, actions] = initialTransition(machine as AnyStateMachine, input[0]);
      return { state: plain(snapshot), effects: effectsOf(machine, actions), outcome: 'handled' };
    },
    step(state, event) {
      const before = restore(state);
      const outcome = outcomeIn(before, event);
      if (outcome !== 'handled') return { state, effects: [], outcome };
      const actions: Action[] = [];
      const after = machine.transition(before, event as never, {
        ...INERT,
        actionExecutor: (a) => actions.push(a),
      });
      return { state: plain(after), effects: effectsOf(machine, actions), outcome };
    },
    outcomeOf: (state, event) => outcomeIn(restore(state), event),
  };

  function plain(snapshot: {
    status: string;
    value: unknown;
    context: unknown;
    error: unknown;
  }): MachineState<TMachine> {
    if (snapshot.status === 'error') throw snapshot.error;
    return {
      value: snapshot.value as StateValueFrom<TMachine>,
      context: snapshot.context as ContextFrom<TMachine>,
    };
  }
}

function effectsOf<TMachine extends AnyStateMachine>(
  machine: TMachine,
  actions: readonly Action[],
): readonly MachineEffect<TMachine>[] {
  return actions.map((action) => {
    // XState's own side effects would need an actor to run them; here they would be silently dropped.
    if (action.type.startsWith('xstate.') || !(action.type in machine.implementations.actions)) {
      throw new Error(`machine ${machine.id}: action ${action.type} is not a named action of its setup()`);
    }
    return { type: action.type, params: action.params } as MachineEffect<TMachine>;
  });
}
