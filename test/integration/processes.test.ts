import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { Books } from '../crash/books.ts';
import { checkGoods } from '../crash/checks.ts';
import { Watch } from '../crash/watch.ts';
import { MOSQUITTO, mosquittoBroker } from '../protocols/mqtt/brokers.ts';
import type { TestBroker } from '../protocols/mqtt/brokers.ts';
import { REPOSITORY } from './built-service.ts';
import { until } from './process.ts';
import { Rig } from './rig.ts';

const WAIT_MS = 60_000;
const TEST_MS = 240_000;

const SETTINGS = [
  [['logistics', 'shuttle_exchange_s'], 1],
  [['logistics', 'tote_exchange_s'], 0.5],
  ...['stock_short', 'grasp_failed', 'double_pick', 'dropped', 'place_blocked'].map(
    (rate) => [['simulator', 'exception_rates', rate], 0] as const,
  ),
] as const;

/** On a busy machine the arms may have noticed a silent controller just before. */
const LOST = /lost|did not hear/;

if (MOSQUITTO === undefined) {
  console.warn('SKIPPED: two processes with Mosquitto, which is not installed (apt-get install mosquitto)');
}

describe.each(['embedded', 'mosquitto'] as const)('controller and simulator with the %s broker', (kind) => {
  const test = kind === 'mosquitto' && MOSQUITTO === undefined ? it.skip : it;
  let broker: TestBroker | null = null;
  let rig: Rig;
  let watch: Watch;
  let keys = 0;

  beforeAll(async () => {
    if (kind === 'mosquitto' && MOSQUITTO === undefined) return;
    if (kind === 'mosquitto') broker = await mosquittoBroker();
    await broker?.start();
    rig = await Rig.create({
      cellFile: join(REPOSITORY, 'config/cells/small.yaml'),
      seed: 1,
      broker: broker?.url ?? 'embedded',
      settings: SETTINGS,
    });
    watch = new Watch(rig.copy.brokerUrl, rig.copy.name, () => undefined);
    rig.startController();
    rig.startSimulator();
    // On a busy machine the new cell may be held again at once.
    await stateIs('execute', 'held');
    const lines = rig.skus.slice(0, 1).map((sku, k) => ({ lineId: String(k + 1), sku, quantity: 1 }));
    const order = { orderId: 'O-1', priority: 50, shipBy: null, lines };
    expect(await rig.client.placeOrder(order, 'O-1')).toMatchObject({ status: 'accepted' });
  }, TEST_MS);

  afterAll(async () => {
    await watch?.close();
    await rig?.end('remove');
    await broker?.stop();
  });

  const stateIs = async (...states: readonly string[]) => {
    let seen = '';
    return until(
      `the cell in ${states.join(' or ')}`,
      WAIT_MS,
      async () => {
        const view = await rig.client.status();
        seen = `(it is ${view?.state}: ${view?.because}; ${rig.controller?.output().slice(-500)})`;
        return view !== null && states.includes(view.state) ? view : null;
      },
      () => seen,
    );
  };

  const somethingMoves = () =>
    until('an arm that moves', WAIT_MS, async () => {
      const view = await rig.client.status();
      if (view === null) return false;
      // On a busy machine an arm may have been silent for too long by itself.
      if (view.state === 'held') await rig.client.command('unhold', `unhold-${(keys += 1)}`);
      return view.lines.open === 0 || view.arms.some(({ mode }) => mode === 'moving' || mode === 'gripping');
    });

  /** Held for a reason that names what happened; still until a person resumes; then it goes on. */
  const heldAndResumed = async (reason: RegExp): Promise<void> => {
    const held = await stateIs('held');
    expect(held.because).toMatch(reason);
    watch.beginStillness();
    await until('all arms back and at rest', WAIT_MS, async () => {
      const view = await rig.client.status();
      const ready = await rig.client.get('/ready');
      return (
        ready !== null &&
        view !== null &&
        view.arms.every(({ mode }) => mode !== 'offline') &&
        watch.resting === view.arms.length
      );
    });
    expect((await rig.client.status())?.state).toBe('held');
    expect(watch.endStillness()).toEqual([]);
    await until('the cell resumed', WAIT_MS, async () => {
      const result = await rig.client.command('unhold', `unhold-${(keys += 1)}`);
      return result.status === 'accepted';
    });
  };

  test(
    'the controller killed',
    async () => {
      await somethingMoves();
      await rig.controller?.kill();
      rig.startController();
      await heldAndResumed(
        /the controller was restarted while the cell was (execute|holding|held); nothing moves until/,
      );
    },
    TEST_MS,
  );

  test(
    'the simulator killed',
    async () => {
      await somethingMoves();
      await rig.simulator?.kill();
      expect((await stateIs('held')).because).toMatch(LOST);
      rig.startSimulator();
      await heldAndResumed(LOST);
    },
    TEST_MS,
  );

  test(
    'the controller ended in order',
    async () => {
      await somethingMoves();
      rig.controller?.signal('SIGTERM');
      expect(await rig.controller?.ended).toEqual({ code: 0, signal: null });
      rig.startController();
      await heldAndResumed(/the service is shutting down|the controller was restarted/);
    },
    TEST_MS,
  );

  test(
    'the simulator ended in order',
    async () => {
      await somethingMoves();
      rig.simulator?.signal('SIGTERM');
      expect(await rig.simulator?.ended).toEqual({ code: 0, signal: null });
      await stateIs('held');
      rig.startSimulator();
      await heldAndResumed(LOST);
    },
    TEST_MS,
  );

  if (kind === 'mosquitto') {
    test(
      'the broker killed',
      async () => {
        await somethingMoves();
        await broker?.stop();
        expect((await stateIs('held')).because).toMatch(LOST);
        await broker?.start();
        await heldAndResumed(LOST);
      },
      TEST_MS,
    );
  }

  test(
    'after all of it the order is complete, and every unit where it belongs',
    async () => {
      await until('the order complete', TEST_MS, async () => {
        const view = await rig.client.status();
        if (view?.state === 'held') await rig.client.command('unhold', `unhold-${(keys += 1)}`);
        return view !== null && view.lines.open === 0 && view.arms.every(({ mode }) => mode === 'idle');
      });
      const order = await rig.client.order('O-1');
      expect(order?.lines.map(({ fulfilled }) => fulfilled)).toEqual([1]);
      rig.controller?.signal('SIGTERM');
      await rig.controller?.ended;
      rig.simulator?.signal('SIGTERM');
      await rig.simulator?.ended;
      const books = new Books(rig.loaded.cell);
      expect(books.advance(books.read(rig.journalFile))).toEqual([]);
      const world = rig.openWorld(rig.worldFile);
      expect(checkGoods(world.world, books.state)).toEqual({ lost: 0, doubled: 0, wrong: [] });
      world.close();
    },
    TEST_MS,
  );
});
