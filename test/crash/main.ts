import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { REPOSITORY } from '../integration/built-service.ts';
import { Campaign } from './campaign.ts';
import type { CampaignReport } from './plan.ts';

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is needed');
  return value;
};

const program = new Command('crash')
  .description(
    'Kills the real service and the real simulator with SIGKILL at random moments under load, starts them again, and ' +
      'checks stock, tasks, requests and journal each time.',
  )
  .option('--rounds <n>', 'how many kills', wholeNumber, 20)
  .option('--seed <n>', 'decides moments, targets and orders', wholeNumber, Date.now() % 1_000_000)
  .option('--cell <file>', 'cell file', join(REPOSITORY, 'config/cells/small.yaml'))
  .option('--json', 'one JSON document instead of words');
program.parse();
const options = program.opts<{ rounds: number; seed: number; cell: string; json?: boolean }>();

const report = await Campaign.run({
  cellFile: options.cell,
  rounds: options.rounds,
  seed: options.seed,
  openUnitsMax: 14,
  onRound: ({ round, target, moment, inDoubt, seconds }) => {
    if (options.json === true) return;
    process.stdout.write(
      `${String(round).padStart(4)}  ${target.padEnd(10)}  ${moment.padEnd(26)}  ${inDoubt} in doubt  ${seconds.toFixed(1)} s\n`,
    );
  },
});
process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : wordsOf(report));
process.exit(report.wrong.length === 0 ? 0 : 1);

function wordsOf(report: CampaignReport): string {
  const { kills, requests, units, inDoubt, journal } = report;
  const lines = [
    '',
    `${report.rounds} rounds with seed ${report.seed} in ${report.seconds.toFixed(0)} s (${(report.seconds / Math.max(1, report.rounds)).toFixed(1)} s a round)`,
    `killed: controller ${kills.controller}, simulator ${kills.simulator}, both ${kills.both}; controller again while it came up ${kills.duringRestart}`,
    `requests: ${requests.sent} sent, ${requests.repeated} repeats; ${report.orders} orders; units placed ${units.placed}, cancelled ${units.cancelled}, excepted ${units.excepted}; ${report.motions} motions and grips seen`,
    `in doubt: ${inDoubt.total} (tool's sensor: still held ${inDoubt.heldByTool}; sensor over the container: at its source ${inDoubt.atSource}, placed ${inDoubt.placed}; cancelled ${inDoubt.cancelled}; left to a person ${inDoubt.asked}); ${report.answersByPerson} answers by the person`,
    `journal: ${journal.ticks} ticks of ${journal.epochs} controllers, replayed from the beginning`,
    `lost ${report.lost}, doubled ${report.doubled}`,
  ];
  if (report.wrong.length > 0) {
    lines.push(
      `WRONG (seed ${report.seed}; all files are in ${report.directory}):`,
      ...report.wrong.slice(0, 20).map((each) => `  ${each}`),
    );
  }
  return `${lines.join('\n')}\n`;
}
