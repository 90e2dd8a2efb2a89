import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** What the service is compiled from; tsconfig.build.json lists the same. */
const SOURCES = ['main.ts', 'cli', 'arms', 'controller', 'protocols', 'sim', 'config', 'tsconfig.build.json'];

const BUILD_WAIT_MS = 120_000;

/**
 * The compiled command line, compiled anew when a source is newer than it: processes that are started and killed
 * hundreds of times should start fast, and be what a user starts.
 */
export function builtService(): string {
  const main = join(REPOSITORY, 'dist/main.js');
  const mark = join(REPOSITORY, 'dist/.tsbuildinfo');
  const isFresh = (): boolean =>
    existsSync(main) && existsSync(mark) && newest(SOURCES) <= statSync(mark).mtimeMs;
  if (isFresh()) return main;
  const unlock = lock(join(REPOSITORY, 'dist/.building'));
  try {
    if (isFresh()) return main;
    const built = spawnSync('npm', ['run', '--silent', 'build:service'], {
      cwd: REPOSITORY,
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(`the service does not compile:\n${built.stdout}${built.stderr}`);
  } finally {
    unlock();
  }
  return main;
}

function newest(names: readonly string[]): number {
  let newestMs = 0;
  for (const name of names) {
    const path = join(REPOSITORY, name);
    const stats = statSync(path);
    if (!stats.isDirectory()) newestMs = Math.max(newestMs, stats.mtimeMs);
    else {
      const inside = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((each) =>
        each.endsWith('.ts'),
      );
      newestMs = Math.max(newestMs, newest(inside.map((each) => join(name, each))));
    }
  }
  return newestMs;
}

/** Test files run side by side; one of them compiles. */
function lock(directory: string): () => void {
  mkdirSync(join(directory, '..'), { recursive: true });
  const until = Date.now() + BUILD_WAIT_MS;
  for (;;) {
    try {
      mkdirSync(directory);
      return () => rmdirSync(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // A build that was interrupted leaves its mark; nobody compiles for so long.
      if (Date.now() - statSync(directory).mtimeMs > BUILD_WAIT_MS || Date.now() > until)
        return () => rmdirSync(directory);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}
