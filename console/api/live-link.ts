import type { ArmsEvent, HelloEvent } from '../../protocols/http/interface/live.ts';
import type { CellStatus } from '../../protocols/http/interface/status.ts';
import { headers, problemOf } from './client.ts';

/** How the page stands with the service. Anything but `live` means that what is shown may be old. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly detail: string }
  | { readonly kind: 'token-wanted'; readonly detail: string };

export interface LiveHandlers {
  link(link: Link): void;
  hello(event: HelloEvent): void;
  status(status: CellStatus): void;
  arms(event: ArmsEvent): void;
}

/** The service sends its status 4 times a second: after this silence it counts as lost. */
const SILENCE_MS = 1_500;
const RETRY_MS = [300, 600, 1_000, 2_000] as const;
const BUFFER_MAX = 4 * 1024 * 1024;

/**
 * The live stream of the service, for as long as the page is open. `fetch` and not EventSource: a token can be sent
 * along, and silence is noticed where a socket stays open though nobody is there.
 */
export function openLiveLink(handlers: LiveHandlers): { restart(): void; close(): void } {
  let closed = false;
  let attempt = 0;
  let current: AbortController | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let heardMs = performance.now();
  let stopped = false;

  const connect = async (): Promise<void> => {
    const abort = new AbortController();
    current = abort;
    heardMs = performance.now();
    let detail = 'The service does not answer.';
    try {
      const response = await fetch('api/v1/live', {
        headers: headers(),
        signal: abort.signal,
        cache: 'no-store',
      });
      if (response.status === 401) {
        const { detail: why } = await problemOf(response);
        stopped = true;
        handlers.link({ kind: 'token-wanted', detail: why });
        return;
      }
      if (!response.ok || response.body === null) {
        detail = (await problemOf(response)).detail;
      } else {
        await readAll(response.body);
        detail = 'The service has ended the connection.';
      }
    } catch {
      // Aborted by the watchdog, or broken off: both mean that nothing is heard any more.
    }
    if (closed || current !== abort) return;
    handlers.link({ kind: 'lost', detail });
    const pause = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 2_000;
    attempt += 1;
    retry = setTimeout(() => void connect(), pause);
  };

  const readAll = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const reader = body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .getReader();
    let buffer = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heardMs = performance.now();
      buffer += value;
      if (buffer.length > BUFFER_MAX) throw new Error('an event is too long');
      for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
        const block = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        take(block);
      }
    }
  };

  const take = (block: string): void => {
    const match = /^event: (\w+)\ndata: (.*)$/s.exec(block);
    if (match === null) return;
    const data: unknown = JSON.parse(match[2] ?? 'null');
    switch (match[1]) {
      case 'hello':
        handlers.hello(data as HelloEvent);
        break;
      case 'status':
        attempt = 0;
        handlers.link({ kind: 'live' });
        handlers.status(data as CellStatus);
        break;
      case 'arms':
        handlers.arms(data as ArmsEvent);
        break;
      default:
        break;
    }
  };

  const watchdog = setInterval(() => {
    if (performance.now() - heardMs > SILENCE_MS && current !== null && !stopped) current.abort();
  }, 250);

  void connect();

  return {
    restart() {
      stopped = false;
      clearTimeout(retry);
      const before = current;
      handlers.link({ kind: 'connecting' });
      void connect();
      before?.abort();
    },
    close() {
      closed = true;
      clearInterval(watchdog);
      clearTimeout(retry);
      current?.abort();
    },
  };
}
