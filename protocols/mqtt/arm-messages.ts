import { z } from 'zod';
import type { ArmCommand, ArmEvent } from '../../controller/ports.ts';
import type { PayloadLimits } from './payload.ts';

/**
 * The arm protocol's messages: the one source of what is sent, checked, and printed in docs/asyncapi.json.
 * Instants and durations are integer microseconds. Instants are always the arm's own (`armUs`, `echoUs`): the
 * controller echoes them and never sends its own, so that no two clocks are ever compared.
 */

const MAX_JOINTS = 32;
const MAX_KNOTS = 20_000;
const MAX_MARKS = 4_096;
/** Nobody may give a command more time than this to arrive. */
const MAX_VALID_US = 10_000_000;

const CommandId = z.string().min(1).max(128);
const Epoch = z.int().min(0);
/** -0 is no instant that a clock shows, and no other number means it: whoever sends it computes wrongly. */
const InstantUs = z
  .int()
  .min(0)
  .refine((instant) => !Object.is(instant, -0), 'is negative zero; give 0 or a later instant');
const Session = z
  .string()
  .min(1)
  .max(64)
  .describe('Names one run of the arm’s software; its instants mean nothing in another one');

const Holding = z
  .strictObject({
    vacuum: z.enum(['on', 'off', 'unknown']),
    massKg: z.number().nullable().describe('Measured load under the tool, kg; null where it is not measured'),
  })
  .meta({ id: 'Holding' });

const JointRow = z.array(z.number()).min(1).max(MAX_JOINTS);

const Trajectory = z
  .strictObject({
    timesUs: z
      .array(InstantUs)
      .min(2)
      .max(MAX_KNOTS)
      .describe('Nominal instants of the knots, increasing from 0'),
    positions: z
      .array(JointRow)
      .min(2)
      .max(MAX_KNOTS)
      .describe('One row per knot: rad (m for a prismatic joint)'),
    velocities: z.array(JointRow).min(2).max(MAX_KNOTS).describe('Per second'),
    accelerations: z.array(JointRow).min(2).max(MAX_KNOTS).describe('Per second squared'),
  })
  .superRefine((trajectory, context) => {
    const fault = trajectoryFault(trajectory);
    if (fault !== null) context.addIssue({ code: 'custom', path: [fault.field], message: fault.message });
  })
  .meta({
    id: 'JointTrajectory',
    description: 'Knots joined by quintic polynomials; at rest at the first and at the last',
  });

/** What the shape of a trajectory's numbers cannot say: that its rows and columns fit together. */
function trajectoryFault(trajectory: {
  readonly timesUs: readonly number[];
  readonly positions: readonly (readonly number[])[];
  readonly velocities: readonly (readonly number[])[];
  readonly accelerations: readonly (readonly number[])[];
}): { readonly field: string; readonly message: string } | null {
  const { timesUs, positions } = trajectory;
  if (timesUs[0] !== 0) return { field: 'timesUs', message: 'the first knot is not at 0' };
  for (let i = 1; i < timesUs.length; i += 1) {
    if ((timesUs[i] ?? 0) <= (timesUs[i - 1] ?? 0)) {
      return { field: 'timesUs', message: `knot ${i} is not later than knot ${i - 1}` };
    }
  }
  const joints = positions[0]?.length ?? 0;
  for (const field of ['positions', 'velocities', 'accelerations'] as const) {
    const rows = trajectory[field];
    if (rows.length !== timesUs.length) {
      return { field, message: `${rows.length} rows for ${timesUs.length} knots` };
    }
    const uneven = rows.findIndex((row) => row.length !== joints);
    if (uneven >= 0) return { field, message: `row ${uneven} has not ${joints} joints as the first has` };
  }
  return null;
}

/** What every command carries so that the arm can tell a live one from a duplicate, late or reordered one. */
const commandFrame = {
  commandId: CommandId,
  epoch: Epoch.describe('Which controller speaks; an arm obeys the highest that has claimed it'),
  seq: z
    .int()
    .min(1)
    .describe('Rises with every command of this controller to this arm, over all kinds and connections'),
  session: Session.describe('The arm’s session that the command is meant for, as its presence and state say'),
  echoUs: InstantUs.describe('The newest `armUs` that the controller had from the arm when it sent this'),
  validForUs: z
    .int()
    .min(1)
    .max(MAX_VALID_US)
    .describe('The command is late once the arm’s own clock has passed echoUs + validForUs'),
};

const ClaimMessage = z.strictObject(commandFrame).meta({
  id: 'ArmClaim',
  description: 'Take control: the arm stops on its path, forgets older commands and answers `claimed`',
});

