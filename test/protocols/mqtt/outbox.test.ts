import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MqttConnection } from '../../../protocols/mqtt/connection.ts';
import { Outbox } from '../../../protocols/mqtt/outbox.ts';
import { SqliteOutbox } from '../../../protocols/mqtt/sqlite-outbox.ts';
import { Listener, embeddedBroker, until } from './brokers.ts';

describe('the durable outbox', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'magpie-outbox-'));
    file = join(directory, 'outbox.db');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** The file as SIGKILL or a loss of power would leave it now. */
  function afterCrash(): SqliteOutbox {
    const copy = join(directory, 'copy.db');
    for (const ending of ['', '-wal', '-shm']) {
      rmSync(copy + ending, { force: true });
      if (ending !== '-shm' && existsSync(file + ending)) copyFileSync(file + ending, copy + ending);
    }
    return new SqliteOutbox(copy);
  }

  it('keeps what it called durable, with its properties, and forgets what was removed', async () => {
    const outbox = new SqliteOutbox(file);
    const properties = { correlation: Buffer.from([0, 255]), user: { status: 'accepted' }, expiryS: 5 };
    const first = outbox.keep({ topic: 'a', payload: '1', properties });
    const second = outbox.keep({ topic: 'b', payload: '2' });
    await Promise.all([first.durable, second.durable]);
    const crashed = afterCrash();
    expect(crashed.load().map(({ message }) => message)).toEqual([
      { topic: 'a', payload: '1', properties },
      { topic: 'b', payload: '2', properties: {} },
    ]);
    expect(crashed.keep({ topic: 'c', payload: '3' }).id).toBeGreaterThan(second.id);
    crashed.close();
    outbox.remove(first.id);
    const third = outbox.keep({ topic: 'c', payload: '3' });
    outbox.remove(third.id); // before it was written
    await third.durable;
    outbox.commit();
    const later = afterCrash();
    expect(later.load().map(({ id }) => id)).toEqual([second.id]);
    later.close();
    outbox.close();
  });

  it('sends what an earlier process could not, before anything newer', async () => {
    const before = new SqliteOutbox(file);
    await Promise.all(['1', '2', '3'].map((payload) => before.keep({ topic: 't', payload }).durable));
    const store = afterCrash();
    const broker = await embeddedBroker();
    await broker.start();
    const listener = await Listener.connect(broker.url, 't');
    const connection = new MqttConnection({ broker: { url: broker.url }, clientId: 'x', session: 'clean' });
    const outbox = new Outbox(connection, 100, store);
    void outbox.add({ topic: 't', payload: '4' });
    connection.open();
    await until(() => outbox.waiting === 0, 'all are acknowledged');
    expect(listener.heard.map(({ text }) => text)).toEqual(['1', '2', '3', '4']);
    store.commit();
    expect(store.load()).toEqual([]);
    await connection.close();
    await listener.end();
    await broker.stop();
    store.close();
    before.close();
  });

  it('gives up the oldest beyond its bound, also on the disk', async () => {
    const store = new SqliteOutbox(file);
    const connection = new MqttConnection({
      broker: { url: 'mqtt://127.0.0.1:1' },
      clientId: 'x',
      session: 'clean',
    });
    const outbox = new Outbox(connection, 3, store);
    await Promise.all([...'abcde'].map((payload) => outbox.add({ topic: 't', payload })));
    expect({ waiting: outbox.waiting, dropped: outbox.dropped }).toEqual({ waiting: 3, dropped: 2 });
    store.commit();
    expect(store.load().map(({ message }) => message.payload)).toEqual(['c', 'd', 'e']);
    store.close();
  });
});
