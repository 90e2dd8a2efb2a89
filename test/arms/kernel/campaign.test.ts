import { expect, it } from 'vitest';
import { agreementCampaign } from './agreement-campaign.ts';

/** One hundredth of `npm run campaign -- kernel`. */
it('kernel, reference and MuJoCo agree on random configurations', async () => {
  for (const report of await agreementCampaign(10_000, 1)) {
    expect(report).toMatchObject({ missedByReference: 0, missedByMujoco: 0 });
    expect(report.clear).toBeGreaterThan(report.configurations / 10);
    expect(report.refusedThoughClear).toBeLessThanOrEqual(0.02 * report.clear);
  }
}, 120_000);
