import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

/** A browser for tests, or why there is none here. */
export type FoundBrowser =
  | { readonly status: 'found'; readonly path: string; readonly env: Readonly<Record<string, string>> }
  | { readonly status: 'none'; readonly reason: string };

const INSTALLED: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** WebGL without a graphics card, and no more than a container allows. */
const FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];

/** `MAGPIE_CHROMIUM`, an installed Chrome, or the one that a package of the registry brings along (Linux on x64). */
export async function findBrowser(): Promise<FoundBrowser> {
  const named = process.env['MAGPIE_CHROMIUM'];
  if (named !== undefined) {
    if (existsSync(named)) return { status: 'found', path: named, env: {} };
    throw new Error(`MAGPIE_CHROMIUM is ${named}, which does not exist: set it to a Chrome or Chromium`);
  }
  const installed = INSTALLED.find((path) => existsSync(path));
  if (installed !== undefined) return { status: 'found', path: installed, env: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { status: 'none', reason: 'no Chrome is installed: install one, or set MAGPIE_CHROMIUM' };
  }
  return unpackPackaged();
}

export async function launch(found: Extract<FoundBrowser, { status: 'found' }>): Promise<Browser> {
  return chromium.launch({
    executablePath: found.path,
    args: [...FLAGS],
    env: { ...(process.env as Record<string, string>), ...found.env },
  });
}

/**
 * Unpacks the packaged browser once per user and version. It goes to a directory of its own first, which then gets
 * its final name at once, so that a run that is killed leaves nothing half done behind.
 */
async function unpackPackaged(): Promise<FoundBrowser> {
  const { version } = createRequire(import.meta.url)('playwright-core/package.json') as { version: string };
  const final = join(tmpdir(), `magpie-chromium-${version}-${userInfo().uid}`);
  // Where the system lacks the libraries, the package brings those of another system; it asks for this to give them.
  const bare = !['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'].some(
    (directory) => existsSync(join(directory, 'libnss3.so')),
  );
  const path = join(final, 'chromium');
  const ready = join(final, bare ? 'al2023' : 'chromium');
  if (!existsSync(path) || !existsSync(ready)) {
    const fresh = `${final}.${process.pid}`;
    rmSync(final, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const before = { TMPDIR: process.env['TMPDIR'], AWS_EXECUTION_ENV: process.env['AWS_EXECUTION_ENV'] };
    process.env['TMPDIR'] = fresh;
    if (bare) process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs20.x';
    try {
      const { default: packaged } = await import('@sparticuz/chromium');
      await packaged.executablePath();
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    renameSync(fresh, final);
  }
  const env: Record<string, string> = {};
  if (bare) env['LD_LIBRARY_PATH'] = join(final, 'al2023', 'lib');
  if (!existsSync('/etc/fonts')) env['FONTCONFIG_PATH'] = join(final, 'fonts');
  return { status: 'found', path, env };
}
