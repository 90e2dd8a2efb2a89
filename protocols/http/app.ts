import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { Problem } from './interface/problem.ts';
import { PROBLEM_TYPE } from './problem.ts';

/** Fastify with zod schemas as the types of its routes. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** An error answer, for the OpenAPI document. */
export function problemContent(description: string) {
  return { description, content: { [PROBLEM_TYPE]: { schema: Problem } } };
}
