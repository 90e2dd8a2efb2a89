import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pc from 'picocolors';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import { output } from '../output.ts';
import type { OutputMode } from '../output.ts';
import { MAGPIE_VERSION } from '../version.ts';
import { AcceptanceBench } from './acceptance-bench.ts';
import { reportPage } from './acceptance-report.ts';
import type { AcceptanceReport, StepResult } from './acceptance-report.ts';
import type { AcceptanceStep } from './acceptance-step.ts';
import { faultSteps, workSteps } from './steps-faults.ts';
import { handshakeSteps } from './steps-handshakes.ts';
import { inputSteps } from './steps-inputs.ts';
import { permissionSteps } from './steps-permissions.ts';
import { zoneSteps } from './steps-zones.ts';

export interface AcceptOptions extends OutputMode {
  readonly cell?: string;
  /** Directory for report.html and report.json. */
  readonly report?: string;
}

/** Every step for a map, in the order in which they are tried. */
export function acceptanceSteps(map: PlcMap): readonly AcceptanceStep[] {
  return [
    ...inputSteps(map),
    ...permissionSteps(map),
    ...handshakeSteps(map),
    ...zoneSteps(map),
    ...faultSteps(map),
    ...workSteps(map),
  ];
}

/** Tries one step; what it throws is a failure of the step, and is said. */
export async function tryStep(bench: AcceptanceBench, step: AcceptanceStep): Promise<StepResult> {
  const { id, group, title, expected } = step;
  const beganUs = bench.nowUs;
  const { seen, findings } = await step.run(bench);
  const verdict = findings.length === 0 ? 'passed' : 'failed';
  return { id, group, title, expected, seen, verdict, seconds: (bench.nowUs - beganUs) / 1e6, findings };
}

/** `magpie plc accept`: tries a map with the real controller and a PLC simulated from it, and writes the report. */
export async function acceptCommand(mapPath: string, options: AcceptOptions): Promise<void> {
  const begun = new Date();
  const bench = await AcceptanceBench.start(mapPath, options.cell);
  const steps: StepResult[] = [];
  try {
    for (const step of acceptanceSteps(bench.map)) {
      const result = await tryStep(bench, step);
      steps.push(result);
      if (options.json !== true) process.stdout.write(`${lineOf(result)}\n`);
    }
  } finally {
    await bench.close();
  }
  const report: AcceptanceReport = {
    format: 'magpie-plc-acceptance/1',
    map: bench.map.name,
    file: mapPath,
    fileHash: createHash('sha256').update(readFileSync(mapPath)).digest('hex'),
    version: MAGPIE_VERSION,
    begun: begun.toISOString(),
    seconds: (Date.now() - begun.getTime()) / 1_000,
    verdict: steps.every(({ verdict }) => verdict === 'passed') ? 'passed' : 'failed',
    steps,
  };
  if (options.report !== undefined) {
    mkdirSync(options.report, { recursive: true });
    writeFileSync(join(options.report, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(join(options.report, 'report.html'), reportPage(report));
  }
  const failed = steps.filter(({ verdict }) => verdict === 'failed').length;
  output(options, report, () =>
    [
      `${mapPath}: ${report.verdict}, ${steps.length - failed} of ${steps.length} steps passed in ${report.seconds.toFixed(0)} s`,
      ...(options.report === undefined ? [] : [`report in ${join(options.report, 'report.html')}`]),
    ].join('\n'),
  );
  if (failed > 0) process.exitCode = 1;
}

function lineOf({ verdict, title, seen, findings, seconds }: StepResult): string {
  const mark = verdict === 'passed' ? pc.green('passed') : pc.red('failed');
  return [
    `${mark}  ${title} (${seconds.toFixed(1)} s)${verdict === 'passed' ? '' : `: ${seen}`}`,
    ...findings.map(({ code, subject, detail }) => `        ${code}  ${subject}: ${detail}`),
  ].join('\n');
}
