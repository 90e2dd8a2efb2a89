import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { LIVE_EVENTS } from '../../../protocols/http/interface/live.ts';
import { startServer } from './http-fixture.ts';
import type { Running } from './http-fixture.ts';

const open: Running[] = [];
afterEach(async () => {
  for (const running of open.splice(0)) await running.close();
});
const start = async (): Promise<Running> => {
  const running = await startServer();
  open.push(running);
  return running;
};

interface Received {
  readonly event: keyof typeof LIVE_EVENTS;
  readonly data: unknown;
}

/** Reads events until `enough` says so; then the client leaves. */
async function listen(url: string, enough: (events: readonly Received[]) => boolean): Promise<Received[]> {
  const abort = new AbortController();
  const response = await fetch(`${url}/api/v1/live`, { signal: abort.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: Received[] = [];
  let buffer = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    buffer += new TextDecoder().decode(chunk);
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const match = /^event: (\w+)\ndata: (.*)$/.exec(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
      events.push({ event: match?.[1] as Received['event'], data: JSON.parse(match?.[2] ?? '') });
    }
    if (enough(events)) break;
  }
  abort.abort();
  return events;
}

const tipsOf = (events: readonly Received[]) =>
  events
    .filter(({ event }) => event === 'arms')
    .flatMap(({ data }) => (data as { arms: { id: string; positions: number[] }[] }).arms);

describe('the live stream', () => {
  test('begins with hello, status and every arm, all as the interface says', async () => {
    const { url } = await start();
    const events = await listen(url, (all) => all.length >= 3);
    expect(events.slice(0, 3).map(({ event }) => event)).toEqual(['hello', 'status', 'arms']);
    for (const { event, data } of events) expect(LIVE_EVENTS[event].parse(data)).toEqual(data);
    expect(tipsOf(events).map(({ id }) => id)).toContain('A2');
  });

  test('sends an arm that moves, without those that rest, and the new state of the cell', async () => {
    const { url, service } = await start();
    let position = 0;
    const frames = (all: readonly Received[]) =>
      all.flatMap(({ event, data }) => (event === 'arms' ? [(data as { arms: { id: string }[] }).arms] : []));
    const events = await listen(url, (all) => {
      position += 0.1;
      service.arms = [
        { id: 'A1', positions: [position, 1.23456] },
        { id: 'A2', positions: [0, 0] },
      ];
      service.current.state = 'held';
      const alone = frames(all).some((arms) => arms.length === 1 && arms[0]?.id === 'A1');
      return alone && all.some(({ data }) => (data as { state?: string }).state === 'held');
    });
    expect(tipsOf(events).some(({ id, positions }) => id === 'A1' && positions[1] === 1.2346)).toBe(true);
  });

  test('two servers are two instances', async () => {
    const hello = async () => (await listen((await start()).url, (all) => all.length > 0))[0]?.data;
    expect(await hello()).not.toEqual(await hello());
  });

  test('a client that leaves is forgotten; the number of clients is bounded', async () => {
    const { url } = await start();
    const clients: AbortController[] = [];
    // Kept until the end: a response that is garbage-collected cancels its stream, and so leaves by itself.
    const responses: Response[] = [];
    for (let index = 0; index < 25; index += 1) {
      const abort = new AbortController();
      clients.push(abort);
      responses.push(await fetch(`${url}/api/v1/live`, { signal: abort.signal }));
    }
    expect(responses.slice(0, 24).every(({ status }) => status === 200)).toBe(true);
    expect(responses[24]?.status).toBe(503);
    for (const client of clients) client.abort();
    const count = async () =>
      /magpie_live_clients (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
    for (let attempt = 0; attempt < 200 && (await count()) !== '0'; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await count()).toBe('0');
    const events = await listen(url, (all) => all.length >= 3);
    expect(events[0]?.event).toBe('hello');
  });

  test('a client that does not read is dropped, others go on', async () => {
    const running = await start();
    // Big states fill the buffers of the sockets quickly.
    running.service.current.because = 'x'.repeat(400_000);
    const socket = connect(running.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.write('GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.pause();
    const dropped = async () =>
      /magpie_live_clients_dropped_total (\d+)/.exec(
        await (await fetch(`${running.url}/metrics`)).text(),
      )?.[1];
    for (let attempt = 0; attempt < 400 && (await dropped()) !== '1'; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(await dropped()).toBe('1');
    socket.resume();
    await closed;
    expect((await listen(running.url, (all) => all.length >= 3)).length).toBeGreaterThanOrEqual(3);
  });

  test('closing the server ends the streams', async () => {
    const running = await start();
    const response = await fetch(`${running.url}/api/v1/live`);
    const ended = response.text().then(
      () => 'ended',
      () => 'ended',
    );
    await running.close();
    expect(await ended).toBe('ended');
    open.length = 0;
  });
});
