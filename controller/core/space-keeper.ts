import type { PlannedLeg } from '../scheduling/job-plan.ts';
import type { StepContext } from './context.ts';
import type { ArmState, Job, PlannedJob } from './state.ts';

/** Why an arm does not get the space it needs. */
export interface Hindrance {
  /** Who holds it, or goes first. */
  readonly armId: string;
  /** What is held, in words that follow "waits for". */
  readonly what: string;
}

/** How arms come by the space they move in. One implementation for each family of coordination policies. */
export interface SpaceKeeper {
  /** Takes the space of a whole job for an arm at rest where the job begins; null: it has it. */
  admit(
    context: StepContext,
    arm: ArmState,
    plan: PlannedJob,
    claims: ReadonlyMap<string, string>,
  ): Hindrance | null;
  /** Space to which arms that have waited long have first claim. */
  claims(context: StepContext, waiting: readonly ArmState[]): ReadonlyMap<string, string>;
  /** Progress values of a leg, us, increasing, whose passing frees something. */
  marksUs(job: Job, leg: PlannedLeg): readonly number[];
  /** The arm has come further in its job: what it has left for good is free. */
  moved(context: StepContext, arm: ArmState, job: Job): void;
  /** The arm rests in its park pose and keeps only that. */
  parked(context: StepContext, arm: ArmState): void;
  /** What an arm without a job holds: nothing, where it parks, or more. */
  holding(context: StepContext, arm: ArmState): 'nothing' | 'park' | 'more';
}
