import { expect, it } from 'vitest';
import { createInlinePlanner } from '../../../controller/runtime/inline-planner.ts';
import type { JobPlanRequest } from '../../../controller/scheduling/job-plan.ts';

const request = (requestId: string, seed: number): JobPlanRequest => ({
  requestId,
  armId: 'a1',
  start: [],
  pickM: null,
  placeM: null,
  item: null,
  elsewhere: [],
  others: [],
  planned: null,
  seed,
  iterationsMax: 1,
});

it('delivers plans after iterations times the declared cost, in order of arrival, then of request', () => {
  const planner = createInlinePlanner(
    {
      plan: ({ requestId, armId, seed }) => ({
        status: 'planned',
        requestId,
        armId,
        iterations: seed,
        legs: [],
        encounters: [],
      }),
    },
    2.5,
  );
  expect(planner.nextArrivalUs()).toBeNull();
  expect(planner.plan(request('slow', 100), 1_000).arrivesUs).toBe(1_250);
  planner.plan(request('quick', 10), 1_000);
  planner.plan(request('second', 40), 1_150);
  expect(planner.nextArrivalUs()).toBe(1_025);
  const taken = (nowUs: number) => planner.takeArrived(nowUs).map((result) => result.requestId);
  expect(taken(1_024)).toEqual([]);
  expect(taken(1_025)).toEqual(['quick']);
  expect(taken(9_999)).toEqual(['slow', 'second']);
  expect(planner.nextArrivalUs()).toBeNull();
});
