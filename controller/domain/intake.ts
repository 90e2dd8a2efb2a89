import { z } from 'zod';
import { RESOLUTIONS } from './exception.ts';
import { CELL_COMMANDS } from './packml.ts';

/**
 * What people and systems may ask of the cell, in the shape in which it arrives over HTTP and MQTT. One schema
 * for both, and for the documents generated from them. Unknown fields are refused, not ignored.
 */

/** Ids are made by others; they end up in topics, paths and file names. */
export const Id = z
  .string()
  .min(1)
  .max(128)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9 _.:@-]*$/,
    'letters, digits, space and _ . : @ - only, beginning with a letter or digit',
  );

const Quantity = z.int().min(1).max(100_000);

export const OrderRequest = z
  .strictObject({
    orderId: Id,
    priority: z.int().min(0).max(100).default(50).describe('Higher goes first'),
    shipBy: z.iso.datetime({ offset: true }).nullable().default(null).describe('Has to leave by then'),
    lines: z
      .array(z.strictObject({ lineId: Id, sku: Id, quantity: Quantity }))
      .min(1)
      .max(2_000),
  })
  .refine((order) => new Set(order.lines.map((line) => line.lineId)).size === order.lines.length, {
    path: ['lines'],
    message: 'two lines have the same lineId',
  })
  .meta({ id: 'OrderRequest' });
export type OrderRequest = z.infer<typeof OrderRequest>;

/** Cancel an order, one line, or some units of a line. What is already in an order tote stays: `too-late`. */
export const CancelRequest = z
  .strictObject({
    orderId: Id,
    lineId: Id.nullable().default(null),
    quantity: Quantity.nullable().default(null),
  })
  .meta({ id: 'CancelRequest' });
export type CancelRequest = z.infer<typeof CancelRequest>;

/** A return: cancels the newest unfulfilled units of a SKU; what remains is an `unmatched-return`. */
export const ReturnRequest = z
  .strictObject({ returnId: Id, sku: Id, quantity: Quantity })
  .meta({ id: 'ReturnRequest' });
export type ReturnRequest = z.infer<typeof ReturnRequest>;

/** Goods that stand in an induct tote and are to be stowed into storage. */
export const StowRequest = z
  .strictObject({
    stowId: Id,
    containerId: Id.describe('The induct tote that has the goods'),
    sku: Id,
    quantity: Quantity,
  })
  .meta({ id: 'StowRequest' });
export type StowRequest = z.infer<typeof StowRequest>;

/** Units to be moved from one tote to another. */
export const ConsolidateRequest = z
  .strictObject({ consolidateId: Id, fromContainerId: Id, toContainerId: Id, sku: Id, quantity: Quantity })
  .meta({ id: 'ConsolidateRequest' });
export type ConsolidateRequest = z.infer<typeof ConsolidateRequest>;

export const TaskCommandRequest = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('cancel'), taskId: Id }),
    z.strictObject({ action: z.literal('retry'), taskId: Id }),
    z.strictObject({
      action: z.literal('resolve'),
      taskId: Id,
      resolution: z.enum(RESOLUTIONS),
      by: z.string().max(64).default('operator'),
    }),
  ])
  .meta({ id: 'TaskCommandRequest' });
export type TaskCommandRequest = z.infer<typeof TaskCommandRequest>;

/** A PackML command to the cell. */
export const CellCommandRequest = z
  .strictObject({ command: z.enum(CELL_COMMANDS) })
  .meta({ id: 'CellCommandRequest' });
export type CellCommandRequest = z.infer<typeof CellCommandRequest>;

/** Every request, as the core receives it: with an id that makes a repeat harmless. */
export type IntakeRequest =
  | { readonly kind: 'order'; readonly body: OrderRequest }
  | { readonly kind: 'cancel'; readonly body: CancelRequest }
  | { readonly kind: 'return'; readonly body: ReturnRequest }
  | { readonly kind: 'stow'; readonly body: StowRequest }
  | { readonly kind: 'consolidate'; readonly body: ConsolidateRequest }
  | { readonly kind: 'task'; readonly body: TaskCommandRequest }
  | { readonly kind: 'cell'; readonly body: CellCommandRequest };

/** The answer, given once the request is durable. `duplicate`: seen before, nothing done, and that is fine. */
export const IntakeResult = z
  .discriminatedUnion('status', [
    z.object({ status: z.literal('accepted'), detail: z.string() }),
    z.object({ status: z.literal('duplicate'), detail: z.string() }),
    z.object({
      status: z.literal('refused'),
      code: z.string().describe('see docs/error-codes.md'),
      detail: z.string(),
    }),
  ])
  .meta({ id: 'IntakeResult' });
export type IntakeResult = z.infer<typeof IntakeResult>;
