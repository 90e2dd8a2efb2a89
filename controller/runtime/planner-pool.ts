import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { CellModel } from '../domain/cell.ts';
import type { JobPlanRequest, JobPlanResult } from '../scheduling/job-plan.ts';
import { plannerFailed } from './planner.ts';
import type { FromThread, PlannerPort } from './planner.ts';

export interface PlannerPoolOptions {
  readonly cell: CellModel;
  /** Worker threads; each keeps a processor busy while it plans. */
  readonly workers: number;
  /** Requests waiting for a worker; more are answered with `planner-failed`. */
  readonly queueMax: number;
  /** A worker that has not answered by then is taken for hung, and replaced, ms. */
  readonly answerWithinMs: number;
  /** Told of every worker that died, for the log. */
  readonly onCrash: (detail: string) => void;
  /** The script that a worker runs. */
  readonly script: URL;
}

/** The script that plans jobs, beside this one: compiled or, where TypeScript runs as it is, not. */
export const PLANNER_SCRIPT = new URL(
  import.meta.url.endsWith('.ts') ? './planner-worker.ts' : './planner-worker.js',
  import.meta.url,
);

/** A worker that dies this often without having answered in between is broken for good. */
const CRASHES_IN_A_ROW_MAX = 5;

/** Loading takes seconds at most, also on a machine that is busy with starting. */
const LOADED_WITHIN_MS = 60_000;

/** A request is given to a second thread when the first died over it: the cause may have been another's. */
const ATTEMPTS_MAX = 2;

interface Asked {
  readonly request: JobPlanRequest;
  attempts: number;
}

interface Slot {
  /** Null: died for good, or closed. */
  worker: Worker | null;
  /** `loading`: has not said that it is ready. */
  state: 'loading' | 'idle' | 'planning';
  asked: Asked | null;
  /** Runs while it loads or plans. */
  timer: NodeJS.Timeout | undefined;
  crashesInARow: number;
}

/** Plans on worker threads, so that the control loop never waits for a plan. */
export function createPlannerPool(options: PlannerPoolOptions): PlannerPort {
  return new PlannerPool(options);
}

class PlannerPool implements PlannerPort {
  readonly #options: PlannerPoolOptions;
  readonly #slots: Slot[];
  readonly #waiting: Asked[] = [];
  #results: JobPlanResult[] = [];
  #closed = false;
  #plans = 0;
  #seconds = 0;
  #crashes = 0;

  constructor(options: PlannerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.workers }, () => ({
      worker: null,
      state: 'loading' as const,
      asked: null,
      timer: undefined,
      crashesInARow: 0,
    }));
    // At once, so that the first plan does not wait for a thread to load its code.
    for (const slot of this.#slots) this.#employ(slot);
  }

  request(request: JobPlanRequest): void {
    if (this.#closed) return this.#answer(plannerFailed(request, 'the planner is closed'));
    if (this.#slots.every((slot) => slot.worker === null)) {
      return this.#answer(plannerFailed(request, 'every planner thread has died'));
    }
    if (this.#waiting.length >= this.#options.queueMax) {
      return this.#answer(plannerFailed(request, `${this.#options.queueMax} requests are waiting already`));
    }
    this.#waiting.push({ request, attempts: 0 });
    this.#dispatch();
  }

  takeResults(): readonly JobPlanResult[] {
    const results = this.#results;
    if (results.length > 0) this.#results = [];
    return results;
  }

  statistics() {
    return { plansTotal: this.#plans, planSecondsTotal: this.#seconds, crashes: this.#crashes };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#giveUpWaiting('the planner is closed');
    await Promise.all(
      this.#slots.map(async (slot) => {
        const { worker, asked } = slot;
        slot.worker = null;
        slot.asked = null;
        clearTimeout(slot.timer);
        if (asked !== null) this.#answer(plannerFailed(asked.request, 'the planner is closed'));
        await worker?.terminate();
      }),
    );
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (slot.worker === null || slot.state !== 'idle') continue;
      const asked = this.#waiting.shift();
      if (asked === undefined) return;
      asked.attempts += 1;
      slot.state = 'planning';
      slot.asked = asked;
      this.#expect(slot, slot.worker, this.#options.answerWithinMs);
      slot.worker.postMessage(asked.request);
    }
  }

  #expect(slot: Slot, worker: Worker, withinMs: number): void {
    slot.timer = setTimeout(() => this.#lose(slot, worker, `no answer within ${withinMs} ms`), withinMs);
    slot.timer.unref();
  }

  #employ(slot: Slot): void {
    const worker = startThread(this.#options.script, this.#options.cell);
    // An idle planner keeps no process alive.
    worker.unref();
    slot.worker = worker;
    slot.state = 'loading';
    this.#expect(slot, worker, LOADED_WITHIN_MS);
    worker.on('message', (message: FromThread) => {
      if (slot.worker !== worker) return;
      clearTimeout(slot.timer);
      slot.state = 'idle';
      slot.asked = null;
      if (message.kind === 'answer') {
        slot.crashesInARow = 0;
        this.#plans += 1;
        this.#seconds += message.seconds;
        this.#answer(message.result);
      }
      this.#dispatch();
    });
    worker.on('error', (error) => this.#lose(slot, worker, `a planner thread threw: ${error.message}`));
    worker.on('exit', (code) => this.#lose(slot, worker, `a planner thread ended with code ${code}`));
  }

  /** Puts another thread in the place of one that died. Called once or more per death. */
  #lose(slot: Slot, worker: Worker, detail: string): void {
    if (slot.worker !== worker) return;
    const { asked } = slot;
    slot.worker = null;
    slot.asked = null;
    slot.crashesInARow += 1;
    clearTimeout(slot.timer);
    this.#crashes += 1;
    void worker.terminate();
    if (asked !== null) {
      if (asked.attempts < ATTEMPTS_MAX) this.#waiting.unshift(asked);
      else this.#answer(plannerFailed(asked.request, detail));
    }
    this.#options.onCrash(detail);
    if (slot.crashesInARow < CRASHES_IN_A_ROW_MAX) this.#employ(slot);
    else if (this.#slots.every((each) => each.worker === null)) {
      this.#giveUpWaiting('every planner thread has died');
    }
    this.#dispatch();
  }

  #giveUpWaiting(why: string): void {
    for (const { request } of this.#waiting.splice(0)) this.#answer(plannerFailed(request, why));
  }

  #answer(result: JobPlanResult): void {
    this.#results.push(result);
  }
}

/**
 * Node 20 runs no TypeScript by itself, and hands the loader of the main thread on to no other: a thread of an
 * uncompiled program registers the tool chain's loader before it loads its script.
 */
function startThread(script: URL, cell: CellModel): Worker {
  if (!script.pathname.endsWith('.ts')) return new Worker(script, { workerData: cell });
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const loader = new URL('dist/esm/api/index.mjs', tsx).href;
  const load = `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(script.href)}); })`;
  return new Worker(load, { eval: true, workerData: cell });
}
