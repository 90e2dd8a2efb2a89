import { resolve } from 'node:path';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { startServer } from './http-fixture.ts';

/** Writes docs/openapi.json anew when run with --update; otherwise it has to be what the schemas say. */
test('docs/openapi.json is what the service serves', async () => {
  const running = await startServer();
  const served = await (await fetch(`${running.url}/api/v1/openapi.json`)).text();
  await running.close();
  const text = await format(served, { parser: 'json', printWidth: 110 });
  await expect(text).toMatchFileSnapshot(resolve('docs/openapi.json'));
});

test('every reference in the document leads somewhere, every path has an answer and a summary', async () => {
  const running = await startServer();
  const document = running.server.openApi() as {
    paths: Record<string, Record<string, { summary?: string; responses: Record<string, unknown> }>>;
    components: { schemas: Record<string, unknown> };
  };
  await running.close();
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name,
  );
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(Object.keys(document.components.schemas)).toContain(name);
  expect(new Set(names)).toEqual(new Set(Object.keys(document.components.schemas)));
  for (const operations of Object.values(document.paths)) {
    for (const { summary, responses } of Object.values(operations)) {
      expect(summary).toBeTruthy();
      expect(Object.keys(responses).length).toBeGreaterThan(0);
    }
  }
  expect(Object.keys(document.paths).sort()).toEqual([
    '/api/v1/cancel',
    '/api/v1/cell',
    '/api/v1/cell/commands',
    '/api/v1/consolidate',
    '/api/v1/live',
    '/api/v1/manipulators/{file}',
    '/api/v1/orders',
    '/api/v1/orders/{orderId}',
    '/api/v1/returns',
    '/api/v1/status',
    '/api/v1/stow',
    '/api/v1/tasks',
    '/api/v1/tasks/{taskId}',
    '/api/v1/tasks/{taskId}/commands',
    '/api/v1/why/arms/{armId}',
    '/api/v1/why/schedule',
    '/api/v1/why/tasks/{taskId}',
    '/health',
    '/metrics',
    '/ready',
  ]);
});
