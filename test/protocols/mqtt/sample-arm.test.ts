import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { EVENT_MESSAGES, StateMessage } from '../../../protocols/mqtt/arm-messages.ts';
import { Controller } from './arm-bench.ts';
import { Listener, describeWithBrokers, until } from './brokers.ts';

const PAGE = readFileSync('docs/mqtt-arm-protocol.md', 'utf8');
const SAMPLE = /```js\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
const ARM = 'magpie/v1/test/arm/sample';
/** Lines of a printed page. */
const PAGE_LINES = 66;

it('fits on a page', () => {
  const lines = SAMPLE.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(30);
  expect(lines.length).toBeLessThan(PAGE_LINES);
});

describeWithBrokers('the sample arm of the protocol’s page', (make) => {
  const toClose: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of toClose.splice(0).reverse()) await close();
  });

  it('is moved, held to its grant and its lease, and refuses what it should', async () => {
    const broker = await make();
    await broker.start();
    toClose.push(() => broker.stop());
    const errors: string[] = [];
    const arm: ChildProcess = spawn(
      process.execPath,
      ['--input-type=module', '--eval', SAMPLE, broker.url, 'test', 'sample'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    arm.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    toClose.push(async () => {
      const gone = new Promise<void>((resolve) => arm.once('exit', () => resolve()));
      arm.kill('SIGKILL');
      await gone;
    });
    const wire = await Listener.connect(broker.url, `${ARM}/#`);
    toClose.push(() => wire.end());
    const cell = new Controller(broker.url, 'sample', 2);
    toClose.push(() => cell.close());
    await cell.claim();
    expect(cell.of('claimed')[0]).toMatchObject({ epoch: 2, positions: [0, 0, 0, 0, 0, 0], last: null });

    cell.submit('move-1', 0.4, 0.5);
    const progressUs = () => (wire.on(`${ARM}/state`).at(-1) as { progressUs: number }).progressUs;
    await until(() => progressUs() === 200_000, 'it rests at the end of its grant');
    cell.driver.send({ kind: 'extend', commandId: 'move-1', epoch: 2, grantedUntilUs: 400_000 });
    await cell.waitFor('ended');
    expect(cell.of('ended')[0]).toMatchObject({ outcome: { status: 'reached' }, positions: [1, -1] });
    expect(cell.of('progressed').length).toBe(1);

    const submit = wire.heard.find((message) => message.topic === `${ARM}/command/submit`)?.text ?? '';
    await wire.client.publishAsync(`${ARM}/command/submit`, submit, { qos: 1 });
    await until(() => wire.on(`${ARM}/event/refused`).length === 1, 'the repeat is refused');
    expect(wire.on(`${ARM}/event/refused`)[0]).toMatchObject({ commandId: 'move-1', reason: 'late-command' });

    // The will of an earlier connection, which the broker published late: it goes on sending, so it is there.
    const online = wire.on(`${ARM}/presence`)[0];
    const will = JSON.stringify({ ...online, status: 'offline' });
    await wire.client.publishAsync(`${ARM}/presence`, will, { qos: 1, retain: true });
    await cell.waitFor('connected', 2);
    await cell.claim();

    cell.submit('move-2', 30, 1);
    await cell.waitFor('accepted', 2);
    cell.hang();
    await until(() => {
      cell.take();
      return cell.of('ended').length === 2;
    }, 'it stops when its controller hangs');
    expect(cell.of('ended')[1]).toMatchObject({ outcome: { status: 'stopped', because: 'lease-expired' } });

    const next = new Controller(broker.url, 'sample', 3);
    toClose.push(() => next.close());
    await next.claim();
    expect(next.of('claimed')[0]?.last).toMatchObject({ commandId: 'move-2' });
    next.driver.send({ kind: 'grip', commandId: 'grip-1', epoch: 3, action: 'grasp', dwellUs: 1 });
    await next.waitFor('refused');
    // Every word it said is of the form that the document gives.
    for (const { topic, text } of wire.heard) {
      const kind = topic.slice(topic.lastIndexOf('/') + 1);
      const said: unknown = JSON.parse(text);
      if (topic === `${ARM}/state`) expect(StateMessage.safeParse(said).error).toBeUndefined();
      if (topic.startsWith(`${ARM}/event/`)) {
        expect(EVENT_MESSAGES[kind as keyof typeof EVENT_MESSAGES].safeParse(said).error).toBeUndefined();
      }
    }
    expect(errors.join('')).toBe('');
  });
});
