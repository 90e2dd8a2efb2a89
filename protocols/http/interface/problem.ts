import { z } from 'zod';

/** One thing that is wrong with a request. */
export const Fault = z.object({
  in: z.enum(['body', 'query', 'path', 'header']),
  field: z.string().describe('e.g. lines[0].quantity; empty for the whole body'),
  value: z.string().nullable().describe('What was received, abridged; null: nothing'),
  detail: z.string(),
  remedy: z.string(),
});
export type Fault = z.infer<typeof Fault>;

/** Every error, in the form of RFC 9457 (application/problem+json). */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('see docs/error-codes.md'),
  detail: z.string(),
  remedy: z.string(),
  errors: z.array(Fault).optional().describe('All faults of the request at once, at most 50'),
  requestId: z.string().optional(),
  reasons: z.array(z.string()).optional().describe('Why the service is not ready'),
});
export type Problem = z.infer<typeof Problem>;
