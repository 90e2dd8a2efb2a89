import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { isMap, isSeq, parseDocument } from 'yaml';
import type { Document } from 'yaml';

/** A shipped cell under ports of its own, in a directory of its own. */
export interface CellCopy {
  readonly file: string;
  readonly name: string;
  readonly httpUrl: string;
  readonly brokerUrl: string;
  readonly httpPort: number;
  readonly brokerPort: number;
}

export interface CopyOptions {
  /** The cell file to copy. */
  readonly from: string;
  readonly directory: string;
  readonly fileName?: string;
  readonly httpPort: number;
  readonly brokerPort: number;
  /** `embedded`, or the address of a broker of its own. */
  readonly broker: 'embedded' | string;
  /** Further changes, by the path of the setting. */
  readonly settings?: readonly (readonly [path: readonly (string | number)[], value: unknown])[];
}

/** Copies a cell file; paths in it stay right, the ports and what else is given are changed. */
export function copyCell(options: CopyOptions): CellCopy {
  const document = parseDocument(readFileSync(options.from, 'utf8'));
  rebase(document, dirname(resolve(options.from)), resolve(options.directory));
  const { httpPort, brokerPort } = options;
  document.setIn(['connections', 'http', 'port'], httpPort);
  const broker =
    options.broker === 'embedded'
      ? { kind: 'embedded', host: '127.0.0.1', port: brokerPort }
      : { kind: 'external', url: options.broker };
  document.setIn(['connections', 'broker'], document.createNode(broker));
  for (const [path, value] of options.settings ?? []) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  const file = join(options.directory, options.fileName ?? 'cell.yaml');
  writeFileSync(file, document.toString());
  return {
    file,
    name: String(document.get('name')),
    httpUrl: `http://127.0.0.1:${httpPort}`,
    brokerUrl: options.broker === 'embedded' ? `mqtt://127.0.0.1:${brokerPort}` : options.broker,
    httpPort,
    brokerPort,
  };
}

/** The settings of a cell file that name other files. */
const PATHS: readonly (readonly string[])[] = [
  ['arms', '*', 'description'],
  ['arms', '*', 'tool'],
  ['simulator', 'items', 'file'],
  ['simulator', 'orders', 'file'],
  ['simulator', 'orders', 'mapping'],
  ['connections', 'broker', 'ca_file'],
  ['connections', 'broker', 'certificate_file'],
  ['connections', 'broker', 'key_file'],
];

function rebase(document: Document, from: string, to: string): void {
  const move = (path: readonly (string | number)[]): void => {
    const value = document.getIn(path);
    if (typeof value === 'string') document.setIn(path, relative(to, resolve(from, value)));
  };
  for (const path of PATHS) {
    const at = path.indexOf('*');
    if (at < 0) {
      if (isMap(document.getIn(path.slice(0, -1)))) move(path);
      continue;
    }
    const list = document.getIn(path.slice(0, at));
    if (!isSeq(list)) continue;
    list.items.forEach((_, k) => move([...path.slice(0, at), k, ...path.slice(at + 1)]));
  }
}
