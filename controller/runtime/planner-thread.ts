import type { MessagePort } from 'node:worker_threads';
import type { JobPlanRequest } from '../scheduling/job-plan.ts';
import type { JobPlanner } from '../scheduling/job-planner.ts';
import type { FromThread } from './planner.ts';

/** The thread's side of the pool: answers every request in turn. What the planner throws ends the thread. */
export function servePlans(port: MessagePort, planner: JobPlanner): void {
  const say = (message: FromThread): void => port.postMessage(message);
  port.on('message', (request: JobPlanRequest) => {
    const began = performance.now();
    const result = planner.plan(request);
    say({ kind: 'answer', result, seconds: (performance.now() - began) / 1_000 });
  });
  say({ kind: 'ready' });
}
