import type { Pose } from '../geometry/pose.ts';
import type { Obstacle } from '../geometry/shape.ts';
import type { Manipulator } from '../model/manipulator.ts';
import type { JointTrajectory } from '../trajectory/joint-trajectory.ts';
import type { Contact } from './scene.ts';

/** One arm of a team, and the motion asked of it. */
export interface TeamArm {
  readonly id: string;
  readonly manipulator: Manipulator;
  readonly X_WB: Pose;
  /** rad; m for prismatic joints. */
  readonly start: readonly number[];
  readonly goal: readonly number[];
}

/** Several arms that start together and are done when all rest at their goals. Plain data. */
export interface TeamProblem {
  readonly arms: readonly TeamArm[];
  readonly obstacles: readonly Obstacle[];
  /** Distance between any two arms at any time is at least this, m; contact with obstacles is never allowed. */
  readonly clearanceM: number;
}

/** What may be spent; the same effort and seed give the same result. */
export interface TeamEffort {
  readonly seed: number;
  /** Rounds of improvement after a first solution. */
  readonly iterations: number;
}

/** A motion of all arms, timed from a common instant 0. */
export interface TeamPlan {
  /** One per arm, in the problem's order; an arm that is done early rests. */
  readonly trajectories: readonly JointTrajectory[];
  readonly durationUs: number;
  /** Sum over arms and joints of the way each joint goes, rad (m for prismatic joints). */
  readonly pathLength: number;
  /** The same for straight lines from start to goal. */
  readonly ghostLength: number;
  /** Least distance between two arms found along the motion, m; Infinity for one arm or arms that never get near. */
  readonly clearanceM: number;
}

export type TeamOutcome =
  | { readonly status: 'solved'; readonly plan: TeamPlan }
  | {
      readonly status: 'start-in-collision' | 'goal-in-collision';
      readonly arm: string;
      readonly contact: Contact;
    }
  | {
      readonly status: 'start-beyond-limits' | 'goal-beyond-limits';
      readonly arm: string;
      readonly joint: string;
      readonly value: number;
      readonly lower: number;
      readonly upper: number;
    }
  /** Nothing found within the effort. */
  | { readonly status: 'not-found'; readonly detail: string };
