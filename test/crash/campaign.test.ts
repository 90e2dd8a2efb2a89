import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../integration/built-service.ts';
import { Campaign } from './campaign.ts';

const TEST_MS = 600_000;

/** A short slice of `npm run crash`: real processes, real SIGKILL, every check. */
it('loses and doubles nothing when the processes are killed', { timeout: TEST_MS }, async () => {
  const seed = 20;
  const report = await Campaign.run({
    cellFile: join(REPOSITORY, 'config/cells/small.yaml'),
    rounds: 4,
    seed,
    openUnitsMax: 2,
    onRound: () => undefined,
  });
  expect(report.wrong, `seed ${seed}, files in ${report.directory}`).toEqual([]);
  expect(report).toMatchObject({ rounds: 4, lost: 0, doubled: 0 });
  expect(report.kills.controller + report.kills.simulator + report.kills.both).toBeGreaterThanOrEqual(4);
});
