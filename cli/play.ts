import Table from 'cli-table3';
import type { CoordinationPolicy } from '../controller/domain/cell.ts';
import { createJobPlanner } from '../controller/scheduling/job-planner.ts';
import { play } from '../sim/play.ts';
import type { PlayProgress, PlayReport } from '../sim/play-report.ts';
import type { LoadedCell } from '../config/loaded-cell.ts';
import { CommandFailure } from './failure.ts';
import { loadConfig } from './load-config.ts';
import { output, PLAIN_TABLE } from './output.ts';
import type { OutputMode } from './output.ts';
import { readOrderFile } from './orders.ts';
import type { CsvOptions, ReadOrders } from './orders.ts';
import { demandOf, intakeOf, settingsForPlay, stockForOrders, withPolicy } from './play-setup.ts';
import { LOSS_CAUSES } from '../controller/domain/loss-cause.ts';
import { createMonitor } from '../controller/coordination/monitor.ts';
import { PLAY_MONITOR } from '../sim/settings.ts';
import { createReferee } from '../sim/referee.ts';
import { startProgressBar } from './progress-bar.ts';
import { journalForPlay } from './play-journal.ts';

export interface PlayCommandOptions extends OutputMode, CsvOptions {
  readonly orders?: string;
  readonly seed: number;
  readonly policy?: CoordinationPolicy;
  readonly exceptions: 'on' | 'off';
  readonly referee: 'on' | 'off';
  readonly items?: string;
  readonly journal?: string;
}

/** Simulated time without progress after which a run counts as stuck. */
const PATIENCE_US = 1_200_000_000;

/** A whole run in simulated time, with a report at the end. */
export async function playCommand(config: string, options: PlayCommandOptions): Promise<void> {
  const loaded = loadConfig(config);
  const orders = options.orders === undefined ? null : readOrderFile(options.orders, options);
  if (orders === null && loaded.cell.fixedTasks.length === 0) {
    throw new CommandFailure('nothing to play: give an order file with --orders FILE.csv', 2);
  }
  const cell = withPolicy(loaded.cell, options.policy);
  const stock = stockForOrders(loaded, demandOf(orders), options.seed, options.items);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once('SIGINT', onSignal);
  const bar = options.json === true ? null : startProgressBar(process.stderr);
  const journal = journalForPlay(options.journal, { hash: loaded.hash, modelJson: JSON.stringify(cell) });
  try {
    const result = await play({
      cell,
      settings: settingsForPlay(loaded, options.seed, options.exceptions === 'off' ? 'off' : 'as configured'),
      start: { ...stock, initialPositions: loaded.initialPositions },
      intake: intakeOf(orders),
      planner: createJobPlanner(cell),
      journal: journal?.journal ?? null,
      observer: options.referee === 'on' ? await createReferee(cell, urdfByArm(loaded)) : null,
      monitor: createMonitor(cell, loaded.descriptions, PLAY_MONITOR),
      onProgress: bar === null ? null : (progress: PlayProgress) => bar.show(progress),
      onNotice: null,
      patienceUs: PATIENCE_US,
      signal: interrupt.signal,
    });
    bar?.stop();
    output(options, reportWith(result.report, orders), () => describe(result.report, orders));
    if (result.status === 'stuck')
      throw new CommandFailure(`the run is stuck:\n${result.because.join('\n')}`, 1);
    if (result.status === 'aborted') throw new CommandFailure('interrupted; the report is up to then', 1);
    if ((result.report.contacts ?? 0) > 0 || hasLoss(result.report)) process.exitCode = 1;
  } finally {
    bar?.stop();
    journal?.close();
    process.removeListener('SIGINT', onSignal);
  }
}

/** Every line of the file by what became of it: order lines, returns and lines that are no goods. */
function lineTotals(report: PlayReport, orders: ReadOrders | null): PlayReport['lines'] {
  const notStock = orders?.counts.notStock ?? 0;
  return {
    total: report.lines.total + report.returns.matched + report.returns.unmatched + notStock,
    fulfilled: report.lines.fulfilled,
    cancelled: report.lines.cancelled + report.returns.matched,
    excepted: report.lines.excepted + report.returns.unmatched + notStock,
  };
}

