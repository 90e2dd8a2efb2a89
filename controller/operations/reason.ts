import { z } from 'zod';
import { LOSS_CAUSES } from '../domain/loss-cause.ts';

/** Why the controller decided as it did: one record for each assignment, order, refusal, wait and change of cause. */

export const Candidate = z
  .object({
    taskId: z.string(),
    costS: z.number().nullable().describe('What spoke against it, s; null: it was not to be had'),
    excluded: z.string().nullable().describe('Why it was not to be had; null: it was'),
  })
  .meta({ id: 'Candidate' });
export type Candidate = z.infer<typeof Candidate>;

/** Which rule chose among the candidates. */
export const ASSIGNMENT_RULES = ['only-candidate', 'least-cost', 'first-of-equals', 'costs-nothing'] as const;
export type AssignmentRule = (typeof ASSIGNMENT_RULES)[number];

/** Which rule decided who passes a place first. */
export const PASSING_RULES = ['less-delay', 'comer-waits', 'only-order', 'no-deadlock'] as const;

export const Reason = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('assigned'),
      armId: z.string(),
      taskId: z.string(),
      rule: z.enum(ASSIGNMENT_RULES),
      candidates: z.array(Candidate).describe('The cheapest ones first'),
      left: z.int().describe('Candidates that are not listed'),
      lessUrgent: z.int().describe('Ready tasks that were not looked at, being less urgent'),
    }),
    z.object({
      kind: z.literal('passing'),
      armId: z.string().describe('The arm whose new legs were fitted in'),
      taskId: z.string().nullable(),
      firstLegId: z.string(),
      thenLegId: z.string(),
      firstArmId: z.string(),
      thenArmId: z.string(),
      rule: z.enum(PASSING_RULES),
      delayS: z.number().describe('How long the second one waits as things stand'),
      otherDelayS: z.number().describe('How long the first one would wait the other way round'),
    }),
    z.object({
      kind: z.literal('no-way-past'),
      armId: z.string(),
      taskId: z.string().nullable(),
      otherArmId: z.string(),
      otherLegId: z.string(),
      cycle: z.array(z.string()).describe('Who would wait for whom, in a circle'),
    }),
    z.object({
      kind: z.literal('waits'),
      armId: z.string(),
      taskId: z.string().nullable(),
      forArmId: z.string(),
      what: z.string(),
    }),
    z.object({
      kind: z.literal('cause'),
      armId: z.string(),
      cause: z.enum(LOSS_CAUSES),
      waitsFor: z.string().nullable(),
      why: z.string(),
    }),
    z.object({
      kind: z.literal('said'),
      code: z.string(),
      armId: z.string().nullable(),
      taskId: z.string().nullable(),
      message: z.string(),
    }),
  ])
  .meta({ id: 'Reason' });
export type Reason = z.infer<typeof Reason>;

/** A reason, in words that a person on the floor understands. */
export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case 'assigned':
      return assignmentText(reason);
    case 'passing':
      return `${reason.firstArmId} passes before ${reason.thenArmId} (${reason.firstLegId} before ${reason.thenLegId}): ${passingText(reason)}`;
    case 'no-way-past':
      return `${reason.armId} cannot be fitted in: with either order it and ${reason.otherArmId} (${reason.otherLegId}) would wait for each other: ${reason.cycle.join(' -> ')}`;
    case 'waits':
      return `${reason.armId} waits for ${reason.what}`;
    case 'cause':
      return `${reason.armId} is ${reason.cause}: ${reason.why}`;
    case 'said':
      return `${reason.code}: ${reason.message}`;
  }
}

const ASSIGNMENT_WORDS: Readonly<Record<AssignmentRule, string>> = {
  'only-candidate': 'it was the only task to be had',
  'least-cost': 'it cost least of the most urgent ones',
  'first-of-equals': 'it was the oldest of those that cost least',
  'costs-nothing': 'it was the first of the most urgent ones against which nothing spoke',
};

function assignmentText({
  armId,
  taskId,
  rule,
  candidates,
  left,
  lessUrgent,
}: Extract<Reason, { kind: 'assigned' }>): string {
  const listed = candidates.map(({ taskId: id, costS, excluded }) =>
    costS === null ? `${id} not (${excluded ?? 'not to be had'})` : `${id} ${costS.toFixed(2)} s`,
  );
  const more = left > 0 ? `, ${left} more` : '';
  const later = lessUrgent > 0 ? `; ${lessUrgent} less urgent tasks were not looked at` : '';
  return `${armId} took ${taskId}: ${ASSIGNMENT_WORDS[rule]} (${listed.join(', ')}${more}${later})`;
}

function passingText({ rule, delayS, otherDelayS }: Extract<Reason, { kind: 'passing' }>): string {
  const costs = `${delayS.toFixed(2)} s against ${otherDelayS.toFixed(2)} s the other way round`;
  switch (rule) {
    case 'less-delay':
      return `that delays less, ${costs}`;
    case 'comer-waits':
      return `who came later waits, ${costs}`;
    case 'only-order':
      return 'the other way round was not possible any more: it was on its way or stood there';
    case 'no-deadlock':
      return `the other way round they would have waited for each other`;
  }
}
