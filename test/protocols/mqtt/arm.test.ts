import { afterEach, beforeEach, expect, it } from 'vitest';
import { CORE_OFFSET_US, Controller, Device, LEASE_US, realClock } from './arm-bench.ts';
import { Listener, describeWithBrokers, pause, until } from './brokers.ts';
import type { TestBroker } from './brokers.ts';

const ARM = 'magpie/v1/test/arm/a1';

describeWithBrokers('the arm protocol', (make) => {
  let broker: TestBroker;
  const toClose: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    broker = await make();
    await broker.start();
  });

  afterEach(async () => {
    await Promise.all(toClose.splice(0).map((close) => close()));
    await broker.stop();
  });

  function device(): Device {
    const made = new Device(broker.url, 'a1', realClock(0));
    toClose.push(() => made.close());
    return made;
  }

  function controller(epoch: number): Controller {
    const made = new Controller(broker.url, 'a1', epoch);
    toClose.push(() => made.close());
    return made;
  }

  async function listen(filter: string): Promise<Listener> {
    const made = await Listener.connect(broker.url, filter);
    toClose.push(() => made.end());
    return made;
  }

  it('claims, moves as far as granted, goes on when the grant grows, grips, and reports all of it', async () => {
    const { arm } = device();
    const cell = controller(3);
    await cell.claim();
    expect(cell.of('claimed')[0]).toMatchObject({ epoch: 3, positions: [0, 0], last: null });

    cell.submit('move-1', 0.4, 0.5);
    await cell.waitFor('progressed');
    await until(() => arm.progressUs === 200_000, 'the arm rests at the end of its grant');
    await pause(60);
    expect(arm.progressUs).toBe(200_000);
    cell.driver.send({ kind: 'extend', commandId: 'move-1', epoch: 3, grantedUntilUs: 400_000 });
    await cell.waitFor('ended');
    expect(cell.of('accepted').map((event) => event.commandId)).toEqual(['move-1']);
    expect(cell.of('progressed')).toEqual([{ kind: 'progressed', commandId: 'move-1', progressUs: 100_000 }]);
    expect(cell.of('ended')[0]).toMatchObject({
      commandId: 'move-1',
      outcome: { status: 'reached' },
      positions: [1, -1],
    });

    cell.driver.send({ kind: 'grip', commandId: 'grip-1', epoch: 3, action: 'grasp', dwellUs: 100_000 });
    await cell.waitFor('ended', 2);
    expect(cell.of('ended')[1]).toMatchObject({ outcome: { status: 'grasped' }, holding: { vacuum: 'on' } });
    arm.loseItem();
    arm.fault('E42', 'drive too hot');
    arm.clearFault();
    await cell.waitFor('fault-cleared');
    expect(cell.of('holding-changed')[0]).toMatchObject({ holding: { vacuum: 'off' } });
    expect(cell.of('faulted')[0]).toMatchObject({ code: 'E42', detail: 'drive too hot' });
    expect(cell.of('refused')).toEqual([]);
    expect(cell.of('lost')).toEqual([]);
  });

  it('stamps samples on the core’s clock, though the clocks have nothing in common', async () => {
    device();
    const cell = controller(1);
    await cell.waitFor('state', 10);
    const nowUs = realClock(CORE_OFFSET_US).nowUs();
    const stamps = cell.of('state').map((event) => event.sample.sampledUs);
    // The driver knows the core's clock from the last tick: it may be off by as much as a tick came late.
    expect(stamps.every((stamp) => Math.abs(nowUs - stamp) < 5_000_000)).toBe(true);
    expect([...stamps].sort((a, b) => a - b)).toEqual(stamps);
  });

  it('stops on command, over the connection that only stops use', async () => {
    device();
    const cell = controller(1);
    await cell.claim();
    cell.submit('move-1', 5, 1);
    await cell.waitFor('accepted');
    cell.driver.send({ kind: 'stop', commandId: 'stop-1', epoch: 1, stop: 'on-path' });
    await cell.waitFor('ended');
    expect(cell.of('ended')[0]).toMatchObject({
      commandId: 'move-1',
      outcome: { status: 'stopped', because: 'commanded' },
    });
    expect(cell.link.stops.connected).toBe(true);
  });

  it('stops the arm when its controller hangs: the lease ends on the arm’s own clock', async () => {
    const { arm } = device();
    const cell = controller(1);
    await cell.claim();
    cell.submit('move-1', 30, 1);
    await cell.waitFor('accepted');
    await pause((1.2 * LEASE_US) / 1000);
    expect(arm.progressUs).not.toBeNull(); // renewed, it goes on for longer than one lease
    cell.hang();
    await until(() => arm.progressUs === null, 'the arm stopped by itself');
    cell.take();
    await until(() => {
      cell.take();
      return cell.of('ended').length > 0;
    }, 'the arm said that it stopped');
    expect(cell.of('ended')[0]).toMatchObject({ outcome: { status: 'stopped', because: 'lease-expired' } });
    // Heard again, the controller may not go on without renewing first, and the arm says so.
    cell.submit('move-2', 1, 1);
    await until(() => {
      cell.take();
      return cell.of('refused').length > 0;
    }, 'a motion without a lease is refused');
    expect(cell.of('refused')[0]).toMatchObject({ commandId: 'move-2', reason: 'no-lease' });
  });

  it('refuses duplicate, reordered, late and retained commands, at the arm, with a published reason', async () => {
    const { arm } = device();
    const wire = await listen(`${ARM}/#`);
    const cell = controller(2);
    await cell.claim();
    cell.submit('move-1', 0.1, 1);
    cell.submit('move-2', 0.1, 1); // refused by the arm itself: it moves
    await cell.waitFor('ended');
    await cell.waitFor('refused');
    expect(cell.of('refused')).toMatchObject([{ commandId: 'move-2', reason: 'moving' }]);
    cell.submit('move-3', 0.1, 1);
    await cell.waitFor('ended', 2);
    const submits = wire.heard.filter((message) => message.topic === `${ARM}/command/submit`);
    const executed = arm.executed.length;

    const replay = (payload: string, retain = false) =>
      wire.client.publishAsync(`${ARM}/command/submit`, payload, { qos: 1, retain });
    const refusals = () => wire.on(`${ARM}/event/refused`);
    const first = submits[0]?.text ?? '';

    await replay(first);
    await until(() => refusals().length === 2, 'the duplicate is refused');
    expect(refusals()[1]).toMatchObject({
      commandId: 'move-1',
      reason: 'duplicate-command',
      command: 'submit',
    });

    const reordered = { ...(JSON.parse(first) as object), commandId: 'overtaken', seq: 0.5 };
    await replay(JSON.stringify(reordered));
    await until(() => refusals().length === 3, 'a broken sequence number is refused');
    expect(refusals()[2]).toMatchObject({
      reason: 'malformed',
      detail: expect.stringContaining('seq') as string,
    });

    const last = JSON.parse(submits[2]?.text ?? '{}') as { seq: number; echoUs: number };
    await replay(JSON.stringify({ ...last, commandId: 'skips', seq: last.seq + 10, echoUs: 0 }));
    await until(() => refusals().length === 4, 'the late one is refused');
    expect(refusals()[3]).toMatchObject({ commandId: 'skips', reason: 'late-command' });
    expect(refusals()[3]?.['detail']).toMatch(/us old by this arm’s clock, valid for 2000000 us/);

    // Overtaken: a stop of a higher number comes first, as it may on its own connection.
    const state = wire.on(`${ARM}/state`).at(-1) as { armUs: number };
    const stop = {
      ...last,
      trajectory: undefined,
      fromUs: undefined,
      grantedUntilUs: undefined,
      marksUs: undefined,
    };
    await wire.client.publishAsync(
      `${ARM}/command/stop`,
      JSON.stringify({ ...stop, commandId: 'stop-9', seq: last.seq + 9, stop: 'on-path' }),
      { qos: 1 },
    );
    await until(() => arm.executed.at(-1)?.commandId === 'stop-9', 'the stop is obeyed');
    await replay(JSON.stringify({ ...last, commandId: 'overtaken', seq: last.seq + 8, echoUs: state.armUs }));
    await until(() => refusals().length === 5, 'the overtaken one is refused');
    expect(refusals()[4]).toMatchObject({
      commandId: 'overtaken',
      reason: 'late-command',
      detail: `sequence ${last.seq + 8} was overtaken by ${last.seq + 9}`,
    });
    expect(arm.executed.length).toBe(executed + 1);
    // None of the repeats made by the way disturbed the controller.
    expect(cell.of('refused').length).toBe(1);
    expect(cell.driver.statistics().refusalsKept).toBeGreaterThan(0);
  });

  it('refuses what the broker kept from an earlier time', async () => {
    const wire = await listen(`${ARM}/event/refused`);
    const kept = { commandId: 'old', epoch: 9, seq: 1, session: 'gone', echoUs: 0, validForUs: 10_000_000 };
    await wire.client.publishAsync(`${ARM}/command/claim`, JSON.stringify(kept), { qos: 1, retain: true });
    const { arm } = device();
    await until(() => wire.heard.length === 1, 'the retained claim is refused');
    expect(wire.on(`${ARM}/event/refused`)[0]).toMatchObject({
      commandId: 'old',
      reason: 'retained-command',
      epoch: 9,
    });
    expect(arm.executed).toEqual([]);
  });

  it('obeys the newest controller only, and tells the old one', async () => {
    const { arm } = device();
    const old = controller(4);
    await old.claim();
    old.submit('old-move', 30, 1);
    await old.waitFor('accepted');
    const next = controller(5);
    await next.claim();
    expect(next.of('claimed')[0]).toMatchObject({
      epoch: 5,
      last: { commandId: 'old-move', outcome: { status: 'stopped', because: 'commanded' } },
    });
    await old.waitFor('lost');
    expect(old.of('lost')[0]?.reason).toBe('another controller has claimed the arm, with epoch 5');
    await old.waitFor('connected', 2);
    old.submit('old-move-2', 1, 1);
    await old.waitFor('refused');
    expect(old.of('refused')[0]).toMatchObject({ commandId: 'old-move-2', reason: 'stale-epoch' });
    next.submit('new-move', 0.1, 1);
    await next.waitFor('ended', 2);
    expect(next.of('refused')).toEqual([]);
    expect(arm.executed.map((command) => command.commandId)).not.toContain('old-move-2');
  });

  it('refuses a controller that has not claimed the arm', async () => {
    device();
    const cell = controller(1);
    await cell.waitFor('connected');
    cell.submit('move-1', 1, 1);
    await cell.waitFor('refused');
    expect(cell.of('refused')[0]).toEqual({
      kind: 'refused',
      commandId: 'move-1',
      reason: 'future-epoch',
      detail: 'epoch 1, but nobody has claimed this arm; claim it first',
    });
  });

  it('reports an arm that falls silent, and one that is ended in good order', async () => {
    const silent = device();
    const cell = controller(1);
    await cell.claim();
    silent.halt();
    await cell.waitFor('lost');
    expect(cell.of('lost')[0]?.reason).toMatch(/^no sample for \d+ ms; the limit is 1000 ms$/);
    await silent.close();
    const again = device();
    await cell.waitFor('connected', 2);
    await again.close();
    await cell.waitFor('lost', 2);
    expect(cell.of('lost')[1]?.reason).toBe('the arm went offline');
  });

  it('is not taken for gone when the will of a connection that it gave up comes late', async () => {
    device();
    const wire = await listen(`${ARM}/presence`);
    const cell = controller(1);
    await cell.claim();
    const online = wire.on(`${ARM}/presence`)[0];
    await wire.client.publishAsync(`${ARM}/presence`, JSON.stringify({ ...online, status: 'offline' }), {
      qos: 1,
      retain: true,
    });
    await cell.waitFor('lost');
    await cell.waitFor('connected', 2);
    await until(() => wire.on(`${ARM}/presence`).at(-1)?.['status'] === 'online', 'it says that it is there');
    const late = await listen(`${ARM}/presence`);
    await until(() => late.heard.length > 0, 'what the broker keeps is heard');
    expect(late.on(`${ARM}/presence`)[0]).toEqual(online);
    await cell.claim();
  });

  it('says which of two programs is the arm when its software starts anew', async () => {
    device();
    const cell = controller(1);
    await cell.claim();
    device();
    await cell.waitFor('lost');
    expect(cell.of('lost')[0]?.reason).toBe('the arm’s software was started anew');
    // The new software knows no controller, so nothing of before may move it.
    await cell.waitFor('connected', 2);
    cell.submit('move-1', 1, 1);
    await cell.waitFor('refused');
    expect(cell.of('refused')[0]).toMatchObject({ reason: 'future-epoch' });
  });

  it('comes through a broker that goes down in the middle of a motion', async () => {
    const { arm } = device();
    const cell = controller(1);
    await cell.claim();
    cell.submit('move-1', 30, 1);
    await cell.waitFor('accepted');
    await broker.stop();
    await cell.waitFor('lost');
    expect(cell.of('lost')[0]?.reason).toMatch(/^no connection to the broker: /);
    await until(() => arm.progressUs === null, 'the arm stopped by itself');
    cell.submit('move-2', 1, 1);
    expect(cell.driver.takeEvents()).toMatchObject([
      { kind: 'refused', commandId: 'move-2', reason: 'no-lease' },
    ]);

    await broker.start();
    await cell.claim();
    // What happened meanwhile is told by the answer to the claim, whichever side came back first.
    expect(cell.of('claimed')[1]?.last).toMatchObject({
      commandId: 'move-1',
      outcome: { status: 'stopped', because: 'lease-expired' },
    });
    cell.submit('move-3', 0.1, 1);
    const ends = () => cell.of('ended').map((event) => event.commandId);
    await until(() => ends().includes('move-3'), 'the next motion ends');
    expect(arm.executed.map((command) => command.commandId)).not.toContain('move-2');
    expect(ends().filter((id) => id === 'move-1').length).toBeLessThanOrEqual(1);
  });

  it('notices that the broker lost an event', async () => {
    const { host } = device();
    const wire = await listen(`${ARM}/presence`);
    const cell = controller(1);
    await cell.claim();
    await until(() => wire.heard.length > 0, 'the arm’s session is known');
    // An event of the arm which jumps ahead, as it looks when the broker dropped those before it.
    const { session } = wire.on(`${ARM}/presence`)[0] as { session: string };
    await wire.client.publishAsync(
      `${ARM}/event/progressed`,
      JSON.stringify({ session, seq: 100, commandId: 'x', progressUs: 0 }),
      { qos: 1 },
    );
    await cell.waitFor('lost');
    expect(cell.of('lost')[0]?.reason).toMatch(/^\d+ events of the arm were lost on the way$/);
    await cell.waitFor('connected', 2);
    expect(host.statistics().eventsDropped).toBe(0);
  });

  it('repeats a grant that did not arrive', async () => {
    const { arm } = device();
    const wire = await listen(`${ARM}/command/extend`);
    const cell = controller(1);
    await cell.claim();
    cell.submit('move-1', 0.4, 0.5);
    await cell.waitFor('accepted');
    // Somebody else's extension takes the number that the controller's own will have, which the arm then refuses.
    const state = await listen(`${ARM}/state`);
    await until(() => state.heard.length > 0, 'a state was heard');
    const { session, armUs } = state.on(`${ARM}/state`)[0] as { session: string; armUs: number };
    const frame = { commandId: 'move-1', epoch: 1, seq: 3, session, echoUs: armUs, validForUs: 1_000_000 };
    await wire.client.publishAsync(`${ARM}/command/extend`, JSON.stringify({ ...frame, grantedUntilUs: 1 }), {
      qos: 1,
    });
    await until(() => wire.heard.length === 1, 'the foreign extension went out');
    await until(() => arm.executed.some((command) => command.kind === 'extend'), 'it was taken');
    cell.driver.send({ kind: 'extend', commandId: 'move-1', epoch: 1, grantedUntilUs: 400_000 });
    await cell.waitFor('ended');
    expect(cell.of('ended')[0]).toMatchObject({ outcome: { status: 'reached' } });
    expect(cell.of('refused')).toEqual([]);
    expect(cell.driver.statistics()).toMatchObject({ grantsRepeated: 1, refusalsKept: 1 });
  });
});
