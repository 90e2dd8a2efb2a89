import type { Problem } from '../../protocols/http/interface/problem.ts';
import type { IntakeReply } from '../../protocols/http/interface/reply.ts';

const TOKEN_KEY = 'magpie-token';
const TIMEOUT_MS = 12_000;
const ATTEMPTS_MAX = 3;
const ATTEMPT_GAP_MS = 700;

/** The token of this browser tab; it is forgotten when the tab is closed. */
export const token = {
  get: (): string | null => sessionStorage.getItem(TOKEN_KEY),
  set: (value: string): void => sessionStorage.setItem(TOKEN_KEY, value),
};

/** What came of a request. `unreachable`: no answer; whether it took effect is not known. */
export type Answer<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'problem'; readonly problem: Problem }
  | { readonly status: 'unreachable' };

export function headers(): Record<string, string> {
  const value = token.get();
  return value === null ? {} : { authorization: `Bearer ${value}` };
}

export async function get<T>(path: string): Promise<Answer<T>> {
  return once<T>(path, { headers: headers() }, (response) => response.json() as Promise<T>);
}

export async function getText(path: string): Promise<Answer<string>> {
  return once(path, { headers: headers() }, (response) => response.text());
}

/** Asks the cell to do something. Repeats while there is no answer, with one key, so that it is done once. */
export async function post(path: string, body: unknown): Promise<Answer<IntakeReply>> {
  const init = {
    method: 'POST',
    headers: {
      ...headers(),
      'content-type': 'application/json',
      'idempotency-key': newKey(),
      'magpie-client': 'console',
    },
    body: JSON.stringify(body),
  };
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once(path, init, (response) => response.json() as Promise<IntakeReply>);
    const again =
      answer.status === 'unreachable' ||
      (answer.status === 'problem' && (answer.problem.status === 503 || answer.problem.status === 504));
    if (!again || attempt === ATTEMPTS_MAX) return answer;
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_GAP_MS));
  }
}

async function once<T>(
  path: string,
  init: RequestInit,
  read: (response: Response) => Promise<T>,
): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      ...init,
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return { status: 'ok', value: await read(response) };
    return { status: 'problem', problem: await problemOf(response) };
  } catch {
    return { status: 'unreachable' };
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'detail' in body) return body as Problem;
  } catch {
    // Something between the page and the service has answered; its status is all there is to say.
  }
  return {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    code: 'no-answer',
    detail: `The answer was ${response.status} ${response.statusText}.`,
    remedy: 'Look at the log of the service.',
  };
}

/** `crypto.randomUUID` exists on secure origins only; a cell's page is often opened by address. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `p${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
