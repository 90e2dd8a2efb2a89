import { parseArgs } from 'node:util';
import { loadConfig } from '../../cli/load-config.ts';
import { shippedPath } from '../../config/shipped.ts';

/** Long runs that look for what must never happen; each prints what it found and exits with 1 if there was any. */
const CAMPAIGNS: Readonly<
  Record<
    string,
    {
      readonly about: string;
      readonly run: (seed: number, count: number) => Promise<{ wrong: readonly string[] }>;
    }
  >
> = {
  monitor: {
    about:
      'collisions provoked by arms that do otherwise than told; the monitor has to stop each before contact',
    run: async (seed, count) => {
      const { monitorCampaign } = await import('./monitor.ts');
      const cells = ['small', 'two-arm', 'four-arm'].map((name) =>
        loadConfig(shippedPath(`cells/${name}.yaml`)),
      );
      return monitorCampaign({ cells, seed, count, onSituation: null });
    },
  },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '300' } },
});
const campaign = CAMPAIGNS[positionals[0] ?? ''];
if (campaign === undefined) {
  const names = Object.entries(CAMPAIGNS).map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`);
  process.stderr.write(`usage: npm run campaign -- NAME [--seed N] [--count N]\n${names.join('\n')}\n`);
  process.exitCode = 2;
} else {
  const report = await campaign.run(Number(values.seed), Number(values.count));
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (report.wrong.length > 0) process.exitCode = 1;
}
