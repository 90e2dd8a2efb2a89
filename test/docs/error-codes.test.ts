import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { EXCEPTION_KINDS } from '../../controller/domain/exception.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Codes are words and hyphens; whatever else stands where a code may stand is a description. */
const CODE = /^[a-z]+(-[a-z]+)*$/;

/** Unions of codes. */
const UNIONS = /^(ArmRefusal|LineException|PlanFailure|ListenFailure|[A-Za-z]*FaultCode)$/;

/** Functions that take a code, and where among their arguments. */
const TAKES_CODE: Readonly<Record<string, number>> = {
  refused: 0,
  refusal: 0,
  failed: 0,
  Failed: 0,
  close: 0,
  notice: 2,
  raiseAlarm: 2,
  faultArm: 2,
  '#refuse': 2,
};

/** Not said to anybody: zod's own word for a check of ours. */
const OF_LIBRARIES = new Set(['custom']);

interface Found {
  /** Code to the file that says it. */
  readonly codes: Map<string, string>;
  /** What codes that are put together begin with: `cell-` of `cell-${state}`. */
  readonly beginnings: Set<string>;
}

function codesOf(rooms: readonly string[]): Found {
  const found: Found = { codes: new Map(), beginnings: new Set() };
  for (const room of rooms) {
    for (const name of readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts')) readFile(`${room}/${name}`, found);
    }
  }
  return found;
}

function readFile(file: string, found: Found): void {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(ROOT, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const take = (node: ts.Node): void => {
    if (ts.isStringLiteral(node)) {
      if (CODE.test(node.text) && !OF_LIBRARIES.has(node.text)) found.codes.set(node.text, file);
    } else if (ts.isTemplateExpression(node)) {
      if (node.head.text !== '') found.beginnings.add(node.head.text);
    } else ts.forEachChild(node, take);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeAliasDeclaration(node) && UNIONS.test(node.name.text)) take(node.type);
    else if (ts.isPropertyAssignment(node) && node.name.getText() === 'code') take(node.initializer);
    else if (ts.isPropertySignature(node) && node.name.getText() === 'code' && node.type !== undefined) {
      take(node.type);
    } else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const { expression } = node;
      const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
      const position = Object.hasOwn(TAKES_CODE, name) ? TAKES_CODE[name]! : -1;
      const argument = node.arguments?.[position];
      if (argument !== undefined) take(argument);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** Codes in the first column of the page's tables, one cell may have several. */
function documented(): Set<string> {
  const page = readFileSync(join(ROOT, 'docs/error-codes.md'), 'utf8');
  const cells = [...page.matchAll(/^\| (`[^|]*) \|/gm)].map((match) => match[1]!);
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!)));
}

describe('docs/error-codes.md', () => {
  const found = codesOf(['controller', 'protocols', 'sim', 'cli']);
  const onPage = documented();

  it('is compared with codes that were really found', () => {
    expect(found.codes.size).toBeGreaterThan(100);
    // One of each way in which a code can stand in the sources.
    for (const code of [
      'stale-epoch',
      'order-exists',
      'not-ready',
      'arm-not-answering',
      'stock-corrected',
      'surroundings-lost',
      'shutting-down',
      'token-wrong',
      'journal-diverged',
      'world-in-use',
      'credentials-needed',
      'place-gone',
      'not-taken',
    ]) {
      expect([...found.codes.keys()]).toContain(code);
    }
  });

  it('has every code of the sources', () => {
    const missing = [...found.codes].filter(([code]) => !onPage.has(code));
    expect(missing.map(([code, file]) => `${code} (${file})`)).toEqual([]);
    expect(EXCEPTION_KINDS.filter((kind) => !onPage.has(kind))).toEqual([]);
  });

  it('has every kind of code that is put together', () => {
    const missing = [...found.beginnings].filter(
      (beginning) => ![...onPage].some((code) => code.startsWith(beginning)),
    );
    expect(missing).toEqual([]);
  });

  it('has no code that is said nowhere', () => {
    const kinds = new Set<string>(EXCEPTION_KINDS);
    const stale = [...onPage].filter(
      (code) =>
        !found.codes.has(code) &&
        !kinds.has(code) &&
        ![...found.beginnings].some((beginning) => code.startsWith(beginning)),
    );
    expect(stale).toEqual([]);
  });
});
