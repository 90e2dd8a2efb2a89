import { assign, setup } from 'xstate';
import { createStepper } from './stepper.ts';
import type { MachineState } from './stepper.ts';

/** How long silence is borne; every link states its own, from its protocol. */
export interface ConnectionTimeouts {
  /** From the attempt to the first sign of life, us. */
  readonly connectUs: number;
  /** From the last sign of life until what was heard counts as old, us. */
  readonly staleUs: number;
  /** From stale until the other side counts as lost, us. */
  readonly lostUs: number;
}

export type ConnectionEvent =
  /** We begin to try. */
  | { readonly type: 'CONNECT'; readonly nowUs: number }
  /** The other side spoke: its first words, a sample, a heartbeat. */
  | { readonly type: 'HEARD'; readonly nowUs: number }
  /** The transport says that the link is gone (closed socket, last will). */
  | { readonly type: 'CLOSED'; readonly nowUs: number; readonly reason: string }
  /** We end it ourselves. */
  | { readonly type: 'DISCONNECT'; readonly nowUs: number }
  /** Time passed; deadlines are looked at here and nowhere else. */
  | { readonly type: 'TICK'; readonly nowUs: number };

export interface ConnectionContext {
  readonly timeouts: ConnectionTimeouts;
  /** Instant at which the next TICK changes something; null: none does. */
  readonly deadlineUs: number | null;
  /** Last sign of life, us; null: none since the attempt began. */
  readonly heardUs: number | null;
  /** Why it was lost, in words; null while it is not. */
  readonly lostBecause: string | null;
}

const seconds = (us: number): string => `${us / 1_000_000} s`;

/**
 * A link to something that may fall silent: an arm, the cell's surroundings, a broker. STALE is a warning, LOST a
 * decision: the other side may still be alive and moving, so whoever interprets `announceLost` frees nothing.
 */
export const connectionMachine = setup({
  types: {} as {
    context: ConnectionContext;
    events: ConnectionEvent;
    input: ConnectionTimeouts;
  },
  guards: {
    deadlinePassed: ({ context, event }) => context.deadlineUs !== null && event.nowUs >= context.deadlineUs,
  },
  actions: {
    noteAttempt: assign(({ context, event }) => ({
      deadlineUs: event.nowUs + context.timeouts.connectUs,
      heardUs: null,
      lostBecause: null,
    })),
    noteHeard: assign(({ context, event }) => ({
      deadlineUs: event.nowUs + context.timeouts.staleUs,
      heardUs: event.nowUs,
      lostBecause: null,
    })),
    // Counted from the last sign of life, not from the tick, which may come late.
    noteStale: assign(({ context, event }) => ({
      deadlineUs: (context.heardUs ?? event.nowUs) + context.timeouts.staleUs + context.timeouts.lostUs,
    })),
    noteNoAnswer: assign(({ context }) => ({
      deadlineUs: null,
      lostBecause: `no answer within ${seconds(context.timeouts.connectUs)}`,
    })),
    noteSilent: assign(({ context }) => ({
      deadlineUs: null,
      lostBecause: `silent for ${seconds(context.timeouts.staleUs + context.timeouts.lostUs)}`,
    })),
    noteClosed: assign(({ event }) => ({
      deadlineUs: null,
      lostBecause: event.type === 'CLOSED' ? event.reason : null,
    })),
    noteEnded: assign({ deadlineUs: null, heardUs: null, lostBecause: null }),
    announceConnected: () => undefined,
    announceStale: () => undefined,
    announceLost: () => undefined,
    announceDisconnected: () => undefined,
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({ timeouts: input, deadlineUs: null, heardUs: null, lostBecause: null }),
  initial: 'disconnected',
  states: {
    disconnected: {
      on: {
        CONNECT: { target: 'connecting', actions: 'noteAttempt' },
        // What was under way when we ended it may still trickle in.
        HEARD: {},
        CLOSED: {},
        DISCONNECT: {},
        TICK: {},
      },
    },
    connecting: {
      on: {
        CONNECT: {},
        HEARD: { target: 'connected', actions: ['noteHeard', 'announceConnected'] },
        CLOSED: { target: 'lost', actions: ['noteClosed', 'announceLost'] },
        DISCONNECT: { target: 'disconnected', actions: ['noteEnded', 'announceDisconnected'] },
        TICK: [
          { guard: 'deadlinePassed', target: 'lost', actions: ['noteNoAnswer', 'announceLost'] },
          { actions: [] },
        ],
      },
    },
    connected: {
      on: {
        CONNECT: {},
        HEARD: { actions: 'noteHeard' },
        CLOSED: { target: 'lost', actions: ['noteClosed', 'announceLost'] },
        DISCONNECT: { target: 'disconnected', actions: ['noteEnded', 'announceDisconnected'] },
        TICK: [
          { guard: 'deadlinePassed', target: 'stale', actions: ['noteStale', 'announceStale'] },
          { actions: [] },
        ],
      },
    },
    stale: {
      on: {
        CONNECT: {},
        HEARD: { target: 'connected', actions: ['noteHeard', 'announceConnected'] },
        CLOSED: { target: 'lost', actions: ['noteClosed', 'announceLost'] },
        DISCONNECT: { target: 'disconnected', actions: ['noteEnded', 'announceDisconnected'] },
        TICK: [
          { guard: 'deadlinePassed', target: 'lost', actions: ['noteSilent', 'announceLost'] },
          { actions: [] },
        ],
      },
    },
    lost: {
      on: {
        CONNECT: { target: 'connecting', actions: 'noteAttempt' },
        // It is back by itself.
        HEARD: { target: 'connected', actions: ['noteHeard', 'announceConnected'] },
        CLOSED: {},
        DISCONNECT: { target: 'disconnected', actions: ['noteEnded', 'announceDisconnected'] },
        TICK: {},
      },
    },
  },
});

export type ConnectionMachineState = MachineState<typeof connectionMachine>;
export const connectionStepper = createStepper(connectionMachine);
