import { relative } from 'node:path';
import pc from 'picocolors';
import { checkCell } from '../config/check.ts';
import { faultText } from '../config/fault.ts';
import type { Fault, Finding } from '../config/fault.ts';
import { loadCell } from '../config/load.ts';
import { output } from './output.ts';
import type { OutputMode } from './output.ts';

/** Everything that is wrong with a cell file and what it names, and everything that is doubtful, at once. */
export function checkCommand(config: string, options: OutputMode): void {
  const loaded = loadCell(config);
  const findings: readonly Finding[] =
    loaded.status === 'refused'
      ? loaded.faults.map((fault) => ({ ...fault, severity: 'error' as const }))
      : checkCell(loaded);
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const notes = loaded.status === 'loaded' ? loaded.notes : [];
  output(options, { config, errors, warnings: findings.length - errors, findings, notes }, () =>
    [
      ...findings.map(
        (finding) =>
          `${finding.severity === 'error' ? pc.red('error') : pc.yellow('warning')}  ${textOf(finding)}`,
      ),
      ...notes.map((note) => `note  ${note}`),
      errors === 0
        ? `${config}: no errors, ${findings.length} warnings`
        : `${config}: ${errors} errors, ${findings.length - errors} warnings`,
    ].join('\n'),
  );
  if (errors > 0) process.exitCode = 2;
}

function textOf(fault: Fault): string {
  return faultText({ ...fault, file: relative(process.cwd(), fault.file) });
}
