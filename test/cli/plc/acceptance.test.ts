import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptanceSteps, tryStep } from '../../../cli/plc/accept.ts';
import { AcceptanceBench } from '../../../cli/plc/acceptance-bench.ts';
import { reportPage } from '../../../cli/plc/acceptance-report.ts';
import type { AcceptanceStep } from '../../../cli/plc/acceptance-step.ts';
import { CONVEYOR_FILE } from '../../protocols/plc/conveyor.ts';
import { FAULTY_PLCS } from './faulty-plcs.ts';
import type { FaultyPlc } from './faulty-plcs.ts';

/** The map that ships, with less time for what never comes. */
function impatientMap(directory: string): string {
  const document = parseDocument(readFileSync(CONVEYOR_FILE, 'utf8'));
  document.setIn(['handshakes', 0, 'timeouts'], { busy_s: 1, done_s: 2, clear_s: 0.8 });
  const file = join(directory, 'map.yaml');
  writeFileSync(file, document.toString());
  return file;
}

describe('the acceptance kit', () => {
  let directory: string;
  let bench: AcceptanceBench;
  let steps: readonly AcceptanceStep[];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'magpie-faulty-plcs-'));
    bench = await AcceptanceBench.start(impatientMap(directory), undefined);
    steps = acceptanceSteps(bench.map);
  });

  afterAll(async () => {
    await bench?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const stepOf = (id: string): AcceptanceStep => {
    const step = steps.find((each) => each.id === id);
    if (step === undefined) throw new Error(`no step ${id}`);
    return step;
  };

  /** On a busy machine a PLC in order may be late once; what is wrong with it would be wrong again. */
  const triedTwice = async (step: AcceptanceStep): ReturnType<typeof tryStep> => {
    const first = await tryStep(bench, step);
    return first.verdict === 'passed' ? first : tryStep(bench, step);
  };

  it('passes a PLC that is in order, step by step', async () => {
    for (const step of steps) {
      const { id, findings, verdict, seen } = await triedTwice(step);
      expect({ id, seen, findings, verdict }).toEqual({ id, seen, findings: [], verdict: 'passed' });
    }
  });

  it('has at least twenty faulty PLCs to find out, each by a step of its own', () => {
    expect(FAULTY_PLCS.length).toBeGreaterThanOrEqual(20);
    expect(new Set(FAULTY_PLCS.map(({ name }) => name)).size).toBe(FAULTY_PLCS.length);
  });

  it.each(FAULTY_PLCS)('finds out a PLC that $name: $finding', async ({ finding, steps: ids, quirk }) => {
    // A busy machine may hide a fault behind its own lateness once.
    const codes = await codesOf(quirk, ids);
    expect(codes.includes(finding) ? codes : await codesOf(quirk, ids)).toContain(finding);
  });

  /** What the kit calls a PLC that is whole until it is infected. */
  async function codesOf(quirk: FaultyPlc['quirk'], ids: readonly string[]): Promise<readonly string[]> {
    await bench.until(() => bench.doubtful().length === 0, 5_000);
    await bench.run();
    bench.infect(quirk(bench));
    await bench.pause(1_300);
    try {
      const results = [];
      for (const id of ids) results.push(await tryStep(bench, stepOf(id)));
      return results.flatMap(({ findings }) => findings.map(({ code }) => code));
    } finally {
      bench.infect(null);
      await bench.until(() => bench.doubtful().length === 0, 5_000);
      await bench.until(() => bench.unit.handshakes.every(({ state }) => state === 'rest'), 5_000);
    }
  }

  it('writes a report in which what is quoted cannot be taken for markup', () => {
    const page = reportPage({
      format: 'magpie-plc-acceptance/1',
      map: '<script>',
      file: 'a&b.yaml',
      fileHash: '0',
      version: '1',
      begun: '2026-01-01T00:00:00Z',
      seconds: 1,
      verdict: 'failed',
      steps: [
        {
          id: 'x',
          group: 'inputs',
          title: 't',
          expected: 'e',
          seen: 's',
          verdict: 'failed',
          seconds: 1,
          findings: [{ code: 'bad-value', subject: '"><img>', detail: 'd' }],
        },
      ],
    });
    expect(page).not.toMatch(/<script>|<img>/);
    expect(page).toContain('bad-value');
  });
});
