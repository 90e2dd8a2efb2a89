import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { tipOf } from '../../arms/model/kinematics.ts';
import { loadCell } from '../../config/load.ts';
import { describeCell } from '../../protocols/http/layout.ts';
import { startServer } from '../protocols/http/http-fixture.ts';
import type { Running } from '../protocols/http/http-fixture.ts';
import { SmallService, armView } from '../protocols/http/small-service.ts';
import { findBrowser, launch } from './browser.ts';
import { exampleException } from '../controller/operations/example-exception.ts';

/** The page in a real browser, against a real server with a small service behind it. */

const found = await findBrowser();
if (found.status === 'none') console.warn(`the page is not tested: ${found.reason}`);

/** On a loaded machine without a graphics card a picture can take seconds; nothing is waited for once it is there. */
const PATIENCE = { timeout: 40_000, interval: 60 };
/** Small, because every pixel is computed without a graphics card here. */
const SIZE = { width: 1000, height: 660 };
const TOKEN = 'a-token-of-this-test-only';

describe.skipIf(found.status === 'none')('the page in a browser', { timeout: 90_000 }, () => {
  let browser: Browser;
  let page: Page;
  /** What the browser complained about in this test. */
  const complaints: string[] = [];
  let directory: string;
  const running: Running[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'magpie-page-'));
    await build({
      configFile: 'console/vite.config.ts',
      logLevel: 'silent',
      build: { outDir: directory, emptyOutDir: true },
    });
    if (found.status !== 'found') return;
    browser = await launch(found);
    // One page for all tests: servers differ in their port, so nothing is kept from one to the next.
    page = await browser.newPage({ viewport: SIZE });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    await page.goto('about:blank');
    for (const server of running.splice(0)) await server.close();
  });

  const serve = async (...[changes, service]: Parameters<typeof startServer>): Promise<Running> => {
    const server = await startServer({ consoleDirectory: directory, ...changes }, service);
    running.push(server);
    return server;
  };

  const openPage = async (url: string): Promise<void> => {
    complaints.length = 0;
    await page.goto(url);
  };

  const state = () => page.locator('h1').innerText();
  const shown = async () =>
    (await page.evaluate('globalThis.magpieScene?.inspect() ?? { frames: 0, tips: {} }')) as {
      frames: number;
      tips: Record<string, [number, number, number]>;
    };
  const tip = async (id: string) => (await shown()).tips[id]?.map((value) => Number(value.toFixed(3)) + 0);

  test('shows the arms where they are measured, and moves them as they move', async () => {
    const { url, service } = await serve();
    await openPage(url);
    await expect.poll(() => state(), PATIENCE).toBe('Working');
    // Both arms upright: 0.3 + 0.4 + 0.4 m of arm, 0.1 m of tool, over their bases.
    await expect.poll(() => tip('A1'), PATIENCE).toEqual([-0.6, 0, 1.2]);
    await expect.poll(() => tip('A2'), PATIENCE).toEqual([0.6, 0, 1.2]);
    const before = await page.locator('canvas').screenshot();
    // Forearm and tool level, towards y: 0.5 m from the axis at the height of the second joint.
    service.arms = [
      { id: 'A1', positions: [Math.PI / 2, Math.PI / 2] },
      { id: 'A2', positions: [0, 0] },
    ];
    await expect.poll(() => tip('A1'), PATIENCE).toEqual([-0.6, 0.5, 0.7]);
    expect(await tip('A2')).toEqual([0.6, 0, 1.2]);
    expect(before.equals(await page.locator('canvas').screenshot())).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('is not drawn while nothing moves, and keeps no leftovers of what it showed', async () => {
    const { url, service } = await serve();
    await openPage(url);
    await expect.poll(() => tip('A1'), PATIENCE).toEqual([-0.6, 0, 1.2]);
    const labels = () => page.locator('.label').count();
    const nodes = () => page.evaluate('document.querySelectorAll("canvas, .labels *, .side *").length');
    const [labelsBefore, nodesBefore] = [await labels(), await nodes()];
    for (let round = 1; round <= 4; round += 1) {
      service.current.arms = service.current.arms.map((arm) => ({ ...arm, doing: `round ${round}` }));
      service.arms = [{ id: 'A1', positions: [round / 10, 0] }];
      await expect
        .poll(() => page.locator('[data-arm=A1]').innerText(), PATIENCE)
        .toContain(`Round ${round}`);
    }
    expect([await labels(), await nodes()]).toEqual([labelsBefore, nodesBefore]);
    let last = -1;
    // At rest the status still comes four times a second; it changes nothing in the picture.
    await expect
      .poll(async () => {
        const { frames } = await shown();
        const still = frames === last;
        last = frames;
        return still;
      }, PATIENCE)
      .toBe(true);
  });

  test('hold and resume reach the controller, and the state is said in words', async () => {
    const { url, service } = await serve();
    await openPage(url);
    await page.getByRole('button', { name: 'Hold' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Held');
    expect(await page.locator('.state-meaning').innerText()).toBe('Nothing moves until you press Resume.');
    expect(await page.title()).toContain('Held');
    expect(await page.getByRole('button', { name: 'Hold' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Working');
    expect(service.received.map(({ request, source }) => [request, source])).toEqual([
      [{ kind: 'cell', body: { command: 'hold' } }, 'operator'],
      [{ kind: 'cell', body: { command: 'unhold' } }, 'operator'],
    ]);
    expect(complaints).toEqual([]);
  });

  test('only what the state allows can be pressed; each state leads on', async () => {
    const { url, service } = await serve();
    await openPage(url);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Stopped');
    expect(await page.getByRole('button', { name: 'Stop' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Ready');
    await page.getByRole('button', { name: 'Start' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Working');
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: 'Abort' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Aborted');
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Stopped');
    expect(service.received.map(({ request }) => (request.body as { command: string }).command)).toEqual([
      'stop',
      'reset',
      'start',
      'abort',
      'clear',
    ]);
  });

  test('an exception is resolved by a press, and given up only by a second one', async () => {
    const service = new SmallService(['A1', 'A2'], 2);
    service.current.exceptions = [
      exampleException({ taskId: 'T-1', kind: 'dropped', detail: 'lost on the way', sinceS: 60 }),
      exampleException({ taskId: 'T-2', kind: 'in-doubt', detail: 'ended while gripping', sinceS: 60, unitAt: 'tool', options: ['not-done'] }),
    ]; // prettier-ignore
    service.current.alarms = [{ code: 'arm-lost', message: 'A2 does not answer', sinceS: 100 }];
    const { url } = await serve({}, service);
    await openPage(url);
    await expect.poll(() => page.locator('.exception').count(), PATIENCE).toBe(2);
    expect(await page.locator('.alarm').innerText()).toContain('A2 does not answer');
    const first = page.locator('[data-task=T-1]');
    expect(await first.innerText()).toContain('Item dropped');
    expect(await first.innerText()).toContain('SKU-1: from S00001 (3 booked there) to ot-00001.');
    await first.getByRole('button', { name: 'Give up' }).click();
    expect(service.received).toEqual([]);
    await first.getByRole('button', { name: 'Back' }).click();
    await first.getByRole('button', { name: 'Done by hand' }).click();
    await expect.poll(() => page.locator('.exception').count(), PATIENCE).toBe(1);
    await page.getByRole('button', { name: 'Still at source' }).click();
    await expect.poll(() => page.getByText('Nothing waits').count(), PATIENCE).toBe(0);
    await expect.poll(() => page.locator('.exception').count(), PATIENCE).toBe(0);
    expect(service.received.map(({ request }) => request.body)).toEqual([
      { action: 'resolve', taskId: 'T-1', resolution: 'done-by-hand', by: 'operator' },
      { action: 'resolve', taskId: 'T-2', resolution: 'not-done', by: 'operator' },
    ]);
  });

  test('a refusal is shown with its reason', async () => {
    const { url, service } = await serve();
    await openPage(url);
    await expect.poll(() => state(), PATIENCE).toBe('Working');
    service.answer = { status: 'refused', code: 'not-in-this-state', detail: 'the gate is open' };
    await page.getByRole('button', { name: 'Hold' }).click();
    await expect.poll(() => page.locator('.message').innerText(), PATIENCE).toContain('the gate is open');
  });

  test('a lost connection is said at once, nothing can be pressed, and it comes back by itself', async () => {
    const first = await serve();
    await openPage(first.url);
    await expect.poll(() => state(), PATIENCE).toBe('Working');
    await expect.poll(() => tip('A1'), PATIENCE).toEqual([-0.6, 0, 1.2]);
    await first.close();
    await expect.poll(() => page.getByRole('alert').count(), PATIENCE).toBe(1);
    expect(await page.getByRole('alert').innerText()).toContain('Connection lost. What you see is not live.');
    expect(await state()).toBe('State unknown');
    expect(await page.locator('.scene-stale').innerText()).toContain('Not live');
    for (const name of ['Hold', 'Stop'])
      expect(await page.getByRole('button', { name }).isDisabled()).toBe(true);
    const service = new SmallService(['A1', 'A2'], 2);
    service.current.state = 'held';
    service.current.because = 'the controller was started anew';
    await serve({ port: first.port }, service);
    await expect.poll(() => state(), PATIENCE).toBe('Held');
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.locator('.state-because').innerText()).toBe('The controller was started anew');
  });

  test('asks for the token where the service has one', async () => {
    const { url } = await serve({ token: TOKEN });
    await openPage(url);
    await page.getByLabel(/Enter the token/).fill('wrong-token-wrong-token');
    await page.getByRole('button', { name: 'Connect' }).click();
    await expect.poll(() => page.getByText('is not the token').count(), PATIENCE).toBe(1);
    await page.getByLabel(/Enter the token/).fill(TOKEN);
    await page.getByRole('button', { name: 'Connect' }).click();
    await expect.poll(() => state(), PATIENCE).toBe('Working');
    await expect.poll(() => tip('A1'), PATIENCE).toEqual([-0.6, 0, 1.2]);
  });

  test('works with the keyboard alone, and every button has a name', async () => {
    const { url, service } = await serve();
    await openPage(url);
    await expect.poll(() => state(), PATIENCE).toBe('Working');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip to');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Hold');
    await page.keyboard.press('Enter');
    await expect.poll(() => state(), PATIENCE).toBe('Held');
    const nameless = await page.evaluate(
      `[...document.querySelectorAll('button, select, input, canvas')].filter((element) =>
        !(element.getAttribute('aria-label') || element.textContent.trim() || element.labels?.length)).length`,
    );
    expect(nameless).toBe(0);
    expect(service.received).toHaveLength(1);
  });

  test('an arm that is not as it should be stands out by words, shape and colour', async () => {
    const service = new SmallService(['A1', 'A2'], 2);
    service.current.arms = [
      {
        ...armView('A1'),
        mode: 'faulted',
        doing: 'joint 3 reports a fault',
        spentS: { ...armView('A1').spentS, working: 10, faulted: 30 },
      },
      armView('A2'),
    ];
    const { url } = await serve({}, service);
    await page.emulateMedia({ colorScheme: 'dark' });
    await openPage(url);
    await expect.poll(() => page.locator('.label-arm-alarm').innerText(), PATIENCE).toBe('A1: fault');
    expect(await page.getByRole('button', { name: 'Arm A1: Fault. Joint 3 reports a fault' }).count()).toBe(
      1,
    );
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    await page.getByRole('button', { name: /Arm A1/ }).click();
    expect(await page.locator('.arm-detail').innerText()).toContain('75 %');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  test('the four-arm cell stands as its model says, from the descriptions of its arms', async () => {
    const loaded = loadCell('config/cells/four-arm.yaml');
    if (loaded.status !== 'loaded') throw new Error(JSON.stringify(loaded.faults));
    const { cell } = loaded;
    const service = new SmallService(
      cell.arms.map(({ id }) => id),
      6,
    );
    const positions = cell.arms.map(({ id, park }, arm) => ({
      id,
      positions: park.map((value, joint) => value + 0.1 * (arm + 1) * (joint % 2 === 0 ? 1 : -1)),
    }));
    service.arms = positions;
    service.current.places = cell.places.map(({ id, kind, grid }) => ({
      id,
      kind,
      containerId: `tote-${id}`,
      orderId: null,
      exchanging: false,
      units: 3,
      stackHeightsM: new Array<number>(grid[0] * grid[1]).fill(0.05),
    }));
    const { url } = await serve(
      {
        layout: describeCell(cell),
        descriptions: new Map(loaded.descriptions.map(({ name, urdf }) => [name, urdf])),
      },
      service,
    );
    await openPage(url);
    for (const [index, arm] of cell.arms.entries()) {
      const { positionM } = tipOf(arm.manipulator, arm.X_WB, positions[index]?.positions ?? []);
      // Positions are sent to 0.1 mrad; at the reach of these arms that is less than half a millimetre.
      const deviation = async () => {
        const { tips } = await shown();
        return Math.max(...positionM.map((value, axis) => Math.abs(value - (tips[arm.id]?.[axis] ?? 9))));
      };
      await expect.poll(deviation, PATIENCE).toBeLessThan(0.0005);
    }
    expect(complaints).toEqual([]);
  });
});
