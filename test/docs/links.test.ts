import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PAGES = [
  join(ROOT, 'README.md'),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, 'docs', name)),
];

/** A page without its fenced code, where brackets mean other things. */
function prose(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

function linksOf(text: string): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
}

/** The addresses that headings get where the pages are shown: lower case, spaces to hyphens, no punctuation. */
function anchorsOf(text: string): Set<string> {
  return new Set(
    [...prose(text).matchAll(/^#{1,6} (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/ /g, '-'),
    ),
  );
}

function faultOf(page: string, link: string): string | null {
  if (/^[a-z]+:/.test(link)) return null;
  const [path = '', anchor] = link.split('#', 2);
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(target)) return `${relative(ROOT, page)}: ${link} points to nothing`;
  if (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).has(anchor)) return null;
  return `${relative(ROOT, page)}: ${link} points to no heading of its page`;
}

describe('the pages', () => {
  it('link to files and headings that exist', () => {
    const faults = PAGES.flatMap((page) =>
      linksOf(readFileSync(page, 'utf8')).flatMap((link) => faultOf(page, link) ?? []),
    );
    expect(faults).toEqual([]);
  });

  it('are reached from the README', () => {
    const reached = new Set<string>();
    const follow = (page: string): void => {
      if (reached.has(page)) return;
      reached.add(page);
      for (const link of linksOf(readFileSync(page, 'utf8'))) {
        if (/^[a-z]+:/.test(link)) continue;
        const target = join(dirname(page), link.split('#', 1)[0]!);
        if (target.endsWith('.md') && existsSync(target)) follow(target);
        else if (existsSync(join(target, '0001-composition-root.md'))) {
          for (const name of readdirSync(target)) if (name.endsWith('.md')) follow(join(target, name));
        }
      }
    };
    follow(PAGES[0]!);
    expect(PAGES.filter((page) => !reached.has(page)).map((page) => relative(ROOT, page))).toEqual([]);
  });
});

describe('commands that the pages name', () => {
  const texts = PAGES.map((page) => readFileSync(page, 'utf8'));
  /** What stands in code, inline or fenced: prose may use the words otherwise. */
  const code = texts.flatMap((text) => [
    ...[...text.matchAll(/^ *```(?:sh|bash)?\n([\s\S]*?)^ *```$/gm)].map((match) => match[1]!),
    ...[...prose(text).matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!),
  ]);

  it('magpie has every one of them', () => {
    const main = readFileSync(join(ROOT, 'main.ts'), 'utf8');
    // Commands stand in main.ts as texts: `.command('run')`, `['hold', ...]`, `of ['cancel', 'retry']`.
    const known = new Set([...main.matchAll(/'([a-z]+)'/g)].map((match) => match[1]!));
    const named = code.flatMap((text) =>
      [...text.matchAll(/(?:^|npx |[;|] )magpie (task [a-z]+|[a-z]+)/gm)].map((match) => match[1]!),
    );
    expect(new Set(named).size).toBeGreaterThan(12);
    expect(named.filter((name) => !name.split(' ').every((word) => known.has(word)))).toEqual([]);
  });

  it('magpie has every option that stands beside them', () => {
    const main = readFileSync(join(ROOT, 'main.ts'), 'utf8');
    const known = new Set([...main.matchAll(/'(--[a-z-]+)/g)].map((match) => match[1]!));
    const options = code.flatMap((text) =>
      [...text.matchAll(/(?:^|npx |[;|] )magpie [^\n#;|]*/gm)].flatMap((match) =>
        [...match[0].matchAll(/ (--[a-z-]+)/g)].map((option) => option[1]!),
      ),
    );
    expect(options.length).toBeGreaterThan(5);
    expect(options.filter((option) => option !== '--help' && !known.has(option))).toEqual([]);
  });

  it('npm has every one of them', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = code.flatMap((text) =>
      [...text.matchAll(/npm (?:run ([a-z:]+)|(start|test)\b)/g)].map((match) => match[1] ?? match[2]!),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('name files of the repository that exist', () => {
    const files = code.flatMap((text) =>
      [...text.matchAll(/(?<![\w./-])config\/[\w/-]+\.[a-z.]+[a-z]/g)].map((match) => match[0]),
    );
    const made = new Set(['config/cells/my-cell.yaml']);
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !made.has(file) && !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
