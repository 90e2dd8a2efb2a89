import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCell } from '../../config/load.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { stockForOrders } from '../../cli/play-setup.ts';
import { openWorldFile } from '../../sim/world-file.ts';
import type { DurableWorld } from '../../sim/world-file.ts';
import type { WorldStart } from '../../sim/world.ts';
import { builtService } from './built-service.ts';
import { CellClient } from './cell-client.ts';
import { freePort } from '../free-ports.ts';
import { copyCell } from './cell-copy.ts';
import type { CellCopy } from './cell-copy.ts';
import { ProductProcess } from './process.ts';

/** Units in stock of each SKU. */
const UNITS_PER_SKU = 40;

export interface RigOptions {
  readonly cellFile: string;
  readonly seed: number;
  /** `embedded`, or the address of a broker of its own. */
  readonly broker: 'embedded' | string;
  /** Changes to the cell file, by the path of the setting. */
  readonly settings: readonly (readonly [path: readonly (string | number)[], value: unknown])[];
}

/** A cell of its own: directory, ports, stock, and the two processes that are killed. */
export class Rig {
  readonly directory: string;
  readonly loaded: LoadedCell;
  readonly skus: readonly string[];
  readonly client: CellClient;
  readonly copy: CellCopy;
  readonly main: string;
  readonly #all: ProductProcess[] = [];
  controller: ProductProcess | null = null;
  simulator: ProductProcess | null = null;

  private constructor(main: string, directory: string, copy: CellCopy, loaded: LoadedCell, skus: string[]) {
    this.main = main;
    this.directory = directory;
    this.copy = copy;
    this.loaded = loaded;
    this.skus = skus;
    this.client = new CellClient(copy.httpUrl);
  }

  static async create({ cellFile, seed, broker, settings }: RigOptions): Promise<Rig> {
    const main = builtService();
    const directory = mkdtempSync(join(tmpdir(), 'magpie-rig-'));
    mkdirSync(join(directory, 'state'));
    const [httpPort, brokerPort] = [await freePort(), await freePort()];
    const copy = copyCell({
      from: cellFile,
      directory,
      httpPort,
      brokerPort,
      broker,
      settings: [
        [['simulator', 'orders'], { kind: 'none' }],
        [['start'], 'on-first-launch'],
        [['simulator', 'seed'], seed],
        ...settings,
      ],
    });
    const loaded = loadCell(copy.file);
    if (loaded.status === 'refused') {
      throw new Error(
        `${cellFile} cannot be used: ${loaded.faults.map((fault) => fault.problem).join('; ')}`,
      );
    }
    const skus = Array.from({ length: 6 * loaded.cell.arms.length }, (_, k) => `SKU-${k + 1}`);
    const rig = new Rig(main, directory, copy, loaded, skus);
    const demand = new Map(skus.map((sku) => [sku, UNITS_PER_SKU]));
    rig
      .openWorld(rig.worldFile, () => ({
        ...stockForOrders(loaded, demand, seed, undefined),
        initialPositions: loaded.initialPositions,
      }))
      .close();
    return rig;
  }

  get worldFile(): string {
    return join(this.directory, 'state', 'world.db');
  }

  get journalFile(): string {
    return join(this.directory, 'state', 'journal.db');
  }

  #started(args: readonly string[], log: string): ProductProcess {
    const started = new ProductProcess(this.main, args, log);
    this.#all.push(started);
    return started;
  }

  startController(): void {
    this.controller = this.#started(
      ['run', this.copy.file, '--state', join(this.directory, 'state')],
      join(this.directory, 'controller.log'),
    );
  }

  startSimulator(): void {
    this.simulator = this.#started(
      ['sim', this.copy.file, '--state', join(this.directory, 'state'), '--broker', this.copy.brokerUrl],
      join(this.directory, 'simulator.log'),
    );
  }

  /** Any other command of the product, to its end. */
  async command(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const ran = new ProductProcess(this.main, args, join(this.directory, 'commands.log'));
    const { code } = await ran.ended;
    return { code, output: ran.output() };
  }

  /** The physical world. Only while no simulator has it, or a copy of it. */
  openWorld(file: string, start: () => WorldStart = noWorld): DurableWorld {
    const { cell, simulator } = this.loaded;
    const opened = openWorldFile({ file, cell, settings: simulator.world, start });
    if (!opened.ok) throw new Error(`${opened.fault.file}: ${opened.fault.detail}`);
    return opened.world;
  }

  /** Both processes stand still while their files are read: books and world as of the same instant. */
  frozen<T>(read: () => T): T {
    const processes = [this.controller, this.simulator].filter((each) => each?.isRunning === true);
    for (const each of processes) each?.signal('SIGSTOP');
    try {
      return read();
    } finally {
      for (const each of processes) each?.signal('SIGCONT');
    }
  }

  /** Copies the world file as a loss of power would leave it. */
  copyWorld(): string {
    const file = join(this.directory, 'copy.db');
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(file + ending, { force: true });
    copyFileSync(this.worldFile, file);
    if (existsSync(`${this.worldFile}-wal`)) copyFileSync(`${this.worldFile}-wal`, `${file}-wal`);
    return file;
  }

  async end(keep: 'keep' | 'remove'): Promise<void> {
    await Promise.all(this.#all.filter((each) => each.isRunning).map((each) => each.kill()));
    if (keep === 'remove') rmSync(this.directory, { recursive: true, force: true });
  }
}

function noWorld(): never {
  throw new Error('the world file is empty');
}
