import { z } from 'zod';
import type { ContainerDeclaration, IoEvent, IoRequest, SkuDeclaration } from '../../controller/ports.ts';
import type { PayloadLimits } from './payload.ts';

/**
 * Messages between the controller and what surrounds the arms: shuttle, conveyors, sensors. Nothing is lost and
 * nothing is done twice: requests carry an id and are sent again until answered; events are numbered, kept until
 * the controller acknowledges them, and sent again until then.
 */

const Name = z.string().min(1).max(128);
const Session = z.string().min(1).max(64);
const Count = z.int().min(0);

/** Bounds of one part of an inventory, and parts in one inventory: some hundred thousand containers. */
const PART_BYTES = 262_144;
const PART_ENTRIES = 1_000;
const MAX_PARTS = 2_000;
const MAX_CELLS = 1_024;
const MAX_STACK = 4_096;

const SkuSchema = z
  .strictObject({
    sku: Name,
    name: z.string().max(256),
    sizeM: z
      .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
      .describe('Length, width, height as it lies, m'),
    massKg: z.number().nonnegative(),
  })
  .meta({ id: 'SkuDeclaration' });

const ContainerSchema = z
  .strictObject({
    containerId: Name,
    kind: z.enum(['storage', 'order', 'induct']),
    stacks: z
      .array(z.array(Name).max(MAX_STACK))
      .max(MAX_CELLS)
      .describe('Unit SKUs in each cell of the container’s grid, bottom first'),
    placeId: Name.nullable().describe('Where it stands; null: in the storage system'),
  })
  .meta({ id: 'ContainerDeclaration' });

export const IoHelloMessage = z
  .strictObject({
    controller: Session.describe(
      'Names one run of the controller; requests of another are ignored from now on',
    ),
  })
  .meta({
    id: 'IoHello',
    description:
      'A controller connected: the surroundings send what it has not acknowledged, then their inventory',
  });

const request = { controller: Session, requestId: Name, placeId: Name };
export const IoRequestMessage = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ ...request, kind: z.literal('exchange'), containerId: Name.nullable() })
      .describe('Take away what stands there and bring the container (null: nothing)'),
    z
      .strictObject({ ...request, kind: z.literal('bring-empty'), containerId: Name })
      .describe('Bring an empty order tote, to be known by this id'),
    z
      .strictObject({ ...request, kind: z.literal('inspect') })
      .describe('How many units does the sensor see?'),
  ])
  .meta({ id: 'IoRequest' });

export const IoAcknowledgeMessage = z
  .strictObject({
    controller: Session,
    session: Session,
    seq: Count.describe('All events up to this one are durable at the controller'),
  })
  .meta({ id: 'IoAcknowledge' });

const event = {
  session: Session.describe('Names one run of the surroundings’ software'),
  seq: z.int().min(1),
  oldestSeq: z.int().min(1).describe('The first event that is not acknowledged yet'),
};
export const IoEventMessage = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...event,
      kind: z.literal('inventory'),
      part: Count,
      parts: z.int().min(1).max(MAX_PARTS),
      skus: z.array(SkuSchema).max(PART_ENTRIES),
      containers: z.array(ContainerSchema).max(PART_ENTRIES),
    }),
    z.strictObject({
      ...event,
      kind: z.literal('container-left'),
      requestId: Name.nullable(),
      placeId: Name,
      containerId: Name,
    }),
    z.strictObject({
      ...event,
      kind: z.literal('container-arrived'),
      requestId: Name.nullable(),
      placeId: Name,
      container: ContainerSchema,
    }),
    z.strictObject({ ...event, kind: z.literal('inspected'), requestId: Name, placeId: Name, units: Count }),
    z.strictObject({ ...event, kind: z.literal('refused'), requestId: Name, detail: z.string().max(1_000) }),
    z.strictObject({ ...event, kind: z.literal('connected') }),
    z.strictObject({ ...event, kind: z.literal('lost'), reason: z.string().max(1_000) }),
  ])
  .meta({ id: 'IoEvent' });
export type IoEventMessage = z.infer<typeof IoEventMessage>;

export const IoPresenceMessage = z
  .strictObject({ status: z.enum(['online', 'offline']), session: Session })
  .meta({ id: 'IoPresence', description: 'Retained; the last will says offline' });

export const IO_LIMITS: PayloadLimits = { maxBytes: 1_900_000, maxDepth: 8, maxValues: 400_000 };

type Inventory = Extract<IoEvent, { kind: 'inventory' }>;

/**
 * An event as the bodies of the messages that carry it: one, or the parts of an inventory. Throws for an inventory
 * beyond all bounds (more than 2,000 parts of 256 KiB).
 */
export function eventBodies(event: IoEvent): readonly Record<string, unknown>[] {
  if (event.kind !== 'inventory') return [{ ...event }];
  const parts: { skus: SkuDeclaration[]; containers: ContainerDeclaration[] }[] = [
    { skus: [], containers: [] },
  ];
  let bytes = 0;
  let entries = 0;
  const room = (entry: unknown) => {
    const size = Buffer.byteLength(JSON.stringify(entry));
    if (entries > 0 && (bytes + size > PART_BYTES || entries === PART_ENTRIES)) {
      parts.push({ skus: [], containers: [] });
      bytes = 0;
      entries = 0;
    }
    bytes += size;
    entries += 1;
    return parts[parts.length - 1] as (typeof parts)[number];
  };
  for (const sku of event.skus) room(sku).skus.push(sku);
  for (const container of event.containers) room(container).containers.push(container);
  if (parts.length > MAX_PARTS) {
    throw new Error(
      `an inventory of ${parts.length} parts of ${PART_BYTES} bytes; the limit is ${MAX_PARTS}`,
    );
  }
  return parts.map((part, index) => ({ kind: 'inventory', part: index, parts: parts.length, ...part }));
}

/** Puts the parts of inventories together again. */
export class InventoryAssembly {
  #parts: Inventory[] = [];

  /** Takes the next message in order; returns the event it completes, or null while parts are missing. */
  take(message: IoEventMessage): IoEvent | null {
    const { session: _session, seq: _seq, oldestSeq: _oldestSeq, ...body } = message;
    if (body.kind !== 'inventory') return body;
    const { part, parts, skus, containers } = body;
    if (part === 0) this.#parts = [];
    if (part !== this.#parts.length) return null; // its beginning was not heard; a whole one follows
    this.#parts.push({ kind: 'inventory', skus, containers });
    if (this.#parts.length < parts) return null;
    const whole: Inventory = {
      kind: 'inventory',
      skus: this.#parts.flatMap((piece) => piece.skus),
      containers: this.#parts.flatMap((piece) => piece.containers),
    };
    this.#parts = [];
    return whole;
  }
}

/** Whether the event is the last answer to the request. */
export function answers(event: IoEvent, request: IoRequest): boolean {
  if (!('requestId' in event) || event.requestId !== request.requestId) return false;
  if (event.kind === 'refused') return true;
  if (request.kind === 'inspect') return event.kind === 'inspected';
  const brings = request.kind === 'bring-empty' || request.containerId !== null;
  return event.kind === (brings ? 'container-arrived' : 'container-left');
}
