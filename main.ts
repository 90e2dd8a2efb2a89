#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import { CELL_COMMANDS } from './controller/domain/packml.ts';
import { COORDINATION_POLICIES } from './controller/domain/cell.ts';
import { RESOLUTIONS } from './controller/domain/exception.ts';
import { CommandFailure } from './cli/failure.ts';
import { MAGPIE_VERSION } from './cli/version.ts';
import { DEFAULT_URL } from './cli/service-client.ts';

/** The command line. Each command's work is loaded when it is called, so that `--help` answers at once. */
const program = new Command('magpie')
  .description('Controller for warehouse cells in which several robot arms pick and stow in one shared space')
  .version(MAGPIE_VERSION)
  .showHelpAfterError('(add --help for what is possible)')
  .addHelpText(
    'after',
    `
Examples:
  magpie run config/cells/four-arm.yaml --sim       the service with a simulated cell beside it
  magpie status                                     what the running cell does
  magpie hold; magpie resume                        stop the arms on their paths; go on
  magpie play config/cells/four-arm.yaml --orders config/orders/example-orders.csv --seed 1
  magpie check my-cell.yaml                         everything that is wrong with a cell file

Magpie is no safety function: emergency stops, guarding and protection of persons are the
safety PLC's and the robots' own.`,
  );

const json = new Option('--json', 'one JSON document instead of words');
const url = new Option('--url <url>', `where the service answers (else MAGPIE_URL, else ${DEFAULT_URL})`);
const state = new Option('--state <dir>', 'state directory (default: .magpie/<cell name>)');

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('a whole number, 0 or more, is needed');
  return value;
};
const append = (value: string, before: readonly string[]): readonly string[] => [...before, value];

program
  .command('run')
  .description('run the controller service for a cell')
  .argument('<config>', 'cell file (YAML)')
  .option('--sim', 'also start the simulator, as a process of its own')
  .option('--no-plc', 'the PLCs of the cell are real ones: simulate none')
  .addOption(state)
  .action(async (config, options) => (await import('./cli/run.ts')).runCommand(config, options));

program
  .command('sim')
  .description('run the simulator alone; the controller reaches it over MQTT as it would real arms')
  .argument('<config>', 'cell file (YAML)')
  .option('--broker <url>', 'MQTT broker, e.g. mqtt://127.0.0.1:1883 (default: as the cell file says)')
  .option('--no-plc', 'the PLCs of the cell are real ones: simulate none')
  .addOption(state)
  .addOption(json)
  .action(async (config, options) => (await import('./cli/sim.ts')).simCommand(config, options));

program
  .command('check')
  .description('check a cell file and everything it names: schema, names, reach, limits, zones')
  .argument('<config>', 'cell file (YAML) or benchmark cell (JSON)')
  .addOption(json)
  .action(async (config, options) => (await import('./cli/check.ts')).checkCommand(config, options));

program
  .command('play')
  .description('a whole run in simulated time, with a report at the end')
  .argument('<config>', 'cell file (YAML) or benchmark cell (JSON)')
  .option('--orders <file>', 'order file (CSV)')
  .option('--seed <n>', 'decides everything that is drawn', wholeNumber, 1)
  .addOption(new Option('--speed <speed>', 'how fast simulated time runs').choices(['max']).default('max'))
  .addOption(
    new Option('--policy <name>', 'coordination policy (default: as the cell file says)').choices(
      COORDINATION_POLICIES,
    ),
  )
  .addOption(
    new Option('--exceptions <on|off>', 'failed grasps, drops, wrong stock, ...')
      .choices(['on', 'off'])
      .default('on'),
  )
  .addOption(
    new Option('--referee <on|off>', 'judge contacts by a physics engine from ground truth')
      .choices(['on', 'off'])
      .default('on'),
  )
  .option('--items <file>', 'list of articles with sizes (default: as the cell file says)')
  .option('--journal <file>', 'keep the journal in a new file')
  .option('--mapping <file>', 'column mapping of the order file (YAML or JSON)')
  .option('--map <field=column>', 'map one column, may be repeated', append, [])
  .addOption(json)
  .action(async (config, options) => (await import('./cli/play.ts')).playCommand(config, options));

program
  .command('plan')
  .description('plan motions of one or several arms from start to goal among obstacles')
  .argument('<problem>', 'planning problem (JSON, magpie-planning-problem/1), or a folder of them')
  .option('--trace <file>', 'write the planned motion (for a folder of problems: a folder of traces)')
  .option('--iterations <n>', 'rounds of improvement after the first solution', wholeNumber, 200)
  .option('--seed <n>', 'decides everything that is drawn', wholeNumber, 1)
  .addOption(json)
  .action(async (problem, options) => (await import('./cli/plan.ts')).planCommand(problem, options));

program
  .command('orders')
  .description('import orders from a CSV file into the running service; repeating it changes nothing')
  .argument('<file>', 'order file (CSV)')
  .option('--mapping <file>', 'column mapping (YAML or JSON)')
  .option('--map <field=column>', 'map one column, may be repeated', append, [])
  .option('--dry-run', 'read and check the file, send nothing')
  .addOption(url)
  .addOption(json)
  .action(async (file, options) => (await import('./cli/orders.ts')).importOrders(file, options));

