import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const RUNNING = new Set<ChildProcess>();
process.once('exit', () => RUNNING.forEach((child) => child.kill('SIGKILL')));

/** A real process of the product, its output in a file. Ends with the process that started it. */
export class ProductProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #logFrom: number;
  #end: Ended | null = null;

  constructor(main: string, args: readonly string[], log: string, env: NodeJS.ProcessEnv = {}) {
    this.#log = log;
    this.#logFrom = sizeOf(log);
    const output = openSync(log, 'a');
    this.#child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', output, output],
      env: { ...process.env, MAGPIE_LOG_LEVEL: 'info', ...env },
    });
    closeSync(output);
    RUNNING.add(this.#child);
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        RUNNING.delete(this.#child);
        this.#end = { code, signal };
        resolve(this.#end);
      });
    });
  }

  get isRunning(): boolean {
    return this.#end === null;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** What this process wrote so far. */
  output(): string {
    return readFileSync(this.#log).subarray(this.#logFrom).toString('utf8');
  }
}

function sizeOf(file: string): number {
  try {
    return readFileSync(file).length;
  } catch {
    return 0;
  }
}

/** Waits until a condition gives something, looking every few milliseconds; null or false: not yet. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => T | null | false | Promise<T | null | false>,
  because: () => string = () => '',
): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (performance.now() > endMs)
      throw new Error(`within ${withinMs / 1_000} s never: ${what} ${because()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
