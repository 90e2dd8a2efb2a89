import { afterEach, beforeEach, expect, it } from 'vitest';
import { PackmlDesk } from '../../../protocols/packml/packml-desk.ts';
import { cellTopics } from '../../../protocols/mqtt/topics.ts';
import { SmallService } from '../http/small-service.ts';
import { describeWithBrokers, Listener, until } from '../mqtt/brokers.ts';
import type { TestBroker } from '../mqtt/brokers.ts';

const TOPICS = cellTopics('test-cell');

describeWithBrokers('PackTags on a real broker', (make) => {
  let broker: TestBroker;
  let service: SmallService;
  let desk: PackmlDesk;
  let listener: Listener;
  let ticking: NodeJS.Timeout;

  beforeEach(async () => {
    broker = await make();
    await broker.start();
    service = new SmallService(['A1'], 2);
    const clock = { nowUs: () => Math.round(performance.now() * 1_000) };
    desk = new PackmlDesk({ broker: { url: broker.url }, cell: 'test-cell', service, numbers: {}, clock });
    desk.open();
    ticking = setInterval(() => desk.tick(), 10);
    listener = await Listener.connect(broker.url, TOPICS.packml('#'));
    await until(() => on('Status').length > 0, 'the status is published');
  });

  afterEach(async () => {
    clearInterval(ticking);
    await listener.end();
    await desk.close();
    await broker.stop();
  });

  const on = (tag: string): Record<string, unknown>[] => listener.on(TOPICS.packml(tag));

  const give = (tag: string, body: unknown, retain = false): unknown =>
    listener.client.publishAsync(TOPICS.packml(tag), JSON.stringify(body), { qos: 1, retain });

  it('show the state to whoever comes later, and every change of it', async () => {
    const late = await Listener.connect(broker.url, TOPICS.packml('Status/+'));
    await until(() => late.on(TOPICS.packml('Status/StateCurrent')).length > 0, 'the tag is kept');
    expect(late.heard.every(({ retained }) => retained)).toBe(true);
    service.current.state = 'held';
    await until(() => on('Status').some((status) => status['StateCurrent'] === 11), 'the change is told');
    expect(on('Status/StateCurrentStr').at(-1)).toBe('Held');
    await late.end();
  });

  it('take commands by number and by name, answer each, and do none twice', async () => {
    await give('Command', { requestId: 'a1', CntrlCmd: 4, CmdChangeRequest: true });
    await until(() => service.current.state === 'held', 'the cell is held');
    await give('Command/Unhold', { requestId: 'a2' });
    await until(() => on('Command/results/a2').length > 0, 'the second command is answered');
    expect(on('Command/results/a1')).toMatchObject([{ result: { status: 'accepted' } }]);
    expect(service.current.state).toBe('execute');
    await give('Command/Hold', { requestId: 'a1' });
    await until(() => on('Command/results/a1').length > 1, 'the repeat is answered');
    expect(on('Command/results/a1').at(-1)).toMatchObject({ result: { status: 'duplicate' } });
    expect(service.current.state).toBe('execute');
  });

  it('refuse what cannot be meant, and go on', async () => {
    await give('Command/Fly', { requestId: 'b1' });
    await give('Command', { requestId: 'b2', CntrlCmd: 99, CmdChangeRequest: true });
    await listener.client.publishAsync(TOPICS.packml('Command/Hold'), 'no JSON', { qos: 1 });
    await until(() => on('Command/errors').length >= 3, 'all three are refused');
    await give('Command/Hold', { requestId: 'b3' });
    await until(() => on('Command/results/b3').length > 0, 'it goes on');
    expect(service.received.map(({ requestId }) => requestId)).toEqual(['packml:b3']);
  });

  it('do not give a kept command to a cell that comes back', async () => {
    await desk.close();
    await give('Command/Hold', { requestId: 'c1' }, true);
    const clock = { nowUs: () => Math.round(performance.now() * 1_000) };
    desk = new PackmlDesk({ broker: { url: broker.url }, cell: 'test-cell', service, numbers: {}, clock });
    desk.open();
    await until(() => on('Command/errors').length > 0, 'it is refused');
    expect(on('Command/errors').at(-1)).toMatchObject({ code: 'retained' });
    expect(service.received).toEqual([]);
  });
});
