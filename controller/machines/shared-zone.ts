import { setup } from 'xstate';
import { createStepper } from './stepper.ts';
import type { MachineState } from './stepper.ts';

/** What is told to the machine of a shared zone; all of it follows from levels, so a repeat changes nothing. */
export type SharedZoneEvent =
  /** The PLC, or a person through it, wants the zone. */
  | { readonly type: 'REQUESTED' }
  /** It wants it no longer. */
  | { readonly type: 'WITHDRAWN' }
  /** Every arm that can reach into it rests in its park pose. */
  | { readonly type: 'CLEARED' }
  /** The PLC has seen the grant. */
  | { readonly type: 'ACKNOWLEDGED' }
  /** The PLC has taken its acknowledgement back: nobody of its side is in the zone. */
  | { readonly type: 'UNACKNOWLEDGED' };

/**
 * A zone with one owner at a time. The controller gives it away, the PLC acknowledges; it comes back when the PLC has
 * taken back request and acknowledgement. Arms may enter in `ours` and nowhere else. Silence changes nothing: whoever
 * had the zone keeps it.
 */
export const sharedZoneMachine = setup({
  types: {} as { context: object; events: SharedZoneEvent },
  actions: {
    /** Arms that can reach into it finish what they carry and park. */
    parkArms: () => undefined,
    grantZone: () => undefined,
    revokeZone: () => undefined,
    zoneReturned: () => undefined,
  },
}).createMachine({
  id: 'shared-zone',
  context: {},
  initial: 'ours',
  states: {
    ours: { on: { REQUESTED: { target: 'clearing' }, WITHDRAWN: {}, UNACKNOWLEDGED: {} } },
    clearing: {
      entry: 'parkArms',
      on: {
        REQUESTED: {},
        WITHDRAWN: { target: 'ours' },
        CLEARED: { target: 'granted' },
        UNACKNOWLEDGED: {},
      },
    },
    granted: {
      entry: 'grantZone',
      on: {
        REQUESTED: {},
        WITHDRAWN: { target: 'returning' },
        ACKNOWLEDGED: { target: 'theirs' },
        CLEARED: {},
        UNACKNOWLEDGED: {},
      },
    },
    theirs: {
      on: {
        REQUESTED: {},
        WITHDRAWN: { target: 'returning' },
        ACKNOWLEDGED: {},
        UNACKNOWLEDGED: {},
        CLEARED: {},
      },
    },
    returning: {
      entry: 'revokeZone',
      on: {
        // Wanted again before it came back: it comes back first.
        REQUESTED: {},
        WITHDRAWN: {},
        ACKNOWLEDGED: {},
        CLEARED: {},
        UNACKNOWLEDGED: { target: 'ours', actions: 'zoneReturned' },
      },
    },
  },
});

export type SharedZoneMachineState = MachineState<typeof sharedZoneMachine>;
export const sharedZoneStepper = createStepper(sharedZoneMachine);
