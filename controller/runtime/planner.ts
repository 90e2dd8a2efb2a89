import type { JobPlanRequest, JobPlanResult } from '../scheduling/job-plan.ts';

export type { JobPlanner } from '../scheduling/job-planner.ts';

/** The runtime's side of planning. Methods only enqueue; every request is answered by exactly one result. */
export interface PlannerPort {
  request(request: JobPlanRequest): void;
  /** Results since the last call, oldest first. */
  takeResults(): readonly JobPlanResult[];
  statistics(): PlannerStatistics;
  close(): Promise<void>;
}

interface PlannerStatistics {
  readonly plansTotal: number;
  readonly planSecondsTotal: number;
  /** Workers that died and were replaced. */
  readonly crashes: number;
}

/** What a planner thread says: once that it has loaded, then an answer to each request. */
export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly result: JobPlanResult; readonly seconds: number };

/** A request that no planner could answer: it says nothing about the motion, and may be made again. */
export function plannerFailed(request: JobPlanRequest, detail: string): JobPlanResult {
  return {
    status: 'failed',
    requestId: request.requestId,
    armId: request.armId,
    iterations: 0,
    failure: 'planner-failed',
    detail,
  };
}