program
  .command('replay')
  .description('execute a journal again and say what state it leads to')
  .argument('<journal>', 'journal file (journal.db in a state directory)')
  .option('--notices', 'also print what the controller said, with its time')
  .addOption(json)
  .action(async (journal, options) => (await import('./cli/replay.ts')).replayCommand(journal, options));

program
  .command('reset')
  .description('delete what a cell knows: journal, orders, stock, simulated world (asks first)')
  .argument('<dir>', 'state directory')
  .option('--yes', 'do not ask')
  .addOption(json)
  .action(async (directory, options) => (await import('./cli/state.ts')).resetCommand(directory, options));

program
  .command('status')
  .description('what the running cell does')
  .addOption(url)
  .addOption(json)
  .action(async (options) => (await import('./cli/control.ts')).showStatus(options));

for (const [name, description] of [
  ['hold', 'stop the arms on their paths and hold'],
  ['stop', 'stop the arms on their paths and end production'],
] as const) {
  program
    .command(name)
    .description(description)
    .addOption(url)
    .addOption(json)
    .action(async (options) => (await import('./cli/control.ts')).command(name, options));
}

program
  .command('resume')
  .description('bring the cell to execution from wherever it rests')
  .addOption(url)
  .addOption(json)
  .action(async (options) => (await import('./cli/control.ts')).resume(options));

program
  .command('command')
  .description('give the cell one PackML command')
  .addArgument(program.createArgument('<name>', 'the command').choices(CELL_COMMANDS))
  .addOption(url)
  .addOption(json)
  .action(async (name, options) => (await import('./cli/control.ts')).command(name, options));

const plc = program.command('plc').description('try the map of a PLC, watch its tags');
plc
  .command('accept')
  .description(
    'try a map with the real controller and a PLC simulated from it, and write the acceptance report',
  )
  .argument('<map>', 'map file (YAML, magpie-plc-map/1)')
  .option(
    '--cell <file>',
    'cell file whose places and arms the map names (default: the small cell that ships)',
  )
  .option('--report <dir>', 'where report.html and report.json go')
  .addOption(json)
  .action(async (map, options) => (await import('./cli/plc/accept.ts')).acceptCommand(map, options));
plc
  .command('monitor')
  .description('show the tags of a map as the controller sees them; listens only')
  .argument('<map>', 'map file (YAML, magpie-plc-map/1)')
  .option('--broker <url>', 'MQTT broker', 'mqtt://127.0.0.1:1883')
  .option('--seconds <n>', 'end after so long', wholeNumber)
  .addOption(json)
  .action(async (map, options) => (await import('./cli/plc/monitor.ts')).monitorCommand(map, options));

const task = program.command('task').description('list, show and command tasks; resolve exceptions');
task
  .command('list')
  .description('open tasks, then the last that ended')
  .option('--state <state>', 'only tasks in this state, e.g. waiting, asking, inDoubt')
  .option('--limit <n>', 'at most so many', wholeNumber, 50)
  .addOption(url)
  .addOption(json)
  .action(async (options) => (await import('./cli/task.ts')).listTasks(options));
task
  .command('show')
  .description('one task: where it is, and why')
  .argument('<task>')
  .addOption(url)
  .addOption(json)
  .action(async (taskId, options) => (await import('./cli/task.ts')).showTask(taskId, options));
for (const action of ['cancel', 'retry'] as const) {
  task
    .command(action)
    .description(action === 'cancel' ? 'cancel a task at any stage' : 'the cause is gone: try again')
    .argument('<task>')
    .addOption(url)
    .addOption(json)
    .action(async (taskId, options) =>
      (await import('./cli/task.ts')).commandTask(taskId, { action }, options),
    );
}
task
  .command('resolve')
  .description('answer the exception of a task')
  .argument('<task>')
  .addArgument(program.createArgument('<resolution>', 'what is true or to be done').choices(RESOLUTIONS))
  .option('--by <name>', 'who says so', 'operator')
  .addOption(url)
  .addOption(json)
  .action(async (taskId, resolution, options) =>
    (await import('./cli/task.ts')).commandTask(
      taskId,
      { action: 'resolve', resolution, by: options.by },
      options,
    ),
  );

const why = program.command('why').description('why a task is where it is, or an arm did what it did');
const journal = new Option('--journal <file>', 'look into a journal (journal.db in a state directory)');
why
  .command('task')
  .description('what was decided of a task: candidates, costs, the rule, who held the space')
  .argument('<task>')
  .addOption(journal)
  .addOption(url)
  .addOption(json)
  .action(async (taskId, options) => (await import('./cli/why.ts')).whyTask(taskId, options));
why
  .command('arm')
  .description('what an arm did at an instant, and why')
  .argument('<arm>')
  .argument(
    '[time]',
    "seconds of the cell's clock (`nowS` of the status) or an instant such as 2026-03-01T08:15:00Z; now",
  )
  .addOption(journal)
  .addOption(url)
  .addOption(json)
  .action(async (armId, time, options) => (await import('./cli/why.ts')).whyArm(armId, time, options));
why
  .command('schedule')
  .description('what is accepted now, who goes first where, and in which order all of it can be completed')
  .addOption(url)
  .addOption(json)
  .action(async (options) => (await import('./cli/why.ts')).whySchedule(options));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommandFailure)) throw error;
  process.stderr.write(`magpie: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
