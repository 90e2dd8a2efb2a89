import { hostname } from 'node:os';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { LoadedCell } from '../config/loaded-cell.ts';
import type { CellModel } from '../controller/domain/cell.ts';
import { compareConfiguration, inUseOf, summarizeConfiguration } from '../controller/domain/configuration.ts';
import { createControlLoop } from '../controller/runtime/control-loop.ts';
import type { ControlLoop } from '../controller/runtime/control-loop.ts';
import type { ConfigurationHandling, FatalFault } from '../controller/runtime/control-loop-options.ts';
import { runtimeCore } from '../controller/runtime/core-adapter.ts';
import type { Core } from '../controller/core/create.ts';
import type { CoreState } from '../controller/core/state.ts';
import type { Journal } from '../controller/runtime/journal.ts';
import { createPlannerPool, PLANNER_SCRIPT } from '../controller/runtime/planner-pool.ts';
import { MACHINE_CLOCK } from '../controller/runtime/runtime-clock.ts';
import { openSqliteJournal } from '../controller/runtime/sqlite-journal.ts';
import { openStateDirectory } from '../controller/runtime/state-directory.ts';
import { createMonitor } from '../controller/coordination/monitor.ts';
import type { MonitorLimits } from '../controller/coordination/monitor.ts';
import { describeCell } from '../protocols/http/layout.ts';
import type { MessageFigures } from '../protocols/http/metrics.ts';
import { createHttpServer } from '../protocols/http/server.ts';
import type { HttpServer } from '../protocols/http/server.ts';
import { MqttArmDriver } from '../protocols/mqtt/arm-driver.ts';
import { CellPublisher } from '../protocols/mqtt/cell-publisher.ts';
import { ControllerLink } from '../protocols/mqtt/controller-link.ts';
import type { EmbeddedBroker } from '../protocols/mqtt/embedded-broker.ts';
import { MqttIntake } from '../protocols/mqtt/intake.ts';
import type { IntakeSubscription } from '../protocols/mqtt/intake.ts';
import { MqttCellIo } from '../protocols/mqtt/io-driver.ts';
import { PackmlDesk } from '../protocols/packml/packml-desk.ts';
import { PlcFloor } from '../protocols/plc/plc-floor.ts';
import { RefusedMessages } from '../protocols/mqtt/refused-messages.ts';
import { SqliteOutbox } from '../protocols/mqtt/sqlite-outbox.ts';
import type { ArmDriver, CellIo, CellIoHost } from '../controller/ports.ts';
import { localArmDriver, localCellIo } from '../sim/driver.ts';
import type { DurableWorld } from '../sim/world-file.ts';
import { brokerAccess, brokerAddresses, cellAddress, startEmbeddedBroker } from './broker.ts';
import { CommandFailure } from './failure.ts';
import { logNotice } from './log.ts';
import { sparkplugHost, sparkplugNode } from './sparkplug.ts';
import { MAGPIE_VERSION } from './version.ts';

/** Control tick, ms. */
const TICK_MS = 10;
/** An arm whose newest sample is older than this is lost, us. */
const SILENCE_US = 500_000;
/**
 * What the monitor allows for: a stop takes effect within a tick, the way through the broker, and a cycle of the arm's
 * own controller. Its driver says that a silent arm is lost before the monitor does: losing one arm holds nothing.
 */
const MONITOR: MonitorLimits = { reactionUs: 60_000, sampleAgeMaxUs: SILENCE_US + 100_000 };
/** A command that takes longer than this to its arm is refused there as late, us. */
const COMMAND_VALID_US = 400_000;
const INTAKE_PER_S = 2_000;
const PUBLISH_EVERY_MS = 50;
/** How often what PLCs are to know is looked at, ms. */
const WRITE_EVERY_MS = 20;
const DENIALS_LOGGED_PER_S = 10;
/** How long a shutdown waits for the arms to come to rest, us. */
const REST_WITHIN_US = 3_500_000;

