import type { AcceptedLeg, PlannedLeg } from '../scheduling/job-plan.ts';
import type { StepContext } from './context.ts';
import type { ArmState, Job, NextJob } from './state.ts';

/** Why an arm does not get the space it needs. */
export interface Hindrance {
  /** Who holds it, or goes first. */
  readonly armId: string;
  /** What is held, in words that follow "waits for". */
  readonly what: string;
}

/** How arms come by the space they move in. One implementation for each family of coordination policies. */
export interface SpaceKeeper {
  /** Looks for space for jobs that have been planned, and lets arms under way go further. */
  arrange(context: StepContext): void;
  /** Takes the space of a whole job for an arm at rest where the job begins; null: it has it. */
  admit(
    context: StepContext,
    arm: ArmState,
    next: NextJob,
    claims: ReadonlyMap<string, string>,
  ): Hindrance | null;
  /** Space to which arms that have waited long have first claim. */
  claims(context: StepContext, waiting: readonly ArmState[]): ReadonlyMap<string, string>;
  /** How far an arm may go on the present leg of its job, us of progress; not beyond `job.progressUs`: it has to wait. */
  grantUs(context: StepContext, arm: ArmState, job: Job, leg: PlannedLeg): number;
  /** Progress values of a leg, us, increasing, whose passing frees something. */
  marksUs(context: StepContext, job: Job, leg: PlannedLeg): readonly number[];
  /** The arm has come further in its job: what it has left for good is free. */
  moved(context: StepContext, arm: ArmState, job: Job): void;
  /** The arm rests in its park pose after a job and keeps only that. */
  parked(context: StepContext, arm: ArmState, job: Job): void;
  /** The arm gives its job up where it stands. */
  stands(context: StepContext, arm: ArmState): void;
  /** The arm is not where it was allowed to be. */
  lostItsWay(context: StepContext, arm: ArmState): void;
  /**
   * Whether an arm is, or on its way home from, where nothing was compared with others' legs: nobody else may move
   * meanwhile.
   */
  isAstray(context: StepContext, arm: ArmState): boolean;
  /** Whether an arm that could go home stays for a job that is being planned. */
  readonly waitsForPlans: boolean;
  /** What an arm without a job holds: nothing, where it parks, or more. */
  holding(context: StepContext, arm: ArmState): 'nothing' | 'park' | 'more';
  /** Accepted legs of other arms that a new job has to be compared with. */
  othersOf(context: StepContext, arm: ArmState): readonly AcceptedLeg[];
}
