import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startHostSystem } from '../../cli/host-system.ts';
import type { LiveHost } from '../../cli/host-system.ts';
import { loadCell } from '../../config/load.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { openWorldFile } from '../../sim/world-file.ts';
import type { DurableWorld } from '../../sim/world-file.ts';
import { exampleException } from '../controller/operations/example-exception.ts';
import { embeddedBroker, Listener, pause } from '../protocols/mqtt/brokers.ts';
import type { TestBroker } from '../protocols/mqtt/brokers.ts';

const STATUS = 'magpie/v1/small/status';
const ANSWERS = 'magpie/v1/small/intake/task';

let directory: string;
let broker: TestBroker;
let listener: Listener;
let durable: DurableWorld;
let host: LiveHost;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'magpie-host-'));
  broker = await embeddedBroker();
  await broker.start();
  listener = await Listener.connect(broker.url, ANSWERS);
  const loaded = smallCell();
  const opened = openWorldFile({
    file: join(directory, 'world.db'),
    cell: loaded.cell,
    settings: loaded.simulator.world,
    start: () => ({ skus: [], containers: [], initialPositions: loaded.initialPositions }),
  });
  if (!opened.ok) throw new Error(opened.fault.detail);
  durable = opened.world;
  durable.advanceTo(20_000_000);
  host = startHostSystem(durable, loaded, { url: broker.url }, () => undefined);
});
afterEach(async () => {
  await host.close();
  durable.close();
  await listener.end();
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** The small cell with a person who needs two to three seconds. */
function smallCell(): LoadedCell {
  const loaded = loadCell('config/cells/small.yaml');
  if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
  const operator = { answerAfterUs: { min: 2_000_000, max: 3_000_000 } };
  return {
    ...loaded,
    simulator: { ...loaded.simulator, world: { ...loaded.simulator.world, operator } },
  };
}

/** Shows the cell's screen every 200 ms of the world's time, late by more or less each time, until an answer comes. */
async function answersTo(sinceS: number): Promise<Record<string, unknown>[]> {
  const exceptions = [exampleException({ sinceS, options: ['retry', 'give-up'] })];
  for (let look = 0; look < 400 && listener.on(ANSWERS).length === 0; look += 1) {
    const nowS = 1_000 + durable.world.nowUs / 1e6 - 0.001 * (look % 7);
    await listener.client.publishAsync(STATUS, JSON.stringify({ nowS, exceptions }), { qos: 1 });
    durable.advanceTo(durable.world.nowUs + 200_000);
    host.attend();
    await pause(5);
  }
  return listener.on(ANSWERS);
}

it('the simulated person answers what the screen shows, however late it is shown', async () => {
  expect(await answersTo(1_010)).toMatchObject([
    { action: 'resolve', taskId: 't-000001', resolution: 'retry', by: 'simulated-operator' },
  ]);
  expect(durable.world.nowUs).toBeGreaterThanOrEqual(22_000_000);
});

it('a screen that nobody can read is passed over', async () => {
  for (const text of ['', 'no status', '{"nowS":"soon"}', '[]']) {
    await listener.client.publishAsync(STATUS, text, { qos: 1 });
  }
  expect(await answersTo(1_010)).toHaveLength(1);
});
