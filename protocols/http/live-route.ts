import { z } from 'zod';
import type { FastifyReply } from 'fastify';
import type { ControllerService } from '../../controller/runtime/service.ts';
import type { HttpApp } from './app.ts';
import { problemContent } from './app.ts';
import type { ArmsEvent, HelloEvent } from './interface/live.ts';
import { sendProblem } from './problem.ts';
import { statusOf } from './read-routes.ts';

/** Clients that listen at once. */
const CLIENTS_MAX = 24;
/** Arm frames are sent at 20 Hz, the status at 4 Hz. */
const FRAME_MS = 50;
const FRAMES_PER_STATUS = 5;
/** With more than this unsent, a client gets no arm frames: the next one replaces them anyway. */
const SKIP_ABOVE_BYTES = 64 * 1024;
/** With more than this unsent, a client is dropped; it may connect again. */
const DROP_ABOVE_BYTES = 1024 * 1024;
/** A joint that moved less than this is not worth a frame. */
const RESOLUTION = 1e-4;

export interface LiveHub {
  readonly clients: () => number;
  readonly dropped: () => number;
  close(): void;
}

/** The stream of arm positions and status, made once per tick and written to every client. */
export function registerLiveRoute(app: HttpApp, service: ControllerService, instance: string): LiveHub {
  const clients = new Set<FastifyReply['raw']>();
  const lastSent = new Map<string, readonly number[]>();
  let dropped = 0;
  let ended = false;
  let frame = 0;
  let timer: NodeJS.Timeout | null = null;

  const write = (text: string, kind: 'replaceable' | 'needed'): void => {
    for (const client of clients) {
      if (client.writableLength > DROP_ABOVE_BYTES) {
        dropped += 1;
        client.destroy();
        clients.delete(client);
      } else if (kind === 'needed' || client.writableLength <= SKIP_ABOVE_BYTES) {
        client.write(text);
      }
    }
  };

  const tick = (): void => {
    if (frame % FRAMES_PER_STATUS === 0) {
      // Every status is followed by a whole frame, so that a client that skipped some is right again.
      write(sseText('status', statusOf(service)), 'needed');
      lastSent.clear();
    }
    frame += 1;
    const moved = service.live().filter((arm) => differs(arm.positions, lastSent.get(arm.id)));
    if (moved.length === 0) return;
    for (const arm of moved) lastSent.set(arm.id, arm.positions);
    const event: ArmsEvent = {
      arms: moved.map((arm) => ({ id: arm.id, positions: arm.positions.map(rounded) })),
    };
    write(sseText('arms', event), 'replaceable');
  };

  const leave = (client: FastifyReply['raw']): void => {
    clients.delete(client);
    if (clients.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };

  app.get(
    '/api/v1/live',
    {
      schema: {
        summary: 'Arm positions and status as server-sent events',
        description:
          'Events: hello {instance}, then status (as GET /api/v1/status, 4 Hz) and arms (20 Hz, arms that moved).',
        tags: ['cell'],
        response: {
          200: {
            description: 'Never ends by itself',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          503: problemContent('Too many clients listen already'),
        },
      },
    },
    async (_request, reply) => {
      if (clients.size >= CLIENTS_MAX) {
        void reply.header('retry-after', '5');
        return sendProblem(reply, {
          status: 503,
          code: 'too-many-listeners',
          detail: `${CLIENTS_MAX} clients listen to the cell already.`,
          remedy: 'Close a page that is not needed, then try again.',
        });
      }
      // A request that was on its way when the service began to end would keep it from ending.
      if (ended) {
        return sendProblem(reply, {
          status: 503,
          code: 'shutting-down',
          detail: 'The service ends.',
          remedy: 'Connect again when it has been started anew.',
        });
      }
      const hello: HelloEvent = { instance };
      reply.hijack();
      const client = reply.raw;
      // The headers that hooks have set (content security policy and the like) hold for this answer too.
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) client.setHeader(name, value);
      }
      client.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      client.on('close', () => leave(client));
      client.on('error', () => leave(client));
      client.write(
        sseText('hello', hello) +
          sseText('status', statusOf(service)) +
          sseText('arms', {
            arms: service.live().map((arm) => ({ id: arm.id, positions: arm.positions.map(rounded) })),
          } satisfies ArmsEvent),
      );
      clients.add(client);
      timer ??= setInterval(tick, FRAME_MS);
      return reply;
    },
  );

  return {
    clients: () => clients.size,
    dropped: () => dropped,
    close() {
      ended = true;
      if (timer !== null) clearInterval(timer);
      timer = null;
      for (const client of clients) client.end();
      clients.clear();
    },
  };
}

function sseText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}

function differs(now: readonly number[], before: readonly number[] | undefined): boolean {
  if (before === undefined || before.length !== now.length) return true;
  return now.some((value, index) => Math.abs(value - (before[index] ?? 0)) >= RESOLUTION);
}
