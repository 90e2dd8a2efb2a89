import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TESTS = ['test/protocols/sparkplug', 'test/config'];

interface Row {
  readonly assertion: string;
  readonly applies: string;
  readonly holds: string;
  readonly shownBy: string;
}

const rows = [
  ...readFileSync(join(ROOT, 'docs/sparkplug.md'), 'utf8').matchAll(
    /^\| `(tck-id-[\w-]+)` \| ([^|]*) \| ([^|]*)\| ([^|]*) \|$/gm,
  ),
].map(([, assertion, applies, holds, shownBy]): Row => {
  return { assertion: assertion!, applies: applies!, holds: holds!.trim(), shownBy: shownBy! };
});

/** Assertions that a test file is named after. */
function namedIn(file: string): ReadonlySet<string> {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return new Set([...text.matchAll(/'(tck-id-[\w-]+)'/g)].map((match) => match[1]!));
}

const testFiles = TESTS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`),
);

describe('the table of the specification’s assertions in docs/sparkplug.md', () => {
  it('has every assertion once', () => {
    const ids = rows.map(({ assertion }) => assertion);
    expect(new Set(ids).size).toBe(ids.length);
    // As many as the specification has.
    expect(ids).toHaveLength(299);
  });

  it('names a test that exists for every assertion that is said to hold', () => {
    const faults = rows
      .filter(({ holds }) => holds === 'yes')
      .filter(({ assertion, shownBy }) => {
        const file = /\]\(\.\.\/(test\/[\w/.-]+)\)/.exec(shownBy)?.[1];
        return file === undefined || !existsSync(join(ROOT, file)) || !namedIn(file).has(assertion);
      });
    expect(faults).toEqual([]);
  });

  it('says that every assertion holds that a test is named after', () => {
    const holding = new Set(rows.filter(({ holds }) => holds === 'yes').map(({ assertion }) => assertion));
    const tested = testFiles.flatMap((file) => [...namedIn(file)]);
    expect(tested.length).toBeGreaterThan(200);
    expect(tested.filter((assertion) => !holding.has(assertion))).toEqual([]);
  });

  it('says why an assertion does not apply, and which of those that apply do not hold', () => {
    for (const { applies, holds, shownBy } of rows) {
      expect(applies).toMatch(/^(yes|no)$/);
      expect(holds).toBe(applies === 'yes' ? 'yes' : '');
      expect(shownBy.length).toBeGreaterThan(5);
    }
  });
});
