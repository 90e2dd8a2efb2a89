import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach } from 'vitest';

/** Directories of one test, removed after it. */
export function useScratch(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'magpie-test-'));
    made.push(directory);
    return directory;
  };
}

/** Arguments for node that run a TypeScript file in a process of its own. */
export function scriptArguments(script: URL, ...rest: readonly string[]): string[] {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return ['--import', loader, fileURLToPath(script), ...rest];
}

export function isInstalled(command: string): boolean {
  return spawnSync(command, ['-V']).status === 0;
}
