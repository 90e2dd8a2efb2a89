import { randomUUID } from 'node:crypto';
import type { IntakeResult } from '../controller/domain/intake.ts';
import type { ArmAccount, TaskAccount } from '../controller/operations/account.ts';
import type { ScheduleAccount } from '../controller/operations/schedule-account.ts';
import type { CellView, TaskView } from '../controller/operations/view.ts';
import { CommandFailure } from './failure.ts';

/** Where the service is asked for, unless `--url` or MAGPIE_URL say otherwise. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';

const ANSWER_TIMEOUT_MS = 15_000;

export interface Answer {
  readonly httpStatus: number;
  readonly result: IntakeResult;
}

/** The running service, as the command line sees it: over HTTP, like everyone else. */
export class ServiceClient {
  readonly url: string;
  readonly #token: string | null;

  /** The token comes from the environment variable MAGPIE_TOKEN, where the service wants one. */
  constructor(url: string | undefined) {
    this.url = (url ?? process.env['MAGPIE_URL'] ?? DEFAULT_URL).replace(/\/+$/, '');
    this.#token = process.env['MAGPIE_TOKEN'] ?? null;
  }

  async status(): Promise<CellView> {
    return (await this.#get('/api/v1/status')) as CellView;
  }

  async tasks(state: string | undefined, limit: number): Promise<readonly TaskView[]> {
    const query = new URLSearchParams({ limit: String(limit), ...(state === undefined ? {} : { state }) });
    const body = (await this.#get(`/api/v1/tasks?${query}`)) as { tasks?: TaskView[] } | TaskView[];
    return Array.isArray(body) ? body : (body.tasks ?? []);
  }

  async task(taskId: string): Promise<TaskView> {
    return (await this.#get(`/api/v1/tasks/${encodeURIComponent(taskId)}`)) as TaskView;
  }

  async whyTask(taskId: string): Promise<TaskAccount> {
    return (await this.#get(`/api/v1/why/tasks/${encodeURIComponent(taskId)}`)) as TaskAccount;
  }

  async whySchedule(): Promise<ScheduleAccount> {
    return (await this.#get('/api/v1/why/schedule')) as ScheduleAccount;
  }

  async whyArm(armId: string, at: string | undefined): Promise<ArmAccount> {
    const query = at === undefined ? '' : `?${new URLSearchParams({ at })}`;
    return (await this.#get(`/api/v1/why/arms/${encodeURIComponent(armId)}${query}`)) as ArmAccount;
  }

  /** Posts a request. `key` makes a repeat harmless. Refusals are results, not failures. */
  async post(path: string, body: unknown, key: string = randomUUID()): Promise<Answer> {
    const response = await this.#fetch(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': key, 'magpie-client': 'cli' },
    });
    const answer = (await response.json()) as {
      status?: unknown;
      detail?: string;
      code?: string;
      title?: string;
      errors?: readonly Record<string, unknown>[];
    };
    if (response.ok) return { httpStatus: response.status, result: answer as IntakeResult };
    const errors = (answer.errors ?? []).map((error) => `; ${Object.values(error).join(' ')}`).join('');
    return {
      httpStatus: response.status,
      result: {
        status: 'refused',
        code: answer.code ?? String(response.status),
        detail: `${answer.detail ?? answer.title ?? response.statusText}${errors}`,
      },
    };
  }

  async #get(path: string): Promise<unknown> {
    const response = await this.#fetch(path, { method: 'GET' });
    const body: unknown = await response.json();
    if (response.ok) return body;
    const problem = body as { detail?: string; title?: string };
    throw new CommandFailure(problem.detail ?? problem.title ?? `${path}: ${response.status}`, 1);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== null) headers.set('authorization', `Bearer ${this.#token}`);
    try {
      return await fetch(`${this.url}${path}`, {
        ...init,
        headers,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
    } catch (error) {
      const cause =
        error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CommandFailure(
        `no service answers at ${this.url} (${cause}). Start it with \`npm start\`, or name another with --url.`,
        1,
      );
    }
  }
}
