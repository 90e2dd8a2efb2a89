import type { Socket } from 'node:net';
import type { HttpApp } from './app.ts';
import { PROBLEM_TYPE, problemBody, problemOfError, sendProblem } from './problem.ts';
import type { ProblemParts } from './problem.ts';

const LINES_OF_BUG = 'Tell whoever runs the service; its log has the details under this requestId.';

/** Gives every failure the form of a problem: what the routes throw, unknown addresses, methods that do not fit. */
export function registerErrorAnswers(app: HttpApp): void {
  const known: { readonly pattern: readonly string[]; readonly method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    for (const each of [method].flat()) {
      if (url !== '/*') known.push({ pattern: url.split('/'), method: each });
    }
  });

  app.setErrorHandler((error, request, reply) => {
    const parts = problemOfError(error, request);
    if (parts !== null) {
      if (parts.status === 401) void reply.header('www-authenticate', 'Bearer realm="magpie"');
      if (parts.status === 429) void reply.header('retry-after', /(\d+) s/.exec(parts.remedy)?.[1] ?? '60');
      request.log.debug({ code: parts.code, url: request.url, detail: parts.detail }, 'request refused');
      return sendProblem(reply, parts);
    }
    request.log.error({ err: error, url: request.url, requestId: request.id }, 'request failed');
    return sendProblem(reply, {
      status: 500,
      code: 'internal-error',
      detail: 'The service failed to answer this request.',
      remedy: LINES_OF_BUG,
      requestId: String(request.id),
    });
  });

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const steps = path.split('/');
    const methods = known.filter(({ pattern }) => fits(pattern, steps)).map(({ method }) => method);
    if (methods.length > 0 && !methods.includes(request.method)) {
      const allowed = [...new Set(methods)].sort().join(', ');
      void reply.header('allow', allowed);
      return sendProblem(reply, {
        status: 405,
        code: 'method-not-allowed',
        detail: `${request.method} is not possible on ${path.slice(0, 200)}.`,
        remedy: `Use ${allowed}.`,
      });
    }
    return sendProblem(reply, {
      status: 404,
      code: 'unknown-address',
      detail: `There is nothing at ${path.slice(0, 200)}.`,
      remedy: 'GET /api/v1/openapi.json lists what there is.',
    });
  });
}

function fits(pattern: readonly string[], steps: readonly string[]): boolean {
  return (
    pattern.length === steps.length &&
    pattern.every((step, index) => step.startsWith(':') || step === steps[index])
  );
}

/** Answers what is not HTTP at all, or never ends, in the same form; then the connection is closed. */
export function answerBrokenConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const parts = problemOfConnection(error.code);
  const body = JSON.stringify(problemBody(parts));
  const { title } = problemBody(parts);
  socket.end(
    `HTTP/1.1 ${parts.status} ${title}\r\nContent-Type: ${PROBLEM_TYPE}; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function problemOfConnection(code: string | undefined): ProblemParts {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return {
      status: 408,
      code: 'request-timeout',
      detail: 'The request did not arrive whole in time.',
      remedy: 'Send it again, in one go.',
    };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return {
      status: 431,
      code: 'headers-too-large',
      detail: 'The headers of the request are too large.',
      remedy: 'Send fewer or shorter headers: 16 KiB are the most.',
    };
  }
  return {
    status: 400,
    code: 'bad-request',
    detail: 'What arrived is no HTTP/1.1 request.',
    remedy: 'Speak HTTP to this port; TLS, where wanted, ends in a proxy in front of it.',
  };
}
