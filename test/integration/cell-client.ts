import type { IntakeResult, OrderRequest } from '../../controller/domain/intake.ts';
import type { CellView, OrderView, TaskView } from '../../controller/operations/view.ts';

/** Nobody answered, or the answer was lost: whether the request was taken is not known. */
export type Unanswered = { readonly status: 'unanswered'; readonly detail: string };

const ANSWER_MS = 12_000;

/** The service over HTTP, as a client that has to live with its crashes. */
export class CellClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Null: no answer, or none that is one. */
  async get<T>(path: string): Promise<T | null> {
    try {
      const response = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
      return response.ok ? ((await response.json()) as T) : null;
    } catch {
      return null;
    }
  }

  status(): Promise<CellView | null> {
    return this.get('/api/v1/status');
  }

  order(orderId: string): Promise<OrderView | null> {
    return this.get(`/api/v1/orders/${encodeURIComponent(orderId)}`);
  }

  async tasks(state: string): Promise<readonly TaskView[] | null> {
    return this.get(`/api/v1/tasks?limit=1000&state=${state}`);
  }

  async post(path: string, body: unknown, key: string): Promise<IntakeResult | Unanswered> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const answer = (await response.json()) as { status?: unknown; code?: string; detail?: string };
      if (response.ok) return answer as IntakeResult;
      const { code = String(response.status), detail = '' } = answer;
      if (response.status >= 500) return { status: 'unanswered', detail: `${code}: ${detail}` };
      return { status: 'refused', code, detail };
    } catch (error) {
      return { status: 'unanswered', detail: String(error) };
    }
  }

  placeOrder(order: OrderRequest, key: string): Promise<IntakeResult | Unanswered> {
    return this.post('/api/v1/orders', order, key);
  }

  command(command: string, key: string): Promise<IntakeResult | Unanswered> {
    return this.post('/api/v1/cell/commands', { command }, key);
  }
}
