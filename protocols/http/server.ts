import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import fastifyHelmet from '@fastify/helmet';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { ControllerService } from '../../controller/runtime/service.ts';
import type { HttpApp } from './app.ts';
import { registerBodyParser } from './body-parser.ts';
import { answerBrokenConnection, registerErrorAnswers } from './error-answers.ts';
import { InvalidRequest, faultsOf } from './faults.ts';
import type { FaultPlace } from './faults.ts';
import { checkHost, checkOrigin, checkToken } from './guard.ts';
import { registerIntakeRoutes } from './intake-routes.ts';
import type { CellLayout } from './interface/layout.ts';
import { checkExposure, listen } from './listen.ts';
import type { ListenResult, SettingNames } from './listen.ts';
import { registerLiveRoute } from './live-route.ts';
import { registerMetricsRoute } from './metrics.ts';
import type { MessageFigures } from './metrics.ts';
import { openApiDocument, registerOpenApi } from './openapi.ts';
import { ProblemError } from './problem.ts';
import { registerReadRoutes } from './read-routes.ts';
import { registerWhyRoutes } from './why-routes.ts';

export interface HttpServerOptions {
  readonly service: ControllerService;
  /** Figures of the MQTT side for `/metrics`; without it, none. */
  readonly messages?: () => MessageFigures;
  readonly layout: CellLayout;
  /** URDF text by manipulator name. */
  readonly descriptions: ReadonlyMap<string, string>;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Bearer token; null is allowed on loopback only. Comes from the environment, never from a file or argument. */
  readonly token: string | null;
  /** Names other than this machine's own under which clients may call, e.g. that of a proxy. */
  readonly hostNames: readonly string[];
  /** Directory of the built page; null: none is served. */
  readonly consoleDirectory: string | null;
  readonly logger: FastifyBaseLogger;
  readonly settingNames: SettingNames;
}

export interface HttpServer {
  listen(): Promise<ListenResult>;
  /** Ends open streams and connections; resolves when the port is free. */
  close(): Promise<void>;
  openApi(): Record<string, unknown>;
}

const BODY_MAX_BYTES = 1024 * 1024;
const CONNECTIONS_MAX = 256;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
const REQUESTS_PER_MINUTE = 12_000;
const WRONG_TOKENS_PER_MINUTE = 20;
const NO_MESSAGES: MessageFigures = { refused: [], waiting: 0, dropped: 0 };
const LIVE_PATH = '/api/v1/live';

const CONTEXTS: Readonly<Record<string, FaultPlace>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** The HTTP side of the controller. Nothing is reachable before `listen()`. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { service, host, port, token, settingNames } = options;
  const instance = randomUUID();
  const app: HttpApp = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    return503OnClosing: true,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    genReqId: () => randomUUID(),
    clientErrorHandler: answerBrokenConnection,
  }).withTypeProvider<ZodTypeProvider>();
  app.server.maxConnections = CONNECTIONS_MAX;

  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (value: unknown) => {
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data };
    return { error: new InvalidRequest(faultsOf(result.error, value, CONTEXTS[httpPart ?? ''] ?? 'body')) };
  });
  app.setSerializerCompiler(serializerCompiler);
  registerBodyParser(app);
  registerErrorAnswers(app);

  const hostNames = new Set([
    hostname().toLowerCase(),
    ...options.hostNames.map((name) => name.toLowerCase()),
  ]);
  app.addHook('onRequest', async (request) => {
    const problem =
      checkHost(request, hostNames) ??
      checkOrigin(request, request.url.startsWith(LIVE_PATH) ? 'always' : 'when-changing');
    if (problem !== null) throw new ProblemError(problem);
  });
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('cache-control', 'no-store');
  });

  await app.register(fastifyRateLimit, {
    global: true,
    max: REQUESTS_PER_MINUTE,
    timeWindow: 60_000,
    cache: 1_000,
    errorResponseBuilder: (_request, { ttl }) => tooMany(ttl, 'Too many requests from this address.'),
  });
  if (token !== null) guardWithToken(app, token);
  await app.register(fastifyHelmet, {
    // The service speaks plain HTTP; whoever puts TLS in front sets its header there.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        connectSrc: ["'self'"],
        fontSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
  });

  await registerOpenApi(app);
  let document: Record<string, unknown> | null = null;
  const openApi = () => (document ??= openApiDocument(app));

  await app.register(async (scope) => {
    const routes = scope as unknown as HttpApp;
    registerIntakeRoutes(routes, service);
    registerReadRoutes(routes, service, options.layout, options.descriptions);
    registerWhyRoutes(routes, service);
    const hub = registerLiveRoute(routes, service, instance);
    registerMetricsRoute(routes, service, hub, options.messages ?? (() => NO_MESSAGES));
    routes.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => openApi());
    app.addHook('preClose', async () => hub.close());
  });
  await registerPage(app, options.consoleDirectory);
  await app.ready();

  return {
    async listen() {
      return checkExposure(host, token, settingNames) ?? (await listen(app, host, port, settingNames));
    },
    close: async () => app.close(),
    openApi,
  };
}

function guardWithToken(app: HttpApp, token: string): void {
  const failures = app.createRateLimit({ max: WRONG_TOKENS_PER_MINUTE, timeWindow: 60_000 });
  app.addHook('onRequest', async (request) => {
    if (isOpen(request)) return;
    const problem = checkToken(request, token);
    if (problem === null) return;
    const limit = await failures(request);
    if (!limit.isAllowed && limit.isExceeded) {
      throw tooMany(limit.ttl, 'Too many requests with a wrong token from this address.');
    }
    throw new ProblemError(problem);
  });
}

/**
 * Open without a token: liveness, and the files of the page, which hold nothing of the cell: it is the page that asks
 * for the token and sends it with everything it fetches.
 */
function isOpen(request: FastifyRequest): boolean {
  const url = request.routeOptions.url;
  return url === '/health' || ((url === '/' || url === '/*') && request.method !== 'POST');
}

function tooMany(ttlMs: number, detail: string): ProblemError {
  const seconds = Math.max(1, Math.ceil(ttlMs / 1_000));
  return new ProblemError({
    status: 429,
    code: 'too-many-requests',
    detail,
    remedy: `Wait ${seconds} s, then go on more slowly.`,
  });
}

async function registerPage(app: HttpApp, directory: string | null): Promise<void> {
  if (directory !== null && existsSync(join(directory, 'index.html'))) {
    await app.register(fastifyStatic, {
      root: directory,
      cacheControl: false,
      dotfiles: 'deny',
      setHeaders(reply, path) {
        // Names of built assets carry a hash of their content.
        const forever = /[\\/]assets[\\/]/.test(path);
        void reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
    return;
  }
  app.get('/', { schema: { hide: true } }, async () => {
    throw new ProblemError({
      status: 404,
      code: 'page-not-built',
      detail: 'The operator page has not been built.',
      remedy: 'Build it with: npm run build:console. The interface itself is at /api/v1/openapi.json.',
    });
  });
}
