import { z } from 'zod';
import { Id } from '../../controller/domain/intake.ts';
import { ArmAccount, TaskAccount } from '../../controller/operations/account.ts';
import { ScheduleAccount } from '../../controller/operations/schedule-account.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import { problemContent } from './app.ts';
import type { HttpApp } from './app.ts';
import { notFound, ProblemError } from './problem.ts';

const Instant = z.union([
  z.coerce
    .number()
    .nonnegative()
    .describe("Seconds since the cell's history began, as in `nowS` of the status"),
  z.iso.datetime({ offset: true }).describe('An instant of the wall clock'),
]);

/** Why the controller decided as it did. */
export function registerWhyRoutes(app: HttpApp, service: ControllerService): void {
  app.get(
    '/api/v1/why/tasks/:taskId',
    {
      schema: {
        summary: 'What was decided of a task, and why: candidates, costs, the rule, who held the space',
        tags: ['why'],
        params: z.strictObject({ taskId: Id }),
        response: { 200: TaskAccount, 404: problemContent('Nothing is known of such a task') },
      },
    },
    async ({ params }) => {
      const account = service.whyTask(params.taskId);
      if (account.reasons.length === 0 && service.task(params.taskId) === null)
        throw notFound('task', params.taskId);
      return account;
    },
  );

  app.get(
    '/api/v1/why/schedule',
    {
      schema: {
        summary: 'What is accepted now, who goes first where, and in which order all of it can be completed',
        tags: ['why'],
        response: { 200: ScheduleAccount },
      },
    },
    async () => service.schedule(),
  );

  app.get(
    '/api/v1/why/arms/:armId',
    {
      schema: {
        summary: 'What an arm did at an instant, and why',
        tags: ['why'],
        params: z.strictObject({ armId: Id }),
        querystring: z.strictObject({ at: Instant.optional().describe('Now, where it is left out') }),
        response: {
          200: ArmAccount,
          400: problemContent('The instant is not valid'),
          404: problemContent('There is no such arm, or nothing is known of it at that time any more'),
        },
      },
    },
    async ({ params, query }) => {
      const { arms } = service.view();
      if (!arms.some(({ id }) => id === params.armId)) throw notFound('arm', params.armId);
      const at = typeof query.at === 'string' ? new Date(query.at) : (query.at ?? null);
      const account = service.whyArm(params.armId, at);
      if (account !== null) return account;
      throw new ProblemError({
        status: 404,
        code: 'not-remembered',
        detail: `Nothing is known of ${params.armId} at that time.`,
        remedy:
          'The service keeps the reasons of about the last hour; `magpie why --journal FILE` looks further back.',
      });
    },
  );
}
