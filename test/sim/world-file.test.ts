import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorldFile } from '../../sim/world-file.ts';
import type { DurableWorld, WorldFileOptions } from '../../sim/world-file.ts';
import { above, cell, containers, settings, skus, straight } from './fixture.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'magpie-world-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const options = (change: Partial<WorldFileOptions> = {}): WorldFileOptions => ({
  file: join(directory, 'world.db'),
  cell,
  settings: settings(),
  start: () => ({ skus, containers: containers('BIN1') }),
  ...change,
});

function open(change: Partial<WorldFileOptions> = {}): DurableWorld {
  const opened = openWorldFile(options(change));
  if (!opened.ok) throw new Error(opened.fault.detail);
  return opened.world;
}

/** What a crash at this moment would leave: the files as they are, the process gone. */
function afterCrash(): DurableWorld {
  const copy = mkdtempSync(join(directory, 'crash-'));
  for (const name of ['world.db', 'world.db-wal']) {
    if (existsSync(join(directory, name))) copyFileSync(join(directory, name), join(copy, name));
  }
  return open({ file: join(copy, 'world.db') });
}

/** Arm A goes to the stack of soap, and grasps. */
function graspOne(durable: DurableWorld): void {
  const [host] = durable.armHosts;
  host?.execute({ kind: 'claim', commandId: 'c', epoch: 1 });
  durable.advanceTo(durable.world.nowUs + 10_000);
  const trajectory = straight(
    [...durable.world.measured('A').positions],
    above([-0.2, -0.1, 0.15]),
    3_000_000,
  );
  host?.execute({
    kind: 'submit',
    commandId: 'm',
    epoch: 1,
    trajectory,
    fromUs: 0,
    grantedUntilUs: 3_000_000,
    marksUs: [1_000_000],
  });
  durable.advanceTo(durable.world.nowUs + 4_000_000);
  host?.execute({ kind: 'grip', commandId: 'g', epoch: 1, action: 'grasp', dwellUs: 1_000_000 });
  durable.advanceTo(durable.world.nowUs + 1_500_000);
}

