import { assign, setup } from 'xstate';
import type { UnitWhereabouts } from '../domain/exception.ts';

/** Where the task's one unit is, as far as the controller knows; see `UnitWhereabouts`. */
export type UnitAt = UnitWhereabouts['at'];

/** What can happen to a task. Each moves exactly one unit, so nothing here is a matter of counts. */
export type TaskEvent =
  | { readonly type: 'ASSIGNED' }
  /** The arm gave it back before it had the unit. */
  | { readonly type: 'UNASSIGNED' }
  | { readonly type: 'GRASPED' }
  /** The tool let go of it. A cancellation that came while it did so came too late. */
  | { readonly type: 'PLACED'; readonly at: 'source' | 'destination' }
  /** A person has to answer; `unitAt` says where the unit is then. */
  | { readonly type: 'ASK'; readonly unitAt: UnitAt }
  /** The controller or the arm was away: what became of the unit has to be found out. */
  | { readonly type: 'DOUBT' }
  | { readonly type: 'SETTLED'; readonly unitAt: 'source' | 'tool' | 'destination' }
  | { readonly type: 'CANCEL' }
  /** A person's answers. */
  | { readonly type: 'RETRY' }
  | { readonly type: 'DONE_BY_HAND' }
  | { readonly type: 'NOT_DONE' }
  | { readonly type: 'GIVE_UP' };

export const TASK_STATES = [
  'waiting',
  'assigned',
  'carrying',
  'returning',
  'asking',
  'inDoubt',
  'done',
  'cancelled',
  'excepted',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export interface TaskContext {
  readonly unitAt: UnitAt;
  /** Cancelled while its unit was in a tool or in doubt: whatever comes next leads to `cancelled`. */
  readonly cancelling: boolean;
}

/** The life of a task: one unit from a source to a destination, exactly once. */
export const taskMachine = setup({
  types: { context: {} as TaskContext, events: {} as TaskEvent },
  guards: {
    unitInTool: ({ context }) => context.unitAt === 'tool',
    unitAtSource: ({ context }) => context.unitAt === 'source',
    cancelling: ({ context }) => context.cancelling,
    unitAtSourceAndCancelling: ({ context }) => context.unitAt === 'source' && context.cancelling,
    unitInToolAndCancelling: ({ context }) => context.unitAt === 'tool' && context.cancelling,
    placedAtDestination: ({ event }) => event.type === 'PLACED' && event.at === 'destination',
    settledAtSource: ({ event }) => event.type === 'SETTLED' && event.unitAt === 'source',
    settledAtSourceAndCancelling: ({ context, event }) =>
      context.cancelling && event.type === 'SETTLED' && event.unitAt === 'source',
    settledInToolAndCancelling: ({ context, event }) =>
      context.cancelling && event.type === 'SETTLED' && event.unitAt === 'tool',
    settledInTool: ({ event }) => event.type === 'SETTLED' && event.unitAt === 'tool',
  },
  actions: {
    unitAtSource: assign({ unitAt: 'source' }),
    unitInTool: assign({ unitAt: 'tool' }),
    unitAtDestination: assign({ unitAt: 'destination' }),
    unitUnknown: assign({ unitAt: 'unknown' }),
    unitAsReported: assign(({ context, event }) => ({
      unitAt: event.type === 'ASK' ? event.unitAt : context.unitAt,
    })),
    cancelLater: assign({ cancelling: true }),
  },
}).createMachine({
  id: 'task',
  context: { unitAt: 'source', cancelling: false },
  initial: 'waiting',
  states: {
    waiting: {
      on: {
        ASSIGNED: { target: 'assigned' },
        CANCEL: { target: 'cancelled' },
        ASK: { target: 'asking', actions: 'unitAsReported' },
      },
    },
    assigned: {
      on: {
        UNASSIGNED: { target: 'waiting' },
        GRASPED: { target: 'carrying', actions: 'unitInTool' },
        CANCEL: { target: 'cancelled' },
        ASK: { target: 'asking', actions: 'unitAsReported' },
        DOUBT: { target: 'inDoubt', actions: 'unitUnknown' },
      },
    },
    carrying: {
      on: {
        PLACED: { target: 'done', actions: 'unitAtDestination' },
        CANCEL: { target: 'returning', actions: 'cancelLater' },
        ASK: { target: 'asking', actions: 'unitAsReported' },
        DOUBT: { target: 'inDoubt', actions: 'unitUnknown' },
      },
    },
    returning: {
      on: {
        PLACED: [
          { guard: 'placedAtDestination', target: 'done', actions: 'unitAtDestination' },
          { target: 'cancelled', actions: 'unitAtSource' },
        ],
        ASK: { target: 'asking', actions: 'unitAsReported' },
        DOUBT: { target: 'inDoubt', actions: 'unitUnknown' },
      },
    },
    asking: {
      on: {
        RETRY: [
          { guard: 'unitInToolAndCancelling', target: 'returning' },
          { guard: 'unitInTool', target: 'carrying' },
          { guard: 'cancelling', target: 'cancelled', actions: 'unitAtSource' },
          { target: 'waiting', actions: 'unitAtSource' },
        ],
        NOT_DONE: [
          { guard: 'cancelling', target: 'cancelled', actions: 'unitAtSource' },
          { target: 'waiting', actions: 'unitAtSource' },
        ],
        DONE_BY_HAND: { target: 'done', actions: 'unitAtDestination' },
        GIVE_UP: [{ guard: 'cancelling', target: 'cancelled' }, { target: 'excepted' }],
        CANCEL: [{ guard: 'unitAtSource', target: 'cancelled' }, { actions: 'cancelLater' }],
        DOUBT: { target: 'inDoubt', actions: 'unitUnknown' },
      },
    },
    inDoubt: {
      on: {
        SETTLED: [
          { guard: 'settledAtSourceAndCancelling', target: 'cancelled', actions: 'unitAtSource' },
          { guard: 'settledInToolAndCancelling', target: 'returning', actions: 'unitInTool' },
          { guard: 'settledAtSource', target: 'waiting', actions: 'unitAtSource' },
          { guard: 'settledInTool', target: 'carrying', actions: 'unitInTool' },
          { target: 'done', actions: 'unitAtDestination' },
        ],
        ASK: { target: 'asking', actions: 'unitAsReported' },
        CANCEL: { actions: 'cancelLater' },
      },
    },
    done: { type: 'final' },
    cancelled: { type: 'final' },
    excepted: { type: 'final' },
  },
});
