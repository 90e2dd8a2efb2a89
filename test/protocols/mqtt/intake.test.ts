import { connectAsync } from 'mqtt';
import type { IPublishPacket } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CellPublisher } from '../../../protocols/mqtt/cell-publisher.ts';
import type { Inbound } from '../../../protocols/mqtt/connection.ts';
import { IntakeClient } from '../../../protocols/mqtt/intake-client.ts';
import { MqttIntake } from '../../../protocols/mqtt/intake.ts';
import type { IntakeSubscription } from '../../../protocols/mqtt/intake.ts';
import { RefusedMessages } from '../../../protocols/mqtt/refused-messages.ts';
import { faultsAsText } from '../../../protocols/mqtt/payload.ts';
import type { PayloadFault } from '../../../protocols/mqtt/payload.ts';
import { realClock } from './arm-bench.ts';
import { BAD_PAYLOADS } from './bad-payloads.ts';
import {
  Listener,
  MOSQUITTO,
  describeWithBrokers,
  embeddedBroker,
  mosquittoBroker,
  pause,
  until,
} from './brokers.ts';
import type { TestBroker } from './brokers.ts';
import { SmallDesk } from './small-desk.ts';

const CELL = 'magpie/v1/test';

/** Intake and publications of one controller process. */
class Desk {
  readonly desk: SmallDesk;
  readonly publisher: CellPublisher;
  readonly intake: MqttIntake;
  readonly refused = new RefusedMessages();
  readonly #loop: NodeJS.Timeout;
  #connection: IntakeSubscription | null = null;

  constructor(url: string, desk: SmallDesk, requestsPerS = 5_000) {
    this.desk = desk;
    const clock = realClock(0);
    this.publisher = new CellPublisher({ broker: { url }, cell: 'test', service: desk, clock });
    this.intake = new MqttIntake({
      cell: 'test',
      service: desk,
      clock,
      requestsPerS,
      outbox: this.publisher.outbox,
      refused: this.refused,
    });
    this.publisher.open();
    this.#loop = setInterval(() => this.publisher.tick(), 5);
  }

  /** Takes requests through the broker, as with one of its own. */
  async subscribe(url: string): Promise<this> {
    const connection = this.intake.subscribe({ url });
    this.#connection = connection;
    connection.open();
    await until(() => connection.connected && this.publisher.connected, 'the desk is open');
    return this;
  }

