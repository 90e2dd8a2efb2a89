import { assign, setup } from 'xstate';
import type { HandshakeProfile } from '../../controller/domain/plc-map.ts';
import { createStepper } from '../../controller/machines/stepper.ts';
import type { MachineState, Stepper } from '../../controller/machines/stepper.ts';

/** What can be wrong with the other side of a handshake. */
export type HandshakeFaultCode =
  | 'no-answer'
  | 'no-done'
  | 'busy-dropped'
  | 'sequence-wrong'
  | 'done-and-busy'
  | 'done-and-fault'
  | 'signals-stuck'
  | 'signals-unasked';

export interface HandshakeTimeouts {
  readonly busyUs: number;
  readonly doneUs: number;
  readonly clearUs: number;
}

export interface HandshakeContext {
  readonly timeouts: HandshakeTimeouts;
  /** Number of the request under way, or of the last one. */
  readonly sequence: number;
  /** Instant at which a TICK gives up waiting, us; null: no wait. */
  readonly deadlineUs: number | null;
  /** What was seen of the request so far that is no answer; it tells why the answer is missing. */
  readonly seen: 'nothing' | 'another' | 'done-and-busy';
}

interface Signals {
  readonly type: 'SIGNALS';
  readonly busy: boolean;
  readonly done: boolean;
  readonly fault: boolean;
  /** Number of the request that the signals are about. */
  readonly sequence: number;
  readonly nowUs: number;
}

export type HandshakeEvent =
  | { readonly type: 'REQUEST'; readonly sequence: number; readonly nowUs: number }
  /** What the PLC says, whenever it is looked at and is to be believed. */
  | Signals
  | { readonly type: 'TICK'; readonly nowUs: number };

const isLow = ({ busy, done, fault }: Signals): boolean => !busy && !done && !fault;

function seenIn(context: HandshakeContext, event: HandshakeEvent): HandshakeContext['seen'] {
  if (event.type !== 'SIGNALS' || isLow(event)) return 'nothing';
  if (event.sequence !== context.sequence) return 'another';
  return event.done && event.busy ? 'done-and-busy' : 'nothing';
}

const base = setup({
  types: {} as { context: HandshakeContext; events: HandshakeEvent; input: HandshakeTimeouts },
  guards: {
    deadlinePassed: ({ context, event }) => context.deadlineUs !== null && event.nowUs >= context.deadlineUs,
    allLow: ({ event }) => event.type === 'SIGNALS' && isLow(event),
    deadlinePassedOnAnother: ({ context, event }) =>
      context.seen === 'another' && context.deadlineUs !== null && event.nowUs >= context.deadlineUs,
    deadlinePassedOnBoth: ({ context, event }) =>
      context.seen === 'done-and-busy' && context.deadlineUs !== null && event.nowUs >= context.deadlineUs,
    contradicts: ({ context, event }) =>
      event.type === 'SIGNALS' && event.sequence === context.sequence && event.done && event.fault,
    faultOfThis: ({ context, event }) =>
      event.type === 'SIGNALS' && event.sequence === context.sequence && event.fault,
    doneOfThis: ({ context, event }) =>
      event.type === 'SIGNALS' && event.sequence === context.sequence && event.done && !event.busy,
    busyOfThis: ({ context, event }) =>
      event.type === 'SIGNALS' && event.sequence === context.sequence && event.busy,
    droppedThis: ({ context, event }) =>
      event.type === 'SIGNALS' && event.sequence === context.sequence && isLow(event),
    anotherSequence: ({ context, event }) => event.type === 'SIGNALS' && event.sequence !== context.sequence,
  },
  actions: {
    noteRequest: assign(({ context, event }) => ({
      sequence: event.type === 'REQUEST' ? event.sequence : context.sequence,
      deadlineUs: event.nowUs + context.timeouts.busyUs,
      seen: 'nothing' as const,
    })),
    noteSeen: assign(({ context, event }) => ({ seen: seenIn(context, event) })),
    noteBusy: assign(({ context, event }) => ({
      deadlineUs: event.nowUs + context.timeouts.doneUs,
      seen: seenIn(context, event),
    })),
    noteEnd: assign(({ context, event }) => ({ deadlineUs: event.nowUs + context.timeouts.clearUs })),
    noteRest: assign({ deadlineUs: null }),
    /** The request signal goes up, with number and parameters. */
    raiseRequest: () => undefined,
    dropRequest: () => undefined,
    answerDone: () => undefined,
    answerFault: () => undefined,
    violated: (_, _params: { readonly code: HandshakeFaultCode }) => undefined,
  },
});

const broken = (code: HandshakeFaultCode) =>
  ({
    target: 'broken',
    actions: [{ type: 'violated', params: { code } }],
  }) as const;

/**
 * Profile `level`, the controller's side. Request stands until done or fault was seen; then the PLC takes its signals
 * back, and both are at rest. `broken` is left when the PLC is at rest again.
 */
