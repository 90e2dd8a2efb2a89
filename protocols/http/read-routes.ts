import { z } from 'zod';
import { Id } from '../../controller/domain/intake.ts';
import { commandsAllowed } from '../../controller/machines/cell.ts';
import { TASK_STATES } from '../../controller/machines/task.ts';
import { OrderView, TaskView } from '../../controller/operations/view.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import { problemContent } from './app.ts';
import type { HttpApp } from './app.ts';

import { CellLayout } from './interface/layout.ts';
import { CellStatus, EXCEPTIONS_MAX } from './interface/status.ts';
import { notFound, sendProblem } from './problem.ts';

const TASKS_MAX = 1_000;

const TasksQuery = z.strictObject({
  state: z.enum(TASK_STATES).optional().describe('Only tasks in this state'),
  limit: z.coerce.number().pipe(z.int().min(1).max(TASKS_MAX)).default(100),
});

/** What the page and other clients see of the cell: its status, with the commands that its state allows. */
export function statusOf(service: ControllerService): CellStatus {
  const view = service.view();
  return {
    ...view,
    exceptions: view.exceptions.slice(0, EXCEPTIONS_MAX),
    exceptionsTotal: view.exceptions.length,
    commands: [...commandsAllowed(view.state)],
  };
}

/** Everything that only looks. */
export function registerReadRoutes(
  app: HttpApp,
  service: ControllerService,
  layout: CellLayout,
  descriptions: ReadonlyMap<string, string>,
): void {
  app.get(
    '/api/v1/status',
    {
      schema: {
        summary: 'The cell as it is now',
        tags: ['cell'],
        response: { 200: CellStatus },
      },
    },
    async () => statusOf(service),
  );

  app.get(
    '/api/v1/tasks',
    {
      schema: {
        summary: 'Tasks, open ones first',
        tags: ['tasks'],
        querystring: TasksQuery,
        response: { 200: z.array(TaskView), 400: problemContent('The query is not valid') },
      },
    },
    async ({ query }) => [...service.tasks({ state: query.state ?? null, limit: query.limit })],
  );

  app.get(
    '/api/v1/tasks/:taskId',
    {
      schema: {
        summary: 'One task',
        tags: ['tasks'],
        params: z.strictObject({ taskId: Id }),
        response: { 200: TaskView, 404: problemContent('There is no such task') },
      },
    },
    async ({ params }) => {
      const task = service.task(params.taskId);
      if (task === null) throw notFound('task', params.taskId);
      return task;
    },
  );

  app.get(
    '/api/v1/orders/:orderId',
    {
      schema: {
        summary: 'One order with its lines',
        tags: ['orders'],
        params: z.strictObject({ orderId: Id }),
        response: { 200: OrderView, 404: problemContent('There is no such order') },
      },
    },
    async ({ params }) => {
      const order = service.order(params.orderId);
      if (order === null) throw notFound('order', params.orderId);
      return order;
    },
  );

  app.get(
    '/api/v1/cell',
    {
      schema: {
        summary: 'The cell as it is built: arms, places, obstacles, zones',
        tags: ['cell'],
        response: { 200: CellLayout },
      },
    },
    async () => layout,
  );

  app.get(
    '/api/v1/manipulators/:file',
    {
      schema: {
        summary: 'The URDF of a manipulator: {name}.urdf',
        tags: ['cell'],
        params: z.strictObject({ file: z.string().max(160) }),
        response: {
          200: { description: 'URDF', content: { 'application/xml': { schema: z.string() } } },
          404: problemContent('There is no such manipulator'),
        },
      },
    },
    async ({ params }, reply) => {
      const name = params.file.replace(/\.urdf$/, '');
      const text = params.file.endsWith('.urdf') ? descriptions.get(name) : undefined;
      if (text === undefined) throw notFound('manipulator', params.file);
      return reply.header('content-type', 'application/xml; charset=utf-8').serializer(String).send(text);
    },
  );

  app.get(
    '/health',
    {
      schema: {
        summary: 'The process lives and answers',
        tags: ['operations'],
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/ready',
    {
      schema: {
        summary: 'The service can take work: journal open, arms and surroundings heard from',
        tags: ['operations'],
        response: {
          200: z.object({ ready: z.literal(true) }),
          503: problemContent('Not ready; reasons says why'),
        },
      },
    },
    async (_request, reply) => {
      const { ready, reasons } = service.readiness();
      if (ready) return { ready: true as const };
      return sendProblem(reply, {
        status: 503,
        code: 'not-ready',
        detail: `The service cannot take work: ${reasons.join('; ')}.`,
        remedy: 'Wait, or set right what the reasons name.',
        reasons,
      });
    },
  );
}
