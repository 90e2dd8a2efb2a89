import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedCell } from '../config/loaded-cell.ts';
import { MqttArmHost } from '../protocols/mqtt/arm-host.ts';
import { MqttIoHost } from '../protocols/mqtt/io-host.ts';
import { openWorldFile, WorldFileFailure } from '../sim/world-file.ts';
import type { DurableWorld } from '../sim/world-file.ts';
import { MACHINE_CLOCK } from '../controller/runtime/runtime-clock.ts';
import { brokerAccess, cellAddress } from './broker.ts';
import { simulatePlcs } from './plc/simulated-plcs.ts';
import { CommandFailure } from './failure.ts';
import { loadConfig } from './load-config.ts';
import { defaultStateDirectory } from './state.ts';
import { startHostSystem } from './host-system.ts';
import { worldStart } from './world.ts';

export interface SimCommandOptions {
  readonly state?: string;
  readonly broker?: string;
  readonly json?: boolean;
  /** False: the PLCs of the cell are real ones. */
  readonly plc?: boolean;
}

/** Simulated cells run in steps of this, ms; the world itself moves in steps of its own. */
const STEP_MS = 10;
/** More than this is not caught up after a stall, us: the world stood still. */
const CATCH_UP_MAX_US = 200_000;
const SAMPLE_HZ = 50;

/** Who has the world of a state directory, as long as it is locked. */
export const SIMULATOR_PID = 'simulator.pid';

/** The simulator as a process of its own, reached over MQTT exactly as real arms would be. */
export async function simCommand(config: string, options: SimCommandOptions): Promise<void> {
  const loaded = loadConfig(config);
  const stateDirectory = options.state ?? defaultStateDirectory(loaded.cell.name);
  const world = openWorld(loaded, stateDirectory);
  writeFileSync(join(stateDirectory, SIMULATOR_PID), `${process.pid}\n`);
  await runWorld(world, loaded, options);
}

/** The world of a state directory; made when there is none. */
export function openWorld(loaded: LoadedCell, stateDirectory: string): DurableWorld {
  mkdirSync(stateDirectory, { recursive: true });
  const opened = openWorldFile({
    file: join(stateDirectory, 'world.db'),
    cell: loaded.cell,
    settings: loaded.simulator.world,
    start: () => worldStart(loaded),
  });
  if (opened.ok) return opened.world;
  throw new CommandFailure(`${opened.fault.file}: ${opened.fault.detail}. ${opened.fault.remedy}`, 1);
}

/** Lets a world run on the machine's clock; returns what stops it. */
export function driveWorld(durable: DurableWorld, afterStep: () => void): () => void {
  let lastMs = performance.now();
  let timeUs = durable.world.nowUs;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    timeUs += Math.min(CATCH_UP_MAX_US, Math.round((nowMs - lastMs) * 1_000));
    lastMs = nowMs;
    try {
      durable.advanceTo(timeUs);
      afterStep();
    } catch (error) {
      // What could not be made durable was not said; the world begins again from what was.
      if (!(error instanceof WorldFileFailure)) throw error;
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    }
  }, STEP_MS);
  return () => clearInterval(timer);
}

async function runWorld(
  durable: DurableWorld,
  loaded: LoadedCell,
  options: SimCommandOptions,
): Promise<void> {
  const access = brokerAccess(loaded.connections.broker, options.broker);
  const { world } = durable;
  const clock = { nowUs: () => world.nowUs };
  const onTrouble = (message: string): void => say(options, message);
  const cell = cellAddress(loaded.connections, loaded.cell.name);
  const common = { broker: access, cell, clock, onTrouble };
  const arms = durable.armHosts.map(
    (host) =>
      new MqttArmHost({ ...common, host, leaseUs: loaded.simulator.world.leaseUs, sampleHz: SAMPLE_HZ }),
  );
  const plcs = simulatePlcs({
    maps: options.plc === false ? [] : loaded.plc.maps,
    broker: access,
    surroundings: durable.io,
    nowUs: () => MACHINE_CLOCK.monotonicUs(),
    onTrouble,
  });
  const io = new MqttIoHost({ ...common, host: plcs.surroundings });
  for (const each of [...arms, io]) each.open();
  say(
    options,
    `simulating ${loaded.cell.name} (${durable.isNew ? 'a new world' : 'the world as it was left'}), broker ${access.url}`,
  );

  const host = startHostSystem(durable, loaded, access, onTrouble);
  const stop = driveWorld(durable, () => {
    for (const arm of arms) arm.pump();
    io.pump();
    host.attend();
  });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  stop();
  await Promise.all([...arms, io, host, plcs].map((each) => each.close()));
  durable.close();
}

function say(options: SimCommandOptions, message: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify({ message })}\n` : `${message}\n`);
}
