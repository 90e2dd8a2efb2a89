import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellView } from '../../controller/operations/view.ts';
import { REPOSITORY } from './built-service.ts';
import { freePort } from '../free-ports.ts';
import { copyCell } from './cell-copy.ts';
import type { CopyOptions } from './cell-copy.ts';
import { ProductProcess, until } from './process.ts';
import { Rig } from './rig.ts';

const WAIT_MS = 60_000;
const TEST_MS = 180_000;
const SMALL = join(REPOSITORY, 'config/cells/small.yaml');

/** One cell through its life, in the order of these tests. */
describe('the life of a service', () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await Rig.create({
      cellFile: SMALL,
      seed: 2,
      broker: 'embedded',
      settings: [
        [['logistics', 'shuttle_exchange_s'], 1],
        [['logistics', 'tote_exchange_s'], 0.5],
        // Nothing goes wrong with goods: what a task says of itself is known.
        ...['stock_short', 'grasp_failed', 'double_pick', 'dropped', 'place_blocked'].map(
          (rate) => [['simulator', 'exception_rates', rate], 0] as const,
        ),
      ],
    });
    rig.startController();
  }, TEST_MS);

  afterAll(async () => {
    await rig?.end('remove');
  });

  const state = () => join(rig.directory, 'state');
  const said = () => rig.controller?.output() ?? '';

  const viewWhen = (what: string, condition: (view: CellView) => boolean): Promise<CellView> =>
    until(
      what,
      WAIT_MS,
      async () => {
        const view = await rig.client.status();
        return view !== null && condition(view) ? view : null;
      },
      said,
    );

  /** On a busy machine a process may be silent for so long that the cell is held: a person resumes it then. */
  const armAtWork = async (): Promise<void> => {
    await until(
      'an arm at work',
      WAIT_MS,
      async () => {
        const view = await rig.client.status();
        if (view?.state === 'held') await rig.client.command('unhold', randomUUID());
        return view?.arms.some(({ mode }) => mode === 'moving') ?? false;
      },
      said,
    );
  };

  /** A new cell is held only after it has begun: on a busy machine that may follow at once. */
  const hasBegun = (view: CellView): boolean => ['execute', 'held'].includes(view.state);

  const cli = async (...args: readonly string[]) => rig.command([...args, '--url', rig.copy.httpUrl]);

  /** A copy of the cell file with something changed. */
  const changed = (fileName: string, settings: CopyOptions['settings'], ports?: readonly [number, number]) =>
    copyCell({
      from: rig.copy.file,
      directory: rig.directory,
      fileName,
      httpPort: ports?.[0] ?? rig.copy.httpPort,
      brokerPort: ports?.[1] ?? rig.copy.brokerPort,
      broker: 'embedded',
      ...(settings === undefined ? {} : { settings }),
    }).file;

  it('lives before it is ready, and says what it waits for', { timeout: TEST_MS }, async () => {
    await until('health', WAIT_MS, () => rig.client.get('/health'), said);
    const response = await fetch(`${rig.copy.httpUrl}/ready`);
    expect(response.status).toBe(503);
    const { reasons } = (await response.json()) as { reasons: string[] };
    expect(reasons.join()).toMatch(/arm-1.*arm-2/);
    const early = await cli('command', 'start');
    expect(early).toMatchObject({ code: 1 });
    rig.startSimulator();
    await until('ready', WAIT_MS, () => rig.client.get('/ready'), said);
    await viewWhen('the cell begun', hasBegun);
    const metrics = await (await fetch(`${rig.copy.httpUrl}/metrics`)).text();
    expect(metrics).toMatch(/^magpie_ready 1$/m);
    expect(metrics).toMatch(/^process_cpu_/m);
  });

  it('imports a file of orders once, however often it is given', { timeout: TEST_MS }, async () => {
    const file = join(rig.directory, 'orders.csv');
    const rows = rig.skus.slice(0, 3).map((sku, k) => `I-${k + 1},1,${sku},4,50`);
    writeFileSync(file, `order_id,line_id,sku,quantity,priority\n${rows.join('\n')}\n`);
    const first = await cli('orders', file, '--json');
    expect(JSON.parse(first.output)).toMatchObject({ accepted: 3, duplicate: 0, refused: [] });
    const second = await cli('orders', file, '--json');
    expect(second.code).toBe(0);
    const { accepted, duplicate, refused } = JSON.parse(second.output) as Record<string, unknown>;
    expect([accepted, duplicate, refused]).toEqual([0, 3, []]);
    expect((await rig.client.status())?.lines.total).toBe(3);

    writeFileSync(file, 'order_id,sku,quantity\nI-9,nobody-has-it,1\n');
    const without = await cli('orders', file);
    expect(without.output).toContain('1 accepted');
    expect(without.output).toMatch(/note: 1 lines ended as an exception meanwhile: no-stock/);
  });

  it('is held, shown and resumed by the command line', { timeout: TEST_MS }, async () => {
    await until('held on command', WAIT_MS, async () => {
      await armAtWork();
      expect(await cli('hold')).toMatchObject({ code: 0 });
      const held = await viewWhen('held', (view) => view.state === 'held');
      return held.because.includes('held on command');
    });
    const status = await cli('status');
    expect(status.output).toMatch(/HELD/i);
    const tasks = await cli('task', 'list', '--json');
    const [task] = JSON.parse(tasks.output) as { id: string }[];
    expect(await cli('task', 'show', task?.id ?? '')).toMatchObject({
      code: 0,
      output: expect.stringContaining(task?.id ?? '?'),
    });
    expect(await cli('task', 'resolve', task?.id ?? '', 'retry')).toMatchObject({
      code: 1,
      output: expect.stringContaining('asks nothing'),
    });
    expect(await cli('resume')).toMatchObject({ code: 0, output: 'the cell runs\n' });
  });

  it('refuses a second controller on its state, naming the first', { timeout: TEST_MS }, async () => {
    const second = await rig.command(['run', rig.copy.file, '--state', state()]);
    expect(second.code).toBe(1);
    expect(second.output).toContain(`in use by the controller with process id ${rig.controller?.pid}`);
    expect(second.output).toContain('--state');
    const reset = await rig.command(['reset', state(), '--yes']);
    expect(reset).toMatchObject({ code: 1, output: expect.stringContaining('in use by the controller') });
    const simulator = await rig.command(['sim', rig.copy.file, '--state', state()]);
    expect(simulator).toMatchObject({ code: 1, output: expect.stringContaining('another simulator') });
    expect(rig.controller?.isRunning).toBe(true);
    expect((await rig.client.status())?.epoch).toBe(1);
  });

  it('says who should change what when a port is in use', { timeout: TEST_MS }, async () => {
    const other = join(rig.directory, 'other');
    const free = await freePort();
    const httpTaken = changed('http-taken.yaml', [], [rig.copy.httpPort, free]);
    const http = await rig.command(['run', httpTaken, '--state', other]);
    expect(http.code).toBe(1);
    expect(http.output).toContain(`port ${rig.copy.httpPort} already`);
    expect(http.output).toContain('connections.http.port');
    const broker = await rig.command(['run', rig.copy.file, '--state', other]);
    expect(broker.code).toBe(1);
    expect(broker.output).toMatch(new RegExp(`${rig.copy.brokerPort}.*already`));
    expect(broker.output).toMatch(/connections\.broker\.port/);
  });

  it('stops the arms on their paths on SIGTERM, holds, and ends with 0', { timeout: TEST_MS }, async () => {
    await armAtWork();
    rig.controller?.signal('SIGTERM');
    expect(await rig.controller?.ended).toEqual({ code: 0, signal: null });
    expect(said()).toContain('the service is shutting down');
    expect(said()).not.toContain('cut short');
    rig.simulator?.signal('SIGTERM');
    expect(await rig.simulator?.ended).toEqual({ code: 0, signal: null });
  });

  it('replays its journal to the same state each time', { timeout: TEST_MS }, async () => {
    const replay = () => rig.command(['replay', rig.journalFile, '--json']);
    const [first, second] = [await replay(), await replay()];
    expect(first.code).toBe(0);
    const { stateHash, cellState, lines } = JSON.parse(first.output) as Record<string, unknown>;
    expect(stateHash).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(second.output)).toMatchObject({ stateHash });
    expect(cellState).toBe('held');
    expect(lines).toMatchObject({ total: 4, excepted: 1 });
  });

  it('refuses to go on with another configuration, saying what differs', { timeout: TEST_MS }, async () => {
    const run = (file: string) => rig.command(['run', file, '--state', state()]);
    const renamed = await run(changed('renamed.yaml', [[['arms', 0, 'id'], 'arm-9']]));
    expect(renamed.code).toBe(2);
    expect(renamed.output).toContain('arm arm-1 is now named arm-9');
    expect(renamed.output).toContain('Name it arm-1 again');

    const { stateHash } = JSON.parse((await rig.command(['replay', rig.journalFile, '--json'])).output) as {
      stateHash: string;
    };
    const stocked = stockedBin(rig);
    const without = await run(changed('without-bin.yaml', [[['bins', stocked.index], undefined]]));
    expect(without.code).toBe(2);
    expect(without.output).toMatch(new RegExp(`bin ${stocked.id} is gone, but holds S\\d+ with \\d+ units`));
    expect(JSON.parse((await rig.command(['replay', rig.journalFile, '--json'])).output)).toMatchObject({
      stateHash,
    });
  });

  it('ends at once on a second signal', { timeout: TEST_MS }, async () => {
    rig.startController();
    rig.startSimulator();
    await viewWhen(
      'held',
      (view) => view.state === 'held' && view.arms.every((arm) => arm.mode !== 'offline'),
    );
    await armAtWork();
    rig.controller?.signal('SIGINT');
    await until('the first is heard', WAIT_MS, () => said().includes('once more ends at once'));
    rig.controller?.signal('SIGINT');
    const ended = await rig.controller?.ended;
    // It may just have come to its end in order.
    expect([0, 130]).toContain(ended?.code);
    await rig.simulator?.kill();
  });

  it('forgets everything on reset, after asking', { timeout: TEST_MS }, async () => {
    const asks = await rig.command(['reset', state()]);
    expect(asks).toMatchObject({ code: 2, output: expect.stringContaining('--yes') });
    expect(existsSync(rig.journalFile)).toBe(true);
    mkdirSync(join(rig.directory, 'kept'));
    copyFileSync(rig.journalFile, join(rig.directory, 'kept', 'journal.db'));
    expect(await rig.command(['reset', state(), '--yes'])).toMatchObject({ code: 0 });
    expect(readdirSync(state()).filter((name) => name.endsWith('.db'))).toEqual([]);

    const start = () =>
      new ProductProcess(
        rig.main,
        ['run', rig.copy.file, '--sim', '--state', state()],
        join(rig.directory, 'fresh.log'),
      );
    const fresh = start();
    await viewWhen('a fresh cell that began by itself', (view) => hasBegun(view) && view.epoch === 1);
    expect((await rig.client.status())?.lines.total).toBe(0);
    await fresh.kill();
    // The simulator outlives its controller, as arms do; the next one takes it over, and ends it.
    const used = await rig.command(['reset', state(), '--yes']);
    expect(used).toMatchObject({ code: 1, output: expect.stringContaining('in use by a simulator') });
    const next = start();
    await viewWhen(
      'the cell held, with its arms',
      (view) => view.state === 'held' && view.arms.every((arm) => arm.mode !== 'offline'),
    );
    next.signal('SIGTERM');
    expect(await next.ended).toEqual({ code: 0, signal: null });
    await until('the simulator beside it ended too', WAIT_MS, async () => {
      const again = await rig.command(['reset', state(), '--yes']);
      return again.code === 0;
    });
  });
});

/** A bin in which a storage tote stands, by its place in the cell file. */
function stockedBin(rig: Rig): { readonly id: string; readonly index: number } {
  const world = rig.openWorld(rig.worldFile);
  const bins = rig.loaded.cell.places.filter((place) => place.kind === 'bin').map(({ id }) => id);
  const id = world.world
    .truth()
    .containers.map(({ placeId }) => placeId)
    .find((placeId) => placeId !== null && bins.includes(placeId));
  world.close();
  if (id === undefined || id === null) throw new Error('no storage tote stands in a bin');
  return { id, index: bins.indexOf(id) };
}