const SubmitMessage = z
  .strictObject({
    ...commandFrame,
    trajectory: Trajectory,
    fromUs: InstantUs.describe('Progress at which the arm rests now and begins; 0 for a new motion'),
    grantedUntilUs: InstantUs.describe('Progress at which the arm must be able to rest'),
    marksUs: z
      .array(InstantUs)
      .max(MAX_MARKS)
      .describe('Progress values whose passing is reported, increasing'),
  })
  .meta({ id: 'ArmSubmit', description: 'Follow a trajectory, up to the granted progress and no further' });

const ExtendMessage = z
  .strictObject({ ...commandFrame, grantedUntilUs: InstantUs })
  .meta({ id: 'ArmExtend', description: 'The grant of the motion `commandId` grows; it never shrinks' });

const StopMessage = z.strictObject({ ...commandFrame, stop: z.enum(['on-path', 'protective']) }).meta({
  id: 'ArmStop',
  description: 'Stop; comes on a connection of its own and is obeyed also when late',
});

const GripMessage = z
  .strictObject({
    ...commandFrame,
    action: z.enum(['grasp', 'release']),
    dwellUs: InstantUs.describe('Time allowed for the tool before it answers with a failure'),
  })
  .meta({ id: 'ArmGrip', description: 'Close or open the tool' });

/** Every command by its kind: the last level of its topic. */
export const COMMAND_MESSAGES = {
  claim: ClaimMessage,
  submit: SubmitMessage,
  extend: ExtendMessage,
  stop: StopMessage,
  grip: GripMessage,
} as const;
export type CommandKind = keyof typeof COMMAND_MESSAGES;
export const COMMAND_KINDS = Object.keys(COMMAND_MESSAGES) as readonly CommandKind[];

/** The frame of a command, as the checks on it need it. */
export interface CommandFrame {
  readonly commandId: string;
  readonly epoch: number;
  readonly seq: number;
  readonly session: string;
  readonly echoUs: number;
  readonly validForUs: number;
}

export const LeaseMessage = z.strictObject({ epoch: Epoch, session: Session, echoUs: InstantUs }).meta({
  id: 'ArmLease',
  description:
    'Renews the motion lease until echoUs + leaseUs on the arm’s clock; after that the arm stops on its path',
});

export const PresenceMessage = z
  .strictObject({
    status: z.enum(['online', 'offline']),
    session: Session,
    leaseUs: z.int().min(1).describe('How long the arm moves without hearing from its controller'),
    sampleHz: z.number().positive().max(1_000).describe('How often it publishes `state`'),
  })
  .meta({ id: 'ArmPresence', description: 'The only retained message; the last will says offline' });

export const StateMessage = z
  .strictObject({
    session: Session,
    armUs: InstantUs.describe('The arm’s clock as it published this: what commands and leases echo'),
    sampledUs: InstantUs.describe('The arm’s clock as it measured'),
    eventSeq: z
      .int()
      .min(0)
      .describe('Number of the last event it published; a gap means that events were lost'),
    epoch: Epoch.nullable().describe('Who has claimed it; null: nobody'),
    leaseLeftUs: z.int().min(0),
    positions: JointRow,
    velocities: JointRow,
    commandId: CommandId.nullable().describe('The command that it works on; null: it rests'),
    progressUs: InstantUs,
    grantedUntilUs: InstantUs.nullable().describe('The grant as the arm knows it; null: no motion'),
    holding: Holding,
  })
  .meta({ id: 'ArmState', description: 'One measurement; QoS 0' });
export type StateMessage = z.infer<typeof StateMessage>;

const OUTCOME = z
  .discriminatedUnion('status', [
    z.strictObject({ status: z.literal('reached') }),
    z.strictObject({
      status: z.literal('stopped'),
      progressUs: InstantUs,
      because: z.enum(['commanded', 'lease-expired', 'protective', 'fault']),
    }),
    z.strictObject({ status: z.literal('grasped') }),
    z.strictObject({ status: z.literal('grasp-failed') }),
    z.strictObject({ status: z.literal('released') }),
    z.strictObject({ status: z.literal('release-blocked') }),
  ])
  .meta({ id: 'ArmOutcome' });

const REFUSALS = [
  'stale-epoch',
  'future-epoch',
  'duplicate-command',
  'late-command',
  'retained-command',
  'malformed',
  'moving',
  'unknown-command',
  'start-deviates',
  'limits-exceeded',
  'faulted',
  'no-lease',
] as const;

/** What every event carries: numbered within the session, so that a repeat is dropped and a loss is noticed. */
const eventFrame = {
  session: Session,
  seq: z.int().min(1).describe('Numbers the events of this session without a gap'),
};
const Text = z.string().max(1_000);