export const levelHandshake = base.createMachine({
  id: 'handshake-level',
  context: ({ input }) => ({ timeouts: input, sequence: 0, deadlineUs: null, seen: 'nothing' }),
  initial: 'settling',
  states: {
    // What is up when the controller begins may be the end of a request that it does not remember.
    settling: { on: { SIGNALS: [{ guard: 'allLow', target: 'rest' }, { actions: [] }], TICK: {} } },
    rest: {
      entry: 'noteRest',
      on: {
        REQUEST: { target: 'requested', actions: ['noteRequest', 'raiseRequest'] },
        SIGNALS: [{ guard: 'allLow', actions: [] }, broken('signals-unasked')],
        TICK: {},
      },
    },
    requested: {
      on: {
        SIGNALS: [
          { guard: 'contradicts', ...broken('done-and-fault') },
          { guard: 'faultOfThis', target: 'releasing', actions: ['noteEnd', 'dropRequest', 'answerFault'] },
          { guard: 'doneOfThis', target: 'releasing', actions: ['noteEnd', 'dropRequest', 'answerDone'] },
          { guard: 'busyOfThis', target: 'working', actions: 'noteBusy' },
          // Numbers and signals may come in messages of their own: what is wrong for good shows at the deadline.
          { actions: 'noteSeen' },
        ],
        TICK: [
          { guard: 'deadlinePassedOnAnother', ...broken('sequence-wrong') },
          { guard: 'deadlinePassed', ...broken('no-answer') },
          { actions: [] },
        ],
      },
    },
    working: {
      on: {
        SIGNALS: [
          { guard: 'contradicts', ...broken('done-and-fault') },
          { guard: 'faultOfThis', target: 'releasing', actions: ['noteEnd', 'dropRequest', 'answerFault'] },
          { guard: 'doneOfThis', target: 'releasing', actions: ['noteEnd', 'dropRequest', 'answerDone'] },
          { guard: 'allLow', ...broken('busy-dropped') },
          { actions: 'noteSeen' },
        ],
        TICK: [
          { guard: 'deadlinePassedOnAnother', ...broken('sequence-wrong') },
          { guard: 'deadlinePassedOnBoth', ...broken('done-and-busy') },
          { guard: 'deadlinePassed', ...broken('no-done') },
          { actions: [] },
        ],
      },
    },
    releasing: {
      on: {
        SIGNALS: [{ guard: 'allLow', target: 'rest' }, { actions: [] }],
        TICK: [{ guard: 'deadlinePassed', ...broken('signals-stuck') }, { actions: [] }],
      },
    },
    broken: {
      entry: ['noteRest', 'dropRequest'],
      on: { SIGNALS: [{ guard: 'allLow', target: 'rest' }, { actions: [] }], TICK: {} },
    },
  },
});

/**
 * Profile `edge`, the controller's side. A new number is the request; done or fault under the same number is the
 * answer, and may stand until the next one.
 */
export const edgeHandshake = base.createMachine({
  id: 'handshake-edge',
  context: ({ input }) => ({ timeouts: input, sequence: 0, deadlineUs: null, seen: 'nothing' }),
  initial: 'settling',
  states: {
    settling: { on: { SIGNALS: { target: 'rest' }, TICK: {} } },
    rest: {
      entry: 'noteRest',
      on: {
        REQUEST: { target: 'requested', actions: ['noteRequest', 'raiseRequest'] },
        SIGNALS: {},
        TICK: {},
      },
    },
    requested: {
      on: {
        SIGNALS: [
          { guard: 'contradicts', ...broken('done-and-fault') },
          { guard: 'faultOfThis', target: 'rest', actions: 'answerFault' },
          { guard: 'doneOfThis', target: 'rest', actions: 'answerDone' },
          { guard: 'busyOfThis', target: 'working', actions: 'noteBusy' },
          { actions: [] },
        ],
        TICK: [{ guard: 'deadlinePassed', ...broken('no-answer') }, { actions: [] }],
      },
    },
    working: {
      on: {
        SIGNALS: [
          { guard: 'contradicts', ...broken('done-and-fault') },
          { guard: 'faultOfThis', target: 'rest', actions: 'answerFault' },
          { guard: 'doneOfThis', target: 'rest', actions: 'answerDone' },
          { guard: 'anotherSequence', ...broken('sequence-wrong') },
          { guard: 'droppedThis', ...broken('busy-dropped') },
          { actions: 'noteSeen' },
        ],
        TICK: [
          { guard: 'deadlinePassedOnBoth', ...broken('done-and-busy') },
          { guard: 'deadlinePassed', ...broken('no-done') },
          { actions: [] },
        ],
      },
    },
    broken: {
      entry: ['noteRest', 'dropRequest'],
      on: { SIGNALS: { target: 'rest' }, TICK: {} },
    },
  },
});

export type HandshakeMachineState = MachineState<typeof levelHandshake>;

const level = createStepper(levelHandshake);
const edge = createStepper(edgeHandshake);

/** Both profiles take the same events and give the same effects. */
export function handshakeStepper(profile: HandshakeProfile): Stepper<typeof levelHandshake> {
  return profile === 'level' ? level : (edge as unknown as typeof level);
}
