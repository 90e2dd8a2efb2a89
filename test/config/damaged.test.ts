import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCell } from '../../config/load.ts';
import { nearestName } from '../../config/suggest.ts';
import { inDirectory, smallCell } from './cell-text.ts';

const LINES = smallCell().split('\n');

/** One damage to one line of the file. */
const damage = fc.record({
  line: fc.nat(LINES.length - 1),
  how: fc.constantFrom('drop', 'twice', 'number', 'word', 'null', 'nested', 'cut'),
  number: fc.double({ min: -1e9, max: 1e9 }),
});

function damaged(damages: readonly { line: number; how: string; number: number }[]): string {
  const lines: (string | null)[] = [...LINES];
  for (const { line, how, number } of damages) {
    const text = lines[line];
    if (text === null || text === undefined) continue;
    const value = (replacement: string): string => text.replace(/(: |\[)[-\w.]+/, `$1${replacement}`);
    if (how === 'drop') lines[line] = null;
    else if (how === 'twice') lines[line] = `${text}\n${text}`;
    else if (how === 'number') lines[line] = value(String(number));
    else if (how === 'word') lines[line] = value('word');
    else if (how === 'null') lines[line] = value('null');
    else if (how === 'nested') lines[line] = value('{ a: [1, 2] }');
    else lines[line] = text.slice(0, text.length >> 1);
  }
  return lines.filter((line) => line !== null).join('\n');
}

describe('damaged cell files', () => {
  it('load or are refused in words, and never throw', () => {
    inDirectory((directory) => {
      const file = join(directory, 'cell.yaml');
      fc.assert(
        fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
          writeFileSync(file, damaged(damages));
          const result = loadCell(file);
          if (result.status === 'loaded') return;
          expect(result.faults.length).toBeGreaterThan(0);
          for (const fault of result.faults) {
            expect(fault.problem).not.toBe('');
            expect(fault.remedy).not.toBe('');
            expect(fault.problem + fault.remedy).not.toMatch(/undefined|\[object|Invalid input/);
          }
        }),
        { seed: 31, numRuns: 40 },
      );
    });
  });
});

describe('nearestName', () => {
  it('finds what was probably meant, and nothing where nothing is near', () => {
    const known = ['clearance_m', 'approach_m', 'arms', 'stations'];
    expect(nearestName('clearence_m', known)).toBe('clearance_m');
    expect(nearestName('clearance', known)).toBe('clearance_m');
    expect(nearestName('amrs', known)).toBe('arms');
    expect(nearestName('colour', known)).toBeNull();
    expect(nearestName('x'.repeat(10_000), known)).toBeNull();
  });
});
