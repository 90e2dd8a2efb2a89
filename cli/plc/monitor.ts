import { allInputs } from '../../controller/domain/plc-map.ts';
import { MACHINE_CLOCK } from '../../controller/runtime/runtime-clock.ts';
import { MqttConnection } from '../../protocols/mqtt/connection.ts';
import { TagPipeline } from '../../protocols/plc/tag-pipeline.ts';
import { brokerAccess } from '../broker.ts';
import { loadMap } from './acceptance-cell.ts';

export interface MonitorOptions {
  readonly broker: string;
  readonly json?: boolean;
  /** Ends by itself after so many seconds; else with Ctrl-C. */
  readonly seconds?: number;
}

const EVERY_MS = 500;

/** `magpie plc monitor`: the tags of a map as the controller would see them, now. Listens only. */
export async function monitorCommand(mapPath: string, options: MonitorOptions): Promise<void> {
  const { map } = loadMap(mapPath);
  const pipeline = new TagPipeline(map);
  const nowUs = (): number => MACHINE_CLOCK.monotonicUs();
  const access = brokerAccess(
    { kind: 'embedded', host: '127.0.0.1', port: 1883, tls: null, users: [] },
    options.broker,
  );
  const connection = new MqttConnection({
    broker: access,
    clientId: `magpie-plc-monitor-${process.pid}`,
    session: 'clean',
    onTrouble: (message) => process.stderr.write(`${message}\n`),
  });
  for (const topic of pipeline.topics) {
    connection.subscribe(topic, 0, ({ payload, retained }) =>
      pipeline.hear(topic, payload, retained ? 'kept' : 'fresh', nowUs()),
    );
  }
  connection.onLost((reason) => pipeline.forget(`no connection to the broker: ${reason}`));
  connection.open();
  const show = (): void => {
    const tags = allInputs(map).map(({ id }) => ({ id, ...pipeline.read(id, nowUs()) }));
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ map: map.name, tags, ...pipeline.statistics })}\n`);
      return;
    }
    const width = Math.max(...tags.map(({ id }) => id.length));
    const lines = tags.map(
      ({ id, value, quality, because }) =>
        `${id.padEnd(width)}  ${String(value).padEnd(12)} ${quality}${because === '' ? '' : `: ${because}`}`,
    );
    const { messages, retained, late, bad } = pipeline.statistics;
    lines.push(`${messages} messages, ${retained} retained, ${late} late or repeated, ${bad} bad values`, '');
    process.stdout.write(`${process.stdout.isTTY ? '\x1b[2J\x1b[H' : ''}${lines.join('\n')}\n`);
  };
  const timer = setInterval(show, EVERY_MS);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    if (options.seconds !== undefined) setTimeout(() => resolve(), options.seconds * 1_000);
  });
  clearInterval(timer);
  await connection.close();
}
