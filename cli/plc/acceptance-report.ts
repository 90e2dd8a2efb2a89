import type { AcceptanceStep, Finding } from './acceptance-step.ts';

/** What became of one step. */
export interface StepResult {
  readonly id: string;
  readonly group: AcceptanceStep['group'];
  readonly title: string;
  readonly expected: string;
  readonly seen: string;
  readonly verdict: 'passed' | 'failed';
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

/** A factory-acceptance report, as `report.json` has it. */
export interface AcceptanceReport {
  readonly format: 'magpie-plc-acceptance/1';
  readonly map: string;
  readonly file: string;
  /** SHA-256 of the map file. */
  readonly fileHash: string;
  readonly version: string;
  readonly begun: string;
  readonly seconds: number;
  readonly verdict: 'passed' | 'failed';
  readonly steps: readonly StepResult[];
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The report for people: one page that needs nothing else, fit to be printed and signed. */
export function reportPage(report: AcceptanceReport): string {
  const failed = report.steps.filter(({ verdict }) => verdict === 'failed').length;
  const rows = report.steps.map(
    (
      step,
      k,
    ) => `<tr class="${step.verdict}"><td>${k + 1}</td><td>${escaped(step.title)}<br><code>${escaped(step.id)}</code></td>
<td>${escaped(step.expected)}</td><td>${escaped(step.seen)}${step.findings
      .map((each) => `<br><b>${escaped(each.code)}</b> ${escaped(each.subject)}: ${escaped(each.detail)}`)
      .join(
        '',
      )}</td><td>${step.verdict === 'passed' ? '✓ passed' : '✗ failed'}</td><td>${step.seconds.toFixed(1)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>PLC acceptance: ${escaped(report.map)}</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #bbb; padding: .4em .6em; text-align: left; vertical-align: top }
th { background: #eee }
.failed td { background: #fbe3e0 }
dl { display: grid; grid-template-columns: max-content auto; gap: .2em 1em }
.sign { margin-top: 3em; display: flex; gap: 4em } .sign div { border-top: 1px solid #222; width: 16em; padding-top: .3em }
</style></head><body>
<h1>Acceptance of PLC map ${escaped(report.map)}: ${report.verdict}</h1>
<dl><dt>Map</dt><dd>${escaped(report.file)}</dd><dt>SHA-256</dt><dd><code>${report.fileHash}</code></dd>
<dt>Magpie</dt><dd>${escaped(report.version)}</dd><dt>Begun</dt><dd>${report.begun}</dd>
<dt>Steps</dt><dd>${report.steps.length - failed} passed, ${failed} failed, ${report.seconds.toFixed(0)} s</dd></dl>
<p>The real controller with simulated arms, against a PLC that was simulated from the map. It proves the map and the
controller’s behaviour; the PLC’s own program has to be tried with the same steps. It is no proof of functional
safety.</p>
<table><thead><tr><th></th><th>Step</th><th>Expected</th><th>Seen</th><th>Verdict</th><th>s</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
<div class="sign"><div>Date, integrator</div><div>Date, operator</div></div>
</body></html>
`;
}
