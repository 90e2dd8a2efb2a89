import { afterEach, beforeEach, expect, it } from 'vitest';
import { EMPTY_BOOKS } from '../../../controller/operations/books-view.ts';
import type { BooksView } from '../../../controller/operations/books-view.ts';
import { CellPublisher } from '../../../protocols/mqtt/cell-publisher.ts';
import { STATE_MESSAGES } from '../../../protocols/mqtt/state-messages.ts';
import type { StateKind } from '../../../protocols/mqtt/state-messages.ts';
import { realClock } from './arm-bench.ts';
import { Listener, describeWithBrokers, pause, until } from './brokers.ts';
import type { TestBroker } from './brokers.ts';
import { SmallDesk } from './small-desk.ts';

const ROOT = 'acme/berlin/picking/line-2';
const STATE = `${ROOT}/cell-4/state`;

const BOOKS: BooksView = {
  ...EMPTY_BOOKS,
  orders: [{ id: 'O1', status: 'active', priority: 50, shipByS: null, totes: ['T1'], lines: [] }],
  totes: [{ id: 'T1', kind: 'order', placeId: 's1', orderId: 'O1', units: { A: 2 } }],
  stock: [{ sku: 'A', storage: 5, orders: 2, induct: 0 }],
};

describeWithBrokers('the state of a cell in a Unified Namespace', (make) => {
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

  function publish(desk: SmallDesk): CellPublisher {
    const publisher = new CellPublisher({
      broker: { url: broker.url },
      cell: { name: 'cell-4', root: ROOT },
      service: desk,
      clock: realClock(0),
    });
    publisher.open();
    const timer = setInterval(() => publisher.tick(), 5);
    toClose.push(async () => {
      clearInterval(timer);
      await publisher.close();
    });
    return publisher;
  }

  async function listen(): Promise<Listener> {
    const listener = await Listener.connect(broker.url, `${STATE}/#`);
    toClose.push(() => listener.end());
    return listener;
  }

  it('is there for who comes later, follows changes, and is cleared of what is gone', async () => {
    const desk = new SmallDesk();
    desk.held = BOOKS;
    const first = await listen();
    const publisher = publish(desk);
    await until(() => first.heard.some(({ topic }) => topic === `${STATE}/kpis`), 'all was said');
    const late = await listen();
    await until(() => late.heard.length === 5, 'it is kept');
    expect(late.heard.every(({ retained }) => retained)).toBe(true);
    expect(late.heard.map(({ topic }) => topic.slice(STATE.length + 1)).sort()).toEqual([
      'alarms', 'kpis', 'orders/O1', 'stock/A', 'totes/T1',
    ]); // prettier-ignore
    for (const { topic, text } of late.heard) {
      const kind = topic.slice(STATE.length + 1).split('/')[0] as StateKind;
      expect(STATE_MESSAGES[kind].schema.safeParse(JSON.parse(text)).success).toBe(true);
    }
    late.heard.length = 0;
    desk.held = { ...BOOKS, orders: [], stock: [{ sku: 'A', storage: 4, orders: 3, induct: 0 }] };
    await until(() => late.heard.length >= 2, 'the change is told, and nothing else');
    await pause(50);
    expect(late.heard.map(({ topic, text }) => [topic.slice(STATE.length + 1), text])).toEqual([
      ['orders/O1', ''],
      ['stock/A', JSON.stringify(desk.held.stock[0])],
    ]);
    expect(publisher.outbox.waiting).toBe(0);
  });

  it('is cleared of what an earlier controller left', async () => {
    const wms = await listen();
    await wms.client.publishAsync(`${STATE}/orders/OLD`, '{}', { qos: 1, retain: true });
    const desk = new SmallDesk();
    desk.held = BOOKS;
    publish(desk);
    const cleared = () => wms.heard.some(({ topic, text }) => topic === `${STATE}/orders/OLD` && text === '');
    await until(cleared, 'the order of before is gone');
    const late = await listen();
    await until(() => late.heard.length === 5, 'what is so is kept');
    expect(late.heard.map(({ topic }) => topic)).not.toContain(`${STATE}/orders/OLD`);
  });
});
