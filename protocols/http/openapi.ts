import fastifySwagger from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  CancelRequest,
  CellCommandRequest,
  ConsolidateRequest,
  OrderRequest,
  ReturnRequest,
  StowRequest,
} from '../../controller/domain/intake.ts';
import { OrderView, TaskView } from '../../controller/operations/view.ts';
import type { HttpApp } from './app.ts';
import { TaskCommandBody } from './intake-routes.ts';
import { CellLayout } from './interface/layout.ts';
import { Problem } from './interface/problem.ts';
import { IntakeReply } from './interface/reply.ts';
import { CellStatus } from './interface/status.ts';

/** Version of the interface; the paths carry its first number. */
const INTERFACE_VERSION = '1.0.0';

const NAMED = {
  OrderRequest,
  CancelRequest,
  ReturnRequest,
  StowRequest,
  ConsolidateRequest,
  CellCommandRequest,
  TaskCommandBody,
  IntakeReply,
  CellStatus,
  TaskView,
  OrderView,
  CellLayout,
  Problem,
} as const;

/** Makes `app.swagger()` give the OpenAPI document; to be registered before the routes. */
export async function registerOpenApi(app: HttpApp): Promise<void> {
  // A registry of its own: other protocols name schemas too, and the document must not depend on who is loaded.
  const schemaRegistry = z.registry<{ id?: string | undefined }>();
  for (const [id, schema] of Object.entries(NAMED)) schemaRegistry.add(schema, { id });
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Magpie',
        version: INTERFACE_VERSION,
        description:
          'Orders, tasks and state of a cell of robot arms. Every error is application/problem+json (RFC 9457). ' +
          'A request that changes something may carry an Idempotency-Key: repeating it does nothing twice. ' +
          'This interface is no safety function: emergency stops and the protection of persons work without it.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'orders', description: 'Orders, returns, goods to be stowed or moved' },
        { name: 'tasks', description: 'Single movements of units, and their exceptions' },
        { name: 'cell', description: 'The cell: its state, its layout, its commands' },
        { name: 'operations', description: 'Health, readiness, metrics' },
      ],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'Asked for when the service was started with a token; /health never asks.',
          },
        },
      },
      security: [{}, { bearer: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
}

/** The document as it is served and stored: plain names for request bodies, nothing that is not referred to. */
export function openApiDocument(app: HttpApp): Record<string, unknown> {
  const document = structuredClone(app.swagger()) as unknown as {
    components: { schemas: Record<string, unknown> };
  };
  const all = document.components.schemas;
  const prefix = '#/components/schemas/';
  const wanted = new Map<string, unknown>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) visit(each);
    else if (node !== null && typeof node === 'object') {
      const holder = node as Record<string, unknown>;
      const { $ref } = holder;
      if (typeof $ref === 'string' && $ref.startsWith(prefix)) {
        const name = $ref.slice(prefix.length);
        const plain = plainName(name, all);
        holder['$ref'] = prefix + plain;
        if (!wanted.has(plain)) {
          wanted.set(plain, all[name]);
          visit(all[name]);
        }
      }
      for (const [key, value] of Object.entries(holder)) if (key !== 'schemas') visit(value);
    }
  };
  visit(document);
  document.components.schemas = Object.fromEntries([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)));
  return document as unknown as Record<string, unknown>;
}

/** Schemas exist as what is sent and as what is answered; none of ours is both, so the suffix says nothing. */
function plainName(name: string, all: Readonly<Record<string, unknown>>): string {
  const plain = name.replace(/Input$/, '');
  return plain in all ? plain : name;
}
