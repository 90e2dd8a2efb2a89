import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { IntakeSource } from '../../controller/core/event.ts';
import {
  CancelRequest,
  CellCommandRequest,
  ConsolidateRequest,
  Id,
  OrderRequest,
  ReturnRequest,
  StowRequest,
  TaskCommandRequest,
} from '../../controller/domain/intake.ts';
import type { IntakeRequest, IntakeResult } from '../../controller/domain/intake.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import type { HttpApp } from './app.ts';
import { IntakeReply } from './interface/reply.ts';
import { problemContent } from './app.ts';
import { sendProblem } from './problem.ts';

/** A request which is not durable after this long is answered with 504; it may still take effect. */
const DECISION_TIMEOUT_MS = 10_000;

const [cancelTask, retryTask, resolveTask] = TaskCommandRequest.options;

/** A task command without the id, which stands in the path. */
export const TaskCommandBody = z
  .discriminatedUnion('action', [
    cancelTask.omit({ taskId: true }),
    retryTask.omit({ taskId: true }),
    resolveTask.omit({ taskId: true }),
  ])
  .meta({ id: 'TaskCommandBody' });

const Headers = z.looseObject({
  'idempotency-key': Id.optional().describe(
    'Makes a repeat of this request harmless: send the same key when an answer was lost',
  ),
  'magpie-client': z
    .enum(['console', 'cli'])
    .optional()
    .describe('Who asks, for the journal: the page or the command line'),
});
type Headers = z.infer<typeof Headers>;

const TaskPath = z.strictObject({ taskId: Id });

const SOURCES: Readonly<Record<'console' | 'cli', IntakeSource>> = { console: 'operator', cli: 'cli' };

const RESPONSES = {
  200: {
    description: 'Seen before; nothing was done again',
    content: { 'application/json': { schema: IntakeReply } },
  },
  202: { description: 'Durable; the work follows', content: { 'application/json': { schema: IntakeReply } } },
  400: problemContent('The request is not valid; errors names every fault'),
  404: problemContent('There is no such order or task'),
  409: problemContent('Refused: what is asked does not fit the state of things; code says why'),
  503: problemContent('The service is busy or ends; try again with the same Idempotency-Key'),
  504: problemContent(
    'Not decided in time; it may still take effect. Try again with the same Idempotency-Key',
  ),
};

/** Everything that asks the cell to do something. */
export function registerIntakeRoutes(app: HttpApp, service: ControllerService): void {
  const route = <Body extends z.ZodType>(
    url: string,
    schema: { readonly body: Body; readonly summary: string; readonly tags: readonly string[] },
    request: (body: z.infer<Body>) => IntakeRequest,
  ): void => {
    app.post(
      url,
      { schema: { ...schema, tags: [...schema.tags], headers: Headers, response: RESPONSES } },
      async (incoming, reply) => decide(service, request(incoming.body as z.infer<Body>), incoming, reply),
    );
  };

  route('/api/v1/orders', { body: OrderRequest, summary: 'Place an order', tags: ['orders'] }, (body) => ({
    kind: 'order',
    body,
  }));
  route(
    '/api/v1/cancel',
    { body: CancelRequest, summary: 'Cancel an order, a line, or some units of a line', tags: ['orders'] },
    (body) => ({ kind: 'cancel', body }),
  );
  route(
    '/api/v1/returns',
    {
      body: ReturnRequest,
      summary: 'Take back units: cancels the newest unfulfilled ones',
      tags: ['orders'],
    },
    (body) => ({ kind: 'return', body }),
  );
  route(
    '/api/v1/stow',
    { body: StowRequest, summary: 'Stow goods from an induct tote into storage', tags: ['orders'] },
    (body) => ({ kind: 'stow', body }),
  );
  route(
    '/api/v1/consolidate',
    { body: ConsolidateRequest, summary: 'Move units from one tote to another', tags: ['orders'] },
    (body) => ({ kind: 'consolidate', body }),
  );
  route(
    '/api/v1/cell/commands',
    {
      body: CellCommandRequest,
      summary: 'Give the cell a PackML command, e.g. hold or unhold',
      tags: ['cell'],
    },
    (body) => ({ kind: 'cell', body }),
  );
  app.post(
    '/api/v1/tasks/:taskId/commands',
    {
      schema: {
        params: TaskPath,
        body: TaskCommandBody,
        headers: Headers,
        response: RESPONSES,
        summary: 'Cancel or retry a task, or resolve its exception',
        tags: ['tasks'],
      },
    },
    async (incoming, reply) => {
      const { taskId } = incoming.params;
      return decide(service, { kind: 'task', body: { ...incoming.body, taskId } }, incoming, reply);
    },
  );
}

async function decide(
  service: ControllerService,
  request: IntakeRequest,
  incoming: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const headers = incoming.headers as Headers;
  const key = headers['idempotency-key'] ?? randomUUID();
  const client = headers['magpie-client'];
  // The kind is part of the id: a client that numbers its orders and its cancellations alike loses neither.
  const requestId = `${request.kind}:${key}`;
  const result = await inTime(
    service.submit(request, requestId, client === undefined ? 'http' : SOURCES[client]),
  );
  if (result === null) {
    return sendProblem(reply, {
      status: 504,
      code: 'not-decided-in-time',
      detail: `The request was not durable within ${DECISION_TIMEOUT_MS / 1_000} s; it may still take effect.`,
      remedy: `Send it again with the header Idempotency-Key: ${key}`,
      requestId,
    });
  }
  if (result.status === 'refused') return sendRefusal(reply, result, requestId, key);
  if (request.kind === 'order') {
    void reply.header('location', `/api/v1/orders/${encodeURIComponent(request.body.orderId)}`);
  }
  return reply
    .code(result.status === 'accepted' ? 202 : 200)
    .send({ status: result.status, detail: result.detail, requestId });
}

function sendRefusal(
  reply: FastifyReply,
  refusal: Extract<IntakeResult, { status: 'refused' }>,
  requestId: string,
  key: string,
): FastifyReply {
  const busy = refusal.code === 'busy' || refusal.code === 'shutting-down';
  if (busy) void reply.header('retry-after', '1');
  return sendProblem(reply, {
    status: busy ? 503 : refusal.code === 'unknown-task' || refusal.code === 'unknown-order' ? 404 : 409,
    code: refusal.code,
    detail: refusal.detail,
    remedy: busy
      ? `Send it again in a second with the header Idempotency-Key: ${key}`
      : 'docs/error-codes.md has the cause and the remedy of this code.',
    requestId,
  });
}

async function inTime(decision: Promise<IntakeResult>): Promise<IntakeResult | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), DECISION_TIMEOUT_MS);
  });
  try {
    return await Promise.race([decision, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
