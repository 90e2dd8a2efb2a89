import { expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import { shippedPath } from '../../../config/shipped.ts';
import { monitorCampaign } from '../../campaign/monitor.ts';

/** A short slice of `npm run campaign -- monitor`, judged by the referee. */
it('stops arms that do otherwise than told before they touch', { timeout: 120_000 }, async () => {
  const cells = ['small', 'two-arm', 'four-arm'].map((name) => {
    const loaded = loadCell(shippedPath(`cells/${name}.yaml`));
    if (loaded.status !== 'loaded') throw new Error(JSON.stringify(loaded.faults));
    return loaded;
  });
  const report = await monitorCampaign({ cells, seed: 1, count: 18, onSituation: null });
  expect(report.wrong).toEqual([]);
  expect(report).toMatchObject({ provoked: 18, contacts: 0, unnoticed: 0 });
});
