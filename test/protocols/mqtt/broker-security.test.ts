import { connect, connectAsync } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BROKER_LIMITS } from '../../../protocols/mqtt/broker-guard.ts';
import { rightsOf } from '../../../protocols/mqtt/broker-roles.ts';
import type { BrokerRole, Rights } from '../../../protocols/mqtt/broker-roles.ts';
import type { BrokerUser } from '../../../protocols/mqtt/broker-users.ts';
import { MqttConnection } from '../../../protocols/mqtt/connection.ts';
import { EmbeddedBroker } from '../../../protocols/mqtt/embedded-broker.ts';
import type { EmbeddedBrokerOptions } from '../../../protocols/mqtt/embedded-broker.ts';
import { OPENSSL, TestAuthority } from './certificates.ts';
import type { Certificate } from './certificates.ts';
import { until } from './brokers.ts';

const BASE = 'magpie/v1/cell';
const NOTHING: Rights = { publish: [], subscribe: [] };

function user(name: string, roles: BrokerRole[], password: string | null, more = NOTHING): BrokerUser {
  const arms = roles.includes('arm') ? [name] : [];
  return { name, password, rights: rightsOf('cell', { roles, arms, more }) };
}

const USERS: readonly BrokerUser[] = [
  user('a1', ['arm'], 'secret-a1'),
  user('a2', ['arm'], 'secret-a2'),
  user('plc', ['plc'], 'secret-plc', { publish: ['line/7/#'], subscribe: ['line/7/+/set'] }),
  user('wms', ['host'], 'secret-wms'),
  user('anna', ['operator'], 'secret-anna'),
  user('wall', ['viewer'], 'secret-wall'),
];

const running: EmbeddedBroker[] = [];
const clients: MqttClient[] = [];
const denied: string[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true);
  await Promise.all(running.splice(0).map((broker) => broker.close()));
  denied.length = 0;
});

async function start(options: Partial<EmbeddedBrokerOptions> = {}): Promise<EmbeddedBroker> {
  const started = await EmbeddedBroker.start({
    host: '127.0.0.1',
    port: 0,
    credentials: null,
    users: USERS,
    limits: BROKER_LIMITS,
    onDenied: (message) => denied.push(message),
    ...options,
  });
  if (!started.ok) throw new Error(started.message);
  running.push(started.broker);
  return started.broker;
}

