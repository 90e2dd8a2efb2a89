import { z } from 'zod';
import { judgeGraph } from '../coordination/graph-verdict.ts';
import { precedencesOf } from '../coordination/dependency-graph.ts';
import type { Core } from '../core/create.ts';
import { sharingOf } from '../domain/cell.ts';

/** What is accepted at the moment, who goes first where, and the proof that all of it can be completed. */
export const ScheduleAccount = z
  .object({
    atS: z.number(),
    sharing: z.enum(['zones', 'passages']).describe('How the policy shares space'),
    zones: z.record(z.string(), z.string()).describe('Zones that are held, and by whom'),
    legs: z
      .array(z.object({ armId: z.string(), legId: z.string(), durationS: z.number() }))
      .describe('Accepted legs, each arm in its order'),
    orders: z
      .array(
        z.object({ firstLegId: z.string(), firstS: z.number(), thenLegId: z.string(), thenS: z.number() }),
      )
      .describe('The first leg has to be so far before the second one may go beyond its point'),
    certificate: z
      .array(
        z.object({
          kind: z.enum(['reach', 'leave']),
          armId: z.string(),
          legId: z.string(),
          atS: z.number(),
        }),
      )
      .describe('All of it in an order in which it can happen: nobody waits for anything that comes later'),
    cycle: z.array(z.string()).describe('Orders that would wait for each other; never anything but empty'),
  })
  .meta({ id: 'ScheduleAccount' });
export type ScheduleAccount = z.infer<typeof ScheduleAccount>;

const US_PER_S = 1_000_000;

export function scheduleAccount({ cell, state }: Core, nowUs: number): ScheduleAccount {
  const sequences = Object.values(state.passages.sequences);
  const graph = { sequences, conflicts: state.passages.conflicts };
  const verdict = judgeGraph(graph);
  return {
    atS: nowUs / US_PER_S,
    sharing: sharingOf(cell.policy),
    zones: { ...state.zones },
    legs: sequences
      .flat()
      .map(({ id, armId, durationUs }) => ({ armId, legId: id, durationS: durationUs / US_PER_S })),
    orders: graph.conflicts.flatMap(precedencesOf).map(({ first, then }) => ({
      firstLegId: first.legId,
      firstS: first.atUs / US_PER_S,
      thenLegId: then.legId,
      thenS: then.atUs / US_PER_S,
    })),
    certificate:
      verdict.status === 'cyclic'
        ? []
        : verdict.order.map(({ kind, armId, legId, atUs }) => ({ kind, armId, legId, atS: atUs / US_PER_S })),
    cycle:
      verdict.status === 'cyclic'
        ? verdict.cycle.map(({ precedence: { first, then } }) => `${then.legId} waits for ${first.legId}`)
        : [],
  };
}

const WORDS = { reach: 'comes to', leave: 'goes beyond' } as const;

/** The account in lines that a person reads. */
export function scheduleText({ sharing, zones, legs, orders, certificate, cycle }: ScheduleAccount): string {
  if (sharing === 'zones') {
    const held = Object.entries(zones).map(([zoneId, armId]) => `  ${zoneId}  ${armId}`);
    return [
      'space is shared by zones; every arm has all that its job touches before it begins, so that nobody waits on the way',
      ...held,
    ].join('\n');
  }
  if (cycle.length > 0)
    return ['what was accepted waits for itself:', ...cycle.map((each) => `  ${each}`)].join('\n');
  return [
    `${legs.length} legs are accepted, ${orders.length} orders between them`,
    ...orders.map(
      ({ firstLegId, firstS, thenLegId, thenS }) =>
        `  ${firstLegId} at ${firstS.toFixed(2)} s before ${thenLegId} beyond ${thenS.toFixed(2)} s`,
    ),
    'all of it can be completed, for example in this order:',
    ...certificate.map(
      ({ kind, armId, legId, atS }) => `  ${armId} ${WORDS[kind]} ${legId} at ${atS.toFixed(2)} s`,
    ),
  ].join('\n');
}