export interface ServiceOptions {
  readonly loaded: LoadedCell;
  readonly stateDirectory: string;
  readonly logger: Logger;
  /** A simulated cell in this process; null: arms and surroundings are reached over MQTT. */
  readonly world: DurableWorld | null;
  /** What surrounds the arms of the world, where somebody stands between; else the world's own. */
  readonly surroundings?: CellIoHost;
  /** The loop ended by itself; the process has to end. */
  readonly onFatal: (fault: FatalFault) => void;
}

/** The running controller: loop, broker, protocols, HTTP. */
export class Service {
  readonly loop: ControlLoop<Core>;
  readonly pageUrl: string;
  readonly brokerUrl: string;
  /** `fresh`: the state directory was empty. */
  readonly history: 'fresh' | 'restored';
  /** The PLCs of the cell; null: it has none. */
  readonly plc: PlcFloor | null;
  readonly #stop: () => Promise<void>;

  constructor(parts: {
    readonly loop: ControlLoop<Core>;
    readonly pageUrl: string;
    readonly brokerUrl: string;
    readonly history: 'fresh' | 'restored';
    readonly plc: PlcFloor | null;
    readonly stop: () => Promise<void>;
  }) {
    this.loop = parts.loop;
    this.pageUrl = parts.pageUrl;
    this.brokerUrl = parts.brokerUrl;
    this.history = parts.history;
    this.plc = parts.plc;
    this.#stop = parts.stop;
  }

  /** Stops the arms on their paths, makes all durable, lets go of everything. */
  stop(): Promise<void> {
    return this.#stop();
  }
}