async function connectAs(
  broker: EmbeddedBroker,
  name: string,
  more: IClientOptions = {},
): Promise<MqttClient> {
  const client = await connectAsync(broker.url, {
    reconnectPeriod: 0,
    username: name,
    password: `secret-${name}`,
    ...more,
  });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

/** Why a client cannot connect; `connectAsync` never settles where TLS fails. */
async function failure(url: string, options: IClientOptions): Promise<string> {
  const client = connect(url, { reconnectPeriod: 0, connectTimeout: 1_000, ...options });
  clients.push(client);
  return new Promise((resolve) => {
    let error = 'closed';
    client.on('error', (each) => (error = each.message));
    client.once('connect', () => resolve('connected'));
    client.once('close', () => resolve(error));
  });
}

/** Whether a client of this user may; the broker hangs up on who publishes what it may not. */
async function may(broker: EmbeddedBroker, name: string, action: 'publish' | 'subscribe', topic: string) {
  const client = await connectAs(broker, name);
  if (action === 'subscribe') {
    return client.subscribeAsync(topic, { qos: 1 }).then(
      (granted) => granted.every(({ qos }) => qos < 128),
      () => false,
    );
  }
  const closed = new Promise<boolean>((resolve) => client.once('close', () => resolve(false)));
  const taken = client.publishAsync(topic, 'x', { qos: 1 }).then(
    () => true,
    () => false,
  );
  return Promise.race([closed, taken]);
}

describe('users and roles of the embedded broker', () => {
  const RULES: readonly (readonly [string, 'publish' | 'subscribe', string, boolean])[] = [
    ['a1', 'publish', `${BASE}/arm/a1/state`, true],
    ['a1', 'publish', `${BASE}/arm/a1/event/ended`, true],
    ['a1', 'subscribe', `${BASE}/arm/a1/command/+`, true],
    ['a1', 'publish', `${BASE}/arm/a2/state`, false],
    ['a1', 'publish', `${BASE}/arm/a1/command/submit`, false],
    ['a1', 'subscribe', `${BASE}/arm/+/command/+`, false],
    ['a1', 'publish', `${BASE}/intake/orders`, false],
    ['plc', 'publish', `${BASE}/io/event`, true],
    ['plc', 'publish', `${BASE}/intake/cell`, true],
    ['plc', 'publish', 'line/7/conveyor/running', true],
    ['plc', 'publish', 'line/8/conveyor/running', false],
    ['plc', 'subscribe', 'line/7/x/set', true],
    ['plc', 'subscribe', 'line/#', false],
    ['plc', 'publish', `${BASE}/arm/a1/command/stop`, false],
    ['wms', 'publish', `${BASE}/intake/orders`, true],
    ['wms', 'subscribe', `${BASE}/intake/results/+`, true],
    ['wms', 'publish', `${BASE}/intake/cell`, false],
    ['wms', 'publish', `${BASE}/intake/results/R1`, false],
    ['anna', 'publish', `${BASE}/intake/cell`, true],
    ['anna', 'publish', `${BASE}/intake/orders`, false],
    ['wall', 'subscribe', `${BASE}/status`, true],
    ['wall', 'subscribe', `${BASE}/state/#`, true],
    ['wall', 'subscribe', '#', false],
    ['wall', 'subscribe', `${BASE}/#`, false],
    ['wall', 'subscribe', '$SYS/#', false],
    ['wall', 'publish', `${BASE}/status`, false],
  ];

  it('lets each do what its role needs and nothing else', async () => {
    const broker = await start();
    for (const [name, action, topic, expected] of RULES) {
      expect({ name, action, topic, may: await may(broker, name, action, topic) }).toEqual({
        name,
        action,
        topic,
        may: expected,
      });
    }
    expect(denied).toContain('user "a1" may not publish on magpie/v1/cell/arm/a2/state');
    expect(denied).toContain('user "wall" may not subscribe to #');
  });

  it('lets in nobody without a right name and password, and the service itself', async () => {
    const broker = await start();
    const wrong = /Bad username or password/i;
    await expect(connectAs(broker, 'nobody')).rejects.toThrow(wrong);
    await expect(connectAs(broker, 'wms', { password: 'guess' })).rejects.toThrow(wrong);
    await expect(connectAsync(broker.url, { reconnectPeriod: 0 })).rejects.toThrow(wrong);
    await expect(connectAs(broker, 'magpie-controller')).rejects.toThrow(wrong);
    const own = new MqttConnection({ broker: broker.ownAccess, clientId: 'own', session: 'clean' });
    own.subscribe('#', 1, () => undefined);
    own.open();
    await until(() => own.connected, 'the service reaches its broker');
    await own.close();
  });

  it('lets nobody take over the client id of another user', async () => {
    const broker = await start();
    const wms = await connectAs(broker, 'wms', { clientId: 'desk' });
    await expect(connectAs(broker, 'wall', { clientId: 'desk' })).rejects.toThrow(/Identifier rejected/i);
    expect(wms.connected).toBe(true);
    const again = await connectAs(broker, 'wms', { clientId: 'desk' }); // its own connection, anew
    expect(again.connected).toBe(true);
  });

  it('says a will only where its user may publish', async () => {
    const broker = await start();
    const listener = await connectAs(broker, 'anna');
    const heard: string[] = [];
    listener.on('message', (topic) => heard.push(topic));
    await listener.subscribeAsync([`${BASE}/status`, `${BASE}/order/+`]);
    const rogue = await connectAs(broker, 'wall', {
      will: { topic: `${BASE}/status`, payload: Buffer.from('gone'), qos: 1, retain: true },
    });
    rogue.stream.destroy();
    await until(() => denied.some((message) => message.includes('"wall" may not publish')), 'it is refused');
    expect(heard).toEqual([]);
  });

  it('slows down who sends too fast, and loses nothing of it', async () => {
    const broker = await start({ limits: { ...BROKER_LIMITS, messagesPerS: 100 } });
    const listener = await connectAs(broker, 'plc');
    let heard = 0;
    listener.on('message', () => (heard += 1));
    await listener.subscribeAsync(`${BASE}/io/presence`, { qos: 1 });
    const sender = await connectAs(broker, 'plc', { clientId: 'fast' });
    const beganMs = performance.now();
    await Promise.all(
      Array.from({ length: 150 }, () => sender.publishAsync(`${BASE}/io/presence`, 'x', { qos: 1 })),
    );
    await until(() => heard === 150, 'all arrive');
    expect(performance.now() - beganMs).toBeGreaterThan(400); // a second's worth at once, the rest at the rate
  });
});

describe.skipIf(!OPENSSL)('TLS of the embedded broker', () => {
  let authority: TestAuthority;
  let server: Certificate;
  let plc: Certificate;

  beforeAll(() => {
    authority = new TestAuthority();
    server = authority.sign('broker', 'DNS:localhost,IP:127.0.0.1');
    plc = authority.sign('plc', null);
  });
  afterAll(() => authority.remove());

  it('listens for other machines, encrypted, and for the service beside it', async () => {
    const broker = await start({ host: '0.0.0.0', tls: { ...server, clientCa: null } });
    expect(broker.url).toMatch(/^mqtts:/);
    const wms = await connectAs(broker, 'wms', { ca: authority.ca.cert });
    expect(wms.connected).toBe(true);
    const login = { username: 'wms', password: 'secret-wms' };
    expect(await failure(broker.url, login)).toMatch(/certificate/i);
    expect(broker.ownAccess.url).toMatch(/^mqtt:\/\/127\.0\.0\.1:/);
    const own = new MqttConnection({ broker: broker.ownAccess, clientId: 'own', session: 'clean' });
    own.open();
    await until(() => own.connected, 'the service reaches its broker');
    await own.close();
    // The service's own door is open to nobody else, whatever they know.
    expect(await failure(broker.ownAccess.url, login)).toMatch(/Bad username or password/i);
    expect(await failure(broker.url.replace('mqtts:', 'mqtt:'), login)).not.toBe('connected');
  });

  it('knows clients by their certificates, and by nothing else where it asks for them', async () => {
    const users = [user('plc', ['plc'], null), user('wms', ['host'], 'secret-wms')];
    const broker = await start({ users, tls: { ...server, clientCa: authority.ca.cert } });
    const ca = authority.ca.cert;
    const byCertificate = new MqttConnection({
      broker: { url: broker.url, ca, certificate: plc },
      clientId: 'plc',
      session: 'clean',
    });
    byCertificate.subscribe(`${BASE}/io/hello`, 1, () => undefined);
    byCertificate.open();
    await until(() => byCertificate.connected, 'a certificate is enough');
    await byCertificate.close();
    const login = { username: 'wms', password: 'secret-wms', ca };
    expect(await failure(broker.url, login)).not.toBe('connected');
    const { cert, key } = plc;
    expect(await failure(broker.url, { ...login, cert, key })).toMatch(/Bad username or password/i);
    expect(denied).toContainEqual(expect.stringContaining('user "wms" shows the certificate of "plc"'));
    const other = new TestAuthority();
    const stranger = other.sign('plc', null);
    other.remove();
    expect(await failure(broker.url, { ca, cert: stranger.cert, key: stranger.key })).not.toBe('connected');
  });
});

if (!OPENSSL)
  console.warn('SKIPPED: TLS of the embedded broker, for want of openssl (apt-get install openssl)');
