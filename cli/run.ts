import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLiveTerminal } from '../protocols/terminal/live-terminal.ts';
import type { CellCommand } from '../controller/domain/packml.ts';
import { isWorldInUse } from '../controller/runtime/state-directory.ts';
import { CommandFailure } from './failure.ts';
import { loadWorkingConfig } from './load-config.ts';
import { openLog } from './log.ts';
import type { ServiceLog } from './log.ts';
import { MACHINE_CLOCK } from '../controller/runtime/runtime-clock.ts';
import { brokerAccess } from './broker.ts';
import { simulatePlcs } from './plc/simulated-plcs.ts';
import { driveWorld, openWorld, SIMULATOR_PID } from './sim.ts';
import { startService } from './service.ts';
import type { Service } from './service.ts';
import { defaultStateDirectory } from './state.ts';

export interface RunOptions {
  readonly state?: string;
  /** Start the simulator beside the service, as a process of its own. */
  readonly sim?: boolean;
  /** False: the PLCs of the cell are real ones, also where its arms are simulated. */
  readonly plc?: boolean;
}

/** All that a shutdown does has to be over by then, ms. */
const EXIT_WITHIN_MS = 5_000;
const REDRAW_MS = 500;
const LINE_MS = 30_000;
const START_TRIES = 600;
const START_EVERY_MS = 100;

/** The service, until it is told to end. */
export async function runCommand(config: string, options: RunOptions): Promise<void> {
  const loaded = loadWorkingConfig(config);
  const stateDirectory = options.state ?? defaultStateDirectory(loaded.cell.name);
  mkdirSync(stateDirectory, { recursive: true });
  const log = openLog(stateDirectory, process.stdout.isTTY ? 'file' : 'stdout');
  let fatal: string | null = null;
  let wake: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    wake = resolve;
  });
  // With --sim the simulator is a process of its own, whatever the cell file says of its arms.
  const isLocal = options.sim !== true && loaded.connections.arms === 'simulated';
  const world = isLocal ? openWorld(loaded, stateDirectory) : null;
  const stopWorld = world === null ? null : driveWorld(world, () => undefined);
  const plcs =
    world === null
      ? null
      : simulatePlcs({
          maps: options.plc === false ? [] : loaded.plc.maps,
          broker: brokerAccess(loaded.connections.broker),
          surroundings: world.io,
          nowUs: () => MACHINE_CLOCK.monotonicUs(),
          onTrouble: (message) => log.logger.warn({ code: 'mqtt' }, message),
        });
  const service = await startService({
    world,
    ...(plcs === null ? {} : { surroundings: plcs.surroundings }),
    loaded,
    stateDirectory,
    logger: log.logger,
    onFatal: (fault) => {
      fatal = `${fault.detail}. ${fault.remedy} (${fault.file})`;
      wake();
    },
  });
  const simulator =
    options.sim === true ? startSimulator(config, stateDirectory, service.brokerUrl, options) : null;
  log.logger.info(
    { code: 'started', page: service.pageUrl, broker: service.brokerUrl },
    `page ${service.pageUrl}, broker ${service.brokerUrl}`,
  );
  const terminal = startLiveTerminal({
    stream: process.stdout.isTTY ? process.stdout : silent(),
    view: () => service.loop.view(),
    pageUrl: service.pageUrl,
    redrawMs: REDRAW_MS,
    lineMs: LINE_MS,
  });
  if (process.stdout.isTTY) {
    terminal.print(
      `Magpie runs cell ${loaded.cell.name}; log ${log.where}, state ${stateDirectory}. Ctrl-C ends it.`,
    );
  }
  if (service.history === 'fresh' && loaded.start === 'on-first-launch') void startCell(service, log);

  onSignals(
    () => {
      const message = 'Stopping the arms on their paths; once more ends at once.';
      if (process.stdout.isTTY) terminal.print(message);
      else process.stderr.write(`${message}\n`);
      wake();
    },
    () => endSimulator(simulator, stateDirectory),
  );
  await ended;
  await within(
    EXIT_WITHIN_MS,
    stopAll(service, log, async () => {
      await plcs?.close();
      stopWorld?.();
      world?.close();
      endSimulator(simulator, stateDirectory);
    }),
  );
  terminal.stop();
  if (fatal !== null) throw new CommandFailure(fatal, 1);
  if (process.stdout.isTTY) {
    terminal.print(
      `Ended in order; nothing is lost. It is all in ${stateDirectory}: start it again, then \`npx magpie resume\`.`,
    );
  }
}

/** The first signal ends in order, the second one at once. */
function onSignals(end: () => void, beforeExit: () => void): void {
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) {
      beforeExit();
      process.exit(130);
    }
    end();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

/**
 * Ends the simulator that was started beside the service. Where a service before this one was killed, its simulator
 * went on, as arms do, and the one started now found the world taken: then that one is to end.
 */
function endSimulator(simulator: ChildProcess | null, stateDirectory: string): void {
  if (simulator === null) return;
  simulator.kill('SIGTERM');
  try {
    const pid = Number(readFileSync(join(stateDirectory, SIMULATOR_PID), 'utf8'));
    if (pid !== simulator.pid && isWorldInUse(stateDirectory)) process.kill(pid, 'SIGTERM');
  } catch {
    // Never begun, or gone by now.
  }
}

async function stopAll(service: Service, log: ServiceLog, closeWorld: () => Promise<void>): Promise<void> {
  await service.stop();
  await closeWorld();
  log.logger.info({ code: 'ended' }, 'ended');
  log.flush();
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  const timer = setTimeout(() => {
    process.stderr.write(
      `the shutdown took longer than ${limitMs / 1_000} s and was cut short; the journal is complete\n`,
    );
    process.exit(1);
  }, limitMs);
  await work;
  clearTimeout(timer);
}

/** The cell begins by itself only where nothing was ever begun, and the cell file says so. */
async function startCell(service: Service, log: ServiceLog): Promise<void> {
  const commands: readonly CellCommand[] = ['reset', 'start'];
  for (const command of commands) {
    for (let attempt = 0; attempt < START_TRIES; attempt += 1) {
      const result = await service.loop.submit(
        { kind: 'cell', body: { command } },
        `first-launch-${command}-${attempt}`,
        'cli',
      );
      if (result.status !== 'refused') break;
      if (result.code !== 'not-ready') {
        log.logger.warn({ code: result.code }, `the cell was not started: ${result.detail}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, START_EVERY_MS));
    }
  }
}

/** A process group of its own: Ctrl-C must not end the arms before they were stopped. */
function startSimulator(
  config: string,
  stateDirectory: string,
  brokerUrl: string,
  { plc }: RunOptions,
): ChildProcess {
  const output = openSync(join(stateDirectory, 'simulator.log'), 'a');
  const main = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url),
  );
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      main,
      'sim',
      config,
      '--state',
      stateDirectory,
      '--broker',
      brokerUrl,
      ...(plc === false ? ['--no-plc'] : []),
    ],
    { detached: true, stdio: ['ignore', output, output] },
  );
  closeSync(output);
  child.unref();
  return child;
}

/** Where there is no terminal the log says what happens. */
function silent(): NodeJS.WritableStream {
  return { write: () => true } as unknown as NodeJS.WritableStream;
}
