import { z } from 'zod';
import { LOSS_CAUSES } from '../domain/loss-cause.ts';
import { Reason } from './reason.ts';

/** Answers to "why": what HTTP and the command line give. Times are seconds since the cell's history began. */

export const ExplainedReason = z
  .object({ atS: z.number(), text: z.string(), reason: Reason })
  .meta({ id: 'ExplainedReason' });
export type ExplainedReason = z.infer<typeof ExplainedReason>;

export const TaskAccount = z
  .object({
    taskId: z.string(),
    left: z.int().describe('Older reasons that are not given'),
    reasons: z.array(ExplainedReason).describe('Oldest first'),
  })
  .meta({ id: 'TaskAccount' });
export type TaskAccount = z.infer<typeof TaskAccount>;

export const ArmAccount = z
  .object({
    armId: z.string(),
    atS: z.number(),
    cause: z.enum(LOSS_CAUSES),
    waitsFor: z.string().nullable(),
    sinceS: z.number(),
    untilS: z.number().nullable().describe('null: it still is'),
    text: z.string(),
    reasons: z.array(ExplainedReason).describe('What was decided of the arm up to then, oldest first'),
  })
  .meta({ id: 'ArmAccount' });
export type ArmAccount = z.infer<typeof ArmAccount>;
