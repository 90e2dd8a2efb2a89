import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidRequest } from './faults.ts';
import type { Problem } from './interface/problem.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** What makes a problem; the rest follows from the status. */
export interface ProblemParts {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
  readonly errors?: Problem['errors'];
  readonly requestId?: string;
  readonly reasons?: readonly string[];
}

export function problemBody(parts: ProblemParts): Problem {
  return {
    type: `urn:magpie:${parts.code}`,
    title: STATUS_CODES[parts.status] ?? 'Error',
    status: parts.status,
    code: parts.code,
    detail: parts.detail,
    remedy: parts.remedy,
    ...(parts.errors === undefined ? {} : { errors: parts.errors }),
    ...(parts.requestId === undefined ? {} : { requestId: parts.requestId }),
    ...(parts.reasons === undefined ? {} : { reasons: [...parts.reasons] }),
  };
}

export function sendProblem(reply: FastifyReply, parts: ProblemParts): FastifyReply {
  // Serialized here: the route's own response schemas are those of its successes.
  return reply
    .code(parts.status)
    .header('content-type', `${PROBLEM_TYPE}; charset=utf-8`)
    .header('cache-control', 'no-store')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemBody(parts));
}

/** Thrown in hooks and parsers, which cannot answer by themselves. */
export class ProblemError extends Error {
  readonly parts: ProblemParts;

  constructor(parts: ProblemParts) {
    super(parts.detail);
    this.parts = parts;
  }
}

/** What became of a request that failed on its way: the parts of its problem, or null for a bug of ours. */
export function problemOfError(error: unknown, request: FastifyRequest): ProblemParts | null {
  if (error instanceof ProblemError) return error.parts;
  if (error instanceof InvalidRequest) return problemOfFaults(error);
  const { code, statusCode } = error as Partial<FastifyError>;
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return {
        status: 415,
        code: 'unsupported-media-type',
        detail: `Content-Type is ${request.headers['content-type'] ?? 'missing'}; only JSON is read here.`,
        remedy: 'Send the body as JSON with the header Content-Type: application/json.',
      };
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return {
        status: 413,
        code: 'body-too-large',
        detail: `The body is larger than ${request.routeOptions.bodyLimit} bytes.`,
        remedy: 'Split it: an order has at most 2000 lines.',
      };
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return {
        status: 400,
        code: 'invalid-body',
        detail: 'Content-Length is not the length of the body.',
        remedy: 'Leave the header to the HTTP library.',
      };
    default:
      break;
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return {
      status: statusCode,
      code: 'bad-request',
      detail: error instanceof Error ? error.message : 'The request could not be read.',
      remedy: 'Correct the request; the OpenAPI document has the exact form.',
    };
  }
  return null;
}

function problemOfFaults({ faults, total }: InvalidRequest): ProblemParts {
  const [first] = faults;
  const summary =
    first === undefined
      ? 'The request is not valid.'
      : `${first.field === '' ? `The ${first.in}` : `${first.field} (in the ${first.in})`} ${first.detail}${
          first.value === null ? '' : `; got ${first.value}`
        }.`;
  const more = total > 1 ? ` ${total - 1} more fault${total > 2 ? 's' : ''} in errors.` : '';
  return {
    status: 400,
    code: 'invalid-request',
    detail: summary + more,
    remedy: total > 1 ? 'Correct every entry of errors.' : capitalized(first?.remedy ?? 'Correct it.'),
    errors: [...faults],
  };
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

/** Thrown by routes that look something up. */
export function notFound(what: 'order' | 'task' | 'arm' | 'manipulator', id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: `unknown-${what}`,
    detail: `There is no ${what} ${JSON.stringify(id)}.`,
    remedy: `Check the id; the lists of this interface name those that exist.`,
  });
}
