import { z } from 'zod';

/** The answer to a request that was decided and is durable. `duplicate`: seen before, nothing was done again. */
export const IntakeReply = z.object({
  status: z.enum(['accepted', 'duplicate']),
  detail: z.string(),
  requestId: z.string(),
});
export type IntakeReply = z.infer<typeof IntakeReply>;
