import { parseArgs } from 'node:util';
import { agreementCampaign } from '../arms/kernel/agreement-campaign.ts';

/** Long comparisons, of which the test run does a hundredth. Each returns what was found and whether it is good. */
const CAMPAIGNS: Readonly<
  Record<
    string,
    {
      readonly about: string;
      readonly count: number;
      readonly run: (count: number, seed: number) => Promise<{ rows: readonly object[]; isGood: boolean }>;
    }
  >
> = {
  kernel: {
    about: 'random configurations judged by the collision kernel, its plain reference and MuJoCo',
    count: 1_000_000,
    run: async (count, seed) => {
      const rows = await agreementCampaign(count, seed);
      const isGood = rows.every(
        ({ missedByReference, missedByMujoco, refusedThoughClear, clear }) =>
          missedByReference === 0 && missedByMujoco === 0 && refusedThoughClear <= 0.02 * clear,
      );
      return { rows, isGood };
    },
  },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
const campaign = CAMPAIGNS[positionals[0] ?? ''];
const count = Number(values.count ?? campaign?.count);
const seed = Number(values.seed);
if (campaign === undefined || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    `usage: npm run campaign -- NAME [--count N] [--seed N]\n${Object.entries(CAMPAIGNS)
      .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
      .join('\n')}\n`,
  );
  process.exitCode = 2;
} else {
  const { rows, isGood } = await campaign.run(count, seed);
  process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  process.exitCode = isGood ? 0 : 1;
}
