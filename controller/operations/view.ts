import { z } from 'zod';
import { EXCEPTION_KINDS, RESOLUTIONS } from '../domain/exception.ts';
import { CELL_STATES } from '../domain/packml.ts';

/** What the cell shows of itself: the one read model behind HTTP, MQTT, the terminal and the page. */

export const ARM_MODES = [
  'offline',
  'idle',
  'planning',
  'waiting',
  'moving',
  'gripping',
  'held',
  'faulted',
] as const;

export const ArmView = z
  .object({
    id: z.string(),
    mode: z.enum(ARM_MODES),
    /** In words: what it does, or what it waits for. */
    doing: z.string(),
    taskId: z.string().nullable(),
    zones: z.array(z.string()),
    holding: z.boolean().nullable(),
    /** Size of the item in the tool, m; null when there is none. */
    itemSizeM: z.tuple([z.number(), z.number(), z.number()]).nullable(),
    unitsDone: z.int(),
    /** What its time went to, s; the parts sum to the time since the cell's history began. */
    spentS: z.object({
      working: z.number(),
      waiting: z.number().describe('For space that another arm holds'),
      starved: z.number().describe('Nothing to do'),
      excepted: z.number().describe('Blocked by an exception'),
      faulted: z.number().describe('Faulted or lost'),
      held: z.number().describe('The cell does not run'),
    }),
    /** Of the waiting: by the arm that held the space, s. */
    waitingForS: z.record(z.string(), z.number()),
  })
  .meta({ id: 'ArmView' });
export type ArmView = z.infer<typeof ArmView>;

export const PlaceView = z
  .object({
    id: z.string(),
    kind: z.enum(['bin', 'station', 'induct']),
    containerId: z.string().nullable(),
    orderId: z.string().nullable(),
    /** A container is on its way here. */
    exchanging: z.boolean(),
    units: z.int(),
    /** Height of the stack in each grid cell, m. */
    stackHeightsM: z.array(z.number()),
  })
  .meta({ id: 'PlaceView' });

export const TaskView = z
  .object({
    id: z.string(),
    kind: z.enum(['pick', 'stow', 'consolidate', 'fixed']),
    state: z.string(),
    sku: z.string(),
    orderId: z.string().nullable(),
    lineId: z.string().nullable(),
    armId: z.string().nullable(),
    from: z.string().nullable(),
    to: z.string().nullable(),
    attempts: z.int(),
    /** Why it is where it is, in words. */
    because: z.string(),
  })
  .meta({ id: 'TaskView' });
export type TaskView = z.infer<typeof TaskView>;

export const ExceptionView = z
  .object({
    taskId: z.string(),
    kind: z.enum(EXCEPTION_KINDS),
    detail: z.string(),
    sinceS: z.number(),
    unitAt: z
      .enum(['source', 'tool', 'destination', 'unknown'])
      .describe('Where the unit is, as far as is known'),
    sku: z.string(),
    armId: z.string().nullable().describe('The arm that worked on it, or has it in its tool'),
    /** Containers it comes from and goes to; null: not chosen. */
    from: z.string().nullable(),
    to: z.string().nullable(),
    toCell: z.int().nullable().describe('Grid cell of the destination it is meant for'),
    fromBooked: z.int().nullable().describe('Units booked in the container it comes from'),
    toBooked: z.int().nullable().describe('Units booked in the container it goes to'),
    options: z.array(z.enum(RESOLUTIONS)),
  })
  .meta({ id: 'ExceptionView' });
export type ExceptionView = z.infer<typeof ExceptionView>;

export const OrderView = z
  .object({
    id: z.string(),
    status: z.enum(['waiting', 'active', 'completed']),
    priority: z.int(),
    shipByS: z.number().nullable(),
    totes: z.array(z.string()),
    lines: z.array(
      z.object({
        id: z.string(),
        sku: z.string(),
        quantity: z.int(),
        fulfilled: z.int(),
        cancelled: z.int(),
        excepted: z.int(),
        exception: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'OrderView' });
export type OrderView = z.infer<typeof OrderView>;

export const CellView = z
  .object({
    cell: z.string(),
    state: z.enum(CELL_STATES),
    /** Why the cell is in this state and what leads on, in words for a person. */
    because: z.string(),
    policy: z.string(),
    epoch: z.int(),
    nowS: z.number(),
    arms: z.array(ArmView),
    places: z.array(PlaceView),
    orders: z.object({ waiting: z.int(), active: z.int(), completed: z.int() }),
    lines: z.object({
      total: z.int(),
      fulfilled: z.int(),
      cancelled: z.int(),
      excepted: z.int(),
      open: z.int(),
    }),
    units: z.object({ done: z.int(), perHour: z.number() }),
    tasks: z.object({ open: z.int(), active: z.int(), done: z.int(), cancelled: z.int(), excepted: z.int() }),
    exceptions: z.array(ExceptionView),
    permissions: z
      .array(
        z.object({
          id: z.string(),
          granted: z.boolean(),
          needsReset: z.boolean().describe('Was lost: the command reset has to come before arms may move'),
          because: z.string().describe('Why it is withheld, or was'),
        }),
      )
      .describe('What PLCs have to permit before arms may move'),
    sharedZones: z
      .array(
        z.object({
          id: z.string(),
          state: z.enum(['ours', 'clearing', 'granted', 'theirs', 'returning']),
          needsReset: z.boolean(),
        }),
      )
      .describe('Zones shared with a PLC or a person, and whose they are'),
    alarms: z.array(z.object({ code: z.string(), message: z.string(), sinceS: z.number() })),
  })
  .meta({ id: 'CellView' });
export type CellView = z.infer<typeof CellView>;
