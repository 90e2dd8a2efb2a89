import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A directory or file that ships in `config/`: beside this module, or in the repository when it runs from `dist/`. */
export function shippedPath(name: string): string {
  const beside = fileURLToPath(new URL(name, import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../../config/${name}`, import.meta.url));
}
