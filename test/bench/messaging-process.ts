import { join } from 'node:path';
import { pino } from 'pino';
import { brokerAccess, cellAddress } from '../../cli/broker.ts';
import { startService } from '../../cli/service.ts';
import { driveWorld, openWorld } from '../../cli/sim.ts';
import { MqttArmHost } from '../../protocols/mqtt/arm-host.ts';
import { MqttIoHost } from '../../protocols/mqtt/io-host.ts';
import { SAMPLE_HZ, messagingCell } from './messaging-cell.ts';
import type { MessagingSetup } from './messaging-cell.ts';

/** One of the two processes that are measured: `service` or `floor`, with its setup as JSON. */
const [role, text = ''] = process.argv.slice(2);
const setup = JSON.parse(text) as MessagingSetup;
const loaded = messagingCell(setup);

if (role === 'service') {
  const logger = pino({ level: 'warn' }, pino.destination(join(setup.directory, 'service.log')));
  await startService({
    loaded,
    stateDirectory: join(setup.directory, 'state'),
    logger,
    world: null,
    onFatal: (fault) => {
      process.stderr.write(`${fault.code}: ${fault.detail}\n`);
      process.exit(1);
    },
  });
} else {
  const durable = openWorld(loaded, join(setup.directory, 'world'));
  const broker = brokerAccess(loaded.connections.broker);
  const clock = { nowUs: () => durable.world.nowUs };
  const common = { broker, cell: cellAddress(loaded.connections, loaded.cell.name), clock };
  const { leaseUs } = loaded.simulator.world;
  const arms = durable.armHosts.map(
    (host) => new MqttArmHost({ ...common, host, leaseUs, sampleHz: SAMPLE_HZ }),
  );
  const io = new MqttIoHost({ ...common, host: durable.io });
  for (const each of [...arms, io]) each.open();
  driveWorld(durable, () => {
    for (const arm of arms) arm.pump();
    io.pump();
  });
}
