import { setup } from 'xstate';

/** What can happen to an arm, as its controller sees it. */
export type ArmMachineEvent =
  | { readonly type: 'CONNECTED' }
  | { readonly type: 'LOST' }
  /** The arm accepted this controller; it rests. `interrupted`: part-way along a motion that can be continued. */
  | { readonly type: 'CLAIMED'; readonly interrupted: boolean }
  | { readonly type: 'MOVE' }
  | { readonly type: 'ARRIVED' }
  | { readonly type: 'STOP' }
  | { readonly type: 'STOPPED' }
  | { readonly type: 'GRIP' }
  | { readonly type: 'GRIPPED' }
  | { readonly type: 'FAULT' }
  | { readonly type: 'FAULT_CLEARED' }
  /** A controller took over: ask the arm anew what is true. */
  | { readonly type: 'RECLAIM' };

export const ARM_STATES = [
  'offline',
  'claiming',
  'resting',
  'moving',
  'stopping',
  'paused',
  'gripping',
  'faulted',
] as const;
export type ArmMachineState = (typeof ARM_STATES)[number];

const always = { LOST: { target: 'offline' }, FAULT: { target: 'faulted' } } as const;

/** The modes of an arm. What it works on and where it is stands in the core's state, not here. */
export const armMachine = setup({
  types: { context: {} as Record<string, never>, events: {} as ArmMachineEvent },
  guards: {
    interrupted: ({ event }) => event.type === 'CLAIMED' && event.interrupted,
  },
}).createMachine({
  id: 'arm',
  context: {},
  initial: 'offline',
  states: {
    offline: { on: { CONNECTED: { target: 'claiming' }, FAULT: { target: 'faulted' } } },
    claiming: {
      on: {
        ...always,
        CONNECTED: { target: 'claiming' },
        RECLAIM: { target: 'claiming' },
        CLAIMED: [{ guard: 'interrupted', target: 'paused' }, { target: 'resting' }],
      },
    },
    resting: {
      on: {
        ...always,
        RECLAIM: { target: 'claiming' },
        MOVE: { target: 'moving' },
        GRIP: { target: 'gripping' },
      },
    },
    moving: {
      on: {
        ...always,
        RECLAIM: { target: 'claiming' },
        ARRIVED: { target: 'resting' },
        STOP: { target: 'stopping' },
        STOPPED: { target: 'paused' },
      },
    },
    stopping: {
      on: {
        ...always,
        RECLAIM: { target: 'claiming' },
        ARRIVED: { target: 'resting' },
        STOPPED: { target: 'paused' },
      },
    },
    paused: {
      on: {
        ...always,
        RECLAIM: { target: 'claiming' },
        MOVE: { target: 'moving' },
      },
    },
    gripping: {
      on: {
        ...always,
        RECLAIM: { target: 'claiming' },
        GRIPPED: { target: 'resting' },
      },
    },
    faulted: {
      on: {
        LOST: { target: 'offline' },
        FAULT: { target: 'faulted' },
        FAULT_CLEARED: { target: 'claiming' },
      },
    },
  },
});