export const EVENT_MESSAGES = {
  accepted: z.strictObject({ ...eventFrame, commandId: CommandId }).meta({ id: 'ArmAccepted' }),
  refused: z
    .strictObject({
      session: Session,
      seq: eventFrame.seq
        .nullable()
        .describe('null: refused before it reached the arm; such refusals are not numbered'),
      commandId: CommandId.nullable().describe('null: the message had none that could be read'),
      command: z.enum(['claim', 'submit', 'extend', 'stop', 'grip']).nullable(),
      commandSeq: z.int().nullable().describe('The `seq` of the refused message, where it could be read'),
      epoch: Epoch.nullable().describe('The epoch of the refused message, where it could be read'),
      reason: z.enum(REFUSALS),
      detail: Text,
    })
    .meta({ id: 'ArmRefused' }),
  progressed: z
    .strictObject({ ...eventFrame, commandId: CommandId, progressUs: InstantUs })
    .meta({ id: 'ArmProgressed', description: 'One of the marks was passed' }),
  ended: z
    .strictObject({
      ...eventFrame,
      commandId: CommandId,
      outcome: OUTCOME,
      positions: JointRow,
      holding: Holding,
    })
    .meta({ id: 'ArmEnded' }),
  claimed: z
    .strictObject({
      ...eventFrame,
      commandId: CommandId,
      epoch: Epoch,
      positions: JointRow,
      holding: Holding,
      last: z
        .strictObject({ commandId: CommandId, outcome: OUTCOME })
        .nullable()
        .describe('The last command the arm worked on and what became of it'),
    })
    .meta({ id: 'ArmClaimed', description: 'What is physically true of an arm that now rests' }),
  holding: z
    .strictObject({ ...eventFrame, holding: Holding })
    .meta({ id: 'ArmHoldingChanged', description: 'The tool’s sensor changed outside of a grip command' }),
  fault: z
    .discriminatedUnion('state', [
      z.strictObject({
        ...eventFrame,
        state: z.literal('faulted'),
        code: z.string().min(1).max(64),
        detail: Text,
      }),
      z.strictObject({ ...eventFrame, state: z.literal('cleared') }),
    ])
    .meta({ id: 'ArmFault' }),
} as const;
export type EventKind = keyof typeof EVENT_MESSAGES;
export const EVENT_KINDS = Object.keys(EVENT_MESSAGES) as readonly EventKind[];

/** A submit with 20,000 knots of 6 joints has some 360,000 numbers; ordinary ones have a few thousand. */
export const COMMAND_LIMITS: PayloadLimits = { maxBytes: 1_900_000, maxDepth: 6, maxValues: 400_000 };
export const SMALL_LIMITS: PayloadLimits = { maxBytes: 16_384, maxDepth: 6, maxValues: 1_024 };

/** The command as the arm's own software gets it: the port's, without the frame that only the way needs. */
export function toArmCommand<K extends CommandKind>(
  kind: K,
  message: z.infer<(typeof COMMAND_MESSAGES)[K]>,
): ArmCommand {
  const { seq: _seq, session: _session, echoUs: _echoUs, validForUs: _validForUs, ...body } = message;
  return { kind, ...body } as unknown as ArmCommand;
}

/** The event as a message on `event/{kind}`, without its frame. */
export function eventBody(event: Exclude<ArmEvent, { kind: 'state' | 'connected' | 'lost' | 'refused' }>): {
  readonly kind: Exclude<EventKind, 'refused'>;
  readonly body: Record<string, unknown>;
} {
  const { kind, ...body } = event;
  if (kind === 'holding-changed') return { kind: 'holding', body };
  if (kind === 'faulted') return { kind: 'fault', body: { state: 'faulted', ...body } };
  if (kind === 'fault-cleared') return { kind: 'fault', body: { state: 'cleared' } };
  return { kind, body };
}

/** The port's event of a message on `event/{kind}`. Refusals are judged by the driver, which knows what it sent. */
export function toArmEvent<K extends Exclude<EventKind, 'refused'>>(
  kind: K,
  message: z.infer<(typeof EVENT_MESSAGES)[K]>,
): ArmEvent {
  const { session: _session, seq: _seq, ...body } = message as Record<string, unknown>;
  if (kind === 'holding') return { kind: 'holding-changed', ...body } as unknown as ArmEvent;
  if (kind !== 'fault') return { kind, ...body } as unknown as ArmEvent;
  const { state, ...fault } = body;
  return (state === 'cleared' ? { kind: 'fault-cleared' } : { kind: 'faulted', ...fault }) as ArmEvent;
}
