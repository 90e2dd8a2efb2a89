import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { CellCommand } from '../../controller/domain/packml.ts';
import { allInputs } from '../../controller/domain/plc-map.ts';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import type { IntakeResult } from '../../controller/domain/intake.ts';
import type { CellView } from '../../controller/operations/view.ts';
import { MACHINE_CLOCK } from '../../controller/runtime/runtime-clock.ts';
import type { HandshakeDriver, Violation } from '../../protocols/plc/handshake-driver.ts';
import type { PlcUnit } from '../../protocols/plc/plc-unit.ts';
import type { Quirk, SimulatedPlc } from '../../protocols/plc/simulated-plc.ts';
import { openWorldFile } from '../../sim/world-file.ts';
import { stockForOrders } from '../play-setup.ts';
import { startService } from '../service.ts';
import type { Service } from '../service.ts';
import { driveWorld } from '../sim.ts';
import { acceptanceCell } from './acceptance-cell.ts';
import { startSimulatedPlc, WorldToteFloor } from './simulated-plcs.ts';
import type { RunningPlc } from './simulated-plcs.ts';

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof address !== 'object' || address === null) throw new Error('no port is free');
  return address.port;
}

const LOOK_EVERY_MS = 10;
const SKU = 'ACCEPTANCE';
const STOCK_UNITS = 20;
const NO_QUIRK: Quirk = {};

/** The real controller with simulated arms, a broker, and a simulated PLC made from the map. */
export class AcceptanceBench {
  readonly map: PlcMap;
  readonly service: Service;
  readonly floor: WorldToteFloor;
  readonly sku = SKU;
  readonly #plc: RunningPlc;
  readonly #close: () => Promise<void>;
  /** What is wrong with the PLC under test, beside what a step does to it. */
  #own: Quirk = NO_QUIRK;
  #requests = 0;
  /** Violations of each handshake that a step has judged. */
  readonly #judged = new Map<string, number>();
  readonly #run = process.pid;

  private constructor(
    map: PlcMap,
    service: Service,
    floor: WorldToteFloor,
    plc: RunningPlc,
    close: () => Promise<void>,
  ) {
    this.map = map;
    this.service = service;
    this.floor = floor;
    this.#plc = plc;
    this.#close = close;
  }

  static async start(mapPath: string, cellPath: string | undefined): Promise<AcceptanceBench> {
    const ports = { broker: await freePort(), http: await freePort() };
    const { map, loaded } = acceptanceCell(mapPath, cellPath, ports);
    const directory = mkdtempSync(join(tmpdir(), 'magpie-acceptance-'));
    const opened = openWorldFile({
      file: join(directory, 'world.db'),
      cell: loaded.cell,
      settings: loaded.simulator.world,
      start: () => ({
        ...stockForOrders(loaded, new Map([[SKU, STOCK_UNITS]]), 1, undefined),
        initialPositions: loaded.initialPositions,
      }),
    });
    if (!opened.ok) throw new Error(opened.fault.detail);
    const { world } = opened;
    const floor = new WorldToteFloor(world.io);
    const service = await startService({
      world,
      surroundings: floor.surroundings,
      loaded,
      stateDirectory: directory,
      logger: pino({ level: 'silent' }),
      onFatal: (fault) => process.stderr.write(`${fault.detail}\n`),
    });
    const stopWorld = driveWorld(world, () => undefined);
    const plc = startSimulatedPlc({
      map,
      broker: { url: service.brokerUrl },
      floor,
      nowUs: () => MACHINE_CLOCK.monotonicUs(),
      onTrouble: () => undefined,
    });
    return new AcceptanceBench(map, service, floor, plc, async () => {
      await plc.close();
      stopWorld();
      await service.stop();
      world.close();
      rmSync(directory, { recursive: true, force: true });
    });
  }

  async close(): Promise<void> {
    await this.#close();
  }

  get plc(): SimulatedPlc {
    return this.#plc.plc;
  }

  /** The controller's own picture of the PLC. */
  get unit(): PlcUnit {
    const unit = this.service.plc?.units[0];
    if (unit === undefined) throw new Error('the service has no PLC');
    return unit;
  }

  get nowUs(): number {
    return MACHINE_CLOCK.monotonicUs();
  }

