import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's own description stands beside the sources, and one level above what is compiled. */
const candidates = ['../package.json', '../../package.json'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const file = candidates.find((candidate) => existsSync(candidate));

export const MAGPIE_VERSION: string =
  file === undefined ? 'unknown' : (createRequire(import.meta.url)(file) as { version: string }).version;
