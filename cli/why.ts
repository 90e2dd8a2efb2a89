import type { CellModel } from '../controller/domain/cell.ts';
import type { ArmAccount, TaskAccount } from '../controller/operations/account.ts';
import { concernsArm, concernsTask, ReasonLog } from '../controller/operations/reason-log.ts';
import { scheduleText } from '../controller/operations/schedule-account.ts';
import { runtimeCore } from '../controller/runtime/core-adapter.ts';
import { JournalFailure } from '../controller/runtime/journal.ts';
import { replayJournal } from '../controller/runtime/replay.ts';
import { openSqliteJournal } from '../controller/runtime/sqlite-journal.ts';
import type { ControlOptions } from './control.ts';
import { CommandFailure } from './failure.ts';
import { output } from './output.ts';
import { ServiceClient } from './service-client.ts';

export interface WhyOptions extends ControlOptions {
  /** Looks into a journal instead of asking the running service. */
  readonly journal?: string;
}

/** What was decided of a task, and why. */
export async function whyTask(taskId: string, options: WhyOptions): Promise<void> {
  const account =
    options.journal === undefined
      ? await new ServiceClient(options.url).whyTask(taskId)
      : logOf(options.journal, new ReasonLog((reason) => concernsTask(reason, taskId))).aboutTask(taskId);
  if (account.reasons.length === 0)
    throw new CommandFailure(
      `nothing was decided of a task ${taskId}; \`magpie task list\` names those there are`,
      1,
    );
  output(options, account, () => describeTask(account));
}

/** What an arm did at an instant, and why. */
export async function whyArm(armId: string, at: string | undefined, options: WhyOptions): Promise<void> {
  if (options.journal === undefined) {
    const account = await new ServiceClient(options.url).whyArm(armId, at);
    output(options, account, () => describeArm(account));
    return;
  }
  const atS = at === undefined ? Infinity : Number(at);
  if (Number.isNaN(atS))
    throw new CommandFailure(`${at}: a journal is asked by seconds since its beginning, such as 412.5`, 2);
  const account = logOf(options.journal, new ReasonLog((reason) => concernsArm(reason, armId))).aboutArm(
    armId,
    atS * 1_000_000,
  );
  if (account === null) throw new CommandFailure(`the journal knows nothing of ${armId} at that time`, 1);
  output(options, account, () => describeArm(account));
}

/** What is accepted now, and the proof that all of it can be completed. */
export async function whySchedule(options: ControlOptions): Promise<void> {
  const account = await new ServiceClient(options.url).whySchedule();
  output(options, account, () => scheduleText(account));
}

/** Decisions are not stored: the journal is executed again, and says why this time. */
function logOf(file: string, log: ReasonLog): ReasonLog {
  const opened = openSqliteJournal({ file, mode: 'read' });
  if (!opened.ok)
    throw new CommandFailure(`${opened.fault.file}: ${opened.fault.detail}. ${opened.fault.remedy}`, 1);
  try {
    replayJournal(opened.journal, (modelJson) => runtimeCore(JSON.parse(modelJson) as CellModel), {
      from: 'beginning',
      onTick: (effects, nowUs) => effects.forEach((effect) => log.hear(effect, nowUs)),
    });
    return log;
  } catch (error) {
    if (!(error instanceof JournalFailure)) throw error;
    throw new CommandFailure(error.message, 1);
  } finally {
    opened.journal.close();
  }
}

function describeTask({ taskId, left, reasons }: TaskAccount): string {
  return [
    `task ${taskId}${left > 0 ? ` (${left} older reasons left out)` : ''}`,
    ...reasons.map(({ atS, text }) => `  ${atS.toFixed(3)} s  ${text}`),
  ].join('\n');
}

function describeArm({ sinceS, untilS, text, reasons }: ArmAccount): string {
  const until = untilS === null ? 'still' : `until ${untilS.toFixed(3)} s`;
  return [
    `${text} (since ${sinceS.toFixed(3)} s, ${until})`,
    ...reasons.map(({ atS, text: words }) => `  ${atS.toFixed(3)} s  ${words}`),
  ].join('\n');
}
