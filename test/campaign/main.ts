import { parseArgs } from 'node:util';
import { loadConfig } from '../../cli/load-config.ts';
import { shippedPath } from '../../config/shipped.ts';

interface Campaign {
  readonly about: string;
  readonly count: number;
  readonly run: (count: number, seed: number) => Promise<Found>;
}

interface Found {
  readonly rows: readonly object[];
  readonly isGood: boolean;
}

/** Units that one run of the coordination campaign is asked for. */
const CAMPAIGN_UNITS = 500;

/** Long searches for what must never happen; the tests run a small share of each. */
const CAMPAIGNS: Readonly<Record<string, Campaign>> = {
  trajectory: {
    about: 'limits exceeded anywhere by random trajectories',
    count: 100_000,
    run: async (count, seed) => {
      const { trajectoryCampaign } = await import('../arms/trajectory/trajectory-campaign.ts');
      const rows = await trajectoryCampaign(count, seed);
      return { rows, isGood: rows.every(({ faults }) => faults === 0) };
    },
  },
  kernel: {
    about: 'random configurations judged by the collision kernel, its plain reference and MuJoCo',
    count: 1_000_000,
    run: async (count, seed) => {
      const { agreementCampaign } = await import('../arms/kernel/agreement-campaign.ts');
      const rows = await agreementCampaign(count, seed);
      const isGood = rows.every(
        ({ missedByReference, missedByMujoco, refusedThoughClear, clear }) =>
          missedByReference === 0 && missedByMujoco === 0 && refusedThoughClear <= 0.02 * clear,
      );
      return { rows, isGood };
    },
  },
  coordination: {
    about: 'runs of 500 units with delays, faults and cancellations: no contact, no standstill, nothing lost',
    count: 200,
    run: async (count, seed) => {
      const { coordinationCampaign } = await import('./coordination.ts');
      const cells = ['four-arm', 'two-arm'].map((name) => loadConfig(shippedPath(`cells/${name}.yaml`)));
      const show = (row: object): unknown => process.stderr.write(`${JSON.stringify(row)}\n`);
      const { rows, delayedShare } = await coordinationCampaign(cells, count, seed, CAMPAIGN_UNITS, show);
      const failed = rows.filter(({ wrong }) => wrong.length > 0);
      const summary = {
        runs: rows.length,
        contacts: rows.reduce((sum, { contacts }) => sum + contacts, 0),
        clearanceMinM: Math.min(...rows.map(({ clearanceMinM }) => clearanceMinM ?? Infinity)),
        failed: failed.length,
        delayedShare,
      };
      return { rows: [summary, ...failed], isGood: failed.length === 0 && delayedShare >= 0.9 };
    },
  },
  monitor: {
    about: 'collisions provoked by arms that do otherwise than told; each has to be stopped before contact',
    count: 300,
    run: async (count, seed) => {
      const { monitorCampaign } = await import('./monitor.ts');
      const cells = ['small', 'two-arm', 'four-arm'].map((name) =>
        loadConfig(shippedPath(`cells/${name}.yaml`)),
      );
      const report = await monitorCampaign({ cells, seed, count, onSituation: null });
      return { rows: [report], isGood: report.wrong.length === 0 };
    },
  },
  mqtt: {
    about: 'orders and results while broker, service and connections fail; and 100,000 damaged messages',
    count: 48,
    run: async (count, seed) => {
      const { MqttCampaign } = await import('./mqtt.ts');
      const { parserCampaign } = await import('./mqtt-parsers.ts');
      const { MOSQUITTO } = await import('../protocols/mqtt/test-broker.ts');
      const parsers = parserCampaign(100_000, seed);
      const rows: object[] = [];
      let isGood = parsers.wrong.length === 0;
      if (MOSQUITTO === undefined) process.stderr.write('SKIPPED: Mosquitto, which is not installed\n');
      for (const broker of MOSQUITTO === undefined
        ? (['embedded'] as const)
        : (['embedded', 'mosquitto'] as const)) {
        const onRound = (round: number, fault: string, step: string): void => {
          process.stderr.write(`${broker} ${round}: ${fault} ${step}\n`);
        };
        const report = await MqttCampaign.run({ broker, rounds: count, seed, onRound });
        isGood &&= report.wrong.length === 0 && report.lost + report.doubled === 0;
        rows.push(report);
      }
      return { rows: [...rows, { parsers }], isGood };
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
  const lines = Object.entries(CAMPAIGNS).map(
    ([name, each]) => `  ${name.padEnd(12)} ${each.about} (${each.count})`,
  );
  process.stderr.write(`usage: npm run campaign -- NAME [--count N] [--seed N]\n${lines.join('\n')}\n`);
  process.exitCode = 2;
} else {
  const { rows, isGood } = await campaign.run(count, seed);
  process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  process.exitCode = isGood ? 0 : 1;
}
