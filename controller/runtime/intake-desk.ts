import type { CoreEvent, IntakeSource } from '../core/event.ts';
import type { IntakeRequest, IntakeResult } from '../domain/intake.ts';
import { hashText } from './state-hash.ts';

export interface IntakeLimits {
  /** Orders, cancellations and the like waiting for the core. */
  readonly queueMax: number;
  /** Commands of people to the cell and to tasks, which wait in a queue of their own and go first. */
  readonly urgentMax: number;
  /** Answers remembered, so that a repeat gets the same one. */
  readonly rememberedMax: number;
}

type IntakeEvent = Extract<CoreEvent, { kind: 'intake' }>;

interface Remembered {
  /** Hash of the request; null: answered before a restart. */
  readonly bodyHash: string | null;
  readonly result: IntakeResult;
}

interface Pending {
  readonly bodyHash: string;
  readonly promise: Promise<IntakeResult>;
  readonly resolve: (result: IntakeResult) => void;
}

/** Where requests wait for the core and people for their answers. A repeat of a request does nothing twice. */
export class IntakeDesk {
  readonly #limits: IntakeLimits;
  readonly #queue: IntakeEvent[] = [];
  readonly #urgent: IntakeEvent[] = [];
  readonly #pending = new Map<string, Pending>();
  /** In order of answering, oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  #closed: IntakeResult | null = null;
  #refused = 0;

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  /** Requests turned away because a queue was full. */
  get refused(): number {
    return this.#refused;
  }

  /** @see ControllerService.submit */
  submit(request: IntakeRequest, requestId: string, source: IntakeSource): Promise<IntakeResult> {
    const bodyHash = hashText(JSON.stringify(request));
    const known = this.#pending.get(requestId) ?? this.#remembered.get(requestId);
    if (known !== undefined) {
      if (known.bodyHash !== null && known.bodyHash !== bodyHash) {
        return Promise.resolve(
          refusal(
            'request-id-reused',
            `request id ${requestId} was used for another request; give each request an id of its own`,
          ),
        );
      }
      return 'promise' in known ? known.promise : Promise.resolve(repeated(known.result));
    }
    if (this.#closed !== null) return Promise.resolve(this.#closed);
    const isUrgent = request.kind === 'cell' || request.kind === 'task';
    const queue = isUrgent ? this.#urgent : this.#queue;
    const max = isUrgent ? this.#limits.urgentMax : this.#limits.queueMax;
    if (queue.length >= max) {
      this.#refused += 1;
      return Promise.resolve(refusal('busy', `${max} requests are waiting already; send it again later`));
    }
    queue.push({ kind: 'intake', requestId, source, request });
    let resolve: (result: IntakeResult) => void = () => undefined;
    const promise = new Promise<IntakeResult>((settle) => (resolve = settle));
    this.#pending.set(requestId, { bodyHash, promise, resolve });
    return promise;
  }

  get isWaiting(): boolean {
    return this.#urgent.length + this.#queue.length > 0;
  }

  /** The next requests for the core; what people command goes first. */
  take(max: number): IntakeEvent[] {
    const taken = this.#urgent.splice(0, max);
    return taken.concat(this.#queue.splice(0, max - taken.length));
  }

  answer(requestId: string, result: IntakeResult): void {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    this.remember(requestId, result, pending?.bodyHash ?? null);
    pending?.resolve(result);
  }

  /** Keeps an answer for repeats of its request, also one given before a restart. */
  remember(requestId: string, result: IntakeResult, bodyHash: string | null): void {
    this.#remembered.delete(requestId);
    this.#remembered.set(requestId, { bodyHash, result });
    if (this.#remembered.size > this.#limits.rememberedMax) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
  }

  isPending(requestId: string): boolean {
    return this.#pending.has(requestId);
  }

  /** Refuses whatever has no answer yet, and everything that comes. Nothing of it was made durable. */
  close(code: string, detail: string): void {
    this.#closed ??= refusal(code, detail);
    this.#queue.length = 0;
    this.#urgent.length = 0;
    for (const pending of this.#pending.values()) pending.resolve(this.#closed);
    this.#pending.clear();
  }
}

/** What a repeat of an answered request is told: nothing was done again. A refusal stays what it was. */
function repeated(result: IntakeResult): IntakeResult {
  return result.status === 'accepted' ? { ...result, status: 'duplicate' } : result;
}

function refusal(code: string, detail: string): IntakeResult {
  return { status: 'refused', code, detail };
}
