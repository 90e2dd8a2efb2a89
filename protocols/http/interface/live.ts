import { z } from 'zod';
import { CellStatus } from './status.ts';

/**
 * Server-sent events of `GET /api/v1/live`. `hello` comes first; `status` about 4 times a second, also when nothing
 * changes, so that silence means a lost connection; `arms` about 20 times a second, with the arms that moved.
 */
export const HelloEvent = z.object({
  instance: z.string().describe('Changes when the service is started anew: fetch the layout again'),
});
export type HelloEvent = z.infer<typeof HelloEvent>;

export const ArmsEvent = z.object({
  arms: z.array(
    z.object({ id: z.string(), positions: z.array(z.number()).describe('Measured, in joint order') }),
  ),
});
export type ArmsEvent = z.infer<typeof ArmsEvent>;

export const LIVE_EVENTS = { hello: HelloEvent, status: CellStatus, arms: ArmsEvent } as const;
