import { parseArgs } from 'node:util';
import Table from 'cli-table3';

/** Long searches for faults, each a function that returns rows; the tests run a small share of each. */
const CAMPAIGNS: Readonly<
  Record<
    string,
    {
      readonly about: string;
      readonly count: number;
      readonly run: (count: number, seed: number) => Promise<readonly { readonly faults: number }[]>;
    }
  >
> = {
  monitor: {
    about: 'provoked collisions that the monitor did not stop before contact',
    count: 300,
    run: async (count, seed) => {
      const { monitorRows } = await import('./monitor.ts');
      const { loadConfig } = await import('../../cli/load-config.ts');
      const cells = ['small', 'two-arm', 'four-arm'].map((name) => loadConfig(`config/cells/${name}.yaml`));
      return monitorRows(cells, count, seed);
    },
  },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const campaign = CAMPAIGNS[positionals[0] ?? ''];
if (campaign === undefined) {
  process.stderr.write(
    `usage: npm run campaign -- NAME [--count N] [--seed N] [--json]\n${Object.entries(CAMPAIGNS)
      .map(([name, { about, count }]) => `  ${name.padEnd(12)} ${about} (${count})`)
      .join('\n')}\n`,
  );
  process.exitCode = 2;
} else {
  const rows = await campaign.run(Number(values.count ?? campaign.count), Number(values.seed));
  if (rows.some(({ faults }) => faults > 0)) process.exitCode = 1;
  if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    const head = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const table = new Table({ head });
    for (const row of rows) {
      table.push(head.map((key) => String((row as unknown as Record<string, unknown>)[key] ?? '')));
    }
    process.stdout.write(`${table.toString()}\n`);
  }
}