  async close(): Promise<void> {
    clearInterval(this.#loop);
    await Promise.all([this.publisher.close(), this.#connection?.close()]);
  }
}

const REQUESTS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['orders', { orderId: 'O1', priority: 70, lines: [{ lineId: '1', sku: 'A', quantity: 2 }] }],
  ['cancel', { orderId: 'O1', lineId: '1', quantity: 1 }],
  ['returns', { returnId: 'T1', sku: 'A', quantity: 1 }],
  ['stow', { stowId: 'S1', containerId: 'I1', sku: 'B', quantity: 4 }],
  ['consolidate', { consolidateId: 'K1', fromContainerId: 'C1', toContainerId: 'C2', sku: 'B', quantity: 4 }],
  ['task', { action: 'resolve', taskId: 'T7', resolution: 'retry' }],
  ['cell', { command: 'hold' }],
];

describeWithBrokers('intake and status', (make) => {
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

  async function desk(from = new SmallDesk(), requestsPerS = 5_000): Promise<Desk> {
    const made = new Desk(broker.url, from, requestsPerS);
    toClose.push(() => made.close());
    return made.subscribe(broker.url);
  }

  async function listen(filter: string): Promise<Listener> {
    const made = await Listener.connect(broker.url, filter);
    toClose.push(() => made.end());
    return made;
  }

  it('takes every kind of request once, however often it comes, and answers each time', async () => {
    const { desk: journal } = await desk();
    const wms = await listen(`${CELL}/intake/results/#`);
    for (const round of ['accepted', 'duplicate']) {
      wms.heard.length = 0;
      for (const [topic, body] of REQUESTS) {
        const payload = JSON.stringify({ requestId: `req ${topic}`, ...body });
        await wms.client.publishAsync(`${CELL}/intake/${topic}`, payload, { qos: 1 });
      }
      await until(() => wms.heard.length === REQUESTS.length, 'every request was answered');
      for (const [topic] of REQUESTS) {
        const results = wms.on(`${CELL}/intake/results/req ${topic}`);
        expect(results).toMatchObject([{ requestId: `req ${topic}`, result: { status: round } }]);
      }
    }
    expect([...journal.journal.values()].map((request) => request.kind)).toEqual([
      'order', 'cancel', 'return', 'stow', 'consolidate', 'task', 'cell',
    ]); // prettier-ignore
    expect(journal.journal.get('req orders')?.body).toEqual({ ...REQUESTS[0]?.[1], shipBy: null });
    expect(wms.heard.some((message) => message.retained)).toBe(false);
    const late = await listen(`${CELL}/intake/#`);
    await pause(30);
    expect(late.heard).toEqual([]); // results are not kept
  });

  it('hears the results of its own requests, through the client that ships', async () => {
    const { desk: journal } = await desk();
    const results: string[] = [];
    const client = new IntakeClient({
      broker: { url: broker.url },
      cell: 'test',
      onResult: (requestId, result) => results.push(`${requestId} ${result.status}`),
    });
    toClose.push(() => client.close());
    const hold = { kind: 'cell', body: { command: 'hold' } } as const;
    expect(client.send(hold, 'R1')).toBe('not-connected');
    client.open();
    await until(() => client.connected, 'the client is connected');
    const wms = await listen(`${CELL}/none`);
    await wms.client.publishAsync(`${CELL}/intake/cell`, '{"requestId":"other","command":"start"}', {
      qos: 1,
    });
    for (const expected of ['R1 accepted', 'R1 duplicate']) {
      expect(client.send(hold, 'R1')).toBe('sent');
      await until(() => results.at(-1) === expected, expected);
    }
    expect(results).toEqual(['R1 accepted', 'R1 duplicate']);
    expect(journal.journal.get('R1')).toEqual(hold);
    expect(journal.journal.has('other')).toBe(true);
  });

  it('tells the sender of every broken message what is wrong and what to send', async () => {
    const { desk: journal, intake, refused } = await desk();
    const wms = await listen(`${CELL}/intake/errors`);
    const results = await listen(`${CELL}/intake/results/+`);
    for (const bad of BAD_PAYLOADS) {
      wms.heard.length = 0;
      results.heard.length = 0;
      await wms.client.publishAsync(`${CELL}/intake/${bad.topic}`, bad.payload, { qos: 1 });
      await until(() => wms.heard.length === 1, `${bad.what} is answered`);
      const answer = JSON.parse(wms.heard[0]?.text ?? '{}') as {
        faults: PayloadFault[];
        requestId: string | null;
      };
      const told = answer.faults.map((fault) => faultsAsText([fault]));
      expect({ what: bad.what, told, requestId: answer.requestId }).toEqual({
        what: bad.what,
        told: bad.told,
        requestId: bad.requestId ?? null,
      });
      if (bad.requestId === undefined) continue;
      await until(() => results.heard.length === 1, 'whoever waits for the result is told, too');
      expect(results.on(`${CELL}/intake/results/${bad.requestId}`)).toMatchObject([
        { result: { status: 'refused', code: 'malformed' } },
      ]);
    }
    expect(journal.journal.size).toBe(0);
    expect(intake.statistics()).toMatchObject({ taken: 0 });
    expect(refused.total).toBe(BAD_PAYLOADS.length);
    const reasons = new Set(refused.counts().map(({ reason }) => reason));
    for (const reason of [
      'empty', 'not-utf8', 'not-json', 'too-large', 'too-deep', 'too-many-values', 'duplicate-field',
      'missing-field', 'unknown-field', 'wrong-type', 'out-of-range', 'unknown-topic',
    ]) expect(reasons).toContain(reason); // prettier-ignore
  });

  it('refuses a request that the broker kept from an earlier time', async () => {
    const wms = await listen(`${CELL}/intake/errors`);
    const payload = JSON.stringify({ requestId: 'R9', command: 'start' });
    await wms.client.publishAsync(`${CELL}/intake/cell`, payload, { qos: 1, retain: true });
    const { desk: journal } = await desk();
    await until(() => wms.heard.length === 1, 'the retained request is answered');
    expect(wms.on(`${CELL}/intake/errors`)).toEqual([
      {
        topic: `${CELL}/intake/cell`,
        requestId: 'R9',
        code: 'retained',
        reason: 'retained',
        faults: [
          {
            field: '',
            value: null,
            message:
              'a retained request would be carried out again after every restart; publish with retain off',
          },
        ],
      },
    ]);
    expect(journal.journal.size).toBe(0);
  });

  it('says what the cell is doing, and that the controller has gone', async () => {
    const { desk: journal, publisher } = await desk();
    const early = await listen(`${CELL}/status`);
    await until(() => early.heard.length > 0, 'a status was published');
    const viewer = await listen(`${CELL}/#`);
    const kept = () => viewer.heard.some(({ topic, retained }) => topic === `${CELL}/status` && retained);
    await until(kept, 'whoever comes later hears the last status at once');
    expect(viewer.on(`${CELL}/presence`)).toEqual([{ status: 'online' }]);
    const before = viewer.on(`${CELL}/status`).length;
    journal.state = 'held';
    await until(() => viewer.on(`${CELL}/status`).length > before, 'a change is told');
    expect(viewer.on(`${CELL}/status`).at(-1)).toMatchObject({ cell: 'test', state: 'held', epoch: 1 });
    publisher.notice({
      kind: 'notice',
      level: 'info',
      code: 'task-done',
      message: 'placed',
      taskId: 'T1',
      armId: 'a1',
      orderId: 'O1',
    });
    await until(
      () => viewer.on(`${CELL}/task/T1`).length > 0 && viewer.on(`${CELL}/order/O1`).length > 0,
      'told',
    );
    expect(viewer.on(`${CELL}/order/O1`)[0]).toMatchObject({
      code: 'task-done',
      taskId: 'T1',
      message: 'placed',
    });
    await publisher.close();
    await until(() => viewer.on(`${CELL}/presence`).length === 2, 'the controller has gone');
    expect(viewer.on(`${CELL}/presence`)[1]).toEqual({ status: 'offline' });
  });

  it('takes no more than its rate, and answers no flood of broken messages', async () => {
    const { desk: journal, intake, refused } = await desk(new SmallDesk(), 50);
    const wms = await listen(`${CELL}/intake/+`);
    const startedMs = performance.now();
    for (let i = 0; i < 20; i += 1) {
      const cancel = JSON.stringify({ requestId: `R${i}`, orderId: 'O1' });
      wms.client.publish(`${CELL}/intake/cancel`, cancel, { qos: 1 });
    }
    await until(() => journal.journal.size === 20, 'all were taken');
    expect(performance.now() - startedMs).toBeGreaterThan(19 * 20 * 0.9);
    for (let i = 0; i < 300; i += 1) wms.client.publish(`${CELL}/intake/cell`, `broken ${i}`, { qos: 1 });
    await until(() => refused.total === 300, 'all were counted');
    expect(intake.statistics().errorsUnanswered).toBeGreaterThan(100);
  });

  it('waits for a busy controller', async () => {
    const { desk: journal } = await desk();
    const wms = await listen(`${CELL}/intake/results/+`);
    journal.instead = { status: 'refused', code: 'busy', detail: 'the queue is full' };
    const payload = JSON.stringify({ requestId: 'R1', command: 'hold' });
    await wms.client.publishAsync(`${CELL}/intake/cell`, payload, { qos: 1 });
    await pause(50);
    expect(wms.heard).toEqual([]);
    journal.instead = null;
    await until(() => wms.heard.length === 1, 'it is answered');
    expect(wms.on(`${CELL}/intake/results/R1`)).toMatchObject([{ result: { status: 'accepted' } }]);
  });

  it('gives a result that was waiting for the broker once it is back', async () => {
    const made = await desk();
    await broker.stop();
    await until(() => !made.publisher.connected, 'the broker is gone');
    const message: Inbound = {
      topic: `${CELL}/intake/cell`,
      payload: Buffer.from('{"requestId":"R1","command":"hold"}'),
      retained: false,
      qos: 1,
    };
    await made.intake.take(message);
    await broker.start();
    const wms = await listen(`${CELL}/intake/results/+`);
    await until(() => wms.heard.length > 0, 'the result arrives');
    expect(wms.on(`${CELL}/intake/results/R1`)[0]).toMatchObject({ result: { status: 'accepted' } });
  });
});

describeWithBrokers('a request under way when the controller ends', (make) => {
  it('is delivered again by a broker that keeps sessions, and not acknowledged before', async () => {
    const broker = await make();
    await broker.start();
    if (broker.name === 'embedded') {
      await broker.stop(); // it keeps no sessions; its gate is what makes an acknowledgement mean something
      return;
    }
    const first = await new Desk(broker.url, new SmallDesk()).subscribe(broker.url);
    first.desk.hangs = true;
    const wms = await Listener.connect(broker.url, `${CELL}/intake/results/+`);
    const payload = JSON.stringify({ requestId: 'R1', orderId: 'O1' });
    await wms.client.publishAsync(`${CELL}/intake/cancel`, payload, { qos: 1 });
    await pause(50);
    await first.close(); // before it was durable
    const start = JSON.stringify({ requestId: 'R2', command: 'start' });
    await wms.client.publishAsync(`${CELL}/intake/cell`, start, { qos: 1 });
    const second = await new Desk(broker.url, new SmallDesk()).subscribe(broker.url);
    await until(() => wms.heard.length > 0, 'the next controller answers');
    await pause(50);
    expect([...second.desk.journal.keys()]).toEqual(['R1']); // a command to the cell is for now, and not kept
    first.desk.hangs = false;
    await second.close();
    await wms.end();
    await broker.stop();
  });

  it('is acknowledged to its sender by the embedded broker only when it is durable', async () => {
    const desk = new SmallDesk();
    let intake: MqttIntake | null = null;
    const broker = await embeddedBroker((message) => intake?.gate(message));
    await broker.start();
    const made = new Desk(broker.url, desk);
    intake = made.intake;
    const wms = await Listener.connect(broker.url, `${CELL}/intake/#`);
    desk.hangs = true;
    let acknowledged = false;
    const payload = JSON.stringify({ requestId: 'R1', command: 'hold' });
    const published = wms.client.publishAsync(`${CELL}/intake/cell`, payload, { qos: 1 }).then(() => {
      acknowledged = true;
    });
    await pause(60);
    expect(acknowledged).toBe(false);
    desk.hangs = false;
    await published;
    expect(desk.journal.has('R1')).toBe(true);
    await until(() => wms.on(`${CELL}/intake/results/R1`).length === 1, 'the result arrives');
    await wms.client.publishAsync(`${CELL}/intake/cell`, 'broken', { qos: 1 });
    await until(() => wms.on(`${CELL}/intake/errors`).length === 1, 'errors are told');
    desk.instead = { status: 'refused', code: 'shutting-down', detail: 'the service ends' };
    wms.client.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => wms.client.once('close', () => resolve()));
    wms.client.publish(`${CELL}/intake/cell`, payload, { qos: 1 });
    await closed; // not acknowledged: the sender will send it again
    await made.close();
    await wms.end();
    await broker.stop();
  });
});

describeWithBrokers('requests that are not meant now', (make) => {
  it('refuses what is late, of another controller, of another version or without QoS, and says so', async () => {
    const broker = await make();
    await broker.start();
    const made = await new Desk(broker.url, new SmallDesk()).subscribe(broker.url); // epoch 1, nowS 12.5
    const wms = await Listener.connect(broker.url, `${CELL}/intake/#`);
    const cases: readonly (readonly [string, Record<string, unknown>, 0 | 1, string])[] = [
      ['old-epoch', { command: 'start', epoch: 0 }, 1, 'stale-epoch'],
      ['next-epoch', { command: 'start', epoch: 2 }, 1, 'future-epoch'],
      ['late', { command: 'start', echoS: 2, validForS: 5 }, 1, 'expired'],
      ['early', { command: 'start', echoS: 9_999, validForS: 5 }, 1, 'out-of-range'],
      ['half', { command: 'start', echoS: 2 }, 1, 'invalid-value'],
      ['negative-zero', { command: 'start', echoS: '-0', validForS: 5 }, 1, 'invalid-value'],
      ['version', { command: 'start', version: 2 }, 1, 'unknown-version'],
      ['qos', { command: 'start' }, 0, 'wrong-qos'],
    ];
    for (const [requestId, body, qos, reason] of cases) {
      const payload = JSON.stringify({ requestId, ...body }).replace('"-0"', '-0');
      await wms.client.publishAsync(`${CELL}/intake/cell`, payload, { qos });
      const result = `${CELL}/intake/results/${requestId}`;
      await until(() => wms.on(result).length === 1, `${requestId} is answered`);
      expect(wms.on(result)[0]).toMatchObject({ requestId, result: { status: 'refused' } });
      expect(wms.on(`${CELL}/intake/errors`).at(-1)).toMatchObject({ requestId, reason });
    }
    expect(made.refused.counts().map(({ reason, count }) => [reason, count])).toEqual([
      ['stale-epoch', 1], ['future-epoch', 1], ['expired', 1], ['out-of-range', 1], ['invalid-value', 2],
      ['unknown-version', 1], ['wrong-qos', 1],
    ]); // prettier-ignore
    expect(made.desk.journal.size).toBe(0);
    // Right ones, and a stop, which is obeyed however late it is.
    const right = { requestId: 'right', command: 'start', epoch: 1, version: 1, echoS: 12, validForS: 60 };
    await wms.client.publishAsync(`${CELL}/intake/cell`, JSON.stringify(right), { qos: 1 });
    const stop = { requestId: 'stop', command: 'hold', epoch: 0, echoS: 1, validForS: 1 };
    await wms.client.publishAsync(`${CELL}/intake/cell`, JSON.stringify(stop), { qos: 0 });
    await until(() => made.desk.journal.size === 2, 'both are taken');
    await made.close();
    await wms.end();
    await broker.stop();
  });
});

describe.skipIf(MOSQUITTO === undefined)('MQTT 5', () => {
  it('answers on the response topic with the correlation data, and nowhere it could do harm', async () => {
    const broker = await mosquittoBroker();
    await broker.start();
    const made = await new Desk(broker.url, new SmallDesk()).subscribe(broker.url);
    const wms = await connectAsync(broker.url, { reconnectPeriod: 0, protocolVersion: 5 });
    const heard: { readonly topic: string; readonly packet: IPublishPacket }[] = [];
    wms.on('message', (topic, _payload, packet) => heard.push({ topic, packet }));
    await wms.subscribeAsync(['wms/answers', `${CELL}/intake/results/+`, `${CELL}/arm/#`], { qos: 1 });
    const ask = (requestId: string, responseTopic: string) =>
      wms.publishAsync(`${CELL}/intake/cell`, JSON.stringify({ requestId, command: 'reset' }), {
        qos: 1,
        properties: { responseTopic, correlationData: Buffer.from([1, 2, 3]) },
      });
    await ask('R1', 'wms/answers');
    await until(() => heard.length === 2, 'both answers');
    const own = heard.find(({ topic }) => topic === 'wms/answers')?.packet;
    expect(own?.properties?.correlationData).toEqual(Buffer.from([1, 2, 3]));
    expect({ ...own?.properties?.userProperties }).toEqual({ requestId: 'R1', status: 'accepted' });
    for (const [requestId, topic] of [
      ['R2', `${CELL}/arm/a1/command/stop`],
      ['R3', 'spBv1.0/group/NCMD/edge'],
      ['R4', `${CELL}/intake/cell`],
    ] as const) {
      heard.length = 0;
      await ask(requestId, topic);
      await until(() => heard.length === 1, 'it is refused');
      expect(heard[0]?.topic).toBe(`${CELL}/intake/results/${requestId}`);
      const text = heard[0]?.packet.payload.toString() ?? '';
      expect(JSON.parse(text)).toMatchObject({ result: { code: 'wrong-response-topic' } });
    }
    expect([...made.desk.journal.keys()]).toEqual(['R1']);
    await made.close();
    await wms.endAsync();
    await broker.stop();
  });

  it('tells a retained command also while it listens already', async () => {
    const broker = await mosquittoBroker();
    await broker.start();
    const made = await new Desk(broker.url, new SmallDesk()).subscribe(broker.url);
    const wms = await Listener.connect(broker.url, `${CELL}/intake/errors`);
    const payload = JSON.stringify({ requestId: 'R1', command: 'start' });
    await wms.client.publishAsync(`${CELL}/intake/cell`, payload, { qos: 1, retain: true });
    await until(() => wms.heard.length === 1, 'it is refused');
    expect(wms.on(`${CELL}/intake/errors`)).toMatchObject([{ requestId: 'R1', code: 'retained' }]);
    await wms.client.publishAsync(`${CELL}/intake/cell`, '', { qos: 1, retain: true }); // cleared
    await pause(30);
    expect(wms.heard.length).toBe(1);
    expect(made.desk.journal.size).toBe(0);
    await made.close();
    await wms.end();
    await broker.stop();
  });
});