/** @throws CommandFailure with what stands in the way and who should change what. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { loaded, logger } = options;
  const { cell, connections } = loaded;
  const address = cellAddress(connections, cell.name);
  const token = readToken(connections.http.tokenEnv);
  const opened = openStateDirectory({
    directory: options.stateDirectory,
    wallMs: Date.now(),
    version: MAGPIE_VERSION,
  });
  if (!opened.ok) {
    throw new CommandFailure(`${opened.fault.detail}. ${opened.fault.remedy}`, 1);
  }
  const undo: (() => Promise<void> | void)[] = [() => opened.state.release()];
  const unwind = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const journal = openJournal(opened.state.journalFile);
    const history = journal.head().ticks === 0 ? 'fresh' : 'restored';
    let gate: MqttIntake['gate'] | null = null;
    let embedded: EmbeddedBroker | null = null;
    if (connections.broker.kind === 'embedded') {
      embedded = await startEmbeddedBroker({
        broker: connections.broker,
        cell: address,
        beforeAcknowledge: (message) => gate?.(message),
        onDenied: atMost(DENIALS_LOGGED_PER_S, (message) => logger.warn({ code: 'mqtt-denied' }, message)),
      });
      const broker = embedded;
      undo.push(() => broker.close());
    }
    const access = embedded?.ownAccess ?? brokerAccess(connections.broker);
    const onTrouble = (message: string): void => logger.warn({ code: 'mqtt' }, message);
    const link = new ControllerLink({ broker: access, cell: address, onTrouble });
    const clock = { nowUs: () => MACHINE_CLOCK.monotonicUs() };
    const refused = new RefusedMessages();
    const field =
      options.world === null
        ? mqttField(loaded, link, refused, onTrouble)
        : localField(options.world, options.surroundings);
    const store = openOutbox(opened.state.outboxFile);
    undo.push(() => store.close());
    const servers = connections.broker.kind === 'embedded' ? [access] : brokerAddresses(connections.broker);
    const host = sparkplugHost(loaded, servers, logger);
    const plc =
      loaded.plc.maps.length === 0
        ? null
        : new PlcFloor({
            broker: access,
            cell,
            maps: loaded.plc.maps,
            stateNumbers: loaded.plc.stateNumbers,
            source: host,
            clock,
            onViolation: ({ name }, { code, handshakeId, detail }) =>
              logger.warn({ code: `plc-${code}` }, `${name}.${handshakeId}: the PLC ${detail}`),
            onTrouble,
          });
    const planner = createPlannerPool({
      cell,
      workers: 1,
      queueMax: 4 * cell.arms.length,
      answerWithinMs: cell.deadlines.planUs / 1_000,
      onCrash: (detail) => logger.error({ code: 'planner-crashed' }, detail),
      script: PLANNER_SCRIPT,
    });
    undo.push(() => planner.close());
    let publisher: CellPublisher | null = null;
    const created = createControlLoop({
      core: runtimeCore(cell),
      configuration: configurationOf(loaded, logger),
      journal,
      drivers: field.drivers,
      io: plc?.serve(field.io) ?? field.io,
      ...(plc === null ? {} : { plc }),
      monitor: createMonitor(cell, loaded.descriptions, MONITOR),
      planner,
      clock: MACHINE_CLOCK,
      by: { pid: process.pid, host: hostname(), version: MAGPIE_VERSION },
      tickMs: TICK_MS,
      intake: { queueMax: 2_000, urgentMax: 200, rememberedMax: 10_000, perTickMax: 50 },
      field: { perTickMax: 200, queueMax: 4_000 },
      snapshotEvery: { events: 20_000, us: 600_000_000 },
      restWithinUs: REST_WITHIN_US,
      failedTickFile: opened.state.failedTickFile,
      onNotice: (notice) => {
        logNotice(logger, notice);
        publisher?.notice(notice);
      },
      onFatal: options.onFatal,
    });
    if (!created.ok) {
      const { code, file, detail, remedy } = created.fault;
      throw new CommandFailure(`${file}: ${detail}. ${remedy}`, code === 'configuration-refused' ? 2 : 1);
    }
    const { loop } = created;
    undo.push(() => loop.shutdown());
    const speaking = new CellPublisher({
      broker: access,
      cell: address,
      service: loop,
      clock,
      store,
      onTrouble,
    });
    publisher = speaking;
    const intake = new MqttIntake({
      cell: address,
      service: loop,
      clock,
      requestsPerS: INTAKE_PER_S,
      outbox: speaking.outbox,
      refused,
    });
    const packml =
      loaded.plc.packTags === 'none'
        ? null
        : new PackmlDesk({
            broker: access,
            cell: address,
            service: loop,
            numbers: loaded.plc.stateNumbers,
            clock,
            onTrouble,
          });
    let subscription: IntakeSubscription | null = null;
    if (embedded === null) subscription = intake.subscribe(access, onTrouble);
    else gate = intake.gate;
    const edgeNode = sparkplugNode(loaded, servers, loop, loaded.plc.stateNumbers, logger);
    const http = await openHttp(loaded, loop, token, logger, () => ({
      refused: refused.counts(),
      waiting: speaking.outbox.waiting,
      dropped: speaking.outbox.dropped,
    }));
    undo.push(() => http.server.close());

    link.open();
    speaking.open();
    plc?.show(() => loop.view());
    plc?.open();
    packml?.open();
    subscription?.open();
    host?.open();
    edgeNode?.open();
    loop.start();
    const publishing = setInterval(() => {
      speaking.tick();
      packml?.tick();
    }, PUBLISH_EVERY_MS);
    const writing = plc === null ? undefined : setInterval(() => plc.write(), WRITE_EVERY_MS);
    return new Service({
      loop,
      pageUrl: http.url,
      brokerUrl: embedded?.url ?? access.url,
      history,
      plc,
      stop: async () => {
        // The loop first: the arms are told to stop while everything that reaches them is still there.
        await loop.shutdown();
        clearInterval(publishing);
        clearInterval(writing);
        await Promise.all([
          subscription?.close(),
          speaking.close(),
          plc?.close(),
          packml?.close(),
          link.close(),
          edgeNode?.close(),
          host?.close(),
        ]);
        await unwind();
      },
    });
  } catch (error) {
    await unwind();
    throw error;
  }
}

interface CellField {
  readonly drivers: readonly ArmDriver[];
  readonly io: CellIo;
}

/** Arms and surroundings behind the broker. */
function mqttField(
  loaded: LoadedCell,
  link: ControllerLink,
  refused: RefusedMessages,
  onTrouble: (message: string) => void,
): CellField {
  const { cell } = loaded;
  const clock = { nowUs: () => MACHINE_CLOCK.monotonicUs() };
  const common = { link, cell: cellAddress(loaded.connections, cell.name), refused, onTrouble };
  return {
    drivers: cell.arms.map(
      (arm) =>
        new MqttArmDriver({
          ...common,
          armId: arm.id,
          clock,
          silenceUs: SILENCE_US,
          commandValidUs: COMMAND_VALID_US,
        }),
    ),
    io: new MqttCellIo(common),
  };
}

