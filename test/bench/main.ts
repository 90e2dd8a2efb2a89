import { parseArgs } from 'node:util';
import Table from 'cli-table3';

/** Measurements, each a function that returns rows; loaded when asked for. */
const BENCHES: Readonly<
  Record<string, { readonly about: string; readonly run: () => Promise<readonly object[]> }>
> = {
  simulation: {
    about: 'how much faster than real time a cell with 1, 4 and 8 arms is played, planning included',
    run: async () => (await import('./simulation.ts')).simulationBench(),
  },
  scaling: {
    about: 'processor time of planning per task with 2, 4, 8 and 16 arms side by side',
    run: async () => (await import('./scaling.ts')).scalingBench(),
  },
  trajectory: {
    about: 'durations against a time-optimal bound, and the time per trajectory',
    run: async () => (await import('./trajectory.ts')).trajectoryBench(),
  },
  planning: {
    about: 'planning among obstacles and among other arms: solved share, median and p95 time',
    run: async () => (await import('./planning.ts')).planningBench(),
  },
  journal: {
    about: 'durable events per second, and the time of a restart with 100,000 and 1,000,000 events',
    run: async () => (await import('./journal.ts')).journalBench(),
  },
  messaging: {
    about:
      'orders accepted and arms told to stop over MQTT, 8 arms streaming at 125 Hz: milliseconds, orders per second',
    run: async () => (await import('./messaging.ts')).messagingBench(),
  },
  kernel: {
    about:
      'collision checks per second of the kernel and of its plain reference: states, four arms, trajectories',
    run: async () => (await import('./kernel.ts')).kernelBench(),
  },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    cell: { type: 'string' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'string' },
    'trace-dir': { type: 'string' },
  },
});
const bench = BENCHES[positionals[0] ?? ''];
if (positionals[0] === 'throughput') await runThroughput();
else if (bench === undefined) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json]\n  throughput   policies on the tasks of a benchmark cell: --cell FILE [--seed N] [--trace FILE] [--trace-dir DIR]\n${Object.entries(
      BENCHES,
    )
      .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
      .join('\n')}\n`,
  );
  process.exitCode = 2;
} else {
  const rows = await bench.run();
  process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : `${tableOf(rows)}\n`);
}

/** The one bench that takes a cell; its JSON is one object. */
async function runThroughput(): Promise<void> {
  const seed = Number(values.seed);
  if (values.cell === undefined || !Number.isInteger(seed)) {
    process.stderr.write(
      'usage: npm run bench -- throughput --cell FILE [--seed N] [--trace FILE] [--trace-dir DIR]\n',
    );
    process.exitCode = 2;
    return;
  }
  const { throughputBench } = await import('./throughput.ts');
  const report = throughputBench({
    cellFile: values.cell,
    seed,
    traceFile: values.trace ?? null,
    traceDirectory: values['trace-dir'] ?? null,
  });
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    process.stdout.write(`${report.cell}: bound ${report.lowerBoundS} s, ghost ratio ${report.ghostRatio}\n`);
    process.stdout.write(`${tableOf(report.policies)}\n`);
  }
}

function tableOf(rows: readonly object[]): string {
  const head = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = new Table({ head });
  for (const row of rows) table.push(head.map((key) => textOf((row as Record<string, unknown>)[key])));
  return table.toString();
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000);
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
