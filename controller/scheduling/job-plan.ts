import type { Vec3 } from '../../arms/geometry/pose.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import type { ConflictRegion } from '../coordination/conflict-regions.ts';

/** Size and mass of what is carried. It hangs under the tool tip as it lay: length along x, width along y. */
export interface Item {
  readonly sizeM: readonly [number, number, number];
  readonly massKg: number;
}

/**
 * One job of one arm: from where it rests, to the pick point, to the place point, to its park pose. Pure input of
 * the planner: what is not in here does not decide the result, so results may be cached and replayed.
 */
export interface JobPlanRequest {
  readonly requestId: string;
  readonly armId: string;
  /** Where the arm will be at rest when the job begins. */
  readonly start: readonly number[];
  /** Tool-tip points (world) of pick and place: the tip goes straight down to them, the item's top under it. */
  readonly pickM: Vec3 | null;
  readonly placeM: Vec3 | null;
  /**
   * The item; with `pickM` null it is in the tool already. With both points null the job only returns to the park pose
   * (leg `home`), with the item in the tool if there is one.
   */
  readonly item: Item | null;
  /** Other arms that rest elsewhere than in their park poses: obstacles where they stand. */
  readonly elsewhere: readonly { readonly armId: string; readonly positions: readonly number[] }[];
  /** Legs of other arms that were accepted: where the job's legs meet them is part of the answer. */
  readonly others: readonly AcceptedLeg[];
  /** Legs planned before for this very job: only where they meet `others` is asked. Null: the job is to be planned. */
  readonly planned: readonly PlannedLeg[] | null;
  readonly seed: number;
  /** Upper bound on the work done, in collision-checked configurations. */
  readonly iterationsMax: number;
}

/**
 * `reach`: start to pick. `carry`: pick (or start, when holding already) to place. `home`: place (or start) to park.
 * `bail`: pick to park without an item; taken when the pick fails. `keep`: place to park with the item still in the
 * tool; taken when the release fails.
 */
export type LegName = 'reach' | 'carry' | 'home' | 'bail' | 'keep';

/** Progress interval of a leg during which the arm (inflated by half the clearance) touches a zone. */
export interface ZoneSpan {
  readonly zoneId: string;
  readonly enterUs: number;
  readonly leaveUs: number;
}

/** A leg that an arm may be driving when others drive theirs. */
export interface AcceptedLeg {
  readonly legId: string;
  readonly armId: string;
  readonly trajectory: JointTrajectory;
  /** What the arm carries on it. */
  readonly item: Item | null;
}

/** Where a leg of the job and an accepted leg would come too close; `a` in the region is the job's. */
export interface LegEncounter {
  readonly leg: LegName;
  readonly otherLegId: string;
  readonly region: ConflictRegion;
}

export interface PlannedLeg {
  readonly name: LegName;
  readonly trajectory: JointTrajectory;
  /** Zones touched, in no particular order; a zone touched at rest at the end has `leaveUs` = duration. */
  readonly zones: readonly ZoneSpan[];
}

export type PlanFailure =
  /** No joint positions put the tool there, straight down. */
  | 'no-ik-solution'
  /** There are some, all of them touching something. */
  | 'goal-in-collision'
  /** The arm touches something where it stands. */
  | 'start-in-collision'
  /** Both ends are free, no motion between them was found within the iterations. */
  | 'no-motion'
  /** The item is heavier than the tool may carry. */
  | 'payload-exceeded'
  /** The planner itself broke down; nothing is known of the motion. */
  | 'planner-failed';

export type JobPlanResult =
  | {
      readonly status: 'planned';
      readonly requestId: string;
      readonly armId: string;
      readonly iterations: number;
      readonly legs: readonly PlannedLeg[];
      readonly encounters: readonly LegEncounter[];
    }
  | {
      readonly status: 'failed';
      readonly requestId: string;
      readonly armId: string;
      readonly iterations: number;
      readonly failure: PlanFailure;
      readonly detail: string;
    };