/** Arms and surroundings simulated in this process. */
function localField(world: DurableWorld, surroundings: CellIoHost = world.io): CellField {
  return { drivers: world.armHosts.map(localArmDriver), io: localCellIo(surroundings) };
}

function openOutbox(file: string): SqliteOutbox {
  try {
    return new SqliteOutbox(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      `${file}: ${why}. It holds results that were not delivered yet; move it away to go on without them`,
      1,
    );
  }
}

function openJournal(file: string): Journal {
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (opened.ok) return opened.journal;
  throw new CommandFailure(`${opened.fault.file}: ${opened.fault.detail}. ${opened.fault.remedy}`, 1);
}

/** A restart with another configuration than the stored state speaks of is refused, with a report. */
function configurationOf(loaded: LoadedCell, logger: Logger): ConfigurationHandling<Core> {
  return {
    hash: loaded.hash,
    modelJson: JSON.stringify(loaded.cell),
    coreOf: (modelJson) => runtimeCore(JSON.parse(modelJson) as CellModel),
    refuse: (storedModelJson, state) => {
      const stored = summarizeConfiguration(JSON.parse(storedModelJson) as CellModel);
      const differences = compareConfiguration(stored, loaded.summary, inUseOf(state as CoreState));
      const refused = differences.filter((each) => each.severity === 'refused');
      if (refused.length > 0) {
        return refused.map((each) => `\n  ${each.subject}: ${each.detail}. ${each.remedy}`).join('');
      }
      for (const each of differences) logger.warn({ code: each.code }, `${each.subject}: ${each.detail}`);
      return null;
    },
  };
}

/** Passes on so many calls a second; a client that tries again and again does not fill the log. */
function atMost(perS: number, say: (message: string) => void): (message: string) => void {
  let sinceMs = 0;
  let left = perS;
  return (message) => {
    const nowMs = performance.now();
    if (nowMs - sinceMs >= 1_000) [sinceMs, left] = [nowMs, perS];
    if (left === 0) return;
    left -= 1;
    say(message);
  };
}

function readToken(name: string | null): string | null {
  const token = process.env[name ?? 'MAGPIE_TOKEN'];
  return token === undefined || token === '' ? null : token;
}

async function openHttp(
  loaded: LoadedCell,
  loop: ControlLoop<Core>,
  token: string | null,
  logger: Logger,
  messages: () => MessageFigures,
): Promise<{ readonly server: HttpServer; readonly url: string }> {
  const { http } = loaded.connections;
  const consoleDirectory = fileURLToPath(new URL('../console', import.meta.url));
  const server = await createHttpServer({
    service: loop,
    messages,
    layout: describeCell(loaded.cell),
    descriptions: new Map(loaded.descriptions.map((each) => [each.name, each.urdf])),
    host: http.host,
    port: http.port,
    token,
    hostNames: [],
    consoleDirectory: existsSync(`${consoleDirectory}/index.html`) ? consoleDirectory : null,
    logger: logger.child({}, { level: 'warn' }),
    settingNames: {
      host: 'connections.http.host',
      port: 'connections.http.port',
      token: http.tokenEnv ?? 'MAGPIE_TOKEN',
    },
  });
  const listening = await server.listen();
  if (listening.status === 'listening') return { server, url: listening.url };
  await server.close();
  throw new CommandFailure(`${listening.detail} ${listening.remedy}`, 1);
}
