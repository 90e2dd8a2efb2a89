import type { LegName, PlannedLeg } from '../scheduling/job-plan.ts';
import type { Job, JobStage } from './state.ts';

const LEGS: readonly string[] = ['reach', 'carry', 'home', 'bail', 'keep'];

/** Whether the arm moves in this stage, and does not stand at a stop. */
export function isLeg(stage: JobStage): stage is LegName {
  return LEGS.includes(stage);
}

/** The leg the arm is on or about to begin; undefined at a stop. */
export function legOf(job: Job): PlannedLeg | undefined {
  return isLeg(job.stage) ? job.legs[job.stage] : undefined;
}