  view(): CellView {
    return this.service.loop.view();
  }

  /** Puts a fault into the PLC for good: that is what a bench for faulty PLCs does. */
  infect(quirk: Quirk | null): void {
    this.#own = quirk ?? NO_QUIRK;
    this.plc.quirk = this.#own;
    for (const driver of this.unit.handshakes) this.newViolations(driver);
  }

  /** What a PLC did wrong in a handshake since this was asked last, also without being asked for anything. */
  newViolations(driver: HandshakeDriver): readonly Violation[] {
    const { id } = driver.handshake;
    const from = this.#judged.get(id) ?? 0;
    this.#judged.set(id, driver.violations.length);
    return driver.violations.slice(from);
  }

  /** Does something while something is wrong with the PLC or with the way to it. */
  async during<T>(quirk: Quirk, work: () => Promise<T>): Promise<T> {
    this.plc.quirk = combined(this.#own, quirk);
    try {
      return await work();
    } finally {
      this.plc.quirk = this.#own;
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Waits until something is so; false: it was not so in time. */
  async until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const untilUs = this.nowUs + withinMs * 1_000;
    while (!condition()) {
      if (this.nowUs > untilUs) return false;
      await this.pause(LOOK_EVERY_MS);
    }
    return true;
  }

  command(command: CellCommand): Promise<IntakeResult> {
    return this.submit({ kind: 'cell', body: { command } });
  }

  submit(request: Parameters<Service['loop']['submit']>[0]): Promise<IntakeResult> {
    this.#requests += 1;
    return this.service.loop.submit(request, `accept-${this.#run}-${this.#requests}`, 'cli');
  }

  /** An id that was not used before. */
  fresh(prefix: string): string {
    this.#requests += 1;
    return `${prefix}-${this.#requests}`;
  }

  isRunning(): boolean {
    return this.view().state === 'execute';
  }

  /** Leads the cell to execution from wherever it is, as a person would; false: it does not come there. */
  async run(withinMs = 8_000): Promise<boolean> {
    return this.#repeat(withinMs, async () => {
      const { state } = this.view();
      if (state === 'execute') return true;
      await this.command('reset');
      const next = { aborted: 'clear', held: 'unhold', suspended: 'unsuspend', idle: 'start' } as const;
      const command = next[state as keyof typeof next];
      if (command !== undefined) await this.command(command);
      return false;
    });
  }

  async #repeat(withinMs: number, attempt: () => Promise<boolean>): Promise<boolean> {
    const untilUs = this.nowUs + withinMs * 1_000;
    while (!(await attempt())) {
      if (this.nowUs > untilUs) return false;
      await this.pause(5 * LOOK_EVERY_MS);
    }
    return true;
  }

  /** Inputs that are not to be believed now, each with why. */
  doubtful(): readonly { readonly id: string; readonly quality: string; readonly because: string }[] {
    return allInputs(this.map).flatMap(({ id }) => {
      const { quality, because } = this.unit.pipeline.read(id, this.nowUs);
      return quality === 'good' ? [] : [{ id, quality, because }];
    });
  }
}

/** Two things wrong at once: what the first makes of it goes through the second. */
function combined(own: Quirk, other: Quirk): Quirk {
  return {
    value: (id, value, nowUs) => {
      const first = own.value?.(id, value, nowUs) ?? value;
      return other.value?.(id, first, nowUs) ?? first;
    },
    written: (id, value, nowUs) => {
      const first = own.written === undefined ? value : own.written(id, value, nowUs);
      return other.written === undefined ? first : other.written(id, first as typeof value, nowUs);
    },
    signals: (id, dialogue, nowUs) => {
      const first = own.signals?.(id, dialogue, nowUs) ?? dialogue;
      return other.signals?.(id, first, nowUs) ?? first;
    },
    sent: (publication, nowUs) => {
      const first = own.sent?.(publication, nowUs) ?? [{ publication, delayUs: 0 }];
      if (other.sent === undefined) return first;
      return first.flatMap(({ publication: each, delayUs }) =>
        other.sent!(each, nowUs).map((sent) => ({ ...sent, delayUs: sent.delayUs + delayUs })),
      );
    },
    deaf: (nowUs) => own.deaf?.(nowUs) === true || other.deaf?.(nowUs) === true,
  };
}