function reportWith(report: PlayReport, orders: ReadOrders | null): unknown {
  const notStock = orders?.counts.notStock ?? 0;
  return {
    ...report,
    lines: lineTotals(report, orders),
    lineExceptions: {
      ...report.lineExceptions,
      ...(report.returns.unmatched === 0 ? {} : { 'unmatched-return': report.returns.unmatched }),
      ...(notStock === 0 ? {} : { 'not-stock': notStock }),
    },
    file: orders === null ? null : orders.counts,
  };
}

function describe(report: PlayReport, orders: ReadOrders | null): string {
  const lines = lineTotals(report, orders);
  const goods = report.lines.total;
  const share =
    goods === 0
      ? ''
      : ` (${((100 * report.lines.fulfilled) / goods).toFixed(2)} % of ${goods} goods lines fulfilled)`;
  const head = ['arm', 'units', ...LOSS_CAUSES, 'waited for'];
  const table = new Table({
    head,
    colAligns: head.map((_, column) => (column === 0 || column === head.length - 1 ? 'left' : 'right')),
    ...PLAIN_TABLE,
  });
  for (const arm of report.arms) {
    const share = (seconds: number): string => `${((100 * seconds) / report.simulatedS).toFixed(1)} %`;
    const waited = Object.entries(arm.waitingForS).map(([armId, seconds]) => `${armId} ${share(seconds)}`);
    table.push([
      arm.id,
      arm.unitsDone,
      ...LOSS_CAUSES.map((cause) => share(arm.spentS[cause])),
      waited.join(', '),
    ]);
  }
  const kinds = Object.entries(report.exceptions).map(([kind, count]) => `${kind} ${count}`);
  const ended = Object.entries(report.lineExceptions).map(([kind, count]) => `${kind} ${count}`);
  const { reconciliation } = report;
  return [
    `cell ${report.cell}, policy ${report.policy}, seed ${report.seed}`,
    `lines      ${lines.fulfilled} fulfilled, ${lines.cancelled} cancelled, ${lines.excepted} excepted, of ${lines.total}${share}`,
    ...(ended.length === 0 ? [] : [`           excepted: ${ended.join(', ')}`]),
    `throughput ${Math.round(report.unitsPerHour)} units per hour, ${report.units} units`,
    report.contacts === null
      ? 'referee    off'
      : `referee    ${report.contacts} contacts, least clearance between arms ${clearance(report.clearanceMinM)}`,
    monitorLine(report),
    ...report.contactDetails.map((detail) => `           ${detail}`),
    ...(kinds.length === 0 ? [] : [`exceptions ${kinds.join(', ')}; ${report.answers} answered by a person`]),
    `stock      ${reconciliation.units.created} units, ${reconciliation.lost} lost, ${reconciliation.doubled} doubled`,
    ...reconciliation.differences
      .filter((each) => each.kind !== 'record-wrong')
      .map(
        (each) =>
          `           ${each.kind}: ${each.sku} in ${each.where ?? 'the cell'}: booked ${each.booked}, there ${each.physical}`,
      ),
    `time       ${report.simulatedS.toFixed(1)} s simulated in ${report.wallS.toFixed(1)} s (${(report.simulatedS / report.wallS).toFixed(0)} x; planning ${report.planningS.toFixed(1)} s, referee ${report.refereeS.toFixed(1)} s, monitor ${report.monitorS.toFixed(1)} s)`,
    `trace      ${report.traceHash}`,
    table.toString(),
  ].join('\n');
}

function monitorLine({ monitor }: PlayReport): string {
  if (monitor === null) return 'monitor    off';
  return `monitor    ${monitor.verdicts} reasons to stop, ${monitor.stops} stops, least separation foreseen ${clearance(monitor.predictedMinM)}`;
}

function clearance(distanceM: number | null): string {
  return distanceM === null ? 'not measured' : `${(distanceM * 1000).toFixed(1)} mm`;
}

function urdfByArm(loaded: LoadedCell): ReadonlyMap<string, string> {
  return new Map(loaded.descriptions.map((each) => [each.armId, each.urdf]));
}

function hasLoss(report: PlayReport): boolean {
  return report.reconciliation.lost > 0 || report.reconciliation.doubled > 0;
}
