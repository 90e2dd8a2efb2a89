import { readFileSync, statSync } from 'node:fs';
import { isAlias, isMap, isNode, isPair, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import type { Fault, PathKey } from './fault.ts';

/** Where something stands in a text, both from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** A file of configuration that was read and parsed. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** Where the value at a path stands; the nearest value around it when there is none; null for an empty file. */
  position(path: readonly PathKey[]): Position | null;
}

export type TextResult =
  { readonly status: 'read'; readonly text: string } | { readonly status: 'refused'; readonly fault: Fault };

export type SourceResult =
  | { readonly status: 'read'; readonly source: Source }
  | { readonly status: 'refused'; readonly faults: readonly Fault[] };

/** No file of configuration is larger; a larger one is another file given by mistake. */
const FILE_MAX_BYTES = 8 * 1024 * 1024;
/** Repeated use of YAML anchors, beyond which a small file would unfold into a large one. */
const ALIASES_MAX = 100;
const PARSE_FAULTS_MAX = 20;

function wholeFile(file: string, problem: string, remedy: string): Fault {
  return { file, path: '', value: '', problem, remedy, line: null, column: null };
}

/** Reads a text file in UTF-8; never throws. Directories, devices, large and binary files are refused. */
export function readText(file: string): TextResult {
  const refused = (problem: string, remedy: string): TextResult => ({
    status: 'refused',
    fault: wholeFile(file, problem, remedy),
  });
  let bytes: Buffer;
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) return refused('is a directory', 'name a file inside it');
    if (!stats.isFile()) return refused('is not a regular file', 'name a regular file');
    if (stats.size > FILE_MAX_BYTES) {
      return refused(
        `has ${stats.size} bytes, more than ${FILE_MAX_BYTES}`,
        'check that this is the file you mean; configuration is small',
      );
    }
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return refused('does not exist', 'check the name; paths are relative to the file that names them');
    }
    if (code === 'EACCES' || code === 'EPERM')
      return refused('may not be read', 'give the service read permission');
    return refused(`cannot be read (${code})`, 'check the file and the disk it is on');
  }
  try {
    return { status: 'read', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return refused('is not text in UTF-8', 'save it as UTF-8');
  }
}

/** Parses YAML or JSON, keeping where everything stands. All errors of the text at once. */
function parseSource(file: string, text: string): SourceResult {
  if (!file.endsWith('.json')) return parseYaml(file, text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // JSON is YAML: its parser tells where the error is.
    return parseYaml(file, text);
  }
  if (value === null) return { status: 'refused', faults: [emptyFile(file)] };
  // Large generated files are read many times and seldom have faults: where things stand is found out when asked.
  let slow: SourceResult | null = null;
  const position = (path: readonly PathKey[]): Position | null => {
    slow ??= parseYaml(file, text);
    return slow.status === 'read' ? slow.source.position(path) : null;
  };
  return { status: 'read', source: { file, text, value, position } };
}

function emptyFile(file: string): Fault {
  return wholeFile(file, 'is empty', 'docs/configuration.md shows what it holds');
}

function parseYaml(file: string, text: string): SourceResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    return {
      status: 'refused',
      faults: document.errors.slice(0, PARSE_FAULTS_MAX).map((error) => {
        const [problem, remedy] = parseWords(error.code, error.message);
        return { ...wholeFile(file, problem, remedy), ...at(error.pos[0]) };
      }),
    };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    const problem = `cannot be unfolded: ${error instanceof Error ? error.message : String(error)}`;
    return { status: 'refused', faults: [wholeFile(file, problem, 'use fewer anchors (&) and aliases (*)')] };
  }
  if (value === null || value === undefined) {
    return { status: 'refused', faults: [emptyFile(file)] };
  }
  const position = (path: readonly PathKey[]): Position | null => {
    const offset = offsetOf(document, path);
    return offset === null ? null : at(offset);
  };
  return { status: 'read', source: { file, text, value, position } };
}

function parseWords(code: string, message: string): readonly [problem: string, remedy: string] {
  switch (code) {
    case 'DUPLICATE_KEY':
      return ['the same key stands twice in one map', 'remove or rename one of the two'];
    case 'MULTIPLE_DOCS':
      return ['a second document begins here', 'a file holds one cell: remove the --- and what follows it'];
    default:
      return [`is not valid YAML: ${message}`, 'correct the line; indent with spaces, not tabs'];
  }
}

/** Reads and parses a file. */
export function readSource(file: string): SourceResult {
  const read = readText(file);
  return read.status === 'refused'
    ? { status: 'refused', faults: [read.fault] }
    : parseSource(file, read.text);
}

/** A fault at a place in a parsed file. */
export function faultAt(
  source: Source,
  path: readonly PathKey[],
  text: { readonly path: string; readonly value: string; readonly problem: string; readonly remedy: string },
): Fault {
  const position = source.position(path);
  return { file: source.file, ...text, line: position?.line ?? null, column: position?.column ?? null };
}

function offsetOf(document: Document.Parsed, path: readonly PathKey[]): number | null {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? null;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair: unknown = node.items.find((item) => isPair(item) && String(item.key) === String(key));
      if (!isPair(pair)) return offset;
      const start = isNode(pair.key) ? pair.key.range?.[0] : undefined;
      offset = start ?? offset;
      node = isNode(pair.value) ? pair.value : null;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(key)];
      if (!isNode(item)) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}
