import type { JobPlanRequest, JobPlanResult } from '../scheduling/job-plan.ts';
import type { JobPlanner } from '../scheduling/job-planner.ts';

/** A plan and when it is there. */
interface TimedPlan {
  readonly result: JobPlanResult;
  readonly arrivesUs: number;
}

export interface InlinePlanner {
  /** Plans at once; the result is to be delivered as an event at its arrival. */
  plan(request: JobPlanRequest, nowUs: number): TimedPlan;
  /** Takes out what has arrived by now, in order of arrival, then of request. */
  takeArrived(nowUs: number): readonly JobPlanResult[];
  /** The next arrival; null: nothing is on its way. */
  nextArrivalUs(): number | null;
}

/**
 * Planning in simulated time: a plan takes the time that the cell declares for the work done, not the time that this
 * machine needs, so that a run does not depend on the machine.
 */
export function createInlinePlanner(planner: JobPlanner, planCostUs: number): InlinePlanner {
  const onTheWay: TimedPlan[] = [];
  return {
    plan(request, nowUs) {
      const result = planner.plan(request);
      const plan = { result, arrivesUs: nowUs + Math.round(result.iterations * planCostUs) };
      // Behind everything that arrives no later: two results of one instant come in the order of their requests.
      const behind = onTheWay.findLastIndex((other) => other.arrivesUs <= plan.arrivesUs);
      onTheWay.splice(behind + 1, 0, plan);
      return plan;
    },
    takeArrived(nowUs) {
      const count = onTheWay.findIndex((plan) => plan.arrivesUs > nowUs);
      return onTheWay.splice(0, count === -1 ? onTheWay.length : count).map((plan) => plan.result);
    },
    nextArrivalUs: () => onTheWay[0]?.arrivesUs ?? null,
  };
}