describe('a durable world', () => {
  it('is made once and found again as it was', () => {
    const first = open();
    expect(first.isNew).toBe(true);
    graspOne(first);
    first.io.execute({ kind: 'exchange', requestId: 'x', placeId: 'BIN2', containerId: 'S2' });
    first.advanceTo(first.world.nowUs + 11_000_000);
    const truth = first.world.truth();
    first.close();
    const second = open({ start: () => ({ skus: [], containers: [] }) });
    expect(second.isNew).toBe(false);
    expect(second.world.truth()).toEqual(truth);
    expect(second.world.goods.declaredSkus()).toEqual(skus);
    expect(second.world.nowUs).toBe(truth.nowUs);
    second.close();
  });

  it('has on its disk whatever it told, at every moment at which it told something', () => {
    const durable = open();
    const [host] = durable.armHosts;
    graspOne(durable);
    const told = host?.takeEvents() ?? [];
    expect(told.map((event) => event.kind)).toContain('progressed');
    expect(told.at(-1)).toMatchObject({ kind: 'ended', commandId: 'g', outcome: { status: 'grasped' } });
    const after = afterCrash();
    expect(after.world.truth()).toEqual(durable.world.truth());
    const [again] = after.armHosts;
    again?.execute({ kind: 'claim', commandId: 'c2', epoch: 2 });
    after.advanceTo(after.world.nowUs + 10_000);
    expect(again?.takeEvents().at(-1)).toMatchObject({
      kind: 'claimed',
      holding: { vacuum: 'on' },
      last: { commandId: 'g', outcome: { status: 'grasped' } },
    });
    // The old controller stays shut out after the crash, and a repeat of its commands does nothing.
    again?.execute({ kind: 'grip', commandId: 'g', epoch: 1, action: 'release', dwellUs: 1 });
    expect(again?.takeEvents().at(-1)).toMatchObject({ kind: 'refused', reason: 'stale-epoch' });
    again?.execute({ kind: 'grip', commandId: 'g', epoch: 2, action: 'release', dwellUs: 1 });
    expect(again?.takeEvents().at(-1)).toMatchObject({ kind: 'refused', reason: 'duplicate-command' });
    after.close();
    durable.close();
  });

  it('keeps arms at one common instant while they move', () => {
    const durable = open();
    for (const host of durable.armHosts)
      host.execute({ kind: 'claim', commandId: `c-${host.armId}`, epoch: 1 });
    durable.advanceTo(10_000);
    for (const host of durable.armHosts) {
      const from = [...durable.world.measured(host.armId).positions];
      const to = from.map((value, j) => (j === 0 ? value + 1 : value));
      const trajectory = straight(from, to, 4_000_000);
      host.execute({
        kind: 'submit',
        commandId: `m-${host.armId}`,
        epoch: 1,
        trajectory,
        fromUs: 0,
        grantedUntilUs: 4_000_000,
        marksUs: [],
      });
    }
    for (let nowUs = 10_000; nowUs <= 2_000_000; nowUs += 10_000) durable.advanceTo(nowUs);
    const after = afterCrash();
    const x = after.armHosts.map(({ armId }) => after.world.measured(armId).positions[0]);
    expect(x[0]).toBe(x[1]);
    expect(x[0]).toBeGreaterThan(0.05);
    expect(durable.world.nowUs - after.world.nowUs).toBeLessThanOrEqual(500_000);
    after.close();
    durable.close();
  });

  it('belongs to one simulator at a time', () => {
    const durable = open();
    expect(openWorldFile(options())).toMatchObject({
      ok: false,
      fault: { code: 'world-in-use', detail: 'it is in use by another simulator' },
    });
    durable.close();
    open().close();
  });

  it('refuses a file that is of another cell, damaged or something else', () => {
    open().close();
    const other = { ...cell, arms: cell.arms.slice(0, 1) };
    expect(openWorldFile(options({ cell: other }))).toMatchObject({
      ok: false,
      fault: { code: 'world-changed' },
    });
    writeFileSync(
      join(directory, 'text.db'),
      'this is no database, but long enough to be looked at as one '.repeat(20),
    );
    const text = openWorldFile(options({ file: join(directory, 'text.db') }));
    expect(text).toMatchObject({ ok: false, fault: { code: 'world-corrupt' } });
    const nowhere = openWorldFile(options({ file: join(directory, 'no', 'such', 'world.db') }));
    expect(nowhere).toMatchObject({ ok: false, fault: { code: 'world-io' } });
  });

  it('survives SIGKILL: what was said before is true after', { timeout: 60_000 }, async () => {
    const child = fileURLToPath(new URL('./world-file.child.ts', import.meta.url));
    const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));
    for (const killAt of [3, 14]) {
      const said = await new Promise<string[]>((done, fail) => {
        const process_ = spawn(process.execPath, [tsx, child, join(directory, 'world.db')], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let text = '';
        process_.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          // The grandchild is the simulator itself; it prints its process id first.
          const lines = text.split('\n');
          if (lines.length > killAt) process.kill(Number(lines[0]), 'SIGKILL');
        });
        process_.on('close', () => done(text.split('\n').slice(1, -1)));
        process_.on('error', fail);
      });
      expect(said.length).toBeGreaterThanOrEqual(killAt - 1);
      const after = open();
      const last = JSON.parse(said.at(-1) ?? '') as { moved: number };
      // It told how many units it had moved; one more may have been moved and not told.
      const moved = after.world.goods.container('I1')?.stacks[5]?.length ?? 0;
      expect(moved - last.moved).toBeGreaterThanOrEqual(0);
      expect(moved - last.moved).toBeLessThanOrEqual(1);
      expect([...after.world.goods.census()].every((times) => times === 1)).toBe(true);
      after.close();
    }
  });
});
