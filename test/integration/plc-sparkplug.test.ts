import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { newClient } from 'sparkplug-client';
import type { UPayload } from 'sparkplug-client';
import { afterEach, describe, expect, it } from 'vitest';
import { startService } from '../../cli/service.ts';
import type { Service } from '../../cli/service.ts';
import { checkLayout } from '../../config/check.ts';
import { loadCell } from '../../config/load.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { freePort } from '../free-ports.ts';
import { until } from '../protocols/mqtt/brokers.ts';
import { copyCell } from './cell-copy.ts';

/** A map whose guard is a metric of a Sparkplug edge node, which says it at least four times a second. */
const MAP = `
format: magpie-plc-map/1
name: press
stale_s: 1
inputs:
  - id: guard
    role: guard-closed
    source: { sparkplug: { group: plant, edge: press, device: gate, metric: Guard/Closed } }
`;

const HOST = { host: { id: 'magpie', groups: ['plant'], reorder_timeout_s: 1 } };

type PeerMetric = NonNullable<UPayload['metrics']>[number];

const guardIs = (isClosed: boolean): UPayload => ({
  timestamp: Date.now(),
  metrics: [
    {
      name: 'Guard/Closed',
      type: 'Boolean',
      value: isClosed,
      timestamp: Date.now(),
    } as unknown as PeerMetric,
  ],
});

const toClose: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function cellWith(sparkplug: object | undefined): Promise<ReturnType<typeof loadCell>> {
  const directory = mkdtempSync(join(tmpdir(), 'magpie-plc-sparkplug-'));
  toClose.push(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'state'));
  writeFileSync(join(directory, 'press.yaml'), MAP);
  const { file } = copyCell({
    from: 'config/cells/small.yaml',
    directory,
    httpPort: await freePort(),
    brokerPort: await freePort(),
    broker: 'embedded',
    settings: [
      [['simulator', 'orders'], { kind: 'none' }],
      [['start'], 'by-command'],
      [['plc'], { maps: ['press.yaml'] }],
      ...(sparkplug === undefined ? [] : [[['connections', 'sparkplug'], sparkplug] as const]),
    ],
  });
  return loadCell(file);
}

async function serve(loaded: LoadedCell): Promise<Service> {
  const directory = mkdtempSync(join(tmpdir(), 'magpie-plc-sparkplug-state-'));
  const service = await startService({
    world: null,
    loaded,
    stateDirectory: directory,
    logger: pino({ level: 'silent' }),
    onFatal: (fault) => process.stderr.write(`${fault.detail}\n`),
  });
  toClose.push(async () => {
    await service.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return service;
}

/** A PLC that speaks Sparkplug through an independent library. */
class PressPlc {
  readonly client: ReturnType<typeof newClient>;
  isClosed = true;

  constructor(serverUrl: string) {
    this.client = newClient({
      ...{ serverUrl, username: '', password: '', groupId: 'plant', edgeNode: 'press' },
      ...{ clientId: 'press-edge', publishDeath: true, mqttOptions: { reconnectPeriod: 0 } },
    });
    this.client.on('birth', () => this.#birth());
    this.client.on('ncmd', () => this.#birth());
    const beating = setInterval(() => this.client.publishDeviceData('gate', guardIs(this.isClosed)), 200);
    toClose.push(() => {
      clearInterval(beating);
      this.client.stop();
    });
  }

  #birth(): void {
    const control = { name: 'Node Control/Rebirth', type: 'Boolean', value: false, timestamp: Date.now() };
    this.client.publishNodeBirth({ timestamp: Date.now(), metrics: [control as unknown as PeerMetric] });
    this.client.publishDeviceBirth('gate', guardIs(this.isClosed));
  }
}

describe('a PLC that speaks Sparkplug', () => {
  it('gives and takes the permission that its metric is, and takes it by dying', async () => {
    const loaded = await cellWith(HOST);
    if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
    const service = await serve(loaded);
    const guard = () => service.loop.view().permissions.find(({ id }) => id.includes('guard'))!;
    expect(guard()).toMatchObject({ granted: false });
    const plc = new PressPlc(service.brokerUrl);
    await until(() => guard().granted, 'the guard is closed');
    plc.isClosed = false;
    await until(() => !guard().granted, 'the guard is open');
    plc.isClosed = true;
    await until(() => guard().granted, 'the guard is closed again');
    plc.client.stop();
    await until(() => !guard().granted, 'the PLC is gone');
    expect(guard().because).toMatch(/stale|silent|not heard|gone|dead|quality/i);
  });

  it('is not read by a cell that is no Sparkplug host: check says what is missing', async () => {
    const loaded = await cellWith(undefined);
    if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
    const found = checkLayout(loaded).filter(({ path }) => path.startsWith('plc'));
    expect(found).toMatchObject([{ path: 'plc.maps[0]', remedy: expect.stringContaining('host') as string }]);
  });
});
