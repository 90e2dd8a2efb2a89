import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import type { CellModel } from '../../../controller/domain/cell.ts';
import type { JobPlanRequest, JobPlanResult } from '../../../controller/scheduling/job-plan.ts';
import type { PlannerPort } from '../../../controller/runtime/planner.ts';
import { createPlannerPool, PLANNER_SCRIPT } from '../../../controller/runtime/planner-pool.ts';
import { createJobPlanner } from '../../../controller/scheduling/job-planner.ts';

const pools: PlannerPort[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const crashes: string[] = [];
function pool(
  options: { workers?: number; queueMax?: number; answerWithinMs?: number; script?: URL } = {},
): PlannerPort {
  crashes.length = 0;
  const made = createPlannerPool({
    cell: {} as CellModel,
    workers: options.workers ?? 1,
    queueMax: options.queueMax ?? 100,
    answerWithinMs: options.answerWithinMs ?? 20_000,
    onCrash: (detail) => crashes.push(detail),
    script: options.script ?? new URL('./odd-planner.mjs', import.meta.url),
  });
  pools.push(made);
  return made;
}

const request = (requestId: string, seed = 0): JobPlanRequest => ({
  requestId,
  armId: 'a1',
  start: [0],
  pickM: null,
  placeM: null,
  item: null,
  elsewhere: [],
  others: [],
  planned: null,
  seed,
  iterationsMax: 1,
});

async function results(from: PlannerPort, count: number): Promise<JobPlanResult[]> {
  const all: JobPlanResult[] = [];
  for (let wait = 0; all.length < count && wait < 2_000; wait += 1) {
    all.push(...from.takeResults());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return [...all, ...from.takeResults()];
}

const told = (all: readonly JobPlanResult[]) =>
  Object.fromEntries(
    all.map((each) => [each.requestId, each.status === 'failed' ? each.failure : each.status]),
  );

describe('the planner pool', () => {
  it('answers every request once, whichever thread took it', async () => {
    const planners = pool({ workers: 2, script: new URL('./typed-planner.ts', import.meta.url) });
    for (let index = 0; index < 40; index += 1) planners.request(request(`job-${index}`, index));
    const all = await results(planners, 40);
    expect(all.length).toBe(40);
    expect(new Set(all.map((each) => each.requestId)).size).toBe(40);
    expect(all.find((each) => each.requestId === 'job-17')).toMatchObject({
      status: 'planned',
      iterations: 17,
    });
    expect(planners.statistics()).toMatchObject({ plansTotal: 40, crashes: 0 });
  });

  it('replaces a thread that died, asks another once, then names the failure, and goes on', async () => {
    const planners = pool();
    for (const id of ['job-1', 'throw-2', 'job-3', 'exit-4', 'job-5']) planners.request(request(id));
    const all = await results(planners, 5);
    expect(told(all)).toEqual({
      'job-1': 'planned',
      'throw-2': 'planner-failed',
      'job-3': 'planned',
      'exit-4': 'planner-failed',
      'job-5': 'planned',
    });
    expect(all.find((each) => each.requestId === 'throw-2')).toMatchObject({
      detail: expect.stringContaining('cannot do throw-2'),
    });
    expect(crashes.length).toBe(4);
  });

  it('replaces a thread that hangs', async () => {
    const planners = pool({ answerWithinMs: 2_000 });
    planners.request(request('hang-1'));
    planners.request(request('job-2'));
    expect(told(await results(planners, 2))).toEqual({ 'hang-1': 'planner-failed', 'job-2': 'planned' });
    expect(crashes[0]).toBe('no answer within 2000 ms');
  });

  it('refuses more than its queue holds, at once and by name', async () => {
    const planners = pool({ queueMax: 3 });
    for (let index = 0; index < 10; index += 1) planners.request(request(`job-${index}`));
    const refused = planners.takeResults();
    expect(refused.length).toBe(7);
    expect(refused[0]).toMatchObject({ failure: 'planner-failed', detail: '3 requests are waiting already' });
    expect((await results(planners, 3)).every((each) => each.status === 'planned')).toBe(true);
  });

  it('gives up on a thread that only ever dies, and answers all the same', async () => {
    const planners = pool();
    for (let index = 0; index < 5; index += 1) planners.request(request(`throw-${index}`));
    const all = await results(planners, 5);
    expect(all.every((each) => each.status === 'failed' && each.failure === 'planner-failed')).toBe(true);
    expect(crashes.length).toBe(5);
    planners.request(request('job'));
    expect(planners.takeResults()).toMatchObject([{ detail: 'every planner thread has died' }]);
  });

  it('answers what it still had when it is closed', async () => {
    const planners = pool();
    planners.request(request('hang-1'));
    planners.request(request('job-2'));
    await planners.close();
    planners.request(request('job-3'));
    expect(told(planners.takeResults())).toEqual({
      'hang-1': 'planner-failed',
      'job-2': 'planner-failed',
      'job-3': 'planner-failed',
    });
  });
});

describe('the planner that ships', () => {
  const compiled = new URL('../../../dist/controller/runtime/planner-pool.js', import.meta.url);
  const isCompiled = existsSync(compiled);
  if (!isCompiled) console.warn('dist/ is not built: planner threads are tested uncompiled only');

  const loaded = loadCell(fileURLToPath(new URL('../../../config/cells/small.yaml', import.meta.url)));
  if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
  const { cell } = loaded;
  const [arm] = cell.arms;
  const home: JobPlanRequest = {
    ...request('home'),
    armId: arm!.id,
    // A quarter of a radian away from the park pose, and back.
    start: arm!.park.map((position, joint) => (joint === 0 ? position + 0.25 : position)),
    iterationsMax: 5_000,
  };

  async function planned(create: typeof createPlannerPool, script: URL): Promise<JobPlanResult> {
    const planners = create({
      cell,
      workers: 1,
      queueMax: 10,
      answerWithinMs: 20_000,
      onCrash: (detail) => crashes.push(detail),
      script,
    });
    pools.push(planners);
    planners.request(home);
    return (await results(planners, 1))[0]!;
  }

  it('plans on a thread what it plans here, uncompiled', async () => {
    expect(await planned(createPlannerPool, PLANNER_SCRIPT)).toEqual(createJobPlanner(cell).plan(home));
  });

  it.skipIf(!isCompiled)('and compiled', async () => {
    const built = (await import(compiled.href)) as {
      createPlannerPool: typeof createPlannerPool;
      PLANNER_SCRIPT: URL;
    };
    expect(built.PLANNER_SCRIPT.href).toMatch(/dist\/controller\/runtime\/planner-worker\.js$/);
    expect(await planned(built.createPlannerPool, built.PLANNER_SCRIPT)).toMatchObject({ status: 'planned' });
  });
});
