import { afterEach, describe, expect, test } from 'vitest';
import type { Reason } from '../../../controller/operations/reason.ts';
import { startServer } from './http-fixture.ts';
import { SmallService } from './small-service.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function asked(
  path: string,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const service = new SmallService(['A1', 'A2'], 2);
  const said: Reason[] = [
    {
      kind: 'cause',
      armId: 'A1',
      cause: 'waiting',
      waitsFor: 'A2',
      why: 'it waits for space that A2 has first',
    },
    { kind: 'waits', armId: 'A1', taskId: 't-1', forArmId: 'A2', what: 'zone Z, held by A2' },
    { kind: 'cause', armId: 'A1', cause: 'working', waitsFor: null, why: 'reach of t-1' },
  ];
  said.forEach((reason, k) => service.reasons.hear({ kind: 'reason', reason }, (k + 1) * 10_000_000));
  const running = await startServer({}, service);
  open.push(running);
  const response = await fetch(`${running.url}${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('why', () => {
  test('an arm did what it did at an instant', async () => {
    const { status, body } = await asked('/api/v1/why/arms/A1?at=25');
    expect(status).toBe(200);
    expect(body).toMatchObject({ cause: 'waiting', waitsFor: 'A2', sinceS: 10, untilS: 30 });
    expect(body['reasons']).toMatchObject([{ atS: 20, text: 'A1 waits for zone Z, held by A2' }]);
  });

  test('it does what it does now', async () => {
    expect((await asked('/api/v1/why/arms/A1')).body).toMatchObject({ cause: 'working', untilS: null });
    expect((await asked('/api/v1/why/arms/A1?at=2026-03-01T08:15:00Z')).status).toBe(200);
  });

  test('a task is where it is', async () => {
    const { status, body } = await asked('/api/v1/why/tasks/t-1');
    expect(status).toBe(200);
    expect(body['reasons']).toMatchObject([{ atS: 20, reason: { kind: 'waits', forArmId: 'A2' } }]);
  });

  test.each([
    ['/api/v1/why/arms/A9', 404, 'unknown-arm'],
    ['/api/v1/why/arms/A2?at=5', 404, 'not-remembered'],
    ['/api/v1/why/arms/A1?at=yesterday', 400, 'invalid-request'],
    ['/api/v1/why/arms/A1?at=-3', 400, 'invalid-request'],
    ['/api/v1/why/arms/A1?when=3', 400, 'invalid-request'],
    ['/api/v1/why/tasks/t-77', 404, 'unknown-task'],
  ])('%s answers %i', async (path, status, code) => {
    const answer = await asked(path);
    expect(answer.status).toBe(status);
    expect(answer.body['code']).toBe(code);
  });
});
