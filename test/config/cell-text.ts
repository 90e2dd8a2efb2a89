import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultText } from '../../config/fault.ts';
import { loadCell } from '../../config/load.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';

export const CONFIG = fileURLToPath(new URL('../../config/', import.meta.url));
export const shipped = (name: string): string => join(CONFIG, 'cells', name);

/** The small cell, with the files it names by absolute path, so that a changed copy can stand anywhere. */
export function smallCell(): string {
  return readFileSync(shipped('small.yaml'), 'utf-8').replaceAll(/\.\.\/(arms|tools|items)/g, `${CONFIG}$1`);
}

/** Replaces text that has to be there. */
export function changed(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the text does not hold ${JSON.stringify(from)}`);
  return text.replace(from, to);
}

/** Runs a test in a directory of its own. */
export function inDirectory<T>(run: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'magpie-config-'));
  try {
    return run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The faults of a cell file as people read them, without the directory. */
export function faultsOf(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  return inDirectory((directory) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    writeFileSync(join(directory, 'cell.yaml'), text);
    const result = loadCell(join(directory, 'cell.yaml'));
    if (result.status === 'loaded') return [];
    return result.faults.map((fault) =>
      faultText(fault).replaceAll(`${directory}/`, '').replaceAll(CONFIG, 'config/'),
    );
  });
}

/** Loads a cell that has to be right. */
export function loadText(text: string): LoadedCell {
  return inDirectory((directory) => {
    writeFileSync(join(directory, 'cell.yaml'), text);
    const result = loadCell(join(directory, 'cell.yaml'));
    if (result.status === 'refused') throw new Error(result.faults.map(faultText).join('\n'));
    return result;
  });
}
